"""Delays in steps: every message in one, sums that go up, quantiles as the step they lie in."""

from hypothesis import given
from hypothesis import strategies as st

from linksvc.distributions import distribution_of

EDGES = (0, 10, 60, 3_600)

counts = st.dictionaries(st.sampled_from(["-1", "", *map(str, EDGES)]), st.integers(0, 1_000_000))


@given(counts)
def test_every_message_stands_in_one_step_or_is_not_known(told: dict[str, int]) -> None:
    found = distribution_of(told, EDGES)
    assert found.total == sum(step.count for step in found.steps)
    assert found.total + found.not_known == sum(told.values())


@given(counts, st.integers(1, 100))
def test_a_quantile_is_the_first_step_by_whose_end_so_many_are_done(told: dict[str, int], per_cent: int) -> None:
    found = distribution_of(told, EDGES)
    step = found.quantile(per_cent)
    if not found.total:
        assert step is None
        return
    assert step is not None
    assert step.count
    assert step.so_far * 100 >= found.total * per_cent
    assert (step.so_far - step.count) * 100 < found.total * per_cent


def test_a_step_reaches_from_its_edge_to_the_next_and_the_last_one_on_and_on() -> None:
    found = distribution_of({"-1": 1, "10": 5, "3600": 2}, EDGES)
    assert [(step.since_s, step.until_s, step.count, step.so_far) for step in found.steps] == [
        (None, 0, 1, 1),
        (0, 10, 0, 1),
        (10, 60, 5, 6),
        (60, 3_600, 0, 6),
        (3_600, None, 2, 8),
    ]


def test_empty_steps_are_cut_off_at_the_ends_and_kept_between() -> None:
    found = distribution_of({"0": 3, "60": 1}, EDGES)
    assert [step.value for step in found.trimmed] == ["0", "10", "60"]
    assert distribution_of({}, EDGES).trimmed == ()


def test_of_ten_the_fifth_is_the_median_and_the_ninth_the_90th_percentile() -> None:
    found = distribution_of({"0": 5, "10": 4, "60": 1}, EDGES)
    half, most = found.quantile(50), found.quantile(90)
    assert half is not None
    assert most is not None
    assert (half.value, most.value) == ("0", "10")
