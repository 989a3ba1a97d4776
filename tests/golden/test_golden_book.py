"""The golden book: four shorts against a bankrupt long, with exact expected shares and scores."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from deleverage.rulebook.ranking import Candidate, bitmex_score
from deleverage.rulebook.selection import Policy, ProRata, Queue, Request
from tests.model import scores as model_scores
from tests.model.state import Account, Leg, Market, Unit, World

Golden = dict[str, Any]


@pytest.fixture
def golden(shared_dir: Path) -> Golden:
    """Return the golden file."""
    content: Golden = json.loads((shared_dir / "lab" / "golden_book.json").read_text(encoding="utf-8"))
    return content


def candidates_of(golden: Golden) -> list[Candidate]:
    """Return the book's shorts as a policy sees them; one dollar is one quantum, one contract one lot."""
    book = golden["book"]
    rows = zip(book["ids"], book["q"], book["pnl"], book["equity"], strict=True)
    found = []
    for unit_id, lots, pnl, equity in rows:
        value = int(lots) * int(book["mark"])
        base = value + int(pnl)
        found.append(Candidate(unit_id, 2, int(lots), value, int(pnl), base, int(equity), 0, int(pnl), value, 0))
    return found


def closed(policy: Policy, candidates: list[Candidate], need_lots: int) -> dict[str, int]:
    """Return lots per candidate."""
    request = Request(need_lots, tuple(candidates), "GOLD", "long", 1, 1)
    return {allotment.unit_id: allotment.lots for allotment in policy.allocate(request)}


def test_bitmex_score_when_the_golden_book_is_ranked_then_binary64_and_rational_agree(golden: Golden) -> None:
    """The rulebook gives the binary64 value of the exact rational score."""
    expected = [Fraction(score) for score in golden["queue_by_pnlpct_x_lev"]["score"]]
    found = [bitmex_score(candidate) for candidate in candidates_of(golden)]
    assert [float(score) for score in expected] == pytest.approx(found, rel=1e-15)


def test_model_score_when_the_golden_book_is_ranked_then_it_is_the_rational(golden: Golden) -> None:
    """The exact model gives the rational itself."""
    book = golden["book"]
    market = Market("GOLD", 1, [], 10**6, 10**6, 10**6, mark=int(book["mark"]))
    world = World(markets={"GOLD": market})
    scores: list[Fraction] = []
    for unit_id, lots, pnl, equity in zip(book["ids"], book["q"], book["pnl"], book["equity"], strict=True):
        value = int(lots) * int(book["mark"])
        unit = Unit(unit_id, unit_id, quote=int(equity) + value)
        unit.legs["GOLD"] = Leg(-int(lots), -(value + int(pnl)))
        world.accounts[unit_id] = Account(unit_id, unit_id, "trader", 0)
        scores += model_scores.exact(world, market, unit, unit.legs["GOLD"], {"ranking": "bitmex"})
    assert scores == [Fraction(score) for score in golden["queue_by_pnlpct_x_lev"]["score"]]


@pytest.mark.parametrize(
    ("case", "policy"),
    [
        ("queue_contracts_by_pnlpct_x_lev", Queue("bitmex")),
        ("contract_pro_rata_integer (largest remainder, id asc)", ProRata()),
    ],
)
def test_policy_when_contracts_of_the_golden_book_are_closed_then_shares_are_exact(
    golden: Golden, case: str, policy: Policy
) -> None:
    """Fifteen contracts are allocated exactly as printed."""
    candidates = candidates_of(golden)
    found = closed(policy, candidates, golden["book"]["Q_contracts"])
    assert [found.get(unit_id, 0) for unit_id in golden["book"]["ids"]] == golden[case]["k"]


@pytest.mark.parametrize(("case", "ranking"), [("queue_by_pnl", "profit"), ("queue_by_pnlpct_x_lev", "bitmex")])
def test_queue_when_dollars_of_the_golden_book_are_taken_then_shares_are_exact(
    golden: Golden, case: str, ranking: str
) -> None:
    """In haircut space the same queue takes profits instead of contracts: capacity is the profit."""
    winners = [c._replace(lots=max(0, c.pnl_quanta)) for c in candidates_of(golden)]
    found = closed(Queue(ranking), winners, int(golden["book"]["B_usd"]))
    assert [str(found.get(unit_id, 0)) for unit_id in golden["book"]["ids"]] == golden[case]["x"]
    assert sum(found.values()) + int(golden[case]["left"]) == int(golden["book"]["B_usd"])
