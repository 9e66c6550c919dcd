"""A campaign whose link shows a page with a scratch card, cells and a form; and how a browser sends something to it."""

import asyncio
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import orjson
from sqlalchemy import Engine
from sqlmodel import Session

from linksvc.database import writing
from linksvc.landing.documents import parse_document
from linksvc.landing.pages import create_page, edit_page, find_page, publish_page
from linksvc.links import CAMPAIGN_LINK
from linksvc.models import Link
from linksvc.serials import next_revision
from tests import factories
from tests.factories import NOW
from tests.linksvc.landing.forms import FORM
from tests.tracker.http import Answer, read_answer, request

SURE: dict[str, Any] = {
    "id": "card",
    "type": "scratch",
    "title": {"fr": "À gratter", "en": "Scratch"},
    "cover": {"fr": "Grattez ici", "en": "Scratch here"},
    "nothing": {"fr": "Perdu", "en": "Lost"},
    "prizes": [
        {
            "id": "bag",
            "label": {"fr": "Un sac <b>rouge</b>", "en": "A red <b>bag</b>"},
            "text": {"fr": "Au magasin", "en": "In the shop"},
            "odds": 10_000,
        }
    ],
}
CELLS = {name: value for name, value in SURE.items() if name != "cover"} | {
    "id": "cells",
    "type": "flip",
    "cells": 4,
    "prizes": [SURE["prizes"][0] | {"odds": 250, "stock": 1_000}],
}

DOCUMENT: dict[str, Any] = {
    "title": {"fr": "Pour vous", "en": "For you"},
    "languages": ["fr", "en"],
    "blocks": [SURE, CELLS, FORM],
}


def publish(session: Session, workspace_id: int, document: dict[str, Any], now: datetime = NOW) -> int:
    """A page that recipients see."""
    page = create_page(session, workspace_id, "VIP", parse_document(orjson.dumps(document)), now)
    publish_page(session, workspace_id, page.id, page.version, now)
    return page.id


def republish(engine: Engine, workspace_id: int, page_id: int, document: dict[str, Any], now: datetime = NOW) -> None:
    """Another state of the page."""
    with writing(engine) as session:
        page = find_page(session, workspace_id, page_id)
        edited = edit_page(session, workspace_id, page_id, page.version, "VIP", parse_document(orjson.dumps(document)), now)
        publish_page(session, workspace_id, page_id, edited.version, now)


def page_campaign(
    engine: Engine, workspace_id: int, size: int = 3, document: dict[str, Any] = DOCUMENT, **fields: Any
) -> tuple[int, int]:
    """A campaign that leads to a page instead of a destination, and the page. Serials as of `produced_campaign`."""
    campaign_id = factories.produced_campaign(engine, workspace_id, size, **fields)
    with writing(engine) as session:
        page_id = publish(session, workspace_id, document)
        link = session.get(Link, (campaign_id, CAMPAIGN_LINK))
        assert link
        link.page_id, link.destination_url, link.revision = page_id, "", next_revision(session)
    return campaign_id, page_id


async def post(port: int, target: str, sent: Any = (), **headers: str) -> Answer:
    """What a browser sends by a form; `accept="application/json"` as the page's script does."""
    body = urlencode(sent, doseq=True).encode()
    told = {"content_type": "application/x-www-form-urlencoded", "content_length": str(len(body)), "connection": "close"}
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request(target, "POST", **(told | headers)) + body)
        return await read_answer(reader)
    finally:
        writer.close()
        await writer.wait_closed()
