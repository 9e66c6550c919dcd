"""The rows behind a figure as a sheet: its columns, and its rows piece by piece, however many there are. Written by
`linksvc.row_files` for the API, the pages and the command line."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlmodel import Session

from linksvc.conversions import CONVERSION, Conversion, list_conversions
from linksvc.database import reading
from linksvc.message_filters import MessageFilter
from linksvc.message_list import MessageRow, read_messages
from linksvc.models import Workspace
from linksvc.money import Money, exponent_of
from linksvc.occurrence_list import VISITS, OccurrenceFilter, OccurrenceRow, read_occurrences
from linksvc.promo_codes import display

_PIECE_ROWS = 2_000

Value = str | int | float | datetime | None

Place = str | int | None
"""The row that the next ones come after, by its name in the list."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a recipient may be told."""

    numbers: bool = True
    codes: bool = True


@dataclass(frozen=True, slots=True)
class Column:
    """`read` gives a row's value: a text, a number or a moment; None for none."""

    name: str
    read: Callable[[Any], Value]
    is_moment: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """`read` gives the next rows from a place on, the first from None, and the place behind them: None where nothing
    follows. Moments are told in `zone`."""

    name: str
    stage: str
    columns: tuple[Column, ...]
    zone: ZoneInfo
    read: Callable[[Session, Place], tuple[Sequence[Any], Place]]

    @property
    def headings(self) -> tuple[str, ...]:
        return tuple(f"{column.name} ({self.zone.key})" if column.is_moment else column.name for column in self.columns)

    def pieces(self, engine: Engine) -> Iterator[list[tuple[Value, ...]]]:
        """The rows, some at a time. Each piece is a transaction of its own: who reads slowly holds up nobody. What changes
        meanwhile is told as it is when its turn comes; no row comes twice."""
        place: Place = None
        while True:
            with reading(engine) as session:
                rows, place = self.read(session, place)
            yield [tuple(column.read(row) for column in self.columns) for row in rows]
            if place is None:
                return


def zone_of(session: Session, workspace_id: int) -> ZoneInfo:
    return ZoneInfo(session.get_one(Workspace, workspace_id).timezone)


def message_sheet(campaign_id: int, behind: MessageFilter, zone: ZoneInfo, shown: Shown) -> Sheet:
    def read(session: Session, after: Place) -> tuple[Sequence[MessageRow], Place]:
        rows = read_messages(session, campaign_id, behind, None if after is None else int(after), _PIECE_ROWS)
        return rows, rows[-1].n if len(rows) == _PIECE_ROWS else None

    return Sheet("messages", behind.stage, _message_columns(shown), zone, read)


def _message_columns(shown: Shown) -> tuple[Column, ...]:
    return (
        Column("n", lambda row: row.n),
        Column("number", lambda row: row.number if shown.numbers else None),
        *_texts("country", "network", "variant", "state"),
        Column("held_until", lambda row: row.held_until if row.state == "held" else None, is_moment=True),
        *_texts("cause", "error"),
        Column("code", lambda row: display(row.code) if shown.codes else None),
        Column("parts", lambda row: row.parts),
        Column("price", lambda row: row.price_micros / 1_000_000 if row.price_currency else None),
        *_texts("price_currency", "device", "os"),
        *(_moment(name) for name in _MOMENTS),
    )


_MOMENTS = (
    *("produced_at", "submitted_at", "receipt_at", "clicked_at", "engaged_at", "redeemed_at", "paid_at", "replied_at"),
    *("opted_out_at", "window_ends_at"),
)


def occurrence_sheet(campaign_id: int, behind: OccurrenceFilter, zone: ZoneInfo, shown: Shown) -> Sheet:
    def read(session: Session, after: Place) -> tuple[Sequence[OccurrenceRow], Place]:
        rows = read_occurrences(session, campaign_id, behind, str(after or ""), _PIECE_ROWS)
        return rows, rows[-1].id if len(rows) == _PIECE_ROWS else None

    columns = (
        *_texts("id"),
        Column("n", lambda row: row.n),
        Column("number", lambda row: row.number if shown.numbers else None),
        *(_texts("verdict", "reason", "device", "os") if behind.stage in VISITS else _AMOUNT),
        _moment("occurred_at"),
    )
    return Sheet("occurrences", behind.stage, columns, zone, read)


def conversion_sheet(workspace_id: int, campaign_id: int, zone: ZoneInfo) -> Sheet:
    """What pages claimed, newest first."""

    def read(session: Session, after: Place) -> tuple[Sequence[Conversion], Place]:
        page = list_conversions(session, workspace_id, campaign_id, str(after or ""), _PIECE_ROWS)
        return page.rows, page.next_after

    columns = (
        Column("n", lambda row: row.n),
        *_texts("number", "order_ref"),
        Column("claimed", lambda row: _in_units(row.paid) if row.paid else None),
        Column("currency", lambda row: row.paid.currency if row.paid else None),
        _moment("occurred_at"),
    )
    return Sheet("claimed", CONVERSION, columns, zone, read)


def _in_units(money: Money) -> Value:
    return float(money.amount_minor / 10 ** exponent_of(money.currency))


def _amount(row: OccurrenceRow) -> Value:
    return _in_units(Money(row.amount_minor, row.currency))


def _text(name: str) -> Column:
    return Column(name, lambda row: str(getattr(row, name)))


def _texts(*names: str) -> tuple[Column, ...]:
    return tuple(map(_text, names))


def _moment(name: str) -> Column:
    def read(row: Any) -> Value:
        moment: datetime | None = getattr(row, name)
        return moment

    return Column(name, read, is_moment=True)


_AMOUNT = (Column("amount", _amount), _text("currency"))
