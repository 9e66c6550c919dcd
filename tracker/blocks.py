"""Blocks in memory: from a serial to its campaign, its recipient and its destination, without asking anybody.

Read from the database by `tracker.block_watch`, asked by the redirect.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import structlog
from sqlmodel import Session, col, select

from linksvc.models import Link, SerialBlock

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Block:
    """Serials [first_serial, first_serial + size) lead to `destination_url` and stand for n = first_n and following."""

    first_serial: int
    size: int
    campaign_id: int
    first_n: int
    link_id: int
    tracked: bool
    destination_url: str

    @property
    def end(self) -> int:
        """The first serial behind it."""
        return self.first_serial + self.size

    def n_of(self, serial: int) -> int | None:
        """Whom a serial names; nobody where the recipients did not consent to tracking."""
        return self.first_n + (serial - self.first_serial) if self.tracked else None


class Blocks:
    """All known blocks, in the order of their serials."""

    def __init__(self, blocks: Sequence[Block] = ()) -> None:
        self._blocks: list[Block] = []
        self._firsts: list[int] = []
        self._locations: dict[str, bytes | None] = {}
        self.add(blocks)

    def __len__(self) -> int:
        return len(self._blocks)

    def all(self) -> tuple[Block, ...]:
        return tuple(self._blocks)

    @property
    def end(self) -> int:
        """The first serial above everything known."""
        return self._blocks[-1].end if self._blocks else 0

    def add(self, blocks: Iterable[Block]) -> None:
        """Adds blocks in ascending order. One that overlaps what is known is refused: a link must not be two people's."""
        for block in blocks:
            if block.first_serial < self.end:
                log.error("a block overlaps another", action="block_refused", campaign_id=block.campaign_id)
                continue
            self._blocks.append(block)
            self._firsts.append(block.first_serial)
            if block.destination_url not in self._locations:
                self._locations[block.destination_url] = location_of(block.destination_url)

    def find(self, serial: int) -> Block | None:
        """The block that holds a serial."""
        i = bisect_right(self._firsts, serial) - 1
        if i < 0 or serial >= self._blocks[i].end:
            return None
        return self._blocks[i]

    def location(self, block: Block) -> bytes | None:
        """The block's destination as it goes into a header; None if nobody may be sent there."""
        return self._locations[block.destination_url]


def location_of(destination_url: str) -> bytes | None:
    """A destination as the value of a Location header.

    None unless it is an absolute http or https address: it was checked when it was written, and is again here, where a
    mistake (`javascript:`, a line break that starts another header) would reach people.
    """
    if not destination_url.isprintable():
        return None
    try:
        parts = urlsplit(destination_url)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        return None
    return quote(destination_url, safe=":/%#?=@[]!$&'()*+,;~").encode("ascii")


def read_blocks(session: Session, from_serial: int) -> list[Block]:
    """The blocks at and above a serial, in ascending order.

    Serials are allotted under a row lock, so first_serial grows in the order of commits: no block appears below one that
    was already read.
    """
    statement = (
        select(SerialBlock, Link.destination_url)
        .join(Link, (col(Link.campaign_id) == col(SerialBlock.campaign_id)) & (col(Link.id) == col(SerialBlock.link_id)))
        .where(col(SerialBlock.first_serial) >= from_serial)
        .order_by(col(SerialBlock.first_serial))
    )
    return [
        Block(row.first_serial, row.size, row.campaign_id, row.first_n, row.link_id, row.tracked, destination_url)
        for row, destination_url in session.exec(statement)
    ]
