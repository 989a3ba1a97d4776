# mypy: ignore-errors
"""Policies side by side on an event, as a marimo notebook.

marimo run examples/lab_compare.py -- --event DIR      in a browser
python examples/lab_compare.py -- --event DIR          as a script: prints the table
Without --event an event is generated from a seed: no real one.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Policies side by side")

with app.setup:
    from pathlib import Path

    import marimo as mo
    import plotly.graph_objects as go

    from deleverage.lab.compare.averages import common, sums
    from deleverage.lab.compare.chosen import MEASURED, Chosen
    from deleverage.lab.compare.document import ORACLE
    from deleverage.lab.compare.run import compare
    from deleverage.lab.events.generator import generate
    from deleverage.lab.events.load import load
    from deleverage.lab.metrics.catalogue import CATALOGUE
    from deleverage.lab.metrics.fairness import FRACTIONS
    from deleverage.lab.policies.catalogue import WEALTH, named
    from deleverage.lab.population.drawn import LABEL


@app.cell
def _():
    given = mo.cli_args().get("event")
    event = load(Path(str(given))) if given else generate(1).event
    usual = ["queue", "wealth-pro-rata", "per-capita", "top-levelling", "risk-aware-pro-rata"]
    chosen = mo.ui.multiselect(sorted(WEALTH.kinds), value=usual, label="policies")
    seed = mo.ui.number(1, 10**9, value=20251010, label="seed of the winners")
    mo.vstack([mo.md(f"# {event.name}: {len(event.waves)} waves"), mo.hstack([chosen, seed])])
    return chosen, event, seed


@app.cell
def _(chosen, event, seed):
    result = compare(event, [Chosen(name, named(name)) for name in chosen.value], MEASURED, int(seed.value))
    drawn = any(crowd.kind == "synthetic" for crowd in result.crowds.values())
    return drawn, result


@app.cell
def _(drawn, result):
    shown = ("gini_x", "gini_h", "gini_e", "largest_h", "wiped", "ptsr_code", "kendall")
    means = {row.name: row for row in common(result)}

    def four(number):
        return None if number is None else float(f"{number:.4g}")

    rows = [
        {
            "policy": line.name,
            "knows": "published" if line.chosen is None else line.chosen.policy.about.information,
            **{f"{name}, USD": None if amount is None else round(amount, 2) for name, amount in sums(line).items()},
            **{name: four(means[name].means.get(line.name)) for name in shown},
            "left out": next((cell.why for cell in line.cells if cell.why), ""),
        }
        for line in result.lines
    ]
    notes = [f"* budget: {ORACLE}", f"* {LABEL}" if drawn else "* winners are the event's own accounts"]
    for waves in dict.fromkeys(means[name].waves for name in shown):
        names = ", ".join(name for name in shown if means[name].waves == waves)
        notes.append(f"* {names}: means over {len(waves)} waves in which all that ever have them have them")
    mo.vstack([mo.ui.table(rows, selection=None), mo.md("\n".join(notes))])
    return rows, shown


@app.cell
def _(rows):
    bars = go.Figure(
        [
            go.Bar(name=name, x=[row["policy"] for row in rows], y=[sign * (row[f"{name}, USD"] or 0) for row in rows])
            for name, sign in (("over_collection", 1), ("under_collection", -1))
        ]
    )
    bars.update_layout(barmode="relative", yaxis_title="USD, sums over waves; under-collection drawn downwards")
    mo.ui.plotly(bars)
    return


@app.cell
def _(result):
    largest = max(result.crowds.values(), key=lambda crowd: crowd.budget, default=None)
    curves = go.Figure(go.Scatter(x=[0, 1], y=[0, 1], name="equal", line={"dash": "dot"}))
    for line in result.lines:
        for cell in line.cells:
            if largest is not None and cell.wave == largest.wave and cell.lorenz is not None:
                curves.add_scatter(x=FRACTIONS, y=cell.lorenz, name=line.name)
    curves.update_layout(
        title="" if largest is None else f"wave {largest.wave}, the largest: who carries it",
        xaxis_title="share of winners, the least burdened first",
        yaxis_title="share of what is taken, USD",
    )
    mo.ui.plotly(curves)
    return


@app.cell
def _(shown):
    mo.md("\n".join(f"* **{name}** ({CATALOGUE[name].unit}): {CATALOGUE[name].formula}" for name in shown))
    return


@app.cell
def _(rows):
    if mo.app_meta().mode == "script":
        for row in rows:
            print(*(f"{value:.6g}" if isinstance(value, float) else value for value in row.values()), sep="  ")
    return


if __name__ == "__main__":
    app.run()
