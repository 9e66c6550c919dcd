"""What is one recipient's own on a page: read by their message, shown to their browser when it asks by POST.

For a page's script `tell` answers with the blocks that differ; for a browser without one `page` answers with all of it.
"""

from dataclasses import replace
from typing import NamedTuple
from urllib.parse import parse_qs

import orjson
from sqlalchemy import select, true
from sqlmodel import Session, col

from linksvc.errors import NotFound
from linksvc.landing.blocks import Block
from linksvc.landing.documents import Document
from linksvc.landing.participation import Participation, done_by, participation_of
from linksvc.landing.words import PERSONAL_FIELDS
from linksvc.models import Contact, Message
from linksvc.promo_codes import display
from linksvc.zones import zones_of
from tracker.bodies import read_body
from tracker.landing.files import NOSNIFF
from tracker.landing.rendering import direction, is_personal, render_block, render_page
from tracker.landing.scenes import Personal, Scene, epoch_ms
from tracker.landing.serving import PageShowing, page_headers
from tracker.landing.transactions import Transactions
from tracker.landing.visits import PageVisit
from tracker.responses import PRIVATE, Receive, Response

MOST_BYTES = 4_096


class PersonalPages:
    def __init__(self, transactions: Transactions, showing: PageShowing) -> None:
        self._transactions = transactions
        self._showing = showing

    async def tell(self, visit: PageVisit, _: str, receive: Receive) -> Response:
        """The answer to POST /{code}/me: the time, and each block that is another one for this recipient. `language` is what
        the page speaks; if the recipient's own is another, all blocks are told."""
        sent = parse_qs((await read_body(visit.headers, receive, MOST_BYTES)).decode("utf-8", "replace"))
        scene = await self._scene_or_everybodys(visit)
        same = sent.get("language") == [scene.language]
        blocks = [block for block in visit.document.blocks if not same or is_personal(block)]
        told = {
            "now": epoch_ms(scene.now),
            "language": scene.language,
            "direction": direction(scene.language),
            "title": scene.say(visit.document.title) or scene.brand,
            "blocks": {block.id: render_block(scene, visit.code, block) for block in blocks},
        }
        return json_response(200, told)

    async def page(self, visit: PageVisit, _: str, receive: Receive) -> Response:
        """The answer to POST /{code}: the whole page with what is personal."""
        await read_body(visit.headers, receive, MOST_BYTES)
        return whole_page(visit, await self._scene_or_everybodys(visit))

    async def _scene_or_everybodys(self, visit: PageVisit) -> Scene:
        """Of a link that was sent to nobody: as everybody sees it."""
        try:
            return await self.scene(visit)
        except NotFound:
            return self._showing.scene(visit.opened, visit.page, visit.headers, visit.now)

    async def scene(self, visit: PageVisit) -> Scene:
        """The page as this recipient sees it. Raises Unavailable, NotFound."""
        everybody = self._showing.scene(visit.opened, visit.page, visit.headers, visit.now)
        campaign_id, n, document = visit.campaign_id, visit.message, visit.document
        personal = await self._transactions.read(lambda session: read_personal(session, campaign_id, n, document))
        return replace(everybody, personal=personal, language=personal.language or everybody.language)


def block_response(visit: PageVisit, scene: Scene, block: Block, status: int = 200) -> Response:
    """A block as the page's script puts it in the place of the old one."""
    return json_response(status, {"block": block.id, "html": render_block(scene, visit.code, block)})


def whole_page(visit: PageVisit, scene: Scene, status: int = 200) -> Response:
    return Response(status, page_headers(scene), render_page(scene, visit.code, "").encode())


def json_response(status: int, told: object) -> Response:
    headers = (*PRIVATE, (b"content-type", b"application/json"), NOSNIFF)
    return Response(status, headers, orjson.dumps(told))


def read_personal(session: Session, campaign_id: int, n: int, document: Document) -> Personal:
    """Two look-ups by key: the message, with what they did on the page before beside it; then the contact, who may be on
    another shard. Raises NotFound (message_not_found)."""
    message, done = _read_message(session, campaign_id, n, takes_part=document.has_draws or document.has_surveys)
    person = session.get(Contact, message.contact_id)
    names = (person.first_name, person.last_name, person.city) if person else ("", "", "")
    language = person.language if person and person.language in document.languages else ""
    return Personal(
        fields=dict(zip(PERSONAL_FIELDS, (*names, display(message.code)), strict=True)),
        code=message.code,
        language=language,
        zone=zones_of(message.number, message.country, person.timezone if person else "")[0],
        participation=done,
    )


class _Sent(NamedTuple):
    contact_id: int
    number: str
    country: str
    code: str


def _read_message(session: Session, campaign_id: int, n: int, *, takes_part: bool) -> tuple[_Sent, Participation]:
    """In one statement, whatever the page has."""
    columns = [col(getattr(Message, name)) for name in _Sent._fields]
    statement = select(*columns).where(col(Message.campaign_id) == campaign_id, col(Message.n) == n)
    if takes_part:
        done = done_by(campaign_id, n)
        statement = statement.add_columns(done).outerjoin_from(Message, done, true())
    rows = session.connection().execute(statement).all()
    if not rows:
        raise NotFound("Nobody was sent this link.", code="message_not_found")
    sent = len(_Sent._fields)
    participation = participation_of(row[sent:] for row in rows if row[sent:] and row[sent] is not None)
    return _Sent(*rows[0][:sent]), participation
