from hypothesis import given
from hypothesis import strategies as st

from sender.pacing import RECOVERY_S, Pacer, Window


@given(st.floats(0.5, 1_000), st.lists(st.floats(0, 0.3), min_size=1, max_size=300))
def test_any_second_holds_at_most_the_rate_and_a_twentieth_and_one(rate: float, delays: list[float]) -> None:
    pacer, now, taken = Pacer(rate), 100.0, []
    for delay in delays:
        now = max(now + delay, pacer.ready_at(now))
        pacer.take(now)
        taken.append(now)
    for first in taken:
        assert sum(first <= moment < first + 1 for moment in taken) <= 1.05 * rate + 1


def test_a_pace_that_is_kept_reaches_its_rate() -> None:
    pacer, now = Pacer(200), 5.0
    for _ in range(200):
        now = max(now, pacer.ready_at(now))
        pacer.take(now)
    assert now - 5.0 <= 1.0


def test_the_pace_falls_with_the_number_of_refusals_and_recovers() -> None:
    pacer = Pacer(100)
    for refusal in range(50):
        pacer.slow_down(10.0 + refusal / 1_000)
    assert 48 < pacer.rate(10.05) < 54
    assert pacer.rate(10.049 + 2 * RECOVERY_S) == 100
    for refusal in range(1_000):
        pacer.slow_down(60.0 + refusal / 1_000)
    assert 100 / 64 <= pacer.rate(61.0) < 3


def test_a_few_refusals_at_random_hardly_slow_down() -> None:
    pacer = Pacer(100)
    for second in range(60):
        pacer.slow_down(float(second))
    assert pacer.rate(60.0) > 95


def test_a_slow_pace_slows_down_too() -> None:
    pacer = Pacer(1)
    pacer.slow_down(10.0)
    assert pacer.rate(10.0) == 0.5


def test_a_message_larger_than_the_window_waits_until_it_is_empty() -> None:
    window = Window(3)
    assert window.has_room_for(5)
    window.take(1)
    assert window.has_room_for(2) and not window.has_room_for(3)
    window.give_back()
    assert window.has_room_for(5)
