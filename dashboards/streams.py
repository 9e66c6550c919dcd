"""The streams that stand open, by user: so many at most, and all of them can be told to end.

Opened by `dashboards.pages.live_campaigns`; `dashboards.pages.sign_in` ends those of whoever signs out. All of it happens
on the event loop.
"""

from collections import defaultdict
from collections.abc import AsyncIterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from anyio import Event
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.types import Receive, Scope, Send

MOST_A_USER = 8
"""Windows that one user sees at the same time, on all of their machines. The pages of others ask again by themselves."""

ENDS_WITHIN_S = 2
"""What a stream is given to end when the process is told to stop: it looks up once a second."""

STUCK_S = 20
"""A reader who takes nothing for so long is gone."""


@dataclass(frozen=True, slots=True)
class Streams:
    """The open ones, each with the event that ends it."""

    _open: defaultdict[int, set[Event]] = field(default_factory=lambda: defaultdict(set))

    def is_full(self, user_id: int) -> bool:
        return len(self._open.get(user_id, ())) >= MOST_A_USER

    def end(self, user_id: int) -> None:
        """Ends the user's streams; whoever is still signed in somewhere opens another."""
        for ending in self._open.get(user_id, ()):
            ending.set()

    @contextmanager
    def counted(self, user_id: int, ending: Event) -> Iterator[None]:
        self._open[user_id].add(ending)
        try:
            yield
        finally:
            self._open[user_id].discard(ending)
            if not self._open[user_id]:
                del self._open[user_id]


class StreamResponse(EventSourceResponse):
    """A stream that counts as long as it is answered. Its events end once `ending` is set, which the library does as soon
    as the server is told to stop: a server waits for every answer that it has begun."""

    def __init__(self, streams: Streams, user_id: int, ending: Event, events: AsyncIterable[ServerSentEvent]) -> None:
        super().__init__(
            events,
            # The events have a heartbeat of their own, which says that somebody looked.
            ping=0,
            sep="\n",
            send_timeout=STUCK_S,
            shutdown_event=ending,
            shutdown_grace_period=ENDS_WITHIN_S,
        )
        self._streams, self._user_id, self._ending = streams, user_id, ending

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._streams.counted(self._user_id, self._ending):
            await super().__call__(scope, receive, send)
