"""The verdict that holds for a hit: where it stands, and how it is exchanged for another.

A hit's row says what holds now, its facts say how that came about: human for good after an `interaction`, else what the
last `verdict` said, else what its `hit` fact said at ingest. Rows and counters move together (`linksvc.movements`), so a
row is counted exactly when its `hit` fact is applied.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, String, Table, bindparam, cast, func
from sqlmodel import Session, col, select

from linksvc.bulk import among
from linksvc.message_hits import of_messages
from linksvc.models import Fact, Hit

INTERACTION = "interaction"
"""The reason of a verdict that nothing changes any more."""


COUNTED: ColumnElement[bool] = (
    # A look at one fact a hit, not a join: a database that has no statistics on a new campaign yet would compare each of its
    # hits with each of its facts.
    select(Fact.applied_at)
    .where(
        Fact.campaign_id == Hit.campaign_id,
        Fact.kind == "hit",
        Fact.source == col(Hit.segment).concat(":").concat(cast(col(Hit.position), String)),
    )
    .correlate(Hit)
    .scalar_subquery()
    .is_not(None)
)
"""Whether a hit's row is counted: its `hit` fact is applied."""


@dataclass(frozen=True, slots=True)
class HeldHit:
    """A counted hit and the verdict that holds for it. `judged`: how often it was judged again."""

    segment: str
    position: int
    n: int | None
    occurred_at: datetime
    verdict: str
    reason: str
    judged: int

    @property
    def source(self) -> str:
        return source_of(self.segment, self.position)


@dataclass(frozen=True, slots=True)
class Change:
    """What is to hold for a counted hit from now on."""

    hit: HeldHit
    verdict: str
    reason: str
    rules: int
    judged: int


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict on a hit that was read when it had been judged again `judged` times."""

    segment: str
    position: int
    judged: int
    verdict: str
    reason: str
    rules: int

    @property
    def source(self) -> str:
        return source_of(self.segment, self.position)


def source_of(segment: str, position: int) -> str:
    """How facts name a hit."""
    return f"{segment}:{position}"


def raised(hit: HeldHit) -> Change:
    """The change that an interaction makes."""
    return Change(hit, "human", INTERACTION, 0, hit.judged)


def exchanged(hit: HeldHit, ruling: Ruling) -> Change | None:
    """The change that a ruling makes; None if it comes too late."""
    if hit.reason == INTERACTION or hit.judged != ruling.judged:
        return None
    return Change(hit, ruling.verdict, ruling.reason, ruling.rules, hit.judged + 1)


def applied_sources(session: Session, campaign_id: int, kind: str, sources: Collection[str]) -> set[str]:
    """Those of the sources that an applied fact of this kind names."""
    if not sources:
        return set()
    found = select(Fact.source).where(
        Fact.campaign_id == campaign_id,
        Fact.kind == kind,
        among(session, col(Fact.source), sources),
        col(Fact.applied_at).is_not(None),
    )
    return set(session.exec(found))


def find_counted(session: Session, campaign_id: int, sources: Collection[str]) -> list[HeldHit]:
    """The hits of these sources that are counted."""
    by_segment: dict[str, list[int]] = defaultdict(list)
    for source in applied_sources(session, campaign_id, "hit", sources):
        segment, _, position = source.rpartition(":")
        by_segment[segment].append(int(position))
    columns = (Hit.segment, Hit.position, Hit.n, Hit.occurred_at, Hit.verdict, Hit.reason, Hit.judged)
    found: list[HeldHit] = []
    for segment, positions in by_segment.items():
        rows = session.connection().execute(
            # A segment at a time: any database finds these by the primary key.
            select(*columns).where(  # type: ignore[call-overload]
                Hit.campaign_id == campaign_id, Hit.segment == segment, col(Hit.position).in_(positions)
            )
        )
        found += [HeldHit(*row) for row in rows]
    return found


def write_rows(session: Session, campaign_id: int, changes: Iterable[Change]) -> None:
    """Lets the rows say what holds now."""
    table: Table = Hit.__table__  # type: ignore[attr-defined]
    statement = (
        table.update()
        .where(
            table.c.campaign_id == campaign_id,
            table.c.segment == bindparam("of_segment"),
            table.c.position == bindparam("at_position"),
        )
        .values({name: bindparam(f"new_{name}") for name in ("verdict", "reason", "rules", "judged")})
    )
    rows = [
        {
            "of_segment": change.hit.segment,
            "at_position": change.hit.position,
            "new_verdict": change.verdict,
            "new_reason": change.reason,
            "new_rules": change.rules,
            "new_judged": change.judged,
        }
        for change in changes
    ]
    if rows:
        session.connection().execute(statement, rows)


def first_hits(session: Session, campaign_id: int, ns: Collection[int]) -> Mapping[int, Mapping[str, datetime]]:
    """{n: {verdict: the first counted hit that it holds for}}, from the rows."""
    first: dict[int, dict[str, datetime]] = {n: {} for n in ns}
    if ns:
        rows = session.exec(
            select(Hit.n, Hit.verdict, func.min(Hit.occurred_at))
            .where(of_messages(session, campaign_id, ns), COUNTED)
            .group_by(col(Hit.n), Hit.verdict)
        )
        for n, verdict, occurred_at in rows:
            if n is not None:
                first[n][verdict] = occurred_at
    return first
