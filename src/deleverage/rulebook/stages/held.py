"""Why bankrupt lots stay where they are: guard, trigger, approval, removal or pace - recomputed, never remembered.

Stage 5 asks here whether it may start for a pool, stage 7 why lots were left; the invariants ask the same again.
"""

from collections.abc import Container

from deleverage.rulebook.book import LONG, SHORT, Book, Unit, leg_id_of, market_of
from deleverage.rulebook.collateral import awaits_price
from deleverage.rulebook.losses.rule import Bearer, Loss, ask
from deleverage.rulebook.margin import equity, gain, leg_value, price_pnl
from deleverage.rulebook.quantities import div_floor, sign
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.bearers import bearer_of, behind_guards, gains_of
from deleverage.rulebook.stages.candidates import eligible
from deleverage.rulebook.trigger import Situation


def bankrupts_in(book: Book, market_id: str, side: int) -> list[Unit]:
    """Return the bankrupt units that are long (side 1) or short (-1) in a market, in id order."""
    return [unit for unit in book.sorted_units() if unit.bankrupt and unit.lots_on(market_id, side)]


def lots_after_netting(book: Book, market_id: str, side: int) -> int:
    """Return the bankrupt lots of one side that netting against bankrupts of the other side would leave."""
    own, other = (
        sum(unit.lots_on(market_id, which) for unit in bankrupts_in(book, market_id, which)) for which in (side, -side)
    )
    return max(0, own - other)


def may_start(book: Book, rules: Rules, market_id: str, side: int, lots: int) -> bool:
    """Return whether the trigger lets stage 5 start for ``lots`` > 0 bankrupt lots of one market and side."""
    market, fund = book.markets[market_id], book.fund_unit()
    inventory = {} if fund is None else fund.legs
    others = [unit.leg_on(market_id, -side) for unit in book.units.values() if not unit.bankrupt]
    found = Situation(
        lots,
        lots * abs(market.value_quanta),
        book.cash(market.pool_id),
        sum(abs(leg_value(leg, book.markets[market_of(leg_id)])) for leg_id, leg in inventory.items()),
        sum(price_pnl(other[1], market) for other in others if other is not None),
        book.pools[market.pool_id].paused,
    )
    return rules.trigger.fires(found)


def approved_lots(book: Book, rules: Rules, market_id: str, side: int) -> int | None:
    """Return how many lots of a market and side stage 5 may still close by their envelope; ``None``: any."""
    if not rules.manual:
        return None
    envelope = book.envelopes.get(leg_id_of(market_id, LONG if side > 0 else SHORT))
    if envelope is None or envelope.rules_hash != rules.hash():
        return 0
    worth = div_floor(envelope.most_notional_quanta, abs(book.markets[market_id].value_quanta))
    return min(envelope.most_lots, worth) - envelope.used_lots


def why_lots_stay(book: Book, rules: Rules, guarded: Container[str], unit: Unit) -> str:
    """Return why a bankrupt unit keeps lots, by the book as it is: the first reason that is true for one of its legs.

    ``guard``: a leg's mark is guarded; ``trigger``: stage 5 may not start for what netting would leave of its pool;
    ``approval``: no envelope holds a lot; ``removal``: the preset takes candidates out of its pool; else ``pace``.
    """
    pools = [(market_of(leg_id), sign(leg.lots)) for leg_id, leg in unit.sorted_legs()]
    if any(market_id in guarded for market_id, _ in pools):
        return "guard"
    for market_id, side in pools:
        lots = lots_after_netting(book, market_id, side)
        if lots and not may_start(book, rules, market_id, side, lots):
            return "trigger"
    for market_id, side in pools:
        if approved_lots(book, rules, market_id, side) == 0 and lots_after_netting(book, market_id, side):
            return "approval"
    for market_id, side in pools:
        accounts = frozenset({unit.account_id, *(one.account_id for one in bankrupts_in(book, market_id, side))})
        if eligible(book, rules, market_id, side, accounts).removed:
            return "removal"
    return "pace"


def why_money_waits(book: Book, rules: Rules, guarded: Container[str], guarded_assets: Container[str]) -> str:
    """Return why a shortfall without lots may not be named while others hold lots; empty: nobody stands in the way.

    A money residual halts the domain, and from a halt everybody must be able to leave: so it is named last, when no
    other unit lies below zero or is bankrupt with lots, and no gain at a guarded mark could still carry it.
    """
    for unit in book.sorted_units():
        if awaits_price(book, unit, guarded_assets):
            return "guard"
        if unit.legs and (unit.bankrupt or equity(book, unit) < 0):
            return why_lots_stay(book, rules, guarded, unit)
        for leg_id, leg in unit.sorted_legs():
            market_id = market_of(leg_id)
            if market_id in guarded and gain(leg, book.markets[market_id]) > 0:
                return "guard"
    return ""


def rules_could_take(rules: Rules, debt_quanta: int, found: tuple[Bearer, ...]) -> bool:
    """Return whether one of the loss rules would let one of these units bear something of the flat bankrupts' debt.

    Their pools are not known any more, so rules that are asked pool by pool cannot.
    """
    loss = Loss(debt_quanta, "", "", found)
    asked = (rule for rule in rules.loss_rule.in_order() if debt_quanta and not rule.per_pool)
    return any(share.cap for rule in asked for share in ask(rule, loss))


def guard_hides_money(book: Book, rules: Rules, debt_quanta: int, guarded: Container[str]) -> bool:
    """Return whether a loss rule would take from a unit that is wholly behind guarded marks, were they accepted."""
    hidden = [unit for unit in book.sorted_units() if not unit.bankrupt and behind_guards(unit, guarded)]
    found = tuple(bearer_of(book, unit, gains_of(book, unit, ()), 0, (), "") for unit in hidden)
    return rules_could_take(rules, debt_quanta, found)
