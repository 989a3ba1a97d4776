"""The one fill against the law's own split on plain integers: parts, rest, level, raised units; the mirror besides."""

import random
from fractions import Fraction

import numpy as np
import pytest

from deleverage.lab.policies.fill import fill
from deleverage.lab.policies.mirror import drain
from deleverage.lab.policies.policy import Unfit
from deleverage.lab.policies.whole import column_of, floors, half_even, product, scaled
from deleverage.lab.policies.winners import Ratio
from tests.lab.policies.books import lawful, split, winners

NO_CAP = np.full(2, (1 << 62), np.int64)


def near(source: random.Random, bits: int) -> int:
    """Draw from 0 to 2^bits, any length as likely as any other, and often beside a power of two."""
    length = source.randrange(bits + 1)
    number = source.getrandbits(length)
    return source.choice((number, number, (1 << length) - 1, 1 << length))


def drawn(source: random.Random) -> tuple[int, list[int], list[int], list[int]]:
    """Draw a budget, weights, caps and an order; numbers of any width, ties, and budgets beside what all can hold."""
    count = source.choice((1, 2, 3, 5, 10, 40, 300))
    bits = source.choice((1, 4, 20, 50, 61, 70, 130, 600))
    weights = [near(source, bits) for _ in range(count)]
    if source.random() < 0.2:
        weights = [weights[0]] * count
    own = [max(0, weight * source.randrange(1, 4) // 2 + source.randrange(-1, 2)) for weight in weights]
    free = [near(source, source.choice((1, 4, 20, 50, 61, 70))) for _ in range(count)]
    caps = [min(cap, 1 << 70) for cap in source.choice((free, weights, own))]
    held = sum(caps)
    budget = source.choice((near(source, 62), held + source.randrange(-2, 3), held // 2, held // 3, held // 100))
    return max(0, budget), weights, caps, source.sample(range(count), count)


def level_of(budget: int, weights: list[int], caps: list[int]) -> Fraction | None:
    """Return the exact level by walking the caps in order of cap over weight."""
    rows = sorted(((c, w) for w, c in zip(weights, caps, strict=True) if w and c), key=lambda row: Fraction(*row))
    if not rows:
        return None if budget else Fraction(0)
    if budget >= sum(cap for cap, _ in rows):
        return Fraction(*rows[-1])
    left, pulling = budget, sum(weight for _, weight in rows)
    for cap, weight in rows:
        if left * weight < cap * pulling:
            break
        left, pulling = left - cap, pulling - weight
    return Fraction(left, pulling)


@pytest.mark.parametrize("seed", range(6))
def test_fill_when_numbers_of_any_width_are_drawn_then_it_is_the_laws_split_and_the_level_is_exact(seed: int) -> None:
    """Within 64 bits the engine's kernel, beyond them binary64 with integers in doubt: the same to the unit."""
    source = random.Random(seed)
    for _ in range(250):
        budget, weights, caps, order = drawn(source)
        found = fill(budget, column_of(weights), column_of(caps), np.array(order, np.int32))
        assert (found.parts.tolist(), found.rest) == lawful(budget, weights, caps, order)
        level = level_of(budget, weights, caps)
        assert found.level == level
        ideals = [min(Fraction(cap), (level or 0) * weight) for weight, cap in zip(weights, caps, strict=True)]
        assert found.raised == sum(part > ideal for part, ideal in zip(found.parts.tolist(), ideals, strict=True))


@pytest.mark.parametrize("seed", range(6))
def test_drain_when_caps_bind_or_not_then_every_part_is_within_a_unit_of_what_lies_above_the_level(seed: int) -> None:
    """The mirror: sums exact, caps kept, one level for all."""
    source = random.Random(seed)
    for _ in range(120):
        budget, weights, amounts, order = drawn(source)
        weights = [max(1, weight) for weight in weights]
        caps = source.choice((amounts, [amount * source.randrange(4) // 3 for amount in amounts]))
        found = drain(budget, column_of(amounts), column_of(weights), column_of(caps), np.array(order, np.int32))
        parts = found.parts.tolist()
        assert sum(parts) + found.rest == budget
        assert sum(parts) == min(budget, sum(caps))
        floors = 0
        for part, amount, weight, cap in zip(parts, amounts, weights, caps, strict=True):
            ideal = min(Fraction(cap), max(Fraction(0), amount - (found.level or 0) * weight))
            assert 0 <= part <= cap
            assert abs(part - ideal) < 1
            floors += int(ideal)
        assert found.raised == sum(parts) - floors


def test_drain_when_the_levels_fraction_is_shared_then_the_first_by_id_pays_the_unit_more() -> None:
    """As in the law's levelling: three above the level, two units."""
    found = split("top-levelling", winners([5, 5, 5, 1]), 2)
    assert (found.parts.tolist(), found.parameter) == ([1, 1, 0, 0], Fraction(13, 3))


@pytest.mark.parametrize("seed", range(3))
def test_levelling_when_compared_with_the_engines_then_every_part_is_the_same(seed: int) -> None:
    """The law's rule for lots, on money."""
    from deleverage.engine.split import levelling

    source = random.Random(seed)
    for _ in range(50):
        gains = [source.randrange(source.choice((3, 1_000))) for _ in range(source.randrange(1, 30))]
        book, budget = winners(gains), source.randrange(sum(gains) + 1)
        assert split("top-levelling", book, budget).parts.tolist() == levelling(budget, book.gain, book.order).tolist()


def test_fill_when_a_weight_or_cap_is_negative_then_it_is_unfit() -> None:
    """Planted violations, told with the number."""
    order = np.arange(2, dtype=np.int32)
    with pytest.raises(Unfit, match="the least weight is -1"):
        fill(1, np.array([1, -1]), np.array([1, 1]), order)
    with pytest.raises(Unfit, match="the least cap is -2"):
        fill(1, np.array([1, 1]), np.array([1, -2]), order)


def test_scaled_when_denominators_are_few_or_many_then_fractions_are_exact_or_rounded_and_said() -> None:
    """A common denominator below 2^62, else half-even to 10^-9."""
    few = Ratio(np.array([1, 1, 7]), np.array([2, 3, 5]))
    assert (scaled(few, 2)[0].tolist(), *scaled(few, 2)[1:]) == ([15, 10, 42], 30, "")
    under = [2**61 - 1, 2**31 - 1, 10**9]
    many = Ratio(column_of([2**61 - 1, 2**31 - 1, 5]), column_of(under))
    numbers, scale, note = scaled(many, 1)
    assert (numbers.tolist(), scale) == ([10**9, 10**9, 5], 10**9)
    assert note == "leverage rounded half-even to 10^-9"
    over, under_it = np.array([1, 3, 5, 7], object), np.array([2, 2, 2, 3], object)
    assert half_even(over, under_it).tolist() == [0, 2, 2, 2]


def test_scaled_when_a_leverage_is_negative_or_too_large_then_it_is_unfit() -> None:
    """Planted violations."""
    with pytest.raises(Unfit, match="least leverage"):
        scaled(Ratio(np.array([-1]), np.array([1])), 1)
    with pytest.raises(Unfit, match="a leverage is over 0"):
        scaled(Ratio(np.array([1]), np.array([0])), 1)
    with pytest.raises(Unfit, match="too large to be raised to 7"):
        scaled(Ratio(np.array([10**40], object), np.array([1])), 7)


def test_product_and_floors_when_numbers_leave_64_bits_then_they_stay_exact() -> None:
    """Neither wraps."""
    large = np.array([1 << 61, 3], np.int64)
    assert product(large, large).tolist() == [1 << 122, 9]
    assert floors(large, (1 << 62) - 1, 1 << 61, NO_CAP[:2]).tolist() == [((1 << 62) - 1), 5]
    wide = np.array([1 << 80, 7], object)
    assert floors(wide, 2, 3, wide).tolist() == [(1 << 81) // 3, 4]


def test_fill_when_ten_thousand_winners_share_then_both_paths_give_the_same() -> None:
    """The engine's path, and the same weights a million times as wide, which leave 64 bits."""
    source = random.Random(5)
    weights = [source.randrange(1, 10**12) for _ in range(10_000)]
    caps = [weight // source.choice((1, 7)) for weight in weights]
    order = np.array(source.sample(range(10_000), 10_000), np.int32)
    one = fill(sum(caps) // 2, column_of(weights), column_of(caps), order)
    wide = fill(sum(caps) // 2, column_of([weight * 10**12 for weight in weights]), column_of(caps), order)
    assert one.parts.tolist() == wide.parts.tolist()
    assert one.level == wide.level * 10**12 if wide.level is not None else False
    assert one.raised == wide.raised
