"""Charts as HTML fragments that need one script beside them and no network. Plotly is loaded here and nowhere else."""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import accumulate
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go  # type: ignore[import-untyped]
from numpy.typing import NDArray
from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]
from plotly.subplots import make_subplots  # type: ignore[import-untyped]

from deleverage.lab.events.model import Event, Wave
from deleverage.lab.metrics import fairness
from deleverage.lab.metrics.against import Round

SCRIPT = "plotly.min.js"
COLOURS = ("#b8382f", "#5b7aa8", "#21847a", "#c9822b", "#8a5a9c", "#6b7280", "#2f6f3e", "#a0522d", "#3b6fb6", "#99753a")
DASHES = ("solid", "dash", "dot", "dashdot")
_GREY = "#7d8590"  # reads on light and on dark paper
_CONFIG = {"displayModeBar": False, "displaylogo": False, "plotlyServerURL": "", "responsive": True}
MOST_BARS = 25
_LONGEST = 18


def write_script(folder: Path) -> None:
    """Write the one script that all pages share."""
    (folder / SCRIPT).write_text(get_plotlyjs(), "utf-8")


def waterfall(body: dict[str, Any]) -> str:
    """Return what losers lacked, what of it was needed at the marks, and what was taken instead."""
    row = body["horizons"][0]
    steps: list[tuple[str, str, float]] = []
    if row["deficit_usd"] is not None:
        steps.append(("losers' deficit D", "absolute", row["deficit_usd"]))
        steps.append(("not needed at the marks", "relative", row["needed_usd"] - row["deficit_usd"]))
    steps.append(("needed B", "total" if steps else "absolute", row["needed_usd"]))
    steps.append(("taken too little", "relative", -row["under_usd"]))
    steps.append(("taken too much", "relative", row["over_usd"]))
    steps.append(("taken H", "total", row["taken_usd"]))
    names, measures, values = zip(*steps, strict=True)
    bars = go.Waterfall(
        x=names,
        measure=measures,
        y=[value if measure != "total" else 0 for measure, value in zip(measures, values, strict=True)],
        text=[
            f"{value / 1e6:+,.2f} M" if kind == "relative" else f"{value / 1e6:,.2f} M"
            for kind, value in zip(measures, values, strict=True)
        ],
        textposition="outside",
        cliponaxis=False,
        increasing={"marker": {"color": COLOURS[0]}},
        decreasing={"marker": {"color": COLOURS[2]}},
        totals={"marker": {"color": COLOURS[1]}},
        connector={"line": {"color": _GREY, "width": 1}},
    )
    return _html(go.Figure(bars), "waterfall", "USD", height=430)


def waves(event: Event) -> str:
    """Return deficit, needed and taken of each wave, on a scale of powers of ten."""
    figure = go.Figure()
    first = min((horizon for wave in event.waves for horizon in wave.taken_usd), default=None)
    columns: list[tuple[str, list[float]]] = [
        ("deficit D, equity-USD", [wave.deficit_usd for wave in event.waves]),
        ("needed B, profit-USD", [wave.needed_usd for wave in event.waves]),
    ]
    if first is not None:
        taken = [wave.taken_usd.get(first, float("nan")) for wave in event.waves]
        columns.append((f"taken H at {first} ms, profit-USD", taken))
    names = [_named(wave) for wave in event.waves]
    for at, (name, values) in enumerate(columns):
        heights = [None if isnan(value) or value <= 0 else value for value in values]
        figure.add_bar(x=names, y=heights, name=name, marker_color=COLOURS[at])
    figure.update_yaxes(type="log", dtick=1)
    figure.update_xaxes(tickangle=0)
    return _html(figure, "waves", "USD, powers of ten", height=430)


def horizons(body: dict[str, Any]) -> str:
    """Return over and under at each horizon, apart, and their net."""
    rows = body["horizons"]
    names = [f"{row['horizon_ms']} ms" for row in rows]
    figure = go.Figure()
    figure.add_bar(x=names, y=[row["over_usd"] for row in rows], name="over", marker_color=COLOURS[0])
    figure.add_bar(x=names, y=[-row["under_usd"] for row in rows], name="under", marker_color=COLOURS[1])
    net = [row["net_usd"] for row in rows]
    figure.add_scatter(x=names, y=net, name="net, as published", mode="lines+markers", line={"color": _GREY})
    figure.update_layout(barmode="relative")
    return _html(figure, "horizons", "profit-USD", height=380)


