"""The later pass over hits, on both databases: by time, by bursts, minute by minute, whoever else is at work."""

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count
from threading import Event

import pytest
from sqlalchemy import Connection, Engine, event
from sqlmodel import Session, col, func, select, update

from linksvc import counters
from linksvc.applier import apply_batch
from linksvc.database import insert_new, open_engine, reading, writing
from linksvc.facts import record
from linksvc.models import Fact, Hit, JudgementDue, Message
from linksvc.tallies import TOTAL, Cell
from tests import factories
from tests.factories import IPHONE, NOW, hit, learn_hits
from tracker import judging
from tracker.context import PRESENT, Rules
from tracker.due import MINUTE, mark_due
from tracker.hits import SpooledHit
from tracker.judging import AGAIN_AFTER, CLAIMED_FOR, judge_due
from tracker.rejudging import Difference, Exchange, rejudge
from tracker.verdicts import Judgement, Reason, Verdict

SIZE = 60
DUE = NOW + timedelta(minutes=5)
SCANNER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


@pytest.fixture
def campaign(engine: Engine) -> int:
    """SIZE messages, each taken by the operator at NOW."""
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), SIZE)
    submit(engine, campaign_id)
    return campaign_id


def submit(engine: Engine, campaign_id: int) -> None:
    with writing(engine) as session:
        session.exec(update(Message).values(submitted_at=NOW, parts=1, parts_accepted=1, state="submitted"))
        counters.rebuild(session, campaign_id)


def arrive(engine: Engine, *hits: Hit, counted: bool = True) -> None:
    """Hits are stored, their minutes are due, and the applier has counted them."""
    learn_hits(engine, *hits)
    with writing(engine) as session:
        minutes = {(one.campaign_id, one.occurred_at.replace(second=0, microsecond=0)) for one in hits}
        insert_new(session, JudgementDue, [{"campaign_id": c, "minute": m, "due_at": DUE} for c, m in sorted(minutes)])
    while counted and apply_batch(engine, hits[0].campaign_id, "test", lambda: NOW):
        pass


def judge_all(engine: Engine, now: datetime = DUE) -> int:
    """Judges what is due; returns how many rounds it took."""
    rounds = 0
    while judge_due(engine, lambda: now):
        rounds += 1
    return rounds


def verdicts(engine: Engine) -> list[tuple[str, str]]:
    with reading(engine) as session:
        return [(row.verdict, row.reason) for row in session.exec(select(Hit).order_by(col(Hit.position)))]


def due(engine: Engine) -> list[tuple[datetime, datetime]]:
    with reading(engine) as session:
        rows = session.exec(select(JudgementDue).order_by(col(JudgementDue.minute)))
        return [(row.minute, row.due_at) for row in rows]


def facts(engine: Engine, kind: str) -> int:
    with reading(engine) as session:
        return session.exec(select(func.count()).where(Fact.kind == kind)).one()


def assert_counted(engine: Engine, campaign_id: int) -> None:
    with reading(engine) as session:
        assert counters.stored(session, campaign_id) == counters.brute_force(session, campaign_id)


def scanned(campaign_id: int, count: int = 30) -> list[Hit]:
    """A scanner opens one link after the other, right after they were sent."""
    return [
        hit(campaign_id, i, i, user_agent=SCANNER, network="198.51.100.0/24", occurred_at=NOW + seconds(1.5 + i / 10))
        for i in range(count)
    ]


def test_a_hit_before_its_message_was_taken_or_within_a_second_is_suspect(engine: Engine, campaign: int) -> None:
    expected = {
        -3600: ("suspect", "before_submission"),
        -1.1: ("suspect", "before_submission"),
        -1: ("suspect", "too_soon"),
        0: ("suspect", "too_soon"),
        1: ("suspect", "too_soon"),
        1.01: ("human", ""),
        3600: ("human", ""),
    }
    arrive(engine, *(hit(campaign, i, i, occurred_at=NOW + seconds(after_s)) for i, after_s in enumerate(expected)))
    assert judge_all(engine) == 1
    assert verdicts(engine) == list(expected.values())
    assert_counted(engine, campaign)


def test_time_makes_no_suspect_of_a_machine_nor_of_who_is_not_named_nor_before_anything_was_sent(engine: Engine) -> None:
    campaign = factories.produced_campaign(engine, factories.workspace(engine), 3)
    arrive(engine, hit(campaign, 0, 0))
    judge_all(engine)
    submit(engine, campaign)
    arrive(engine, hit(campaign, 1, None), hit(campaign, 2, 1, "machine", reason="bare_client", user_agent="curl/8.9"))
    assert verdicts(engine) == [("human", ""), ("human", ""), ("machine", "bare_client")]
    judge_all(engine)
    assert verdicts(engine)[1:] == [("human", ""), ("machine", "bare_client")]
    assert_counted(engine, campaign)


