"""Splits on columns, against the law's own on Python's integers: to the unit, in every corner."""

import random

import numpy as np
import pytest

from deleverage.engine import split
from deleverage.engine.kernels import split as kernels
from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.ranking import Candidate
from deleverage.rulebook.selection import Levelling, PerCapita, ProRata, Shares, TopBySize

SIZES = (1, 2, 3, 5, 7, 10, 40, 200)
MANY = 5000
"""So many rows that a first level is guessed from a sample, and that fractions fall into all buckets."""


def near(source: random.Random, bits: int) -> int:
    """Draw from 0 to below 2^bits, any length as likely as any other, and often beside a power of two."""
    length = source.randrange(bits + 1)
    number = source.getrandbits(length)
    return source.choice((number, number, number, (1 << length) - 1, min(1 << length, (1 << bits) - 1)))


def column(numbers: list[int]) -> np.ndarray:
    """Return a column of int64."""
    return np.array(numbers, np.int64)


def ranks(source: random.Random, size: int) -> np.ndarray:
    """Return distinct ranks in any order, dense or anywhere below 2^31."""
    return np.array(source.sample(range(source.choice((size, (1 << 31) - 1))), size), np.int32)


def weighed(source: random.Random, size: int) -> list[int]:
    """Draw weights: of nothing to the largest that fit, sometimes all equal."""
    bits = source.choice((1, 4, 20, 40, 54, 60 - size.bit_length()))
    weights = [near(source, min(bits, 60 - size.bit_length())) for _ in range(size)]
    return weights if source.random() < 0.8 else [weights[0]] * size


