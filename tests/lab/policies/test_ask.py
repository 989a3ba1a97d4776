"""The check of a policy's answer, as if it came from a stranger: planted violations."""

import re
from dataclasses import replace

import numpy as np
import pytest

from deleverage.lab.policies.catalogue import WEALTH, named
from deleverage.lab.policies.policy import BadShares, Shares, Unfit, ask
from deleverage.lab.policies.winners import Winners
from deleverage.rulebook.plug import PlugFault
from tests.lab.policies.books import split, winners


class Planted:
    """A policy that gives back what it is told: planted violations for ``ask``."""

    def __init__(self, given: list[int], rest: int) -> None:
        self.given, self.rest = given, rest
        self.kind, self.about = "planted", WEALTH.kind("queue").about

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return what was planted."""
        return Shares(np.array(self.given), self.rest)


@pytest.mark.parametrize(
    ("given", "rest", "told"),
    [
        ([-1, 6], 0, "takes less than 0 of 00000: -1 units"),
        ([5, 1], 0, "takes more than the cap of 00000: 5 units, cap 4"),
        ([2, 1], 0, "takes 3 units and leaves 0, the budget is 5"),
        ([5], 0, "gave 1 parts for 2 winners"),
    ],
)
def test_ask_when_an_answer_is_none_then_it_is_refused_with_its_numbers(given: list[int], rest: int, told: str) -> None:
    """Nobody below 0 or beyond the cap, all units there, a part for everybody."""
    with pytest.raises(BadShares, match=told):
        ask(Planted(given, rest), winners([4, 4]), 5)  # type: ignore[arg-type]


def test_ask_when_a_column_is_missing_or_the_budget_negative_then_it_is_unfit() -> None:
    """What a policy needs is told before it is asked."""
    with pytest.raises(Unfit, match="risk-aware-pro-rata needs the column leverage"):
        split("rap", winners([1]), 1)
    with pytest.raises(Unfit, match="the budget is -1 units"):
        split("queue", winners([1]), -1)
    with pytest.raises(Unfit, match="1 scores are no number"):
        ask(named("queue"), replace(winners([1]), score=np.array([float("nan")])), 1)


def test_ask_when_parts_are_no_whole_numbers_then_they_are_refused() -> None:
    """Floats that would add up."""
    planted = Planted([1, 4], 0)
    planted.given = [1.0, 4.0]  # type: ignore[list-item]
    with pytest.raises(BadShares, match="parts of type float64, units are whole numbers"):
        ask(planted, winners([4, 4]), 5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "parameters", "told"),
    [
        ("rap", {"g": "cubic"}, "g of risk-aware-pro-rata is 'cubic', known are linear, power, cvar"),
        ("rap", {"power": "7"}, "power of risk-aware-pro-rata is 7, allowed are 1 to 6"),
        ("rap", {"power": "0"}, "power of risk-aware-pro-rata is 0, must be above 0"),
        ("rap", {"cutoff": "-1"}, "cutoff of risk-aware-pro-rata is '-1', allowed are"),
        ("mirror-descent", {"steps": "0"}, "steps of mirror-descent is 0"),
        ("mirror-descent", {"ridge": "much"}, "ridge of mirror-descent is 'much'"),
        ("capped", {"ceiling": "1/0"}, "ceiling of capped-pro-rata is '1/0'"),
        ("drain", {"price": "0"}, "price of leverage-drain is 0"),
        ("min-max-lots", {"time_limit_s": "0"}, "time_limit_s of min-max-lots is 0"),
        ("random", {"orders": "many"}, "orders of policy random-arrival is 'many', it is a whole number"),
        ("contracts-single-pass", {"lot": "0"}, "lot of contracts-single-pass is 0"),
        ("queue", {"by": "x"}, "has no 'by', its parameters are none"),
    ],
)
def test_named_when_a_parameter_is_out_of_range_then_it_is_refused_with_what_is_allowed(
    name: str, parameters: dict[str, str], told: str
) -> None:
    """Planted violations of every parameter."""
    with pytest.raises(PlugFault, match=re.escape(told)):
        named(name, parameters)


def test_capped_when_a_least_equity_has_no_equity_beside_it_then_it_is_unfit_and_else_it_binds() -> None:
    """The production rule: a haircut never goes below what has to stay."""
    with pytest.raises(Unfit, match="a least equity needs the column equity"):
        split("capped", winners([9], least_equity=[1]), 1)
    found = split("capped", winners([9, 9], equity=[10, 10], least_equity=[8, 1]), 10)
    assert found.parts.tolist() == [2, 8]
    assert split("capped", winners([10, 10]), 20, ceiling="0.35").parts.tolist() == [3, 3]


@pytest.mark.parametrize("name", ["rounded", "fixed-point-scale", "min-max-lots"])
def test_lots_when_one_is_worth_nothing_then_it_is_unfit(name: str) -> None:
    """A lot of 0 units would be closed for nothing."""
    with pytest.raises(Unfit, match="the least lot is worth 0 units"):
        split(name, winners([9], equity=[9], lots=[0]), 1)


@pytest.mark.parametrize("name", sorted(WEALTH.kinds))
def test_every_policy_when_nobody_or_nobody_with_a_gain_is_there_then_all_is_left(name: str) -> None:
    """No winners, and winners of nothing: a residual, no division by it."""
    for count in (0, 2):
        none = [0] * count
        book = winners(none, equity=none, leverage=none, score=none, lots=[1] * count, arrived=none)
        found = split(name, book, 5)
        assert (found.parts.tolist(), found.rest) == ([0] * count, 5)
