"""CSV files as people send them: any delimiter, the encodings spreadsheets write, and a clear word for what is no CSV.

Called by `linksvc.contact_import` and `linksvc.code_lists`. A file is read through once before anything is done with it, so
that a mistake on its last line is found before its first line is stored.
"""

import codecs
import csv
import io
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from linksvc.errors import InvalidRequest, TooLarge

MAX_COLUMNS = 500
MAX_CELL_CHARACTERS = 10_000

_NOT_TEXT = {
    b"PK\x03\x04": "a spreadsheet or an archive; save it as CSV first",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save it as CSV first",
    b"%PDF": "a PDF",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"RIFF": "an image or a sound",
    b"\x1f\x8b": "a compressed file",
}
_USUAL_DELIMITERS = ";,\t|"
_NEVER_DELIMITERS = frozenset(" \"'_-./()\r\n")
_PREVIEW_CHARACTERS = 65_536
_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
"""What makes a spreadsheet read a cell as a formula; the full-width forms count too (OWASP, "CSV Injection")."""


@dataclass(frozen=True, slots=True)
class CsvRow:
    """The cells of one row, as many as the header has, and the line of the file it begins on."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class CsvFile:
    """A file that can be read to its end."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    text: str = field(repr=False)
    header_lines: int = 1

    def rows(self) -> Iterator[CsvRow]:
        """The rows below the header; rows without any content are no rows. Raises InvalidRequest at a broken one."""
        reader = csv.reader(io.StringIO(self.text, newline=""), _Dialect, delimiter=self.delimiter)
        line = 1
        try:
            for cells in reader:
                if line > self.header_lines and any(map(str.strip, cells)):
                    yield CsvRow(line, self._fitted(cells, line))
                line = reader.line_num + 1
        except csv.Error as error:
            raise _broken_quotes(line) from error

    def _fitted(self, cells: list[str], line: int) -> tuple[str, ...]:
        width = len(self.header)
        if any(map(str.strip, cells[width:])):
            raise self._too_long(len(cells), line)
        if any(len(cell) > MAX_CELL_CHARACTERS for cell in cells):
            raise InvalidRequest(
                f"Line {line:,} has a cell of more than {MAX_CELL_CHARACTERS:,} characters. Most often a quote was opened "
                "and never closed.",
                code="file_broken_quotes",
            )
        return tuple(cells[:width]) + ("",) * (width - len(cells))

    def _too_long(self, cells: int, line: int) -> InvalidRequest:
        columns = "one column" if len(self.header) == 1 else f"{len(self.header)} columns"
        here = "" if self.delimiter.isspace() else f', so: "A{self.delimiter}B"'
        named = "" if self.header_lines else " If there are more columns, name them all in a first line."
        return InvalidRequest(
            f"Line {line:,} has {cells} cells, cut at “{self.delimiter}”, but the file has {columns}. Quote cells that hold "
            f"“{self.delimiter}”{here}, then upload the file again.{named}",
            code="row_too_long",
        )


def check_size(size: int, most: int) -> None:
    """Raises TooLarge (file_too_large); both in bytes."""
    if size > most:
        raise TooLarge(
            f"The file has {size / 1e6:,.1f} MB; at most {most / 1e6:,.1f} MB are taken. Split it into several files.",
            code="file_too_large",
        )


def open_csv(data: bytes, recognise: Callable[[Sequence[str]], int], names: tuple[str, ...] = ()) -> CsvFile:
    """The file, checked to its end.

    `recognise` says how many of a header's columns mean something; it tells the delimiter. `names` are the columns of a file
    that has no header. Raises InvalidRequest with the
    codes file_empty, file_not_text, file_broken_quotes, row_too_long, too_many_columns.
    """
    encoding, text = _decode(data)
    told, text, skipped = _told_delimiter(text)
    if not text.strip():
        wanted = "lines" if names else "a line of column names and lines below it"
        raise InvalidRequest(f"The file is empty: it needs {wanted}.", code="file_empty")
    blank = len(text) - len(text.lstrip("\r\n"))
    skipped += text[:blank].replace("\r\n", "\n").count("\n")
    if names:
        delimiter, header, lines = told or _first_delimiter(text[blank:]), names, 0
    else:
        delimiter = told or _find_delimiter(text[blank:], recognise)
        header, lines = _header(text[blank:], delimiter)
    if len(header) > MAX_COLUMNS:
        raise InvalidRequest(
            f"The file has {len(header):,} columns; {MAX_COLUMNS} are the most. Leave out those that are not needed.",
            code="too_many_columns",
        )
    text = "\n" * skipped + text[blank:]
    file = CsvFile(encoding, delimiter, header, text, skipped + lines)
    for _ in file.rows():
        pass
    return file


