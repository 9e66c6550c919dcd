"""The rows behind a number, written for a table: messages for a stage, else visits, redemptions or payments. For
`dashboards.pages.rows`."""

from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

import phonenumbers

from dashboards.catalog import CATALOG
from dashboards.figures import label_of, meaning_of, rows_path
from dashboards.keeping import Keeping, keeping_of
from dashboards.row_words import Filter, RowWords, why_empty
from dashboards.speech import Speech
from linksvc.conversions import CONVERSION, Conversion, ConversionPage
from linksvc.funnel import Funnel
from linksvc.message_filters import MessageFilter
from linksvc.message_list import MessagePage, MessageRow
from linksvc.occurrence_list import PAID, OccurrenceFilter, OccurrencePage, OccurrenceRow
from linksvc.promo_codes import display

MANY_ROWS = 100_000
"""Of more a workbook takes longer to make than a browser or a proxy may wait."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell. `text` None is a dash, and `note` says why; else the note stands small under the text."""

    text: str | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """The same rows as a file."""

    label: str
    path: str


@dataclass(frozen=True, slots=True)
class Table:
    """A page of rows. `next_path` leads on, `first_path` back to the start; each None where there is nothing. `chosen`: what
    narrows the rows down, in words, and `all_path` leads to all of the figure; `empty`: why there are none."""

    title: str
    meaning: str
    total: str
    shown: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    first_path: str | None
    next_path: str | None
    chosen: tuple[str, ...] = ()
    all_path: str = ""
    empty: str = ""
    files: tuple[File, ...] = ()
    keeping: Keeping | None = None
    """What can be done with the people behind the number; None: nothing."""
    files_help: str = ""
    """Of very many rows: which file to take."""


def message_table(page: MessagePage, funnel: Funnel, behind: MessageFilter, after: int | None, words: RowWords) -> Table:
    """The messages behind a figure, with the moments that the campaign knows."""
    moments = tuple(moment for moment in _MOMENTS if moment not in _TOLD or funnel.tells(moment))
    next_after = "" if page.next_after is None else str(page.next_after)
    table = _table(
        funnel,
        behind,
        words,
        total=("rows.messages", page.total),
        columns=("n", "number", "state", "code", *moments),
        rows=tuple(_message_cells(row, moments, words.speech) for row in page.rows),
        is_first=after is None,
        next_after=next_after,
    )
    return replace(table, keeping=keeping_of(funnel, behind, page.total, words.speech) if page.total else None)


_MOMENTS = ("submitted", "receipt", "clicked", "engaged", "redeemed", "paid", "replied", "opted_out")

_TOLD = ("engaged", "redeemed", "paid")
"""Of them those that stand only where the campaign can have any."""

_SEEN = ("clicked", "engaged")
"""Those that are told of people who consented to tracking alone."""

_COUNTED = {
    "redemption": "rows.redemptions",
    "return": "rows.returns",
    "void": "rows.voids",
    "payment": "rows.payments",
}
"""How rows with an amount are counted."""


def occurrence_table(page: OccurrencePage, funnel: Funnel, behind: OccurrenceFilter, after: str, words: RowWords) -> Table:
    """The visits behind a figure, or the redemptions, returns, voids or payments."""
    is_paid = behind.stage in PAID
    write = _redemption_cells if is_paid else _visit_cells
    return _table(
        funnel,
        behind,
        words,
        total=(_COUNTED.get(behind.stage.removeprefix("late_"), "rows.visits"), page.total),
        columns=("time", "n", "number", "amount") if is_paid else ("time", "n", "number", "verdict", "reason"),
        rows=tuple(write(row, words.speech) for row in page.rows),
        is_first=not after,
        next_after=page.next_after or "",
    )


def conversion_table(page: ConversionPage, campaign_id: int, after: str, speech: Speech) -> Table:
    """The conversions that pages claimed. No stage of the funnel, so they have their words in the catalog."""
    path = rows_path(campaign_id, CONVERSION)
    rows = tuple(_conversion_cells(row, speech) for row in page.rows)
    return Table(
        title=speech.say("claimed.label"),
        meaning=speech.say("claimed.meaning"),
        total=speech.say("rows.conversions", count=page.total),
        shown=speech.say("rows.shown", shown=len(rows), total=page.total) if rows and page.total > len(rows) else "",
        columns=tuple(speech.say(f"rows.{column}") for column in ("time", "n", "number", "order", "claimed")),
        rows=rows,
        first_path=path if after else None,
        next_path=f"{path}&{urlencode({'after': page.next_after})}" if page.next_after else None,
        empty=speech.say("rows.empty"),
        files=_files(path, speech) if page.total else (),
    )


