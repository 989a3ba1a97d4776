"""Between stages 2 and 3: who is auctioned instead of being taken over, from when, until when, and at which discount.

An auction ends in a step, or with the bid that leaves a unit healthy or flat; between two steps nobody can bid for a
unit that is in distress no more. Its clock stands while nobody can bid (``clock``).
"""

from deleverage.rulebook.book import Book, Unit, copy_unit, market_of, side_of
from deleverage.rulebook.closing import settle_unit
from deleverage.rulebook.margin import (
    equity,
    initial_numerator,
    is_unhealthy,
    leg_maintenance,
    maintenance_numerator,
    margin_balance,
)
from deleverage.rulebook.messages import AuctionEnded, AuctionOpened
from deleverage.rulebook.quantities import MARGIN_SCALE, PPB, div_floor, share_floor, sign
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


def discount_quanta(book: Book, unit: Unit, leg_id: str, lots: int, ppb: int) -> int:
    """Return what ``lots`` of a leg give up against the mark at a discount, rounded down; quanta >= 0.

    At most their part of the equity, by the maintenance that falls with them: a bid creates no loss, and never leaves
    the unit with less margin balance per maintenance than before.
    """
    market, held = book.markets[market_of(leg_id)], abs(unit.legs[leg_id].lots)
    asked = share_floor(lots * abs(market.value_quanta), ppb, PPB)
    relief = leg_maintenance(market, held) - leg_maintenance(market, held - lots)
    own = share_floor(equity(book, unit), max(0, relief), maintenance_numerator(book, unit))
    return min(asked, own)


def after_sale(book: Book, unit: Unit, leg_id: str, lots: int, ppb: int) -> Unit:
    """Return a copy of a unit as it is when ``lots`` of a leg are sold at a discount."""
    market, rest = book.markets[market_of(leg_id)], copy_unit(unit)
    change = sign(unit.legs[leg_id].lots) * lots
    money = discount_quanta(book, unit, leg_id, lots, ppb)
    settle_unit(rest, market, -change, change * market.value_quanta - money, side_of(leg_id))
    return rest


def enough_lots(book: Book, unit: Unit, leg_id: str, lots: int, ppb: int) -> int:
    """Return fewer than ``lots`` with which the distress would be over too; 0: the last of them is needed.

    The number that is told is the least one where a requirement falls with every lot.
    """

    def is_over(fewer: int) -> bool:
        return has_recovered(book, after_sale(book, unit, leg_id, fewer, ppb))

    low, high = 0, lots - 1
    if high == 0 or not is_over(high):
        return 0
    while high - low > 1:
        middle = div_floor(low + high, 2)
        low, high = (low, middle) if is_over(middle) else (middle, high)
    return high


def auction(scratch: Scratch) -> None:
    """End the auctions that are over, then open one for every solvent unit that stage 3 would take over now."""
    end_auctions(scratch)
    if not scratch.rules.auction.lasts_ns():
        return
    fund = scratch.book.fund_unit()
    for unit in scratch.unhealthy:
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
