"""The fund's pools: opened and restated, filled, emptied down to their floor, and which of them stands for a market."""

from collections.abc import Iterator

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Book
from deleverage.rulebook.ladders.rungs import (
    Ladder,
    next_fact,
    refuse,
    require_amount,
    require_id,
    require_live,
    require_market,
)
from deleverage.rulebook.margin import equity
from deleverage.rulebook.messages import Code, Command, Fact
from deleverage.rulebook.pools import BASES, MOST_SLOTS, Drawdown
from deleverage.rulebook.quantities import LARGEST, PPB
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.guards import guarded_marks


def _set_pool(book: Book, command: m.SetPool, rules: Rules) -> Iterator[Fact]:
    terms = command.terms
    require_id(terms.pool_id)
    floor = terms.floor_quanta
    refuse(not 0 <= floor <= LARGEST, Code.BAD_TERMS, "a floor lies from 0 to 10^40 quanta", floor, LARGEST)
    if terms.drawdown != Drawdown():
        _require_drawdown(terms.drawdown)
    yield m.PoolSet(**next_fact(book, command), terms=terms, opened=terms.pool_id not in book.pools)


def _require_drawdown(drawdown: Drawdown) -> None:
    slots, slot_ns = drawdown.slots, drawdown.slot_ns
    refuse(not 1 <= slots <= MOST_SLOTS, Code.BAD_TERMS, "a window has 1 to 10,000 slots", slots, MOST_SLOTS)
    refuse(not 1 <= slot_ns <= LARGEST, Code.BAD_TERMS, "a slot lasts from 1 ns to 10^40", slot_ns, LARGEST)
    shares = (drawdown.stop_ppb, drawdown.fall_ppb)
    ordered = 0 <= shares[0] < shares[1] <= PPB
    refuse(not ordered, Code.BAD_TERMS, "0 <= stop < fall <= 10^9 ppb", str(shares), PPB)
    known = ", ".join(BASES)
    refuse(drawdown.base not in BASES, Code.BAD_TERMS, f"known bases are {known}", ascii(drawdown.base)[:64], known)


def _deposit_to_fund(book: Book, command: m.DepositToFund, rules: Rules) -> Iterator[Fact]:
    _require_pool(book, command.pool_id)
    require_amount(command.amount_quanta)
    yield m.MoneyIn(**next_fact(book, command), to_fund_quanta=command.amount_quanta, pool_id=command.pool_id)


def _withdraw_from_fund(book: Book, command: m.WithdrawFromFund, rules: Rules) -> Iterator[Fact]:
    pool_id, amount = command.pool_id, command.amount_quanta
    _require_pool(book, pool_id)
    require_amount(amount)
    reason = book.halts.get("", "residual")
    refuse(book.is_halted, Code.DOMAIN_HALTED, "no money leaves the fund of a halted domain", reason)
    for unit in book.sorted_units():
        refuse(unit.bankrupt, Code.UNIT_BANKRUPT, "no money leaves the fund while a unit is bankrupt", unit.unit_id)
    for market_id in sorted(book.markets):
        _require_known(book, market_id, rules, command.time_ns)
    _require_floor(book, pool_id, amount)
    for unit in book.sorted_units():
        own = equity(book, unit)
        refuse(own < 0, Code.NEGATIVE_EQUITY, f"no money leaves the fund while {unit.unit_id} is below zero", own, 0)
    owed = book.residual_quanta + sum(book.claims.values())
    refuse(owed > 0, Code.RESIDUAL_OUTSTANDING, "residual and claims come before the fund's owner", owed, 0)
    yield m.FundWithdrawn(**next_fact(book, command), pool_id=pool_id, amount_quanta=amount)


def _regroup(book: Book, command: m.Regroup, rules: Rules) -> Iterator[Fact]:
    market_id, pool_id = command.market_id, command.pool_id
    market = require_market(book, market_id)
    _require_pool(book, pool_id)
    require_live(market)
    refuse(market.pool_id == pool_id, Code.SAME_POOL, "the pool stands for the market already", pool_id)
    for unit in book.sorted_units():
        owes = market_id in unit.markets() and (unit.bankrupt or equity(book, unit) < 0)
        sentence = "a loss stays with the pool that stood for the market when it came about"
        refuse(owes, Code.MARKET_INDEBTED, sentence, unit.unit_id)
    _require_known(book, market_id, rules, command.time_ns)
    yield m.MarketRegrouped(
        **next_fact(book, command), market_id=market_id, from_pool_id=market.pool_id, to_pool_id=pool_id
    )


def _move_pool(book: Book, command: m.MovePool, rules: Rules) -> Iterator[Fact]:
    source, target = command.from_pool_id, command.to_pool_id
    _require_pool(book, source)
    _require_pool(book, target)
    require_amount(command.amount_quanta)
    refuse(source == target, Code.SAME_POOL, "money moves between two pools", source)
    _require_floor(book, source, command.amount_quanta)
    yield m.PoolMoved(
        **next_fact(book, command), from_pool_id=source, to_pool_id=target, amount_quanta=command.amount_quanta
    )


def _require_pool(book: Book, pool_id: str) -> None:
    refuse(pool_id not in book.pools, Code.UNKNOWN_POOL, "no such pool", ascii(pool_id)[:64])


def _require_known(book: Book, market_id: str, rules: Rules, time_ns: int) -> None:
    """Refuse what a loss that nobody can see yet might still need."""
    unseen = book.markets[market_id].open_interest_lots > 0 and market_id in guarded_marks(book, rules, time_ns)
    refuse(unseen, Code.MARK_GUARDED, "somebody holds lots whose mark is guarded", market_id)


def _require_floor(book: Book, pool_id: str, amount: int) -> None:
    above = max(0, book.cash(pool_id) - book.pools[pool_id].terms.floor_quanta)
    refuse(amount > above, Code.POOL_FLOOR, f"pool {pool_id} has less than that above its floor", amount, above)


LADDERS: dict[type[Command], Ladder] = {
    m.SetPool: _set_pool,
    m.DepositToFund: _deposit_to_fund,
    m.WithdrawFromFund: _withdraw_from_fund,
    m.Regroup: _regroup,
    m.MovePool: _move_pool,
}
