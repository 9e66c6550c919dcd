"""The one look at the index that every typed code costs, whether it exists or not: what it is, and what its order had.

Called by `linksvc.code_worth`. It is one statement for a known code, an unknown one and another workspace's, so that
neither the answer nor its time tells them apart.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy
from sqlalchemy import Select, String, bindparam, exists, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from linksvc.models import Message, Offer, OfferShop, PromoCode, Redemption
from linksvc.models.columns import Big
from linksvc.offers import TERMS, Terms


@dataclass(frozen=True, slots=True)
class Found:
    """A code and its offer. `covered`: the offer is good in the shop that asks."""

    code: str
    max_uses: int
    used: int
    held: int
    disabled: bool
    """It was taken back, or its offer was."""
    campaign_id: int | None
    n: int | None
    terms: Terms
    covered: bool
    had_this: bool
    """The order had this very code ..."""
    had_others: bool
    """... or others ..."""
    had_unstackable: bool
    """... among them one that goes with no other."""


class Carried(NamedTuple):
    """The message that carried a code: whose it was, and when it arrived, if that is known."""

    contact_id: int
    delivered_at: datetime | None


_PARAMETERS = (("of_workspace", Big), ("with_code", String()), ("in_shop", Big), ("on_order", String()))
_CODE = ("code", "max_uses", "used", "held", "campaign_id", "n")

_TOLD = 5
"""How many answers stand behind the columns of the code and of its offer."""


def find_code(session: Session, workspace_id: int, code: str, shop_id: int | None, order_ref: str) -> Found | None:
    """The code (normalised) in the workspace, as a shop sees it for an order; without a shop it is covered."""
    row = (
        session.connection()
        .execute(
            _FIND,
            {"of_workspace": workspace_id, "with_code": code, "in_shop": shop_id or 0, "on_order": order_ref},
        )
        .first()
    )
    if row is None:
        return None
    told: dict[str, Any] = dict(zip(_CODE, row, strict=False))
    disabled, covered, had_this, had_others, had_unstackable = map(bool, row[-_TOLD:])
    return Found(
        **told,
        terms=Terms(*row[len(_CODE) : -_TOLD]),
        disabled=disabled,
        covered=covered or shop_id is None,
        had_this=had_this,
        had_others=had_others,
        had_unstackable=had_unstackable,
    )


def find_carried(session: Session, campaign_id: int, n: int) -> Carried | None:
    """The message n of a campaign."""
    row = session.exec(
        select(Message.contact_id, Message.state, Message.receipt_at).where(
            Message.campaign_id == campaign_id, Message.n == n
        )
    ).first()
    if row is None:
        return None
    contact_id, state, receipt_at = row
    return Carried(contact_id, receipt_at if state == "delivered" else None)


def _find() -> Select[Any]:
    """Built once: a statement of this size costs more to build than to run."""
    workspace, code, shop, order = (bindparam(name, type_=kind) for name, kind in _PARAMETERS)
    limited = exists().where(col(OfferShop.workspace_id) == workspace, col(OfferShop.offer_id) == col(Offer.id))
    here = limited.where(col(OfferShop.shop_id) == shop)
    had = exists().where(
        col(Redemption.workspace_id) == workspace,
        col(Redemption.shop_id) == shop,
        col(Redemption.order_ref) == order,
        col(Redemption.voided_at).is_(None),
    )
    other_offer = aliased(Offer)
    others = had.where(col(Redemption.code) != code)
    unstackable = others.where(
        col(other_offer.id) == col(Redemption.offer_id),
        col(other_offer.workspace_id) == workspace,
        ~col(other_offer.stackable),
    )
    columns = (
        *(getattr(PromoCode, name) for name in _CODE),
        *(getattr(Offer, name) for name in TERMS),
        or_(col(PromoCode.disabled), col(Offer.withdrawn_at).is_not(None)),
        or_(~limited, here),
        had.where(col(Redemption.code) == code),
        others,
        unstackable,
    )
    return (
        sqlalchemy.select(*columns)
        .join(Offer, col(Offer.id) == col(PromoCode.offer_id))
        .where(col(PromoCode.workspace_id) == workspace, col(PromoCode.code) == code, col(Offer.workspace_id) == workspace)
    )


_FIND = _find()
