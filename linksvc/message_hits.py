"""Where a message's hits are found: in the blocks of its campaign. Called by ingest, which puts them there, and by whoever
looks for the hits of some messages.

An index of hits by message grows at random places: the larger it is, the more of its pages each batch writes anew. So a
campaign's hits stand in blocks, in the order in which they were stored, and their index names the block first: it grows in
the last one only, and whoever looks for a message looks there in each (docs/adr/0008).
"""

import random
from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, func
from sqlmodel import Session, col, select

from linksvc.bulk import among
from linksvc.models import Hit

BLOCK_HITS, BLOCKS_ALIKE = 16_384, 16
"""So many hits are in a block on average, and twice as many in one that many blocks later. The fewer they are, the fewer
places the index grows at, and the more who looks for a message looks at: 36 in a campaign of a million hits, 84 in one of
ten."""


def next_block(last: int, hits: int) -> int:
    """The block of so many new hits of a campaign, whose last one this is. Nobody counts a block's hits: any of them may be
    its last, each with the same chance."""
    return last + (random.random() * (BLOCK_HITS << last // BLOCKS_ALIKE) < hits)  # noqa: S311


def of_messages(session: Session, campaign_id: int, ns: Collection[int]) -> ColumnElement[bool]:
    """Which hits are those of these messages, for a query of hits."""
    last = session.exec(select(func.max(col(Hit.block))).where(Hit.campaign_id == campaign_id)).one()
    return and_(
        col(Hit.campaign_id) == campaign_id,
        among(session, col(Hit.block), range((last or 0) + 1)),
        among(session, col(Hit.n), ns),
    )
