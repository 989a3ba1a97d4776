"""Collateral: what may leave, at which price it is converted, and that nobody is bankrupt who could have sold."""

from deleverage.rulebook import messages as m
from deleverage.rulebook.assets import Asset, worth_ceil
from deleverage.rulebook.book import FUND_POT
from deleverage.rulebook.checks.view import Checks, View, require
from deleverage.rulebook.collateral import awaits_price, needed_quanta, selling_order
from deleverage.rulebook.liquidation import cannot_carry
from deleverage.rulebook.margin import equity, initial_numerator, margin_balance
from deleverage.rulebook.periods import period_profit
from deleverage.rulebook.quantities import MARGIN_SCALE, PPB
from deleverage.rulebook.stages.conversion import backstop_rooms, fund_room
from deleverage.rulebook.stages.guards import asset_guards


def _check_profits(view: View, repaid: dict[str, int]) -> None:
    """An asset that becomes money is no profit, money that becomes an asset no loss; what is repaid is given back."""
    for unit_id, before in view.units.items():
        profit, was = period_profit(view.book, view.book.units[unit_id]), period_profit(view.book, before)
        due = was - repaid.get(unit_id, 0)
        require("INV-3", profit == due, f"{unit_id}: a conversion left a profit of {profit}, it should be {due} quanta")


def _check_asset_out(view: View, fact: m.AssetOut) -> None:
    unit, before = view.book.units[fact.unit_id], view.units[fact.unit_id]
    free = not before.bankrupt and before.carried == 0 and fact.amount_grains > 0
    require("INV-9", free, f"{fact.amount_grains} grains left {fact.unit_id}, whose assets are not free")
    balance, initial = margin_balance(view.book, unit), initial_numerator(view.book, unit)
    backed = balance * MARGIN_SCALE >= initial
    require("INV-9", backed, f"{fact.unit_id} withdrew and holds {balance}, less than its initial")
    guarded = sorted(set(before.assets) & set(asset_guards(view.book, view.rules, fact.time_ns)))
    require("INV-18", not guarded, f"{fact.unit_id} withdrew while the price of {guarded} is guarded")
    for other in view.book.units.values():
        own = equity(view.book, other)
        require("INV-20", own >= 0, f"{fact.unit_id} withdrew, {other.unit_id} has {own} quanta")


def check_before_sale(view: View, fact: m.CollateralSold) -> None:
    """Take down, before the fact, who has to sell how much, and how many grains each taker can pay for."""
    asset, units = view.book.assets[fact.asset_id], view.book.units
    pool = any(fill.part == "fund" for fill in fact.assets)
    view.needs = {seller.unit_id: needed_quanta(view.book, units[seller.unit_id], pool) for seller in fact.sellers}
    rooms_of = fund_room if pool else backstop_rooms
    view.rooms = rooms_of(view.book, view.rules, fact.time_ns, asset)


def _check_sold(view: View, fact: m.CollateralSold) -> None:
    """A forced conversion is at the index less the discount, by who has to, as far as needed, to who can pay."""
    asset, asset_id = view.book.assets[fact.asset_id], fact.asset_id
    guarded = asset_guards(view.book, view.rules, fact.time_ns)
    require("INV-18", asset_id not in guarded, f"{asset_id} was sold at a guarded price")
    told = (fact.price_quanta, fact.discount_ppb)
    terms = (asset.price_quanta, asset.terms.discount_ppb)
    require("INV-12", told == terms, f"{asset_id}: sold at {told}, price and discount are {terms}")
    given = {fill.unit_id: -fill.grains for fill in fact.assets if fill.part == "seller"}
    said = {seller.unit_id: seller.sold_grains for seller in fact.sellers}
    require("INV-8", given == said and min(given.values()) > 0, f"{asset_id}: sold {given}, told {said}")
    paid = _money_of(fact)
    money, due = sum(seller.money_quanta for seller in fact.sellers), asset.proceeds(sum(given.values()))
    require("INV-12", money == due, f"{asset_id}: {sum(given.values())} grains brought {money} quanta, due are {due}")
    for seller in fact.sellers:
        fair = abs(seller.money_quanta - asset.proceeds(seller.sold_grains)) <= 1
        require("INV-10", fair, f"{seller.unit_id} got {seller.money_quanta} quanta for {seller.sold_grains} grains")
        _check_seller(view, fact, asset, seller, guarded)
        received = paid.pop(seller.unit_id, 0)
        net = seller.money_quanta - seller.repaid_quanta
        require("INV-6", received == net, f"{seller.unit_id} received {received} quanta, told are {net}")
    pool = sum(change.amount_quanta for change in fact.pots if change.pot == FUND_POT)
    pool -= sum(seller.repaid_quanta for seller in fact.sellers)
    for fill in fact.assets:
        if fill.part != "seller":
            cost = -pool if fill.part == "fund" else -paid.pop(fill.unit_id, 0)
            _check_taker(view, asset, fill, cost)
    require("INV-11", not paid and not fact.orders and not fact.fills, f"{asset_id}: money moved for {sorted(paid)}")
    others = {change.pot for change in fact.pots} - {FUND_POT}
    require("INV-11", not others, f"{asset_id}: a conversion moved money of {sorted(others)}")
    _check_profits(view, {seller.unit_id: seller.repaid_quanta for seller in fact.sellers})


