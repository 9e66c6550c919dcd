"""The picture of a chart as JSON for plotly.js. Called by every chart module.

Colours are names of static/charts.css, `var(--...)`, which static/charts.js looks up: a figure fits light and dark. No
heat map and no image: both need a `data:` address, which our policy forbids.
"""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

MAIN, GOOD, BAD, DOUBT, CALM = "var(--blue)", "var(--green)", "var(--vermilion)", "var(--orange)", "var(--grey)"
"""Okabe and Ito's colours, told apart by colour-blind eyes too. What they mean always stands in words beside them."""

FAINT = "var(--faint)"
STRONG = "var(--ink)"

CLEAR = "rgba(0,0,0,0)"


def draw(traces: Sequence[Any], **layout: Any) -> str:
    """`{"data": [...], "layout": {...}}` as JSON. Every text in it is in the reader's language already."""
    bare = {
        "template": "none",
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "showlegend": False,
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": {"size": 13},
    }
    return str(go.Figure(list(traces), layout=bare | layout).to_json())


def axis(**told: Any) -> dict[str, Any]:
    """An axis without lines but for its labels, which keep the room that they need."""
    return {"automargin": True, "showgrid": False, "zeroline": False, "showline": False, "fixedrange": True} | told


def bars(labels: Sequence[str], values: Sequence[int], texts: Sequence[str], colours: Sequence[str]) -> str:
    """Lying bars from the top down, each with its text."""
    trace = go.Bar(
        x=list(values),
        y=list(range(len(values))),
        orientation="h",
        text=list(texts),
        textposition="outside",
        cliponaxis=False,
        marker={"color": list(colours)},
        hoverinfo="skip",
    )
    # The labels stand at numbers: two bars of one name would be drawn as one.
    named = {"tickmode": "array", "tickvals": list(range(len(labels))), "ticktext": list(labels)}
    room = max([*values, 1]) * 1.3
    return draw([trace], xaxis=axis(visible=False, range=[0, room]), yaxis=axis(autorange="reversed", **named), bargap=0.25)
