"""FLOX: winners are closed whole, in order, until what they give covers a deficit.

Source: github.com/FLOX-Foundation/flox (d2dc5ecf), tests/test_liquidation_engine.cpp and test_venue_cross_margin.cpp.
"""

from fractions import Fraction
from typing import NamedTuple

from deleverage.venues.formulas.exact import Refused


class Position(NamedTuple):
    """A position: quantity (long +), entry price, and the account's equity before the open profit."""

    account: int
    quantity: Fraction
    entry: Fraction
    equity: Fraction

    def profit(self, mark: Fraction) -> Fraction:
        """Return the open profit at a mark, signed."""
        return self.quantity * (mark - self.entry)


def score(rank: str, position: Position, mark: Fraction) -> Fraction:
    """Return the number by which winners are ordered, largest first, exact.

    ``pnl_ratio``: profit over equity; ``upnl_x_leverage``: profit x notional over equity; ``position_size``: quantity.
    """
    if rank == "position_size":
        return abs(position.quantity)
    if position.equity <= 0:
        raise Refused(f"account {position.account} has no equity to divide by")
    ratio = position.profit(mark) / position.equity
    return ratio * abs(position.quantity) * mark if rank == "upnl_x_leverage" else ratio


def deleverage(
    bankrupt: Position, mark: Fraction, insurance: Fraction, rank: str, candidates: list[Position]
) -> list[tuple[int, Fraction]]:
    """Return who is closed and what each gives, in order; whoever gives keeps ``max(0, profit - given)``.

    The fund pays first, as documented. Only winners are asked, ties by the lower id, each at most its profit; the
    closed lots may be more than the bankrupt's (a declared defect, which the law does not repeat).
    """
    left = max(Fraction(0), -(bankrupt.equity + bankrupt.profit(mark)) - insurance)
    given = []
    winners = [candidate for candidate in candidates if candidate.profit(mark) > 0]
    for winner in sorted(winners, key=lambda w: (-score(rank, w, mark), w.account)):
        if left == 0:
            break
        given.append((winner.account, min(left, winner.profit(mark))))
        left -= given[-1][1]
    return given


def taken_from_winner(deficit: Fraction, profit: Fraction, available: Fraction) -> Fraction:
    """Return what a winner really gives: the least of the deficit, its profit, and the cash that is there.

    Whatever is credited elsewhere has to be this amount, never the nominal haircut; the rest is the fund's to carry.
    """
    return max(Fraction(0), min(deficit, profit, available))