def _conversion_cells(row: Conversion, speech: Speech) -> tuple[Cell, ...]:
    paid = row.paid
    return (
        Cell(speech.day_and_time(row.occurred_at)),
        Cell(speech.number(row.n + 1)),
        Cell(format_number(row.number)),
        Cell(row.order_ref),
        Cell(speech.money(paid.amount_minor, paid.currency)) if paid else Cell(None, speech.say("claimed.no_amount")),
    )


def _table(
    funnel: Funnel,
    behind: Filter,
    words: RowWords,
    *,
    total: tuple[str, int],
    columns: tuple[str, ...],
    rows: tuple[tuple[Cell, ...], ...],
    is_first: bool,
    next_after: str,
) -> Table:
    speech, path, chosen = words.speech, rows_path(funnel.campaign_id, behind), words.of(behind)
    return Table(
        title=label_of(speech, behind.stage),
        meaning=meaning_of(speech, behind.stage),
        total=speech.say(total[0], count=total[1]),
        shown=speech.say("rows.shown", shown=len(rows), total=total[1]) if rows and total[1] > len(rows) else "",
        columns=tuple(speech.say(f"rows.{column}") for column in columns),
        rows=rows,
        first_path=None if is_first else path,
        next_path=f"{path}&{urlencode({'after': next_after})}" if next_after else None,
        chosen=chosen,
        all_path=rows_path(funnel.campaign_id, behind.stage) if chosen else "",
        empty="" if rows else why_empty(behind, funnel, is_first, speech),
        files=_files(path, speech) if total[1] else (),
        files_help=speech.say("rows.export.many") if total[1] > MANY_ROWS else "",
    )


def _files(path: str, speech: Speech) -> tuple[File, ...]:
    """`path` of the list, whose query is the file's too."""
    place, _, query = path.partition("?")
    return tuple(File(speech.say(f"rows.export.{format}"), f"{place}.{format}?{query}") for format in ("csv", "xlsx"))


def _message_cells(row: MessageRow, moments: tuple[str, ...], speech: Speech) -> tuple[Cell, ...]:
    unseen = "" if row.tracked else speech.say("rows.untracked")
    return (
        Cell(speech.number(row.n + 1)),
        Cell(format_number(row.number)),
        Cell(speech.say(f"message.{row.state}"), _why(row, speech)),
        Cell(display(row.code) or None, speech.say("details.no_offer") if not row.code else ""),
        *(_moment(getattr(row, f"{name}_at"), speech, unseen if name in _SEEN else "") for name in moments),
    )


def _why(row: MessageRow, speech: Speech) -> str:
    if row.state == "held" and row.held_until:
        reason = speech.say(f"hold.{row.held_reason}")
        return speech.say("rows.held", reason=reason, time=speech.day_and_time(row.held_until))
    return row.error


def _visit_cells(row: OccurrenceRow, speech: Speech) -> tuple[Cell, ...]:
    return (*_who(row, speech), Cell(speech.say(f"verdict.{row.verdict}")), _reason(row, speech))


def _reason(row: OccurrenceRow, speech: Speech) -> Cell:
    """Why the visit was judged so; a rule newer than the pages is told by its own name."""
    if not row.reason:
        return Cell(None, speech.say("rows.no_reason"))
    key = f"reason.{row.reason}"
    return Cell(speech.say(key) if key in CATALOG else row.reason)


def _redemption_cells(row: OccurrenceRow, speech: Speech) -> tuple[Cell, ...]:
    return (*_who(row, speech), Cell(speech.money(row.amount_minor, row.currency)))


def _who(row: OccurrenceRow, speech: Speech) -> tuple[Cell, Cell, Cell]:
    nobody = speech.say("rows.nobody")
    return (
        Cell(speech.day_and_time(row.occurred_at)),
        Cell(None, nobody) if row.n is None else Cell(speech.number(row.n + 1)),
        Cell(format_number(row.number)) if row.number else Cell(None, nobody),
    )


def _moment(moment: datetime | None, speech: Speech, why_not: str = "") -> Cell:
    if moment is None:
        return Cell(None, why_not or speech.say("rows.not_yet"))
    return Cell(speech.day_and_time(moment))


def format_number(number: str) -> str:
    """An E.164 number as people read it: +33 6 39 98 00 01. In full: it is the marketer's own list."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
