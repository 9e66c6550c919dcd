"""Storing hits: the row, its first fact and the minute that is to be judged, each once. Used by ingest and by replay."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import sqlalchemy
from sqlalchemy import Select, Text, bindparam, cast, func, literal
from sqlmodel import Session, col, select
from sqlmodel.sql.sqltypes import UTCDateTime

from linksvc.bulk import as_one, insert_rows, one_of
from linksvc.database import is_sqlite
from linksvc.facts import record_selected
from linksvc.message_hits import next_block
from linksvc.models import Campaign, Hit, Message
from linksvc.statements import Statement
from tracker.agents import CACHED_AGENTS, device_of
from tracker.due import mark_due
from tracker.hits import SpooledHit
from tracker.segments import HitId
from tracker.verdicts import RULES_VERSION, judge


class Appraisal(NamedTuple):
    """What a hit gives away by its looks: the first verdict, its reason, the device and the operating system."""

    verdict: str
    reason: str
    device: str
    os: str


class JudgedHit(NamedTuple):
    id: HitId
    hit: SpooledHit
    appraisal: Appraisal


class UnknownMessage(Exception):
    """A hit names a message that there is not."""


def appraise(hit: SpooledHit) -> Appraisal:
    """Remembered by all that a first verdict looks at: a campaign's hits look alike by the thousand."""
    return _appraise(hit.method, hit.user_agent, hit.referrer, _as_text(hit.headers))


@lru_cache(maxsize=CACHED_AGENTS)
def _appraise(method: str, user_agent: str, referrer: str, headers: str) -> Appraisal:
    looks = SpooledHit(_AT_NO_TIME, 0, 0, None, method, "", user_agent, referrer, "", orjson.loads(headers))
    judgement, device = judge(looks), device_of(user_agent)
    return Appraisal(judgement.verdict.value, judgement.reason.value, device.kind, device.os)


_AT_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


def store(session: Session, hits: Sequence[JudgedHit], recorded_at: datetime) -> None:
    """Stores hits and their facts, in the caller's transaction, at its end; those that are stored already stay as they
    are. Raises UnknownMessage."""
    of_campaigns = Counter([judged.hit.campaign_id for judged in hits])
    ends = _find_ends(session, of_campaigns)
    _check(_highest((hit.campaign_id, hit.n) for _, hit, _ in hits if hit.n is not None), ends)
    blocks = {campaign_id: next_block(end.block or 0, of_campaigns[campaign_id]) for campaign_id, end in ends.items()}
    names = _names([judged.id.segment for judged in hits])
    of_all = {"rules": RULES_VERSION, "judged": 0, "recorded_at": recorded_at}
    rows = [_row(judged, name, blocks) for judged, name in zip(hits, names, strict=True)]
    insert_rows(session, Hit, _COLUMNS, rows, of_all)
    record_selected(session, _FACT, _IN_SPAN, [span | {"recorded": recorded_at} for span in _spans(hits, names)])
    mark_due(session, [(judged.hit.campaign_id, judged.hit.occurred_at) for judged in hits], recorded_at)


def check_messages(session: Session, named: Iterable[tuple[int, int]]) -> None:
    """Raises UnknownMessage unless there is each of these messages, by campaign and n."""
    highest = _highest(named)
    _check(highest, _find_ends(session, highest))


class _End(NamedTuple):
    """The last message of a campaign and the last block of its hits; None: it has none."""

    n: int | None
    block: int | None


def _find_ends(session: Session, campaign_ids: Collection[int]) -> dict[int, _End]:
    rows = _ENDS.rows(session, {"ids": as_one(is_sqlite(session), campaign_ids)})
    return {campaign_id: _End(n, block) for campaign_id, n, block in rows}