def bounded(source: random.Random, weights: list[int]) -> list[int]:
    """Draw caps: anything, at or beside a multiple of the weight, one or few for all, the weight, none."""
    kind = source.randrange(5)
    if kind == 0:
        caps = [near(source, source.choice((2, 20, 40, 62))) for _ in weights]
    elif kind == 1:
        caps = [max(0, weight * source.randrange(1, 4) + source.randrange(-1, 2)) for weight in weights]
    elif kind == 2:
        level = source.getrandbits(62 - max(weights).bit_length() - len(weights).bit_length()) + 1
        caps = [max(0, weight * level // 3 + source.randrange(-1, 2)) for weight in weights]
    else:
        caps = list(weights)
    return [split.NO_CAP if kind < 2 and source.random() < 0.1 else cap for cap in caps]


def amounts(source: random.Random, weights: list[int], caps: list[int]) -> int:
    """Draw an amount below 2^62: anything, or at and beside what weights or caps sum to or a part of it."""
    held = source.choice((sum(weights), sum(caps), sum(caps) // source.choice((2, 3, 100))))
    return min((1 << 62) - 1, source.choice((near(source, 62), max(0, held + source.randrange(-2, 3)))))


def lawful(amount: int, weights: list[int], order: np.ndarray, caps: list[int]) -> tuple[list[int], int]:
    """Return what the rulebook gives, in the order of the rows."""
    bounds = [None if cap == split.NO_CAP else cap for cap in caps]
    answer = apportion(amount, [Share(*row) for row in zip(order.tolist(), weights, bounds, strict=True)])
    return [answer.parts[key] for key in order.tolist()], answer.rest


@pytest.mark.parametrize("seed", range(4))
def test_apportion_when_weights_caps_and_amounts_are_random_then_parts_and_rest_are_the_laws(seed: int) -> None:
    """With caps and without them, every part and the rest are the rulebook's; no kernel had to pass on the case."""
    source = random.Random(seed)
    for size in [*SIZES * 40, MANY, MANY]:
        weights, order = weighed(source, size), ranks(source, size)
        caps = bounded(source, weights)
        amount = amounts(source, weights, caps)
        parts = column([0] * size)
        assert kernels.fill(amount, column(weights), column(caps), order, parts) != kernels.OUTSIDE
        for bounds in (caps, None):
            given, rest = split.apportion(amount, column(weights), order, None if bounds is None else column(bounds))
            every = [split.NO_CAP] * size if bounds is None else bounds
            assert lawful(amount, weights, order, every) == (given.tolist(), rest), (seed, size, amount, weights, every)


@pytest.mark.parametrize("amount", [0, 1, MANY // 2, MANY - 1, MANY, 777 * MANY + MANY // 3])
def test_apportion_when_all_fractions_are_equal_then_the_units_go_by_order(amount: int) -> None:
    """Everybody in one bucket: the ranks decide, whoever they are."""
    weights, order = [12345] * MANY, ranks(random.Random(amount), MANY)
    parts, rest = split.apportion(amount, column(weights), order)
    assert lawful(amount, weights, order, [split.NO_CAP] * MANY) == (parts.tolist(), rest)
    raised = sorted(order[parts > amount // MANY].tolist())
    assert sorted(order.tolist())[: amount % MANY] == raised


def test_fill_when_caps_bind_one_after_the_other_then_passes_end() -> None:
    """Caps and weights in geometric rows, the longest way for Newton's method, end and are the rulebook's."""
    weights = [1 << (57 - rank) for rank in range(58)]
    order = np.arange(58, dtype=np.int32)
    for base in (1, 2, 3, 5):
        caps = [min(1 << 61, weight * base**rank // 3) for rank, weight in enumerate(weights)]
        for amount in (sum(caps) - 1, sum(caps), sum(caps) // 2, sum(weights)):
            amount = min(amount, (1 << 62) - 1)
            given, rest = split.apportion(amount, column(weights), order, column(caps))
            assert lawful(amount, weights, order, caps) == (given.tolist(), rest)


@pytest.mark.parametrize(
    ("amount", "weights", "caps"),
    [
        (1 << 62, [3, 4], [1, 1 << 61]),
        ((1 << 80) + 1, [3, 4], [split.NO_CAP, split.NO_CAP]),
        (1 << 61, [1 << 61, 1 << 61, 7], [9, split.NO_CAP, split.NO_CAP]),
        (5, [], []),
        (5, [0, 0], [3, 3]),
    ],
)
def test_apportion_when_numbers_lie_outside_the_bounds_then_the_rulebook_answers(
    amount: int, weights: list[int], caps: list[int]
) -> None:
    """At and beyond 2^62, of the amount or of the sum of weights, Python's integers give the same answer."""
    order = np.arange(len(weights), dtype=np.int32)
    given, rest = split.apportion(amount, column(weights), order, column(caps))
    assert lawful(amount, weights, order, caps) == (given.tolist(), rest)


def test_kernels_when_a_number_is_negative_or_beyond_its_bound_then_nothing_is_split() -> None:
    """Each door of the kernels, tried from the wrong side."""
    order, parts, good = np.arange(2, dtype=np.int32), column([0, 0]), column([3, 4])
    assert kernels.split(-1, good, order, parts) == kernels.OUTSIDE
    assert kernels.split(1 << 62, good, order, parts) == kernels.OUTSIDE
    assert kernels.split(5, column([3, -4]), order, parts) == kernels.OUTSIDE
    assert kernels.split(5, column([1 << 62, 1]), order, parts) == kernels.OUTSIDE
    assert kernels.fill(5, good, column([-1, 4]), order, parts) == kernels.OUTSIDE
    assert kernels.fill(1 << 62, good, good, order, parts) == kernels.OUTSIDE
    with pytest.raises(ValueError, match="cannot split -1"):
        split.apportion(-1, good, order)


@pytest.mark.parametrize(("cap", "capped"), [(1 << 60, True), ((1 << 60) + 1, False)])
def test_exact_pass_when_a_heavy_row_was_guessed_capped_then_128_bits_decide(cap: int, capped: bool) -> None:
    """A row that outweighs the open ones 2^59 times, its cap at the level or one above: the sums tell, to the unit."""
    weights, caps, order = column([1 << 59, 1]), column([cap, 1 << 61]), np.arange(2, dtype=np.int32)
    buckets, counts = np.zeros(2, np.uint16), np.zeros(32, np.int64)
    held, pulled, _ = kernels._capped_ideals(2, 1, cap + 2, weights, caps, column([0, 0]), buckets, counts, 60)
    expected = (cap, 1 << 59) if capped else (0, 0)
    assert expected == (held, pulled)
    given, rest = split.apportion(cap + 2, weights, order, caps)
    assert lawful(cap + 2, weights.tolist(), order, caps.tolist()) == (given.tolist(), rest)


@pytest.mark.parametrize("seed", range(3))
def test_policies_when_lots_are_random_then_every_share_is_the_laws(seed: int) -> None:
    """Pro-rata, per-capita, levelling and top-by-size give each row what the rulebook's policy gives its unit."""
    source = random.Random(seed)
    for size in [*SIZES * 20, MANY, MANY]:
        bits = source.choice((1, 2, 5, 20, 40, 48))
        lots, order = [1 + near(source, bits) for _ in range(size)], ranks(source, size)
        whole, count = sum(lots), source.choice((1, 2, 3, 10, size, size + 1))
        need = source.choice((0, whole, whole - 1, min(whole, 1), source.randrange(whole + 1), whole // 7))
        held = column(lots)
        for policy, given in (
            (ProRata(), split.pro_rata(need, held, order)),
            (PerCapita(), split.per_capita(need, held, order)),
            (Levelling(), split.levelling(need, held, order)),
            (TopBySize(count), split.top_by_size(need, count, held, order)),
        ):
            assert shared(policy, need, lots, order) == given.tolist(), (seed, policy, need, lots, order)


def test_policies_when_lots_lie_outside_the_bounds_then_the_rulebook_answers() -> None:
    """Lots that sum beyond 2^62 are shared by the rulebook, to the same lot."""
    lots, order = [1 << 62, (1 << 62) + 1, 5, 1 << 61], np.array([70, 6, 500, 41], np.int32)
    held, need = column(lots), (1 << 62) + 3
    for policy, given in (
        (ProRata(), split.pro_rata(need, held, order)),
        (PerCapita(), split.per_capita(need, held, order)),
        (Levelling(), split.levelling(need, held, order)),
        (TopBySize(1), split.top_by_size(need, 1, held, order)),
    ):
        assert shared(policy, need, lots, order) == given.tolist()


def shared(policy: Shares, need: int, lots: list[int], order: np.ndarray) -> list[int]:
    """Return what a policy of the rulebook gives, in the order of the rows."""
    keys = [f"{rank:010}" for rank in order.tolist()]
    rows = zip(keys, lots, strict=True)
    parts = policy.share(need, [Candidate(key, 0, held, 0, 0, 0, 0, 0, 0, 0, 0) for key, held in rows])
    return [parts.get(key, 0) for key in keys]
