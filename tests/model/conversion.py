"""Conversion by force: who needs money sells collateral, to backstops first and then to the fund."""

from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING

from tests.model.assets import brought_in
from tests.model.margin import SCALE, initial, maintenance
from tests.model.numbers import BILLION, split
from tests.model.pools import COMMON, room_of
from tests.model.state import Asset, Unit, move_grains

if TYPE_CHECKING:
    from tests.model.round import Round


def convert(now: "Round") -> None:
    """Visit the assets, the smallest haircut first, again and again until nothing is sold any more."""
    assets = [asset for key, asset in now.world.assets.items() if key not in now.step.guarded_assets]
    assets.sort(key=lambda asset: (asset.haircut, asset.asset_id))
    has_sold = True
    while has_sold:
        has_sold = False
        for asset in assets:
            for is_fund in (False, True):
                while sell(now, asset, is_fund=is_fund):
                    has_sold = now.emitted = True


def grain_price(asset: Asset) -> Fraction:
    """Return what a taker pays for a grain: the index price less the discount."""
    return Fraction(asset.price * (BILLION - asset.discount), asset.price_grains * BILLION)


def sell(now: "Round", asset: Asset, *, is_fund: bool) -> bool:
    """Sell an asset once to the backstops, or to the fund, and return whether anything was sold."""
    wants = wanted(now, asset, is_fund=is_fund)
    money = fund_money(now) if is_fund else backstop_money(now)
    rooms = {u: floor(quanta / grain_price(asset)) for u, quanta in money.items()}
    if is_fund:
        rooms = {
            u: min(room, asset.fund_cap - now.world.units[u].assets.get(asset.asset_id, 0)) for u, room in rooms.items()
        }
    rooms = {u: room for u, room in rooms.items() if room > 0}
    total = min(sum(wants.values()), sum(rooms.values()))
    if total == 0:
        return False
    sold, taken = (split(total, [(u, most, most) for u, most in part.items()]) for part in (wants, rooms))
    price = brought_in(asset, total)
    got = split(price, [(u, grains, None) for u, grains in sold.items()])
    paid = split(price, [(u, grains, money[u]) for u, grains in taken.items()])
    assert sum(paid.values()) == price, "the takers cannot pay"
    sellers = [give(now, asset, now.world.units[u], grains, got[u]) for u, grains in sold.items() if grains]
    for u, grains in taken.items():
        if grains:
            take(now, asset, now.world.units[u], grains, paid[u], is_fund=is_fund)
    takers = tuple(sorted((u, grains) for u, grains in taken.items() if grains))
    now.step.seen["converted"].append((asset.asset_id, tuple(sorted(sellers)), takers))
    return True


def wanted(now: "Round", asset: Asset, *, is_fund: bool) -> dict[str, int]:
    """Return the grains that each unit in need wants to sell; the fund is not asked for what would come back to it."""
    wants = {}
    for unit in now.world.all_units():
        grains = unit.assets.get(asset.asset_id, 0)
        need = max(0, -now.equity(unit)) + (0 if is_fund else unit.carried)
        if grains and need and not now.step.out_of_reach(unit):
            wants[unit.unit_id] = min(grains, ceil(need / grain_price(asset)))
    return wants


def backstop_money(now: "Round") -> dict[str, int]:
    """Return the money that each backstop could pay with; its collateral does not count."""
    found = {}
    for account in now.world.accounts.values():
        unit = now.world.units[account.account_id]
        if account.role != "backstop" or unit.bankrupt or unit.carried > 0:
            continue
        is_doubtful = any(now.step.is_guarded(key) for key in unit.legs)
        if not is_doubtful and now.step.guarded_assets.isdisjoint(unit.assets):
            bound = max(initial(now.world, unit), maintenance(now.world, unit))
            found[unit.unit_id] = max(0, now.equity(unit) - ceil(Fraction(bound, SCALE)))
    return found


def fund_money(now: "Round") -> dict[str, int]:
    """Return the room of the common pool, for the fund's unit if it may take."""
    fund = now.world.fund_unit()
    if fund is None or fund.bankrupt or now.equity(fund) < 0 or fund.carried > 0:
        return {}
    return {fund.unit_id: room_of(now.world, COMMON)}


def give(now: "Round", asset: Asset, unit: Unit, grains: int, money: int) -> tuple[str, int, int, int, int, int]:
    """Let a seller give grains for money, and repay what others carried; return its row of what is told."""
    own, carried = now.equity(unit), unit.carried
    repaid = min(carried, money - min(money, max(0, -own)))
    move_grains(unit, asset.asset_id, -grains)
    unit.quote += money - repaid
    unit.transfers += money - repaid
    unit.result_before += money
    unit.carried -= repaid
    if not unit.assets:
        unit.carried = 0
    now.world.pots["fund"] += repaid
    return unit.unit_id, own, carried, grains, money, repaid


def take(now: "Round", asset: Asset, unit: Unit, grains: int, money: int, *, is_fund: bool) -> None:
    """Let a taker have grains for its money, the fund's unit for the pool's."""
    move_grains(unit, asset.asset_id, grains)
    if is_fund:
        now.world.pots["fund"] -= money
    else:
        unit.quote -= money
        unit.transfers -= money
        unit.result_before -= money
