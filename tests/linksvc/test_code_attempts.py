from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs

from linksvc.code_attempts import ONE_NETWORK, ONE_SHOP, ONE_TILL, Attempter, CodeAttempts
from linksvc.code_worth import Refusal
from linksvc.errors import TooManyRequests
from tests.linksvc.hand_set_clock import Time

UNKNOWN = Refusal("code_not_found", "There is no such code.")
EXPIRED = Refusal("code_expired", "It was good until yesterday.")
NETWORK = "203.0.113.0/24"


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def attempts(time: Time) -> CodeAttempts:
    return CodeAttempts(time)


def try_codes(attempts: CodeAttempts, who: Sequence[Attempter], times: int, answer: object = UNKNOWN) -> int:
    """How many of the codes were looked at; the attempters take turns."""
    looked_at = 0

    def ask() -> object:
        nonlocal looked_at
        looked_at += 1
        return answer

    for i in range(times):
        try:
            attempts.ask(who[i % len(who)], ask)
        except TooManyRequests as problem:
            assert problem.code == "too_many_wrong_codes"
            assert problem.retryable
            assert problem.retry_after_s >= 1
    return looked_at


def networks(count: int) -> list[str]:
    return [f"198.51.{i}.0/24" for i in range(count)]


def test_what_is_found_is_handed_on(attempts: CodeAttempts) -> None:
    assert attempts.ask(Attempter(1, 1, NETWORK), lambda: "worth") == "worth"
    assert attempts.ask(Attempter(1, 1, NETWORK), lambda: UNKNOWN) is UNKNOWN


def test_ten_thousand_wrong_codes_of_one_key_from_many_addresses_are_slowed_down_and_raise_one_alarm(
    attempts: CodeAttempts,
) -> None:
    who = [Attempter(1, 7, network) for network in networks(200)]
    with capture_logs() as logs:
        assert try_codes(attempts, who, 10_000) == ONE_TILL.least_misses + ONE_TILL.bucket_size
    assert [(line["action"], line["by"], line["subject"]) for line in logs] == [("codes.guessed", "key", "1")]
    assert attempts.alarms() == {"key": 1, "address": 0, "shop": 0}
    assert attempts.held() == {"key": 1, "address": 0, "shop": 0}
    assert attempts.refused()["key"] == 10_000 - ONE_TILL.least_misses - ONE_TILL.bucket_size


def test_many_keys_from_one_address_are_slowed_down_together(attempts: CodeAttempts) -> None:
    who = [Attempter(key, key, NETWORK) for key in range(1, 501)]
    assert try_codes(attempts, who, 10_000) == ONE_NETWORK.least_misses + ONE_NETWORK.bucket_size
    assert attempts.alarms()["address"] == 1


def test_many_keys_of_one_shop_from_many_addresses_are_slowed_down_together(attempts: CodeAttempts) -> None:
    who = [Attempter(key, 7, network) for key, network in enumerate(networks(250), 1)]
    assert try_codes(attempts, who, 10_000) == ONE_SHOP.least_misses + ONE_SHOP.bucket_size
    assert attempts.alarms()["shop"] == 1


def test_one_stolen_key_does_not_hold_up_the_other_tills_of_its_shop(attempts: CodeAttempts, time: Time) -> None:
    thief, till = Attempter(1, 7, NETWORK), Attempter(2, 7, "192.0.2.0/24")
    for _ in range(300):
        time.now += 1
        try_codes(attempts, [thief], 20)
        assert try_codes(attempts, [till], 1, "worth") == 1
    assert attempts.alarms()["shop"] == 0


def test_who_is_held_back_is_not_told_of_a_code_that_exists(attempts: CodeAttempts) -> None:
    who = Attempter(1, 7, NETWORK)
    try_codes(attempts, [who], 1_000)
    assert try_codes(attempts, [who], 1, "worth") == 0


def test_a_code_that_exists_between_the_guesses_does_not_hide_them(attempts: CodeAttempts, time: Time) -> None:
    who = Attempter(1, 7, NETWORK)
    looked_at = 0
    for _ in range(1_000):
        time.now += 0.01
        looked_at += try_codes(attempts, [who], 1)
        try_codes(attempts, [who], 3, "worth")
    assert looked_at <= ONE_TILL.most_misses + ONE_TILL.bucket_size + 10 * ONE_TILL.bucket_per_s + 1


def test_a_queue_of_customers_whose_code_has_expired_is_no_attack(attempts: CodeAttempts) -> None:
    assert try_codes(attempts, [Attempter(1, 7, NETWORK)], 1_000, EXPIRED) == 1_000


def test_a_cashier_who_mistypes_is_not_slowed_down(attempts: CodeAttempts, time: Time) -> None:
    who = Attempter(1, 7, NETWORK)
    for _ in range(600):
        time.now += 6
        assert try_codes(attempts, [who], 1) == 1
        assert try_codes(attempts, [who], 1, "worth") == 1


def test_who_stops_guessing_is_let_go(attempts: CodeAttempts, time: Time) -> None:
    who = Attempter(1, 7, NETWORK)
    try_codes(attempts, [who], 1_000)
    time.now += 120
    assert attempts.held()["key"] == 0
    assert try_codes(attempts, [who], 10, "worth") == 10


def test_what_broke_while_the_code_was_looked_up_counts_for_nothing(attempts: CodeAttempts) -> None:
    def break_down() -> object:
        raise ConnectionError

    for _ in range(100):
        with pytest.raises(ConnectionError):
            attempts.ask(Attempter(1, 7, NETWORK), break_down)
    assert attempts.held() == {"key": 0, "address": 0, "shop": 0}


def test_a_key_without_a_shop_and_an_unknown_network_are_nobody_in_common(attempts: CodeAttempts) -> None:
    who = [Attempter(key, None, "") for key in range(1, 501)]
    assert try_codes(attempts, who, 5_000) == 5_000
