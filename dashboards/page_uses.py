"""Which campaigns lead to which landing pages. For the list of pages, the editor and the campaign's page."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlmodel import Session, col

from linksvc.models import Campaign, Link
from linksvc.standing_campaigns import is_for_messages

NAMED_MOST = 3
"""Campaigns that are named; the others are counted."""


@dataclass(frozen=True, slots=True)
class Uses:
    """`count` campaigns, of which the latest are named by id; `links`: ad-hoc links lead to the page too."""

    count: int = 0
    campaigns: tuple[tuple[int, str], ...] = ()
    links: bool = False

    @property
    def is_used(self) -> bool:
        return bool(self.count or self.links)


def read_uses(session: Session, workspace_id: int, page_ids: Collection[int]) -> Mapping[int, Uses]:
    """By page, in one statement whatever their number; a page that nothing leads to is not among them."""
    if not page_ids:
        return {}
    mine = (col(Link.workspace_id) == workspace_id, col(Link.page_id).in_(sorted(page_ids)))
    used = (
        select(col(Link.page_id), col(Link.campaign_id), col(Campaign.name), is_for_messages().label("for_messages"))
        .join(Campaign, col(Campaign.id) == col(Link.campaign_id))
        .where(*mine)
        .distinct()
        .subquery()
    )
    place = func.row_number().over(partition_by=(used.c.page_id, used.c.for_messages), order_by=used.c.campaign_id.desc())
    total = func.count().over(partition_by=(used.c.page_id, used.c.for_messages))
    ranked = select(used, place.label("place"), total.label("total")).subquery()
    found = session.connection().execute(select(ranked).where(ranked.c.place <= NAMED_MOST).order_by(ranked.c.place))
    named: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
    counts: dict[int, int] = {}
    links: set[int] = set()
    for row in found:
        if not row.for_messages:
            links.add(row.page_id)
            continue
        named[row.page_id].append((row.campaign_id, row.name))
        counts[row.page_id] = row.total
    return {page: Uses(counts.get(page, 0), tuple(named[page]), page in links) for page in {*counts, *links}}
