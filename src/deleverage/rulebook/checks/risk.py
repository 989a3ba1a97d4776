"""Requirements: the factor follows the published schedule, moves as announced, and never inside a step."""

from deleverage.rulebook import messages as m
from deleverage.rulebook.checks.view import Checks, View, require
from deleverage.rulebook.leverage import least_initial_rate
from deleverage.rulebook.margin import initial_numerator, margin_balance
from deleverage.rulebook.quantities import MARGIN_SCALE, PPB, initial_rate_ceil, ratio_ceil
from deleverage.rulebook.schedule import Announced, factor_before_ppb


def _check_announced(view: View, fact: m.RequirementsAnnounced) -> None:
    market = view.book.markets[fact.market_id]
    still = view.book.halted or market.settled
    require("INV-12", not still, f"{fact.market_id}: announced in a halted domain or a settled market")
    schedule, now = market.terms.schedule, fact.factor_ppb
    before = factor_before_ppb(market.factor_ppb, market.announced, fact.effective_ns)
    measured = (market.open_interest_lots, ratio_ceil(market.open_interest_lots, market.terms.max_open_interest_lots))
    told = (fact.open_interest_lots, fact.open_interest_ppb)
    require("INV-12", told == measured, f"{fact.market_id}: open interest {told} was told, {measured} is there")
    target = schedule.target_ppb(fact.volatility_ppb, measured[1], fact.concentration_ppb)
    require("INV-12", fact.target_ppb == target, f"{fact.market_id}: target {fact.target_ppb}, {target} ppb is due")
    require("INV-12", fact.factor_before_ppb == before, f"{fact.market_id}: the factor before it is {before} ppb")
    due = schedule.stepped_ppb(before, target)
    bounded = now == due and schedule.floor_ppb <= now <= schedule.cap_ppb
    require("INV-12", bounded, f"{fact.market_id}: the factor becomes {now}, {due} ppb is due")
    least = fact.time_ns + schedule.min_notice_ns
    require("INV-12", fact.effective_ns >= least, f"{fact.market_id}: effective at {fact.effective_ns}, not {least} ns")


def look_at_due(view: View, fact: m.Fact) -> None:
    """Before any fact: it is the change of requirements that is due first, or none is due; none is in a halt."""
    waiting = [(key, one) for key, market in view.book.markets.items() for one in market.announced]
    due = sorted((one for one in waiting if one[1].effective_ns <= fact.time_ns), key=lambda one: one[0])
    if isinstance(fact, m.RequirementsChanged):
        _check_changed(view, fact, due)
    else:
        left_out = not view.book.halted and due[:3]
        require("INV-12", not left_out, f"a due change of requirements was left out at {fact.time_ns} ns: {left_out}")


def _check_changed(view: View, fact: m.RequirementsChanged, due: list[tuple[str, Announced]]) -> None:
    """A change is what was announced, when and in the order it was due, and outside of any step."""
    market = view.book.markets[fact.market_id]
    require("INV-12", view.gains is None, f"{fact.market_id}: requirements changed inside a step")
    require("INV-12", not view.book.halted, f"{fact.market_id}: requirements changed in a halted domain")
    first = due[0][0] if due else "nothing"
    require("INV-12", first == fact.market_id, f"{fact.market_id}: requirements changed, due was {first}")
    before = (fact.factor_before_ppb, fact.measured_before_lots)
    was = (market.factor_ppb, market.measured_lots)
    require("INV-12", before == was, f"{fact.market_id}: {before} was told, the book had {was}")
    announced, told = (due[0][1].factor_ppb, due[0][1].measured_lots), (fact.factor_ppb, fact.measured_lots)
    require("INV-12", told == announced, f"{fact.market_id}: became {told}, announced was {announced}")


def _check_leverage(view: View, fact: m.LeverageSet) -> None:
    unit = view.book.units[fact.unit_id]
    least = least_initial_rate(view.book, unit, fact.market_id)
    allowed = fact.leverage_ppb >= PPB and initial_rate_ceil(fact.leverage_ppb) >= least
    require("INV-9", allowed, f"{fact.unit_id}: a leverage of {fact.leverage_ppb} ppb, the tier asks for {least} ppb")
    before = view.units[fact.unit_id]
    had = before.leverages.get(fact.market_id, 0)
    require("INV-12", fact.leverage_before_ppb == had, f"{fact.unit_id}: the leverage before was {had} ppb")
    short = initial_numerator(view.book, unit) - margin_balance(view.book, unit) * MARGIN_SCALE
    raised = initial_numerator(view.book, unit) > initial_numerator(view.book, before)
    require("INV-9", not raised or short <= 0, f"{fact.unit_id} was put below its initial margin by a setting")


CHECKS: Checks = {
    m.RequirementsAnnounced: _check_announced,
    m.LeverageSet: _check_leverage,
}
