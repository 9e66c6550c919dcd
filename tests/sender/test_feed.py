"""What a bind claims ahead is marked once or given back, whenever it is made to."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from linksvc.clock import now
from linksvc.database import reading, writing
from linksvc.keys import Keyring
from linksvc.models import Attempt, SendBatch
from sender import outcomes
from sender.bind_work import BindWork
from sender.feed import MOST_CLAIMED, Campaigns, Feed
from sender.health import Health
from sender.intake import Intake
from sender.long_forms import Writing
from sender.messages import Answer, Submission
from sender.pacing import Pacer, Window
from sender.route_book import Books, RouteTerms, read_book
from sender.shares import Shares
from sender.texts import Composer
from tests import factories
from tests.sender.marking import held_bind

WINDOW, RATE_PER_S = 100, 100_000


@pytest.fixture
async def feed(engine: Engine, keyring: Keyring) -> AsyncIterator[tuple[Feed, Window]]:
    """That of a bind with a campaign of which twice as much is queued as it claims at once."""
    factories.large_campaign(engine, factories.workspace(engine), 2 * MOST_CLAIMED, text="Bonjour", rate_per_s=RATE_PER_S)
    bind = held_bind(engine, factories.route(engine, window_size=WINDOW, rate_per_s=RATE_PER_S))
    with reading(engine) as session:
        book = read_book(session, now())
    loop = asyncio.get_running_loop()
    terms, health, window = RouteTerms(book.routes[0], Books(book)), Health(loop.time), Window(WINDOW)
    shares = Shares(engine, now)
    intake = Intake(terms, health, loop.time, 10.0)
    campaigns = Campaigns(Composer(keyring, "https://r.example"), shares)
    keeper = asyncio.create_task(shares.keep())
    yield Feed(engine, bind, now, campaigns, Pacer(RATE_PER_S), window, Writing(), intake), window
    keeper.cancel()
    with suppress(asyncio.CancelledError):
        await keeper


async def windows(feed: Feed, window: Window, count: int) -> list[int]:
    """The n of so many full windows, each marked and forgotten."""
    marked: list[int] = []
    async with asyncio.timeout(30):
        while len(marked) < count * WINDOW:
            found = await feed.next()
            marked += [one.message.n for one in found]
            window.give_back(len(found))
            await asyncio.sleep(0 if found else 0.01)
    return marked


def claimed(engine: Engine) -> int:
    with reading(engine) as session:
        return sum(session.exec(select(SendBatch.size).where(SendBatch.worker != "")))


async def test_what_is_claimed_while_the_rest_leaves_is_marked_once(engine: Engine, feed: tuple[Feed, Window]) -> None:
    marked = await windows(*feed, 2 * MOST_CLAIMED // WINDOW)
    assert sorted(marked) == list(range(2 * MOST_CLAIMED))
    with reading(engine) as session:
        assert len(session.exec(select(Attempt.n)).all()) == 2 * MOST_CLAIMED


async def test_a_claim_that_is_under_way_is_given_back_with_the_rest(engine: Engine, feed: tuple[Feed, Window]) -> None:
    # With the fourth mark a half is left of what was claimed, and the next claim begins.
    marked = await windows(*feed, 4)
    await feed[0].release()
    assert claimed(engine) == 0
    with reading(engine) as session:
        assert sum(session.exec(select(SendBatch.size))) == 2 * MOST_CLAIMED - len(marked)


class Confused:
    """A bind's work over a connection that breaks at each first commit of a mark: it was made, and nobody is told."""

    def __init__(self, work: BindWork) -> None:
        self._work = work
        self._broken: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._work, name)

    def mark(self, *asked: Any) -> list[Submission]:
        return self._told("mark", self._work.mark(*asked))

    def mark_again(self, *asked: Any) -> list[Submission]:
        return self._told("mark_again", self._work.mark_again(*asked))

    def _told(self, name: str, made: list[Submission]) -> list[Submission]:
        if name in self._broken:
            return made
        self._broken.add(name)
        raise OperationalError("COMMIT", None, Exception("the connection was closed"))


async def mark_without_knowing(one: Feed, window: Window) -> None:
    one._work = Confused(one._work)  # type: ignore[assignment]
    with pytest.raises(OperationalError):
        await windows(one, window, 1)


async def test_what_was_marked_without_our_knowing_leaves_all_the_same_and_once(
    engine: Engine, feed: tuple[Feed, Window]
) -> None:
    one, window = feed
    await mark_without_knowing(one, window)
    assert window.taken == 0
    first = await one.next()
    assert len(first) == WINDOW and {each.attempt for each in first} == {1}
    with writing(engine) as session:
        outcomes.store(session, 1, [Answer(each, "retry", 0x58, "", now()) for each in first], [], now())
    window.give_back(len(first))
    for each in first:
        one.retry(each, 0.0)
    with pytest.raises(OperationalError):
        await one.next()
    again = await one.next()
    assert [(each.message.n, each.attempt) for each in again] == [(each.message.n, 2) for each in first]
    window.give_back(len(again))
    rest = await windows(one, window, 2 * MOST_CLAIMED // WINDOW - 1)
    assert sorted([each.message.n for each in again] + rest) == list(range(2 * MOST_CLAIMED))
    with reading(engine) as session:
        found = Counter(session.exec(select(Attempt.outcome)))
        assert not session.exec(select(SendBatch)).all()
    assert found == {"marked": 2 * MOST_CLAIMED, "retried": WINDOW}


async def test_what_was_marked_without_our_knowing_is_given_back_with_the_rest(
    engine: Engine, feed: tuple[Feed, Window]
) -> None:
    one, window = feed
    await mark_without_knowing(one, window)
    await one.release()
    with reading(engine) as session:
        assert not session.exec(select(Attempt)).all()
        assert sum(session.exec(select(SendBatch.size).where(SendBatch.worker == ""))) == 2 * MOST_CLAIMED
