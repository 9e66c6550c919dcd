"""Single messages as they are written: everything that can be wrong is told before anything is stored. Called by the API,
the command line, payments and whoever keeps a text to answer with (`linksvc.single_messages`).
"""

from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from linksvc import sandbox
from linksvc.campaigns import check_sender, check_text
from linksvc.domains import ShortHosts
from linksvc.errors import FieldError, InvalidRequest
from linksvc.link_terms import LinkTerms, check_still_open
from linksvc.links import CheckedLink, NewLink, check_campaign_link, find_zone
from linksvc.short_links import ShortLinks
from linksvc.single_recipients import Recipient, find_recipient

TRANSACTIONAL = "transactional"


@dataclass(frozen=True)
class NewSingle:
    """A message as somebody wrote it. `{{ link }}` in the text leads to the destination or to the landing page; without it
    there is neither."""

    to: Recipient
    text: str
    sender: str
    destination_url: str = ""
    page_id: int | None = None
    terms: LinkTerms = field(default_factory=LinkTerms)


@dataclass(frozen=True)
class CheckedSingle:
    """A message that may be stored."""

    to: Recipient
    text: str
    sender: str
    link: CheckedLink | None = None


def check(session: Session, short_links: ShortLinks, workspace_id: int, new: NewSingle, now: datetime) -> CheckedSingle:
    """What may be stored of `new`; nothing is written.

    Raises InvalidRequest as `linksvc.campaigns.create_campaign` does for text, sender, link, page and terms, what
    `find_recipient` raises; NotFound (page_not_found); Forbidden (sandbox_sends_nothing).
    """
    sandbox.refuse_to_send(session, workspace_id)
    fields = check_text(new.text, TRANSACTIONAL)
    check_sender(new.sender, TRANSACTIONAL)
    link = _check_link(session, short_links, workspace_id, new, "link" in fields, now)
    if "code" in fields or (link and link.shows_code):
        raise _wrong("text", "code_without_offer", "A single message has no promo code: nothing can show one.")
    find_recipient(session, workspace_id, new.to)
    return CheckedSingle(new.to, new.text.replace("\r\n", "\n"), new.sender, link)


def check_answer(text: str, field: str = "text") -> None:
    """Raises InvalidRequest unless `answer` can send the text: it has neither link nor code."""
    try:
        fields = check_text(text, TRANSACTIONAL)
    except InvalidRequest as error:
        raise _wrong(field, error.code, error.detail) from None
    if fields & {"link", "code"}:
        raise _wrong(field, "template_unknown_field", "This text has neither a link nor a code: {{ link }}, {{ code }}.")


def _check_link(
    session: Session, short_links: ShortLinks, workspace_id: int, new: NewSingle, uses_link: bool, now: datetime
) -> CheckedLink | None:
    """Where {{ link }} leads to, and on what terms; None without a link."""
    if new.page_id is None and not new.destination_url.strip():
        if uses_link:
            raise _wrong("destination_url", "link_without_destination", "The text has {{ link }}: say where it leads to.")
        if new.terms != LinkTerms():
            raise _wrong("destination_url", "terms_without_destination", "There are terms of a link: say where it leads to.")
        return None
    if not uses_link:
        raise _wrong("text", "destination_without_link", "Nobody gets a link to it: put {{ link }} into the text.")
    hosts = ShortHosts(session, short_links.beginning(""))
    link = NewLink(new.destination_url, terms=new.terms, page_id=new.page_id)
    checked = check_campaign_link(session, workspace_id, link, find_zone(session, workspace_id), hosts)
    check_still_open(checked.terms, now)
    return checked


def _wrong(field: str, code: str, message: str) -> InvalidRequest:
    return InvalidRequest(message, code=code, errors=(FieldError(field, message),))
