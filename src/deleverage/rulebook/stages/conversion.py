"""Before anybody is declared bankrupt: units below zero turn their own collateral into money.

Backstops buy, then the fund's common pool for the fund's unit, at the index price less the asset's discount; nobody is
made to buy, and nobody pays more than what is free. What finds no taker stays with its owner, who goes on through the
waterfall without it: pledged, until its later sale has repaid what others carried.
"""

from typing import NamedTuple

from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.assets import Asset
from deleverage.rulebook.book import FUND_POT, Book
from deleverage.rulebook.collateral import free_cash_quanta, repaid_quanta, selling_order, wanted_grains
from deleverage.rulebook.margin import equity
from deleverage.rulebook.messages import AssetFill, CollateralSeller, CollateralSold, Payment, PotChange
from deleverage.rulebook.pools import COMMON
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.guards import asset_guards, guards
from deleverage.rulebook.stages.scratch import Scratch


class Room(NamedTuple):
    """What one taker can pay, and the grains that this buys (> 0)."""

    quanta: int
    grains: int


Rooms = dict[str, Room]


def convert(scratch: Scratch) -> None:
    """Sell asset after asset, smallest haircut first, until a pass sells nothing.

    What one asset brings can be the money for another: a backstop that sold has some over, a pledge fills the pool.
    """
    facts_before = -1
    while facts_before < len(scratch.facts):
        facts_before = len(scratch.facts)
        for asset in selling_order(scratch.book):
            if asset.terms.asset_id not in scratch.guarded_assets:
                _convert_asset(scratch, asset)


def _convert_asset(scratch: Scratch, asset: Asset) -> None:
    """Ask the backstops, then the fund, for one asset, each until nobody wants or nobody can."""
    for rooms_of, part in ((backstop_rooms, "taker"), (fund_room, "fund")):
        # Rounding over several takers can leave one of them the money for a grain.
        while (wanted := _wanted(scratch, asset, part)) and (
            rooms := rooms_of(scratch.book, scratch.rules, scratch.time_ns, asset)
        ):
            _sell(scratch, asset, wanted, rooms, part)


def backstop_rooms(book: Book, rules: Rules, time_ns: int, asset: Asset) -> Rooms:
    """Return what each backstop's cross unit can buy out of its free money, collateral aside, in id order.

    Who is bankrupt, has a pledge, or holds a leg or an asset whose price is guarded has no free money.
    """
    marks, prices = guards(book, rules, time_ns), asset_guards(book, rules, time_ns)
    rooms = {}
    for account_id in sorted(key for key, account in book.accounts.items() if account.role == "backstop"):
        unit = book.units[account_id]
        unsure = not unit.markets().isdisjoint(marks) or not unit.assets.keys().isdisjoint(prices)
        if unit.bankrupt or unit.carried or unsure:
            continue
        free = free_cash_quanta(book, unit)
        if grains := asset.affordable(free):
            rooms[account_id] = Room(free, grains)
    return rooms


def fund_room(book: Book, rules: Rules, time_ns: int, asset: Asset) -> Rooms:
    """Return what the fund's common pool can buy, as far as the fund's unit may still hold it.

    A fund whose own unit is bankrupt, below zero or has a pledge buys nothing.
    """
    fund, pool = book.fund_unit(), book.pools[COMMON].room_quanta(book.cash(COMMON), time_ns)
    if fund is None or fund.bankrupt or fund.carried or equity(book, fund) < 0:
        return {}
    fits = asset.terms.fund_cap_grains - fund.assets.get(asset.terms.asset_id, 0)
    grains = min(fits, asset.affordable(pool))
    return {fund.unit_id: Room(pool, grains)} if grains > 0 else {}


def _wanted(scratch: Scratch, asset: Asset, part: str) -> dict[str, int]:
    """Return the grains that each unit within reach has to sell to backstops or to the fund, in id order."""
    wanted = {}
    for unit in scratch.book.sorted_units():
        grains = wanted_grains(scratch.book, unit, asset, part == "fund")
        if grains and not scratch.out_of_reach(unit):
            wanted[unit.unit_id] = grains
    return wanted


def _sell(scratch: Scratch, asset: Asset, wanted: dict[str, int], rooms: Rooms, part: str) -> None:
    """Sell as many grains as are wanted and affordable: sellers share by what they want, takers by what they can buy.

    All grains of the fact bring one sum, rounded up; takers pay it and sellers receive it by their grains.
    """
    grains = min(sum(wanted.values()), sum(room.grains for room in rooms.values()))
    money = asset.proceeds(grains)
    sold = apportion(grains, [Share(key, most, most) for key, most in wanted.items()]).parts
    taken = apportion(grains, [Share(key, room.grains, room.grains) for key, room in rooms.items()]).parts
    received = apportion(money, [Share(key, given) for key, given in sold.items()]).parts
    paid = apportion(money, [Share(key, got, rooms[key].quanta) for key, got in taken.items()]).parts
    sellers = [_seller(scratch, key, given, received[key]) for key, given in sold.items() if given]
    payments = [Payment(seller.unit_id, seller.money_quanta - seller.repaid_quanta) for seller in sellers]
    pool_quanta = sum(seller.repaid_quanta for seller in sellers)
    if part == "fund":
        pool_quanta -= money
    else:
        payments += [Payment(key, -amount) for key, amount in paid.items()]
    scratch.emit(
        CollateralSold,
        asset_id=asset.terms.asset_id,
        price_quanta=asset.price_quanta,
        discount_ppb=asset.terms.discount_ppb,
        assets=tuple(AssetFill(seller.unit_id, -seller.sold_grains, "seller") for seller in sellers)
        + tuple(AssetFill(key, got, part) for key, got in taken.items() if got),
        payments=tuple(payment for payment in payments if payment.amount_quanta),
        pots=(PotChange(FUND_POT, pool_quanta),) if pool_quanta else (),
        sellers=tuple(sellers),
    )


def _seller(scratch: Scratch, unit_id: str, grains: int, money: int) -> CollateralSeller:
    unit = scratch.book.units[unit_id]
    return CollateralSeller(
        unit_id, scratch.equity(unit_id), unit.carried, grains, money, repaid_quanta(scratch.book, unit, money)
    )
