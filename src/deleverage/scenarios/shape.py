"""How unevenly a population holds its notional: the measured shape, and sizes that have a published one.

The figures to meet are those of the 19,337 accounts that were deleveraged on Hyperliquid on 10 October 2025: Gini
.97 to .99, top ten .43 to .49 and top hundred .75 to .81 of the notional.

Rules of this module:

* Integers and fractions only, no ``random``, no powers or logarithms of floats: the same sizes on every machine and
  Python version. Floats' ``pow`` and ``log`` differ between C libraries in the last bit, and one bit changes a digest.
* Sizes are a rank-size construction (three falling ladders: ranks 1-10, 11-100, 101-n), not a sample: the shape is met
  by construction and does not hang on a seed. A seed only decides who has which size.
* What cannot be met is said: three bands at once need at least ``FEWEST_POSSIBLE`` accounts.

Deliberately absent: markets, sides, leverage.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import prod

from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.quantities import PPB, Scale, div_floor, div_half_even, format_units


@dataclass(frozen=True, slots=True)
class Band:
    """A published range of one figure, in ppb, both ends allowed."""

    name: str
    low_ppb: int
    high_ppb: int


GINI = Band("Gini of notional", 970_000_000, 990_000_000)
TOP_10 = Band("top 10 of notional", 430_000_000, 490_000_000)
TOP_100 = Band("top 100 of notional", 750_000_000, 810_000_000)

FEWEST_POSSIBLE = 2_700
"""Below this number no population has all three: with at most .49 in ten and .81 in a hundred accounts, the mean rank
of a unit of notional is at least 41 (flat behind rank 11, dust at the end), and Gini = 1 - (2 x mean rank - 1) / n.
"""

FEWEST_IN_BAND = 3_600
"""From this number on, up to any, the ladders of this module meet all three bands (tested)."""


MOST_ACCOUNTS = 200_000
"""About a minute and 600 MB in pure Python; a number that would keep a laptop busy for an hour is refused instead."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Gini and top shares of a list of notionals; ppb, halves to even. ``faults`` names every band that is missed."""

    accounts: int
    notional_quanta: int
    gini_ppb: int
    top_10_ppb: int
    top_100_ppb: int

    @property
    def faults(self) -> tuple[str, ...]:
        """Return one sentence per published band that this shape misses."""
        found = ((GINI, self.gini_ppb), (TOP_10, self.top_10_ppb), (TOP_100, self.top_100_ppb))
        sentences = [
            f"{band.name} is {_share(ppb)}, published is {_share(band.low_ppb)} to {_share(band.high_ppb)}"
            for band, ppb in found
            if not band.low_ppb <= ppb <= band.high_ppb
        ]
        if sentences and self.accounts < FEWEST_POSSIBLE:
            sentences.append(f"fewer than {FEWEST_POSSIBLE:,} accounts cannot meet all three bands")
        return tuple(sentences)

    def __str__(self) -> str:
        """Return the shape as one line for people."""
        return (
            f"{self.accounts:,} accounts: Gini {_share(self.gini_ppb)}, top 10 {_share(self.top_10_ppb)}, "
            f"top 100 {_share(self.top_100_ppb)} of notional"
        )


def shape(notionals: Iterable[int]) -> Shape:
    """Return the shape of notionals >= 0 (quanta), one per account; their sum must be positive."""
    falling = sorted(notionals, reverse=True)
    total = sum(falling)
    if not falling or falling[-1] < 0 or total == 0:
        raise ValueError("a shape needs at least one account, no negative notional and a positive sum")
    n = len(falling)
    by_rank = sum(rank * notional for rank, notional in enumerate(falling, start=1))
    return Shape(
        accounts=n,
        notional_quanta=total,
        gini_ppb=div_half_even(((n + 1) * total - 2 * by_rank) * PPB, n * total),
        top_10_ppb=div_half_even(sum(falling[:10]) * PPB, total),
        top_100_ppb=div_half_even(sum(falling[:100]) * PPB, total),
    )


# -- sizes ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Recipe:
    """Shares of the first ten and first hundred (per mille), and how steeply the middle and the tail fall."""

    top_10: int
    top_100: int
    middle_offset: int
    tail_power: int


