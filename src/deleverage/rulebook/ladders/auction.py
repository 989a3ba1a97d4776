"""Bids for lots of an auctioned unit."""

from collections.abc import Iterator

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Book, copy_unit, leg_id_of
from deleverage.rulebook.closing import settle_unit
from deleverage.rulebook.ladders.rungs import (
    Ladder,
    next_fact,
    refuse,
    releases,
    require_held,
    require_initial,
    require_live,
    require_lots,
    require_mark,
    require_market,
    require_own_market,
    require_running,
    require_side,
    require_solvent,
    require_unit,
)
from deleverage.rulebook.messages import Code, Command, Fact
from deleverage.rulebook.orders import closes, held_lots
from deleverage.rulebook.quantities import PPB, share_floor, sign
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.auction import (
    after_sale,
    discount_ppb,
    discount_quanta,
    enough_lots,
    why_ended,
    why_not_offered,
)
from deleverage.rulebook.stages.guards import asset_guards, guarded_marks


def _bid(book: Book, command: m.Bid, rules: Rules) -> Iterator[Fact]:
    market, market_id, lots = require_market(book, command.market_id), command.market_id, command.lots
    unit, bidder = require_unit(book, command.unit_id), require_unit(book, command.bidder_unit_id)
    require_side(book, unit, command.leg_side)
    require_side(book, bidder, command.bidder_side)
    refuse(lots < 1, Code.BAD_LOTS, "a bid has at least 1 lot", lots, 1)
    least_ppb = command.least_discount_ppb
    refuse(not 0 <= least_ppb <= PPB, Code.BAD_RATE, "a discount is a share, 0 to 10^9 ppb", least_ppb, PPB)
    groups = {book.accounts[one.account_id].owner_group for one in (unit, bidder)}
    refuse(len(groups) == 1, Code.SELF_TRADE, "nobody bids for lots of its own owner group", bidder.unit_id)
    require_mark(market)
    require_live(market, command.time_ns)
    for one in (unit, bidder):
        require_own_market(one, market_id)
    require_running(book, market_id, "no bids")
    require_solvent(bidder)
    why = why_not_offered(book, unit, market_id, command.time_ns)
    refuse(bool(why), Code.NO_AUCTION, f"no lots of {unit.unit_id} are on offer in {market_id} now", why)
    leg_id, bidder_leg_id = leg_id_of(market_id, command.leg_side), leg_id_of(market_id, command.bidder_side)
    require_held(unit, leg_id, lots)
    change = sign(unit.legs[leg_id].lots) * lots
    if closes(command.bidder_side, change):
        require_held(bidder, bidder_leg_id, lots)
    ppb = discount_ppb(book, rules, unit.unit_id, command.time_ns)
    enough = enough_lots(book, unit, leg_id, lots, ppb)
    refuse(enough > 0, Code.MORE_THAN_NEEDED, f"the distress of {unit.unit_id} is over with fewer lots", lots, enough)
    money = discount_quanta(book, unit, leg_id, lots, ppb)
    asked = share_floor(lots * abs(market.value_quanta), least_ppb, PPB)
    refuse(money < asked, Code.DISCOUNT_TOO_SMALL, "the discount is less than the bidder asks for", money, asked)
    value = change * market.value_quanta
    fills = (
        m.Fill(unit.unit_id, market_id, -change, value - money, -money, "auctioned", command.leg_side),
        m.Fill(bidder.unit_id, market_id, change, money - value, money, "bidder", command.bidder_side),
    )
    after = copy_unit(bidder)
    settle_unit(after, market, change, money - value, command.bidder_side)
    held = held_lots(book, after).get(bidder_leg_id, 0)
    require_lots(market, held)
    cap = rules.fund_inventory_cap_lots if book.role(bidder) == "fund" else held
    refuse(held > cap, Code.LOTS_ABOVE_MAXIMUM, f"{bidder.unit_id} is the fund's, whose inventory has a cap", held, cap)
    require_initial(book, after, asset_guards(book, rules, command.time_ns))
    hidden = ", ".join(sorted(unit.markets() & guarded_marks(book, rules, command.time_ns).keys()))
    refuse(bool(hidden), Code.MARK_GUARDED, f"nobody knows what {unit.unit_id} has while a mark is guarded", hidden)
    rest = after_sale(book, unit, leg_id, lots, ppb)
    yield m.AuctionSold(
        **next_fact(book, command),
        unit_id=unit.unit_id,
        bidder_unit_id=bidder.unit_id,
        market_id=market_id,
        discount_ppb=ppb,
        discount_quanta=money,
        ended=why_ended(book, rest, command.time_ns),
        fills=fills,
    )
    yield from releases(book, command, [after, rest])


LADDERS: dict[type[Command], Ladder] = {
    m.Bid: _bid,
}
