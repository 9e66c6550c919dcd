"""What a page tells: kept once, proof of a person, refused when forged, replayed, too much or no event of that page."""

import asyncio
import os
import signal
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import Engine
from sqlmodel import col, update

from linksvc.applier import apply_batch, rebuild_counters
from linksvc.clock import now
from linksvc.database import reading, writing
from linksvc.funnel import read_funnel
from linksvc.keys import Keyring
from linksvc.models import Fact, Hit, Link, Message, PageEvent
from linksvc.serials import next_revision
from linksvc.settings import Settings
from linksvc.short_codes import ShortCodes
from linksvc.token_buckets import MOST_SUBJECTS
from tests.factories import NOW
from tests.tracker.conftest import Serve, Served, serving
from tests.tracker.event_scenes import (
    DOCUMENT,
    VIEW,
    beacon,
    code_of,
    event,
    problem,
    request,
    rows,
    send,
    tell,
    token_on,
    told,
)
from tests.tracker.http import IPHONE, read_answer
from tests.tracker.landing_scenes import PageCampaign, page_campaign
from tests.tracker.test_crash import process
from tracker.app import Tracker
from tracker.beacons import EVENTS_MOST, MOST_BYTES, NUMBERS
from tracker.event_limits import EventLimits
from tracker.evidence import LIFETIME, HitRef, HitTokens
from tracker.ingest import Ingester
from tracker.responses import Message as Sent

PREVIEW = "WhatsApp/2.24.6.77 A"


@pytest.fixture
def scene(sqlite_engine: Engine) -> PageCampaign:
    """Three messages, the last to somebody who did not consent to tracking."""
    return page_campaign(sqlite_engine, DOCUMENT, tracked=2)


@pytest.fixture
async def served(serve: Serve, sqlite_settings: Settings, sqlite_engine: Engine, scene: PageCampaign) -> Any:  # noqa: ARG001
    async with serve(sqlite_settings, sqlite_engine) as served:
        yield served


def ingest(engine: Engine, settings: Settings) -> None:
    ingester = Ingester(engine, settings.spool_dir, lambda: NOW)
    while ingester.run_once():
        pass


def figures(engine: Engine, scene: PageCampaign, *names: str) -> tuple[int, ...]:
    while apply_batch(engine, scene.campaign_id, "test", lambda: NOW):
        pass
    with reading(engine) as session:
        funnel = read_funnel(session, scene.workspace_id, scene.campaign_id)
        assert funnel.has_page
        return tuple(funnel[name] for name in names)


async def test_an_event_is_kept_once_and_an_interaction_proves_its_own_hit_alone(
    serve: Serve, settings: Settings, engine: Engine, codes: ShortCodes
) -> None:
    scene = page_campaign(engine, DOCUMENT, tracked=2)
    rebuild_counters(engine, scene.campaign_id)
    code = code_of(codes, scene.campaign_id)
    async with serve(settings, engine) as served:
        assert (await served.ask(f"/{code}", user_agent=PREVIEW)).status == 200
        assert (await served.ask(f"/{code}", "HEAD")).body == b""
        token = await token_on(served, code)
        for _ in range(2):
            answer = await tell(served, code, token, VIEW, event(1), event(2, "copied", "code"))
            assert (answer.status, answer.body, answer.headers["content-length"]) == (204, b"", None)
        assert (await tell(served, code, token, event(3, "depth", "", value=75), event(1))).status == 204
    ingest(engine, settings)
    kept = [(one.number, one.name, one.block, one.value, one.position) for one in rows(engine, PageEvent)]
    assert sorted(kept) == [
        (0, "view", "", 0, 2),
        (1, "button", "shop", 0, 2),
        (2, "copied", "code", 0, 2),
        (3, "depth", "", 75, 2),
    ]
    first = rows(engine, PageEvent)[0]
    assert (first.n, first.page_id, first.link_id, first.recorded_at) == (0, scene.page_id, 1, NOW)
    assert [(fact.source, fact.detail) for fact in rows(engine, Fact) if fact.kind == "interaction"] == [
        (f"{first.segment}:2", "1")
    ]
    shown = ("engaged", "clicked", "hit_human", "hit_machine")
    assert figures(engine, scene, *shown) == (1, 1, 1, 2)
    assert [(hit.verdict, hit.reason) for hit in sorted(rows(engine, Hit), key=lambda hit: hit.position)] == [
        ("machine", "preview"),
        ("machine", "head"),
        ("human", "interaction"),
    ]
    ingest(engine, settings)
    assert figures(engine, scene, *shown) == (1, 1, 1, 2)


