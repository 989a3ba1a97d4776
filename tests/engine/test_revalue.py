"""Full revaluation: what a pass over the columns says, against a plain reading of the same rows."""

from random import Random
from typing import Any

import numpy as np
import pytest

from deleverage.engine.engine import Engine
from deleverage.engine.kernels import revalue as kernels
from deleverage.engine.kernels.decide import decide_exactly, decide_flagged
from deleverage.engine.kernels.records import MEMO, UNIT
from deleverage.engine.valuation import Valuation, valued
from deleverage.rulebook import messages as m
from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book, Leg, Market, MarketTerms, Tier, Unit
from deleverage.rulebook.margin import is_unhealthy, maintenance_numerator, margin_balance
from deleverage.rulebook.quantities import MARGIN_SCALE
from deleverage.rulebook.rules import Rules
from tests.engine.books import PPB, Columns, Prices, RandomBook, columns_of, prices_of, random_book


def outputs(size: int) -> tuple[Any, Any, Any]:
    """Return cells for equity, maintenance and flags, with something in them that must go."""
    return np.full(size, 77, np.int64), np.full(size, 77, np.int64), np.full(size, 7, np.uint8)


def tiered(columns: Columns, prices: Prices, wrong: Any) -> tuple[tuple[int, int], tuple[Any, Any, Any]]:
    """Return what the pass with tiers gives back, and what it fills."""
    filled = outputs(columns.size)
    book = (columns.lots, columns.owner, columns.code, columns.rows, columns.quote, columns.size)
    tables = (prices.worth, prices.held, prices.spare, prices.least, prices.most)
    return kernels.revalue_tiers(*book, *tables, *filled, wrong), filled


def recode(columns: Columns, prices: Prices, rows: Any) -> None:
    """Give rows the code of their tier."""
    for row in rows.tolist():
        mass, place = abs(int(columns.lots[row])), int(columns.code[row])
        columns.code[row] = kernels.tier_code(place, mass, prices.least, prices.most)


def expected_equity(book: RandomBook) -> list[int]:
    """Return each unit's equity, read row by row."""
    return [book.margin(unit, zero=True) for unit in range(len(book.quote))]


@pytest.mark.parametrize("width", [np.int64, np.int32])
@pytest.mark.parametrize("seed", range(4))
def test_revalue_when_rows_are_unsorted_or_free_then_each_unit_is_as_read_row_by_row(seed: int, width: Any) -> None:
    """More rows than a block, late ones and free ones; units without credit, markets with one tier."""
    random = Random(seed)
    book = random_book(random, units=500, markets=4, tiers=1)
    book.credit = [0] * 500
    for row in random.sample(range(len(book.lots)), 40):
        book.lots[row] = 0
    columns, prices = columns_of(book), prices_of(book)
    equity, maintenance, flags = outputs(500)
    magnitudes = kernels.revalue(
        columns.lots.astype(width), columns.owner, columns.code, columns.rows, columns.quote, 500,
        prices.worth, prices.held, equity, maintenance, flags,
    )  # fmt: skip
    assert expected_equity(book) == equity.tolist()
    assert [book.margin(unit) for unit in range(500)] == (equity - maintenance).tolist()
    assert book.below() == np.flatnonzero(flags).tolist()
    assert 0 < magnitudes < 2**54


@pytest.mark.parametrize("seed", range(4))
def test_revalue_tiers_when_codes_are_out_of_date_then_the_rows_are_named_and_a_second_pass_is_right(seed: int) -> None:
    """All codes say the first tier; the pass counts those that are wrong and after recoding agrees.

    Rows that have become free keep their code, and nobody minds.
    """
    book = random_book(Random(seed), units=400, markets=3, tiers=5)
    book.credit = [0] * 400
    columns, prices = columns_of(book), prices_of(book)
    wrong = np.zeros(columns.rows, np.int64)
    (_, count), _ = tiered(columns, prices, wrong)
    tables = [book.markets[market].tables() for market in book.market]
    misplaced = [row for row, mine in enumerate(book.lots) if mine and abs(mine) >= tables[row][0][4]]
    assert misplaced == wrong[:count].tolist()
    recode(columns, prices, wrong[:count])
    for row in range(0, columns.rows, 7):
        columns.lots[row] = book.lots[row] = 0
    (_, count), (equity, _, flags) = tiered(columns, prices, wrong)
    assert count == 0
    assert expected_equity(book) == equity.tolist()
    found = np.zeros(400, np.uint32)
    assert book.below() == found[: kernels.flagged(flags, 400, found)].tolist()


