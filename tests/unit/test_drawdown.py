"""The drawdown of a pool: what it remembers, when it stops paying, and when it pays again. Slots last 10 ns here."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deleverage.rulebook.book import Book
from deleverage.rulebook.messages import (
    Deleveraged,
    Deposit,
    FundPaid,
    OpenAccount,
    PoolsSwitched,
    ResidualNamed,
    StepEnded,
    TakenOver,
)
from deleverage.rulebook.pools import Drawdown, FundPool, PoolTerms, Sample
from deleverage.rulebook.quantities import PPB
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.trigger import FundFallen
from tests.properties.stories import submit, trade
from tests.unit.pool_books import cash, feed, quiet, shift, watch
from tests.unit.test_pools import asked, house
from tests.vulnerabilities.told import checked_step, deal, marks, of, only

PERCENT = PPB // 100


def falling(fall: int, stop: int = 0, base: str = "peak", slots: int = 4, strict: bool = False) -> Drawdown:
    """Return a drawdown in percent over slots of 10 ns."""
    return Drawdown(slots, 10, fall * PERCENT, stop * PERCENT, base, strict)


def remembering(drawdown: Drawdown, *history: tuple[int, int]) -> FundPool:
    """Return a pool that held so much from these times on: (time, cash)."""
    pool = FundPool(PoolTerms("zone", drawdown=drawdown))
    for time_ns, held in history:
        pool.note(held, time_ns)
    return pool


# -- memory -----------------------------------------------------------------------------------------------------------


def test_memory_when_cash_changes_within_a_slot_then_only_what_the_next_one_begins_with_counts() -> None:
    """900 for 3 ns are forgotten: slot 1 begins with 500, slots 2 and 3 too, slot 4 with 200."""
    pool = remembering(falling(30), (0, 100), (4, 900), (7, 500), (31, 200))
    assert pool.samples == (Sample(1, 500), Sample(4, 200))
    assert [pool.base(time_ns) for time_ns in (9, 10, 39, 40)] == [None, (500, 1), (500, 1), (500, 1)]


def test_memory_when_the_window_moves_on_then_old_samples_no_longer_count() -> None:
    """The window of slots 5 to 8 has 200 only; slot 3 was the last with 500."""
    pool = remembering(falling(30), (0, 500), (31, 200))
    assert [pool.base(time_ns) for time_ns in (69, 79, 80)] == [(500, 1), (200, 1), (200, 1)]


def test_memory_when_the_average_is_the_base_then_it_is_an_exact_fraction_of_samples() -> None:
    """Slots 1 to 3 began with 500, slot 4 with 200: 700 / 2 and so on, over those that are there."""
    pool = remembering(falling(30, base="average"), (0, 500), (31, 200))
    assert [pool.base(time_ns) for time_ns in (10, 20, 30, 40, 50)] == [
        (500, 1),
        (1000, 2),
        (1500, 3),
        (1700, 4),
        (1400, 4),
    ]


def test_memory_when_a_value_comes_back_then_neighbours_are_one_entry() -> None:
    """500, for a moment 300, and 500 again before the next slot begins: one entry."""
    assert remembering(falling(30), (0, 500), (12, 300), (13, 500)).samples == (Sample(1, 500),)


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), max_size=30),
    st.integers(1, 6),
    st.integers(1, 7),
    st.integers(0, 60),
)
def test_memory_when_compared_with_a_full_history_then_the_base_is_the_same(
    changes: list[tuple[int, int]], slots: int, slot_ns: int, later: int
) -> None:
    """Whatever happens, peak and average are those of the cash at the beginnings of the slots in the window."""
    history = sorted(changes, key=lambda change: change[0])
    for base in ("peak", "average"):
        pool = remembering(Drawdown(slots, slot_ns, 500, 0, base), *history)
        now = (history[-1][0] if history else 0) + later
        running = now // slot_ns
        held = []
        for slot in range(max(0, running + 1 - slots), running + 1):
            before = [held_then for time_ns, held_then in history if time_ns < slot * slot_ns]
            held += before[-1:]
        found = pool.base(now)
        expected = None if not held else max(held) if base == "peak" else Fraction(sum(held), len(held))
        assert (found and Fraction(*found)) == expected
        assert len(pool.samples) <= slots + 2
        assert all(
            one.slot < other.slot and one.cash_quanta != other.cash_quanta for one, other in pairwise(pool.samples)
        )


# -- boundaries -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strict", "held", "fallen"), [(False, 701, False), (False, 700, True), (True, 700, False), (True, 699, True)]
)
def test_fall_when_cash_stands_at_the_boundary_then_strictness_decides(strict: bool, held: int, fallen: bool) -> None:
    """30 % below a peak of 1,000 is 700."""
    pool = remembering(falling(30, strict=strict), (0, 1_000))
    assert pool.has_fallen(held, 20) is fallen
    assert pool.spared_quanta(20) == (699 if strict else 700)


@pytest.mark.parametrize(("strict", "spared"), [(False, 700), (True, 700)])
def test_spared_when_the_boundary_is_no_whole_number_then_it_is_the_largest_cash_that_has_fallen(
    strict: bool, spared: int
) -> None:
    """70 % of 1,001 are 700.7: 700 lies below, whether the boundary counts or not."""
    pool = remembering(falling(30, strict=strict), (0, 1_001))
    assert pool.spared_quanta(20) == spared
    assert (pool.has_fallen(spared, 20), pool.has_fallen(spared + 1, 20)) == (True, False)


def test_fall_when_the_pool_was_always_empty_then_it_has_not_fallen() -> None:
    """A base of 0 triggers nothing."""
    assert remembering(falling(30), (0, 0)).has_fallen(0, 20) is False
    assert FundPool(PoolTerms("zone")).spared_quanta(20) == 0


def test_recovery_when_cash_reaches_the_stop_then_the_boundary_counts() -> None:
    """Stop at 10 %: 900 of 1,000 are enough, 899 are not."""
    pool = remembering(falling(30, stop=10), (0, 1_000))
    assert (pool.has_recovered(900, 20), pool.has_recovered(899, 20)) == (True, False)


# -- in the waterfall -------------------------------------------------------------------------------------------------


def watched(drawdown: Drawdown, zone: int = 1_000) -> Book:
    """Return the book in which al is about to lose 100 more than it has; its pool has been watched since time 0."""
    book = quiet(zone=zone)
    watch(book, drawdown, "zone")
    return book


@pytest.mark.parametrize(
    ("drawdown", "paid"),
    [(falling(5), 50), (falling(5, strict=True), 51), (falling(100), 100), (falling(5, base="average"), 50)],
    ids=["peak", "strict", "all", "average"],
)
def test_pool_when_a_loss_would_take_it_below_the_boundary_then_it_pays_to_the_boundary_and_candidates_the_rest(
    drawdown: Drawdown, paid: int
) -> None:
    """1,000 less 5 % is 950: 50 are paid, or 51 where the boundary itself is no fall yet; bo gives up the others."""
    book = watched(drawdown)
    marks(book, time_ns=25, BTC=70)
    facts = checked_step(book, time_ns=25)
    assert sum(debt.paid_quanta for debt in only(facts, FundPaid).debts) == paid
    assert sum(asked(facts).values()) == 100 - paid
    assert book.pools["zone"].paused is (paid < 100)
    assert [(s.pool_id, s.paused, s.cash_quanta) for f in of(facts, PoolsSwitched) for s in f.switches] == (
        [("zone", True, 1_000 - paid)] if paid < 100 else []
    )


def test_trigger_when_it_waits_for_the_fall_then_stage_5_starts_in_the_round_after_the_pool_was_paused() -> None:
    """50 are paid in round 1, which leaves the pool at its boundary; round 2 finds it paused and closes al for 50."""
    book = watched(falling(5))
    marks(book, time_ns=25, BTC=70)
    facts = checked_step(book, Rules(trigger=FundFallen()), time_ns=25)
    assert [fact.round for fact in of(facts, Deleveraged) if fact.closings] == [2]
    assert asked(facts) == {"bo": 50}


def test_trigger_when_the_pool_has_not_fallen_then_bankrupt_lots_wait() -> None:
    """1,000 may fall to 0: 100 are paid, al's lots stay at equity 0, and the residual says why."""
    book = watched(falling(100))
    marks(book, time_ns=25, BTC=70)
    facts = checked_step(book, Rules(trigger=FundFallen()), time_ns=25)
    assert asked(facts) == {}
    assert [(r.unit_id, r.reason) for r in only(facts, ResidualNamed).residuals] == [("al", "trigger")]


