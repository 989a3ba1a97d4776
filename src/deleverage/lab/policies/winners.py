"""Those who can be asked to pay, as columns: a cell a winner, money in whole units.

A unit is what the smallest amount of money is called here (0.01 USD, say); a policy never sees anything smaller, and
what it gives back is exact. Research data comes as decimals with noise: whoever fills the columns rounds **down** and
says by how much, so that nobody can be asked for more than there is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Units = NDArray[np.int64]
"""Whole units of money, or lots; below 2^62 each, and in all."""


@dataclass(frozen=True)
class Ratio:
    """A column of exact fractions, ``over / under`` a cell; ``under`` > 0."""

    over: Units
    under: Units

    def __len__(self) -> int:
        """Return how many cells there are."""
        return len(self.over)


@dataclass(frozen=True)
class Winners:
    """Who can be asked: ids, and what policies weigh; a column that nobody gave is None.

    ``gain``: the endowment, open profit where it is one (>= 0), in units; of the contract rules the lots held.
    ``cap``: the most that may be taken, in units; at most the gain unless the rule's numeraire is another one.
    ``equity``: units, may be negative. ``leverage``: effective leverage, exact. ``score``: the larger, the sooner a
    queue asks; exact integers on any common scale, or floats. ``arrived``: the larger, the later.
    """

    ids: Sequence[str]
    gain: Units
    cap: Units
    equity: Units | None = None
    leverage: Ratio | None = None
    score: NDArray[Any] | None = None
    extra: dict[str, NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return how many winners there are."""
        return len(self.ids)

    @cached_property
    def order(self) -> NDArray[np.int32]:
        """The rank of each id in ASCII order: every tie falls by it, so the order of rows changes nothing."""
        by_name = sorted(range(len(self.ids)), key=self.ids.__getitem__)
        order = np.empty(len(self.ids), np.int32)
        order[by_name] = np.arange(len(self.ids), dtype=np.int32)
        return order
