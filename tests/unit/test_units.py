"""Every money formula of the law runs on numbers that carry their unit, and gives back the unit it promises."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from deleverage.rulebook import closing, liquidation, margin, periods, quantities
from deleverage.rulebook.book import Book, Leg, Market, MarketTerms, Tier, Unit
from deleverage.rulebook.price import PreviousMark
from tests.unit.units import Measure, UnitMismatch

LOT, QUANTUM = {"lot": 1}, {"quantum": 1}
PER_LOT = {"quantum": 1, "lot": -1}


def as_int(measure: Measure) -> int:
    """Hand a measure to a function that is annotated for plain integers."""
    return cast(int, measure)


def lots(count: int) -> int:
    """Return lots."""
    return as_int(Measure(count, lot=1))


def money(quanta: int) -> int:
    """Return quanta of money."""
    return as_int(Measure(quanta, quantum=1))


def ppb(rate: int) -> int:
    """Return a rate."""
    return as_int(Measure(rate, ppb=1))


@pytest.fixture(autouse=True)
def _one_is_a_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (margin, periods, quantities):
        monkeypatch.setattr(module, "PPB", Measure(quantities.PPB, ppb=1))
    for module in (liquidation, margin):
        monkeypatch.setattr(module, "MARGIN_SCALE", Measure(quantities.MARGIN_SCALE, ppb=2))


@pytest.fixture
def market() -> Market:
    """Return a market whose every number carries its unit."""
    tiers = (
        Tier(money(0), ppb(5_000_000), ppb(10_000_000), money(0), money(0), ppb(2_000_000), money(0)),
        Tier(money(1_000), ppb(20_000_000), ppb(40_000_000), money(15), money(30), ppb(8_000_000), money(6)),
    )
    multiplier = as_int(Measure(7, quantum=1, tick=-1, lot=-1))
    terms = MarketTerms("BTC", multiplier, tiers, lots(10**6), as_int(Measure(10**6, tick=1)), lots(10**6))
    mark, previous = as_int(Measure(50, tick=1)), as_int(Measure(55, tick=1))
    return Market(terms, mark, previous, funding_quanta=as_int(Measure(-3, **PER_LOT)), factor_ppb=ppb(3 * 10**9))


@pytest.fixture
def unit() -> Unit:
    """Return a unit with one long leg, all in units."""
    leg = Leg(lots(12), money(4_100), money(-24), money(30))
    return Unit("al", "al", quote=money(-4_000), legs={"BTC": leg})


def unit_of(result: Any) -> dict[str, int]:
    """Return the unit of a result."""
    assert isinstance(result, Measure), f"{result!r} has lost its unit"
    return result.unit


FORMULAS: dict[str, tuple[Callable[[Market, Unit], Any], dict[str, int]]] = {
    "value per lot": (lambda m, u: m.value_quanta, PER_LOT),
    "leg value": (lambda m, u: margin.leg_value(u.legs["BTC"], m), QUANTUM),
    "equity": (lambda m, u: margin.equity(Book(markets={"BTC": m}), u), QUANTUM),
    "leg maintenance": (lambda m, u: margin.leg_maintenance(m, u.legs["BTC"].lots), {"quantum": 1, "ppb": 2}),
    "leg close-out": (lambda m, u: liquidation.leg_close_out(m, u.legs["BTC"].lots), {"quantum": 1, "ppb": 2}),
    "leg initial": (lambda m, u: margin.leg_initial(m, lots(12), ppb(5 * 10**9)), {"quantum": 1, "ppb": 2}),
    "maintenance shown": (lambda m, u: liquidation.maintenance_margin_ceil(Book(markets={"BTC": m}), u), QUANTUM),
    "initial": (lambda m, u: margin.initial_numerator(Book(markets={"BTC": m}), u), {"quantum": 1, "ppb": 2}),
    "price pnl": (lambda m, u: margin.price_pnl(u.legs["BTC"], m), QUANTUM),
    "gain": (lambda m, u: margin.gain(u.legs["BTC"], m), QUANTUM),
    "funding per lot": (lambda m, u: periods.funding_per_lot_half_even(m.value_quanta, ppb(12_500), 0)[0], PER_LOT),
    "fee": (lambda m, u: quantities.fee_ceil(money(1_001), ppb(500_000)), QUANTUM),
    "memo share": (lambda m, u: quantities.share_floor(money(-101), lots(3), lots(7)), QUANTUM),
    "debt share": (lambda m, u: quantities.share_ceil(money(101), lots(3), lots(7)), QUANTUM),
    "money asked": (lambda m, u: closing.money_asked(PreviousMark(), m, 1, lots(4), money(500)), QUANTUM),
    "settled quote": (lambda m, u: settle(m, u, -5).quote_quanta, QUANTUM),
    "settled realised": (lambda m, u: settle(m, u, -5).realised_quanta, QUANTUM),
    "settled cost": (lambda m, u: settled_leg(m, u, -5).cost, QUANTUM),
    "settled entry funding": (lambda m, u: settled_leg(m, u, 5).entry_funding, QUANTUM),
    "flipped cost": (lambda m, u: settled_leg(m, u, -20).cost, QUANTUM),
    "flipped lots": (lambda m, u: settled_leg(m, u, -20).lots, LOT),
}


def settle(market: Market, unit: Unit, change: int) -> closing.Settled:
    """Settle a fill at the mark."""
    amount = -lots(change) * market.value_quanta
    return closing.settle(unit.legs["BTC"], lots(change), amount, market.funding_quanta)


def settled_leg(market: Market, unit: Unit, change: int) -> Leg:
    """Return the leg after a fill."""
    leg = settle(market, unit, change).leg
    assert leg is not None
    return leg


@pytest.mark.parametrize("name", FORMULAS)
def test_formula_when_numbers_carry_units_then_the_result_has_the_promised_unit(
    name: str, market: Market, unit: Unit
) -> None:
    """No factor is forgotten, no rate mistaken for money."""
    formula, expected = FORMULAS[name]
    assert expected == unit_of(formula(market, unit))


def test_is_unhealthy_when_numbers_carry_units_then_numerators_are_compared(market: Market, unit: Unit) -> None:
    """Equity x 10^9 and the requirement are compared in the same unit, and the answer is the plain one."""
    assert margin.is_unhealthy(Book(markets={"BTC": market}), unit) is False


def test_equity_shares_when_numbers_carry_units_then_parts_are_money(market: Market, unit: Unit) -> None:
    """The splitting function keeps the unit of the amount."""
    unit.quote = money(-6_000)
    shares = margin.equity_shares(Book(markets={"BTC": market}), unit, "maintenance")
    assert unit_of(shares["BTC"]) == QUANTUM


def test_double_when_the_multiplier_is_forgotten_then_it_refuses(market: Market, unit: Unit) -> None:
    """The planted violation: lots x ticks is not money."""
    with pytest.raises(UnitMismatch):
        _ = unit.quote + unit.legs["BTC"].lots * market.mark_price_ticks
