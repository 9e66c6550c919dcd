"""Draws: once a recipient, at the odds, within the stock, in the words of that moment; by many at once too."""

import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func
from sqlmodel import select

from linksvc.database import reading, writing
from linksvc.landing.blocks import ScratchBlock
from linksvc.landing.draws import Drawn, choose, draw, find_draw
from linksvc.landing.participation import read_participation
from linksvc.landing.prizes import CERTAIN
from linksvc.landing.stock import NOTHING, read_drawn
from linksvc.landing.visitors import Visitor
from linksvc.models import PrizeDraw
from tests import factories
from tests.factories import NOW

ROOT = Path(__file__).parents[3]

CARD: dict[str, Any] = {
    "id": "card",
    "type": "scratch",
    "title": {"fr": "Grattez"},
    "nothing": {"fr": "Perdu"},
    "prizes": [
        {"id": "tv", "label": {"fr": "Une télé"}, "text": {"fr": "Bravo"}, "odds": 100, "stock": 1},
        {"id": "coffee", "label": {"fr": "Un café"}, "text": {"fr": "Au bar"}, "odds": 900, "wins": False},
    ],
}


def card(**changes: Any) -> ScratchBlock:
    return ScratchBlock.model_validate_json(orjson.dumps(CARD | changes))


def visitor(campaign_id: int, n: int = 0, version: int = 1) -> Visitor:
    return Visitor(1, campaign_id, n, 7, version)


def drawn_by(engine: Engine, campaign_id: int, n: int, number: int, block: ScratchBlock | None = None) -> Drawn:
    """What recipient n draws with that number."""
    with writing(engine) as session:
        return draw(session, visitor(campaign_id, n), block or card(), lambda most: number % most, NOW)


@pytest.fixture
def campaign_id(engine: Engine) -> int:
    return factories.produced_campaign(engine, factories.workspace(engine), 40)


def test_each_number_falls_on_what_its_share_of_the_odds_says() -> None:
    fell_on = Counter(prize.id if prize else NOTHING for prize in (choose(card().prizes, n) for n in range(CERTAIN)))
    assert fell_on == {"tv": 100, "coffee": 900, NOTHING: 9_000}


def test_what_was_drawn_stays_whatever_is_drawn_for_later(engine: Engine, campaign_id: int) -> None:
    first = drawn_by(engine, campaign_id, 0, 0)
    again = drawn_by(engine, campaign_id, 0, 9_999)
    assert again == first and first.prize == "tv" and first.told.label == {"fr": "Une télé"} and first.told.wins
    with reading(engine) as session:
        assert read_drawn(session, campaign_id) == {("card", "tv"): 1}


def test_a_prize_out_of_stock_wins_nothing_in_its_share_and_leaves_the_others_theirs(
    engine: Engine, campaign_id: int
) -> None:
    drawn_by(engine, campaign_id, 0, 0)
    assert drawn_by(engine, campaign_id, 1, 0).prize == NOTHING
    assert drawn_by(engine, campaign_id, 1, 100).told.text == {"fr": "Perdu"}
    assert drawn_by(engine, campaign_id, 2, 100).prize == "coffee"
    with reading(engine) as session:
        assert read_drawn(session, campaign_id) == {("card", NOTHING): 1, ("card", "coffee"): 1, ("card", "tv"): 1}


def test_a_prize_without_any_stock_is_never_won(engine: Engine, campaign_id: int) -> None:
    none_left = card(prizes=[CARD["prizes"][0] | {"stock": 0, "odds": CERTAIN}])
    assert drawn_by(engine, campaign_id, 0, 0, none_left).prize == NOTHING
    with reading(engine) as session:
        assert read_drawn(session, campaign_id) == {("card", NOTHING): 1}


def test_a_page_that_is_edited_takes_nobodys_prize_away_nor_its_words(engine: Engine, campaign_id: int) -> None:
    drawn_by(engine, campaign_id, 0, 0)
    edited = card(prizes=[], nothing={"fr": "Fini"})
    with writing(engine) as session:
        told = draw(session, visitor(campaign_id, 0, version=2), edited, lambda _: 0, NOW)
        other = draw(session, visitor(campaign_id, 1, version=2), edited, lambda _: 0, NOW)
    assert told.told.label == {"fr": "Une télé"} and other.told.text == {"fr": "Fini"}
    with reading(engine) as session:
        assert read_participation(session, campaign_id, 0).draws == {"card": told}
        assert read_participation(session, campaign_id, 1).draws == {"card": other}
        assert read_participation(session, campaign_id, 2).draws == {}


def test_stock_is_a_campaigns_own(engine: Engine, campaign_id: int) -> None:
    other = factories.produced_campaign(engine, factories.workspace(engine, "Other"), 1)
    assert [drawn_by(engine, id, 0, 0).prize for id in (campaign_id, other)] == ["tv", "tv"]