def failing_again(book: Book, buyer: str, time_ns: int) -> None:
    """Let another account with 200 lose 100 more than it has."""
    marks(book, time_ns=time_ns, BTC=100)
    submit(book, deal(buyer, "cy", 10, 100, time_ns=time_ns))
    marks(book, time_ns=time_ns, BTC=70)


def test_pool_when_it_is_paused_then_it_pays_nothing_until_it_has_recovered() -> None:
    """Paused at 950 with a stop of 2 %: at 979 it still pays nothing, at 980 it pays 30 and is paused again.

    cy takes the other side each time; ed and ef have 200 each.
    """
    book = quiet(zone=1_000)
    for name in ("ed", "ef"):
        submit(book, OpenAccount(time_ns=0, account_id=name))
        submit(book, Deposit(time_ns=0, unit_id=name, amount_quanta=200))
    watch(book, falling(5, stop=2), "zone")
    marks(book, time_ns=25, BTC=70)
    checked_step(book, time_ns=25)
    assert (cash(book)["zone"], book.pools["zone"].paused) == (950, True)
    feed(book, 29, "zone")
    failing_again(book, "ed", 26)
    facts = checked_step(book, time_ns=26)
    assert (of(facts, FundPaid), of(facts, PoolsSwitched)) == ([], [])
    assert sum(asked(facts).values()) == 100
    feed(book, 1, "zone")
    failing_again(book, "ef", 27)
    facts = checked_step(book, time_ns=27)
    assert [(s.paused, s.cash_quanta) for f in of(facts, PoolsSwitched) for s in f.switches] == [
        (False, 980),
        (True, 950),
    ]
    assert sum(asked(facts).values()) == 70