def cumulative(by_policy: dict[str, list[Round]]) -> str:
    """Return over- and under-collection added up over the waves, a line a policy, the two apart."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.08)
    for at, (policy, rows) in enumerate(by_policy.items()):
        rows = [row for row in rows if not isnan(row.taken - row.needed)]
        names = [f"{row.wave}" for row in rows]
        for place, sign in ((1, 1.0), (2, -1.0)):
            parts = [max(0.0, sign * (row.taken - row.needed)) for row in rows]
            style = {"color": COLOURS[at % len(COLOURS)], "shape": "hv"}
            figure.add_scatter(
                x=names,
                y=list(accumulate(parts)),
                name=escape(policy),
                legendgroup=policy,
                showlegend=place == 1,
                mode="lines+markers",
                line=style,
                row=place,
                col=1,
            )
    figure.update_xaxes(type="category")
    figure.update_xaxes(title_text="wave", row=2, col=1)
    figure.update_yaxes(title_text="over, profit-USD", row=1, col=1)
    figure.update_yaxes(title_text="under, profit-USD", row=2, col=1)
    return _html(figure, "cumulative", "", height=560)


def lorenz(vectors: Iterable[tuple[str, Sequence[float]]]) -> str:
    """Return Lorenz curves: the share of the whole that the smallest part of all has; with each one's Gini."""
    figure = go.Figure()
    even = [0, 1]
    figure.add_scatter(x=even, y=even, name="all alike", mode="lines", line={"color": _GREY, "dash": "dot"})
    for at, (name, values) in enumerate(vectors):
        x, y, gini = lorenz_curve(np.asarray(values, np.float64))
        line = {"color": COLOURS[at % len(COLOURS)]}
        figure.add_scatter(x=x, y=y, name=f"{escape(name)} (Gini {gini:.3f})", mode="lines", line=line)
    figure.update_xaxes(title_text="share of all, smallest first", range=[0, 1], tickformat=".0%")
    figure.update_yaxes(range=[0, 1], tickformat=".0%")
    return _html(figure, "lorenz", "share of the whole", height=480)


def curves(at: Sequence[float], found: Iterable[tuple[str, Sequence[float]]]) -> str:
    """Return Lorenz curves that were computed elsewhere, at the same shares of all."""
    figure = go.Figure()
    figure.add_scatter(x=[0, 1], y=[0, 1], name="all alike", mode="lines", line={"color": _GREY, "dash": "dot"})
    for place, (name, heights) in enumerate(found):
        style = {"color": COLOURS[place % len(COLOURS)], "dash": DASHES[place // len(COLOURS) % len(DASHES)]}
        figure.add_scatter(x=list(at), y=list(heights), name=escape(name), mode="lines", line=style)
    figure.update_xaxes(title_text="share of all winners, smallest first", range=[0, 1], tickformat=".0%")
    figure.update_yaxes(range=[0, 1], tickformat=".0%")
    return _html(figure, "curves", "share of what is taken", height=640, beside=True)


def lorenz_curve(values: NDArray[np.float64], points: int = 400) -> tuple[list[float], list[float], float]:
    """Return a curve of at most so many points, and the Gini of the whole population; amounts >= 0, not all 0."""
    known = values[~np.isnan(values)]
    places = np.unique(np.linspace(0, len(known), min(points, len(known) + 1)).astype(np.int64))
    shares = tuple((places / len(known)).tolist())
    return list(shares), fairness.lorenz(known, shares) or [], fairness.gini(known) or 0.0


def bars(rows: Sequence[tuple[str, float]], name: str, unit: str) -> str:
    """Return the largest of named amounts as bars, the largest on top."""
    top = sorted(rows, key=lambda row: -row[1])[:MOST_BARS][::-1]
    chart = go.Bar(
        x=[amount for _, amount in top], y=[escape(label) for label, _ in top], orientation="h", marker_color=COLOURS[3]
    )
    figure = go.Figure(chart)
    names = [label for label, _ in top]
    figure.update_yaxes(type="category", tickmode="array")
    figure.update_yaxes(tickvals=[escape(name) for name in names], ticktext=[_short(name) for name in names])
    return _html(figure, name, "", height=120 + 20 * len(top), below=unit)


def _named(wave: Wave) -> str:
    return f"{wave.number}<br>{(wave.end_ms - wave.start_ms) / 1000:.0f} s"


def _short(label: str) -> str:
    """Return a long name's ends: an address of 42 signs would leave no room for its bar."""
    return escape(label if len(label) <= _LONGEST else f"{label[:8]}\u2026{label[-4:]}")


def _html(figure: Any, name: str, unit: str, height: int, below: str = "", beside: bool = False) -> str:
    """Return a chart's fragment in the house's colours; ``unit`` stands at the upright axis, ``below`` at the other.

    The legend stands above, or ``beside`` where it has many lines.
    """
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": 90, "r": 24, "t": 24, "b": 56},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": _GREY, "size": 13, "family": "system-ui, sans-serif"},
        legend={"x": 1.02, "y": 1} if beside else {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
        separators=".,",
    )
    grid = {"gridcolor": "rgba(125,133,144,.22)", "zerolinecolor": "rgba(125,133,144,.6)", "automargin": True}
    figure.update_xaxes(**grid)
    figure.update_yaxes(**grid)
    if unit:
        figure.update_yaxes(title_text=unit)
    if below:
        figure.update_xaxes(title_text=below)
    return str(figure.to_html(full_html=False, include_plotlyjs=False, div_id=f"chart-{name}", config=_CONFIG))
