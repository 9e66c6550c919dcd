"""What a chart is on its way to the template: cells, tables, and a picture for plotly.js. Made by the chart modules."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell, or a figure in a sentence. `value` is the count it tells, None where it tells none; `href` leads to
    exactly so many rows. A rate has its numerator and denominator in `parts`. `width` draws a bar, as an SVG length."""

    text: str
    note: str = ""
    value: int | None = None
    href: str | None = None
    parts: tuple["Cell", "Cell"] | None = None
    width: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """`full` is what the heading is short for."""

    label: str
    is_number: bool = True
    full: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """`is_sum`: its figures are the sums of those above."""

    head: str
    cells: tuple[Cell, ...]
    note: str = ""
    is_sum: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """`is_folded`: a picture shows the same, or what it holds is further detail. `is_titled`: its caption says what the
    heading above it does not. `is_dense`: it has many narrow columns."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    is_folded: bool = True
    is_titled: bool = False
    is_dense: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence below a chart, or a figure with the words that follow it."""

    words: str
    cell: Cell | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Another look at a chart: `path` is that of the charts with it, None for the present one."""

    label: str
    path: str | None


@dataclass(frozen=True, slots=True)
class Chart:
    """`figure` is JSON for plotly.js, empty where the first table is the picture. `empty` is the sentence that stands in its
    place where there is nothing to draw. `height`: how much room the picture is kept, a class of static/charts.css."""

    name: str
    title: str
    lead: str = ""
    figure: str = ""
    height: str = "middle"
    tables: tuple[Table, ...] = ()
    notes: tuple[Note, ...] = ()
    choices: tuple[Choice, ...] = ()
    empty: str = ""