def test_a_scanner_that_opens_the_links_of_many_is_suspect_and_the_people_of_that_minute_are_not(
    engine: Engine, campaign: int
) -> None:
    people = [
        hit(campaign, n, n, user_agent=f"{IPHONE} {n % 7}", network="203.0.113.0/24", occurred_at=NOW + seconds(5))
        for n in range(30, 60)
    ]
    unnamed = hit(campaign, 300, None, user_agent=SCANNER, network="198.51.100.0/24", occurred_at=NOW + seconds(4))
    arrive(engine, *scanned(campaign), *people, unnamed)
    judge_all(engine)
    found = verdicts(engine)
    assert found == [("suspect", "burst")] * 30 + [("human", "")] * 30 + [("suspect", "burst")]
    assert facts(engine, "verdict") == 31
    assert_counted(engine, campaign)


def test_a_burst_over_the_turn_of_a_minute_is_found_when_its_second_half_comes_late(engine: Engine, campaign: int) -> None:
    halves = [
        hit(campaign, i, i, user_agent=SCANNER, network="198.51.100.0/24", occurred_at=NOW + seconds(57 + i / 4))
        for i in range(24)
    ]
    with writing(engine) as session:
        session.exec(update(Message).values(submitted_at=NOW + seconds(55)))
    arrive(engine, *halves[:12])
    judge_all(engine)
    assert set(verdicts(engine)) == {("human", "")}
    arrive(engine, *halves[12:])
    judge_all(engine)
    assert set(verdicts(engine)) == {("suspect", "burst")}
    assert_counted(engine, campaign)


def test_judging_again_changes_nothing_and_leaves_nothing_due(engine: Engine, campaign: int) -> None:
    hits = scanned(campaign)
    arrive(engine, *hits)
    assert judge_all(engine) == 1
    assert due(engine) == []
    arrive(engine, *hits)
    assert judge_all(engine) == 1
    assert facts(engine, "verdict") == 30


def test_nothing_due_is_nothing_done(engine: Engine, campaign: int) -> None:
    assert not judge_due(engine, lambda: DUE)
    arrive(engine, hit(campaign, 0, occurred_at=NOW))
    assert not judge_due(engine, lambda: DUE - seconds(1))
    assert verdicts(engine) == [("human", "")]


def test_a_hit_that_is_not_counted_yet_is_judged_as_soon_as_it_is(engine: Engine, campaign: int) -> None:
    arrive(engine, hit(campaign, 0, occurred_at=NOW), counted=False)
    assert judge_all(engine) == 1
    assert due(engine) == [(NOW, DUE + AGAIN_AFTER)]
    assert verdicts(engine) == [("human", "")]
    apply_batch(engine, campaign, "test", lambda: NOW)
    judge_all(engine, DUE + AGAIN_AFTER)
    assert due(engine) == []
    assert verdicts(engine) == [("suspect", "too_soon")]
    assert_counted(engine, campaign)


def test_a_minute_that_gets_a_hit_while_it_is_judged_stays_due(engine: Engine, campaign: int) -> None:
    arrive(engine, hit(campaign, 0, occurred_at=NOW))

    def alone_while_ingest_is_at_work(_: object) -> Judgement:
        with writing(engine) as session:
            session.exec(update(JudgementDue).values(due_at=DUE + seconds(30)))
        return Judgement(Verdict.SUSPECT, Reason.LINK_SCANNER)

    assert judge_due(engine, lambda: DUE, Rules(9, alone_while_ingest_is_at_work))
    assert due(engine) == [(NOW, DUE + seconds(30))]


def test_a_minute_is_judged_by_one_worker_at_a_time_and_by_another_if_that_one_dies(engine: Engine, campaign: int) -> None:
    arrive(engine, hit(campaign, 0, occurred_at=NOW))

    class Dies(Exception):
        pass

    def alone_and_last(_: object) -> Judgement:
        assert not judge_due(engine, lambda: DUE)
        raise Dies

    with pytest.raises(Dies):
        judge_due(engine, lambda: DUE, Rules(9, alone_and_last))
    assert not judge_due(engine, lambda: DUE + CLAIMED_FOR - seconds(1))
    assert judge_due(engine, lambda: DUE + CLAIMED_FOR)
    assert verdicts(engine) == [("suspect", "too_soon")]


