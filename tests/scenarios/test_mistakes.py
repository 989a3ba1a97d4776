"""One mistake at any key of any bundled story is answered in words: where it is, nothing of how the law is built."""

import re
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path as File
from random import Random

import pytest

from deleverage.cli import call
from deleverage.scenarios import plugs
from deleverage.scenarios.faults import Fault, ScenarioError, path_text
from deleverage.scenarios.loader import bundled_names, loads, text_of
from tests.scenarios.mistakes import Mistake, kinds_of, mistake_at, wrong_about

SAMPLE, PLAYED = 300, 30


def small(name: str) -> str:
    """Return a bundled story; one that draws thousands of accounts draws sixty."""
    return re.sub(r"(?m)^(accounts +)= \d+", r"\1= 60", text_of(name))


def faults_of(text: str) -> list[Fault]:
    """Return the faults of a text; none if it is a scenario."""
    try:
        loads(text)
    except ScenarioError as refusal:
        return list(refusal.faults)
    return []


def drawn(seed: int, count: int, names: list[str]) -> Iterator[tuple[str, Mistake]]:
    """Yield so many mistakes, drawn from all keys of the stories."""
    every = [(name, *place) for name in names for place in kinds_of(small(name))]
    for name, path, kind in Random(seed).sample(every, count):
        yield name, mistake_at(small(name), path, kind)


def found(seed: int, count: int) -> list[str]:
    """Return every answer that is wrong."""
    lines = []
    for name, mistake in drawn(seed, count, bundled_names()):
        if wrong := wrong_about(mistake, faults_of(mistake.text)):
            lines.append(f"{name} {path_text(mistake.path)} {mistake.kind}: {wrong}")
    return lines


@pytest.mark.parametrize("seed", [1])
def test_story_when_a_key_has_a_mistake_then_the_fault_names_a_place_and_no_internals(seed: int) -> None:
    """Misspelled, removed, of another type, negative, zero, too large, too fine: every message is for the writer."""
    assert found(seed, SAMPLE) == []


@pytest.mark.parametrize("seed", [2])
def test_story_when_it_has_a_mistake_then_the_command_line_leaves_with_0_2_or_3(seed: int, tmp_path: File) -> None:
    """Refused in words, or played: never a traceback, never an invariant."""
    story = tmp_path / "story.toml"
    small_ones = [name for name in bundled_names() if not name.startswith("crash")]
    for name, mistake in drawn(seed, PLAYED, small_ones):
        story.write_text(mistake.text, "utf-8")
        out, err = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = call(["run", str(story), "--json"])
        where = f"{name} {path_text(mistake.path)} {mistake.kind}: {err.getvalue()[-300:]}"
        assert code in ((2,) if faults_of(mistake.text) else (0, 2, 3)), where
        assert "Traceback" not in err.getvalue(), where


def test_hunt_when_names_of_the_law_leak_then_it_finds_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that calls parameters as the law does is noticed."""
    mistake = mistake_at(small("dutch-auction"), ("rules", "auction", "every_seconds"), "misspelled")
    assert wrong_about(mistake, faults_of(mistake.text)) == ""
    monkeypatch.setattr(plugs, "key_of", lambda name: name)
    assert wrong_about(mistake, faults_of(mistake.text)).startswith("speaks of internals: rules.auction.")
    assert wrong_about(mistake, []) == "a misspelled key is not named"
    elsewhere = mistake._replace(kind="zero", path=("title",))
    assert wrong_about(elsewhere, [Fault("path[0].marks", "x")]).startswith("names no related path")
