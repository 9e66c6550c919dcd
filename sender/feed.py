"""What a bind submits next: due retries first, else messages of the campaign whose pace lets it go soonest.

For `sender.exchange`, one for each bind. It claims ahead for about two seconds, and marks ahead for a tenth of one.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count, groupby
from typing import Any, TypeVar

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from linksvc.clock import Clock
from linksvc.database import PAUSE_S
from linksvc.templates import Template
from sender.bind_work import BindWork
from sender.binds import Bind
from sender.intake import Intake
from sender.long_forms import Writing
from sender.messages import OpenCampaign, Outgoing, Submission
from sender.pacing import Pace, Pacer, Window, pace
from sender.shares import Shares
from sender.texts import Composer

CLAIM_AHEAD_S, MARK_AHEAD_S = 2.0, 0.1
LEAST_CLAIMED, MOST_CLAIMED = 10, 500

REFILL_AHEAD_S = 0.2
"""A stock that lasts no longer is filled while the rest of it leaves: a claim takes as long as several marks."""

LOOK_FOR_CAMPAIGNS_S = 0.5
KEEP_CLAIMS_S = 20.0

READY_S = 0.4
"""Nothing is marked of a campaign whose pace lets nothing go for longer than this."""

FRESH_S = 0.8
"""What was marked longer ago is checked again before it leaves: a STOP or a pause holds within a second."""

DATABASE_RETRY_S = 1.0

log = structlog.get_logger()

T = TypeVar("T")


@dataclass(slots=True)
class _Stock:
    """A campaign's messages that are claimed and rendered, and whether there are more to claim."""

    campaign: OpenCampaign
    template: Template
    messages: deque[Outgoing] = field(default_factory=deque)
    more: bool = True
    kept_at: float = 0.0
    """When its claims were made, or prolonged."""
    filling: asyncio.Task[None] | None = None
    """A claim for it that is under way, or has ended and nobody has asked how."""


@dataclass(frozen=True)
class Campaigns:
    """What all binds of this process share: the texts and the campaigns' paces."""

    composer: Composer
    shares: Shares


