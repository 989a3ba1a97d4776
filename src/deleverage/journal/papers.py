"""What a journal signs and what it begins with: head, receipt and checkpoint, each one canonical JSON text.

A *receipt* goes to whoever is acknowledged, and lets them prove later that the journal was cut or rewritten. A
*checkpoint* names the state itself, so that execution can start and be compared there.
"""

from dataclasses import dataclass, fields, replace
from hashlib import sha256
from typing import Any, TypeVar

from deleverage import __version__
from deleverage.documents import BadDocument, canonical, decode, encode, parse
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.signing import Signer, is_signed
from deleverage.rulebook.book import Book
from deleverage.rulebook.quantities import Scale
from deleverage.rulebook.rules import Rules

PROGRAM = f"deleverage {__version__}"
"""Who writes and signs; a newer program that goes on with a journal first gives every answer since the snapshot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a journal begins with: whose it is, under which rules, from which state, and who signs.

    ``currency`` and ``money`` (the size of a quantum in it) only serve printing; without a currency, quanta are shown.
    """

    domain: str
    program: str
    rules: Rules
    rules_hash: str
    policy_hash: str
    state_at_start: Book
    digest_at_start: str
    public_key: str
    blind: str  # hexadecimal secret of whoever holds the journal: hashes of parts do not tell what is in them
    currency: str = ""
    money: Scale = Scale(1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The acknowledgement of command ``seq``: it lies in block ``number``, behind which the chain has this hash."""

    domain: str
    seq: int
    number: int
    last_seq: int
    chain_hash: str
    epoch: int
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The journal and the state behind command ``seq``, which block ``number`` ends with.

    ``entries_root`` commits to every part of every entry since ``first_seq`` (``merkle``); ``previous`` is the hash of
    the checkpoint before, and empty in the first one.
    """

    domain: str
    first_seq: int
    seq: int
    number: int
    facts: int
    chain_hash: str
    state_digest: str
    entries_root: str
    epoch: int
    rules_hash: str
    policy_hash: str
    program: str
    previous: str
    signature: str


Signed = TypeVar("Signed", Receipt, Checkpoint)


def policy_hash_of(rules: Rules) -> str:
    """Return the hash of the policy that chooses who is closed, with its parameters."""
    from deleverage.rulebook.selection import Policy

    policy: Any = Policy
    return sha256(canonical(encode(policy, rules.policy)).encode("ascii")).hexdigest()


def hash_of(paper: Receipt | Checkpoint) -> str:
    """Return the hash of a signed paper, signature included."""
    return sha256(_text(paper).encode("ascii")).hexdigest()


def signed(paper: Signed, signer: Signer) -> Signed:
    """Return the paper with its signature. All receipts of a block share theirs: it says nothing of ``seq``."""
    return replace(paper, signature=signer.sign(_signed_text(paper)))


def require_signature(paper: Receipt | Checkpoint, public_key: str) -> None:
    """Raise JournalFault BAD_SIGNATURE where a paper was not signed with the key."""
    if not is_signed(public_key, _signed_text(paper), paper.signature):
        named = f"the {type(paper).__name__.lower()} of command {paper.seq}"
        raise JournalFault(Why.BAD_SIGNATURE, named, f"{paper.signature[:16]}...", f"one by {public_key[:16]}...")


def text_of(paper: Head | Receipt | Checkpoint) -> bytes:
    """Return a paper's bytes."""
    return _text(paper).encode("ascii")


def read(kind: type[Any], content: bytes) -> Any:
    """Return the paper of a kind in a text that somebody kept, however it is laid out; BadDocument where it is none."""
    return decode(kind, parse(content))


def read_stored(kind: type[Any], content: bytes) -> Any:
    """Return the paper of a kind in a journal's bytes; BadDocument where they are not the one text of one."""
    paper = read(kind, content)
    if text_of(paper) != content:
        raise BadDocument(f"{kind.__name__} is there, and not in its own spelling")
    return paper


def _text(paper: Any) -> str:
    return canonical(encode(type(paper), paper))


def _signed_text(paper: Receipt | Checkpoint) -> bytes:
    """Return what is signed: the kind of paper, and all it says but the signature and a receipt's own command."""
    left_out = {"signature", "seq"} if isinstance(paper, Receipt) else {"signature"}
    said = {item.name: str(getattr(paper, item.name)) for item in fields(paper) if item.name not in left_out}
    return f"deleverage {type(paper).__name__}\0{canonical(said)}".encode("ascii")
