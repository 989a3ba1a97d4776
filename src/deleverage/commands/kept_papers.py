"""Papers that somebody kept, as files: receipts and checkpoints, as the journal writes them or as a command prints."""

import os
from pathlib import Path
from typing import Any

from deleverage.commands.output import BAD_INPUT, DIVERGENCE, head, refuse
from deleverage.documents import BadDocument, decode, encode, parse
from deleverage.journal.address import shown
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.papers import Checkpoint, Receipt
from deleverage.journal.place import Place

LARGEST_PAPER_BYTES = 65_536

Paper = Receipt | Checkpoint

UNTRUE = (Why.OTHER_STATE, Why.BROKEN_CHAIN, Why.OTHER_HEAD, Why.OTHER_PAST, Why.LOST_TAIL, Why.BAD_SIGNATURE)
"""Faults that say: this is a journal, and it does not tell the truth."""


def refuse_journal(text: str, fault: JournalFault | BadDocument, *, as_json: bool) -> int:
    """Print why the journal that a text names, or what was asked of it, is of no use, and return the exit code."""
    journal = shown(text)
    if isinstance(fault, BadDocument):
        return refuse([f"{journal}: {Why.BAD_FORMAT.value} ({fault})"], as_json=as_json)
    code = DIVERGENCE if fault.why in UNTRUE else BAD_INPUT
    way = ": give it with --policy FILE" if fault.why is Why.NO_POLICY else ""
    return refuse([f"{journal}: {fault.why.value} ({fault}){way}"], as_json=as_json, code=code)


def require_other(out: Path, place: Place, *kept: Path) -> None:
    """Raise EXISTS where what is to be written would replace a journal, its anchor or key, or a paper that is kept."""
    for name in (*place.files, *map(str, kept)):
        if "\0" not in f"{out}{name}" and os.path.realpath(out) == os.path.realpath(name):
            raise JournalFault(Why.EXISTS, f"{out} is needed, and nothing is written over it")


def read_file(path: Path, most_bytes: int) -> bytes:
    """Return the bytes of a file; JournalFault where it cannot be read or has more than so many."""
    try:
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except OSError as error:
        raise JournalFault(Why.NO_JOURNAL, f"{path}: {error.strerror}") from None
    except ValueError as error:  # a path with a null byte
        raise JournalFault(Why.NO_JOURNAL, f"{str(path)!a}: {error}") from None
    if len(content) > most_bytes:
        raise JournalFault(Why.BAD_FORMAT, f"{path} is too long", f"more than {most_bytes:,} bytes", most_bytes)
    return content


def read_paper(path: Path) -> Paper:
    """Return the receipt or checkpoint in a file; JournalFault where there is none."""
    try:
        document = parse(read_file(path, LARGEST_PAPER_BYTES))
        kind: type[Any] = Receipt
        if type(document) is dict:
            kind = Checkpoint if document.get("kind") == "checkpoint" or "state_digest" in document else Receipt
            document = {key: value for key, value in document.items() if key not in head("")}
        paper: Paper = decode(kind, document)
    except BadDocument as error:
        raise JournalFault(Why.BAD_FORMAT, f"{path} is neither a receipt nor a checkpoint: {error}") from None
    return paper


def receipt_document(receipt: Receipt) -> dict[str, Any]:
    """Return a receipt as the document that a command prints."""
    return {**head("receipt"), **encode(Receipt, receipt)}
