"""Requirements: the factor follows the published schedule, moves as announced, and never inside a step."""

from deleverage.rulebook import messages as m
from deleverage.rulebook.checks.view import Checks, View, require
from deleverage.rulebook.margin import initial_numerator, least_initial_rate, margin_balance
from deleverage.rulebook.quantities import MARGIN_SCALE, PPB, initial_rate_ceil, ratio_ceil


def _check_announced(view: View, fact: m.RequirementsAnnounced) -> None:
    market = view.book.markets[fact.market_id]
    still = view.book.halted or market.settled
    require("INV-12", not still, f"{fact.market_id}: announced in a halted domain or a settled market")
    schedule, before, now = market.terms.schedule, market.factor_ppb, fact.factor_ppb
    measured = (market.open_interest_lots, ratio_ceil(market.open_interest_lots, market.terms.max_open_interest_lots))
    told = (fact.open_interest_lots, fact.open_interest_ppb)
    require("INV-12", told == measured, f"{fact.market_id}: open interest {told} was told, {measured} is there")
    target = schedule.target_ppb(fact.volatility_ppb, measured[1], fact.concentration_ppb)
    require("INV-12", fact.target_ppb == target, f"{fact.market_id}: target {fact.target_ppb}, {target} ppb is due")
    require("INV-12", fact.factor_before_ppb == before, f"{fact.market_id}: the factor was {before} ppb")
    due = schedule.stepped_ppb(before, target)
    bounded = now == due and schedule.floor_ppb <= now <= schedule.cap_ppb
    require("INV-12", bounded, f"{fact.market_id}: the factor becomes {now}, {due} ppb is due")
    least = fact.time_ns + schedule.min_notice_ns
    require("INV-12", fact.effective_ns >= least, f"{fact.market_id}: effective at {fact.effective_ns}, not {least} ns")


def check_changes(view: View, fact: m.RequirementsChanged) -> None:
    """Before it is written: a change is what was announced, when it was due, and outside of any step."""
    market = view.book.markets[fact.market_id]
    require("INV-12", view.gains is None, f"{fact.market_id}: requirements changed inside a step")
    require("INV-12", not view.book.halted, f"{fact.market_id}: requirements changed in a halted domain")
    due = any(announced.effective_ns <= fact.time_ns for announced in market.announced)
    require("INV-12", due, f"{fact.market_id}: requirements changed, nothing was due")
    before = (fact.factor_before_ppb, fact.measured_before_lots)
    was = (market.factor_ppb, market.measured_lots)
    require("INV-12", before == was, f"{fact.market_id}: {before} was told, the book had {was}")
    announced = [(announced.factor_ppb, announced.measured_lots) for announced in market.announced]
    told = [(fact.factor_ppb, fact.measured_lots)] == announced
    require("INV-12", told, f"{fact.market_id}: became {fact.factor_ppb}, announced was {announced}")


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
