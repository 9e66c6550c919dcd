"""What pages told on its way from the spool to the database: beside hits, each event once, what is wrong set aside alone."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import func, select

from linksvc.database import open_engine, reading, writing
from linksvc.models import Fact, Hit, PageEvent
from tests.factories import NOW, produced_campaign, workspace
from tests.tracker.event_scenes import rows
from tests.tracker.test_hits import hits
from tests.tracker.test_ingest import hit
from tracker.hits import SpooledHit, unpack
from tracker.ingest import BATCH_HITS, Ingester
from tracker.replay import Replay
from tracker.segment_writer import SegmentWriter
from tracker.set_aside import Fault
from tracker.spool_inspection import inspect_segment
from tracker.spool_records import occurred_at
from tracker.told_events import ToldEvent, ToldEvents, is_told, unpack_told

ELSEWHERE = UUID("99999999-9999-4999-8999-999999999999")

numbers = st.integers(0, 2**62)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=64)
moments = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
events = st.builds(ToldEvent, numbers, texts, texts, numbers, texts, numbers, texts, moments)
records = st.builds(
    ToldEvents, numbers, numbers, numbers, numbers, st.uuids(), numbers, st.lists(events, min_size=1, max_size=5).map(tuple)
)


@pytest.fixture
def campaign(engine: Engine) -> int:
    return produced_campaign(engine, workspace(engine), 3)


@pytest.fixture
def spool_dir(tmp_path: Path) -> Path:
    path = tmp_path / "spool"
    path.mkdir()
    return path


def event(number: int, name: str = "button", **more: object) -> ToldEvent:
    return ToldEvent(number, name, "", 0, "", 0, "", NOW + timedelta(seconds=number))._replace(**more)


def told(campaign: int, *events: ToldEvent, n: int = 0, segment: UUID = ELSEWHERE, position: int = 0) -> ToldEvents:
    return ToldEvents(campaign, 1, 4, n, segment, position, events or (event(0, "view"), event(1)))


def write(spool_dir: Path, *found: SpooledHit | ToldEvents | bytes) -> SegmentWriter:
    """A segment that its tracker has ended."""
    writer = SegmentWriter(spool_dir, os.fdatasync)
    payloads = [one if isinstance(one, bytes) else one.pack() for one in found]
    writer.append(payloads, [None] * len(payloads))
    writer.close()
    return writer


def names(engine: Engine) -> list[tuple[int, int, int]]:
    """n, position and number of the events that are stored."""
    return sorted((one.n, one.position, one.number) for one in rows(engine, PageEvent))


def interactions(engine: Engine) -> list[tuple[int | None, str, datetime]]:
    facts = [fact for fact in rows(engine, Fact) if fact.kind == "interaction"]
    return sorted((fact.n, fact.source, fact.occurred_at) for fact in facts)


@given(records)
def test_what_a_page_told_is_read_as_it_was_written(record: ToldEvents) -> None:
    payload = record.pack()
    assert is_told(payload)
    assert unpack_told(payload) == record
    assert occurred_at(payload) == record.events[0].occurred_at
    with pytest.raises(ValueError, match="unknown format"):
        unpack(payload)


@given(hits)
def test_a_hit_is_never_taken_for_it(one: SpooledHit) -> None:
    assert not is_told(one.pack())
    with pytest.raises(ValueError, match="unknown format"):
        unpack_told(one.pack())


GOOD = orjson.loads(told(1).pack())


@pytest.mark.parametrize(
    "payload",
    [
        b'["',
        b'["page-2"]',
        orjson.dumps(["page-9", *GOOD[1:]]),
        orjson.dumps(GOOD[:-1]),
        orjson.dumps([*GOOD[:-1], []]),
        orjson.dumps([*GOOD[:-1], [[1]]]),
        orjson.dumps([*GOOD[:5], "no segment", *GOOD[6:]]),
        orjson.dumps([*GOOD[:1], -1, *GOOD[2:]]),
        orjson.dumps([*GOOD[:-1], [[0, "view", "", 0, "", 0, "", 2**62]]]),
        orjson.dumps([*GOOD[:-1], [[0, "view", None, 0, "", 0, "", 0]]]),
    ],
)
def test_anything_else_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError):
        unpack_told(payload)


def test_hits_and_what_pages_told_are_stored_together_each_once(engine: Engine, campaign: int, spool_dir: Path) -> None:
    first = write(spool_dir, hit(campaign, 0), hit(campaign, 1))
    seen = told(campaign, segment=first.id)
    again = told(campaign, event(1), event(2, "copied"), segment=first.id)
    write(spool_dir, seen, hit(campaign, 2), seen, again)
    ingester = Ingester(engine, spool_dir, lambda: NOW)
    while ingester.run_once():
        pass
    assert names(engine) == [(0, 0, 0), (0, 0, 1), (0, 0, 2)]
    assert interactions(engine) == [(0, f"{first.id}:0", NOW + timedelta(seconds=1))]
    assert (len(rows(engine, Hit)), ingester.stored, ingester.events_stored) == (3, 3, 6)
    assert ingester.drained()
    assert not list(spool_dir.glob("*.spool"))
    page = rows(engine, PageEvent)[0]
    assert (page.link_id, page.page_id, page.recorded_at) == (1, 4, NOW)


def test_a_view_and_a_scroll_are_no_interaction(engine: Engine, campaign: int, spool_dir: Path) -> None:
    write(spool_dir, told(campaign, event(0, "view"), event(1, "depth", value=100), event(2, "visible", value=9)))
    Ingester(engine, spool_dir, lambda: NOW).run_once()
    assert len(names(engine)) == 3
    assert interactions(engine) == []


def test_a_bad_record_among_good_ones_is_set_aside_alone_and_replayed_once_it_can_be_stored(
    engine: Engine, campaign: int, spool_dir: Path
) -> None:
    later = campaign + 1
    good: Sequence[ToldEvents] = [told(campaign, position=place) for place in range(3)]
    unknown, too_large = told(campaign, n=3, position=7), told(campaign, event(1, value=2**63), position=8)
    write(spool_dir, good[0], told(later), good[1], unknown, b'["page-1"]', too_large, good[2], hit(campaign, 1))
    ingester = Ingester(engine, spool_dir, lambda: NOW)
    while ingester.run_once():
        pass
    assert [position for _, position, _ in names(engine)] == [0, 0, 1, 1, 2, 2]
    assert len(rows(engine, Hit)) == 1
    assert ingester.set_aside.counts == {Fault.REFUSED: 3, Fault.MALFORMED: 1}
    assert produced_campaign(engine, workspace(engine, "Later"), 1) == later
    replay = Replay(engine, lambda: NOW)
    replay.refused(ingester.set_aside, remove=True)
    assert (replay.tally.new, replay.tally.known) == (1, 0)
    assert sorted(replay.tally.refused.values()) == [1, 1]
    assert f"campaign {campaign} has no such message" in replay.tally.refused
    assert len(names(engine)) == 8


def test_a_copied_spool_is_replayed_without_storing_anything_twice(engine: Engine, campaign: int, spool_dir: Path) -> None:
    write(spool_dir, hit(campaign, 0), told(campaign), told(campaign, n=1, position=1))
    replay = Replay(engine, lambda: NOW)
    assert replay.segments(spool_dir) == 1
    stored = names(engine), interactions(engine)
    replay.segments(spool_dir)
    assert (replay.tally.new, replay.tally.known, replay.tally.refused.total()) == (3, 3, 0)
    assert (names(engine), interactions(engine)) == stored


def test_an_operator_sees_them_in_the_spool_and_since_when_they_wait(engine: Engine, campaign: int, spool_dir: Path) -> None:
    segment = write(spool_dir, told(campaign), hit(campaign, 0), told(campaign, event(7)))
    assert Ingester(engine, spool_dir).oldest_waiting() == NOW
    report = inspect_segment(segment.path, {})
    assert report
    assert (report.hits, report.beacons, report.stored, report.damaged, report.oldest_at) == (1, 2, 0, 0, NOW)


def test_what_is_told_to_two_trackers_in_two_orders_is_stored_once_and_locks_nobody_out(
    postgresql_url: str, tmp_path: Path
) -> None:
    engine = open_engine(postgresql_url)
    campaign = produced_campaign(engine, workspace(engine), 5)
    with writing(engine) as session:  # Time for the other lane to be between two of them as well.
        session.connection().exec_driver_sql(
            "CREATE FUNCTION slow() RETURNS trigger AS $$ BEGIN PERFORM pg_sleep(0.1); RETURN NEW; END $$ LANGUAGE plpgsql"
        )
        session.connection().exec_driver_sql(
            "CREATE TRIGGER slow BEFORE INSERT ON page_event FOR EACH ROW WHEN (NEW.position = 0) EXECUTE FUNCTION slow()"
        )
    visit = UUID(int=7)
    for nth, order in enumerate(((0, 1, 2), (2, 1, 0))):
        twice = [ToldEvents(campaign, 1, 4, 1, visit, 0, (event(number, "view"),)) for number in order]
        places = range(nth * BATCH_HITS + 1, (nth + 1) * BATCH_HITS)
        once = [ToldEvents(campaign, 1, 4, 1, visit, place, (event(0, "view"),)) for place in places]
        writer = SegmentWriter(tmp_path, os.fdatasync)
        writer.append([told.pack() for told in (*twice, *once)], [None] * (len(twice) + len(once)))
        writer.close()
    ingester = Ingester(engine, tmp_path, lambda: NOW)
    assert ingester.run_once() == 2 * BATCH_HITS
    while ingester.run_once():
        pass
    with reading(engine) as session:
        assert session.exec(select(func.count()).select_from(PageEvent)).one() == 2 * (BATCH_HITS - 1) + 3
    engine.dispose()
