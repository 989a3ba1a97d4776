"""Percolator: the crisis of a vault whose assets do not cover its claims, and the index that books losses.

Source: github.com/aeyakovenko/percolator (d594e6a9), crates/model_safety/src/crisis/haircut.rs; spec.md v16.9.0, 9.
"""

from fractions import Fraction
from typing import NamedTuple

from deleverage.venues.formulas.exact import floor

DEN = 10**21
"""The index counts in parts of 10^-21 per unit of weight."""


class Vault(NamedTuple):
    """Claims - principal, realized and warming profit - and what stands against them, in units of money."""

    principal: int
    realized: int
    warming: int
    insurance: int
    collateral: int


class Crisis(NamedTuple):
    """What was burned of the warming profit, drawn from insurance, and the share that equity loses."""

    burned: int
    drawn: int
    haircut: Fraction


def crisis(vault: Vault) -> Crisis:
    """Return how a deficit is covered: warming profit, then insurance, then the same share of all equity; exact.

    The deficit is claims less collateral; insurance is counted once, when it is drawn.
    """
    deficit = max(0, vault.principal + vault.realized + vault.warming - vault.collateral)
    burned = min(vault.warming, deficit)
    drawn = min(vault.insurance, deficit - burned)
    return Crisis(burned, drawn, _share(deficit - burned - drawn, vault.principal + vault.realized))


def crisis_insurance_twice(vault: Vault) -> Crisis:
    """Return the same with insurance counted as an asset and drawn besides: the source's way, a declared defect.

    Each draw lowers the assets, so the deficit opens again, and equity is cut for money that was there.
    """
    claims = vault.principal + vault.realized + vault.warming
    deficit = max(0, claims - vault.collateral - vault.insurance)
    burned = min(vault.warming, deficit)
    drawn = min(vault.insurance, deficit - burned)
    again = max(0, claims - burned - vault.collateral - (vault.insurance - drawn))
    return Crisis(burned, drawn, _share(again, vault.principal + vault.realized))


def _share(deficit: int, equity: int) -> Fraction:
    return min(Fraction(1), Fraction(deficit, equity)) if equity else Fraction(0)


class Booking(NamedTuple):
    """How far the index rose, the remainder that the next booking starts with, and what each account loses."""

    rise: int
    remainder: int
    losses: list[int]


def book_loss(chunk: int, weights: list[int], remainder: int = 0) -> Booking:
    """Return a loss booked on an index: ``floor((chunk x 10^21 + remainder) / W)``, W being the sum of the weights.

    An account of weight w loses ``floor(w x index / 10^21)`` and keeps the fraction for its next booking: the losses
    sum to the chunk less a dust of at most one unit per account, which stays undistributed until then.
    """
    whole = sum(weights)
    rise = floor(Fraction(chunk * DEN + remainder, whole))
    return Booking(rise, chunk * DEN + remainder - rise * whole, [floor(Fraction(w * rise, DEN)) for w in weights])
