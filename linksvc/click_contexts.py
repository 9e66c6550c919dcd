"""On what and when, on the recipient's own clock, a message was first clicked. Called by `linksvc.movements` for messages
whose first click changed."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import and_
from sqlmodel import Session, col, select

from linksvc.bulk import among
from linksvc.hit_verdicts import applied_sources, source_of
from linksvc.models import Contact, Hit, Message
from linksvc.stamps import NO_HOUR
from linksvc.zones import zones_of


class ClickContext(NamedTuple):
    """`hour`: of the week from Monday 0:00, 0 to 167; NO_HOUR where the recipient's zone is not known for sure."""

    device: str = ""
    os: str = ""
    hour: int = NO_HOUR


def click_contexts(
    session: Session, campaign_id: int, clicked: Mapping[int, datetime], news: Collection[str]
) -> Mapping[int, ClickContext]:
    """{n: the context} of {n: its first click}. `news`: sources of hits that are counted from now on."""
    if not clicked:
        return {}
    hits = _first_clicks(session, campaign_id, clicked, news)
    found: dict[int, ClickContext] = {}
    for n, number, country, told in session.exec(
        select(Message.n, Message.number, Message.country, Contact.timezone)
        .join(Contact, and_(col(Contact.id) == col(Message.contact_id)), isouter=True)
        .where(Message.campaign_id == campaign_id, among(session, col(Message.n), clicked.keys()))
    ):
        hour = _hour_of_week(zones_of(number, country, told or ""), clicked[n])
        found[n] = ClickContext(*hits.get(n, ("", "")), hour)
    return found


def _first_clicks(
    session: Session, campaign_id: int, clicked: Mapping[int, datetime], news: Collection[str]
) -> dict[int, tuple[str, str]]:
    """Device and system of the hit at that moment."""
    at_once: defaultdict[int, list[tuple[str, str, str]]] = defaultdict(list)
    # By their time: each is found in one place, however many hits the campaign has. In order they are put here, for to have
    # them in order SQLite would read all of the campaign's.
    at_moments = among(session, col(Hit.occurred_at), set(clicked.values()))
    found = session.exec(
        select(Hit.segment, Hit.position, Hit.n, Hit.occurred_at, Hit.device, Hit.os).where(  # type: ignore[call-overload]
            Hit.campaign_id == campaign_id, at_moments, Hit.verdict == "human"
        )
    )
    for segment, position, n, at, device, os in sorted(found):
        if clicked.get(n) == at:
            at_once[n].append((source_of(segment, position), device, os))
    rivals = {source for told in at_once.values() if len(told) > 1 for source, _, _ in told}
    counted = applied_sources(session, campaign_id, "hit", rivals) | set(news)
    return {
        n: next((device, os) for source, device, os in told if len(told) == 1 or source in counted)
        for n, told in at_once.items()
    }


def _hour_of_week(zones: tuple[ZoneInfo, ...], moment: datetime) -> int:
    hours = {(local.weekday() * 24 + local.hour) for local in (moment.astimezone(zone) for zone in zones)}
    return hours.pop() if len(hours) == 1 else NO_HOUR
