"""When a demonstration is at rest: everything that was to happen has happened, and every figure knows of it."""

import time
from collections.abc import Callable

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from linksvc.clock import now
from linksvc.database import reading
from linksvc.errors import RicochetError
from linksvc.funnel import Funnel, read_funnel
from linksvc.models import Campaign, Fact, Message
from linksvc.settings import Settings
from linksvc.standing_campaigns import REPLY
from ricochet.simulation import Simulation
from tracker.ingest import Ingester
from tracker.rejudging import rejudge

POLL_S = 0.25


def wait_for_rest(
    engine: Engine,
    settings: Settings,
    simulation: Simulation,
    campaign_id: int,
    on_progress: Callable[[Funnel], None],
    limit_s: float,
) -> Funnel:
    """Polls until the campaign is sent, the simulator idle, the spools empty and every fact counted; has the hits judged as
    they will be once their minutes are over; returns the funnel.

    The order of the questions matters: once nobody acts any more nothing new comes into the spools, once those are empty
    nothing new becomes a fact. Raises RicochetError when it takes longer than `limit_s`.
    """
    ingester = Ingester(engine, settings.spool_dir, now)
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        acting = not simulation.idle()
        spooled = not ingester.drained()
        with reading(engine) as session:
            funnel = _funnel(session, campaign_id)
            answering = _answers_wait(session)
        on_progress(funnel)
        if funnel.state == "sent" and not (acting or spooled or answering or funnel.pending_facts):
            rejudge(engine, campaign_id, now)
            with reading(engine) as session:
                return _funnel(session, campaign_id)
        time.sleep(POLL_S)
    logs = settings.data_dir / "logs"
    raise RicochetError(f"The campaign did not come to rest within {limit_s:.0f} s; see the logs in {logs}.")


def _answers_wait(session: Session) -> bool:
    """Whether an answer to STOP is still to leave, or something that was learnt of one is not in the figures yet."""
    of_answers = select(Campaign.id).where(Campaign.kind == REPLY)
    queued = select(Message.n).where(col(Message.campaign_id).in_(of_answers), Message.state == "queued")
    pending = select(Fact.source).where(col(Fact.campaign_id).in_(of_answers), col(Fact.applied_at).is_(None))
    return any(session.exec(statement.limit(1)).first() is not None for statement in (queued, pending))


def _funnel(session: Session, campaign_id: int) -> Funnel:
    workspace_id = session.exec(select(Campaign.workspace_id).where(Campaign.id == campaign_id)).one()
    return read_funnel(session, workspace_id, campaign_id)
