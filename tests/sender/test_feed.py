"""What a bind claims ahead is marked once or given back, whenever it is made to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from linksvc.clock import now
from linksvc.database import reading
from linksvc.keys import Keyring
from linksvc.models import Attempt, SendBatch
from sender.feed import MOST_CLAIMED, Campaigns, Feed
from sender.health import Health
from sender.intake import Intake
from sender.long_forms import Writing
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
