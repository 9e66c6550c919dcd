"""When a delivery is tried again, and how much is sent at once."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from linksvc.webhooks.pace import OF_ONE_MOST, REST_MOST_S, REST_S, TOGETHER_MOST, Paces
from linksvc.webhooks.schedule import LONGEST_ASKED, STEPS, TRIES, next_try
from tests.factories import NOW

deeds = st.sampled_from(["ask", "delivered", "failed", "dropped"])
receivers = st.tuples(st.integers(1, 3), st.sampled_from(["a", "b", "c", "d"]))


@given(st.integers(1, TRIES - 1), st.floats(0, 1e12))
def test_the_next_try_is_near_its_step_and_no_sooner_than_was_asked_for(tries: int, asked_s: float) -> None:
    again = next_try(tries, NOW, asked_s)
    assert again is not None
    least = max(STEPS[tries - 1] * 0.8, timedelta(seconds=min(asked_s, LONGEST_ASKED.total_seconds())))
    most = max(STEPS[tries - 1] * 1.2, LONGEST_ASKED if asked_s else timedelta())
    assert least <= again - NOW <= most


def test_a_delivery_is_tried_for_more_than_three_days_and_less_than_the_log_is_kept() -> None:
    at, tries = NOW, 1
    while again := next_try(tries, at):
        at, tries = again, tries + 1
    assert tries == TRIES and timedelta(days=2.5) < at - NOW < timedelta(days=4)
    assert sum(STEPS, timedelta()) > timedelta(days=3)


@given(
    st.lists(st.tuples(receivers, st.sampled_from(["ask", "delivered", "failed", "dropped"]), st.floats(0, 5)), max_size=80)
)
def test_no_more_is_under_way_than_may_be_and_no_count_is_lost(story: list[tuple[tuple[int, str], str, float]]) -> None:
    paces, under_way, at = Paces(), dict[tuple[int, str], int](), 0.0
    for receiver, what, later in story:
        at += later
        if what == "ask":
            for given_room, count in paces.share_out({receiver, (1, "a")}, at).items():
                for _ in range(count):
                    paces.begin(given_room, at)
                under_way[given_room] = under_way.get(given_room, 0) + count
        elif under_way.get(receiver):
            paces.end(receiver, {"delivered": True, "failed": False, "dropped": None}[what], at)
            under_way[receiver] -= 1
        assert paces.under_way == sum(under_way.values()) <= TOGETHER_MOST
        assert all(count <= OF_ONE_MOST for count in under_way.values())


def test_a_window_grows_with_successes_and_closes_with_failures() -> None:
    paces, one = Paces(), (1, "a")
    for _ in range(OF_ONE_MOST):
        paces.begin(one, 0.0)
        paces.end(one, True, 0.0)
    assert paces.share_out([one], 0.0) == {one: OF_ONE_MOST}
    rests = []
    for failures in range(10):
        paces.begin(one, 0.0)
        paces.end(one, False, 0.0)
        doubled = (min(REST_S * 2**n, REST_MOST_S) for n in range(20))
        rests.append(next(rest for rest in doubled if paces.share_out([one], rest)))
        assert failures < 3 or paces.share_out([one], REST_MOST_S) == {one: 1}
    assert rests[:4] == [REST_S, 2 * REST_S, 4 * REST_S, 8 * REST_S] and rests[-1] == REST_MOST_S


def test_many_endpoints_share_what_there_is() -> None:
    paces = Paces()
    greedy = [(1, f"greedy {number}") for number in range(TOGETHER_MOST)]
    for receiver in greedy:
        for _ in range(OF_ONE_MOST):
            paces.begin(receiver, 0.0)
            paces.end(receiver, True, 0.0)
    room = paces.share_out([*greedy, (1, "new")], 0.0)
    assert set(room.values()) == {1} and sum(room.values()) == TOGETHER_MOST
