"""Taking promo codes back: one code, or at once all of an offer, those that are still to be made too. Both can be undone.

Called by the API and `ricochet code`. What was redeemed stays redeemed; a hold of a code that is taken back is refused.
"""

from datetime import datetime

import structlog
from sqlmodel import Session, col, update

from linksvc.code_worth import stored_form
from linksvc.database import rows_affected
from linksvc.errors import NotFound
from linksvc.models import Offer, PromoCode
from linksvc.offers import no_offer

log = structlog.get_logger()


def set_disabled(session: Session, workspace_id: int, typed: str, disabled: bool) -> None:
    """Disables one code, or lets it be used again. Raises NotFound (`code_not_found`)."""
    this_code = (col(PromoCode.workspace_id) == workspace_id, col(PromoCode.code) == stored_form(typed))
    if rows_affected(session.exec(update(PromoCode).where(*this_code).values(disabled=disabled))) != 1:
        raise NotFound("There is no such code in this workspace.", code="code_not_found")
    log.info("a code was disabled or enabled", action="codes.disable", workspace_id=workspace_id, disabled=disabled)


def set_withdrawn(session: Session, workspace_id: int, offer_id: int, withdrawn: bool, now: datetime) -> None:
    """Withdraws an offer with all of its codes, or restores it. Raises NotFound (`offer_not_found`)."""
    this_offer = (col(Offer.workspace_id) == workspace_id, col(Offer.id) == offer_id)
    changed = update(Offer).where(*this_offer).values(withdrawn_at=now if withdrawn else None)
    if rows_affected(session.exec(changed)) != 1:
        raise no_offer(offer_id)
    log.info("an offer was withdrawn or restored", action="codes.disable", workspace_id=workspace_id, offer_id=offer_id)
