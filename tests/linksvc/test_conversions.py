"""Conversions that pages claimed: listed to the last one, in their workspace alone, found without a walk over events."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, event

from linksvc.bulk import insert_rows
from linksvc.conversions import Conversion, count_conversions, list_conversions
from linksvc.database import open_engine, reading, writing
from linksvc.errors import InvalidRequest, NotFound
from linksvc.models import PageEvent
from linksvc.money import Money
from tests import factories
from tests.factories import NOW

SEGMENT = "11111111-1111-4111-8111-111111111111"


def claim(engine: Engine, campaign_id: int, count: int) -> None:
    """So many conversions, every second one without an amount, and as many views."""
    blank = PageEvent(
        campaign_id=campaign_id,
        segment=SEGMENT,
        position=0,
        number=0,
        n=0,
        link_id=1,
        page_id=0,
        name="view",
        occurred_at=NOW,
        recorded_at=NOW,
    ).model_dump()
    rows = [blank | {"position": place} for place in range(count)]
    for place in range(count):
        amount = {"amount_minor": 4_990, "currency": "EUR"} if place % 2 == 0 else {}
        rows.append(blank | {"position": place, "number": 1, "name": "conversion", "order_ref": f"A-{place}", **amount})
        rows[-1]["occurred_at"] = NOW + timedelta(minutes=place // 2)
    with writing(engine) as session:
        insert_rows(session, PageEvent, tuple(blank), [tuple(row.values()) for row in rows])


def test_every_claimed_conversion_is_listed_once(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    campaign_id = factories.produced_campaign(engine, workspace_id, 1)
    claim(engine, campaign_id, 7)
    found: list[Conversion] = []
    after: str | None = ""
    with reading(engine) as session:
        while after is not None:
            page = list_conversions(session, workspace_id, campaign_id, after, limit=3)
            assert page.total == 7 == count_conversions(session, campaign_id)
            found += page.rows
            after = page.next_after
    assert [one.order_ref for one in found] == [f"A-{place}" for place in reversed(range(7))], "newest first"
    assert [one.paid for one in found[:2]] == [Money(4_990, "EUR"), None]
    assert (found[-1].n, found[-1].number, found[-1].occurred_at) == (0, f"+336399{campaign_id}0000", NOW)


def test_another_workspaces_are_not_there_and_a_cursor_is_checked(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    campaign_id = factories.produced_campaign(engine, workspace_id, 1)
    with reading(engine) as session:
        assert list_conversions(session, workspace_id, campaign_id).rows == ()
        with pytest.raises(NotFound):
            list_conversions(session, workspace_id + 1, campaign_id)
        for cursor in ("x", "1.2.3.4", f"1.{SEGMENT}.1", f"{'9' * 20}.{SEGMENT}.1.1", "\0"):
            with pytest.raises(InvalidRequest):
                list_conversions(session, workspace_id, campaign_id, cursor)


def test_a_page_of_conversions_costs_the_same_among_a_million_other_events(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    workspace_id = factories.workspace(engine)
    campaign_id = factories.produced_campaign(engine, workspace_id, 1)
    plans: list[str] = []

    def explain(connection: Connection, _c: object, statement: str, values: tuple[object, ...], *_: object) -> None:
        if "FROM page_event" in statement:
            raw = connection.connection.cursor()
            plans.append(str(raw.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()))

    event.listen(engine, "before_cursor_execute", explain)
    with reading(engine) as session:
        list_conversions(session, workspace_id, campaign_id, f"1.{SEGMENT}.1.2")
    engine.dispose()
    assert len(plans) == 2
    assert all("ix_page_event_conversion" in plan for plan in plans), plans
