"""What facts of collateral write: assets, their prices, who owns them, and what others carried for a bankrupt."""

from deleverage.rulebook import messages as m
from deleverage.rulebook.assets import Asset
from deleverage.rulebook.book import Book, Unit
from deleverage.rulebook.writers import Writers


def count_carried(book: Book, fact: m.Movement) -> None:
    """Note what others pay for a bankrupt that owns assets (what it gives up: negative): its assets are pledged."""
    if isinstance(fact, m.Conversion):
        return
    for unit_id, quanta in (*((fill.unit_id, fill.money_quanta) for fill in fact.fills), *fact.payments):
        unit = book.units[unit_id]
        if unit.bankrupt and unit.assets:
            unit.carried = max(0, unit.carried + quanta)


def _list_asset(book: Book, fact: m.AssetListed) -> None:
    book.assets[fact.terms.asset_id] = Asset(fact.terms)


def _asset_prices_set(book: Book, fact: m.AssetPricesSet) -> None:
    for price in fact.prices:
        asset = book.assets[price.asset_id]
        asset.guard = price.guard
        if not price.guard:
            asset.price_quanta = price.price_quanta
            asset.price_time_ns = fact.time_ns


def _asset_in(book: Book, fact: m.AssetIn) -> None:
    book.assets[fact.asset_id].net_deposits_grains += fact.amount_grains
    _add_grains(book.units[fact.unit_id], fact.asset_id, fact.amount_grains)


def _asset_out(book: Book, fact: m.AssetOut) -> None:
    book.assets[fact.asset_id].net_deposits_grains -= fact.amount_grains
    _add_grains(book.units[fact.unit_id], fact.asset_id, -fact.amount_grains)


def _converted(book: Book, fact: m.Conversion) -> None:
    moved = sum(fill.grains for fill in fact.assets)
    assert moved == 0, f"grains of one fact must cancel out: {moved} of {fact.asset_id}"
    for fill in fact.assets:
        _add_grains(book.units[fill.unit_id], fact.asset_id, fill.grains)
    for payment in fact.payments:
        book.units[payment.unit_id].result_before += payment.amount_quanta  # An asset that becomes money is no profit.


def _collateral_sold(book: Book, fact: m.CollateralSold) -> None:
    _converted(book, fact)
    for seller in fact.sellers:
        unit = book.units[seller.unit_id]
        unit.result_before += seller.repaid_quanta  # Fund money was profit; given back it is none any more.
        # Without assets there is no pledge: nothing else of the unit answers for what others carried.
        unit.carried = unit.carried - seller.repaid_quanta if unit.assets else 0


def _add_grains(unit: Unit, asset_id: str, grains: int) -> None:
    held = unit.assets.pop(asset_id, 0) + grains
    assert held >= 0, f"{unit.unit_id} would hold {held} grains of {asset_id}"
    if held:
        unit.assets[asset_id] = held


WRITERS: Writers = {
    m.AssetListed: _list_asset,
    m.AssetPricesSet: _asset_prices_set,
    m.AssetIn: _asset_in,
    m.AssetOut: _asset_out,
    m.Converted: _converted,
    m.CollateralSold: _collateral_sold,
}
