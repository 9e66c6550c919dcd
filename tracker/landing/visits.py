"""Somebody who has a link's page open sends something back. What every action of a page is handed."""

from dataclasses import dataclass
from datetime import datetime

from linksvc.addresses import Caller
from linksvc.landing.documents import Document
from linksvc.landing.visitors import Visitor
from tracker.blocks import Block
from tracker.destinations import Destination, Outcome
from tracker.hits import unpack
from tracker.landing.known_pages import KnownPage
from tracker.requests import Headers, follows, pack_hit
from tracker.resolving import Opened
from tracker.verdicts import Verdict, judge


@dataclass(frozen=True, slots=True)
class PageVisit:
    """`message` is the n whose page it is: what they are shown, draw and answer is theirs, whoever may follow them. `named`
    is the same n for what is recorded of their behaviour: None where they did not consent to tracking."""

    opened: Opened
    page: KnownPage
    headers: Headers
    language: str
    """The page's language that the browser asks for."""
    now: datetime

    @property
    def code(self) -> str:
        """The short code, which names the link's address."""
        return self.opened.code

    @property
    def campaign_id(self) -> int:
        return self.opened.block.campaign_id

    @property
    def message(self) -> int:
        return self.opened.message

    @property
    def named(self) -> int | None:
        return self.opened.named

    @property
    def link(self) -> Destination:
        return self.opened.destination

    @property
    def caller(self) -> Caller:
        return self.opened.caller

    @property
    def document(self) -> Document:
        return self.page.document

    @property
    def visitor(self) -> Visitor:
        """As draws and surveys know them."""
        place = (self.page.workspace_id, self.campaign_id, self.message)
        followed = self.named is not None and follows(self.headers)
        return Visitor(*place, self.page.page_id, self.page.version, followed)

    @property
    def wants_json(self) -> bool:
        """Whether the page's script asks; a browser without it sends the form itself and wants a page."""
        return b"application/json" in self.headers.get(b"accept", b"")


_NO_BLOCK = Block(0, 0, 0, 0, 0, tracked=False)


def is_machine(headers: Headers, method: str) -> bool:
    """Whether a request judges itself as a program's: a preview, a crawler, a bare client."""
    hit = unpack(pack_hit(method, headers, _NO_BLOCK, None, 0, "", Outcome.REDIRECTED.value))
    return judge(hit).verdict == Verdict.MACHINE
