"""What a marketer does with a campaign once it is written: send it now or at a time, pause, resume, cancel it.

Called by the API, the command line and the pages. Each is one change of the campaign's row under its lock
(`linksvc.campaign_locks`). Senders look at it in the transaction that marks a message (`sender.checks`), so nothing is
marked after a pause was committed. What then has to be recorded of many messages is the worker's: `withdraw_batch`.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Engine, Update, and_, or_
from sqlmodel import Session, col, select, update

from linksvc import facts, sandbox, send_batches
from linksvc.campaign_locks import lock_to_change
from linksvc.clock import Clock
from linksvc.database import BATCH_ROWS, rows_affected, writing
from linksvc.errors import Conflict, FieldError, InvalidRequest
from linksvc.facts import NewFact
from linksvc.funnel import find_campaign
from linksvc.models import Campaign, Workspace
from linksvc.production import request_send
from linksvc.schedules import RECIPIENT, Schedule, earliest, instant, read_schedule

_RUNNING = ("scheduled", "producing", "sending")

_WHOEVER_CLAIMED = timedelta(days=1)
"""Claims are looked at as if they had lapsed: a mark asks the campaign first, so what is claimed does not leave either."""


def send(
    session: Session,
    workspace_id: int,
    campaign_id: int,
    now: datetime,
    schedule: Schedule | None = None,
    expires_at: datetime | None = None,
) -> None:
    """Lets a draft go, once: now, or at its time; one that waits for its time may be given another. From `expires_at` on
    nothing of it leaves.

    Raises what `linksvc.production.request_send` raises, InvalidRequest `schedule_past` or `expiry_invalid`, and Forbidden
    `sandbox_sends_nothing`.
    """
    campaign = find_campaign(session, workspace_id, campaign_id)
    sandbox.refuse_to_send(session, workspace_id)
    begins = _check_times(session, campaign, now, schedule, expires_at)
    if campaign.state == "scheduled":
        # A draft once more, in this transaction; what paused it is over.
        session.exec(_if_in(campaign, ("scheduled",)).values(state="draft", paused_at=None))
    request_send(session, workspace_id, campaign_id, now)
    values = {
        "send_at": begins if schedule else None,
        "send_local": f"{schedule.local:%Y-%m-%dT%H:%M:%S}" if schedule else "",
        "send_timezone": schedule.timezone if schedule else "",
        "expires_at": expires_at,
        "state": "scheduled" if begins > now else "producing",
    }
    session.exec(_if_in(campaign, ("producing",)).values(**values))


def read_times(session: Session, workspace_id: int, at: str | None, timezone: str | None) -> Schedule | None:
    """The schedule that was asked for; a date and hour without a zone are meant in the workspace's. None: now.

    Raises InvalidRequest `schedule_invalid`.
    """
    if at is None and timezone is None:
        return None
    if at is None:
        raise _wrong("at", "schedule_invalid", "There is a time zone; say the date and hour too, as 2026-11-27T10:00.")
    if timezone is None:
        timezone = session.exec(select(Workspace.timezone).where(Workspace.id == workspace_id)).one()
    return read_schedule(at, timezone)


def pause(session: Session, workspace_id: int, campaign_id: int, now: datetime) -> None:
    """Nothing leaves from now on until it is resumed. Raises NotFound, and Conflict `campaign_not_running`."""
    campaign = find_campaign(session, workspace_id, campaign_id)
    lock_to_change(session, campaign_id)
    going = _if_in(campaign, _RUNNING).where(col(Campaign.cancelled_at).is_(None))
    if rows_affected(session.exec(going.values(paused_at=campaign.paused_at or now))) != 1:
        raise _not_running(campaign, "paused")


def resume(session: Session, workspace_id: int, campaign_id: int) -> None:
    """Lets a paused campaign go on. Raises NotFound, and Conflict `campaign_not_running`."""
    campaign = find_campaign(session, workspace_id, campaign_id)
    lock_to_change(session, campaign_id)
    going = _if_in(campaign, _RUNNING).where(col(Campaign.cancelled_at).is_(None))
    if rows_affected(session.exec(going.values(paused_at=None))) != 1:
        raise _not_running(campaign, "resumed")


def cancel(session: Session, workspace_id: int, campaign_id: int, now: datetime) -> None:
    """Nothing leaves from now on, for good. What was handed over is on its way. Again: changes nothing.

    Raises NotFound, and Conflict `campaign_not_running` once it was sent.
    """
    campaign = find_campaign(session, workspace_id, campaign_id)
    lock_to_change(session, campaign_id)
    # Locked: production must not be dealing more while this decides what there is to take back.
    locked = select(Campaign).where(Campaign.id == campaign.id).with_for_update()
    campaign = session.exec(locked.execution_options(populate_existing=True)).one()
    if campaign.state == "cancelled" or (campaign.cancelled_at and campaign.state == "sending"):
        return
    if campaign.state not in ("draft", *_RUNNING):
        raise _not_running(campaign, "cancelled")
    campaign.cancelled_at = now
    if campaign.produced:
        # What was made is taken back by `withdraw_batch`; no more is made.
        campaign.state = "sending"
        campaign.produced_at = campaign.produced_at or now
    else:
        campaign.state, campaign.finished_at = "cancelled", now
    session.add(campaign)
    session.flush()


def has_due(session: Session, now: datetime) -> bool:
    """Whether there is a campaign for `start_due`."""
    return session.exec(select(Campaign.id).where(_is_due(now)).limit(1)).first() is not None


def start_due(session: Session, now: datetime) -> None:
    """Lets campaigns whose time has come go into production, with the audience as it is then."""
    session.exec(update(Campaign).where(_is_due(now)).values(state="producing"))


def _is_due(now: datetime) -> ColumnElement[bool]:
    return and_(
        col(Campaign.state) == "scheduled",
        col(Campaign.send_at) <= now,
        col(Campaign.paused_at).is_(None),
    )


def campaigns_to_withdraw(session: Session, now: datetime) -> list[int]:
    """Those of which messages may wait that will not leave any more."""
    over = or_(col(Campaign.cancelled_at).is_not(None), col(Campaign.expires_at) <= now)
    return [id for id in session.exec(select(Campaign.id).where(Campaign.state == "sending", over)) if id]


def withdraw_batch(engine: Engine, campaign_id: int, clock: Clock) -> int:
    """Records of up to BATCH_ROWS messages of a cancelled or expired campaign that they do not leave; returns how many."""
    now = clock()
    with writing(engine) as session:
        campaign = session.exec(select(Campaign).where(Campaign.id == campaign_id)).one()
        expired = campaign.expires_at is not None and campaign.expires_at <= now
        if campaign.cancelled_at is None and not expired:
            return 0
        ns = send_batches.withdraw(session, campaign_id, now + _WHOEVER_CLAIMED, BATCH_ROWS)
        reason = "expired_unsent" if campaign.cancelled_at is None else "cancelled"
        facts.record(session, [NewFact(campaign_id, "unsent", str(n), n, now, reason) for n in ns], now)
        return len(ns)


def _check_times(
    session: Session, campaign: Campaign, now: datetime, schedule: Schedule | None, expires_at: datetime | None
) -> datetime:
    """When the campaign begins."""
    begins = earliest(schedule) if schedule else now
    if schedule:
        zone = schedule.timezone
        if zone == RECIPIENT:
            zone = session.exec(select(Workspace.timezone).where(Workspace.id == campaign.workspace_id)).one()
        if instant(schedule.local, ZoneInfo(zone)) <= now:
            told = now.astimezone(ZoneInfo(zone))
            raise _wrong("at", "schedule_past", f"That time is over: it is {told:%Y-%m-%d %H:%M} in {zone}.")
    if expires_at is not None and expires_at <= max(begins, now):
        raise _wrong("expires_at", "expiry_invalid", "The campaign would expire before it begins.")
    return begins


def _if_in(campaign: Campaign, states: tuple[str, ...]) -> Update:
    return update(Campaign).where(col(Campaign.id) == campaign.id, col(Campaign.state).in_(states))


def _not_running(campaign: Campaign, wish: str) -> Conflict:
    state = "cancelled" if campaign.cancelled_at else campaign.state
    return Conflict(f"The campaign cannot be {wish}: it is {state}.", code="campaign_not_running")


def _wrong(field: str, code: str, message: str) -> InvalidRequest:
    return InvalidRequest(message, code=code, errors=(FieldError(field, message),))