def neutralise(cell: str) -> str:
    """The cell with an apostrophe before it where a spreadsheet would run it as a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def _decode(data: bytes) -> tuple[str, str]:
    """The encoding's name and the text: UTF-8 or UTF-16 where the bytes say so, else Windows-1252."""
    for start, what in _NOT_TEXT.items():
        if data.startswith(start):
            raise _not_text(f"it is {what}")
    encoding = _encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise _not_text(f"byte {error.start:,} is no text in {encoding}") from error
        encoding, text = "cp1252", _decode_cp1252(data)
    sample = text[:_PREVIEW_CHARACTERS]
    controls = sum(map(sample.count, map(chr, (*range(1, 9), *range(14, 32)))))
    if "\0" in text or controls > len(sample) / 200:
        raise _not_text("it holds characters that no text has")
    return encoding.removesuffix("-sig"), unicodedata.normalize("NFC", text)


def _decode_cp1252(data: bytes) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError as error:
        raise _not_text(f"byte {error.start:,} is no text in UTF-8 and none in Windows-1252") from error


def _encoding(data: bytes) -> str:
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Without a mark, UTF-16 shows in the zero half of every ASCII character.
    sample = data[:4096]
    for name, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[0::2])):
        if zeros.count(0) > 0.4 * len(zeros):
            return name
    return "utf-8"


def _told_delimiter(text: str) -> tuple[str, str, int]:
    """Excel's own first line, `sep=;`: the delimiter, the text behind it, and how many lines that took."""
    first, _, rest = text.partition("\n")
    stripped = first.strip("\r\"'")
    return (stripped[4], rest, 1) if stripped.startswith("sep=") and len(stripped) == 5 else ("", text, 0)


def _find_delimiter(text: str, recognise: Callable[[Sequence[str]], int]) -> str:
    """The character that cuts the first line into most columns that mean something, then into most columns."""
    first = text[:_PREVIEW_CHARACTERS].splitlines()[0]
    others = {c for c in first if not c.isalnum()} - _NEVER_DELIMITERS - set(_USUAL_DELIMITERS)
    best, best_score = ";", (-1, -1)
    for delimiter in (*_USUAL_DELIMITERS, *sorted(others)):
        try:
            header, _ = _header(text, delimiter)
        except InvalidRequest:
            continue
        score = (recognise(header), len(header))
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _first_delimiter(text: str) -> str:
    """Of a file without a header: the first usual one on its first line."""
    first = text[:_PREVIEW_CHARACTERS].splitlines()[0]
    return next((character for character in first if character in _USUAL_DELIMITERS), ";")


def _header(text: str, delimiter: str) -> tuple[tuple[str, ...], int]:
    """The column names and how many lines they take."""
    reader = csv.reader(io.StringIO(text[:_PREVIEW_CHARACTERS], newline=""), _Dialect, delimiter=delimiter)
    try:
        cells = [" ".join(cell.split()) for cell in next(reader)]
    except csv.Error as error:
        raise _broken_quotes(1) from error
    while len(cells) > 1 and not cells[-1]:
        cells.pop()
    return tuple(cells), reader.line_num


class _Dialect(csv.excel):
    strict = True
    skipinitialspace = True


def _broken_quotes(line: int) -> InvalidRequest:
    return InvalidRequest(
        f"The row that begins on line {line:,} has a quote that is opened and not closed, or one in the middle of a quoted "
        "cell. Double the quotes inside a cell, then upload the file again.",
        code="file_broken_quotes",
    )


def _not_text(why: str) -> InvalidRequest:
    return InvalidRequest(f"The file is not a CSV file: {why}.", code="file_not_text")
