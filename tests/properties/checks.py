"""Properties of a step that the running invariants do not carry, each recomputed from the book before and the facts.

They know the law only as sentences: who owes what before, what a fact says it took, what must follow. Each check
returns a sentence about what is wrong, or an empty string.
"""

from collections.abc import Callable

from deleverage.rulebook.apply import apply
from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.book import Book, Unit, market_of
from deleverage.rulebook.closing import money_asked
from deleverage.rulebook.decide import decide
from deleverage.rulebook.margin import equity
from deleverage.rulebook.messages import Deleveraged, Fact, FundPaid, RunStep
from deleverage.rulebook.rules import Rules

Step = tuple[Book, Rules, tuple[Fact, ...]]
"""The book before a step, its rules, and the facts of the step."""


def own_equity(book: Book, unit: Unit) -> int:
    """Return cash plus inventory less the funding it owes, written out once more."""
    total = unit.quote
    for leg_id, leg in unit.legs.items():
        market = book.markets[market_of(leg_id)]
        total += leg.lots * market.terms.value_at(market.mark_price_ticks)
        total -= leg.lots * market.funding_quanta
    return total


def funding_is_folded(step: Step) -> str:
    """Equity counts the funding that open lots owe or are owed."""
    book = step[0]
    for unit in book.units.values():
        if equity(book, unit) != own_equity(book, unit):
            return f"{unit.unit_id}: equity {equity(book, unit)}, cash and inventory {own_equity(book, unit)} quanta"
    return ""


def insertion_is_no_argument(step: Step) -> str:
    """A book whose rows were inserted in the opposite order decides the same facts."""
    book, rules, facts = step
    if not facts:
        return ""
    turned = book.copy()
    names = ("markets", "accounts", "units", "orders", "assets", "claims", "fund_paid_by_group", "pools", "pots")
    for name in (*names, "auctions"):
        setattr(turned, name, dict(reversed(getattr(turned, name).items())))
    for unit in turned.units.values():
        unit.legs = dict(reversed(unit.legs.items()))
        unit.assets = dict(reversed(unit.assets.items()))
        unit.debt_pools = dict(reversed(unit.debt_pools.items()))
    again = decide(turned, RunStep(time_ns=facts[0].time_ns), rules)
    return "" if again == facts else "the facts hang on the order in which the rows were inserted"


def debts_stay_with_their_lots(step: Step) -> str:
    """What stage 5 asks for lots that are all closed is what the fund left on them, leg by leg."""
    for fund_paid, fact in _rounds(step[2]):
        for pool in fact.pools:
            if fund_paid is None or pool.netted_lots or pool.closed_lots < pool.lots:
                continue
            units = _bankrupts(fact, pool.market_id, pool.side)
            debts = [d for d in fund_paid.debts if market_of(d.leg_id) == pool.market_id and d.unit_id in units]
            left = sum(debt.debt_quanta - debt.paid_quanta for debt in debts)
            if len(debts) == len(units) and left != pool.shortfall_quanta:
                return f"{pool.market_id}: the fund left {left} quanta of debt, stage 5 carries {pool.shortfall_quanta}"
    return ""


def netted_lots_take_their_shortfall(step: Step) -> str:
    """Of a bankrupt with one leg, the lots asked of candidates carry only their own part of the shortfall."""
    book, rules, facts = step
    scratch = book.copy()
    for fact in facts:
        if isinstance(fact, Deleveraged) and rules.rerank == "once":
            for pool in fact.pools:
                if pool.netted_lots and pool.closed_lots == pool.lots - pool.netted_lots:
                    wrong = _netting_of(scratch, fact, pool.market_id, pool.side, pool.shortfall_quanta)
                    if wrong:
                        return wrong
        apply(scratch, fact)
    return ""


