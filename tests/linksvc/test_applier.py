"""The law of the funnel: counters = brute force = rows listed, after any facts in any order and any batches."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, and_, event, not_, or_
from sqlmodel import Session, col, delete, select, update

from linksvc import counters, facts, leases
from linksvc.applier import Settled, apply_batch, campaigns_with_pending_facts, change_verdicts, lease_name, rebuild_counters
from linksvc.clock import BUCKET
from linksvc.cohorts import Cohort
from linksvc.database import open_engine, reading, writing
from linksvc.facts import NewFact
from linksvc.funnel import Funnel, read_funnel
from linksvc.hit_verdicts import COUNTED, Ruling
from linksvc.message_filters import MessageFilter
from linksvc.message_list import list_messages
from linksvc.message_totals import PARTS, count_messages, count_rows
from linksvc.models import Campaign, Fact, FunnelCount, Hit, Lease, Message, SendBatch, TimelineCount
from linksvc.money import Money
from linksvc.movements import OCCURRING
from linksvc.stages import SENT, STAGES, UNSENT
from linksvc.stamps import WRITTEN, Stamps, add_hit, close_window, fold, stamps_of, unstamped
from linksvc.tallies import ANY_COHORT, HOUR, REASON, TOTAL, Cell, TimeCell
from tests import factories
from tests.factories import NOW, hit, learn_hits

SIZE, TRACKED = 6, 4
ATTRIBUTION = timedelta(days=1)
submissions = st.integers(0, 7_200).map(lambda seconds: NOW + timedelta(seconds=seconds))
late = st.integers(-900, 7_200).map(lambda seconds: NOW + ATTRIBUTION + timedelta(seconds=seconds))
moments = st.one_of(submissions, submissions, late)
devices = st.sampled_from([("phone", "iOS"), ("computer", "Windows"), ("", "")])
verdicts = st.sampled_from(["human", "suspect", "machine"])
causes = st.sampled_from(["", "absent", "blocked"])
reasons = st.sampled_from(["quiet_hours", "frequency_cap"])
hit_reasons = st.sampled_from(["", "preview"])
receipts = st.sampled_from(["DELIVERED", "UNKNOWN", "EXPIRED", "DELETED", "UNDELIVERABLE", "REJECTED"])


@st.composite
def part_facts(draw: st.DrawFn, campaign_id: int, n: int, part: int, parts: int) -> list[NewFact]:
    source = f"{n}.{part}.1"
    kind = draw(st.sampled_from(["accepted", "accepted", "accepted", "refused", "outcome_unknown", "nothing"]))
    if kind == "nothing":
        return []
    cause, price = draw(causes), draw(st.integers(0, 99_999)) if kind == "accepted" else 0
    made = [
        NewFact(
            campaign_id,
            kind,
            source,
            n,
            draw(submissions),
            value="0x0b",
            parts=parts,
            route_id=3,
            currency="EUR" if price else "",
            cause="" if kind == "accepted" else cause,
            price_micros=price,
        )
    ]
    if kind == "accepted" and draw(st.booleans()):
        value = draw(receipts)
        made.append(NewFact(campaign_id, "receipt", source, n, draw(moments), value=value, detail="001", cause=cause))
    return made


@st.composite
def holds(draw: st.DrawFn, campaign_id: int, n: int) -> list[NewFact]:
    """A message is held back, more than once perhaps, and released or not."""
    made = []
    for until in draw(st.lists(moments, max_size=2, unique=True)):
        hold = NewFact(campaign_id, "held", f"{n}:{until.isoformat()}", n, NOW, draw(reasons), until.isoformat())
        made += [hold, hold._replace(kind="released", value="")][: draw(st.integers(1, 2))]
    return made


@dataclass(frozen=True)
class Arrival:
    """Ingest stores a hit."""

    hit: Hit


@dataclass(frozen=True)
class Interaction:
    """Somebody does on the page of a hit what only a person does; the event may be told twice."""

    position: int
    n: int | None


@dataclass(frozen=True)
class Judging:
    """A hit is judged again, as soon as it can be."""

    position: int
    verdict: str


@dataclass(frozen=True)
class Applying:
    """The applier takes what there is."""


Event = NewFact | Arrival | Interaction | Judging | Applying


@st.composite
def visits(draw: st.DrawFn, campaign_id: int) -> list[Event]:
    """Hits, what becomes of their verdicts, and the applier's rounds between."""
    made: list[Event] = [Applying()] * draw(st.integers(0, 5))
    for i, n in enumerate(draw(st.lists(st.one_of(st.none(), st.integers(0, SIZE - 1)), max_size=8))):
        device, os = draw(devices)
        looks = {"reason": draw(hit_reasons), "device": device, "os": os, "block": draw(st.integers(0, 2))}
        made.append(Arrival(hit(campaign_id, i, n, draw(verdicts), occurred_at=draw(moments), **looks)))
        made += [Interaction(i, n)] * draw(st.sampled_from([0, 0, 1, 2]))
        made += [Judging(i, verdict) for verdict in draw(st.lists(verdicts, max_size=3))]
    return made


