"""Landing pages over real sockets, on both databases: the GET, the same for everybody, and what is one's own by POST."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import Engine, event, text
from sqlmodel import col, select, update

from linksvc.database import open_engine, reading, writing
from linksvc.domains import add_domain
from linksvc.keys import Keyring
from linksvc.links import CAMPAIGN_LINK
from linksvc.models import (
    Contact,
    Fact,
    Link,
    Message,
    SendBatch,
    Suppression,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)
from linksvc.number_locks import lock_to_send
from linksvc.serials import next_revision
from linksvc.settings import Settings
from linksvc.short_codes import ShortCodes
from linksvc.suppressions import lift_stop
from tests.factories import NOW, workspace
from tests.linksvc.landing.documents_by_example import block, with_block, without, words
from tests.tracker.conftest import SECRET, Serve, Served
from tests.tracker.http import Answer, read_answer, request
from tests.tracker.landing_scenes import CODE, PageCampaign, draw_picture, page_campaign
from tests.tracker.prize_scenes import post, republish
from tracker import bodies
from tracker.evidence import HitTokens
from tracker.guessing import LEAST_MISSES

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what no database changes."""

JSON = "application/json"
HOUR = timedelta(hours=1)
PREVIEWS = (
    "WhatsApp/2.23.20.0 A",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 "
    "facebookexternalhit/1.1 Facebot Twitterbot/1.0",
    "curl/8.5.0",
    "",
)


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
def campaign(engine: Engine) -> PageCampaign:
    """Of every block but a picture; message 2's recipient did not consent to tracking."""
    return page_campaign(engine, without("picture"), tracked=2)


@pytest.fixture
async def served(
    serve: Serve,
    settings: Settings,
    engine: Engine,
    campaign: PageCampaign,  # noqa: ARG001
    time: Time,
) -> AsyncIterator[Served]:
    async with serve(settings, engine, time) as served:
        yield served


Path_ = Callable[..., str]


@pytest.fixture
def path(codes: ShortCodes, campaign: PageCampaign) -> Path_:
    return lambda n=0: f"/{codes.encode(1000 * campaign.campaign_id + n)}"


async def learnt(served: Served) -> None:
    await served.tracker.watch._refresh(None)


def change_link(engine: Engine, campaign: PageCampaign, **values: Any) -> None:
    with writing(engine) as session:
        link = (col(Link.campaign_id) == campaign.campaign_id, col(Link.id) == CAMPAIGN_LINK)
        session.exec(update(Link).where(*link).values(**values, revision=next_revision(session)))


def token_of(answer: Answer) -> str:
    found = re.search(rb'data-token="([^"]*)"', answer.body)
    assert found
    return found[1].decode()


def problem_of(answer: Answer) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status, orjson.loads(answer.body)["code"]


@ONE_DATABASE
async def test_a_get_is_the_same_for_everybody_but_for_their_own_path_and_token(
    served: Served, path: Path_, keyring: Keyring
) -> None:
    answers = [await served.ask(path(n), accept_language="en-GB,en;q=0.9") for n in (0, 1, 2)]
    assert [answer.status for answer in answers] == [200] * 3
    hits = served.spooled()
    assert [(hit.n, hit.outcome) for hit in hits] == [(0, "redirected"), (1, "redirected"), (None, "redirected")]
    bare = [
        answer.body.replace(path(n).encode(), b"/").replace(token_of(answer).encode(), b"")
        for n, answer in enumerate(answers)
    ]
    assert bare[0] == bare[1] == bare[2]
    for personal in ("Zoé", "Martin", CODE, "2F4K-9QTX", "3363991"):
        assert personal.encode() not in answers[0].body
    opened = [HitTokens(keyring.hit_tokens).open(token_of(answer), NOW) for answer in answers[:2]]
    assert [(hit.n, hit.position) for hit in opened] == [(0, 0), (1, 1)]
    assert token_of(answers[2]) == "", "no consent, no token"
    headers = answers[0].headers
    assert headers["cache-control"] == "private, no-store"
    assert headers["x-robots-tag"] == "noindex"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-language"] == "en"
    assert "unsafe" not in headers["content-security-policy"]
    assert re.fullmatch(r"</s/.*\.css>; rel=preload; as=style, </s/.*\.js>; rel=preload; as=script", headers["link"])


