"""Units: what margin and liquidation apply to, with what they are worth, must hold, and what holds their money."""

from deleverage.rulebook.book import Book, Unit, market_of
from deleverage.rulebook.gates import mark_gate
from deleverage.rulebook.liquidation import close_out_numerator, maintenance_margin_ceil
from deleverage.rulebook.margin import (
    equity,
    free_quanta,
    gain,
    initial_numerator,
    is_unhealthy,
    leg_maintenance,
    leg_value,
    margin_balance,
    price_pnl,
)
from deleverage.rulebook.quantities import MARGIN_SCALE, div_ceil
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.guards import asset_guards, guarded_marks
from deleverage.service.questions.base import View
from deleverage.service.questions.prices import liquidation_price

HEALTHS = HEALTHY, UNHEALTHY, BELOW_ZERO, BANKRUPT = "healthy", "unhealthy", "below-zero", "bankrupt"
"""How a unit stands, the worst last."""


class LegView(View, frozen=True, kw_only=True):
    """A position; ``liquidation_price_ticks``: the first mark at which its unit is unhealthy, all else as it is.

    Null: no mark of the market is, or the unit is unhealthy now.
    """

    leg: str
    market: str
    lots: str
    mark_price_ticks: str
    value_quanta: str
    cost_quanta: str
    price_pnl_quanta: str
    gain_quanta: str
    haircut_quanta: str
    maintenance_margin_quanta: str
    liquidation_price_ticks: str | None


class AssetView(View, frozen=True, kw_only=True):
    """Collateral beside the settlement currency."""

    asset: str
    amount_grains: str
    margin_value_quanta: str


class GateView(View, frozen=True, kw_only=True):
    """Why no money leaves a unit now, whatever is free: its own reasons; the domain's stand in ``/v1/funds``."""

    code: str
    reason: str
    opens: str


class UnitView(View, frozen=True, kw_only=True):
    """What margin and liquidation apply to. Requirements are rounded up; compared is without rounding.

    ``buffer_quanta``: by how much the margin balance lies above maintenance; negative: below.
    """

    unit: str
    isolated_market: str
    health: str
    equity_quanta: str
    margin_balance_quanta: str
    initial_margin_quanta: str
    maintenance_margin_quanta: str
    close_out_margin_quanta: str
    buffer_quanta: str
    free_quanta: str
    claim_quanta: str
    auctioned: bool
    legs: list[LegView]
    assets: list[AssetView]
    gates: list[GateView]


def unit_view(own: Book, rules: Rules, unit: Unit) -> UnitView:
    """Return what an account's own book says about one unit."""
    balance = margin_balance(own, unit)
    maintenance = maintenance_margin_ceil(own, unit)
    return UnitView(
        unit=unit.unit_id,
        isolated_market=unit.isolated_market_id,
        health=health_of(own, unit),
        equity_quanta=str(equity(own, unit)),
        margin_balance_quanta=str(balance),
        initial_margin_quanta=str(div_ceil(initial_numerator(own, unit), MARGIN_SCALE)),
        maintenance_margin_quanta=str(maintenance),
        close_out_margin_quanta=str(div_ceil(close_out_numerator(own, unit), MARGIN_SCALE)),
        buffer_quanta=str(balance - maintenance),
        free_quanta=str(free_quanta(own, unit)),
        claim_quanta=str(own.claims.get(unit.unit_id, 0)),
        auctioned=own.is_auctioned(unit.unit_id),
        legs=[_leg(own, unit, leg_id) for leg_id, _ in unit.sorted_legs()],
        assets=[
            AssetView(
                asset=asset_id,
                amount_grains=str(grains),
                margin_value_quanta=str(own.assets[asset_id].margin_value(grains)),
            )
            for asset_id, grains in sorted(unit.assets.items())
        ],
        gates=_gates(own, rules, unit),
    )


def health_of(own: Book, unit: Unit) -> str:
    """Return how a unit stands, in one word."""
    if unit.bankrupt:
        return BANKRUPT
    if equity(own, unit) < 0:
        return BELOW_ZERO
    return UNHEALTHY if is_unhealthy(own, unit) else HEALTHY


def _leg(own: Book, unit: Unit, leg_id: str) -> LegView:
    leg, market = unit.legs[leg_id], own.markets[market_of(leg_id)]
    price = liquidation_price(own, unit, market)
    return LegView(
        leg=leg_id,
        market=market.terms.market_id,
        lots=str(leg.lots),
        mark_price_ticks=str(market.mark_price_ticks),
        value_quanta=str(leg_value(leg, market)),
        cost_quanta=str(leg.cost),
        price_pnl_quanta=str(price_pnl(leg, market)),
        gain_quanta=str(gain(leg, market)),
        haircut_quanta=str(leg.haircut),
        maintenance_margin_quanta=str(div_ceil(leg_maintenance(market, leg.lots), MARGIN_SCALE)),
        liquidation_price_ticks=None if price is None else str(price),
    )


def _gates(own: Book, rules: Rules, unit: Unit) -> list[GateView]:
    """Return a unit's own gates. What a bankrupt waits for may hang on others: it is told that it waits."""
    guarded, prices = guarded_marks(own, rules, own.time_ns), asset_guards(own, rules, own.time_ns)
    gates = []
    if unit.bankrupt:
        opens = "the step that settles its lots and its shortfall"
        gates.append(GateView(code="UNIT_BANKRUPT", reason="it is bankrupt", opens=opens))
    if (gate := mark_gate(unit, guarded, prices)) is not None:
        gates.append(GateView(code=gate.code.name, reason=gate.reason, opens=gate.opens))
    return gates
