"""Campaigns as they are written: everything that can be wrong is told here, before anybody is sent anything.

Called by the API, the command line and the pages. What happens afterwards: `linksvc.production`.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from linksvc.audiences import SEGMENTS_MOST, add_segments, check_segments
from linksvc.code_dealing import Source, sources_of
from linksvc.domains import ShortHosts
from linksvc.errors import FieldError, InvalidRequest, NotFound
from linksvc.fragments import analyse
from linksvc.link_terms import LinkTerms, check_still_open
from linksvc.links import CheckedLink, NewLink, add_campaign_link, check_campaign_link
from linksvc.models import Campaign, ContactImport, Offer, Workspace
from linksvc.names import check_name
from linksvc.offers import no_offer
from linksvc.templates import Template

KINDS = ("marketing", "transactional")
MAX_FRAGMENTS = 10
MAX_RATE_PER_S = 1_000

ATTRIBUTION_DAYS, MAX_ATTRIBUTION_DAYS = 7, 90
"""For how long what comes of a message is its result: unless told, and at most."""

Audience = Literal["all"] | tuple[Literal["import"], int] | tuple[Literal["segments"], tuple[int, ...]]
"""All who may be sent to, or the contacts of one import who may, or the people of segments who may. Whoever is in several
of these gets one message and belongs to the first of them."""

_SHORT_CODE = re.compile(r"[0-9]{3,8}")
_LONG_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9 ._&-]{0,9}[A-Za-z0-9]|[A-Za-z]")


@dataclass(frozen=True)
class NewCampaign:
    """A campaign as somebody wrote it. The destination may have the recipient's fields (`linksvc.personal_destinations`).

    `rate_per_s` counts fragments handed over a second; the audience has no default: to whom one writes is never a slip.
    """

    name: str
    kind: str
    text: str
    sender: str
    destination_url: str
    offer_id: int | None
    rate_per_s: int
    audience: Audience | None
    link_terms: LinkTerms = field(default_factory=LinkTerms)
    code_source: Source | None = None
    """Where its codes come from; None: they are generated, and the offer has no others."""
    page_id: int | None = None
    """The landing page that the link shows instead of leading to a destination, which is empty then."""
    attribution_days: int = ATTRIBUTION_DAYS
    """For how many days after its submission what comes of a message is its result; what comes later is told apart."""


def create_campaign(session: Session, workspace_id: int, new: NewCampaign, now: datetime, short_url: str = "") -> int:
    """Stores a draft and returns its id; `short_url` is the installation's, to which no link may lead.

    Raises InvalidRequest with the codes invalid_request (name), kind_unknown, template_..., text_empty, text_too_long,
    stop_missing, link_without_destination, destination_without_link, terms_without_destination, destination_invalid,
    page_and_destination, page_not_published, those of the link's terms (`linksvc.link_terms.check_terms`),
    code_without_offer, offer_without_code, offer_ended, offer_withdrawn, code_source_missing, code_source_empty,
    sender_invalid, sender_cannot_receive, rate_invalid, attribution_invalid, audience_missing, import_unfinished,
    segments_too_many; NotFound with workspace_not_found, offer_not_found, import_not_found, page_not_found,
    segment_not_found.
    """
    workspace = session.get(Workspace, workspace_id)
    if workspace is None:
        raise NotFound("There is no such workspace.", code="workspace_not_found")
    name = check_name(new.name)
    if new.kind not in KINDS:
        raise _wrong("kind", "kind_unknown", f"The kind is one of {', '.join(KINDS)}.")
    fields = check_text(new.text, new.kind)
    check_sender(new.sender, new.kind)
    if not 1 <= new.rate_per_s <= MAX_RATE_PER_S:
        raise _wrong("rate_per_s", "rate_invalid", f"The rate is a number from 1 to {MAX_RATE_PER_S:,} a second.")
    if not 1 <= new.attribution_days <= MAX_ATTRIBUTION_DAYS:
        message = f"What comes of a message is its result for 1 to {MAX_ATTRIBUTION_DAYS} days after it was submitted."
        raise _wrong("attribution_days", "attribution_invalid", message)
    link = _check_link(session, workspace, new, "link" in fields, ShortHosts(session, short_url), now)
    uses_code = "code" in fields or (link is not None and link.shows_code)
    code_source = _check_offer(session, workspace_id, new, uses_code, now)
    import_id, segment_ids = _check_audience(session, workspace_id, new.audience)
    campaign = Campaign(
        workspace_id=workspace_id,
        name=name,
        kind=new.kind,
        sender=new.sender,
        text=new.text.replace("\r\n", "\n"),
        offer_id=new.offer_id,
        code_source=code_source,
        rate_per_s=new.rate_per_s,
        attribution_days=new.attribution_days,
        audience_import_id=import_id,
        created_at=now,
    )
    session.add(campaign)
    session.flush()
    campaign_id = campaign.id or 0
    add_segments(session, campaign_id, segment_ids)
    if link:
        add_campaign_link(session, workspace_id, campaign_id, link.destination_url, now, link.terms, link.page_id)
    return campaign_id


def check_text(text: str, kind: str) -> frozenset[str]:
    """The fields that the text uses. Raises InvalidRequest as `create_campaign` does."""
    text = text.replace("\r\n", "\n")
    if not text.strip():
        raise _wrong("text", "text_empty", "The text is empty.")
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" for c in text):
        raise _wrong("text", "template_invalid", "The text holds an invisible control character; remove it.")
    fields = Template.parse(text).fields
    fragments = analyse(text).fragments
    if fragments > MAX_FRAGMENTS:
        raise _wrong(
            "text", "text_too_long", f"The text takes {fragments} SMS fragments; {MAX_FRAGMENTS} are the most. Shorten it."
        )
    if kind == "marketing" and "stop" not in fields:
        raise _wrong(
            "text", "stop_missing", "A marketing text tells how to say no: put {{ stop }} into it, most often at its end."
        )
    return fields


def check_sender(sender: str, kind: str) -> None:
    """Raises InvalidRequest: sender_invalid, sender_cannot_receive."""
    if _SHORT_CODE.fullmatch(sender) or _LONG_NUMBER.fullmatch(sender):
        return
    if not _ALPHANUMERIC.fullmatch(sender):
        raise _wrong(
            "sender",
            "sender_invalid",
            "The sender is a short code of 3 to 8 digits (36180), a number with its country code (+33639980001), or a name "
            "of at most 11 letters and digits (LUMEN).",
        )
    if kind == "marketing":
        raise _wrong(
            "sender",
            "sender_cannot_receive",
            "Nobody can answer STOP to a name: a marketing campaign is sent from a short code or a number.",
        )


def _check_link(
    session: Session, workspace: Workspace, new: NewCampaign, uses_link: bool, short_hosts: ShortHosts, now: datetime
) -> CheckedLink | None:
    """Where the messages lead to, and on what terms; None without a destination and a page."""
    if not new.destination_url.strip() and new.page_id is None:
        if uses_link:
            raise _wrong(
                "destination_url",
                "link_without_destination",
                "The text has {{ link }}: say where the link leads to, a destination or a landing page.",
            )
        if new.link_terms != LinkTerms():
            raise _wrong(
                "destination_url", "terms_without_destination", "There are terms of a link: say where the link leads to."
            )
        return None
    if not uses_link:
        raise _wrong(
            "text",
            "destination_without_link",
            f"There is a {'destination' if new.page_id is None else 'landing page'}, but nobody gets a link to it: put "
            "{{ link }} into the text.",
        )
    wanted = NewLink(new.destination_url, terms=new.link_terms, page_id=new.page_id)
    link = check_campaign_link(session, workspace.id or 0, wanted, ZoneInfo(workspace.timezone), short_hosts)
    check_still_open(link.terms, now)
    return link


def _check_offer(session: Session, workspace_id: int, new: NewCampaign, uses_code: bool, now: datetime) -> Source:
    """Where the codes come from."""
    if new.offer_id is None:
        if uses_code:
            raise _wrong(
                "offer_id",
                "code_without_offer",
                "The text, the destination or the page has {{ code }}: say which offer the codes are for.",
            )
        if new.code_source is not None:
            raise _wrong("code_source", "code_source_empty", "There is no offer, so there are no codes.")
        return "generated"
    mine = (Offer.id == new.offer_id, Offer.workspace_id == workspace_id)
    offer = session.exec(select(Offer).where(*mine)).first()
    if offer is None:
        raise no_offer(new.offer_id)
    if not uses_code:
        raise _wrong(
            "text",
            "offer_without_code",
            "There is an offer, but nobody gets a code: put {{ code }} into the text or the destination, or lead to a page "
            "that shows the code.",
        )
    if offer.withdrawn_at is not None:
        raise _wrong("offer_id", "offer_withdrawn", "The offer was withdrawn: none of its codes is taken.")
    if offer.ends_at is not None and offer.ends_at <= now:
        raise _wrong("offer_id", "offer_ended", f"The offer ended on {offer.ends_at:%Y-%m-%d at %H:%M} UTC.")
    return _check_source(session, offer, new.code_source)


def _check_source(session: Session, offer: Offer, wanted: Source | None) -> Source:
    there = sources_of(session, offer)
    if wanted is None and len(there) > 1:
        raise _wrong(
            "code_source",
            "code_source_missing",
            f"The offer has codes of its own: say where those of the messages come from, {' or '.join(there)}.",
        )
    if wanted == "shared" and "shared" not in there:
        raise _wrong("code_source", "code_source_empty", "The offer has no code that all share.")
    if wanted == "imported" and "imported" not in there:
        raise _wrong(
            "code_source", "code_source_empty", "No list of the offer has a code left: import one into the offer first."
        )
    return wanted or "generated"


def _check_audience(session: Session, workspace_id: int, audience: Audience | None) -> tuple[int | None, tuple[int, ...]]:
    """The id of the import or the ids of the segments that are the audience; neither for all."""
    if audience == "all":
        return None, ()
    if audience is None or audience == ("segments", ()):
        message = "Say to whom: all who may be sent to, the contacts of one import, or segments."
        raise _wrong("audience", "audience_missing", message)
    if audience[0] == "import":
        return _check_import(session, workspace_id, audience[1]), ()
    if len(audience[1]) > SEGMENTS_MOST:
        raise _wrong("audience", "segments_too_many", f"An audience has at most {SEGMENTS_MOST} segments.")
    return None, check_segments(session, workspace_id, audience[1])


def _check_import(session: Session, workspace_id: int, import_id: int) -> int:
    mine = (ContactImport.id == import_id, ContactImport.workspace_id == workspace_id)
    state = session.exec(select(ContactImport.state).where(*mine)).first()
    if state is None:
        raise NotFound("There is no such import in this workspace.", code="import_not_found")
    if state != "finished":
        raise _wrong(
            "audience",
            "import_unfinished",
            "This import did not finish, so its contacts are not complete. Import the file again.",
        )
    return import_id


def _wrong(field: str, code: str, message: str) -> InvalidRequest:
    return InvalidRequest(message, code=code, errors=(FieldError(field, message),))
