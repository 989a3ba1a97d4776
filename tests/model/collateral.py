"""The commands of collateral: their checks in order of precedence, then what they do."""

from typing import Any

from tests.model.assets import guarded_assets
from tests.model.checks import is_bad_id, is_out_of_bounds, touches_a_guard
from tests.model.margin import covers_initial, equity, margin_balance
from tests.model.numbers import BILLION, ceil_part
from tests.model.state import Asset, Unit, World, move_grains, pay

Given = dict[str, Any]


def list_asset(world: World, given: Given, rules: Given) -> str | None:
    """Admit an asset as collateral."""
    terms = given["terms"]
    if is_bad_id(terms["asset_id"]):
        return "BAD_ID"
    if terms["asset_id"] in world.assets:
        return "DUPLICATE_ID"
    haircut, discount = terms["haircut_ppb"], terms["discount_ppb"]
    if is_out_of_bounds(terms["price_grains"]) or is_out_of_bounds(terms["max_price_quanta"]):
        return "BAD_TERMS"
    if any(not 0 <= terms[name] <= 10**40 for name in ("cap_grains", "fund_cap_grains")):
        return "BAD_TERMS"
    if not 0 <= haircut <= BILLION or not 0 <= discount <= haircut or discount == BILLION:
        return "BAD_TERMS"
    names = ("asset_id", "price_grains", "haircut_ppb", "discount_ppb", "cap_grains", "max_price_quanta")
    fixed = [terms[name] for name in (*names, "fund_cap_grains")]
    world.assets[terms["asset_id"]] = Asset(*fixed)
    return None


def set_asset_prices(world: World, given: Given, rules: Given) -> str | None:
    """Accept or guard a set of index prices."""
    names = [update["asset_id"] for update in given["prices"]]
    if len(names) != len(set(names)):
        return "DUPLICATE_ID"
    if any(name not in world.assets for name in names):
        return "UNKNOWN_ASSET"
    if any(not 1 <= update["price_quanta"] <= world.assets[update["asset_id"]].max_price for update in given["prices"]):
        return "BAD_PRICE"
    for update in given["prices"]:
        asset, price = world.assets[update["asset_id"]], update["price_quanta"]
        band = rules["mark_band_ppb"]
        asset.guard = ""
        if not given["confirmed"]:
            if update["sources"] < rules["min_sources"]:
                asset.guard = "under_sourced"
            elif band and asset.price and abs(price - asset.price) * BILLION > band * asset.price:
                asset.guard = "out_of_band"
        if not asset.guard:
            asset.price, asset.price_time = price, given["time_ns"]
    return None


def refused(world: World, given: Given, units: list[str], *, needs_price: bool) -> str | None:
    """Return the first code up to ISOLATED_UNIT that a movement of an asset between outside and units meets."""
    asset = world.assets.get(given["asset_id"])
    if asset is None:
        return "UNKNOWN_ASSET"
    if any(unit_id not in world.units for unit_id in units):
        return "UNKNOWN_UNIT"
    if is_out_of_bounds(given["amount_grains"]):
        return "BAD_AMOUNT"
    if "price_quanta" in given and not 1 <= given["price_quanta"] <= asset.max_price:
        return "BAD_PRICE"
    if len(units) != len(set(units)):
        return "SELF_TRADE"
    if needs_price and asset.price == 0:
        return "NO_MARK"
    return "ISOLATED_UNIT" if any(world.units[unit_id].isolated for unit_id in units) else None


def refused_by_state(units: list[Unit]) -> str | None:
    """Return the code for a unit whose assets may not move."""
    if any(unit.bankrupt for unit in units):
        return "UNIT_BANKRUPT"
    return "ASSETS_PLEDGED" if any(unit.carried for unit in units) else None


def deposit_asset(world: World, given: Given, rules: Given) -> str | None:
    """Bring grains into a unit."""
    if code := refused(world, given, [given["unit_id"]], needs_price=True):
        return code
    unit = world.units[given["unit_id"]]
    if code := refused_by_state([unit]):
        return code
    move_grains(unit, given["asset_id"], given["amount_grains"])
    world.assets[given["asset_id"]].net_deposits += given["amount_grains"]
    return None


def withdraw_asset(world: World, given: Given, rules: Given) -> str | None:
    """Take grains out that the unit does not need."""
    if code := refused(world, given, [given["unit_id"]], needs_price=False):
        return code
    unit, key, grains = world.units[given["unit_id"]], given["asset_id"], given["amount_grains"]
    if code := refused_by_state([unit]):
        return code
    if grains > unit.assets.get(key, 0):
        return "MORE_THAN_HELD"
    if touches_a_guard(world, unit, given["time_ns"], rules):
        return "MARK_GUARDED"
    tried = unit.copy()
    move_grains(tried, key, -grains)
    if not covers_initial(world, tried, ()):
        return "INSUFFICIENT_EQUITY"
    if any(equity(world, one) < 0 for one in world.units.values()):
        return "NEGATIVE_EQUITY"
    world.units[unit.unit_id] = tried
    world.assets[key].net_deposits -= grains
    return None


def convert(world: World, given: Given, rules: Given) -> str | None:
    """Let a unit give grains to another for money, at a price that both agreed on."""
    names = [given["unit_id"], given["taker_unit_id"]]
    if code := refused(world, given, names, needs_price=True):
        return code
    asset, grains, price = world.assets[given["asset_id"]], given["amount_grains"], given["price_quanta"]
    units = [world.units[name] for name in names]
    if world.is_halted:
        return "DOMAIN_HALTED"
    if code := refused_by_state(units):
        return code
    band = rules["conversion_band_ppb"]
    if band and abs(price - asset.price) * BILLION > band * asset.price:
        return "OUT_OF_BAND"
    if grains > units[0].assets.get(asset.asset_id, 0):
        return "MORE_THAN_HELD"
    seller, taker = tried = [unit.copy() for unit in units]
    money = ceil_part(grains, price, asset.price_grains)
    for unit, sign in ((seller, 1), (taker, -1)):
        move_grains(unit, asset.asset_id, -sign * grains)
        pay(unit, sign * money)
        unit.result_before += sign * money
    doubted = guarded_assets(world, given["time_ns"], rules)
    falls = [
        margin_balance(world, after, doubted) < margin_balance(world, before, doubted)
        for before, after in zip(units, tried, strict=True)
    ]
    if any(fell and not covers_initial(world, unit, doubted) for fell, unit in zip(falls, tried, strict=True)):
        return "BELOW_INITIAL_MARGIN"
    if any((fell or unit is taker) and equity(world, unit) < 0 for fell, unit in zip(falls, tried, strict=True)):
        return "BELOW_ZERO"
    times = given["time_ns"], rules
    if any(fell and touches_a_guard(world, unit, *times) for fell, unit in zip(falls, units, strict=True)):
        return "MARK_GUARDED"
    if asset.asset_id in doubted:
        return "MARK_GUARDED"
    world.units.update({unit.unit_id: unit for unit in tried})
    return None
