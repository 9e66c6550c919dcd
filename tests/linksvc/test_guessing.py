from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linksvc.guessing import WINDOW_S, Guessing, Patience
from tests.linksvc.hand_set_clock import Time

LEAST_MISSES, BUCKET_PER_S, BUCKET_SIZE, MOST_NETWORKS = 20, 5.0, 50.0, 20_000
PATIENCE = Patience(LEAST_MISSES, 0.5, BUCKET_PER_S, BUCKET_SIZE, most_subjects=MOST_NETWORKS)
BAD, GOOD = "203.0.113.0/24", "198.51.100.0/24"


@pytest.fixture
def time() -> Time:
    return Time()


Said = list[tuple[str, int]]


@pytest.fixture
def said() -> Said:
    return []


@pytest.fixture
def guessing(time: Time, said: Said) -> Guessing:
    return watch(time, said)


def watch(time: Time, said: Said, patience: Patience = PATIENCE) -> Guessing:
    return Guessing(patience, lambda subject, alarms: said.append((subject, alarms)), time)


def guess(guessing: Guessing, times: int, network: str = BAD, then: Callable[[], None] = lambda: None) -> int:
    """How many of the guesses were looked at; `then` happens after each."""
    looked_at = 0
    for _ in range(times):
        if not guessing.refuses(network):
            looked_at += 1
            guessing.missed(network)
        then()
    return looked_at


def test_a_few_mistyped_links_hold_back_nobody(guessing: Guessing) -> None:
    assert guess(guessing, LEAST_MISSES - 1) == LEAST_MISSES - 1
    assert (guessing.throttled, guessing.alarms, guessing.refused) == (0, 0, 0)


def test_a_flood_of_misses_raises_one_alarm_and_passes_one_bucket(guessing: Guessing, time: Time, said: Said) -> None:
    def pass_by() -> None:
        time.now += 0.001

    looked_at = guess(guessing, 10_000, then=pass_by)
    assert looked_at <= LEAST_MISSES + BUCKET_SIZE + 10 * BUCKET_PER_S + 1
    assert (guessing.throttled, guessing.alarms, guessing.refused) == (1, 1, 10_000 - looked_at)
    assert said == [(BAD, 1)]


def test_hits_of_a_guessing_network_wait_like_its_misses(guessing: Guessing) -> None:
    guess(guessing, 1_000)
    assert guessing.refuses(BAD), "no look at the code, so no answer tells whether it exists"


def test_other_networks_notice_nothing(guessing: Guessing) -> None:
    guess(guessing, 1_000)
    assert not any(guessing.refuses(GOOD) for _ in range(1_000))


def test_a_crowd_that_mostly_finds_what_it_asks_for_is_not_guessing(guessing: Guessing) -> None:
    for i in range(10_000):
        assert not guessing.refuses(GOOD)
        (guessing.missed if i % 3 == 0 else guessing.found)(GOOD)
    assert guessing.alarms == 0


def test_who_stops_guessing_is_let_go_and_who_goes_on_is_not(guessing: Guessing, time: Time) -> None:
    guess(guessing, 1_000)
    for _ in range(300):
        time.now += 1
        guess(guessing, 20)
    assert guessing.throttled == 1
    time.now += 2 * WINDOW_S
    assert not guessing.refuses(BAD)
    assert (guessing.throttled, guessing.alarms) == (0, 1)


def test_a_slow_guesser_below_the_limit_is_as_slow_as_the_limit(guessing: Guessing, time: Time) -> None:
    for _ in range(1_000):
        guess(guessing, 1)
        time.now += WINDOW_S / (LEAST_MISSES - 2)
    assert guessing.alarms == 0


def test_a_flood_of_networks_takes_no_more_memory_than_is_set(guessing: Guessing) -> None:
    for i in range(2 * MOST_NETWORKS):
        guess(guessing, LEAST_MISSES if i % 100 == 0 else 1, f"2001:db8:{i >> 16:x}:{i & 0xFFFF:x}::/64")
    assert len(guessing._subjects) == MOST_NETWORKS
    assert guessing._held <= guessing._subjects.keys()


def test_a_flood_of_networks_lets_nobody_go_who_goes_on_guessing(guessing: Guessing) -> None:
    guess(guessing, 1_000)
    for i in range(3 * MOST_NETWORKS):
        guess(guessing, 1, f"2001:db8:{i >> 16:x}:{i & 0xFFFF:x}::/64")
        if i % 1_000 == 0:
            assert guessing.refuses(BAD)


def test_a_network_that_has_stopped_is_not_told_as_held_back(guessing: Guessing, time: Time) -> None:
    guess(guessing, 1_000)
    assert guessing.throttled == 1
    time.now += 2 * WINDOW_S
    assert guessing.throttled == 0


@given(st.lists(st.tuples(st.sampled_from([BAD, GOOD, "2001:db8::/64"]), st.booleans(), st.floats(0, 100)), max_size=300))
def test_the_count_of_networks_held_back_is_always_right(steps: list[tuple[str, bool, float]]) -> None:
    time = Time()
    guessing = watch(time, [])
    for network, found, later in steps:
        time.now += later / 10
        for _ in range(5):
            if not guessing.refuses(network):
                (guessing.found if found else guessing.missed)(network)
    held = {network for network in (BAD, GOOD, "2001:db8::/64") if guessing.throttled and network in guessing._held}
    assert guessing.throttled == len(held)


def test_who_is_refused_is_told_when_the_next_request_may_pass(guessing: Guessing, time: Time) -> None:
    guess(guessing, 1_000)
    assert guessing.wait_s(GOOD) == 0
    time.now += guessing.wait_s(BAD) + 0.001
    assert not guessing.refuses(BAD)
    assert guessing.refuses(BAD)


def test_hits_among_the_misses_hide_nobody_who_misses_often(time: Time) -> None:
    guessing = watch(time, [], Patience(LEAST_MISSES, 0.5, BUCKET_PER_S, BUCKET_SIZE, most_misses=100))
    for _ in range(99):
        guessing.missed(BAD)
        guessing.found(BAD)
        guessing.found(BAD)
    assert guessing.throttled == 0
    guessing.missed(BAD)
    assert guessing.throttled == 1
