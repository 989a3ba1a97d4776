"""What assets are worth: the margin value of a unit's collateral, and which prices nobody vouches for."""

from collections.abc import Collection
from typing import Any

from tests.model.numbers import BILLION, ceil_part, floor_part
from tests.model.state import Asset, Unit, World


def margin_value(world: World, unit: Unit, doubted: Collection[str] = ()) -> int:
    """Return what a unit's collateral counts; assets that are doubted count nothing, like those of a bankrupt."""
    if unit.bankrupt or unit.carried > 0:
        return 0
    return sum(counted(world.assets[key], grains) for key, grains in unit.assets.items() if key not in doubted)


def counted(asset: Asset, grains: int) -> int:
    """Return what some grains count as margin: up to the cap, after the haircut, rounded down."""
    worth = min(grains, asset.cap) * asset.price
    return floor_part(worth, BILLION - asset.haircut, asset.price_grains * BILLION)


def brought_in(asset: Asset, grains: int) -> int:
    """Return what some grains bring in a forced sale: the price less the discount, rounded up."""
    return ceil_part(grains * asset.price, BILLION - asset.discount, asset.price_grains * BILLION)


def guarded_assets(world: World, time_ns: int, rules: dict[str, Any]) -> set[str]:
    """Return the assets without a price that somebody vouches for now."""
    oldest = rules["max_mark_age_ns"]
    return {
        asset.asset_id
        for asset in world.assets.values()
        if asset.price == 0 or asset.guard or (oldest > 0 and time_ns - asset.price_time > oldest)
    }
