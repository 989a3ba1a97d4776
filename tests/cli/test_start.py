"""The command line starts at once, helps, and lists what there is."""

import json
import subprocess
import sys

import pytest

from deleverage.cli import call
from deleverage.rulebook.selection import POLICIES
from deleverage.scenarios.loader import bundled_names, text_of

Captured = pytest.CaptureFixture[str]

HEAVY = ("deleverage.rulebook", "deleverage.domain", "deleverage.scenarios", "deleverage.lab", "jsonschema", "jinja2",
         "msgspec", "rich.progress", "numpy", "numba", "polars")  # fmt: skip


def test_help_when_asked_for_then_nothing_heavy_is_imported() -> None:
    """Help answers in a blink, because no command's module is loaded for it."""
    script = (
        "import sys; from deleverage.cli import call; code = call(['--help']); "
        f"print([name for name in {HEAVY!r} if name in sys.modules], code, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[] 0"
    for command in ("run", "queue", "scenarios", "policies"):
        assert command in done.stdout


@pytest.mark.parametrize("arguments", [["run", "--help"], ["queue", "--help"], ["scenarios", "--help"], ["--version"]])
def test_help_of_a_command_when_asked_for_then_exits_with_0(arguments: list[str], capsys: Captured) -> None:
    """Each command explains itself."""
    assert call(arguments) == 0
    assert capsys.readouterr().out


def test_main_when_the_reader_closes_the_pipe_then_there_is_no_traceback() -> None:
    """``deleverage run crash | head`` is ordinary use."""
    script = f"{sys.executable} -m deleverage scenarios crash | head -n 1"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert "Traceback" not in done.stderr


def test_policies_when_listed_then_each_tells_rule_formula_users_and_assumption(capsys: Captured) -> None:
    """The four parts of a policy's docstring are what people read."""
    assert call(["policies", "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)["policies"]
    assert [entry["name"] for entry in entries] == sorted(POLICIES)
    for entry in entries:
        assert all(entry[key] for key in ("rule", "formula", "who_uses_it", "assumes")), entry["name"]


def test_policies_when_one_is_named_then_only_that_one_is_printed(capsys: Captured) -> None:
    """A name narrows the list."""
    assert call(["policies", "pro-rata"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("pro-rata")
    assert "Assumes: " in out


def test_scenarios_when_listed_then_each_has_a_lesson(capsys: Captured) -> None:
    """The catalogue says what each story teaches."""
    assert call(["scenarios", "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)["scenarios"]
    assert [entry["name"] for entry in entries] == bundled_names()
    assert all(entry["lesson"] for entry in entries)


def test_scenarios_when_one_is_named_then_its_text_is_printed(capsys: Captured) -> None:
    """The text can be redirected into a file, edited and played."""
    assert call(["scenarios", "six-longs"]) == 0
    assert capsys.readouterr().out == text_of("six-longs")


@pytest.mark.parametrize("command", ["scenarios", "policies"])
def test_catalogues_when_a_name_is_unknown_then_the_nearest_is_named(command: str, capsys: Captured) -> None:
    """A typo is answered, with exit code 2."""
    assert call([command, "six-lnogs", "--json"]) == 2
    captured = capsys.readouterr()
    assert "nearest is " in captured.err
    assert json.loads(captured.out)["kind"] == "refusal"


@pytest.mark.parametrize(
    ("opened", "heavy"),
    [
        ("", ("numba", "llvmlite", "pandas", "numpy", "deleverage.engine", "deleverage.rulebook.waterfall")),
        ("Domain.open(Rules(), 'rulebook')", ("numba", "llvmlite", "pandas", "numpy", "deleverage.engine")),
        ("Domain.open(Rules())", ("numba", "llvmlite", "pandas")),
    ],
)
def test_domain_when_imported_or_opened_then_only_what_it_needs_is_loaded(opened: str, heavy: tuple[str, ...]) -> None:
    """The import loads no engine; a domain the one it is told, and the compiler when there is something to run."""
    script = (
        "import sys; from deleverage.domain import Domain; from deleverage.rulebook.rules import Rules; "
        f"{opened or None}; print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
