"""Why a code is not taken: a stable reason, and words for whoever stands at the till. The API documents REASONS."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from linksvc.money import Money


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a code is not taken: a stable reason, and words for whoever stands at the till. `moment`, `least` and
    `currency` are what the words name, for who says it in another language: since or until when, the least order, and in
    what an order is to be."""

    reason: str
    detail: str
    moment: datetime | None = None
    least: Money | None = None
    currency: str = ""


REASONS: Mapping[str, str] = {
    "code_not_found": "There is no such code in this workspace.",
    "code_disabled": "The code was withdrawn.",
    "code_not_active_yet": "The offer has not started.",
    "code_expired": "The offer has ended, or the code's own days after its message was delivered are over.",
    "shop_not_covered": "The offer is not good in this shop.",
    "order_already_redeemed": "The code was used on this very order already.",
    "not_stackable": "Another code was used on this order, and one of the two goes with no other.",
    "code_exhausted": "The code was used as often as it may be, or other baskets hold its last uses.",
    "currency_mismatch": "The order is in another currency than the offer.",
    "minimum_not_met": "The order is below the offer's minimum.",
    "delivery_missing": "The offer takes the delivery off, and the request does not say what it costs.",
    "customer_ref_missing": "The offer is limited per customer, and the request does not say whose code it is.",
    "contact_limit_reached": "This customer used the offer as often as one may.",
    "offer_exhausted": "The codes of the offer were used as often in all as they may be.",
    "budget_exhausted": "What is left of the offer's budget is less than this discount.",
    "hold_not_found": "This shop holds no such use of this code.",
    "hold_expired": "The hold is over: its time ran out, or it was released.",
    "hold_key_reused": "This key holds the code for another customer; release that hold first.",
    "occurred_in_future": "What was uploaded says that it happened in the future.",
    "upload_too_late": "What was uploaded happened longer ago than RICOCHET_OFFLINE_GRACE_HOURS.",
}
"""Every reason, with its meaning for a developer."""

EXHAUSTED = Refusal("code_exhausted", "This code was used already, as often as it may be.")
HELD = Refusal("code_exhausted", "Another basket holds the last use of this code. Try again in a few minutes.")
MISTYPED = Refusal("code_not_found", "There is no such code: a character may be wrong, or two swapped. Read it again.")
UNKNOWN = Refusal("code_not_found", "There is no such code.")
DISABLED = Refusal("code_disabled", "This code was withdrawn.")
NOT_HERE = Refusal("shop_not_covered", "This code is not good in this shop.")
NOT_STACKABLE = Refusal("not_stackable", "This order has another code already, and the two do not go together.")
NO_DELIVERY = Refusal(
    "delivery_missing",
    "This code takes the delivery off. Send order.delivery, the part of the amount that it costs; 0: nothing is delivered.",
)
NOBODY = Refusal(
    "customer_ref_missing",
    "This code is limited per customer. Send customer_ref, the company's own reference of the customer.",
)
CONTACT_LIMIT = Refusal("contact_limit_reached", "This customer has used the offer as often as one may.")
OFFER_EXHAUSTED = Refusal("offer_exhausted", "The codes of this offer were used as often in all as they may be.")
BUDGET_EXHAUSTED = Refusal("budget_exhausted", "What is left of this offer's budget is less than the discount.")
NO_HOLD = Refusal("hold_not_found", "This shop holds no such use of this code.")
HOLD_OVER = Refusal("hold_expired", "The hold is over. Hold the code again, or redeem it without one.")
KEY_REUSED = Refusal("hold_key_reused", "This key holds the code for another customer. Release that hold first.")
IN_FUTURE = Refusal("occurred_in_future", "It is said to have happened in the future. Set the till's clock.")


def too_late(grace: timedelta) -> Refusal:
    hours = round(grace / timedelta(hours=1))
    return Refusal(
        "upload_too_late", f"It happened too long ago to be uploaded: what is uploaded is {hours:,} hours old at most."
    )
