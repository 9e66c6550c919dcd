"""Consents that are given on a page: on record like those of a file, of the source PAGE. For `linksvc.landing.surveys`."""

from datetime import datetime

from sqlmodel import Session, col, or_, select, update

from linksvc.contact_directory import MARKETING
from linksvc.models import Consent, Contact

PAGE = "page"


def give_marketing_consent(session: Session, workspace_id: int, contact_id: int, now: datetime) -> None:
    """Notes that a contact agreed to be sent marketing by SMS. It lifts no STOP: who said it takes it back by START. Of a
    contact who was deleted nothing is noted."""
    mine = (col(Contact.workspace_id) == workspace_id, col(Contact.id) == contact_id)
    if session.exec(select(Contact.id).where(*mine)).first() is None:
        return
    session.add(
        Consent(
            workspace_id=workspace_id,
            contact_id=contact_id,
            purpose=MARKETING,
            granted=True,
            source=PAGE,
            occurred_at=now,
            recorded_at=now,
        )
    )
    stamp = col(Contact.marketing_consent_at)
    session.exec(update(Contact).where(*mine, or_(stamp.is_(None), stamp < now)).values(marketing_consent_at=now))
