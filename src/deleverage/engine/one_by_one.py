"""Bankrupts that are taken one by one: a kernel says who is asked next, and the law plans each fill.

Between two fills only who was closed in part has another rank. So the law's candidates are looked at once in a pool,
and ``kernels.crash`` puts the queue in order before every fill. What a fill does, and what pace, throttle and envelope
leave of it, is the law's own (``close_first``, ``pacing``), on its own book for looking ahead.

What the kernel does not know is put in order by hand (``line``): rankings of several keys and rotations, declared
removals, accounts in the neutral mode, requirements that hang on a leg's share of the open interest, foreign prices, a
lot that is worth nothing, and numbers outside the bounds of ``bounds``.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deleverage.engine.bounds import LEG_BITS, QUOTE_BITS, SHARE_BITS
from deleverage.engine.line import NextFill, in_line
from deleverage.engine.prices import FACTOR_BITS
from deleverage.rulebook.book import Account, Market
from deleverage.rulebook.margin import margin_value
from deleverage.rulebook.price import Bankruptcy, Blend, Capped, Mark, PreviousMark, Price, Spread
from deleverage.rulebook.quantities import PPB
from deleverage.rulebook.queues import Allotment, Queue
from deleverage.rulebook.ranking import Candidate
from deleverage.rulebook.stages import one_by_one as law
from deleverage.rulebook.stages.candidates import (
    BACKSTOP_TIER,
    FUND_TIER,
    LAST_TIER,
    ORDINARY_TIER,
    Eligible,
    eligible,
)
from deleverage.rulebook.stages.one_by_one import Ahead, close_first
from deleverage.rulebook.stages.pacing import lots_within, units_within
from deleverage.rulebook.stages.plan import BankruptPool

Array = NDArray[Any]

WIDE_BITS = 120
"""Of what a unit's other legs need, in quanta x 10^18: with the leg itself it stays below 2^128."""
LOW = (1 << 64) - 1


class Asked(NamedTuple):
    """A price in three bounds on the money of a fill: shares of shortfall and notional, and quanta a lot; -1: none."""

    share_ppb: int
    most_per_lot: int
    most_ppb: int


def close_pool(ahead: Ahead, pool: BankruptPool, bankrupts: list[str]) -> None:
    """Close the lots of a pool's bankrupts, in their order: ``rulebook.stages.one_by_one.close_pool``, faster."""
    policy = ahead.scratch.rules.policy
    if type(policy) is not Queue:
        law.close_pool(ahead, pool, bankrupts)
        return
    for unit_id, candidate, first in fills_of(ahead, pool, policy, bankrupts):
        lots, bound_by = lots_within(ahead.scratch, pool, first.lots)
        if not lots:
            pool.stopped = bound_by
            return
        allotments = units_within(ahead.scratch, pool, [first._replace(lots=lots)])
        if not allotments:
            return
        close_first(ahead, pool, unit_id, candidate, allotments[0])
        if lots < first.lots:  # Less than the kernel has thought: whatever follows is another story.
            law.close_pool(ahead, pool, bankrupts)
            return


def fills_of(ahead: Ahead, pool: BankruptPool, policy: Queue, bankrupts: list[str]) -> Iterator[NextFill]:
    """Return what is closed if nothing bounds it, fill after fill; each has to be planned before the next is taken."""
    accounts = frozenset(ahead.book.units[unit_id].account_id for unit_id in pool.lots)
    found = eligible(ahead.book, ahead.scratch.rules, pool.market_id, pool.side, accounts, ahead.others(pool))
    fills = by_kernel(ahead, pool, policy, bankrupts, found, accounts)
    return in_line(ahead, pool, policy, bankrupts, found) if fills is None else fills


def by_kernel(
    ahead: Ahead, pool: BankruptPool, policy: Queue, bankrupts: list[str], found: Eligible, accounts: frozenset[str]
) -> Iterator[NextFill] | None:
    """Return the fills as a kernel finds them; None where it does not know enough."""
    from deleverage.engine.kernels.crash import close_bankrupts
    from deleverage.engine.kernels.scores import RANKING_OF, WHOLE

    rules, market, candidates = ahead.scratch.rules, ahead.book.markets[pool.market_id], found.candidates
    ranking, floor = RANKING_OF.get(policy.ranking), policy.wallet_floor_quanta
    if ranking is None or floor >> SHARE_BITS or rules.removed or not _knows(market):
        return None
    owners = [ahead.book.accounts[ahead.book.units[candidate.unit_id].account_id] for candidate in candidates]
    if rules.neutral_within_ppb and any(owner.neutral for owner in owners):
        return None
    asked, states = _asked(rules.price, market, pool.side), _states(ahead, pool, candidates)
    debts = [(pool.lots[unit_id], pool.shortfalls[unit_id]) for unit_id in bankrupts]
    most = max(lots for lots, _ in debts)
    if asked is None or states is None or most >> LEG_BITS or sum(debt for _, debt in debts) >> SHARE_BITS:
        return None
    if most * max(0, asked.most_per_lot) >> SHARE_BITS:
        return None
    fills = close_bankrupts(
        states,
        np.array([_home(owner, accounts) for owner in owners], np.int8),
        np.array([candidate.tier for candidate in candidates], np.int8),
        np.arange(len(candidates), dtype=np.uint32),
        np.array([lots for lots, _ in debts], np.int64),
        np.array([debt for _, debt in debts], np.int64),
        ranking,
        floor,
        ranking in WHOLE,
        market.value_quanta,
        market.factor_ppb,
        _margins(market),
        tuple(asked),
        rules.may_bankrupt,
        True,
    )
    return _named(fills, bankrupts, candidates, ranking in WHOLE)


