"""A campaign's funnel as text: a table for a terminal, or a CSV file with a figure a line. For `ricochet report`."""

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from linksvc.api.operations.funnels import FunnelAnswer, RowAnswer
from linksvc.api.payloads import MoneyAnswer
from linksvc.api.report_shapes import BoundsAnswer, RateAnswer
from linksvc.csv_files import neutralise
from linksvc.money import exponent_of, in_minor_units

WIDTH = 120
_SHOWN = ("submitted", "delivered", "reached", "clicked", "redeemed", "replied", "opted_out")
"""Of a breakdown on a terminal; the other formats have all of it."""


def as_csv(answer: FunnelAnswer) -> bytes:
    """UTF-8 with a mark, for Excel. Of a breakdown each value has its own lines; `by` is empty for the whole. Amounts stand
    in units of their currency."""
    piece = io.StringIO()
    lines = csv.writer(piece)
    lines.writerow(("by", "value", "label", "figure", "count", "amount", "currency"))
    for figure in _figures(answer):
        lines.writerow(("", "", "", *figure))
    if answer.breakdown:
        for row in answer.breakdown.rows:
            for figure in _figures(row):
                lines.writerow((answer.breakdown.by, neutralise(row.value), neutralise(row.label), *figure))
    return b"\xef\xbb\xbf" + piece.getvalue().encode()


def _figures(told: FunnelAnswer | RowAnswer) -> Iterator[tuple[str, str, str, str]]:
    for name, count in (*told.stages.items(), *told.occurrences.items()):
        yield name, str(count), "", ""
    yield "fragments", str(told.fragments), "", ""
    for name, sums in (("revenue", told.revenue), ("taken_back", told.taken_back)):
        for money in sums:
            yield name, "", _units(money), money.currency
    for cost in told.cost:
        yield "cost", "", f"{cost.micros / 1_000_000:.6f}", cost.currency


def _units(money: MoneyAnswer) -> str:
    exponent = exponent_of(money.currency)
    return f"{money.amount / 10**exponent:.{exponent}f}"


def as_table(answer: FunnelAnswer, zone: ZoneInfo) -> bytes:
    """In no colours, so that it can be kept as a file too. Times are those of `zone`, the workspace's, which is named."""
    text = io.StringIO()
    console = Console(file=text, width=WIDTH, no_color=True, highlight=False, emoji=False, markup=False)
    console.print(f"{answer.campaign_id} {answer.name}: {answer.state}")
    console.print(_standing(answer, zone))
    if answer.cohort:
        console.print(_cohort(answer.cohort, zone))
    if answer.stages["submitted"] and not answer.stages["delivered"]:
        console.print(f"No message is confirmed as delivered: 0 of {answer.stages['submitted']:,} submitted.")
    console.print(_funnel(answer))
    if answer.click_bounds and answer.click_bounds.suspects:
        console.print(_bounds(answer.click_bounds))
    if answer.breakdown:
        console.print(_breakdown(answer.breakdown.by, answer.breakdown.rows))
    if answer.pending_facts:
        console.print(f"{answer.pending_facts:,} facts are not in these figures yet.")
    return text.getvalue().encode()


def _standing(answer: FunnelAnswer, zone: ZoneInfo) -> str:
    if not answer.provisional:
        return "The figures are final."
    until = f" until {_time(answer.provisional_until, zone)}" if answer.provisional_until else ""
    return f"The figures are provisional{until}."


def _cohort(cohort: Mapping[str, datetime | None], zone: ZoneInfo) -> str:
    bounds = (f"{word} {_time(moment, zone)}" for word, moment in cohort.items() if moment)
    return f"Of messages submitted {' '.join(bounds)}."


def _time(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})"


def _bounds(bounds: BoundsAnswer) -> str:
    """The click rate with all suspects in, as the page tells it beside the one with all of them out."""
    share = bounds.suspects_in
    of, low_high = f"{share.numerator:,} of {share.denominator:,}", _rate(share)
    who = (
        "the 1 suspect left out; with it in"
        if bounds.suspects == 1
        else (f"all {bounds.suspects:,} suspects left out; with all of them in")
    )
    return f"clicked: with {who}: {low_high[1]} ({low_high[2]}), {of}."


def _funnel(answer: FunnelAnswer) -> Table:
    table = Table("figure", show_edge=False)
    for heading in ("count", "of", "share", "95 %"):
        table.add_column(heading, justify="right")
    for name, count in (*answer.stages.items(), *answer.occurrences.items()):
        if count or name == "produced":
            table.add_row(name.replace("_", " "), f"{count:,}", *_rate(answer.rates.get(name)))
    for money in answer.net_revenue:
        table.add_row("net revenue", f"{_units(money)} {money.currency}", "", "", "")
    for cost in answer.cost:
        minor = Decimal(in_minor_units(cost.micros, cost.currency)).scaleb(-exponent_of(cost.currency))
        table.add_row("cost", f"{minor:,f} {cost.currency}", "", "", "")
    return table


def _rate(rate: RateAnswer | None) -> tuple[str, str, str]:
    """What it is a share of, the share, and its interval."""
    if rate is None or rate.rate is None:
        return "", "", ""
    interval = f"{rate.interval.low:.1%} - {rate.interval.high:.1%}" if rate.interval else ""
    return f"{rate.denominator:,} {rate.of}", f"{rate.rate:.1%}", interval


def _breakdown(by: str, rows: tuple[RowAnswer, ...]) -> Table:
    table = Table(by, show_edge=False)
    for stage in _SHOWN:
        table.add_column(stage.replace("_", " "), justify="right")
    table.add_column("net revenue", justify="right")
    for row in rows:
        table.add_row(row.label or "-", *(f"{row.stages[stage]:,}" for stage in _SHOWN), _net(row))
    return table


def _net(row: RowAnswer) -> str:
    back = {money.currency: money.amount for money in row.taken_back}
    sums = (MoneyAnswer(amount=one.amount - back.get(one.currency, 0), currency=one.currency) for one in row.revenue)
    return ", ".join(f"{_units(one)} {one.currency}" for one in sums)
