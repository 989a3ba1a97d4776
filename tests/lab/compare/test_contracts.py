"""Contract rules beside wealth rules: in lots where holdings are known, left out where they are not."""

from dataclasses import replace

import numpy as np
import pytest

from deleverage.lab.compare.contracts import closings, in_money
from deleverage.lab.events.model import Event, Fills, States, Wave
from deleverage.lab.policies.catalogue import named
from deleverage.lab.policies.policy import Unfit, total
from deleverage.lab.population.stated import stated
from tests.lab.compare.events import told


def event(held: list[float] | None = None, sizes: tuple[float, ...] = (8.0, 4.0, 3.0)) -> Event:
    """Return the golden book's shorts, closed for 15 contracts at 20 USD above the mark, and a long of another coin."""
    users = np.array(["A", "B", "C", "D"], object)
    coins = np.array(["X", "X", "X", "Y"], object)
    fills = Fills(
        time_ms=np.array([0, 0, 0, 0]),
        coin=coins,
        user=users,
        side=np.array([-1, -1, -1, 1], np.int8),
        size=np.array([*sizes, 1.0]),
        price=np.array([120.0, 120.0, 120.0, 9.0]),
        mark=np.array([100.0, 100.0, 100.0, 10.0]),
        closed_profit=np.zeros(4),
        against=np.array([""] * 4, object),
        key=np.array([""] * 4, object),
        held=None if held is None else np.array(held),
    )
    states = States(
        users, np.arange(4), np.zeros(4, int), np.array([700.0, 350.0, 1000.0, 60.0]),
        np.array([600.0, 300.0, 100.0, 20.0]), np.full(4, np.nan), np.zeros(4, bool),
    )  # fmt: skip
    needed = 20.0 * sum(sizes) + 1.0
    return Event("e", (Wave(1, 0, 0, 4, 1, needed, needed, needed),), fills=fills, states=states)


def paid(made: Event, name: str) -> dict[str, int]:
    """Return what a rule costs each winner, in units."""
    crowd = stated(made, made.waves[0])
    shares = in_money(closings(named(name), made.fills, made.waves[0], crowd, crowd.budget), crowd, crowd.budget)
    assert total(shares.parts) + shares.rest == crowd.budget
    return dict(zip(crowd.winners.ids, shares.parts.tolist(), strict=True))


def test_contracts_when_holdings_are_known_then_lots_are_shared_and_priced_by_the_coin() -> None:
    """15 of 34 lots: A 4, B 2, C 9 at 20 USD each, of C's 180 only its cap of 100; D pays 1 for its lot of Y."""
    assert paid(event([10.0, 4.0, 20.0, 6.0]), "contracts-pro-rata") == {"A": 8_000, "B": 4_000, "C": 10_000, "D": 100}
    drained = paid(event([10.0, 4.0, 20.0, 6.0]), "leverage-drain")
    assert drained["B"] < 4_000  # the lowest leverage of the three
    assert (drained["C"], drained["D"]) == (10_000, 100)


def test_contracts_when_sizes_have_decimals_then_a_lot_is_as_fine_as_they_are() -> None:
    """0.8 + 0.4 + 0.3 of 1, 0.4 and 2 coins: the same shares of the same lots."""
    tenths = paid(event([1.0, 0.4, 2.0, 6.0], (0.8, 0.4, 0.3)), "contracts-pro-rata")
    assert tenths == {"A": 800, "B": 400, "C": 1_800, "D": 100}


@pytest.mark.parametrize("held", [None, [10.0, float("nan"), 20.0, 6.0]])
def test_contracts_when_a_holding_is_unknown_then_the_policy_is_left_out(held: list[float] | None) -> None:
    """The reason stands in the document."""
    (row,) = told(event(held), "contracts-pro-rata")["policies"]
    assert "is not known of this event" in row["why"]


def test_contracts_when_a_side_is_unknown_or_lots_are_too_many_then_it_is_unfit() -> None:
    """No side: it is not known who stood opposite. 10^19 lots are beyond the bounds."""
    made = event([10.0, 4.0, 20.0, 6.0])
    assert made.fills is not None
    for fills in (
        replace(made.fills, side=np.zeros(4, np.int8)),
        replace(made.fills, held=np.array([1e19, 4.0, 20.0, 6.0])),
    ):
        with pytest.raises(Unfit, match=r"not known|beyond"):
            closings(named("contracts-pro-rata"), fills, made.waves[0], stated(made, made.waves[0]), 100)
