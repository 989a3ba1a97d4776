"""Auctions: who is on offer, at which discount, until when; schedule, money and ends recomputed, nothing believed."""

from deleverage.rulebook import messages as m
from deleverage.rulebook.checks.view import Checks, View, require
from deleverage.rulebook.collateral import awaits_price
from deleverage.rulebook.liquidation import is_below_close_out
from deleverage.rulebook.margin import equity, initial_numerator, maintenance_numerator, margin_balance
from deleverage.rulebook.orders import held_lots
from deleverage.rulebook.quantities import MARGIN_SCALE, PPB, share_floor
from deleverage.rulebook.stages.auction import (
    discount_ppb,
    discount_quanta,
    enough_lots,
    has_recovered,
    why_ended,
    why_not_offered,
)
from deleverage.rulebook.stages.grace import may_liquidate
from deleverage.rulebook.stages.guards import asset_guards, guarded_marks, guards


def check_opened(view: View, fact: m.AuctionOpened) -> None:
    """Before an opening: the unit is solvent, below close-out, can be liquidated, and is not auctioned already."""
    book, unit = view.book, view.book.units[fact.unit_id]
    lasts_ns = view.rules.auction.lasts_ns()
    exposed = may_liquidate(book, guards(book, view.rules, fact.time_ns), unit, fact.time_ns)
    within = not unit.bankrupt and unit is not book.fund_unit() and exposed
    within = within and not awaits_price(book, unit, asset_guards(book, view.rules, fact.time_ns))
    due = lasts_ns > 0 and within and is_below_close_out(book, unit)
    require("INV-7", due, f"{fact.unit_id} is auctioned and would not be taken over")
    require("INV-7", fact.unit_id not in book.auctions, f"{fact.unit_id} is auctioned for a second time")
    told = (fact.equity_quanta, fact.length_ns, fact.max_mark_age_ns)
    found = (equity(book, unit), lasts_ns, view.rules.max_mark_age_ns)
    sentence = f"equity, length and age of marks of {fact.unit_id}'s auction are told as {told}, they are {found}"
    require("INV-7", told == found, sentence)


def check_ended(view: View, fact: m.AuctionEnded) -> None:
    """Before an end: the unit has an auction, and the reason is the true one."""
    auction = view.book.auctions.get(fact.unit_id)
    require("INV-7", auction is not None, f"an auction of {fact.unit_id} is told to end, there is none")
    due = why_ended(view.book, view.book.units[fact.unit_id], fact.time_ns)
    require("INV-7", due != "" and fact.why == due, f"{fact.unit_id}'s auction ended: {fact.why}, it is {due or 'on'}")
    since = auction.start_ns if auction else 0
    require("INV-7", fact.start_ns == since, f"{fact.unit_id}'s auction is told since {fact.start_ns}, it is {since}")


def check_offered(view: View, fact: m.AuctionSold) -> None:
    """Before a sale: the lots are on offer, at the discount and for the money that the schedule says."""
    book, unit = view.book, view.book.units[fact.unit_id]
    why = why_not_offered(book, unit, fact.market_id, fact.time_ns)
    require("INV-8", not why, f"{fact.unit_id} is not on offer in {fact.market_id}: {why}")
    require("INV-18", not book.is_halted, f"{fact.unit_id} is sold in a halted domain")
    hidden = sorted(unit.markets() & guarded_marks(book, view.rules, fact.time_ns).keys())
    require("INV-18", not hidden, f"{fact.unit_id} is sold while its marks in {hidden} are guarded")
    expiry_ns = book.markets[fact.market_id].terms.expiry_ns
    require("INV-18", not 0 < expiry_ns <= fact.time_ns, f"{fact.market_id} has expired, its lots are settled")
    groups = {book.accounts[book.units[key].account_id].owner_group for key in (fact.unit_id, fact.bidder_unit_id)}
    require("INV-8", len(groups) == 2, f"{fact.bidder_unit_id} buys lots of its own owner group")
    due = discount_ppb(book, view.rules, fact.unit_id, fact.time_ns)
    require("INV-12", fact.discount_ppb == due, f"a discount of {fact.discount_ppb} ppb is told, it is {due}")
    told = [(fill.unit_id, fill.market_id, fill.part) for fill in fact.fills]
    sides = ((fact.unit_id, "auctioned"), (fact.bidder_unit_id, "bidder"))
    require("INV-8", told == [(key, fact.market_id, part) for key, part in sides], f"the sides are {told}")
    sold = fact.fills[0]
    enough = enough_lots(book, unit, sold.leg_id, abs(sold.lots), due)
    require("INV-8", not enough, f"{abs(sold.lots)} lots of {fact.unit_id} are sold, {enough} end its distress")
    money = discount_quanta(book, unit, sold.leg_id, abs(sold.lots), due)
    require("INV-6", fact.discount_quanta == money, f"{fact.discount_quanta} quanta given up, due are {money}")


