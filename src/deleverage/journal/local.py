"""A journal on this machine: a SQLite file, and beside it the anchor and the signing key, by name."""

import os
from dataclasses import replace
from os import PathLike
from typing import NamedTuple

from deleverage.journal import papers
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.files import Files, SystemFiles, locked, typed
from deleverage.journal.journal import Journal
from deleverage.journal.own_policy import with_code, without_code
from deleverage.journal.papers import Head
from deleverage.journal.past import read_head
from deleverage.journal.signing import make_key, read_key
from deleverage.journal.sqlite import SqliteStore, renew_log
from deleverage.rulebook.book import Book
from deleverage.rulebook.file_policy import FilePolicy
from deleverage.rulebook.quantities import Scale
from deleverage.rulebook.rules import Rules


class Money(NamedTuple):
    """The settlement currency, and how much of it a quantum is: what people are shown."""

    currency: str
    scale: Scale


QUANTA = Money("", Scale(1, 0))
"""A domain that does not say what its money is: whole quanta are shown."""


def anchor_of(path: str) -> str:
    """Return the name of a journal's anchor."""
    return _beside(path, ".anchor")


def key_of(path: str) -> str:
    """Return the name of a journal's signing key."""
    return _beside(path, ".key")


def _beside(path: str, suffix: str) -> str:
    """Return the name of a file beside a journal; of a link with none beside it, the one beside what it leads to."""
    named = f"{path}{suffix}"
    return named if os.path.lexists(named) or not os.path.islink(path) else f"{os.path.realpath(path)}{suffix}"


def head_of(domain: str, rules: Rules, book: Book, public_key: str, money: Money = QUANTA) -> Head:
    """Return the head of a journal that begins with a book; BadDocument where a plug of the rules has no document."""
    rules = without_code(rules)
    return Head(
        domain=domain,
        program=papers.PROGRAM,
        rules=rules,
        rules_hash=rules.hash(),
        policy_hash=papers.policy_hash_of(rules),
        state_at_start=book,
        digest_at_start=book.digest(),
        public_key=public_key,
        blind=os.urandom(32).hex(),
        currency=money.currency,
        money=money.scale,
    )


def _name_of(path: str | PathLike[str]) -> str:
    """Return a path as a text; UNLAWFUL where it is none that every part of the journal can be named by."""
    name = os.fspath(path)
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise JournalFault(Why.UNLAWFUL, "a name that is no text", ascii(name)) from None
    if "\0" in name:
        raise JournalFault(Why.UNLAWFUL, "a name with a null in it", ascii(name))
    return name


def create(
    path: str | PathLike[str],
    domain: str,
    rules: Rules,
    book: Book | None = None,
    files: Files | None = None,
    money: Money = QUANTA,
) -> Journal:
    """Return a new journal in a file, with an anchor and a key of its own; EXISTS where one of the three is there."""
    path, files = _name_of(path), files or SystemFiles()
    book = Book() if book is None else book.copy()  # the caller's goes on
    for name in (path, anchor_of(path), key_of(path)):
        if files.exists(name):
            raise JournalFault(Why.EXISTS, name)
    head = head_of(domain, rules, book, "", money)  # what has no document is refused before a file is there
    with typed(path):
        signer = make_key(key_of(path))
        files.open(path, create=True).close()  # for its owner only: the library would let others read it
    store = SqliteStore(path, create=True)
    head = replace(head, public_key=signer.public_key)
    journal = Journal.create(store, files, anchor_of(path), head, signer)
    journal.head = replace(head, rules=rules)  # what decides has its code, what is written names it
    with typed(path):
        files.sync_folder(path)
    return journal


def open_store(path: str | PathLike[str]) -> SqliteStore:
    """Return the bytes of a journal to look at; its writer may go on. JournalFault NO_JOURNAL or BAD_FORMAT."""
    if not os.path.isfile(path):
        raise JournalFault(Why.NO_JOURNAL, str(path))
    path = _name_of(path)
    store = SqliteStore(path, read_only=True, at_rest=_at_rest(os.path.realpath(path)))
    store.head()
    return store


def _at_rest(path: str) -> bool:
    """Return whether a file lies, without a log, where nothing can be made beside it: the library would need to."""
    log, index = f"{path}-wal", f"{path}-shm"
    if os.access(os.path.dirname(path), os.W_OK) or os.path.exists(index):
        return False
    if os.path.exists(log) and os.path.getsize(log):
        sentence = f"{path} has a log beside it, which cannot be read in a folder that cannot be written to: copy both"
        raise JournalFault(Why.FAILED, sentence)
    return True


def open_journal(path: str | PathLike[str], files: Files | None = None, policy: FilePolicy | None = None) -> Journal:
    """Return the journal in a file; JournalFault says why not. ``policy`` is the one from a file that its head names;
    without it such a journal can be read, and no domain stands on it.
    """
    path, files = _name_of(path), files or SystemFiles()
    if not files.exists(path):
        raise JournalFault(Why.NO_JOURNAL, path)
    signer = read_key(key_of(path))
    lock = locked(files, anchor_of(path))
    try:
        renew_log(files, path)
        store = SqliteStore(path)
    except OSError as error:
        lock.release()
        raise JournalFault(Why.FAILED, f"the log of {path}: {error}") from None
    except BaseException:
        lock.release()
        raise
    try:
        head = None if policy is None else with_code(read_head(store), policy)
    except BaseException:
        lock.release()
        store.close()
        raise
    try:
        journal = Journal.open(store, files, anchor_of(path), signer, lock)
    except BaseException:
        store.close()
        raise
    journal.head = head or journal.head
    return journal
