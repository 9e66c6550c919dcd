"""The funnel as a Plotly figure: JSON that `static/charts.js` hands to plotly.js, with the colours of the theme."""

import plotly.graph_objects as go

from dashboards.figures import Step


def funnel_chart(steps: tuple[Step, ...]) -> str:
    """`{"data": [...], "layout": {...}}` as JSON. The texts are written here, so that they are in the reader's language."""
    figure = go.Figure(
        go.Funnel(
            x=[step.count.value for step in steps],
            y=[step.label for step in steps],
            text=[_text(step) for step in steps],
            textinfo="text",
            textposition="auto",
            marker={"color": "var(--bar)"},
            connector={"visible": True, "fillcolor": "var(--track)", "line": {"width": 0}},
            insidetextfont={"color": "var(--on-bar)"},
            hoverinfo="skip",
        ),
        layout={
            "template": "none",
            "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
            "yaxis": {"automargin": True},
            "xaxis": {"visible": False},
            "showlegend": False,
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
        },
    )
    return str(figure.to_json())


def _text(step: Step) -> str:
    return f"{step.count.text} · {step.of_produced}" if step.of_produced else step.count.text
