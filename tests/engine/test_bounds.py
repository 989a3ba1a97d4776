"""Lemmas, proved by z3 for every number within the bounds: no sum and no product of the kernels leaves int64.

Each lemma is a function of its bounds. With those of ``bounds`` its negation has no model; with a wrong bound, planted
beside it, z3 has to find a counterexample: so a lemma that says nothing cannot pass. A rounding of binary64 is a factor
``1 + d`` with ``|d| <= 2^-53``, which holds for all whole numbers below 2^63 and every product and quotient here.
"""

from collections.abc import Callable
from typing import Any

import pytest
import z3  # type: ignore[import-untyped]

from deleverage.engine import bounds, one_by_one, prices
from deleverage.engine.kernels import cost, day, revalue, weighing
from deleverage.engine.kernels import split as kernels

Claim = tuple[list[Any], Any]
"""What is given, and what follows from it."""

INT64 = 1 << 63
PPB = weighing.PPB
UNIT = z3.Q(1, 1 << 53)
ROUNDINGS = 6
"""Five roundings of at most 2^-53 are less than one of six times that: ``roundings`` proves it."""


def counterexample(claim: Claim) -> z3.ModelRef | None:
    """Return numbers for which the claim is wrong, or None where it is proved; undecided is a failure."""
    given, follows = claim
    solver = z3.Solver()
    solver.set("timeout", 100_000)
    solver.add(*given, z3.Not(follows))
    answer = solver.check()
    assert answer != z3.unknown, solver.reason_unknown()
    return solver.model() if answer == z3.sat else None


def within(number: Any, below: int) -> Any:
    """Return that a magnitude is below a bound."""
    return z3.And(-below < number, number < below)


def fits_int64(number: Any) -> Any:
    """Return that a whole number is an int64."""
    return z3.And(number >= -INT64, number < INT64)


# -- sums and products of the door ----------------------------------------------------------------------------------


def unit_sums(leg_bits: int = bounds.LEG_BITS, legs: int = bounds.LEGS, quote_bits: int = bounds.QUOTE_BITS) -> Claim:
    """A unit's equity, its maintenance and what lies between fit, the credit of its collateral included."""
    worths, maintenances = z3.Ints([f"w{i}" for i in range(legs)]), z3.Ints([f"m{i}" for i in range(legs)])
    quote, credit = z3.Ints("quote credit")
    given = [within(number, 1 << leg_bits) for number in worths]
    given += [z3.And(number >= 0, number < 1 << leg_bits) for number in maintenances]
    given += [within(quote, 1 << quote_bits), within(credit, 1 << quote_bits)]
    equity, maintenance = quote + credit + z3.Sum(worths), z3.Sum(maintenances)
    return given, z3.And(*map(fits_int64, (equity, maintenance, equity - maintenance)))


def part_of_a_leg(part_is_smaller: bool = True) -> Claim:
    """Fewer lots of a leg that fits, or a lower worth, fit as well: a partial close forms no larger product."""
    part, lots, low, high = z3.Ints("part lots low high")
    given = [part >= 0, low >= 0, low <= high, lots >= 0, within(lots * high, 1 << bounds.LEG_BITS)]
    given += [part <= lots] if part_is_smaller else []
    return given, within(part * low, 1 << bounds.LEG_BITS)


def change_of_a_mark(leg_bits: int = bounds.LEG_BITS) -> Claim:
    """Lots times the difference of two worths that fit is far from wrapping, whatever the signs."""
    lots, old, new = z3.Ints("lots old new")
    given = [within(lots * old, 1 << leg_bits), within(lots * new, 1 << leg_bits)]
    return given, fits_int64(lots * new - lots * old)


def need_of_a_lot(value_bits: int = bounds.LEG_BITS) -> Claim:
    """What a lot needs is the product over 10^9 rounded up, although the product is never formed: ``weighing.scaled``.

    The magnitude is ``high x 10^9 + low``; ``scaled`` divides ``low x rate`` alone.
    """
    high, low, rate, whole = z3.Ints("high low rate whole")
    magnitude, product = high * PPB + low, low * rate
    given = [high >= 0, low >= 0, low < PPB, magnitude < 1 << value_bits, rate >= 0, rate <= PPB]
    given += [whole * PPB <= product, product < (whole + 1) * PPB]
    need = high * rate + whole + z3.If(product > whole * PPB, 1, 0)
    above, exact = need * PPB, high * rate * PPB + product
    fits = [fits_int64(number) for number in (product, high * rate + whole, need)]
    return given, z3.And(*fits, above >= exact, above < exact + PPB)


