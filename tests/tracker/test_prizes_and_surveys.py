"""What somebody draws and answers on a page, over a real socket: once, by people only, nothing before it was asked for."""

import asyncio
from typing import Any

import orjson
import pytest
from sqlalchemy import Engine
from sqlmodel import SQLModel, select

from linksvc.applier import apply_batch
from linksvc.database import reading, writing
from linksvc.models import Fact, Link, Message, PrizeDraw, SurveyAnswer
from linksvc.serials import next_revision
from linksvc.settings import Settings
from linksvc.short_codes import ShortCodes
from tests import factories
from tests.linksvc.landing.forms import SENT
from tests.tracker.conftest import Serve, Served
from tests.tracker.http import Answer
from tests.tracker.landing_scenes import PageCampaign, page_campaign
from tests.tracker.prize_scenes import DOCUMENT, post, republish

JSON = {"accept": "application/json"}


@pytest.fixture
def workspace_id(sqlite_engine: Engine) -> int:
    return factories.workspace(sqlite_engine)


@pytest.fixture
def scene(sqlite_engine: Engine, workspace_id: int) -> PageCampaign:
    return page_campaign(sqlite_engine, DOCUMENT, workspace_id=workspace_id)


def code_of(codes: ShortCodes, campaign_id: int, n: int = 0) -> str:
    return codes.encode(1000 * campaign_id + n)


def rows(engine: Engine, table: type[SQLModel]) -> list[Any]:
    with reading(engine) as session:
        return list(session.exec(select(table)).all())


def block_of(answer: Answer) -> str:
    html: str = orjson.loads(answer.body)["html"]
    return html


async def draw(served: Served, code: str, block: str = "card", **headers: str) -> Answer:
    return await post(served.port, f"/{code}/draw/{block}", **(JSON | headers))


async def fill_in(served: Served, code: str, sent: Any = SENT, **headers: str) -> Answer:
    return await post(served.port, f"/{code}/form/opinion", sent, **headers)


async def test_a_prize_is_drawn_by_a_post_and_is_the_same_from_then_on(
    serve: Serve, sqlite_settings: Settings, sqlite_engine: Engine, codes: ShortCodes, scene: PageCampaign
) -> None:
    code = code_of(codes, scene.campaign_id)
    async with serve(sqlite_settings, sqlite_engine) as served:
        before = await served.ask(f"/{code}", accept_language="en")
        assert before.status == 200 and b"In the shop" not in before.body
        drawn = await draw(served, code, accept_language="en")
        assert drawn.status == 200 and drawn.headers["cache-control"] == "private, no-store"
        assert "A red &lt;b&gt;bag&lt;/b&gt;" in block_of(drawn) and "<form" not in block_of(drawn)
        assert block_of(await draw(served, code, accept_language="en")) == block_of(drawn)
        told = await post(served.port, f"/{code}/me", {"language": "en"}, **JSON, accept_language="en")
        assert orjson.loads(told.body)["blocks"]["card"].strip() == block_of(drawn).strip()
        after = await served.ask(f"/{code}", accept_language="en")
        assert b"In the shop" not in after.body
    assert len(rows(sqlite_engine, PrizeDraw)) == 1


async def test_without_a_script_the_whole_page_comes_back_with_the_prize(
    serve: Serve, sqlite_settings: Settings, sqlite_engine: Engine, codes: ShortCodes, scene: PageCampaign
) -> None:
    async with serve(sqlite_settings, sqlite_engine) as served:
        page = await post(served.port, f"/{code_of(codes, scene.campaign_id)}/draw/card", accept="text/html")
    assert page.status == 200 and b"Au magasin" in page.body and b"Venez-vous souvent" in page.body


async def test_a_page_says_its_odds_and_stock(
    serve: Serve, sqlite_settings: Settings, sqlite_engine: Engine, codes: ShortCodes, scene: PageCampaign
) -> None:
    async with serve(sqlite_settings, sqlite_engine) as served:
        page = (await served.ask(f"/{code_of(codes, scene.campaign_id)}", accept_language="en")).body.decode()
    assert "A red &lt;b&gt;bag&lt;/b&gt;: 2.5\u202f% (1,000 in all)" in page and "Nothing: 97.5\u202f%" in page


