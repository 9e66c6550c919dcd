"""What the receipts say beside what people did: a Sankey of receipt by proof.

Every submitted message flows once: from the state that its receipt gave it to the strongest sign that it arrived. What
contradicts its receipt flows to that sign too, so that picture, table and page count the same; its flow has another colour,
and its count stands in the sign's label.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import plotly.graph_objects as go

from dashboards.charts.drawing import BAD, CALM, DOUBT, FAINT, GOOD, MAIN, draw
from dashboards.charts.shape import Cell, Chart, Column, Row, Table
from dashboards.charts.teller import Teller
from linksvc.deliveries import PROVED, UNPROVED, Spread
from linksvc.message_filters import MessageFilter
from linksvc.stages import SENT

_DENIED = ("failed", "expired")
"""Receipts that a proof contradicts."""

_STATES = {
    "delivered": ("charts.proofs.delivered", MAIN),
    "failed": ("charts.proofs.failed", BAD),
    "expired": ("charts.proofs.expired", DOUBT),
    "unknown": ("charts.proofs.unknown", CALM),
    "pending": ("charts.proofs.pending", CALM),
}
_PROOFS = {
    "clicked": ("charts.proofs.clicked", GOOD),
    "redeemed": ("charts.proofs.redeemed", GOOD),
    "replied": ("charts.proofs.replied", GOOD),
    "suspect": ("charts.proofs.suspect", DOUBT),
    "machine": ("charts.proofs.machine", CALM),
    "nothing": ("charts.proofs.nothing", CALM),
    "unseen": ("charts.proofs.unseen", CALM),
}


@dataclass(frozen=True, slots=True)
class Flow:
    """Messages whose receipt put them in `state` and of which `proof` is the strongest sign."""

    state: str
    proof: str
    count: int

    @property
    def is_contradiction(self) -> bool:
        return self.state in _DENIED and self.proof in PROVED


def proof_chart(submitted: int, contradicted: int, spread: Spread, teller: Teller) -> Chart:
    """`spread`: submitted messages by (state, proof). `contradicted`: those whose receipt somebody's doing contradicts."""
    title = teller.say("charts.proofs.title")
    order = [(state, proof) for state in SENT for proof in (*PROVED, *UNPROVED)]
    flows = [Flow(state, proof, spread[state, proof]) for state, proof in order if spread.get((state, proof))]
    if not flows:
        return Chart("proofs", title, empty=teller.say("charts.proofs.empty"))
    notes = teller.note("charts.proofs.contradicted", contradicted, MessageFilter("contradicted"))
    return Chart(
        "proofs",
        title,
        lead=teller.say("charts.proofs.lead", count=submitted),
        figure=_figure(flows, teller),
        height="tall",
        tables=(_table(flows, teller),),
        notes=notes,
    )


def _figure(flows: list[Flow], teller: Teller) -> str:
    states, proofs = _sums((flow.state, flow.count) for flow in flows), _sums((flow.proof, flow.count) for flow in flows)
    denied = _sums((flow.proof, flow.count) for flow in flows if flow.is_contradiction)
    names = [f"from {state}" for state in states] + [f"to {proof}" for proof in proofs]
    place = {name: number for number, name in enumerate(names)}
    labels = [_label(_STATES[state][0], count, teller) for state, count in states.items()]
    labels += [_label(_PROOFS[proof][0], count, teller, denied.get(proof, 0)) for proof, count in proofs.items()]
    colours = [_STATES[state][1] for state in states] + [_PROOFS[proof][1] for proof in proofs]
    sankey = go.Sankey(
        arrangement="fixed",
        node={"label": labels, "color": colours, "pad": 18, "thickness": 14, "line": {"width": 0}},
        link={
            "source": [place[f"from {flow.state}"] for flow in flows],
            "target": [place[f"to {flow.proof}"] for flow in flows],
            "value": [flow.count for flow in flows],
            "color": [BAD if flow.is_contradiction else FAINT for flow in flows],
        },
        hoverinfo="skip",
    )
    return draw([sankey])


def _sums(pairs: Iterable[tuple[str, int]]) -> Mapping[str, int]:
    sums: dict[str, int] = {}
    for name, count in pairs:
        sums[name] = sums.get(name, 0) + count
    return sums


def _label(key: str, count: int, teller: Teller, denied: int = 0) -> str:
    told = f"{teller.say(key)} {teller.speech.number(count)}"
    return f"{told}, {teller.say('charts.proofs.denied', denied)}" if denied else told


def _table(flows: list[Flow], teller: Teller) -> Table:
    """States down, proofs across, sums at both edges; proofs that nobody gave are left out."""
    count = {(flow.state, flow.proof): flow for flow in flows}
    proofs = [proof for proof in _PROOFS if any(flow.proof == proof for flow in flows)]
    states = [state for state in _STATES if any(flow.state == state for flow in flows)]
    columns = [Column(teller.say("charts.proofs.receipt"), is_number=False)]
    columns += [Column(teller.say(_PROOFS[proof][0])) for proof in proofs]
    columns += [Column(teller.say("charts.sum"))]
    rows = [
        _state_row(state, [count.get((state, proof), Flow(state, proof, 0)) for proof in proofs], teller) for state in states
    ]
    return Table(teller.say("charts.table"), tuple(columns), (*rows, _sum_row(flows, proofs, teller)))


def _state_row(state: str, flows: list[Flow], teller: Teller) -> Row:
    total = teller.count(sum(flow.count for flow in flows), MessageFilter(state))
    return Row(teller.say(_STATES[state][0]), (*(_cell(flow, teller) for flow in flows), total))


def _cell(flow: Flow, teller: Teller) -> Cell:
    marked = teller.say("charts.proofs.contradiction") if flow.is_contradiction and flow.count else ""
    return teller.count(flow.count, MessageFilter(flow.state, by="proof", value=flow.proof), marked)


def _sum_row(flows: list[Flow], proofs: list[str], teller: Teller) -> Row:
    sums = _sums((flow.proof, flow.count) for flow in flows)
    cells = [teller.count(sums[proof], MessageFilter("submitted", by="proof", value=proof)) for proof in proofs]
    total = teller.count(sum(sums.values()), MessageFilter("submitted"))
    return Row(teller.say("charts.sum"), (*cells, total), is_sum=True)
