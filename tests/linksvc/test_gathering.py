import asyncio
import threading
from collections.abc import Sequence

import pytest

from linksvc.gathering import Gathering, Names, OwnName, unique


class Rounds:
    """Doubles numbers, round by round; each waits until it is let go. An odd one is refused, 13 breaks the round."""

    def __init__(
        self, most: int = 8, at_a_time: int = 1, names: Names[int] = lambda _: (), own_name: OwnName[int] = unique
    ) -> None:
        self.seen: list[list[int]] = []
        self.begun, self.go = threading.Semaphore(0), threading.Semaphore(0)
        self.gathering: Gathering[int, int] = Gathering("doubles", self._double, most, at_a_time, names, own_name)

    async def has_begun(self) -> None:
        assert await asyncio.to_thread(self.begun.acquire, timeout=30)

    def _double(self, asked: Sequence[int]) -> list[int | Exception]:
        self.seen.append(list(asked))
        self.begun.release()
        assert self.go.acquire(timeout=30)
        if 13 in asked:
            raise RuntimeError("nobody's own")
        return [ValueError(str(one)) if one % 2 else one * 2 for one in asked]


async def test_who_asks_alone_is_not_kept_waiting_and_who_asks_meanwhile_shares_the_next_round() -> None:
    rounds = Rounds()
    first = asyncio.create_task(rounds.gathering.ask(2))
    await rounds.has_begun()
    others = [asyncio.create_task(rounds.gathering.ask(number)) for number in (4, 6, 8)]
    await asyncio.sleep(0)
    rounds.go.release(2)
    assert await asyncio.gather(first, *others) == [4, 8, 12, 16]
    assert rounds.seen == [[2], [4, 6, 8]]


async def test_who_asks_in_one_turn_of_the_loop_comes_along_and_no_round_is_larger_than_it_may_be() -> None:
    rounds = Rounds(most=2)
    rounds.go.release(3)
    assert await asyncio.gather(*(rounds.gathering.ask(number) for number in (2, 4, 6))) == [4, 8, 12]
    assert rounds.seen == [[2, 4], [6]]


async def test_who_asks_while_one_round_of_two_is_under_way_is_not_kept_waiting_and_the_third_is() -> None:
    rounds = Rounds(at_a_time=2)
    asked = []
    for number in (2, 4):
        asked.append(asyncio.create_task(rounds.gathering.ask(number)))
        await rounds.has_begun()
    asked += [asyncio.create_task(rounds.gathering.ask(number)) for number in (6, 8)]
    await asyncio.sleep(0)
    assert rounds.seen == [[2], [4]]
    rounds.go.release(3)
    assert await asyncio.gather(*asked) == [4, 8, 12, 16]
    assert rounds.seen == [[2], [4], [6, 8]]


async def test_who_asks_before_a_round_has_begun_comes_along_though_another_could_begin() -> None:
    rounds = Rounds(at_a_time=2)
    rounds.go.release(1)
    assert await asyncio.gather(*(rounds.gathering.ask(number) for number in (2, 4, 6))) == [4, 8, 12]
    assert rounds.seen == [[2, 4, 6]]


async def test_a_crowd_too_large_for_one_round_is_not_left_to_one_of_two_threads() -> None:
    rounds = Rounds(most=2, at_a_time=2)
    asked = [asyncio.create_task(rounds.gathering.ask(number)) for number in (2, 4, 6, 8)]
    await rounds.has_begun()
    await rounds.has_begun()
    assert sorted(rounds.seen) == [[2, 4], [6, 8]]
    rounds.go.release(2)
    assert await asyncio.gather(*asked) == [4, 8, 12, 16]


async def test_who_has_a_name_in_common_with_a_round_under_way_waits_for_its_end_and_the_others_do_not() -> None:
    rounds = Rounds(at_a_time=2, names=lambda asked: (asked % 10,))
    asked = [asyncio.create_task(rounds.gathering.ask(12))]
    await rounds.has_begun()
    asked += [asyncio.create_task(rounds.gathering.ask(number)) for number in (22, 34)]
    await rounds.has_begun()
    asked += [asyncio.create_task(rounds.gathering.ask(number)) for number in (42, 54)]
    await asyncio.sleep(0)
    assert rounds.seen == [[12], [34]]
    rounds.go.release(4)
    assert await asyncio.gather(*asked) == [24, 44, 68, 84, 108]
    assert sorted(rounds.seen[2:]) == [[22, 42], [54]]


async def test_in_one_round_names_may_meet() -> None:
    rounds = Rounds(at_a_time=2, names=lambda _: ("the same",))
    rounds.go.release(1)
    assert await asyncio.gather(*(rounds.gathering.ask(number) for number in (2, 4))) == [4, 8]
    assert rounds.seen == [[2, 4]]


async def test_two_of_one_own_name_are_done_one_after_the_other() -> None:
    rounds = Rounds(at_a_time=2, own_name=lambda asked: asked % 10)
    rounds.go.release(3)
    asked = [rounds.gathering.ask(number) for number in (2, 12, 4, 22, 6)]
    assert await asyncio.gather(*asked) == [4, 24, 8, 44, 12]
    assert rounds.seen == [[2, 4, 6], [12], [22]]


async def test_the_next_round_begins_before_the_loop_hears_of_the_last_one() -> None:
    rounds = Rounds()
    first = asyncio.create_task(rounds.gathering.ask(2))
    await rounds.has_begun()
    second = asyncio.create_task(rounds.gathering.ask(4))
    await asyncio.sleep(0)
    rounds.go.release()
    assert rounds.begun.acquire(timeout=30)  # The loop does not turn meanwhile.
    assert not first.done()
    rounds.go.release()
    assert await asyncio.gather(first, second) == [4, 8]


async def test_what_is_wrong_with_one_is_told_to_that_one_alone() -> None:
    rounds = Rounds()
    rounds.go.release(1)
    told = await asyncio.gather(*(rounds.gathering.ask(number) for number in (2, 3, 4)), return_exceptions=True)
    assert [told[0], told[2]] == [4, 8]
    assert isinstance(told[1], ValueError)


async def test_a_round_that_breaks_is_told_to_all_of_it_and_the_next_one_is_begun() -> None:
    rounds = Rounds()
    rounds.go.release(2)
    told = await asyncio.gather(*(rounds.gathering.ask(number) for number in (2, 13)), return_exceptions=True)
    assert [type(one) for one in told] == [RuntimeError, RuntimeError]
    assert await rounds.gathering.ask(2) == 4


async def test_who_has_gone_before_the_round_begins_is_not_asked_for() -> None:
    rounds = Rounds()
    first = asyncio.create_task(rounds.gathering.ask(2))
    await rounds.has_begun()
    gone, stays = (asyncio.create_task(rounds.gathering.ask(number)) for number in (4, 6))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    rounds.go.release(2)
    assert list(await asyncio.gather(first, stays)) == [4, 12]
    assert rounds.seen == [[2], [6]]
