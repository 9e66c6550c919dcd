"""Redemptions over the API: codes are used, looked up, returned and voided."""

from collections.abc import Collection, Hashable, Sequence
from functools import partial
from typing import Annotated, Any, Self

from pydantic import Field
from sqlmodel import Session

from linksvc.advisory_locks import Name
from linksvc.api.once import Work, answer_once, scope_of
from linksvc.api.operation import Call, Failure, Operation, Prepared
from linksvc.api.payloads import Answer, Line, Moment, Parameters, SentMoney
from linksvc.api.till_shapes import (
    NO_SHOP,
    RedemptionAnswer,
    RedemptionPayload,
    TypedCode,
    refusals,
    refused,
    till_of,
)
from linksvc.api.together import answer_together
from linksvc.bulk import NewRows
from linksvc.code_worth import stored_form
from linksvc.database import reading
from linksvc.errors import Conflict, NotFound, Problem
from linksvc.money import AMOUNT_MOST
from linksvc.public_ids import parse_id
from linksvc.redemption_groups import redeem_group
from linksvc.redemption_list import RedemptionPage, Wanted, find_redemption, list_redemptions
from linksvc.redemptions import Redemption, Use, order_name, redeem
from linksvc.refusals import Refusal
from linksvc.returns import return_part, void
from linksvc.shops import require_shop

PAGE_MOST = 1_000

REDEEM = "/v1/redemptions"


class RedemptionsQuery(Parameters):
    order_ref: Line | None = Field(None, description="Those on that order. Spaces at its ends do not matter.")
    code: TypedCode | None = Field(
        None, description="Those of that code. An address may be kept in the logs of what stands between us."
    )
    shop_id: str | None = Field(
        None, max_length=40, description="Those of that shop. A shop's key sees its own alone.", examples=["shp_1"]
    )
    since: Moment | None = Field(None, description="Those we learnt of from then on.")
    until: Moment | None = Field(None, description="Those we learnt of before that.")
    after: str | None = Field(None, max_length=200, description="`next_after` of the page before.")
    limit: int = Field(100, ge=1, le=PAGE_MOST)


class RedemptionsAnswer(Answer):
    redemptions: tuple[RedemptionAnswer, ...] = Field(description="Newest first.")
    next_after: str | None = Field(description="Send it as `after` for the next page; null on the last.")

    @classmethod
    def of(cls, page: RedemptionPage) -> Self:
        return cls(redemptions=tuple(map(RedemptionAnswer.of, page.redemptions)), next_after=page.next_cursor)


class ReturnPayload(SentMoney):
    """What was paid back, in minor units of the order's currency."""

    amount: Annotated[int, Field(ge=1, le=AMOUNT_MOST)]


def redeem_code(call: Call[RedemptionPayload, None]) -> Prepared:
    return answer_once(call, redeeming(call, call.body.use()))


def redeeming(call: Call[Any, Any], use: Use) -> Work:
    """What is done once for a key. Raises Forbidden (`key_without_shop`)."""
    till = till_of(call)

    def work(session: Session) -> RedemptionAnswer | Conflict:
        outcome = call.try_code(lambda: redeem(session, till, use, call.now()))
        return refused(outcome) if isinstance(outcome, Refusal) else RedemptionAnswer.of(outcome)

    return work


Done = tuple[Call[Any, Any], Redemption | Refusal]


def redeem_codes_together(calls: Sequence[Call[RedemptionPayload, None]]) -> Sequence[Prepared | Problem | None]:
    """Those that came at the same moment. Whoever guesses codes, or has a key without a shop, is told so alone."""
    plain = [place for place, call in enumerate(calls) if call.caller.shop_id is not None and not _guesses(call)]
    done: list[Done] = []
    answers = answer_together([calls[place] for place in plain], partial(_redeem_group, done), _order_name) if plain else []
    if any(answers):  # It is committed.
        for call, outcome in done:
            call.installation.limits.attempts.count(call.attempter, outcome)
    by_place = dict(zip(plain, answers, strict=True))
    return [by_place.get(place) for place in range(len(calls))]


def _own_name(call: Call[RedemptionPayload, None]) -> Hashable:
    """A repetition waits for the first one's group, and finds its answer."""
    return "key", scope_of(call.caller), call.idempotency_key


def _names(call: Call[RedemptionPayload, None]) -> Collection[Hashable]:
    """Two groups at a time wait for no code and no order of each other's."""
    caller, sent = call.caller, call.body
    return (
        ("code", caller.workspace_id, stored_form(sent.code)),
        ("order", caller.workspace_id, caller.shop_id, sent.order_ref),
    )


def _guesses(call: Call[Any, Any]) -> bool:
    return call.installation.limits.attempts.holds_back(call.attempter)


def _order_name(call: Call[RedemptionPayload, None]) -> Name:
    return order_name(till_of(call), call.body.order_ref)


def _redeem_group(
    done: list[Done], session: Session, calls: Sequence[Call[RedemptionPayload, None]]
) -> tuple[list[RedemptionAnswer | Problem | None], Sequence[NewRows]]:
    if not calls:
        return [], ()
    outcomes, rows = redeem_group(session, [(till_of(call), call.body.use()) for call in calls], calls[0].now())
    done += [(call, outcome) for call, outcome in zip(calls, outcomes, strict=True) if outcome]
    return [_told(outcome) for outcome in outcomes], rows


