"""Stages 6 and 7: what a gain was, what was cut of it, and why a residual is one."""

from deleverage.rulebook import messages as m
from deleverage.rulebook.checks.stops import check_reasons
from deleverage.rulebook.checks.view import Checks, View, require
from deleverage.rulebook.stages.scratch import guards


def check_bases(view: View, fact: m.Socialised) -> None:
    """Each base is the gain that may still be cut, recomputed before the fact."""
    guarded = guards(view.book, view.rules, fact.time_ns)
    bases = {unit.unit_id: view.base(unit, guarded) for unit in view.book.units.values()}
    total = sum(bases.values())
    require("INV-6", fact.base_quanta == total, f"a base of {fact.base_quanta} is told, gains leave {total}")
    for haircut in fact.haircuts:
        base = bases.get(haircut.unit_id, 0)
        require(
            "INV-6", haircut.base_quanta == base, f"{haircut.unit_id}: base {haircut.base_quanta}, gains leave {base}"
        )


def _check_socialised(view: View, fact: m.Socialised) -> None:
    paid = {payment.unit_id: payment.amount_quanta for payment in fact.payments}
    for haircut in fact.haircuts:
        before, booked = view.equities[haircut.unit_id], sum(part for _, part in haircut.legs)
        fits = 0 < haircut.taken_quanta <= haircut.base_quanta <= before
        require(
            "INV-6", fits, f"{haircut.unit_id}: {haircut.taken_quanta} cut of {haircut.base_quanta}, equity {before}"
        )
        now, then = view.book.units[haircut.unit_id].legs, view.units[haircut.unit_id].legs
        rose = sum(now[market_id].haircut - then[market_id].haircut for market_id in now)
        same = booked == rose == haircut.taken_quanta == -paid.pop(haircut.unit_id, 0)
        require("INV-6", same, f"{haircut.unit_id}: {haircut.taken_quanta} cut, {booked} booked, memos rose {rose}")
        view.take(haircut.unit_id, haircut.taken_quanta)
    for one in fact.haircuts[1:]:
        other = fact.haircuts[0]
        spread = abs(one.taken_quanta * other.base_quanta - other.taken_quanta * one.base_quanta)
        fair = spread <= one.base_quanta + other.base_quanta
        require("INV-10", fair, f"{one.unit_id} and {other.unit_id} are cut by different shares")
    for unit_id, amount in paid.items():
        owed = view.units[unit_id].bankrupt and amount > 0
        require("INV-6", owed, f"{unit_id} received {amount} quanta of haircuts and is not owed any")
    cut, due = sum(h.taken_quanta for h in fact.haircuts), min(fact.debt_quanta, fact.base_quanta)
    require("INV-6", cut == due, f"{cut} quanta cut, {due} were owed and there")


def _check_residual(view: View, fact: m.ResidualNamed) -> None:
    """A residual exists only if capacity was short, or the fact names the removal, pace bound or guard."""
    guarded = guards(view.book, view.rules, fact.time_ns)
    for residual in fact.residuals:
        named, unit = residual.named_quanta, view.book.units[residual.unit_id]
        if named:
            before = view.equities.get(residual.unit_id, 0)
            settled = not unit.legs and before == -named and residual.reason == "capacity"
            require("INV-7", settled, f"{residual.unit_id}: {named} quanta named, its equity was {before}")
    check_reasons(view, fact)
    if any(residual.reason == "capacity" for residual in fact.residuals):
        for unit in view.book.units.values():
            left = view.base(unit, guarded)
            require("INV-7", left == 0, f"{unit.unit_id} still has {left} quanta of gain while a residual is named")
    named = sum(residual.named_quanta for residual in fact.residuals)
    require("INV-7", named == fact.named_quanta, f"K rose by {fact.named_quanta}, {named} are named")


CHECKS: Checks = {
    m.Socialised: _check_socialised,
    m.ResidualNamed: _check_residual,
}
