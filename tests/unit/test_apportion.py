"""The splitting function: exact, capped, fair within one unit, independent of order."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deleverage.rulebook.apportion import Share, apportion, round_to_total

AMOUNTS = st.integers(0, 10**30)
KEYS = st.text("abcdefgh", min_size=1, max_size=6)


@st.composite
def shares(draw: st.DrawFn) -> list[Share]:
    """Draw 0 to 200 shares with distinct keys, weights from nothing to huge, and caps that bind or do not."""
    keys = draw(st.lists(KEYS, max_size=200, unique=True))
    size = draw(st.sampled_from([1, 10, 10**6, 10**30]))
    caps = st.none() | st.integers(0, size)
    return [Share(key, draw(st.integers(0, size)), draw(caps)) for key in keys]


def ideal_parts(amount: int, members: list[Share]) -> dict[str, Fraction]:
    """Return the capped ideal by raising one level from cap to cap: slow and obvious."""
    pulling = [m for m in members if m.weight > 0]
    parts = {m.key: Fraction(0) for m in members}
    left, active = Fraction(amount), list(pulling)
    while active:
        level = left / sum(m.weight for m in active)
        bound = [m for m in active if m.cap is not None and m.cap <= level * m.weight]
        if not bound:
            parts.update({m.key: level * m.weight for m in active})
            break
        for member in bound:
            parts[member.key] = Fraction(member.cap or 0)
            left -= member.cap or 0
        active = [m for m in active if m not in bound]
    return parts


@given(AMOUNTS, shares())
def test_apportion_when_split_then_parts_and_rest_sum_exactly(amount: int, members: list[Share]) -> None:
    """Parts and rest sum to the amount, and a rest means that everybody who pulls is at a cap."""
    split = apportion(amount, members)
    assert sum(split.parts.values()) + split.rest == amount
    if split.rest:
        assert all(split.parts[m.key] == m.cap for m in members if m.weight > 0)


@given(AMOUNTS, shares())
def test_apportion_when_split_then_nobody_is_above_cap_and_all_within_one_unit(
    amount: int, members: list[Share]
) -> None:
    """Every part is at least 0, at most the cap, and less than one unit from the exact capped ideal."""
    parts = apportion(amount, members).parts
    ideal = ideal_parts(amount, members)
    for member in members:
        assert 0 <= parts[member.key] <= (amount if member.cap is None else member.cap)
        assert abs(parts[member.key] - ideal[member.key]) < 1


@given(AMOUNTS, shares(), st.randoms(use_true_random=False))
def test_apportion_when_input_is_permuted_then_nothing_changes(
    amount: int, members: list[Share], random: object
) -> None:
    """The order of the input is no argument."""
    shuffled = sorted(members, key=lambda m: hash((m.key[::-1], m.weight)))
    assert apportion(amount, members) == apportion(amount, shuffled)
    assert apportion(amount, members) == apportion(amount, members[::-1])


def test_apportion_when_fractions_tie_then_the_smaller_id_gets_the_unit() -> None:
    """Golden: 15 contracts over 10, 4, 20 and 6 give 4, 2, 7 and 2 (B wins the tie against C)."""
    members = [Share("A", 10), Share("B", 4), Share("C", 20), Share("D", 6)]
    assert apportion(15, members).parts == {"A": 4, "B": 2, "C": 7, "D": 2}


def test_apportion_when_last_one_takes_the_rest_then_the_checks_would_notice() -> None:
    """The defect this replaces: floors for all but the last, who may exceed the ideal by more than one unit."""
    members = [Share(f"m{index}", 1) for index in range(3)]
    last_takes_rest = {"m0": 0, "m1": 0, "m2": 2}
    ideal = ideal_parts(2, members)
    assert any(abs(part - ideal[key]) >= 1 for key, part in last_takes_rest.items())
    assert apportion(2, members).parts == {"m0": 1, "m1": 1, "m2": 0}


@pytest.mark.parametrize(
    ("amount", "members"), [(-1, [Share("a", 1)]), (1, [Share("a", 1), Share("a", 2)])], ids=["negative", "duplicate"]
)
def test_apportion_when_input_is_unlawful_then_it_raises(amount: int, members: list[Share]) -> None:
    """A negative amount or a repeated key is a defect of the caller, not something to guess at."""
    with pytest.raises(ValueError, match="cannot split"):
        apportion(amount, members)


def test_round_to_total_when_caps_cannot_hold_the_target_then_it_raises() -> None:
    """Rounding never hides a quantum that fits nowhere."""
    with pytest.raises(ValueError, match="fit under no cap"):
        round_to_total(2, {"a": 5, "b": 5}, {"a": 1, "b": 0}, grid=10)