def _check_sold(view: View, fact: m.AuctionSold) -> None:
    """Only these two changed: the owner lost the discount and no more, the bidder got it and carries its lots."""
    plain = not (fact.payments or fact.pots or fact.orders)
    require("INV-11", plain, "a bid moves lots of two units and does nothing else")
    for unit_id, quanta in ((fact.unit_id, -fact.discount_quanta), (fact.bidder_unit_id, fact.discount_quanta)):
        moved = view.now(unit_id) - view.equities[unit_id]
        require("INV-6", moved == quanta, f"{unit_id}'s equity moved by {moved}, the discount is {quanta}")
    unit, before = view.book.units[fact.unit_id], view.units[fact.unit_id]
    cover, was = (margin_balance(view.book, one) for one in (unit, before))
    needs, needed = (maintenance_numerator(view.book, one) for one in (unit, before))
    kept = cover * needed >= was * needs
    told = f"a margin balance of {cover} for {needs}, it was {was} for {needed}"
    require("INV-6", kept, f"{fact.unit_id} is left weaker than before: {told}")
    over = "flat" if not unit.legs else "healthy" if has_recovered(view.book, unit) else ""
    require("INV-7", fact.ended == over, f"the bid is told to end the auction: {fact.ended}, true is: {over}")
    sold = fact.fills[0]
    notional = abs(sold.lots * view.book.markets[fact.market_id].value_quanta)
    most = min(share_floor(notional, fact.discount_ppb, PPB), view.equities[fact.unit_id])
    require("INV-6", 0 <= fact.discount_quanta <= most, f"{fact.discount_quanta} quanta given up, at most {most}")
    bidder = view.book.units[fact.bidder_unit_id]
    balance = margin_balance(view.book, bidder, asset_guards(view.book, view.rules, fact.time_ns))
    carries = balance * MARGIN_SCALE >= initial_numerator(view.book, bidder)
    held, most_lots = fact.fills[1], view.book.markets[fact.market_id].terms.max_lots
    if view.book.role(bidder) == "fund":
        most_lots = min(most_lots, view.rules.fund_inventory_cap_lots)
    lots = held_lots(view.book, bidder).get(held.leg_id, 0)
    require(
        "INV-9", lots <= most_lots, f"bidder {bidder.unit_id} may come to hold {lots} lots, {most_lots} are allowed"
    )
    require("INV-9", carries and not bidder.bankrupt, f"bidder {bidder.unit_id} is left below its initial margin")


def check_not_taken(view: View, fact: m.TakenOver) -> None:
    """Where there are auctions, nobody solvent is taken over whose auction has not run out."""
    for fill in fact.fills:
        if fill.part == "bankrupt" and not view.book.units[fill.unit_id].bankrupt and view.rules.auction.lasts_ns():
            auction = view.book.auctions.get(fill.unit_id)
            waited = auction is not None and auction.expired
            require("INV-7", waited, f"{fill.unit_id} was taken over, its auction has not run out")


def check_auctions(view: View, fact: m.StepEnded) -> None:
    """At the end of a step no auction is open that is over, and after a quiet one nobody waits for one."""
    book = view.book
    for unit_id, auction in sorted(book.auctions.items()):
        over = why_ended(book, book.units[unit_id], fact.time_ns)
        require("INV-7", not over, f"{unit_id}'s auction is over and not told: {over}")
        late = auction.expired and auction.offered_ns < auction.length_ns
        require("INV-7", not late, f"{unit_id}'s auction is told as expired before its time")
        distressed = book.units[unit_id].legs and not has_recovered(book, book.units[unit_id])
        require("INV-7", bool(distressed), f"{unit_id} is auctioned and in no distress")
    if fact.stopped != "quiet" or not view.rules.auction.lasts_ns():
        return
    guarded = guards(book, view.rules, fact.time_ns)
    prices = asset_guards(book, view.rules, fact.time_ns)
    for unit in book.sorted_units():
        solvent = not unit.bankrupt and unit is not book.fund_unit()
        solvent = solvent and not awaits_price(book, unit, prices)
        due = solvent and may_liquidate(book, guarded, unit, fact.time_ns)
        due = due and unit.unit_id not in book.auctions and is_below_close_out(book, unit)
        require("INV-7", not due, f"{unit.unit_id} is below close-out and was not auctioned")


CHECKS: Checks = {
    m.AuctionSold: _check_sold,
}
