"""Waits after failures: they double, are bounded, and are never those of everybody else."""

import statistics

from hypothesis import given
from hypothesis import strategies as st

from sender.timing import Backoff

DRAWS = 2_000


@given(st.integers(1, 10_000), st.floats(0.01, 60.0), st.floats(1.0, 1_000.0))
def test_a_wait_is_between_half_and_whole_of_what_is_doubled_up_to_the_longest(
    failures: int, first_s: float, times: float
) -> None:
    backoff = Backoff(first_s, first_s * times)
    whole = min(first_s * times, first_s * 2.0 ** min(failures - 1, 30))
    assert whole / 2 <= backoff.wait_s(failures) <= whole


def test_waits_are_spread_evenly_over_that_half() -> None:
    backoff = Backoff(0.5, 30.0)
    waits = sorted(backoff.wait_s(20) for _ in range(DRAWS))
    # A quarter of them lies in each quarter of 15 to 30 s, give or take six standard deviations (0.058).
    quarters = [sum(1 for wait in waits if 15 + 3.75 * part <= wait < 15 + 3.75 * (part + 1)) / DRAWS for part in range(4)]
    assert all(abs(share - 0.25) < 0.058 for share in quarters)
    assert abs(statistics.fmean(waits) - 22.5) < 0.6
