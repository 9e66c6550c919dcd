"""A sheet as a CSV file, an Excel workbook or JSON, however many rows it has, in little memory. For the API, the pages and
the command line.

A CSV file is sent while its rows are read: if that fails midway, whoever sends it must end the connection and not the file.
A workbook is an archive that is only written once it is whole, so it is made in a temporary folder first.
"""

import csv
import io
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import xlsxwriter
from sqlalchemy import Engine
from xlsxwriter.format import Format as CellFormat
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from linksvc.csv_files import neutralise
from linksvc.row_sheets import Sheet, Value

Format = Literal["csv", "xlsx", "json"]
FORMATS: tuple[Format, ...] = ("csv", "xlsx", "json")

MEDIA_TYPES: Mapping[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}

SHEET_ROWS = 1_048_576
"""Excel's own limit, the headings among them."""

_READ_BYTES = 65_536
_WIDTH = 18
_MOMENT = "yyyy-mm-dd hh:mm:ss"


def write_file(engine: Engine, sheet: Sheet, format: Format) -> Iterator[bytes]:
    """The file in pieces. Errors of the database end it midway."""
    return _WRITERS[format](engine, sheet)


def _write_csv(engine: Engine, sheet: Sheet) -> Iterator[bytes]:
    """UTF-8 with a mark, for Excel; formulas neutralised; moments with the zone's offset, so that the hour that comes twice
    when clocks are put back is told apart."""
    yield b"\xef\xbb\xbf" + _lines([sheet.headings])
    for piece in sheet.pieces(engine):
        yield _lines([tuple(_written(value, sheet.zone) for value in row) for row in piece])


def _written(value: Value, zone: ZoneInfo) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(timespec="seconds")
    return neutralise(value) if isinstance(value, str) else f"{value:.10g}" if isinstance(value, float) else str(value)


def _lines(rows: list[tuple[str, ...]]) -> bytes:
    piece = io.StringIO()
    csv.writer(piece).writerows(rows)
    return piece.getvalue().encode()


def _write_xlsx(engine: Engine, sheet: Sheet) -> Iterator[bytes]:
    with tempfile.TemporaryDirectory(prefix="ricochet-export-") as folder:
        path = Path(folder) / "rows.xlsx"
        _make_workbook(engine, sheet, path)
        with path.open("rb") as made:
            while piece := made.read(_READ_BYTES):
                yield piece


def _make_workbook(engine: Engine, sheet: Sheet, path: Path) -> None:
    # Texts stay texts: what begins with = is no formula, and what looks like an address is no link.
    options = {"constant_memory": True, "tmpdir": str(path.parent), "strings_to_formulas": False, "strings_to_urls": False}
    with closing(xlsxwriter.Workbook(str(path), options)) as workbook:
        workbook.use_zip64()
        _Pages(workbook, sheet).write(engine)


def _write_json(engine: Engine, sheet: Sheet) -> Iterator[bytes]:
    """An array of objects, one a line; moments with the zone's offset."""
    names, first = [column.name for column in sheet.columns], True
    for piece in sheet.pieces(engine):
        rows = [
            json.dumps(dict(zip(names, row, strict=True)), default=_in_zone(sheet.zone), ensure_ascii=False) for row in piece
        ]
        if rows:
            yield (("[\n" if first else ",\n") + ",\n".join(rows)).encode()
            first = False
    yield b"[]\n" if first else b"\n]\n"


def _in_zone(zone: ZoneInfo) -> Callable[[Any], str]:
    return lambda moment: str(moment.astimezone(zone).isoformat(timespec="seconds"))


_WRITERS: Mapping[Format, Callable[[Engine, Sheet], Iterator[bytes]]] = {
    "csv": _write_csv,
    "xlsx": _write_xlsx,
    "json": _write_json,
}


class _Pages:
    """The worksheets of a workbook: a new one wherever the last is full."""

    def __init__(self, workbook: Workbook, sheet: Sheet) -> None:
        self._workbook, self._sheet = workbook, sheet
        self._bold: CellFormat = workbook.add_format({"bold": True})
        self._moment: CellFormat = workbook.add_format({"num_format": _MOMENT})
        self._page, self._row = self._new_page(), 1

    def write(self, engine: Engine) -> None:
        for piece in self._sheet.pieces(engine):
            for row in piece:
                if self._row == SHEET_ROWS:
                    self._page, self._row = self._new_page(), 1
                self._write_row(row)
                self._row += 1

    def _new_page(self) -> Worksheet:
        number = len(self._workbook.worksheets()) + 1
        page: Worksheet = self._workbook.add_worksheet(f"{self._sheet.name} {number}")
        page.freeze_panes(1, 0)
        page.set_column(0, len(self._sheet.columns) - 1, _WIDTH)
        for place, heading in enumerate(self._sheet.headings):
            page.write_string(0, place, heading, self._bold)
        return page

    def _write_row(self, row: tuple[Value, ...]) -> None:
        page, at = self._page, self._row
        for place, value in enumerate(row):
            if isinstance(value, datetime):
                # A workbook knows no zones: the heading tells whose clock it is.
                page.write_datetime(at, place, value.astimezone(self._sheet.zone).replace(tzinfo=None), self._moment)
            elif isinstance(value, str):
                if value:
                    page.write_string(at, place, value)
            elif value is not None:
                page.write_number(at, place, value)
