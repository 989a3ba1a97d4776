"""Journals of bundled stories, as ``deleverage run --journal`` writes them."""

import shutil
import sqlite3
from pathlib import Path

from deleverage.cli import call

NOBODYS_KEY = "0" * 64


def journal_of(folder: Path, story: str, *options: str) -> Path:
    """Return a new journal of a story in a folder."""
    path = folder / f"{story}.db"
    assert call(["run", story, *options, "--journal", str(path), "--json"]) in (0, 3)
    return path


def copied(journal: Path, folder: Path) -> Path:
    """Return a copy of a journal with its anchor and key, to do with as one likes."""
    for path in journal.parent.glob(f"{journal.name}*"):
        shutil.copy(path, folder)
    return folder / journal.name


def tampered(path: Path, statement: str, *values: object) -> None:
    """Change a journal behind the library's back."""
    with sqlite3.connect(path) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement, values)
