"""The divisions of the kernels, against the law's own on Python's integers."""

import random

import pytest

from deleverage.engine.kernels import cost
from deleverage.rulebook import quantities

TRIES = 4000
FACTOR, HOLDABLE = 1 << 63, 1 << 54


def near(source: random.Random, bound: int) -> int:
    """Draw from 0 to below a bound, any size as likely as any other, and often beside a power of two."""
    number = source.getrandbits(source.randrange(1, bound.bit_length()))
    power = 1 << source.randrange(bound.bit_length() - 1)
    return min(bound - 1, source.choice((number, number, power, power - 1, power + 1, bound - 1)))


def signed(source: random.Random, bound: int) -> int:
    """Draw on both sides of 0."""
    return near(source, bound) * source.choice((1, -1))


@pytest.mark.parametrize("name", ["div_ceil", "div_half_even"])
def test_division_when_numbers_are_near_powers_of_two_then_as_in_the_law(name: str) -> None:
    """Quotients and halves come out as in ``quantities``, for the least and the largest of int64 too."""
    source = random.Random(1)
    cases = [(signed(source, FACTOR), 1 + near(source, FACTOR - 1)) for _ in range(TRIES)]
    cases += [(half * odd, 2 * half) for half, odd in ((1, 3), (1, 5), (7, -3), (1 << 61, 3), (1 << 61, -1))]
    cases += [(-FACTOR, 1), (-FACTOR, FACTOR - 1), (FACTOR - 1, FACTOR - 1), (FACTOR - 1, 2), (0, 1)]
    law, kernel = getattr(quantities, name), getattr(cost, name)
    assert [law(*case) for case in cases] == [kernel(*case) for case in cases]


@pytest.mark.parametrize("name", ["share_floor", "share_ceil"])
def test_share_when_amount_part_and_whole_are_at_their_bounds_then_as_in_the_law(name: str) -> None:
    """A part of an amount comes out as in ``quantities`` in the whole domain, on both sides of its bounds."""
    source = random.Random(2)
    cases = []
    for _ in range(TRIES):
        whole = 1 + near(source, HOLDABLE - 1)
        part = source.choice((near(source, whole + 1), max(0, whole - near(source, 4)), whole))
        amount = source.choice((near(source, 1 << 62), cost.GUESSABLE - source.randrange(-2, 3)))
        cases.append((amount if name == "share_ceil" else amount * source.choice((1, -1)), part, whole))
    for _ in range(TRIES):
        whole = 1 + near(source, (1 << 61) - 1)
        part = source.choice((near(source, whole + 1), max(0, whole - near(source, 4)), whole))
        cases.append((min(near(source, 1 << 62), ((1 << 113) - 1) // whole), part, whole))
    law, kernel = getattr(quantities, name), getattr(cost, name)
    assert [law(*case) for case in cases] == [kernel(*case) for case in cases]


def test_comparison_when_products_need_128_bits_then_as_of_python_integers() -> None:
    """Products are compared exactly, equal ones and neighbours too."""
    source = random.Random(5)
    cases = [tuple(near(source, FACTOR) for _ in range(4)) for _ in range(TRIES)]
    cases += [(one, other, other, one) for one, other, _, _ in cases]
    cases += [(one, other, other + 1, one) for one, other, _, _ in cases[:TRIES] if other < FACTOR - 1]
    assert [a * b < c * d for a, b, c, d in cases] == [cost.multiplied_below(*case) for case in cases]


def test_share_when_a_quotient_beyond_the_bound_is_guessed_then_the_repair_fails() -> None:
    """Planted: the same lines hold below the bound of the guess, and no longer near 2^62: the bound is needed."""
    source = random.Random(4)
    whole = HOLDABLE - 1
    for bound, holds in ((cost.GUESSABLE, True), (1 << 62, False)):
        cases = [(bound - 1 - near(source, 1 << 40), whole - near(source, 1 << 20), whole) for _ in range(200)]
        law = [quantities.share_floor(*case) for case in cases]
        assert holds is (law == [guessed(*case) for case in cases])


def guessed(amount: int, part: int, whole: int) -> int:
    """Return what guess and repair give, wrapped by hand."""
    guess = int(float(amount) * float(part) / float(whole))
    residual = (amount * part - guess * whole + FACTOR) % (2 * FACTOR) - FACTOR
    return guess + residual // whole
