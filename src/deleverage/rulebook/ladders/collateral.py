"""Assets: listed, priced, brought in, taken out, converted by agreement."""

from collections.abc import Iterator

from deleverage.rulebook import messages as m
from deleverage.rulebook.assets import Asset, worth_ceil
from deleverage.rulebook.book import Book, Unit, copy_unit
from deleverage.rulebook.breaker import is_beyond
from deleverage.rulebook.gates import debt_gate, mark_gate
from deleverage.rulebook.ladders.rungs import (
    Ladder,
    guard_of,
    next_fact,
    refuse,
    require_amount,
    require_id,
    require_initial,
    require_no_halt,
    require_open,
    require_solvent,
    require_unguarded,
    require_unit,
)
from deleverage.rulebook.margin import equity, initial_numerator, margin_balance
from deleverage.rulebook.messages import Code, Command, Fact
from deleverage.rulebook.quantities import LARGEST, MARGIN_SCALE, PPB, div_ceil
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.guards import asset_guards, guarded_marks


def _list_asset(book: Book, command: m.ListAsset, rules: Rules) -> Iterator[Fact]:
    terms = command.terms
    require_id(terms.asset_id)
    refuse(terms.asset_id in book.assets, Code.DUPLICATE_ID, "an asset of this id exists", terms.asset_id)
    for name in ("price_grains", "max_price_quanta"):
        size = getattr(terms, name)
        refuse(not 1 <= size <= LARGEST, Code.BAD_TERMS, f"{name} lies from 1 to 10^40", size, LARGEST)
    for name in ("cap_grains", "fund_cap_grains"):
        size = getattr(terms, name)
        refuse(not 0 <= size <= LARGEST, Code.BAD_TERMS, f"{name} lies from 0 to 10^40", size, LARGEST)
    haircut, discount = terms.haircut_ppb, terms.discount_ppb
    refuse(not 0 <= haircut <= PPB, Code.BAD_TERMS, "a haircut lies from 0 to 10^9 ppb", haircut, PPB)
    within = 0 <= discount <= haircut and discount < PPB
    refuse(not within, Code.BAD_TERMS, "a discount lies from 0 to the haircut, below 10^9 ppb", discount, haircut)
    yield m.AssetListed(**next_fact(book, command), terms=terms)


def _set_asset_prices(book: Book, command: m.SetAssetPrices, rules: Rules) -> Iterator[Fact]:
    names = sorted(price.asset_id for price in command.prices)
    twice = len(set(names)) < len(names)
    refuse(twice, Code.DUPLICATE_ID, "an asset is named twice in one set of prices", ", ".join(names))
    assets = {name: _require_asset(book, name) for name in names}
    for price in command.prices:
        _require_price(assets[price.asset_id], price.price_quanta)
    prices = []
    for price in sorted(command.prices):
        before = assets[price.asset_id].price_quanta
        guard = "" if command.confirmed else guard_of(before, price.price_quanta, price.sources, rules)
        prices.append(m.AssetPriceSet(price.asset_id, price.price_quanta, before, guard))
    yield m.AssetPricesSet(**next_fact(book, command), prices=tuple(prices))


def _deposit_asset(book: Book, command: m.DepositAsset, rules: Rules) -> Iterator[Fact]:
    asset, unit = _require_asset(book, command.asset_id), require_unit(book, command.unit_id)
    require_amount(command.amount_grains)
    refuse(asset.price_quanta == 0, Code.NO_MARK, "the asset has no price yet", command.asset_id)
    _require_holder(unit)
    yield m.AssetIn(
        **next_fact(book, command),
        unit_id=unit.unit_id,
        asset_id=command.asset_id,
        amount_grains=command.amount_grains,
    )


def _withdraw_asset(book: Book, command: m.WithdrawAsset, rules: Rules) -> Iterator[Fact]:
    _require_asset(book, command.asset_id)
    unit, grains = require_unit(book, command.unit_id), command.amount_grains
    require_amount(grains)
    _require_holder(unit)
    _require_held(unit, command.asset_id, grains)
    now_ns = command.time_ns
    require_open(mark_gate(unit, guarded_marks(book, rules, now_ns), asset_guards(book, rules, now_ns)))
    after = _with_assets(unit, command.asset_id, -grains)
    balance, initial = margin_balance(book, after), initial_numerator(book, unit)
    sentence, short = "what backs the initial requirement may not leave", balance * MARGIN_SCALE < initial
    refuse(short, Code.INSUFFICIENT_EQUITY, sentence, balance, div_ceil(initial, MARGIN_SCALE))
    require_open(debt_gate(book, rules, now_ns))
    yield m.AssetOut(**next_fact(book, command), unit_id=unit.unit_id, asset_id=command.asset_id, amount_grains=grains)


