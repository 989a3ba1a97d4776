"""A proof that a command lies in a journal, with the parts that one account may see; ``inclusion`` checks it.

It climbs twice: from each part that is shown to the root over the parts of its entry, and from there to the root over
all entries to which a signed checkpoint commits. Siblings on the way are hashes of blinded parts and say nothing.

What it proves: whoever has the key has signed that this command, with these parts, is the one of this number. That the
answer is the law's is proved by executing the journal again, and that needs all of it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from deleverage.documents import Json
from deleverage.journal import merkle, papers
from deleverage.journal.block import read_block
from deleverage.journal.entry import Entry
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.merkle import Step
from deleverage.journal.papers import Checkpoint, Head, Receipt
from deleverage.journal.parts import FIRST, REJECTION, Part, blinds_of, leaf_of, leaves_of, names_in, parts_of
from deleverage.journal.store import Store


class Sibling(NamedTuple):
    """One step up: the hash beside, hexadecimal; ``left``: it stands on the left."""

    hash: str
    left: bool


class Shown(NamedTuple):
    """A part that is shown: its path, its canonical text, its blind, and its way to the root of its entry."""

    path: str
    text: str
    blind: str
    siblings: tuple[Sibling, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Command ``receipt.seq`` lies before ``checkpoint``; the first part that is shown says its number and command.

    As a file it is one canonical JSON text and nothing else: no byte of it can be another.
    """

    public_key: str
    receipt: Receipt
    checkpoint: Checkpoint
    siblings: tuple[Sibling, ...]  # from the entry to the root over entries
    shown: tuple[Shown, ...]


def prove(store: Store, head: Head, receipt: Receipt, names: frozenset[str]) -> Proof:
    """Return the proof for a receipt: with ``names`` the parts about these, without any those of the command itself.

    UNLAWFUL where no checkpoint lies behind the command yet, or the entry says nothing about these names.
    """
    checkpoint = _behind(store, receipt.seq)
    entries = list(_entries(store, checkpoint.first_seq, checkpoint.seq))
    at = receipt.seq - checkpoint.first_seq
    entry = entries[at]
    parts, leaves = parts_of(entry), leaves_of(entry, head.blind)
    chosen = chosen_of(parts, names)
    if names and not any(names & names_in(parts[n]) for n in chosen):
        whom = ", ".join(sorted(names)[:3])
        raise JournalFault(Why.UNLAWFUL, f"command {entry.seq} says nothing about {whom}")
    blinds = list(blinds_of(head.blind, entry, len(parts)))
    return Proof(
        public_key=head.public_key,
        receipt=receipt,
        checkpoint=checkpoint,
        siblings=_siblings(merkle.path([leaf_of(one, head.blind) for one in entries], at)),
        shown=tuple(
            Shown(parts[n].path, parts[n].text, blinds[n].hex(), _siblings(merkle.path(leaves, n))) for n in chosen
        ),
    )


def chosen_of(parts: list[Part], names: frozenset[str]) -> list[int]:
    """Return which parts are shown: never one that names somebody else, and of the facts only what is about ``names``.

    What names nobody in a fact that is about them (its prices, pools, sums) is shown with it. A refusal that names
    nobody ("position and open orders exceed the bound") may be about any unit of the command: it is shown where the
    command has no other, or the refusal says that it is about ``names``.
    """
    mentioned = [names_in(part) for part in parts]
    if not names:
        return [n for n, part in enumerate(parts) if not part.path.startswith("facts")]
    others = set().union(*mentioned) - names
    about = {_fact(part.path) for part, named in zip(parts, mentioned, strict=True) if named & names}
    chosen = []
    for n, (part, named) in enumerate(zip(parts, mentioned, strict=True)):
        if part.path == REJECTION:
            shown = not others or (_says(part.text, names) and not any(other in part.text for other in others))
        else:
            shown = named <= names and (part.path == FIRST or _fact(part.path) in about)
        if shown:
            chosen.append(n)
    return chosen


def _says(rejection: str, names: frozenset[str]) -> bool:
    """Return whether a word of a refusal is one of some names; no name has a blank."""
    return any(not names.isdisjoint(text.split()) for text in _texts(json.loads(rejection)))


def _texts(part: Json) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        for inner in part.values():
            yield from _texts(inner)


def _fact(path: str) -> str:
    return path.partition(".")[0]


def _behind(store: Store, seq: int) -> Checkpoint:
    for content in store.checkpoints():
        checkpoint: Checkpoint = papers.read(Checkpoint, content)
        if checkpoint.first_seq <= seq <= checkpoint.seq:
            return checkpoint
    raise JournalFault(Why.UNLAWFUL, f"no checkpoint lies behind command {seq} yet, so there is no root to climb to")


def _entries(store: Store, first_seq: int, last_seq: int) -> Iterator[Entry]:
    first = store.block_with(first_seq)
    for stored in store.blocks(0 if first is None else first.number - 1):
        if stored.first_seq > last_seq:
            return
        yield from (entry for entry in read_block(stored.content).entries() if first_seq <= entry.seq <= last_seq)


def _siblings(steps: list[Step]) -> tuple[Sibling, ...]:
    return tuple(Sibling(step.sibling.hex(), step.left) for step in steps)
