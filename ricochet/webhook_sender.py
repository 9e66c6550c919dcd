"""Sending webhooks: takes what is due, posts it, many receivers at once, and notes what came of it. A task of `ricochet
work`.

Requests run on an event loop, so that a slow receiver costs nothing but its own place; the database is asked by a thread of
its own, a transaction a round. What a process that is killed had in hand is sent again a minute later by any other.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import structlog
from sqlalchemy import Engine

from linksvc.clock import Clock
from linksvc.database import PAUSE_S, reading, writing
from linksvc.keys import Keyring
from linksvc.metrics import Metric
from linksvc.settings import Settings
from linksvc.webhooks import queue
from linksvc.webhooks.pace import TOGETHER_MOST, Paces
from linksvc.webhooks.posting import Outcome, Poster
from linksvc.webhooks.queue import Due, Receiver, Tried
from linksvc.webhooks.signing import headers_of

IDLE_S = 0.2
"""How long nothing is looked for when nothing is due and nothing comes back."""

AFTER_A_FAILURE_S = 2.0

GRACE_S = 3.0
"""How long requests under way may take once the process is to stop; the rest is given back."""

_NAMES_AT_ONCE = 32
"""Look-ups of names block a thread each; a slow one must not hold up the others."""

_CONTENT = {"content-type": "application/json", "user-agent": f"Ricochet/{version('ricochet-sms')}"}

OUTCOMES = ("delivered", "refused", "unanswered")

log = structlog.get_logger()


class WebhookSender:
    """`tries` counts what came of each try since the process started, by OUTCOMES."""

    def __init__(self, engine: Engine, keyring: Keyring, clock: Clock, make_poster: Callable[[], Poster]) -> None:
        self._engine = engine
        self._keyring = keyring
        self._clock = clock
        self._make_poster = make_poster
        self._paces = Paces()
        self._tried: list[Tried] = []
        self._under_way: dict[asyncio.Task[None], Due] = {}
        self.tries: Counter[str] = Counter()

    @property
    def under_way(self) -> int:
        return len(self._under_way)

    def run(self, stop: threading.Event) -> None:
        """Sends until `stop` is set. What breaks is begun anew: it is one task among others."""
        while not stop.is_set():
            try:
                asyncio.run(self._run(stop))
            except Exception:
                log.exception("sending webhooks broke and begins anew", action="webhook.run")
                stop.wait(AFTER_A_FAILURE_S)

    async def _run(self, stop: threading.Event) -> None:
        names = ThreadPoolExecutor(_NAMES_AT_ONCE, thread_name_prefix="webhook-names")
        asyncio.get_running_loop().set_default_executor(names)
        with ThreadPoolExecutor(1, thread_name_prefix="webhook-database") as database:
            async with self._make_poster() as poster:
                while not stop.is_set():
                    await self._round(poster, database)
                await self._end(database)

    async def _round(self, poster: Poster, database: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        tried, self._tried = self._tried, []
        try:
            waiting = await loop.run_in_executor(database, self._find_waiting)
            room = self._paces.share_out(waiting, time.monotonic())
            claimed = await loop.run_in_executor(database, self._exchange, tried, room) if tried or room else []
        except Exception:
            self._tried = tried + self._tried
            log.exception("webhooks cannot be exchanged with the database and will be again", action="webhook.round")
            await asyncio.sleep(AFTER_A_FAILURE_S)
            return
        for due in claimed:
            self._paces.begin(due.receiver, time.monotonic())
            task = asyncio.create_task(self._send(poster, due))
            self._under_way[task] = due
            task.add_done_callback(self._under_way.pop)
        await self._rest()

    async def _rest(self) -> None:
        """A moment, so that results gather and one transaction takes many; longer while there are none."""
        await asyncio.sleep(PAUSE_S)
        if self._tried:
            return
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=IDLE_S, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(IDLE_S)

    def _find_waiting(self) -> list[Receiver]:
        with reading(self._engine) as session:
            return queue.find_waiting(session, self._clock())

    def _exchange(self, tried: Sequence[Tried], room: Mapping[Receiver, int]) -> list[Due]:
        """Notes what was tried and takes what is due."""
        now = self._clock()
        with writing(self._engine) as session:
            queue.settle(session, tried, now)
            claimed = queue.claim(session, self._keyring, room, now)
        return claimed

    async def _send(self, poster: Poster, due: Due) -> None:
        began_at = self._clock()
        delivered = None
        try:
            headers = _CONTENT | dict(headers_of(due.secrets, due.event_id, due.body, began_at))
            outcome = await poster.post(due.url, headers, due.body.encode())
            delivered = outcome.delivered
            self.tries["delivered" if delivered else "refused" if outcome.status else "unanswered"] += 1
            self._tried.append(Tried(due, outcome, began_at))
        except Exception:
            log.exception("a webhook could not be tried and will be again", action="webhook.send", id=due.endpoint_id)
            delivered = False
            self._tried.append(Tried(due, Outcome(0, "it could not be sent"), began_at))
        finally:
            self._paces.end(due.receiver, delivered, time.monotonic())

    async def _end(self, database: ThreadPoolExecutor) -> None:
        """Lets what is under way come to its end, if it does soon."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=GRACE_S)
        late = dict(self._under_way)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        try:
            await asyncio.get_running_loop().run_in_executor(database, self._leave, self._tried, list(late.values()))
        except Exception:
            log.exception("webhooks in hand cannot be given back; they are due in a minute", action="webhook.end")

    def _leave(self, tried: Sequence[Tried], unfinished: Sequence[Due]) -> None:
        if not tried and not unfinished:
            return
        now = self._clock()
        with writing(self._engine) as session:
            queue.settle(session, tried, now)
            queue.give_back(session, unfinished, now)


def open_webhook_sender(engine: Engine, keyring: Keyring, settings: Settings, clock: Clock) -> WebhookSender:
    """The sender of an installation."""
    return WebhookSender(engine, keyring, clock, lambda: Poster(settings.webhook_networks, TOGETHER_MOST))


WEBHOOK_METRICS: tuple[Metric[WebhookSender], ...] = (
    Metric(
        "ricochet_webhook_tries_total",
        "counter",
        "Tries to deliver an event to a webhook: delivered, refused (it answered otherwise than 2xx) or unanswered.",
        lambda sender: sender.tries,
        "outcome",
        OUTCOMES,
    ),
    Metric(
        "ricochet_webhooks_under_way",
        "gauge",
        "Events that are being sent to webhooks now.",
        lambda sender: sender.under_way,
    ),
)
