"""Conversions that pages claimed by the snippet, over the API: apart from the funnel, for they prove nothing."""

from datetime import datetime
from typing import Self

from pydantic import Field

from linksvc.api.operation import Call, Failure, Operation
from linksvc.api.operations.reports import NOT_FOUND, PAGE_MOST
from linksvc.api.payloads import Answer, MoneyAnswer, Parameters
from linksvc.conversions import Conversion, ConversionPage, list_conversions
from linksvc.database import reading


class ConversionsQuery(Parameters):
    after: str | None = Field(None, max_length=100, description="`next_after` of the page before.")
    limit: int = Field(100, ge=1, le=PAGE_MOST)


class ConversionAnswer(Answer):
    n: int = Field(description="The message by whose link the visitor came.")
    number: str | None = Field(description="The recipient's; null unless the key has the scope contacts:read.")
    order_ref: str = Field(description="As the page claimed it; an order may be claimed more than once.")
    claimed: MoneyAnswer | None = Field(description="What the page says was paid; null: it told no amount.")
    occurred_at: datetime

    @classmethod
    def of(cls, one: Conversion, scopes: frozenset[str]) -> Self:
        return cls(
            n=one.n,
            number=one.number if "contacts:read" in scopes else None,
            order_ref=one.order_ref,
            claimed=MoneyAnswer.of(one.paid) if one.paid else None,
            occurred_at=one.occurred_at,
        )


class ConversionsAnswer(Answer):
    total: int = Field(description="How many were claimed in all.")
    conversions: tuple[ConversionAnswer, ...]
    next_after: str | None = Field(description="Send it as `after` for the next page; null on the last.")

    @classmethod
    def of(cls, page: ConversionPage, scopes: frozenset[str]) -> Self:
        rows = tuple(ConversionAnswer.of(one, scopes) for one in page.rows)
        return cls(total=page.total, conversions=rows, next_after=page.next_after)


def read_campaign_conversions(call: Call[None, ConversionsQuery]) -> ConversionsAnswer:
    query = call.query
    with reading(call.engine) as session:
        campaign_id = call.ids["campaign_id"]
        page = list_conversions(session, call.workspace_id, campaign_id, query.after or "", query.limit)
    return ConversionsAnswer.of(page, call.caller.scopes)


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/campaigns/{campaign_id}/conversions",
        name="read_campaign_conversions",
        summary="List the conversions that pages claimed",
        description="What pages of your own told by the snippet. Anybody's browser can claim one: they are never revenue.",
        tag="campaigns",
        scope="campaigns:read",
        handler=read_campaign_conversions,
        query=ConversionsQuery,
        answer=ConversionsAnswer,
        failures=(NOT_FOUND, Failure(422, "cursor_invalid", "`after` is no `next_after` of a page.")),
    ),
)
