"""Stages 1 and 2: relieve held margin, then reduce unhealthy units into the resting orders.

A liquidation sells only what its own equity can pay for in slippage, shares the depth with the others of the same step
by the splitting function - never first come - and never makes a maker unhealthy.
"""

from collections.abc import Iterator

from deleverage.rulebook.book import LONG, SHORT, SIGN_OF, Unit
from deleverage.rulebook.messages import Fill, Netted, OrdersCancelled
from deleverage.rulebook.stages.depth import side_of_market
from deleverage.rulebook.stages.held import holders
from deleverage.rulebook.stages.sale import Selling
from deleverage.rulebook.stages.scratch import Scratch


def relieve(scratch: Scratch) -> None:
    """Stage 1: cancel every open order of units that are bankrupt or unhealthy, and net their opposite legs."""
    units = scratch.book.units
    scratch.unhealthy = scratch.unhealthy_among(scratch.book.sorted_units())
    distressed = {unit.unit_id for unit in scratch.unhealthy}
    distressed |= {unit.unit_id for unit in scratch.bankrupt_units() if not scratch.out_of_reach(unit)}
    cancelled = scratch.cancellations(
        lambda order: order.unit_id in distressed and not scratch.spares(units[order.unit_id], order.market_id)
    )
    if cancelled:
        scratch.emit(OrdersCancelled, orders=cancelled, reason="relieve")
    fills = [fill for unit_id in sorted(distressed) for fill in _net(scratch, units[unit_id])]
    if fills:
        scratch.emit(Netted, fills=tuple(fills))


def _net(scratch: Scratch, unit: Unit) -> Iterator[Fill]:
    """Close opposite legs of one unit against each other at the mark: no equity moves, the requirement falls."""
    for market_id in sorted(unit.markets() - scratch.guarded.keys()):
        lots = min(unit.lots_on(market_id, 1), unit.lots_on(market_id, -1))
        if lots and not scratch.spares(unit, market_id):
            amount = lots * scratch.book.markets[market_id].value_quanta
            yield Fill(unit.unit_id, market_id, -lots, amount, 0, "netted", LONG)
            yield Fill(unit.unit_id, market_id, lots, -amount, 0, "netted", SHORT)


def reduce(scratch: Scratch) -> None:
    """Stage 2: sell lots of unhealthy units into the book, one fact per market and side; the rule says how many.

    What could not be sold at all is kept: the end of the step says what the last round found.
    """
    scratch.unsold = []
    sellers = scratch.unhealthy_among(scratch.unhealthy)
    if not sellers:
        return
    held, ids = holders(sellers), {unit.unit_id for unit in sellers}
    for market_id, market in scratch.open_markets():
        for side_name, side in SIGN_OF.items():
            here = held.get((market_id, side), [])
            found = side_of_market(scratch.book, scratch.rules, market, side, (here, ids), scratch.time_ns)
            if found is not None:
                equities = {unit_id: scratch.equity(unit_id) for unit_id in found.wants}
                sale = Selling(scratch, market, side, found, dict(found.allowed), equities)
                for order in found.depth.near:
                    sale.visit(order)
                sale.emit(side_name)