def _convert(book: Book, command: m.Convert, rules: Rules) -> Iterator[Fact]:
    asset, asset_id = _require_asset(book, command.asset_id), command.asset_id
    seller, taker = require_unit(book, command.unit_id), require_unit(book, command.taker_unit_id)
    grains, price_quanta = command.amount_grains, command.price_quanta
    require_amount(grains)
    _require_price(asset, price_quanta)
    refuse(seller is taker, Code.SELF_TRADE, "seller and taker are the same unit", seller.unit_id)
    index = asset.price_quanta
    refuse(index == 0, Code.NO_MARK, "the asset has no price yet", asset_id)
    _require_cross(seller)
    _require_cross(taker)
    require_no_halt(book, "no conversions")
    require_solvent(seller)
    require_solvent(taker)
    _require_unpledged(seller)
    _require_unpledged(taker)
    band = rules.conversion_band_ppb
    far = band > 0 and is_beyond(price_quanta, index, band)
    sentence = "a conversion's price lies within the band around the index"
    refuse(far, Code.OUT_OF_BAND, sentence, price_quanta, index)
    _require_held(seller, asset_id, grains)
    money = worth_ceil(grains, price_quanta, asset.terms.price_grains, PPB)
    looked = (_with_assets(seller, asset_id, -grains), _with_assets(taker, asset_id, grains))
    looked[0].quote += money
    looked[1].quote -= money
    guarded = asset_guards(book, rules, command.time_ns)
    falling = [
        after
        for before, after in zip((seller, taker), looked, strict=True)
        if margin_balance(book, after, guarded) < margin_balance(book, before, guarded)
    ]
    for after in falling:
        require_initial(book, after, guarded)
    for after in looked:
        left = equity(book, after)
        below = left < 0 and (after in falling or after is looked[1])
        refuse(below, Code.BELOW_ZERO, f"{after.unit_id} would be left below zero", left, 0)
    refuse(asset_id in guarded, Code.MARK_GUARDED, "no conversion while the asset's price is guarded", asset_id)
    for after in falling:
        require_unguarded(book, after, rules, command.time_ns)
    yield m.Converted(
        **next_fact(book, command),
        asset_id=asset_id,
        price_quanta=price_quanta,
        assets=(m.AssetFill(seller.unit_id, -grains, "seller"), m.AssetFill(taker.unit_id, grains, "taker")),
        payments=(m.Payment(seller.unit_id, money), m.Payment(taker.unit_id, -money)),
    )


def _require_asset(book: Book, asset_id: str) -> Asset:
    refuse(asset_id not in book.assets, Code.UNKNOWN_ASSET, "no such asset", asset_id)
    return book.assets[asset_id]


def _require_price(asset: Asset, price_quanta: int) -> None:
    bound = asset.terms.max_price_quanta
    within = 1 <= price_quanta <= bound
    refuse(not within, Code.BAD_PRICE, "a price lies from 1 quantum to the bound", price_quanta, bound)


def _require_cross(unit: Unit) -> None:
    sentence = "an isolated unit holds the settlement currency only"
    refuse(bool(unit.isolated_market_id), Code.ISOLATED_UNIT, sentence, unit.unit_id)


def _require_unpledged(unit: Unit) -> None:
    sentence = "the assets are pledged for what others carried"
    refuse(unit.carried > 0, Code.ASSETS_PLEDGED, sentence, unit.carried, 0)


def _require_holder(unit: Unit) -> None:
    """Refuse a unit whose assets may not move: isolated, bankrupt or pledged."""
    _require_cross(unit)
    require_solvent(unit)
    _require_unpledged(unit)


def _require_held(unit: Unit, asset_id: str, grains: int) -> None:
    held = unit.assets.get(asset_id, 0)
    refuse(grains > held, Code.MORE_THAN_HELD, f"{unit.unit_id} has less of {asset_id}", grains, held)


def _with_assets(unit: Unit, asset_id: str, grains: int) -> Unit:
    """Return a copy of a unit with so many grains more."""
    after = copy_unit(unit)
    after.assets[asset_id] = after.assets.get(asset_id, 0) + grains
    return after


LADDERS: dict[type[Command], Ladder] = {
    m.ListAsset: _list_asset,
    m.SetAssetPrices: _set_asset_prices,
    m.DepositAsset: _deposit_asset,
    m.WithdrawAsset: _withdraw_asset,
    m.Convert: _convert,
}
