"""Ad-hoc links: for posters, shop windows, mails. They name nobody, so each is a link and a block of one serial, in the
standing campaign of its workspace. Called by the API and the command line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from sqlmodel import Session, col, select

from linksvc.domains import ShortHosts, preferred_url
from linksvc.errors import FieldError, InvalidRequest
from linksvc.link_terms import check_still_open
from linksvc.link_visits import VisitPage, Visits, count_visits, list_visits
from linksvc.links import (
    Change,
    CheckedLink,
    LinkDetails,
    NewLink,
    as_written,
    check_link,
    details_of,
    find_row,
    find_zone,
    overwrite,
)
from linksvc.models import Link, SerialBlock
from linksvc.serials import next_revision, take_serials
from linksvc.short_links import ShortLinks
from linksvc.snippet_origins import refuse_origins
from linksvc.standing_campaigns import ensure_standing_campaign, find_standing_campaign

BATCH_MOST = 1_000
"""Links made in one call."""


@dataclass(frozen=True)
class LinkPage:
    """Newest first; `next_after` is the id that the next page begins after, None on the last."""

    links: tuple[LinkDetails, ...]
    next_after: int | None


def create_link(session: Session, short_links: ShortLinks, workspace_id: int, new: NewLink, now: datetime) -> LinkDetails:
    """Makes a link. Raises InvalidRequest as `check_link` does, NotFound (workspace_not_found)."""
    checked = _check(new, find_zone(session, workspace_id), ShortHosts(session, short_links.beginning("")), now)
    return _store(session, short_links, workspace_id, [checked], now)[0]


def create_links(
    session: Session, short_links: ShortLinks, workspace_id: int, new: Sequence[NewLink], now: datetime
) -> tuple[LinkDetails, ...]:
    """Makes up to BATCH_MOST links, in their order; all of them or none.

    Raises InvalidRequest (links_refused), whose errors name each refused link by its index: `links.3.destination_url`.
    """
    zone = find_zone(session, workspace_id)
    if not 1 <= len(new) <= BATCH_MOST:
        message = f"1 to {BATCH_MOST:,} links are made at once."
        raise InvalidRequest(message, errors=(FieldError("links", message),))
    short_hosts = ShortHosts(session, short_links.beginning(""))
    checked: list[CheckedLink] = []
    errors: list[FieldError] = []
    for index, one in enumerate(new):
        try:
            checked.append(_check(one, zone, short_hosts, now))
        except InvalidRequest as refused:
            errors += [FieldError(f"links.{index}.{error.field}", error.message) for error in refused.errors]
    if errors:
        message = f"{len(new) - len(checked):,} of {len(new):,} links cannot be made, so none was; see errors."
        raise InvalidRequest(message, code="links_refused", errors=tuple(errors))
    return _store(session, short_links, workspace_id, checked, now)


def edit_link(
    session: Session, short_links: ShortLinks, workspace_id: int, link_id: int, change: Change, now: datetime
) -> LinkDetails:
    """Changes a link; trackers follow within a second or two. Raises as `create_link` does, and NotFound."""
    row = find_row(session, find_standing_campaign(session, workspace_id), link_id, to_change=True)
    short_hosts = ShortHosts(session, short_links.beginning(""))
    wanted = change(as_written(row))
    refuse_origins(wanted.terms.snippet_origins)
    checked = check_link(wanted, find_zone(session, workspace_id), short_hosts, personal=False)
    overwrite(session, row, checked, now)
    return _with_visits(session, short_links, [row])[0]


def find_link(session: Session, short_links: ShortLinks, workspace_id: int, link_id: int) -> LinkDetails:
    """A link with its visits. Raises NotFound (link_not_found) for another workspace's too."""
    row = find_row(session, find_standing_campaign(session, workspace_id), link_id)
    return _with_visits(session, short_links, [row])[0]


def list_links(
    session: Session, short_links: ShortLinks, workspace_id: int, after: int | None = None, limit: int = 100
) -> LinkPage:
    """The links of a workspace with their visits, from below the id `after`."""
    campaign_id = find_standing_campaign(session, workspace_id)
    statement = select(Link).where(Link.campaign_id == campaign_id).order_by(col(Link.id).desc()).limit(limit + 1)
    if after is not None:
        statement = statement.where(col(Link.id) < after)
    found = list(session.exec(statement))
    shown = found[:limit]
    return LinkPage(_with_visits(session, short_links, shown), shown[-1].id if len(found) > limit else None)


def list_link_visits(
    session: Session, workspace_id: int, link_id: int, verdict: str | None, after: str | None, limit: int = 100
) -> VisitPage:
    """The hits behind the figures of a link. Raises NotFound, InvalidRequest (cursor_invalid)."""
    row = find_row(session, find_standing_campaign(session, workspace_id), link_id)
    return list_visits(session, row.campaign_id, row.id, verdict, after, limit)


def _check(new: NewLink, zone: ZoneInfo, short_hosts: ShortHosts, now: datetime) -> CheckedLink:
    refuse_origins(new.terms.snippet_origins)
    checked = check_link(new, zone, short_hosts, personal=False)
    check_still_open(checked.terms, now)
    return checked


def _store(
    session: Session, short_links: ShortLinks, workspace_id: int, links: Sequence[CheckedLink], now: datetime
) -> tuple[LinkDetails, ...]:
    """Writes them, in two statements whatever their number; each gets a serial that names nobody."""
    campaign_id = ensure_standing_campaign(session, workspace_id, now)
    short_url = preferred_url(session, workspace_id)
    first_id = take_serials(session, "link_id", len(links)) + 1
    first_serial = take_serials(session, "link", len(links))
    version = short_links.key_version
    shared = {
        "campaign_id": campaign_id,
        "workspace_id": workspace_id,
        "short_url": short_url,
        "revision": next_revision(session),
        "created_at": now,
    }
    block = {"campaign_id": campaign_id, "size": 1, "first_n": 0, "tracked": False, "key_version": version}
    rows = [shared | one.columns() | {"id": first_id + i} for i, one in enumerate(links)]
    blocks = [block | {"first_serial": first_serial + i, "link_id": first_id + i} for i in range(len(links))]
    session.connection().execute(insert(Link), rows)
    session.connection().execute(insert(SerialBlock), blocks)
    return tuple(
        LinkDetails(
            id=first_id + i,
            title=one.title,
            short_url=short_links.write(short_url, first_serial + i, version),
            destination_url=one.destination_url,
            terms=one.terms,
            visits=Visits(),
            created_at=now,
            updated_at=None,
        )
        for i, one in enumerate(links)
    )


def _with_visits(session: Session, short_links: ShortLinks, rows: Sequence[Link]) -> tuple[LinkDetails, ...]:
    """Rows of one standing campaign, with the links as people see them and their figures."""
    if not rows:
        return ()
    campaign_id, ids = rows[0].campaign_id, [row.id for row in rows]
    visits = count_visits(session, campaign_id, ids)
    statement = select(SerialBlock.link_id, SerialBlock.first_serial, SerialBlock.key_version).where(
        SerialBlock.campaign_id == campaign_id, col(SerialBlock.link_id).in_(ids)
    )
    serials = {link_id: (serial, version) for link_id, serial, version in session.exec(statement)}
    return tuple(details_of(short_links, row, serials[row.id], visits[row.id]) for row in rows)
