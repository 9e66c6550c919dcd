"""Offers: what a promo code is worth, from when until when, how often. The API and the command line make them, campaigns
name them, tills apply them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from linksvc import offer_budgets
from linksvc.errors import NotFound
from linksvc.models import Offer, OfferShop, Shop, Workspace
from linksvc.money import Money, check_currency
from linksvc.names import check_name
from linksvc.new_offers import WHOLE, NewOffer, check_numbers, check_zone, window_of
from linksvc.public_ids import format_id


@dataclass(frozen=True, slots=True)
class Terms:
    """An offer as it stands; it never changes. It is open in [starts_at, ends_at); without an end for ever.

    0 means no limit, no cap; `days_after_delivery` 0 that a code's end does not depend on its message.
    """

    id: int
    name: str
    kind: str
    value: int
    currency: str
    minimum_minor: int
    uses_per_code: int
    starts_at: datetime
    ends_at: datetime | None
    cap_minor: int = 0
    """The most that a percentage or a delivery takes off."""
    gift: str = ""
    uses_per_contact: int = 0
    uses_in_all: int = 0
    budget_minor: int = 0
    stackable: bool = False
    """Whether other codes may be used on the same order."""
    timezone: str = "UTC"
    days_after_delivery: int = 0

    def discount_on(self, order: Money, delivery_minor: int | None = None) -> Money:
        """What is taken off an order: rounded once, half up, and never more than the order. `delivery_minor` is the part
        of the order that its delivery costs."""
        if self.kind == "percentage":
            off = (order.amount_minor * self.value + WHOLE // 2) // WHOLE
        else:
            off = (delivery_minor or 0) if self.kind == "free_delivery" else self.value
        most = min(order.amount_minor, self.cap_minor) if self.cap_minor else order.amount_minor
        return Money(min(off, most), order.currency)


TERMS = tuple(Terms.__dataclass_fields__)
"""The columns of `offer` that make its terms, in the order of their arguments."""


def create_offer(session: Session, workspace_id: int, new: NewOffer, now: datetime) -> Terms:
    """Stores an offer. Raises InvalidRequest (also `currency_unknown`, `window_empty`, `timezone_unknown`), NotFound for the
    workspace or a shop (`shop_not_found`)."""
    workspace = session.get(Workspace, workspace_id)
    if workspace is None:
        raise NotFound("There is no such workspace.")
    check_numbers(new)
    zone = check_zone(new.timezone or workspace.timezone)
    starts_at, ends_at = window_of(new, zone, now)
    offer = Offer(
        workspace_id=workspace_id,
        name=check_name(new.name),
        kind=new.kind,
        value=new.value,
        cap_minor=new.cap_minor,
        gift=check_name(new.gift, "gift") if new.kind == "gift" else "",
        currency=check_currency(new.currency or workspace.currency),
        minimum_minor=new.minimum_minor,
        uses_per_code=new.uses_per_code,
        uses_per_contact=new.uses_per_contact,
        uses_in_all=new.uses_in_all,
        budget_minor=new.budget_minor,
        stackable=new.stackable,
        timezone=zone.key,
        days_after_delivery=new.days_after_delivery,
        starts_at=starts_at,
        ends_at=ends_at,
        created_at=now,
    )
    session.add(offer)
    session.flush()
    terms = terms_of(offer)
    _limit_to_shops(session, workspace_id, terms.id, new.shop_ids)
    offer_budgets.deal(session, workspace_id, terms.id, new.uses_in_all, new.budget_minor)
    return terms


def no_offer(offer_id: int) -> NotFound:
    """The error of whoever names an offer that the workspace has not."""
    return NotFound(f"There is no offer {format_id('offer', offer_id)} in this workspace.", code="offer_not_found")


def find_offer(session: Session, workspace_id: int, offer_id: int) -> Terms:
    """The offer's terms. Raises NotFound (`offer_not_found`) for another workspace's too."""
    offer = session.exec(select(Offer).where(col(Offer.id) == offer_id, col(Offer.workspace_id) == workspace_id)).first()
    if offer is None:
        raise no_offer(offer_id)
    return terms_of(offer)


def list_offers(session: Session, workspace_id: int, before: int | None = None, limit: int = 100) -> tuple[Terms, ...]:
    """The workspace's offers, the newest first; those older than the offer `before`."""
    mine = select(Offer).where(col(Offer.workspace_id) == workspace_id)
    if before is not None:
        mine = mine.where(col(Offer.id) < before)
    return tuple(terms_of(offer) for offer in session.exec(mine.order_by(col(Offer.id).desc()).limit(limit)))


def shops_of(session: Session, workspace_id: int, offer_ids: Collection[int]) -> Mapping[int, tuple[int, ...]]:
    """{offer: the shops it is good in}; one that is not in it is good in all."""
    found: dict[int, tuple[int, ...]] = {}
    rows = session.exec(
        select(OfferShop.offer_id, OfferShop.shop_id)
        .where(OfferShop.workspace_id == workspace_id, col(OfferShop.offer_id).in_(offer_ids))
        .order_by(col(OfferShop.shop_id))
    )
    for offer_id, shop_id in rows:
        found[offer_id] = (*found.get(offer_id, ()), shop_id)
    return found


def terms_of(offer: Offer) -> Terms:
    return Terms(**{name: getattr(offer, name) for name in TERMS})


def _limit_to_shops(session: Session, workspace_id: int, offer_id: int, shop_ids: Collection[int]) -> None:
    known = set(session.exec(select(Shop.id).where(Shop.workspace_id == workspace_id, col(Shop.id).in_(shop_ids))))
    if set(shop_ids) - known:
        raise NotFound("There is no such shop in this workspace.", code="shop_not_found")
    rows = [OfferShop(workspace_id=workspace_id, offer_id=offer_id, shop_id=shop_id) for shop_id in sorted(set(shop_ids))]
    session.add_all(rows)
    session.flush()
