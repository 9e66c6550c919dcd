"""Pages that tell what happens on them, and what such a page sends: for tests of page events and of the snippet."""

import asyncio
import re
from typing import Any

import orjson
from sqlalchemy import Engine
from sqlmodel import SQLModel, col, select, update

from linksvc.database import reading, writing
from linksvc.links import CAMPAIGN_LINK
from linksvc.models import Link
from linksvc.serials import next_revision
from linksvc.settings import Settings
from linksvc.short_codes import ShortCodes
from tests.tracker.conftest import Served
from tests.tracker.http import IPHONE, Answer, read_answer
from tracker.segment_reader import START, list_segments, open_segment
from tracker.told_events import ToldEvents, is_told, unpack_told

DOCUMENT: dict[str, Any] = {
    "title": {"en": "Sale"},
    "languages": ["en"],
    "blocks": [
        {"id": "hello", "type": "text", "text": {"en": "Everything is cheaper."}},
        {"id": "shop", "type": "button", "label": {"en": "To the shop"}, "url": "https://shop.example/"},
        {"id": "code", "type": "code", "label": {"en": "Your code"}, "forms": ["copy"]},
    ],
}

ORIGIN = "https://shop.example"


def event(number: int, name: str = "button", block: str = "shop", **more: Any) -> dict[str, Any]:
    told = {"number": number, "name": name, "at": 1_000 * number}
    return told | ({"block": block} if block else {}) | more


VIEW = event(0, "view", "")


def code_of(codes: ShortCodes, campaign_id: int, n: int = 0) -> str:
    return codes.encode(1000 * campaign_id + n)


async def send(port: int, path: str, body: bytes, method: str = "POST", **headers: str) -> Answer:
    """One request with a body, on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request(path, body, method, connection="close", **headers))
        return await read_answer(reader)
    finally:
        writer.close()
        await writer.wait_closed()


def request(path: str, body: bytes, method: str = "POST", **headers: str) -> bytes:
    told = {"host": "localhost", "user_agent": IPHONE, "content_type": "text/plain;charset=UTF-8"} | headers
    lines = [f"{method} {path} HTTP/1.1", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in told.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


async def token_on(served: Served, code: str, **headers: str) -> str:
    """Opens a page; the token that it has."""
    answer = await served.ask(f"/{code}", **headers)
    assert answer.status == 200
    found = re.search(r'data-token="([^"]*)"', answer.body.decode())
    assert found
    return found[1]


async def tell(served: Served, code: str, token: str, *events: dict[str, Any], **headers: str) -> Answer:
    """What the script of a page of ours sends."""
    return await send(served.port, f"/{code}/events", beacon(token, *events), **headers)


def beacon(token: str, *events: dict[str, Any]) -> bytes:
    return orjson.dumps({"token": token, "events": events})


def problem(answer: Answer) -> tuple[int, str]:
    told = orjson.loads(answer.body)
    assert answer.headers["content-type"] == "application/problem+json"
    assert told["detail"].endswith((".", "…"))
    assert told["status"] == answer.status
    return answer.status, told["code"]


def told(served: Served) -> list[ToldEvents]:
    """What pages told and is on disk at this moment."""
    return spooled_events(served.settings)


def spooled_events(settings: Settings) -> list[ToldEvents]:
    found = []
    for path in list_segments(settings.spool_dir):
        with open_segment(path, adopt=False) as segment:
            assert segment
            entries = segment.read(START, 100_000)
            found += [unpack_told(entry.payload) for entry in entries if is_told(entry.payload)]
    return found


def rows(engine: Engine, table: type[SQLModel]) -> list[Any]:
    with reading(engine) as session:
        found = list(session.exec(select(table)).all())
        session.expunge_all()
        return found


def name_origins(engine: Engine, campaign_id: int, *origins: str, url: str = "https://shop.example/sale") -> None:
    """Makes a campaign lead to a page that bears the snippet; a test's may be anywhere."""
    with writing(engine) as session:
        values = {"snippet_origins": " ".join(origins), "destination_url": url, "revision": next_revision(session)}
        session.exec(
            update(Link).where(col(Link.campaign_id) == campaign_id, col(Link.id) == CAMPAIGN_LINK).values(**values)
        )
