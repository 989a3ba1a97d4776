"""Two scores, what scores are made of, and the total order. The only module of the law that may hold a float.

A score is an ordering, not money: IEEE binary64 operations in a stated order on exact integers, the same on every
machine. Ties are broken by id, so the order is total. ``scores`` holds the other venues' formulas, of these parts.
"""

from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import NamedTuple

from deleverage.rulebook.quantities import wrap


class Candidate(NamedTuple):
    """What a policy may know about a candidate: one leg of one unit, seen from one pool of bankrupts.

    ``lots``, ``value_quanta`` and ``base_quanta`` (= max(1, |cost|)) are magnitudes; ``pnl_quanta`` is the leg's price
    PnL at the mark, ``equity_quanta`` the unit's equity. ``tier`` goes before any score; lower is asked first. Of the
    unit: the price PnL of all its legs, their values as magnitudes, its maintenance; ``_scaled`` is quanta x 10^18.
    """

    unit_id: str
    tier: int
    lots: int
    value_quanta: int
    pnl_quanta: int
    base_quanta: int
    equity_quanta: int
    maintenance_scaled: int
    unit_pnl_quanta: int
    unit_value_quanta: int
    unit_maintenance_scaled: int


Score = float | tuple[float, ...]
"""What a candidate is ordered by, the largest first; of several keys the first is the one that is shown."""


Binary64 = float
"""An IEEE binary64 number as ``binary64``, ``ratio`` and ``quotient`` give it; it orders, and is never money."""


def binary64(whole: int) -> Binary64:
    """Return the binary64 nearest to a whole number, half to even."""
    return float(whole)


def ratio(one: int, other: int) -> Binary64:
    """Return one whole number over another (not 0), each converted first; the quotient is rounded once more."""
    return float(one) / float(other)


def quotient(one: Binary64, other: Binary64) -> Binary64:
    """Return one binary64 number over another (not 0), rounded once, half to even."""
    return one / other


def bitmex_score(candidate: Candidate) -> float | None:
    """Return PnL percentage x effective leverage in profit, PnL percentage / leverage in loss (BitMEX family).

    In profit ``fl(fl(pnl x value) / fl(base x equity))``, in loss value and equity change places. Operands are
    converted to binary64 first (half to even). No equity: no score - such leverage is infinite.
    """
    if candidate.equity_quanta <= 0:
        return None
    pnl, base = float(candidate.pnl_quanta), float(candidate.base_quanta)
    value, equity = float(candidate.value_quanta), float(candidate.equity_quanta)
    if candidate.pnl_quanta >= 0:
        return (pnl * value) / (base * equity)
    return (pnl * equity) / (base * value)


def profit_score(candidate: Candidate) -> int | None:
    """Return the leg's price PnL in quanta: the largest winner is asked first."""
    return candidate.pnl_quanta if candidate.equity_quanta > 0 else None


def order_by_score(
    candidates: Iterable[Candidate], score_of: Callable[[Candidate], Score | None]
) -> list[tuple[Candidate, str]]:
    """Return candidates in total order - tier, no score first, score descending, id - with the text of each score."""
    scored = [(candidate, _keys(score_of(candidate))) for candidate in candidates]
    scored.sort(key=lambda item: (item[0].tier, *_descending(item[1]), item[0].unit_id))
    return [(candidate, repr(keys[0]) if keys else "") for candidate, keys in scored]


def order_by_rotation(candidates: Iterable[Candidate], seed_text: str) -> list[tuple[Candidate, str]]:
    """Return candidates by tier, within a tier by id from a seeded starting point (dYdX starts at a random account)."""
    tiers: dict[int, list[Candidate]] = {}
    for candidate in sorted(candidates, key=lambda c: c.unit_id):
        tiers.setdefault(candidate.tier, []).append(candidate)
    start = rotation_start(seed_text)
    ordered: list[tuple[Candidate, str]] = []
    for _, members in sorted(tiers.items()):
        first = wrap(start, len(members))
        ordered += [(candidate, "") for candidate in members[first:] + members[:first]]
    return ordered


def rotation_start(seed_text: str) -> int:
    """Return the number from which a rotation starts in every tier, modulo how many stand there."""
    return int.from_bytes(sha256(seed_text.encode("ascii")).digest(), "big")


def _keys(score: Score | None) -> tuple[float, ...]:
    if score is None:
        return ()
    return score if isinstance(score, tuple) else (score,)


def _descending(keys: tuple[float, ...]) -> tuple[float, ...]:
    return (1, *(-key for key in keys)) if keys else (0, 0)
