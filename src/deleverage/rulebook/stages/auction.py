"""Between stages 2 and 3: who is auctioned instead of being taken over, from when, until when, and at which discount.

An auction ends in a step, or with the bid that leaves a unit healthy or flat; between two steps nobody can bid for a
unit that is in distress no more. Its clock stands while nobody can bid (``clock``).
"""

from deleverage.rulebook.book import Book, Unit, market_of
from deleverage.rulebook.margin import equity, equity_shares, initial_numerator, is_unhealthy, margin_balance
from deleverage.rulebook.messages import AuctionEnded, AuctionOpened
from deleverage.rulebook.quantities import MARGIN_SCALE, PPB, share_floor
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.clock import elapsed_ns
from deleverage.rulebook.stages.grace import is_spared
from deleverage.rulebook.stages.scratch import Scratch


def why_ended(book: Book, unit: Unit, time_ns: int) -> str:
    """Return why the auction of a unit that has one is over at a time, the first reason that is true; empty: it is not.

    One that has expired before is over for another reason only.
    """
    auction = book.auctions[unit.unit_id]
    reasons = {
        "bankrupt": unit.bankrupt,
        "flat": not unit.legs,
        "healthy": has_recovered(book, unit),
        "expired": not auction.expired and elapsed_ns(book, unit.unit_id, time_ns) >= auction.length_ns,
    }
    return next((why for why, true in reasons.items() if true), "")


def has_recovered(book: Book, unit: Unit) -> bool:
    """Return whether a distress is over: the unit is healthy, and could open what it holds.

    Maintenance alone would be no distance from a close-out at maintenance. (Where a requirement falls from one notional
    to the next, the initial one of lots and orders may lie below the maintenance of the lots.)
    """
    covered = margin_balance(book, unit) * MARGIN_SCALE >= initial_numerator(book, unit)
    return covered and not is_unhealthy(book, unit)


def why_not_offered(book: Book, unit: Unit, market_id: str, time_ns: int) -> str:
    """Return why lots of a unit in a market cannot be bid for now; empty: they can."""
    if unit.unit_id not in book.auctions:
        return "none"
    if book.auctions[unit.unit_id].expired:
        return "expired"
    if why := why_ended(book, unit, time_ns):
        return why
    if not is_unhealthy(book, unit):
        return "healthy"  # Its distress lasts until it has recovered.
    if equity(book, unit) < 0:
        return "bankrupt"  # No step has declared it yet.
    return "grace" if is_spared(book, unit, market_id, time_ns) else ""


def discount_ppb(book: Book, rules: Rules, unit_id: str, time_ns: int) -> int:
    """Return the discount that the schedule of a unit's auction says at a time."""
    return rules.auction.discount_ppb(elapsed_ns(book, unit_id, time_ns))


def discount_quanta(book: Book, rules: Rules, unit: Unit, leg_id: str, lots: int, ppb: int) -> int:
    """Return what ``lots`` of a leg give up against the mark at a discount, rounded down; quanta >= 0.

    At most their part of the equity that lies on the leg, as a takeover would split it: a bid creates no loss, and
    leaves the rest of the leg no worse covered than before.
    """
    market = book.markets[market_of(leg_id)]
    asked = share_floor(lots * abs(market.value_quanta), ppb, PPB)
    own = equity_shares(book, unit, rules.shortfall_split)[leg_id]
    return min(asked, share_floor(own, lots, abs(unit.legs[leg_id].lots)))


def auction(scratch: Scratch) -> None:
    """End the auctions that are over, then open one for every solvent unit that stage 3 would take over now."""
    end_auctions(scratch)
    if not scratch.rules.auction.lasts_ns():
        return
    fund = scratch.book.fund_unit()
    for unit in scratch.book.sorted_units():
        if unit.bankrupt or unit is fund or unit.unit_id in scratch.book.auctions:
            continue
        if scratch.would_take(unit):
            scratch.emit(
                AuctionOpened,
                unit_id=unit.unit_id,
                equity_quanta=scratch.equity(unit.unit_id),
                length_ns=scratch.rules.auction.lasts_ns(),
                max_mark_age_ns=scratch.rules.max_mark_age_ns,
            )


def end_auctions(scratch: Scratch) -> None:
    """Tell the end of every auction that is over, in id order of units."""
    book = scratch.book
    for unit_id in sorted(book.auctions):
        why = why_ended(book, book.units[unit_id], scratch.time_ns)
        if why:
            scratch.emit(AuctionEnded, unit_id=unit_id, start_ns=book.auctions[unit_id].start_ns, why=why)
