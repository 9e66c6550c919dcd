"""One row of a contact file, read: who it is, what they consented to, or why it cannot be sent to. For `contact_import`.

What a known column holds and cannot be understood (a zone that does not exist, a date that is none) is not lost: it stays
among the contact's other fields under the column's own name. What cannot be seen, or turns the direction of reading, is left
out of every cell.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from functools import lru_cache

from babel import Locale

from linksvc.contact_columns import Columns, normalise
from linksvc.contact_directory import Arrival, Grant
from linksvc.csv_files import CsvRow
from linksvc.languages import read_language
from linksvc.phone_numbers import COUNTRIES, NumberFault, parse_mobile
from linksvc.unseen_characters import seen, seen_line
from linksvc.zone_names import zone_named

MAX_CHARACTERS = 200
"""Of a name, a city, an external id; what is longer is kept as another field, and is no name."""

_YES = frozenset({"oui", "yes", "y", "x", "1", "true", "vrai"})
_MONTH_FIRST = frozenset({"US"})
_COUNTRY_ALIASES = {"uk": "GB", "england": "GB", "angleterre": "GB", "usa": "US", "etats unis d amerique": "US"}


@dataclass(frozen=True)
class RowReader:
    """Reads rows of one file. `zone` is the workspace's: a date without a time begins there."""

    columns: Columns
    header: tuple[str, ...]
    country: str
    consent_source: str
    zone: tzinfo
    imported_at: datetime
    tracking_consent: bool

    def read(self, row: CsvRow) -> Arrival | NumberFault:
        """The person the row is about, or the reason why it is none."""
        country = country_code(self._cell(row, "country")) or self.country
        number = parse_mobile(self._cell(row, "phone"), country)
        if isinstance(number, NumberFault):
            return number
        details, others = self._details(row, country)
        return Arrival(
            number=number.e164,
            country=number.country,
            external_id=details.pop("external_id", ""),
            details=details,
            fields=others,
            marketing=self._marketing(row, country, others),
            tracking=Grant(self.consent_source, self.imported_at) if self.tracking_consent else None,
        )

    def _cell(self, row: CsvRow, name: str) -> str:
        index = self.columns.known.get(name)
        return "" if index is None else seen_line(row.cells[index])

    def _details(self, row: CsvRow, country: str) -> tuple[dict[str, str], dict[str, str]]:
        details: dict[str, str] = {}
        others = {name: cell for index, name in self.columns.others.items() if (cell := seen(row.cells[index]).strip())}
        for name, reader in _READERS.items():
            if cell := self._cell(row, name):
                if value := reader(cell, country):
                    details[name] = value
                else:
                    others[self.header[self.columns.known[name]]] = cell
        return details, others

    def _marketing(self, row: CsvRow, country: str, others: dict[str, str]) -> Grant | None:
        if self._cell(row, "consent").casefold() not in _YES:
            return None
        source = self._cell(row, "source")[:MAX_CHARACTERS] or self.consent_source
        written = self._cell(row, "consent_at")
        moment = read_moment(written, country, self.zone)
        if written and moment is None:
            others[self.header[self.columns.known["consent_at"]]] = written
        # A consent cannot come after the file that tells of it.
        return Grant(source, min(moment or self.imported_at, self.imported_at))


@lru_cache(maxsize=1_000)
def country_code(written: str) -> str:
    """The ISO 3166 code of a country written as a code or by its French or English name; empty when unknown."""
    return _country_codes().get(normalise(written), "") if written else ""


def read_day(written: str, country: str) -> date | None:
    """A day written 2026-01-15, 15/01/2026, 15.1.2026 or, from the United States, 1/15/2026."""
    if match := re.match(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$", written):
        year, month, day = map(int, match.groups())
    elif match := re.match(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$", written):
        day, month, year = map(int, match.groups())
        if country in _MONTH_FIRST:
            day, month = month, day
    else:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


@lru_cache(maxsize=10_000)
def read_moment(written: str, country: str, zone: tzinfo) -> datetime | None:
    """A day, or an ISO 8601 time; in UTC. A day begins, and a time without a zone is meant, in `zone`."""
    try:
        day = read_day(written, country)
        moment = datetime.combine(day, time()) if day else datetime.fromisoformat(written)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=1)
def _country_codes() -> dict[str, str]:
    codes = {code.casefold(): code for code in COUNTRIES} | _COUNTRY_ALIASES
    for language in ("en", "fr"):
        for code, name in Locale(language).territories.items():
            if code in COUNTRIES:
                codes.setdefault(normalise(name), code)
    return codes


@lru_cache(maxsize=1_000)
def _zone_name(written: str, _country: str) -> str:
    zone = zone_named(written)
    return zone.key if zone else ""


@lru_cache(maxsize=1_000)
def _language(written: str, _country: str) -> str:
    return read_language(written)


def _short(written: str, _country: str) -> str:
    return written if len(written) <= MAX_CHARACTERS else ""


def _birthday(written: str, country: str) -> str:
    day = read_day(written, country)
    return day.isoformat() if day else ""


_READERS: Mapping[str, Callable[[str, str], str]] = {
    "first_name": _short,
    "last_name": _short,
    "city": _short,
    "external_id": _short,
    "timezone": _zone_name,
    "language": _language,
    "birthday": _birthday,
}
"""How the cell of each known column becomes a value; empty when it cannot."""
