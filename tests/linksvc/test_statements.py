"""Statements that go to the driver by themselves find what SQLAlchemy's way finds, and break as it does."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, bindparam, event, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from linksvc import bulk
from linksvc.bulk import append_rows, append_to_all, as_given
from linksvc.database import is_sqlite, open_engine, reading, writing
from linksvc.models import IdempotencyRecord, Offer, PromoCode
from linksvc.statements import Statement, execute
from tests import factories
from tests.factories import NOW

_OFFERS = Offer.__table__  # type: ignore[attr-defined]

FIND = Statement(
    lambda _: select(
        _OFFERS.c.name, _OFFERS.c.starts_at, _OFFERS.c.ends_at, _OFFERS.c.stackable, _OFFERS.c.id > bindparam("least")
    ).where(_OFFERS.c.workspace_id == bindparam("of_workspace"))
)

_SOUGHT = ("code", "used")


def _tell(sqlite: bool) -> object:
    rows = bulk.given({"code": PromoCode.code, "used": PromoCode.used}, sqlite).c
    return select(rows.place, rows.code, rows.used)


TELL = Statement(_tell)  # type: ignore[arg-type]


def test_moments_are_read_in_utc_and_what_is_so_or_not_as_true_and_false(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    begins = datetime(2026, 11, 20, 9, 0, 0, 1, tzinfo=UTC)
    factories.offer(engine, workspace_id, starts_at=begins, ends_at=None, stackable=True)
    factories.offer(engine, workspace_id, starts_at=begins, ends_at=begins + timedelta(days=1), stackable=False)
    with reading(engine) as session:
        if not is_sqlite(session):
            session.connection().execute(text("SET LOCAL TIME ZONE 'Asia/Tokyo'"))
        found = sorted(FIND.rows(session, {"of_workspace": workspace_id, "least": 0}), key=lambda row: not row[3])
    assert [row[1:] for row in found] == [(begins, None, True, True), (begins, begins + timedelta(days=1), False, True)]
    assert {moment.tzinfo for row in found for moment in row[1:3] if moment} == {UTC}
    assert all(type(row[3]) is bool and type(row[4]) is bool for row in found)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), st.integers(-(2**31), 2**31 - 1)
        )
    )
)
def test_rows_that_are_given_come_back_with_their_places(engine: Engine, rows: list[tuple[str, int]]) -> None:
    with reading(engine) as session:
        told = TELL.rows(session, as_given(_SOUGHT, rows, is_sqlite(session)))
    assert sorted(told) == [(place, *row) for place, row in enumerate(rows)]


def test_what_the_driver_refuses_is_told_as_of_any_statement(engine: Engine) -> None:
    row = ("shop:1", "key-1", "f", 201, "{}", NOW)
    columns = ("scope", "key", "fingerprint", "status", "body", "created_at")
    with pytest.raises(IntegrityError), writing(engine) as session:
        append_rows(session, IdempotencyRecord, columns, [row, row])
    with reading(engine) as session:
        assert not session.connection().execute(select(IdempotencyRecord.__table__)).all()  # type: ignore[attr-defined]


def test_rows_of_several_tables_are_all_there_or_none_is(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    offer_id = factories.offer(engine, workspace_id)
    blank = PromoCode(workspace_id=workspace_id, code="", offer_id=offer_id).model_dump()
    codes = PromoCode, tuple(blank), [tuple((blank | {"code": code}).values()) for code in ("ONE", "TWO")]
    columns = ("scope", "key", "fingerprint", "status", "body", "created_at")
    kept = [("shop:1", f"key-{n}", "f", 201, "{}", NOW) for n in range(3)]
    with pytest.raises(IntegrityError), writing(engine) as session:
        append_to_all(session, [codes, (IdempotencyRecord, columns, [*kept, kept[0]])])
    with writing(engine) as session:
        append_to_all(session, [(IdempotencyRecord, columns, []), codes, (IdempotencyRecord, columns, kept)])
    with reading(engine) as session:
        told = session.connection().execute
        assert sorted(told(select(PromoCode.__table__.c.code)).scalars()) == ["ONE", "TWO"]  # type: ignore[attr-defined]
        assert [tuple(row) for row in told(select(IdempotencyRecord.__table__))] == kept  # type: ignore[attr-defined]


def test_whoever_listens_for_statements_hears_of_these_too_and_they_find_the_same(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    factories.offer(engine, workspace_id)
    asked = {"of_workspace": workspace_id, "least": 0}
    heard: list[str] = []
    with reading(engine) as session:
        before = FIND.rows(session, asked)
    event.listen(engine, "before_cursor_execute", lambda *told: heard.append(told[2]))
    with reading(engine) as session:
        assert FIND.rows(session, asked) == before
    assert heard[-1].startswith("SELECT offer.name")


def test_a_connection_that_is_gone_is_told_so_and_the_next_one_works(postgresql_url: str) -> None:
    engine = open_engine(postgresql_url)
    with pytest.raises(OperationalError) as broken, writing(engine) as session:
        pid = session.connection().execute(text("SELECT pg_backend_pid()")).scalar_one()
        with engine.connect() as other:
            assert other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid}).scalar_one()
        execute(session.connection(), "SELECT 1", ())
    assert broken.value.connection_invalidated
    with reading(engine) as session:
        assert execute(session.connection(), "SELECT 1", ()).fetchall() == [(1,)]
    engine.dispose()
