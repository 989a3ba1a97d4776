"""What comes by the calendar: what one funding interval costs a lot, and what a unit has made in a period.

Signs: money a unit has made is +, funding that long lots pay is +.
"""

from deleverage.rulebook.book import Book, Unit
from deleverage.rulebook.margin import equity
from deleverage.rulebook.quantities import PPB, div_half_even


def result(book: Book, unit: Unit) -> int:
    """Return what a unit has made so far: equity less what was deposited on balance; quanta, signed, exact."""
    return equity(book, unit) - unit.deposits


def period_profit(book: Book, unit: Unit) -> int:
    """Return what a unit has made since the period began, realised and open, fees and haircuts off; signed quanta."""
    return result(book, unit) - unit.result_before


def profit_moved(book: Book, unit: Unit, amount_quanta: int, released: bool) -> int:
    """Return the period profit that goes along with money moved out of a unit: quanta, signed.

    A flat unit that is released takes its whole profit or loss along; margin moved by hand takes at most itself, and no
    loss. So nobody hides a profit in a sibling unit.
    """
    profit = period_profit(book, unit)
    return profit if released else max(0, min(amount_quanta, profit))


def funding_per_lot_half_even(value_quanta: int, rate_ppb: int, carry: int) -> tuple[int, int]:
    """Return the quanta one long lot pays for one interval, and the remainder to carry (quanta x 10^9).

    On the value's magnitude; halves to even. With the remainder carried, no series of small rates is lost or doubled.
    """
    owed = abs(value_quanta) * rate_ppb + carry
    paid = div_half_even(owed, PPB)
    return paid, owed - paid * PPB
