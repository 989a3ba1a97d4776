"""Every JSON document that a command prints is described by a schema that ships, whatever the exit code."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from deleverage.bench.run import run as measured
from deleverage.cli import app, call
from deleverage.commands.output import head, print_json
from deleverage.engine import engine as door
from tests.adapters.shapes import HYPERLIQUID
from tests.adapters.test_markers import MARKERS

Captured = pytest.CaptureFixture[str]
KINDS = (
    "run",
    "event",
    "queue",
    "scenarios",
    "policies",
    "vectors",
    "vector",
    "check",
    "markers",
    *("venues", "side-by-side", "bench"),
    "lab-regret",
    "lab-report",
    "lab-audit",
    *("allocation", "lab-policies", "lab-compare", "lab-cross"),
    *("verdict", "verdicts", "receipt", "proof", "proof-check", "why", "migrated", "shadow"),
    "refusal",
    "broken",
)
"""Every kind of document that a command prints or writes."""

WAVES = (
    "wave,t_start_ms,t_end_ms,coin,gap_usd_x_qty,qty_contracts,gap_per_contract_usd\n"
    "1,1000,1000,BTC,1000,2.5,400\n1,1000,1000,ETH,100.5,10,10.05\n"
)
PRICES = "coin,average_adl_price_usd\nBTC,100000.5\nETH,3000.25\n"
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
    assert (document["schema_version"], document["kind"]) == (1, kind)
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
        (["venues"], 0, "venues"),
        (["venues", "bybit"], 0, "venues"),
        (["venues", "kraken"], 0, "venues"),
        (["run", "one-bankrupt", "--venue", "bitmex,vega"], 3, "side-by-side"),
        (["policies", "pro-rata"], 0, "policies"),
        (["lab", "policies"], 0, "lab-policies"),
        (["lab", "policies", "rap"], 0, "lab-policies"),
        (["lab", "allocate", "nope.csv", "--policy", "pro-rata", "--budget", "1"], 2, "refusal"),
        (["run", "nope"], 2, "refusal"),
        (["queue", "nope.csv"], 2, "refusal"),
        (["run", "two-traders", "--html", "/dev/null/x"], 2, "refusal"),
        (["run", "--event", "nope"], 2, "refusal"),
        (["bogus"], 2, "refusal"),
        (["vectors", "--check", "nope.json"], 2, "refusal"),
        (["vectors", "--out", "/dev/null/x", "--count", "0"], 2, "refusal"),
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


def test_document_of_markers_when_printed_then_its_schema_accepts_it(tmp_path: Path, capsys: Captured) -> None:
    """Every venue's record, in one file: what is not said is null."""
    records = tmp_path / "records.json"
    records.write_text(json.dumps([content for _, content, _ in MARKERS]), "utf-8")
    assert call(["markers", str(records), "--json"]) == 0
    assert len(check(capsys.readouterr().out, "markers")["markers"]) == len(MARKERS)


def test_document_of_a_queue_of_a_venue_when_printed_then_its_schema_accepts_it(
    tmp_path: Path, capsys: Captured
) -> None:
    """A shape of a venue, a scale, a position without maintenance."""
    answer = tmp_path / "answer.json"
    answer.write_text(json.dumps(HYPERLIQUID), "utf-8")
    assert call(["queue", str(answer), "--account", "me", "--indicator", "gate", "--json"]) == 0
    found = check(capsys.readouterr().out, "queue")
    assert (found["shape"], found["indicator"]) == ("hyperliquid", "gate")


def test_documents_of_vectors_when_printed_then_their_schemas_accept_them(tmp_path: Path, capsys: Captured) -> None:
    """The set, each vector in it, a check that passes and one that finds a divergence."""
    assert call(["vectors", "--out", str(tmp_path), "--count", "1", "--json"]) == 0
    found = check(capsys.readouterr().out, "vectors")
    assert found == json.loads((tmp_path / "index.json").read_text("ascii"))
    for row in found["vectors"]:
        check((tmp_path / row["file"]).read_text("ascii"), "vector")
    story = tmp_path / "two-traders.json"
    assert call(["vectors", "--check", str(story), "--json"]) == 0
    assert check(capsys.readouterr().out, "check")["verdict"] == "pass"
    story.write_text(story.read_text("ascii").replace('"stopped":"quiet"', '"stopped":"pace"'), "ascii")
    assert call(["vectors", "--check", str(story), "--json"]) == 4
    assert check(capsys.readouterr().out, "check")["divergence"] == {
        "path": "entries[9].facts[3].stopped",
        "expected": '"pace"',
        "found": '"quiet"',
    }


def test_document_of_an_event_when_printed_then_its_schema_accepts_it(tmp_path: Path, capsys: Captured) -> None:
    """A small event of our own: one wave, two coins."""
    (tmp_path / "two_pass_wave_coin_gap_per_contract.csv").write_text(WAVES, "utf-8")
    (tmp_path / "p.csv").write_text(PRICES, "utf-8")
    event = ["--event", str(tmp_path), "--prices", str(tmp_path / "p.csv"), "--accounts", "2"]
    assert call(["run", *event, "--json"]) in (0, 3)
    check(capsys.readouterr().out, "event")


def test_document_of_a_bench_when_nothing_is_connected_then_its_schema_accepts_it(capsys: Captured) -> None:
    """Rivals and floors of a tiny book, and every figure with its goal."""
    print_json({**head("bench"), "quick": True, **measured(None, sizes=(10_000,), rounds=1)})
    check(capsys.readouterr().out, "bench")


def test_schemas_when_listed_then_each_kind_of_document_is_checked_here() -> None:
    """No schema ships that no test has compared with a printed document, and no command is left out."""
    shipped = {entry.name for entry in resources.files("deleverage").joinpath("schemas").iterdir()}
    assert shipped == {f"{kind}.json" for kind in KINDS}
    assert {name for name in app if not name.startswith("-")} == {
        "run",
        "scenarios",
        "policies",
        "venues",
        "queue",
        "markers",
        "vectors",
        "bench",
        "lab",
        "migrate",
        "receipt",
        *("bus", "keys", "reads", "request", "serve", "shadow"),
        "verify",
        "why",
    }


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


@pytest.mark.parametrize("kind", KINDS)
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
