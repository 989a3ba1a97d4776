"""At which price a leg is closed, how one fill settles, and how the money of a round is spread over candidates.

Amounts are law; a price is a display. Every fill is zero-sum between its sides and the named pots.
"""

from typing import NamedTuple

from deleverage.rulebook.apportion import Share, apportion, round_to_total
from deleverage.rulebook.book import Leg, Market, Unit, leg_id_of
from deleverage.rulebook.price import Closed, Price, asked
from deleverage.rulebook.quantities import div_ceil, div_floor, share_floor, sign


class Settled(NamedTuple):
    """What a fill does to one leg: the quote's change, what was realised, and the leg afterwards (``None``: flat)."""

    quote_quanta: int
    realised_quanta: int
    leg: Leg | None


def settle(leg: Leg | None, lots: int, amount_quanta: int, funding_quanta: int) -> Settled:
    """Return the effect of a fill of ``lots`` (signed, not 0) for ``amount_quanta`` received, funding excluded.

    Closed lots take their share of the three memos with them, magnitudes rounded down, so the last quantum of a memo
    stays with the lots that stay open; no rounding moves money. A haircut memo's share is dropped with its lots.
    """
    quote_quanta = amount_quanta + lots * funding_quanta
    if leg is None or sign(leg.lots) == sign(lots):
        old = leg or Leg(0)
        opened = Leg(old.lots + lots, old.cost - amount_quanta, old.entry_funding + lots * funding_quanta, old.haircut)
        return Settled(quote_quanta, 0, opened)
    held, closed = abs(leg.lots), min(abs(leg.lots), abs(lots))
    cost = share_floor(leg.cost, closed, held)
    entry_funding = share_floor(leg.entry_funding, closed, held)
    closing_amount = share_floor(amount_quanta, closed, abs(lots))
    funding_paid = sign(leg.lots) * closed * funding_quanta - entry_funding
    realised = closing_amount - cost - funding_paid
    rest = leg.lots + lots
    if closed < held:
        haircut = share_floor(leg.haircut, closed, held)
        kept = Leg(rest, leg.cost - cost, leg.entry_funding - entry_funding, leg.haircut - haircut)
        return Settled(quote_quanta, realised, kept)
    if rest == 0:
        return Settled(quote_quanta, realised, None)
    flipped = Leg(rest, closing_amount - amount_quanta, rest * funding_quanta)
    return Settled(quote_quanta, realised, flipped)


def settle_unit(unit: Unit, market: Market, lots: int, amount_quanta: int, leg_side: str) -> int:
    """Settle a fill on a leg of a unit (the real one, or a copy) and return what it realised, in quanta."""
    leg_id = leg_id_of(market.terms.market_id, leg_side)
    result = settle(unit.legs.get(leg_id), lots, amount_quanta, market.funding_quanta)
    unit.quote += result.quote_quanta
    unit.realised += result.realised_quanta
    if result.leg is None:
        del unit.legs[leg_id]
    else:
        unit.legs[leg_id] = result.leg
    return result.realised_quanta


def money_asked(price: Price, market: Market, side: int, closed_lots: int, shortfall_quanta: int) -> int:
    """Return the quanta that stage 5 asks of candidates for ``closed_lots`` of bankrupt longs (side 1) or shorts (-1).

    Whatever the price is, it lies in [0, shortfall], so that a bankrupt's equity ends between its old value and zero.
    """
    previous = market.terms.value_at(market.previous_mark_price_ticks)
    return asked(price, Closed(side, closed_lots, shortfall_quanta, market.value_quanta, previous))


Lots = dict[str, dict[str, int]]
"""Closed lots per unit and market."""

GRID = 2**64
"""Grid points per quantum, on which the ideal parts of a joint collection lie: far finer than any number of units."""