def test_two_blocks_of_a_page_are_drawn_each_for_itself(engine: Engine, campaign_id: int) -> None:
    drawn_by(engine, campaign_id, 0, 0)
    assert drawn_by(engine, campaign_id, 0, 9_999, card(id="second")).prize == NOTHING
    with reading(engine) as session:
        assert set(read_participation(session, campaign_id, 0).draws) == {"card", "second"}


DRAWERS = """
import secrets
import sys
from concurrent.futures import ThreadPoolExecutor

import orjson

from linksvc.database import open_engine, writing
from linksvc.landing.blocks import ScratchBlock
from linksvc.landing.draws import draw
from linksvc.landing.visitors import Visitor
from tests.factories import NOW

sent = orjson.loads(sys.stdin.readline())
engine = open_engine(sent["url"], pool_size=8)
blocks = {block["id"]: ScratchBlock.model_validate_json(orjson.dumps(block)) for block in sent["blocks"]}


def one(wanted):
    block, n = wanted
    with writing(engine) as session:
        return block, draw(session, Visitor(1, sent["campaign_id"], n, 7, 1), blocks[block], secrets.randbelow, NOW).prize


with ThreadPoolExecutor(8) as people:
    print("ready", flush=True)
    sys.stdin.readline()
    print(orjson.dumps(list(people.map(one, sent["draws"]))).decode(), flush=True)
"""


def draw_together(
    engine: Engine, campaign_id: int, blocks: list[dict[str, Any]], draws: list[list[tuple[str, int]]]
) -> Counter[tuple[str, str]]:
    """What is told, by block and prize, to recipients who draw in blocks, by processes that begin together."""
    url = engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    with ExitStack() as stack:
        started = []
        for own in draws:
            command = [sys.executable, "-c", DRAWERS]
            process = stack.enter_context(
                subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            )
            stack.callback(process.kill)
            sent = {"url": url, "campaign_id": campaign_id, "blocks": blocks, "draws": own}
            _tell(process, orjson.dumps(sent).decode())
            started.append(process)
        assert [_said(process) for process in started] == ["ready"] * len(started)
        for process in started:
            _tell(process, "go")
        return Counter((block, prize) for process in started for block, prize in orjson.loads(_said(process)))


def _tell(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin
    process.stdin.write(line + "\n")
    process.stdin.flush()


def _said(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_by_many_at_once_from_several_processes_the_stock_is_drawn_and_no_more_and_everybody_has_one_draw(
    engine: Engine, campaign_id: int
) -> None:
    """Of forty exactly five win what there are five of; who draws twenty times at once is told the same each time."""
    sure = CARD | {"prizes": [CARD["prizes"][0] | {"odds": CERTAIN, "stock": 5}]}
    halves = CARD | {
        "id": "halves",
        "prizes": [{"id": "a", "odds": 5_000, "stock": 1}, {"id": "b", "odds": 5_000, "stock": 1}],
    }
    wanted = [("card", n) for n in range(40)] + [("halves", 3)] * 20
    told = draw_together(engine, campaign_id, [sure, halves], [wanted[i::3] for i in range(3)])
    assert (told.pop(("card", "tv")), told.pop(("card", NOTHING))) == (5, 35)
    (((block, prize), times),) = told.items()
    assert (block, times) == ("halves", 20) and prize in ("a", "b")
    with reading(engine) as session:
        assert read_drawn(session, campaign_id) == {("card", NOTHING): 35, ("card", "tv"): 5, ("halves", prize): 1}
        drawn = select(PrizeDraw.block, PrizeDraw.prize, func.count()).group_by(PrizeDraw.block, PrizeDraw.prize)
        assert set(session.exec(drawn)) == {("card", NOTHING, 35), ("card", "tv", 5), ("halves", prize, 1)}
        assert find_draw(session, campaign_id, 3, "halves").prize == prize


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shares=st.lists(st.tuples(st.integers(1, 2_500), st.none() | st.integers(0, 3), st.booleans()), max_size=4),
    people=st.lists(st.tuples(st.integers(0, 39), st.integers(0, CERTAIN - 1)), max_size=25),
)
def test_draws_add_up_and_never_exceed_the_stock(
    engine: Engine, shares: list[tuple[int, int | None, bool]], people: list[tuple[int, int]]
) -> None:
    """Whatever the odds and stocks are, and whoever draws how often."""
    workspace_id = factories.workspace(engine, f"W{next(_NUMBERS)}")
    campaign_id = factories.large_campaign(engine, workspace_id, 40)
    prizes = [{"id": f"p{i}", "odds": odds, "stock": stock, "wins": wins} for i, (odds, stock, wins) in enumerate(shares)]
    block = card(prizes=prizes)
    told: dict[int, str] = {}
    for n, number in people:
        prize = drawn_by(engine, campaign_id, n, number, block).prize
        assert told.setdefault(n, prize) == prize
    with reading(engine) as session:
        drawn = {prize: count for (_, prize), count in read_drawn(session, campaign_id).items()}
    assert drawn == Counter(told.values())
    assert all(drawn.get(prize.id, 0) <= prize.stock for prize in block.prizes if prize.stock is not None)


_NUMBERS = iter(range(1_000_000))
