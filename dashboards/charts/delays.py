"""How long it took: the click curve since delivery, the time to redeem, the operator's time to deliver.

Each is drawn as bars, one for each step of time, with the share of all that was done by its end as a line over them. Where
all took the same step there is nothing to compare: a sentence says which.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import plotly.graph_objects as go

from dashboards.charts.drawing import MAIN, STRONG, axis, draw
from dashboards.charts.durations import end, stretch
from dashboards.charts.shape import Cell, Chart, Column, Note, Row, Table
from dashboards.charts.teller import Teller
from linksvc.delays import ANY, EDGES
from linksvc.distributions import NOT_KNOWN, Distribution, Step, distribution_of
from linksvc.message_filters import MessageFilter


@dataclass(frozen=True, slots=True)
class Delay:
    """A spread of delays: those of messages at `stage`, kept under `by`. `name` begins its texts' keys."""

    name: str
    by: str
    stage: str
    title: str
    lead: str
    empty: str
    unknown: str
    first: str


CLICKS = Delay(
    "clicks",
    "click_delay",
    "clicked",
    "charts.clicks.title",
    "charts.clicks.lead",
    "charts.clicks.empty",
    "charts.clicks.unknown",
    "charts.clicks.since",
)
REDEMPTIONS = Delay(
    "redeeming",
    "redeem_delay",
    "redeemed",
    "charts.redeeming.title",
    "charts.redeeming.lead",
    "charts.redeeming.empty",
    "charts.redeeming.unknown",
    "charts.redeeming.since",
)
RECEIPTS = Delay(
    "latency",
    "receipt_delay",
    "delivered",
    "charts.latency.title",
    "charts.latency.lead",
    "charts.latency.empty",
    "charts.latency.unknown",
    "charts.latency.since",
)


def delay_chart(delay: Delay, counted: int, spread: Mapping[tuple[str, str], int], teller: Teller) -> Chart:
    """`counted`: the messages at the delay's stage. What no step of the spread tells is told below as not known."""
    values = {value: count for (stage, value), count in spread.items() if stage == delay.stage}
    known = distribution_of(values, EDGES)
    title = teller.say(delay.title)
    unknown = teller.note(delay.unknown, counted - known.total, MessageFilter(delay.stage, by=delay.by, value=NOT_KNOWN))
    if not known.total:
        return Chart(delay.name, title, empty=teller.say(delay.empty), notes=unknown)
    return Chart(
        delay.name,
        title,
        lead=teller.say(delay.lead, count=known.total),
        figure=_figure(known, teller) if len(known.trimmed) > 1 else "",
        tables=(_table(delay, known, teller),),
        notes=(Note(_summary(known, teller)), *unknown),
    )


def _figure(known: Distribution, teller: Teller) -> str:
    steps = known.trimmed
    places = list(range(len(steps)))
    shares = [step.so_far / known.total for step in steps]
    counts = go.Bar(
        x=places,
        y=[step.count for step in steps],
        text=[teller.speech.number(step.count) if step.count else "" for step in steps],
        textposition="outside",
        cliponaxis=False,
        marker={"color": MAIN},
    )
    sums = go.Scatter(
        x=places,
        y=shares,
        yaxis="y2",
        mode="lines+markers",
        line={"color": STRONG, "width": 2, "dash": "dot"},
        marker={"color": STRONG, "size": 6},
    )
    labels = {"tickmode": "array", "tickvals": places, "ticktext": [end(step, teller) for step in steps]}
    tenths = [tenth / 10 for tenth in range(0, 11, 2)]
    shown = {"tickmode": "array", "tickvals": tenths, "ticktext": [teller.speech.per_cent(tenth) for tenth in tenths]}
    return draw(
        [counts, sums],
        bargap=0.15,
        margin={"l": 32, "r": 32, "t": 8, "b": 8},
        xaxis=axis(**labels),
        yaxis=axis(
            rangemode="tozero", title=_small(teller.say("charts.bars")), nticks=5, visible=True, showticklabels=False
        ),
        yaxis2=axis(overlaying="y", side="right", range=[0, 1.08], title=_small(teller.say("charts.line")), **shown),
    )


def _small(text: str) -> dict[str, object]:
    return {"text": text, "font": {"size": 12}}


def _table(delay: Delay, known: Distribution, teller: Teller) -> Table:
    whole = teller.count(known.total, MessageFilter(delay.stage, by=delay.by, value=ANY))
    return Table(
        caption=teller.say("charts.table"),
        columns=(
            Column(teller.say(delay.first), is_number=False),
            Column(teller.say("charts.messages")),
            Column(teller.say("charts.so_far")),
        ),
        rows=tuple(_row(delay, step, whole, teller) for step in known.trimmed),
    )


def _row(delay: Delay, step: Step, whole: Cell, teller: Teller) -> Row:
    so_far = teller.count(step.so_far, _by_then(delay, step))
    count = teller.count(step.count, MessageFilter(delay.stage, by=delay.by, value=step.value))
    return Row(stretch(step, teller), (count, teller.share(so_far, whole)))


def _by_then(delay: Delay, last: Step) -> MessageFilter:
    """What took no longer than `last`."""
    value = ANY if last.until_s is None else f"<{last.until_s}"
    return MessageFilter(delay.stage, by=delay.by, value=value)


def _summary(known: Distribution, teller: Teller) -> str:
    half, most = known.quantile(50), known.quantile(90)
    if half is None or most is None:
        return ""
    if len(known.trimmed) == 1:
        return teller.say("charts.one_step", step=stretch(half, teller))
    return teller.say("charts.quantiles", half=stretch(half, teller), most=stretch(most, teller))
