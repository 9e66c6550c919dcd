"""Storing hits: the row, its first fact and the minute that is to be judged, each once. Used by ingest and by replay."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlmodel import Session

from linksvc.bulk import insert_rows
from linksvc.facts import NewFact, record
from linksvc.models import Hit
from tracker.agents import device_of
from tracker.due import mark_due
from tracker.hits import SpooledHit, unpack
from tracker.segment_reader import Entry
from tracker.segments import HitId
from tracker.set_aside import Fault
from tracker.verdicts import RULES_VERSION, Judgement, judge


class JudgedHit(NamedTuple):
    id: HitId
    hit: SpooledHit
    judgement: Judgement


def judge_entry(entry: Entry) -> JudgedHit | Fault:
    """What an entry of a segment turns out to be: a hit with its first verdict, or something to set aside."""
    if not entry.sound:
        return Fault.DAMAGED
    try:
        hit = unpack(entry.payload)
        return JudgedHit(entry.id, hit, judge(hit))
    except ValueError:
        return Fault.MALFORMED


def store(session: Session, hits: Sequence[JudgedHit], recorded_at: datetime) -> None:
    """Stores hits and their facts, in the caller's transaction, at its end; those that are stored already stay as they
    are."""
    insert_rows(session, Hit, _COLUMNS, [_row(judged, recorded_at) for judged in hits])
    record(session, [_fact(judged) for judged in hits], recorded_at)
    mark_due(session, ((judged.hit.campaign_id, judged.hit.occurred_at) for judged in hits), recorded_at)


@lru_cache(maxsize=1_024)
def _name(segment: UUID) -> str:
    return str(segment)


_COLUMNS = (
    "campaign_id",
    "segment",
    "position",
    "n",
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
    "rules",
    "judged",
    "occurred_at",
    "recorded_at",
)


def _row(judged: JudgedHit, recorded_at: datetime) -> tuple[Any, ...]:
    hit, device = judged.hit, device_of(judged.hit.user_agent)
    return (
        hit.campaign_id,
        _name(judged.id.segment),
        judged.id.position,
        hit.n,
        hit.link_id,
        hit.method,
        hit.network,
        hit.user_agent,
        hit.referrer,
        hit.language,
        orjson.dumps(hit.headers).decode(),
        device.kind,
        device.os,
        hit.outcome,
        str(judged.judgement.verdict),
        str(judged.judgement.reason),
        RULES_VERSION,
        0,
        hit.occurred_at,
        recorded_at,
    )


def _fact(judged: JudgedHit) -> NewFact:
    """Named by the hit alone, so that a hit told again under newer rules is still the same."""
    return NewFact(
        campaign_id=judged.hit.campaign_id,
        kind="hit",
        source=f"{_name(judged.id.segment)}:{judged.id.position}",
        n=judged.hit.n,
        occurred_at=judged.hit.occurred_at,
        value=str(judged.judgement.verdict),
        detail=str(judged.judgement.reason),
        rules=RULES_VERSION,
    )