def collect(needs: dict[str, int], lots: Lots, caps: dict[str, int | None]) -> dict[str, dict[str, int]]:
    """Return what each unit pays each pool (keyed by market): equal per lot until a cap binds, over all pools at once.

    ``needs`` is the money per pool, ``caps`` each unit's equity (``None``: unbounded), all in quanta. The ideal parts
    lie on a grid of 2^-64 quantum and are rounded once: first each unit's, so that they sum to at most its cap, then
    each pool's under these bounds. What rounding leaves open is asked of those with equity left, pool by pool, so a
    pool collects less than it needs only if every unit closed in it has paid its whole cap.
    """
    ideals = _ideal_parts(needs, lots, caps)
    bounds: dict[str, dict[str, int]] = {}
    for unit_id, parts in ideals.items():
        ceilings = {market_id: div_ceil(part, GRID) for market_id, part in parts.items()}
        cap = caps[unit_id]
        budget = sum(ceilings.values()) if cap is None else min(cap, sum(ceilings.values()))
        bounds[unit_id] = round_to_total(budget, parts, ceilings, GRID)
    paid: dict[str, dict[str, int]] = {unit_id: {} for unit_id in lots}
    for market_id, need in needs.items():
        pool = {unit_id: parts[market_id] for unit_id, parts in ideals.items() if market_id in parts}
        limits = {unit_id: bounds[unit_id][market_id] for unit_id in pool}
        for unit_id, part in round_to_total(min(need, sum(limits.values())), pool, limits, GRID).items():
            paid[unit_id][market_id] = part
    for market_id, need in sorted(needs.items()):
        members = [unit_id for unit_id in sorted(paid) if market_id in paid[unit_id]]
        missing = need - sum(paid[unit_id][market_id] for unit_id in members)
        spare = {u: None if (cap := caps[u]) is None else cap - sum(paid[u].values()) for u in members}
        rest = apportion(missing, [Share(u, lots[u][market_id], spare[u]) for u in members])
        for unit_id, part in rest.parts.items():
            paid[unit_id][market_id] += part
    return paid


def _ideal_parts(needs: dict[str, int], lots: Lots, caps: dict[str, int | None]) -> dict[str, dict[str, int]]:
    """Fill the pools in passes: each spreads what it still needs equally per lot over its units with equity left.

    A unit asked for more than it has pays its pools in proportion to what they ask, and leaves; passes end when nobody
    left. All numbers count grid points, every division rounds down. (As exact rationals they would grow with every
    pass: 40 units in 2 pools reached denominators of 300,000 bits.)
    """
    parts = {unit_id: dict.fromkeys(closed, 0) for unit_id, closed in lots.items()}
    left = {unit_id: None if (cap := caps[unit_id]) is None else cap * GRID for unit_id in sorted(lots)}
    open_needs = {market_id: need * GRID for market_id, need in needs.items()}
    somebody_left = True
    while somebody_left:
        somebody_left = False
        active = [unit_id for unit_id, rest in left.items() if rest is None or rest > 0]
        active_lots = dict.fromkeys(needs, 0)
        for unit_id in active:
            for market_id, closed in lots[unit_id].items():
                active_lots[market_id] += closed
        asked_now = {m: (need, active_lots[m]) for m, need in open_needs.items() if need > 0 and active_lots[m] > 0}
        for unit_id in active:
            asks = {}
            for market_id, closed in lots[unit_id].items():
                if market_id in asked_now:
                    need, total_lots = asked_now[market_id]
                    asks[market_id] = div_floor(need * closed, total_lots)
            asked, rest = sum(asks.values()), left[unit_id]
            if rest is not None and asked > rest:
                asks = {market_id: div_floor(ask * rest, asked) for market_id, ask in asks.items()}
                left[unit_id] = 0
                somebody_left = True
            elif rest is not None:
                left[unit_id] = rest - asked
            for market_id, ask in asks.items():
                parts[unit_id][market_id] += ask
                open_needs[market_id] -= ask
    return parts
