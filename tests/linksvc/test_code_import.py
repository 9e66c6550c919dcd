"""A list of codes comes whole or not at all, whatever happens while it comes."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session, col, select, update

from linksvc import code_clashes, code_import
from linksvc.code_import import ImportedList, ImportOptions, import_codes, undo_dead
from linksvc.database import reading, writing
from linksvc.errors import Conflict, InvalidRequest, NotFound
from linksvc.models import CodeImport, Lease, PromoCode
from linksvc.promo_codes import normalise
from tests import factories
from tests.factories import NOW


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_clashes, "BATCH_ROWS", 3)
    monkeypatch.setattr(code_import, "BATCH_ROWS", 3)
    monkeypatch.setattr(code_import, "PAUSE_S", 0)


@pytest.fixture
def workspace_id(engine: Engine) -> int:
    return factories.workspace(engine)


@pytest.fixture
def offer_id(engine: Engine, workspace_id: int) -> int:
    return factories.offer(engine, workspace_id, uses_per_code=2)


def bring(
    engine: Engine, workspace_id: int, offer_id: int, *codes: str, now: datetime = NOW, **options: Any
) -> ImportedList:
    data = "\n".join(("code", *codes)).encode()
    return import_codes(engine, workspace_id, offer_id, ImportOptions("codes.csv", **options), data, lambda: now)


def kept(engine: Engine) -> dict[str, tuple[Any, ...]]:
    with reading(engine) as session:
        return {row.code: (row.offer_id, row.source, row.written, row.max_uses) for row in session.exec(select(PromoCode))}


def states(engine: Engine) -> list[tuple[str, int]]:
    with reading(engine) as session:
        return list(session.exec(select(CodeImport.state, CodeImport.added).order_by(col(CodeImport.id))))


CODES = tuple(f"Lot-{i}" for i in range(8))


def test_a_list_becomes_codes_of_the_offer(engine: Engine, workspace_id: int, offer_id: int) -> None:
    result = bring(engine, workspace_id, offer_id, *CODES, "SPRING26")
    assert (result.rows, result.added, result.present, result.faults) == (9, 9, 0, ())
    expected: dict[str, tuple[Any, ...]] = {normalise(code): (offer_id, "imported", code, 2) for code in CODES}
    assert kept(engine) == expected | {"SPR1NG26": (offer_id, "imported", "SPRING26", 2)}
    assert states(engine) == [("finished", 9)]


def test_each_code_may_be_used_as_often_as_the_import_says(engine: Engine, workspace_id: int, offer_id: int) -> None:
    bring(engine, workspace_id, offer_id, "A111", uses=7)
    assert kept(engine)["A111"][3] == 7
    for uses in (0, 1_000_001):
        with pytest.raises(InvalidRequest):
            bring(engine, workspace_id, offer_id, "B222", uses=uses)


def test_the_same_list_again_adds_nothing(engine: Engine, workspace_id: int, offer_id: int) -> None:
    bring(engine, workspace_id, offer_id, *CODES)
    before = kept(engine)
    again = bring(engine, workspace_id, offer_id, *CODES, "ONE-MORE")
    assert (again.added, again.present) == (1, 8)
    assert kept(engine).items() >= before.items()


def test_duplicates_and_clashes_refuse_the_list_and_are_told_by_line(
    engine: Engine, workspace_id: int, offer_id: int
) -> None:
    other = factories.offer(engine, workspace_id, name="Other")
    bring(engine, workspace_id, other, "TAKEN-1")
    factories.add_code(engine, workspace_id, "GENERATED", offer_id)
    rows = ("A111", "a-111", "taken 1", "B222", "generated", "x")
    with pytest.raises(InvalidRequest, match="4 of 6 lines cannot be taken, so nothing was imported") as refused:
        bring(engine, workspace_id, offer_id, *rows)
    assert refused.value.code == "list_faulty"
    assert [error.field for error in refused.value.errors] == ["line 3", "line 4", "line 6", "line 7"]
    assert f"in off_{other}." in refused.value.errors[1].message
    assert "not from a list" in refused.value.errors[2].message
    assert set(kept(engine)) == {"TAKEN1", "GENERATED"}
    assert len(states(engine)) == 1
    result = bring(engine, workspace_id, offer_id, *rows, skip_faults=True)
    assert (result.rows, result.added, [fault.reason for fault in result.faults]) == (
        6,
        2,
        ["twice", "clash", "clash", "too_short"],
    )
    assert set(kept(engine)) == {"TAKEN1", "GENERATED", "A111", "B222"}


def test_another_workspace_may_have_the_same_codes(engine: Engine, workspace_id: int, offer_id: int) -> None:
    stranger = factories.workspace(engine, "Another")
    theirs = factories.offer(engine, stranger)
    bring(engine, stranger, theirs, *CODES)
    with reading(engine) as session:
        assert len(session.exec(select(PromoCode)).all()) == 8
    assert bring(engine, workspace_id, offer_id, *CODES).added == 8
    with pytest.raises(NotFound) as refused:
        bring(engine, stranger, offer_id, "Z999")
    assert refused.value.code == "offer_not_found"


def broken_after(monkeypatch: pytest.MonkeyPatch, batches: int, then: Callable[[], None]) -> None:
    """The import meets `then` after it wrote some batches."""
    insert, done = code_import.insert_rows, [0]

    def insert_rows(session: Session, *arguments: Any) -> None:
        if done[0] == batches:
            then()
        done[0] += 1
        insert(session, *arguments)

    monkeypatch.setattr(code_import, "insert_rows", insert_rows)


def test_what_fails_half_way_leaves_nothing(
    engine: Engine, workspace_id: int, offer_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        assert len(kept(engine)) == 6
        raise RuntimeError("the disk is full")

    broken_after(monkeypatch, 2, fail)
    with pytest.raises(RuntimeError):
        bring(engine, workspace_id, offer_id, *CODES)
    assert kept(engine) == {}
    assert states(engine) == [("undone", 0)]


def test_an_import_whose_process_died_is_taken_back_once_its_lease_is_over_but_for_what_was_used(
    engine: Engine, workspace_id: int, offer_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die() -> None:
        raise Killed

    broken_after(monkeypatch, 2, die)
    with monkeypatch.context() as patched, pytest.raises(Killed):
        # A process that is killed does not take anything back.
        patched.setattr(code_import, "undo", lambda *_: None)
        bring(engine, workspace_id, offer_id, *CODES)
    assert len(kept(engine)) == 6
    assert not undo_dead(engine, lambda: NOW)
    with pytest.raises(Conflict) as refused:
        bring(engine, workspace_id, offer_id, "Z999")
    assert refused.value.code == "import_running"
    with writing(engine) as session:
        session.exec(update(PromoCode).where(col(PromoCode.code) == "10T1").values(used=1))
    later = NOW + timedelta(minutes=2)
    assert undo_dead(engine, lambda: later)
    assert set(kept(engine)) == {"10T1"}
    assert states(engine) == [("undone", 0)]
    assert not undo_dead(engine, lambda: later)
    monkeypatch.undo()
    assert bring(engine, workspace_id, offer_id, *CODES, now=later).added == 7


def test_an_import_that_stood_still_for_too_long_gives_up_and_leaves_nothing(
    engine: Engine, workspace_id: int, offer_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sleep() -> None:
        with writing(engine) as session:
            session.exec(update(Lease).values(until=NOW))
        undo_dead(engine, lambda: NOW)

    def slowly(codes: Sequence[str]) -> Iterator[Sequence[str]]:
        for batch in code_clashes.batches(codes):
            yield batch
            sleep()

    monkeypatch.setattr(code_import, "batches", slowly)
    with pytest.raises(Conflict) as refused:
        bring(engine, workspace_id, offer_id, *CODES)
    assert refused.value.code == "import_undone"
    assert kept(engine) == {}


def test_codes_that_others_took_meanwhile_refuse_the_list(
    engine: Engine, workspace_id: int, offer_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = code_import._Run.store

    def after_somebody_else(run: Any, codes: list[str], written: dict[str, str]) -> None:
        factories.add_code(engine, workspace_id, codes[4], offer_id)
        store(run, codes, written)

    monkeypatch.setattr(code_import._Run, "store", after_somebody_else)
    with pytest.raises(Conflict) as refused:
        bring(engine, workspace_id, offer_id, *CODES)
    assert refused.value.code == "codes_taken"
    assert set(kept(engine)) == {"10T4"}
    assert kept(engine)["10T4"][1] == "generated"


@hypothesis_settings(max_examples=20, suppress_health_check=list(HealthCheck), database=None)
@given(data=st.data())
def test_the_lines_of_any_list_add_up(engine: Engine, data: st.DataObject) -> None:
    workspace_id = factories.workspace(engine, uuid.uuid4().hex)
    offer_id = factories.offer(engine, workspace_id)
    names = st.text(st.sampled_from("AaOo0Il1-_ é"), min_size=1, max_size=5).filter(lambda code: code.strip() != "")
    for _ in range(2):
        codes = data.draw(st.lists(names, min_size=1, max_size=12))
        result = bring(engine, workspace_id, offer_id, *codes, skip_faults=True)
        assert result.rows == len(codes) == result.added + result.present + len(result.faults)
        with reading(engine) as session:
            mine = session.exec(select(PromoCode.code).where(PromoCode.workspace_id == workspace_id)).all()
        assert {normalise(code) for code in codes if len(normalise(code)) >= 3} <= set(mine)
