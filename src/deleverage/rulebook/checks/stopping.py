"""What stands still: no step in a halted domain, nothing opens in what is halted or paused or beyond the band."""

from deleverage.rulebook import messages as m
from deleverage.rulebook.breaker import is_beyond, watched
from deleverage.rulebook.checks.grace import check_given
from deleverage.rulebook.checks.view import View, require


def check_running(view: View, fact: m.Fact) -> None:
    """Before a fact of a step: the domain is not halted. (A halted market is guarded: see ``check_forced``.)

    Auctions end last, and so also behind a residual of the same step, which halts.
    """
    halted = view.began_halted if isinstance(fact, m.AuctionEnded) else view.book.is_halted
    require("INV-18", not halted, f"a step goes on in a halted domain: {type(fact).__name__}")


def check_halted(view: View, fact: m.Halted) -> None:
    """Before a halt: its scope is not halted by an operator already."""
    require("INV-18", fact.scope not in view.book.halts, f"{fact.scope or 'the domain'} is halted for a second time")


def check_resumed(view: View, fact: m.Resumed) -> None:
    """Before a resumption: there is something to resume, the grace is due, and bankrupts' markets stay reduce-only."""
    check_given(view, fact)
    book = view.book
    within = [fact.scope] if fact.scope else sorted(book.markets)
    closed = fact.scope in book.halts or (not fact.scope and book.halted)
    due = closed or any(book.markets[market_id].reduce_only for market_id in within)
    require("INV-18", due, f"{fact.scope or 'the domain'} is resumed, and nothing was halted or reduce-only")
    require("INV-20", book.residual_quanta == 0, f"resumed while {book.residual_quanta} quanta are not repaid")
    held = {market_id for unit in book.units.values() if unit.bankrupt for market_id in unit.markets()}
    waiting = tuple(market_id for market_id in within if market_id in held)
    require("INV-21", fact.reduce_only == waiting, f"reduce-only stay {fact.reduce_only}, bankrupts hold {waiting}")


def check_opening(view: View, fact: m.Traded | m.OrderPlaced) -> None:
    """Nothing opens, and no order is placed, in what is halted or paused; no price lies beyond the band."""
    book, market, band = view.book, view.book.markets[fact.market_id], view.rules.trade_band_ppb
    halted = book.is_halted or fact.market_id in book.halts
    still = halted or fact.time_ns < market.paused_until_ns
    require("INV-18", not (still and _opens(view, fact)), f"something opened in {fact.market_id}, which stands still")
    beyond = band > 0 and is_beyond(fact.price_ticks, market.mark_price_ticks, band)
    require("INV-18", not beyond, f"{fact.price_ticks} ticks lie beyond the band around {market.mark_price_ticks}")


def check_breakers(view: View, fact: m.MarksSet) -> None:
    """Before a mark set: the breaker of every accepted mark is what the window says."""
    accepted = [mark for mark in fact.marks if view.rules.breaker_ppb and not mark.guard]
    due = tuple(
        watched(view.book.markets[mark.market_id], mark.price_ticks, fact.time_ns, view.rules) for mark in accepted
    )
    require("INV-18", fact.breakers == due, f"breakers are told as {fact.breakers[:3]}, they are {due[:3]}")


def _opens(view: View, fact: m.Traded | m.OrderPlaced) -> bool:
    if isinstance(fact, m.OrderPlaced):
        return True
    for fill in fact.fills:
        before = view.units[fill.unit_id].legs.get(fill.leg_id)
        after = view.book.units[fill.unit_id].legs.get(fill.leg_id)
        had, has = before.lots if before else 0, after.lots if after else 0
        if had * has < 0 or abs(has) > abs(had):
            return True
    return False
