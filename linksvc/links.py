"""Links: where short codes lead to, as they are written, checked, changed and shown; and a campaign's link, made with its
draft, which leads to a destination or to a landing page. Ad-hoc ones stand on this: `linksvc.ad_hoc_links`. Called by
campaigns, the API and the command line.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from linksvc.destinations import check_destination
from linksvc.domains import ShortHosts, preferred_url
from linksvc.errors import FieldError, InvalidRequest, NotFound
from linksvc.funnel import find_campaign
from linksvc.landing.page_uses import find_page_to_link
from linksvc.link_terms import CheckedTerms, LinkTerms, check_terms
from linksvc.link_visits import Visits
from linksvc.models import Link, Workspace
from linksvc.names import check_name
from linksvc.personal_destinations import FIELD
from linksvc.serials import next_revision
from linksvc.short_links import ShortLinks

CAMPAIGN_LINK = 1
"""The id, within its campaign, of the link that a campaign's messages lead to."""


@dataclass(frozen=True)
class NewLink:
    """A link as somebody wrote it; the title is for people and may be empty. Of a campaign's link `page_id` may stand
    instead of a destination, which is empty then."""

    destination_url: str
    title: str = ""
    terms: LinkTerms = field(default_factory=LinkTerms)
    page_id: int | None = None


Change = Callable[[NewLink], NewLink]
"""Makes of a link as it stands the one that is wanted."""


@dataclass(frozen=True)
class CheckedLink:
    """A link that may be stored."""

    destination_url: str
    title: str
    terms: CheckedTerms
    page_id: int | None = None
    shows_code: bool = False
    """Whether its destination or its page has the recipient's promo code."""

    def columns(self) -> dict[str, Any]:
        """What of a row of `link` was written by somebody."""
        where = {"destination_url": self.destination_url, "page_id": self.page_id}
        return {**where, "title": self.title, **self.terms.columns()}


@dataclass(frozen=True)
class LinkDetails:
    """A link as it stands. Of a campaign's link `id` is CAMPAIGN_LINK, `short_url` is what every recipient's begins with,
    and there are no visits: its funnel counts them."""

    id: int
    title: str
    short_url: str
    destination_url: str
    terms: CheckedTerms
    visits: Visits | None
    created_at: datetime
    updated_at: datetime | None
    page_id: int | None = None


def check_link(new: NewLink, zone: ZoneInfo, short_hosts: ShortHosts, *, personal: bool) -> CheckedLink:
    """What may be stored of `new`; with `personal` the destination may have fields. Raises InvalidRequest:
    destination_invalid, invalid_request (title, times, a page), and what `check_terms` raises."""
    if new.page_id is not None:
        message = "Only the link of a campaign's messages leads to a landing page."
        raise InvalidRequest(message, errors=(FieldError("page_id", message),))
    destination_url = check_destination(new.destination_url, personal=personal)
    checked = CheckedLink(
        destination_url=destination_url,
        title=check_name(new.title, "title") if new.title.strip() else "",
        terms=check_terms(new.terms, zone),
        shows_code="code" in FIELD.findall(destination_url),
    )
    _check_leads_away(checked.destination_url, short_hosts, "destination")
    _check_leads_away(checked.terms.fallback_url, short_hosts, "fallback")
    return checked


def check_campaign_link(
    session: Session, workspace_id: int, new: NewLink, zone: ZoneInfo, short_hosts: ShortHosts
) -> CheckedLink:
    """What may be stored of the link of a campaign's messages; the page it leads to stays as it is until the transaction
    ends.

    Raises as `check_link` does; InvalidRequest: page_and_destination, page_not_published, terms_without_destination;
    NotFound (page_not_found).
    """
    if new.page_id is None:
        return check_link(new, zone, short_hosts, personal=True)
    if new.destination_url.strip():
        message = "A link leads to a destination or to a page; say only one of them."
        raise InvalidRequest(message, code="page_and_destination", errors=(FieldError("page_id", message),))
    _check_stays_here(new.terms)
    checked = CheckedLink(
        destination_url="",
        title="",
        terms=check_terms(new.terms, zone),
        page_id=new.page_id,
        shows_code=find_page_to_link(session, workspace_id, new.page_id).shows_code,
    )
    _check_leads_away(checked.terms.fallback_url, short_hosts, "fallback")
    return checked


def _check_stays_here(terms: LinkTerms) -> None:
    """Terms that say what is handed on are none of a page's, which leads nowhere else."""
    handed_on = {"passed_parameters": terms.passed_parameters, "utm": terms.utm, "snippet_origins": terms.snippet_origins}
    if strays := [name for name, value in handed_on.items() if value]:
        message = f"{strays[0]} is about a destination, and a page has none: take it away."
        raise InvalidRequest(message, code="terms_without_destination", errors=(FieldError(strays[0], message),))


