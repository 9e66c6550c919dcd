"""When people click: hours across, days of the week down, totals at both edges.

Each hour is drawn as a square whose area is its count, so that nothing is told by colour alone. Whose hours they are is for
`dashboards.charts.weeks` to say.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import plotly.graph_objects as go

from dashboards.charts.drawing import FAINT, MAIN, axis, draw
from dashboards.charts.shape import Cell, Chart, Choice, Column, Note, Row, Table
from dashboards.charts.teller import Teller
from linksvc.message_filters import MessageFilter

DAYS, HOURS = range(7), range(24)

_LARGEST = 26
"""The side of the largest square in pixels: a column's width in a narrow window."""


@dataclass(frozen=True, slots=True)
class Week:
    """Clicks by local hour of the week (0 is Monday's first). `rows` tells the rows behind some of its hours. `zone` names
    whose hours these are; `notes` what there is to know about them."""

    counts: Mapping[int, int]
    rows: Callable[[tuple[int, ...]], MessageFilter]
    lead: str
    notes: tuple[Note, ...]
    choices: tuple[Choice, ...]

    def sum(self, hours: Sequence[int]) -> int:
        return sum(self.counts.get(hour, 0) for hour in hours)


def hour_chart(week: Week, teller: Teller) -> Chart:
    title = teller.say("charts.hours.title")
    if not week.sum(_all()):
        return Chart("hours", title, empty=teller.say("charts.hours.empty"), notes=week.notes, choices=week.choices)
    return Chart(
        "hours",
        title,
        lead=week.lead,
        figure=_figure(week, teller),
        height="week",
        tables=(_table(week, teller),),
        notes=week.notes,
        choices=week.choices,
    )


def _all() -> tuple[int, ...]:
    return tuple(range(len(DAYS) * len(HOURS)))


def _of_day(day: int) -> tuple[int, ...]:
    return tuple(day * len(HOURS) + hour for hour in HOURS)


def _of_hour(hour: int) -> tuple[int, ...]:
    return tuple(day * len(HOURS) + hour for day in DAYS)


def _figure(week: Week, teller: Teller) -> str:
    days = [teller.speech.weekday(day) for day in DAYS]
    return draw(
        [_squares(week), *_edges(week, teller)],
        xaxis=axis(side="bottom", range=[-0.7, 24.9], tickmode="array", tickvals=list(HOURS[::2]), ticktext=_hours(teller)),
        yaxis=axis(range=[7.0, -1.2], tickmode="array", tickvals=list(DAYS), ticktext=days),
    )


def _hours(teller: Teller) -> list[str]:
    return [teller.say("charts.hours.hour", hour=hour) for hour in HOURS[::2]]


def _squares(week: Week) -> go.Scatter:
    filled = [hour for hour in _all() if week.counts.get(hour)]
    most = max(week.counts[hour] for hour in filled)
    sides = [max(3.0, _LARGEST * sqrt(week.counts[hour] / most)) for hour in filled]
    return go.Scatter(
        x=[hour % 24 for hour in filled],
        y=[hour // 24 for hour in filled],
        mode="markers",
        marker={"symbol": "square", "size": sides, "color": MAIN, "opacity": 1, "line": {"color": FAINT, "width": 1}},
    )


def _edges(week: Week, teller: Teller) -> tuple[go.Scatter, go.Scatter]:
    """The totals: of each day at its right end, of each hour at the top. In brief: the table has them to the last one."""
    of_days, of_hours = [week.sum(_of_day(day)) for day in DAYS], [week.sum(_of_hour(hour)) for hour in HOURS]
    return (
        go.Scatter(x=[24] * len(DAYS), y=list(DAYS), mode="text", text=[teller.speech.compact(total) for total in of_days]),
        go.Scatter(
            x=list(HOURS),
            y=[-0.9] * len(HOURS),
            mode="text",
            text=[teller.speech.compact(total) if total else "" for total in of_hours],
            textfont={"size": 10},
        ),
    )


def _table(week: Week, teller: Teller) -> Table:
    """Hours down and days across: so it fits a phone."""
    days = [Column(teller.speech.weekday(day, brief=True), full=teller.speech.weekday(day)) for day in DAYS]
    head = Column(teller.say("charts.hours.head"), is_number=False)
    rows = [_row(week, hour, teller) for hour in HOURS]
    total = Row(
        teller.say("charts.sum"),
        (*(_cell(week, _of_day(day), teller) for day in DAYS), _cell(week, _all(), teller)),
        is_sum=True,
    )
    columns = (head, *days, Column(teller.say("charts.sum")))
    return Table(teller.say("charts.table"), columns, (*rows, total), is_dense=True)


def _row(week: Week, hour: int, teller: Teller) -> Row:
    cells = [_cell(week, (day * len(HOURS) + hour,), teller) for day in DAYS]
    return Row(teller.say("charts.hours.hour", hour=hour), (*cells, _cell(week, _of_hour(hour), teller)))


def _cell(week: Week, hours: tuple[int, ...], teller: Teller) -> Cell:
    """Of several hours only those that have any are asked for: the address stays short."""
    filled = tuple(hour for hour in hours if week.counts.get(hour))
    return teller.count(week.sum(hours), week.rows(filled or hours))
