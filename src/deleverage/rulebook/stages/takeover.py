"""Stage 3: backstops, then the fund's own inventory, take lots over at the bankruptcy amount.

The bankruptcy amount of a leg is its value less its share of the unit's equity, whatever the sign. All takers trade at
the mark; what the bankrupt's share is short of (or has over) is paid in the same fact: takeover and payment are one.
"""

from typing import NamedTuple

from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.book import FUND_POT, SURPLUS_POT, Market, Unit, copy_unit, side_of
from deleverage.rulebook.closing import settle_unit
from deleverage.rulebook.margin import equity, equity_shares, is_unhealthy, maintenance_ppb_quanta
from deleverage.rulebook.messages import DebtPaid, Fill, PotChange, TakenOver
from deleverage.rulebook.quantities import PPB, share_ceil, share_floor
from deleverage.rulebook.stages.scratch import SIDES, Scratch


def split_debts(scratch: Scratch) -> list[Unit]:
    """Split the equity of every source over its legs - once per round - and return the sources in id order.

    Sources are the bankrupt units and those below the close-out threshold; the fund's own unit is split, but is no
    source: it does not take over from itself.
    """
    scratch.shortfalls, scratch.surpluses = {}, {}
    fund = scratch.book.fund_unit()
    sources = []
    for unit in scratch.book.sorted_units():
        below = unit.bankrupt or _below_close_out(scratch, unit)
        if not below:
            continue
        for leg_id, share in equity_shares(scratch.book, unit, scratch.rules.shortfall_split).items():
            ledger = scratch.shortfalls if share < 0 else scratch.surpluses
            ledger[unit.unit_id, leg_id] = abs(share)
        if unit is not fund:
            sources.append(unit)
    return sources


def take_over(scratch: Scratch, sources: list[Unit]) -> None:
    """Stage 3, market by market in id order, longs before shorts."""
    source_ids = {unit.unit_id for unit in sources}
    for market_id, market in scratch.open_markets():
        for side_name, side in SIDES:
            for taking in (_backstops, _fund):
                lots, leg_ids = {}, {}
                for unit in sources:
                    if (found := unit.leg_on(market_id, side)) is not None:
                        leg_ids[unit.unit_id], lots[unit.unit_id] = found[0], abs(found[1].lots)
                if lots:
                    taking(scratch, _Leftover(market, side_name, side, lots, leg_ids, source_ids))


class _Leftover(NamedTuple):
    """What one market and side of the sources offers: lots and leg id per source."""

    market: Market
    side_name: str
    side: int
    lots: dict[str, int]
    leg_ids: dict[str, str]
    source_ids: set[str]


class _Moved(NamedTuple):
    """What moves when some of the lots are taken: lots, shortfall and surplus per source; quanta >= 0."""

    lots: dict[str, int]
    shortfalls: dict[str, int]
    surpluses: dict[str, int]


def _below_close_out(scratch: Scratch, unit: Unit) -> bool:
    if scratch.rules.close_out_ppb == 0 or not unit.legs or scratch.out_of_reach(unit):
        return False
    threshold = maintenance_ppb_quanta(scratch.book, unit) * scratch.rules.close_out_ppb
    return equity(scratch.book, unit) * PPB * PPB < threshold


def _moved(scratch: Scratch, offer: _Leftover, taken_lots: int) -> _Moved:
    split = apportion(taken_lots, [Share(unit_id, lots, lots) for unit_id, lots in offer.lots.items()])
    closed = {unit_id: lots for unit_id, lots in split.parts.items() if lots}
    shortfalls, surpluses = {}, {}
    for unit_id, lots in closed.items():
        held = offer.lots[unit_id]
        key = (unit_id, offer.leg_ids[unit_id])
        shortfalls[unit_id] = share_ceil(scratch.shortfalls.get(key, 0), lots, held)
        surpluses[unit_id] = share_floor(scratch.surpluses.get(key, 0), lots, held)
    return _Moved(closed, shortfalls, surpluses)


def _backstops(scratch: Scratch, offer: _Leftover) -> None:
    """Let every backstop take its part; one that would be unhealthy after it is left out and the split made anew."""
    rooms = _rooms(scratch, offer)
    while rooms:
        taken_lots = min(sum(offer.lots.values()), sum(rooms.values()))
        parts = apportion(taken_lots, [Share(unit_id, room, room) for unit_id, room in rooms.items()]).parts
        moved = _moved(scratch, offer, taken_lots)
        owed = sum(moved.shortfalls.values())
        pays = apportion(owed, [Share(unit_id, lots) for unit_id, lots in parts.items()]).parts
        takers = {}
        for unit_id, lots in parts.items():
            if lots:
                amount = -offer.side * lots * offer.market.value_quanta - pays[unit_id]
                takers[unit_id] = Fill(
                    unit_id, offer.market.terms.market_id, offer.side * lots, amount, -pays[unit_id], "taker"
                )
        failing = [fill.unit_id for fill in takers.values() if _would_be_unhealthy(scratch, offer.market, fill)]
        if not failing:
            for unit_id, fill in takers.items():
                key = (unit_id, fill.market_id)
                scratch.taken_over_lots[key] = scratch.taken_over_lots.get(key, 0) + abs(fill.lots)
            _emit(scratch, offer, moved, tuple(takers.values()), from_pool_quanta=0)
            return
        for unit_id in failing:
            del rooms[unit_id]


