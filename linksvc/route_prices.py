"""What a part costs on a route, by country and network, from a moment on. For `ricochet route price`; the sender asks when
an SMSC has accepted a part, and the price is kept with the message, whatever becomes of the list."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from sqlmodel import Session, col, select

from linksvc.csv_files import CsvRow, open_csv
from linksvc.errors import FieldError, InvalidRequest, NotFound, Problem
from linksvc.models import RoutePrice
from linksvc.money import check_currency
from linksvc.route_coverage import check_place

MICROS = 1_000_000
MOST_UNITS = 1_000
"""Units of a currency. A part that costs more is a slip of the pen."""
_COLUMNS = ("country", "network", "from", "currency", "price")


@dataclass(frozen=True, slots=True)
class Price:
    """Of one part, in millionths of the currency's unit: 38500 EUR is 3.85 cents."""

    micros: int
    currency: str

    def __str__(self) -> str:
        return f"{(Decimal(self.micros) / MICROS).normalize():f} {self.currency}"


@dataclass(frozen=True, slots=True)
class PriceLine:
    """A price and where it holds from when on; country and network empty: any."""

    price: Price
    starts_at: datetime
    country: str = ""
    network: str = ""


PriceTable = Mapping[int, Mapping[tuple[str, str], Sequence[PriceLine]]]
"""By route, then by country and network, each the oldest first."""


def set_price(session: Session, route_id: int, line: PriceLine) -> None:
    """Lets a price hold from its moment on. The same place and moment may be told again, to mend a mistake: what was sent
    keeps the price it was sent at. Raises InvalidRequest (price_invalid, currency_unknown)."""
    check_place(line.country, line.network, "price_invalid")
    check_currency(line.price.currency)
    if not 0 <= line.price.micros <= MOST_UNITS * MICROS:
        raise _invalid("price", f"An amount from 0 to {MOST_UNITS:,} for a part.")
    key = (route_id, line.country, line.network, line.starts_at)
    row = session.get(RoutePrice, key) or RoutePrice(
        route_id=route_id, country=line.country, network=line.network, starts_at=line.starts_at, currency=""
    )
    row.currency, row.price_micros = line.price.currency, line.price.micros
    session.add(row)


def remove_price(session: Session, route_id: int, country: str, network: str, starts_at: datetime) -> None:
    """Takes a line back. Raises NotFound (price_not_found)."""
    row = session.get(RoutePrice, (route_id, country, network, starts_at))
    if row is None:
        raise NotFound("There is no price of this country, network and moment.", code="price_not_found")
    session.delete(row)
    session.flush()


def import_prices(session: Session, route_id: int, data: bytes) -> int:
    """Sets every price of a CSV file with the columns country, network, from, currency, price, or none: raises
    InvalidRequest (price_invalid and those of `linksvc.csv_files`) that names the line. Returns how many."""
    file = open_csv(data, lambda header: len(_places(header)))
    places = _places(file.header)
    missing = {"currency", "price"} - places.keys()
    if missing:
        columns = ", ".join(_COLUMNS)
        message = f"The column {sorted(missing)[0]} is missing. The columns are {columns}; the first three may be left out."
        raise InvalidRequest(message, code="price_invalid")
    count = 0
    for row in file.rows():
        try:
            set_price(session, route_id, _line(row, places))
        except Problem as problem:
            raise InvalidRequest(f"Line {row.line:,}: {problem.detail}", code=problem.code, errors=problem.errors) from None
        count += 1
    return count


def prices_of(session: Session, route_id: int) -> list[PriceLine]:
    """The prices of a route, by place, each place's oldest first."""
    return [line for lines in read_prices(session).get(route_id, {}).values() for line in lines]


def read_prices(session: Session) -> PriceTable:
    """The prices of all routes."""
    table: dict[int, dict[tuple[str, str], list[PriceLine]]] = {}
    order = (col(RoutePrice.country), col(RoutePrice.network), col(RoutePrice.starts_at))
    for row in session.exec(select(RoutePrice).order_by(*order)):
        line = PriceLine(Price(row.price_micros, row.currency), row.starts_at, row.country, row.network)
        table.setdefault(row.route_id, {}).setdefault((row.country, row.network), []).append(line)
    return table


def price_of(table: PriceTable, route_id: int, country: str, network: str, at: datetime) -> Price | None:
    """What a part costs: of the most exact place of which a price has begun, the one that began last. None: not known."""
    places = table.get(route_id)
    if not places:
        return None
    for place in ((country, network), (country, ""), ("", "")):
        lines = places.get(place, ())
        begun = bisect_right(lines, at, key=lambda line: line.starts_at)
        if begun:
            return lines[begun - 1].price
    return None


def read_amount(written: str, currency: str) -> Price:
    """A price as people write it: 0.0385 or 0,0385, with up to six decimals. Raises InvalidRequest (price_invalid)."""
    try:
        amount = Decimal(written.strip().replace(",", "."))
    except InvalidOperation:
        amount = Decimal("NaN")
    micros = amount * MICROS
    if not amount.is_finite() or micros != micros.to_integral_value():
        raise _invalid("price", f"“{written}” is no price of a part; write 0.0385, with up to six decimals.")
    return Price(int(micros), currency.strip().upper())


def read_start(written: str) -> datetime:
    """From when a price holds: a day, from 00:00 UTC on, or a moment with its offset. Raises InvalidRequest."""
    try:
        if len(written) <= len("2026-11-27"):
            day = date.fromisoformat(written)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        moment = datetime.fromisoformat(written)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        message = f"“{written}” is no moment; write 2026-12-01 (from 00:00 UTC) or 2026-12-01T00:00+01:00."
        raise _invalid("from", message)
    return moment.astimezone(UTC)


ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
"""The start of a price that holds until another one begins."""


def _places(header: Iterable[str]) -> dict[str, int]:
    names = [name.strip().lower() for name in header]
    return {name: names.index(name) for name in _COLUMNS if name in names}


def _line(row: CsvRow, places: Mapping[str, int]) -> PriceLine:
    cell = {name: row.cells[place].strip() for name, place in places.items()}
    return PriceLine(
        read_amount(cell["price"], cell["currency"]),
        read_start(cell["from"]) if cell.get("from") else ALWAYS,
        cell.get("country", "").upper(),
        cell.get("network", ""),
    )


def _invalid(field: str, message: str) -> InvalidRequest:
    return InvalidRequest(f"{field}: {message}", code="price_invalid", errors=(FieldError(field, message),))