def leg_at_a_mark(need_is_capped: bool = True) -> Claim:
    """Where lots times ``2 x |value| + |funding|`` fit, so do the products with all that a kernel writes for a lot."""
    lots, value, funding, need = z3.Ints("lots value funding need")
    given = [lots >= 0, value >= 0, need >= 0, lots * (2 * value + z3.If(funding < 0, -funding, funding)) < 1 << 54]
    given += [need <= value] if need_is_capped else []
    return given, z3.And(*(within(lots * number, 1 << 54) for number in (value - funding, -value - funding, need)))


def worth_by_need(times_is_above: bool = True) -> Claim:
    """Where a lot is worth at most so many times its need, and needs lie below 2^54 / times, no leg is worth 2^54."""
    lots, worth, held, times, needs = z3.Ints("lots worth held times needs")
    given = [lots >= 0, worth >= 0, held >= 1, times >= 1, lots * held <= needs, needs * times < 1 << bounds.LEG_BITS]
    given += [times * held >= worth] if times_is_above else []
    return given, lots * worth < 1 << bounds.LEG_BITS


def rounding_of_another_leg(per_lot: int = 1) -> Claim:
    """What is proved of some legs holds with one more: their lots x least are at most their needs, and they require
    more than needs less lots (``least``: the power of two that no need of a lot lies below).
    """
    needs, lots, exact, least = z3.Reals("needs lots exact least")
    more, held, own = z3.Reals("more held own")
    given = [least >= 1, lots >= 0, lots * least <= needs, exact >= needs - lots]
    given += [more >= 0, held >= least, own >= held - per_lot, own <= held]
    needs_now, lots_now, exact_now = needs + more * held, lots + more, exact + more * own
    return given, z3.And(lots_now * least <= needs_now, exact_now >= needs_now - lots_now)


def surely_below(bits_more: int = 0) -> Claim:
    """Then an equity below needs less their upper bits lies below what is required, whatever was rounded."""
    needs, lots, least, upper = z3.Ints("needs lots least upper")
    exact, equity = z3.Reals("exact equity")
    given = [least >= 1, lots >= 0, needs >= 0, lots * least <= needs, exact >= z3.ToReal(needs - lots)]
    divisor = least * (1 << bits_more)
    given += [upper * divisor <= needs, needs < (upper + 1) * divisor, equity < z3.ToReal(needs - upper)]
    return given, equity < exact


def weights_total(halves_bits: int = 30) -> Claim:
    """Where rows and upper halves sum below 2^30, the weights sum below 2^62."""
    rows, halves, lows = z3.Ints("rows halves lows")
    given = [rows >= 0, halves >= 0, lows >= 0, lows <= rows * ((1 << 32) - 1), rows + halves < 1 << halves_bits]
    return given, halves * (1 << 32) + lows < 1 << bounds.SPLIT_BITS


# -- guesses in binary64 and their repair ---------------------------------------------------------------------------


def roundings(most: int = ROUNDINGS) -> Claim:
    """Four factors of rounding over a fifth are off by less than six times 2^-53.

    Step after step: a product of factors within e of 1, times one more, is within ``e + 2^-53 x (1 + e)`` of it; a
    quotient within ``(e + 2^-53) / (1 - 2^-53)``. The bound on them is what z3 checks.
    """
    error, factor, quotient = z3.RealVal(0), z3.Reals("d0 d1 d2 d3"), z3.Real("over")
    for _ in factor:
        error = error + UNIT * (1 + error)
    given = [quotient * (1 - UNIT) == error + UNIT]
    return given, quotient < (most - z3.Q(1, 2)) * UNIT


def one_rounding(power: int = 53) -> Claim:
    """A factor of rounding more: within e of 1 becomes within ``e + 2^-53 x (1 + e)``; so of a quotient."""
    value, error, rounding = z3.Reals("value error rounding")
    unit = z3.Q(1, 1 << power)
    given = [error >= 0, error < z3.Q(1, 1 << 40), z3.And(1 - error <= value, value <= 1 + error)]
    given += [-unit <= rounding, rounding <= unit]
    times, over = value * (1 + rounding) - 1, value - (1 + rounding)
    step, limit = error + UNIT * (1 + error), (error + UNIT) / (1 - UNIT)
    return given, z3.And(-step <= times, times <= step, over <= limit * (1 + rounding), -over <= limit * (1 + rounding))