@ONE_DATABASE
async def test_a_browser_that_asks_not_to_be_followed_gets_the_page_without_a_token(served: Served, path: Path_) -> None:
    for header in ("sec_gpc", "dnt"):
        answer = await served.ask(path(), **{header: "1"})
        assert (answer.status, token_of(answer)) == (200, "")


@ONE_DATABASE
async def test_head_tells_the_headers_of_a_get_and_is_kept_as_what_it_is(served: Served, path: Path_) -> None:
    head, get = await served.ask(path(), "HEAD"), await served.ask(path())
    assert (head.status, head.body) == (200, b"")
    assert head.headers.items() == get.headers.items()
    assert [hit.method for hit in served.spooled()] == ["HEAD", "GET"]


@ONE_DATABASE
async def test_a_page_speaks_the_language_that_the_browser_wants_most(served: Served, path: Path_) -> None:
    for asked, spoken in {
        "": "fr",
        "en": "en",
        "de, en;q=0.5, fr;q=0.4": "en",
        "EN-us;q=0, fr": "fr",
        "*": "fr",
        ";;q=x,,en-GB": "en",
    }.items():
        answer = await served.ask(path(), accept_language=asked)
        assert f'<html lang="{spoken}"' in answer.body.decode(), asked


async def test_what_is_personal_comes_by_post_in_at_most_two_indexed_reads(
    served: Served, engine: Engine, path: Path_
) -> None:
    with statements(engine) as asked:
        answer = await post(served.port, f"{path()}/me", {"language": "en"}, accept=JSON, accept_language="en")
    told = orjson.loads(answer.body)
    assert (answer.status, told["language"]) == (200, "en")
    assert told["now"] == int(NOW.timestamp() * 1000)
    assert set(told["blocks"]) == {"hello", "code", "scratch", "flip", "survey"}, "only what is theirs"
    assert "Hello <bdi>Zoé</bdi>" in told["blocks"]["hello"]
    assert "2F4K-9QTX-07BM" in told["blocks"]["code"]
    assert answer.headers["cache-control"] == "private, no-store"
    assert 1 <= len(asked) <= 2, asked
    for plan in plans(engine, asked):
        assert not re.search(r"SCAN (?!(\(subquery|done|SUBQUERY|CONSTANT))|Seq Scan", plan), plan


