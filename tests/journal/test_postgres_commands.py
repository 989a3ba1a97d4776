"""The commands on a journal in PostgreSQL: its address works wherever a file does, and what cannot be is a reason."""

import json
import sys
from pathlib import Path

import pytest

from deleverage.cli import call
from tests.cli.test_documents import PRICES, WAVES, check
from tests.journal.made import record_story
from tests.journal.places import PostgresPlace
from tests.torture.server import PASSWORD, Server

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def address(postgres: PostgresPlace, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the address of a domain in which there is no journal yet, its files beside the test's; `app` writes it."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    return address_of(postgres.server, postgres.domain, postgres.folder)


def address_of(server: Server, domain: str, folder: Path, login: str = "app", database: str = "journals") -> str:
    """Return an address as people type it."""
    return f"postgresql://{login}@/{database}?host={server.folder}&domain={domain}&folder={folder}"


def said(capsys: Captured, *arguments: object) -> tuple[int, str]:
    """Return the exit code of a command line and all that it said; the password is never a part of it."""
    capsys.readouterr()
    code = call([str(one) for one in arguments])
    captured = capsys.readouterr()
    assert PASSWORD not in f"{captured.out}{captured.err}"
    return code, captured.out + captured.err


def refusal(capsys: Captured, *arguments: object) -> str:
    """Return why a command was refused, with exit code 2 and as a document, too."""
    code, told = said(capsys, *arguments)
    assert code == 2
    document = said(capsys, *arguments, "--json")[1]
    assert json.loads(document[: document.rindex("}") + 1])["exit_code"] == 2
    return told


def test_commands_when_the_journal_lies_in_a_database_then_each_does_what_it_does_on_a_file(
    address: str, tmp_path: Path, capsys: Captured
) -> None:
    """Run, verify, receipt, proof, why: one address for all of them, and a reader's login for who only looks."""
    receipt, proof, page = tmp_path / "r.json", tmp_path / "p.json", tmp_path / "p.html"
    code, told = said(capsys, "run", "six-longs", "--journal", address, "--html", page)
    assert (code, f"`deleverage verify '{address}'` executes it again" in told) == (0, True)
    domain = address.partition("domain=")[2].partition("&")[0]
    assert {f"{domain}.anchor", f"{domain}.key", "p.html"} == {path.name for path in tmp_path.iterdir()}
    looked = address.replace("app@", "auditor@")
    code, told = said(capsys, "verify", looked)
    assert (code, told.splitlines()[-1], "anchor      block 3, command 27" in told) == (0, "PASS", True)
    assert said(capsys, "receipt", looked, "run-27", "--out", receipt)[0] == 0
    assert said(capsys, "verify", looked, "--receipt", receipt, "--account", "long-2", "--proof", proof)[0] == 0
    assert said(capsys, "verify", "--proof", proof)[0] == 0
    code, told = said(capsys, "why", looked, "long-2", "1", "--json")
    assert (code, check(told, "why")["journal"]) == (0, looked)
    assert "EXISTS" in said(capsys, "run", "six-longs", "--journal", address)[1]


def test_verify_when_several_processes_look_then_each_stretch_is_executed_again(address: str, capsys: Captured) -> None:
    """What a process is handed are blocks and a state: it asks the database nothing."""
    domain = record_story(address, "crash", every=100)
    domain.checkpoint()
    domain.journal.close()
    code, told = said(capsys, "verify", address, "--jobs", 2, "--json")
    verdict = check(told, "verdict")
    assert (code, verdict["passed"], verdict["executed_commands"]) == (0, True, domain.journal.seq)
    assert verdict["ranges"] > 2


def test_verify_when_no_domain_is_named_then_all_of_the_database_are_looked_at(
    own: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """One that is gone is told by the anchor that it left; the files of SQLite beside it are no business of this."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    for name in ("one", "two"):
        assert said(capsys, "run", "two-traders", "--journal", address_of(own, name, tmp_path))[0] == 0
    assert said(capsys, "run", "two-traders", "--journal", tmp_path / "file.db")[0] == 0
    every = address_of(own, "one", tmp_path, "auditor").replace("domain=one&", "")
    code, told = said(capsys, "verify", every, "--json")
    document = check(told, "verdicts")
    assert (code, [one["domain"] for one in document["verdicts"]]) == (0, ["one", "two"])
    (tmp_path / "three.anchor").write_bytes((tmp_path / "one.anchor").read_bytes())
    code, told = said(capsys, "verify", every)
    assert (code, "DIVERGENCE in 1 journal, first " in told, "domain=three" in told) == (4, True, True)
    assert "--to goes with one journal, not with all of them" in said(capsys, "verify", every, "--to", 3)[1]


def test_verify_when_another_domains_journal_lies_under_the_name_then_it_is_no_journal_of_this_domain(
    address: str, postgres: PostgresPlace, capsys: Captured
) -> None:
    """Whoever owns the tables may give rows another name."""
    assert said(capsys, "run", "two-traders", "--journal", address)[0] == 0
    other = f"{postgres.domain}-copy"
    postgres.tamper(f"INSERT INTO head SELECT '{other}', content FROM head WHERE true")
    for command in (["verify"], ["why", "alice", "1"], ["receipt", "1"]):
        name, *others = command
        code, told = said(capsys, name, address.replace(postgres.domain, other), *others)
        assert (code, f"OTHER_HEAD: the domain (found {postgres.domain}, expected {other})" in told) == (4, True)


def test_run_when_an_event_is_remembered_then_each_wave_is_a_domain(
    address: str, postgres: PostgresPlace, tmp_path: Path, capsys: Captured
) -> None:
    """DOMAIN:wave-01, with an anchor and a key of its own."""
    event = tmp_path / "event"
    event.mkdir()
    (event / "two_pass_wave_coin_gap_per_contract.csv").write_text(WAVES, "utf-8")
    (event / "p.csv").write_text(PRICES, "utf-8")
    real = ["--event", event, "--prices", event / "p.csv", "--accounts", 2]
    assert said(capsys, "run", *real, "--journal", address)[0] in (0, 3)
    wave = f"{postgres.domain}:wave-01"
    assert {path.name for path in tmp_path.iterdir()} == {"event", f"{wave}.anchor", f"{wave}.key"}
    assert said(capsys, "verify", address.replace(postgres.domain, wave))[0] == 0


def test_run_when_the_password_lies_in_a_file_then_it_is_found_there(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """As libpq does: PGPASSFILE, for its owner only."""
    monkeypatch.delenv("PGPASSWORD")
    assert "a password of this login in ~/.pgpass" in refusal(capsys, "run", "two-traders", "--journal", address)
    kept = tmp_path / "passwords"
    kept.write_text(f"*:*:journals:app:{PASSWORD}\n")
    kept.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(kept))
    assert said(capsys, "run", "two-traders", "--journal", address)[0] == 0


def test_run_when_the_server_may_lose_what_it_acknowledges_then_everything_unsafe_is_named(
    own: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """Checksums and syncs switched off, and no key is left behind."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    own.stop()
    own.run("pg_checksums", "--disable", "--pgdata", str(own.data))
    own.start("fsync=off")
    told = refusal(capsys, "run", "two-traders", "--journal", address_of(own, "main", tmp_path))
    assert "UNSAFE_SETTINGS: PostgreSQL's (found fsync=off, data_checksums=off, expected fsync=on" in told
    assert list(tmp_path.iterdir()) == []


def test_migrate_when_an_owner_asks_then_tables_are_there_and_nobody_else_makes_them(
    server: Server, capsys: Captured
) -> None:
    """Once is enough, twice does no harm."""
    server.sql("CREATE DATABASE fresh OWNER owner")
    address = f"postgresql://owner@/fresh?host={server.folder}"
    assert "NO_RIGHT" in refusal(capsys, "migrate", address.replace("owner@", "auditor@"))
    code, told = said(capsys, "migrate", address)
    assert (code, "applied     0001_journal.sql" in told) == (0, True)
    assert check(said(capsys, "migrate", address, "--json")[1], "migrated")["applied"] == []
    refused = refusal(capsys, "migrate", address.replace("owner@", f"owner:{PASSWORD}@"))
    assert "a password has no place in an address" in refused


@pytest.mark.parametrize("command", [["verify"], ["why", "al", "1"], ["receipt", "1"], ["run", "two-traders"]])
def test_command_when_asyncpg_is_missing_then_it_says_what_to_install(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """The package is optional, whoever needs it is told its name."""
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    name, *others = command
    journal = ["postgresql://h/j?domain=main"]
    arguments = [name, *others, "--journal", *journal] if name == "run" else [name, *journal, *others]
    code, told = said(capsys, *arguments)
    assert (code, "pip install 'deleverage[postgres]'" in told, "NO_LIBRARY" in told) == (2, True, True)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("folder=", "host=/nowhere&folder="), "given twice"),
        (("host=/", "host=/nowhere/"), "NO_SERVER"),
        (("/journals", "/other"), "NO_JOURNAL: PostgreSQL has no database of this name"),
        (("/journals", "/postgres"), "NO_JOURNAL: the database has no tables of journals"),
        (("app@", "nobody@"), "NO_RIGHT: PostgreSQL does not let this login in"),
        (("app@", "auditor@"), "NO_RIGHT: this login may not write"),
        (("app@", "owner@"), "UNSAFE_SETTINGS: PostgreSQL's (found rights=may change"),
        (("domain=", "domain=a/"), "a domain is 1 to 64 letters"),
        (("folder=/", "folder=/nowhere/"), "No such file or directory"),
    ],
)
def test_run_when_it_cannot_write_there_then_the_refusal_is_typed(
    address: str, change: tuple[str, str], why: str, capsys: Captured
) -> None:
    """No server, no database, no tables, the wrong role, no domain, no folder: each is told, and nothing is made."""
    assert why in refusal(capsys, "run", "two-traders", "--journal", address.replace(*change))
    assert list(Path(address.partition("folder=")[2]).iterdir()) == []
