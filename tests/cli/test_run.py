"""``deleverage run``: what it prints, which exit code it leaves with, and that bad input never ends in a traceback."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from deleverage.cli import call
from deleverage.rulebook.invariants import InvariantBroken
from deleverage.scenarios.loader import bundled_names, text_of

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize("name", bundled_names())
def test_run_when_a_story_is_played_then_the_last_line_is_conservation(name: str, capsys: Captured) -> None:
    """Also with a residual the sum is exact, and the last line says so; only the exit code differs."""
    code = call(["run", name])
    assert capsys.readouterr().out.splitlines()[-1] == "conservation: exact"
    assert code == (3 if name == "crash-residual" else 0)


def test_run_when_played_then_shows_stages_queue_fills_and_fund(capsys: Captured) -> None:
    """A reader sees who was asked, what was left, the place in the queue, and the result of each fill."""
    call(["run", "fund-empties"])
    out = capsys.readouterr().out
    for words in (
        "stage 4 fund       took 20.00 USD, left 10 lots and 20.00 USD",
        "a shortfall: stage 5 is asked",
        "queue of shorts in XYZ",
        "against mark",
        "against entry",
        "fund: 50.00 -> 20.00 -> 0.00 USD",
        "residual: none",
    ):
        assert words in out


def test_run_when_a_residual_is_left_then_it_is_named_with_lots_and_money(capsys: Captured) -> None:
    """A residual is a published number."""
    assert call(["run", "crash-residual", "--accounts", "300"]) == 3
    out = capsys.readouterr().out
    assert "residual: " in out
    assert "the domain is halted" in out


def test_run_when_json_is_asked_for_then_stdout_is_one_document_and_the_same_each_time(capsys: Captured) -> None:
    """Nothing but the document is on stdout; timings are chatter."""
    outs = []
    for _ in range(2):
        assert call(["run", "crash", "--accounts", "300", "--json"]) == 0
        captured = capsys.readouterr()
        assert "play" in captured.err
        outs.append(captured.out)
    assert outs[0] == outs[1]
    found = json.loads(outs[0])
    assert found["schema_version"] == 1
    assert found["scenario"]["accounts"] == "302"


def test_run_when_started_in_two_processes_then_the_bytes_are_the_same() -> None:
    """Hash randomisation of the interpreter changes nothing."""
    outs = [
        subprocess.run(
            [sys.executable, "-m", "deleverage", "run", "both-sides-bankrupt", "--json"],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]
    assert outs[0] == outs[1]


def test_run_when_another_policy_is_named_then_somebody_else_pays(capsys: Captured) -> None:
    """One option changes who is closed."""
    call(["run", "six-longs", "--policy", "pro-rata", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["policy"] == "pro-rata"
    assert {row["unit"] for row in found["rounds"][0]["queue"] if row["closed_lots"] != "0"} >= {"long-1", "long-3"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "six-long"], "nearest is 'six-longs'"),
        (["run", "six-longs", "--policy", "queue-bitmax"], "nearest is 'queue-bitmex'"),
        (["run", "six-longs", "--policy", ""], "policy '' is unknown"),
        (["run"], "which scenario?"),
        (["run", "--bogus"], "Unknown option"),
        (["runn"], 'Did you mean "run"'),
        (["run", "crash", "--accounts", "1_000"], "is not a whole number in plain digits"),
        (["run", "crash", "--accounts", "\u0663"], "is not a whole number in plain digits"),
        (["run", "crash", "--accounts", "-5"], "is not a whole number in plain digits"),
        (["run", "crash", "--accounts", "1"], "allowed are 2 to 200,000"),
        (["run", "crash", "--seed", "1e3"], "is not a whole number in plain digits"),
        (["run", "two-traders", "--accounts", "5"], "--accounts needs a scenario with a population"),
        (["run", "two-traders", "--prices", "x.csv"], "--prices goes with --event only"),
        (["run", "two-traders", "--event", "x"], "or --event, not both"),
        (["run", "--event", "no-such-folder"], "no-such-folder"),
        (["run", "."], "scenario '.' is unknown"),
        (["run", "\0"], "is unknown"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_run_when_the_input_is_bad_then_says_so_and_exits_with_2(
    arguments: list[str], words: str, as_json: bool, capsys: Captured
) -> None:
    """Bad input is answered in words on stderr; with --json also as one document."""
    assert call([*arguments, *(["--json"] if as_json else [])]) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    if as_json:
        assert json.loads(captured.out)["exit_code"] == 2
    else:
        assert captured.out == ""


def test_run_when_a_file_has_many_faults_then_all_are_printed(tmp_path: Path, capsys: Captured) -> None:
    """Whoever wrote the file sees everything at once."""
    text = text_of("two-traders").replace("= 120", "= nan").replace("XYZ = 85", "XZY = 85").replace("name   =", "nam =")
    story = tmp_path / "story.toml"
    story.write_text(text, encoding="utf-8")
    assert call(["run", str(story)]) == 2
    err = capsys.readouterr().err
    for path in ("accounts[0].deposit", "path[0].marks.XZY", "name: is missing", "nam: is no key here"):
        assert path in err


def test_run_when_a_file_is_given_then_it_is_played(tmp_path: Path, capsys: Captured) -> None:
    """A reader edits a copy of a story and plays it."""
    story = tmp_path / "mine.toml"
    story.write_text(text_of("two-traders").replace("XYZ = 85", "XYZ = 90"), encoding="utf-8")
    assert call(["run", str(story)]) == 0
    assert "marks XYZ 90" in capsys.readouterr().out


def test_run_when_an_invariant_breaks_then_exits_with_1(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    """Our own bug has an exit code of its own, and is no traceback either."""

    def broken(*_: object, **__: object) -> None:
        raise InvariantBroken("INV-1", "one quantum is missing")

    monkeypatch.setattr("deleverage.commands.run.play", broken)
    assert call(["run", "two-traders", "--json"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["invariant"] == "INV-1"
    assert "one quantum is missing" in captured.err


def test_run_when_a_page_is_wanted_then_it_is_written_and_stdout_stays_clean(tmp_path: Path, capsys: Captured) -> None:
    """The page is beside the output, never inside it."""
    page = tmp_path / "deep" / "page.html"
    assert call(["run", "six-longs", "--html", str(page), "--json"]) == 0
    assert "six-longs" in page.read_text("utf-8")
    assert json.loads(capsys.readouterr().out)["kind"] == "run"


def test_run_when_the_page_cannot_be_written_then_exits_with_2(tmp_path: Path, capsys: Captured) -> None:
    """A path that is a folder is bad input."""
    assert call(["run", "two-traders", "--html", str(tmp_path)]) == 2
    assert "cannot be written" in capsys.readouterr().err
