"""Small books of winners for tests, and the law's own split of them on plain integers."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st

from deleverage.lab.policies.catalogue import named
from deleverage.lab.policies.policy import Shares, ask
from deleverage.lab.policies.whole import column_of
from deleverage.lab.policies.winners import Ratio, Winners
from deleverage.rulebook.apportion import Share, apportion

Number = int | float | str | Fraction


GAINS = st.lists(st.integers(1, 50), min_size=1, max_size=6)
"""Gains of a small book, all above 0."""


def winners(
    gain: Sequence[Number],
    *,
    unit: int = 1,
    cap: Sequence[Number] | None = None,
    equity: Sequence[Number] | None = None,
    leverage: Sequence[Number] | None = None,
    score: Sequence[Number] | None = None,
    ids: Sequence[str] | None = None,
    **extra: Sequence[Any],
) -> Winners:
    """Return winners; ``unit`` is how many units make one of what is written, so that fractions become whole."""

    def units(numbers: Sequence[Number]) -> Any:
        exact = [Fraction(str(number)) * unit for number in numbers]
        assert all(number.denominator == 1 for number in exact), f"{unit} units are too few for {numbers}"
        return column_of([int(number) for number in exact])

    gains = units([max(Fraction(0), Fraction(str(number))) for number in gain])
    ratio = None
    if leverage is not None:
        exact = [Fraction(str(number)) for number in leverage]
        ratio = Ratio(column_of([one.numerator for one in exact]), column_of([one.denominator for one in exact]))
    return Winners(
        list(ids or [f"{row:05}" for row in range(len(gain))]),
        gains,
        gains if cap is None else units(cap),
        None if equity is None else units(equity),
        ratio,
        None if score is None else np.array([float(Fraction(str(number))) for number in score]),
        {name: np.array(list(values)) for name, values in extra.items()},
    )


def split(name: str, book: Winners, budget: int, **parameters: str) -> Shares:
    """Return the checked shares of a policy by its name."""
    return ask(named(name, parameters), book, budget)


def parts(shares: Shares, unit: int = 1) -> list[Fraction]:
    """Return the parts as they would be written."""
    return [Fraction(int(part), unit) for part in shares.parts.tolist()]


def lawful(budget: int, weights: Sequence[int], caps: Sequence[int], order: Sequence[int]) -> tuple[list[int], int]:
    """Return what the law's own split gives, in the order of rows."""
    answer = apportion(budget, [Share(*row) for row in zip(order, weights, caps, strict=True)])
    return [answer.parts[key] for key in order], answer.rest


def ideals(gains: list[int], budget: int, caps: list[int] | None = None) -> list[Fraction]:
    """Return pro rata parts before rounding, from the exact share."""
    share = split("pro-rata", winners(gains, cap=caps), budget).parameter
    assert share is not None
    return [min(Fraction(cap), share * gain) for gain, cap in zip(gains, caps or gains, strict=True)]


def random_split(gains: list[int], caps: list[int], budget: int, data: Any) -> list[int]:
    """Return any split of a budget under caps: everybody gives a drawn part of what is still possible."""
    left, room, result = budget, sum(caps), []
    for cap in caps:
        room -= cap
        part = data.draw(st.integers(max(0, left - room), min(cap, left)))
        result.append(part)
        left -= part
    return result