def pools_pay_for_their_own(step: Step) -> str:
    """What a pool loses in a step, but for its own unit, is what was paid on the markets that it stands for.

    Debts without lots lie with the pools of the markets in which stage 5 set them free; flat units have weights.
    """
    book, _, facts = step
    scratch = book.copy()
    freed: dict[str, set[str]] = {}
    for fact in facts:
        for debt in getattr(fact, "freed", ()):
            freed.setdefault(debt.unit_id, set()).add(book.markets[debt.market_id].pool_id)
        for debt in getattr(fact, "debts", ()) + getattr(fact, "fund_debts", ()):
            at = book.markets[market_of(debt.leg_id)].pool_id if debt.leg_id else ""
            unit = scratch.units[debt.unit_id]
            weights = freed.get(debt.unit_id, set()) if unit.legs else set(unit.debt_pools)
            if debt.pool_id != at and (at or debt.pool_id not in weights):
                return f"pool {debt.pool_id} paid for {debt.unit_id} on {debt.leg_id or 'no leg'}: {at or weights}"
        apply(scratch, fact)
    return ""


def splits_are_fair(step: Step) -> str:
    """A split over the book's units with equal weights gives everybody the same but for one, whoever stands last."""
    book = step[0]
    shares = [Share(unit_id, 1) for unit_id in sorted(book.units)]
    parts = apportion(len(shares) + len(shares) - 1, shares).parts if len(shares) > 1 else {}
    return "" if set(parts.values()) <= {1, 2} else f"equal weights were given {sorted(set(parts.values()))}"


def asked_money_stays_within_the_shortfall(step: Step) -> str:
    """No price rule takes from a bankrupt or lifts it past zero: what it asks lies between 0 and the shortfall."""
    book, rules, _ = step
    for market_id, market in sorted(book.markets.items()):
        for side in (1, -1) if market.mark_price_ticks else ():
            for shortfall in (0, 1, abs(market.value_quanta)):
                asked = money_asked(rules.price, market, side, 3, shortfall)
                if not 0 <= asked <= shortfall:
                    return f"{market_id}: {asked} quanta asked for a shortfall of {shortfall}"
    return ""


CHECKS: tuple[Callable[[Step], str], ...] = (
    funding_is_folded,
    insertion_is_no_argument,
    debts_stay_with_their_lots,
    netted_lots_take_their_shortfall,
    pools_pay_for_their_own,
    splits_are_fair,
    asked_money_stays_within_the_shortfall,
)


def _rounds(facts: tuple[Fact, ...]) -> list[tuple[FundPaid | None, Deleveraged]]:
    """Return every stage-5 fact with the fund's payment of the same round, if there was one."""
    pairs = []
    fund_paid: FundPaid | None = None
    for fact in facts:
        if isinstance(fact, FundPaid):
            fund_paid = fact
        elif isinstance(fact, Deleveraged):
            pairs.append((fund_paid, fact))
            fund_paid = None
    return pairs


def _bankrupts(fact: Deleveraged, market_id: str, side: str) -> set[str]:
    sign = -1 if side == "long" else 1
    return {
        fill.unit_id
        for fill in fact.fills
        if fill.market_id == market_id and fill.part in ("bankrupt", "netted") and fill.lots * sign > 0
    }


def _netting_of(book: Book, fact: Deleveraged, market_id: str, side: str, carried_quanta: int) -> str:
    expected = 0
    for unit_id in _bankrupts(fact, market_id, side):
        unit = book.units[unit_id]
        if len(unit.legs) > 1:
            return ""  # Which part of its shortfall lies here is another check's business.
        held = sum(abs(leg.lots) for leg in unit.legs.values())
        netted = sum(abs(f.lots) for f in fact.fills if f.unit_id == unit_id and f.part == "netted")
        shortfall = max(0, -own_equity(book, unit))
        expected += shortfall - -(-shortfall * netted // held)
    if expected != carried_quanta:
        return f"{market_id} {side}: lots left after netting carry {expected} quanta, stage 5 says {carried_quanta}"
    return ""
