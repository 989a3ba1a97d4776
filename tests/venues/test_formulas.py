"""Formulas of venues at their corners: who keeps the last unit, what is refused, where bounds bind."""

from collections.abc import Callable
from fractions import Fraction

import pytest

from deleverage.venues.formulas import (
    capacity,
    derive,
    drift,
    dydx,
    flox,
    haircuts,
    hedges,
    mango,
    percolator,
    prices,
    ranks,
    tiers,
    transfers,
    triggers,
    vega,
)
from deleverage.venues.formulas.exact import Refused, ceil, floor, toward_zero

MARKETS = {"m": dydx.Terms(Fraction(100), 200_000, 100_000)}
LONG = dydx.Account(-950, {"m": 10})


def test_exact_rounding_when_a_ratio_is_negative_then_each_verb_does_what_it_says() -> None:
    """Floor goes down, ceil up, toward_zero keeps the magnitude small."""
    assert (floor(Fraction(-7, 2)), ceil(Fraction(-7, 2)), toward_zero(Fraction(-7, 2))) == (-4, -3, -3)
    assert (floor(Fraction(7, 2)), ceil(Fraction(7, 2)), toward_zero(Fraction(7, 2))) == (3, 4, 3)


@pytest.mark.parametrize(
    "call",
    [
        lambda: dydx.bankruptcy_amount(LONG, MARKETS, "m", 0),
        lambda: dydx.bankruptcy_amount(LONG, MARKETS, "m", 1),
        lambda: dydx.bankruptcy_amount(LONG, MARKETS, "m", -11),
        lambda: drift.socialised_rate(1, 0, 0),
        lambda: drift.base_to_cover(Fraction(1), Fraction(100), Fraction(1, 10), Fraction(1, 10), Fraction(1)),
        lambda: haircuts.injective_entries(Fraction(101), [Fraction(90)], [Fraction(10)], Fraction(100)),
        lambda: haircuts.charge_per_lot(Fraction(1), Fraction(0)),
        lambda: transfers.orderly_transfer(5, 0, 0, 0, -6, 0),
        lambda: flox.score("pnl_ratio", flox.Position(1, Fraction(1), Fraction(1), Fraction(0)), Fraction(2)),
    ],
)
def test_formula_when_inputs_have_no_answer_then_they_are_refused(call: Callable[[], object]) -> None:
    """No number is made up where the venue rejects."""
    with pytest.raises(Refused):
        call()


def test_bankruptcy_amount_when_closed_in_parts_then_the_account_is_never_worse_off_than_at_once() -> None:
    """Each part is rounded in favour of the liquidated account."""
    account, received = LONG, 0
    for _ in range(10):
        amount = dydx.bankruptcy_amount(account, MARKETS, "m", -1)
        account, received = dydx.booked(account, "m", -1, amount), received + amount
    assert account.positions == {}
    assert received >= dydx.bankruptcy_amount(LONG, MARKETS, "m", -10)


def test_distribution_when_the_network_wins_then_the_dust_is_its_own() -> None:
    """The declared defect in both its forms, and the split of the law between them."""
    assert vega.distribution_last_takes_dust(2, [1, 1, 1]) == [0, 0, 2]
    assert vega.distribution_last_takes_dust(2, [1, 1, 1], network_wins=True) == [2, 0, 0]
    assert vega.distribution(2, [1, 1, 1]) == [0, 1, 1]
    assert vega.distribution(9, [1, 1, 1]) == vega.distribution_last_takes_dust(9, [1, 1, 1]) == [1, 1, 1]


def test_slices_when_the_book_is_dry_then_they_end() -> None:
    """The network waits; nothing is sold into nothing."""
    assert vega.all_slices(100, Fraction(1, 10), 20, Fraction(1, 20), 0) == []
    assert sum(vega.all_slices(100, Fraction(1, 10), 20, Fraction(1, 20), 1_000)) == 100


def test_injective_haircuts_when_units_are_left_over_then_the_sum_is_the_deficit() -> None:
    """Money is split by the law; losers give nothing."""
    assert haircuts.injective_haircuts(10, [5, 5, 5, -9]) == [4, 3, 3, 0]
    assert haircuts.injective_entries(
        Fraction(5), [Fraction(90), Fraction(110)], [Fraction(1), Fraction(1)], Fraction(100)
    ) == [95, 110]


def test_least_share_when_the_fee_is_dearer_then_more_is_liquidated() -> None:
    """A multiple of a fifth; all of it where no part suffices."""
    assert haircuts.least_share(Fraction(100), Fraction(110)) == Fraction(2, 5)
    assert haircuts.least_share(Fraction(100), Fraction(120), haircuts.FEE_OF_TEXT) == Fraction(4, 5)
    assert haircuts.least_share(Fraction(10), Fraction(1000)) == 1


def test_auction_when_its_length_is_over_then_the_price_stays() -> None:
    """A solvent start is free; the end is the whole requirement."""
    assert derive.insolvent_bid(Fraction(50), Fraction(-300), Fraction(0), Fraction(1)) == 0
    assert derive.insolvent_bid(Fraction(-100), Fraction(-300), Fraction(2), Fraction(1)) == 300


