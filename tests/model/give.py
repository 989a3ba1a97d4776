"""What sources give away with their lots: the shortfall that takers carry, the surplus that fund and takers get."""

from typing import TYPE_CHECKING, NamedTuple

from tests.model.numbers import BILLION, ceil_part, floor_part, split
from tests.model.state import SIDES, Market, Unit, fill, pot, tell_fills

if TYPE_CHECKING:
    from tests.model.round import Round

Parts = dict[str, int]


class Handover(NamedTuple):
    """Of each source: the lots it closes, the shortfall and surplus that move with them, and the takers' edge."""

    closed: Parts
    shortfall: Parts
    surplus: Parts
    edge: Parts


def given_lots(now: "Round", market: Market, side: int, sources: list[Unit]) -> Parts:
    """Return the lots that the sources hold on one side of a market, spared ones left out."""
    return now.lots_of(market, side, [unit for unit in sources if not now.step.is_spared(unit, market.market_id)])


def hand_over(now: "Round", market: Market, side: int, lots: Parts, amount: int) -> Handover:
    """Return what goes with an amount of the sources' lots."""
    debts = {u: (u, now.world.units[u].leg_on(market.market_id, side)) for u in lots}
    closed = split(amount, [(u, held, held) for u, held in lots.items()])
    shortfall = {u: ceil_part(now.shortfall.get(debts[u], 0), closed[u], lots[u]) for u in lots}
    surplus = {u: floor_part(now.surplus.get(debts[u], 0), closed[u], lots[u]) for u in lots}
    edge = {u: edge_of(now, surplus[u]) for u in lots}
    return Handover(closed, shortfall, surplus, edge)


def edge_of(now: "Round", surplus: int) -> int:
    """Return what a taker is paid of a surplus."""
    return floor_part(surplus, now.rules["surplus_to_taker_ppb"], BILLION)


def sources_give(now: "Round", market: Market, side: int, gives: Handover) -> None:
    """Give each source the value of its lots and its moved shortfall, less what others get of a surplus."""
    for u in sorted(gives.closed):
        closed, surplus = gives.closed[u], gives.surplus[u]
        if closed == 0:
            continue
        debt = (u, now.world.units[u].leg_on(market.market_id, side))
        kept = floor_part(surplus, now.rules["surplus_to_fund_ppb"], BILLION)
        amount = side * closed * market.lot_value + gives.shortfall[u] - kept - gives.edge[u]
        fill(now.world.units[u], market, -side * closed, amount)
        now.world.pots[pot("surplus", market.pool)] += kept
        if surplus:
            now.surplus[debt] -= surplus
        if gives.shortfall[u]:
            now.shortfall[debt] -= gives.shortfall[u]
        now.emitted = True
    tell_fills(now.world, now.world.time_ns)
    totals = (sum(part.values()) for part in (gives.shortfall, gives.surplus, gives.edge))
    now.step.seen["taken_over"].append((market.market_id, SIDES[side], *totals))