@st.composite
def histories(draw: st.DrawFn, campaign_id: int) -> list[Event]:
    """What may happen to the messages of a campaign, in any order."""
    made = draw(visits(campaign_id))
    for n in range(SIZE):
        parts = draw(st.integers(1, 2))
        for part in range(1, parts + 1):
            made += draw(part_facts(campaign_id, n, part, parts))
        if draw(st.booleans()):
            reason = draw(st.sampled_from(["stopped", "left_out", "cancelled", "expired_unsent"]))
            made.append(NewFact(campaign_id, "unsent", str(n), n, draw(moments), value=reason))
        made += draw(holds(campaign_id, n))
    for i, n in enumerate(draw(st.lists(st.integers(0, SIZE - 1), max_size=5))):
        kind = draw(st.sampled_from(["redeemed", "paid", "reply", "opted_out", "participated"]))
        amount, currency = (
            (draw(st.integers(0, 9_999)), draw(st.sampled_from(["EUR", "CAD"]))) if kind in ("redeemed", "paid") else (0, "")
        )
        told = NewFact(campaign_id, kind, f"x{i}", n, draw(moments), amount_minor=amount, currency=currency)
        made.append(told)
        if kind == "redeemed":
            back = [told._replace(kind="voided"), told._replace(kind="returned", amount_minor=amount // 2)]
            made += draw(st.lists(st.sampled_from(back), max_size=2, unique=True))
    return draw(st.permutations(made))


def start_over(engine: Engine, campaign_id: int) -> None:
    """Takes the campaign back to how it was produced."""
    blank = unstamped(Message(campaign_id=0, n=0, contact_id=0, number="", country="", tracked=True, produced_at=NOW))
    with writing(engine) as session:
        for table in (Hit, Fact, FunnelCount, TimelineCount, Lease):
            session.exec(delete(table))
        session.exec(update(Message).values({name: getattr(blank, name) for name in WRITTEN}))
        session.exec(update(Campaign).values(state="sending"))
        counters.rebuild(session, campaign_id)


def learn(engine: Engine, made: list[NewFact], at: datetime = NOW) -> None:
    with writing(engine) as session:
        facts.record(session, made, at)


def apply(engine: Engine, campaign_id: int) -> None:
    while apply_batch(engine, campaign_id, "test", lambda: NOW):
        pass


def interact(engine: Engine, campaign_id: int, position: int, n: int | None = 0) -> None:
    learn(engine, [NewFact(campaign_id, "interaction", f"segment:{position}", n, NOW, value="human", detail="event")])


def rule(engine: Engine, campaign_id: int, position: int, verdict: str) -> Settled:
    """Judges the hit again, by what its row says at this moment."""
    with reading(engine) as session:
        row = session.get(Hit, (campaign_id, "segment", position))
        judged = row.judged if row else 0
    return change_verdicts(engine, campaign_id, [Ruling("segment", position, judged, verdict, "burst", 2)], lambda: NOW)


def happen(engine: Engine, campaign_id: int, happening: Event) -> None:
    match happening:
        case NewFact():
            learn(engine, [happening])
        case Arrival(row):
            learn_hits(engine, row)
        case Interaction(position, n):
            interact(engine, campaign_id, position, n)
        case Judging(position, verdict):
            rule(engine, campaign_id, position, verdict)
        case Applying():
            apply(engine, campaign_id)


def held(known: list[Fact]) -> dict[str, tuple[str, Fact]]:
    """The verdict that holds for each counted hit, and its first fact: worked out from the applied facts alone."""
    applied = [fact for fact in known if fact.applied_at]
    found = {fact.source: (fact.value, fact) for fact in applied if fact.kind == "hit"}
    for fact in sorted((fact for fact in applied if fact.kind == "verdict"), key=lambda fact: fact.source):
        source = fact.source.rpartition(":")[0]
        found[source] = (fact.value, found[source][1])
    for fact in applied:
        if fact.kind == "interaction" and fact.source in found:
            found[fact.source] = ("human", found[fact.source][1])
    return found


def assert_counted(session: Session, campaign_id: int) -> dict[str, tuple[str, Fact]]:
    """Counters, stamps and the hits' rows are what the applied facts add up to."""
    assert counters.stored(session, campaign_id) == counters.brute_force(session, campaign_id)
    known = [fact for fact in session.exec(select(Fact)) if fact.applied_at]
    holding = held(known)
    for message in session.exec(select(Message)):
        refolded: Stamps = unstamped(message)
        fold(refolded, [fact for fact in known if fact.n == message.n])
        for verdict, first in holding.values():
            if first.n == message.n:
                add_hit(refolded, verdict, first.occurred_at)
        refolded.redeemed_at = first_redemption(known, message.n)
        close_window(refolded, ATTRIBUTION.days)
        refolded.has_occurrences = any(fact.kind in OCCURRING and fact.n == message.n for fact in known)
        refolded.device, refolded.os = first_click(session, refolded, holding)
        if refolded.clicked_at:
            local = refolded.clicked_at.astimezone(ZoneInfo("Europe/Paris"))
            refolded.click_hour = local.weekday() * 24 + local.hour
        assert refolded == stamps_of(message)
    rows = {f"{row.segment}:{row.position}": row.verdict for row in session.exec(select(Hit))}
    assert {source: rows[source] for source in holding} == {source: verdict for source, (verdict, _) in holding.items()}
    return holding


def first_click(session: Session, stamps: Stamps, holding: dict[str, tuple[str, Fact]]) -> tuple[str, str]:
    """The device and the system of the first hit by a person; of two at once, of the one that comes first in the spool."""
    for source, (verdict, first) in sorted(holding.items()):
        if (first.n, verdict, first.occurred_at) == (stamps.n, "human", stamps.clicked_at):
            row = session.get_one(Hit, (stamps_campaign(holding), "segment", int(source.rpartition(":")[2])))
            return row.device, row.os
    return "", ""


def stamps_campaign(holding: dict[str, tuple[str, Fact]]) -> int:
    return next(iter(holding.values()))[1].campaign_id


def first_redemption(known: list[Fact], n: int) -> datetime | None:
    """The first redemption of a message that was not voided."""
    voided = {fact.source for fact in known if fact.kind == "voided"}
    left = [fact.occurred_at for fact in known if (fact.kind, fact.n) == ("redeemed", n) and fact.source not in voided]
    return min(left, default=None)


def assert_true(session: Session, workspace_id: int, campaign_id: int) -> Funnel:
    holding = assert_counted(session, campaign_id)
    funnel = read_funnel(session, workspace_id, campaign_id)
    for stage in STAGES:
        page = list_messages(session, workspace_id, campaign_id, MessageFilter(stage))
        assert len(page.rows) == page.total == funnel[stage], stage
    assert_every_figure_opens_its_rows(session, campaign_id)
    assert funnel.pending_facts == funnel.unaccounted == 0
    assert funnel["produced"] == SIZE == sum(funnel[stage] for stage in UNSENT) + funnel["submitted"]
    assert funnel["submitted"] == sum(funnel[stage] for stage in SENT)
    ends = {message.n: message.window_ends_at for message in session.exec(select(Message))}
    late = {source for source, (_, first) in holding.items() if first.n in ends and is_late(ends[first.n], first)}
    for verdict in ("human", "suspect", "machine"):
        in_time = sum(holds == verdict for source, (holds, _) in holding.items() if source not in late)
        assert funnel[f"hit_{verdict}"] == in_time
    assert funnel["late_hit"] == len(late)
    assert funnel["hit_unnamed"] == sum(first.n is None for _, first in holding.values())
    assert_once_a_message(session, funnel)
    assert_paid(session, funnel)
    return funnel


def is_late(ends_at: datetime | None, fact: Fact) -> bool:
    return ends_at is not None and fact.occurred_at > ends_at


def assert_every_figure_opens_its_rows(session: Session, campaign_id: int) -> None:
    """Each counter of messages, by whatever they have in common, is as many as its filter lists; parts add up."""
    parts: Counter[tuple[str, str]] = Counter()
    for cell, (count, _) in counters.stored(session, campaign_id).items():
        if cell.stage not in STAGES:
            if isinstance(cell, Cell) and cell.by == REASON:
                assert count == len(visits_of(session, campaign_id, cell)), cell
            continue
        if isinstance(cell, TimeCell):
            behind = MessageFilter(cell.stage, during=(cell.bucket, cell.bucket + BUCKET))
        else:
            cohort = None if cell.cohort == ANY_COHORT else Cohort(cell.cohort, cell.cohort + BUCKET)
            by = "" if cell.by in (TOTAL, HOUR) else cell.by
            behind = MessageFilter(cell.stage, by=by, value=cell.value, cohort=cohort)
        assert MessageFilter.parse(behind.parameters()) == behind
        assert count_messages(session, campaign_id, behind) == count_rows(session, campaign_id, behind) == count, behind
        if not isinstance(cell, TimeCell):
            parts[cell.by, cell.stage] += count
    for (by, stage), count in parts.items():
        if by in ("os", "click_delay", "click_hour", "proof", "cause", "redeem_delay", HOUR):
            assert count == parts[TOTAL, stage], (by, stage)
    outside = [and_(STAGES[part].where, not_(STAGES[whole].where)) for whole in PARTS for part in PARTS[whole]]
    # Nobody else can be seen to click: trackers drop their n.
    assert session.exec(select(Message.n).where(col(Message.tracked), or_(*outside))).all() == []


def visits_of(session: Session, campaign_id: int, cell: Cell) -> list[Hit]:
    """The counted visits of a verdict and a reason, in the window of their message or, with `late_hit`, behind it."""
    ends = {message.n: message.window_ends_at for message in session.exec(select(Message))}
    found = session.exec(select(Hit).where(Hit.campaign_id == campaign_id, Hit.reason == cell.value, COUNTED)).all()
    late = [row for row in found if row.n is not None and (end := ends[row.n]) and row.occurred_at > end]
    if cell.stage == "late_hit":
        return late
    return [row for row in found if f"hit_{row.verdict}" == cell.stage and row not in late]


def assert_once_a_message(session: Session, funnel: Funnel) -> None:
    """However often somebody did something or paid: a message is engaged once, paid once, and each payment is counted."""
    done = {fact.n for fact in session.exec(select(Fact).where(col(Fact.kind).in_(["interaction", "participated"])))}
    assert funnel["engaged"] + funnel["late_engaged"] == sum(n in done for n in range(TRACKED))
    paid = [fact.n for fact in session.exec(select(Fact).where(Fact.kind == "paid"))]
    assert funnel["paid"] + funnel["late_paid"] == len(set(paid))
    assert funnel["payment"] + funnel["late_payment"] == len(paid)


def assert_paid(session: Session, funnel: Funnel) -> None:
    net: Counter[str] = Counter()
    shown: Counter[str] = Counter()
    for money in (*funnel.net_revenue, *funnel.late_revenue):
        shown[money.currency] += money.amount_minor
    for fact in session.exec(select(Fact).where(col(Fact.kind).in_(["redeemed", "paid", "returned", "voided"]))):
        net[fact.currency] += fact.amount_minor if fact.kind in ("redeemed", "paid") else -fact.amount_minor
    assert {**dict.fromkeys(shown, 0), **net} == {**dict.fromkeys(net, 0), **shown}


def test_counters_equal_brute_force_and_the_rows_listed_after_any_facts(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    campaign_id = factories.produced_campaign(engine, workspace_id, SIZE, tracked=TRACKED, attribution_days=ATTRIBUTION.days)

    # The law is the same on both; the slower one shows that its SQL is.
    examples = 25 if engine.dialect.name == "sqlite" else 10

    @settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(histories(campaign_id))
    def holds(history: list[Event]) -> None:
        start_over(engine, campaign_id)
        for happening in history:
            happen(engine, campaign_id, happening)
            if isinstance(happening, Judging | Applying):
                with reading(engine) as session:
                    assert_counted(session, campaign_id)
        apply(engine, campaign_id)
        with reading(engine) as session:
            funnel = assert_true(session, workspace_id, campaign_id)
        for happening in history:
            # Whatever is told may be told again; only a judge may come to another verdict.
            if not isinstance(happening, Judging):
                happen(engine, campaign_id, happening)
        apply(engine, campaign_id)
        with reading(engine) as session:
            assert assert_true(session, workspace_id, campaign_id) == funnel

    holds()


def test_an_applied_fact_is_pending_no_more(engine: Engine) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 1)
    learn_hits(engine, hit(campaign_id, 0))
    assert campaigns_with_pending_facts(engine) == [campaign_id]
    assert apply_batch(engine, campaign_id, "test", lambda: NOW) == 1
    assert campaigns_with_pending_facts(engine) == []
    assert apply_batch(engine, campaign_id, "test", lambda: NOW) == 0


def test_the_facts_of_the_past_cost_a_report_nothing(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    plans: list[str] = []

    def explain(connection: Connection, _c: object, statement: str, values: tuple[object, ...], *_: object) -> None:
        if "FROM fact" in statement:
            raw = connection.connection.cursor()
            plans.append(str(raw.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()))

    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 1)
    event.listen(engine, "before_cursor_execute", explain)
    with reading(engine) as session:
        read_funnel(session, 1, campaign_id)
    campaigns_with_pending_facts(engine)
    apply_batch(engine, campaign_id, "test", lambda: NOW)
    engine.dispose()
    assert len(plans) == 3
    assert all("USING INDEX ix_fact_pending" in plan for plan in plans), plans


def test_one_applier_works_on_a_campaign_at_a_time(engine: Engine) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 1)
    learn_hits(engine, hit(campaign_id, 0))
    assert apply_batch(engine, campaign_id, "one", lambda: NOW) == 1
    learn_hits(engine, hit(campaign_id, 1))
    assert apply_batch(engine, campaign_id, "two", lambda: NOW) == 0
    assert apply_batch(engine, campaign_id, "two", lambda: NOW + timedelta(minutes=1)) == 1


def test_a_campaign_is_sent_when_nothing_is_queued_any_more(engine: Engine) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 2)
    with writing(engine) as session:
        counters.rebuild(session, campaign_id)
    for n, state in ((0, "sending"), (1, "sending")):
        learn(engine, [NewFact(campaign_id, "accepted", f"{n}.1.1", n, NOW, parts=1, route_id=1)])
        apply_batch(engine, campaign_id, "test", lambda: NOW)
        with reading(engine) as session:
            assert session.exec(select(Campaign.state).where(col(Campaign.id) == campaign_id)).one() == state
    take_from_the_queue(engine, campaign_id)
    again = NewFact(campaign_id, "receipt", "1.1.1", 1, NOW, value="DELIVERED")
    assert fold_campaign(engine, campaign_id, again).state == "sent", "neither counted nor queued"


