"""Which links lead to a page, and which pages a link may lead to. For `linksvc.links`, which writes links, and for
`linksvc.landing.pages`, which must not pull a page away from under one.
"""

from sqlmodel import Session, col, select

from linksvc.errors import FieldError, InvalidRequest, NotFound
from linksvc.landing.documents import Document, parse_document
from linksvc.models import Campaign, LandingPage, Link


def find_page_to_link(session: Session, workspace_id: int, page_id: int) -> Document:
    """What recipients see of a page that a link is to lead to; it stays there and as it is until the transaction ends.

    Raises NotFound (page_not_found) for another workspace's too, InvalidRequest (page_not_published).
    """
    statement = select(LandingPage.published).where(LandingPage.id == page_id, LandingPage.workspace_id == workspace_id)
    published = session.exec(statement.with_for_update(read=True)).first()
    if published is None:
        raise NotFound("There is no such page in this workspace.", code="page_not_found")
    if not published:
        message = "The page was never published, so nobody could see it: publish it first."
        raise InvalidRequest(message, code="page_not_published", errors=(FieldError("page_id", message),))
    return parse_document(published)


def uses_of(session: Session, workspace_id: int, page_id: int, limit: int) -> tuple[int, ...]:
    """The ids of campaigns whose links lead to a page, in their order, of a few at most."""
    statement = select(Link.campaign_id).where(Link.workspace_id == workspace_id, Link.page_id == page_id).distinct()
    return tuple(session.exec(statement.order_by(col(Link.campaign_id)).limit(limit)))


def campaigns_without_code(session: Session, workspace_id: int, page_id: int, limit: int) -> tuple[int, ...]:
    """Of these, those whose recipients have no promo code."""
    statement = (
        select(Link.campaign_id)
        .join(Campaign, col(Campaign.id) == col(Link.campaign_id))
        .where(Link.workspace_id == workspace_id, Link.page_id == page_id, col(Campaign.offer_id).is_(None))
        .distinct()
    )
    return tuple(session.exec(statement.order_by(col(Link.campaign_id)).limit(limit)))
