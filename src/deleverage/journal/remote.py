"""A journal in PostgreSQL, by the address of a database; its anchor and signing key in a folder of this machine.

The anchor lies elsewhere on purpose: a database that was restored from an old backup, or a standby that had not heard
of the last blocks, is then not opened.
"""

import os
from contextlib import ExitStack
from dataclasses import replace

from deleverage.documents import BadDocument
from deleverage.journal import migrations, papers
from deleverage.journal.address import require_domain
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.files import Files, SystemFiles, typed
from deleverage.journal.journal import Journal
from deleverage.journal.local import QUANTA, Money, anchor_of, finished, head_of, key_of
from deleverage.journal.making import Making, write_key
from deleverage.journal.own_policy import with_code
from deleverage.journal.papers import Head
from deleverage.journal.past import read_head
from deleverage.journal.postgres import PostgresStore
from deleverage.journal.session import PATIENCE_S, Session
from deleverage.journal.signing import SEED_BYTES, Signer, read_key
from deleverage.rulebook.book import Book
from deleverage.rulebook.file_policy import FilePolicy
from deleverage.rulebook.rules import Rules


def migrate(url: str) -> list[str]:
    """Make or renew the tables, as whoever owns the database, and return the names of what was applied."""
    session = Session(url)
    try:
        return migrations.migrate(session)
    finally:
        session.close()


def create(
    url: str,
    folder: str,
    domain: str,
    rules: Rules,
    book: Book | None = None,
    files: Files | None = None,
    money: Money = QUANTA,
) -> Journal:
    """Return a new journal of a domain: all of it, or the next try begins anew.

    EXISTS where the database has one, or the folder its anchor or key. Where the answer of the database was lost it may
    have one all the same: the next try says EXISTS then, and it can be opened.
    """
    path, files = path_of(folder, domain), files or SystemFiles()
    book = Book() if book is None else book.copy()  # the caller's goes on
    names = anchor_of(path), key_of(path)
    seed = os.urandom(SEED_BYTES)
    signer = Signer(seed)
    head = head_of(domain, rules, book, signer.public_key, money)  # no document: no file is there
    store = PostgresStore(url, domain)
    try:
        _require_none(store, domain)
        with typed(path), ExitStack() as failing:
            making = Making(files, path, names, names[0], ())
            failing.callback(_undo, making, store, domain)
            write_key(files, names[1], seed)
            journal = Journal.create(store, files, names[0], head, signer)
            failing.pop_all()  # the database has it: nothing is taken away any more
            failing.callback(journal.close)
            failing.callback(making.leave)
            making.done()
            failing.pop_all()
    except BaseException:
        store.close()
        raise
    journal.head = replace(head, rules=rules)
    return journal


def _undo(making: Making, store: PostgresStore, domain: str) -> None:
    """Take key and anchor away where the database has no head: it would have no other journal than theirs."""
    try:
        _require_none(store, domain)
    except JournalFault:
        making.leave()
    else:
        making.undo()


def open_store(url: str, domain: str) -> PostgresStore:
    """Return the bytes of a journal to look at, on a standby, too; its writer may go on.

    NO_JOURNAL: there is none of this domain; OTHER_HEAD: it is another domain's, under this one's name.
    """
    require_domain(domain)
    store = PostgresStore(url, domain, read_only=True)
    try:
        _require_domain(store, domain)
    except BaseException:
        store.close()
        raise
    return store


def domains(url: str) -> list[str]:
    """Return the domains of which a database has a journal, in order."""
    session = Session(url)
    try:
        migrations.require_migrated(session)
        return [str(domain) for (domain,) in session.rows("SELECT domain FROM head ORDER BY domain")]
    finally:
        session.close()


def open_journal(
    url: str,
    folder: str,
    domain: str,
    files: Files | None = None,
    patience_s: float = PATIENCE_S,
    policy: FilePolicy | None = None,
) -> Journal:
    """Return the journal of a domain; JournalFault says why not. ``policy`` is that of ``local.open_journal``."""
    path, files = path_of(folder, domain), files or SystemFiles()
    signer = read_key(key_of(path))
    store = PostgresStore(url, domain, patience_s=patience_s)
    try:
        _require_domain(store, domain)
        head = None if policy is None else with_code(read_head(store), policy)
        journal = Journal.open(store, files, anchor_of(path), signer)
        journal.head = head or journal.head
    except BaseException:
        store.close()
        raise
    return finished(journal, files, path)


def _require_domain(store: PostgresStore, domain: str) -> None:
    """Raise OTHER_HEAD where another domain's journal lies under this one's name, NO_JOURNAL where none does."""
    try:
        found = papers.read_stored(Head, store.head()).domain
    except BadDocument:  # whoever reads it says why
        return
    if found != domain:
        raise JournalFault(Why.OTHER_HEAD, "the domain", found, domain)


def _require_none(store: PostgresStore, domain: str) -> None:
    """Raise JournalFault EXISTS where the database has a journal of a domain: before a key is made for it."""
    try:
        store.head()
    except JournalFault as fault:
        if fault.why is Why.NO_JOURNAL:
            return
        raise
    raise JournalFault(Why.EXISTS, f"the database has a journal of the domain {domain}")


def path_of(folder: str, domain: str) -> str:
    """Return what the names of a domain's files begin with."""
    require_domain(domain)
    return os.path.join(folder, domain)
