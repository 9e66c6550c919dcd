"""The laws of breakdowns: rows add up to the funnel for whatever messages have in common, cohorts partition it, timelines
tell every event once, and each row opens its messages."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select, update

from linksvc import counters
from linksvc.applier import apply_batch
from linksvc.breakdown_labels import names_of
from linksvc.breakdowns import BREAKDOWNS, BreakdownRow, read_breakdown
from linksvc.clock import BUCKET
from linksvc.cohorts import Cohort
from linksvc.database import reading, writing
from linksvc.errors import InvalidRequest
from linksvc.facts import NewFact, record
from linksvc.funnel import read_funnel
from linksvc.hourly_breakdowns import hours_of
from linksvc.local_steps import STEPS
from linksvc.message_filters import MessageFilter
from linksvc.models import Hit, Message
from linksvc.stages import OCCURRENCES, STAGES
from linksvc.timelines import read_steps
from tests import factories

PARIS = ZoneInfo("Europe/Paris")
NIGHT = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)
"""Midnight in Paris, of a day with 25 hours."""

SIZE = 60


@pytest.fixture
def campaign(engine: Engine) -> tuple[int, int]:
    """A workspace and its campaign, submitted all through the night on which clocks are set back: of two variants, routes
    and countries, some tracked, some clicked on a phone or a computer, some late, some failed, some never left."""
    workspace_id = factories.workspace(engine)
    routes = [factories.route(engine, name, port) for name, port in (("north", 2775), ("south", 2776))]
    campaign_id = factories.produced_campaign(engine, workspace_id, SIZE, tracked=50, attribution_days=1)
    with writing(engine) as session:
        counts = (("variant", ("A", "B", "")), ("country", ("FR", "BE", "CH", "")), ("network", ("20801", "")))
        for n in range(SIZE):
            values = {name: choices[n % len(choices)] for name, choices in counts}
            mine = (col(Message.campaign_id) == campaign_id, col(Message.n) == n)
            session.exec(update(Message).where(*mine).values(segment_id=n % 3, produced_at=NIGHT, **values))
        counters.rebuild(session, campaign_id)
        record(session, [fact for n in range(SIZE - 5) for fact in _facts(campaign_id, n, routes[n % 2])], NIGHT)
    factories.learn_hits(engine, *(_hit(campaign_id, n) for n in range(0, 45, 3)), _hit(campaign_id, None, 200))
    while apply_batch(engine, campaign_id, "test", lambda: NIGHT):
        pass
    return workspace_id, campaign_id


def _sent_at(n: int) -> datetime:
    return NIGHT + n * timedelta(minutes=26)


def _facts(campaign_id: int, n: int, route_id: int) -> list[NewFact]:
    at = _sent_at(n)
    receipt = ("DELIVERED", "DELIVERED", "UNDELIVERABLE", "EXPIRED")[n % 4]
    made = [
        NewFact(campaign_id, "accepted", f"{n}.1.1", n, at, parts=1, route_id=route_id, price_micros=45_000, currency="EUR"),
        NewFact(campaign_id, "receipt", f"{n}.1.1", n, at + timedelta(minutes=n), value=receipt),
    ]
    if n % 5 == 0:
        late = timedelta(days=2) if n % 10 == 0 else timedelta(hours=1)
        made.append(NewFact(campaign_id, "redeemed", f"rdm_{n}", n, at + late, amount_minor=1_000 + n, currency="EUR"))
    if n % 7 == 0:
        made.append(NewFact(campaign_id, "opted_out", f"in_{n}", n, at + timedelta(hours=2)))
    return made


def _hit(campaign_id: int, n: int | None, position: int = 0) -> Hit:
    at = _sent_at(n or 0) + timedelta(minutes=(n or 0) * 2)
    device, verdict = ("phone", "computer", "")[(n or 0) % 2 + (n == 0)], "suspect" if n and n % 4 == 1 else "human"
    return factories.hit(campaign_id, position or (n or 0), n, verdict, occurred_at=at, device=device)


def _plus(rows: list[BreakdownRow]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for row in rows:
        sums.update(row.counts)
        sums.update({f"revenue {money.currency}": money.amount_minor for money in row.revenue})
        sums.update({f"cost {cost.currency}": cost.micros for cost in row.cost})
        sums["fragments"] += row.fragments
    return sums


def _whole(session: Session, workspace_id: int, campaign_id: int, cohort: Cohort | None) -> dict[str, int]:
    funnel = read_funnel(session, workspace_id, campaign_id, cohort)
    told: dict[str, int] = dict(funnel.counts)
    told |= {f"revenue {money.currency}": money.amount_minor for money in funnel.revenue}
    told |= {f"cost {cost.currency}": cost.micros for cost in funnel.cost}
    return told | {"fragments": funnel.fragments}


def _without_unnamed(told: Mapping[str, int]) -> dict[str, int]:
    """Visits that name nobody are in no row: the one of the campaign was a person's."""
    return {**told, "hit_human": told["hit_human"] - told["hit_unnamed"], "hit_unnamed": 0}


COHORTS = (None, Cohort(NIGHT + timedelta(hours=2), NIGHT + timedelta(hours=9)), Cohort(until=NIGHT + timedelta(hours=4)))


