"""Lists of promo codes as shops keep them: a CSV file, or one code a line. For `linksvc.code_import`.

A code may have any form. It is stored as it is compared, and kept as it is written where that reads differently, so that
nobody gets NOEL25 as N0E125 in a message.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from linksvc.code_worth import TYPED_MOST
from linksvc.contact_columns import normalise as normalise_name
from linksvc.csv_files import CsvFile, CsvRow, open_csv
from linksvc.errors import InvalidRequest, TooLarge
from linksvc.promo_codes import display, normalise

LEAST_CHARACTERS = 3
"""Of a code, as it is compared: fewer are guessed at once."""

CODES_MOST = 1_000_000
"""In one list."""

_NAMES = (
    "code, codes, promo code, promo codes, promocode, code promo, codes promo, code promotionnel, code de reduction, "
    "code reduction, code avantage, coupon, coupons, coupon code, code coupon, voucher, vouchers, voucher code, "
    "discount code, gift code, bon, code bon, numero de bon"
)
"""What its column may be called, without case, accents and punctuation."""

_KNOWN = frozenset(_NAMES.split(", "))


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that cannot be taken. `reason`: no_code, too_short, too_long, twice, or clash."""

    line: int
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class CodeList:
    """The codes of a file, normalised, each with its line; how they are written where that differs from how they would be
    shown; and the lines that hold none."""

    rows: int
    lines: dict[str, int] = field(repr=False)
    written: dict[str, str] = field(repr=False)
    faults: tuple[Fault, ...]


def read_list(data: bytes, *, header: bool) -> CodeList:
    """The list, read to its end; without a header it has one column.

    Raises InvalidRequest (`no_code_column`, `header_found`, and those of `linksvc.csv_files.open_csv`), TooLarge
    (`list_too_long`).
    """
    file = open_csv(data, _recognise, () if header else ("code",))
    column = _column(file)
    lines: dict[str, int] = {}
    written: dict[str, str] = {}
    faults: list[Fault] = []
    count = 0
    for count, row in enumerate(_bounded(file), 1):
        cell = " ".join(row.cells[column].split())
        if count == 1 and not header and normalise_name(cell) in _KNOWN:
            raise InvalidRequest(f"The first line, “{cell}”, is a header, and none was to be there.", code="header_found")
        code = normalise(cell)
        if fault := _fault(row.line, cell, code, lines.get(code)):
            faults.append(fault)
            continue
        lines[code] = row.line
        if cell != display(code) and cell.isprintable():
            written[code] = cell
    return CodeList(count, lines, written, tuple(faults))


def check_form(cell: str, code: str) -> tuple[str, str] | None:
    """Why a code (as it is written, and normalised) can be none: the reason and words; None if it can be one."""
    if not code:
        return "no_code", "There is no code here."
    if len(code) < LEAST_CHARACTERS:
        return "too_short", f"A code has at least {LEAST_CHARACTERS} letters or digits."
    if max(len(code), len(cell)) > TYPED_MOST:
        return "too_long", f"A code has at most {TYPED_MOST} characters."
    return None


def _fault(line: int, cell: str, code: str, seen: int | None) -> Fault | None:
    if wrong := check_form(cell, code):
        return Fault(line, *wrong)
    if seen is not None:
        return Fault(line, "twice", f"The code stands on line {seen:,} already; O and 0, and I, L and 1, are the same.")
    return None


def _bounded(file: CsvFile) -> Iterator[CsvRow]:
    for count, row in enumerate(file.rows()):
        if count == CODES_MOST:
            raise TooLarge(f"A list has at most {CODES_MOST:,} codes. Split it into several.", code="list_too_long")
        yield row


def _recognise(header: Sequence[str]) -> int:
    return sum(normalise_name(name) in _KNOWN for name in header)


def _column(file: CsvFile) -> int:
    """Where the codes stand: the first column that is called so."""
    for index, name in enumerate(file.header):
        if normalise_name(name) in _KNOWN:
            return index
    raise InvalidRequest(
        "No column holds codes: the first line calls none “code”, “code promo”, “coupon” or alike. If the file has one "
        "column of codes and no line of names, say that it has no header.",
        code="no_code_column",
    )
