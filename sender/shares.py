"""A campaign's pace over all processes that send it: each holds a share of the rate for a while, never more than all of it.

One `Shares` for each process (`sender.worker`). A newcomer begins with nothing; whoever holds more than its part gives it up
when it next renews, and only then can the newcomer take it. Whoever cannot renew stops by itself before its share runs out.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import floor

import structlog
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, delete
from sqlmodel import select as select_rows

from linksvc.clock import Clock
from linksvc.database import insert_into, is_sqlite, writing
from linksvc.models import CampaignShare
from sender.binds import is_dead, worker_name
from sender.messages import OpenCampaign
from sender.pacing import BURST_S, SharedPacer

LASTS = timedelta(seconds=3)
USED_S = 2.0
"""A share is used for a second less than it lasts: so much may the clocks of two machines differ."""

RENEW_S = 0.5
WANTED_S = 2.0
"""A share that was not asked for during this time is given up."""

SPARE = 0.05
"""In any second at most 1.05 x the rate + 1 fragments may leave. Each holder may be one fragment early."""

_LOCK = 0x70616365

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Share:
    """Fragments a second, and how far a late timer may be made up for."""

    rate_per_s: float
    burst_s: float


_NOTHING = Share(0.0, 0.0)


def renew_share(session: Session, campaign_id: int, holder: str, rate_per_s: int, now: datetime) -> Share:
    """Renews or takes a holder's share of a campaign's rate. There may be too many holders: then it gets nothing."""
    if not is_sqlite(session):
        session.connection().execute(select(func.pg_advisory_xact_lock(_LOCK, campaign_id % 2**31)))
    session.exec(delete(CampaignShare).where(col(CampaignShare.campaign_id) == campaign_id, col(CampaignShare.until) <= now))
    rows = session.exec(
        select_rows(CampaignShare.worker, CampaignShare.rate_milli).where(CampaignShare.campaign_id == campaign_id)
    )
    others = dict(rows.all())
    mine = others.pop(holder, None)
    gone = [other for other in others if is_dead(other)]
    for other in gone:
        del others[other]
        give_up(session, [campaign_id], other)
    holders = len(others) + 1
    if mine is None and holders > floor(SPARE * rate_per_s) + 1:
        return _NOTHING
    whole = rate_per_s * 1_000
    rate = max(0, min(whole // holders, whole - sum(others.values())))
    row = {"campaign_id": campaign_id, "worker": holder, "rate_milli": rate, "until": now + LASTS}
    statement = insert_into(session, CampaignShare).values(row)
    written = statement.on_conflict_do_update(
        index_elements=["campaign_id", "worker"], set_={"rate_milli": rate, "until": row["until"]}
    )
    session.connection().execute(written)
    # What the holders may be early by and what they may make up for stay together within the spare.
    burst = BURST_S if (holders - 1) <= (SPARE - BURST_S) * rate_per_s else 0.0
    return Share(rate / 1_000, burst)


def give_up(session: Session, campaign_ids: Iterable[int], holder: str) -> None:
    """Ends the holder's shares of these campaigns, so that others need not wait for their end."""
    ids = sorted(campaign_ids)
    session.exec(delete(CampaignShare).where(col(CampaignShare.campaign_id).in_(ids), col(CampaignShare.worker) == holder))


@dataclass(slots=True)
class _Wanted:
    pacer: SharedPacer
    rate_per_s: int
    asked_at: float


@dataclass
class Shares:
    """The shares of this process. `keep` renews them while it runs."""

    engine: Engine
    clock: Clock
    holder: str = field(default_factory=lambda: worker_name(0))
    _wanted: dict[int, _Wanted] = field(default_factory=dict)
    _stir: asyncio.Event = field(default_factory=asyncio.Event)

    def pacer(self, campaign: OpenCampaign) -> SharedPacer:
        """The campaign's pace in this process, from now on wanted. It lets nothing go until the share is there."""
        now = asyncio.get_running_loop().time()
        wanted = self._wanted.get(campaign.id)
        if wanted is None:
            wanted = self._wanted[campaign.id] = _Wanted(SharedPacer(), campaign.rate_per_s, now)
            self._stir.set()
        wanted.rate_per_s, wanted.asked_at = campaign.rate_per_s, now
        return wanted.pacer

    async def keep(self) -> None:
        """Renews what is wanted and gives up what is not, until it is cancelled; then it gives up everything."""
        try:
            while True:
                await self.renew()
                try:
                    async with asyncio.timeout(RENEW_S):
                        await self._stir.wait()
                except TimeoutError:
                    pass
        finally:
            await self._end()

    async def renew(self) -> None:
        """Renews once. A database that cannot be asked costs the share its time, not the process."""
        self._stir.clear()
        loop = asyncio.get_running_loop()
        now = loop.time()
        idle = {id: one for id, one in self._wanted.items() if now - one.asked_at > WANTED_S}
        for id, one in idle.items():
            one.pacer.grant(now, 0.0, 0.0, now)
            del self._wanted[id]
        if not idle and not self._wanted:
            return
        try:
            await asyncio.to_thread(self._renew, dict(sorted(self._wanted.items())), idle.keys(), loop.time)
        except SQLAlchemyError as error:
            log.error("Shares of paces cannot be renewed", action="database_failed", error=type(error).__name__)

    def _renew(self, wanted: dict[int, _Wanted], idle: Iterable[int], time: Callable[[], float]) -> None:
        until = time() + USED_S
        granted: list[tuple[_Wanted, Share]] = []
        with writing(self.engine) as session:
            give_up(session, idle, self.holder)
            for campaign_id, one in wanted.items():
                share = renew_share(session, campaign_id, self.holder, one.rate_per_s, self.clock())
                if share.rate_per_s < one.pacer.rate_per_s:
                    # Before the commit: as soon as it is seen, others may use what was given up.
                    one.pacer.grant(time(), share.rate_per_s, share.burst_s, until)
                granted.append((one, share))
        for one, share in granted:
            one.pacer.grant(time(), share.rate_per_s, share.burst_s, until)

    async def _end(self) -> None:
        now = asyncio.get_running_loop().time()
        for one in self._wanted.values():
            one.pacer.grant(now, 0.0, 0.0, now)
        ids, self._wanted = self._wanted.keys(), {}
        try:
            await asyncio.to_thread(self._give_up, ids)
        except SQLAlchemyError as error:
            log.error("Shares of paces cannot be given up", action="database_failed", error=type(error).__name__)

    def _give_up(self, campaign_ids: Iterable[int]) -> None:
        if campaign_ids:
            with writing(self.engine) as session:
                give_up(session, campaign_ids, self.holder)