def _told(outcome: Redemption | Refusal | None) -> RedemptionAnswer | Problem | None:
    if outcome is None:
        return None
    return refused(outcome) if isinstance(outcome, Refusal) else RedemptionAnswer.of(outcome)


def read_redemptions(call: Call[None, RedemptionsQuery]) -> RedemptionsAnswer:
    sent = call.query
    wanted = Wanted(
        workspace_id=call.workspace_id,
        shop_id=_shop(call),
        order_ref=sent.order_ref or "",
        code=sent.code or "",
        since=sent.since,
        until=sent.until,
    )
    with reading(call.engine) as session:
        if wanted.shop_id is not None and wanted.shop_id != call.caller.shop_id:
            require_shop(session, call.workspace_id, wanted.shop_id)
        return RedemptionsAnswer.of(list_redemptions(session, wanted, sent.after or "", sent.limit))


def read_redemption(call: Call[None, None]) -> RedemptionAnswer:
    with reading(call.engine) as session:
        found = find_redemption(session, call.workspace_id, call.caller.shop_id, call.drawn_ids["redemption_id"])
    return RedemptionAnswer.of(found)


def return_redemption(call: Call[ReturnPayload, None]) -> Prepared:
    till, redemption_id, amount = till_of(call), call.drawn_ids["redemption_id"], call.body.money()
    return answer_once(
        call, lambda session: RedemptionAnswer.of(return_part(session, till, redemption_id, amount, call.now()))
    )


def void_redemption(call: Call[None, None]) -> Prepared:
    till, redemption_id = till_of(call), call.drawn_ids["redemption_id"]
    return answer_once(call, lambda session: RedemptionAnswer.of(void(session, till, redemption_id, call.now())))


def _shop(call: Call[None, RedemptionsQuery]) -> int | None:
    """Whose redemptions are asked for: a shop's key asks for no other's."""
    wanted = parse_id("shop", call.query.shop_id) if call.query.shop_id else None
    own = call.caller.shop_id
    if own is not None and wanted not in (None, own):
        raise NotFound("A shop's key sees the redemptions of its own shop alone.", code="shop_not_found")
    return wanted if own is None else own


_NOT_FOUND = Failure(404, "redemption_not_found", "There is no such redemption in this shop.")
_VOIDED = Failure(409, "already_voided", "The redemption was voided.")

OPERATIONS = (
    Operation(
        method="POST",
        path=REDEEM,
        name="redeem_code",
        summary="Use a code on an order",
        description="All or nothing, and at most once an Idempotency-Key: a repeated request gets the first answer again, "
        "a refusal too, with the header `Idempotent-Replayed: true`. Keys are the shop's, whichever API key it uses.",
        tag="redemptions",
        scope="codes:redeem",
        handler=redeem_code,
        group=redeem_codes_together,
        group_names=_names,
        group_own_name=_own_name,
        body=RedemptionPayload,
        idempotency_key="required",
        tries_codes=True,
        status=201,
        answer=RedemptionAnswer,
        failures=(NO_SHOP, *refusals(without=("hold_key_reused", "occurred_in_future", "upload_too_late"))),
    ),
    Operation(
        method="GET",
        path="/v1/redemptions",
        name="read_redemptions",
        summary="List redemptions",
        description="To reconcile: those of an order, a code, a shop, a time. What is redeemed meanwhile moves no page.",
        tag="redemptions",
        scope="codes:read",
        handler=read_redemptions,
        query=RedemptionsQuery,
        answer=RedemptionsAnswer,
        failures=(
            Failure(404, "not_found", "`shop_id` is no id of a shop."),
            Failure(404, "shop_not_found", "`shop_id` is no shop of this workspace, or another than the key's."),
            Failure(422, "cursor_invalid", "`after` is no `next_after` of a page."),
        ),
    ),
    Operation(
        method="GET",
        path="/v1/redemptions/{redemption_id}",
        name="read_redemption",
        summary="Read a redemption",
        tag="redemptions",
        scope="codes:read",
        handler=read_redemption,
        answer=RedemptionAnswer,
        failures=(_NOT_FOUND,),
    ),
    Operation(
        method="POST",
        path="/v1/redemptions/{redemption_id}/return",
        name="return_redemption",
        summary="Note that a part was paid back",
        description="Lowers the net revenue, once more each time. The code stays used.",
        tag="redemptions",
        scope="codes:void",
        handler=return_redemption,
        body=ReturnPayload,
        idempotency_key="required",
        answer=RedemptionAnswer,
        failures=(
            NO_SHOP,
            _NOT_FOUND,
            _VOIDED,
            Failure(409, "currency_mismatch", "The order was paid in another currency."),
            Failure(409, "return_exceeds_paid", "It is more than what is left of what was paid."),
        ),
    ),
    Operation(
        method="POST",
        path="/v1/redemptions/{redemption_id}/void",
        name="void_redemption",
        summary="Undo a redemption",
        description="The whole of it. The use is given back, unless the code has expired.",
        tag="redemptions",
        scope="codes:void",
        handler=void_redemption,
        idempotency_key="required",
        answer=RedemptionAnswer,
        failures=(NO_SHOP, _NOT_FOUND, _VOIDED),
    ),
)
