"""What is inserted the quick way stands in the database as if the ORM had written it."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import DataError, IntegrityError, StatementError
from sqlmodel import SQLModel, col, func, select

from linksvc.bulk import LEAST_COPIED, append_rows, insert_fresh, insert_rows, listed, mark_rows, read_rows, update_rows
from linksvc.database import is_sqlite, open_engine, reading, writing
from linksvc.models import Fact, Hit, Message
from linksvc.stamps import COLUMNS, Stamps, stamps_of
from tests.factories import NOW, produced_campaign, workspace

MOMENTS = (
    NOW,
    NOW + timedelta(microseconds=7),
    datetime(2026, 3, 29, 2, 30, 0, 999_999, tzinfo=timezone(timedelta(hours=2))),
    datetime(999, 1, 1, tzinfo=UTC),
)
TEXTS = ("", "plain", "tab\tand\nline", "quote \" and ' and \\N", "éà € 👍", "\x01\x7f", "{}")


@pytest.fixture
def campaign(engine: Engine) -> int:
    return produced_campaign(engine, workspace(engine), 3)


def hit(campaign: int, i: int) -> Hit:
    told = TEXTS[i % len(TEXTS)]
    return Hit(
        campaign_id=campaign,
        segment="segment",
        position=2**40 + i,
        n=None if i % 4 == 0 else i,
        link_id=2**33,
        method="GET",
        network="192.0.2.0/24",
        user_agent=told,
        referrer=told,
        language="fr",
        occurred_at=MOMENTS[i % len(MOMENTS)],
        recorded_at=NOW,
    )


def fact(campaign: int, i: int) -> Fact:
    return Fact(
        campaign_id=campaign,
        kind="hit",
        source=f"segment:{i}",
        n=None if i % 4 == 0 else i % 3,
        value=TEXTS[i % len(TEXTS)],
        amount_minor=-(2**40),
        occurred_at=MOMENTS[i % len(MOMENTS)],
        recorded_at=NOW,
        applied_at=None if i % 2 else NOW,
    )


def insert(engine: Engine, rows: list[Any]) -> None:
    columns = tuple(type(rows[0]).model_fields)[::-1]
    with writing(engine) as session:
        insert_rows(session, type(rows[0]), columns, [tuple(getattr(row, name) for name in columns) for row in rows])


def kept(engine: Engine, table: type[SQLModel]) -> list[tuple[Any, ...]]:
    """What is in the table as the driver tells it, and on SQLite also what kind of value that is."""
    with reading(engine) as session:
        names = list(table.model_fields)
        kinds = [f"typeof({name})" for name in names] if is_sqlite(session) else []
        chosen = ", ".join([f'"{name}"' for name in names] + kinds)
        found = session.connection().exec_driver_sql(f"SELECT {chosen} FROM {table.__tablename__} ORDER BY 1, 2, 3")
        return [tuple(row) for row in found]


@pytest.mark.parametrize("count", [1, LEAST_COPIED + 30])
@pytest.mark.parametrize("make", [hit, fact])
def test_a_row_is_stored_as_the_orm_stores_it(engine: Engine, campaign: int, make: Any, count: int) -> None:
    insert(engine, [make(campaign, i) for i in range(count)])
    quick = kept(engine, Hit if make is hit else Fact)
    with writing(engine) as session:
        session.connection().exec_driver_sql("DELETE FROM hit")
        session.connection().exec_driver_sql("DELETE FROM fact")
    with writing(engine) as session:
        session.add_all(make(campaign, i) for i in range(count))
    assert quick == kept(engine, Hit if make is hit else Fact)
    assert len(quick) == count


@pytest.mark.parametrize("count", [2, LEAST_COPIED + 30])
def test_rows_whose_key_is_there_stay_as_they_are_and_the_others_come(engine: Engine, campaign: int, count: int) -> None:
    insert(engine, [fact(campaign, 0)])
    before = kept(engine, Fact)
    changed = [fact(campaign, i % (count - 1)) for i in range(count)]
    for row in changed:
        row.detail = "told again"
    insert(engine, changed)
    assert kept(engine, Fact)[0] == before[0]
    with reading(engine) as session:
        assert session.exec(select(func.count()).select_from(Fact)).one() == count - 1
        told_again = select(func.count()).select_from(Fact).where(col(Fact.detail) == "told again")
        assert session.exec(told_again).one() == count - 2


@pytest.mark.parametrize("count", [1, LEAST_COPIED + 30])
def test_what_the_database_refuses_is_an_error_of_sqlalchemy_and_leaves_nothing(
    engine: Engine, campaign: int, count: int
) -> None:
    facts = [fact(campaign, i) for i in range(count)]
    facts[-1].value = None  # type: ignore[assignment]
    with pytest.raises(IntegrityError):
        insert(engine, facts)
    facts[-1].n = 2**63
    with pytest.raises((DataError, OverflowError)):
        insert(engine, facts)
    assert not kept(engine, Fact)


@pytest.mark.parametrize("count", [1, LEAST_COPIED + 30])
def test_a_moment_without_a_time_zone_is_refused(engine: Engine, campaign: int, count: int) -> None:
    facts = [fact(campaign, i) for i in range(count)]
    facts[-1].occurred_at = datetime(2026, 11, 20)  # noqa: DTZ001
    with pytest.raises((ValueError, TypeError, StatementError)):
        insert(engine, facts)
    assert not kept(engine, Fact)


@pytest.mark.parametrize("count", [1, LEAST_COPIED + 1])
def test_what_rows_have_in_common_is_stored_with_each(engine: Engine, campaign: int, count: int) -> None:
    for text in TEXTS:
        of_all = {"segment": "one", "link_id": -(2**40), "n": None, "device": text, "recorded_at": MOMENTS[0]}
        hits = [hit(campaign, i).model_copy(update=of_all) for i in range(count)]
        insert(engine, hits)
        apart = kept(engine, Hit)
        columns = tuple(name for name in Hit.model_fields if name not in of_all)
        with writing(engine) as session:
            session.connection().exec_driver_sql("DELETE FROM hit")
            insert_rows(session, Hit, columns, [tuple(getattr(row, name) for name in columns) for row in hits], of_all)
        assert kept(engine, Hit) == apart
        with writing(engine) as session:
            session.connection().exec_driver_sql("DELETE FROM hit")


def test_a_fact_is_stored_without_a_table_made_for_it(engine: Engine, campaign: int) -> None:
    """As SQLite makes one for a list of more than two, in an index's condition too."""
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    insert(engine, [fact(campaign, 1)])
    statement = next(one for one in asked if one.startswith("INSERT INTO fact"))
    if engine.dialect.name == "sqlite":
        with reading(engine) as session:
            unbound = [None] * statement.count("?")
            steps = session.connection().exec_driver_sql(f"EXPLAIN {statement}", tuple(unbound)).all()
        assert "OpenEphemeral" not in {step[1] for step in steps}