class Feed:
    def __init__(
        self,
        engine: Engine,
        bind: Bind,
        clock: Clock,
        campaigns: Campaigns,
        pacer: Pacer,
        window: Window,
        writing: Writing,
        intake: Intake,
    ) -> None:
        self._work = BindWork(engine, bind, clock, campaigns.composer, writing)
        self._intake = intake
        # SQLite has one writer, and others want to be it.
        self._pause_s = PAUSE_S if engine.dialect.name == "sqlite" else 0.0
        self._rests_until = 0.0
        self._is_relieved = False
        self._campaigns = campaigns
        self._pacer = pacer
        self._window = window
        self._stocks: dict[int, _Stock] = {}
        self._looked_at = float("-inf")
        self._retries: list[tuple[float, int, Submission]] = []
        self._order = count()
        self._doubts: list[tuple[_Stock, Sequence[Outgoing]]] = []
        self._doubts_again: list[Sequence[Submission]] = []

    async def next(self) -> list[Submission]:
        """What may be submitted now, marked and counted in the window; empty when there is nothing, or no room. Each is
        submitted when `turn` says so, in this order.

        Raises BindLost, and the database's errors.
        """
        await self._settle_doubts(asyncio.to_thread)
        await self._leave_to_others()
        if self._retries:
            submissions = await self._next_retries()
            if submissions:
                return submissions
        await self._look_for_campaigns()
        stock = await self._next_stock()
        return await self._mark(stock) if stock else []

    async def turn(self, submission: Submission) -> bool:
        """Waits until the paces let a submission go. False: it must not leave, and its place in the window is free again.

        What waited for long since it was marked is checked again: it goes back to the queue, or if another fragment of its
        message is on its way, it only must not be stopped. Raises BindLost.
        """
        message = submission.message
        paces = self._paces(submission)
        while message.marked is not None and not await pace(paces, message.marked + FRESH_S):
            now = asyncio.get_running_loop().time()
            if not message.begun and not message.let_go:
                await _insist(self._work.take_back, message)
                message.marked = None
            elif await _insist(self._work.renew, submission):
                message.marked = now
            else:
                break
        else:
            if message.marked is not None:
                message.let_go += 1
                return True
        self._window.give_back()
        return False

    def retry(self, submission: Submission, due: float) -> None:
        """Takes a fragment back that was refused for the moment, until `due` by the event loop's time."""
        submission.message.let_go -= 1
        self._wait(submission, due)

    async def release(self) -> None:
        """Gives back everything of which nothing has left: while this bind has no session, another may send it."""
        await self.release_claims()
        await self._release_waiting(self._retries)

    async def _leave_to_others(self) -> None:
        """While the bind fails, other routes may do better: they get its claims at once, and what is refused meanwhile."""
        is_relieved = self._intake.is_relieved
        if is_relieved and not self._is_relieved:
            await self.release_claims()
        self._is_relieved = is_relieved
        if is_relieved:
            await self._release_waiting([one for one in self._retries if self._intake.is_relieved_of(one[2].message)])

    async def release_claims(self) -> None:
        """Gives back what is claimed and not marked."""
        await self._settle_doubts(_insist)
        for stock in self._stocks.values():
            await _no_more(stock)
        if ids := [id for id, stock in self._stocks.items() if stock.messages]:
            await _insist(self._work.free, ids)
        self._stocks.clear()
        self._looked_at = float("-inf")

    async def _settle_doubts(self, do: Callable[..., Awaitable[Any]]) -> None:
        """A mark that failed may have been committed all the same, with nobody told. It is undone, or those messages would
        stand as handed over until the bind is given up."""
        while self._doubts_again:
            await do(self._work.undo_again, self._doubts_again[0])
            del self._doubts_again[0]
        while self._doubts:
            stock, messages = self._doubts[0]
            undone = await do(self._work.undo, messages)
            stock.messages.extendleft(one for one in reversed(messages) if one.n not in undone)
            del self._doubts[0]

    async def _release_waiting(self, retries: Iterable[tuple[float, int, Submission]]) -> None:
        waiting = sorted(retries, key=lambda one: one[2].message.campaign.id)
        for _, group in groupby(waiting, key=lambda one: one[2].message.campaign.id):
            same = list(group)
            freed = await _insist(self._work.give_up_waiting, [one[2] for one in same])
            for one in same:
                if one[2].message.n in freed:
                    self._retries.remove(one)
        heapq.heapify(self._retries)

    def _paces(self, submission: Submission) -> Sequence[Pace]:
        return self._pacer, self._campaigns.shares.pacer(submission.message.campaign)

    def _wait(self, submission: Submission, due: float) -> None:
        heapq.heappush(self._retries, (due, next(self._order), submission))

    async def _next_retries(self) -> list[Submission]:
        now = asyncio.get_running_loop().time()
        due: list[Submission] = []
        while self._retries and self._retries[0][0] <= now:
            one = self._retries[0][2]
            same = not due or due[0].message.campaign.id == one.message.campaign.id
            if not same or len(due) == self._window.size or not self._window.has_room_for(len(due) + 1):
                break
            due.append(heapq.heappop(self._retries)[2])
        if not due:
            return []
        self._window.take(len(due))
        marked: list[Submission] = []
        try:
            marked = await asyncio.to_thread(self._work.mark_again, due)
        except BaseException as error:
            if isinstance(error, SQLAlchemyError):
                self._doubts_again.append(due)
            for one in due:
                self._wait(one, 0.0)
            raise
        finally:
            self._window.give_back(len(due) - len(marked))
        return _marked_at(marked, now)

    async def _look_for_campaigns(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._looked_at < LOOK_FOR_CAMPAIGNS_S:
            return
        self._looked_at = now
        open_now, due = await asyncio.to_thread(self._work.look, self._intake.scope(MOST_CLAIMED).within)
        campaigns = {campaign.id: campaign for campaign in open_now}
        for id in self._stocks.keys() - campaigns.keys():
            await self._drop(id)
        for id, campaign in campaigns.items():
            stock = self._stocks.get(id)
            if stock is None or stock.campaign.text != campaign.text:
                await self._drop(id)
                template = self._campaigns.composer.template(campaign)
                if template is not None:
                    self._stocks[id] = _Stock(campaign, template, more=id in due)
            else:
                stock.campaign = campaign
                stock.more |= id in due
                await self._keep(stock, now)

    async def _next_stock(self) -> _Stock | None:
        """The stock whose campaign may go soonest, filled."""
        now = asyncio.get_running_loop().time()
        stocks = [stock for stock in self._stocks.values() if stock.messages or stock.more]
        ready = [(self._campaigns.shares.pacer(stock.campaign).ready_at(now), stock) for stock in stocks]
        for ready_at, stock in sorted(ready, key=lambda one: one[0]):
            if max(ready_at, self._pacer.ready_at(now)) > now + READY_S:
                return None
            await self._fill(stock)
            if stock.messages:
                return stock
        return None

    async def _fill(self, stock: _Stock) -> None:
        """Claims if nothing is left, and begins to when it is nearly so; raises what an earlier claim failed by."""
        rate = min(self._pacer.rate_per_s, stock.campaign.rate_per_s)
        is_low = len(stock.messages) <= min(MOST_CLAIMED // 2, int(rate * REFILL_AHEAD_S))
        if stock.filling is None and stock.more and (is_low or not stock.messages):
            stock.filling = asyncio.create_task(self._claim(stock, rate))
            # Nobody asks how it ended once the bind is lost.
            stock.filling.add_done_callback(lambda filling: filling.cancelled() or filling.exception())
        if stock.filling and (stock.filling.done() or not stock.messages):
            filling = stock.filling
            await asyncio.wait([filling])
            stock.filling = None
            filling.result()

    async def _claim(self, stock: _Stock, rate: float) -> None:
        limit = max(LEAST_CLAIMED, min(MOST_CLAIMED, int(rate * CLAIM_AHEAD_S)))
        if not stock.messages:
            stock.kept_at = asyncio.get_running_loop().time()
        scope = self._intake.scope(limit)
        claimed, messages = await asyncio.to_thread(self._work.claim, stock.campaign, stock.template, scope)
        stock.more = claimed > 0
        if claimed:
            self._intake.claimed(scope)
        stock.messages.extend(messages)

    async def _keep(self, stock: _Stock, now: float) -> None:
        """Prolongs the claims of a stock that lasts longer than they do."""
        if stock.messages and now - stock.kept_at > KEEP_CLAIMS_S:
            await asyncio.to_thread(self._work.keep, stock.campaign.id, list(stock.messages))
            stock.kept_at = now

    async def _drop(self, campaign_id: int) -> None:
        """Gives back what is claimed of a campaign that may not leave any more, or not as it was rendered."""
        stock = self._stocks.pop(campaign_id, None)
        if stock:
            await _no_more(stock)
        if stock and stock.messages:
            await asyncio.to_thread(self._work.free, [campaign_id])

    async def _mark(self, stock: _Stock) -> list[Submission]:
        """Marks what the window has room for and the pace lets go within a moment: one message at least, if it fits."""
        loop = asyncio.get_running_loop()
        # Before the next mark, not behind this one: what was marked need not wait for it.
        await asyncio.sleep(self._rests_until - loop.time())
        now = loop.time()
        rate = min(self._pacer.rate(now), self._campaigns.shares.pacer(stock.campaign).rate_per_s)
        most = max(1, int(rate * MARK_AHEAD_S))
        if not self._window.has_room_for(_worthwhile(stock.messages, min(most, self._window.size // 2))):
            return []
        chosen: list[Outgoing] = []
        parts = 0
        while stock.messages:
            size = len(stock.messages[0].payloads)
            if not self._window.has_room_for(parts + size) or (chosen and parts + size > min(most, self._window.size)):
                break
            chosen.append(stock.messages.popleft())
            parts += size
        if not chosen:
            return []
        self._window.take(parts)
        marked: list[Submission] = []
        try:
            marked = await asyncio.to_thread(self._work.mark, stock.campaign, chosen)
        except SQLAlchemyError:
            self._doubts.append((stock, chosen))
            raise
        except BaseException:
            stock.messages.extendleft(reversed(chosen))
            raise
        finally:
            self._window.give_back(parts - len(marked))
            self._rests_until = loop.time() + self._pause_s
        return _marked_at(marked, now)


async def _no_more(stock: _Stock) -> None:
    """Waits for a claim that is under way: what it brings is the stock's, to be given back with the rest. Whether it failed
    does not matter any more."""
    if stock.filling:
        await asyncio.wait([stock.filling])
        stock.filling = None


def _worthwhile(messages: Iterable[Outgoing], most: int) -> int:
    """How many parts are worth a mark: so many, or what there is. A mark of a few costs nearly as much as one of many."""
    parts = 0
    for message in messages:
        parts += len(message.payloads)
        if parts >= most:
            return max(most, 1)
    return parts


def _marked_at(submissions: list[Submission], now: float) -> list[Submission]:
    for one in submissions:
        one.message.marked = now
    return submissions


async def _insist(work: Callable[..., T], *arguments: object) -> T:
    """Does in a thread what must be done, until the database takes it. Raises BindLost."""
    while True:
        try:
            return await asyncio.to_thread(work, *arguments)
        except SQLAlchemyError as error:
            log.error("The database cannot be used", action="database_failed", error=type(error).__name__)
            await asyncio.sleep(DATABASE_RETRY_S)
