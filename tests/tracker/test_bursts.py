"""What tells one visitor from a crowd, without a database."""

import random
from collections.abc import Iterable
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import IPHONE, NOW
from tracker.bursts import BURST_RECIPIENTS, Bursts, Opening

CARRIER = "198.51.100.0/24"
SCANNER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
REDUCED = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36"


def opened(n: int, at_s: float, after_s: float | None = 3, user_agent: str = SCANNER, network: str = CARRIER) -> Opening:
    """Message n's link, opened `at_s` seconds from now, `after_s` seconds after its submission (None: not submitted)."""
    at = NOW + timedelta(seconds=at_s)
    return Opening(at, network, user_agent, n, None if after_s is None else at - timedelta(seconds=after_s))


def found(openings: Iterable[Opening]) -> set[int]:
    """The recipients whose hits belong to a burst."""
    told = sorted(openings, key=lambda opening: opening.at)
    bursts = Bursts(told)
    return {opening.n for opening in told if bursts.hold(opening.network, opening.user_agent, opening.at)}


def test_a_scanner_that_works_off_a_campaign_as_it_is_sent_is_a_burst() -> None:
    assert found(opened(n, n / 2) for n in range(100)) == set(range(100))


def test_fewer_recipients_than_a_burst_has_are_none_however_often_they_are_opened() -> None:
    few = [opened(n % (BURST_RECIPIENTS - 1), n / 10) for n in range(200)]
    assert found(few) == set()
    assert found([*few, opened(BURST_RECIPIENTS, 20.1)]) != set()


def test_a_scanner_that_takes_more_than_a_minute_for_so_many_is_none() -> None:
    assert found(opened(n, n * 61 / (BURST_RECIPIENTS - 1)) for n in range(200)) == set()
    assert found(opened(n, n * 59 / (BURST_RECIPIENTS - 1)) for n in range(BURST_RECIPIENTS)) == set(range(BURST_RECIPIENTS))


def test_the_phones_behind_a_carrier_are_no_burst_however_many_and_fast() -> None:
    phones = [IPHONE, REDUCED, REDUCED, REDUCED, *(f"{REDUCED} {model}" for model in range(4))]
    draw = random.Random(7)
    assert found(opened(n, draw.uniform(0, 60), draw.uniform(0, 9), draw.choice(phones)) for n in range(2_000)) == set()


def test_a_crowd_with_one_and_the_same_phone_is_no_burst_if_it_takes_its_time() -> None:
    draw = random.Random(7)
    assert found(opened(n, draw.uniform(0, 60), draw.lognormvariate(4, 1), IPHONE) for n in range(500)) == set()


def test_a_scanner_among_a_few_people_of_its_network_is_a_burst_and_they_are_not() -> None:
    people = [opened(1_000 + n, n * 5, 40, IPHONE) for n in range(5)]
    assert found([*people, *(opened(n, n / 2) for n in range(100))]) == set(range(100))


def test_a_scanner_behind_a_crowd_goes_unseen() -> None:
    people = [opened(1_000 + n, n / 2, 40, f"{REDUCED} {n}") for n in range(100)]
    assert found([*people, *(opened(n, n / 2) for n in range(100))]) == set()


def test_messages_that_no_operator_took_tell_nothing_of_haste() -> None:
    assert found(opened(n, n / 2, None) for n in range(100)) == set()


def test_what_comes_a_minute_before_or_after_a_burst_is_none_of_it() -> None:
    burst = [opened(n, n / 10) for n in range(50)]
    alone = [opened(100, -70), opened(101, 70)]
    assert found([*burst, *alone]) == set(range(50))


moments = st.integers(0, 200)
openings = st.builds(
    opened,
    st.integers(0, 60),
    moments.map(float),
    st.sampled_from([3.0, 3.0, 30.0, None]),
    st.sampled_from([SCANNER, SCANNER, SCANNER, IPHONE]),
    st.sampled_from([CARRIER, CARRIER, "203.0.113.0/24"]),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(openings, min_size=100, max_size=200), moments, moments)
def test_whether_a_hit_belongs_to_a_burst_depends_on_the_minute_around_it_alone(
    told: list[Opening], first: int, last: int
) -> None:
    told.sort(key=lambda opening: opening.at)
    since, until = (NOW + timedelta(seconds=second) for second in sorted((first, last)))
    minute = timedelta(minutes=1)
    whole = Bursts(told)
    part = Bursts(opening for opening in told if since - minute <= opening.at < until + minute)
    for opening in told:
        if since <= opening.at < until:
            seen = (opening.network, opening.user_agent, opening.at)
            assert whole.hold(*seen) == part.hold(*seen)
