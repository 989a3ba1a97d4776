"""Auctions of solvent units: when they open and end, what is on offer, and what a bid takes."""

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Any

from tests.model.assets import guarded_assets
from tests.model.checks import is_wrong_side
from tests.model.margin import (
    covers_initial,
    equity,
    held_lots,
    is_below_close_out,
    is_guarded,
    is_unhealthy,
    maintenance,
)
from tests.model.numbers import BILLION, sign
from tests.model.state import Market, Unit, World, can_only_close, fill, leg_id_of, market_of, tell_fills

if TYPE_CHECKING:
    from tests.model.step import Step

Given = dict[str, Any]


@dataclass
class Auction:
    """When the auction of a unit began, how long it may be and was on sale, and whether it ran out."""

    start: int
    length: int
    oldest: int
    offered: int = 0
    expired: bool = False


def discount(rule: Given, elapsed: int) -> int:
    """Return the discount to the mark after some time, in ppb."""
    return int(min(rule["most_ppb"], rule["start_ppb"] + rule["step_ppb"] * (elapsed // rule["every_ns"])))


def length(rule: Given) -> int:
    """Return how long an auction lasts: the largest discount is on offer for one interval."""
    steps = ceil(Fraction(rule["most_ppb"] - rule["start_ppb"], rule["step_ppb"]))
    return int((steps + 1) * rule["every_ns"])


def is_on(world: World, unit: Unit) -> bool:
    """Return whether a unit's auction is held and has not run out."""
    auction = world.auctions.get(unit.unit_id)
    return auction is not None and not auction.expired


def let_clocks_run(world: World, time_ns: int) -> dict[str, Auction]:
    """Count the time up to now, and return what was there before, in case the command is refused."""
    before = dict(world.auctions)
    for unit_id, auction in before.items():
        if not auction.expired:
            offered = auction.offered + on_sale_ns(world, world.units[unit_id], auction.oldest, time_ns)
            world.auctions[unit_id] = replace(auction, offered=offered)
    return before


def on_sale_ns(world: World, unit: Unit, oldest: int, time_ns: int) -> int:
    """Return how many instants from the last command to before this time somebody could bid for the unit at."""
    if world.is_halted or equity(world, unit) < 0 or not is_unhealthy(world, unit):
        return 0
    markets = [world.markets[market_of(key)] for key in unit.legs]
    if any(market.mark == 0 or market.guard for market in markets):
        return 0
    believed = min([time_ns, *(market.mark_time + oldest + 1 for market in markets if oldest)])
    spans = []
    for market in markets:
        if market.market_id not in world.halts:
            lost = unit.unit_id in market.grace_lost
            begin = world.time_ns if lost else max(world.time_ns, market.grace_until)
            spans.append((begin, min(believed, market.expiry or believed)))
    counted, reached = 0, world.time_ns
    for begin, end in sorted(spans):
        counted += max(0, end - max(begin, reached))
        reached = max(reached, end)
    return counted


def why_over(world: World, unit: Unit) -> str:
    """Return the first reason for which a unit's auction is over now, or nothing."""
    auction = world.auctions[unit.unit_id]
    if unit.bankrupt:
        return "bankrupt"
    if not unit.legs:
        return "flat"
    if is_cured(world, unit):
        return "healthy"
    return "expired" if not auction.expired and auction.offered >= auction.length else ""


def end_auctions(step: "Step") -> bool:
    """End what is over, and return whether anything was."""
    told = step.seen["auctions_ended"]
    before = len(told)
    for unit_id, auction in sorted(step.world.auctions.items()):
        if why := why_over(step.world, step.world.units[unit_id]):
            told.append((unit_id, auction.start, why))
            if why == "expired":
                auction.expired = True
            else:
                del step.world.auctions[unit_id]
    return len(told) > before


def open_auctions(step: "Step") -> bool:
    """Put on offer who would be taken over while solvent, and return whether there was anybody."""
    world, rule = step.world, step.rules["auction"]
    if rule["name"] == "none":
        return False
    opened = [
        unit
        for unit in world.all_units()
        if not unit.bankrupt
        and unit is not world.fund_unit()
        and unit.unit_id not in world.auctions
        and step.can_be_liquidated(unit)
        and is_below_close_out(world, unit)
        and not step.waits_for_price(unit)
    ]
    for unit in opened:
        row = length(rule), step.rules["max_mark_age_ns"]
        world.auctions[unit.unit_id] = Auction(world.time_ns, *row)
        step.seen["auctions_opened"].append((unit.unit_id, equity(world, unit), *row))
    return bool(opened)


def bid(world: World, given: Given, rules: Given) -> str | None:
    """Take lots of an auctioned unit at the mark less the discount of the moment."""
    market = world.markets.get(given["market_id"])
    unit, bidder = world.units.get(given["unit_id"]), world.units.get(given["bidder_unit_id"])
    unit_side, bidder_side = given.get("leg_side", ""), given.get("bidder_side", "")
    lots, least, time_ns = given["lots"], given["least_discount_ppb"], given["time_ns"]
    if market is None:
        return "UNKNOWN_MARKET"
    if unit is None or bidder is None:
        return "UNKNOWN_UNIT"
    if is_wrong_side(unit, unit_side) or is_wrong_side(bidder, bidder_side):
        return "WRONG_SIDE"
    if lots < 1:
        return "BAD_LOTS"
    if not 0 <= least <= BILLION:
        return "BAD_RATE"
    if world.accounts[unit.account_id].owner_group == world.accounts[bidder.account_id].owner_group:
        return "SELF_TRADE"
    if market.mark == 0:
        return "NO_MARK"
    if market.settled:
        return "MARKET_SETTLED"
    if 0 < market.expiry <= time_ns:
        return "MARKET_EXPIRED"
    if any(one.isolated not in ("", market.market_id) for one in (unit, bidder)):
        return "WRONG_MARKET"
    if world.is_halted:
        return "DOMAIN_HALTED"
    if market.market_id in world.halts:
        return "MARKET_HALTED"
    if bidder.bankrupt:
        return "UNIT_BANKRUPT"
    if not is_on_offer(world, unit, market, time_ns):
        return "NO_AUCTION"
    leg_id, own_leg_id = (leg_id_of(market.market_id, side) for side in (unit_side, bidder_side))
    held = unit.lots(leg_id)
    bought = sign(held) * lots
    if lots > abs(held) or (can_only_close(own_leg_id, bought) and lots > abs(bidder.lots(own_leg_id))):
        return "MORE_THAN_HELD"
    percent = discount(rules["auction"], world.auctions[unit.unit_id].offered)
    if lots > 1 and is_cured(world, sold(world, unit, leg_id, lots - 1, percent)[0]):
        return "MORE_THAN_NEEDED"
    rest, money = sold(world, unit, leg_id, lots, percent)
    if money < asked(market, lots, least):
        return "DISCOUNT_TOO_SMALL"
    tried = bidder.copy()
    fill(tried, market, bought, money - bought * market.lot_value, own_leg_id)
    if held_lots(world, tried, own_leg_id) > market.max_lots:
        return "LOTS_ABOVE_MAXIMUM"
    is_fund = world.accounts[bidder.account_id].role == "fund"
    if is_fund and held_lots(world, tried, own_leg_id) > rules["fund_inventory_cap_lots"]:
        return "LOTS_ABOVE_MAXIMUM"
    if not covers_initial(world, tried, guarded_assets(world, time_ns, rules)):
        return "BELOW_INITIAL_MARGIN"
    if any(is_guarded(world.markets[market_of(key)], time_ns, rules["max_mark_age_ns"]) for key in unit.legs):
        return "MARK_GUARDED"
    world.units[tried.unit_id], world.units[rest.unit_id] = tried, rest
    tell_fills(world, time_ns)
    return None


def sold(world: World, unit: Unit, leg_id: str, lots: int, percent: int) -> tuple[Unit, int]:
    """Return a unit after a bid for lots of a leg, and the money that it gives up against the mark."""
    market, rest, without = world.markets[market_of(leg_id)], unit.copy(), unit.copy()
    bought = sign(unit.lots(leg_id)) * lots
    fill(without, market, -bought, bought * market.lot_value, leg_id)
    before, after = maintenance(world, unit), maintenance(world, without)
    lies_there = floor(equity(world, unit) * max(Fraction(0), Fraction(before - after, before)))
    money = min(asked(market, lots, percent), lies_there)
    fill(rest, market, -bought, bought * market.lot_value - money, leg_id)
    return rest, money


def end_if_cured(world: World, unit: Unit) -> None:
    """After a bid: end the auction of a unit that it has left flat or cured."""
    if not unit.legs or is_cured(world, unit):
        del world.auctions[unit.unit_id]


def is_cured(world: World, unit: Unit) -> bool:
    """Return whether a unit has both its maintenance and its initial margin again."""
    return not is_unhealthy(world, unit) and covers_initial(world, unit, ())


def is_on_offer(world: World, unit: Unit, market: Market, time_ns: int) -> bool:
    """Return whether a unit's lots in a market may be bid for now."""
    if not is_on(world, unit) or why_over(world, unit) or not is_unhealthy(world, unit):
        return False
    return equity(world, unit) >= 0 and not market.spares(unit, time_ns)


def asked(market: Market, lots: int, discount_ppb: int) -> int:
    """Return what a discount on some lots comes to, rounded down."""
    return floor(Fraction(lots * abs(market.lot_value) * discount_ppb, BILLION))