def _rooms(scratch: Scratch, offer: _Leftover) -> dict[str, int]:
    market_id = offer.market.terms.market_id
    rooms = {}
    for account_id, account in sorted(scratch.book.accounts.items()):
        unit = scratch.book.units[account_id]
        if account.role != "backstop" or unit.bankrupt or account_id in offer.source_ids:
            continue
        lots = unit.legs[market_id].lots if market_id in unit.legs else 0
        room = account.backstop_capacity_lots - scratch.taken_over_lots.get((account_id, market_id), 0)
        room = min(room, offer.market.terms.max_lots - offer.side * lots)
        if room > 0:
            rooms[account_id] = room
    return rooms


def _would_be_unhealthy(scratch: Scratch, market: Market, fill: Fill) -> bool:
    unit = copy_unit(scratch.book.units[fill.unit_id])
    settle_unit(unit, market, fill.lots, fill.amount_quanta, fill.leg_side)
    return is_unhealthy(scratch.book, unit)


def _fund(scratch: Scratch, offer: _Leftover) -> None:
    """Let the fund's unit take what its inventory cap leaves, if pool and caps can pay the whole shortfall that moves.

    A fund whose own unit lies below zero takes nothing: the pool lifts that first.
    """
    fund = scratch.book.fund_unit()
    if fund is None or fund.bankrupt or scratch.equity(fund.unit_id) < 0:
        return
    market = offer.market
    lots = fund.legs[market.terms.market_id].lots if market.terms.market_id in fund.legs else 0
    cap = min(scratch.rules.fund_inventory_cap_lots, market.terms.max_lots)
    taken_lots = min(sum(offer.lots.values()), max(0, cap - offer.side * lots))
    if taken_lots == 0:
        return
    moved = _moved(scratch, offer, taken_lots)
    owed = sum(moved.shortfalls.values())
    if owed > scratch.book.pots[FUND_POT] or not _within_caps(scratch, market.terms.market_id, moved.shortfalls):
        return
    scratch.note_fund_money(market.terms.market_id, owed)
    amount = -offer.side * taken_lots * market.value_quanta
    fill = Fill(fund.unit_id, market.terms.market_id, offer.side * taken_lots, amount, 0, "taker")
    _emit(scratch, offer, moved, (fill,), from_pool_quanta=owed)


def _within_caps(scratch: Scratch, market_id: str, shortfalls: dict[str, int]) -> bool:
    """Return whether the fund may pay these shortfalls under its caps; they count for them like any other payment."""
    rules, owed = scratch.rules, sum(shortfalls.values())
    by_group: dict[str, int] = {}
    for unit_id, shortfall in shortfalls.items():
        group = scratch.owner_group(unit_id)
        by_group[group] = by_group.get(group, 0) + shortfall
    paid_by_group = scratch.book.fund_paid_by_group
    spent = [
        (rules.fund_event_cap_quanta, scratch.fund_paid_quanta + owed),
        (rules.fund_market_cap_quanta, scratch.fund_paid_by_market.get(market_id, 0) + owed),
        *((rules.fund_group_cap_quanta, paid_by_group.get(group, 0) + due) for group, due in by_group.items()),
    ]
    return all(cap is None or total <= cap for cap, total in spent)


def _emit(
    scratch: Scratch, offer: _Leftover, moved: _Moved, takers: tuple[Fill, ...], *, from_pool_quanta: int
) -> None:
    """Write the takeover: sources receive value plus shortfall, or value less the part of the surplus that is kept."""
    market, fills = offer.market, list(takers)
    kept_quanta = 0
    for unit_id, lots in moved.lots.items():
        kept = share_floor(moved.surpluses[unit_id], scratch.rules.surplus_to_fund_ppb, PPB)
        money = moved.shortfalls[unit_id] - kept
        amount = offer.side * lots * market.value_quanta + money
        leg_id = offer.leg_ids[unit_id]
        fills.append(
            Fill(unit_id, market.terms.market_id, -offer.side * lots, amount, money, "bankrupt", side_of(leg_id))
        )
        kept_quanta += kept
        key = (unit_id, leg_id)
        for ledger, part in ((scratch.shortfalls, moved.shortfalls), (scratch.surpluses, moved.surpluses)):
            if key in ledger:
                ledger[key] -= part[unit_id]
    pots = ((FUND_POT, -from_pool_quanta), (SURPLUS_POT, kept_quanta))
    scratch.emit(
        TakenOver,
        market_id=market.terms.market_id,
        side=offer.side_name,
        fills=tuple(fills),
        pots=tuple(PotChange(pot, amount) for pot, amount in pots if amount),
        shortfall_quanta=sum(moved.shortfalls.values()),
        surplus_quanta=sum(moved.surpluses.values()),
        fund_debts=tuple(
            DebtPaid(unit_id, offer.leg_ids[unit_id], part, part, scratch.owner_group(unit_id))
            for unit_id, part in moved.shortfalls.items()
            if from_pool_quanta
        ),
    )
