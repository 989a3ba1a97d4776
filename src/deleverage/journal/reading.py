"""What may be asked of a journal without being its writer: nothing here claims an epoch, and its writer may go on."""

from dataclasses import fields
from functools import partial

from deleverage.documents import parse
from deleverage.journal import anchor, papers
from deleverage.journal.anchor import Mark
from deleverage.journal.block import keys_of, read_block
from deleverage.journal.entry import Entry, read_text
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.files import Files
from deleverage.journal.papers import Head, Receipt
from deleverage.journal.signing import Signer
from deleverage.journal.store import Store, Stored
from deleverage.rulebook.messages import AccountOpened, Rejection, UnitOpened

_OPENING = (b'{"command":{"kind":"OpenAccount"', b'{"command":{"kind":"OpenIsolated"')


def read_mark(files: Files, path: str) -> Mark:
    """Return what an anchor says; JournalFault NO_ANCHOR where there is none or it cannot be read."""
    try:
        file = files.open(path, create=False)
    except OSError:
        raise JournalFault(Why.NO_ANCHOR, path) from None
    try:
        return anchor.read(file)
    finally:
        file.close()


def entry_at(store: Store, seq: int) -> Entry:
    """Return the entry of a command; UNLAWFUL where there is none."""
    stored = store.block_with(seq)
    if stored is None:
        last = store.last()
        raise JournalFault(Why.UNLAWFUL, "no such command", seq, f"1 to {0 if last is None else last.last_seq}")
    return next(entry for entry in read_block(stored.content).entries() if entry.seq == seq)


def seq_of(store: Store, key: str) -> int:
    """Return the command under a key; UNLAWFUL where there is none."""
    found = store.seqs_of([key]).get(key)
    if found is not None:
        return found
    for stored in store.blocks(store.indexed()):
        first, keys = keys_of(stored.content)
        if key in keys:
            return first + keys.index(key)
    raise JournalFault(Why.UNLAWFUL, "no command under this key", ascii(key)[:80])


def signed_receipt(stored: Stored, domain: str, seq: int, signer: Signer) -> Receipt:
    """Return the receipt of a command of a block: it acknowledges the block, and names the command."""
    receipt = Receipt(
        domain=domain,
        seq=seq,
        number=stored.number,
        last_seq=stored.last_seq,
        chain_hash=stored.chain_hash.hex(),
        epoch=stored.epoch,
        signature="",
    )
    return papers.signed(receipt, signer)


def receipts_of(last: Receipt, first_seq: int) -> list[Receipt]:
    """Return the receipts of a block's commands, of that of its last one: they differ in the command alone."""
    said = {field.name: getattr(last, field.name) for field in fields(last) if field.name != "seq"}
    of = partial(Receipt, **said)
    return [of(seq=seq) for seq in range(first_seq, last.last_seq + 1)]


def receipt_of(store: Store, domain: str, seq: int, acknowledged: int, signer: Signer) -> Receipt:
    """Return the receipt of an acknowledged command again; UNLAWFUL where there is none, or nobody was told of it."""
    stored = store.block_with(seq)
    if stored is None or seq > acknowledged:
        raise JournalFault(Why.UNLAWFUL, "no such command", seq, f"1 to {acknowledged}")
    return signed_receipt(stored, domain, seq, signer)


def names_of(store: Store, head: Head, name: str) -> frozenset[str]:
    """Return an account and all its units, or the one unit of this name; UNLAWFUL where there is neither."""
    owners = {unit.unit_id: unit.account_id for unit in head.state_at_start.units.values()}
    for stored in store.blocks():
        for text in read_block(stored.content).texts:
            if text.startswith(_OPENING):
                _, answer = read_text(parse(text))
                for fact in () if isinstance(answer, Rejection) else answer:
                    if isinstance(fact, AccountOpened):
                        owners[fact.account.account_id] = fact.account.account_id
                    elif isinstance(fact, UnitOpened):
                        owners[fact.unit_id] = fact.account_id
    units = {unit_id for unit_id, account_id in owners.items() if account_id == name}
    if units or name in owners:
        return frozenset({name, *units})
    raise JournalFault(Why.UNLAWFUL, "no account and no unit of this name", ascii(name)[:80])
