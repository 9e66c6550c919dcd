"""The page editor as a test reads it without a browser: its form's fields by name, sent back with what a test types."""

import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from io import BytesIO
from typing import Any

from PIL import Image
from sqlalchemy import Engine
from sqlmodel import col, update

from linksvc.database import reading, writing
from linksvc.landing.documents import Document
from linksvc.landing.pages import Page, create_page, find_page, publish_page
from linksvc.landing.picture_files import read_picture
from linksvc.landing.pictures import add_picture
from linksvc.models import Link
from tests import factories
from tests.dashboards.site import Site
from tests.factories import NOW
from tests.linksvc.landing.documents_by_example import parsed, written


@dataclass
class Form(HTMLParser):
    """The fields of the form `page-form` of a page, as a browser would send them."""

    html: str
    fields: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()
        self._inside, self._select, self._area, self._first = False, "", "", False
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        name, value = told.get("name") or "", told.get("value") or ""
        if tag == "form":
            self._inside = told.get("id") in ("page-form", "signed-out")
        if not self._inside:
            return
        if tag == "input" and name and told.get("type") != "file":
            if told.get("type") not in ("checkbox", "radio") or "checked" in told:
                self.fields[name] = value
        elif tag == "select":
            self._select, self._first = name, True
        elif tag == "option" and self._select and (self._first or "selected" in told):
            self.fields[self._select], self._first = value, False
        elif tag == "textarea":
            self._area = name
            self.fields[name] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            # A browser drops the line break behind the opening tag.
            self.fields[self._area] = self.fields[self._area].removeprefix("\n")
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.fields[self._area] += data


def store_page(engine: Engine, workspace_id: int, document: Document | None = None, name: str = "Summer") -> int:
    """A draft; with every type of block unless told otherwise."""
    with writing(engine) as session:
        return create_page(session, workspace_id, name, document or whole(engine, workspace_id), NOW).id


def whole(engine: Engine, workspace_id: int) -> Document:
    """A page with every type of block, and its picture in the workspace."""
    document = written()
    next(one for one in document["blocks"] if one["type"] == "picture")["picture"] = store_picture(engine, workspace_id)
    return parsed(document)


def store_picture(engine: Engine, workspace_id: int) -> str:
    with writing(engine) as session:
        return add_picture(session, workspace_id, "shop.png", read_picture(picture_file()), NOW).digest


def picture_file(size: tuple[int, int] = (60, 40), colour: str = "#dc1e1e", mode: str = "RGB") -> bytes:
    file = BytesIO()
    Image.new(mode, size, colour).save(file, "PNG")
    return file.getvalue()


def use_page(engine: Engine, workspace_id: int, page_id: int, name: str = "Black Friday VIP") -> int:
    """A campaign whose messages lead to a page."""
    offer_id = factories.offer(engine, workspace_id)
    campaign_id = factories.campaign(engine, workspace_id, name=name, offer_id=offer_id)
    with writing(engine) as session:
        session.exec(update(Link).where(col(Link.campaign_id) == campaign_id).values(page_id=page_id, destination_url=""))
    return campaign_id


def stored(engine: Engine, workspace_id: int, page_id: int) -> Page:
    with reading(engine) as session:
        return find_page(session, workspace_id, page_id)


def publish(engine: Engine, workspace_id: int, page_id: int) -> None:
    with writing(engine) as session:
        publish_page(session, workspace_id, page_id, find_page(session, workspace_id, page_id).version, NOW)


@dataclass
class Desk:
    """The editor of one page of a site, in its client's hands. `fields` are what its form holds at the moment."""

    site: Site
    page_id: int
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/pages/pag_{self.page_id}"

    def open(self) -> str:
        answer = self.site.client.get(self.path)
        assert answer.status_code == 200
        return self._read(answer)

    def press(self, do: str, files: dict[str, tuple[str, bytes]] | None = None, **typed: str) -> Any:
        """Types and presses a button; dots of names are written as __."""
        if not self.fields:
            self.open()
        self.fields.update({name.replace("__", "."): value for name, value in typed.items()})
        sent = {"": (None, "")} if not files else {name: (shown, data) for name, (shown, data) in files.items()}
        answer = self.site.client.post(self.path, data={**self.fields, "do": do}, files=sent)
        if answer.status_code == 303 and answer.headers["location"].startswith(self.path):
            answer = self.site.client.get(answer.headers["location"])
        if "page-form" in answer.text:
            self._read(answer)
        return answer

    def page(self) -> Page:
        return stored(self.site.engine, self.site.workspace_id, self.page_id)

    def _read(self, answer: Any) -> str:
        self.fields = Form(answer.text).fields
        return str(answer.text)


def open_desk(site: Site, document: Document | None = None) -> Desk:
    site.enter()
    return Desk(site, store_page(site.engine, site.workspace_id, document))


def wrong(html: str) -> dict[str, str]:
    """What a page says is wrong, by field."""
    return {name: unescape(text) for name, text in re.findall(r'<p class="wrong" id="([^"]*)-error">([^<]*)</p>', html)}
