from datetime import timedelta

from sqlalchemy import Engine
from sqlmodel import col, select

from linksvc.database import reading, writing
from linksvc.facts import NewFact, record
from linksvc.models import Fact
from tests import factories
from tests.factories import NOW


def stored(engine: Engine) -> list[Fact]:
    with reading(engine) as session:
        return list(session.exec(select(Fact).order_by(Fact.kind, Fact.source)))


def test_recording_twice_changes_nothing(engine: Engine) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 1)
    fact = NewFact(campaign_id, "accepted", "0.1.1", 0, NOW, parts=1, route_id=1)
    with writing(engine) as session:
        record(session, [fact], NOW)
    before = stored(engine)
    with writing(engine) as session:
        record(session, [fact._replace(parts=2, occurred_at=NOW + timedelta(1))], NOW + timedelta(1))
        record(session, [fact, fact], NOW)
        record(session, [], NOW)
    assert stored(engine) == before


def test_a_fact_is_pending_and_has_both_its_times(engine: Engine) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 1)
    known_at = NOW + timedelta(hours=1)
    with writing(engine) as session:
        record(session, [NewFact(campaign_id, "hit", "s:0:1", None, NOW, value="human")], known_at)
    (fact,) = stored(engine)
    assert (fact.n, fact.occurred_at, fact.recorded_at, fact.applied_at) == (None, NOW, known_at, None)


def test_kind_source_and_campaign_name_a_fact_together(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    ours, theirs = (factories.produced_campaign(engine, workspace_id, 1) for _ in range(2))
    with writing(engine) as session:
        record(
            session,
            [
                NewFact(ours, "receipt", "0.1.1", 0, NOW, value="DELIVERED"),
                NewFact(ours, "accepted", "0.1.1", 0, NOW, parts=1),
                NewFact(ours, "receipt", "0.2.1", 0, NOW, value="EXPIRED"),
                NewFact(theirs, "receipt", "0.1.1", 0, NOW, value="UNKNOWN"),
            ],
            NOW,
        )
    with reading(engine) as session:
        assert len(session.exec(select(Fact).where(col(Fact.applied_at).is_(None))).all()) == 4


def test_facts_vanish_with_the_transaction_that_recorded_them(engine: Engine) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 1)
    try:
        with writing(engine) as session:
            record(session, [NewFact(campaign_id, "reply", "in-1", 0, NOW)], NOW)
            raise RuntimeError
    except RuntimeError:
        pass
    assert stored(engine) == []


def test_a_fact_keeps_why_a_part_was_refused_and_what_it_cost(engine: Engine) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 1)
    fact = NewFact(campaign_id, "refused", "0.1.1", 0, NOW, currency="EUR", cause="unknown_number", price_micros=45_000)
    with writing(engine) as session:
        record(session, [fact], NOW)
    (kept,) = stored(engine)
    assert (kept.cause, kept.price_micros, kept.currency) == ("unknown_number", 45_000, "EUR")