def test_the_rows_of_every_breakdown_add_up_to_the_funnel_and_open_their_messages(
    engine: Engine, campaign: tuple[int, int]
) -> None:
    with reading(engine) as session:
        for cohort in COHORTS:
            whole = _without_unnamed(_whole(session, *campaign, cohort))
            for by in BREAKDOWNS:
                rows = list(read_breakdown(session, *campaign, by, cohort).rows)
                sums = _plus(rows)
                assert {name: sums[name] for name in whole} == whole, (by, cohort)
                if cohort is not COHORTS[1]:
                    continue
                for row in rows:
                    value = row.value
                    for stage in ("submitted", "clicked", "late_redeemed"):
                        behind = _behind(stage, by, value, cohort)
                        assert len(_listed(session, campaign[1], behind)) == row.counts[stage], (by, value, stage)


def _listed(session: Session, campaign_id: int, behind: MessageFilter) -> list[int]:
    return list(session.exec(select(Message.n).where(Message.campaign_id == campaign_id, behind.where)).all())


def _behind(stage: str, by: str, value: str, cohort: Cohort | None) -> MessageFilter:
    """The rows of an hour's quarter are those of a cohort; an hour of a list is four of them."""
    if by != "hour":
        return MessageFilter(stage, by=by, value=value, cohort=cohort)
    since = datetime.fromisoformat(value)
    return MessageFilter(stage, cohort=Cohort(since, since + BUCKET))


def test_the_hours_of_a_zone_add_up_and_the_hour_that_comes_twice_is_two(engine: Engine, campaign: tuple[int, int]) -> None:
    with reading(engine) as session:
        whole = _without_unnamed(_whole(session, *campaign, None))
        hours = hours_of(read_breakdown(session, *campaign, "hour"), PARIS)
        for hour in hours:
            behind = MessageFilter("submitted", cohort=Cohort(hour.since, hour.until))
            assert len(_listed(session, campaign[1], behind)) == hour.row.counts["submitted"]
    sums = _plus([hour.row for hour in hours])
    assert {name: sums[name] for name in whole} == whole
    second = [hour.since.astimezone(PARIS).isoformat() for hour in hours][2:4]
    assert second == ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"]


def test_cohorts_partition_a_campaign(engine: Engine, campaign: tuple[int, int]) -> None:
    cuts = [NIGHT + timedelta(hours=hours) for hours in (1, 3, 3.25, 12, 20)]
    spans = [Cohort(until=cuts[0]), *(Cohort(one, two) for one, two in pairwise(cuts)), Cohort(cuts[-1])]
    with reading(engine) as session:
        whole = _without_unnamed(_whole(session, *campaign, None))
        sums: Counter[str] = Counter()
        for span in spans:
            sums.update(_whole(session, *campaign, span))
    assert {name: sums[name] for name in whole} == whole


def test_a_timeline_tells_every_event_once_in_whatever_steps(engine: Engine, campaign: tuple[int, int]) -> None:
    with reading(engine) as session:
        funnel = read_funnel(session, *campaign)
        for stage in (*STAGES, *OCCURRENCES):
            for step in STEPS:
                assert read_steps(session, *campaign, stage, step, PARIS).total == funnel[stage], (stage, step)
        days = read_steps(session, *campaign, "submitted", "day", PARIS).steps
        hours = read_steps(session, *campaign, "submitted", "hour", PARIS, days[0].since, days[0].until).steps
        money = read_steps(session, *campaign, "redemption", "day", PARIS)
    assert days[0].until - days[0].since == timedelta(hours=25)
    assert len(hours) == 25
    assert sum(hour.count for hour in hours) == days[0].count == sum(_sent_at(n) < days[0].until for n in range(SIZE - 5))
    assert [step.amounts[0].amount_minor for step in money.steps if step.count] == [funnel.revenue[0].amount_minor]


def test_a_timeline_without_bounds_of_nothing_has_no_steps_and_with_them_has_zeros(
    engine: Engine, campaign: tuple[int, int]
) -> None:
    with reading(engine) as session:
        assert read_steps(session, *campaign, "paid", "hour", PARIS).steps == ()
        filled = read_steps(session, *campaign, "paid", "hour", PARIS, NIGHT, NIGHT + timedelta(hours=3))
        assert [step.count for step in filled.steps] == [0, 0, 0]
        cut = read_steps(session, *campaign, "submitted", "day", PARIS, NIGHT + BUCKET, NIGHT + 2 * BUCKET)
        assert [(step.since, step.until) for step in cut.steps] == [(NIGHT + BUCKET, NIGHT + 2 * BUCKET)]
        with pytest.raises(InvalidRequest) as told:
            read_steps(session, *campaign, "paid", "hour", PARIS, NIGHT, NIGHT + timedelta(days=400))
    assert (told.value.code, "step=day" in told.value.detail) == ("range_too_long", True)


def test_routes_go_by_their_names(engine: Engine, campaign: tuple[int, int]) -> None:
    with reading(engine) as session:
        names = names_of(session, campaign[0], "route")
        rows = read_breakdown(session, *campaign, "route").rows
        routes = set(session.exec(select(col(Message.route_id)).where(Message.campaign_id == campaign[1])))
    assert {names.get(row.value, row.value) for row in rows} == {"north", "south", ""}
    assert {row.value for row in rows} == {str(one) if one else "" for one in routes}
