"""The funnel as a Plotly figure: JSON that `static/charts.js` hands to plotly.js, with the colours of the theme."""

from collections.abc import Sequence

import plotly.graph_objects as go

from dashboards.steps import Step
from dashboards.tiles import Tile

LEAST = 2
"""Bars that a picture has at least."""


def funnel_chart(steps: Sequence[Step], tiles: Sequence[Tile]) -> str:
    """`{"data": [...], "layout": {...}}` as JSON, the texts in the reader's language; empty where there is nothing to draw.

    The steps on the way are one trace. A branch is another, which fills up the bar of the step that it is a part of. What
    the campaign brought is no bar: it is no number of messages.
    """
    revenue = next(tile for tile in tiles if tile.name == "revenue")
    way = [step for step in steps if step.count.value and not step.is_branch]
    if len(way) < LEAST:
        return ""
    branches = {step.share.whole.stage: step for step in steps if step.is_branch and step.share}
    labels = [*(step.label for step in way), revenue.label]
    figure = go.Figure(
        [_way(way, branches), *([_branch(way, branches)] if branches else [])],
        layout={
            "template": "none",
            "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
            "funnelmode": "stack",
            "yaxis": {
                "automargin": True,
                "type": "category",
                "categoryorder": "array",
                "categoryarray": labels,
                "range": [len(labels) - 0.5, -0.5],
            },
            "xaxis": {"visible": False},
            "showlegend": False,
            "annotations": [_amounts(revenue)],
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
        },
    )
    return str(figure.to_json())


def _way(steps: Sequence[Step], branches: dict[str, Step]) -> go.Funnel:
    beside = {name: branch.count.value for name, branch in branches.items()}
    return go.Funnel(
        x=[step.count.value - beside.get(step.name, 0) for step in steps],
        y=[step.label for step in steps],
        text=[_text(step) for step in steps],
        textinfo="text",
        textposition="auto",
        marker={"color": "var(--bar)"},
        connector={"visible": True, "fillcolor": "var(--track)", "line": {"width": 0}},
        insidetextfont={"color": "var(--on-bar)"},
        hoverinfo="skip",
    )


def _branch(steps: Sequence[Step], branches: dict[str, Step]) -> go.Funnel:
    return go.Funnel(
        x=[branches[step.name].count.value for step in steps if step.name in branches],
        y=[step.label for step in steps if step.name in branches],
        marker={"color": "var(--branch)"},
        connector={"visible": False},
        textinfo="none",
        hoverinfo="skip",
    )


def _amounts(revenue: Tile) -> dict[str, object]:
    """What it brought, where its bar would stand."""
    return {"text": ", ".join(revenue.amounts), "x": 0, "y": revenue.label, "showarrow": False}


def _text(step: Step) -> str:
    return f"{step.count.text} · {step.of_produced}" if step.of_produced else step.count.text
