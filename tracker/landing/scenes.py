"""For whom a page is rendered: for everybody, or for one recipient. Between `rendering`, `views` and `personal`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from linksvc.landing.documents import Document
from linksvc.landing.participation import NONE, Participation
from linksvc.landing.words import Words, said
from tracker.landing.known_pages import KnownPage

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Personal:
    """What a page shows to one recipient alone."""

    fields: Mapping[str, str]
    """`linksvc.landing.words.PERSONAL_FIELDS`; a code as people read it."""
    code: str
    """As it is stored and scanned; empty: there is none."""
    language: str
    """The contact's own, if the page speaks it; empty: what the browser asks for."""
    zone: ZoneInfo
    participation: Participation = NONE


class Addresses(Protocol):
    """Where a page finds its files."""

    script: str

    def stylesheet(self, page: KnownPage) -> str: ...

    def picture(self, workspace_id: int, digest: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Scene:
    """A page in a language at a moment, with what is one recipient's or, `personal` None, as everybody sees it."""

    page: KnownPage
    brand: str
    language: str
    now: datetime
    addresses: Addresses
    personal: Personal | None = None
    notes: Mapping[str, object] = field(default_factory=dict)
    """What a block has to say about what was just sent, by the block's id: an answer that is missing."""

    @property
    def document(self) -> Document:
        return self.page.document

    def say(self, words: Words) -> str:
        """A text in the page's language."""
        return said(words, self.language, self.document.default_language)


def epoch_ms(moment: datetime) -> int:
    """As browsers tell time."""
    return int((moment - _EPOCH).total_seconds() * 1000)