def test_revalue_tiers_when_more_rows_are_wrong_than_can_be_named_then_all_are_counted() -> None:
    """The list has two cells; the count goes on."""
    book = random_book(Random(9), units=200, markets=2, tiers=4)
    columns, prices = columns_of(book), prices_of(book)
    (_, full), _ = tiered(columns, prices, np.zeros(columns.rows, np.int64))
    short = np.zeros(2, np.int64)
    (_, count), _ = tiered(columns, prices, short)
    assert full == count > 2


def test_magnitudes_when_a_product_passes_its_bound_then_they_say_so() -> None:
    """One leg of 2^30 lots at 2^25 a lot, short: 2^55 is beyond 2^54."""
    one = np.array([-(2**30)], np.int64), np.zeros(1, np.uint32), np.ones(1, np.uint16), 1
    tables = np.full(2, 2**25, np.int64), np.zeros(2, np.int64)
    magnitudes = kernels.revalue(*one, np.zeros(1, np.int64), 1, *tables, *outputs(1))
    assert magnitudes >= 2**54


@pytest.mark.parametrize(("worth", "held", "beyond"), [(2**24, 0, False), (2**24, 1, False), (2**24 + 1, 2**20, True)])
@pytest.mark.parametrize("sign", [-1, 1])
def test_magnitudes_when_a_need_says_too_little_of_a_worth_then_the_worth_is_looked_at(
    worth: int, held: int, beyond: bool, sign: int
) -> None:
    """2^30 lots of which each needs nothing, or little: just within the bound, and just beyond it."""
    one = np.array([2**30 - (not beyond)], np.int64), np.zeros(1, np.uint32), np.zeros(1, np.uint16), 1
    tables = np.full(2, sign * worth, np.int64), np.full(2, held, np.int64)
    magnitudes = kernels.revalue(*one, np.zeros(1, np.int64), 1, *tables, *outputs(1))
    assert (magnitudes >= 2**54) == beyond


def law_of(book: RandomBook, unit: int) -> tuple[Book, Unit]:
    """Return the rulebook's book and unit of one unit of a random book."""
    law = Book()
    for at, market in enumerate(book.markets):
        tiers = tuple(Tier(start, rate, rate, deduction, deduction) for start, rate, deduction in market.tiers)
        inverse = market.value < 0
        terms = MarketTerms(
            f"M{at}", 0 if inverse else market.value, tiers, 10**9, 10**9, 10**9,
            contract="inverse" if inverse else "linear", face_quanta_ticks=-market.value if inverse else 0,
        )  # fmt: skip
        law.markets[f"M{at}"] = Market(
            terms, mark_price_ticks=1, funding_quanta=market.funding, factor_ppb=market.factor
        )
    own = Unit("u", "a", quote=book.quote[unit] + book.credit[unit])
    for row in book.rows_of(unit):
        own.legs[f"M{book.market[row]}/{row}"] = Leg(book.lots[row])
    return law, own


def exact_tables(book: RandomBook, columns: Columns, prices: Prices) -> tuple[Any, Any, Any, Any]:
    """Give all rows the code of their tier; return value, rate, deduction and factor of each code."""
    wrong = np.arange(columns.rows)
    recode(columns, prices, wrong)
    codes = [(market, tier) for market in book.markets for tier in market.tiers for _ in range(2)]
    rows = [(abs(market.value), rate, deduction, market.factor) for market, (_, rate, deduction) in codes]
    value, rate, deduction, factor = np.array(rows, np.int64).T.copy()
    return value, rate, deduction, factor


