"""The one look at the index that every typed code costs, whether it exists or not: what it is, and what its order had.

Called by `linksvc.code_worth`. It is one statement for a known code, an unknown one and another workspace's, so that
neither the answer nor its time tells them apart. Codes that are asked for at the same moment share it.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy
from sqlalchemy import Select, exists, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from linksvc.bulk import as_given, given
from linksvc.database import is_sqlite
from linksvc.models import Message, Offer, OfferShop, PromoCode, Redemption, WebhookEndpoint
from linksvc.offers import TERMS, Terms
from linksvc.statements import Statement


class Found(NamedTuple):
    """A code and its offer. `covered`: the offer is good in the shop that asks."""

    code: str
    written: str
    """As it was written, where that is not how it would be shown; see `linksvc.models.PromoCode`."""
    max_uses: int
    used: int
    held: int
    disabled: bool
    """It was taken back, or its offer was."""
    campaign_id: int | None
    n: int | None
    terms: Terms
    is_news: bool
    """Somebody is told of what becomes of it: the workspace has a webhook endpoint."""
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


class Sought(NamedTuple):
    """A code (normalised) in a workspace, as a shop sees it for an order; shop 0: none, then it is covered."""

    workspace_id: int
    code: str
    shop_id: int
    order_ref: str


_OFFERS_REMEMBERED = 256
"""What was made of the same columns is the same terms; to make them again costs more than to find them."""

_CODE = ("code", "written", "max_uses", "used", "held", "campaign_id", "n")

_TOLD = 6
"""How many answers stand behind the columns of the code and of its offer."""


def find_codes(session: Session, sought: Sequence[Sought]) -> list[Found | None]:
    """What is found for each, in their order."""
    if not sought:
        return []
    rows = _FIND.rows(session, as_given(Sought._fields, sought, is_sqlite(session)))
    found = {row[0]: _found(row[1:], sought[row[0]]) for row in rows}
    return [found.get(place) for place in range(len(sought))]


def _found(row: Sequence[Any], sought: Sought) -> Found:
    code, written, max_uses, used, held, campaign_id, n = row[: len(_CODE)]
    disabled, is_news, covered, *had = row[-_TOLD:]
    terms = _terms(*row[len(_CODE) : -_TOLD])
    covered = covered or not sought.shop_id
    return Found(code, written, max_uses, used, held, disabled, campaign_id, n, terms, is_news, covered, *had)


_terms = lru_cache(maxsize=_OFFERS_REMEMBERED)(Terms)


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


def _find(sqlite: bool) -> Select[Any]:
    asked = {"workspace_id": PromoCode.workspace_id, "code": PromoCode.code}
    sought = given(asked | {"shop_id": OfferShop.shop_id, "order_ref": Redemption.order_ref}, sqlite).c
    limited = exists().where(col(OfferShop.workspace_id) == sought.workspace_id, col(OfferShop.offer_id) == col(Offer.id))
    here = limited.where(col(OfferShop.shop_id) == sought.shop_id)
    had = exists().where(
        col(Redemption.workspace_id) == sought.workspace_id,
        col(Redemption.shop_id) == sought.shop_id,
        col(Redemption.order_ref) == sought.order_ref,
        col(Redemption.voided_at).is_(None),
    )
    other_offer = aliased(Offer)
    others = had.where(col(Redemption.code) != sought.code)
    unstackable = others.where(
        col(other_offer.id) == col(Redemption.offer_id),
        col(other_offer.workspace_id) == sought.workspace_id,
        ~col(other_offer.stackable),
    )
    listening = exists().where(
        col(WebhookEndpoint.workspace_id) == sought.workspace_id, col(WebhookEndpoint.disabled_at).is_(None)
    )
    columns = (
        *(getattr(PromoCode, name) for name in _CODE),
        *(getattr(Offer, name) for name in TERMS),
        or_(col(PromoCode.disabled), col(Offer.withdrawn_at).is_not(None)),
        listening,
        or_(~limited, here),
        had.where(col(Redemption.code) == sought.code),
        others,
        unstackable,
    )
    return sqlalchemy.select(sought.place, *columns).where(
        col(PromoCode.workspace_id) == sought.workspace_id,
        col(PromoCode.code) == sought.code,
        col(Offer.id) == col(PromoCode.offer_id),
        col(Offer.workspace_id) == sought.workspace_id,
    )


_FIND = Statement(_find)
