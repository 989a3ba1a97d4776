"""An entry in parts, so that each account can be shown its own and no other.

A step that closes a thousand positions is one entry, and a trade names two who need not know each other. So a document
is cut: each record of an array and each text of one, at any depth; whoever a command or a fact names; the rejection.
Each is a part of its own, with the path where it stood; what is left, with the arrays' lengths, is the part of its
owner. A part's leaf is blinded with a secret that only holders of the journal know: a neighbour's hash in a proof tells
nothing, however few values it could have.

The root over all parts of an entry is its leaf in the tree over entries, to whose root a checkpoint commits.
"""

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

from deleverage.documents import Json, canonical, encode
from deleverage.journal import merkle
from deleverage.journal.block import read_block
from deleverage.journal.entry import Entry

FIRST, REJECTION = "", "rejection"
"""The paths of the part with number, key and command, and of a refusal."""

NAMING = ("unit_id", "account_id")
"""How keys end that name somebody."""

_REMOVED, _ORDERS = re.compile(r"\.removed\[[0-9]+\]\Z"), re.compile(r"\.orders\[[0-9]+\]\Z")


class Part(NamedTuple):
    """One part: its path in the entry's document, and its canonical JSON."""

    path: str
    text: str

    @property
    def content(self) -> bytes:
        """The bytes that are hashed, without the blind."""
        return f"{self.path}\0{self.text}".encode("ascii")


def parts_of(entry: Entry) -> list[Part]:
    """Return the parts of an entry: first what is left of it and its command, then each in the document's order."""
    document = encode(Entry, entry)
    command, facts, rejection = document.pop("command"), document.pop("facts"), document.pop("rejection")
    kept, cut = _cut("command", command, NAMING)
    parts = [Part(FIRST, canonical([document, *kept])), *cut]
    if rejection is not None:
        parts.append(Part(REJECTION, canonical(rejection)))
    for at, fact in enumerate(facts or []):
        path = f"facts[{at}]"
        kept, cut = _cut(path, fact, NAMING)
        parts += [Part(path, canonical(kept)), *cut]
    return parts


def _cut(path: str, record: dict[str, Json], naming: tuple[str, ...]) -> tuple[list[Json], list[Part]]:
    """Return what is left of a record, with the lengths of the arrays that were cut out, and all that was cut out."""
    own, lengths, parts = {}, {}, list[Part]()
    for key, value in record.items():
        here = f"{path}.{key}"
        if type(value) is list and value and type(value[0]) in (dict, str):
            lengths[key] = str(len(value))
            for at, item in enumerate(value):
                parts += _of_item(f"{here}[{at}]", item)
        elif key.endswith(naming):
            parts.append(Part(here, canonical(value)))
        else:
            own[key] = value
    return [own, lengths], parts


def _of_item(path: str, item: Json) -> list[Part]:
    """Return the parts of one item of an array; a record keeps the names in it: it is about them."""
    if type(item) is not dict:
        return [Part(path, canonical(item))]
    kept, parts = _cut(path, item, ())
    return [Part(path, canonical(kept)), *parts]


def names_in(part: Part) -> set[str]:
    """Return every unit and account that a part names, and the orders: nobody knows whose these are.

    A refusal's sentence may name somebody, too; it is for its reader to look.
    """
    content = json.loads(part.text)
    if part.path.endswith(NAMING):
        return {content} - {""}
    if _REMOVED.search(part.path):
        return {content.partition(": ")[0]}
    return set(_named(content, (*NAMING, "order_id") if _ORDERS.search(part.path) else NAMING)) - {""}


def _named(content: Json, naming: tuple[str, ...]) -> Iterator[str]:
    if type(content) is list:
        for item in content:
            yield from _named(item, naming)
    elif type(content) is dict:
        for key, value in content.items():
            if type(value) is str and key.endswith(naming):
                yield value
            yield from _named(value, naming)


def blinds_of(blind: str, entry: Entry, count: int) -> Iterator[bytes]:
    """Yield the blind of each part of an entry, from the journal's secret."""
    own = bytes.fromhex(blind) + entry.seq.to_bytes(8, "big")
    for at in range(count):
        yield sha256(own + at.to_bytes(8, "big")).digest()


def leaves_of(entry: Entry, blind: str) -> list[bytes]:
    """Return the hash of each part of an entry."""
    parts = parts_of(entry)
    blinds = blinds_of(blind, entry, len(parts))
    return [merkle.leaf(secret + part.content) for part, secret in zip(parts, blinds, strict=True)]


def leaf_of(entry: Entry, blind: str) -> bytes:
    """Return the leaf of an entry in the tree over entries."""
    return merkle.leaf(merkle.root(leaves_of(entry, blind)))


def leaves_of_block(content: bytes, blind: str) -> list[bytes]:
    """Return the leaf of each entry of a block, given as bytes."""
    return [leaf_of(entry, blind) for entry in read_block(content).entries()]
