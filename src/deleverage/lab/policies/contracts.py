"""Contracts pro rata: lots by what everybody holds; the correct rounding, and a published one that loses lots."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from deleverage.lab.policies.fill import fill
from deleverage.lab.policies.policy import CONTRACTS, ONLINE, About, Shares
from deleverage.lab.policies.whole import Column, total
from deleverage.lab.policies.winners import Winners
from deleverage.rulebook.plug import require_at_least


@dataclass(frozen=True, slots=True)
class ContractsProRata:
    """Close the same share of everybody's contracts, in whole lots.

    Formula: k = min(floor(cap / lot), share x q), floors and then one lot more for the largest fractions, ties by id;
    ``lot`` units make a lot, of a budget that is none what is left over is the rest.
    Who uses it: Drift, Paradex; partial tear-up of central counterparties. Sums exactly, caps are filled again.
    Assumes: size alone says who should give; the price of the transfer decides what it costs.
    """

    lot: int = 1
    kind: ClassVar[str] = "contracts-pro-rata"
    about: ClassVar[About] = About(
        CONTRACTS,
        ONLINE,
        "arXiv 2512.01112 v3 (contract space); Hamilton's method with caps; CPMI-IOSCO, partial tear-up",
        ("Hamilton's method is not monotone: a lot more, and somebody gives less (test_contracts_when_a_lot_more).",),
    )

    def __post_init__(self) -> None:
        """Refuse a lot below one unit."""
        require_at_least(self, 1, "lot")

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return whole lots by largest remainder."""
        lots, spare = divmod(budget, self.lot)
        found = fill(lots, winners.gain, winners.cap // self.lot, winners.order)
        level = None if found.level is None else found.level * self.lot
        return Shares(found.parts * self.lot, found.rest * self.lot + spare, level, "share", found.raised)


@dataclass(frozen=True, slots=True)
class ContractsSinglePass:
    """Close contracts pro rata as published: floors, then one pass of a lot each; a counterexample, not a rule to use.

    Formula: k = min(floor(Q x q / sum of q), floor(q)), Q rounded up; then one lot more, once, to the largest fractions
    that have room. What the capped could not give is not given to others.
    Who uses it: the code of arXiv 2512.01112 (``contracts_pro_rata_close_integer``), there with an unstable order.
    Assumes: that one pass is enough. It is not.
    """

    lot: int = 1
    kind: ClassVar[str] = "contracts-single-pass"
    about: ClassVar[About] = About(
        CONTRACTS,
        ONLINE,
        "pluriholonomic/autodeleveraging-analysis, contracts_pro_rata_close_integer; ties here by id",
        ("Under-fills: 103 of 110 lots where 110 are there (test_single_pass_when_caps_bind).",),
    )

    def __post_init__(self) -> None:
        """Refuse a lot below one unit."""
        require_at_least(self, 1, "lot")

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return what one pass gives; the rest is what it forgets."""
        lots = -(-budget // self.lot)
        room = winners.cap // self.lot
        held = np.where(room > 0, winners.gain, 0).astype(object)
        whole = total(held)
        if whole == 0:
            return Shares(np.zeros(len(winners), np.int64), budget)
        ideals = held * lots
        base = np.minimum(ideals // whole, room.astype(object))
        missing = max(0, lots - total(base))
        open_rows = np.flatnonzero((base < room) & (held > 0))
        base[_first(ideals % whole, open_rows, winners.order, missing)] += 1
        parts = (base * self.lot).astype(winners.gain.dtype)
        return Shares(parts, budget - total(parts), Fraction(lots * self.lot, whole), "share", missing)


def _first(fractions: Column, rows: Any, order: Any, count: int) -> Any:
    """Return the ``count`` rows of the largest fractions, ties by order."""
    keys = sorted(zip((-fractions[rows]).tolist(), order[rows].tolist(), rows.tolist(), strict=True))
    return np.array([row for _, _, row in keys[:count]], np.int64)