def _check_leads_away(url: str, short_hosts: ShortHosts, what: str) -> None:
    """A short link may not lead to a short link: in a circle, at worst, and each turn would count as a click."""
    host = urlsplit(url).hostname
    if host and host in short_hosts:
        why = f"Short links stand on {host}; write the address that such a link leads to."
        error = FieldError(f"{what}_url", why)
        raise InvalidRequest(f"The {what} cannot be used. {why}", code=f"{what}_invalid", errors=(error,))


def add_campaign_link(
    session: Session,
    workspace_id: int,
    campaign_id: int,
    destination_url: str,
    now: datetime,
    terms: CheckedTerms | None = None,
    page_id: int | None = None,
) -> None:
    """Stores the link of a campaign's messages; its destination or page and its terms were checked."""
    checked = CheckedLink(destination_url, "", terms or CheckedTerms(), page_id)
    link = Link(
        campaign_id=campaign_id,
        id=CAMPAIGN_LINK,
        workspace_id=workspace_id,
        short_url=preferred_url(session, workspace_id),
        revision=next_revision(session),
        created_at=now,
        **checked.columns(),
    )
    session.add(link)


def find_campaign_link(session: Session, short_links: ShortLinks, workspace_id: int, campaign_id: int) -> LinkDetails:
    """The link of a campaign's messages. Raises NotFound: campaign_not_found, link_not_found."""
    find_campaign(session, workspace_id, campaign_id)
    return details_of(short_links, find_row(session, campaign_id, CAMPAIGN_LINK))


def edit_campaign_link(
    session: Session, short_links: ShortLinks, workspace_id: int, campaign_id: int, change: Change, now: datetime
) -> LinkDetails:
    """Changes where a campaign's messages lead to, those that were sent already too; trackers follow within a second or two.

    Raises as `check_campaign_link` does, NotFound, and InvalidRequest (code_without_offer) for {{ code }}, or a page that
    shows one, where nobody has one.
    """
    campaign = find_campaign(session, workspace_id, campaign_id)
    row = find_row(session, campaign_id, CAMPAIGN_LINK, to_change=True)
    short_hosts = ShortHosts(session, short_links.beginning(""))
    wanted = change(as_written(row))
    checked = check_campaign_link(session, workspace_id, wanted, find_zone(session, workspace_id), short_hosts)
    if checked.shows_code and campaign.offer_id is None:
        what, field = ("destination has {{ code }}", "destination_url") if checked.page_id is None else _PAGE_WITH_CODE
        message = f"The {what}, and the campaign has no offer: nobody has a code."
        raise InvalidRequest(message, code="code_without_offer", errors=(FieldError(field, message),))
    overwrite(session, row, checked, now)
    return details_of(short_links, row)


_PAGE_WITH_CODE = ("page shows a promo code", "page_id")


def find_zone(session: Session, workspace_id: int) -> ZoneInfo:
    """The time zone of a workspace. Raises NotFound (workspace_not_found)."""
    zone = session.exec(select(Workspace.timezone).where(Workspace.id == workspace_id)).first()
    if zone is None:
        raise NotFound("There is no such workspace.", code="workspace_not_found")
    return ZoneInfo(zone)


def find_row(session: Session, campaign_id: int | None, link_id: int, *, to_change: bool = False) -> Link:
    """The row of a link; `to_change` keeps others from changing it. Raises NotFound (link_not_found)."""
    statement = select(Link).where(Link.campaign_id == campaign_id, Link.id == link_id)
    row = session.exec(statement.with_for_update() if to_change else statement).first()
    if row is None:
        raise NotFound("There is no such link in this workspace.", code="link_not_found")
    return row


def overwrite(session: Session, row: Link, checked: CheckedLink, now: datetime) -> None:
    """Stores what a link has become, under a new revision."""
    for name, value in checked.columns().items():
        setattr(row, name, value)
    row.updated_at, row.revision = now, next_revision(session)
    session.add(row)
    session.flush()


def as_written(row: Link) -> NewLink:
    """A stored link, to be changed and checked again."""
    return NewLink(row.destination_url, row.title, CheckedTerms.of(row).as_written(), row.page_id)


def details_of(
    short_links: ShortLinks, row: Link, serial: tuple[int, int] | None = None, visits: Visits | None = None
) -> LinkDetails:
    """A stored link as it is shown; `serial` is that of an ad-hoc link with the version of its key."""
    return LinkDetails(
        id=row.id,
        title=row.title,
        short_url=short_links.write(row.short_url, *serial) if serial else short_links.beginning(row.short_url),
        destination_url=row.destination_url,
        terms=CheckedTerms.of(row),
        visits=visits,
        created_at=row.created_at,
        updated_at=row.updated_at,
        page_id=row.page_id,
    )
