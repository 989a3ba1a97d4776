"""Stage 0: why no forced act may be taken from a mark or a price now. Read off the book, never remembered."""

from deleverage.rulebook.book import Book
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.clock import is_stale, why_guarded


def guards(book: Book, rules: Rules, time_ns: int) -> dict[str, str]:
    """Return the markets in which no forced action may be taken, each with the reason (stage 0)."""
    reasons = {market_id: "halted" for market_id in book.halts if market_id} | guarded_marks(book, rules, time_ns)
    return dict(sorted(reasons.items()))


def guarded_marks(book: Book, rules: Rules, time_ns: int) -> dict[str, str]:
    """Return the markets whose mark is not to be believed, each with the reason."""
    reasons = {}
    for market_id, market in sorted(book.markets.items()):
        if market.settled:
            continue  # Nobody holds anything there: a mark that no longer moves guards nothing.
        if reason := why_guarded(market, rules.max_mark_age_ns, time_ns):
            reasons[market_id] = reason
    return reasons


def asset_guards(book: Book, rules: Rules, time_ns: int) -> dict[str, str]:
    """Return the assets at whose price nothing may be sold by force or taken out, each with the reason."""
    reasons = {}
    for asset_id, asset in sorted(book.assets.items()):
        reason = "" if asset.price_quanta else "no_price"
        stale = is_stale(asset.price_time_ns, rules.max_mark_age_ns, time_ns)
        reason = reason or asset.guard or ("stale" if stale else "")
        if reason:
            reasons[asset_id] = reason
    return reasons