def test_pool_when_its_window_has_passed_then_it_pays_again() -> None:
    """Slots 3 to 6 begin with 950: at 65 that is the peak, and a quiet step says so."""
    book = watched(falling(5))
    marks(book, time_ns=25, BTC=70)
    checked_step(book, time_ns=25)
    assert of(checked_step(book, time_ns=59), PoolsSwitched) == []
    facts = checked_step(book, time_ns=65)
    assert [type(fact) for fact in facts] == [PoolsSwitched, StepEnded]
    assert only(facts, PoolsSwitched).switches == (("zone", False, 950, 950, 1),)


def test_pool_when_it_is_paused_then_the_fund_takes_no_lots_of_its_markets() -> None:
    """950 of 1,000 left by an operator: the fund's unit could take 3 lots for 30, and does not."""
    book = watched(falling(5))
    house(book, 500)
    submit(book, shift(50, "zone", "common", time_ns=25))
    marks(book, time_ns=25, BTC=70)
    facts = checked_step(book, Rules(fund_inventory_cap_lots=3), time_ns=25)
    assert (of(facts, TakenOver), of(facts, FundPaid)) == ([], [])
    assert sum(asked(facts).values()) == 100


def test_pool_when_it_is_paused_then_it_still_lifts_the_funds_own_unit() -> None:
    """The drawdown spares the pool others' losses; its own inventory is its own."""
    book = watched(falling(5))
    house(book, 200)
    trade(book, "house", "cy", 10)
    submit(book, shift(50, "zone", "common", time_ns=25))
    marks(book, time_ns=25, BTC=70)
    facts = checked_step(book, time_ns=25)
    assert only(facts, FundPaid).own_unit_quanta == 100
    assert (cash(book)["zone"], sum(asked(facts).values())) == (850, 100)


def test_terms_when_they_are_restated_then_memory_begins_anew_and_the_pool_is_open() -> None:
    """Nothing of before counts, and in the first slot there is no base."""
    book = watched(falling(5))
    submit(book, shift(600, "zone", "common", time_ns=25))
    checked_step(book, time_ns=25)
    assert book.pools["zone"].paused
    watch(book, falling(5), "zone")
    assert (book.pools["zone"].paused, book.pools["zone"].samples) == (False, (Sample(3, 400),))
    assert of(checked_step(book, time_ns=26), Deleveraged) == []