async def test_a_machines_own_visit_is_raised_by_what_a_person_did_there_and_by_no_mere_view(
    serve: Serve, settings: Settings, engine: Engine, codes: ShortCodes
) -> None:
    scene = page_campaign(engine, DOCUMENT)
    rebuild_counters(engine, scene.campaign_id)
    code = code_of(codes, scene.campaign_id)
    async with serve(settings, engine) as served:
        prefetched = {"sec_purpose": "prefetch"}
        seen, used = await token_on(served, code, **prefetched), await token_on(served, code, **prefetched)
        visible = event(1, "visible", "", value=40)
        assert (await tell(served, code, seen, VIEW, visible, event(2, "depth", "", value=100))).status == 204
        assert (await tell(served, code, used, VIEW, event(1))).status == 204
    ingest(engine, settings)
    assert figures(engine, scene, "engaged", "clicked", "hit_human", "hit_machine") == (1, 1, 1, 1)
    with reading(engine) as session:
        message = session.get_one(Message, (scene.campaign_id, 0))
        assert (message.engaged_at, message.clicked_at) == (NOW, NOW)


async def test_events_may_be_stored_before_their_hit_and_happen_between_the_hit_and_now(
    served: Served, codes: ShortCodes, scene: PageCampaign
) -> None:
    code = code_of(codes, scene.campaign_id)
    token = await token_on(served, code)
    far = event(0, at=10**15)
    assert (await tell(served, code, token, far, event(1, at=0))).status == 204
    (record,) = told(served)
    assert [one.occurred_at for one in record.events] == [NOW, NOW]


async def refused(served: Served, code: str, token: str, *events: dict[str, Any], **headers: str) -> tuple[int, str]:
    answer = await tell(served, code, token, *(events or (event(0),)), **headers)
    assert told(served) == []
    return problem(answer)


async def test_a_forged_an_old_and_somebody_elses_token_are_refused_and_nothing_is_kept(
    served: Served, codes: ShortCodes, scene: PageCampaign, keyring: Keyring
) -> None:
    code, others = code_of(codes, scene.campaign_id), code_of(codes, scene.campaign_id, 1)
    token = await token_on(served, code)
    changed = ("B" if token[0] == "A" else "A") + token[1:]
    for forged in (changed, token[:-1], "", "x" * 300, "é"):
        assert await refused(served, code, forged) == (403, "hit_token_invalid")
    assert await refused(served, code, await token_on(served, others)) == (403, "hit_token_of_another")
    tokens = HitTokens(keyring.hit_tokens)
    hit = tokens.open(token, NOW)
    old = tokens.issue(hit, NOW - LIFETIME - timedelta(seconds=1))
    assert await refused(served, code, old) == (403, "hit_token_expired")
    strange = tokens.issue(replace(hit, campaign_id=scene.campaign_id + 1), NOW)
    assert await refused(served, code, strange) == (403, "hit_token_of_another")
    assert served.tracker.page_events.answered == {"refused": 8}


async def test_of_who_did_not_consent_or_asks_not_to_be_followed_nothing_is_kept(
    served: Served, codes: ShortCodes, scene: PageCampaign, keyring: Keyring
) -> None:
    untracked = code_of(codes, scene.campaign_id, 2)
    assert await token_on(served, untracked) == ""
    for header in ("sec_gpc", "dnt"):
        assert await token_on(served, code_of(codes, scene.campaign_id), **{header: "1"}) == ""
    known = HitTokens(keyring.hit_tokens).open(await token_on(served, code_of(codes, scene.campaign_id)), NOW)
    for n in (0, 2):
        token = HitTokens(keyring.hit_tokens).issue(HitRef(scene.campaign_id, n, known.segment, 0), NOW)
        assert await refused(served, untracked, token) == (403, "hit_token_of_another")