@pytest.mark.parametrize("moment", ["claims", "settles"])
def test_the_judge_and_late_hits_in_the_same_minutes_do_not_wait_for_each_other(postgresql_url: str, moment: str) -> None:
    engine = open_engine(postgresql_url)
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 1)
    minutes = [NOW, NOW + MINUTE]
    learn_hits(engine, hit(campaign_id, 0, occurred_at=NOW))
    with writing(engine) as session:
        # The later one lies first, and so few are read as they lie.
        insert_new(session, JudgementDue, [{"campaign_id": campaign_id, "minute": m, "due_at": DUE} for m in minutes[::-1]])
        session.connection().exec_driver_sql("ANALYZE judgement_due")
    judging_now, ingesting = Event(), Event()

    def alone_once_ingest_is_at_work(_: object) -> Judgement:
        judging_now.set()
        assert ingesting.wait(30)
        return Judgement(Verdict.HUMAN, Reason.NONE)

    with ThreadPoolExecutor(1) as pool:
        if moment == "settles":
            done = pool.submit(judge_due, engine, lambda: DUE, Rules(9, alone_once_ingest_is_at_work))
            assert judging_now.wait(30)
        with writing(engine) as session:
            mark_due(session, [(campaign_id, minutes[0])], DUE)
            ingesting.set()
            if moment == "claims":
                done = pool.submit(judge_due, engine, lambda: DUE)
            until(lambda: waits_for_a_row(engine))
            mark_due(session, [(campaign_id, minutes[1])], DUE)
        assert done.result(30)
    assert [minute for minute, _ in due(engine)] == minutes, "further hits have made them due again"
    engine.dispose()


def waits_for_a_row(engine: Engine) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with reading(engine) as session:
        return bool(session.connection().exec_driver_sql(waiting).scalar_one())


def until(happens: Callable[[], bool]) -> None:
    for _ in range(2_000):
        if happens():
            return
        time.sleep(0.005)
    raise AssertionError("it did not happen")


def test_what_an_interaction_proved_is_not_judged(engine: Engine, campaign: int) -> None:
    arrive(engine, hit(campaign, 0, occurred_at=NOW))
    with writing(engine) as session:
        record(session, [factories.fact_of(hit(campaign, 0))._replace(kind="interaction")], NOW)
    apply_batch(engine, campaign, "test", lambda: NOW)
    judge_all(engine)
    assert verdicts(engine) == [("human", "interaction")]
    assert due(engine) == []


def test_a_crowd_of_a_minute_is_written_in_many_transactions_each_of_them_true(
    engine: Engine, campaign: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "BATCH_ROWS", 50)
    arrive(engine, *(hit(campaign, i, i % SIZE, occurred_at=NOW + timedelta(milliseconds=i)) for i in range(120)))
    sizes: list[int] = []

    def note(session: Session) -> None:
        rows = session.connection().execute(select(func.count()).where(col(Fact.kind) == "verdict")).scalar_one()
        # A reading ends with a commit too, and its snapshot may be older than what was written since.
        sizes.append(max(0, rows - sum(sizes)))

    event.listen(Session, "before_commit", note)
    try:
        judge_all(engine)
    finally:
        event.remove(Session, "before_commit", note)
    assert [size for size in sizes if size] == [50, 50, 20]
    assert set(verdicts(engine)) == {("suspect", "too_soon")}
    assert_counted(engine, campaign)


def test_hits_are_found_by_their_time_and_their_facts_by_their_name(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 1)
    arrive(engine, hit(campaign_id, 0, occurred_at=NOW))
    plans: list[str] = []

    def explain(connection: Connection, _c: object, statement: str, values: Sequence[object], *_: object) -> None:
        if statement.startswith("SELECT"):
            plans.append(str(connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()))

    event.listen(engine, "before_cursor_execute", explain)
    judge_all(engine)
    engine.dispose()
    told = "\n".join(plans)
    assert "ix_hit_time" in told and "ix_judgement_due" in told
    assert "SCAN" not in told, told


def judge_anew(spooled: SpooledHit) -> Judgement:
    """By rules of another day the scanner is a machine, and nobody else is."""
    is_scanner = spooled.user_agent == SCANNER
    return Judgement(Verdict.MACHINE, Reason.CRAWLER) if is_scanner else Judgement(Verdict.HUMAN, Reason.NONE)


ANEW = Rules(7, judge_anew)


def history(engine: Engine, campaign: int) -> None:
    """Hits of a day and some after the window, by a scanner and by people, one message opened by both, and a visit that
    names nobody."""
    draw = random.Random(3)
    hits = [
        hit(
            campaign,
            i,
            None if i == 9 else draw.randrange(40),
            draw.choice(["human", "suspect"]),
            user_agent=draw.choice([SCANNER, IPHONE]),
            occurred_at=NOW + seconds(draw.uniform(60, 86_400)) + timedelta(days=8 if i % 10 == 0 else 0),
        )
        for i in range(100)
    ]
    arrive(engine, *hits)


