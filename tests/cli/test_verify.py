"""``deleverage verify`` and ``receipt``: what they say, with which code they leave, what they do not let through."""

import json
import os
import sqlite3
from pathlib import Path
from random import Random
from typing import Any

import pytest

from deleverage.cli import call
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.sqlite import SqliteStore
from tests.cli import mutate
from tests.cli.journals import NOBODYS_KEY, copied, journal_of, tampered
from tests.cli.test_documents import check

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the journal of six longs; nobody writes to it."""
    return journal_of(tmp_path_factory.mktemp("made"), "six-longs")


@pytest.fixture
def journal(made: Path, tmp_path: Path) -> Path:
    """Return a copy of it with its anchor and key, to do with as one likes."""
    return copied(made, tmp_path)


def said(capsys: Captured, *arguments: object) -> tuple[int, str, str]:
    """Return the exit code of a command line, what it printed, and what it said."""
    capsys.readouterr()
    code = call([str(one) for one in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def told(capsys: Captured, kind: str, *arguments: object) -> dict[str, Any]:
    """Return the document of a command line, compared with its schema."""
    return check(said(capsys, *arguments, "--json")[1], kind)


def test_verify_when_nothing_was_touched_then_pass(made: Path, capsys: Captured) -> None:
    """Counts, key, and what was not looked at; the last line is the verdict."""
    code, out, _ = said(capsys, "verify", made)
    assert (code, out.splitlines()[-1]) == (0, "PASS")
    assert "executed    commands 1 to 27 again with the rulebook: 27 commands, 30 facts, 1 range" in out
    assert "not looked at: whose key it is" in out
    verdict = told(capsys, "verdict", "verify", made)
    assert (verdict["passed"], verdict["deviation"], verdict["executed_commands"]) == (True, None, 27)
    assert said(capsys, "verify", made, "--public-key", verdict["public_key"])[0] == 0


def test_verify_when_a_block_is_changed_then_it_says_where_and_leaves_with_4(journal: Path, capsys: Captured) -> None:
    """Both values, as text and as a document."""
    tampered(journal, "UPDATE block SET chain_hash = zeroblob(32) WHERE number = 2")
    code, out, _ = said(capsys, "verify", journal)
    assert code == 4
    assert out.splitlines()[-3] == "DIVERGENCE: broken chain, block 2: hash"
    assert out.splitlines()[-2] == f"  the journal has  {'0' * 64}"
    assert told(capsys, "verdict", "verify", journal)["deviation"]["what"] == "broken chain"


def test_verify_when_the_anchor_cannot_be_read_then_it_does_not_pass(journal: Path, capsys: Captured) -> None:
    """A missing one is said not to be looked at; one that is there and says nothing is a divergence."""
    anchor = journal.with_name("six-longs.db.anchor")
    anchor.write_bytes(b"x" * 8192)
    assert told(capsys, "verdict", "verify", journal)["deviation"]["what"] == "no anchor"
    anchor.unlink()
    verdict = told(capsys, "verdict", "verify", journal, "--chain-only")
    assert (verdict["passed"], verdict["anchor"]) == (True, "not looked at")
    os.mkfifo(anchor)
    assert told(capsys, "verdict", "verify", journal)["deviation"]["what"] == "failed"


def test_verify_when_it_begins_behind_the_start_then_the_way_there_is_told_apart(made: Path, capsys: Captured) -> None:
    """Two times: of the fast engine up to there, of the rulebook from there on."""
    way = "the state before them came of the fast engine in"
    assert [way in said(capsys, "verify", made, *option)[1] for option in (("--from", 20), ())] == [True, False]
    assert told(capsys, "verdict", "verify", made, "--from", 20)["way_s"] >= 0


def test_verify_when_another_key_is_asked_for_then_it_does_not_pass(made: Path, capsys: Captured) -> None:
    """The head names its own."""
    verdict = told(capsys, "verdict", "verify", made, "--public-key", NOBODYS_KEY)
    assert verdict["deviation"]["what"] == "public key"


def test_receipt_when_asked_by_number_or_key_then_it_is_the_same_and_is_found(
    made: Path, tmp_path: Path, capsys: Captured
) -> None:
    """Nothing is written but the file; the journal can be opened by its writer as before."""
    before = made.read_bytes()
    by_number, by_key = (told(capsys, "receipt", "receipt", made, name) for name in ("27", "run-27"))
    assert by_number == by_key
    assert (by_key["seq"], by_key["number"], by_key["epoch"]) == ("27", "3", "1")
    code, out, err = said(capsys, "receipt", made, "27", "--out", tmp_path / "r.json")
    assert (code, out.splitlines()[0]) == (0, "command     27 of six-longs is acknowledged")
    assert "receipt written to" in err
    assert json.loads((tmp_path / "r.json").read_text("ascii")) == by_number
    verdict = told(capsys, "verdict", "verify", made, "--receipt", tmp_path / "r.json")
    assert (verdict["passed"], verdict["witnesses"], verdict["inclusions"][0]["command"]) == (True, 1, "27")
    assert made.read_bytes() == before


def test_receipt_when_it_is_of_another_journal_then_it_does_not_pass(
    made: Path, tmp_path: Path, capsys: Captured
) -> None:
    """Another domain by name; the same story told again by its key."""
    for story, what in (("two-traders", "domain"), ("six-longs", "bad signature")):
        said(capsys, "receipt", journal_of(tmp_path, story), "3", "--out", tmp_path / "r.json")
        code, out, _ = said(capsys, "verify", made, "--receipt", tmp_path / "r.json")
        assert (code, out.splitlines()[-3].split(",")[0]) == (4, f"DIVERGENCE: {what}")


def test_proof_when_written_then_it_holds_without_the_journal_until_a_byte_is_another(
    made: Path, tmp_path: Path, capsys: Captured
) -> None:
    """The parts of one account; another key, another number, another account."""
    receipt, proof = tmp_path / "r.json", tmp_path / "p.json"
    said(capsys, "receipt", made, "27", "--out", receipt)
    code, out, _ = said(capsys, "verify", made, "--receipt", receipt, "--account", "long-2", "--proof", proof)
    assert (code, out.splitlines()[-1]) == (0, "PASS")
    assert '"unit_id":"long-2"' in out
    check(proof.read_text("ascii"), "proof")
    assert all(name not in proof.read_text("ascii") for name in ("long-5", "short-20", "shorts-80"))
    checked = told(capsys, "proof-check", "verify", "--proof", proof)
    assert (checked["passed"], checked["command"], len(checked["parts"])) == (True, "27", 5)
    assert said(capsys, "verify", "--proof", proof, "--public-key", NOBODYS_KEY)[0] == 4
    proof.write_text(proof.read_text("ascii").replace('"closed_lots\\":\\"10\\"', '"closed_lots\\":\\"11\\"'), "ascii")
    code, out, _ = said(capsys, "verify", "--proof", proof)
    assert (code, out.splitlines()[-1].split(":")[0]) == (4, "DIVERGENCE")
    assert told(capsys, "proof-check", "verify", "--proof", proof)["deviation"]["why"] == "OTHER_PAST"


@pytest.mark.parametrize(("account", "sentence"), [("long-1", "says nothing about long-1"), ("al", "no account")])
def test_proof_when_there_is_nothing_to_show_then_it_is_refused(
    account: str, sentence: str, made: Path, tmp_path: Path, capsys: Captured
) -> None:
    """An account that the command does not touch, and one that there is not."""
    said(capsys, "receipt", made, "27", "--out", tmp_path / "r.json")
    code, _, err = said(capsys, "verify", made, "--receipt", tmp_path / "r.json", "--account", account)
    assert code == 2
    assert sentence in err


def test_receipt_when_no_checkpoint_lies_behind_then_it_is_found_and_said_to_have_no_root(
    journal: Path, tmp_path: Path, capsys: Captured
) -> None:
    """It is in the journal; a proof of it there is not yet."""
    tampered(journal, "DELETE FROM checkpoint")
    tampered(journal, "DELETE FROM snapshot")
    said(capsys, "receipt", journal, "27", "--out", tmp_path / "r.json")
    verdict = told(capsys, "verdict", "verify", journal, "--receipt", tmp_path / "r.json")
    assert (verdict["passed"], verdict["inclusions"]) == (True, [])
    assert verdict["unchecked"][-1].startswith("no checkpoint lies behind command 27 yet")
    proof = ["--receipt", tmp_path / "r.json", "--account", "long-2", "--proof", tmp_path / "p.json"]
    assert said(capsys, "verify", journal, *proof)[0] == 2
    assert not (tmp_path / "p.json").exists()


def test_verify_when_a_folder_is_given_then_every_journal_has_a_line(
    journal: Path, tmp_path: Path, capsys: Captured
) -> None:
    """Two pass; one that is changed is named, and one of which only the anchor is left."""
    journal_of(tmp_path, "two-traders")
    (tmp_path / "notes.txt").write_text("no journal", "ascii")
    code, out, _ = said(capsys, "verify", tmp_path)
    assert (code, out.splitlines()[0], out.splitlines()[-1]) == (0, f"{tmp_path}: 2 journals", "PASS")
    assert "six-longs.db    six-longs: 27 commands, 27 commands executed again: PASS" in out
    for statement in ("DELETE FROM block WHERE number = 3", "DELETE FROM key", "UPDATE indexed SET number = 0"):
        tampered(journal, statement)
    (tmp_path / "two-traders.db").unlink()
    code, out, _ = said(capsys, "verify", tmp_path, "--chain-only")
    assert (code, out.splitlines()[-3].startswith(f"DIVERGENCE in 2 journals, first {journal}: lost tail")) == (4, True)
    verdicts = told(capsys, "verdicts", "verify", tmp_path, "--chain-only")
    assert [one["deviation"]["what"] for one in verdicts["verdicts"]] == ["lost tail", "no journal"]


@pytest.fixture(scope="module")
def rubbish(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with files that are no journal, no paper, no proof."""
    folder = tmp_path_factory.mktemp("rubbish")
    content = made.read_bytes()
    files = {"empty": b"", "text": b"hello\n", "cut": content[: len(content) // 2], "head": content[:100]}
    files |= {"open.json": b'{"a":', "deep.json": b"[" * 60_000, "long.json": b"[" * 70_000, "list.json": b"[]"}
    files |= {"bytes.json": bytes(range(256)), "number.json": b"1" * 5000, "twice.json": b'{"a":1,"a":2}'}
    for name, inside in files.items():
        (folder / name).write_bytes(inside)
    with sqlite3.connect(folder / "tables") as connection:
        connection.execute("CREATE TABLE head (content BLOB)")
    (folder / "folder").mkdir()
    return folder


@pytest.mark.parametrize("name", ["nothing", "empty", "text", "cut", "head", "tables", "folder", "\0"])
@pytest.mark.parametrize("command", [("verify",), ("receipt", "1"), ("why", "al", "1")])
def test_journal_when_it_is_none_then_a_reason_and_no_traceback(
    name: str, command: tuple[str, ...], rubbish: Path, capsys: Captured
) -> None:
    """Exit code 2, one document, and the name of the file in it."""
    path = f"{rubbish}/{name}"
    code, out, err = said(capsys, command[0], path, *command[1:], "--json")
    assert code == 2
    assert check(out, "refusal")["faults"][0]["sentence"].startswith(path.split("\0")[0])
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "name", ["nothing", "empty", "open.json", "deep.json", "long.json", "list.json", "bytes.json", "number.json"]
)
@pytest.mark.parametrize("option", ["--receipt", "--proof"])
def test_paper_when_it_is_none_then_a_reason_and_no_traceback(
    name: str, option: str, made: Path, rubbish: Path, capsys: Captured
) -> None:
    """A receipt beside a journal, a proof alone."""
    arguments = [made, "--chain-only"] if option == "--receipt" else []
    code, out, _ = said(capsys, "verify", *arguments, option, rubbish / name, "--json")
    assert code == 2
    assert name in check(out, "refusal")["faults"][0]["sentence"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "which journal?"),
        (["{}", "--public-key", "xyz"], "--public-key is 'xyz'"),
        (["{}", "--public-key", "A" * 64], "in lower case"),
        (["{}", "--account", "al"], "--proof and --account go with one --receipt"),
        (["{}", "--proof", "p"], "--proof and --account go with one --receipt"),
        (["--proof", "p", "--from", "3"], "--from goes with a journal"),
        (["{}", "--chain-only", "--to", "3"], "--to does not go with --chain-only"),
        (["{}", "--from", "5", "--to", "3"], "--from is 5, --to is 3"),
        (["{}", "--from", "0"], "--from is 0"),
        (["{}", "--jobs", "0"], "--jobs is 0"),
        (["/", "--receipt", "r"], "--receipt goes with one journal"),
    ],
)
def test_options_when_they_do_not_go_together_then_they_are_named(
    arguments: list[str], sentence: str, made: Path, capsys: Captured
) -> None:
    """Nothing is looked at."""
    code, _, err = said(capsys, "verify", *(one.format(made) for one in arguments))
    assert code == 2
    assert sentence in err