def _home(owner: Account, accounts: frozenset[str]) -> int:
    """Return the tier of an account's units as long as neither health nor equity speaks against them."""
    if owner.role == "fund":
        return FUND_TIER
    if owner.account_id in accounts:
        return LAST_TIER
    return BACKSTOP_TIER if owner.role == "backstop" else ORDINARY_TIER


def _named(fills: Array, bankrupts: list[str], candidates: tuple[Candidate, ...], whole: bool) -> Iterator[NextFill]:
    """Yield the fills of a kernel with names, and scores as texts."""
    from deleverage.engine.kernels.crash import BANKRUPT, CANDIDATE, CLOSED_LOTS, EQUITY_BEFORE, GRADE, HELD_LOTS, KEY
    from deleverage.engine.kernels.keys import score_of

    for fill in fills.tolist():
        tier, has_score = divmod(fill[GRADE], 2)
        score = repr(fill[KEY] if whole else float(score_of(fill[KEY]))) if has_score else ""
        then = candidates[fill[CANDIDATE]]._replace(tier=tier, lots=fill[HELD_LOTS], equity_quanta=fill[EQUITY_BEFORE])
        yield NextFill(bankrupts[fill[BANKRUPT]], then, Allotment(then.unit_id, fill[CLOSED_LOTS], score))


def _knows(market: Market) -> bool:
    """Return whether a lot is worth something, and requirements hang on tier and factor alone."""
    by_share = bool(market.measured_lots and market.terms.schedule.unit_share.slope_ppb)
    return bool(market.value_quanta) and not by_share and market.factor_ppb >> FACTOR_BITS == 0


def _margins(market: Market) -> Array:
    """Return a market's margin table as ``kernels.states`` reads it; from their bounds on, numbers mean the same."""
    tiers = market.terms.tiers
    rows = [(one.from_notional_quanta, one.maintenance_rate_ppb, one.maintenance_deduction_quanta) for one in tiers]
    return np.array([(min(a, 1 << SHARE_BITS), rate, min(b, 1 << LEG_BITS)) for a, rate, b in rows], np.int64)


def _asked(price: Price, market: Market, side: int) -> Asked | None:
    """Return a price as bounds, None for a foreign one; ``price.asked`` is the least of them and of the shortfall."""
    if type(price) is Bankruptcy:
        return Asked(PPB, -1, -1)
    if type(price) is Mark:
        return Asked(0, -1, -1)
    if type(price) is PreviousMark:
        fallen = side * (market.terms.value_at(market.previous_mark_price_ticks) - market.value_quanta)
        return Asked(PPB, max(0, fallen), -1)
    if type(price) is Spread:
        return Asked(PPB, -1, price.spread_ppb)
    if type(price) is Blend:
        return Asked(price.share_ppb, -1, -1)
    if type(price) is Capped and (inner := _asked(price.price, market, side)) is not None:
        most_ppb = price.most_ppb if inner.most_ppb < 0 else min(inner.most_ppb, price.most_ppb)
        return inner._replace(most_ppb=most_ppb)
    return None


def _states(ahead: Ahead, pool: BankruptPool, candidates: tuple[Candidate, ...]) -> Array | None:
    """Return the candidates as ``kernels.states`` has them, None where a number is outside the bounds."""
    book, value_quanta = ahead.book, ahead.book.markets[pool.market_id].value_quanta
    rows = []
    for one in candidates:
        lots = -pool.side * one.lots
        cost = lots * value_quanta - one.pnl_quanta
        credit = min(margin_value(book, book.units[one.unit_id]), (1 << QUOTE_BITS) - 1)
        rest_pnl, rest_value = one.unit_pnl_quanta - one.pnl_quanta, one.unit_value_quanta - one.value_quanta
        rest = one.unit_maintenance_scaled - one.maintenance_scaled
        money = abs(cost) | abs(one.equity_quanta) | abs(rest_pnl) | rest_value
        if money >> QUOTE_BITS or one.value_quanta >> LEG_BITS or rest >> WIDE_BITS:
            return None
        low = rest & LOW
        rows.append((lots, cost, one.equity_quanta, credit, rest_pnl, rest_value, rest >> 64, low - (low >> 63 << 64)))
    return np.array(rows, np.int64).reshape(-1, 8)
