"""The service throttles itself: by load and stress, up at once, down slowly, and never what must get through."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from deleverage.rulebook import messages as m
from deleverage.scenarios.faults import ScenarioError
from deleverage.service import questions as q
from deleverage.service.levels import DEFAULT, HOLD_S, LISTS, SHED, WHAT_IF, Ladder, Level, Measures
from deleverage.service.levels_file import BadLevels, read_levels, read_table
from deleverage.service.principals import Principal, Role
from deleverage.service.problems import Code, Problem
from deleverage.service.rates import Rates
from tests.service.pages import as_toml
from tests.service.whole import Whole, whole

EVERY = Principal("k", "k", frozenset(Role))
TABLE = """
[[level]]
name = "calm"
line_percent = 0
lag_ms = 0
stress_ppb = 0
factor_percent = 100

[[level]]
name = "busy"
line_percent = 10
lag_ms = 50
stress_ppb = 50_000_000
factor_percent = 300
sheds = ["what-if"]
"""


def names(ladder: Ladder) -> tuple[str, str]:
    """Return the level in force, and that of load alone."""
    return ladder.level.name, ladder.levels[ladder.standing.by_load].name


@pytest.mark.parametrize(
    ("measures", "expected"),
    [
        (Measures(0, 0, 0), ("calm", "calm")),
        (Measures(9, 49, 49_999_999), ("calm", "calm")),
        (Measures(10, 0, 0), ("busy", "busy")),
        (Measures(0, 50, 0), ("busy", "busy")),
        (Measures(0, 0, 50_000_000), ("busy", "calm")),
        (Measures(30, 0, 50_000_000), ("strained", "strained")),
        (Measures(10, 0, 300_000_000), ("full", "busy")),
        (Measures(100, 9_999, 0), ("full", "full")),
    ],
)
def test_level_when_measured_then_the_fullest_counts(measures: Measures, expected: tuple[str, str]) -> None:
    """At the thresholds, and one below them; stress is no load."""
    ladder = Ladder()
    ladder.look(measures, 1.0)
    assert names(ladder) == expected


def test_level_when_stress_goes_up_and_down_then_it_follows_at_once_and_comes_back_slowly() -> None:
    """Every tenth of a second; down one level at a time, each after a while well below."""
    ladder = Ladder()
    seen: list[tuple[float, str]] = []
    course = [0] * 10 + [400_000_000] * 10 + [290_000_000] * 200 + [0] * 500
    for at, stress in enumerate(course):
        ladder.look(Measures(0, 0, stress), at / 10)
        if not seen or seen[-1][1] != ladder.level.name:
            seen.append((at / 10, ladder.level.name))
    assert [name for _, name in seen] == ["calm", "full", "strained", "busy", "calm"]
    assert seen[1][0] == 1.0
    downs = [time for time, _ in seen[2:]]
    assert downs[0] >= 22.0 + HOLD_S - 0.11  # 290 is below 300 and not well below it
    assert all(later - earlier >= HOLD_S - 0.01 for earlier, later in pairwise(downs))


def test_level_when_load_swings_around_a_threshold_then_it_does_not_flap() -> None:
    """A line between 9 and 11 percent for a minute: one change."""
    ladder, changes, before = Ladder(), 0, "calm"
    for at in range(600):
        ladder.look(Measures(9 + 2 * (at % 2)), at / 10)
        changes += ladder.level.name != before
        before = ladder.level.name
    assert changes == 1


def refusal(act: Any) -> Problem:
    """Return why something was refused."""
    with pytest.raises(Problem) as refused:
        act()
    return refused.value


def test_shed_when_load_is_full_then_what_must_get_through_does() -> None:
    """What-ifs and lists are left; an account, marks, halts and commands are answered."""
    rates, ladder = Rates(10_000), Ladder()
    ladder.look(Measures(line_percent=99), 0.0)
    rates.factor_percent, rates.shed, rates.level = ladder.factor_percent, ladder.shed, ladder.level.name
    for question in (q.PlanQuestion(), q.AccountsQuestion(after="", limit=1), q.FactsQuestion(from_seq=1, limit=1)):
        problem = refusal(lambda question=question: rates.ask(EVERY, question, 0))
        assert (problem.code, problem.compared["level"]) == (Code.BUSY, "full")
        assert problem.retry_s
    rates.ask(EVERY, q.AccountQuestion(account="a"), 0)
    rates.submit(EVERY, [m.Halt(time_ns=0, scope="", reason="r"), m.SetMarks(time_ns=0, marks=())], 9_999)
    rates.submit(EVERY, [m.Deposit(time_ns=0, unit_id="a", amount_quanta=1)] * 10, 0)
    assert not {question for kinds in SHED.values() for question in kinds} & {q.AccountQuestion, q.CommandQuestion}


def test_shed_when_only_stress_is_high_then_people_may_still_look() -> None:
    """In a crash what-ifs are dear, and answered."""
    ladder = Ladder()
    ladder.look(Measures(0, 0, 900_000_000), 0.0)
    assert (ladder.factor_percent, ladder.shed) == (1_000, frozenset())


def looked(made: Whole, lag_s: float, at_s: float, stress_ppb: int = 0) -> None:
    """Let the watch look once."""

    async def look() -> None:
        made.watch._clock_s = lambda: at_s
        made.watch._stress_ppb = stress_ppb
        made.watch.look(lag_s)

    made.call(look)


def test_service_when_load_and_stress_go_up_and_down_then_its_answers_follow(tmp_path: Path) -> None:
    """Over HTTP: 503 with the level, dearer questions, and all as before in the end; ready says the level."""
    with whole(tmp_path, rates=Rates(10_000)) as made:

        def seen() -> tuple[int, int, str]:
            status = made.client.get("/v1/accounts?limit=1").status_code
            ready = made.client.get("/v1/ready").json()["level"]
            return status, made.counter.rates.factor_percent, ready

        looked(made, 0.0, 0.0)
        assert seen() == (200, 100, "calm")
        looked(made, 0.0, 1.0, stress_ppb=500_000_000)
        assert seen() == (200, 1_000, "full")
        looked(made, 2.0, 2.0, stress_ppb=500_000_000)
        assert seen() == (503, 1_000, "full")
        answer = made.client.get("/v1/accounts?limit=1")
        assert (answer.json()["code"], answer.headers["retry-after"]) == ("BUSY", "5")
        assert made.client.get("/v1/accounts/a0").status_code == 200
        for at in range(8):
            looked(made, 0.0, 3.0 + HOLD_S * at)
        assert seen() == (200, 100, "calm")


def test_file_when_it_is_good_then_its_levels_are_taken(tmp_path: Path) -> None:
    """TOML, as it stands in the page."""
    path = tmp_path / "levels.toml"
    path.write_text(TABLE, "utf-8")
    assert read_table(str(path)) == (Level("calm", 0, 0, 0, 100), Level("busy", 10, 50, 50_000_000, 300, (WHAT_IF,)))


def test_file_when_it_is_bad_then_every_fault_is_told(tmp_path: Path) -> None:
    """Unknown keys, wrong types, an order that is none."""
    path = tmp_path / "levels.toml"
    path.write_text(TABLE.replace("lag_ms = 50", "lag = 50").replace("what-if", "marks"), "utf-8")
    with pytest.raises(ScenarioError) as refused:
        read_table(str(path))
    assert len(refused.value.faults) == 3
    for change in (("factor_percent = 100", "factor_percent = 99"), ("lag_ms = 50", "lag_ms = 0"), ("busy", "calm")):
        with pytest.raises(BadLevels):
            read_levels(TABLE.replace(*change))
    for text in ("", "level = 1", "[[level]", "x = 1"):
        with pytest.raises(BadLevels):
            read_levels(text)
    with pytest.raises(ScenarioError):
        read_table(str(tmp_path / "nowhere"))


def test_default_when_written_as_a_file_then_it_is_lawful() -> None:
    """The published table passes its own checks, and sheds what-ifs before lists."""
    assert read_levels(as_toml(DEFAULT)) == DEFAULT
    assert [one.sheds for one in DEFAULT] == [(), (), (WHAT_IF,), (WHAT_IF, LISTS)]