def test_no_rows_are_no_statement(engine: Engine) -> None:
    with writing(engine) as session:
        insert_rows(session, Fact, ("campaign_id",), [])


def test_rows_that_are_changed_stand_there_as_if_the_orm_had_changed_them(engine: Engine, campaign: int) -> None:
    insert(engine, [fact(campaign, i) for i in range(9)])
    rows = [(campaign, "hit", f"segment:{i}", told, i or None, at) for i, (told, at) in enumerate(zip(TEXTS, MOMENTS * 2))]  # noqa: B905
    with writing(engine) as session:
        update_rows(session, Fact, ("campaign_id", "kind", "source"), ("value", "n", "applied_at"), rows)
        update_rows(session, Fact, ("campaign_id", "kind", "source"), ("value",), [])
    with reading(engine) as session:
        found = session.exec(select(Fact.source, Fact.value, Fact.n, Fact.applied_at).order_by(col(Fact.source))).all()
    assert [tuple(row) for row in found[:-2]] == [row[2:] for row in rows]
    assert found[-1].value == fact(campaign, 8).value, "nobody named it"


def test_a_text_is_stored_as_it_is_whatever_the_database_would_read_in_it(engine: Engine, campaign: int) -> None:
    texts = [*TEXTS, "NULL", "null", ",", "{a,b}", "\\", '\\"', '"', " ", "a b ", "%s", "$1", "'", "\u2028"]
    columns = tuple(Fact.model_fields)
    facts = [fact(campaign, i).model_copy(update={"value": told}) for i, told in enumerate(texts)]
    with writing(engine) as session:
        append_rows(session, Fact, columns, [tuple(getattr(one, name) for name in columns) for one in facts])
    with reading(engine) as session:
        found = session.exec(select(Fact.source, Fact.value)).all()
    assert dict(found) == {f"segment:{i}": told for i, told in enumerate(texts)}


