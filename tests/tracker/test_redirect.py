"""What a redirector must get right, point by point, over real sockets."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from ipaddress import ip_network
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlmodel import col, update
from structlog.testing import capture_logs

from linksvc.database import writing
from linksvc.models import Link
from linksvc.settings import Settings
from linksvc.short_codes import ShortCodes
from tests.factories import NOW, produced_campaign, workspace
from tests.tracker.conftest import Serve, Served
from tests.tracker.http import IPHONE, read_answer, request
from tracker.block_watch import HORIZON, POLL_S
from tracker.hits import SpooledHit
from tracker.losses import Loss

DESTINATION = "https://shop.example/sale"


@pytest.fixture
def engine(sqlite_engine: Engine) -> Engine:
    return sqlite_engine


@pytest.fixture
def settings(sqlite_settings: Settings) -> Settings:
    return sqlite_settings


@pytest.fixture
def campaign(engine: Engine) -> int:
    """Ten messages, serials 1000 to 1009; the last two people did not consent to tracking."""
    return produced_campaign(engine, workspace(engine), 10, tracked=8)


@pytest.fixture
async def served(serve: Serve, settings: Settings, engine: Engine, campaign: int) -> Any:  # noqa: ARG001  (first the rows)
    async with serve(settings, engine) as served:
        yield served


@pytest.fixture
def code(codes: ShortCodes, campaign: int) -> str:
    """The link of n = 3."""
    return codes.encode(1000 * campaign + 3)


@contextmanager
def asking_only(engine: Engine, look_ups: int) -> Iterator[None]:
    """The database is asked so many times while the block runs, beside the poll of each second."""
    asked: list[str] = []

    def listen(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", listen)
    began = time.monotonic()
    yield
    polls = int((time.monotonic() - began) / POLL_S) + 1
    event.remove(engine, "before_cursor_execute", listen)
    assert len([statement for statement in asked if "serial_block" in statement]) <= look_ups + polls


async def test_a_click_is_redirected_with_the_headers_it_needs(served: Served, code: str) -> None:
    answer = await served.ask(f"/{code}")
    assert answer.status == 302
    assert answer.headers["location"] == DESTINATION
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert "server" not in answer.headers
    assert answer.body == b""


async def test_head_has_the_same_headers_and_is_its_own_kind(served: Served, code: str) -> None:
    got, headed = await served.ask(f"/{code}"), await served.ask(f"/{code}", "HEAD")
    assert headed.status == 302
    assert {k: v for k, v in headed.headers.items() if k != "date"} == {k: v for k, v in got.headers.items() if k != "date"}
    assert [hit.method for hit in served.spooled()] == ["GET", "HEAD"]


async def test_the_hit_is_on_disk_when_the_answer_arrives(served: Served, campaign: int, code: str) -> None:
    await served.ask(f"/{code}", accept_language="fr-FR,fr;q=0.9", referer="https://a.example/x?mail=a@b.c#d")
    assert served.spooled() == [
        SpooledHit(NOW, campaign, 1, 3, "GET", "127.0.0.0/24", IPHONE, "https://a.example/x", "fr-FR", {})
    ]


GLUED = [
    ".",
    ",",
    ";",
    ":",
    "!",
    "?",
    ")",
    "]",
    "}",
    ">",
    "'",
    '"',
    "%29",
    "%22",
    "/",
    "%20",
    "%C2%A0",
    "%E2%80%A6",
    "%EF%BC%89",
    "*",
    "...",
    "!)",
    ").%20/",
]


async def test_punctuation_that_a_phone_glues_to_the_link_is_cut_off(
    served: Served, code: str, subtests: pytest.Subtests
) -> None:
    for glued in GLUED:
        with subtests.test(glued):
            answer = await served.ask(f"/{code}{glued}")
            assert (answer.status, answer.headers["location"]) == (302, DESTINATION)
    assert [hit.n for hit in served.spooled()] == [3] * len(GLUED)


NO_CODES = ["{}a", "{}-", "a{}", "{}/more", "{}%2529", "%2541", "", "%00", "%FF%FE", "{}" * 5, "x" * 5_000]


async def test_what_is_no_code_is_a_plain_404(served: Served, engine: Engine, code: str, subtests: pytest.Subtests) -> None:
    with asking_only(engine, 0):
        for target in NO_CODES:
            with subtests.test(target[:20]):
                answer = await served.ask("/" + target.replace("{}", code))
                assert answer.status == 404
                assert answer.headers["cache-control"] == "private, no-store"
                assert answer.headers["x-robots-tag"] == "noindex"
                assert b"Ricochet" in answer.body
    assert not served.spooled()


async def test_percent_signs_are_decoded_once(served: Served, code: str) -> None:
    assert (await served.ask(f"/%{ord(code[0]):02X}{code[1:]}")).status == 302
    assert (await served.ask(f"/%25{ord(code[0]):02X}{code[1:]}")).status == 404


async def test_case_is_kept(served: Served, code: str) -> None:
    assert (await served.ask(f"/{code.swapcase()}")).status == 404


async def test_serials_in_no_block_and_guesses_are_404_without_asking_the_database(
    served: Served, engine: Engine, codes: ShortCodes
) -> None:
    with asking_only(engine, 0):
        answers = [
            await served.ask(f"/{codes.encode(serial)}") for serial in (0, 999, 1_010 + HORIZON, *range(2**51, 2**51 + 20))
        ]
        assert {answer.status for answer in answers} == {404}


async def test_the_codes_beside_a_link_lead_nowhere(served: Served, code: str) -> None:
    alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890"
    for place in (0, 5, 10):
        neighbours = [code[:place] + c + code[place + 1 :] for c in alphabet if c != code[place]]
        answers = await asyncio.gather(*(served.ask(f"/{neighbour}") for neighbour in neighbours))
        assert {answer.status for answer in answers} <= {404, 429}, "and whoever tries them all is slowed down"


async def test_a_new_campaign_is_found_by_one_look_up_however_many_ask(
    served: Served, engine: Engine, codes: ShortCodes
) -> None:
    other = produced_campaign(engine, 1, 40)
    with asking_only(engine, 1):
        answers = await asyncio.gather(*(served.ask(f"/{codes.encode(1000 * other + n)}") for n in range(40)))
    assert {answer.status for answer in answers} == {302}
    assert sorted(hit.n or 0 for hit in served.spooled()) == list(range(40))


NEVER_CODES = {
    "/robots.txt": 200,
    "/favicon.ico": 404,
    "/apple-app-site-association": 404,
    "/.well-known/apple-app-site-association": 404,
    "/.well-known/assetlinks.json": 404,
}


async def test_what_systems_ask_by_themselves_is_never_a_code(served: Served, subtests: pytest.Subtests) -> None:
    for target, status in NEVER_CODES.items():
        for method in ("GET", "HEAD"):
            with subtests.test(f"{method} {target}"):
                assert (await served.ask(target, method)).status == status
    assert not served.spooled()


async def test_on_a_host_that_is_not_ours_there_is_nothing(served: Served, code: str, subtests: pytest.Subtests) -> None:
    for target in (f"/{code}", "/t.js", "/s/0123456789abcdef/page.js", *NEVER_CODES):
        for method in ("GET", "HEAD"):
            with subtests.test(f"{method} {target}"):
                answer = await served.ask(target, method, host="elsewhere.example")
                assert (answer.status, answer.headers["x-robots-tag"]) == (404, "noindex")
    assert not served.spooled()


async def test_other_methods_are_refused(served: Served, code: str, subtests: pytest.Subtests) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
        with subtests.test(method):
            answer = await served.ask(f"/{code}", method)
            assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    assert not served.spooled()


async def test_no_query_changes_the_destination(served: Served, code: str) -> None:
    for query in ("?url=https://evil.example", "?to=//evil.example", "?", "?a=1&a=2+3"):
        assert (await served.ask(f"/{code}{query}")).headers["location"] == DESTINATION


async def test_a_destination_that_is_not_http_is_not_served_but_the_click_is_kept(
    serve: Serve, settings: Settings, engine: Engine, campaign: int, code: str
) -> None:
    with writing(engine) as session:
        session.exec(update(Link).where(col(Link.campaign_id) == campaign).values(destination_url="javascript:alert(1)"))
    async with serve(settings, engine) as served:
        answer = await served.ask(f"/{code}")
        assert answer.status == 404
        assert "location" not in answer.headers
        assert len(served.spooled()) == 1


async def test_a_scanner_gets_the_same_answer_as_a_person(served: Served, code: str) -> None:
    agents = [IPHONE, "facebookexternalhit/1.1", "curl/8.9", ""]
    answers = [await served.ask(f"/{code}", user_agent=agent) for agent in agents]
    assert {(a.status, a.headers["location"], a.body) for a in answers} == {(302, DESTINATION, b"")}
    assert len(served.spooled()) == 4


async def test_a_link_of_somebody_who_did_not_consent_to_tracking_names_nobody(
    served: Served, codes: ShortCodes, campaign: int
) -> None:
    answer = await served.ask(f"/{codes.encode(1008)}")
    assert answer.headers["location"] == DESTINATION
    (hit,) = served.spooled()
    assert (hit.campaign_id, hit.n) == (campaign, None)


async def test_who_asks_not_to_be_followed_is_counted_without_device_detail(served: Served, code: str) -> None:
    await served.ask(f"/{code}", accept_language="fr", sec_gpc="1")
    await served.ask(f"/{code}", user_agent="curl/8.9", dnt="1")
    person, machine = served.spooled()
    assert (person.user_agent, person.language, person.headers) == ("", "", {"agent-class": "person"})
    assert (machine.user_agent, machine.headers) == ("", {"agent-class": "bare_client"})


async def test_the_headers_of_a_prefetch_are_kept(served: Served, code: str) -> None:
    await served.ask(f"/{code}", sec_purpose="prefetch;prerender", x_moz="prefetch", cookie="a=b")
    assert served.spooled()[0].headers == {"sec-purpose": "prefetch;prerender", "x-moz": "prefetch"}


async def test_long_headers_are_cut_and_unprintable_characters_left_out(served: Served, code: str) -> None:
    await served.ask(f"/{code}", user_agent="M\x80\x85" + "a" * 5_000, referer="https://r.example/" + "b" * 5_000)
    (hit,) = served.spooled()
    assert hit.user_agent == "M" + "a" * 397
    assert len(hit.referrer) == 200


async def test_forwarded_addresses_of_strangers_are_not_believed(served: Served, code: str) -> None:
    await served.ask(f"/{code}", x_forwarded_for="203.0.113.7")
    assert [hit.network for hit in served.spooled()] == ["127.0.0.0/24"]


async def test_a_configured_proxy_is_believed_and_no_address_reaches_the_disk(
    serve: Serve, settings: Settings, engine: Engine, code: str
) -> None:
    behind_proxy = settings.model_copy(update={"trusted_proxies": (ip_network("127.0.0.0/8"),)})
    async with serve(behind_proxy, engine) as served:
        await served.ask(f"/{code}", x_forwarded_for="1.2.3.4, 203.0.113.77, 127.0.0.9")
        await served.ask(f"/{code}", x_forwarded_for="2001:db8:77:88:99::1")
        assert [hit.network for hit in served.spooled()] == ["203.0.113.0/24", "2001:db8:77::/48"]
        spooled = b"".join(path.read_bytes() for path in settings.spool_dir.iterdir())
        assert b"113.77" not in spooled
        assert b":88" not in spooled


async def test_the_404_page_speaks_the_readers_language(served: Served) -> None:
    english, french = await served.ask("/nothing"), await served.ask("/nothing", accept_language="fr-CA,en;q=0.5")
    assert b'<html lang="en">' in english.body
    assert "Ce lien ne mène nulle part".encode() in french.body
    assert "style-src 'sha256-" in french.headers["content-security-policy"]


async def test_a_spool_that_cannot_be_written_costs_no_redirect_and_is_counted(
    serve: Serve, settings: Settings, engine: Engine, code: str
) -> None:
    settings.spool_dir.write_text("a file stands where the spool should be")
    async with serve(settings, engine) as served:
        answers = [await served.ask(f"/{code}") for _ in range(3)]
        assert {answer.status for answer in answers} == {302}
        assert served.tracker.losses.counts == {Loss.DISK_FAILED: 3}
        settings.spool_dir.unlink()
        async with asyncio.timeout(30):
            while not served.spooled():
                assert (await served.ask(f"/{code}")).status == 302
                await asyncio.sleep(0.1)
    assert len(served.spooled()) >= 1, "the disk is back, and so are the hits"


async def test_a_defect_while_tracking_costs_no_redirect_and_is_counted(
    serve: Serve, settings: Settings, engine: Engine, code: str
) -> None:
    def broken_clock() -> datetime:
        raise RuntimeError("not an error of the disk")

    async with serve(settings, engine, broken_clock) as served:
        assert (await served.ask(f"/{code}")).status == 302
        assert served.tracker.losses.counts == {Loss.INTERNAL: 1}


async def test_requests_share_a_connection_and_each_is_a_hit(served: Served, code: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    for _ in range(3):
        writer.write(request(f"/{code}"))
        assert (await read_answer(reader)).status == 302
    writer.close()
    await writer.wait_closed()
    assert len(served.spooled()) == 3


async def test_no_log_holds_a_code_or_an_address(
    serve: Serve, settings: Settings, engine: Engine, code: str, codes: ShortCodes
) -> None:
    def broken_clock() -> datetime:
        raise RuntimeError("a defect")

    settings.spool_dir.write_text("no spool can be here")
    believing = settings.model_copy(update={"trusted_proxies": (ip_network("127.0.0.0/8"),)})
    guesses = [codes.encode(2**50 + i) for i in range(100)]
    with capture_logs() as logs:
        async with serve(believing, engine, broken_clock) as served:
            for asked in (code, f"{code}.", *guesses):
                await served.ask(f"/{asked}", x_forwarded_for="203.0.113.77")
    told = repr(logs)
    assert {"track_defect", "hit_lost", "guessing", "spool_failed"} <= {line.get("action") for line in logs}
    assert not [secret for secret in (code, "203.0.113.77", *guesses) if secret in told]
