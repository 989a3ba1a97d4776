"""Rows that nothing computes, each shape with the reason: what a reader has to accept, so it is said in full."""

from tests.conformance.cases import Row

REASONS: tuple[tuple[str, frozenset[str], str], ...] = (
    ("incident_scenario", frozenset(), "history: a source reports these figures, no rule computes them"),
    ("event_fixture", frozenset(), "the shape of a message: no number of the law; the tests of the adapters read it"),
    (
        "indicator_map",
        frozenset(),
        "scales of indicators: no number of the law; the tests of the adapters hold every scale against it",
    ),
    (
        "waterfall",
        frozenset({"eligible"}),
        "an order of stages in words; the law asks the book first, so the preset does not execute",
    ),
    ("", frozenset({"base_fee", "slots"}), "the slope of the ramp is not stated, so it cannot be computed"),
    ("", frozenset({"target_1e6"}), "the source prints a result without its inputs"),
    ("", frozenset({"values_1e6"}), "the source prints results without their inputs"),
    (
        "",
        frozenset({"cooldown_s"}),
        "parameters: none is a number that a preset has (two thirds of maintenance is a term of a market)",
    ),
    (
        "",
        frozenset({"adl_fills", "accounts"}),
        "history: `deleverage run --event` plays it, with people who are synthetic",
    ),
)
"""What a row's case says it checks, names that it has, and why it is only listed."""


def reason(row: Row) -> str | None:
    """Return why a row is only listed; None: it ought to be computed."""
    names = row.values.keys() | row.printed.keys()
    return next((why for kind, needs, why in REASONS if kind == row.kind and needs <= names), None)