def _check_seller(
    view: View, fact: m.CollateralSold, asset: Asset, seller: m.CollateralSeller, guarded: dict[str, str]
) -> None:
    unit_id, before = seller.unit_id, view.units[seller.unit_id]
    needed, money = view.needs[unit_id], seller.money_quanta
    least = needed > 0 and seller.sold_grains <= asset.grains_for(needed)
    require("INV-9", least, f"{unit_id} sold {seller.sold_grains} grains, it needed {needed} quanta")
    repaid = min(before.carried, max(0, money - max(0, -view.equities[unit_id])))
    require("INV-6", seller.repaid_quanta == repaid, f"{unit_id} repaid {seller.repaid_quanta}, due are {repaid}")
    for cheaper in selling_order(view.book):
        if cheaper is asset:
            break
        waits = cheaper.terms.asset_id in guarded or not before.assets.get(cheaper.terms.asset_id)
        refused = waits or not backstop_rooms(view.book, view.rules, fact.time_ns, cheaper)
        require("INV-10", refused, f"{unit_id} sold {asset.terms.asset_id} before {cheaper.terms.asset_id}")


def _check_taker(view: View, asset: Asset, fill: m.AssetFill, cost_quanta: int) -> None:
    room = view.rooms[fill.unit_id].grains if fill.unit_id in view.rooms else 0
    require("INV-9", 0 < fill.grains <= room, f"{fill.unit_id} took {fill.grains} grains, it could pay for {room}")
    fair = abs(cost_quanta - asset.proceeds(fill.grains)) <= 1
    require("INV-10", fair, f"{fill.unit_id} paid {cost_quanta} quanta for {fill.grains} grains")
    weak = fill.part != "fund" and cannot_carry(view.book, view.book.units[fill.unit_id])
    require("INV-9", not weak, f"{fill.unit_id} cannot carry what it bought")


def _check_converted(view: View, fact: m.Converted) -> None:
    require("INV-18", not view.book.is_halted, f"{fact.asset_id} was converted in a halted domain")
    asset = view.book.assets[fact.asset_id]
    seller, taker = fact.assets
    money = worth_ceil(taker.grains, fact.price_quanta, asset.terms.price_grains, PPB)
    paid = _money_of(fact)
    told = (paid.get(seller.unit_id, 0), paid.get(taker.unit_id, 0))
    require("INV-12", told == (money, -money), f"{fact.asset_id}: {told} paid for {taker.grains} grains, due {money}")
    left = equity(view.book, view.book.units[taker.unit_id])
    require("INV-9", left >= 0, f"{taker.unit_id} paid for {fact.asset_id} and is left with {left} quanta")
    require("INV-11", not (fact.fills or fact.pots or fact.orders), "a conversion moves grains and their money only")
    _check_profits(view, {})


def check_sold_first(view: View, fact: m.BankruptcyDeclared) -> None:
    """Nobody is declared bankrupt who owns collateral that a taker would buy now, or that waits for its price."""
    guarded = asset_guards(view.book, view.rules, fact.time_ns)
    waiting = [item.unit_id for item in fact.units if awaits_price(view.book, view.book.units[item.unit_id], guarded)]
    require("INV-18", not waiting, f"{waiting[:3]} are covered by assets with a guarded price")
    for asset in selling_order(view.book):
        asset_id = asset.terms.asset_id
        owners = [item.unit_id for item in fact.units if view.book.units[item.unit_id].assets.get(asset_id)]
        if asset_id in guarded or not owners:
            continue
        for rooms_of in (backstop_rooms, fund_room):
            rooms = rooms_of(view.book, view.rules, fact.time_ns, asset)
            require("INV-7", not rooms, f"{owners[:3]} are bankrupt, {sorted(rooms)[:3]} would buy their {asset_id}")


def _money_of(fact: m.Conversion) -> dict[str, int]:
    paid: dict[str, int] = {}
    for payment in fact.payments:
        paid[payment.unit_id] = paid.get(payment.unit_id, 0) + payment.amount_quanta
    return paid


CHECKS: Checks = {
    m.AssetOut: _check_asset_out,
    m.Converted: _check_converted,
    m.CollateralSold: _check_sold,
}
