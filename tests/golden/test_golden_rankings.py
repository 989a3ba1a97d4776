"""Every score worked out by hand: the same four longs under each ranking, and what venues and others have published.

Mark 120, maintenance 5 %; ABC, mark 50, 10 %. Of the unit: wallet balance = equity - PnL of all legs.

    unit  lots  cost   value   PnL   equity  unit PnL  wallet  maintenance   notional
    al      10  1000    1200   200     600       240     360   60 + 20       1400      also short 4 ABC at 60: +40
    bo       5   750     600  -150     100      -150     250   30             600
    cy      20  2200    2400   200     300       200     100   120           2400
    dy      10  1000    1200   200      30       200    -170   60            1200      unhealthy: maintenance > equity
"""

from fractions import Fraction

import pytest

from deleverage.rulebook.book import Account, Book, Leg, Market, MarketTerms, Tier, Unit
from deleverage.rulebook.quantities import MARGIN_SCALE
from deleverage.rulebook.ranking import Candidate, order_by_score
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.scores import FLOORED, RANKINGS, SCORES
from deleverage.rulebook.selection import Queue, Request
from deleverage.rulebook.stages.candidates import eligible
from tests.model import scores as model
from tests.model import state as plain

UNITS = {  # equity, then (lots, cost) per market
    "al": (600, {"XYZ": (10, 1000), "ABC": (-4, -240)}),
    "bo": (100, {"XYZ": (5, 750)}),
    "cy": (300, {"XYZ": (20, 2200)}),
    "dy": (30, {"XYZ": (10, 1000)}),
}
MARKETS = {"XYZ": (120, 50_000_000), "ABC": (50, 100_000_000)}  # mark, maintenance rate

EXPECTED = {
    "bitmex": ("2/5", "-1/30", "8/11", "8"),  # 200 x 1200 / (1000 x 600); -150 x 100 / (750 x 600); ...
    "profit": ("200", "-150", "200", "200"),
    "return": ("1/5", "-1/5", "1/11", "1/5"),
    "return-leverage-winners": ("2/5", "0", "8/11", "8"),  # 1/5 x 2; a loser; 1/11 x 8; 1/5 x 40
    "return-mmr": ("2/75", "-2/3", "2/55", "2/5"),  # 1/5 x 80/600; -1/5 x 100/30; 1/11 x 120/300; 1/5 x 60/30
    "bluefin": ("7/15", "0", "8/11", "4"),  # 1/5 over 600/1400; a loser; 1/11 over 1/8; 1/5 over 1/20 (not 1/40)
    "hyperliquid": ("12/5", "24/5", "96/11", "48"),  # 1.2 x 2; 0.8 x 6; 12/11 x 8; 1.2 x 40
    "pnl-leverage": ("400", "-900", "1600", "8000"),
    "pnl-ratio": ("1/3", "-3/2", "2/3", "20/3"),
    "size": ("10", "5", "20", "10"),
    "binance": ("4/45", "0", "4/5", "400"),  # 240/360 x 80/600; a loser; 200/100 x 120/300; 200/1 x 60/30
}


def book_of() -> Book:
    """Return the four longs in the rulebook's form."""
    book = Book()
    for market_id, (mark, rate) in MARKETS.items():
        terms = MarketTerms(market_id, 1, (Tier(0, rate, rate),), 10**6, 10**6, 10**6)
        book.markets[market_id] = Market(terms, mark)
    for unit_id, (equity, legs) in UNITS.items():
        book.accounts[unit_id] = Account(unit_id, unit_id, "trader")
        unit = Unit(unit_id, unit_id, quote=equity - sum(lots * MARKETS[key][0] for key, (lots, _) in legs.items()))
        unit.legs = {key: Leg(lots, cost) for key, (lots, cost) in legs.items()}
        book.units[unit_id] = unit
    return book


def candidates() -> tuple[Candidate, ...]:
    """Return al, bo, cy and dy as a policy sees them."""
    return eligible(book_of(), Rules(), "XYZ", -1, frozenset()).candidates


def model_keys(ranking: str, unit_id: str, floor: int = 1) -> tuple[Fraction, ...]:
    """Return what the exact model orders a unit by."""
    world = plain.World()
    for market_id, (mark, rate) in MARKETS.items():
        tier = {"from_notional_quanta": 0, "maintenance_rate_ppb": rate, "maintenance_deduction_quanta": 0}
        world.markets[market_id] = plain.Market(market_id, 1, [tier], 10**6, 10**6, 10**6, mark=mark)
    equity, legs = UNITS[unit_id]
    unit = plain.Unit(unit_id, unit_id, quote=equity - sum(lots * MARKETS[key][0] for key, (lots, _) in legs.items()))
    unit.legs.update({key: plain.Leg(lots, cost) for key, (lots, cost) in legs.items()})
    policy = {"ranking": ranking, "wallet_floor_quanta": floor}
    return model.exact(world, world.markets["XYZ"], unit, unit.legs["XYZ"], policy)


