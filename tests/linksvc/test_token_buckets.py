import pytest
from hypothesis import given
from hypothesis import strategies as st

from linksvc.token_buckets import MOST_SUBJECTS, Quota, TokenBuckets
from tests.linksvc.hand_set_clock import Time

QUOTA = Quota("key", 60, 60)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def buckets(time: Time) -> TokenBuckets:
    return TokenBuckets(QUOTA, time)


def test_a_whole_window_may_be_asked_for_at_once_and_no_more(buckets: TokenBuckets) -> None:
    standings = [buckets.take("a") for _ in range(61)]
    assert [one.remaining for one in standings] == [*range(59, -1, -1), 0]
    assert [one.wait_s for one in standings] == [0] * 60 + [1]
    assert standings[0].full_in_s == 1
    assert standings[59].full_in_s == 60


def test_who_waits_as_long_as_was_told_may_go_on(buckets: TokenBuckets, time: Time) -> None:
    for _ in range(60):
        buckets.take("a")
    time.now += buckets.take("a").wait_s
    assert buckets.take("a").wait_s == 0
    assert buckets.take("a").wait_s == 1


def test_nobody_pays_for_another(buckets: TokenBuckets) -> None:
    for _ in range(100):
        buckets.take("a")
    assert buckets.take("b").remaining == 59


def test_a_bucket_is_never_more_than_full(buckets: TokenBuckets, time: Time) -> None:
    buckets.take("a")
    time.now += 1e6
    assert (buckets.take("a").remaining, buckets.take("a").remaining) == (59, 58)


def test_a_flood_of_subjects_takes_no_more_memory_than_is_set(buckets: TokenBuckets) -> None:
    for i in range(2 * MOST_SUBJECTS):
        buckets.take(str(i))
    assert len(buckets._buckets) == MOST_SUBJECTS


@given(st.lists(st.floats(0, 30), max_size=300))
def test_over_any_time_no_more_pass_than_a_window_and_what_came_back_since(pauses: list[float]) -> None:
    time = Time()
    buckets = TokenBuckets(Quota("key", 10, 10), time)
    passed = 0
    for pause in pauses:
        time.now += pause
        standing = buckets.take("a")
        passed += standing.wait_s == 0
        assert 0 <= standing.remaining <= 9
        assert 0 < standing.full_in_s <= 10
    assert passed <= 10 + (time.now - 1_000) + 1e-6
