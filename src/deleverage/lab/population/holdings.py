"""What the winners of a wave hold, leg by leg, as the event's own statements list it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from deleverage.lab.events.legs import Legs
from deleverage.lab.events.model import Floats, Texts
from deleverage.lab.policies.winners import Units

NOT_LISTED = "the source does not list what an account holds of each coin"

Leg = tuple[int, str, int]
"""Place of the account among the winners, coin, and side: +1 long, -1 short."""


@dataclass(frozen=True)
class Holdings:
    """Legs of winners, a cell a leg; ``known`` says of each winner whether all legs of his are there."""

    place: Units
    coin: Texts
    size: Floats  # base units, short below 0
    value_usd: Floats
    known: NDArray[np.bool_]

    @cached_property
    def rows(self) -> dict[Leg, int]:
        """Where each leg stands."""
        keys = zip(self.place.tolist(), self.coin.tolist(), np.sign(self.size).astype(int).tolist(), strict=True)
        return {key: at for at, key in enumerate(keys)}

    def held(self, place: int, coin: str, side: int) -> float:
        """Return the size of a leg: 0 of an account that has none such, NaN where its legs are not known."""
        if not self.known[place]:
            return float("nan")
        at = self.rows.get((place, coin, side))
        return 0.0 if at is None else abs(float(self.size[at]))


def holdings_of(cells: Sequence[Legs | None]) -> Holdings | None:
    """Return the legs of winners, a cell of them each; None where none of them is known."""
    if all(legs is None for legs in cells):
        return None
    flat = [(place, *leg) for place, legs in enumerate(cells) for leg in legs or ()]
    place, coin, size, value = zip(*flat, strict=True) if flat else ((), (), (), ())
    return Holdings(
        np.array(place, np.int64),
        np.array(coin, object),
        np.array(size, np.float64),
        np.array(value, np.float64),
        np.array([legs is not None for legs in cells], np.bool_),
    )