def score(ranking: str, one: Candidate, floor: int = 1) -> object:
    """Return the rulebook's score."""
    return FLOORED[ranking](one, floor) if ranking in FLOORED else SCORES[ranking](one)


def test_candidates_when_the_book_is_looked_at_then_they_hold_the_unit_s_numbers() -> None:
    """al's other leg is in its profit, notional and maintenance; dy is asked last."""
    al, _, _, dy = candidates()
    assert Candidate("al", 2, 10, 1200, 200, 1000, 600, 60 * MARGIN_SCALE, 240, 1400, 80 * MARGIN_SCALE) == al
    assert Candidate("dy", 4, 10, 1200, 200, 1000, 30, 60 * MARGIN_SCALE, 200, 1200, 60 * MARGIN_SCALE) == dy


@pytest.mark.parametrize("ranking", EXPECTED)
def test_score_when_it_is_worked_out_by_hand_then_rulebook_and_model_give_it(ranking: str) -> None:
    """The model gives the very fraction, the rulebook the binary64 next to it."""
    expected = [Fraction(text) for text in EXPECTED[ranking]]
    assert expected == [model_keys(ranking, unit_id)[0] for unit_id in UNITS]
    assert [float(one) for one in expected] == pytest.approx([score(ranking, one) for one in candidates()], rel=1e-15)


def test_score_when_a_ranking_is_added_then_it_is_worked_out_here() -> None:
    """Ethereal's three keys have a test of their own; the last two know no score."""
    assert set(RANKINGS) == {*EXPECTED, "ethereal", "rotation", "lexicographic"}


def test_ethereal_when_it_is_worked_out_by_hand_then_has_three_keys() -> None:
    """Leverage, PnL, and the balance turned round: the smallest is asked first."""
    expected: list[tuple[float, ...]] = [(2, 200, -360), (6, -150, -250), (8, 200, -100), (40, 200, 170)]
    assert expected == [SCORES["ethereal"](one) for one in candidates()]
    assert expected == [tuple(map(float, model_keys("ethereal", unit_id))) for unit_id in UNITS]


def test_ethereal_when_leverage_is_equal_then_profit_and_then_the_smaller_balance_go_first() -> None:
    """Of four with leverage 2 the larger PnL goes first; of equal PnL the balance 400, then 500; then the id."""
    base = candidates()[0]
    rows = {"d": (200, 200), "c": (200, 200), "b": (200, 100), "a": (150, 50)}
    four = [base._replace(unit_id=key, pnl_quanta=pnl, unit_pnl_quanta=all_) for key, (pnl, all_) in rows.items()]
    ordered = order_by_score(four, SCORES["ethereal"])
    assert [(one.unit_id, text) for one, text in ordered] == [("c", "2.0"), ("d", "2.0"), ("b", "2.0"), ("a", "2.0")]


def test_binance_when_the_wallet_is_small_then_the_floor_divides() -> None:
    """With a floor of 500: 240/500 x 80/600, 0, 200/500 x 120/300, 200/500 x 60/30."""
    expected = [Fraction(text) for text in ("8/125", "0", "4/25", "4/5")]
    assert expected == [model_keys("binance", unit_id, 500)[0] for unit_id in UNITS]
    assert [float(one) for one in expected] == pytest.approx([score("binance", one, 500) for one in candidates()])
    asked = Queue("binance", wallet_floor_quanta=500).order(_request())
    order = ["cy", "al", "bo", "dy"]
    assert order == [one.unit_id for one, _ in asked]


def test_binance_when_several_lose_then_they_tie_at_0_and_go_by_id() -> None:
    """However much they lose."""
    bo = candidates()[1]
    losers = [bo._replace(unit_id=key, unit_pnl_quanta=pnl) for key, pnl in (("z", -1), ("y", -900), ("x", 0))]
    ordered = order_by_score(losers, lambda one: FLOORED["binance"](one, 1))
    expected = [("x", "0.0"), ("y", "0.0"), ("z", "0.0")]
    assert expected == [(one.unit_id, text) for one, text in ordered]