def take_from_the_queue(engine: Engine, campaign_id: int) -> None:
    """What a sender does with the mark."""
    with writing(engine) as session:
        session.exec(delete(SendBatch).where(col(SendBatch.campaign_id) == campaign_id))


def fold_campaign(engine: Engine, campaign_id: int, *made: NewFact) -> Campaign:
    learn(engine, list(made))
    apply(engine, campaign_id)
    with reading(engine) as session:
        row = session.get_one(Campaign, campaign_id)
        session.expunge(row)
        return row


def test_a_campaign_is_not_sent_while_a_message_is_held_back(engine: Engine) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 2)
    with writing(engine) as session:
        counters.rebuild(session, campaign_id)
    until = (NOW + timedelta(hours=9)).isoformat()
    hold = NewFact(campaign_id, "held", f"1:{until}", 1, NOW, "quiet_hours", until)
    accepted = NewFact(campaign_id, "accepted", "0.1.1", 0, NOW, parts=1, route_id=1)
    assert fold_campaign(engine, campaign_id, accepted, hold).state == "sending"
    with reading(engine) as session:
        message = session.get_one(Message, (campaign_id, 1))
        assert (message.state, message.held_reason) == ("held", "quiet_hours")
        assert message.held_until == NOW + timedelta(hours=9)
        assert read_funnel(session, 1, campaign_id)["held"] == 1
    assert fold_campaign(engine, campaign_id, hold._replace(kind="released", value="")).state == "sending"
    with reading(engine) as session:
        assert session.get_one(Message, (campaign_id, 1)).state == "queued"
    take_from_the_queue(engine, campaign_id)
    assert fold_campaign(engine, campaign_id, accepted._replace(source="1.1.1", n=1)).state == "sent"


