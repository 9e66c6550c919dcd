"""A campaign's hits stand in blocks, and a message's are found in all of them."""

from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session, col, select

from linksvc.bulk import insert_rows
from linksvc.database import is_sqlite, reading, writing
from linksvc.message_hits import BLOCK_HITS, next_block, of_messages
from linksvc.models import Hit
from tests import factories
from tests.factories import hit, learn_hits

MESSAGES = 2_000


@pytest.fixture
def campaign(engine: Engine) -> int:
    return factories.produced_campaign(engine, factories.workspace(engine), MESSAGES)


@pytest.mark.parametrize(("drawn", "block"), [(0.2499, 8), (0.25, 7)])
def test_a_block_is_followed_by_another_after_so_many_hits_on_average(
    drawn: float, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.random", lambda: drawn)
    assert next_block(7, BLOCK_HITS // 4) == block


def test_the_hits_of_messages_are_found_in_every_block_of_their_campaign_and_of_no_other(
    engine: Engine, campaign: int
) -> None:
    other = factories.produced_campaign(engine, factories.workspace(engine, name="Other"), 5)
    learn_hits(engine, *(hit(campaign, at, n=at % 5, block=at % 3) for at in range(30)), hit(campaign, 30, n=None, block=2))
    learn_hits(engine, *(hit(other, at, n=at, block=9) for at in range(5)))
    with reading(engine) as session:
        found = session.exec(select(Hit.position).where(of_messages(session, campaign, {1, 3})))
        assert sorted(found) == [at for at in range(30) if at % 5 in (1, 3)]
        assert session.exec(select(Hit.position).where(of_messages(session, other + campaign, {1}))).all() == []


@pytest.mark.parametrize("is_analysed", [False, True])
def test_they_are_looked_up_by_their_index(engine: Engine, campaign: int, is_analysed: bool) -> None:
    blank = hit(campaign, 0).model_dump()
    rows = [tuple((blank | {"position": at, "n": at % MESSAGES, "block": at // 4_000}).values()) for at in range(20_000)]
    with writing(engine) as session:
        insert_rows(session, Hit, tuple(blank), rows)
        if is_analysed:
            session.connection().exec_driver_sql("ANALYZE hit")
    with reading(engine) as session:
        plan = plan_of(session, campaign)
    assert "ix_hit_message" in plan
    assert plan.count("block") and plan.count("n = ANY" if not is_sqlite(session) else "n=?")


def plan_of(session: Session, campaign: int) -> str:
    """How the database looks for the hits of some messages."""
    asked: list[tuple[str, Any]] = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *told: asked.append(told[2:4]))
    found = session.exec(select(Hit.position).where(of_messages(session, campaign, range(10)), col(Hit.verdict) == "human"))
    assert len(found.all()) == 100
    explain = "EXPLAIN QUERY PLAN" if is_sqlite(session) else "EXPLAIN"
    statement, parameters = asked[-1]
    return "\n".join(str(row) for row in session.connection().exec_driver_sql(f"{explain} {statement}", parameters))