@pytest.mark.parametrize("ranking", [*SCORES, *FLOORED])
def test_score_when_equity_is_not_above_0_then_there_is_none(ranking: str) -> None:
    """Such leverage is infinite, whatever a venue's formula would say."""
    for equity in (0, -5):
        assert score(ranking, candidates()[0]._replace(equity_quanta=equity)) is None


def test_return_mmr_when_nothing_is_required_then_the_order_is_that_of_return_over_or_times_equity() -> None:
    """A maintenance of 0 counts as 10^-18 quanta: 1/5 x 1/(600 x 10^18), and -1/5 x 100 x 10^18."""
    al, bo, *_ = (one._replace(unit_maintenance_scaled=0) for one in candidates())
    expected = [1 / 3e21, -2e19]
    assert expected == pytest.approx([score("return-mmr", one) for one in (al, bo)])


def test_return_mmr_when_it_is_okx_s_then_the_margin_ratio_divides_or_multiplies() -> None:
    """Profit: PnL ratio / margin ratio (600/80); loss: PnL ratio x margin ratio (100/30)."""
    al, bo, *_ = candidates()
    expected = [0.2 / (600 / 80), -0.2 * (100 / 30)]
    assert expected == pytest.approx([score("return-mmr", one) for one in (al, bo)])


def test_bitmex_when_it_is_kucoin_s_then_the_smaller_loss_goes_first() -> None:
    """Return x effective leverage: 1/5 x 2 of al; in loss return / leverage: -1/5 / 6 of bo, before a larger one."""
    al, bo, *_ = candidates()
    worse = bo._replace(unit_id="worse", pnl_quanta=-300)
    ordered = order_by_score([worse, bo, al], SCORES["bitmex"])
    order = ["al", "bo", "worse"]
    assert order == [one.unit_id for one, _ in ordered]
    expected = [0.2 * 2, -0.2 / 6, -0.4 / 6]
    assert expected == pytest.approx([score("bitmex", one) for one, _ in ordered])


@pytest.mark.parametrize(("cost", "pnl", "expected"), [(1000, 200, 1.25), (600, -200, 0.75), (800, 0, 1)])
def test_hyperliquid_when_a_short_is_ranked_then_entry_over_mark_counts(cost: int, pnl: int, expected: float) -> None:
    """Short 8 at a mark of 100, at entries of 125, 75 and 100; equity 800: leverage 1."""
    short = candidates()[0]._replace(value_quanta=800, base_quanta=cost, pnl_quanta=pnl, equity_quanta=800)
    assert expected == SCORES["hyperliquid"](short)


def test_return_when_kucoin_s_four_positions_are_ranked_then_it_gives_the_published_rates() -> None:
    """Linear 200 -> 220 long, 220 -> 200 short; inverse 60,000 -> 62,000 long, 62,000 -> 60,000 short (cut there)."""
    face = 60_000 * 62_000 * 10**9
    dear, cheap = face // 62_000, face // 60_000
    rows = [(100, 10), (110, 10), (cheap, cheap - dear), (dear, cheap - dear)]
    found = [SCORES["return"](candidates()[0]._replace(base_quanta=base, pnl_quanta=pnl)) for base, pnl in rows]
    expected = [0.1, 0.090909, 0.032258, 0.033333]
    assert expected == pytest.approx(found, abs=5e-7)


@pytest.mark.parametrize(
    ("ranking", "rows", "first"),
    [
        ("pnl-ratio", {"2": (1, 100, 10), "3": (5, 100, 100)}, "2"),
        ("pnl-leverage", {"2": (1, 100, 10), "3": (5, 100, 100)}, "3"),
        ("pnl-ratio", {"2": (3, 100, 30), "3": (10, 50, 500)}, "2"),
        ("size", {"2": (3, 100, 30), "3": (10, 50, 500)}, "3"),
    ],
)
def test_score_when_flox_s_test_table_is_ranked_then_the_same_short_goes_first(
    ranking: str, rows: dict[str, tuple[int, int, int]], first: str
) -> None:
    """Shorts of (size, entry, equity) at a mark of 40 (flox, tests/test_liquidation_engine.cpp:318-402)."""
    shorts = [
        Candidate(key, 2, lots, lots * 40, lots * (entry - 40), lots * entry, equity, 0, 0, lots * 40, 0)
        for key, (lots, entry, equity) in rows.items()
    ]
    assert order_by_score(shorts, SCORES[ranking])[0][0].unit_id == first


def _request() -> Request:

    return Request(1, candidates(), "XYZ", "short", 1, 1)