def guess_of_a_share(product_bits: int = 113, whole_bits: int = 61) -> Claim:
    """What a guessed share leaves fits int64 where amount x whole < 2^113 and whole < 2^61, the exact share being at
    most the amount; so it does below 2^59 of a whole below 2^54.
    """
    exact, seen, guess, whole = z3.Reals("exact seen guess whole")
    given = [exact >= 0, whole > 0, whole < 1 << whole_bits, exact * whole < 1 << product_bits]
    given += [seen - exact <= ROUNDINGS * UNIT * exact, exact - seen <= ROUNDINGS * UNIT * exact]
    given += [guess <= seen, seen < guess + 1]
    return given, within((exact - guess) * whole, INT64)


def large_share(amount_bits: int = bounds.SHARE_BITS, whole_bits: int = bounds.LEG_BITS) -> Claim:
    """Divided by its whole first, an amount gives parts that sum to at most the amount: nothing wraps. The rest that is
    then guessed is no more than the amount, and below the whole, which of a whole below 2^54 may be guessed.
    """
    amount, whole, part, sure = z3.Ints("amount whole part sure")
    given = [amount >= 0, amount < 1 << amount_bits, whole > 0, whole < 1 << whole_bits, part >= 0, part <= whole]
    given += [sure >= 0, sure * whole <= amount, amount < (sure + 1) * whole]
    rest = amount - sure * whole
    wraps_not = z3.And(sure * part <= sure * whole, rest >= 0, rest <= amount, amount < INT64)
    return given, z3.And(wraps_not, rest < 1 << cost.GUESSABLE.bit_length() - 1)


def repair_by_division(floored: bool = True) -> Claim:
    """Guess plus the floor of what it leaves over the whole is the floor of the product, however wrong the guess."""
    product, whole, guess, repair = z3.Ints("product whole guess repair")
    left = product - guess * whole
    below = repair * whole <= left if floored else repair * whole <= left + whole
    given = [whole > 0, below, left < (repair + 1) * whole]
    quotient = guess + repair
    return given, z3.And(quotient * whole <= product, product < (quotient + 1) * whole)


def wrapped_residual(bits: int = 63) -> Claim:
    """Two int64 that differ by a multiple of 2^64 are the same number: wrapping twice is not wrapping at all."""
    true, wrapped, turns = z3.Ints("true wrapped turns")
    return [fits_int64(wrapped), within(true, 1 << bits), wrapped == true + turns * (1 << 64)], wrapped == true


def guess_of_an_ideal(bits: int = bounds.SPLIT_BITS - kernels.TAIL) -> Claim:
    """A quotient below 2^50, or a little above, is guessed within one of its floor."""
    exact, seen = z3.Reals("exact seen")
    guess, floor = z3.Ints("guess floor")
    given = [exact >= 0, exact < (1 << bits) + 1]
    given += [seen - exact <= ROUNDINGS * UNIT * exact, exact - seen <= ROUNDINGS * UNIT * exact]
    given += [z3.ToReal(guess) <= seen, seen < z3.ToReal(guess) + 1]
    given += [z3.ToReal(floor) <= exact, exact < z3.ToReal(floor) + 1]
    return given, within(guess - floor, 2)


def tail_of_an_ideal(tail: int = kernels.TAIL) -> Claim:
    """The second digit of a quotient is at most 2^13: within its eight roundings a guess is off by one at most."""
    residual, weight, low, seen = z3.Reals("residual weight low seen")  # Residual and weight over the whole.
    guess, floor = z3.Ints("guess floor")
    given = [residual >= 0, residual <= 1, weight >= 0, weight <= 1, low >= 0, low <= 1 << tail]
    exact = residual * (1 << tail) + weight * low
    given += [seen - exact <= 9 * UNIT * exact, exact - seen <= 9 * UNIT * exact]
    given += [z3.ToReal(guess) <= seen, seen < z3.ToReal(guess) + 1]
    given += [z3.ToReal(floor) <= exact, exact < z3.ToReal(floor) + 1]
    return given, within(guess - floor, 2)


