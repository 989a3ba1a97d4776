"""What every act of the waterfall must keep, and stage 1."""

from deleverage.rulebook import messages as m
from deleverage.rulebook.checks.view import Checks, View, require
from deleverage.rulebook.collateral import awaits_price
from deleverage.rulebook.margin import equity, is_unhealthy
from deleverage.rulebook.stages.guards import asset_guards, guards


def check_forced(view: View, fact: m.Movement) -> None:
    """What every forced act must keep: guards, the mark, reduce-only, no new victim."""
    guarded = guards(view.book, view.rules, fact.time_ns)
    prices = asset_guards(view.book, view.rules, fact.time_ns)
    for fill in fact.fills:
        require("INV-18", fill.market_id not in guarded, f"{fill.unit_id} was closed in guarded {fill.market_id}")
        value = fill.lots * view.book.markets[fill.market_id].value_quanta
        at_mark = fill.amount_quanta + value == fill.money_quanta
        require("INV-12", at_mark, f"{fill.unit_id}: amount {fill.amount_quanta} is not value and money at the mark")
        if fill.part not in ("maker", "taker", "bidder"):
            _check_reduces(view, fill.unit_id, fill.leg_id)
        if fill.part in ("bankrupt", "netted"):
            unit = view.units[fill.unit_id]
            relieved = isinstance(fact, m.Netted) and is_unhealthy(view.book, unit)
            lawful = unit.bankrupt or relieved or fill.unit_id in (view.sources or ())
            waits = not relieved and awaits_price(view.book, unit, prices)
            require("INV-8", lawful and not waits, f"{fill.unit_id} was closed as a bankrupt and is none")
    allowed = isinstance(fact, m.Deleveraged) and view.rules.may_bankrupt
    for unit_id, before in view.equities.items():
        now = view.now(unit_id)
        victim = before >= 0 > now and not allowed
        require("INV-9", not victim, f"{unit_id} had {before} quanta and was forced to {now}")
        if view.units[unit_id].bankrupt and before < 0:
            require("INV-9", before <= now <= 0, f"bankrupt {unit_id} went from {before} to {now}, past zero or down")


def _check_reduces(view: View, unit_id: str, leg_id: str) -> None:
    before = view.units[unit_id].legs.get(leg_id)
    after = view.book.units[unit_id].legs.get(leg_id)
    had, has = before.lots if before else 0, after.lots if after else 0
    require("INV-8", had * has >= 0 and abs(has) < abs(had), f"{unit_id}: {had} lots of {leg_id} became {has}")


def _check_declared(view: View, fact: m.BankruptcyDeclared) -> None:
    for item in fact.units:
        require(
            "INV-9",
            view.now(item.unit_id) < 0,
            f"{item.unit_id} was declared bankrupt, it has {view.now(item.unit_id)}",
        )


def _check_ended(view: View, fact: m.BankruptcyEnded) -> None:
    for item in fact.units:
        done = view.now(item.unit_id) >= 0 and not view.book.units[item.unit_id].legs
        require("INV-21", done, f"{item.unit_id} still holds lots or a shortfall of {-view.now(item.unit_id)} quanta")


def check_step_ended(view: View, fact: m.StepEnded) -> None:
    """Nobody within reach is left below zero without being bankrupt; the fund's own unit waits for its pool,
    and who owns enough of an asset with a guarded price for that price."""
    waits = any(unit.bankrupt and not unit.legs for unit in view.book.units.values())
    require("INV-7", fact.waiting == waits, f"the step says waiting is {fact.waiting}, it is {waits}")
    guarded, fund = guards(view.book, view.rules, fact.time_ns), view.book.fund_unit()
    prices = asset_guards(view.book, view.rules, fact.time_ns)
    for unit in view.book.units.values():
        within = not unit.legs or any(market_id not in guarded for market_id in unit.markets())
        waits = unit is fund or awaits_price(view.book, unit, prices)
        forgotten = within and not unit.bankrupt and not waits and equity(view.book, unit) < 0
        require("INV-9", not forgotten, f"{unit.unit_id} is below zero and was not declared bankrupt")


def _check_netted(view: View, fact: m.Netted) -> None:
    """Opposite legs of one unit fall by the same lots, at the mark; nobody else is touched and no equity moves."""
    moved: dict[tuple[str, str], int] = {}
    for fill in fact.fills:
        key = (fill.unit_id, fill.market_id)
        moved[key] = moved.get(key, 0) + fill.lots
        require("INV-4", fill.money_quanta == 0, f"{fill.unit_id} was netted {fill.money_quanta} quanta off the mark")
    for (unit_id, market_id), lots in moved.items():
        require("INV-8", lots == 0, f"{unit_id}: netting left {lots} lots of {market_id} over")
    plain = not (fact.payments or fact.pots or fact.orders)
    require("INV-11", plain, "netting closes legs and does nothing else")


CHECKS: Checks = {
    m.BankruptcyDeclared: _check_declared,
    m.BankruptcyEnded: _check_ended,
    m.Netted: _check_netted,
}
