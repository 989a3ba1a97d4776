"""The rivals agree with each other and with the law: a fast wrong answer would be no comparison."""

import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest

from deleverage.bench.books import Book, draw, one_market, quiet
from deleverage.bench.choices import lots_of_first
from deleverage.bench.logs import draw_log
from deleverage.bench.with_objects import ObjectBook
from deleverage.bench.with_units import UnitBook
from deleverage.rulebook.apply import apply
from deleverage.rulebook.decide import decide
from deleverage.rulebook.margin import equity, is_unhealthy
from deleverage.rulebook.messages import Rejection
from deleverage.rulebook.rules import Rules
from tests.bench.slow_engine import SlowEngine
from tests.bench.to_law import to_book, to_commands, unit_id

needs_pandas = pytest.mark.skipif(importlib.util.find_spec("pandas") is None, reason="pandas is not installed")
needs_lrvx = pytest.mark.skipif(importlib.util.find_spec("lrvx") is None, reason="lrvx is not installed")


@pytest.mark.parametrize("kind", [{}, {"tiers": True}, {"mix": True}])
def test_objects_when_a_book_is_valued_then_the_law_finds_the_same(kind: dict[str, bool]) -> None:
    """Equity and health of every unit, after marks have moved, on every kind of book."""
    book = draw(1_200, markets=6, **kind)  # type: ignore[arg-type]
    marks = book.markets.mark_ticks * 93 // 100
    objects, law = ObjectBook(book), to_book(book, marks)
    unhealthy = objects.revalue(marks)
    units = [law.units[unit_id(book, number)] for number in range(book.units)]
    assert [equity(law, unit) for unit in units] == objects.equities().tolist() == book.equities(marks).tolist()
    if "mix" not in kind:  # collateral is an asset there, and a number here
        assert [number for number, unit in enumerate(units) if is_unhealthy(law, unit)] == unhealthy
    assert 0 < len(unhealthy) < book.units


@needs_pandas
def test_pandas_when_a_book_is_valued_then_it_finds_what_objects_find() -> None:
    """Requirements that are rounded up only select who is below maintenance anyway: equities are whole quanta."""
    from deleverage.bench.with_pandas import PandasBook

    book = draw(10_000)
    objects, marks = ObjectBook(book), book.markets.mark_ticks * 98 // 100
    found = PandasBook(book).revalue(marks)
    assert found.unhealthy.tolist() == objects.revalue(marks)
    assert found.equities.tolist() == objects.equities().tolist()


@needs_pandas
@pytest.mark.parametrize("count", [1, 1_000, 5_000])
def test_selection_when_so_many_are_wanted_then_all_rivals_choose_the_same(count: int) -> None:
    """Winners, their order and their lots; the last one is filled to the lot."""
    from deleverage.bench.with_pandas import PandasBook

    book = one_market(1_000, 10_000)
    marks = book.markets.mark_ticks
    objects = ObjectBook(book)
    objects.revalue(marks)
    (lots,) = lots_of_first(book, (count,))
    units, parts = objects.select(0, 1, lots)
    other_units, other_parts = PandasBook(book).select(*PandasBook(book).revalue(marks), 0, 1, lots)
    assert (units, parts) == (other_units.tolist(), other_parts.tolist())
    assert sum(parts) == lots
    fewer = objects.select(0, 1, lots - 1)
    assert (fewer[0], fewer[1][-1]) == ((units, parts[-1] - 1) if parts[-1] > 1 else (units[:-1], parts[-2]))


@needs_pandas
def test_lights_when_computed_then_pandas_and_numpy_agree() -> None:
    """By quantity, within each side of each market, ties by unit."""
    from deleverage.bench.with_pandas import PandasBook

    book, slow = draw(10_000), SlowEngine()
    slow.load(book)
    slow.revalue(book.markets.mark_ticks)
    table = PandasBook(book)
    lights = table.lights(*table.revalue(book.markets.mark_ticks))
    assert lights.tolist() == slow.lights().tolist()
    assert set(lights.tolist()) == {1, 2, 3, 4, 5}


@needs_pandas
@pytest.mark.parametrize("mix", [False, True])
def test_pandas_when_a_book_has_tiers_then_it_says_that_it_knows_one(mix: bool) -> None:
    """It is measured on linear cross books only."""
    from deleverage.bench.with_pandas import PandasBook

    with pytest.raises(ValueError, match="one margin tier"):
        PandasBook(draw(10_000, tiers=True, mix=mix))


