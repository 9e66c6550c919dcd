"""Blocks in memory: from a serial to its campaign, its recipient and its link, without asking anybody.

Built from the database or a snapshot (`tracker.known`), read by the redirect.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import structlog
from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from linksvc.models import SerialBlock

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Block:
    """Serials [first_serial, first_serial + size) lead to one link and stand for n = first_n and following."""

    first_serial: int
    size: int
    campaign_id: int
    first_n: int
    link_id: int
    tracked: bool
    key_version: int = 0
    """The version of the key that its codes are written with. Another's codes are refused: whoever got hold of a former
    key must not open what was made after it was replaced."""

    @property
    def end(self) -> int:
        """The first serial behind it."""
        return self.first_serial + self.size

    def message_of(self, serial: int) -> int:
        """The message that a serial stands for, whoever may know it."""
        return self.first_n + (serial - self.first_serial)

    def n_of(self, serial: int) -> int | None:
        """Whom a serial names; nobody where the recipients did not consent to tracking."""
        return self.first_n + serial - self.first_serial if self.tracked else None


class Blocks:
    """All known blocks, in the order of their serials."""

    def __init__(self, blocks: Sequence[Block] = ()) -> None:
        self._blocks: list[Block] = []
        # Side by side: a search through a list meets a number somewhere else in memory at each step.
        self._firsts = array("q")
        self.add(blocks)

    def __len__(self) -> int:
        return len(self._blocks)

    def all(self) -> tuple[Block, ...]:
        return tuple(self._blocks)

    @property
    def end(self) -> int:
        """The first serial above everything known."""
        return self._blocks[-1].end if self._blocks else 0

    @property
    def last(self) -> Block | None:
        """That of the highest serials."""
        return self._blocks[-1] if self._blocks else None

    def add(self, blocks: Iterable[Block]) -> None:
        """Adds blocks in ascending order. One that overlaps what is known is refused: a link must not be two people's."""
        for block in blocks:
            if block.first_serial < self.end:
                log.error("a block overlaps another", action="block_refused", campaign_id=block.campaign_id)
                continue
            self._firsts.append(block.first_serial)
            self._blocks.append(block)

    def find(self, serial: int) -> Block | None:
        """The block that holds a serial."""
        i = bisect_right(self._firsts, serial) - 1
        if i < 0:
            return None
        block = self._blocks[i]
        return block if serial < block.first_serial + block.size else None


_FROM = (
    select(*(col(getattr(SerialBlock, field.name)) for field in fields(Block)))
    .where(col(SerialBlock.first_serial) >= bindparam("serial"))
    .order_by(col(SerialBlock.first_serial))
)
_NEXT = _FROM.limit(bindparam("most"))


def read_blocks(session: Session, from_serial: int) -> list[Block]:
    """The blocks at and above a serial, in ascending order.

    Serials are allotted under a row lock, so first_serial grows in the order of commits: no block appears below one that
    was already read.
    """
    # Columns, not rows: of a hundred thousand blocks each row as an object would take several times what is kept.
    return [Block(*row) for row in session.connection().execute(_FROM, {"serial": from_serial})]


def read_next_blocks(session: Session, from_serial: int, most: int) -> list[Block]:
    """So many of them at most."""
    return [Block(*row) for row in session.connection().execute(_NEXT, {"serial": from_serial, "most": most})]
