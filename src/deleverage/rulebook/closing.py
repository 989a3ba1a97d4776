"""At which price a leg is closed, how one fill settles, and how the money of a round is spread over candidates.

Amounts are law; a price is a display. Every fill is zero-sum between its sides and the named pots.
"""

from typing import NamedTuple

from deleverage.rulebook.book import Leg, Market, Unit, leg_id_of
from deleverage.rulebook.price import Closed, Price, asked
from deleverage.rulebook.quantities import share_floor, sign


class Settled(NamedTuple):
    """What a fill does to one leg: the quote's change, what was realised, and the leg afterwards (``None``: flat)."""

    quote_quanta: int
    realised_quanta: int
    leg: Leg | None


def settle(leg: Leg | None, lots: int, amount_quanta: int, funding_quanta: int) -> Settled:
    """Return the effect of a fill of ``lots`` (signed, not 0) for ``amount_quanta`` received, funding excluded.

    Closed lots take their share of the three memos with them, magnitudes rounded down, so the last quantum of a memo
    stays with the lots that stay open; no rounding moves money. A haircut memo's share is dropped with its lots.
    """
    quote_quanta = amount_quanta + lots * funding_quanta
    if leg is None or sign(leg.lots) == sign(lots):
        old = leg or Leg(0)
        opened = Leg(old.lots + lots, old.cost - amount_quanta, old.entry_funding + lots * funding_quanta, old.haircut)
        return Settled(quote_quanta, 0, opened)
    held, closed = abs(leg.lots), min(abs(leg.lots), abs(lots))
    cost = share_floor(leg.cost, closed, held)
    entry_funding = share_floor(leg.entry_funding, closed, held)
    closing_amount = share_floor(amount_quanta, closed, abs(lots))
    funding_paid = sign(leg.lots) * closed * funding_quanta - entry_funding
    realised = closing_amount - cost - funding_paid
    rest = leg.lots + lots
    if closed < held:
        haircut = share_floor(leg.haircut, closed, held)
        kept = Leg(rest, leg.cost - cost, leg.entry_funding - entry_funding, leg.haircut - haircut)
        return Settled(quote_quanta, realised, kept)
    if rest == 0:
        return Settled(quote_quanta, realised, None)
    flipped = Leg(rest, closing_amount - amount_quanta, rest * funding_quanta)
    return Settled(quote_quanta, realised, flipped)


def settle_unit(unit: Unit, market: Market, lots: int, amount_quanta: int, leg_side: str) -> int:
    """Settle a fill on a leg of a unit (the real one, or a copy) and return what it realised, in quanta."""
    leg_id = leg_id_of(market.terms.market_id, leg_side)
    result = settle(unit.legs.get(leg_id), lots, amount_quanta, market.funding_quanta)
    unit.quote += result.quote_quanta
    unit.realised += result.realised_quanta
    if result.leg is None:
        del unit.legs[leg_id]
    else:
        unit.legs[leg_id] = result.leg
    return result.realised_quanta


def money_asked(price: Price, market: Market, side: int, closed_lots: int, shortfall_quanta: int) -> int:
    """Return the quanta that stage 5 asks of candidates for ``closed_lots`` of bankrupt longs (side 1) or shorts (-1).

    The bankruptcy price asks for the whole shortfall. Whatever the price is, it lies in [0, shortfall], so that a
    bankrupt's equity ends between its old value and zero.
    """
    previous = market.terms.value_at(market.previous_mark_price_ticks)
    return asked(price, Closed(side, closed_lots, shortfall_quanta, market.value_quanta, previous))
