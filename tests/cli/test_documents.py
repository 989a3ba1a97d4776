"""Every JSON document that a command prints is described by a schema that ships, whatever the exit code."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from deleverage.cli import call
from deleverage.domain import domain as door

Captured = pytest.CaptureFixture[str]
BOOK = "account,market,size,entry,mark,equity\na,X,1.5,10,12.5,105\nb,X,-1.5,10,12.5,-3\nc,X,2,10,12.5,0\n"


def schema_of(kind: str) -> dict[str, Any]:
    """Return the published schema of a kind of document."""
    loaded: dict[str, Any] = json.loads(
        resources.files("deleverage").joinpath(f"schemas/{kind}.json").read_text("utf-8")
    )
    return loaded


def check(out: str, kind: str) -> dict[str, Any]:
    """Return a printed document after comparing it with its schema."""
    document: dict[str, Any] = json.loads(out)
    assert document["kind"] == kind
    assert document["program"].startswith("deleverage ")
    assert [error.message for error in Draft202012Validator(schema_of(kind)).iter_errors(document)] == []
    return document


@pytest.mark.parametrize(
    ("arguments", "code", "kind"),
    [
        (["run", "two-traders"], 0, "run"),
        (["run", "crash-residual", "--accounts", "200"], 3, "run"),
        (["run", "cascade", "--policy", "pro-rata"], 0, "run"),
        (["scenarios"], 0, "scenarios"),
        (["scenarios", "crash"], 0, "scenarios"),
        (["policies"], 0, "policies"),
        (["policies", "pro-rata"], 0, "policies"),
        (["run", "nope"], 2, "refusal"),
        (["queue", "nope.csv"], 2, "refusal"),
        (["run", "two-traders", "--html", "/dev/null/x"], 2, "refusal"),
        (["run", "--event", "nope"], 2, "refusal"),
        (["bogus"], 2, "refusal"),
    ],
)
def test_document_when_printed_then_its_schema_accepts_it(
    arguments: list[str], code: int, kind: str, capsys: Captured
) -> None:
    """One document on stdout, of the right kind, also where the command refuses."""
    assert call([*arguments, "--json"]) == code
    check(capsys.readouterr().out, kind)


def test_document_of_a_queue_when_printed_then_its_schema_accepts_it(tmp_path: Path, capsys: Captured) -> None:
    """Numbers leave as exact decimals, also where people are shown <0.01 %."""
    book = tmp_path / "book.csv"
    book.write_text(BOOK, encoding="utf-8")
    assert call(["queue", str(book), "--json"]) == 0
    found = check(capsys.readouterr().out, "queue")
    assert [row["percentile_ppb"] for row in found["queues"][0]["positions"]] == ["428571429", "1000000000"]


def test_document_of_a_defect_when_printed_then_its_schema_accepts_it(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """Both kinds of our own bugs: one the domain stopped at, one that nobody foresaw."""

    def broken(*_: object) -> Any:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(door, "decide", broken)
    assert call(["run", "crash", "--accounts", "20", "--json"]) == 1
    assert check(capsys.readouterr().out, "broken")["command"].startswith("ListMarket(")
    monkeypatch.setattr("deleverage.commands.run.load", broken)
    assert call(["run", "two-traders", "--json"]) == 1
    assert check(capsys.readouterr().out, "broken")["invariant"] == "DEFECT"


@pytest.mark.parametrize("kind", ["run", "event", "queue", "scenarios", "policies", "refusal", "broken"])
def test_schema_when_read_then_it_is_valid_and_describes_every_key(kind: str) -> None:
    """Draft 2020-12, and a description for people at each key."""
    schema = schema_of(kind)
    Draft202012Validator.check_schema(schema)
    bare: list[str] = []

    def visit(part: object, path: str) -> None:
        if isinstance(part, dict):
            properties = part.get("properties", {})
            bare.extend(f"{path}.{key}" for key, child in properties.items() if "description" not in child)
            for key, child in part.items():
                visit(child, f"{path}.{key}")

    visit(schema, kind)
    assert bare == []
