"""Published pages as a tracker knows them: learnt from the database as news, kept in its snapshot. For `tracker.known`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import structlog
from sqlmodel import Session, col, select

from linksvc.errors import InvalidRequest
from linksvc.landing.documents import Document, parse_document
from linksvc.models import LandingPage, Picture

log = structlog.get_logger()

READ_DOCUMENTS = 256
"""Documents that are kept as objects; the others are text, which is a tenth of it."""


@dataclass(frozen=True, slots=True)
class Size:
    """Of a picture, in pixels: a page keeps its place free, so nothing jumps when it comes."""

    digest: str
    width: int
    height: int


@dataclass(frozen=True)
class KnownPage:
    """A page as it was published last."""

    page_id: int
    workspace_id: int
    revision: int
    version: int
    written: str
    """Its document as JSON."""
    pictures: tuple[Size, ...] = ()

    @property
    def document(self) -> Document:
        return _read(self.written)

    @cached_property
    def sizes(self) -> Mapping[str, Size]:
        """By digest."""
        return {size.digest: size for size in self.pictures}

    @property
    def is_readable(self) -> bool:
        """False, and an error in the log, for a document of another version than this one can read: the other pages and the
        links go on."""
        try:
            return bool(self.document)
        except InvalidRequest:
            log.error("a published page cannot be read", action="page_unreadable", page_id=self.page_id)
            return False


@lru_cache(READ_DOCUMENTS)
def _read(written: str) -> Document:
    return parse_document(written)


def read_pages(session: Session, above_revision: int) -> list[KnownPage]:
    """The pages published after a revision, in its order."""
    rows = session.exec(
        select(LandingPage)
        .where(col(LandingPage.revision) > above_revision, LandingPage.published != "")
        .order_by(col(LandingPage.revision))
    )
    pages = (KnownPage(row.id or 0, row.workspace_id, row.revision, row.published_version, row.published) for row in rows)
    return [_with_sizes(session, page) for page in list(pages) if page.is_readable]


def _with_sizes(session: Session, page: KnownPage) -> KnownPage:
    digests = page.document.pictures()
    return replace(page, pictures=_sizes(session, page.workspace_id, digests)) if digests else page


def _sizes(session: Session, workspace_id: int, digests: frozenset[str]) -> tuple[Size, ...]:
    statement = select(Picture.digest, Picture.width, Picture.height).where(
        Picture.workspace_id == workspace_id, col(Picture.digest).in_(sorted(digests))
    )
    return tuple(Size(*row) for row in session.exec(statement.order_by(col(Picture.digest))))