def put_on_the_edge(book: RandomBook, shift: int) -> None:
    """Give every unit the least quote with which the law calls it healthy, and ``shift`` quanta."""
    for unit in range(len(book.quote)):
        law, own = law_of(book, unit)
        need = -(-maintenance_numerator(law, own) // MARGIN_SCALE)
        book.quote[unit] += need - margin_balance(law, own) + shift


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shift", [-1, 0, 1])
def test_decide_when_a_unit_is_a_quantum_from_its_maintenance_then_it_says_what_the_law_says(
    seed: int, shift: int
) -> None:
    """Tiers, deductions, inverse contracts, funding, credit, and factors from 1 to far above what a leg is worth."""
    random = Random(seed)
    book = random_book(random, units=60, markets=5, tiers=4)
    for market in book.markets:
        market.funding = random.randrange(-400, 400)
        market.factor = random.choice((PPB, PPB + 1, 3 * PPB // 2, 90 * PPB))
    put_on_the_edge(book, shift)
    columns, prices = columns_of(book), prices_of(book)
    tables = exact_tables(book, columns, prices)
    for unit in range(60):
        said = decide_exactly(
            unit, columns.lots, columns.code, columns.memos, columns.quote, columns.units, prices.worth, *tables
        )
        assert is_unhealthy(*law_of(book, unit)) == said == (shift < 0)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("tiers", [1, 4])
def test_decide_flagged_when_units_are_within_rounding_of_their_maintenance_then_it_says_what_the_law_says(
    seed: int, tiers: int
) -> None:
    """A look from above, then a second one at whom rounding could have put below."""
    random = Random(seed)
    book = random_book(random, units=400, markets=5, tiers=tiers)
    book.credit = [0] * 400
    put_on_the_edge(book, 0)
    held = [sum(abs(book.lots[row]) for row in book.rows_of(unit)) for unit in range(400)]
    for unit in range(400):
        book.quote[unit] += random.choice((-1, 0, 1, held[unit], -held[unit], -(10**9)))
    columns, prices = columns_of(book), prices_of(book)
    value, rate, deduction, factor = exact_tables(book, columns, prices)
    (_, count), (_, _, flags) = tiered(columns, prices, np.zeros(columns.rows, np.int64))
    assert count == 0
    below, near = int((flags & kernels.BELOW).sum()), int((flags & kernels.NEAR != 0).sum())
    found = np.zeros(401, np.uint32)
    unhealthy = decide_flagged(
        flags, 400, True, columns.lots, columns.code, columns.memos, columns.quote, columns.units,
        prices.worth, prices.held, value, rate, deduction, factor, found,
    )  # fmt: skip
    expected = [unit for unit in range(400) if is_unhealthy(*law_of(book, unit))]
    assert expected == found[:unhealthy].tolist() == np.flatnonzero(flags).tolist()
    assert 0 < near < below


def test_valuation_when_more_is_deducted_than_goes_on_evenly_then_the_healthy_are_not_called_unhealthy() -> None:
    """A thousand lots of 3 quanta need 1,500, of which all is deducted; rounded up, they would need 2,000 less 1,500.

    Who is below by more than rounding a need could do is healthy all the same: such a book is looked at twice.
    """
    engine = Engine(Rules())
    tiers = Tier(0, 2 * PPB // 5, PPB // 2), Tier(3000, PPB // 2, PPB // 2, 1500, 1500)
    engine.submit([
        m.ListMarket(time_ns=1, terms=MarketTerms("a", 1, tiers, 10**6, 10**6, 10**9)),
        m.SetMarks(time_ns=1, marks=(m.MarkUpdate("a", 4),)),
        *[one for name in "xy" for one in (m.OpenAccount(time_ns=1, account_id=name),
                                           m.Deposit(time_ns=1, unit_id=name, amount_quanta=1100))],
        m.Trade(time_ns=1, market_id="a", buyer_unit_id="x", seller_unit_id="y", lots=1000, price_ticks=4),
        m.SetMarks(time_ns=1, marks=(m.MarkUpdate("a", 3),)),
    ])  # fmt: skip
    assert [is_unhealthy(engine.book, unit) for unit in engine.book.sorted_units()] == [False, False]
    found = Valuation(engine.columns)
    found.look()
    assert found.flags[:2].tolist() == [kernels.BELOW, 0]
    assert valued(engine.desk).flags[:2].tolist() == [0, 0]


@pytest.mark.parametrize("tiers", [1, 2])
@pytest.mark.parametrize(("lots", "fits"), [(2**31 - 1, True), (2**31, False), (2**33 + 5, False)])
def test_valuation_when_lots_stop_fitting_half_a_cell_then_nobody_is_worth_anything_else(
    lots: int, fits: bool, tiers: int
) -> None:
    """The last count of lots that the narrow column can say, the first that it cannot, and one whose low half is 5."""
    engine, law = Engine(Rules()), Book()
    table = Tier(0, PPB // 100, PPB // 50), Tier(2**33, PPB // 50, PPB // 25, 2**33 // 100, 2**33 // 50)
    terms = MarketTerms("a", 1, table[:tiers], 2**40, 10**6, 2**40)
    commands = [
        m.ListMarket(time_ns=1, terms=terms),
        m.SetMarks(time_ns=1, marks=(m.MarkUpdate("a", 100),)),
        *[one for name in "xy" for one in (m.OpenAccount(time_ns=1, account_id=name),
                                           m.Deposit(time_ns=1, unit_id=name, amount_quanta=10 * lots))],
        m.Trade(time_ns=1, market_id="a", buyer_unit_id="x", seller_unit_id="y", lots=lots, price_ticks=100),
        m.SetMarks(time_ns=1, marks=(m.MarkUpdate("a", 91),)),
    ]  # fmt: skip
    answers = engine.submit(commands)
    for answer in answers:
        assert not isinstance(answer, m.Rejection)
        for fact in answer:
            apply(law, fact)
    assert fits == engine.columns.fits_narrow
    found = valued(engine.desk)
    assert [margin_balance(law, law.units[name]) for name in "xy"] == found.equity[:2].tolist()
    assert [is_unhealthy(law, law.units[name]) for name in "xy"] == found.flags[:2].astype(bool).tolist()
    engine.check()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shift", [-1, 0, 1])
def test_exact_pass_when_units_are_a_quantum_from_their_maintenance_then_it_says_what_the_law_says(
    seed: int, shift: int
) -> None:
    """All units at once, rows unsorted, factor one, no credit."""
    book = random_book(Random(seed), units=400, markets=5, tiers=4)
    book.credit = [0] * 400
    put_on_the_edge(book, shift)
    columns, prices = columns_of(book), prices_of(book)
    value, rate, deduction, _ = exact_tables(book, columns, prices)
    equity, high, flags = outputs(400)
    low = np.full(400, 5, np.uint64)
    kernels.revalue_exactly(
        columns.lots, columns.owner, columns.code, columns.rows, columns.quote, 400,
        prices.worth, value, rate, deduction, equity, high, low, flags,
    )  # fmt: skip
    laws = [law_of(book, unit) for unit in range(400)]
    numerators = [(int(above) << 64) + int(below) for above, below in zip(high, low, strict=True)]
    assert [maintenance_numerator(*law) for law in laws] == [PPB * numerator for numerator in numerators]
    assert expected_equity(book) == equity.tolist()
    assert [is_unhealthy(*law) for law in laws] == flags.astype(bool).tolist() == [shift < 0] * 400


def test_decide_when_numbers_are_as_large_as_they_may_be_then_nothing_wraps() -> None:
    """128 legs of almost 2^54 quanta and a factor of almost 2^42: each must hold what it is worth, and no more."""
    legs, worth = 128, 2**24 - 1
    lots = np.full(legs, 2**30 - 1, np.int64)
    memos, units = np.zeros(legs, MEMO), np.zeros(1, UNIT)
    memos["next"] = [*range(1, legs), -1]
    tables = [np.full(2, number, np.int64) for number in (worth, worth, 2**31 - 1, 2**61 - 1, 2**42 - 1)]
    for deduction, quote, expected in ((0, 0, False), (0, -1, True), (2**61 - 1, 0, False)):
        tables[3][:] = deduction
        book = (lots, np.zeros(legs, np.uint16), memos, np.array([quote], np.int64), units)
        assert expected == decide_exactly(0, *book, *tables)
