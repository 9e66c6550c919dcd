"""When a bind is called failing, and when it is trusted again."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender.health import FAILS_FOR_S, HEALED_AFTER, LEAST_BAD, Health


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Iterator[Clock]:
    yield Clock()


def fail(
    health: Health, clock: Clock, outcome: str = "retry", cause: str = "route_error", times: int = 2 * LEAST_BAD
) -> None:
    for _ in range(times):
        clock.now += 2 * FAILS_FOR_S / times * 2
        health.note(outcome, cause)


@pytest.mark.parametrize(
    ("outcome", "cause"), [("retry", "route_error"), ("retry", "queue_full"), ("refused", "no_credit"), ("unknown", "")]
)
def test_a_bind_whose_parts_are_not_taken_for_a_while_is_failing(clock: Clock, outcome: str, cause: str) -> None:
    health = Health(clock)
    health.note("accepted")
    fail(health, clock, outcome, cause)
    assert health.failing
    assert "parts" in health.in_words()


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [("accepted", ""), ("refused", "number_unknown"), ("refused", "content_refused"), ("retry", "throttled")],
)
def test_recipients_texts_and_a_pace_that_is_too_fast_do_not_make_it_failing(clock: Clock, outcome: str, cause: str) -> None:
    health = Health(clock)
    fail(health, clock, outcome, cause, 500)
    assert not health.failing


def test_a_moment_of_refusals_is_forgiven(clock: Clock) -> None:
    health = Health(clock)
    for _ in range(100):
        health.note("retry", "route_error")
    assert not health.failing
    for _ in range(40):
        health.note("accepted")
    clock.now += 10
    health.note("retry", "route_error")
    assert not health.failing


def test_a_failing_bind_is_trusted_again_after_a_few_parts_in_a_row(clock: Clock) -> None:
    health = Health(clock)
    fail(health, clock)
    for _ in range(HEALED_AFTER - 1):
        health.note("accepted")
    health.note("retry", "route_error")
    assert health.failing
    for _ in range(HEALED_AFTER):
        assert health.failing
        health.note("accepted")
    assert not health.failing
    health.note("retry", "route_error")
    assert not health.failing


def test_the_figures_are_of_the_last_five_minutes(clock: Clock) -> None:
    health = Health(clock)
    health.note("accepted", latency_s=9.0)
    clock.now += 301
    for outcome, latency_s in (("accepted", 0.1), ("accepted", 0.3), ("refused", 0.2), ("retry", 0.2), ("unknown", None)):
        health.note(outcome, latency_s=latency_s)
    vitals = health.vitals(12.5)
    assert (vitals.accepted, vitals.refused, vitals.retried, vitals.unanswered) == (2, 1, 1, 1)
    assert (vitals.present_rate_milli, vitals.latency_ms) == (12_500, 200)


@given(st.lists(st.tuples(st.sampled_from(["accepted", "refused", "retry", "unknown"]), st.floats(0, 50)), max_size=200))
def test_the_figures_add_up_to_what_was_noted_lately(noted: list[tuple[str, float]]) -> None:
    clock = Clock()
    health = Health(clock)
    times = []
    for outcome, pause in noted:
        clock.now += pause
        times.append(clock.now)
        health.note(outcome, "")
    vitals = health.vitals(1.0)
    total = vitals.accepted + vitals.refused + vitals.retried + vitals.unanswered
    assert sum(at >= clock.now - 290 for at in times) <= total <= sum(at >= clock.now - 310 for at in times)
