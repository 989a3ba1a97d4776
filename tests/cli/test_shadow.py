"""``deleverage shadow``: what it says, and with which code it leaves."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deleverage.cli import call
from tests.cli.test_documents import check
from tests.shadow.streams import Line, is_close, planted, recorded

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def stream(tmp_path: Path) -> Path:
    """Return the recorded stream of six longs."""
    path = tmp_path / "six.jsonl"
    path.write_text("".join(f"{line}\n" for line in recorded("six-longs")), "ascii")
    return path


def _plant(stream: Path) -> None:
    def somebody_else(line: Line) -> Line:
        line["close"]["fills"][1]["unit_id"] = "long-4"
        return line

    lines, _ = planted("six-longs", lambda line: is_close(line, "adl"), somebody_else)
    stream.write_text("".join(f"{line}\n" for line in lines), "ascii")


def test_shadow_record_prints_the_stream_that_it_follows(stream: Path, capsys: Captured) -> None:
    """What --record prints is followed to full agreement, with code 0."""
    assert call(["shadow", "--record", "six-longs"]) == 0
    stream.write_text(capsys.readouterr().out, "ascii")
    assert call(["shadow", "--source", str(stream)]) == 0
    out = capsys.readouterr().out
    assert "moments     1, 1 of them alike" in out
    assert out.endswith("AGREEMENT\n")


def test_shadow_where_one_close_is_planted_then_it_is_found_at_its_line(stream: Path, capsys: Captured) -> None:
    """Somebody else deleveraged at line 29: both values, on the page and in the document, with code 4."""
    _plant(stream)
    assert call(["shadow", "--source", str(stream)]) == 4
    told = capsys.readouterr()
    assert "DIVERGENCE at line 29, adl: somebody else was closed" in told.out
    assert "unit_id long-2" in told.out
    assert "unit_id long-4" in told.out
    assert told.err.startswith("line 29: ")
    assert call(["shadow", "--source", str(stream), "--json"]) == 4
    document = check(capsys.readouterr().out, "shadow")
    first = document["first_divergence"]
    assert (first["line"], first["ours"]["unit_id"], first["theirs"]["unit_id"]) == (29, "long-2", "long-4")
    assert document["closes_by_kind"]["adl"]["agreed"] == 2


def test_shadow_under_a_venues_rules_tells_what_that_venue_would_have_done(stream: Path, capsys: Captured) -> None:
    """Under pro rata all longs would have been asked: the stream's two are not what dYdX would say."""
    assert call(["shadow", "--source", str(stream), "--venue", "bybit", "--json"]) in (0, 4)
    assert check(capsys.readouterr().out, "shadow")["rules"] == "bybit"


def test_shadow_where_a_line_is_bad_then_the_code_is_2_and_never_agreement(stream: Path, capsys: Captured) -> None:
    """All that could be read agrees; what could not be read is no agreement."""
    stream.write_text(stream.read_text("ascii") + "{\n", "ascii")
    assert call(["shadow", "--source", str(stream), "--json"]) == 2
    document = check(capsys.readouterr().out, "shadow")
    assert document["bad"] == {"NOT_JSON": {"count": 1, "first_line": 30}}
    assert call(["shadow", "--source", str(stream)]) == 2
    assert "AGREEMENT" not in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--source", "no-such-file"],
        ["--source", "no-such-file", "--record", "crash"],
        ["--record", "no-such-scenario"],
        ["--source", "no-such-file", "--venue", "no-such-venue"],
        ["--source", "no-such-file", "--rules", "no-such-scenario"],
        ["--source", "http://127.0.0.1:1/"],
    ],
)
def test_shadow_where_nothing_can_be_followed_then_the_refusal_is_a_document(
    arguments: list[str], capsys: Captured
) -> None:
    """Nothing to follow, nobody there, an unknown name: code 2, one document."""
    assert call(["shadow", *arguments, "--json"]) == 2
    assert check(capsys.readouterr().out, "refusal")["faults"]


def test_shadow_where_the_stream_says_no_rules_then_a_venue_is_asked_for(stream: Path, capsys: Captured) -> None:
    """Without rules of its own a stream needs somebody's."""
    lines = stream.read_text("ascii").splitlines()
    header = json.loads(lines[0])
    del header["header"]["rules"]
    stream.write_text("\n".join([json.dumps(header), *lines[1:], ""]), "ascii")
    assert call(["shadow", "--source", str(stream)]) == 2
    assert "name a --venue" in capsys.readouterr().err
    assert call(["shadow", "--source", str(stream), "--rules", "six-longs"]) == 0


def test_shadow_followed_in_two_parts_then_the_document_is_the_unbroken_one(stream: Path, capsys: Captured) -> None:
    """With lines that were refused, not followed and unreadable before the break: byte for byte the same report."""
    lines = stream.read_text("ascii").splitlines()
    trade = json.loads(next(line for line in lines if '"Trade"' in line))
    stranger, much = json.loads(json.dumps(trade)), json.loads(json.dumps(trade))
    stranger["command"]["buyer_unit_id"], much["command"]["lots"] = "nobody", "900000000"
    lines[-3:-3] = [json.dumps(stranger), json.dumps(much), "{", "[]", '{"huh":1}', lines[1]]
    stream.write_text("\n".join([*lines, ""]), "ascii")
    code = call(["shadow", "--source", str(stream), "--json"])
    whole = capsys.readouterr().out
    progress = ["--progress", str(stream.with_name("progress")), "--save-every", "1"]
    stream.write_text("\n".join([*lines[:-3], ""]), "ascii")
    call(["shadow", "--source", str(stream), *progress])
    stream.write_text("\n".join([*lines, ""]), "ascii")
    capsys.readouterr()
    assert call(["shadow", "--source", str(stream), "--json", *progress]) == code == 4
    assert capsys.readouterr().out == whole


def test_shadow_that_waits_for_lines_and_is_asked_to_end_then_it_says_so(stream: Path) -> None:
    """SIGTERM ends a shadow that waits: the report so far, the open moment not judged."""
    command = [sys.executable, "-m", "deleverage", "shadow", "--source", str(stream), "--follow"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        time.sleep(3)
        process.terminate()
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "until interrupted" in out
    assert "moments     0" in out
