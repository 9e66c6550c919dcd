"""Two binds of one route store what they hear at the same time, each in transactions of its own."""

import asyncio

import pytest
from sqlalchemy.exc import OperationalError

from linksvc.clock import now
from linksvc.database import MOST_COLLISIONS, open_engine, reading
from sender import recorder as recorders
from sender import recovery, strays
from sender.binds import Bind, worker_name
from sender.pacing import Window
from sender.recorder import Recorder
from tests.factories import turn_away
from tests.sender.test_matching import Books, receipt
from tests.sender.waiting import put


def seize(books: Books, number: int) -> Bind:
    bind = recovery.seize(books.engine, books.route_id, worker_name(books.route_id), now, number)
    assert bind
    return bind


async def test_what_two_binds_hear_at_once_is_all_stored(postgresql_url: str) -> None:
    books = Books(open_engine(postgresql_url), 60)
    answering, receiving = (Recorder(books.engine, seize(books, number), now) for number in (0, 1))
    answering.start()
    receiving.start()
    answers = [put(answering, books.answer(n, f"id-{n}")) for n in range(60)]
    receipts = [put(receiving, receipt(f"id-{n}")) for n in reversed(range(60))]
    await asyncio.gather(*answers, *receipts)
    await asyncio.gather(answering.stop(), receiving.stop())
    assert len(books.facts()) == len(books.facts("accepted")) == 60
    assert books.parked() == 0
    books.engine.dispose()


@pytest.mark.parametrize("state", ["40001", "40P01"])
async def test_a_transaction_that_the_database_turns_away_is_tried_again(postgresql_url: str, state: str) -> None:
    books = Books(open_engine(postgresql_url))
    turn_away(books.engine, "stray_receipt", MOST_COLLISIONS - 1, state)
    recorder = Recorder(books.engine, seize(books, 0), now)
    recorder.start()
    await put(recorder, receipt(""))
    await recorder.stop()
    with reading(books.engine) as session:
        assert strays.count(session) == 1
    books.engine.dispose()


async def test_one_that_is_turned_away_for_ever_is_told(postgresql_url: str) -> None:
    books = Books(open_engine(postgresql_url))
    turn_away(books.engine, "stray_receipt", 1_000)
    recorder = Recorder(books.engine, seize(books, 0), now)
    recorder.start()
    with pytest.raises(OperationalError):
        await put(recorder, receipt(""))
    await recorder.stop()
    books.engine.dispose()


async def test_nothing_is_waited_for_once_all_that_is_under_way_is_answered(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorders, "GATHER_S", 3_600.0)
    books = Books(open_engine(sqlite_url), 4)
    window = Window(8)
    window.take(3)
    recorder = Recorder(books.engine, seize(books, 0), now, window=window)
    recorder.start()
    await asyncio.gather(*(put(recorder, books.answer(n, f"id-{n}")) for n in range(3)))
    window.take(1)
    last = put(recorder, books.answer(3, "id-3"))
    await recorder.stop()
    assert last.done()
    assert len(books.facts("accepted")) == 4
    books.engine.dispose()


async def test_many_receipts_are_stored_with_the_answers_that_are_to_come(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorders, "RECEIPTS_GATHER_S", 3_600.0)
    monkeypatch.setattr(recorders, "MANY", 4)
    books = Books(open_engine(sqlite_url), 4)
    window = Window(4)
    window.take(4)
    recorder = Recorder(books.engine, seize(books, 0), now, window=window)
    recorder.start()
    receipts = [put(recorder, receipt(f"id-{n}")) for n in range(4)]
    answers = [put(recorder, books.answer(n, f"id-{n}")) for n in range(4)]
    await asyncio.gather(*receipts, *answers)
    assert books.parked() == 0
    await recorder.stop()
    books.engine.dispose()
