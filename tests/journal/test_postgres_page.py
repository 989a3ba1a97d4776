"""The page on PostgreSQL: its settings are those that are looked at, and its examples run."""

import re
import shlex
from contextlib import closing
from pathlib import Path

import pytest

from deleverage.cli import call
from deleverage.journal.postgres import SAFE
from tests.conftest import REPOSITORY
from tests.torture.server import Server

PAGE = (REPOSITORY / "docs" / "postgres.md").read_text("utf-8")


def test_page_when_a_setting_is_looked_at_then_it_is_there() -> None:
    """In the same order, with the same values."""
    rows = re.findall(r"^\| `(\w+)`(?: \*)? \| ([^|]+) \|", PAGE, re.M)
    assert rows == [(name, " or ".join(safe)) for name, safe in SAFE.items()]


def test_page_when_a_setting_has_a_star_then_the_server_looks_at_it_too() -> None:
    """A star is a line of the tables' own guard."""
    guard = (REPOSITORY / "src/deleverage/journal/migrations/0001_journal.sql").read_text("utf-8")
    starred = re.findall(r"^\| `(\w+)` \* ", PAGE, re.M)
    assert starred == re.findall(r"(\w+)=on", re.findall(r"safe text := '(.*)'", guard)[0])


def test_page_when_its_examples_are_run_then_they_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the page, with an address and a folder put in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keys").mkdir()
    with closing(Server.fresh()) as server:
        examples = re.findall(r"^```(python|sql|sh)\n(.*?)^```$", PAGE, re.M | re.S)
        names = {"URL": server.url("clearing"), "AUDITOR": server.url("auditor"), "FOLDER": str(tmp_path)}
        server.sql("DROP ROLE auditor")
        for language, text in examples:
            if language == "sql":
                server.sql(text)
            elif language == "sh":
                socket = f"@/journals?host={server.folder}"
                typed = text.replace("@db/journals?", f"{socket}&").replace("@db/journals", socket)
                assert [(line, call(shlex.split(line)[1:])) for line in typed.splitlines()] == [
                    (line, 0) for line in typed.splitlines()
                ]
            else:
                exec(text, names)
        verdict = names["verdict"]
        assert (verdict.passed, verdict.domain) == (True, "main")  # type: ignore[attr-defined]
        names["journal"].close()  # type: ignore[attr-defined]
        names["store"].close()  # type: ignore[attr-defined]
