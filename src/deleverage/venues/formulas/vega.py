"""Vega: how collected money is shared by winners, and how the network sells what it has taken over.

Sources: github.com/vegaprotocol/vega (a50750cc), core/collateral/simple_distributor.go, core/execution/liquidation;
github.com/vegaprotocol/specs, 0012-POSR.
"""

from fractions import Fraction

from deleverage.rulebook.apportion import Share, apportion
from deleverage.venues.formulas.exact import ceil, floor


def distribution(collected: int, wins: list[int]) -> list[int]:
    """Return what each winner is paid of the money collected, in units of money, as this law splits it.

    ``win x collected / expected``, expected being the sum of the wins: the win less its part of what is missing, which
    is split by largest remainder, ties by the order given. What is collected beyond all wins is not paid out.
    """
    shares = [Share(f"{place:09d}", win, win) for place, win in enumerate(wins)]
    missing = sorted(apportion(max(0, sum(wins) - collected), shares).parts.items())
    return [win - part for win, (_, part) in zip(wins, missing, strict=True)]


def distribution_last_takes_dust(collected: int, wins: list[int], network_wins: bool = False) -> list[int]:
    """Return what each winner is paid the venue's way: floors, the whole dust to one party (a declared defect).

    ``floor(win x collected / expected)``; the dust goes to the network party where it is among the winners (then the
    first), else to the last one. So the result hangs on the order, and three winners of 1 share 2 as 0, 0, 2.
    """
    expected = sum(wins)
    if collected >= expected:
        return list(wins)
    paid = [floor(Fraction(win * collected, expected)) for win in wins]
    paid[0 if network_wins else -1] += collected - sum(paid)
    return paid


def disposal_slice(position: int, fraction: Fraction, full: int, most_of_book: Fraction, available: int) -> int:
    """Return the lots that the network sells next: all of a position up to ``full``, else a slice rounded up.

    ``min(ceil(position x fraction), ceil(available x most_of_book))``, never more than the position.
    """
    if position <= full:
        return position
    return min(position, ceil(position * fraction), ceil(available * most_of_book))


def all_slices(position: int, fraction: Fraction, full: int, most_of_book: Fraction, available: int) -> list[int]:
    """Return all slices until the position is gone; the book is as deep before each of them. A dry book ends them."""
    slices = []
    while position:
        slices.append(disposal_slice(position, fraction, full, most_of_book, available))
        if not slices[-1]:
            return slices[:-1]
        position -= slices[-1]
    return slices