PROGRAMS = [
    {"user_agent": "WhatsApp/2.23.20.0"},
    {"user_agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
    {"user_agent": "python-requests/2.32"},
    {"user_agent": ""},
    {"sec_purpose": "prefetch;prerender"},
    {"purpose": "preview"},
]


async def test_programs_and_previews_draw_nothing_and_answer_nothing(
    serve: Serve, sqlite_settings: Settings, sqlite_engine: Engine, codes: ShortCodes, scene: PageCampaign
) -> None:
    code = code_of(codes, scene.campaign_id)
    async with serve(sqlite_settings, sqlite_engine) as served:
        for looks in PROGRAMS:
            refused = [await draw(served, code, **looks), await fill_in(served, code, **JSON, **looks)]
            refused.append(await fill_in(served, code, **looks))
            assert [one.status for one in refused] == [403] * 3, looks
            assert orjson.loads(refused[0].body)["code"] == "not_for_machines"
    assert rows(sqlite_engine, PrizeDraw) == rows(sqlite_engine, SurveyAnswer) == []


async def test_get_and_head_draw_nothing_and_answer_nothing(
    serve: Serve, sqlite_settings: Settings, sqlite_engine: Engine, codes: ShortCodes, scene: PageCampaign
) -> None:
    code = code_of(codes, scene.campaign_id)
    async with serve(sqlite_settings, sqlite_engine) as served:
        for method in ("GET", "HEAD", "PUT", "OPTIONS"):
            for path in ("draw/card", "draw/cells", "form/opinion"):
                assert (await served.ask(f"/{code}/{path}?q.visit=weekly", method)).status in (404, 405)
        assert (await served.ask(f"/{code}", "HEAD")).status == 200
    assert rows(sqlite_engine, PrizeDraw) == rows(sqlite_engine, SurveyAnswer) == []


async def test_who_draws_many_times_at_once_has_drawn_once(
    serve: Serve, sqlite_settings: Settings, sqlite_engine: Engine, codes: ShortCodes, scene: PageCampaign
) -> None:
    code = code_of(codes, scene.campaign_id)
    async with serve(sqlite_settings, sqlite_engine) as served:
        told = await asyncio.gather(*(draw(served, code, "cells") for _ in range(20)))
    assert {one.status for one in told} == {200} and len({block_of(one) for one in told}) == 1
    assert len(rows(sqlite_engine, PrizeDraw)) == 1


async def test_a_block_that_is_no_card_draws_nothing(
    serve: Serve, sqlite_settings: Settings, sqlite_engine: Engine, codes: ShortCodes, scene: PageCampaign
) -> None:
    code = code_of(codes, scene.campaign_id)
    async with serve(sqlite_settings, sqlite_engine) as served:
        for block in ("opinion", "nothing", "", "card/x"):
            assert (await draw(served, code, block)).status == 404
        assert (await post(served.port, f"/{code}/form/card", SENT, **JSON)).status == 404
    assert rows(sqlite_engine, PrizeDraw) == []


async def test_a_prize_that_is_taken_out_of_the_page_is_still_told_to_whom_it_was_drawn_for(
    serve: Serve,
    sqlite_settings: Settings,
    sqlite_engine: Engine,
    codes: ShortCodes,
    workspace_id: int,
    scene: PageCampaign,
) -> None:
    code = code_of(codes, scene.campaign_id)
    async with serve(sqlite_settings, sqlite_engine) as served:
        await draw(served, code)
    card = DOCUMENT["blocks"][0]
    other = card | {"prizes": [card["prizes"][0] | {"id": "hat", "label": {"fr": "Un chapeau", "en": "A hat"}}]}
    republish(sqlite_engine, workspace_id, scene.page_id, DOCUMENT | {"blocks": [other, *DOCUMENT["blocks"][1:]]})
    async with serve(sqlite_settings, sqlite_engine) as served:
        told = await post(served.port, f"/{code}", accept="text/html")
    page = told.body.decode()
    assert 'prize-label">Un sac &lt;b&gt;rouge' in page and "Un chapeau: " not in page.split("<details")[0]


async def test_a_form_is_thanked_for_and_stays_answered(
    serve: Serve, sqlite_settings: Settings, sqlite_engine: Engine, codes: ShortCodes, scene: PageCampaign
) -> None:
    code = code_of(codes, scene.campaign_id)
    async with serve(sqlite_settings, sqlite_engine) as served:
        done = await fill_in(served, code, **JSON)
        again = await fill_in(served, code, **JSON)
        other = await fill_in(served, code, SENT | {"q.visit": ["rarely"]}, **JSON)
        late = await fill_in(served, code, {}, accept="text/html")
        told = await post(served.port, f"/{code}/me", {"language": "fr"}, **JSON)
    assert done.status == 200 and "Merci !" in block_of(done) and block_of(again) == block_of(done)
    assert other.status == 409 and "vos premières réponses" in block_of(other)
    assert late.status == 409 and "vos premières réponses".encode() in late.body
    assert "Merci !" in orjson.loads(told.body)["blocks"]["opinion"]
    (row,) = rows(sqlite_engine, SurveyAnswer)
    assert orjson.loads(row.answers)["rating"] == 10


async def test_what_is_wrong_is_told_beside_the_question_and_nothing_typed_is_lost(
    serve: Serve, sqlite_settings: Settings, sqlite_engine: Engine, codes: ShortCodes, scene: PageCampaign
) -> None:
    hostile = "</textarea><script>alert(1)</script>"
    sent = {"q.likes": ["prices"], "q.rating": ["99"], "q.wish": [hostile], "q.news": ["yes"]}
    async with serve(sqlite_settings, sqlite_engine) as served:
        page = await fill_in(served, code_of(codes, scene.campaign_id), sent, accept="text/html", accept_language="en")
    html = page.body.decode()
    assert page.status == 422 and "Please answer this question." in html and "Please choose a step of the scale." in html
    assert 'value="prices" checked' in html and 'value="yes" checked' in html
    assert "<script>alert" not in html and "&lt;/textarea&gt;&lt;script&gt;" in html
    assert html.count("autofocus") == 1
    assert rows(sqlite_engine, SurveyAnswer) == []


@pytest.mark.parametrize(
    "body",
    [[(f"q.{n}", "x") for n in range(600)], {"q.wish": "x" * 60_000}],
    ids=["too many fields", "too long"],
)
async def test_what_is_no_form_of_ours_is_refused(
    serve: Serve, sqlite_settings: Settings, sqlite_engine: Engine, codes: ShortCodes, scene: PageCampaign, body: Any
) -> None:
    async with serve(sqlite_settings, sqlite_engine) as served:
        refused = await fill_in(served, code_of(codes, scene.campaign_id), body, **JSON)
    assert refused.status in (413, 422)
    assert rows(sqlite_engine, SurveyAnswer) == []


async def test_a_recipient_without_consent_to_tracking_draws_and_answers_too(
    serve: Serve, sqlite_settings: Settings, sqlite_engine: Engine, codes: ShortCodes, workspace_id: int
) -> None:
    campaign_id = page_campaign(sqlite_engine, DOCUMENT, workspace_id=workspace_id, tracked=0).campaign_id
    async with serve(sqlite_settings, sqlite_engine) as served:
        assert (await draw(served, code_of(codes, campaign_id, 2))).status == 200
        assert (await fill_in(served, code_of(codes, campaign_id, 2), **JSON)).status == 200
    assert [row.n for row in rows(sqlite_engine, PrizeDraw)] == [2]


async def test_who_draws_and_answers_without_a_script_is_engaged_unless_they_are_not_to_be_followed(
    serve: Serve, sqlite_settings: Settings, sqlite_engine: Engine, codes: ShortCodes, workspace_id: int
) -> None:
    campaign_id = page_campaign(sqlite_engine, DOCUMENT, workspace_id=workspace_id, size=4, tracked=3).campaign_id
    looks: list[dict[str, str]] = [{}, {"dnt": "1"}, {"sec_gpc": "1"}, {}]
    async with serve(sqlite_settings, sqlite_engine) as served:
        for n, headers in enumerate(looks):
            code = code_of(codes, campaign_id, n)
            for sent in (SENT, SENT):
                assert (await post(served.port, f"/{code}/draw/card", accept="text/html", **headers)).status == 200
                assert (await fill_in(served, code, sent, accept="text/html", **headers)).status == 200
    told = {(fact.kind, fact.source) for fact in rows(sqlite_engine, Fact)}
    assert told == {("participated", "draw:0:card"), ("participated", "form:0:opinion")}
    while apply_batch(sqlite_engine, campaign_id, "test", lambda: factories.NOW):
        pass
    assert {row.n for row in rows(sqlite_engine, Message) if row.engaged_at} == {0}


async def test_nobody_draws_once_the_link_has_ended(
    serve: Serve, sqlite_settings: Settings, sqlite_engine: Engine, codes: ShortCodes, scene: PageCampaign
) -> None:
    with writing(sqlite_engine) as session:
        link = session.get(Link, (scene.campaign_id, 1))
        assert link
        link.expires_at, link.revision = factories.NOW, next_revision(session)
    async with serve(sqlite_settings, sqlite_engine) as served:
        assert (await draw(served, code_of(codes, scene.campaign_id))).status == 410
    assert rows(sqlite_engine, PrizeDraw) == []


async def test_with_the_database_in_trouble_nothing_is_drawn_and_the_page_says_to_try_again(
    serve: Serve, sqlite_settings: Settings, sqlite_engine: Engine, codes: ShortCodes, scene: PageCampaign
) -> None:
    code = code_of(codes, scene.campaign_id)
    async with serve(sqlite_settings, sqlite_engine) as served:
        _rename(sqlite_engine, "prize_stock", "away")
        refused = await draw(served, code)
        page = await post(served.port, f"/{code}/draw/card", accept="text/html", accept_language="en")
        _rename(sqlite_engine, "away", "prize_stock")
        assert rows(sqlite_engine, PrizeDraw) == []
        assert (await draw(served, code)).status == 200
    assert refused.status == 503 and orjson.loads(refused.body)["retryable"]
    assert page.status == 503 and b"Try again" in page.body


def _rename(engine: Engine, table: str, name: str) -> None:
    with writing(engine) as session:
        session.connection().exec_driver_sql(f"ALTER TABLE {table} RENAME TO {name}")
