"""How far two shares are apart, and when that cannot be told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linksvc.proportions import Proportion, difference_of

shares = st.integers(1, 10_000).flatmap(lambda whole: st.integers(0, whole).map(lambda part: Proportion(part, whole)))


def test_a_difference_has_newcombes_interval() -> None:
    # Newcombe 1998, table II, example (a), method 10: 56/70 and 48/80.
    apart = difference_of(Proportion(56, 70), Proportion(48, 80))
    assert apart
    assert (apart.estimate, apart.low, apart.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    assert apart.is_told


@given(shares, shares)
def test_a_difference_lies_in_its_interval_and_turns_round_with_its_sides(one: Proportion, other: Proportion) -> None:
    apart, back = difference_of(one, other), difference_of(other, one)
    assert apart and back
    assert -1 - 1e-9 <= apart.low <= apart.estimate + 1e-9
    assert apart.estimate - 1e-9 <= apart.high <= 1 + 1e-9
    assert (back.estimate, back.low, back.high) == pytest.approx((-apart.estimate, -apart.high, -apart.low))


def test_of_nothing_no_difference_is_told() -> None:
    assert difference_of(Proportion(0, 0), Proportion(1, 2)) is None
    same = difference_of(Proportion(1, 10), Proportion(1, 10))
    assert same and not same.is_told