def test_a_campaign_that_was_cancelled_ends_cancelled(engine: Engine) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 2)
    with writing(engine) as session:
        counters.rebuild(session, campaign_id)
        session.get_one(Campaign, campaign_id).cancelled_at = NOW
    accepted = NewFact(campaign_id, "accepted", "0.1.1", 0, NOW, parts=1, route_id=1)
    cancelled = NewFact(campaign_id, "unsent", "1", 1, NOW, "cancelled")
    take_from_the_queue(engine, campaign_id)
    ended = fold_campaign(engine, campaign_id, accepted, cancelled)
    assert (ended.state, ended.finished_at) == ("cancelled", NOW)


def test_a_message_costs_what_its_parts_cost_and_is_as_bad_as_the_worst_of_them(engine: Engine) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 1)
    accepted = NewFact(campaign_id, "accepted", "0.1.1", 0, NOW, parts=2, route_id=1, currency="EUR", price_micros=45_000)
    arrived = NewFact(campaign_id, "receipt", "0.1.1", 0, NOW, value="DELIVERED")
    failed = NewFact(campaign_id, "receipt", "0.2.1", 0, NOW, value="UNDELIVERABLE", detail="012", cause="absent")
    fold_campaign(engine, campaign_id, failed, arrived, accepted, accepted._replace(source="0.2.1"))
    with reading(engine) as session:
        message = session.get_one(Message, (campaign_id, 0))
        assert (message.state, message.cause) == ("failed", "absent")
        assert (message.price_micros, message.price_currency) == (90_000, "EUR")


