"""One stretch of a journal executed again with the rulebook: from a state that was signed to the next one.

Whoever hands in the state at the start need not be trusted: its digest is the one that was signed, or the stretch
before would have ended elsewhere. So stretches can be looked at in any order, by several processes at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter_ns
from typing import NamedTuple

from deleverage.documents import BadDocument, encode
from deleverage.documents.differences import difference
from deleverage.domain.domain import Domain
from deleverage.domain.engines import RULEBOOK
from deleverage.domain.verification.verdict import Deviation, deviation_of
from deleverage.journal import merkle
from deleverage.journal.block import Block, block_of, read_block
from deleverage.journal.entry import Entry, entry_of
from deleverage.journal.faults import JournalFault
from deleverage.journal.papers import Checkpoint
from deleverage.journal.parts import leaf_of
from deleverage.rulebook.book import Book
from deleverage.rulebook.invariants import InvariantBroken
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.selection import PolicyFault


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Blocks between two signed states. ``end`` is None behind the last checkpoint; ``to_seq`` cuts inside."""

    book: Book
    rules: Rules
    digest: str
    blocks: tuple[bytes, ...]
    end: Checkpoint | None
    blind: str
    to_seq: int


class Outcome(NamedTuple):
    """How many commands and facts were executed again, and where the journal says something else."""

    first_seq: int
    commands: int
    facts: int
    execution_ns: int
    deviation: Deviation | None


def execute(stretch: Stretch) -> Outcome:
    """Return what the rulebook makes of a stretch, compared entry by entry with what was written."""
    started, first_seq, commands, facts = perf_counter_ns(), 0, 0, 0
    deviation: Deviation | None = None
    found = stretch.book.digest()
    if found != stretch.digest:
        return Outcome(0, 0, 0, 0, Deviation("state", "at the start of a stretch", found, stretch.digest))
    domain = Domain(stretch.book, stretch.rules, RULEBOOK)
    leaves: list[bytes] = []
    try:
        for entry in _entries(stretch):
            (answer,) = domain.submit([entry.command])
            commands, facts = commands + 1, facts + len(entry.facts or ())
            again = entry_of(entry.seq, entry.key, entry.command, answer)
            if again != entry and (different := difference(encode(Entry, again), encode(Entry, entry))):
                where = f"command {entry.seq}, {type(entry.command).__name__}: {different.path}"
                deviation = Deviation("answer", where, different.found, different.expected)
                break
            first_seq = first_seq or entry.seq
            leaves.append(leaf_of(entry, stretch.blind))
    except JournalFault as fault:
        deviation = deviation_of(fault, f"behind command {commands} of the stretch")
    except PolicyFault as fault:
        where = f"behind command {commands} of the stretch: the policy"
        deviation = Deviation("answer", where, "an answer", str(fault)[:400])
    except (BadDocument, InvariantBroken) as fault:
        deviation = Deviation("entry", f"behind command {commands} of the stretch", str(fault)[:400], "a lawful one")
    if deviation is None and stretch.end is not None and stretch.to_seq >= stretch.end.seq:
        deviation = _compare_end(stretch.end, domain, leaves)
    return Outcome(first_seq, commands, facts, perf_counter_ns() - started, deviation)


def _entries(stretch: Stretch) -> Iterator[Entry]:
    """Yield the entries of a stretch; a block that is not the one encoding of what it says is a BAD_FORMAT."""
    for content in stretch.blocks:
        block = read_block(content)
        entries = list(block.entries())
        if _written_again(block, entries) != content:
            raise BadDocument(f"block {block.number} is not the encoding of what it says")
        yield from (entry for entry in entries if entry.seq <= stretch.to_seq)


def _written_again(block: Block, entries: list[Entry]) -> bytes:
    answered = [(entry.key, entry.command, entry.answer) for entry in entries]
    return block_of(block.number, block.epoch, block.first_seq, block.facts_before, answered).to_bytes()


def _compare_end(end: Checkpoint, domain: Domain, leaves: list[bytes]) -> Deviation | None:
    where = f"the checkpoint behind command {end.seq}"
    for what, found, expected in (
        ("entries root", end.entries_root, merkle.root(leaves).hex()),
        ("state digest", end.state_digest, domain.digest()),
    ):
        if found != expected:
            return Deviation(what, where, found, expected)
    return None
