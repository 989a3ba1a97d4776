"""What is proved of policies, as properties; and what is printed and false, with its counterexample."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from deleverage.lab.policies.catalogue import WEALTH, named
from deleverage.lab.policies.policy import EQUITY, limits
from deleverage.lab.policies.whole import total
from deleverage.lab.policies.winners import Winners
from tests.lab.policies.books import GAINS, ideals, parts, random_split, split, winners

OVER = {"queue-whole", "rounded-wealth-pro-rata", "fixed-point-scale", "min-max-lots"}
"""Rules in whole lots: they may take a lot beyond the budget, and say so."""

UNDER = {"contracts-single-pass", "rounded-wealth-pro-rata", "fixed-point-scale", "min-max-lots"}
"""Rules that may leave something although there is more."""

SMALL = st.integers(0, 60)
THIRD = Fraction(1, 3)
LIMITED = settings(max_examples=60)


@st.composite
def books(draw: Any) -> Winners:
    """Return a small book with every column; caps may bind, equities may be negative, leverage may be 0."""
    count = draw(st.integers(1, 7))

    def column(each: Any) -> list[Any]:
        drawn: list[Any] = draw(st.lists(each, min_size=count, max_size=count))
        return drawn

    gains = column(SMALL)
    return winners(
        gains,
        cap=[min(gain, cap) for gain, cap in zip(gains, column(st.integers(0, 90)), strict=True)],
        equity=column(st.integers(-20, 90)),
        leverage=column(st.sampled_from([Fraction(0), Fraction(1, 3), Fraction(1), Fraction(7, 2), Fraction(10)])),
        score=column(st.integers(0, 3)),
        ids=draw(st.permutations([f"w{at}" for at in range(count)])),
        lots=column(st.integers(1, 9)),
        arrived=column(st.integers(0, 3)),
    )


@LIMITED
@given(book=books(), budget=st.integers(0, 250))
def test_every_policy_when_it_splits_then_all_units_are_there_and_nobody_gives_more_than_there_is(
    book: Winners, budget: int
) -> None:
    """T1, T2, T3, T34: the sum is the smaller of budget and capacity, parts within 0 and the cap; only profit moves."""
    for name in sorted(WEALTH.kinds):
        found = split(name, book, budget)  # ``ask`` compares sum, rest, signs and caps.
        most, _ = limits(named(name), book)
        assert (found.parts[most == 0] == 0).all(), name
        assert found.rest >= 0 or name in OVER, name
        if WEALTH.kind(name).about.numeraire != EQUITY:
            assert (found.parts <= book.gain).all(), name
        if name not in OVER | UNDER:
            assert total(found.parts) == min(budget, capacity(name, book)), name


def capacity(name: str, book: Winners) -> int:
    """Return the most that a rule can reach: those it asks at all, up to their caps."""
    equity, leverage = book.equity, book.leverage
    assert equity is not None
    assert leverage is not None
    if name in ("equity-pro-rata", "min-max"):
        return sum(max(0, min(row)) for row in zip(book.cap.tolist(), equity.tolist(), strict=True))
    if name == "equity-pro-rata-uncapped":
        return sum(max(0, one) for one in equity.tolist())
    if name in ("levered-pro-rata", "risk-aware-pro-rata"):
        return total(book.cap[leverage.over > 0])
    return total(book.cap[equity > 0] if name == "leverage-drain" else book.cap)


@LIMITED
@given(book=books(), budget=st.integers(0, 250), data=st.data())
def test_every_policy_when_rows_come_in_another_order_then_nothing_changes(
    book: Winners, budget: int, data: Any
) -> None:
    """T8: ties fall by id; ids may be renamed as long as their order stays."""
    order = data.draw(st.permutations(range(len(book))))
    assert book.equity is not None
    assert book.leverage is not None
    assert book.score is not None
    rows = list(order)
    turned = Winners(
        [f"renamed-{book.ids[row]}" for row in rows],
        book.gain[rows],
        book.cap[rows],
        book.equity[rows],
        type(book.leverage)(book.leverage.over[rows], book.leverage.under[rows]),
        book.score[rows],
        {name: column[rows] for name, column in book.extra.items()},
    )
    for name in sorted(WEALTH.kinds):
        one, other = split(name, book, budget), split(name, turned, budget)
        assert one.parts[rows].tolist() == other.parts.tolist(), name
        assert (one.rest, one.parameter, one.remainder_units) == (other.rest, other.parameter, other.remainder_units)


@LIMITED
@given(book=books(), budget=st.integers(0, 250))
def test_every_policy_when_nothing_is_asked_then_nothing_is_taken(book: Winners, budget: int) -> None:
    """T9: a call for nothing gives zeros, before and after the winners have covered what was asked."""
    for name in sorted(WEALTH.kinds):
        first = split(name, book, budget).parts
        after = replace(book, gain=book.gain - np.minimum(first, book.gain), cap=book.cap - np.minimum(first, book.cap))
        for each in (book, after):
            found = split(name, each, 0)
            assert (total(found.parts), found.rest, found.remainder_units) == (0, 0, 0), name


def test_pro_rata_when_legs_are_split_then_netted_profit_pays_less() -> None:
    """T19, FALSE as printed: one account with legs of +10 and -6 has 4 to give, two accounts have 10."""
    netted = split("pro-rata", winners([4, 10]), 7).parts.tolist()
    apart = split("pro-rata", winners([10, 0, 10]), 7).parts.tolist()
    assert (netted[0], apart[0] + apart[1]) == (2, 4)
    reopened = split("pro-rata", winners([0, 10]), 7).parts.tolist()  # Realised and reopened: nothing open to take.
    assert reopened[0] == 0


def test_equity_pro_rata_when_idle_cash_is_added_then_more_is_taken_and_by_profit_it_is_not() -> None:
    """T20: 60 more of cash and the same profit: 20 of 30 by equity, 15 by profit."""
    for name in ("equity-pro-rata", "equity-pro-rata-uncapped", "min-max"):
        poor = split(name, winners([50, 50], equity=[60, 60]), 30).parts[0]
        assert split(name, winners([50, 50], equity=[120, 60]), 30).parts[0] > poor, name
    assert split("pro-rata", winners([50, 50], equity=[120, 60]), 30).parts[0] == 15


@given(gains=GAINS, data=st.data())
def test_capped_when_the_budget_grows_then_the_level_does_and_who_is_below_the_ceiling_has_it(
    gains: list[int], data: Any
) -> None:
    """T16: eta is unique and does not fall; h below beta means h = eta."""
    caps = [data.draw(st.integers(0, gain)) for gain in gains]
    first = data.draw(st.integers(0, sum(caps)))
    second = data.draw(st.integers(first, sum(caps)))
    assume(sum(caps) > 0)
    eta = split("capped", winners(gains, cap=caps), first).parameter
    higher = split("capped", winners(gains, cap=caps), second).parameter
    assert eta is not None
    assert higher is not None
    assert eta <= higher
    shares = [min(Fraction(cap, gain), eta) for gain, cap in zip(gains, caps, strict=True)]
    assert sum(share * gain for share, gain in zip(shares, gains, strict=True)) == first


@given(gains=GAINS, data=st.data())
def test_capped_when_parts_are_exchanged_then_no_weighted_convex_loss_falls(gains: list[int], data: Any) -> None:
    """T17: capped pro rata minimises the sum of w phi(h), for any convex phi."""
    assume(len(gains) > 1)
    caps = [data.draw(st.integers(0, gain)) for gain in gains]
    budget = data.draw(st.integers(0, sum(caps)))
    best = ideals(gains, budget, caps)
    giver, taker = data.draw(st.permutations(range(len(gains))))[:2]
    most = min(best[giver], caps[taker] - best[taker])
    moved = list(best)
    step = most * Fraction(data.draw(st.integers(0, 4)), 4)
    moved[giver], moved[taker] = moved[giver] - step, moved[taker] + step
    losses_of: list[Callable[[Fraction], Fraction]] = [lambda h: h * h, lambda h: h**4 + h, lambda h: max(h, THIRD)]
    for phi in losses_of:
        losses = [sum(w * phi(x / w) for w, x in zip(gains, one, strict=True)) for one in (best, moved)]
        assert losses[0] <= losses[1]


def test_pro_rata_when_losses_are_not_weighted_then_the_projection_is_better_as_published_it_would_be_best() -> None:
    """T17, FALSE as printed: the sum of h^2 without weights is least where h rises with the gain."""
    gains, budget = [6, 3, 1], 4
    unit = 46 * 5
    book = winners(gains, unit=unit)
    by = {}
    for name in ("pro-rata", "projection"):
        taken = parts(split(name, book, budget * unit), unit)
        by[name] = [x / w for x, w in zip(taken, gains, strict=True)]
    plain = {name: sum(h * h for h in shares) for name, shares in by.items()}
    weighted = {name: sum(w * h * h for w, h in zip(gains, shares, strict=True)) for name, shares in by.items()}
    assert plain["projection"] < plain["pro-rata"]
    assert weighted["projection"] > weighted["pro-rata"]
    assert by["projection"] == [Fraction(12, 23), Fraction(6, 23), Fraction(2, 23)]  # The published 0.5217, 0.2609 ...


@given(gains=GAINS, data=st.data())
def test_pro_rata_when_the_worst_share_is_measured_then_no_other_split_has_a_smaller_one(
    gains: list[int], data: Any
) -> None:
    """T18: Proposition 9, and with caps the water level."""
    caps = [data.draw(st.integers(0, gain)) for gain in gains]
    budget = data.draw(st.integers(1, max(1, sum(caps))))
    assume(budget <= sum(caps))
    worst = max(x / w for x, w in zip(ideals(gains, budget, caps), gains, strict=True))
    other = random_split(gains, caps, budget, data)
    assert worst <= max(Fraction(x, w) for x, w in zip(other, gains, strict=True))
