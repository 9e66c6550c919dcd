"""Published pages as a tracker knows them: learnt from the database as news, kept in its snapshot. For `tracker.known`."""

from collections.abc import Mapping
from dataclasses import dataclass
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
    return [page for row in rows if (page := _known(session, row))]


def _known(session: Session, row: LandingPage) -> KnownPage | None:
    """None for a document that this version cannot read: the other pages and links go on."""
    try:
        digests = parse_document(row.published).pictures()
    except InvalidRequest:
        log.error("a published page cannot be read", action="page_unreadable", page_id=row.id)
        return None
    sizes = _sizes(session, row.workspace_id, digests) if digests else ()
    return KnownPage(row.id or 0, row.workspace_id, row.revision, row.published_version, row.published, sizes)


def _sizes(session: Session, workspace_id: int, digests: frozenset[str]) -> tuple[Size, ...]:
    statement = select(Picture.digest, Picture.width, Picture.height).where(
        Picture.workspace_id == workspace_id, col(Picture.digest).in_(sorted(digests))
    )
    return tuple(Size(*row) for row in session.exec(statement.order_by(col(Picture.digest))))
