"""What a code gives, why it is not taken, and what was redeemed, in the words of whoever stands at the till."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dashboards.speech import Speech
from dashboards.till_orders import TypedOrder
from linksvc.code_worth import Worth
from linksvc.money import Money
from linksvc.new_offers import WHOLE
from linksvc.offers import Terms
from linksvc.redemption_rows import Redemption
from linksvc.refusals import Refusal

Sums = tuple[tuple[str, str], ...]
"""Labels and values, one below the other."""


@dataclass(frozen=True, slots=True)
class WorthPage:
    """What stands on the page of a code that may be used. `asks`: the fields it still depends on; then nothing else is
    known yet."""

    offer: str
    asks: tuple[str, ...] = ()
    sums: Sums = ()
    to_pay: str = ""
    button: str = ""


@dataclass(frozen=True, slots=True)
class RedemptionPage:
    """What stands on the page of a redemption."""

    path: str
    title: str
    undone: bool
    sums: Sums
    to_pay: str


@dataclass(frozen=True, slots=True)
class LatestRow:
    """One of the latest redemptions."""

    path: str
    code: str
    undone: bool
    what: str
    time: str


def worth_page(worth: Worth, typed: TypedOrder, speech: Speech) -> WorthPage:
    offer = offer_words(worth, speech)
    asks = []
    if typed.order is None:
        asks.append("amount")
    if worth.terms.kind == "free_delivery" and typed.delivery_minor is None:
        asks.append("delivery")
    if typed.order is None or asks:
        return WorthPage(offer, tuple(asks))
    order = typed.order
    discount = worth.terms.discount_on(order, typed.delivery_minor or 0)
    off = speech.money(discount.amount_minor, order.currency)
    sums = _sums(worth.shown, typed.order_ref, order, discount, speech)
    to_pay = speech.money(order.amount_minor - discount.amount_minor, order.currency)
    button = speech.say("till.redeem.discount", amount=off) if discount.amount_minor else speech.say("till.redeem.plain")
    return WorthPage(offer, (), sums, to_pay, button)


def redemption_page(redemption: Redemption, speech: Speech) -> RedemptionPage:
    undone = redemption.voided_at
    times = [(speech.say("till.time"), speech.day_and_time(redemption.redeemed_at))]
    if undone:
        times.append((speech.say("till.undone_at"), speech.day_and_time(undone)))
    sums = _sums(redemption.code, redemption.order_ref, redemption.order, redemption.discount, speech)
    if redemption.returned.amount_minor:
        returned = speech.money(redemption.returned.amount_minor, redemption.returned.currency)
        sums = (*sums, (speech.say("till.returned"), returned))
    due = redemption.order if undone else redemption.paid
    return RedemptionPage(
        path=f"/till/redemptions/{redemption.id}",
        title="till.undone.title" if undone else "till.done.title",
        undone=undone is not None,
        sums=(*times, *sums),
        to_pay=speech.money(due.amount_minor, due.currency),
    )


def latest_rows(redemptions: Iterable[Redemption], speech: Speech) -> list[LatestRow]:
    return [
        LatestRow(
            path=f"/till/redemptions/{one.id}",
            code=one.code,
            undone=one.voided_at is not None,
            what=speech.money(one.paid.amount_minor, one.paid.currency),
            time=speech.clock_time(one.redeemed_at),
        )
        for one in redemptions
    ]


def refusal_words(refusal: Refusal, speech: Speech) -> str:
    """Why a code is not taken. Raises KeyError for a reason that is none of a till's."""
    ended = refusal.reason == "code_expired"
    time = ""
    if refusal.moment:
        time = _last_moment(refusal.moment, speech) if ended else speech.day_and_time(refusal.moment)
    amount = speech.money(refusal.least.amount_minor, refusal.least.currency) if refusal.least else ""
    return speech.say(f"till.refused.{refusal.reason}", time=time, amount=amount, currency=refusal.currency)


def _sums(code: str, order_ref: str, order: Money, discount: Money, speech: Speech) -> Sums:
    off = speech.money(discount.amount_minor, discount.currency)
    return (
        (speech.say("till.code"), code),
        *(((speech.say("till.ref"), order_ref),) if order_ref else ()),
        (speech.say("till.order"), speech.money(order.amount_minor, order.currency)),
        *(((speech.say("till.discount"), off),) if discount.amount_minor else ()),
    )


def offer_words(worth: Worth, speech: Speech) -> str:
    """What a code gives, from which order on and until when: `10 % off, for orders of EUR 30.00 or more`."""
    terms = worth.terms
    said = [_gives(terms, speech)]
    if terms.minimum_minor:
        said.append(speech.say("till.offer.minimum", amount=speech.money(terms.minimum_minor, terms.currency)))
    if worth.ends_at is not None:
        said.append(speech.say("till.offer.until", time=_last_moment(worth.ends_at, speech)))
    return ", ".join(said)


def _last_moment(end: datetime, speech: Speech) -> str:
    """An end that is not included: midnight would be read as the day that is not included any more."""
    if end.astimezone(ZoneInfo(speech.timezone)).strftime("%H%M") == "0000":
        end -= timedelta(minutes=1)
    return speech.day_and_time(end)


def _gives(terms: Terms, speech: Speech) -> str:
    match terms.kind:
        case "percentage":
            share = speech.share(terms.value, WHOLE)
            if terms.cap_minor:
                return speech.say("till.offer.capped", share=share, cap=speech.money(terms.cap_minor, terms.currency))
            return speech.say("till.offer.percentage", share=share)
        case "amount":
            return speech.say("till.offer.amount", amount=speech.money(terms.value, terms.currency))
        case "gift":
            return speech.say("till.offer.gift", gift=terms.gift)
        case _:
            return speech.say("till.offer.free_delivery")
