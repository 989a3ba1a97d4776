"""Our own bugs and other people's policies at the command line: exit codes 1 and 2, evidence, never a traceback."""

import json
import sys
from dataclasses import dataclass

import pytest

from deleverage import cli
from deleverage.cli import call
from deleverage.engine import engine as door
from deleverage.rulebook.book import Book
from deleverage.rulebook.messages import Deleveraged, Fact
from deleverage.rulebook.selection import POLICIES, Allotment, ProRata, Request

Captured = pytest.CaptureFixture[str]


@dataclass(frozen=True, slots=True)
class Greedy(ProRata):
    """A policy that allots everybody twice what is needed."""

    def allocate(self, request: Request) -> list[Allotment]:
        """Return an unlawful allocation."""
        return [item._replace(lots=2 * item.lots) for item in ProRata.allocate(self, request)]


@pytest.mark.parametrize("as_json", [False, True])
def test_run_when_the_policy_is_unlawful_then_exits_with_2_and_nothing_was_changed(
    as_json: bool, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """A policy is other people's code: its fault is bad input, said in one sentence."""
    monkeypatch.setitem(POLICIES, "greedy", Greedy())
    assert call(["run", "two-traders", "--policy", "greedy", *(["--json"] if as_json else [])]) == 2
    captured = capsys.readouterr()
    assert "policy pro-rata: the policy allots 20 lots to bob, who has 10; nothing was changed" in captured.err
    assert not as_json or json.loads(captured.out)["kind"] == "refusal"


def test_run_when_writing_a_fact_fails_then_exits_with_1_and_prints_the_evidence(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """A planted assertion in the writer: command, fact, rules and seed are named, on stderr and in the document."""
    real = vars(door)["apply"]

    def apply(book: Book, fact: Fact) -> None:
        assert not isinstance(fact, Deleveraged), "planted"
        real(book, fact)

    monkeypatch.setattr(door, "apply", apply)
    assert call(["run", "crash", "--accounts", "60", "--seed", "7", "--json"]) == 1
    captured = capsys.readouterr()
    assert "DEFECT: writing Deleveraged for RunStep failed: AssertionError: planted" in captured.err
    assert "(scenario crash, 60 accounts, seed 7)" in captured.err
    found = json.loads(captured.out)
    assert found["kind"] == "broken"
    assert found["command"].startswith("RunStep(time_ns=")
    assert found["fact"].startswith("Deleveraged(seq=")
    assert int(found["facts_before"]) > 100
    assert len(found["rules_hash"]) == 64


@pytest.mark.parametrize("as_json", [False, True])
def test_call_when_something_fails_that_nobody_foresaw_then_exits_with_1_and_names_the_place(
    as_json: bool, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """No traceback at the command line: one line that says it is our bug and where it happened."""

    def broken(*_: object, **__: object) -> int:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("deleverage.commands.catalogue.scenarios", broken)
    assert call(["scenarios", *(["--json"] if as_json else [])]) == 1
    captured = capsys.readouterr()
    assert (
        "this is a bug of deleverage, not of your input: ZeroDivisionError: planted (at test_defects.py" in captured.err
    )
    assert "Traceback" not in captured.err
    assert not as_json or json.loads(captured.out)["invariant"] == "DEFECT"


def test_main_when_interrupted_then_exits_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command stopped by hand is no defect."""

    def stopped(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "call", stopped)
    monkeypatch.setattr(sys, "argv", ["deleverage"])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 130


def test_say_when_a_name_holds_control_characters_then_they_are_written_out(capsys: Captured) -> None:
    """A name from a hostile file cannot colour or move the terminal."""
    assert call(["run", "\x1b[31mred\x07.toml"]) == 2
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert "\\x1b[31mred\\x07.toml cannot be read" in err