def test_replay_when_plain_python_plays_a_log_then_the_law_accepts_every_event_and_has_the_same_state() -> None:
    """Quotes, deposits, realised results, lots, costs and entry fundings, to the quantum."""
    book = quiet(400, markets=2)
    log = draw_log(book, 1_500)
    plain, law, rules = UnitBook(book), to_book(book, book.markets.mark_ticks), Rules()
    assert plain.replay(log) == 0
    for command in to_commands(book, log):
        facts = decide(law, command, rules)
        assert not isinstance(facts, Rejection), (facts, command)
        for fact in facts:
            apply(law, fact)
    assert [state_of(plain, number) for number in range(book.units)] == [
        law_state(book, law, n) for n in range(book.units)
    ]


def state_of(plain: UnitBook, number: int) -> tuple[list[int], list[tuple[int, ...]]]:
    """Return money and legs of a unit of plain Python."""
    unit = plain.units[number]
    return unit[:3], sorted(tuple(unit[at : at + 4]) for at in range(3, len(unit), 4))


def law_state(book: Book, law: object, number: int) -> tuple[list[int], list[tuple[int, ...]]]:
    """Return money and legs of a unit of the law's book."""
    unit = law.units[unit_id(book, number)]  # type: ignore[attr-defined]
    legs = [(int(name[1:]), leg.lots, leg.cost, leg.entry_funding) for name, leg in unit.legs.items()]
    return [unit.quote, unit.deposits, unit.realised], sorted(legs)


def test_replay_when_the_log_is_cut_then_nothing_changes() -> None:
    """Plain Python in batches of 7 and at once."""
    book = quiet(10_000)
    log = draw_log(book, 2_000)
    whole, cut = UnitBook(book), UnitBook(book)
    whole.replay(log)
    for start in range(0, len(log), 7):
        cut.replay(log[start : start + 7])
    assert whole.units == cut.units


@pytest.mark.parametrize(
    ("kind", "change", "sentence"),
    [
        ("trade", {"lots": 2**45}, "below the initial margin"),
        ("trade", {"lots": 0}, "no lots"),
        ("trade", {"other": 0, "unit": 0}, "with oneself"),
        ("trade", {"number": 2**31}, "beyond the bound of prices"),
        ("withdraw", {"number": 2**60}, "more than is free"),
    ],
)
def test_replay_when_an_event_is_not_lawful_then_it_is_refused_and_moves_nothing(
    kind: str, change: dict[str, int], sentence: str
) -> None:
    """The checks are there: an engine without them would be faster and no rival."""
    book = quiet(10_000)
    log = draw_log(book, 1_000)
    log = log[log["kind"] == {"trade": 0, "withdraw": 2}[kind]][:1].copy()
    for name, number in change.items():
        log[name] = number
    plain = UnitBook(book)
    before = [list(unit) for unit in plain.units]
    assert plain.replay(log) == 1, sentence
    assert plain.units == before


def test_replay_when_somebody_is_below_zero_then_no_money_leaves() -> None:
    """The short list: after a fall it is made anew, and who is on it is looked at."""
    book = quiet(10_000)
    log = draw_log(book, 1_000)
    plain = UnitBook(book)
    pays = log[log["kind"] == 2][:1]
    plain.units[5][0] -= 2**55
    assert plain.replay(pays) == 0  # not looked at: nobody was near zero, and no event brought unit 5 there
    for market, value in enumerate(plain.value):
        plain._moved(market, value * 2)
    assert plain.replay(pays) == 1


@needs_lrvx
def test_lrvx_when_a_market_falls_then_it_liquidates_and_deleverages_about_half_of_the_book() -> None:
    """In a process of its own: it has to be loaded before Numba."""
    script = (
        "import json; from deleverage.bench.with_lrvx import LrvxBook, engine; from deleverage.bench.books import *\n"
        "module, why = engine(); book = one_market(500, 500, leverage=(6, 40)); rival = LrvxBook(module, book)\n"
        "mark = int(book.markets.mark_ticks[0]); calm = rival.mark(mark); fall = rival.mark(mark * 8 // 10)\n"
        "print(json.dumps([why, calm['liquidations_count'], fall['liquidations_count'], rival.open_positions]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    why, calm, fallen, left = json.loads(done.stdout)
    assert (why, calm) == ("", 0)
    assert 400 < fallen < 550
    assert 0 < left < 600
    assert np.isfinite(left)
