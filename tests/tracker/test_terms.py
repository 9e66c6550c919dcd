"""Links that are not the same at all times, for everybody, on every host: over real sockets, on both databases."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import col, update

from linksvc import links
from linksvc.database import open_engine, writing
from linksvc.domains import add_domain, remove_domain
from linksvc.keys import Keyring
from linksvc.links import CAMPAIGN_LINK
from linksvc.models import Contact, Link, Message
from linksvc.settings import Settings
from linksvc.short_codes import ShortCodes
from tests.factories import NOW, produced_campaign, workspace
from tests.tracker.conftest import SECRET, Serve, Served, serving
from tracker.guessing import BUCKET_PER_S, BUCKET_SIZE, LEAST_MISSES

HOUR = timedelta(hours=1)


@dataclass
class Time:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, secret_key=SECRET, trusted_proxies="127.0.0.0/8")


@pytest.fixture
def campaign(engine: Engine) -> int:
    return produced_campaign(engine, workspace(engine), 3, tracked=2)


@pytest.fixture
def code(codes: ShortCodes, campaign: int) -> str:
    return codes.encode(1000 * campaign)


Change = Callable[..., None]


@pytest.fixture
def change(engine: Engine, campaign: int) -> Change:
    """Changes the campaign's link, as an edit does."""

    def change(**values: Any) -> None:
        with writing(engine) as session:
            changed = update(Link).where(col(Link.campaign_id) == campaign, col(Link.id) == CAMPAIGN_LINK)
            session.exec(changed.values(**values, revision=links.next_revision(session)))

    return change


@pytest.fixture
async def served(serve: Serve, settings: Settings, engine: Engine, campaign: int, time: Time) -> AsyncIterator[Served]:  # noqa: ARG001
    async with serve(settings, engine, time) as served:
        yield served


async def learnt(served: Served) -> None:
    await served.tracker.watch._refresh(None)


async def test_an_expired_link_says_so_in_its_workspaces_name_and_the_late_click_is_kept(
    served: Served, change: Change, code: str, time: Time
) -> None:
    change(expires_at=NOW + HOUR)
    await learnt(served)
    assert (await served.ask(f"/{code}")).status == 302
    time.now += HOUR
    answer = await served.ask(f"/{code}", accept_language="fr")
    assert answer.status == 410
    assert "Ce lien a expiré" in answer.body.decode()
    assert "Boutique Lumen" in answer.body.decode()
    assert answer.headers["cache-control"] == "private, no-store"
    assert [(hit.n, hit.outcome) for hit in served.spooled()] == [(0, "redirected"), (0, "expired")]


async def test_an_expired_link_leads_to_its_fallback(served: Served, change: Change, code: str) -> None:
    change(expires_at=NOW, fallback_url="https://shop.example/over")
    await learnt(served)
    answer = await served.ask(f"/{code}")
    assert (answer.status, answer.headers["location"]) == (302, "https://shop.example/over")
    assert [hit.outcome for hit in served.spooled()] == ["expired"]


async def test_a_link_whose_time_has_not_come_waits_and_then_opens(
    served: Served, change: Change, code: str, time: Time
) -> None:
    change(activates_at=NOW + HOUR)
    await learnt(served)
    answer = await served.ask(f"/{code}")
    assert answer.status == 404
    assert b"not open yet" in answer.body
    time.now += HOUR
    assert (await served.ask(f"/{code}")).status == 302
    assert [hit.outcome for hit in served.spooled()] == ["early", "redirected"]


async def test_a_destination_that_is_corrected_is_followed_within_a_second(
    served: Served, change: Change, code: str
) -> None:
    assert (await served.ask(f"/{code}")).headers["location"] == "https://shop.example/sale"
    change(destination_url="https://shop.example/right")
    async with asyncio.timeout(10):
        while (await served.ask(f"/{code}")).headers["location"] != "https://shop.example/right":
            await asyncio.sleep(0.05)


async def test_utm_parameters_and_allowed_ones_of_the_request_reach_the_destination(
    served: Served, change: Change, code: str
) -> None:
    change(
        destination_url="https://shop.example/sale?utm_source=own#top",
        utm='{"source": "sms", "campaign": "black friday"}',
        passed_parameters="ref gclid",
    )
    await learnt(served)
    assert (await served.ask(f"/{code}")).headers["location"] == (
        "https://shop.example/sale?utm_source=own&utm_campaign=black%20friday#top"
    )
    asked = await served.ask(f"/{code}?ref=a+b&url=https://evil.example&ref=c&utm_source=theirs")
    assert (
        asked.headers["location"] == "https://shop.example/sale?utm_source=own&utm_campaign=black%20friday&ref=a+b&ref=c#top"
    )


async def test_a_personal_destination_is_each_recipients_own_and_names_nobody_without_consent(
    served: Served, engine: Engine, change: Change, codes: ShortCodes, campaign: int
) -> None:
    with writing(engine) as session:
        session.exec(update(Message).where(col(Message.n) == 0).values(code="2F4K9QTX07BM"))
        session.exec(update(Contact).values(external_id="a b/&c"))
    change(destination_url="https://shop.example/pay?code={{code}}&who={{external_id}}")
    await learnt(served)
    first, last = [await served.ask(f"/{codes.encode(1000 * campaign + n)}") for n in (0, 2)]
    assert first.headers["location"] == "https://shop.example/pay?code=2F4K-9QTX-07BM&who=a%20b%2F%26c"
    assert last.headers["location"] == "https://shop.example/pay?code=&who=a%20b%2F%26c"
    assert [hit.n for hit in served.spooled()] == [0, None]


