"""A journal on this machine: a SQLite file, and beside it the anchor and the signing key, by name."""

import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from os import PathLike
from typing import NamedTuple

from deleverage.journal import papers
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.files import Files, SystemFiles, locked, typed
from deleverage.journal.journal import Journal
from deleverage.journal.making import Making, finish, write_key
from deleverage.journal.own_policy import with_code, without_code
from deleverage.journal.papers import Head
from deleverage.journal.past import read_head
from deleverage.journal.signing import SEED_BYTES, Signer, read_key
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

_OF_LIBRARY = "-wal", "-shm", "-journal"
"""What SQLite keeps beside a file: left beside another one it would be taken for that one's."""


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
    """Return a new journal in a file, with an anchor and a key of its own: all of it, or nothing is left.

    EXISTS where one of the three is there, LOCKED while somebody else makes it. What a making that was cut short has
    left is taken away first.
    """
    path, files = _name_of(path), files or SystemFiles()
    book = Book() if book is None else book.copy()  # the caller's goes on
    seed = os.urandom(SEED_BYTES)
    head = head_of(domain, rules, book, Signer(seed).public_key, money)  # what has no document: no file is there
    journal = made(path, files, head, seed, lambda: SqliteStore(path, create=True))
    journal.head = replace(head, rules=rules)  # what decides has its code, what is written names it
    return journal


def made(
    path: str,
    files: Files,
    head: Head,
    seed: bytes,
    store: Callable[[], SqliteStore],
    journal: type[Journal] = Journal,
) -> Journal:
    """Return a new journal with this head and this key in what ``store`` opens once there is an empty file."""
    names = path, anchor_of(path), key_of(path)
    with typed(path), ExitStack() as undoing:
        making = Making(files, path, names, names[1], [f"{path}{suffix}" for suffix in _OF_LIBRARY])
        undoing.callback(making.undo)
        write_key(files, names[2], seed)
        files.open(path, create=True).close()  # for its owner only: the library would let others read it
        opened = store()
        undoing.callback(_closed, opened.close)
        new = journal.create(opened, files, names[1], head, Signer(seed))
        undoing.callback(_closed, new.close)
        making.done()
        undoing.pop_all()
    return new


def _closed(close: Callable[[], None]) -> None:
    with suppress(JournalFault):
        close()


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
    return finished(journal, files, path)


def finished(journal: Journal, files: Files, path: str) -> Journal:
    """Return a journal that was opened, without the flag of a making that was cut short behind its last part."""
    with typed(path), ExitStack() as failing:
        failing.callback(_closed, journal.close)
        finish(files, path)
        failing.pop_all()
    return journal
