"""The rows behind a campaign's figures over the API: messages, and what happens several times a message. Also as files."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Self

from pydantic import Field

from linksvc.api.operation import Call, Download, Failure, Operation
from linksvc.api.operations.reports import NOT_FOUND, PAGE_MOST
from linksvc.api.payloads import Answer, MoneyAnswer, Parameters
from linksvc.api_keys import Caller
from linksvc.database import reading
from linksvc.funnel import find_campaign
from linksvc.holds import REASONS
from linksvc.message_filters import MessageFilter
from linksvc.message_list import MessagePage, MessageRow, list_messages
from linksvc.money import Money
from linksvc.occurrence_list import LISTED, PAID, VISITS, OccurrenceFilter, OccurrencePage, OccurrenceRow, list_occurrences
from linksvc.promo_codes import display
from linksvc.public_ids import format_id
from linksvc.row_files import MEDIA_TYPES, Format, write_file
from linksvc.row_sheets import Sheet, Shown, message_sheet, occurrence_sheet, zone_of
from linksvc.stages import STAGES

_FILTER_FAILURES = (
    Failure(422, "unknown_stage", "There is no such stage."),
    Failure(422, "breakdown_unknown", "Messages are not told apart by that."),
    Failure(422, "value_invalid", "There is no such value of `by`."),
    Failure(422, "moment_invalid", "`from`, `to`, `at_from` or `at_to` is no moment with its zone."),
    Failure(422, "cohort_invalid", "`from` or `to` is on no quarter of an hour, or `to` is not after `from`."),
)

_FURTHEST = 2**53
"""No campaign has that many messages, and every database holds the number."""
_LONGEST = 2_000
"""Characters of a value: several may be told, with commas between."""


class FilterQuery(Parameters):
    by: str = Field("", max_length=40, description="What `value` is one of, such as country or device.")
    value: str = Field("", max_length=_LONGEST, description="Empty: those of whom it is not known.")
    since: str = Field("", alias="from", max_length=40, description="Of the messages submitted from then on.")
    until: str = Field("", alias="to", max_length=40, description="Of the messages submitted before then.")
    at_from: str = Field("", max_length=40, description="What came about from then on.")
    at_to: str = Field("", max_length=40, description="What came about before then.")

    def told(self) -> dict[str, str]:
        """As `MessageFilter.parse` reads it."""
        told = self.model_dump(by_alias=True, exclude={"after", "limit"})
        return {name: value for name, value in told.items() if value}


class MessagesBehind(FilterQuery):
    stage: str = Field("produced", max_length=40, description=f"One of: {', '.join(STAGES)}.")
    without: str = Field(
        "", alias="not", max_length=400, description="Stages, with commas between, at which they do not stand."
    )


class MessagesQuery(MessagesBehind):
    after: int = Field(-1, ge=-1, le=_FURTHEST, description="`next_after` of the page before.")
    limit: int = Field(100, ge=1, le=PAGE_MOST)


class OccurrencesBehind(FilterQuery):
    stage: str = Field(max_length=40, description=f"One of: {', '.join(LISTED)}.")


class OccurrencesQuery(OccurrencesBehind):
    after: str = Field("", max_length=200, description="`next_after` of the page before.")
    limit: int = Field(100, ge=1, le=PAGE_MOST)


class MessageAnswer(Answer):
    n: int = Field(description="Its number in the campaign, from 0.")
    number: str | None = Field(description="The recipient's; null unless the key has the scope contacts:read.")
    country: str
    network: str
    variant: str
    state: str
    code: str | None = Field(description="The promo code, if it has one; null unless the key has the scope codes:validate.")
    parts: int
    error: str
    cause: str = Field(description="Why it was refused or did not arrive, in our own words; empty otherwise.")
    held_reason: str | None = Field(description=f"Why it is held back: {', '.join(REASONS)}; null when it is not.")
    held_until: datetime | None
    price_micros: int = Field(description="What its parts cost, in millionths of the currency's unit.")
    price_currency: str
    device: str = Field(description="Of the first click by a person: phone, tablet or computer; empty: not known.")
    os: str
    produced_at: datetime
    submitted_at: datetime | None
    receipt_at: datetime | None
    clicked_at: datetime | None
    engaged_at: datetime | None = Field(description="When somebody first did something on the page behind its link.")
    redeemed_at: datetime | None
    paid_at: datetime | None = Field(description="When what it asked for was paid.")
    replied_at: datetime | None
    opted_out_at: datetime | None
    window_ends_at: datetime | None = Field(description="What its recipient does after that is counted as late.")

    @classmethod
    def of(cls, row: MessageRow, shown: Shown) -> Self:
        held = row.state == "held"
        return cls(
            number=row.number if shown.numbers else None,
            code=display(row.code) if row.code and shown.codes else None,
            held_reason=row.held_reason if held else None,
            held_until=row.held_until if held else None,
            **{name: getattr(row, name) for name in _SAME},
        )


_SAME = tuple(set(MessageAnswer.model_fields) - {"number", "code", "held_reason", "held_until"})
"""The fields that are told as they are."""


class MessagesAnswer(Answer):
    stage: str
    total: int = Field(description="The figure that these messages stand behind.")
    messages: tuple[MessageAnswer, ...]
    next_after: int | None = Field(description="Send it as `after` for the next page; null on the last.")

    @classmethod
    def of(cls, stage: str, page: MessagePage, shown: Shown) -> Self:
        messages = tuple(MessageAnswer.of(row, shown) for row in page.rows)
        return cls(stage=stage, total=page.total, messages=messages, next_after=page.next_after)


class OccurrenceAnswer(Answer):
    id: str = Field(description="The redemption, the payment, or the visit's place in the spool.")
    n: int | None = Field(description="The message; null for a visit that names nobody.")
    number: str | None = Field(description="The recipient's; null unless the key has the scope contacts:read.")
    verdict: str | None = Field(description="Of a visit: human, suspect or machine; null otherwise.")
    reason: str | None = Field(description="Why, if anything but a person's way speaks for it; null otherwise.")
    device: str | None
    os: str | None
    amount: MoneyAnswer | None = Field(description="Of a redemption, a return, a void or a payment; null for a visit.")
    occurred_at: datetime

    @classmethod
    def of(cls, row: OccurrenceRow, shown: Shown) -> Self:
        visited = bool(row.verdict)
        return cls(
            id=row.id,
            n=row.n,
            number=row.number if shown.numbers else None,
            verdict=row.verdict if visited else None,
            reason=row.reason if visited else None,
            device=row.device if visited else None,
            os=row.os if visited else None,
            amount=None if visited else MoneyAnswer.of(Money(row.amount_minor, row.currency)),
            occurred_at=row.occurred_at,
        )


class OccurrencesAnswer(Answer):
    stage: str
    total: int = Field(description="The figure that these stand behind.")
    occurrences: tuple[OccurrenceAnswer, ...]
    next_after: str | None = Field(description="Send it as `after` for the next page; null on the last.")

    @classmethod
    def of(cls, stage: str, page: OccurrencePage, shown: Shown) -> Self:
        rows = tuple(OccurrenceAnswer.of(row, shown) for row in page.rows)
        return cls(stage=stage, total=page.total, occurrences=rows, next_after=page.next_after)


def _shown(caller: Caller) -> Shown:
    return Shown(numbers="contacts:read" in caller.scopes, codes="codes:validate" in caller.scopes)


def read_campaign_messages(call: Call[None, MessagesQuery]) -> MessagesAnswer:
    query, behind = call.query, MessageFilter.parse(call.query.told())
    with reading(call.engine) as session:
        page = list_messages(session, call.workspace_id, call.ids["campaign_id"], behind, query.after, query.limit)
    return MessagesAnswer.of(behind.stage, page, _shown(call.caller))


def read_campaign_occurrences(call: Call[None, OccurrencesQuery]) -> OccurrencesAnswer:
    query, behind = call.query, OccurrenceFilter.parse(call.query.told())
    with reading(call.engine) as session:
        page = list_occurrences(session, call.workspace_id, call.ids["campaign_id"], behind, query.after, query.limit)
    return OccurrencesAnswer.of(behind.stage, page, _shown(call.caller))


def _download(call: Call[None, Any], format: Format, sheet: Sheet) -> Download:
    with reading(call.engine) as session:
        find_campaign(session, call.workspace_id, call.ids["campaign_id"])
    name = f"{sheet.name}-{format_id('campaign', call.ids['campaign_id'])}-{sheet.stage}.{format}"
    return Download(name, MEDIA_TYPES[format], write_file(call.engine, sheet, format))


def _messages_as(format: Format) -> Callable[[Call[None, MessagesBehind]], Download]:
    def download(call: Call[None, MessagesBehind]) -> Download:
        behind, campaign_id = MessageFilter.parse(call.query.told()), call.ids["campaign_id"]
        with reading(call.engine) as session:
            zone = zone_of(session, call.workspace_id)
        return _download(call, format, message_sheet(campaign_id, behind, zone, _shown(call.caller)))

    return download


def _occurrences_as(format: Format) -> Callable[[Call[None, OccurrencesBehind]], Download]:
    def download(call: Call[None, OccurrencesBehind]) -> Download:
        behind, campaign_id = OccurrenceFilter.parse(call.query.told()), call.ids["campaign_id"]
        with reading(call.engine) as session:
            zone = zone_of(session, call.workspace_id)
        return _download(call, format, occurrence_sheet(campaign_id, behind, zone, _shown(call.caller)))

    return download


_ROWS_OF_A_FILE = (
    "All of them in the order of the list; times are those of the workspace's zone, which the headings name. Cells that a "
    "spreadsheet would run as a formula are none. A file that cannot be finished breaks off: the connection ends before it."
)


def _files(
    what: str, summary: str, query: type[FilterQuery], make: Callable[[Format], Callable[..., Download]]
) -> tuple[Operation, ...]:
    formats: tuple[Format, ...] = ("csv", "xlsx")
    return tuple(
        Operation(
            method="GET",
            path=f"/v1/campaigns/{{campaign_id}}/{what}.{format}",
            name=f"download_campaign_{what}_{format}",
            summary=f"{summary} as {format.upper()}",
            description=_ROWS_OF_A_FILE,
            tag="campaigns",
            scope="campaigns:read",
            handler=make(format),
            query=query,
            answer=None,
            media_type=MEDIA_TYPES[format].partition(";")[0],
            failures=(NOT_FOUND, *_FILTER_FAILURES),
        )
        for format in formats
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/campaigns/{campaign_id}/messages",
        name="read_campaign_messages",
        summary="List the messages behind a figure",
        description="In the order of n: exactly the messages that the figure counts. The filter is that of any figure: a "
        "stage without others, a value that messages have in common, when they were submitted, when they got to the stage.",
        tag="campaigns",
        scope="campaigns:read",
        handler=read_campaign_messages,
        query=MessagesQuery,
        answer=MessagesAnswer,
        failures=(NOT_FOUND, *_FILTER_FAILURES),
    ),
    Operation(
        method="GET",
        path="/v1/campaigns/{campaign_id}/occurrences",
        name="read_campaign_occurrences",
        summary="List the visits, redemptions or payments behind a figure",
        description="What may happen several times a message, in a fixed order that is not that of time: exactly what the "
        f"figure counts. Visits: {', '.join(VISITS)}; their `by` may be `reason`. With an amount: {', '.join(PAID)}.",
        tag="campaigns",
        scope="campaigns:read",
        handler=read_campaign_occurrences,
        query=OccurrencesQuery,
        answer=OccurrencesAnswer,
        failures=(NOT_FOUND, *_FILTER_FAILURES),
    ),
    *_files("messages", "Download the messages behind a figure", MessagesBehind, _messages_as),
    *_files("occurrences", "Download the occurrences behind a figure", OccurrencesBehind, _occurrences_as),
)
