"""Split an integer: the one function through which every loss, lot and coin of the law is divided.

Guarantees, tested on random inputs and used as lemmas elsewhere:

* the parts sum to the amount exactly, or, where the caps do not suffice, everybody has the cap and ``rest`` says what
  is left;
* nobody is above the cap, and everybody is within one unit of the exact (rational) ideal;
* the result hangs on identifiers, weights and caps, never on the order of the input.

"The last one takes the rest" and cumulative rounding are deliberately absent: the first hangs on the order, the second
can exceed a cap.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any, Generic, NamedTuple, TypeVar

Key = TypeVar("Key", bound=Hashable)
"""An identifier: a string or a tuple of strings, ordered by its ASCII bytes."""


class Share(NamedTuple):
    """One recipient of a split: ``weight`` >= 0 pulls, ``cap`` >= 0 bounds (``None``: no bound)."""

    key: Any
    weight: int
    cap: int | None = None


@dataclass(frozen=True, slots=True)
class Split(Generic[Key]):
    """The result of a split: every recipient's part, and the ``rest`` that no cap could hold."""

    parts: dict[Key, int]
    rest: int


def apportion(amount: int, shares: Iterable[Share]) -> Split[Any]:
    """Split ``amount`` >= 0 by weights under caps; any unit, the same unit comes back.

    The ideal of a recipient is ``min(cap, level x weight)`` with one level for all; a weight of 0 receives nothing.
    Rounding: the floor of the ideal, then one unit more for the largest fractions, ties by key.
    """
    every = list(shares)
    parts: dict[Any, int] = {share.key: 0 for share in every}
    if amount < 0 or len(parts) != len(every):
        raise ValueError(f"cannot split {amount} over {len(every)} shares with {len(parts)} distinct keys")
    pulling = [share for share in every if share.weight > 0]
    left, weight_left = amount, sum(share.weight for share in pulling)
    bounded = sorted((s for s in pulling if s.cap is not None), key=cmp_to_key(_by_cap_per_weight))
    capped = set[Any]()
    for share in bounded:
        cap = share.cap or 0
        if cap * weight_left > left * share.weight:
            break  # The level now fits under this cap, and so under every later one.
        parts[share.key] = cap
        capped.add(share.key)
        left -= cap
        weight_left -= share.weight
    open_shares = [share for share in pulling if share.key not in capped]
    if not open_shares:
        return Split(parts, left)
    fractions: list[tuple[int, Any]] = []
    missing = left
    for share in open_shares:
        part, fraction = divmod(left * share.weight, weight_left)
        parts[share.key] = part
        missing -= part
        fractions.append((-fraction, share.key))
    for _, key in sorted(fractions)[:missing]:
        parts[key] += 1
    return Split(parts, 0)


def round_to_total(target: int, ideals: dict[Key, int], caps: dict[Key, int], grid: int) -> dict[Key, int]:
    """Round ideals, given in grid points of which ``grid`` make one unit, to units that sum to ``target``.

    Every part is the floor of its ideal, plus one for the largest fractions (ties by key) whose cap allows it. The
    caller guarantees ``sum of floors <= target <= sum of caps`` and caps between floor and ceiling.
    """
    parts, fractions = {}, {}
    for key, ideal in ideals.items():
        parts[key], fractions[key] = divmod(ideal, grid)
    missing = target - sum(parts.values())
    for key in sorted(ideals, key=lambda k: (-fractions[k], k)):
        if missing and parts[key] < caps[key]:
            parts[key] += 1
            missing -= 1
    if missing:
        raise ValueError(f"{missing} of {target} fit under no cap")
    return parts


def _by_cap_per_weight(one: Share, other: Share) -> int:
    """Order by cap / weight, compared crosswise in integers; equal ratios in any order give the same split."""
    left, right = (one.cap or 0) * other.weight, (other.cap or 0) * one.weight
    return (left > right) - (left < right)
