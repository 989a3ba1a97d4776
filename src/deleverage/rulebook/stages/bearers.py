"""Who could bear a loss in stage 6, in the words of a loss rule: gains when the step began, money now.

The invariants ask here again, with sums of their own.
"""

from collections.abc import Container, Mapping
from typing import NamedTuple

from deleverage.rulebook.book import Book, Unit, market_of
from deleverage.rulebook.losses.rule import Bearer
from deleverage.rulebook.margin import equity, gain
from deleverage.rulebook.periods import period_profit


class Gains(NamedTuple):
    """A unit's open gains at one moment, those at guarded marks left out; quanta.

    ``net`` is the lesser of the sums over all legs and over the unguarded ones, ``of_legs`` the sum of the positive
    unguarded ones, ``variation`` like ``net`` with each leg's gain at most its move since the mark before.
    """

    net: int = 0
    of_legs: int = 0
    variation: int = 0


def gains_now(book: Book, guarded: Container[str]) -> dict[str, Gains]:
    """Return the gains of every solvent unit.

    A gain at a guarded mark is not counted - cutting it would be a forced act from that mark - but a loss there is.
    """
    return {unit.unit_id: gains_of(book, unit, guarded) for unit in book.bearing_units() if not unit.bankrupt}


def gains_of(book: Book, unit: Unit, guarded: Container[str]) -> Gains:
    """Return the gains of one unit."""
    net = open_net = of_legs = moved = open_moved = 0
    for leg_id, leg in unit.legs.items():
        market_id = market_of(leg_id)
        market = book.markets[market_id]
        won = gain(leg, market)
        move = market.value_quanta - market.terms.value_at(market.previous_mark_price_ticks)
        variation = min(won, leg.lots * move)
        net, moved = net + won, moved + variation
        if market_id not in guarded:
            open_net, open_moved, of_legs = open_net + won, open_moved + variation, of_legs + max(0, won)
    return Gains(min(open_net, net), of_legs, min(open_moved, moved))


def bearers(
    book: Book, gains: Mapping[str, Gains], taken: Mapping[str, int], guarded: Container[str], market_id: str = ""
) -> tuple[Bearer, ...]:
    """Return every solvent unit that is not wholly behind guarded marks, in id order.

    ``gains`` are those when the step began, ``taken`` the money that stages 5 and 6 of the step have taken since.
    """
    return tuple(
        bearer_of(book, unit, gains.get(unit.unit_id, Gains()), taken.get(unit.unit_id, 0), guarded, market_id)
        for unit in book.bearing_units()
        if not unit.bankrupt and not behind_guards(unit, guarded)
    )


def behind_guards(unit: Unit, guarded: Container[str]) -> bool:
    """Return whether a unit has legs, all of them at guarded marks."""
    return bool(unit.legs) and all(market_of(leg_id) in guarded for leg_id in unit.legs)


def bearer_of(book: Book, unit: Unit, gains: Gains, taken: int, guarded: Container[str], market_id: str) -> Bearer:
    """Return what a loss rule sees of one unit."""
    own = equity(book, unit)
    uncertain = sum(
        max(0, gain(leg, book.markets[market_of(leg_id)]))
        for leg_id, leg in unit.legs.items()
        if market_of(leg_id) in guarded
    )
    return Bearer(
        unit.unit_id,
        book.role(unit),
        not unit.legs,
        own,
        own - uncertain,
        gains.net,
        gains.of_legs,
        gains.variation,
        period_profit(book, unit) - uncertain,
        taken,
        unit.lots_on(market_id, 1) if market_id else 0,
        unit.lots_on(market_id, -1) if market_id else 0,
    )