async def test_a_browser_that_asks_not_to_be_followed_while_its_page_is_open_tells_nothing_from_then_on(
    served: Served, codes: ShortCodes, scene: PageCampaign
) -> None:
    code = code_of(codes, scene.campaign_id)
    token = await token_on(served, code)
    for header in ("sec_gpc", "dnt"):
        assert await refused(served, code, token, **{header: "1"}) == (403, "not_to_be_followed")
    assert (await tell(served, code, token, event(0))).status == 204


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({"number": NUMBERS, "name": "view"}, "events.0.number"),
        ({"number": -1, "name": "view"}, "events.0.number"),
        ({"number": 1.5, "name": "view"}, "events.0.number"),
        ({"number": 0, "name": "bought"}, "events.0.name"),
        ({"number": 0, "name": "video", "block": "shop"}, "events.0.name"),
        ({"number": 0, "name": "conversion", "order_ref": "A1"}, "events.0.name"),
        ({"number": 0, "name": "button", "block": "code"}, "events.0.block"),
        ({"number": 0, "name": "button"}, "events.0.block"),
        ({"number": 0, "name": "view", "block": "shop"}, "events.0.block"),
        ({"number": 0, "name": "button", "block": "shop\n"}, "events.0.block"),
        ({"number": 0, "name": "button", "block": "shop", "value": 3}, "events.0.value"),
        ({"number": 0, "name": "depth", "value": 33}, "events.0.value"),
        ({"number": 0, "name": "visible", "value": 10**9}, "events.0.value"),
        ({"number": 0, "name": "view", "amount": "1"}, "events.0.order_ref"),
        ({"number": 0, "name": "view", "n": 3}, "events.0.n"),
    ],
)
async def test_what_is_no_event_of_the_page_is_refused_and_says_where(
    served: Served, codes: ShortCodes, scene: PageCampaign, event: dict[str, Any], field: str
) -> None:
    code = code_of(codes, scene.campaign_id)
    answer = await tell(served, code, await token_on(served, code), event)
    assert problem(answer) == (422, "events_invalid")
    (told_of,) = orjson.loads(answer.body)["errors"]
    assert told_of["field"] == field
    assert "should" not in told_of["message"], "a sentence of the library's"
    assert told(served) == []


async def test_a_body_that_is_no_beacon_or_too_large_is_refused(
    served: Served, codes: ShortCodes, scene: PageCampaign
) -> None:
    code = code_of(codes, scene.campaign_id)
    path, token = f"/{code}/events", await token_on(served, code)
    for body in (b"", b"[]", b"{", b"\xff", b"null", beacon(token), beacon(token, *[event(0)] * (EVENTS_MOST + 1))):
        assert problem(await send(served.port, path, body)) == (422, "events_invalid")
    assert problem(await send(served.port, path, b" " * (MOST_BYTES + 1))) == (413, "too_large")
    assert problem(await send(served.port, path, b"", "GET")) == (405, "method_not_allowed")
    assert problem(await tell(served, code, token, event(0), user_agent=PREVIEW)) == (403, "not_for_machines")
    unknown = await send(served.port, "/AAAAAAAAAAA/events", beacon(token, event(0)), accept="application/json")
    assert problem(unknown) == (404, "link_not_found")
    assert told(served) == []


async def test_on_an_expired_link_only_who_had_the_page_open_tells_anything(
    serve: Serve, sqlite_settings: Settings, sqlite_engine: Engine, codes: ShortCodes, scene: PageCampaign
) -> None:
    code, time = code_of(codes, scene.campaign_id), [NOW]
    with writing(sqlite_engine) as session:
        values = {"expires_at": NOW + timedelta(minutes=1), "revision": next_revision(session)}
        session.exec(update(Link).where(col(Link.campaign_id) == scene.campaign_id).values(**values))
    async with serve(sqlite_settings, sqlite_engine, lambda: time[0]) as served:
        token = await token_on(served, code)
        time[0] += timedelta(minutes=2)
        assert (await served.ask(f"/{code}")).status == 410
        for body in (b"{}", b"", beacon("x", event(0)), beacon(token, event(0, "bought", ""))):
            assert problem(await send(served.port, f"/{code}/events", body)) == (410, "link_expired")
        assert told(served) == []
        assert (await tell(served, code, token, VIEW)).status == 204
        assert len(told(served)) == 1


async def answer_directly(tracker: Tracker, path: str, body: bytes) -> tuple[int, bytes]:
    """What the application answers, without a socket in between."""
    sent: list[Sent] = []

    async def receive() -> Sent:
        return {"type": "http.request", "body": body, "more_body": False}

    async def collect(message: Sent) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"user-agent", IPHONE.encode()), (b"content-length", b"%d" % len(body))]
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers, "query_string": b""}
    await tracker(scope | {"client": ("192.0.2.7", 4711)}, receive, collect)
    return sent[0]["status"], sent[1]["body"]


