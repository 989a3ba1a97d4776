"""The few sums the model needs: rounding, signed shares and the splitting function."""

from collections.abc import Hashable, Iterable
from fractions import Fraction
from math import ceil, floor
from typing import Any, TypeVar

BILLION = 10**9

Key = TypeVar("Key", bound=Hashable)


def sign(number: int) -> int:
    """Return -1, 0 or 1."""
    return (number > 0) - (number < 0)


def ceil_part(amount: int, part: int, whole: int) -> int:
    """Return amount x part / whole, rounded up."""
    return ceil(Fraction(amount * part, whole))


def floor_part(amount: int, part: int, whole: int) -> int:
    """Return amount x part / whole, rounded down."""
    return floor(Fraction(amount * part, whole))


def signed_share(memo: int, part: int, whole: int) -> int:
    """Return the share of a signed memo, its magnitude rounded down."""
    return sign(memo) * floor_part(abs(memo), part, whole)


def split(amount: int, members: Iterable[tuple[Key, int, int | None]]) -> dict[Key, int]:
    """Return how an amount is split over (id, weight, cap or None): largest remainder, nobody above a cap.

    What does not fit under the caps is in nobody's part; the caller sees it as the amount less the sum.
    """
    everyone = sorted(members, key=_by_id)
    parts: dict[Key, int] = {key: 0 for key, _, _ in everyone}
    sharing = [member for member in everyone if member[1] > 0]
    if amount <= 0 or not sharing:
        return parts
    ideals = _ideals(amount, sharing)
    for key, ideal in ideals.items():
        parts[key] = floor(ideal)
    missing = floor(sum(ideals.values())) - sum(parts.values())
    # A cap is whole, so whoever is at its cap has no fraction and is not asked again.
    by_fraction = sorted(sharing, key=lambda member: (parts[member[0]] - ideals[member[0]], member[0]))
    for key, _, cap in by_fraction[:missing]:
        parts[key] += 1
        assert cap is None or parts[key] <= cap, "a quantum went above a cap"
    return parts


def _ideals(amount: int, sharing: list[tuple[Key, int, int | None]]) -> dict[Key, Fraction]:
    """Return min(cap, level x weight) with the level at which the ideals sum to the amount, or all caps."""
    ideals: dict[Key, Fraction] = {}
    left = amount
    while sharing:
        level = Fraction(left, sum(weight for _, weight, _ in sharing))
        at_cap = [member for member in sharing if member[2] is not None and member[2] <= level * member[1]]
        if not at_cap:
            ideals.update((key, level * weight) for key, weight, _ in sharing)
            break
        for key, _, cap in at_cap:
            assert cap is not None
            ideals[key] = Fraction(cap)
            left -= cap
        sharing = [member for member in sharing if member[0] not in ideals]
    return ideals


def _by_id(member: tuple[Any, int, int | None]) -> Any:
    return member[0]