def _make_ends(sqlite: bool) -> Select[Any]:
    campaign = col(Campaign.id)
    n, block = (
        select(func.max(last)).where(whose == campaign).correlate(Campaign).scalar_subquery()
        for last, whose in ((col(Message.n), col(Message.campaign_id)), (col(Hit.block), col(Hit.campaign_id)))
    )
    return sqlalchemy.select(campaign, n, block).where(one_of(campaign, sqlite, "ids"))


_ENDS = Statement(_make_ends)


def _highest(named: Iterable[tuple[int, int]]) -> dict[int, int]:
    highest: dict[int, int] = {}
    for campaign_id, n in named:
        if n > highest.setdefault(campaign_id, n):
            highest[campaign_id] = n
    return highest


def _check(highest: Mapping[int, int], ends: Mapping[int, _End]) -> None:
    """A campaign's messages are numbered from 0 on without a gap, so its last one tells of all: one look for all campaigns
    instead of a foreign key's one a hit, each at another page."""
    for campaign_id, n in highest.items():
        last = ends[campaign_id].n if campaign_id in ends else None
        if last is None or n > last:
            raise UnknownMessage


def _names(segments: Sequence[UUID]) -> list[str]:
    """The segments as texts. Most follow one of the same; a UUID is hashed and written by Python code."""
    names: list[str] = []
    last, name = None, ""
    for segment in segments:
        if segment is not last:
            last, name = segment, str(segment)
        names.append(name)
    return names


_COLUMNS = (
    "campaign_id",
    "segment",
    "position",
    "n",
    "block",
    "link_id",
    "method",
    "network",
    "user_agent",
    "referrer",
    "language",
    "headers",
    "device",
    "os",
    "outcome",
    "verdict",
    "reason",
    "occurred_at",
)


def _row(judged: JudgedHit, segment: str, blocks: Mapping[int, int]) -> tuple[Any, ...]:
    # In one go: to look each of them up by its name takes longer than to make the row.
    (_, position), hit, (verdict, reason, device, system) = judged
    occurred_at, campaign_id, link_id, n, method, network, user_agent, referrer, language, headers, outcome = hit
    return (
        campaign_id,
        segment,
        position,
        n,
        blocks.get(campaign_id, 0),
        link_id,
        method,
        network,
        user_agent,
        referrer,
        language,
        _as_text(headers),
        device,
        system,
        outcome,
        verdict,
        reason,
        occurred_at,
    )


_FACT: dict[str, Any] = {
    "campaign_id": col(Hit.campaign_id),
    "kind": literal("hit"),
    # The hit alone, so that one told again under newer rules is still the same.
    "source": col(Hit.segment) + ":" + cast(col(Hit.position), Text),
    "n": col(Hit.n),
    "value": col(Hit.verdict),
    "detail": col(Hit.reason),
    "rules": col(Hit.rules),
    "occurred_at": col(Hit.occurred_at),
    "recorded_at": bindparam("recorded", type_=UTCDateTime()),
}
"""A fact's columns by those of its hit."""

_IN_SPAN = (
    col(Hit.campaign_id) == bindparam("of_campaign"),
    col(Hit.segment) == bindparam("of_segment"),
    col(Hit.position).between(bindparam("first"), bindparam("last")),
)


def _spans(hits: Iterable[JudgedHit], segments: Iterable[str]) -> list[dict[str, Any]]:
    """From where to where the hits of a campaign in a segment stand. What lies between and is not among these was stored
    before, and so was its fact."""
    spans: dict[tuple[int, str], tuple[int, int]] = {}
    for judged, segment in zip(hits, segments, strict=True):
        position, name = judged.id.position, (judged.hit.campaign_id, segment)
        first, last = spans.get(name, (position, position))
        spans[name] = min(first, position), max(last, position)
    return [
        {"of_campaign": campaign_id, "of_segment": segment, "first": first, "last": last}
        for (campaign_id, segment), (first, last) in spans.items()
    ]


def _as_text(headers: dict[str, str]) -> str:
    return orjson.dumps(headers).decode() if headers else "{}"
