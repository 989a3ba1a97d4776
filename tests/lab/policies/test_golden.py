"""The golden book G1, completely: every policy's exact fractions, its level, and what a split account changes."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from deleverage.lab.policies.winners import Winners
from tests.lab.policies.books import parts, split, winners

UNIT = 2**4 * 3 * 5 * 7**2 * 11 * 13 * 19 * 23 * 211
"""So many units make a dollar, or a contract, that every fraction of the book is whole."""


@pytest.fixture(scope="module")
def golden(shared_dir: Path) -> dict[str, Any]:
    """Return the file of expected fractions."""
    loaded: dict[str, Any] = json.loads((shared_dir / "lab" / "golden_book.json").read_text("utf-8"))
    return loaded


def book_of(golden: dict[str, Any], **more: Any) -> Winners:
    """Return the golden book in money."""
    book = golden["book"]
    return winners(
        book["pnl"],
        unit=UNIT,
        equity=book["equity"],
        leverage=book["leverage"],
        ids=book["ids"],
        **more,
    )


def exact(texts: list[str]) -> list[Fraction]:
    """Return fractions as they are written."""
    return [Fraction(text) for text in texts]


@pytest.mark.parametrize(
    ("policy", "key", "level", "parameters"),
    [
        ("wealth-pro-rata", "wealth_pro_rata", "h", {}),
        ("equity-pro-rata-uncapped", "equity_pro_rata_uncapped_by_pnl", "h", {}),
        ("equity-pro-rata", "equity_weight_pnl_cap (=min-max LP)", "M", {}),
        ("min-max", "equity_weight_pnl_cap (=min-max LP)", "M", {}),
        ("queue-by-gain", "queue_by_pnl", None, {}),
        ("risk-aware-pro-rata", "rap_linear_g (x=min(w,t*w*lev^2))", "tau", {}),
        ("levered-pro-rata", "levered_pro_rata (x=min(w,t*w*lev))", "tau", {}),
        ("projection", "projection_of_zero_vmd (x=min(w,t*w^2))", "t", {}),
        ("top-levelling", "top_levelling", "level", {}),
    ],
)
def test_golden_book_when_a_policy_splits_250_dollars_then_every_fraction_is_exact(
    golden: dict[str, Any], policy: str, key: str, level: str | None, parameters: dict[str, str]
) -> None:
    """Amounts and the parameter, as exact fractions; nobody is rounded."""
    found = split(policy, book_of(golden), int(golden["book"]["B_usd"]) * UNIT, **parameters)
    expected = golden[key]
    assert parts(found, UNIT) == exact(expected["x"])
    assert found.rest == 0 == Fraction(expected.get("left", "0"))
    assert found.remainder_units == 0
    if level is not None:
        assert found.parameter is not None
        assert found.parameter * Fraction(1, UNIT) ** found.power == Fraction(expected[level])


def test_golden_book_when_one_account_has_a_ceiling_then_the_others_pay_its_share(golden: dict[str, Any]) -> None:
    """A may lose a fifth of its gain at most."""
    caps = [Fraction(600, 5), 300, 100, 0]
    found = split("capped-pro-rata", book_of(golden, cap=caps), 250 * UNIT)
    expected = golden["capped_pro_rata_A_beta_0.2"]
    assert parts(found, UNIT) == exact(expected["x"])
    assert found.parameter == Fraction(expected["eta"])


def test_golden_book_when_queued_by_profit_rate_and_leverage_then_the_first_pays_all(golden: dict[str, Any]) -> None:
    """The scores are the book's, a loser's divided by its leverage; in contracts the queue goes on."""
    expected = golden["queue_by_pnlpct_x_lev"]
    found = split("queue", book_of(golden, score=expected["score"]), 250 * UNIT)
    assert parts(found, UNIT) == exact(expected["x"])
    assert found.rest == Fraction(expected["left"])
    lots = winners(golden["book"]["q"], score=expected["score"], ids=golden["book"]["ids"])
    closed = split("queue", lots, golden["book"]["Q_contracts"]).parts.tolist()
    assert closed == golden["queue_contracts_by_pnlpct_x_lev"]["k"]


def test_golden_book_when_the_scores_are_recomputed_then_they_are_the_books(golden: dict[str, Any]) -> None:
    """Profit over notional at entry times leverage; of a loser the rate is divided by it."""
    from deleverage.lab.policies.positions import profit_rate_score

    book = golden["book"]
    assert [pnl + cash for pnl, cash in zip(exact(book["pnl"]), exact(book["cash"]), strict=True)] == exact(
        book["equity"]
    )
    rows = zip(book["q"], book["pnl"], book["leverage"], strict=True)
    entry = [Fraction(q) * Fraction(book["mark"]) + Fraction(pnl) for q, pnl, _ in rows]  # A short sold higher.
    found = [
        profit_rate_score(Fraction(pnl), notional, Fraction(leverage))
        for pnl, notional, leverage in zip(book["pnl"], entry, book["leverage"], strict=True)
    ]
    assert found == exact(golden["queue_by_pnlpct_x_lev"]["score"])


def test_golden_book_when_contracts_are_closed_pro_rata_then_the_tie_falls_by_id(golden: dict[str, Any]) -> None:
    """Halves of B and C: one lot is left, B comes first."""
    expected = golden["contract_pro_rata_integer (largest remainder, id asc)"]
    book = golden["book"]
    lots = winners(book["q"], ids=book["ids"])
    found = split("contracts-pro-rata", lots, book["Q_contracts"])
    assert found.parts.tolist() == expected["k"]
    assert found.parameter is not None
    assert [found.parameter * int(q) for q in book["q"]] == exact(expected["ideal"])


def test_golden_book_when_leverage_is_drained_then_all_above_the_level_are_left_with_it(golden: dict[str, Any]) -> None:
    """Contracts, at a mark of 100."""
    book, expected = golden["book"], golden["leverage_drain"]
    lots = winners(book["q"], unit=UNIT, equity=book["equity"], ids=book["ids"])
    found = split("leverage-drain", lots, book["Q_contracts"] * UNIT, price=book["mark"])
    assert parts(found, UNIT) == exact(expected["delta"])
    assert found.parameter == Fraction(expected["level_leverage"])
    assert sum(parts(found, UNIT)) == Fraction(expected["sum"])


def test_golden_book_when_the_largest_winner_splits_then_the_queue_spares_it_and_pro_rata_does_not(
    golden: dict[str, Any],
) -> None:
    """A in six accounts of 100."""
    expected = golden["sybil_split_A_into_six_100s"]
    book = winners([*[100] * 6, 300, 100, 0], ids=[*(f"A{at}" for at in range(6)), "B", "C", "D"])
    queue, shares = split("queue-by-gain", book, 250).parts.tolist(), split("wealth-pro-rata", book, 250).parts.tolist()
    assert [str(sum(queue[:6])), str(queue[6])] == [expected["queue_total_A"], expected["queue_B"]]
    assert str(sum(shares[:6])) == expected["pro_rata_total_A"]