def shown(engine: Engine, campaign_id: int) -> dict[str, int]:
    names = ("clicked", "suspect", "machine", "hit_human", "hit_suspect", "hit_machine", "late_hit")
    sums = dict.fromkeys(names, 0)
    with reading(engine) as session:
        for cell, (count, _) in counters.stored(session, campaign_id).items():
            if isinstance(cell, Cell) and cell.by == TOTAL and cell.stage in sums:
                sums[cell.stage] += count
    return {name: count for name, count in sums.items() if count}


def test_rejudging_tells_the_difference_it_makes_to_every_figure(engine: Engine, campaign: int) -> None:
    history(engine, campaign)
    before = shown(engine, campaign)
    told = rejudge(engine, campaign, lambda: DUE, dry_run=True, rules=ANEW)
    assert shown(engine, campaign) == before and facts(engine, "verdict") == 0
    done = rejudge(engine, campaign, lambda: DUE, rules=ANEW)
    assert done == told
    assert (done.before, done.after) == (before, shown(engine, campaign))
    assert done.hits == 100 and sum(done.exchanges.values()) == facts(engine, "verdict")
    assert set(done.exchanges) == {
        Exchange("human", "machine", "crawler"),
        Exchange("suspect", "machine", "crawler"),
        Exchange("suspect", "human", ""),
    }
    assert_counted(engine, campaign)
    with reading(engine) as session:
        assert set(session.exec(select(Hit.rules).where(Hit.judged > 0))) == {7}


def test_rejudging_a_second_time_changes_nothing(engine: Engine, campaign: int) -> None:
    history(engine, campaign)
    first = rejudge(engine, campaign, lambda: DUE, rules=ANEW)
    again = rejudge(engine, campaign, lambda: DUE, rules=ANEW)
    assert again == Difference(100, first.after, first.after, {}, 0)


def test_rejudging_that_is_interrupted_leaves_true_figures_and_can_be_run_again(
    engine: Engine, campaign: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    history(engine, campaign)
    monkeypatch.setattr(judging, "BATCH_ROWS", 10)
    seen = 0

    def interrupted(one: SpooledHit) -> Judgement:
        nonlocal seen
        seen += 1
        if seen == 170:
            raise KeyboardInterrupt
        return judge_anew(one)

    with pytest.raises(KeyboardInterrupt):
        rejudge(engine, campaign, lambda: DUE, rules=Rules(7, interrupted))
    assert facts(engine, "verdict") > 0
    assert_counted(engine, campaign)
    rest = rejudge(engine, campaign, lambda: DUE, rules=ANEW)
    assert rest.before != rest.after == shown(engine, campaign)


def test_rejudging_finds_what_the_minutes_found(engine: Engine, campaign: int) -> None:
    arrive(engine, *scanned(campaign), *(hit(campaign, 100 + n, 50, occurred_at=NOW + seconds(n)) for n in range(5)))
    judge_all(engine)
    assert set(verdicts(engine)) == {("suspect", "burst"), ("suspect", "too_soon"), ("human", "")}
    done = rejudge(engine, campaign, lambda: DUE, rules=PRESENT)
    assert done.exchanges == {} and done.before == done.after


def test_figures_stay_true_while_everybody_is_at_work(engine: Engine, campaign: int) -> None:
    hits = [
        hit(campaign, i, i % SIZE, user_agent=SCANNER if i % 3 else IPHONE, occurred_at=NOW + seconds(i / 5))
        for i in range(400)
    ]

    def ingest() -> None:
        for at in range(0, len(hits), 20):
            arrive(engine, *hits[at : at + 20], counted=False)
            with writing(engine) as session:
                record(session, [factories.fact_of(hits[at])._replace(kind="interaction")], NOW)

    def apply() -> None:
        while not ingested.done() or apply_batch(engine, campaign, "test", lambda: NOW):
            apply_batch(engine, campaign, "test", lambda: NOW)

    def judge() -> None:
        nows = (DUE + timedelta(minutes=10 * i) for i in count())
        while not applied.done():
            judge_due(engine, lambda: next(nows))

    with ThreadPoolExecutor(4) as pool:
        ingested = pool.submit(ingest)
        applied = pool.submit(apply)
        for done in [ingested, applied, pool.submit(judge), pool.submit(judge)]:
            done.result(60)
    assert_counted(engine, campaign)
    judge_all(engine, DUE + timedelta(days=100))
    assert_counted(engine, campaign)
    assert due(engine) == []
    assert rejudge(engine, campaign, lambda: DUE, dry_run=True).exchanges == {}