def test_rebuilding_repairs_counters_that_were_tampered_with(engine: Engine) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 3)
    learn(engine, [NewFact(campaign_id, "redeemed", "rdm_1", 0, NOW, amount_minor=4_491, currency="EUR")])
    with writing(engine) as session:
        counters.rebuild(session, campaign_id)
    apply_batch(engine, campaign_id, "test", lambda: NOW)
    with writing(engine) as session:
        session.exec(update(FunnelCount).values(count=99))
        assert counters.stored(session, campaign_id) != counters.brute_force(session, campaign_id)
    rebuild_counters(engine, campaign_id)
    with reading(engine) as session:
        assert counters.stored(session, campaign_id) == counters.brute_force(session, campaign_id)


def verdict_of(engine: Engine, campaign_id: int, position: int) -> tuple[str, str, int]:
    with reading(engine) as session:
        row = session.get(Hit, (campaign_id, "segment", position))
        assert row
        return row.verdict, row.reason, row.judged


def figures(engine: Engine, workspace_id: int, campaign_id: int, *stages: str) -> tuple[int, ...]:
    with reading(engine) as session:
        funnel = read_funnel(session, workspace_id, campaign_id)
        return tuple(funnel[stage] for stage in stages)


def test_a_verdict_that_changes_takes_its_message_and_its_visit_along(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    campaign_id = factories.produced_campaign(engine, workspace_id, 1)
    later = NOW + timedelta(hours=1)
    learn_hits(engine, hit(campaign_id, 0), hit(campaign_id, 1, occurred_at=later), hit(campaign_id, 2, None))
    apply(engine, campaign_id)
    shown = ("clicked", "suspect", "hit_human", "hit_suspect", "hit_unnamed")
    assert figures(engine, workspace_id, campaign_id, *shown) == (1, 0, 3, 0, 1)
    assert rule(engine, campaign_id, 0, "suspect") == Settled(1, 0)
    with reading(engine) as session:
        stamps = session.get(Message, (campaign_id, 0))
        assert stamps and (stamps.clicked_at, stamps.suspect_at) == (later, NOW)
    assert figures(engine, workspace_id, campaign_id, *shown) == (1, 0, 2, 1, 1)
    assert rule(engine, campaign_id, 1, "suspect") == rule(engine, campaign_id, 2, "suspect") == Settled(1, 0)
    assert figures(engine, workspace_id, campaign_id, *shown) == (0, 1, 0, 3, 1)


def test_each_verdict_is_kept_as_a_fact(engine: Engine) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 1)
    learn_hits(engine, hit(campaign_id, 0))
    apply(engine, campaign_id)
    rule(engine, campaign_id, 0, "suspect")
    rule(engine, campaign_id, 0, "human")
    assert verdict_of(engine, campaign_id, 0) == ("human", "burst", 2)
    with reading(engine) as session:
        facts = session.exec(select(Fact).order_by(Fact.source))
        told = [(fact.kind, fact.source, fact.value, fact.detail, fact.rules) for fact in facts]
    assert told == [
        ("hit", "segment:0", "human", "", 1),
        ("verdict", "segment:0:1", "suspect", "burst", 2),
        ("verdict", "segment:0:2", "human", "burst", 2),
    ]


