"""Proofs of inclusion: made of a receipt and its journal, and checked with no journal at hand.

Exit codes of ``deleverage verify --proof FILE``: 0 PASS, 2 it is no proof, 4 it does not hold.
"""

from pathlib import Path
from typing import Any

from deleverage.commands.kept_papers import read_file
from deleverage.commands.output import DIVERGENCE, DONE, head, print_json, refuse
from deleverage.documents import BadDocument
from deleverage.domain.show import counted
from deleverage.journal import inclusion
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.papers import Receipt
from deleverage.journal.past import read_head
from deleverage.journal.proof import Proof, prove
from deleverage.journal.reading import names_of
from deleverage.journal.store import Store


def proof_of(store: Store, receipt: Receipt, account: str | None, public_key: str | None) -> Proof:
    """Return the proof of a receipt, checked; JournalFault UNLAWFUL where there is nothing to show."""
    read = read_head(store)
    names = frozenset[str]() if account is None else names_of(store, read, account)
    proof = prove(store, read, receipt, names)
    inclusion.check(proof, public_key)
    return proof


def write_proof(proof: Proof, path: Path) -> None:
    """Write a proof to a file; JournalFault FAILED where it cannot be written."""
    try:
        path.write_bytes(inclusion.text_of(proof))
    except OSError as error:
        raise JournalFault(Why.FAILED, f"{path} cannot be written: {error.strerror}") from None
    except ValueError as error:
        raise JournalFault(Why.FAILED, f"{str(path)!a} cannot be written: {error}") from None


def check_proof(path: Path, *, public_key: str | None, as_json: bool) -> int:
    """Check the proof in a file, print PASS or what does not hold, and return the exit code."""
    try:
        proof = inclusion.read(read_file(path, inclusion.LARGEST_BYTES))
    except BadDocument as error:
        return refuse([JournalFault(Why.BAD_FORMAT, f"{path} is no proof: {error}")], as_json=as_json)
    except JournalFault as fault:
        return refuse([fault], as_json=as_json)
    deviation = _deviation(proof, public_key)
    if as_json:
        told = None if deviation is None else {"why": deviation.why.name, "sentence": str(deviation)}
        passed = {"proof": str(path), "passed": deviation is None, "deviation": told}
        print_json({**head("proof-check"), **passed, **included(proof)})
    else:
        taken = public_key or f"{proof.public_key} (the proof's own word was taken, give --public-key)"
        lines = [f"proof       {path}: domain {proof.receipt.domain}", f"key         {taken}", *inclusion_lines(proof)]
        print("\n".join([*lines, "PASS" if deviation is None else f"DIVERGENCE: {deviation}"]))
    return DONE if deviation is None else DIVERGENCE


def _deviation(proof: Proof, public_key: str | None) -> JournalFault | None:
    try:
        inclusion.check(proof, public_key)
    except JournalFault as fault:
        return fault
    return None


def included(proof: Proof) -> dict[str, Any]:
    """Return what a proof shows, as a part of a document."""
    return {
        "command": str(proof.receipt.seq),
        "checkpoint": str(proof.checkpoint.seq),
        "entries_root": proof.checkpoint.entries_root,
        "parts": [{"path": shown.path, "text": shown.text} for shown in proof.shown],
    }


def inclusion_lines(proof: Proof) -> list[str]:
    """Return what a proof shows, for people: where the command lies, and every part as it was hashed."""
    receipt, checkpoint = proof.receipt, proof.checkpoint
    where = f"command {receipt.seq:,} in block {receipt.number:,}, before the checkpoint of command {checkpoint.seq:,}"
    lines = [f"included    {where}", f"            {counted(len(proof.shown), 'part')} of its entry:"]
    return [*lines, *(f"  {shown.path or 'command'}: {shown.text}" for shown in proof.shown)]
