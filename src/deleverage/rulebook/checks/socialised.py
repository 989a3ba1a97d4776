"""Stages 6 and 7: what a gain was, what was cut of it, and why a residual is one."""

from deleverage.rulebook import messages as m
from deleverage.rulebook.apportion import Share
from deleverage.rulebook.checks.stops import check_reasons, debt_without_lots
from deleverage.rulebook.checks.view import Checks, View, require
from deleverage.rulebook.losses.rule import Loss, ask
from deleverage.rulebook.plug import text_of
from deleverage.rulebook.stages.guards import guards
from deleverage.rulebook.stages.held import rules_could_take


def check_bases(view: View, fact: m.Socialised) -> None:
    """The rule is one of the preset's, and everybody's weight and cap are what it says, asked before the fact."""
    rules = {text_of(rule): rule for rule in view.rules.loss_rule.in_order()}
    require("INV-12", fact.rule in rules, f"the loss was spread by {fact.rule}, the rules are {', '.join(rules)}")
    rule = rules[fact.rule]
    require("INV-12", rule.per_pool == bool(fact.market_id), f"{fact.rule} was asked about {fact.market_id or 'all'}")
    guarded = guards(view.book, view.rules, fact.time_ns)
    found = view.bearers(guarded, fact.market_id)
    view.shares = {share.key: share for share in ask(rule, Loss(fact.debt_quanta, fact.market_id, fact.side, found))}
    total = sum(share.cap or 0 for share in view.shares.values())
    require("INV-6", fact.base_quanta == total, f"a base of {fact.base_quanta} is told, the rule finds {total}")
    for haircut in fact.haircuts:
        share = view.shares.get(haircut.unit_id, Share(haircut.unit_id, 0, 0))
        same = (haircut.weight, haircut.base_quanta) == share[1:]
        told = f"weight {haircut.weight}, base {haircut.base_quanta}"
        require("INV-6", same, f"{haircut.unit_id}: {told}, the rule says {share.weight}, {share.cap}")


def _check_socialised(view: View, fact: m.Socialised) -> None:
    paid = {payment.unit_id: payment.amount_quanta for payment in fact.payments}
    for haircut in fact.haircuts:
        before = view.equities[haircut.unit_id]
        fits = 0 < haircut.taken_quanta <= haircut.base_quanta <= before
        told = f"{haircut.unit_id}: {haircut.taken_quanta} cut of {haircut.base_quanta}, equity {before}"
        require("INV-6", fits and haircut.taken_quanta == -paid.pop(haircut.unit_id, 0), told)
        _check_booked(view, haircut)
        view.take(haircut.unit_id, haircut.taken_quanta)
    _check_fair(view, fact)
    for unit_id, amount in paid.items():
        owed = view.units[unit_id].bankrupt and amount > 0
        require("INV-6", owed, f"{unit_id} received {amount} quanta of haircuts and is not owed any")
        key = (unit_id, fact.market_id, fact.side)
        if fact.market_id:
            left = view.freed.get(key, 0)
            require("INV-6", amount <= left, f"{unit_id} received {amount} quanta of a pool that owes it {left}")
            view.freed[key] = left - amount
    cut, due = sum(h.taken_quanta for h in fact.haircuts), min(fact.debt_quanta, fact.base_quanta)
    require("INV-6", cut == due, f"{cut} quanta cut, {due} were owed and there")


def _check_booked(view: View, haircut: m.Haircut) -> None:
    """What is cut is noted on the legs, where there are any, and owed back only if the preset says so."""
    unit_id, taken = haircut.unit_id, haircut.taken_quanta
    now, then = view.book.units[unit_id].legs, view.units[unit_id].legs
    booked, rose = sum(part for _, part in haircut.legs), sum(now[key].haircut - then[key].haircut for key in now)
    same = booked == rose == (taken if now else 0)
    require("INV-6", same, f"{unit_id}: {taken} cut, {booked} booked, memos rose {rose}")
    claim, due = view.book.claims.get(unit_id, 0) - view.claims.get(unit_id, 0), taken * view.rules.haircut_claims
    told = f"{unit_id}: a claim of {haircut.claim_quanta} is told, {claim} was added, {due} are due"
    require("INV-6", haircut.claim_quanta == claim == due, told)


def _check_fair(view: View, fact: m.Socialised) -> None:
    """Whoever is not at the cap pays by weight, within a quantum - also those who pay nothing."""
    taken = {haircut.unit_id: haircut.taken_quanta for haircut in fact.haircuts}
    free = [share for share in view.shares.values() if taken.get(share.key, 0) < (share.cap or 0)]
    for one in free[1:]:
        other = free[0]
        spread = abs(taken.get(one.key, 0) * other.weight - taken.get(other.key, 0) * one.weight)
        fair = spread <= one.weight + other.weight
        require("INV-10", fair, f"{one.key} and {other.key} are cut by different shares")


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
        left = rules_could_take(view.rules, debt_without_lots(fact), view.bearers(guarded))
        require("INV-7", not left, "a residual is named while a loss rule could still take something")
    named = sum(residual.named_quanta for residual in fact.residuals)
    require("INV-7", named == fact.named_quanta, f"K rose by {fact.named_quanta}, {named} are named")


CHECKS: Checks = {
    m.Socialised: _check_socialised,
    m.ResidualNamed: _check_residual,
}
