"""A proof checked without its journal: signatures, numbers, and the way from the shown parts to the signed root."""

import re
from collections.abc import Iterator
from typing import Any

from deleverage.documents import BadDocument, Json, canonical, decode, encode, parse
from deleverage.journal import merkle, papers
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.merkle import Step
from deleverage.journal.papers import Checkpoint, Receipt
from deleverage.journal.parts import FIRST, Part
from deleverage.journal.proof import Proof, Shown, Sibling

LARGEST_BYTES = 16 * 1024 * 1024
"""No file of a proof is longer: some thousand parts of an entry."""

_HASH = re.compile(r"[0-9a-f]{64}")
_SIGNATURE = re.compile(r"[0-9a-f]{128}")


def check(proof: Proof, public_key: str | None = None) -> None:
    """Return if a proof holds; JournalFault says what does not. ``public_key``: whose signatures are accepted."""
    receipt, checkpoint, key = proof.receipt, proof.checkpoint, public_key or proof.public_key
    for what, text in _hashes(proof):
        if _HASH.fullmatch(text) is None:
            raise JournalFault(Why.BAD_FORMAT, f"{what} is no hash", ascii(text)[:80], "64 hexadecimal digits")
    if not all(shown.path.isascii() and shown.text.isascii() for shown in proof.shown):
        raise JournalFault(Why.BAD_FORMAT, "a part that is shown is not ASCII")
    for paper in (receipt, checkpoint):
        if _SIGNATURE.fullmatch(paper.signature) is None:
            raise JournalFault(Why.BAD_FORMAT, "no signature", ascii(paper.signature)[:80], "128 hexadecimal digits")
        papers.require_signature(paper, key)
    for what, found, expected in (
        ("the key", proof.public_key, key),
        ("the domain of the receipt", receipt.domain, checkpoint.domain),
        ("the command's number", said_seq(proof), receipt.seq),
        ("the command is behind the checkpoint before", receipt.seq >= checkpoint.first_seq, True),
        ("the command is before the checkpoint", receipt.seq <= receipt.last_seq <= checkpoint.seq, True),
        ("the block is before the checkpoint", receipt.number <= checkpoint.number, True),
        ("the last block is that of the checkpoint", _ends(receipt), _ends(checkpoint, receipt)),
    ):
        if found != expected:
            raise JournalFault(Why.OTHER_PAST, what, found, expected)
    roots = {_root(shown) for shown in proof.shown}
    if len(roots) != 1:
        raise JournalFault(Why.OTHER_PAST, "the parts lead to one entry", f"{len(roots)} entries", 1)
    entries_root = merkle.climb(merkle.leaf(roots.pop()), _steps(proof.siblings)).hex()
    if entries_root != checkpoint.entries_root:
        sentence = "the root to which parts and siblings lead"
        raise JournalFault(Why.OTHER_PAST, sentence, entries_root, checkpoint.entries_root)


def said_seq(proof: Proof) -> int:
    """Return the number that the first part says of its entry; BAD_FORMAT where it says none."""
    try:
        first = proof.shown[0]
        document: Any = parse(first.text.encode("ascii"))
        if first.path == FIRST:
            return int(document[0]["seq"])
    except (BadDocument, IndexError, KeyError, TypeError, ValueError):
        pass
    raise JournalFault(Why.BAD_FORMAT, "the first part that is shown says no number of a command")


def _hashes(proof: Proof) -> Iterator[tuple[str, str]]:
    yield "the public key", proof.public_key
    for sibling in proof.siblings:
        yield "a sibling", sibling.hash
    for shown in proof.shown:
        yield "a blind", shown.blind
        for sibling in shown.siblings:
            yield "a sibling", sibling.hash


def _ends(paper: Receipt | Checkpoint, of: Receipt | None = None) -> tuple[int, str]:
    """Return number and hash of a paper's block; a receipt of an earlier block is compared with itself."""
    if isinstance(paper, Checkpoint) and of is not None and paper.number != of.number:
        return of.number, of.chain_hash
    return paper.number, paper.chain_hash


def _root(shown: Shown) -> bytes:
    content = bytes.fromhex(shown.blind) + Part(shown.path, shown.text).content
    return merkle.climb(merkle.leaf(content), _steps(shown.siblings))


def _steps(siblings: tuple[Sibling, ...]) -> list[Step]:
    return [Step(bytes.fromhex(one.hash), one.left) for one in siblings]


def text_of(proof: Proof) -> bytes:
    """Return the one text of a proof; ``program`` is the one that signed the checkpoint."""
    head: dict[str, Json] = {"schema_version": 1, "kind": "proof", "program": proof.checkpoint.program}
    return (canonical({**head, **encode(Proof, proof)}) + "\n").encode("ascii")


def read(content: bytes) -> Proof:
    """Return the proof in these bytes; BadDocument where they are not exactly the text of one."""
    document = parse(content)
    if type(document) is not dict:
        raise BadDocument("an object is expected")
    head = ("schema_version", "kind", "program")
    proof: Proof = decode(Proof, {key: value for key, value in document.items() if key not in head})
    if text_of(proof) != content:
        raise BadDocument("these are not the bytes in which a proof is written")
    return proof
