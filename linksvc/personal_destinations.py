"""Destinations that differ for each recipient, https://pay.example/?code={{code}}: a payment link, a form filled in already.

A tracker reads one message for such a link and for no other. `linksvc.destinations` lets fields stand behind the host only,
and a value is one component whatever it holds, so no recipient's data can change where a link leads.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote

from sqlmodel import Session, select

from linksvc.models import Contact, Message
from linksvc.promo_codes import display

FIELDS = ("code", "first_name", "last_name", "city", "external_id")
"""What may stand in a destination, in double braces."""

FIELD = re.compile(r"\{\{([^{}]*)\}\}")
"""A field as it is stored; as it is written it may have spaces inside."""


def is_personal(url: str) -> bool:
    """Whether a stored destination has fields: braces that are none were percent-encoded."""
    return "{{" in url


def read_fields(session: Session, campaign_id: int, n: int) -> Mapping[str, str] | None:
    """The values of FIELDS for a message, each possibly empty; None if there is no such message."""
    message = session.exec(
        select(Message.code, Message.contact_id).where(Message.campaign_id == campaign_id, Message.n == n)
    ).first()
    if message is None:
        return None
    code, contact_id = message
    # Messages and contacts are on different shards, so this is a look-up of its own and not a join.
    statement = select(Contact.first_name, Contact.last_name, Contact.city, Contact.external_id)
    person = session.exec(statement.where(Contact.id == contact_id)).first() or ("", "", "", "")
    return dict(zip(FIELDS, (display(code), *person), strict=True))


def fill(url: str, values: Mapping[str, str]) -> str:
    """The destination for one recipient; a field without a value is empty."""
    return FIELD.sub(lambda field: _component(values.get(field[1], "")), url)


def _component(value: str) -> str:
    # Browsers take /../ for one folder up, percent-encoded or not: a value of dots alone is left out.
    return quote(value, safe="", errors="replace") if value.strip(".") else ""
