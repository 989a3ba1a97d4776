"""Requirements under every factor, announced in random worlds, and told wrongly: the properties, and planted lies."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deleverage.rulebook import messages as m
from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book, Market, Tier
from deleverage.rulebook.decide import decide
from deleverage.rulebook.invariants import InvariantBroken, Invariants
from deleverage.rulebook.liquidation import leg_close_out
from deleverage.rulebook.margin import equity, is_unhealthy, leg_initial, leg_maintenance
from deleverage.rulebook.quantities import MARGIN_SCALE, PPB
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.schedule import Driver, Schedule
from tests.commands import to_command, to_rules
from tests.parity.compare import plain_book
from tests.properties.stories import TERMS, crashed
from tests.worlds import world

SEEDS = range(91_000, 91_040)
rates = st.integers(0, PPB)
drivers = st.builds(Driver, st.integers(0, PPB), st.integers(0, 50 * PPB))
schedules = st.builds(
    Schedule,
    floor_ppb=st.integers(1, PPB),
    cap_ppb=st.integers(PPB, 50 * PPB),
    max_step_ppb=st.integers(0, 2 * PPB),
    volatility=drivers,
    open_interest=drivers,
    concentration=drivers,
    unit_share=drivers,
)


@given(schedules, st.lists(st.tuples(st.integers(0, 2 * PPB), rates, rates), min_size=1, max_size=8))
def test_factor_when_announced_again_and_again_then_it_stays_within_bounds_and_steps(
    schedule: Schedule, inputs: list[tuple[int, int, int]]
) -> None:
    """From 1 on, each factor lies between floor and cap and at most a step from the one before."""
    factor = PPB
    for volatility, interest, concentration in inputs:
        target = schedule.target_ppb(volatility, interest, concentration)
        now = schedule.stepped_ppb(factor, target)
        assert schedule.floor_ppb <= now <= schedule.cap_ppb
        assert schedule.max_step_ppb == 0 or abs(now - factor) <= schedule.max_step_ppb
        assert abs(target - now) <= abs(target - factor)
        factor = now


@given(schedules, st.tuples(rates, rates, rates), st.tuples(rates, rates, rates))
def test_target_when_every_input_is_higher_then_it_is_not_lower(
    schedule: Schedule, one: tuple[int, int, int], more: tuple[int, int, int]
) -> None:
    """More risk never asks for less."""
    higher = tuple(a + b for a, b in zip(one, more, strict=True))
    assert schedule.target_ppb(*one) <= schedule.target_ppb(*higher)


@given(
    schedules,
    st.tuples(rates, rates, rates).map(sorted),
    st.integers(1, 10**6),
    st.integers(0, 10**6),
    st.integers(1, 60 * PPB),
    st.integers(0, 10 * PPB),
)
def test_requirements_when_the_factor_is_higher_then_none_is_lower_and_they_stay_in_order(
    schedule: Schedule, three: list[int], lots: int, measured: int, factor: int, more: int
) -> None:
    """Close-out <= maintenance <= initial <= notional under any factor, and each is monotone in it."""
    close_out, maintenance, initial = three
    tiers = (Tier(0, maintenance, initial, close_out_rate_ppb=close_out),)
    low = Market(replace(TERMS, tiers=tiers, schedule=schedule), 100, factor_ppb=factor, measured_lots=measured)
    high = replace(low, factor_ppb=factor + more)
    notional = lots * 100 * MARGIN_SCALE
    for market in (low, high):
        found = (leg_close_out(market, -lots), leg_maintenance(market, lots), leg_initial(market, lots))
        assert 0 <= found[0] <= found[1] <= found[2] <= notional
    for formula in (leg_close_out, leg_maintenance, leg_initial):
        assert formula(low, lots) <= formula(high, lots)


@pytest.mark.parametrize("seed", SEEDS)
def test_worlds_when_requirements_change_then_only_health_moves_and_never_inside_a_step(seed: int) -> None:
    """No money moves; a higher factor makes nobody healthy; factors stay in bounds; changes come before all else."""
    rules, commands = world(seed)
    book, law = Book(), to_rules(rules)
    plain = next(commands)
    while plain is not None:
        answer = decide(book, to_command(plain), law)
        facts = answer if isinstance(answer, tuple) else ()
        kinds = [isinstance(fact, m.RequirementsChanged) for fact in facts]
        assert kinds == sorted(kinds, reverse=True), "changes stand before all other facts"
        assert not facts or not all(kinds), "a change comes with a command"
        for fact in facts:
            _apply(book, fact)
        plain = _next(commands, book)


def _next(commands: Any, book: Book) -> Any:
    try:
        return commands.send(plain_book(book))
    except StopIteration:
        return None


def _apply(book: Book, fact: m.Fact) -> None:
    if not isinstance(fact, m.RequirementsChanged):
        apply(book, fact)
        return
    market = book.markets[fact.market_id]
    equities = {key: equity(book, unit) for key, unit in book.units.items()}
    unhealthy = {key for key, unit in book.units.items() if is_unhealthy(book, unit)}
    shares_rise = 0 < fact.measured_lots <= (fact.measured_before_lots or fact.measured_lots)
    apply(book, fact)
    assert {key: equity(book, unit) for key, unit in book.units.items()} == equities
    assert market.terms.schedule.floor_ppb <= market.factor_ppb <= market.terms.schedule.cap_ppb
    if fact.factor_ppb >= fact.factor_before_ppb and shares_rise:
        assert unhealthy <= {key for key, unit in book.units.items() if is_unhealthy(book, unit)}


# -- told wrongly ---------------------------------------------------------------------------------------------------

SCHEDULE = Schedule(cap_ppb=3 * PPB, max_step_ppb=PPB, min_notice_ns=10, volatility=Driver(0, PPB))
HEAD: dict[str, Any] = {"seq": 0, "time_ns": 20, "market_id": "BTC"}
ANNOUNCED = m.RequirementsAnnounced(
    **HEAD,
    volatility_ppb=PPB,
    concentration_ppb=0,
    open_interest_lots=16,
    open_interest_ppb=16_000,
    target_ppb=2 * PPB,
    factor_before_ppb=PPB,
    factor_ppb=2 * PPB,
    effective_ns=30,
)
CHANGED = m.RequirementsChanged(
    **(HEAD | {"time_ns": 30}),
    factor_before_ppb=PPB,
    factor_ppb=2 * PPB,
    measured_before_lots=0,
    measured_lots=16,
)
SET = m.LeverageSet(**HEAD, unit_id="di", leverage_before_ppb=0, leverage_ppb=50 * PPB)

SECOND = replace(ANNOUNCED, volatility_ppb=9 * PPB, target_ppb=3 * PPB, factor_before_ppb=2 * PPB, factor_ppb=3 * PPB)
SECOND = replace(SECOND, effective_ns=31)
LAST = replace(CHANGED, time_ns=31, factor_before_ppb=2 * PPB, factor_ppb=3 * PPB, measured_before_lots=16)

LIES: dict[str, tuple[str, tuple[m.Fact, ...]]] = {
    "a target that the inputs do not ask for": ("INV-12", (replace(ANNOUNCED, target_ppb=3 * PPB),)),
    "a factor that is not the target": ("INV-12", (replace(ANNOUNCED, factor_ppb=PPB),)),
    "a factor further than a step": (
        "INV-12",
        (replace(ANNOUNCED, volatility_ppb=2 * PPB, target_ppb=3 * PPB, factor_ppb=3 * PPB),),
    ),
    "a step from a factor that is not in force": ("INV-12", (replace(ANNOUNCED, factor_before_ppb=2 * PPB),)),
    "an open interest that nobody holds": ("INV-12", (replace(ANNOUNCED, open_interest_lots=17),)),
    "a notice that is too short": ("INV-12", (replace(ANNOUNCED, effective_ns=29),)),
    "a change that nobody announced": ("INV-12", (CHANGED,)),
    "a change before its time": ("INV-12", (ANNOUNCED, replace(CHANGED, time_ns=29))),
    "a change to another factor": ("INV-12", (ANNOUNCED, replace(CHANGED, factor_ppb=PPB + 1))),
    "a change to another open interest": ("INV-12", (ANNOUNCED, replace(CHANGED, measured_lots=15))),
    "a change from another factor": ("INV-12", (ANNOUNCED, replace(CHANGED, factor_before_ppb=PPB + 1))),
    "a change that happens twice": ("INV-12", (ANNOUNCED, CHANGED, CHANGED)),
    "a due change that is left out": ("INV-12", (ANNOUNCED, replace(SET, time_ns=30))),
    "a due change that is left out behind another": (
        "INV-12",
        (ANNOUNCED, SECOND, replace(CHANGED, time_ns=31), replace(SET, time_ns=31)),
    ),
    "a change ahead of an earlier one": (
        "INV-12",
        (ANNOUNCED, SECOND, replace(LAST, factor_before_ppb=PPB, measured_before_lots=0)),
    ),
    "a step that counts from the factor in force": ("INV-12", (ANNOUNCED, replace(SECOND, factor_before_ppb=PPB))),
    "a leverage above the tier's": ("INV-9", (replace(SET, leverage_ppb=101 * PPB),)),
    "a leverage below one": ("INV-9", (replace(SET, leverage_ppb=PPB - 1),)),
    "a leverage that its owner cannot carry": ("INV-9", (replace(SET, unit_id="al"),)),
}


def objection(book: Book, facts: tuple[m.Fact, ...]) -> str:
    """Apply facts under the invariants, renumbered; return the id that objects."""
    running = Invariants(book, Rules())
    try:
        for fact in facts:
            numbered = replace(fact, seq=book.seq + 1)
            running.before(numbered)
            apply(book, numbered)
            running.after(numbered)
        running.full()
    except InvariantBroken as broken:
        return broken.invariant
    return ""


def dynamic() -> Book:
    """Return the crashed book (16 lots open) with a schedule."""
    book = crashed()
    market = book.markets["BTC"]
    market.terms = replace(market.terms, schedule=SCHEDULE)
    return book


@pytest.mark.parametrize("name", LIES)
def test_invariant_when_requirements_are_told_wrongly_then_it_objects(name: str) -> None:
    """Factor, step, notice, time and open interest are recomputed."""
    expected, facts = LIES[name]
    assert objection(dynamic(), facts) == expected


def test_invariant_when_requirements_are_told_truly_then_nobody_objects() -> None:
    """The control."""
    assert objection(dynamic(), (SET, ANNOUNCED, CHANGED)) == ""
    assert objection(dynamic(), (ANNOUNCED, SECOND, CHANGED, LAST, replace(SET, time_ns=31))) == ""


def test_invariant_when_a_leverage_lowers_the_requirement_of_a_poor_unit_then_nobody_objects() -> None:
    """al is below zero: from 2x to 50x it needs less, and harms nobody."""
    book = dynamic()
    book.units["al"].leverages["BTC"] = 2 * PPB
    assert objection(book, (replace(SET, unit_id="al", leverage_before_ppb=2 * PPB),)) == ""


def test_invariant_when_requirements_change_inside_a_step_then_it_objects() -> None:
    """After the first fact of a step and before its end no change may be told, though it was announced and is due."""
    facts = decide(dynamic(), m.RunStep(time_ns=30), Rules())
    assert isinstance(facts, tuple)
    assert isinstance(facts[0], m.BankruptcyDeclared)
    assert isinstance(facts[-1], m.StepEnded)
    early = [replace(fact, time_ns=29) for fact in facts]  # So that nothing is left out before the change.
    assert objection(dynamic(), (ANNOUNCED, early[0], CHANGED)) == "INV-12"
    assert objection(dynamic(), (ANNOUNCED, *early, CHANGED)) == ""


def test_invariant_when_requirements_change_in_a_halt_then_it_objects() -> None:
    """Requirements stand still in a halted domain."""
    book = dynamic()
    book.halted = True
    assert objection(book, (ANNOUNCED, CHANGED)) == "INV-12"


def test_invariant_when_two_markets_change_in_the_wrong_order_then_it_objects() -> None:
    """A stands before BTC, though both are due at 30."""
    book = dynamic()
    book.markets["A"] = Market(replace(book.markets["BTC"].terms, market_id="A"))
    announced = replace(ANNOUNCED, market_id="A", open_interest_lots=0, open_interest_ppb=0)
    changed = replace(CHANGED, market_id="A", measured_lots=0)
    assert objection(book.copy(), (ANNOUNCED, announced, CHANGED, changed)) == "INV-12"
    assert objection(book.copy(), (ANNOUNCED, announced, changed, CHANGED)) == ""