# From the most natural (a power law to the end) to the tightest; the first that reaches the target is taken.
_RECIPES = (_Recipe(460, 780, 0, 3), _Recipe(465, 785, 10, 4), _Recipe(475, 795, 20, 6), _Recipe(487, 807, 40, 40))
_TARGET_GINI = Fraction(98, 100)


def rank_sizes(accounts: int, total_quanta: int, least_quanta: int = 0) -> tuple[int, ...]:
    """Return sizes from the largest down that sum to the total, each at least ``least_quanta``, in the published shape.

    The least is given to everybody first: where that is more than a few per mille of the total the shape suffers, which
    ``shape(...).faults`` then says.
    """
    above = total_quanta - accounts * least_quanta
    if accounts < 1 or above < 0:
        raise ValueError(f"{total_quanta} quanta are not enough for {accounts} accounts of at least {least_quanta}")
    recipe, tail_offset = _recipe(max(accounts, 101))
    ladders = [
        (_ladder(first, last, offset, power), per_mille)
        for first, last, offset, power, per_mille in _ladders(max(accounts, 101), recipe, tail_offset)
    ]
    sums = [sum(ladder) for ladder, _ in ladders]
    weights = [
        weight * per_mille * div_floor(prod(sums), ladder_sum)  # exact: every sum divides the product
        for (ladder, per_mille), ladder_sum in zip(ladders, sums, strict=True)
        for weight in ladder
    ]
    split = apportion(above, [Share(rank, weight) for rank, weight in enumerate(weights[:accounts])])
    return tuple(sorted((least_quanta + part for part in split.parts.values()), reverse=True))


def _ladders(accounts: int, recipe: _Recipe, tail_offset: int) -> tuple[tuple[int, int, int, int, int], ...]:
    """Return (first rank, last rank, offset, power, share in per mille) of the three ladders."""
    return (
        (1, 10, 3, 1, recipe.top_10),
        (11, 100, recipe.middle_offset, 1, recipe.top_100 - recipe.top_10),
        (101, accounts, tail_offset, recipe.tail_power, 1000 - recipe.top_100),
    )


def _ladder(first: int, last: int, offset: int, power: int) -> list[int]:
    """Return weights for ranks ``first`` to ``last`` that fall as (rank + offset) ^ -power, scaled to integers."""
    head = (first + offset) ** power * 10**24
    return [div_floor(head, (rank + offset) ** power) for rank in range(first, last + 1)]


@lru_cache(maxsize=64)
def _recipe(accounts: int) -> tuple[_Recipe, int]:
    """Return the first recipe that can have the target Gini, and the offset of its tail.

    Where none can (few accounts), the last one, as uneven as it gets.
    """
    for recipe in _RECIPES:
        shortest = _first_offset(lambda gini: gini is not None, accounts, recipe)
        gini = _gini(accounts, recipe, shortest)
        if gini is not None and gini >= _TARGET_GINI:
            # One offset further the Gini falls below the target, or (never seen) the search has ended.
            beyond = _first_offset(lambda gini: gini is not None and gini < _TARGET_GINI, accounts, recipe)
            return recipe, max(shortest, beyond - 1)
    return recipe, shortest


def _first_offset(holds: Callable[[Fraction | None], bool], accounts: int, recipe: _Recipe) -> int:
    """Return the first tail offset whose Gini ``holds``; a larger offset makes a longer tail, so it is a bisection."""
    low, high = 0, 1 << 18
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(_gini(accounts, recipe, middle)) else (middle + 1, high)
    return low


@lru_cache(maxsize=256)
def _gini(accounts: int, recipe: _Recipe, tail_offset: int) -> Fraction | None:
    """Return the exact Gini of the three ladders, or None if a ladder begins above the end of the one before."""
    mean_rank = Fraction(0)
    end_before: Fraction | None = None
    for first, last, offset, power, per_mille in _ladders(accounts, recipe, tail_offset):
        weights = _ladder(first, last, offset, power)
        share = Fraction(per_mille, 1000 * sum(weights))
        if end_before is not None and weights[0] * share > end_before:
            return None
        end_before = weights[-1] * share
        mean_rank += share * sum(rank * weight for rank, weight in enumerate(weights, start=first))
    return 1 - (2 * mean_rank - 1) / accounts


def _share(ppb: int) -> str:
    whole, _, fraction = format_units(div_half_even(ppb, 100_000), Scale(1, 4)).partition(".")
    return f"{whole}.{fraction:0<4}"
