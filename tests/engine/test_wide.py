"""Numbers of 128 bits: every function against Python's own integers, at the edges above all."""

from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest

from deleverage.engine.kernels.compiled import compiled
from deleverage.engine.kernels.wide import difference_wide, less_wide, product_wide, scaled_wide, sum_wide

EDGES = (0, 1, -1, 2, 10**9, 2**31, -(2**32), 2**62, 2**63 - 1, -(2**63), 1 - 2**63)
WIDE_EDGES = (0, 1, -1, 2**63, -(2**63) - 1, 2**64 - 1, 2**64, -(2**64), 2**126 - 1, -(2**126))


@compiled
def multiplied(left: Any, right: Any) -> Any:
    return product_wide(left, right)


@compiled
def added(high: Any, low: Any, other_high: Any, other_low: Any) -> Any:
    return sum_wide(high, low, other_high, other_low)


@compiled
def subtracted(high: Any, low: Any, other_high: Any, other_low: Any) -> Any:
    return difference_wide(high, low, other_high, other_low)


@compiled
def scaled(high: Any, low: Any, factor: Any) -> Any:
    return scaled_wide(high, low, factor)


@compiled
def below(high: Any, low: Any, other_high: Any, other_low: Any) -> Any:
    return less_wide(high, low, other_high, other_low)


def halves(number: int) -> tuple[np.int64, np.uint64]:
    """Return the high and low half of a number."""
    return np.int64(number >> 64), np.uint64(number & (2**64 - 1))


def whole(pair: tuple[int, int]) -> int:
    """Return the number of two halves."""
    return (int(pair[0]) << 64) + int(pair[1])


def test_product_when_factors_are_at_the_edges_then_it_is_exact() -> None:
    """Two int64 of any size, the smallest squared among them."""
    for left, right in product(EDGES, EDGES):
        assert left * right == whole(multiplied(np.int64(left), np.int64(right)))


def test_sum_difference_and_order_when_numbers_are_at_the_edges_then_they_are_exact() -> None:
    """Carries and borrows cross the halves, and signs do."""
    for left, right in product(WIDE_EDGES, WIDE_EDGES):
        arguments = (*halves(left), *halves(right))
        assert left + right == whole(added(*arguments))
        assert left - right == whole(subtracted(*arguments))
        assert (left < right) == below(*arguments)


@pytest.mark.parametrize("seed", range(3))
def test_scaling_when_numbers_are_random_then_it_is_exact(seed: int) -> None:
    """A wide number times an int64, up to the last bit of 127."""
    random = Random(seed)
    for _ in range(300):
        bits = random.randrange(1, 63)
        factor = random.randrange(-(2**bits), 2**bits)
        number = random.randrange(-(2 ** (126 - bits)), 2 ** (126 - bits))
        assert number * factor == whole(scaled(*halves(number), np.int64(factor)))
