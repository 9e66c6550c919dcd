"""The snippet for pages of the marketer's own: its token, who may use it, what it sends, and conversions that it claims."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import Engine

from linksvc.applier import apply_batch
from linksvc.database import reading, writing
from linksvc.domains import add_domain
from linksvc.errors import Forbidden
from linksvc.funnel import read_funnel
from linksvc.keys import Keyring
from linksvc.models import PageEvent
from linksvc.settings import Settings
from linksvc.short_codes import ShortCodes
from tests.factories import NOW, produced_campaign, workspace
from tests.tracker.conftest import SECRET, Serve, Served
from tests.tracker.event_scenes import ORIGIN, VIEW, beacon, code_of, event, name_origins, problem, rows, send, told
from tests.tracker.test_page_events import ingest
from tracker.evidence import LIFETIME, Arrival, HitRef
from tracker.visit_tokens import VisitElsewhere, VisitTokens, with_token

REF = HitRef(7, 3, UUID(int=9), 12)
tokens = VisitTokens(Keyring.derive(SECRET).visit_tokens)
BUY = event(1, "conversion", "", order_ref="A-1001", amount="49.90", currency="EUR")


@pytest.fixture
def campaign(sqlite_engine: Engine) -> int:
    campaign_id = produced_campaign(sqlite_engine, workspace(sqlite_engine), 3, tracked=2)
    name_origins(sqlite_engine, campaign_id, ORIGIN, "https://m.shop.example")
    return campaign_id


@pytest.fixture
async def served(serve: Serve, sqlite_settings: Settings, sqlite_engine: Engine, campaign: int) -> Any:  # noqa: ARG001
    async with serve(sqlite_settings, sqlite_engine) as served:
        yield served


async def location(served: Served, code: str, method: str = "GET", **headers: str) -> str:
    answer = await served.ask(f"/{code}", method, **headers)
    assert answer.status == 302
    return answer.headers["location"]


async def token_of(served: Served, code: str) -> str:
    return (await location(served, code)).partition("#rk=")[2]


def refused(made: VisitTokens, token: str, at: timedelta = timedelta()) -> str:
    with pytest.raises(Forbidden) as error:
        made.open(token, NOW + at)
    return error.value.code


def test_a_token_says_which_visit_it_is_of_for_a_day_and_to_nobody_else() -> None:
    token = tokens.issue(REF, 2, NOW)
    assert tokens.open(token.decode(), NOW + LIFETIME) == VisitElsewhere(Arrival(REF, NOW), 2)
    assert token.decode().replace("-", "").replace("_", "").isalnum()
    assert len(token) < 180
    assert tokens.issue(REF, 2, NOW) != token, "the same visit's is never the same twice"
    assert refused(tokens, token.decode(), LIFETIME + timedelta(seconds=1)) == "visit_token_expired"
    for forged in ("", "x", "é", token.decode()[:-1], token.decode()[:-4] + "AAAA", "A" + token.decode()[1:]):
        assert refused(tokens, forged) == "visit_token_invalid"


def test_a_token_opens_after_keys_were_rotated_and_no_other_installation_opens_it() -> None:
    old, new = "an old secret key for the tests of 42 chars", "a new secret key for the tests of 42 chars"
    before, after = VisitTokens(Keyring.derive(old).visit_tokens), VisitTokens(Keyring.derive(old, new).visit_tokens)
    assert after.open(before.issue(REF, 1, NOW).decode(), NOW).visit.hit == REF
    issued = after.issue(REF, 1, NOW).decode()
    assert refused(before, issued) == "visit_token_invalid"
    assert VisitTokens(Keyring.derive(new).visit_tokens).open(issued, NOW).visit.hit == REF


@pytest.mark.parametrize(
    ("address", "marked"),
    [
        (b"https://shop.example/", b"https://shop.example/#rk=T"),
        (b"https://shop.example/?a=1#top", b"https://shop.example/?a=1#top&rk=T"),
        (b"https://shop.example/#/sale?a=1", b"https://shop.example/#/sale?a=1&rk=T"),
    ],
)
def test_the_token_stands_at_the_end_of_the_fragment(address: bytes, marked: bytes) -> None:
    assert with_token(address, b"T") == marked


async def test_the_redirect_gives_each_visit_its_token_where_the_recipient_may_be_followed(
    served: Served, codes: ShortCodes, campaign: int
) -> None:
    code = code_of(codes, campaign)
    address, _, token = (await location(served, code)).partition("#rk=")
    assert address == "https://shop.example/sale"
    spooled = served.spooled()
    found = tokens.open(token, NOW)
    assert (found.visit.hit.campaign_id, found.visit.hit.n, found.visit.hit.position) == (campaign, 0, len(spooled) - 1)
    assert (found.link_id, found.visit.began_at) == (1, NOW)
    assert await token_of(served, code) != token
    untracked = await location(served, code_of(codes, campaign, 2))
    assert {untracked, await location(served, code, "HEAD"), await location(served, code, dnt="1")} == {address}
    assert await location(served, code, sec_gpc="1") == address


async def test_a_fragment_of_the_destinations_own_stays_before_the_token(
    serve: Serve, sqlite_settings: Settings, sqlite_engine: Engine, codes: ShortCodes, campaign: int
) -> None:
    name_origins(sqlite_engine, campaign, ORIGIN, url="https://shop.example/{{first_name}}?a=1#/top")
    async with serve(sqlite_settings, sqlite_engine) as served:
        assert (await location(served, code_of(codes, campaign))).startswith("https://shop.example/Zo%C3%A9?a=1#/top&rk=")


async def test_the_script_is_small_may_be_loaded_by_any_page_and_keeps_to_a_strict_policy(served: Served) -> None:
    answer = await served.ask("/t.js")
    script = answer.body.decode("ascii")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "max-age" in answer.headers["cache-control"]
    assert len(answer.body) < 3_000
    assert not [word for word in ("cookie=", ".cookie", "localStorage", "sessionStorage", "indexedDB") if word in script]
    assert not [word for word in ("eval(", "Function(", "innerHTML", ".style", "document.write") if word in script]
    assert (await served.ask("/t.js", "HEAD")).body == b""
    assert problem(await send(served.port, "/t.js", b"")) == (405, "method_not_allowed")


async def test_what_a_page_elsewhere_tells_is_kept_and_a_claimed_conversion_is_no_revenue(
    serve: Serve, settings: Settings, engine: Engine, codes: ShortCodes
) -> None:
    workspace_id = workspace(engine)
    campaign_id = produced_campaign(engine, workspace_id, 1)
    name_origins(engine, campaign_id, ORIGIN)
    async with serve(settings, engine) as served:
        token = await token_of(served, code_of(codes, campaign_id))
        for _ in range(2):
            video = event(2, "video", "tour", value=31)
            answer = await send(served.port, "/e", beacon(token, VIEW, BUY, video), origin=ORIGIN)
            assert (answer.status, answer.headers["access-control-allow-origin"]) == (204, ORIGIN)
            assert "origin" in answer.headers["vary"].lower()
    ingest(engine, settings)
    kept = {one.number: one for one in rows(engine, PageEvent)}
    assert (kept[1].name, kept[1].order_ref, kept[1].amount_minor, kept[1].currency) == (
        "conversion",
        "A-1001",
        4_990,
        "EUR",
    )
    assert (kept[2].block, kept[2].value, kept[2].page_id, kept[2].link_id) == ("tour", 31, 0, 1)
    apply_batch(engine, campaign_id, "test", lambda: NOW)
    with reading(engine) as session:
        funnel = read_funnel(session, workspace_id, campaign_id)
        assert (funnel.has_page, funnel["engaged"], funnel["hit_human"], funnel["redeemed"]) == (True, 1, 1, 0)
        assert funnel.revenue == ()


async def test_only_pages_of_origins_that_the_link_names_are_heard(served: Served, codes: ShortCodes, campaign: int) -> None:
    token = await token_of(served, code_of(codes, campaign))
    for origin in ("https://evil.example", "null", "http://shop.example", "https://shop.example.evil.example", ""):
        headers = {"origin": origin} if origin else {}
        answer = await send(served.port, "/e", beacon(token, event(0)), **headers)
        assert problem(answer) == (403, "origin_not_allowed")
        assert answer.headers["access-control-allow-origin"] is None
    assert told(served) == []


async def test_forged_old_and_foreign_tokens_are_refused_elsewhere_too(
    served: Served, codes: ShortCodes, campaign: int
) -> None:
    token = await token_of(served, code_of(codes, campaign))
    hit = tokens.open(token, NOW).visit.hit
    old = tokens.issue(hit, 1, NOW - LIFETIME - timedelta(seconds=1)).decode()
    strange = tokens.issue(hit, 9, NOW).decode()
    for used, code in ((token[:-1], "visit_token_invalid"), (old, "visit_token_expired"), (strange, "link_not_found")):
        assert problem(await send(served.port, "/e", beacon(used, event(0)), origin=ORIGIN))[1] == code
    foreign = await send(served.port, "/e", beacon(token, event(0)), origin=ORIGIN, host="go.other.example")
    assert problem(foreign) == (404, "link_not_found")
    assert problem(await send(served.port, "/e", b" " * 9_000, origin=ORIGIN)) == (413, "too_large")
    preview = await send(served.port, "/e", beacon(token, event(0)), origin=ORIGIN, user_agent="WhatsApp/2.24.6.77 A")
    assert problem(preview) == (403, "not_for_machines")
    unfollowed = await send(served.port, "/e", beacon(token, event(0)), origin=ORIGIN, sec_gpc="1")
    assert problem(unfollowed) == (403, "not_to_be_followed")
    assert told(served) == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"order_ref": ""}, "order_ref"),
        ({"order_ref": "x" * 65}, "order_ref"),
        ({"order_ref": "a\x00b"}, "order_ref"),
        ({"currency": ""}, "currency"),
        ({"currency": "XXX"}, "currency"),
        ({"currency": "eur"}, "currency"),
        ({"amount": "49.905"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"amount": 1e300}, "amount"),
        ({"amount": "1e-999999"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"name": "scratched", "order_ref": "", "amount": None, "currency": ""}, "name"),
    ],
)
async def test_a_conversion_that_cannot_be_is_refused_with_its_field(
    served: Served, codes: ShortCodes, campaign: int, wrong: dict[str, Any], field: str
) -> None:
    token = await token_of(served, code_of(codes, campaign))
    answer = await send(served.port, "/e", beacon(token, BUY | wrong), origin=ORIGIN)
    assert problem(answer) == (422, "events_invalid")
    assert answer.headers["access-control-allow-origin"] == ORIGIN, "or its developer could not read why"
    assert field in [error["field"].rpartition(".")[2] for error in orjson.loads(answer.body)["errors"]]
    assert told(served) == []


async def test_an_amount_may_be_a_number_a_text_or_none(served: Served, codes: ShortCodes, campaign: int) -> None:
    token = await token_of(served, code_of(codes, campaign))
    yen = BUY | {"number": 2, "amount": 1_250, "currency": "JPY"}
    bare = event(3, "conversion", "", order_ref="A-1002")
    cents = BUY | {"number": 4, "amount": 0.1}
    assert (await send(served.port, "/e", beacon(token, BUY, yen, bare, cents), origin=ORIGIN)).status == 204
    assert [one.amount_minor for one in told(served)[0].events] == [4_990, 1_250, 0, 10]


async def test_who_asks_beforehand_is_told_whether_the_origin_may_tell(served: Served) -> None:
    asked = {"access_control_request_method": "POST", "access_control_request_headers": "content-type"}
    answer = await send(served.port, "/e", b"", "OPTIONS", origin="https://m.shop.example", **asked)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (204, "https://m.shop.example")
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert answer.headers["access-control-allow-headers"] == "content-type"
    stranger = await send(served.port, "/e", b"", "OPTIONS", origin="https://evil.example", **asked)
    assert problem(stranger) == (403, "origin_not_allowed")
    assert stranger.headers["access-control-allow-origin"] is None
    assert problem(await send(served.port, "/e", b"", "GET")) == (405, "method_not_allowed")


async def test_on_a_host_that_is_not_ours_nobody_is_told_whether_an_origin_may_tell_nor_what_is_wrong(
    served: Served, codes: ShortCodes, campaign: int
) -> None:
    token = await token_of(served, code_of(codes, campaign))
    for method, body in (("OPTIONS", b""), ("POST", beacon(token, VIEW)), ("POST", beacon("x", VIEW)), ("POST", b"x")):
        answer = await send(served.port, "/e", body, method, origin=ORIGIN, host="elsewhere.example")
        assert problem(answer) == (404, "link_not_found"), (method, body)
        assert answer.headers["access-control-allow-origin"] is None
    assert told(served) == []


async def test_a_workspaces_own_host_tells_of_its_own_links_origins_alone(
    serve: Serve, sqlite_settings: Settings, sqlite_engine: Engine
) -> None:
    hosts = {host: workspace(sqlite_engine, host) for host in ("go.ours.example", "go.other.example")}
    name_origins(sqlite_engine, produced_campaign(sqlite_engine, hosts["go.ours.example"], 1), ORIGIN)
    with writing(sqlite_engine) as session:
        for host, owner in hosts.items():
            add_domain(session, sqlite_settings, owner, host, False, NOW)
    async with serve(sqlite_settings, sqlite_engine) as served:
        ours, other = [await send(served.port, "/e", b"", "OPTIONS", origin=ORIGIN, host=host) for host in hosts]
    assert (ours.status, ours.headers["access-control-allow-origin"]) == (204, ORIGIN)
    assert problem(other) == (403, "origin_not_allowed")
    assert other.headers["access-control-allow-origin"] is None
