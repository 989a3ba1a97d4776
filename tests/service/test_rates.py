"""Budgets: a flood of one thing leaves room for another, and nobody's flood for anybody else."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from deleverage.rulebook import messages as m
from deleverage.service import rates
from deleverage.service.buckets import Buckets, Budget
from deleverage.service.principals import Principal, Role
from deleverage.service.problems import Code, Problem
from deleverage.service.questions import MarketsQuestion, Question
from deleverage.service.rates import RESERVED, Rates
from tests.service.doors import Clock, keys_of_roles, open_for_service, served, signer

RISK = Principal("risk", "risk", frozenset({Role.RISK_OPERATOR, Role.ORACLE, Role.TRADER}))
CLEARING = Principal("clearing", "clearing", frozenset({Role.CLEARING}))
STEP, HALT = m.RunStep(time_ns=0), m.Halt(time_ns=0, scope="", reason="r")
MARKS = m.SetMarks(time_ns=0, marks=())
PLACES = 10_000


def refusal(act: Any) -> Problem:
    """Return why something was refused."""
    with pytest.raises(Problem) as refused:
        act()
    return refused.value


def flood(budgets: Rates, one: m.Command | Question) -> None:
    """Ask a hundred thousand times."""
    for _ in range(10**5):
        budgets.ask(RISK, one, 0) if isinstance(one, Question) else budgets.submit(RISK, [one], 0)


def test_bucket_when_empty_then_it_says_when_to_come_back_and_is_right() -> None:
    """Three at once, two a second."""
    clock = Clock()
    bucket = Buckets(Budget(burst=3, per_s=2), clock_ns=clock)
    assert [bucket.take("a", 1) for _ in range(3)] == [0, 0, 0]
    waits_ns = bucket.take("a", 1)
    assert waits_ns == 500_000_000
    clock.now_ns += waits_ns - 1
    assert bucket.take("a", 1) == 1
    clock.now_ns += 1
    assert bucket.take("a", 1) == 0
    assert [bucket.take("b", 3), bucket.take("c", 1)] == [0, 0]


def test_bucket_when_asked_for_more_than_it_holds_then_a_full_one_gives_it() -> None:
    """Nothing is refused for good; the debt is waited off."""
    clock = Clock()
    bucket = Buckets(Budget(burst=3, per_s=1), clock_ns=clock)
    assert bucket.take("a", 10) == 0
    assert bucket.take("a", 1) > 0


def test_buckets_when_many_names_ask_then_memory_is_bounded() -> None:
    """Who asked longest ago is forgotten."""
    bucket = Buckets(Budget(burst=1, per_s=1), most=100, clock_ns=Clock())
    assert [bucket.take(name, 1) for name in range(10_000)] == [0] * 10_000
    assert len(bucket._full_at_ns) == 100
    assert [bucket.take(name, 1) > 0 for name in (9_999, 9_900)] == [True, True]


def test_flood_when_a_key_sends_it_then_halts_marks_and_other_keys_go_on() -> None:
    """Each has a budget of its own."""
    budgets = Rates(PLACES)
    refused = refusal(lambda: flood(budgets, STEP))
    assert (refused.code, refused.retry_s) == (Code.TOO_MANY, 1)
    assert refusal(lambda: flood(budgets, MarketsQuestion())).code == Code.TOO_MANY
    budgets.submit(RISK, [HALT], 0)
    budgets.submit(RISK, [MARKS], 0)
    budgets.submit(CLEARING, [STEP] * 1_000, 0)
    assert refusal(lambda: budgets.submit(RISK, [HALT, STEP], 0)).code == Code.TOO_MANY
    assert refusal(lambda: flood(budgets, HALT)).code == Code.TOO_MANY
    budgets.submit(RISK, [MARKS], 0)


def test_line_when_nearly_full_then_places_are_kept_for_halts_and_marks() -> None:
    """Whatever else asks is told that the line is full."""
    budgets, waiting = Rates(PLACES), PLACES - RESERVED
    for act in (
        lambda: budgets.submit(CLEARING, [STEP], waiting),
        lambda: budgets.ask(RISK, MarketsQuestion(), waiting),
    ):
        assert refusal(act).code == Code.BUSY
    budgets.submit(RISK, [HALT, MARKS], waiting)
    budgets.submit(CLEARING, [STEP], waiting - 1)
    assert refusal(lambda: budgets.submit(RISK, [HALT, STEP], waiting)).code == Code.BUSY


def test_factor_when_raised_then_all_becomes_dearer_but_halts_and_marks() -> None:
    """What throttling sets under stress."""
    counted = {}
    for percent in (100, 250):
        budgets = Rates(PLACES)
        budgets.factor_percent = percent
        asked: dict[str, list[m.Command]] = {"steps": [STEP], "halts": [HALT], "marks": [MARKS] * 100}
        for name, commands in asked.items():
            counted[name, percent] = _until_refused(budgets, commands)
    assert counted["steps", 250] * 2 < counted["steps", 100]
    assert abs(counted["halts", 250] - counted["halts", 100]) <= 1
    assert abs(counted["marks", 250] - counted["marks", 100]) <= 20


def _until_refused(budgets: Rates, commands: Sequence[m.Command]) -> int:
    for count in range(10**5):
        try:
            budgets.submit(RISK, commands, 0)
        except Problem:
            return count
    raise AssertionError("nothing was refused")


def test_service_when_flooded_by_a_key_then_it_answers_429_and_still_takes_its_halt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over HTTP, with the seconds to wait."""
    monkeypatch.setattr(rates, "QUESTIONS", Budget(burst=5, per_s=1))
    clock = Clock()
    with served(tmp_path, open_for_service(keys_of_roles(), clock)) as (client, _):
        admin = signer("admin", clock)
        answers = [client.get("/v1/markets", headers=dict(admin.headers("GET", "/v1/markets"))) for _ in range(20)]
        assert answers[0].status_code == 200
        assert answers[-1].status_code == 429
        assert answers[-1].json()["code"] == "TOO_MANY"
        assert int(answers[-1].headers["retry-after"]) >= 1
        body = b'{"commands":[{"key":"h","command":{"kind":"Halt","scope":"","reason":"flood"}}]}'
        answer = client.post("/v1/commands", content=body, headers=dict(admin.headers("POST", "/v1/commands", body)))
        assert answer.json()["results"][0]["outcome"] == "done"
