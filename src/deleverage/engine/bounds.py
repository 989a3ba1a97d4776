"""How wide a number may be, so that no sum or product of the engine can leave 64 bits.

``tests/engine/test_bounds.py`` proves each bound. Whatever is wider is not refused - the law knows no such bound - but
left to the law: ``TooWide`` hands the whole domain over to the rulebook's own integers, which have no end.
"""

LEG_BITS = 54
"""Of one leg: lots times what one of them is worth, holds or costs are below 2^54 quanta in magnitude."""

LEGS = 128
"""So many legs a unit may have at most."""

QUOTE_BITS = 61
"""Of one unit: its cash and ledger, what its collateral counts, and the memos of a leg are below 2^61 quanta."""

SHARE_BITS = 62
"""Of ``share_floor`` and ``share_ceil``: the amount is below 2^62, and their whole below 2^LEG_BITS.

Or the whole is below 2^61, and amount x whole below 2^113.
"""

SPLIT_BITS = 62
"""Of a split: the amount and the sum of the weights are below 2^62."""


class TooWide(Exception):
    """A number lies outside the bounds of the engine's columns; ``found`` and ``bound`` are the compared numbers."""

    def __init__(self, what: str, found: int, bound: int) -> None:
        super().__init__(f"{what} is {found}, the columns hold less than {bound}")
        self.what, self.found, self.bound = what, found, bound


def require_bits(what: str, number: int, bits: int) -> int:
    """Return a number whose magnitude lies below two to the power of ``bits``; raises TooWide for any other."""
    if abs(number) >> bits:
        raise TooWide(what, number, 1 << bits)
    return number
