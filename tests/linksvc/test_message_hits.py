"""A campaign's hits stand in blocks, and a message's are found in all of them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session, col, select

from linksvc.bulk import insert_rows
from linksvc.click_contexts import click_contexts
from linksvc.database import is_sqlite, reading, writing
from linksvc.message_hits import BLOCK_HITS, next_block, of_messages
from linksvc.models import Hit
from tests import factories
from tests.factories import NOW, hit, learn_hits

MESSAGES = 2_000


@pytest.fixture
def campaign(engine: Engine) -> int:
    return factories.produced_campaign(engine, factories.workspace(engine), MESSAGES)


@pytest.mark.parametrize(("last", "size"), [(0, 1), (7, 1), (16, 2), (40, 4)])
def test_a_block_is_followed_by_another_after_so_many_hits_on_average(
    last: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for drawn, step in ((0.2499, 1), (0.25, 0)):
        monkeypatch.setattr("random.random", lambda drawn=drawn: drawn)
        assert next_block(last, size * BLOCK_HITS // 4) == last + step


def test_a_campaign_of_millions_of_hits_has_few_blocks() -> None:
    block, blocks = 0, {}
    for hits in range(0, 10_000_000, 1_000):
        block = next_block(block, 1_000)
        blocks[hits] = block
    assert 20 < blocks[1_000_000] < 60 < block < 140


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


def of_some(session: Session, campaign: int) -> None:
    found = session.exec(select(Hit.position).where(of_messages(session, campaign, range(10)), col(Hit.verdict) == "human"))
    assert len(found.all()) == 100


def first_clicks(session: Session, campaign: int) -> None:
    clicked = {n: NOW + timedelta(milliseconds=n) for n in range(10)}
    assert {found.device for found in click_contexts(session, campaign, clicked, ()).values()} == {"phone"}


@pytest.mark.parametrize("is_analysed", [False, True])
@pytest.mark.parametrize(
    ("look", "index", "column"), [(of_some, "ix_hit_message", "n"), (first_clicks, "ix_hit_time", "occurred_at")]
)
def test_they_are_looked_up_by_an_index(
    engine: Engine, campaign: int, look: Callable[[Session, int], None], index: str, column: str, is_analysed: bool
) -> None:
    blank = hit(campaign, 0, device="phone").model_dump()
    own = [
        {"position": at, "n": at % MESSAGES, "block": at // 4_000, "occurred_at": NOW + timedelta(milliseconds=at)}
        for at in range(20_000)
    ]
    with writing(engine) as session:
        insert_rows(session, Hit, tuple(blank), [tuple((blank | one).values()) for one in own])
        if is_analysed:
            session.connection().exec_driver_sql("ANALYZE hit")
    asked: list[tuple[str, Any]] = []
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2:4]))
    with reading(engine) as session:
        look(session, campaign)
        statement, parameters = next(one for one in asked if "FROM hit" in one[0] and "max(" not in one[0])
        explain, found = ("EXPLAIN QUERY PLAN", f"{column}=?") if is_sqlite(session) else ("EXPLAIN", f"{column} = ANY")
        plan = "\n".join(str(row) for row in session.connection().exec_driver_sql(f"{explain} {statement}", parameters))
    assert index in plan
    assert found in plan.partition("Filter")[0], plan
