"""Wrong formulas, planted one by one: the perturbed rows notice each of them."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from deleverage.venues.formulas import (
    capacity,
    derive,
    drift,
    dydx,
    exact,
    flox,
    haircuts,
    hedges,
    mango,
    mcdex,
    percolator,
    prices,
    ranks,
    settlements,
    tiers,
    transfers,
    triggers,
    vega,
)
from tests.conformance.cases import Row
from tests.conformance.families import FAMILIES
from tests.conformance.perturb import drawn, faults
from tests.conformance.report import given

SEED = 7
_liquidate = mcdex.liquidate


def _dearer(mark: Fraction, cash: Fraction, position: Fraction) -> mcdex.Liquidated:
    return _liquidate(mark, cash, position, mcdex.Rates(penalty=Fraction(1, 100)))


def _first_takes_dust(collected: int, wins: list[int], network_wins: bool = False) -> list[int]:
    return vega.distribution(collected, wins)


PLANTED: list[tuple[str, Any, str, Callable[..., Any] | Fraction | int]] = [
    ("bankruptcy amount", dydx, "floor", exact.ceil),
    ("fillable price", dydx, "PPM", 999_999),
    ("state transition", dydx, "may_become", lambda before, after, markets: True),
    ("offsets in turn", dydx, "may_become", lambda before, after, markets: True),
    ("fund delta", dydx, "fund_delta_is_valid", lambda balance, delta: balance + delta > 0),
    ("final settlement", settlements, "floor", exact.ceil),
    ("first come", settlements, "first_come", lambda vault, claims: [0 for _ in claims]),
    ("distribution", vega, "distribution_last_takes_dust", _first_takes_dust),
    ("exact ratio", vega, "distribution_last_takes_dust", _first_takes_dust),
    ("disposal", vega, "ceil", exact.floor),
    ("charge per lot", drift, "ceil", exact.floor),
    ("base to cover", drift, "floor", exact.ceil),
    ("fund fee", drift, "FEE_SHARE", Fraction(1)),
    ("half to each side", haircuts, "charge_per_lot", lambda loss, side: loss / side),
    ("withdrawal share", haircuts, "withdrawal_share", lambda debt, deposits, text: debt / deposits),
    ("entry haircut", haircuts, "injective_entries", lambda deficit, entries, sizes, settle: entries),
    ("insolvent auction", derive, "insolvent_bid", lambda value, margin, elapsed, part: -margin * elapsed * part),
    ("negative balance", mango, "settleable", lambda account, terms: max(Fraction(0), account.tokens)),
    ("margin account", mcdex, "liquidate", _dearer),
    ("crisis", percolator, "crisis", percolator.crisis_insurance_twice),
    ("loss index", percolator, "DEN", 10),
    ("cost transfer", transfers, "toward_zero", exact.floor),
    ("winners in order", flox, "score", lambda rank, position, mark: abs(position.quantity)),
    ("winner short of cash", flox, "taken_from_winner", lambda deficit, profit, available: min(deficit, profit)),
    ("liquidation window", capacity, "synthetix_window", lambda maker, taker, scale, seconds, factor: maker * scale),
    ("room in a window", capacity, "deribit_room", lambda equity, share: 2 * equity),
    ("fall of a pool", triggers, "worth_closed", lambda fall, limit, largest: -fall * largest),
    ("boundary of a fall", triggers, "pnl_ratio", lambda now, peak, largest: now / largest),
    ("inverse bankruptcy price", prices, "ceil", exact.floor),
    ("fund's flow per unit", prices, "fund_flow", lambda side, bankruptcy, fill: fill - bankruptcy),
    ("return", ranks, "return_rate", lambda kind, quantity, multiplier, entry, mark: mark / entry - 1),
    ("profit and margin", ranks, "profit_share", lambda profit, wallet: profit / wallet),
    ("mark over entry", ranks, "hyperliquid_index", lambda side, mark, entry, notional, value: notional / value),
    ("maintenance amounts", tiers, "maintenance_amounts", lambda starts, rates: [Fraction(0) for _ in starts]),
    ("hedged last", hedges, "bybit_is_neutral", lambda mode, enabled, difference: enabled),
]


@pytest.mark.parametrize(
    ("name", "module", "attribute", "wrong"), PLANTED, ids=lambda part: part if isinstance(part, str) else ""
)
def test_wrong_formula_when_planted_then_a_perturbed_row_notices(
    name: str, module: Any, attribute: str, wrong: Any, rows: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The printed numbers are not needed to find it."""
    (family,) = (family for family in FAMILIES if family.name == name)
    monkeypatch.setattr(module, attribute, wrong)
    noticed = False
    for values in drawn(family, given(family, rows), SEED):
        try:
            noticed = noticed or bool(faults(family, values))
        except (AssertionError, ZeroDivisionError):
            noticed = True
    assert noticed