@contextmanager
def statements(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """What is asked of the database meanwhile but for the poll of new links, which does not come of requests."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if (
            statement != "BEGIN"
            and "revision" not in statement
            and "first_serial" not in statement
            and "serial_counter" not in statement
        ):
            asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


def plans(engine: Engine, asked: list[tuple[str, Any]]) -> list[str]:
    found = []
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            # Tables this small are read whole whatever indexes there are.
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN QUERY PLAN " if engine.dialect.name == "sqlite" else "EXPLAIN "
        for statement, parameters in asked:
            rows = connection.exec_driver_sql(explain + statement, parameters)
            found.append("\n".join(str(row[-1]) for row in rows))
    return found


async def test_the_contacts_language_wins_and_brings_every_block(served: Served, engine: Engine, path: Path_) -> None:
    with writing(engine) as session:
        session.exec(update(Contact).values(language="fr"))
    answer = await post(served.port, f"{path()}/me", {"language": "en"}, accept=JSON, accept_language="en")
    told = orjson.loads(answer.body)
    assert (told["language"], told["title"]) == ("fr", "Votre offre")
    assert len(told["blocks"]) == 11
    assert "Acheter" in told["blocks"]["buy"]
    whole = await post(served.port, path(), accept_language="en")
    assert '<html lang="fr"' in whole.body.decode()
    assert whole.headers["content-language"] == "fr"


@ONE_DATABASE
async def test_somebody_without_consent_is_shown_the_same(served: Served, engine: Engine, path: Path_) -> None:
    with writing(engine) as session:
        session.exec(update(Message).where(col(Message.n) == 2).values(code=CODE))
    answer = await post(served.port, f"{path(2)}/me", accept=JSON)
    assert "2F4K-9QTX-07BM" in orjson.loads(answer.body)["blocks"]["code"]


@ONE_DATABASE
async def test_programs_see_the_page_and_are_told_nothing_personal(served: Served, engine: Engine, path: Path_) -> None:
    for user_agent in PREVIEWS:
        assert (await served.ask(path(), user_agent=user_agent)).status == 200
        for action in ("", "/me", "/stop", "/draw/scratch", "/form/survey"):
            answer = await post(served.port, path() + action, {"like": "yes"}, accept=JSON, user_agent=user_agent)
            assert problem_of(answer) == (403, "not_for_machines"), (user_agent, action)
        assert (await post(served.port, path(), user_agent=user_agent)).status == 403
    with reading(engine) as session:
        assert session.exec(select(Suppression)).all() == []
        assert session.exec(select(Fact)).all() == []


@ONE_DATABASE
async def test_what_is_personal_is_never_told_nor_changed_by_a_get(served: Served, engine: Engine, path: Path_) -> None:
    for method in ("GET", "HEAD"):
        for action in ("/me", "/stop", "/draw/scratch", "/form/survey"):
            answer = await served.ask(path() + action, method)
            assert (answer.status, answer.headers["allow"]) == (405, "POST")
    with reading(engine) as session:
        assert session.exec(select(Suppression)).all() == []
    assert served.spooled() == []


@ONE_DATABASE
async def test_with_the_database_away_the_page_shows_and_what_is_personal_says_try_again(
    served: Served, serve: Serve, settings: Settings, path: Path_
) -> None:
    await learnt(served)
    async with serve(settings, open_engine("postgresql://nobody@127.0.0.1:1/none")) as alone:
        assert "Votre offre" in (await alone.ask(path())).body.decode()
        answer = await post(alone.port, f"{path()}/me", accept=JSON)
        assert problem_of(answer) == (503, "unavailable")
        assert answer.headers["retry-after"] == "5"
        plain = await post(alone.port, path(), accept_language="en")
        assert (plain.status, plain.headers["retry-after"]) == (503, "5")
        shown = plain.body.decode()
        assert "cannot be shown right now" in shown
        assert "Try again" in shown
        assert "Your offer" in shown
        assert (await post(alone.port, f"{path()}/stop", accept=JSON)).status == 503


@ONE_DATABASE
async def test_an_expired_link_shows_nothing_personal_but_may_still_be_stopped(
    served: Served, engine: Engine, campaign: PageCampaign, path: Path_, time: Time
) -> None:
    change_link(engine, campaign, activates_at=NOW + HOUR, expires_at=NOW + 2 * HOUR)
    await learnt(served)
    assert (await served.ask(path())).status == 404
    early = await post(served.port, f"{path()}/me", accept=JSON)
    assert problem_of(early) == (404, "link_not_yet_active")
    time.now += 2 * HOUR
    assert (await served.ask(path())).status == 410
    assert problem_of(await post(served.port, f"{path()}/me", accept=JSON)) == (410, "link_expired")
    late = await post(served.port, path(), accept_language="fr")
    assert (late.status, "Ce lien a expiré" in late.body.decode()) == (410, True)
    assert (await post(served.port, f"{path()}/stop", accept=JSON)).status == 200
    assert [hit.outcome for hit in served.spooled()] == ["early", "expired"]


@ONE_DATABASE
async def test_a_network_that_guesses_is_told_nothing_personal(served: Served, codes: ShortCodes, path: Path_) -> None:
    guesser = {"x_forwarded_for": "203.0.113.9", "accept": JSON}
    for i in range(LEAST_MISSES + 100):
        await post(served.port, f"/{codes.encode(2**50 + i)}/me", **guesser)
    assert problem_of(await post(served.port, f"{path()}/me", **guesser)) == (429, "too_many_requests")
    assert (await served.ask(path(), x_forwarded_for="203.0.113.9")).status == 429
    assert (await post(served.port, f"{path()}/me", accept=JSON, x_forwarded_for="198.51.100.7")).status == 200


@ONE_DATABASE
async def test_another_workspaces_host_serves_neither_page_nor_what_is_personal(
    served: Served, engine: Engine, settings: Settings, path: Path_
) -> None:
    other = workspace(engine, "Vega")
    with writing(engine) as session:
        add_domain(session, settings, other, "https://go.vega.example", True, NOW)
    await learnt(served)
    assert (await served.ask(path(), host="go.vega.example")).status == 404
    assert problem_of(await post(served.port, f"{path()}/me", accept=JSON, host="go.vega.example"))[0] == 404
    assert (await post(served.port, f"{path()}/me", accept=JSON, host="evil.example")).status == 404


async def test_opting_out_suppresses_the_number_tells_it_once_and_keeps_what_waits(
    served: Served, engine: Engine, campaign: PageCampaign, path: Path_, time: Time
) -> None:
    with writing(engine) as session:
        owner, url = campaign.workspace_id, "https://x.example"
        endpoint = WebhookEndpoint(id="whk_1", workspace_id=owner, url=url, events="contact.opted_out", created_at=NOW)
        session.add(endpoint)
    for _ in range(3):
        answer = await post(served.port, f"{path()}/stop", {"block": "stop", "language": "en"}, accept=JSON)
        told = orjson.loads(answer.body)
        assert (answer.status, told["block"]) == (200, "stop")
        assert "no more texts from Boutique Lumen" in told["html"]
        assert "START to 36180" in told["html"]
        time.now += HOUR
    with reading(engine) as session:
        number = session.exec(select(Message.number).where(Message.n == 0)).one()
        suppressed = session.exec(select(Suppression)).one()
        assert (suppressed.number, suppressed.reason, suppressed.occurred_at) == (number, "stop", NOW)
        facts = session.exec(select(Fact).order_by(col(Fact.kind), col(Fact.occurred_at))).all()
        assert [(one.kind, one.n, one.occurred_at) for one in facts] == [
            ("opted_out", 0, NOW),
            ("opted_out", 0, NOW + HOUR),
            ("unsent", 0, NOW),
        ]
        assert facts[0].detail == f"page {campaign.page_id}, version 1"
        events = session.exec(select(WebhookEvent)).all()
        assert [orjson.loads(one.body)["data"]["message"]["n"] for one in events] == [0]
        assert len(session.exec(select(WebhookDelivery)).all()) == 1
        batches = session.exec(select(SendBatch.first_n, SendBatch.size)).all()
        assert not any(first <= 0 < first + size for first, size in batches), "what waited will not leave"


async def test_opting_out_by_many_presses_at_once_is_told_once(served: Served, engine: Engine, path: Path_) -> None:
    answers = await asyncio.gather(*(post(served.port, f"{path()}/stop", accept=JSON) for _ in range(8)))
    assert [answer.status for answer in answers] == [200] * 8
    with reading(engine) as session:
        assert len(session.exec(select(Suppression)).all()) == 1
        # One that was new, one name for all that were not.
        kinds = session.exec(select(Fact.kind).order_by(col(Fact.kind))).all()
        assert kinds == ["opted_out", "opted_out", "unsent"]


async def test_opting_out_again_after_a_start_is_said_again(served: Served, engine: Engine, path: Path_, time: Time) -> None:
    for _ in range(2):
        assert (await post(served.port, f"{path()}/stop")).status == 200
        with writing(engine) as session:
            one = session.exec(select(Suppression)).one()
            assert one.occurred_at == time.now
            assert lift_stop(session, {one.workspace_id}, one.number)
        time.now += HOUR
    with reading(engine) as session:
        told = session.exec(select(Fact.occurred_at).where(Fact.kind == "opted_out").order_by(col(Fact.occurred_at)))
        assert told.all() == [NOW, NOW + HOUR]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_opting_out_waits_for_a_mark_of_the_same_number(served: Served, engine: Engine, path: Path_) -> None:
    """What is being marked is on its way; the STOP comes behind it, so none is marked after it was stored.
    SQLite has one writer at a time, whoever it is."""
    with writing(engine) as session:
        number = session.exec(select(Message.number).where(Message.n == 0)).one()
        lock_to_send(session, [number])
        stopping = asyncio.create_task(post(served.port, f"{path()}/stop", accept=JSON))
        with reading(engine) as other:
            waits = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            async with asyncio.timeout(10):
                while not other.connection().execute(waits).scalar():
                    await asyncio.sleep(0.01)
        assert not stopping.done()
    assert (await stopping).status == 200


async def test_a_page_that_is_published_again_is_shown_within_a_second(
    served: Served, engine: Engine, campaign: PageCampaign, path: Path_
) -> None:
    assert "Votre offre" in (await served.ask(path())).body.decode()
    republish(engine, campaign.workspace_id, campaign.page_id, without("picture", "code") | {"title": words("Neuf", "New")})
    async with asyncio.timeout(10):
        while "Neuf" not in (await served.ask(path())).body.decode():
            await asyncio.sleep(0.05)


@ONE_DATABASE
async def test_too_much_is_refused_unread(served: Served, path: Path_) -> None:
    assert problem_of(await post(served.port, f"{path()}/me", {"x": "y" * 10_000}, accept=JSON)) == (413, "too_large")
    async with asyncio.timeout(60):
        while (answer := await post(served.port, f"{path(1)}/me", accept=JSON)).status == 200:
            pass
    assert problem_of(answer) == (429, "too_many_requests")
    assert (await post(served.port, f"{path()}/me", accept=JSON)).status == 200, "somebody else's page"


@ONE_DATABASE
async def test_who_sends_slowly_is_not_waited_for(served: Served, path: Path_, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "WITHIN_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(request(f"{path()}/me", "POST", accept=JSON, content_length="100") + b"language=")
    assert problem_of(await read_answer(reader)) == (408, "request_too_slow")
    writer.close()
    await writer.wait_closed()


@ONE_DATABASE
async def test_a_link_that_is_no_page_takes_nothing(
    serve: Serve, settings: Settings, engine: Engine, codes: ShortCodes
) -> None:
    plain = page_campaign(engine, with_block(**block("text")))
    change_link(engine, plain, page_id=None, destination_url="https://shop.example/")
    async with serve(settings, engine) as served:
        target = f"/{codes.encode(1000 * plain.campaign_id)}"
        assert (await served.ask(target)).headers["location"] == "https://shop.example/"
        for action in ("", "/me", "/stop"):
            answer = await post(served.port, target + action)
            assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_pictures_of_pages_are_served_for_good_and_read_once(serve: Serve, settings: Settings, engine: Engine) -> None:
    owner = workspace(engine)
    digest, unused = draw_picture(engine, owner), draw_picture(engine, owner, colour="#123456")
    page_campaign(engine, with_block(**block("picture") | {"picture": digest}), workspace_id=owner)
    async with serve(settings, engine) as served:
        with statements(engine) as asked:
            first = await served.ask(f"/i/{owner}/{digest}.webp")
            again = await served.ask(f"/i/{owner}/{digest}.webp")
            assert (first.status, again.body) == (200, first.body)
            assert first.body[8:12] == b"WEBP"
            assert first.headers["content-type"] == "image/webp"
            assert "immutable" in first.headers["cache-control"]
            assert len(asked) == 1
            for wrong in (f"/i/{owner}/{unused}.webp", f"/i/{owner + 1}/{digest}.webp", f"/i/{owner}/{digest}.png", "/i/"):
                assert (await served.ask(wrong)).status == 404
            assert len(asked) == 1, "nobody makes work by inventing names"


@ONE_DATABASE
async def test_style_and_script_are_kept_for_good_by_their_hash(served: Served, path: Path_) -> None:
    page = (await served.ask(path())).body.decode()
    for file in (re.search(r'href="(/s/[^"]+\.css)"', page), re.search(r'src="(/s/[^"]+\.js)"', page)):
        assert file
        plain, packed = await served.ask(file[1]), await served.ask(file[1], accept_encoding="gzip, br")
        assert plain.status == packed.status == 200
        assert packed.headers["content-encoding"] == "gzip"
        assert len(packed.body) < len(plain.body)
        assert "immutable" in plain.headers["cache-control"]
        other = re.sub(r"/s/[0-9a-f]{16}/", f"/s/{'0' * 16}/", file[1])
        assert (await served.ask(other)).headers["cache-control"] == "public, max-age=60"
    for wrong in ("/s/", "/s/x/page.js", f"/s/{'0' * 16}/000000-000000-00000g-system.css", f"/s/{'0' * 16}/../x"):
        assert (await served.ask(wrong)).status == 404


async def test_a_link_that_was_sent_to_nobody_shows_its_page_and_tells_the_time(
    served: Served, engine: Engine, path: Path_
) -> None:
    with writing(engine) as session:
        session.connection().exec_driver_sql("DELETE FROM message WHERE n = 1")
    told = orjson.loads((await post(served.port, f"{path(1)}/me", {"language": "fr"}, accept=JSON)).body)
    assert (told["now"], told["language"]) == (int(NOW.timestamp() * 1000), "fr")
    assert "2F4K" not in str(told["blocks"])
    assert (await post(served.port, path(1))).status == 200
    assert problem_of(await post(served.port, f"{path(1)}/stop", accept=JSON)) == (404, "message_not_found")
