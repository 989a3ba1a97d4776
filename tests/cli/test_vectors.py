"""``deleverage vectors``: what it writes, what it says, and with which code it leaves."""

import json
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest

from deleverage.cli import call
from deleverage.domain import on_rulebook as door
from deleverage.rulebook.messages import Code
from tests.cli import mutate

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the vectors of the scenarios and of one world."""
    made = tmp_path_factory.mktemp("vectors")
    assert call(["vectors", "--out", str(made), "--count", "1"]) == 0
    return made


def test_vectors_when_written_then_prints_the_coverage_and_what_is_missing(tmp_path: Path, capsys: Captured) -> None:
    """Coverage on stdout, where the files lie on stderr; the scenarios alone show four rejections."""
    assert call(["vectors", "--out", str(tmp_path / "new" / "folder"), "--count", "0"]) == 0
    captured = capsys.readouterr()
    first, _, third, *rest = captured.out.splitlines()
    assert first.startswith("commands    ")
    assert " kinds, " in first
    assert third == f"rejections    4 of {len(Code)} kinds, 4 in all"
    assert "not covered: rejection BAD_RATE: the draws of this seed and count did not meet it" in rest
    assert "index.json written to" in captured.err


def test_vectors_when_written_twice_then_the_bytes_are_the_same_and_the_index_has_their_digests(
    folder: Path, tmp_path: Path
) -> None:
    """The index names each file with its SHA-256; the folder's name changes nothing."""
    assert call(["vectors", "--out", str(tmp_path), "--count", "1"]) == 0
    index = json.loads((folder / "index.json").read_text("ascii"))
    assert {row["file"] for row in index["vectors"]} | {"index.json"} == {file.name for file in folder.iterdir()}
    for row in index["vectors"]:
        content = (folder / row["file"]).read_bytes()
        assert (tmp_path / row["file"]).read_bytes() == content
        assert sha256(content).hexdigest() == row["sha256"]
    assert (tmp_path / "index.json").read_bytes() == (folder / "index.json").read_bytes()


def test_check_when_a_vector_is_as_written_then_prints_pass(folder: Path, capsys: Captured) -> None:
    """Every file of the set passes."""
    for file in sorted(folder.glob("*.json")):
        if file.name != "index.json":
            assert call(["vectors", "--check", str(file)]) == 0
            assert capsys.readouterr().out.startswith(f"PASS {file.stem}: ")


def test_check_when_a_vector_diverges_then_prints_both_values_and_exits_with_4(
    folder: Path, tmp_path: Path, capsys: Captured
) -> None:
    """One lot more in the fact of stage 5."""
    text = (folder / "six-longs.json").read_text("ascii")
    place = '"fills":[{"unit_id":"short-20","market_id":"XYZ","lots":"20"'
    assert text.count(place) == 1
    file = tmp_path / "x.json"
    file.write_text(text.replace(place, place.replace('"20"', '"21"')), "ascii")
    assert call(["vectors", "--check", str(file)]) == 4
    assert capsys.readouterr().out.splitlines() == [
        "DIVERGENCE six-longs: at entries[26].facts[1].fills[0].lots",
        '  the vector says    "21"',
        '  the rulebook says  "20"',
    ]


def test_check_when_a_value_is_long_then_is_shortened_for_people_and_whole_in_the_document(
    folder: Path, tmp_path: Path, capsys: Captured
) -> None:
    """A missing fact of stage 5 has thousands of characters."""
    lines = (folder / "six-longs.json").read_text("ascii").splitlines()
    entry = json.loads(lines[-2])
    whole = entry["facts"].pop(1)
    file = tmp_path / "x.json"
    file.write_text("\n".join([*lines[:-2], json.dumps(entry), lines[-1]]), "ascii")
    assert call(["vectors", "--check", str(file)]) == 4
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "DIVERGENCE six-longs: at entries[26].facts[1].kind"
    assert whole["kind"] in shown[2]
    last = json.loads(lines[-2])
    last["facts"] = last["facts"][:1]
    file.write_text("\n".join([*lines[:-2], json.dumps(last), lines[-1]]), "ascii")
    assert call(["vectors", "--check", str(file)]) == 4
    shown = capsys.readouterr().out.splitlines()
    assert shown[1] == "  the vector says    nothing"
    assert shown[2].endswith(" characters)")
    assert len(shown[2]) < 260
    assert call(["vectors", "--check", str(file), "--json"]) == 4
    divergence = json.loads(capsys.readouterr().out)["divergence"]
    assert json.loads(divergence["found"]) == whole


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--check", "nope.json"], "nope.json cannot be read: No such file"),
        (["--check", "."], ". cannot be read: Is a directory"),
        (["--check", "x.json", "--seed", "1"], "--seed does not go with --check"),
        (["--check", "x.json", "--out", "y", "--count", "2"], "--out does not go with --check"),
        (["--count", "10001"], "--count is 10001, allowed are at most 10,000"),
        (["--count", "-1"], "is not a whole number"),
        (["--seed", "x"], "is not a whole number"),
        (["--out", "/dev/null/x"], "--out /dev/null/x: cannot be written: Not a directory"),
        (["--out", "a\0b"], "cannot be written: "),
    ],
    ids=str,
)
def test_vectors_when_the_input_is_bad_then_exits_with_2_and_says_why(
    arguments: list[str], sentence: str, capsys: Captured
) -> None:
    """Nothing is written, one line per fault."""
    assert call(["vectors", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert sentence in captured.err


def test_check_when_the_file_is_no_vector_then_exits_with_2_and_names_the_place(folder: Path, capsys: Captured) -> None:
    """The index is a document of another kind."""
    assert call(["vectors", "--check", str(folder / "index.json"), "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["faults"] == [{"path": "kind", "sentence": "'vector' is expected"}]


@pytest.mark.parametrize("seed", range(8))
def test_check_when_a_file_is_damaged_then_is_answered_with_a_verdict_or_a_refusal(
    seed: int, folder: Path, tmp_path: Path, capsys: Captured
) -> None:
    """Five times eight damaged files: 0, 2 or 4, in words, never a traceback - also where a number became absurd."""
    random = Random(seed)
    for _ in range(5):
        name = random.choice(("two-traders", "six-longs", "inverse", "hedge-mode", "world-1-0001"))
        good = (folder / f"{name}.json").read_text("ascii")
        document = mutate.structure(random, json.loads(good))
        text = json.dumps(document) if random.random() < 0.6 else mutate.text(random, good)
        file = tmp_path / "x.json"
        file.write_text(text, "utf-8", errors="surrogatepass")
        code = call(["vectors", "--check", str(file)])
        captured = capsys.readouterr()
        assert code in (0, 2, 4), captured.err
        said = {0: "PASS", 2: "bad input: ", 4: "DIVERGENCE"}[code]
        assert (captured.err if code == 2 else captured.out).startswith(said)


def test_vectors_when_an_invariant_breaks_then_exits_with_1_and_names_the_vector(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """A bug of ours is told as one, while writing and while checking."""

    def broken(*_: object) -> Any:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(door, "apply", broken)
    assert call(["vectors", "--out", str(tmp_path), "--seed", "3", "--count", "0"]) == 1
    assert "(vectors, seed 3, count 0)" in capsys.readouterr().err
    assert call(["vectors", "--check", str(folder / "two-traders.json")]) == 1
    assert "(vector two-traders)" in capsys.readouterr().err