def quotient_of_the_lighter(weight_is_lighter: bool = True) -> Claim:
    """Of who does not outweigh all the others together the quotient is at most what is left."""
    weight, whole, left, quotient = z3.Ints("weight whole left quotient")
    given = [weight >= 0, whole > 0, left >= 0, quotient >= 0, quotient * whole <= weight * left]
    given += [weight <= whole] if weight_is_lighter else []
    return given, quotient <= left


def surely_capped(bits: int = 45) -> Claim:
    """A product that exceeds another by 2^-45 of it in binary64 exceeds it."""
    product, seen, cap, cap_seen = z3.Reals("product seen cap cap_seen")
    given = [product >= 0, cap >= 0, seen <= product * (1 + ROUNDINGS * UNIT), cap_seen >= cap * (1 - 4 * UNIT)]
    given += [seen > cap_seen * (1 + z3.Q(1, 1 << bits))]
    return given, product >= cap


def repair_without_branch(whole_bits: int = bounds.SPLIT_BITS) -> Claim:
    """``_repaired``, bit by bit: from a guess within one, with what it left wrapped to 64 bits, a remainder in
    [0, whole), and quotient x whole + remainder unchanged.
    """
    left, whole = z3.BitVec("left", 66), z3.BitVec("whole", 64)
    wide, residual = z3.ZeroExt(2, whole), z3.Extract(63, 0, left)
    given = [whole > 0, z3.ULT(whole, 1 << whole_bits), -wide <= left, left < 2 * wide]
    below = residual >> 63
    lifted = residual + (whole & below)
    above = (whole - 1 - lifted) >> 63
    remainder, moved = lifted - (whole & above), below - above
    back = z3.If(moved == 0, z3.BitVecVal(0, 66), z3.If(moved == 1, wide, -wide))
    within_one = z3.And(moved <= 1, moved >= -1)
    return given, z3.And(remainder >= 0, remainder < whole, z3.SignExt(2, remainder) + back == left, within_one)


def halves_to_even(denominator: int = INT64 - 1) -> Claim:
    """Half is told without doubling: as with two bits more, for every denominator of int64."""
    remainder, divisor = z3.BitVecs("remainder divisor", 64)
    given = [remainder >= 0, z3.ULT(remainder, divisor), z3.ULE(divisor, denominator)]
    other = divisor - remainder
    doubled, wide = 2 * z3.ZeroExt(2, remainder), z3.ZeroExt(2, divisor)
    return given, z3.And((remainder > other) == (doubled > wide), (remainder == other) == (doubled == wide))


def state_of_a_candidate(
    quote_bits: int = bounds.QUOTE_BITS, share_bits: int = bounds.SHARE_BITS, wide_bits: int = one_by_one.WIDE_BITS
) -> Claim:
    """What a crash computes of a candidate that is let in fits, all debts paid by it or not; its requirement, too."""
    value, cost, rest, equity, credit = z3.Ints("value cost rest equity credit")
    debts, rest_scaled = z3.Ints("debts rest_scaled")
    given = [within(value, 1 << bounds.LEG_BITS), *(within(one, 1 << quote_bits) for one in (cost, rest, equity))]
    given += [z3.And(credit >= 0, credit < 1 << quote_bits), z3.And(debts >= 0, debts < 1 << share_bits)]
    given.append(z3.And(rest_scaled >= 0, rest_scaled < 1 << wide_bits))
    pnl = rest + value - cost
    required = rest_scaled + z3.If(value < 0, -value, value) * 10**18
    fits = map(fits_int64, (value - cost, pnl, equity - pnl, equity + credit, equity - debts))
    return given, z3.And(required < 1 << 128, *fits)


def any_set_is_below_the_level(caps_hold: bool = True) -> Claim:
    """Whoever is taken for capped, ``left / open`` of the others is at most the level: three recipients."""
    level, amount = z3.Reals("level amount")
    weights, caps = z3.Reals("w0 w1 w2"), z3.Reals("c0 c1 c2")
    capped = z3.Bools("s0 s1 s2")
    pulls = z3.Reals("p0 p1 p2")  # Level x weight.
    given = [level >= 0, *(weight >= 0 for weight in weights), *(cap >= 0 for cap in caps)]
    given += [pull == level * weight for pull, weight in zip(pulls, weights, strict=True)]
    ideals = [z3.If(cap < pull, cap, pull) if caps_hold else pull for cap, pull in zip(caps, pulls, strict=True)]
    given.append(amount == z3.Sum(ideals))
    held = z3.Sum([z3.If(chosen, cap, 0) for chosen, cap in zip(capped, caps, strict=True)])
    pulled = z3.Sum([z3.If(chosen, 0, pull) for chosen, pull in zip(capped, pulls, strict=True)])
    return given, amount - held <= pulled


