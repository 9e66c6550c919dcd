"""A page with a scratch card, cells and a form; and how a browser sends something to it."""

import asyncio
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import orjson
from sqlalchemy import Engine

from linksvc.database import writing
from linksvc.landing.documents import parse_document
from linksvc.landing.pages import edit_page, find_page, publish_page
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


def republish(engine: Engine, workspace_id: int, page_id: int, document: dict[str, Any], now: datetime = NOW) -> None:
    """Another state of the page."""
    with writing(engine) as session:
        page = find_page(session, workspace_id, page_id)
        edited = edit_page(session, workspace_id, page_id, page.version, "Page", parse_document(orjson.dumps(document)), now)
        publish_page(session, workspace_id, page_id, edited.version, now)


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
