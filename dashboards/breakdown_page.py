"""A campaign's figures by what its messages have in common, written for one reader. For `dashboards.pages.reports`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
from sqlmodel import Session

from dashboards.charts.drawing import MAIN, axis, bars, draw
from dashboards.charts.shape import Cell, Column, Row, Table
from dashboards.charts.teller import DASH, Teller
from dashboards.figures import label_of, money_texts
from dashboards.forms import Filled
from dashboards.speech import Speech
from dashboards.typed_times import TypedTimes, read_times
from linksvc.accounts import SignedIn
from linksvc.breakdown_labels import names_of
from linksvc.breakdowns import BREAKDOWNS, BreakdownRow, read_breakdown
from linksvc.cohorts import Cohort
from linksvc.funnel import Funnel, read_funnel
from linksvc.hourly_breakdowns import HourRow, hours_of
from linksvc.message_filters import MessageFilter
from linksvc.money import Money
from linksvc.proportions import Proportion
from linksvc.public_ids import format_id
from linksvc.rates import OF
from linksvc.sums import Cost
from linksvc.tallies import HOUR

DEVICE = "device"
DRAWN = 12
"""Values that the picture shows; the table holds them all."""

_COUNTS, _RATES = ("produced", "submitted"), ("delivered", "reached", "clicked", "engaged", "redeemed", "opted_out")
_OF_DEVICES = ("engaged", "redeemed")
_DEVICES = frozenset({"phone", "tablet", "computer", "other"})


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table: its figures, and which messages it is of."""

    label: str
    row: BreakdownRow
    by: str
    value: str
    cohort: Cohort | None

    def rows(self, stage: str) -> MessageFilter:
        return MessageFilter(stage, by=self.by, value=self.value, cohort=self.cohort)


@dataclass(frozen=True, slots=True)
class Choice:
    label: str
    path: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class BreakdownPage:
    name: str
    campaign_path: str
    path: str
    title: str
    lead: str
    choices: tuple[Choice, ...]
    form: Filled
    table: Table | None
    """None where there is nothing to show; `empty` says why, unless the form does."""
    empty: str
    chart: str
    chart_title: str
    height: str


def read_breakdown_page(
    session: Session, who: SignedIn, campaign_id: int, by: str, times: TypedTimes, speech: Speech
) -> BreakdownPage:
    """Raises NotFound, InvalidRequest (breakdown_unknown)."""
    zone, teller = ZoneInfo(who.timezone), Teller(campaign_id, speech)
    whole = read_funnel(session, who.workspace_id, campaign_id, times.cohort)
    breakdown = read_breakdown(session, who.workspace_id, campaign_id, by, times.cohort)
    if by == HOUR:
        lines = [_hour(hour, times.cohort, zone, speech) for hour in hours_of(breakdown, zone)]
    else:
        names = names_of(session, who.workspace_id, by)
        lines = [Line(_label(by, row.value, names, speech), row, by, row.value, times.cohort) for row in breakdown.rows]
    shown = _shown(lines, by)
    table = _table(shown, by, whole, times.cohort, who.currency, teller) if shown and not times.form.errors else None
    campaign_path = f"/campaigns/{format_id('campaign', campaign_id)}"
    return BreakdownPage(
        name=whole.name,
        campaign_path=campaign_path,
        path=f"{campaign_path}/by/{by}",
        title=speech.say(f"by.{by}"),
        lead=speech.say("by.device.lead" if by == DEVICE else "by.lead"),
        choices=_choices(campaign_path, by, times.cohort, speech),
        form=times.form,
        table=table,
        empty="" if table or times.form.errors else _empty(by, whole, speech),
        chart=_chart(shown, by, whole, speech) if table else "",
        chart_title=speech.say(f"by.chart.{_drawn(by, whole)}"),
        height="low" if len(shown) < 4 and by != HOUR else "middle",
    )


def read_several(session: Session, who: SignedIn, campaign_id: int, speech: Speech) -> tuple[BreakdownPage, ...]:
    """By variant and by segment, where the whole campaign has more than one: what its charts do not tell. For
    `dashboards.report_page`. Raises NotFound."""
    always = read_times({}, ZoneInfo(who.timezone), speech)
    pages = (read_breakdown_page(session, who, campaign_id, by, always, speech) for by in ("variant", "segment"))
    # The last row is the sum.
    return tuple(page for page in pages if page.table and len(page.table.rows) > 2)


def _hour(hour: HourRow, cohort: Cohort | None, zone: ZoneInfo, speech: Speech) -> Line:
    """An hour of which the cohort may have only a part. The hour that comes twice says which one it is."""
    since = max(hour.since, cohort.since) if cohort and cohort.since else hour.since
    until = min(hour.until, cohort.until) if cohort and cohort.until else hour.until
    local = hour.since.astimezone(zone)
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    label = speech.day_and_time(hour.since) + (f" (UTC{_offset(local)})" if twice else "")
    return Line(label, hour.row, "", "", Cohort(since, until))


def _offset(local: datetime) -> str:
    """How far a local time is off UTC: +02:00."""
    return local.isoformat()[-6:]


def _label(by: str, value: str, names: Mapping[str, str], speech: Speech) -> str:
    if not value:
        return speech.say(f"by.{by}.none")
    if by == "country":
        return speech.country(value)
    if by == DEVICE and value in _DEVICES:
        return speech.say(f"by.device.{value}")
    return names.get(value, value)


