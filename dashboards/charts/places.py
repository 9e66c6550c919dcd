"""Delivery and clicks by network, by country and by route: a table whose rates bear small bars, its own picture.

For `dashboards.charts.page`. Routes and countries differ in what they deliver: this is where it is seen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dashboards.charts.shape import Cell, Chart, Column, Row, Table
from dashboards.charts.teller import Teller
from linksvc.breakdowns import BreakdownRow
from linksvc.message_filters import MessageFilter

SHOWN = 12
"""Rows that stand open; the others are folded below them."""


@dataclass(frozen=True, slots=True)
class Places:
    """One breakdown and its texts."""

    by: str
    title: str
    head: str
    empty: str
    none: str


NETWORKS = Places(
    "network", "charts.networks.title", "charts.networks.head", "charts.networks.empty", "charts.networks.none"
)
COUNTRIES = Places(
    "country", "charts.countries.title", "charts.countries.head", "charts.countries.empty", "charts.countries.none"
)
ROUTES = Places("route", "charts.routes.title", "charts.routes.head", "charts.routes.empty", "charts.routes.none")


def place_chart(
    places: Places, rows: Sequence[BreakdownRow], has_link: bool, teller: Teller, label: Callable[[str], str]
) -> Chart:
    """`rows` of a breakdown; those of which nothing was submitted say nothing here. `label` names one."""
    title = teller.say(places.title)
    sent = sorted((row for row in rows if row.counts["submitted"]), key=lambda row: (-row.counts["submitted"], row.value))
    if not sent:
        return Chart(places.by, title, empty=teller.say(places.empty))
    lines = [_row(places, row, has_link, teller, label) for row in sent]
    columns = [
        Column(teller.say(places.head), is_number=False),
        Column(teller.say("charts.places.submitted")),
        Column(teller.say("charts.places.delivered")),
    ]
    columns += [Column(teller.say("charts.places.clicked"))] if has_link else []
    tables = [Table(title, tuple(columns), tuple(lines[:SHOWN]), is_folded=False)]
    if lines[SHOWN:]:
        more = teller.say("charts.places.more", count=len(lines) - SHOWN)
        tables.append(Table(more, tuple(columns), tuple(lines[SHOWN:])))
    lead = teller.say("charts.places.lead") if has_link else teller.say("charts.places.lead_without")
    return Chart(places.by, title, lead=lead, tables=tuple(tables))


def _row(places: Places, row: BreakdownRow, has_link: bool, teller: Teller, label: Callable[[str], str]) -> Row:
    def count(stage: str) -> Cell:
        return teller.count(row.counts[stage], MessageFilter(stage, by=places.by, value=row.value))

    cells = [count("submitted"), teller.share(count("delivered"), count("submitted"), with_bar=True)]
    if has_link:
        cells.append(teller.share(count("clicked"), count("seen"), with_bar=True))
    return Row(label(row.value) if row.value else teller.say(places.none), tuple(cells))