def test_a_hit_is_not_judged_again_before_it_is_counted_nor_by_what_was_read_before(engine: Engine) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 1)
    learn_hits(engine, hit(campaign_id, 0))
    assert rule(engine, campaign_id, 0, "suspect") == Settled(0, 1)
    apply(engine, campaign_id)
    outdated = [Ruling("segment", 0, 0, "machine", "head", 2)]
    assert rule(engine, campaign_id, 0, "suspect") == Settled(1, 0)
    assert change_verdicts(engine, campaign_id, outdated, lambda: NOW) == Settled(0, 1)
    assert verdict_of(engine, campaign_id, 0) == ("suspect", "burst", 1)


def test_an_interaction_makes_its_hit_human_for_good_whenever_it_comes(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    campaign_id = factories.produced_campaign(engine, workspace_id, 3)
    machines = [hit(campaign_id, n, n, "machine", reason="preview") for n in range(3)]
    interact(engine, campaign_id, 0, 0)
    apply(engine, campaign_id)
    learn_hits(engine, *machines[:2])
    interact(engine, campaign_id, 1, 1)
    apply(engine, campaign_id)
    learn_hits(engine, machines[2])
    apply(engine, campaign_id)
    assert figures(engine, workspace_id, campaign_id, "clicked", "machine", "hit_human", "hit_machine") == (2, 1, 2, 1)
    interact(engine, campaign_id, 2, 2)
    apply(engine, campaign_id)
    assert rule(engine, campaign_id, 2, "machine") == Settled(0, 0)
    assert figures(engine, workspace_id, campaign_id, "clicked", "machine", "hit_human", "hit_machine") == (3, 0, 3, 0)
    assert {verdict_of(engine, campaign_id, n) for n in range(3)} == {("human", "interaction", 0)}


def engaged_at(engine: Engine, campaign_id: int, n: int) -> datetime | None:
    with reading(engine) as session:
        return session.get_one(Message, (campaign_id, n)).engaged_at


def test_a_message_is_engaged_from_the_first_interaction_on_whatever_is_ruled_and_if_it_may_be_seen(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    campaign_id = factories.produced_campaign(engine, workspace_id, 2, tracked=1)
    before = NOW - timedelta(minutes=1)
    interact(engine, campaign_id, 0, 0)
    interact(engine, campaign_id, 1, 1)
    apply(engine, campaign_id)
    assert (engaged_at(engine, campaign_id, 0), engaged_at(engine, campaign_id, 1)) == (NOW, None), "before its hit came"
    learn(engine, [NewFact(campaign_id, "interaction", "segment:2", 0, before, value="human", detail="event")])
    learn_hits(engine, *(hit(campaign_id, position, 0, "machine", reason="preview") for position in (0, 2, 3)))
    interact(engine, campaign_id, 0, 0)
    apply(engine, campaign_id)
    assert rule(engine, campaign_id, 0, "machine") == Settled(0, 0)
    assert engaged_at(engine, campaign_id, 0) == before
    shown = ("engaged", "clicked", "hit_human", "hit_machine")
    assert figures(engine, workspace_id, campaign_id, *shown) == (1, 1, 2, 1), "the visit that nothing happened on stays"
    rebuild_counters(engine, campaign_id)
    assert figures(engine, workspace_id, campaign_id, *shown) == (1, 1, 2, 1)


def test_who_took_part_is_engaged_without_an_interaction_and_no_visit_becomes_a_persons(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    campaign_id = factories.produced_campaign(engine, workspace_id, 2, tracked=1)
    took_part = [NewFact(campaign_id, "participated", f"form:{n}:opinion", n, NOW) for n in range(2)]
    learn(engine, took_part)
    learn_hits(engine, hit(campaign_id, 0, 0, "machine", reason="preview"))
    apply(engine, campaign_id)
    earlier = took_part[0]._replace(source="draw:0:card", occurred_at=NOW - timedelta(minutes=1))
    learn(engine, [earlier, *took_part])
    apply(engine, campaign_id)
    assert (engaged_at(engine, campaign_id, 0), engaged_at(engine, campaign_id, 1)) == (earlier.occurred_at, None)
    shown = ("engaged", "clicked", "machine", "hit_human")
    assert figures(engine, workspace_id, campaign_id, *shown) == (1, 0, 1, 0)
    rebuild_counters(engine, campaign_id)
    assert figures(engine, workspace_id, campaign_id, *shown) == (1, 0, 1, 0)


def test_a_payment_is_revenue_once_however_often_it_is_told(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    campaign_id = factories.produced_campaign(engine, workspace_id, 2)
    rebuild_counters(engine, campaign_id)
    paid = NewFact(campaign_id, "paid", "pay_1", 0, NOW, amount_minor=4_990, currency="EUR")
    for told in (
        paid,
        paid._replace(occurred_at=NOW + timedelta(minutes=1)),
        paid._replace(source="pay_2", amount_minor=10),
    ):
        fold_campaign(engine, campaign_id, told)
    learn(engine, [NewFact(campaign_id, "redeemed", "rdm_1", 1, NOW, amount_minor=1_000, currency="EUR")])
    apply(engine, campaign_id)
    assert figures(engine, workspace_id, campaign_id, "paid", "payment", "redemption", "reached") == (1, 2, 1, 1)
    with reading(engine) as session:
        funnel = read_funnel(session, workspace_id, campaign_id)
        assert funnel.revenue == funnel.net_revenue == (Money(6_000, "EUR"),)
        assert session.get_one(Message, (campaign_id, 0)).paid_at == NOW
        assert counters.stored(session, campaign_id) == counters.brute_force(session, campaign_id)


def test_an_applier_waits_while_verdicts_change(postgresql_url: str) -> None:
    engine = open_engine(postgresql_url)
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 1)
    learn_hits(engine, hit(campaign_id, 0))
    with ThreadPoolExecutor(1) as pool, writing(engine) as session:
        leases.hold_off(session, lease_name(campaign_id))
        waiting = pool.submit(apply_batch, engine, campaign_id, "test", lambda: NOW)
        assert not wait([waiting], timeout=0.2).done
        session.commit()
        assert waiting.result(10) == 1
    engine.dispose()
