"""The law of the funnel: counters = brute force = rows listed, after any facts in any order and any batches."""

from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, event
from sqlmodel import Session, col, delete, select, update

from linksvc import counters, facts
from linksvc.applier import apply_batch, campaigns_with_pending_facts, rebuild_counters
from linksvc.database import open_engine, reading, writing
from linksvc.facts import NewFact
from linksvc.funnel import Funnel, list_messages, read_funnel
from linksvc.models import Campaign, Fact, FunnelCount, Lease, Message
from linksvc.stages import SENT, STAGES, UNSENT
from linksvc.stamps import WRITTEN, Stamps, fold, stamps_of, unstamped
from tests import factories
from tests.factories import NOW

SIZE = 6
moments = st.integers(0, 7_200).map(lambda seconds: NOW + timedelta(seconds=seconds))
receipts = st.sampled_from(["DELIVERED", "UNKNOWN", "EXPIRED", "DELETED", "UNDELIVERABLE", "REJECTED"])


@st.composite
def part_facts(draw: st.DrawFn, campaign_id: int, n: int, part: int, parts: int) -> list[NewFact]:
    source = f"{n}.{part}.1"
    kind = draw(st.sampled_from(["accepted", "accepted", "accepted", "refused", "outcome_unknown", "nothing"]))
    if kind == "nothing":
        return []
    made = [NewFact(campaign_id, kind, source, n, draw(moments), value="0x0b", parts=parts, route_id=3)]
    if kind == "accepted" and draw(st.booleans()):
        made.append(NewFact(campaign_id, "receipt", source, n, draw(moments), value=draw(receipts), detail="001"))
    return made


@st.composite
def histories(draw: st.DrawFn, campaign_id: int) -> list[NewFact]:
    """What may happen to the messages of a campaign, in any order."""
    made: list[NewFact] = []
    for n in range(SIZE):
        parts = draw(st.integers(1, 2))
        for part in range(1, parts + 1):
            made += draw(part_facts(campaign_id, n, part, parts))
        if draw(st.booleans()):
            reason = draw(st.sampled_from(["stopped", "cancelled", "expired_unsent"]))
            made.append(NewFact(campaign_id, "unsent", str(n), n, draw(moments), value=reason))
    verdicts = st.sampled_from(["human", "suspect", "machine"])
    for i, n in enumerate(draw(st.lists(st.one_of(st.none(), st.integers(0, SIZE - 1)), max_size=8))):
        made.append(NewFact(campaign_id, "hit", f"segment:{i}:1", n, draw(moments), value=draw(verdicts)))
    for i, n in enumerate(draw(st.lists(st.integers(0, SIZE - 1), max_size=5))):
        kind = draw(st.sampled_from(["redeemed", "reply", "opted_out"]))
        amount, currency = (
            (draw(st.integers(0, 9_999)), draw(st.sampled_from(["EUR", "CAD"]))) if kind == "redeemed" else (0, "")
        )
        made.append(NewFact(campaign_id, kind, f"x{i}", n, draw(moments), amount_minor=amount, currency=currency))
    return draw(st.permutations(made))


def start_over(engine: Engine, campaign_id: int) -> None:
    """Takes the campaign back to how it was produced."""
    blank = unstamped(Message(campaign_id=0, n=0, contact_id=0, number="", country="", tracked=True, produced_at=NOW))
    with writing(engine) as session:
        for table in (Fact, FunnelCount, Lease):
            session.exec(delete(table))
        session.exec(update(Message).values({name: getattr(blank, name) for name in WRITTEN}))
        session.exec(update(Campaign).values(state="sending"))
        counters.rebuild(session, campaign_id)


def learn(engine: Engine, made: list[NewFact], at: datetime = NOW) -> None:
    with writing(engine) as session:
        facts.record(session, made, at)


def assert_true(session: Session, workspace_id: int, campaign_id: int) -> Funnel:
    assert counters.stored(session, campaign_id) == counters.brute_force(session, campaign_id)
    funnel = read_funnel(session, workspace_id, campaign_id)
    for stage in STAGES:
        page = list_messages(session, workspace_id, campaign_id, stage)
        assert len(page.rows) == page.total == funnel[stage], stage
    assert funnel.unaccounted == 0
    assert funnel["produced"] == SIZE == sum(funnel[stage] for stage in UNSENT) + funnel["submitted"]
    assert funnel["submitted"] == sum(funnel[stage] for stage in SENT)
    known = list(session.exec(select(Fact)))
    for message in session.exec(select(Message)):
        refolded: Stamps = unstamped(message)
        fold(refolded, [fact for fact in known if fact.n == message.n])
        assert refolded == stamps_of(message)
    hits = [fact for fact in known if fact.kind == "hit"]
    assert [funnel[f"hit_{v}"] for v in ("human", "suspect", "machine")] == [
        len([fact for fact in hits if fact.value == v]) for v in ("human", "suspect", "machine")
    ]
    paid: dict[str, int] = {}
    for fact in known:
        if fact.kind == "redeemed":
            paid[fact.currency] = paid.get(fact.currency, 0) + fact.amount_minor
    assert {money.currency: money.amount_minor for money in funnel.revenue} == paid
    return funnel


def test_counters_equal_brute_force_and_the_rows_listed_after_any_facts(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    campaign_id = factories.produced_campaign(engine, workspace_id, SIZE, tracked=4)

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(histories(campaign_id), st.integers(0, 20))
    def holds(history: list[NewFact], cut: int) -> None:
        start_over(engine, campaign_id)
        for batch in (history[:cut], history[cut:], history):
            learn(engine, batch)
            while apply_batch(engine, campaign_id, "test", lambda: NOW):
                pass
            with reading(engine) as session:
                assert_true(session, workspace_id, campaign_id)

    holds()


def test_an_applied_fact_is_pending_no_more(engine: Engine) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 1)
    learn(engine, [NewFact(campaign_id, "hit", "s:0:1", 0, NOW, value="human")])
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
    learn(engine, [NewFact(campaign_id, "hit", "s:0:1", 0, NOW, value="human")])
    assert apply_batch(engine, campaign_id, "one", lambda: NOW) == 1
    learn(engine, [NewFact(campaign_id, "hit", "s:1:1", 0, NOW, value="human")])
    assert apply_batch(engine, campaign_id, "two", lambda: NOW) == 0
    assert apply_batch(engine, campaign_id, "two", lambda: NOW + timedelta(minutes=1)) == 1


def test_a_campaign_is_sent_when_nothing_is_queued_any_more(engine: Engine) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 2)
    with writing(engine) as session:
        counters.rebuild(session, campaign_id)
    for n, state in ((0, "sending"), (1, "sent")):
        learn(engine, [NewFact(campaign_id, "accepted", f"{n}.1.1", n, NOW, parts=1, route_id=1)])
        apply_batch(engine, campaign_id, "test", lambda: NOW)
        with reading(engine) as session:
            assert session.exec(select(Campaign.state).where(col(Campaign.id) == campaign_id)).one() == state


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
