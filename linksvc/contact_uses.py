"""How often somebody used an offer that is limited per contact. Whoever uses codes or gives uses back calls it.

Somebody is the contact whose message carried the code; for a code that belongs to no message, whoever the shop says it is
by its `customer_ref`, which is the company's: the same text means the same customer in all of its shops.
"""

from sqlmodel import Session, col, select, update

from linksvc.database import insert_into, rows_affected
from linksvc.models import ContactUse


def subject_of(contact_id: int | None, customer_ref: str) -> str:
    """Whose use it is; empty if nobody can tell."""
    if contact_id is not None:
        return f"contact:{contact_id}"
    return f"customer:{customer_ref}" if customer_ref else ""


def take(session: Session, workspace_id: int, offer_id: int, subject: str, limit: int) -> bool:
    """Counts a use; False, and nothing is counted, if they had as many as `limit` (1 or more)."""
    statement = insert_into(session, ContactUse).values(
        workspace_id=workspace_id, offer_id=offer_id, subject=subject, used=1
    )
    statement = statement.on_conflict_do_update(
        index_elements=("workspace_id", "offer_id", "subject"),
        set_={"used": col(ContactUse.used) + 1},
        where=col(ContactUse.used) < limit,
    )
    return rows_affected(session.connection().execute(statement)) == 1


def give_back(session: Session, workspace_id: int, offer_id: int, subject: str) -> None:
    """Takes a use back from the count."""
    session.exec(
        update(ContactUse)
        .where(
            col(ContactUse.workspace_id) == workspace_id,
            col(ContactUse.offer_id) == offer_id,
            col(ContactUse.subject) == subject,
        )
        .values(used=col(ContactUse.used) - 1)
    )


def count(session: Session, workspace_id: int, offer_id: int, subject: str) -> int:
    """How often they used it, what is held for them included."""
    found = select(ContactUse.used).where(
        ContactUse.workspace_id == workspace_id, ContactUse.offer_id == offer_id, ContactUse.subject == subject
    )
    return session.exec(found).first() or 0