@pytest.mark.parametrize("command", ["0", "28", "run-28", "9" * 30, "\u00e9", ""])
def test_receipt_when_there_is_no_such_command_then_it_is_refused(command: str, made: Path, capsys: Captured) -> None:
    """Numbers and keys that nobody was told of."""
    code, _, err = said(capsys, "receipt", made, command)
    assert code == 2
    assert "UNLAWFUL" in err


def test_receipt_when_the_key_is_missing_or_exposed_or_another_then_it_is_refused(
    journal: Path, tmp_path: Path, capsys: Captured
) -> None:
    """Only who may sign gives receipts."""
    key = journal.with_name("six-longs.db.key")
    key.chmod(0o644)
    assert "EXPOSED_KEY" in said(capsys, "receipt", journal, "3")[2]
    key.chmod(0o600)
    key.write_text("11" * 32, "ascii")
    code, _, err = said(capsys, "receipt", journal, "3")
    assert (code, "OTHER_HEAD" in err) == (4, True)
    key.unlink()
    assert "cannot be read" in said(capsys, "receipt", journal, "3")[2]
    assert said(capsys, "receipt", journal, "3", "--out", "/dev/null/x")[0] == 2


@pytest.mark.parametrize("seed", range(60))
def test_papers_when_damaged_at_random_then_never_a_defect_and_never_a_wrong_pass(
    seed: int, made: Path, tmp_path: Path, capsys: Captured
) -> None:
    """Keys lost, values replaced, texts cut: a proof is refused or diverges; of a receipt, its layout may change."""
    random = Random(seed)
    paper, proof = tmp_path / "r.json", tmp_path / "p.json"
    said(capsys, "receipt", made, "27", "--out", paper)
    said(capsys, "verify", made, "--receipt", paper, "--account", "long-2", "--proof", proof)
    for path, arguments in ((proof, ["--proof", proof]), (paper, [made, "--chain-only", "--receipt", paper])):
        good = path.read_text("ascii")
        document = mutate.structure(random, json.loads(good))
        path.write_text(json.dumps(document) if random.random() < 0.6 else mutate.text(random, good), "utf-8")
        code, out, err = said(capsys, "verify", *arguments)
        assert code in ((2, 4) if path == proof and path.read_text("utf-8") != good else (0, 2, 4))
        assert "defect" not in err + out


