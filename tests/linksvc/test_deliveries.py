"""The delivery report: every submitted message in one bucket, causes that pass apart from those that last."""

from collections import Counter
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from linksvc.database import reading
from linksvc.deliveries import BUCKETS, PROVED, UNPROVED, Deliveries, make_deliveries, read_deliveries
from linksvc.delivery_causes import CAUSES, SEND_ANEW
from linksvc.message_filters import MessageFilter
from linksvc.message_totals import count_messages
from linksvc.stages import SENT
from tests import factories
from tests.dashboards.chart_scenes import charted_campaign

causes = st.sampled_from(["", "newer_than_the_table", *CAUSES])


@st.composite
def reports(draw: st.DrawFn) -> tuple[Counter[str], Deliveries]:
    """A report of messages, each of which is in one state with one cause and one proof."""
    counts: Counter[str] = Counter()
    told: Counter[tuple[str, str]] = Counter()
    proofs: Counter[tuple[str, str]] = Counter()
    sizes = st.integers(1, 1_000_000)
    for state, cause, proof, size in draw(
        st.lists(st.tuples(st.sampled_from(SENT), causes, st.sampled_from(PROVED + UNPROVED), sizes), max_size=12)
    ):
        counts["submitted"] += size
        counts[state] += size
        proofs[state, proof] += size
        if state in ("failed", "expired", "unknown"):
            told[state, cause] += size
    return counts, make_deliveries(counts, told, proofs, {})


@given(reports())
def test_the_buckets_add_up_to_what_was_submitted(drawn: tuple[Counter[str], Deliveries]) -> None:
    counts, report = drawn
    assert [bucket.name for bucket in report.buckets] == list(BUCKETS)
    assert sum(bucket.count for bucket in report.buckets) == report.submitted == counts["submitted"]
    assert report.unaccounted == 0
    assert all(bucket.count >= 0 for bucket in report.buckets)


@given(reports())
def test_the_causes_of_each_state_add_up_to_it(drawn: tuple[Counter[str], Deliveries]) -> None:
    counts, report = drawn
    for state in ("failed", "expired", "unknown"):
        assert sum(line.count for line in report.causes if line.stage == state) == counts[state]
    buckets = {bucket.name: bucket.count for bucket in report.buckets}
    failed = [line for line in report.causes if line.stage == "failed"]
    assert buckets["temporary"] == sum(line.count for line in failed if line.is_temporary)
    assert buckets["permanent"] == sum(line.count for line in failed if not line.is_temporary)


def test_figures_that_do_not_add_up_are_told_and_not_hidden() -> None:
    counts = Counter({"submitted": 5, "delivered": 3})
    assert make_deliveries(counts, {}, {}, {}).unaccounted == 2


def test_a_campaign_of_which_nothing_was_submitted_has_an_empty_report() -> None:
    report = make_deliveries(Counter(), {}, {}, {})
    assert (report.submitted, report.causes, report.refused, report.latency.total) == (0, (), (), 0)


def test_each_number_of_the_report_has_exactly_its_messages(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    campaign_id = charted_campaign(engine, workspace_id)
    with reading(engine) as session:
        report = read_deliveries(session, workspace_id, campaign_id)
        assert {bucket.name: bucket.count for bucket in report.buckets} == {
            "confirmed": 15,
            "arrived": 2,
            "temporary": 1,
            "permanent": 3,
            "expired": 2,
            "unknown": 1,
            "pending": 2,
        }
        for told in (*report.buckets, *report.causes, *report.refused):
            assert count_messages(session, campaign_id, told.rows) == told.count, told
    assert [(line.stage, line.cause, line.count) for line in report.causes if not line.is_temporary] == [
        ("failed", "number_unknown", 2),
        ("failed", "", 1),
        ("unknown", "", 1),
        ("unknown", "unknown", 1),
    ]
    assert [(line.cause, line.count) for line in report.causes if line.is_temporary] == [
        ("", 1),
        ("not_reached", 1),
        ("handset_full", 1),
    ]
    assert [(line.cause, line.count) for line in report.refused] == [("sender_refused", 1)]


def test_what_was_given_up_is_not_said_to_be_tried_again() -> None:
    told = {("refused", "route_error"): 2, ("failed", "handset_full"): 1, ("refused", "sender_refused"): 1}
    report = make_deliveries(Counter({"submitted": 1, "failed": 1, "refused": 3}), told, {}, {})
    advice = {line.cause: line.advice for line in (*report.causes, *report.refused)}
    assert advice == {
        "route_error": SEND_ANEW,
        "handset_full": CAUSES["handset_full"].advice,
        "sender_refused": CAUSES["sender_refused"].advice,
    }


def test_the_latency_is_that_of_what_was_delivered(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    campaign_id = charted_campaign(engine, workspace_id)
    with reading(engine) as session:
        latency = read_deliveries(session, workspace_id, campaign_id).latency
    # Receipts of 0 to 14 came 6, 12, 18 ... 90 seconds after their submission.
    assert {step.since_s: step.count for step in latency.trimmed} == {0: 4, 30: 5, 60: 6}
    half, most = latency.quantile(50), latency.quantile(90)
    assert half and timedelta(seconds=half.since_s or 0) == timedelta(seconds=30)
    assert most and most.since_s == 60


def test_a_bucket_of_nothing_opens_nothing_also_where_messages_failed_without_a_cause(engine: Engine) -> None:
    campaign_id = charted_campaign(engine, factories.workspace(engine))
    with reading(engine) as session:
        assert count_messages(session, campaign_id, MessageFilter("failed", by="cause")) == 1
        for bucket in make_deliveries(Counter(), {}, {}, {}).buckets:
            if bucket.name in ("temporary", "permanent"):
                assert count_messages(session, campaign_id, bucket.rows) == bucket.count == 0