def test_negative_balance_when_there_is_none_then_nothing_happens() -> None:
    """The instruction fails without a debt."""
    assert (
        mango.resolve(
            mango.Account(Fraction(1), Fraction(0), Fraction(0)), mango.Terms(*[Fraction(1)] * 3), *[Fraction(9)] * 3
        )
        is None
    )


def test_settlement_when_tokens_are_owed_already_then_the_debt_weight_counts() -> None:
    """Whoever borrows has less to give than whoever holds."""
    terms = mango.Terms(Fraction(9, 10), Fraction(2), Fraction(1))
    owing = mango.Account(Fraction(-1), Fraction(-9), Fraction(5))
    assert mango.settleable(owing, terms) == (5 - Fraction(22, 10)) / Fraction(22, 10)
    assert mango.settleable(owing._replace(other_health=Fraction(1)), terms) == 0


def test_loss_index_when_booked_twice_then_the_remainder_is_carried() -> None:
    """What the first booking could not spread is in the second one."""
    first = percolator.book_loss(10, [3])
    second = percolator.book_loss(10, [3], first.remainder)
    assert 3 * (first.rise + second.rise) + second.remainder == 20 * percolator.DEN
    assert first.losses == [9]


def test_bankruptcy_price_when_it_is_a_shorts_then_it_is_rounded_down() -> None:
    """Away from the trader on both sides."""
    raw = prices.inverse_bankruptcy("short", Fraction(100), Fraction(8))
    assert prices.rounded_from_trader("short", raw, Fraction(1, 2)) == Fraction(114)
    assert prices.linear_bankruptcy("short", Fraction(100), Fraction(4)) == 125


def test_assignment_when_the_edge_is_too_large_then_it_is_bounded() -> None:
    """At most 250 basis points, on the side of who takes."""
    assert prices.assignment_price("long", Fraction(100), 900) == Fraction(975, 10)
    assert prices.assignment_price("short", Fraction(100)) == Fraction(10075, 100)


def test_trigger_when_the_pool_is_below_its_threshold_then_a_fall_alone_does_not_start_it() -> None:
    """The drawdown counts above the threshold; an empty pool always does."""
    assert triggers.fired(Fraction(5), Fraction(5), Fraction(-1), Fraction(-3, 10)) is None
    assert triggers.fired(Fraction(6), Fraction(5), Fraction(-3, 10), Fraction(-3, 10)) == triggers.DRAWDOWN
    assert triggers.fired(Fraction(6), Fraction(5), Fraction(-3, 10), Fraction(-3, 10), "strict") is None
    assert triggers.fired(Fraction(0), Fraction(5), Fraction(0), Fraction(-3, 10)) == triggers.EMPTY


def test_hedge_when_there_is_nothing_on_either_side_then_the_difference_is_nothing() -> None:
    """No division by nothing."""
    assert hedges.relative_difference(Fraction(0), Fraction(0)) == 0
    assert hedges.relative_difference(Fraction(100), Fraction(95)) == Fraction(1, 20)


@pytest.mark.parametrize(
    ("account", "vip", "difference", "expected"),
    [
        ("PM", 4, Fraction(4, 100), True),
        ("PM", 4, Fraction(5, 100), False),
        ("PM_PRO", 3, Fraction(0), False),
        ("CM", 9, Fraction(0), False),
    ],
)
def test_hedged_account_when_it_is_on_a_bound_then_the_bound_decides(
    account: str, vip: int, difference: Fraction, expected: bool
) -> None:
    """Strictly below five per cent at Binance, up to it at Bybit."""
    assert hedges.binance_is_neutral(account, vip, True, difference) is expected
    assert hedges.bybit_is_neutral("PM", True, difference) is True


def test_capacity_when_it_is_used_up_then_it_is_nothing_and_never_less() -> None:
    """Room ends at 0; below zero all is closed; a little is closed at least."""
    assert capacity.deribit_room(Fraction(100), Fraction(1, 10), notional=Fraction(300)) == 0
    assert capacity.ftx_closed_per_second(Fraction(7), Fraction(-1), Fraction(3, 100), Fraction(100)) == 7
    assert capacity.ftx_closed_per_second(Fraction(100), Fraction(3, 100), Fraction(3, 100), Fraction(100)) == 10


def test_ranks_when_wallet_or_equity_is_small_then_floors_hold() -> None:
    """A wallet below 1 counts as 1; no equity, no score."""
    assert ranks.profit_share(Fraction(5), Fraction(1, 2)) == 5
    assert ranks.margin_ratio(Fraction(5), Fraction(0)) == 0
    assert ranks.hyperliquid_index("short", Fraction(50), Fraction(100), Fraction(10), Fraction(5)) == 4


def test_maintenance_amounts_when_rates_rise_then_no_start_is_a_step() -> None:
    """The requirement is the same on both sides of each start."""
    starts, rates = [Fraction(0), Fraction(100), Fraction(500)], [Fraction(1, 100), Fraction(2, 100), Fraction(5, 100)]
    amounts = tiers.maintenance_amounts(starts, rates)
    for place in (1, 2):
        below, above = (starts[place] * rates[n] - amounts[n] for n in (place - 1, place))
        assert below == above
