"""A bind is leased to one process, so that its rate, its window and its ids have one owner. For all of the sender.

Every transaction of a bind renews the lease first and fails without it: a process that lost its bind while it stood still
cannot write, nor mark anything for submission, after another took over.
"""

import asyncio
import os
import secrets
import socket
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session, select

from linksvc import leases
from linksvc.clock import Clock
from linksvc.database import writing
from linksvc.models import Lease

LASTS = timedelta(seconds=20)

RENEWED_EVERY = LASTS / 10
"""A lease that was renewed within this time is only looked at: then transactions of a bind need not wait for one another."""


class BindLost(Exception):
    """Another process holds the bind."""


@dataclass
class _Renewal:
    """When a bind's lease was renewed last, by this process."""

    at: datetime | None = None


@dataclass(frozen=True)
class Bind:
    """A held bind of a route, the `number`-th from 0. `worker` names this holding of it, in leases, claims and attempts."""

    route_id: int
    worker: str
    number: int = 0
    renewal: _Renewal = field(default_factory=_Renewal, compare=False, repr=False)

    @property
    def lease(self) -> str:
        return lease_name(self.route_id, self.number)


def lease_name(route_id: int, number: int = 0) -> str:
    return f"bind:{route_id}:{number}"


def worker_name(route_id: int) -> str:
    """A new name for a holder: machine, process, its start (ids are used again), route, and a part that is always new."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}:{route_id}:{secrets.token_hex(4)}"


def take(session: Session, route_id: int, worker: str, clock: Clock, number: int = 0) -> tuple[Bind | None, str]:
    """The bind if it is free, run out, or held by a process of this machine that is no more; and who held it before."""
    name = lease_name(route_id, number)
    held = session.exec(select(Lease).where(Lease.name == name)).first()
    before = held.holder if held else ""
    if before and is_dead(before):
        leases.give_back(session, name, before)
    taken = leases.take(session, name, worker, clock(), LASTS)
    return (Bind(route_id, worker, number) if taken else None), before


class Turns:
    """Lets a process take the binds of a route one after the other, and the second only after a while: so processes that
    start together share them."""

    def __init__(self) -> None:
        self._locks: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._held: Counter[int] = Counter()

    @asynccontextmanager
    async def of(self, route_id: int) -> AsyncIterator[int]:
        """While nobody else of this process takes a bind of the route: how many it holds."""
        async with self._locks[route_id]:
            yield self._held[route_id]

    @contextmanager
    def holding(self, route_id: int) -> Iterator[None]:
        """While a bind of the route is held."""
        self._held[route_id] += 1
        try:
            yield
        finally:
            self._held[route_id] -= 1


@contextmanager
def holding(engine: Engine, bind: Bind, clock: Clock) -> Iterator[Session]:
    """A transaction that may write, as long as the bind is ours. Raises BindLost."""
    now, renewed = clock(), bind.renewal.at
    is_fresh = renewed is not None and now - RENEWED_EVERY < renewed <= now
    with writing(engine) as session:
        if is_fresh:
            ours = leases.is_held(session, bind.lease, bind.worker)
        else:
            ours = leases.take(session, bind.lease, bind.worker, now, LASTS)
        if not ours:
            raise BindLost(f"route {bind.route_id} is held by another process")
        yield session
    if not is_fresh:
        bind.renewal.at = now


def is_dead(worker: str) -> bool:
    """Whether the worker was a process of this machine that is surely no more."""
    parts = worker.rsplit(":", 4)
    if len(parts) != 5 or parts[0] != socket.gethostname() or not parts[1].isdigit():
        return False
    process = int(parts[1])
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return _started(process) != parts[2]


def _started(process: int) -> str:
    """When a process was started, in the kernel's ticks; empty where the kernel does not tell."""
    try:
        # The name, in parentheses, may hold spaces; the start is the twentieth field after it (proc(5)).
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
