"""The tables of a journal in PostgreSQL: plain SQL, applied once each and in order, by whoever owns the database."""

from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.session import SCHEMA, Session

_VERSIONS = """
CREATE SCHEMA IF NOT EXISTS deleverage;
CREATE TABLE IF NOT EXISTS deleverage.migration (name text PRIMARY KEY, digest text NOT NULL);
"""

_SEEN = """
SELECT to_regnamespace($1) IS NOT NULL, has_schema_privilege(session_user, to_regnamespace($1)::oid, 'USAGE')
"""
MADE_WITH = "with `deleverage migrate`"


class Migration(NamedTuple):
    """A file of SQL; the names sort in the order in which they are applied."""

    name: str
    text: str

    @property
    def digest(self) -> str:
        """SHA-256 of the text: one that was applied is never edited, a new one is added."""
        return sha256(self.text.encode()).hexdigest()


def migrations() -> list[Migration]:
    """Return every migration, in order."""
    found = [file for file in files(__name__).iterdir() if file.name.endswith(".sql")]
    return [Migration(file.name, file.read_text("utf-8")) for file in sorted(found, key=lambda file: file.name)]


def migrate(session: Session) -> list[str]:
    """Apply what was not applied yet, all of it or nothing, and return its names.

    BAD_FORMAT where the database has tables of a later or of another program.
    """
    session.script(_VERSIONS)
    applied = _applied(session)
    wanted = migrations()
    _require_same(applied, wanted[: len(applied)])
    missing = wanted[len(applied) :]
    rows = [f"INSERT INTO migration VALUES ('{one.name}', '{one.digest}');" for one in missing]
    if missing:
        session.script("".join(f"{one.text}\n{row}\n" for one, row in zip(missing, rows, strict=True)))
    return [one.name for one in missing]


def require_migrated(session: Session) -> None:
    """Raise JournalFault unless the tables are this program's and may be read: NO_JOURNAL, NO_RIGHT, BAD_FORMAT."""
    ((there, seen),) = session.rows(_SEEN, SCHEMA)
    if not there:
        raise JournalFault(Why.NO_JOURNAL, f"the database has no tables of journals: its owner makes them {MADE_WITH}")
    if not seen:
        words = "journal_writer or journal_reader granted to it"
        raise JournalFault(Why.NO_RIGHT, "this login may not even read", "no right", words)
    _require_same(_applied(session), migrations())


def _applied(session: Session) -> list[tuple[str, str]]:
    return [(str(name), str(digest)) for name, digest in session.rows("SELECT name, digest FROM migration ORDER BY 1")]


def _require_same(applied: list[tuple[str, str]], wanted: list[Migration]) -> None:
    expected = [(one.name, one.digest) for one in wanted]
    if applied != expected:
        words = [", ".join(f"{name} {digest[:8]}" for name, digest in some) or "none" for some in (applied, expected)]
        raise JournalFault(Why.BAD_FORMAT, "migrations that were applied", *words)
