"""The months of a workspace, written for one reader. For `dashboards.pages.reports`."""

from dataclasses import dataclass

import plotly.graph_objects as go
from babel.dates import format_date

from dashboards.breakdown_page import cost_text, rate_cell
from dashboards.charts.drawing import BAD, GOOD, MAIN, axis, draw
from dashboards.charts.shape import Cell, Column, Row, Table
from dashboards.charts.teller import Teller
from dashboards.figures import money_texts
from dashboards.speech import Speech
from linksvc.rates import OF, rate_of
from linksvc.trends import MONTHS, RATES, Month, Trends

CHOICES = (6, MONTHS, 24, 36)

_DRAWN = (("clicked", MAIN), ("redeemed", GOOD), ("opted_out", BAD))
_SEPARATORS = {"fr": ",\u202f", "en": ".,"}
"""Of decimals and of thousands, for what plotly.js writes at an axis itself."""

_LIST = ("added", "consents", "opt_outs", "reachable", "submitted")


@dataclass(frozen=True, slots=True)
class Choice:
    label: str
    path: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class TrendsPage:
    """`charts`: a title and a picture each; none, and no table, where `empty` says why."""

    choices: tuple[Choice, ...]
    charts: tuple[tuple[str, str], ...]
    table: Table | None
    meanings: tuple[tuple[str, str], ...]
    zone: str
    empty: str


def make_trends_page(trends: Trends, own: str, speech: Speech) -> TrendsPage:
    is_empty = not any(month.reachable or month.contacts_added or month.sums.counts["submitted"] for month in trends.months)
    return TrendsPage(
        choices=tuple(
            Choice(speech.say("trends.months", count=many), f"/trends?months={many}", many == len(trends.months))
            for many in CHOICES
        ),
        charts=() if is_empty else _charts(trends, speech),
        table=None if is_empty else _table(trends, own, speech),
        meanings=tuple(_meanings(speech)),
        zone=speech.say("trends.zone", zone=trends.zone.key),
        empty=speech.say("trends.empty") if is_empty else "",
    )


def _meanings(speech: Speech) -> list[tuple[str, str]]:
    named = [(f"trends.{name}", f"trends.{name}.meaning") for name in (*_LIST, *RATES)]
    named += [("report.revenue", "trends.revenue.meaning"), ("report.cost", "trends.cost.meaning")]
    return [(speech.say(label), speech.say(meaning)) for label, meaning in named]


def _table(trends: Trends, own: str, speech: Speech) -> Table:
    names = [speech.say(f"trends.{name}") for name in (*_LIST, *RATES)]
    columns = (
        Column(speech.say("trends.month"), is_number=False),
        *(Column(name) for name in (*names, speech.say("report.revenue"), speech.say("report.cost"))),
    )
    rows = tuple(_row(month, own, speech) for month in reversed(trends.months))
    return Table(speech.say("trends.title"), columns, rows, is_folded=False)


def _row(month: Month, own: str, speech: Speech) -> Row:
    teller, counts = Teller(0, speech), month.sums.counts

    def plain(value: int) -> Cell:
        return Cell(speech.number(value), value=value)

    listed = (month.contacts_added, month.consents, month.opt_outs, month.reachable, counts["submitted"])
    rates = (rate_cell(plain(counts[name]), plain(counts[OF[name]]), teller) for name in RATES)
    revenue = ", ".join(money_texts(speech, month.sums.net_revenue, own))
    return Row(
        _name(month, speech),
        (*map(plain, listed), *rates, Cell(revenue), Cell(cost_text(month.sums.cost, own, speech))),
    )


def _name(month: Month, speech: Speech) -> str:
    return str(format_date(month.first_day, "MMMM y", locale="fr_FR" if speech.language == "fr" else "en_GB"))


def _charts(trends: Trends, speech: Speech) -> tuple[tuple[str, str], ...]:
    names = [_name(month, speech) for month in trends.months]
    heights = [month.reachable for month in trends.months]
    reachable = go.Bar(x=names, y=heights, marker={"color": MAIN}, hoverinfo="skip")
    lines = [
        go.Scatter(
            x=names,
            y=[_per_cent(month, name) for month in trends.months],
            name=speech.say(f"trends.{name}"),
            mode="lines+markers",
            line={"color": colour},
            hoverinfo="skip",
        )
        for name, colour in _DRAWN
    ]
    across, separators = axis(type="category", nticks=12), _SEPARATORS[speech.language]
    return (
        (
            speech.say("trends.chart.reachable"),
            draw([reachable], separators=separators, xaxis=across, yaxis=axis(rangemode="tozero", tickformat=",d")),
        ),
        (
            speech.say("trends.chart.rates"),
            draw(
                lines,
                separators=separators,
                xaxis=across,
                yaxis=axis(rangemode="tozero", ticksuffix=" %"),
                showlegend=True,
                legend={"orientation": "h", "y": 1.15},
            ),
        ),
    )


def _per_cent(month: Month, name: str) -> float | None:
    share = rate_of(month.sums.counts, name).share
    return None if share is None else round(share * 100, 2)
