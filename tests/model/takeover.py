"""Stage 3: backstops, then the fund's inventory, take lots over; the debts of the round are split here."""

from typing import TYPE_CHECKING, Any

from tests.model.backstops import Backstops
from tests.model.caps import breaks_a_cap, note_for_caps
from tests.model.give import given_lots, hand_over, sources_give
from tests.model.margin import is_below_close_out, requirement
from tests.model.numbers import split
from tests.model.pools import room_of
from tests.model.state import Market, Unit, World, fill, market_of, pot

if TYPE_CHECKING:
    from tests.model.round import Round


def take_over(now: "Round") -> None:
    """Stage 3: backstops, then the fund's inventory, take lots at the bankruptcy amount."""
    fund = now.world.fund_unit()
    sources = [unit for unit in now.world.all_units() if unit is not fund and is_source(now, unit)]
    for unit in sources:
        split_debt(now, unit)
    if fund is not None and fund.bankrupt:
        split_debt(now, fund)
    for market in now.step.open_markets():
        for side in (1, -1):
            Backstops(now, market, side, sources).take()
            fund_takes(now, market, side, sources)


def is_source(now: "Round", unit: Unit) -> bool:
    """Return whether a unit is bankrupt, or can be liquidated, is below close-out, waits for no price, not on offer."""
    if unit.bankrupt:
        return True
    auction = now.world.auctions.get(unit.unit_id)
    on_offer = auction is not None and not auction.expired
    can_be = now.step.can_be_liquidated(unit) and not now.step.waits_for_price(unit)
    return can_be and not on_offer and is_below_close_out(now.world, unit)


def split_debt(now: "Round", unit: Unit) -> None:
    """Split a unit's shortfall or surplus over its legs; a flat unit's has no leg."""
    own = now.equity(unit)
    debts = now.shortfall if own < 0 else now.surplus
    if not unit.legs:
        debts[unit.unit_id, ""] = abs(own)
        return
    for key, part in laid_on_legs(now.world, now.rules, unit, abs(own)).items():
        debts[unit.unit_id, key] = part


def laid_on_legs(world: World, rules: dict[str, Any], unit: Unit, quanta: int) -> dict[str, int]:
    """Split an amount over a unit's legs."""
    weights = {key: debt_weight(world, rules, key, leg.lots) for key, leg in unit.legs.items()}
    if not any(weights.values()):
        weights = dict.fromkeys(weights, 1)
    return split(quanta, [(key, weight, None) for key, weight in weights.items()])


def debt_weight(world: World, rules: dict[str, Any], leg_id: str, lots: int) -> int:
    """Return the weight of a leg in its unit's debt."""
    market = world.markets[market_of(leg_id)]
    if rules["shortfall_split"] == "notional":
        return abs(lots * market.lot_value)
    return requirement(market, lots, "maintenance")


def fund_takes(now: "Round", market: Market, side: int, sources: list[Unit]) -> None:
    """Let the fund's cross unit take what is left within its cap, if the pool can pay for all of it."""
    fund = now.world.fund_unit()
    lots = given_lots(now, market, side, sources)
    if fund is None or fund.bankrupt or now.equity(fund) < 0 or not lots:
        return
    cap = min(now.rules["fund_inventory_cap_lots"], market.max_lots)
    amount = min(sum(lots.values()), max(0, cap - side * fund.lots(market.market_id)))
    gives = hand_over(now, market, side, lots, amount)
    moved = {(market.pool, u, now.world.units[u].leg_on(market.market_id, side)): s for u, s in gives.shortfall.items()}
    total = sum(moved.values())
    if amount == 0 or now.world.pools[market.pool].paused or breaks_a_cap(now, moved):
        return
    if total > room_of(now.world, market.pool):
        return
    for (_, u, leg_id), part in moved.items():
        if part:
            note_for_caps(now, (u, leg_id), part)
    fill(fund, market, side * amount, -side * amount * market.lot_value)
    now.world.pots[pot("fund", market.pool)] -= total
    now.world.pots[pot("surplus", market.pool)] += sum(gives.edge.values())
    sources_give(now, market, side, gives)
