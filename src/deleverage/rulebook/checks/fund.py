"""Takeovers and fund money: what the pool paid, for whom, and within which caps."""

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import market_of
from deleverage.rulebook.checks.pools import check_empty, check_paid, check_taken
from deleverage.rulebook.checks.programmes import check_takers
from deleverage.rulebook.checks.view import Checks, View, require
from deleverage.rulebook.funding_source import FundingSource
from deleverage.rulebook.liquidation import cannot_carry


def check_fund_first(
    view: View, sources: tuple[type[FundingSource], ...], pools: set[str], what: str, time_ns: int
) -> None:
    """Candidates are asked, and gains cut, only for what the pools could not carry - where the fund goes first."""
    rules = view.rules
    caps = {rules.fund_event_cap_quanta, rules.fund_group_cap_quanta, rules.fund_market_cap_quanta}
    if isinstance(rules.funding_source, sources) and caps | {rules.fund_notional_cap_ppb} == {None}:
        check_empty(view, pools, what, time_ns)


def _check_taken_over(view: View, fact: m.TakenOver) -> None:
    moved = sum(fill.money_quanta for fill in fact.fills if fill.part == "bankrupt" and fill.money_quanta > 0)
    require("INV-6", moved <= fact.shortfall_quanta, f"{moved} quanta paid for a shortfall of {fact.shortfall_quanta}")
    from_pool = check_taken(view, view.book.markets[fact.market_id], fact)
    counted = sum(debt.paid_quanta for debt in fact.fund_debts)
    require("INV-5", from_pool == counted, f"the pool paid {from_pool} quanta, {counted} are told")
    for fill in fact.fills:
        if fill.part == "taker":
            role = view.book.role(view.units[fill.unit_id])
            require("INV-8", role in ("fund", "backstop"), f"{fill.unit_id} took over and is a {role}")
            fit = role == "fund" or not cannot_carry(view.book, view.book.units[fill.unit_id])
            require("INV-9", fit, f"backstop {fill.unit_id} was made unhealthy by a takeover")
            before = view.units[fill.unit_id].legs.get(fill.leg_id)
            held = fill.lots + (before.lots if before else 0)
            larger = held * fill.lots > 0
            cap = view.rules.fund_inventory_cap_lots
            fits = role != "fund" or not larger or abs(held) <= cap
            require("INV-5", fits, f"the fund holds {held} lots of {fill.market_id}, its cap is {cap}")
    check_takers(view, fact)
    _count_fund_money(view, fact.fund_debts)


def _check_fund_paid(view: View, fact: m.FundPaid) -> None:
    told: dict[str, int] = {}
    for debt in fact.debts:
        require("INV-5", 0 <= debt.paid_quanta <= debt.debt_quanta, f"{debt.unit_id}: {debt.paid_quanta} quanta paid")
        told[debt.unit_id] = told.get(debt.unit_id, 0) + debt.paid_quanta
    for debt in fact.own_debts:
        told[debt.unit_id] = told.get(debt.unit_id, 0) + debt.paid_quanta
    own = sum(debt.paid_quanta for debt in fact.own_debts)
    require("INV-5", own == fact.own_unit_quanta, f"the own unit got {own} quanta, told is {fact.own_unit_quanta}")
    no_lots = not fact.after_stage_5 or not any(debt.leg_id for debt in fact.debts)
    require("INV-7", no_lots, "after stage 5 the fund paid for lots")
    paid = {payment.unit_id: payment.amount_quanta for payment in fact.payments}
    require("INV-5", paid == {key: part for key, part in told.items() if part}, f"paid {paid}, told {told}")
    for unit_id in paid:
        require("INV-5", view.now(unit_id) <= 0, f"the fund lifted {unit_id} to {view.now(unit_id)}, above zero")
    _count_fund_money(view, fact.debts)
    check_paid(view, fact)


def _count_fund_money(view: View, debts: tuple[m.DebtPaid, ...]) -> None:
    rules = view.rules
    for debt in debts:
        view.event_paid += debt.paid_quanta
        market_id = market_of(debt.leg_id)
        if market_id:
            view.market_paid[market_id] = view.market_paid.get(market_id, 0) + debt.paid_quanta
        key = (debt.unit_id, debt.leg_id)
        view.leg_paid[key] = view.leg_paid.get(key, 0) + debt.paid_quanta
        by_group = view.book.fund_paid_by_group.get(debt.owner_group, 0)
        by_market = view.market_paid.get(market_id, 0)
        for name, cap, spent in (
            (f"group {debt.owner_group}", rules.fund_group_cap_quanta, by_group),
            (f"market {market_id}", rules.fund_market_cap_quanta, by_market),
            ("the event", rules.fund_event_cap_quanta, view.event_paid),
            (f"{debt.unit_id} on {debt.leg_id or 'no leg'}", _leg_cap(view, key), view.leg_paid[key]),
        ):
            require("INV-19", cap is None or spent <= cap, f"{name} has cost the fund {spent} quanta, its cap is {cap}")


def _leg_cap(view: View, key: tuple[str, str]) -> int | None:
    return None if view.rules.fund_notional_cap_ppb is None else view.leg_caps.get(key, 0)


CHECKS: Checks = {
    m.TakenOver: _check_taken_over,
    m.FundPaid: _check_fund_paid,
}
