"""Collateral of a scenario file: assets, who owns them, and the index prices of a frame."""

from typing import Any

from deleverage.rulebook.assets import AssetTerms
from deleverage.rulebook.messages import AssetPriceUpdate, Command, DepositAsset, ListAsset, SetAssetPrices
from deleverage.rulebook.quantities import PPB, Scale, format_units
from deleverage.scenarios.faults import Path
from deleverage.scenarios.names import Names
from deleverage.scenarios.plugs import RATE

CAP_GRAINS, MAX_PRICE_QUANTA = 10**30, 10**30
"""Bounds of an asset that states none."""


def read_assets(names: Names, tables: list[Any]) -> list[tuple[Command, Path]]:
    """Return the listing of every asset and its opening price; a price is for one whole asset."""
    commands: list[tuple[Command, Path]] = []
    prices = []
    for at, table in enumerate(tables):
        here: Path = ("assets", at)
        if table["id"] in names.assets:
            names.reader.fault((*here, "id"), f"{table['id']!r} exists already")
            continue
        terms = _read_terms(names, here, table)
        names.assets[terms.asset_id] = terms
        commands.append((ListAsset(time_ns=0, terms=terms), here))
        prices.append(AssetPriceUpdate(terms.asset_id, _price(names, (*here, "price"), table["price"], terms)))
    if prices:
        commands.append((SetAssetPrices(time_ns=0, prices=tuple(prices), confirmed=True), ("assets",)))
    return commands


def _read_terms(names: Names, here: Path, table: dict[str, Any]) -> AssetTerms:
    reader, grain = names.reader, Scale(1, table.get("decimals", 8))
    haircut = reader.units((*here, "haircut"), table.get("haircut", 0), RATE, 0)
    discount = reader.units((*here, "discount"), table.get("discount", 0), RATE, 0)
    if haircut > PPB:
        reader.fault((*here, "haircut"), f"is {table['haircut']}, a share is at most 1")
    if discount > haircut or discount >= PPB:
        sentence = f"is {table['discount']}, it is at most the haircut {format_units(haircut, RATE)}, and below 1"
        reader.fault((*here, "discount"), sentence)
    caps = {
        key: reader.units((*here, key), table[key], grain, 0) if key in table else default
        for key, default in (("cap", CAP_GRAINS), ("fund_cap", 0))
    }
    return AssetTerms(
        asset_id=table["id"],
        price_grains=10**grain.decimals,
        haircut_ppb=haircut,
        discount_ppb=discount,
        cap_grains=caps["cap"],
        max_price_quanta=MAX_PRICE_QUANTA,
        fund_cap_grains=caps["fund_cap"],
        grain=grain,
    )


def read_collateral(names: Names, path: Path, unit_id: str, table: dict[str, Any]) -> list[tuple[Command, Path]]:
    """Return the deposits of an account's assets."""
    commands: list[tuple[Command, Path]] = []
    for asset_id, value in table.items():
        here: Path = (*path, asset_id)
        if names.reader.known(here, asset_id, list(names.assets), "asset"):
            grains = names.reader.units(here, value, names.assets[asset_id].grain, 1)
            deposit = DepositAsset(time_ns=0, unit_id=unit_id, asset_id=asset_id, amount_grains=grains)
            commands.append((deposit, here))
    return commands


def read_prices(names: Names, path: Path, table: dict[str, Any], time_ns: int) -> list[Command]:
    """Return the index prices of a frame as one set, under the frame's sources and confirmation."""
    prices = []
    for asset_id, value in table.get("prices", {}).items():
        here: Path = (*path, "prices", asset_id)
        if names.reader.known(here, asset_id, list(names.assets), "asset"):
            price = _price(names, here, value, names.assets[asset_id])
            prices.append(AssetPriceUpdate(asset_id, price, table.get("sources", 1_000_000)))
    confirmed = table.get("confirmed", False)
    return [SetAssetPrices(time_ns=time_ns, prices=tuple(prices), confirmed=confirmed)] if prices else []


def _price(names: Names, path: Path, value: object, terms: AssetTerms) -> int:
    quanta = names.reader.units(path, value, names.money, 1)
    if quanta > terms.max_price_quanta:
        names.reader.fault(path, f"is above {format_units(terms.max_price_quanta, names.money)}")
    return quanta
