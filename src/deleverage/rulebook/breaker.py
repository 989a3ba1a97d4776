"""Bands and the circuit breaker: what a price may be for those who trade because they want to.

Rules of this module: both bind voluntary trades and orders only. No stage of the waterfall asks here, so neither can
ever stop a liquidation, a takeover or deleveraging (bands that did have left venues with losses that grew); and whoever
reduces may do so in a pause.
Who does it: CME's price limits and velocity logic, Deribit's price bands, the limit-up limit-down of US equities.

Deliberately absent: guards of the mark itself (``stages.guards``), which say whether a mark is to be believed.
"""

from deleverage.rulebook.book import Market
from deleverage.rulebook.messages import Breaker
from deleverage.rulebook.quantities import PPB
from deleverage.rulebook.rules import Rules


def watched(market: Market, price_ticks: int, time_ns: int, rules: Rules) -> Breaker:
    """Return the market's breaker after it has accepted a mark.

    A window starts with the first mark, then with the first mark that comes when the one before is over - compared with
    the last mark of that one, so that no move falls between two windows - and anew with a mark that trips.
    """
    reference, since = market.reference_price_ticks, market.reference_time_ns
    if not market.mark_price_ticks:
        reference, since = price_ticks, time_ns
    elif time_ns - since >= rules.breaker_window_ns:
        reference, since = market.mark_price_ticks, time_ns
    if is_beyond(price_ticks, reference, rules.breaker_ppb):
        return Breaker(market.terms.market_id, price_ticks, time_ns, time_ns + rules.pause_ns)
    return Breaker(market.terms.market_id, reference, since, market.paused_until_ns)


def is_beyond(price: int, reference: int, band_ppb: int) -> bool:
    """Return whether a price lies further from a reference than a band allows, either way; at its edge it does not."""
    return abs(price - reference) * PPB > band_ppb * reference