@pytest.mark.parametrize("value", ["\ud800", b"octets", "a\0b", datetime(2026, 11, 20)])  # noqa: DTZ001
def test_a_value_that_no_database_takes_is_refused(postgresql_url: str, value: Any) -> None:
    engine = open_engine(postgresql_url)
    campaign = produced_campaign(engine, workspace(engine), 1)
    with pytest.raises((ValueError, DataError)), writing(engine) as session:
        update_rows(session, Message, ("campaign_id", "n"), ("network",), [(campaign, 0, value)])
    engine.dispose()


def test_rows_are_marked_by_their_key_and_no_others(engine: Engine, campaign: int) -> None:
    insert(engine, [fact(campaign, i) for i in range(4)])
    sources = ["segment:1", "segment:3", "segment:9", TEXTS[0]]
    with writing(engine) as session:
        mark_rows(session, Fact, ("applied_at", MOMENTS[2]), {"campaign_id": campaign, "kind": "hit"}, "source", sources)
        mark_rows(session, Fact, ("applied_at", None), {"campaign_id": campaign, "kind": "hit"}, "source", [])
        mark_rows(session, Fact, ("applied_at", None), {"campaign_id": campaign, "kind": "receipt"}, "source", sources)
    with reading(engine) as session:
        found = session.exec(select(Fact.source, Fact.applied_at).order_by(col(Fact.source))).all()
    assert [source for source, at in found if at == MOMENTS[2]] == ["segment:1", "segment:3"]
    assert [source for source, at in found if at == NOW] == ["segment:0", "segment:2"]


def test_rows_that_were_there_are_not_told_as_fresh(postgresql_url: str) -> None:
    engine = open_engine(postgresql_url)
    campaign = produced_campaign(engine, workspace(engine), 3)
    columns = tuple(Fact.__table__.columns.keys())  # type: ignore[attr-defined]
    rows = [tuple(getattr(fact(campaign, i), name) for name in columns) for i in range(4)]
    with writing(engine) as session:
        assert insert_fresh(session, Fact, columns, rows[:2], ("source", "n")) == [("segment:0", None), ("segment:1", 1)]
        assert insert_fresh(session, Fact, columns, rows, ("source",)) == [("segment:2",), ("segment:3",)]
        assert insert_fresh(session, Fact, columns, [], ("source",)) == []
    assert len(kept(engine, Fact)) == 4
    engine.dispose()


def test_a_list_of_texts_is_a_table_in_their_order(engine: Engine) -> None:
    texts = [*TEXTS, "", "{}", "[1]", "NULL"]
    with reading(engine) as session:
        given = listed(session, texts)
        found = session.connection().execute(select(given.c.place, given.c.value).order_by(given.c.place)).all()
        assert [tuple(row) for row in found] == list(enumerate(texts))
        assert session.connection().execute(select(func.count()).select_from(listed(session, []))).scalar_one() == 0


def test_rows_are_read_as_the_model_reads_them(engine: Engine, campaign: int) -> None:
    columns = tuple(Hit.model_fields)
    with writing(engine) as session:
        session.add_all(hit(campaign, i) for i in range(8))
        message = session.exec(select(Message).where(Message.campaign_id == campaign, Message.n == 1)).one()
        message.submitted_at, message.state, message.tracked = MOMENTS[1], TEXTS[3], True
    with reading(engine) as session:
        read = read_rows(session, Hit, columns, ("campaign_id", campaign), "position", [2**40 + i for i in (0, 3, 5, 99)])
        rows = [row for row in session.exec(select(Hit)) if row.position - 2**40 in (0, 3, 5)]
        assert sorted(read, key=repr) == sorted((tuple(getattr(row, name) for name in columns) for row in rows), key=repr)
        stamps = [Stamps(*row) for row in read_rows(session, Message, COLUMNS, ("campaign_id", campaign), "n", [1, 2])]
        messages = session.exec(select(Message).where(col(Message.n).in_([1, 2]))).all()
        assert sorted(stamps, key=lambda one: one.n) == [stamps_of(one) for one in sorted(messages, key=lambda one: one.n)]
        assert {one.tracked is True or one.tracked is False for one in stamps} == {True}
        assert read_rows(session, Hit, columns, ("campaign_id", campaign), "position", []) == []
        assert read_rows(session, Hit, columns, ("campaign_id", campaign + 1), "position", [2**40]) == []
