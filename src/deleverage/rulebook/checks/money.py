"""Money in and out, voluntary trades, funding and settlement."""

from deleverage.rulebook import messages as m
from deleverage.rulebook.checks.view import Checks, View, require
from deleverage.rulebook.margin import equity
from deleverage.rulebook.periods import funding_per_lot_half_even, period_profit
from deleverage.rulebook.quantities import div_floor


def _check_margin_moved(view: View, fact: m.MarginMoved) -> None:
    source, target = view.units[fact.from_unit_id], view.book.units[fact.to_unit_id]
    same = source.account_id == target.account_id
    require("INV-11", same, f"margin moved between {source.account_id} and {target.account_id}")
    rest = fact.amount_quanta == source.quote and not source.legs
    allowed = rest if fact.released else 0 < fact.amount_quanta <= view.free
    require("INV-9", allowed, f"{fact.amount_quanta} quanta left {fact.from_unit_id}, {view.free} were free")
    along = fact.profit_quanta == view.profit
    require("INV-3", along, f"{fact.profit_quanta} quanta of profit left {fact.from_unit_id}, {view.profit} go along")


def _check_period_closed(view: View, fact: m.PeriodClosed) -> None:
    """A new period begins with nobody in debt, and with every unit's profit at 0."""
    told = [item.unit_id for item in fact.units]
    require("INV-3", told == sorted(view.book.units), "a period is closed for every unit, in id order")
    for unit in view.book.units.values():
        profit = period_profit(view.book, unit)
        require("INV-3", profit == 0, f"{unit.unit_id} begins the period with a profit of {profit} quanta")
        require("INV-7", view.now(unit.unit_id) >= 0, f"a period was closed while {unit.unit_id} is below zero")


def _check_money_in(view: View, fact: m.MoneyIn) -> None:
    for amount in (fact.to_fund_quanta, fact.to_residual_quanta, *(payment.amount_quanta for payment in fact.to_units)):
        require("INV-1", amount >= 0, f"{amount} quanta came in")
    for claim in fact.claims_repaid:
        left = view.book.claims.get(claim.unit_id, 0)
        require(
            "INV-1",
            claim.amount_quanta >= 0 and left >= 0,
            f"{claim.unit_id}: {claim.amount_quanta} repaid, {left} left",
        )


def _check_money_out(view: View, fact: m.MoneyOut) -> None:
    require("INV-9", 0 < fact.debited_quanta <= view.free, f"{fact.unit_id}: {fact.debited_quanta} of {view.free} free")
    positive = fact.debited_quanta
    for unit in view.book.units.values():
        own = equity(view.book, unit)
        require("INV-20", own >= 0, f"{fact.unit_id} withdrew, {unit.unit_id} has {own} quanta")
        positive += own
    residual = view.book.residual_quanta + fact.claim_quanta
    due = div_floor(fact.debited_quanta * max(0, positive - residual), positive)
    require("INV-20", fact.paid_quanta == due, f"{fact.unit_id} was paid {fact.paid_quanta}, its share is {due} quanta")


def _check_traded(view: View, fact: m.Traded) -> None:
    value = view.book.markets[fact.market_id].terms.value_at(fact.price_ticks)
    for fill in fact.fills:
        told = fill.amount_quanta == -fill.lots * value and fill.market_id == fact.market_id
        require(
            "INV-12", told, f"{fill.unit_id}: {fill.amount_quanta} quanta for {fill.lots} lots at {fact.price_ticks}"
        )


def _check_funding(view: View, fact: m.FundingAccrued) -> None:
    value = view.book.markets[fact.market_id].value_quanta
    due = funding_per_lot_half_even(value, fact.rate_ppb, view.carry)
    told = (fact.per_lot_quanta, fact.carry_after)
    require("INV-4", told == due, f"{fact.market_id}: {told} charged per lot and carried, {due} are due")


def _check_settled(view: View, fact: m.MarketSettled) -> None:
    """A settlement moves no equity and leaves nobody with lots."""
    for unit_id, before in view.equities.items():
        require("INV-4", view.now(unit_id) == before, f"settlement took {unit_id} from {before} to {view.now(unit_id)}")
    left = [unit.unit_id for unit in view.book.units.values() if fact.market_id in unit.markets()]
    require("INV-2", not left, f"{fact.market_id} is settled, {left[:3]} still hold lots")


CHECKS: Checks = {
    m.MarginMoved: _check_margin_moved,
    m.PeriodClosed: _check_period_closed,
    m.MoneyIn: _check_money_in,
    m.MoneyOut: _check_money_out,
    m.Traded: _check_traded,
    m.FundingAccrued: _check_funding,
    m.MarketSettled: _check_settled,
}
