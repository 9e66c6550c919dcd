"""Ingest on both databases, from segments as the spool writes them and as crashes leave them."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlmodel import col, delete, func, select, update

from linksvc.applier import apply_batch
from linksvc.database import MOST_COLLISIONS, open_engine, reading, writing
from linksvc.funnel import read_funnel
from linksvc.models import Campaign, Fact, Hit, JudgementDue, Message, SpoolProgress
from tests.factories import NOW, produced_campaign, turn_away, workspace
from tests.tracker.http import IPHONE
from tests.tracker.test_hits import hits
from tracker.backlog import Backlog
from tracker.due import MINUTE, SETTLE
from tracker.frames import HEAD_BYTES
from tracker.hit_store import appraise
from tracker.hits import SpooledHit
from tracker.ingest import BATCH_HITS, Ingester
from tracker.segment_reader import ABANDONED_DRAFT_S, START
from tracker.segment_writer import SegmentWriter
from tracker.segments import DRAFT_SUFFIX, HEADER_BYTES, SUFFIX, HitId
from tracker.set_aside import FOLDER, Fault
from tracker.verdicts import RULES_VERSION, judge

LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def campaign(engine: Engine) -> int:
    return produced_campaign(engine, workspace(engine), 5)


@pytest.fixture
def spool_dir(tmp_path: Path) -> Path:
    path = tmp_path / "spool"
    path.mkdir()
    return path


@pytest.fixture
def ingester(engine: Engine, spool_dir: Path) -> Ingester:
    return Ingester(engine, spool_dir, lambda: LATER)


def hit(campaign: int, n: int | None = 0, user_agent: str = IPHONE, method: str = "GET", referrer: str = "") -> SpooledHit:
    return SpooledHit(NOW, campaign, 1, n, method, "192.0.2.0/24", user_agent, referrer, "fr-FR", {"purpose": "x"})


def write(spool_dir: Path, hits: Sequence[SpooledHit], origins: Sequence[HitId] = ()) -> SegmentWriter:
    """A segment with hits in it, still open."""
    writer = SegmentWriter(spool_dir, os.fdatasync)
    writer.append([hit.pack() for hit in hits], list(origins) or [None] * len(hits))
    return writer


def write_closed(spool_dir: Path, hits: Sequence[SpooledHit]) -> SegmentWriter:
    writer = write(spool_dir, hits)
    writer.close()
    return writer


def stored(engine: Engine) -> tuple[list[Hit], list[Fact]]:
    with reading(engine) as session:
        hits = session.exec(select(Hit).order_by(col(Hit.segment), col(Hit.position))).all()
        facts = session.exec(select(Fact).order_by(col(Fact.source))).all()
        session.expunge_all()
        return list(hits), list(facts)


def segments(spool_dir: Path) -> list[Path]:
    return list(spool_dir.glob(f"*{SUFFIX}"))


def set_aside(spool_dir: Path) -> list[tuple[str, int, bytes]]:
    lines = [line for path in sorted((spool_dir / FOLDER).glob("*")) for line in path.read_bytes().splitlines()]
    return [(row["fault"], row["position"], bytes.fromhex(row["payload"])) for row in map(orjson.loads, lines)]


def test_a_hit_becomes_a_row_and_a_fact_with_its_verdict(
    ingester: Ingester, engine: Engine, spool_dir: Path, campaign: int
) -> None:
    expired = hit(campaign, 4, "curl/8.9")._replace(outcome="expired")
    writer = write_closed(spool_dir, [hit(campaign, 3), expired, hit(campaign, None, method="HEAD")])
    assert ingester.run_once() == 3
    hits, facts = stored(engine)
    first = hits[0]
    assert (first.campaign_id, first.segment, first.position, first.n) == (campaign, str(writer.id), 0, 3)
    assert (first.method, first.network, first.user_agent) == ("GET", "192.0.2.0/24", IPHONE)
    assert (first.language, first.headers, first.device, first.os) == ("fr-FR", '{"purpose":"x"}', "phone", "iOS")
    assert (first.occurred_at, first.recorded_at) == (NOW, LATER)
    assert [(row.outcome, row.verdict, row.reason, row.rules, row.judged) for row in hits] == [
        ("redirected", "human", "", RULES_VERSION, 0),
        ("expired", "machine", "bare_client", RULES_VERSION, 0),
        ("redirected", "machine", "head", RULES_VERSION, 0),
    ]
    assert [(fact.kind, fact.source, fact.n, fact.value, fact.detail) for fact in facts] == [
        ("hit", f"{writer.id}:0", 3, "human", ""),
        ("hit", f"{writer.id}:1", 4, "machine", "bare_client"),
        ("hit", f"{writer.id}:2", None, "machine", "head"),
    ]
    assert {fact.rules for fact in facts} == {RULES_VERSION}
    assert {(fact.occurred_at, fact.recorded_at, fact.applied_at) for fact in facts} == {(NOW, LATER, None)}


def test_a_segment_is_dropped_after_its_last_hit_is_stored(ingester: Ingester, spool_dir: Path, campaign: int) -> None:
    write_closed(spool_dir, [hit(campaign)])
    assert not ingester.drained()
    assert ingester.run_once() == 1
    assert ingester.drained()
    assert ingester.run_once() == 0
    assert not segments(spool_dir)
    assert not set_aside(spool_dir)


def test_a_segment_in_use_is_read_as_it_grows_and_never_dropped(
    ingester: Ingester, engine: Engine, spool_dir: Path, campaign: int
) -> None:
    writer = write(spool_dir, [hit(campaign, 0)])
    assert [ingester.run_once(), ingester.run_once()] == [1, 0]
    writer.append([hit(campaign, 1).pack(), hit(campaign, 2).pack()], [None, None])
    assert not ingester.drained()
    assert [ingester.run_once(), ingester.run_once()] == [2, 0]
    assert segments(spool_dir) == [writer.path]
    writer.close()
    assert ingester.run_once() == 0
    assert not segments(spool_dir)
    assert [(row.position, row.n) for row in stored(engine)[0]] == [(0, 0), (1, 1), (2, 2)]


def test_ingesting_again_changes_nothing(ingester: Ingester, engine: Engine, spool_dir: Path, campaign: int) -> None:
    writer = write_closed(spool_dir, [hit(campaign, n) for n in range(5)])
    data = writer.path.read_bytes()
    ingester.run_once()
    ingester.run_once()
    before = [[row.model_dump() for row in rows] for rows in stored(engine)]
    writer.path.write_bytes(data)
    with writing(engine) as session:
        session.exec(delete(SpoolProgress))
    assert ingester.run_once() == 5, "a restored spool is read anew"
    assert [[row.model_dump() for row in rows] for rows in stored(engine)] == before


def test_a_hit_that_was_written_to_two_segments_is_stored_once(
    ingester: Ingester, engine: Engine, spool_dir: Path, campaign: int
) -> None:
    failed = write(spool_dir, [hit(campaign, 0), hit(campaign, 1)])
    again = write(spool_dir, [hit(campaign, 1), hit(campaign, 2)], [HitId(failed.id, 1), HitId(failed.id, 2)])
    failed.close()
    again.close()
    while ingester.run_once():
        pass
    hits, facts = stored(engine)
    assert [(row.segment, row.position, row.n) for row in hits] == [(str(failed.id), n, n) for n in range(3)]
    assert len(facts) == 3


def test_what_comes_between_hits_stored_before_has_its_own_fact_and_leaves_theirs(
    ingester: Ingester, engine: Engine, spool_dir: Path, campaign: int
) -> None:
    """Several campaigns in one segment, of which a part was stored and judged again before the spool was restored."""
    other = produced_campaign(engine, workspace(engine, "Other"), 5)
    mixed = [hit(campaign, 0), hit(other, 1), hit(campaign, 2), hit(campaign, None), hit(other, 4)]
    write_closed(spool_dir, [hit(other, 0)])
    writer = write_closed(spool_dir, mixed)
    data = writer.path.read_bytes()
    while ingester.run_once():
        pass
    told = {fact.source: (fact.campaign_id, fact.n, fact.value) for fact in stored(engine)[1]}
    assert told == {f"{row.segment}:{row.position}": (row.campaign_id, row.n, "human") for row in stored(engine)[0]}
    lost = str(writer.id), (1, 2)
    with writing(engine) as session:
        session.exec(delete(Hit).where(col(Hit.segment) == lost[0], col(Hit.position).in_(lost[1])))
        session.exec(delete(Fact).where(col(Fact.source).in_([f"{lost[0]}:{place}" for place in lost[1]])))
        session.exec(update(Hit).values(verdict="suspect", judged=1))
        session.exec(delete(SpoolProgress))
    writer.path.write_bytes(data)
    while ingester.run_once():
        pass
    hits, facts = stored(engine)
    assert {fact.source: (fact.campaign_id, fact.n, fact.value) for fact in facts} == told
    assert {row.position for row in hits if row.segment == lost[0] and row.verdict == "human"} == set(lost[1])


def test_a_torn_tail_is_set_aside_and_what_stands_before_it_is_stored(
    ingester: Ingester, engine: Engine, spool_dir: Path, campaign: int
) -> None:
    writer = write_closed(spool_dir, [hit(campaign, 0), hit(campaign, 1)])
    whole = writer.path.read_bytes()[:-HEAD_BYTES]
    writer.path.write_bytes(whole[:-10])
    assert [ingester.run_once(), ingester.run_once()] == [1, 0]
    assert [row.n for row in stored(engine)[0]] == [0]
    ((fault, position, payload),) = set_aside(spool_dir)
    assert (fault, position) == ("torn_tail", 1)
    assert whole[:-10].endswith(payload)
    assert ingester.set_aside.counts == {Fault.TORN_TAIL: 1}
    assert not segments(spool_dir)


def test_zeros_that_a_killed_tracker_had_ahead_are_no_damage(
    ingester: Ingester, engine: Engine, spool_dir: Path, campaign: int
) -> None:
    for killed in ([], [hit(campaign, 0), hit(campaign, 1)]):
        writer = SegmentWriter(spool_dir, os.fdatasync, ahead=100_000)
        writer.append([one.pack() for one in killed])
        os.close(writer._descriptor)
    assert sum(path.stat().st_size for path in segments(spool_dir)) > 200_000
    assert [ingester.run_once(), ingester.run_once()] == [2, 0]
    assert [row.n for row in stored(engine)[0]] == [0, 1]
    assert not set_aside(spool_dir)
    assert not segments(spool_dir)


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_records_that_cannot_be_read_do_not_hold_up_the_others(
    ingester: Ingester, engine: Engine, spool_dir: Path, campaign: int
) -> None:
    strange = [b"not json", b"[1]", b'{"a":1}', orjson.dumps([9, "of a later version"])]
    writer = SegmentWriter(spool_dir, os.fdatasync)
    writer.append([hit(campaign, 0).pack(), *strange, hit(campaign, 2).pack(), hit(campaign, 3).pack()], [None] * 7)
    writer.close()
    flip(writer.path, HEADER_BYTES + 20)
    assert ingester.run_once() == 2
    assert [(row.position, row.n) for row in stored(engine)[0]] == [(5, 2), (6, 3)]
    (damaged, position, _), *others = set_aside(spool_dir)
    assert (damaged, position) == ("damaged", 0)
    assert others == [("malformed", i, payload) for i, payload in enumerate(strange, 1)]
    assert ingester.set_aside.counts == {Fault.DAMAGED: 1, Fault.MALFORMED: 4}


def test_a_damaged_header_costs_nothing(ingester: Ingester, engine: Engine, spool_dir: Path, campaign: int) -> None:
    writer = write_closed(spool_dir, [hit(campaign, 1)])
    flip(writer.path, 3)
    assert ingester.run_once() == 1
    assert [row.segment for row in stored(engine)[0]] == [str(writer.id)]


def test_hits_that_the_database_refuses_are_set_aside_one_by_one(
    ingester: Ingester, engine: Engine, spool_dir: Path, campaign: int
) -> None:
    bad = {3: hit(campaign + 99, 0), 10: hit(campaign, 4_000), 11: hit(2**63 + 1, None)}
    write_closed(spool_dir, [bad.get(i) or hit(campaign, i % 5) for i in range(20)])
    assert ingester.run_once() == 17
    hits, facts = stored(engine)
    assert [row.position for row in hits] == [i for i in range(20) if i not in bad]
    assert len(facts) == 17
    assert [(fault, position) for fault, position, _ in set_aside(spool_dir)] == [("refused", i) for i in bad]
    assert ingester.run_once() == 0
    assert not segments(spool_dir)


def test_a_batch_is_bounded_and_the_rest_follows(ingester: Ingester, engine: Engine, spool_dir: Path, campaign: int) -> None:
    write_closed(spool_dir, [hit(campaign, i % 5) for i in range(BATCH_HITS + 100)])
    assert [ingester.run_once(), ingester.run_once(), ingester.run_once()] == [BATCH_HITS, 100, 0]
    with reading(engine) as session:
        assert session.exec(select(func.count()).select_from(Hit)).one() == BATCH_HITS + 100


def test_two_ingesters_store_a_segment_once(engine: Engine, spool_dir: Path, campaign: int) -> None:
    write_closed(spool_dir, [hit(campaign, i % 5) for i in range(1_000)])
    threads = [threading.Thread(target=Ingester(engine, spool_dir, lambda: LATER).run_once, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    hits, facts = stored(engine)
    assert (len(hits), len(facts)) == (1_000, 1_000)


def test_what_is_no_segment_is_left_alone_and_old_drafts_are_removed(
    ingester: Ingester, spool_dir: Path, campaign: int
) -> None:
    stranger = spool_dir / f"notes{SUFFIX}"
    stranger.write_text("of somebody else")
    old, new = (spool_dir / f"{UUID(int=i)}{DRAFT_SUFFIX}" for i in (1, 2))
    old.touch()
    new.touch()
    os.utime(old, (old.stat().st_atime, old.stat().st_mtime - 2 * ABANDONED_DRAFT_S))
    write_closed(spool_dir, [hit(campaign)])
    assert ingester.run_once() == 1
    assert ingester.drained()
    assert stranger.exists()
    assert (old.exists(), new.exists()) == (False, True)


def test_a_segment_that_cannot_be_read_holds_up_no_other(
    ingester: Ingester, engine: Engine, spool_dir: Path, campaign: int
) -> None:
    loop = spool_dir / f"0{SUFFIX}"
    loop.symlink_to(loop)
    write_closed(spool_dir, [hit(campaign)])
    assert ingester.run_once() == 1
    assert len(stored(engine)[0]) == 1
    assert loop.is_symlink()


def test_without_a_spool_there_is_nothing_to_do(engine: Engine, tmp_path: Path) -> None:
    ingester = Ingester(engine, tmp_path / "none")
    assert ingester.run_once() == 0
    assert ingester.drained()


def test_ingest_waits_out_a_database_that_is_away(
    sqlite_template: Path, tmp_path: Path, spool_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.ingest.UNREACHABLE_S", 0.02)
    here, away = tmp_path / "here", tmp_path / "away"
    engine = open_engine(f"sqlite:///{here / 'ricochet.db'}")
    here.rename(away)
    shutil.copy(sqlite_template, away / "ricochet.db")
    elsewhere = open_engine(f"sqlite:///{away / 'ricochet.db'}")
    campaign_id = produced_campaign(elsewhere, workspace(elsewhere), 1)
    elsewhere.dispose()
    write_closed(spool_dir, [hit(campaign_id)])
    ingester, stop = Ingester(engine, spool_dir, lambda: LATER), threading.Event()
    running = threading.Thread(target=ingester.run, args=(stop,), daemon=True)
    running.start()
    wait_until(lambda: not ingester.reachable)
    assert running.is_alive()
    assert segments(spool_dir)
    assert ingester.oldest_waiting() == NOW
    away.rename(here)
    wait_until(lambda: not segments(spool_dir))
    wait_until(lambda: ingester.reachable)
    stop.set()
    running.join()
    assert len(stored(engine)[0]) == 1
    engine.dispose()


def wait_until(happens: Callable[[], bool]) -> None:
    for _ in range(2_000):
        if happens():
            return
        time.sleep(0.005)
    raise AssertionError("it did not happen")


def rename(engine: Engine, table: str, to: str) -> None:
    with writing(engine) as session:
        session.connection().execute(text(f"ALTER TABLE {table} RENAME TO {to}"))


def test_what_was_read_behind_a_batch_that_could_not_be_stored_is_not_passed_over(
    ingester: Ingester, engine: Engine, spool_dir: Path, campaign: int
) -> None:
    count = 2 * BATCH_HITS + 100
    write_closed(spool_dir, [hit(campaign, i % 5) for i in range(count)])
    assert ingester.run_once() == BATCH_HITS
    rename(engine, "judgement_due", "elsewhere")
    for _ in range(2):
        with pytest.raises(SQLAlchemyError):
            ingester.run_once()
    rename(engine, "elsewhere", "judgement_due")
    assert [ingester.run_once(), ingester.run_once(), ingester.run_once()] == [BATCH_HITS, 100, 0]
    assert not segments(spool_dir)
    with reading(engine) as session:
        assert sorted(session.exec(select(Hit.position))) == list(range(count))
        assert session.exec(select(func.count()).select_from(Fact)).one() == count


def test_postgresql_stores_batches_of_several_segments_at_once_and_sqlite_one_after_the_other(
    ingester: Ingester, engine: Engine, spool_dir: Path, campaign: int
) -> None:
    count = BATCH_HITS + 50
    for _ in range(3):
        write_closed(spool_dir, [hit(campaign, i % 5) for i in range(count)])
    in_turn = [BATCH_HITS, BATCH_HITS, BATCH_HITS, 150, 0]
    at_once = [2 * BATCH_HITS, BATCH_HITS, 150, 0]
    expected = in_turn if engine.dialect.name == "sqlite" else at_once
    assert [ingester.run_once() for _ in expected] == expected
    assert ingester.stored == 3 * count
    assert not segments(spool_dir)
    with reading(engine) as session:
        by_segment = session.exec(select(Hit.segment, func.count()).group_by(Hit.segment))
        assert sorted(hits for _, hits in by_segment) == [count] * 3
        assert session.exec(select(func.count()).select_from(Fact)).one() == 3 * count


def test_a_batch_that_cannot_be_stored_holds_nothing_back_of_the_one_beside_it(postgresql_url: str, spool_dir: Path) -> None:
    engine = open_engine(postgresql_url)
    campaign = produced_campaign(engine, workspace(engine), 5)
    ingester, count = Ingester(engine, spool_dir, lambda: LATER), BATCH_HITS + 50
    bad, _ = (write_closed(spool_dir, [hit(campaign, i % 5) for i in range(count)]).path for _ in range(2))
    with writing(engine) as session:
        session.connection().exec_driver_sql(
            "CREATE FUNCTION break_down() RETURNS trigger AS $$ BEGIN RAISE 'a disk is broken'; END $$ LANGUAGE plpgsql"
        )
        session.connection().exec_driver_sql(
            f"CREATE TRIGGER broken BEFORE INSERT ON hit FOR EACH ROW WHEN (NEW.segment = '{bad.stem}') "
            "EXECUTE FUNCTION break_down()"
        )
    for _ in range(2):
        with pytest.raises(SQLAlchemyError, match="a disk is broken"):
            ingester.run_once()
    with reading(engine) as session:
        assert session.exec(select(func.count()).select_from(Hit)).one() == count
    with writing(engine) as session:
        session.connection().exec_driver_sql("DROP TRIGGER broken ON hit")
    while ingester.run_once():
        pass
    assert not segments(spool_dir)
    assert not set_aside(spool_dir)
    with reading(engine) as session:
        assert session.exec(select(func.count()).select_from(Hit)).one() == 2 * count
        assert session.exec(select(func.count()).select_from(Fact)).one() == 2 * count
    engine.dispose()


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_a_batch_that_the_database_turns_away_is_stored_at_once(postgresql_url: str, spool_dir: Path, state: str) -> None:
    engine = open_engine(postgresql_url)
    write_closed(spool_dir, [hit(produced_campaign(engine, workspace(engine), 1))])
    turn_away(engine, "judgement_due", MOST_COLLISIONS - 1, state)
    ingester = Ingester(engine, spool_dir, lambda: LATER)
    assert (ingester.run_once(), ingester.stored) == (1, 1)
    assert len(stored(engine)[0]) == 1
    engine.dispose()


def test_a_batch_that_is_turned_away_for_ever_is_told_and_kept(postgresql_url: str, spool_dir: Path) -> None:
    engine = open_engine(postgresql_url)
    write_closed(spool_dir, [hit(produced_campaign(engine, workspace(engine), 1))])
    turn_away(engine, "judgement_due", 2 * MOST_COLLISIONS - 1)
    ingester = Ingester(engine, spool_dir, lambda: LATER)
    with pytest.raises(OperationalError):
        ingester.run_once()
    assert segments(spool_dir)
    assert ingester.run_once() == 1
    engine.dispose()


def test_a_database_that_became_an_earlier_one_unnoticed_gets_every_hit_again(
    ingester: Ingester, engine: Engine, spool_dir: Path, campaign: int
) -> None:
    writer = write(spool_dir, [hit(campaign)] * 3)
    assert ingester.run_once() == 3
    with writing(engine) as session:
        for table in (Hit, Fact, SpoolProgress):
            session.exec(delete(table))
    writer.append([hit(campaign).pack()], [None])
    writer.close()
    assert [ingester.run_once() for _ in range(3)] == [0, 4, 0]
    assert not segments(spool_dir)
    assert [row.position for row in stored(engine)[0]] == [0, 1, 2, 3]


def test_a_segment_that_somebody_gave_another_name_is_stored_whole(
    ingester: Ingester, engine: Engine, spool_dir: Path, campaign: int
) -> None:
    count = 2 * BATCH_HITS
    path = write_closed(spool_dir, [hit(campaign)] * count).path
    path.rename(path.with_name(f"copy-of-{path.name}"))
    assert [ingester.run_once() for _ in range(4)] == [BATCH_HITS, BATCH_HITS, 0, 0]
    assert not segments(spool_dir)
    with reading(engine) as session:
        assert session.exec(select(func.count()).select_from(Hit)).one() == count


def test_of_hits_too_long_for_one_look_the_rest_does_not_wait(ingester: Ingester, spool_dir: Path, campaign: int) -> None:
    long = hit(campaign, user_agent=f"{IPHONE} {'x' * 200}", referrer="https://example.org/" + "y" * 170)
    write_closed(spool_dir, [long] * 5_000)
    first = ingester.run_once()
    assert (first < BATCH_HITS, ingester.behind) == (True, True)
    assert ingester.run_once() == 5_000 - first
    assert (ingester.behind, ingester.run_once()) == (False, 0)


def test_a_failure_of_any_kind_passes_over_nothing(engine: Engine, spool_dir: Path, campaign: int) -> None:
    times = iter([LATER, None, LATER, LATER])

    def clock() -> datetime:
        if at := next(times):
            return at
        raise RuntimeError("a defect")

    write_closed(spool_dir, [hit(campaign, i % 5) for i in range(2 * BATCH_HITS + 1)])
    ingester = Ingester(engine, spool_dir, clock)
    assert ingester.run_once() == BATCH_HITS
    with pytest.raises(RuntimeError):
        ingester.run_once()
    assert [ingester.run_once(), ingester.run_once(), ingester.run_once()] == [BATCH_HITS, 1, 0]
    assert not segments(spool_dir)


def test_one_batch_takes_from_several_segments_what_waited_longest_first(
    ingester: Ingester, engine: Engine, spool_dir: Path, campaign: int
) -> None:
    ages = {write_closed(spool_dir, [hit(campaign, n), hit(campaign, n)]).path: age for n, age in enumerate((10, 30, 20))}
    for path, age in ages.items():
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - age))
    order = Backlog(spool_dir, ingester.set_aside, lambda _: START).read(5)
    assert [waiting.segment for waiting in order] == [
        UUID(path.stem) for path in sorted(ages, key=lambda path: -ages[path]) for _ in range(2)
    ][:5]
    assert ingester.run_once() == 6
    assert len(stored(engine)[1]) == 6


def test_looking_at_a_spool_in_which_nothing_happens_asks_no_database(
    ingester: Ingester, engine: Engine, spool_dir: Path, campaign: int
) -> None:
    write(spool_dir, [hit(campaign)])
    assert ingester.run_once() == 1
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    assert [ingester.run_once() for _ in range(3)] == [0, 0, 0]
    assert not asked


def test_what_another_ingester_stored_meanwhile_is_not_stored_again(
    ingester: Ingester, engine: Engine, spool_dir: Path, campaign: int
) -> None:
    other = Ingester(engine, spool_dir, lambda: LATER)
    writer = write(spool_dir, [hit(campaign), SpooledHit(NOW, campaign + 99, 1, 0, "GET", "")])
    assert [ingester.run_once(), other.run_once()] == [1, 0]
    writer.append([hit(campaign).pack()], [None])
    assert [other.run_once(), ingester.run_once(), ingester.run_once()] == [1, 0, 0]
    assert len(set_aside(spool_dir)) == 1
    assert [row.position for row in stored(engine)[0]] == [0, 2]


def test_an_operator_sees_what_was_stored_and_what_waits(ingester: Ingester, spool_dir: Path, campaign: int) -> None:
    assert (ingester.stored, ingester.last_stored_at, ingester.oldest_waiting()) == (0, None, None)
    late = hit(campaign)._replace(occurred_at=NOW + timedelta(seconds=5))
    writer = write(spool_dir, [late])
    write_closed(spool_dir, [hit(campaign), hit(campaign, 99)])
    assert ingester.oldest_waiting() == NOW
    ingester.run_once()
    assert (ingester.stored, ingester.last_stored_at, ingester.behind) == (2, LATER, False)
    assert ingester.set_aside.counts == {Fault.REFUSED: 1}
    assert ingester.oldest_waiting() is None
    writer.append([late.pack()], [None])
    assert ingester.oldest_waiting() == late.occurred_at


def test_the_minutes_of_hits_are_to_be_judged_once_they_are_over_and_settled(
    ingester: Ingester, engine: Engine, spool_dir: Path, campaign: int
) -> None:
    seconds = (0, 59, 60, 3_600)
    write_closed(spool_dir, [hit(campaign)._replace(occurred_at=NOW + timedelta(seconds=s)) for s in seconds])
    ingester.run_once()
    with reading(engine) as session:
        due = session.exec(select(JudgementDue).order_by(col(JudgementDue.minute))).all()
        assert [(row.campaign_id, row.minute, row.due_at) for row in due] == [
            (campaign, NOW, LATER + SETTLE),
            (campaign, NOW + MINUTE, NOW + 2 * MINUTE + SETTLE),
            (campaign, NOW + 60 * MINUTE, NOW + 61 * MINUTE + SETTLE),
        ]


def test_a_hit_that_comes_late_has_its_minute_judged_again(
    ingester: Ingester, engine: Engine, spool_dir: Path, campaign: int
) -> None:
    write_closed(spool_dir, [hit(campaign)])
    ingester.run_once()
    write_closed(spool_dir, [hit(campaign)])
    hours_later = LATER + timedelta(hours=3)
    assert Ingester(engine, spool_dir, lambda: hours_later).run_once() == 1
    with reading(engine) as session:
        (due,) = session.exec(select(JudgementDue)).all()
        assert (due.minute, due.due_at) == (NOW, hours_later + SETTLE)


@given(hits)
def test_what_is_remembered_of_a_hit_s_looks_is_what_judging_it_says(spooled: SpooledHit) -> None:
    judgement = judge(spooled)
    found = appraise(spooled)
    assert (found.verdict, found.reason) == (judgement.verdict, judgement.reason)


def test_the_first_click_is_stamped_once_and_every_repeat_is_kept(
    engine: Engine, campaign: int, spool_dir: Path, ingester: Ingester
) -> None:
    """Unique means by the recipient's link, not by network: one person has several, and a carrier's is many people's."""
    clicks = [hit(campaign, n)._replace(occurred_at=NOW + timedelta(hours=h), network=f"192.0.{h}.0/24") for n, h in CLICKS]
    write_closed(spool_dir, clicks)
    assert ingester.run_once() == len(clicks)
    while apply_batch(engine, campaign, "test", lambda: LATER):
        pass
    with reading(engine) as session:
        stamped = dict(session.exec(select(Message.n, Message.clicked_at).where(col(Message.clicked_at).is_not(None))).all())
        funnel = read_funnel(session, session.exec(select(Campaign.workspace_id)).one(), campaign)
    assert stamped == {0: NOW + timedelta(hours=1), 1: NOW + timedelta(hours=1)}
    assert (funnel["clicked"], funnel["hit_human"]) == (2, len(clicks))


CLICKS = ((0, 3), (0, 1), (0, 2), (1, 1), (1, 1))
"""Message and hour, in the order they were spooled; the last two are two people's behind one network."""
