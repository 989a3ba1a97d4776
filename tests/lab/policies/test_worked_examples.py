"""The worked examples of the papers, recomputed to the digits that are given."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from deleverage.lab.policies.catalogue import named
from deleverage.lab.policies.followers import Follower, churn, next_deficit, play, revenue_loss, shock
from deleverage.lab.policies.gradient import OnlineGradient
from deleverage.lab.policies.positions import Position, bad_debt
from deleverage.lab.policies.severity import Round, severities
from tests.lab.policies.books import parts, split, winners


@pytest.fixture(scope="module")
def examples(shared_dir: Path) -> dict[str, Any]:
    """Return the file of worked examples."""
    loaded: dict[str, Any] = json.loads((shared_dir / "lab" / "worked_examples.json").read_text("utf-8"))
    return loaded


def near(expected: Any) -> Any:
    """Return a number as it is printed: to six digits, a text exactly."""
    return pytest.approx([float(Fraction(one)) for one in expected], abs=5.1e-7)


def positions(five: dict[str, Any]) -> list[Position]:
    """Return the five positions of the running example."""
    rows = zip(five["q"], five["c"], five["b"], strict=True)
    return [Position(Fraction(q), Fraction(c), b, Fraction(five["p"][0])) for q, c, b in rows]


def funded(five: dict[str, Any]) -> list[Fraction]:
    """Return what each has received of funding over both payments; the rates are data of the example."""
    paid = [Fraction(0)] * 5
    for price, rate in zip(five["p"][1:], five["gamma"][1:], strict=True):
        exact = Fraction(rate).limit_denominator(1000)
        for at, one in enumerate(positions(five)):
            paid[at] += one.funding(Fraction(str(price)), exact)
    return paid


def test_five_positions_when_recomputed_then_funding_profit_equity_and_leverage_are_the_printed(
    examples: dict[str, Any],
) -> None:
    """Two payments of funding, three prices."""
    five = examples["five_position_exchange_P5"]
    every, price = positions(five), Fraction("1.3")
    rates = [Fraction(rate).limit_denominator(1000) for rate in five["gamma"]]
    for at in (1, 2):
        found = [float(one.funding(Fraction(str(five["p"][at])), rates[at])) for one in every]
        assert found == near(five[f"funding_t{at}"])
    paid = funded(five)
    assert [float(one.profit(price, got)) for one, got in zip(every, paid, strict=True)] == near(five["pnl_0_2"])
    equities = [one.equity(price, got) for one, got in zip(every, paid, strict=True)]
    assert [float(one) for one in equities] == near(five["equity_t2"])
    leverages = [float(one.leverage(price, got)) for one, got in zip(every, paid, strict=True)]
    assert leverages == pytest.approx(five["leverage_t2_abs"], abs=5.1e-5)
    assert sum(max(Fraction(0), -one) for one in equities) == pytest.approx(five["D"], abs=1e-10)
    assert sum(max(Fraction(0), one) for one in equities) == pytest.approx(five["W"], abs=1e-10)
    solvent = [lev for lev, one in zip(leverages, equities, strict=True) if one > 0]
    assert sum(solvent) == pytest.approx(five["lev_mass_winners"], abs=1e-9)
    assert sum(leverages) - sum(solvent) == pytest.approx(five["lev_mass_losers"], abs=1e-9)


def test_five_positions_when_their_deficit_is_shared_then_every_policys_shares_are_the_printed(
    examples: dict[str, Any],
) -> None:
    """The endowment is equity; shares by leverage, its square, its cube, and its tail above 0.9."""
    five = examples["five_position_exchange_P5"]
    price, every = Fraction("1.3"), zip(positions(five), funded(five), strict=True)
    rows = [(one.equity(price, got), one.leverage(price, got)) for one, got in every]
    solvent = [row for row in rows if row[0] > 0]
    unit = 10**12
    gains = [int(equity * unit) for equity, _ in solvent]
    book = winners(gains, leverage=[leverage.limit_denominator(10**6) for _, leverage in solvent], ids="ACE")
    budget = int(Fraction(five["D"]) * unit)
    for policy, parameters, key in (
        ("wealth-pro-rata", {}, "share_pro_rata_ACE"),
        ("rap-linear", {}, "share_rap_linear_ACE"),
        ("rap-power", {"power": "2"}, "share_rap_power2_ACE"),
        ("rap-cvar", {"cutoff": "0.9"}, "share_rap_cvar_tau0.9_ACE"),
    ):
        found = split(policy, book, budget, **parameters)
        assert [part / budget for part in found.parts.tolist()] == pytest.approx(five[key], abs=6e-6), policy
    share = split("pro-rata", book, budget).parameter
    assert share is not None
    assert float(share) == pytest.approx(five["pro_rata_h"], abs=1e-10)


def test_five_positions_when_a_shock_follows_then_the_expected_deficit_is_the_printed(examples: dict[str, Any]) -> None:
    """Pro rata leaves every leverage as it was: the next deficit is twice this one."""
    five = examples["five_position_exchange_P5"]
    price, every = Fraction("1.3"), zip(positions(five), funded(five), strict=True)
    rows = [(float(one.equity(price, got)), float(one.leverage(price, got))) for one, got in every]
    solvent = [row for row in rows if row[0] > 0]
    size = shock(1.2, [leverage for _, leverage in solvent])
    assert size == pytest.approx(five["zeta"], abs=1e-9)
    left = [equity * (1 - five["pro_rata_h"]) for equity, _ in solvent]
    expected = five["expected_next_deficit_pro_rata"]
    assert next_deficit(size, left, [leverage for _, leverage in solvent]) == pytest.approx(expected, abs=1e-8)


def test_five_accounts_when_queue_and_pro_rata_split_then_equities_are_the_printed(examples: dict[str, Any]) -> None:
    """Half of a deficit of 15, in the numeraire of profit."""
    five = examples["five_accounts"]
    assert [cash + pnl for cash, pnl in zip(five["cash"], five["pnl"], strict=True)] == five["equity"]
    book = winners(five["pnl"], unit=2, equity=five["equity"], score=[2, 3, 1, 0, 0])
    budget = int(five["B"] * 2)
    assert five["B"] == five["theta"] * five["D"] == five["theta"] * sum(-min(0, one) for one in five["equity"])
    queue, pro_rata = split("queue", book, budget), split("pro-rata", book, budget)
    assert sum(max(0, one) for one in five["pnl"]) == five["U"]
    assert sum(max(0, one) for one in five["equity"]) == five["W"]
    assert parts(queue, 2) == [Fraction(one) for one in five["queue_x"]]
    assert five["queue_order"] == [2, 1, 3]  # By the scores above: the second account first.
    assert [e - x for e, x in zip(five["equity"], parts(queue, 2), strict=True)] == five["queue_post_equity"]
    assert pro_rata.parameter == Fraction(str(five["pro_rata_h"]))
    finer = winners(five["pnl"], unit=10)
    shares = parts(split("pro-rata", finer, int(five["B"] * 10)), 10)
    assert [float(Fraction(e) - x) for e, x in zip(five["equity"], shares, strict=True)] == five["pro_rata_post_equity"]


def test_five_accounts_when_the_endowment_is_equity_then_equities_are_the_printed(examples: dict[str, Any]) -> None:
    """The first two versions of the paper take equity, collateral included."""
    five, variant = examples["five_accounts"], examples["five_accounts"]["equity_endowment_variant_v1_v2"]
    book = winners(five["pnl"], unit=64, equity=five["equity"])
    found = split("equity-pro-rata-uncapped", book, int(five["B"] * 64))
    assert found.parameter == Fraction(variant["pro_rata_alpha"])
    left = [Fraction(e) - x for e, x in zip(five["equity"], parts(found, 64), strict=True)]
    assert left[:3] == [Fraction(one) for one in variant["pro_rata_post"]]
    equities = [max(0, one) for one in five["equity"]]
    queued = parts(split("queue", winners(equities, unit=2, score=[2, 3, 1, 0, 0]), int(five["B"] * 2)), 2)
    assert [float(x / e) for x, e in zip(queued, equities[:3], strict=False)] == variant["queue_h"]
    assert [e - x for e, x in zip(equities[:3], queued, strict=False)] == variant["queue_post"]


def test_death_spiral_when_pro_rata_drives_one_out_then_the_other_pays_all_and_by_risk_both_stay(
    examples: dict[str, Any],
) -> None:
    """Two followers, two deficits; utilities as printed."""
    told = examples["death_spiral"]
    unit = 7 * 10**6
    rows = zip("LH", told["equity_LH"], told["leverage_LH"], told["utility_mu"], strict=True)
    pair = [Follower(name, equity * unit, Fraction(lev), mu * unit) for name, equity, lev, mu in rows]
    deficits = [deficit * unit for deficit in told["D_rounds"]]
    first, second = play(named("pro-rata"), pair, deficits)
    assert [taken // unit for taken in first.taken] == told["pro_rata_r1_mass"]
    assert [left // unit for left in first.utilities] == told["pro_rata_r1_utility"]
    assert (first.leave == ("L",)) is told["L_exits"]
    assert Fraction(second.taken[0], pair[1].equity) == Fraction(str(told["r2_H_haircut"]))
    by_risk = play(named("rap"), pair, deficits)
    shares = [Fraction(taken, deficits[0]) for taken in by_risk[0].taken]
    assert shares == [Fraction(one) for one in told["rap_share"]]
    for at, found in enumerate(by_risk, start=1):
        assert [taken / unit for taken in found.taken] == near(told[f"rap_r{at}_mass"])
        assert [left / unit for left in found.utilities] == near(told[f"rap_r{at}_utility"])


def test_liquidation_examples_when_recomputed_then_prices_and_bad_debts_are_the_printed(
    examples: dict[str, Any],
) -> None:
    """Bankruptcy prices by entry collateral, as printed; a price is not below 0."""
    told, every = examples["liquidation_examples"], positions(examples["five_position_exchange_P5"])
    zero = Fraction(0)
    assert [float(max(zero, one.bankruptcy_price())) for one in every] == near(told["bankruptcy_prices_ABCDE"])
    rate = Fraction(1, 10)
    assert [float(max(zero, one.liquidation_price(rate))) for one in every] == near(told["liquidation_prices_ABCDE"])
    one = Fraction(1)
    found = bad_debt(every[3], Fraction("0.98"), Fraction("0.4"), one)
    assert float(found) == pytest.approx(told["bad_debt_D_t3"], abs=5e-5)
    assert float(bad_debt(every[4], Fraction("1.05"), one, one)) == pytest.approx(told["bad_debt_E_t4"], abs=5e-4)
    assert every[0].bankruptcy_price_now(Fraction("1.3")) == every[0].bankruptcy_price()


def test_queue_when_the_largest_survivor_is_measured_then_pro_rata_and_levelling_leave_a_smaller_one(
    examples: dict[str, Any],
) -> None:
    """T24: the published ordering is reversed where the maximum is over all survivors."""
    told = examples["queue_top_winner_counterexample"]
    book = winners(told["w"], unit=19)
    left = {
        name: [Fraction(w) - x for w, x in zip(told["w"], parts(split(name, book, told["B"] * 19), 19), strict=True)]
        for name in ("queue-by-gain", "pro-rata", "top-levelling")
    }
    assert left["queue-by-gain"] == told["queue_survivors"]
    assert left["pro-rata"] == [Fraction(one) for one in told["pro_rata_survivors"]]
    assert left["top-levelling"] == told["top_levelling"]["survivors"]
    assert max(left["queue-by-gain"]) > max(left["pro-rata"]) > max(left["top-levelling"])
    assert parts(split("top-levelling", book, told["B"] * 19), 19) == told["top_levelling"]["x"]


def test_single_pass_when_caps_bind_then_it_forgets_lots_that_are_there(examples: dict[str, Any]) -> None:
    """103 of 110, and the correct rule gives all."""
    told = examples["integer_underfill"]
    book = winners(told["q"], unit=10)
    found = split("contracts-single-pass", book, told["Q"] * 10, lot="10")
    assert sum(parts(found, 10)) == told["published_single_pass_allocates"]
    assert found.rest == (told["Q"] - told["published_single_pass_allocates"]) * 10
    assert sum(int(q) for q in told["q"]) == told["capacity_after_floor"]
    right = split("contracts-pro-rata", book, told["Q"] * 10, lot="10")
    assert (sum(parts(right, 10)), right.rest) == (told["correct_total"], 0)


def test_levered_when_computed_as_printed_then_the_budget_is_missed_and_repaired_it_is_met(
    examples: dict[str, Any],
) -> None:
    """Printed, h = B / sum(l w) x l w / sum(l w); repaired, x by l w, the third capped and re-filled."""
    told = examples["lev_pro_rata_not_balanced"]
    weights = [Fraction(w) * lev for w, lev in zip(told["w"], told["lev"], strict=True)]
    printed = [Fraction(told["B"]) / sum(weights) * one / sum(weights) for one in weights]
    total = sum(h * Fraction(w) for h, w in zip(printed, told["w"], strict=True))
    assert float(total) == pytest.approx(told["printed_formula_total"], abs=5e-9)
    uncapped = [float(Fraction(told["B"]) * one / sum(weights)) for one in weights]
    assert uncapped == near(told["fixed_uncapped_x"])
    assert uncapped[2] > told["w"][2]
    book = winners(told["w"], unit=18, leverage=told["lev"])
    found = split("levered-pro-rata", book, int(told["B"] * 18))
    assert parts(found, 18) == [Fraction(28, 9), Fraction(35, 9), Fraction(1, 2)]
    assert sum(parts(found, 18)) == Fraction(told["B"])


def test_queue_when_scores_swap_then_twice_the_budget_moves(examples: dict[str, Any]) -> None:
    """T22, Proposition 8: an infinitesimal difference."""
    told = examples["queue_jump_prop8"]
    one = split("queue", winners(told["u"], score=[2.0, 2.0 - 1e-12, 1]), told["B"]).parts
    other = split("queue", winners(told["u"], score=[2.0 - 1e-12, 2.0, 1]), told["B"]).parts
    assert abs(one - other).sum() == told["L1_jump"] == 2 * told["B"]


def test_fixed_queue_when_its_fairness_is_compared_round_by_round_then_the_regret_is_linear(
    examples: dict[str, Any],
) -> None:
    """T38: half of one endowment each round; the queue takes it of one, pro rata of all."""
    told = examples["fixed_queue_linear_regret_eq18"]
    book = winners([2 * told["M"]] * told["M"])
    regret = Fraction(0)
    for _ in range(told["T"]):
        worst = [max(split(name, book, told["M"]).parts.tolist()) for name in ("queue", "pro-rata")]
        regret += Fraction(worst[0] - worst[1], 2 * told["M"])
    assert regret == Fraction(told["regret"])


def test_leverage_drain_when_split_then_proportional_is_neutral_and_another_split_pays_more(
    examples: dict[str, Any],
) -> None:
    """Moving equity to an empty twin makes the attacker be drained more."""
    told = examples["leverage_drain"]
    unit = 2**4 * 3 * 7 * 5

    def drained(lots: list[Any], equity: list[Any]) -> tuple[list[Fraction], Any]:
        book = winners(lots, unit=unit, equity=equity)
        found = split("leverage-drain", book, told["Q"] * unit, price=str(told["p"]))
        return parts(found, unit), found.parameter

    found, level = drained(told["q"], told["e"])
    assert (found, level) == (told["delta"], told["level"])
    twins, _ = drained([10, 20, *told["q"][1:]], [1, 2, *told["e"][1:]])
    assert (twins[0] + twins[1] == told["delta"][0]) is told["proportional_split_neutral"]
    assert twins[2:] == told["delta"][1:]
    moved, _ = drained([30, 0, *told["q"][1:]], ["1.5", "1.5", *told["e"][1:]])
    assert float(moved[0] + moved[1]) == pytest.approx(told["nonproportional_split_total"], abs=1e-9)


def test_one_wave_when_the_estimate_is_too_small_then_the_whole_difference_is_estimation_error(
    examples: dict[str, Any],
) -> None:
    """T41: one-sided, never the signed net."""
    told = examples["ogd_one_wave"]
    rounds = [Round(told["needed"], told["needed"])]
    taken = [theta * told["estimate"] for theta in severities(OnlineGradient(), rounds)]
    assert sum(max(0, one.needed - got) for one, got in zip(rounds, taken, strict=True)) == told["V"]


def test_production_specification_when_dust_goes_by_id_then_the_published_shares_come_out(
    examples: dict[str, Any],
) -> None:
    """Floors by profit, dust in ascending id."""
    told = examples["metaflux_pro_rata"]
    assert split("dust-pro-rata", winners(told["u"]), told["B"]).parts.tolist() == told["x"]
    assert split("dust-pro-rata", winners([1, 1, 1]), 2).parts.tolist() == [1, 1, 0]


def test_transfer_when_one_eth_is_closed_then_half_of_the_equity_is_lost_not_all(examples: dict[str, Any]) -> None:
    """Short 2, deficit 1,500, a long of 1 with notional 3,000 and equity 1,500: 750, as the example says."""
    from deleverage.lab.policies.positions import haircuts_of_contracts

    per_lot = Fraction(1500, 2)  # The bankruptcy price lies so far from the mark.
    (cost,) = haircuts_of_contracts([1], 1, Fraction(3000), Fraction(3000) - per_lot)
    assert cost == 750
    assert "closing 1 ETH costs 750, i.e. 50% of equity" in examples["equal_awards"]["haircut"]
    assert cost / 1500 == Fraction(1, 2)


def test_churn_when_a_tenth_and_a_fifth_are_taken_then_the_chances_are_the_published(examples: dict[str, Any]) -> None:
    """The formula; that the beta is right is not supported by data."""
    told = examples["churn"]
    assert [churn(told["beta"], haircut) for haircut in told["h"]] == pytest.approx(told["p"], abs=1e-15)
    lost = revenue_loss([100.0, 100.0], told["h"], beta=told["beta"])
    assert lost == pytest.approx(730 * (24 * 1.5e-5 + 4e-4) * 100 * sum(told["p"]))