def _shown(lines: Iterable[Line], by: str) -> list[Line]:
    """Of devices those on which anybody clicked: what has none was not clicked, and says nothing of devices."""
    first = "clicked" if by == DEVICE else "produced"
    return [line for line in lines if line.row.counts[first]]


def _empty(by: str, whole: Funnel, speech: Speech) -> str:
    return speech.say("by.device.no_link" if by == DEVICE and not whole.has_link else "by.empty")


def _choices(campaign_path: str, by: str, cohort: Cohort | None, speech: Speech) -> tuple[Choice, ...]:
    """The other breakdowns of the same messages."""
    query = MessageFilter(cohort=cohort).query().removeprefix("stage=produced").lstrip("&")
    return tuple(
        Choice(speech.say(f"by.{one}"), f"{campaign_path}/by/{one}" + (f"?{query}" if query else ""), one == by)
        for one in BREAKDOWNS
    )


def _columns(by: str, whole: Funnel) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The stages that stand as counts, and those that stand as rates."""
    if by == DEVICE:
        return ("clicked",), tuple(stage for stage in _OF_DEVICES if whole.tells(stage))
    return _COUNTS, tuple(stage for stage in _RATES if whole.tells(stage))


def _table(lines: list[Line], by: str, whole: Funnel, cohort: Cohort | None, own: str, teller: Teller) -> Table:
    counts, rates = _columns(by, whole)
    speech = teller.speech
    names = [label_of(speech, stage) for stage in (*counts, *rates)]
    columns = (
        Column(speech.say(f"by.{by}.head"), is_number=False),
        *(Column(name) for name in (*names, speech.say("report.revenue"), speech.say("report.cost"))),
    )
    written = [Row(line.label, _cells(line, counts, rates, by, own, teller)) for line in lines]
    if by != DEVICE:
        total = BreakdownRow("", whole.counts, whole.revenue, whole.taken_back, whole.cost, whole.fragments)
        line = Line(speech.say("report.total"), total, "", "", cohort)
        written.append(Row(line.label, _cells(line, counts, rates, by, own, teller), is_sum=True))
    return Table(speech.say(f"by.{by}"), columns, tuple(written), is_folded=False)


def _cells(
    line: Line, counts: tuple[str, ...], rates: tuple[str, ...], by: str, own: str, teller: Teller
) -> tuple[Cell, ...]:
    def count(stage: str) -> Cell:
        return teller.count(line.row.counts[stage], line.rows(stage))

    if by == DEVICE and not line.value:
        # Among those without a device are all that nobody clicked: what came of them says nothing of devices.
        unknown = Cell(DASH, teller.say("by.device.unknown"))
        return (*map(count, counts), *(unknown for _ in (*rates, "revenue", "cost")))
    shares = (rate_cell(count(stage), count("clicked" if by == DEVICE else OF[stage]), teller) for stage in rates)
    return (
        *map(count, counts),
        *shares,
        Cell(", ".join(money_texts(teller.speech, _net(line.row), own))),
        Cell(cost_text(line.row.cost, own, teller.speech)),
    )


def rate_cell(part: Cell, whole: Cell, teller: Teller) -> Cell:
    """A rate with its interval, its numerator and its denominator; a dash where there is nothing to take a share of."""
    cell = teller.share(part, whole, with_bar=True)
    interval = Proportion(part.value or 0, whole.value or 0).interval
    if not interval:
        return cell
    text = teller.say("report.interval", share=cell.text, interval=teller.speech.interval(*interval))
    return Cell(text, parts=cell.parts, width=cell.width)


def cost_text(cost: Iterable[Cost], own: str, speech: Speech) -> str:
    """The workspace's own currency first; a dash where no price is known."""
    ordered = sorted(cost, key=lambda one: (one.currency != own, one.currency))
    return ", ".join(speech.exact_money(one.micros, one.currency) for one in ordered) or DASH


def _net(row: BreakdownRow) -> tuple[Money, ...]:
    back = {money.currency: money.amount_minor for money in row.taken_back}
    return tuple(Money(money.amount_minor - back.get(money.currency, 0), money.currency) for money in row.revenue)


def _drawn(by: str, whole: Funnel) -> str:
    """What the picture shows."""
    if by in (DEVICE, HOUR):
        return by
    return "clicked" if whole.has_link else "delivered"


def _chart(lines: list[Line], by: str, whole: Funnel, speech: Speech) -> str:
    drawn = _drawn(by, whole)
    if by == HOUR:
        trace = go.Bar(
            x=[line.label for line in lines],
            y=[line.row.counts["submitted"] for line in lines],
            marker={"color": MAIN},
            hoverinfo="skip",
        )
        return draw([trace], xaxis=axis(type="category", nticks=8), yaxis=axis(rangemode="tozero"))
    top = lines[:DRAWN]
    if by == DEVICE:
        values = [line.row.counts["clicked"] for line in top]
        return bars([line.label for line in top], values, [speech.number(value) for value in values], [MAIN] * len(top))
    shares = [Proportion(line.row.counts[drawn], line.row.counts[OF[drawn]]) for line in top]
    texts = [speech.per_cent(one.share) if one.share is not None else DASH for one in shares]
    lengths = [round((one.share or 0) * 10_000) for one in shares]
    return bars([line.label for line in top], lengths, texts, [MAIN] * len(top))
