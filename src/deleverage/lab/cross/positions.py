"""Somebody's positions as a cross book: every margin unit of the file, both sides of every coin, what is to be closed.

Where nobody says what is to be closed it is what the bankrupt hold: their longs are closed against shorts, and the
other way round.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from deleverage.adapters.position_book import PositionBook
from deleverage.lab.cross.book import LONG, SHORT, CrossBook, Leg, book_of
from deleverage.rulebook.book import market_of
from deleverage.rulebook.decimals import Scale
from deleverage.rulebook.margin import equity


@dataclass(frozen=True)
class Study:
    """A book, what is required of each leg in lots, who is left out, and the scales that print it."""

    book: CrossBook
    required: tuple[int, ...]
    left_out: tuple[str, ...]
    sizes: dict[str, Scale]
    money: Scale
    why: str


def study_of(found: PositionBook, wanted: Mapping[tuple[str, int], int], betas: Mapping[str, Fraction]) -> Study:
    """Return the study of a book of positions; ``wanted`` are lots by coin and side, empty: those of the bankrupt."""
    book, names = found.book, found.shown
    markets = sorted(book.markets, key=names.__getitem__)
    legs = tuple(
        Leg(names[name], side, book.markets[name].value_quanta, betas.get(names[name], Fraction(1)))
        for name in markets
        for side in (LONG, SHORT)
    )
    place = {(name, side): 2 * at + (side == SHORT) for at, name in enumerate(markets) for side in (LONG, SHORT)}
    ids, own, held = [], [], []
    for name, unit in book.units.items():
        row = [0] * len(legs)
        for leg_id, leg in unit.legs.items():
            row[place[market_of(leg_id), LONG if leg.lots > 0 else SHORT]] += abs(leg.lots)
        ids.append(name)
        own.append(equity(book, unit))
        held.append(row)
    asked, left_out = book_of(ids, own, legs, held)
    required = [wanted.get((leg.coin, leg.side), 0) for leg in legs]
    if not wanted:
        gone = [row for row, money in zip(held, own, strict=True) if money <= 0]
        required = [sum(row[at + leg.side] for row in gone) for at, leg in enumerate(legs)]
    why = "what was asked for" if wanted else "what accounts without equity hold, each side against the other"
    sizes = {names[name]: book.markets[name].terms.lot for name in markets}
    return Study(asked, tuple(required), left_out, sizes, found.money, why)
