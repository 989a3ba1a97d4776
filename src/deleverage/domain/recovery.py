"""From a journal back to the state it tells of: the newest snapshot, and every command since, executed again."""

from collections.abc import Callable, Iterable

from deleverage.documents import BadDocument, canonical, decode, encode, parse
from deleverage.domain.domain import Domain
from deleverage.domain.engines import COLUMNS, Answer
from deleverage.domain.replaying import replay
from deleverage.journal.block import read_block
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.journal import Journal
from deleverage.journal.own_policy import require_code
from deleverage.journal.papers import require_signature
from deleverage.journal.store import Snapshot
from deleverage.rulebook.book import Book
from deleverage.rulebook.messages import Rejection

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


def recover(journal: Journal, engine: str = COLUMNS, progress: Progress = lambda what, done, total: None) -> Domain:
    """Return the domain that a journal tells of, on an engine ("columns" or "rulebook").

    NO_POLICY where the rules name a policy from a file, and the journal was opened without. OTHER_STATE where a
    snapshot is not the state that was signed, or executing a command again gives another answer: rules, program or
    journal are not those of the day.
    """
    require_code(journal.head)
    snapshot = journal.store.snapshot()
    book = journal.head.state_at_start if snapshot is None else _book_of(snapshot, journal)
    domain = Domain(book.copy(), journal.head.rules, engine)
    for stored in journal.store.blocks(0 if snapshot is None else snapshot.number):
        replay(domain, read_block(stored.content))
        progress("recover", stored.last_seq, journal.seq)
    return domain


def snapshot_of(domain: Domain) -> bytes:
    """Return the bytes from which a domain's state is rebuilt."""
    return canonical(encode(Book, domain.book.copy())).encode("ascii")


def _book_of(snapshot: Snapshot, journal: Journal) -> Book:
    """Return the book of a snapshot whose digest a checkpoint has signed."""
    signed = [one for one in journal.checkpoints() if one.number == snapshot.number]
    if not signed:
        raise JournalFault(Why.OTHER_STATE, f"no checkpoint vouches for the snapshot behind block {snapshot.number}")
    require_signature(signed[-1], journal.head.public_key)
    try:
        book = decode(Book, parse(snapshot.content))
    except BadDocument as error:
        raise JournalFault(Why.BAD_FORMAT, f"the snapshot behind block {snapshot.number}: {error}") from None
    if book.digest() != signed[-1].state_digest:
        sentence = f"the digest of the snapshot behind block {snapshot.number}"
        raise JournalFault(Why.OTHER_STATE, sentence, book.digest(), signed[-1].state_digest)
    return book


def require_next(journal: Journal, domain: Domain, answers: Iterable[Answer]) -> None:
    """Raise UNLAWFUL where a domain has not answered in the state that a journal tells of: another one wrote to it."""
    before = domain.book.seq - sum(len(answer) for answer in answers if not isinstance(answer, Rejection))
    if before != journal.facts:
        raise JournalFault(Why.UNLAWFUL, "facts before these answers", before, journal.facts)
