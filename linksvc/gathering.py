"""What many ask at the same moment, done at once: whoever asks while all hands are at work waits for the next round, and
each round takes all who wait by then. The busier it is, the larger the rounds; alone, nobody waits for company.

The API gathers those who show a key (`linksvc.api.callers`) and redemptions (`linksvc.api.endpoint`): one look, one commit
for many of them.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

Work = Callable[[Sequence[Asked]], Sequence[Answer | Exception]]
"""An answer for each that is asked, in their order; an exception is raised where that one was asked. What the work itself
raises is raised to all."""


Names = Callable[[Asked], Collection[Hashable]]
"""What a round must have to itself to do this one."""

OwnName = Callable[[Asked], Hashable]
"""Two of the same are not done in one round, but one after the other."""


def nothing(_: object) -> Collection[Hashable]:
    return ()


def unique(_: object) -> Hashable:
    return object()


class Gathering(Generic[Asked, Answer]):
    """At most so many `rounds` at a time, each in a thread of its own and of at most so many who ask: while one waits for
    the database, another computes. Who has a name in common with a round under way waits for its end; in one round they may
    meet, unless it is the own name of both. To be asked in one event loop."""

    def __init__(
        self,
        name: str,
        work: Work[Asked, Answer],
        most: int,
        rounds: int = 1,
        names: Names[Asked] = nothing,
        own_name: OwnName[Asked] = unique,
    ) -> None:
        self._work = work
        self._most = most
        self._rounds = rounds
        self._names = names
        self._own_name = own_name
        self._threads = ThreadPoolExecutor(rounds, thread_name_prefix=name)
        self._waiting: deque[_Waiting[Asked, Answer]] = deque()
        self._busy = 0
        """Threads at work, or about to be."""
        self._beginning = False
        """One of them has not looked yet at who waits: it will take whoever comes until then."""
        self._under_way: set[Hashable] = set()
        """The names of the rounds under way."""
        self._lock = Lock()
        """Of the four above."""

    async def ask(self, asked: Asked) -> Answer:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        own_name = self._own_name(asked)
        one = _Waiting(asked, answer, own_name, frozenset((own_name, *self._names(asked))))
        with self._lock:
            self._waiting.append(one)
            # The thread that holds it up takes it when it is done.
            begins = one.names.isdisjoint(self._under_way) and self._begins()
        if begins:
            # Once the loop has turned: whoever was heard in the same turn comes along.
            loop.call_soon(self._threads.submit, self._work_off, loop)
        try:
            return await answer
        finally:
            del answer, one  # What it may raise names this frame: a circle.

    def _begins(self) -> bool:
        """Whether another thread is to begin. With the lock."""
        if self._beginning or self._busy == self._rounds:
            return False
        self._beginning = True
        self._busy += 1
        return True

    def _work_off(self, loop: asyncio.AbstractEventLoop) -> None:
        """In a thread: round after round. The next one is begun before the loop hears of the last one's answers, so that
        the database has something to do while these are sent."""
        names: frozenset[Hashable] = frozenset()
        while taken := self._take(names, loop):
            names = frozenset().union(*(one.names for one in taken))
            try:
                given = self._work([one.asked for one in taken])
            except Exception as error:
                given = [error] * len(taken)
            loop.call_soon_threadsafe(_hand_out, [one.answer for one in taken], given)

    def _take(self, done: Collection[Hashable], loop: asyncio.AbstractEventLoop) -> list["_Waiting[Asked, Answer]"]:
        """Those of this thread's next round, whose last one had the names that are `done`; none: the thread has nothing to
        do. Who has gone meanwhile is not asked for."""
        taken: dict[Hashable, _Waiting[Asked, Answer]] = {}
        held_up: list[_Waiting[Asked, Answer]] = []
        with self._lock:
            self._beginning = False
            self._under_way.difference_update(done)
            while self._waiting and len(taken) < self._most:
                one = self._waiting.popleft()
                if one.answer.done():
                    continue
                if one.own_name in taken or not one.names.isdisjoint(self._under_way):
                    held_up.append(one)
                else:
                    taken[one.own_name] = one
            begins = bool(self._waiting) and self._begins()
            self._waiting.extendleft(reversed(held_up))
            self._under_way.update(*(one.names for one in taken.values()))
            if not taken:
                self._busy -= 1
        if begins:
            self._threads.submit(self._work_off, loop)
        return list(taken.values())


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Asked, Answer]):
    asked: Asked
    answer: "asyncio.Future[Answer]"
    own_name: Hashable
    names: frozenset[Hashable]
    """The own one among them."""


def _hand_out(answers: Sequence["asyncio.Future[Answer]"], given: Sequence[Answer | Exception]) -> None:
    for answer, one in zip(answers, given, strict=True):
        if answer.done():
            continue
        if isinstance(one, Exception):
            answer.set_exception(one)
        else:
            answer.set_result(one)
