"""Everything a tracker knows: blocks, destinations, hosts, pages. Learnt from the database as news, kept in a snapshot as
news."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from itertools import product

from sqlalchemy import select
from sqlmodel import Session, col

from linksvc.models import SerialCounter
from linksvc.serials import LINK_REVISION
from tracker.blocks import Block, Blocks, read_blocks, read_next_blocks
from tracker.destinations import Destination, read_destinations
from tracker.hosts import EVERYBODY, Domain, Hosts, read_domains
from tracker.landing.known_pages import KnownPage, read_pages


@dataclass(frozen=True, slots=True)
class News:
    """What was committed since something was read: rows in the order of their serials and revisions."""

    blocks: tuple[Block, ...] = ()
    destinations: tuple[Destination, ...] = ()
    domains: tuple[Domain, ...] = ()
    pages: tuple[KnownPage, ...] = ()
    revision: int = 0
    """The greatest that was dealt by then. Its row may be none of these: a page that was deleted, or that cannot be read."""

    def __bool__(self) -> bool:
        return bool(self.blocks or self.destinations or self.domains or self.pages)


_REVISION = select(col(SerialCounter.next_serial)).where(col(SerialCounter.name) == LINK_REVISION)


class Standing(Enum):
    """How the database stands to what a tracker knows."""

    SAME = auto()
    MORE = auto()
    OTHER = auto()
    """It was restored to an earlier state, and deals the same serials and revisions to others."""


class Known:
    """What a tracker answers from."""

    def __init__(self, short_url: str, news: News = News()) -> None:
        self.blocks = Blocks()
        self.hosts = Hosts(short_url)
        self.revision = 0
        self._destinations: dict[tuple[int, int], Destination] = {}
        self._domains: dict[str, Domain] = {}
        self._pages: dict[int, KnownPage] = {}
        self._origins: set[tuple[int, str]] = set()
        """Each with the owners of the hosts that its links are served on."""
        self.learn(news)

    def learn(self, news: News) -> None:
        """Takes in what is new. Destinations come before the blocks that lead to them, pages before those that show them."""
        self._pages |= {page.page_id: page for page in news.pages}
        for destination in news.destinations:
            self._destinations[destination.campaign_id, destination.link_id] = destination
            self._origins.update(product((EVERYBODY, destination.workspace_id), destination.snippet_origins))
        self._domains |= {domain.host: domain for domain in news.domains}
        self.hosts.learn(news.domains)
        self.blocks.add(news.blocks)
        self.revision = max(self.revision, news.revision)

    def destination(self, block: Block) -> Destination | None:
        return self._destinations.get((block.campaign_id, block.link_id))

    def link(self, campaign_id: int, link_id: int) -> Destination | None:
        return self._destinations.get((campaign_id, link_id))

    def names_origin(self, owner: int, origin: str) -> bool:
        """Whether pages of that origin may tell what visitors do, by any link that is served on an owner's host; one that no
        link names any more counts."""
        return (owner, origin) in self._origins

    def page(self, page_id: int) -> KnownPage | None:
        """A page as it was published last; None if it never was."""
        return self._pages.get(page_id)

    def shows(self, workspace_id: int, digest: str) -> bool:
        """Whether a picture stands on a published page of the workspace."""
        return any(digest in page.sizes and page.workspace_id == workspace_id for page in self._pages.values())

    def all(self) -> News:
        """Everything, as news to somebody who knows nothing."""
        return News(
            self.blocks.all(),
            tuple(self._destinations.values()),
            tuple(self._domains.values()),
            tuple(self._pages.values()),
            self.revision,
        )

    @property
    def size(self) -> Mapping[str, int]:
        """How much is known, for the operator."""
        return {
            "blocks": len(self.blocks),
            "links": len(self._destinations),
            "domains": len(self._domains),
            "pages": len(self._pages),
        }


def compare(session: Session, known: Known) -> Standing:
    """What is asked each second, when mostly nothing is new: the greatest revision dealt, and whether the last block is
    still the last. Statements that are made once: to make one takes longer than to run it."""
    revision = _read_revision(session)
    last = known.blocks.last
    found = read_next_blocks(session, last.first_serial if last else 0, 2)
    if revision < known.revision or (last and last not in found[:1]):
        return Standing.OTHER
    return Standing.MORE if revision > known.revision or len(found) > (1 if last else 0) else Standing.SAME


def read_news(session: Session, from_serial: int, above_revision: int) -> News:
    """What lies above a serial and a revision, as one state of the database: the session must be a snapshot of it, so that
    no block comes without its link, and no row up to the revision that it tells is missed."""
    return News(
        tuple(read_blocks(session, from_serial)),
        tuple(read_destinations(session, above_revision)),
        tuple(read_domains(session, above_revision)),
        tuple(read_pages(session, above_revision)),
        _read_revision(session),
    )


def _read_revision(session: Session) -> int:
    return session.connection().execute(_REVISION).scalar() or 0
