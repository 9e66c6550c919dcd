from hypothesis import given
from hypothesis import strategies as st

from sender.pacing import RECOVERY_S, Pacer, Window


@given(st.floats(0.5, 1_000), st.lists(st.floats(0, 0.3), min_size=1, max_size=300))
def test_any_second_holds_at_most_the_rate_and_a_twentieth_and_one(rate: float, delays: list[float]) -> None:
    pacer, now, taken = Pacer(rate), 100.0, []
    for delay in delays:
        now = max(now + delay, pacer.ready_at())
        pacer.take(now)
        taken.append(now)
    for first in taken:
        assert sum(first <= moment < first + 1 for moment in taken) <= 1.05 * rate + 1


def test_a_pace_that_is_kept_reaches_its_rate() -> None:
    pacer, now = Pacer(200), 5.0
    for _ in range(200):
        now = max(now, pacer.ready_at())
        pacer.take(now)
    assert now - 5.0 <= 1.0


def test_refusals_halve_the_pace_once_a_second_and_it_recovers() -> None:
    pacer = Pacer(100)
    pacer.slow_down(10.0)
    pacer.slow_down(10.5)
    assert pacer.rate(10.5) < 60
    pacer.slow_down(11.5)
    assert pacer.rate(11.5) < 35
    assert pacer.rate(11.5 + RECOVERY_S) == 2 * pacer.rate(11.5)
    assert pacer.rate(11.5 + 3 * RECOVERY_S) == 100
    for second in range(100, 130):
        pacer.slow_down(second * 1.1)
    assert pacer.rate(129 * 1.1) >= 100 / 64


def test_a_message_larger_than_the_window_waits_until_it_is_empty() -> None:
    window = Window(3)
    assert window.has_room_for(5)
    window.take(1)
    assert window.has_room_for(2) and not window.has_room_for(3)
    window.give_back()
    assert window.has_room_for(5)
