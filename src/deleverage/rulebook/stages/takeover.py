"""Stage 3: backstops, then the fund's own inventory, take lots over at the bankruptcy amount.

The bankruptcy amount of a leg is its value less its share of the unit's equity, whatever the sign. All takers trade at
the mark; what the bankrupt's share is short of (or has over) is paid in the same fact: takeover and payment are one.
"""

from deleverage.rulebook.book import SIGN_OF, Unit
from deleverage.rulebook.margin import equity_shares
from deleverage.rulebook.messages import Fill
from deleverage.rulebook.stages.backstops import backstops_of, take_by_backstops
from deleverage.rulebook.stages.held import holders
from deleverage.rulebook.stages.offer import Offer, emit_takeover, moved_with, offer_of
from deleverage.rulebook.stages.scratch import Scratch


def split_debts(scratch: Scratch) -> list[Unit]:
    """Split the equity of every source over its legs - once per round - and return the sources in id order.

    Sources are the bankrupt units and those below the close-out threshold that are not auctioned; the fund's own unit
    is split, but is no source: it does not take over from itself.
    """
    scratch.shortfalls, scratch.surpluses = {}, {}
    fund = scratch.book.fund_unit()
    sources = []
    below = {unit.unit_id: unit for unit in scratch.unhealthy if unit is not fund and _is_source(scratch, unit)}
    below |= {unit.unit_id: unit for unit in scratch.bankrupt_units()}
    for _, unit in sorted(below.items()):
        for leg_id, share in equity_shares(scratch.book, unit, scratch.rules.shortfall_split).items():
            ledger = scratch.shortfalls if share < 0 else scratch.surpluses
            ledger[unit.unit_id, leg_id] = abs(share)
        if unit is not fund:
            sources.append(unit)
    return sources


def take_over(scratch: Scratch, sources: list[Unit]) -> None:
    """Stage 3, market by market in id order, longs before shorts: backstops, then the fund what they leave."""
    given, fund = holders(sources), scratch.book.fund_unit()
    backstops = backstops_of(scratch.book, {unit.unit_id for unit in sources})
    for market_id, market in scratch.open_markets():
        for side_name, side in SIGN_OF.items():
            here = [unit for unit in given.get((market_id, side), ()) if not scratch.spares(unit, market_id)]
            offer = offer_of(here, market, side_name, side)
            if offer.lots:
                offer = take_by_backstops(scratch, backstops, offer)
            if offer.lots and fund is not None:
                _take_by_fund(scratch, offer, fund)


def _is_source(scratch: Scratch, unit: Unit) -> bool:
    return scratch.would_take(unit) and not scratch.book.is_auctioned(unit.unit_id)


def _take_by_fund(scratch: Scratch, offer: Offer, fund: Unit) -> None:
    """Let the fund's unit take what its inventory cap leaves, if pool and caps can pay the whole shortfall that moves.

    A fund whose own unit lies below zero takes nothing: the pool lifts that first.
    """
    if fund.bankrupt or scratch.equity(fund.unit_id) < 0:
        return
    market = offer.market
    lots = fund.legs[market.terms.market_id].lots if market.terms.market_id in fund.legs else 0
    cap = min(scratch.rules.fund_inventory_cap_lots, market.terms.max_lots)
    taken_lots = min(offer.open_lots, max(0, cap - offer.side * lots))
    if taken_lots == 0:
        return
    moved = moved_with(scratch, offer, taken_lots)
    owed = sum(moved.shortfalls.values())
    pool = scratch.book.pools[market.pool_id]
    room = pool.room_quanta(scratch.book.cash(market.pool_id), scratch.time_ns)
    debts = {(unit_id, offer.leg_ids[unit_id]): part for unit_id, part in moved.shortfalls.items()}
    if pool.paused or owed > room or not scratch.fund_money.holds(scratch.book, offer.market_id, debts):
        return
    for key, part in debts.items():
        scratch.fund_money.note(*key, part)
    amount = -offer.side * taken_lots * market.value_quanta
    fill = Fill(fund.unit_id, market.terms.market_id, offer.side * taken_lots, amount, 0, "taker")
    emit_takeover(scratch, offer, moved, (fill,), by_fund=True)