LEMMAS: list[tuple[Callable[..., Claim], dict[str, Any]]] = [
    (unit_sums, {"leg_bits": bounds.LEG_BITS + 2}),
    (unit_sums, {"legs": 4 * bounds.LEGS}),
    (unit_sums, {"quote_bits": bounds.QUOTE_BITS + 1}),
    (part_of_a_leg, {"part_is_smaller": False}),
    (change_of_a_mark, {"leg_bits": 63}),
    (need_of_a_lot, {"value_bits": 65}),
    (leg_at_a_mark, {"need_is_capped": False}),
    (worth_by_need, {"times_is_above": False}),
    (rounding_of_another_leg, {"per_lot": 2}),
    (surely_below, {"bits_more": 1}),
    (weights_total, {"halves_bits": 31}),
    (roundings, {"most": 5}),
    (one_rounding, {"power": 52}),
    (guess_of_a_share, {"product_bits": 114}),
    (guess_of_a_share, {"whole_bits": 62}),
    (large_share, {"amount_bits": 64}),
    (large_share, {"whole_bits": 60}),
    (repair_by_division, {"floored": False}),
    (wrapped_residual, {"bits": 64}),
    (guess_of_an_ideal, {"bits": 53}),
    (tail_of_an_ideal, {"tail": 52}),
    (quotient_of_the_lighter, {"weight_is_lighter": False}),
    (surely_capped, {"bits": 51}),
    (repair_without_branch, {"whole_bits": 63}),
    (halves_to_even, {"denominator": 1 << 63}),
    (state_of_a_candidate, {"quote_bits": bounds.QUOTE_BITS + 1}),
    (state_of_a_candidate, {"share_bits": bounds.SHARE_BITS + 1}),
    (state_of_a_candidate, {"wide_bits": 128}),
    (any_set_is_below_the_level, {"caps_hold": False}),
]
"""Each lemma with a bound that is wrong."""


@pytest.mark.parametrize("lemma", dict.fromkeys(lemma for lemma, _ in LEMMAS), ids=lambda lemma: lemma.__name__)
def test_lemma_when_the_bounds_are_kept_then_there_is_no_counterexample(lemma: Callable[..., Claim]) -> None:
    """Proved for every number within the bounds."""
    assert counterexample(lemma()) is None


@pytest.mark.parametrize(("lemma", "wrong"), LEMMAS, ids=[f"{lemma.__name__}-{next(iter(w))}" for lemma, w in LEMMAS])
def test_lemma_when_a_bound_is_wrong_then_a_counterexample_is_found(
    lemma: Callable[..., Claim], wrong: dict[str, Any]
) -> None:
    """Planted: one bit more, or one condition less, and z3 shows numbers that break the lemma."""
    assert counterexample(lemma(**wrong)) is not None


def test_bounds_when_kernels_state_them_too_then_they_are_the_same() -> None:
    """A kernel imports no bound: its own has to be the one that was proved."""
    assert 1 << bounds.SPLIT_BITS == kernels.BOUND
    assert cost.GUESSABLE == 1 << 59
    assert 1 << bounds.LEG_BITS == revalue.BOUND
    assert kernels.TAIL == 12
    assert (1 << bounds.QUOTE_BITS, bounds.LEGS) == (day.MOST_QUOTE, day.MOST_LEGS)
    assert 1 << bounds.LEG_BITS == weighing.MOST_LEG
    assert prices.ENDLESS == weighing.ENDLESS


def test_bounds_when_a_number_is_at_its_bound_then_the_refusal_shows_both() -> None:
    """One below fits, the bound itself does not, on both sides of 0; the refusal has the compared numbers."""
    bound = 1 << bounds.QUOTE_BITS
    for number in (bound - 1, 1 - bound, 0):
        assert number == bounds.require_bits("quote", number, bounds.QUOTE_BITS)
    for number in (bound, -bound):
        with pytest.raises(bounds.TooWide, match="quote is") as refusal:
            bounds.require_bits("quote", number, bounds.QUOTE_BITS)
        assert (number, bound) == (refusal.value.found, refusal.value.bound)
