"""Where the known links lead: read from the database or a snapshot, made ready for a Location header. For the redirect."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from urllib.parse import quote, unquote_plus, urlsplit

import orjson
from sqlmodel import Session, col, select

from linksvc.destinations import with_utm
from linksvc.models import Link, Workspace
from linksvc.personal_destinations import is_personal


class Outcome(StrEnum):
    """What a link answers with at a moment; a hit keeps it."""

    REDIRECTED = "redirected"
    EARLY = "early"
    EXPIRED = "expired"
    PAID = "paid"


@dataclass(frozen=True)
class Destination:
    """A link as its row says it."""

    campaign_id: int
    link_id: int
    revision: int
    workspace_id: int
    workspace_name: str
    url: str
    """With its UTM parameters."""
    activates_at: datetime | None = None
    expires_at: datetime | None = None
    fallback_url: str = ""
    passed_parameters: tuple[str, ...] = ()
    page_id: int | None = None
    """The landing page that is shown instead of a destination."""
    snippet_origins: tuple[str, ...] = ()
    """Whose pages may tell what a visitor does there."""
    closed: str = ""
    """Why it leads nowhere any more, whatever the time: paid."""

    def outcome_at(self, moment: datetime) -> Outcome:
        """The moment of activation belongs to the link's time, that of expiry does not. What is paid stays so."""
        if self.closed:
            return Outcome(self.closed)
        if self.activates_at and moment < self.activates_at:
            return Outcome.EARLY
        if self.expires_at and moment >= self.expires_at:
            return Outcome.EXPIRED
        return Outcome.REDIRECTED

    @cached_property
    def is_personal(self) -> bool:
        """Whether it is another one for each recipient."""
        return is_personal(self.url)

    @cached_property
    def is_plain(self) -> bool:
        """Whether it is the same address at all times, for everybody and whatever is asked."""
        has_terms = self.passed_parameters or self.activates_at or self.expires_at or self.closed or self.snippet_origins
        return not (self.is_personal or has_terms or self.page_id is not None)

    @cached_property
    def location(self) -> bytes | None:
        """Where it leads to; None if nobody may be sent there."""
        return location_of(self.url)

    @cached_property
    def plain_location(self) -> bytes | None:
        """Where it leads everybody at all times; None if it does not, or if nobody may be sent there."""
        return self.location if self.is_plain else None

    @cached_property
    def fallback(self) -> bytes | None:
        return location_of(self.fallback_url) if self.fallback_url else None


def location_of(url: str) -> bytes | None:
    """A destination as the value of a Location header.

    None unless it is an absolute http or https address: it was checked when it was written, and is again here, where a
    mistake (`javascript:`, a line break that starts another header) would reach people.
    """
    if not url.isprintable():
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        return None
    return quote(url, safe=":/%#?=@[]!$&'()*+,;~").encode("ascii")


def pass_on(location: bytes, query: bytes, allowed: tuple[str, ...]) -> bytes:
    """The location with the allowed parameters of a request's query, as they were written and in their order.

    A parameter that the destination has already wins over the request's: the marketer's word stands.
    """
    address, hash_sign, fragment = location.partition(b"#")
    own = {_name_of(pair) for pair in address.partition(b"?")[2].split(b"&")}
    passed = [pair for pair in query.split(b"&") if (name := _name_of(pair)) in allowed and name not in own]
    if not passed:
        return location
    # A request's query may hold what no header should; what is sound stays as it is.
    added = quote(b"&".join(passed), safe="%=&+!$'()*,;:@/?~").encode("ascii")
    joint = b"" if address.endswith((b"?", b"&")) else b"&" if b"?" in address else b"?"
    return address + joint + added + hash_sign + fragment


def _name_of(pair: bytes) -> str:
    return unquote_plus(pair.partition(b"=")[0].decode("latin-1"))


def read_destinations(session: Session, above_revision: int) -> list[Destination]:
    """The links written or changed after a revision, in its order."""
    statement = (
        select(Link, Workspace.name)
        .join(Workspace, col(Workspace.id) == Link.workspace_id)
        .where(col(Link.revision) > above_revision)
        .order_by(col(Link.revision))
    )
    return [_destination(link, workspace_name) for link, workspace_name in session.exec(statement)]


def _destination(link: Link, workspace_name: str) -> Destination:
    return Destination(
        campaign_id=link.campaign_id,
        link_id=link.id,
        revision=link.revision,
        workspace_id=link.workspace_id,
        workspace_name=workspace_name,
        url=with_utm(link.destination_url, orjson.loads(link.utm)) if link.page_id is None else "",
        activates_at=link.activates_at,
        expires_at=link.expires_at,
        fallback_url=link.fallback_url,
        passed_parameters=tuple(link.passed_parameters.split()),
        page_id=link.page_id,
        snippet_origins=tuple(link.snippet_origins.split()),
        closed=link.closed,
    )
