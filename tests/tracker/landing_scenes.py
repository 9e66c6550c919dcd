"""Campaigns whose links show a page: published as an editor publishes, with recipients who have codes and languages."""

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import orjson
from PIL import Image
from sqlalchemy import Engine
from sqlmodel import col, select, update

from linksvc.database import writing
from linksvc.landing.documents import parse_document
from linksvc.landing.pages import create_page, publish_page
from linksvc.landing.picture_files import read_picture
from linksvc.landing.pictures import add_picture
from linksvc.links import CAMPAIGN_LINK
from linksvc.models import Contact, Link, Message
from linksvc.serials import next_revision
from tests.factories import NOW, produced_campaign, workspace

CODE = "2F4K9QTX07BM"

PHONE = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
)


@dataclass(frozen=True)
class PageCampaign:
    workspace_id: int
    campaign_id: int
    page_id: int


def draw_picture(engine: Engine, workspace_id: int, size: tuple[int, int] = (800, 500), colour: str = "#c8553d") -> str:
    """An uploaded picture; returns its digest."""
    file = BytesIO()
    Image.new("RGB", size, colour).save(file, "PNG")
    with writing(engine) as session:
        return add_picture(session, workspace_id, "shop.png", read_picture(file.getvalue()), NOW).digest


def publish(engine: Engine, workspace_id: int, document: dict[str, Any]) -> int:
    with writing(engine) as session:
        page = create_page(session, workspace_id, "Page", parse_document(orjson.dumps(document)), NOW)
        publish_page(session, workspace_id, page.id, page.version, NOW)
        return page.id


def page_campaign(
    engine: Engine,
    document: dict[str, Any],
    *,
    size: int = 3,
    workspace_id: int | None = None,
    code: str = CODE,
    contact: dict[str, Any] | None = None,
    **fields: Any,
) -> PageCampaign:
    """A campaign that leads to the page. Message 0 has the promo code, its contact what is told; message n has the serial
    1000 * campaign id + n."""
    owner = workspace(engine) if workspace_id is None else workspace_id
    page_id = publish(engine, owner, document)
    campaign_id = produced_campaign(engine, owner, size, destination_url="https://unused.example/", **fields)
    with writing(engine) as session:
        changed = {"page_id": page_id, "destination_url": "", "revision": next_revision(session)}
        link = (col(Link.campaign_id) == campaign_id, col(Link.id) == CAMPAIGN_LINK)
        session.exec(update(Link).where(*link).values(**changed))
        first = (col(Message.campaign_id) == campaign_id, col(Message.n) == 0)
        session.exec(update(Message).where(*first).values(code=code))
        person = select(Message.contact_id).where(*first).scalar_subquery()
        values = {"first_name": "Zoé", "last_name": "Martin", "city": "Lyon"} | (contact or {})
        session.exec(update(Contact).where(col(Contact.id) == person).values(**values))
    return PageCampaign(owner, campaign_id, page_id)
