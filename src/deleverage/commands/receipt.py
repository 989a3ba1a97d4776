"""``deleverage receipt JOURNAL SEQ|KEY``: the receipt of an acknowledged command again.

Exit codes: 0 done, 2 there is no such journal, key or command.
"""

import json
from contextlib import closing
from pathlib import Path
from shlex import quote

from deleverage.commands.kept_papers import receipt_document, refuse_journal, require_other
from deleverage.commands.output import DONE, print_json, say
from deleverage.documents import BadDocument
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.files import FilesToRead
from deleverage.journal.papers import Receipt
from deleverage.journal.past import read_head, require_acknowledged, require_hashes, require_signed_past
from deleverage.journal.place import Place, place_of
from deleverage.journal.reading import read_mark, receipt_of, seq_of
from deleverage.journal.signing import read_key


def receipt(journal: str, command: str, *, out: Path | None, as_json: bool) -> int:
    """Sign the receipt of a command again, print or write it, and return the exit code; nothing else is written."""
    try:
        place = place_of(journal)
        if out is not None:
            require_other(out, place)
        found, key = _receipt(place, command)
        if out is not None:
            _write(out, json.dumps(receipt_document(found), indent=2) + "\n")
    except (JournalFault, BadDocument) as fault:
        return refuse_journal(journal, fault, as_json=as_json)
    if out is not None:
        say(f"receipt written to {out}; `deleverage verify {quote(place.name)} --receipt {out}` looks for it")
    if as_json:
        print_json(receipt_document(found))
    else:
        print("\n".join(_lines(found, key)))
    return DONE


def _receipt(place: Place, command: str) -> tuple[Receipt, str]:
    """Return the receipt of a number or key, and the public key with which it is signed."""
    with closing(place.store()) as store:
        head, signer = read_head(store), read_key(place.key)
        if signer.public_key != head.public_key:
            raise JournalFault(Why.OTHER_HEAD, "the signing key", signer.public_key, head.public_key)
        mark = read_mark(FilesToRead(), place.anchor)
        require_acknowledged(store, mark)
        require_hashes(store, mark.number)  # what is signed here somebody will rely on
        require_signed_past(store, head)
        is_number = command.isascii() and command.isdigit() and len(command) < 19
        seq = int(command) if is_number else seq_of(store, command)
        return receipt_of(store, head.domain, seq, mark.seq, signer), head.public_key


def _lines(found: Receipt, key: str) -> list[str]:
    return [
        f"command     {found.seq:,} of {found.domain} is acknowledged",
        f"block       {found.number:,}, which ends with command {found.last_seq:,}, written in epoch {found.epoch}",
        f"chain hash  {found.chain_hash}",
        f"key         {key}",
        f"signature   {found.signature}",
    ]


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="ascii")
    except OSError as error:
        raise JournalFault(Why.FAILED, f"{path} cannot be written: {error.strerror}") from None
    except ValueError as error:
        raise JournalFault(Why.FAILED, f"{str(path)!a} cannot be written: {error}") from None
