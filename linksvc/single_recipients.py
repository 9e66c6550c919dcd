"""Whom a single message goes to: a contact, a number that is no contact yet, or whoever got another message. For
`linksvc.single_messages` and `linksvc.payments`.

A number that nobody has becomes a contact who consented to nothing: marketing is not sent to it, its link is not followed.
What was sent, and a STOP, then belong to somebody who can be shown and erased.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from linksvc.appended_messages import Addressee
from linksvc.database import insert_new
from linksvc.errors import Conflict, FieldError, InvalidRequest, NotFound
from linksvc.models import Campaign, Contact, Message, Suppression
from linksvc.phone_numbers import NumberFault, parse_mobile

_WHY = {
    NumberFault.NO_NUMBER: "It is empty.",
    NumberFault.TOO_SHORT: "It has too few digits.",
    NumberFault.TOO_LONG: "It has too many digits.",
    NumberFault.NOT_A_NUMBER: "It is no telephone number.",
    NumberFault.UNKNOWN_COUNTRY_CODE: "It lacks its country code.",
    NumberFault.NOT_MOBILE: "It is no mobile number.",
}


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody as a caller names them: by number, with its country code, or by what the caller's own systems call a
    contact. One of the two is empty."""

    number: str = ""
    external_id: str = ""


def find_recipient(session: Session, workspace_id: int, to: Recipient) -> Addressee | None:
    """Who it is; None for a number that is no contact yet.

    Raises InvalidRequest (recipient_invalid), NotFound (contact_not_found), Conflict (recipient_ambiguous,
    recipient_stopped).
    """
    number = "" if to.external_id else _number(to.number)[0]
    contact = _of_id(session, workspace_id, to.external_id) if to.external_id else _of_number(session, workspace_id, number)
    if is_stopped(session, workspace_id, contact.number if contact else number):
        raise Conflict("This number said STOP: nothing is sent to it.", code="recipient_stopped")
    return _addressee(contact) if contact else None


def ensure_recipient(session: Session, workspace_id: int, to: Recipient, now: datetime) -> Addressee:
    """As `find_recipient`, and makes a contact of a number that is none."""
    if found := find_recipient(session, workspace_id, to):
        return found
    number, country = _number(to.number)
    values = {"number": number, "identity": f"n:{number}", "country": country, "created_at": now, "updated_at": now}
    # Two messages to a new number at once: the second meets the contact of the first.
    insert_new(session, Contact, [values | {"workspace_id": workspace_id}])
    contact = _of_number(session, workspace_id, number)
    if contact is None:
        raise Conflict("The contact changed meanwhile. Repeat the request.", code="request_in_flight", retryable=True)
    return _addressee(contact)


def recipient_of(session: Session, campaign_id: int, n: int) -> tuple[Addressee, Campaign] | None:
    """Whoever got a message, by the number that it went to, and its campaign; None if they said STOP."""
    found = session.exec(
        select(Message, Campaign)
        .join(Campaign, col(Campaign.id) == col(Message.campaign_id))
        .where(Message.campaign_id == campaign_id, Message.n == n)
    ).one()
    message, campaign = found
    if is_stopped(session, campaign.workspace_id, message.number):
        return None
    return Addressee(message.contact_id, message.number, message.country, message.network, message.tracked), campaign


def is_stopped(session: Session, workspace_id: int, number: str) -> bool:
    """Whether nothing is sent to a number. It is asked again when a message is about to leave."""
    statement = select(Suppression.number).where(Suppression.workspace_id == workspace_id, Suppression.number == number)
    return session.exec(statement).first() is not None


def _number(written: str) -> tuple[str, str]:
    """In E.164, and its country."""
    found = parse_mobile(written, "")
    if isinstance(found, NumberFault):
        message = f"{_WHY[found]} Right would be a mobile number with its country code: +33639980001."
        raise InvalidRequest(
            f"The number cannot be used. {message}", code="recipient_invalid", errors=(FieldError("to.number", message),)
        )
    return found.e164, found.country


def _of_number(session: Session, workspace_id: int, number: str) -> Contact | None:
    """The contact with a number; of several the one who is told apart by it, else the oldest."""
    of_number = select(Contact).where(Contact.workspace_id == workspace_id, Contact.number == number)
    found = session.exec(of_number.order_by(col(Contact.id)).limit(100)).all()
    own = f"n:{number}"
    return next((one for one in found if one.identity == own), found[0] if found else None)


def _of_id(session: Session, workspace_id: int, external_id: str) -> Contact:
    mine = Contact.workspace_id == workspace_id
    contact = session.exec(select(Contact).where(mine, Contact.identity == f"x:{external_id}")).first()
    if contact is None:
        # The index on external ids leaves out those who have none.
        of_id = select(Contact).where(mine, Contact.external_id == external_id, Contact.external_id != "").limit(2)
        others = session.exec(of_id).all()
        if len(others) > 1:
            raise Conflict("Several contacts have this external id: name a number instead.", code="recipient_ambiguous")
        contact = others[0] if others else None
    if contact is None or not contact.number:
        raise NotFound("There is no contact of this external id with a number.", code="contact_not_found")
    return contact


def _addressee(contact: Contact) -> Addressee:
    tracked = contact.tracking_consent_at is not None
    return Addressee(contact.id or 0, contact.number, contact.country, contact.network, tracked)