@pytest.mark.parametrize("seed", range(40))
def test_journal_when_its_file_is_damaged_at_random_then_never_a_defect(
    seed: int, journal: Path, capsys: Captured
) -> None:
    """Bytes flipped anywhere in the file, or its end cut off: a reason, a divergence, or no difference at all."""
    random = Random(seed)
    content = bytearray(journal.read_bytes())
    for _ in range(random.randrange(1, 30)):
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    journal.write_bytes(content[: random.randrange(1, len(content))] if seed % 5 == 0 else content)
    for command in (("verify", journal), ("why", journal, "long-2", "1"), ("receipt", journal, "27")):
        code, out, err = said(capsys, *command)
        assert code in (0, 2, 4), err
        assert "defect" not in err + out


def test_verify_when_its_first_command_lies_behind_the_end_then_it_does_not_pass(made: Path, capsys: Captured) -> None:
    """Nothing would be executed again, and a PASS says that something was."""
    code, out, err = said(capsys, "verify", made, "--from", "28")
    assert (code, out) == (2, "")
    assert "no such command (found 28, expected 1 to 27)" in err


@pytest.mark.parametrize("suffix", ["", ".anchor", ".key"])
def test_papers_when_they_would_replace_a_part_of_the_journal_then_nothing_is_written(
    journal: Path, capsys: Captured, suffix: str
) -> None:
    """Nor is the receipt that a proof is made of, nor a journal by the page of its own run."""
    part, kept = journal.with_name(f"{journal.name}{suffix}"), journal.with_name("r.json")
    assert said(capsys, "receipt", journal, 3, "--out", kept)[0] == 0
    fresh = journal.with_name("fresh.db")
    before = part.read_bytes(), kept.read_bytes()
    for arguments in (
        ["receipt", journal, 3, "--out", part],
        ["verify", journal, "--receipt", kept, "--proof", part],
        ["verify", journal, "--receipt", kept, "--proof", kept],
        ["run", "six-longs", "--journal", fresh, "--html", fresh.with_name(f"fresh.db{suffix}")],
    ):
        code, _, err = said(capsys, *arguments)
        assert (code, "nothing is written over it" in err) == (2, True), arguments
    assert before == (part.read_bytes(), kept.read_bytes())
    assert not fresh.exists()


def test_run_when_its_journal_cannot_be_signed_at_the_end_then_it_is_refused(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device that is full by then is no bug of ours."""

    def full(*_: object) -> None:
        raise JournalFault(Why.FULL, "planted")

    monkeypatch.setattr(SqliteStore, "add_checkpoint", full)
    code, out, err = said(capsys, "run", "six-longs", "--journal", tmp_path / "j.db")
    assert (code, out) == (2, "")
    assert "FULL: planted" in err


def test_papers_when_their_name_has_a_null_in_it_then_they_are_refused(journal: Path, capsys: Captured) -> None:
    """No system has such a name, and nothing is replaced by one."""
    kept, wrong = journal.with_name("r.json"), journal.with_name("x\0y")
    assert said(capsys, "receipt", journal, 3, "--out", kept)[0] == 0
    for arguments in (
        ["receipt", journal, 3, "--out", wrong],
        ["verify", journal, "--receipt", kept, "--proof", wrong],
        ["run", "six-longs", "--journal", wrong, "--html", kept.with_name("page.html")],
        ["run", "six-longs", "--journal", kept.with_name("fresh.db"), "--html", wrong],
    ):
        code, _, err = said(capsys, *arguments)
        assert (code, "defect" in err) == (2, False), arguments
