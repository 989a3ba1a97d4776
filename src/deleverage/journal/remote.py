"""A journal in PostgreSQL, by the address of a database; its anchor and signing key in a folder of this machine.

The anchor lies elsewhere on purpose: a database that was restored from an old backup, or a standby that had not heard
of the last blocks, is then not opened.
"""

import os
import re

from deleverage.journal import migrations
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.files import Files, SystemFiles
from deleverage.journal.journal import Journal
from deleverage.journal.local import anchor_of, head_of, key_of
from deleverage.journal.past import read_head
from deleverage.journal.postgres import PostgresStore
from deleverage.journal.session import PATIENCE_S, Session
from deleverage.journal.signing import make_key, read_key
from deleverage.rulebook.book import Book
from deleverage.rulebook.rules import Rules


def migrate(url: str) -> list[str]:
    """Make or renew the tables, as whoever owns the database, and return the names of what was applied."""
    session = Session(url)
    try:
        return migrations.migrate(session)
    finally:
        session.close()


def create(
    url: str, folder: str, domain: str, rules: Rules, book: Book | None = None, files: Files | None = None
) -> Journal:
    """Return a new journal of a domain; EXISTS where the database has one, or the folder its anchor or key."""
    path, files = _path(folder, domain), files or SystemFiles()
    for name in (anchor_of(path), key_of(path)):
        if files.exists(name):
            raise JournalFault(Why.EXISTS, name)
    book = Book() if book is None else book
    head_of(domain, rules, book, "")  # what has no document is refused before a file is there
    store = PostgresStore(url, domain)
    try:
        _require_none(store, domain)
        signer = make_key(key_of(path))
        head = head_of(domain, rules, book, signer.public_key)
        return Journal.create(store, files, anchor_of(path), head, signer)
    except BaseException:
        store.close()
        raise


def open_store(url: str, domain: str) -> PostgresStore:
    """Return the bytes of a journal to look at, on a standby, too; its writer may go on. NO_JOURNAL: there is none."""
    store = PostgresStore(url, domain, read_only=True)
    try:
        store.head()
    except BaseException:
        store.close()
        raise
    return store


def open_journal(
    url: str, folder: str, domain: str, files: Files | None = None, patience_s: float = PATIENCE_S
) -> Journal:
    """Return the journal of a domain; JournalFault says why not."""
    path, files = _path(folder, domain), files or SystemFiles()
    signer = read_key(key_of(path))
    store = PostgresStore(url, domain, patience_s=patience_s)
    try:
        found = read_head(store).domain
        if found != domain:
            raise JournalFault(Why.OTHER_HEAD, "the domain", found, domain)
        return Journal.open(store, files, anchor_of(path), signer)
    except BaseException:
        store.close()
        raise


def _require_none(store: PostgresStore, domain: str) -> None:
    """Raise JournalFault EXISTS where the database has a journal of a domain: before a key is made for it."""
    try:
        store.head()
    except JournalFault as fault:
        if fault.why is Why.NO_JOURNAL:
            return
        raise
    raise JournalFault(Why.EXISTS, f"the database has a journal of the domain {domain}")


def _path(folder: str, domain: str) -> str:
    """Return what the names of a domain's files begin with."""
    if re.fullmatch(r"[A-Za-z0-9_.:-]{1,64}", domain) is None:
        sentence = "a domain is 1 to 64 letters, digits, _ . : or -"
        raise JournalFault(Why.UNLAWFUL, sentence, ascii(domain)[:80])
    return os.path.join(folder, domain)