async def test_ten_thousand_beacons_from_one_page_are_refused_but_for_a_few_and_take_no_memory(
    served: Served, codes: ShortCodes, scene: PageCampaign
) -> None:
    events = served.tracker.page_events
    events.limits = EventLimits(lambda: 0.0)
    code, other = code_of(codes, scene.campaign_id), code_of(codes, scene.campaign_id, 1)
    token, others = await token_on(served, code), await token_on(served, other)
    path, body = f"/{code}/events", beacon(token, VIEW, event(1))
    answers = [await answer_directly(served.tracker, path, body) for _ in range(10_000)]
    assert Counter(status for status, _ in answers) == {204: 60, 429: 9_940}
    assert orjson.loads(answers[-1][1])["code"] == "too_many_events"
    assert len(told(served)) == 60
    assert events.limits.remembered == 2, "one visit and one network"
    assert (await tell(served, other, others, event(1))).status == 204, "another visit is not held back"
    last = await tell(served, code, token, VIEW)
    assert problem(last) == (429, "too_many_events")
    assert int(last.headers["retry-after"]) >= 1
    rubbish = [(await answer_directly(served.tracker, path, b"x"))[0] for _ in range(2_500)]
    assert Counter(rubbish) == {422: 2_000, 429: 500}, "a network that sends rubbish is slowed down too"
    assert events.answered == {"taken": 61, "throttled": 10_441, "refused": 2_000}


def test_limits_remember_no_more_than_so_many_visits_and_networks() -> None:
    limits = EventLimits(lambda: 0.0)
    segment = UUID(int=7)
    for place in range(MOST_SUBJECTS + 100):
        limits.pass_network(f"192.0.2.{place}/24")
        limits.pass_visit(segment, place)
    assert limits.remembered == 2 * MOST_SUBJECTS


async def test_a_full_spool_is_told_and_counted(
    serve: Serve, sqlite_settings: Settings, sqlite_engine: Engine, codes: ShortCodes, scene: PageCampaign
) -> None:
    code = code_of(codes, scene.campaign_id)
    async with serve(sqlite_settings, sqlite_engine) as served:
        token = await token_on(served, code)
    full = sqlite_settings.model_copy(update={"spool_max_bytes": 1})
    async with serve(full, sqlite_engine) as served:
        answer = await tell(served, code, token, event(0))
        assert problem(answer) == (503, "unavailable")
        assert answer.headers["retry-after"] == "5"
        assert served.tracker.page_events.answered == {"lost": 1}
        assert told(served) == []


async def test_a_beacon_is_answered_after_the_disk_has_it(
    sqlite_settings: Settings, sqlite_engine: Engine, keyring: Keyring, codes: ShortCodes, scene: PageCampaign
) -> None:
    synced: list[int] = []

    def sync(descriptor: int) -> None:
        os.fdatasync(descriptor)
        synced.append(descriptor)

    code = code_of(codes, scene.campaign_id)
    async with serving(sqlite_settings, sqlite_engine, keyring, sync=sync) as served:
        token = await token_on(served, code)
        before = len(synced)
        assert (await tell(served, code, token, event(0))).status == 204
        assert len(synced) > before
        assert len(told(served)) == 1


async def test_every_answered_beacon_is_stored_once_though_the_tracker_is_killed(
    settings: Settings, engine: Engine, codes: ShortCodes
) -> None:
    scene = page_campaign(engine, DOCUMENT, size=10)
    links = [code_of(codes, scene.campaign_id, n) for n in range(10)]
    small = settings.model_copy(update={"spool_segment_bytes": 20_000})
    answered: set[tuple[str, int]] = set()
    enough = asyncio.Event()

    async def visit_without_end(port: int, code: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            while True:
                writer.write(request(f"/{code}", b"", "GET").replace(b"content-length: 0\r\n", b""))
                token = (await read_answer(reader)).body.partition(b'data-token="')[2].partition(b'"')[0].decode()
                hit = HitTokens(Keyring.derive(settings.secret_key.get_secret_value()).hit_tokens)
                source = hit.visit(token, now()).hit
                for number in range(20):
                    writer.write(request(f"/{code}/events", beacon(token, event(number))))
                    assert (await read_answer(reader)).status == 204
                    answered.add((f"{source.segment}:{source.position}", number))
                    if len(answered) > 150:
                        enough.set()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async with process(small) as (port, running):
        clients = [asyncio.create_task(visit_without_end(port, code)) for code in links]
        await asyncio.wait_for(enough.wait(), 30)
        running.send_signal(signal.SIGKILL)
        await asyncio.gather(*clients)
    ingester = Ingester(engine, small.spool_dir)
    while ingester.run_once() or not ingester.drained():
        pass
    stored = Counter((f"{one.segment}:{one.position}", one.number) for one in rows(engine, PageEvent))
    assert set(stored.values()) == {1}
    assert answered <= set(stored), "nothing lost"
    assert len(set(stored) - answered) <= len(links), "at most what was under way at the kill"
    facts = {fact.source for fact in rows(engine, Fact) if fact.kind == "interaction"}
    assert facts == {source for source, _ in stored}
    assert {f"{hit.segment}:{hit.position}" for hit in rows(engine, Hit)} >= facts, "each page was shown by a stored hit"