@pytest.fixture
def sqlite_copy(sqlite_url: str) -> Iterator[Engine]:
    engine = open_engine(sqlite_url)
    yield engine
    engine.dispose()


async def test_a_personal_destination_whose_database_is_away_says_try_again_and_keeps_the_click(
    serve: Serve, settings: Settings, sqlite_copy: Engine, codes: ShortCodes
) -> None:
    campaign = produced_campaign(sqlite_copy, workspace(sqlite_copy), 1)
    with writing(sqlite_copy) as session:
        session.exec(update(Link).values(destination_url="https://shop.example/{{code}}", revision=99))
    async with serve(settings, sqlite_copy):
        pass
    async with serve(settings, open_engine("postgresql://nobody@127.0.0.1:1/none")) as served:
        answer = await served.ask(f"/{codes.encode(1000 * campaign)}")
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        assert [hit.n for hit in served.spooled()] == [0]


async def test_a_host_that_is_not_ours_is_404_whatever_the_code(served: Served, code: str) -> None:
    for host in ("evil.example", "localhost.evil.example", "localhost:80@evil.example", ""):
        assert (await served.ask(f"/{code}", host=host)).status == 404
    assert (await served.ask(f"/{code}", host="LOCALHOST:9999")).status == 302


async def test_a_workspaces_domain_serves_its_links_and_no_others(
    served: Served, settings: Settings, engine: Engine, codes: ShortCodes, code: str
) -> None:
    other = workspace(engine, "Vega")
    campaign = produced_campaign(engine, other, 1)
    with writing(engine) as session:
        add_domain(session, settings, other, "https://go.vega.example", True, NOW)
    await learnt(served)
    theirs = codes.encode(1000 * campaign)
    assert (await served.ask(f"/{theirs}", host="Go.Vega.example:443")).status == 302
    assert (await served.ask(f"/{theirs}")).status == 302, "the installation's own domain serves everybody"
    assert (await served.ask(f"/{code}", host="go.vega.example")).status == 404
    with writing(engine) as session:
        remove_domain(session, other, "go.vega.example", NOW)
    await learnt(served)
    assert (await served.ask(f"/{theirs}", host="go.vega.example")).status == 404


async def test_a_guessing_network_is_slowed_down_hits_alike_and_other_networks_notice_nothing(
    served: Served, code: str, codes: ShortCodes
) -> None:
    began, flood = monotonic(), [f"/{codes.encode(2**50 + i)}" for i in range(200)]
    statuses = [(await served.ask(guess, x_forwarded_for="203.0.113.9")).status for guess in flood]
    looked_at = LEAST_MISSES + BUCKET_SIZE + BUCKET_PER_S * (monotonic() - began) + 1
    assert statuses[:LEAST_MISSES] == [404] * LEAST_MISSES
    assert statuses.count(404) <= looked_at
    assert statuses.count(404) + statuses.count(429) == len(flood)
    while (await served.ask(flood[0], x_forwarded_for="203.0.113.9")).status != 429:
        pass
    mine = await served.ask(f"/{code}", x_forwarded_for="203.0.113.77")
    assert (mine.status, mine.headers["retry-after"]) == (429, "60"), "the same network, whether the code exists or not"
    assert (await served.ask(f"/{code}", x_forwarded_for="198.51.100.7")).status == 302
    guessing = served.tracker.guessing
    assert (guessing.throttled, guessing.alarms) == (1, 1)
    assert served.tracker.answered["throttled"] == guessing.refused > statuses.count(429)


async def test_ipv6_guessers_are_told_apart_by_their_64(served: Served, code: str, codes: ShortCodes) -> None:
    for i in range(200):
        await served.ask(f"/{codes.encode(2**50 + i)}", x_forwarded_for=f"2001:db8:1:2::{i:x}")
    assert (await served.ask(f"/{code}", x_forwarded_for="2001:db8:1:2:ffff::1")).status == 429
    assert (await served.ask(f"/{code}", x_forwarded_for="2001:db8:1:3::1")).status == 302


async def test_codes_of_a_former_key_open_what_was_made_with_it_and_nothing_newer(
    settings: Settings, engine: Engine, campaign: int
) -> None:
    former = Keyring.derive(SECRET)
    both = Keyring.derive(SECRET, "another secret key of the tests, still longer")
    newer = produced_campaign(engine, workspace(engine, "Vega"), 1, key_version=1)
    old, new = ShortCodes.of(former), ShortCodes.of(both)
    async with serving(settings, engine, both) as served:
        assert (await served.ask(f"/{old.encode(1000 * campaign)}")).status == 302
        assert (await served.ask(f"/{new.encode(1000 * newer)}")).status == 302
        assert (await served.ask(f"/{old.encode(1000 * newer)}")).status == 404, "whoever stole the former key"
        assert (await served.ask(f"/{new.encode(1000 * campaign)}")).status == 404
