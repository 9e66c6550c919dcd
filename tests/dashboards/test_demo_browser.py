"""The main job, as a marketer sees it: real processes, five made-up populations, a real browser. What its page says of a
campaign is what truly happened, and each of its numbers opens exactly as many rows."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import Engine

from linksvc.clock import now
from linksvc.database import open_engine, writing
from linksvc.funnel import Funnel
from linksvc.migrations import migrate
from linksvc.money import Money
from linksvc.public_ids import parse_id
from linksvc.settings import Settings
from ricochet import scenario
from ricochet.comparison import compare
from ricochet.rest import wait_for_rest
from ricochet.scenario import Marketer
from ricochet.simulation import Simulation
from ricochet.stack import Ports, start_stack
from sender.simulator.population import Person, people
from sender.simulator.settings import SmscSettings
from sender.simulator.till import ShopAccess
from tests.chromium import PATIENCE_MS
from tests.dashboards.conftest import SECRET, WIDE
from tests.dashboards.site import add_user, all_rows, read_token, sign_in_path

SEEDS = (11, 12, 13, 14, 15)
SIZE = 60
RATE_PER_S = 200
LIMIT_S = 300


@dataclass(frozen=True)
class Sent:
    """A campaign that came to rest, and the people it was sent to."""

    seed: int
    people: tuple[Person, ...]
    funnel: Funnel


@dataclass(frozen=True)
class Story:
    """What happened, and where it is looked at."""

    engine: Engine
    simulation: Simulation
    url: str
    user_id: int
    campaigns: tuple[Sent, ...]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Five campaigns at the same time, each to people of its own, made up by a seed of their own."""
    folder: Path = tmp_path_factory.mktemp("demo")
    settings = Settings(data_dir=folder, database_url=f"sqlite:///{folder / 'ricochet.db'}", secret_key=SECRET)
    engine = open_engine(settings.database)
    migrate(engine)
    cast = scenario.prepare(engine, now)
    with writing(engine) as session:
        user_id = add_user(session, cast.workspace_id)
    groups = {seed: people(SIZE, seed, first=SIZE * nth) for nth, seed in enumerate(SEEDS)}
    with ExitStack() as cleanup:
        cleanup.callback(engine.dispose)
        stack = start_stack(settings, Ports(any_port=True), cast.secrets)
        cleanup.callback(stack.stop)
        smsc = SmscSettings(seed=1, system_id=scenario.SYSTEM_ID, password=cast.route_password, speed=8.0)
        everybody = tuple(person for group in groups.values() for person in group)
        simulation = Simulation(everybody, smsc, ShopAccess(stack.settings.public_url, cast.shop_keys))
        scenario.point_route(engine, simulation.start(), now)
        cleanup.callback(simulation.stop)
        marketer = Marketer(stack.settings.public_url, cast.marketer_key)
        cleanup.callback(marketer.close)
        marketer.wait_until_ready()
        ids = {seed: _send(marketer, f"Seed {seed}", group) for seed, group in groups.items()}
        campaigns = tuple(
            Sent(seed, groups[seed], wait_for_rest(engine, stack.settings, simulation, id, lambda _: None, LIMIT_S))
            for seed, id in ids.items()
        )
        yield Story(engine, simulation, stack.settings.public_url, user_id, campaigns)


def _send(marketer: Marketer, name: str, group: tuple[Person, ...]) -> int:
    campaign = marketer.create_campaign(name, marketer.import_people(group), RATE_PER_S)
    marketer.send(campaign)
    return parse_id("campaign", campaign)


@pytest.fixture(scope="module")
def window(browser: Browser, story: Story) -> Iterator[BrowserContext]:
    """Of a browser that is signed in."""
    context = browser.new_context(locale="en-GB", viewport=WIDE, base_url=story.url)
    context.set_default_timeout(PATIENCE_MS)
    path = sign_in_path(story.engine, story.user_id)
    context.request.post(path, form={"csrf_token": read_token(context.request.get(path).text())})
    yield context
    context.close()


@pytest.mark.parametrize("nth", range(len(SEEDS)), ids=[f"seed {seed}" for seed in SEEDS])
def test_every_number_on_the_page_is_the_simulators_and_opens_as_many_rows(
    story: Story, window: BrowserContext, nth: int
) -> None:
    sent = story.campaigns[nth]
    page = window.new_page()
    page.goto(f"/campaigns/cmp_{sent.funnel.campaign_id}")
    expect(page.locator("#charts section").first).to_be_visible()
    comparison = compare(story.engine, as_shown(page, sent.funnel), story.simulation.ledger, sent.people)
    assert comparison.truth == comparison.funnel
    assert comparison.truth["clicked"] and comparison.truth["redeemed"], "nothing equals nothing too"
    numbers = numbers_of(page)
    assert len(numbers) > 40
    lengths = {path: all_rows(lambda path: window.request.get(path).text(), path) for path in numbers}
    assert lengths == numbers
    page.locator("#step-delivered > a").click()
    expect(page.locator("tbody tr")).to_have_count(min(50, sent.funnel["delivered"]))
    page.close()


def as_shown(page: Page, funnel: Funnel) -> Funnel:
    """The campaign's funnel with nothing in it but what stands on the page."""
    pairs = page.eval_on_selector_all(
        "#figures [data-stage]", "all => all.map((one) => [one.dataset.stage, Number(one.dataset.count)])"
    )
    counts: dict[str, int] = {}
    for stage, count in pairs:
        assert counts.setdefault(stage, count) == count, f"{stage} is told in two ways"
    (amount,) = page.locator("#tile-revenue .big").all_inner_texts()
    minor = int(re.sub(r"\D", "", amount))
    return replace(funnel, counts=counts, revenue=(Money(minor, "EUR"),))


def numbers_of(page: Page) -> dict[str, int]:
    """Every number of the page that opens rows: where they are, and how many they must be."""
    pairs = page.eval_on_selector_all(
        "main a[data-count]", "all => all.map((one) => [one.getAttribute('href'), Number(one.dataset.count)])"
    )
    found: dict[str, int] = {}
    for path, count in pairs:
        assert found.setdefault(path, count) == count, f"{path} is told in two ways"
    return found
