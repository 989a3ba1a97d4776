"""A journal compared with what its writers told, with itself, and with a run to which nothing happened."""

from collections.abc import Mapping
from itertools import pairwise

from deleverage.domain import Domain
from deleverage.domain.recovery import recover
from deleverage.domain.verification.verify import verify
from deleverage.journal import anchor
from deleverage.journal.entry import Entry
from deleverage.journal.files import SystemFiles
from deleverage.journal.local import anchor_of, open_journal, open_store
from tests.torture.child import Told
from tests.torture.script import RULES, command, key

WITNESSED = 10
"""Every so many-th receipt is shown to the verification."""


def complaint(path: str, seed: int, told: Mapping[int, Told]) -> str | None:
    """Return the first thing that must not be, of a journal of the script's commands in their order; it is opened."""
    store = open_store(path)
    file = SystemFiles().open(anchor_of(path), create=False)
    try:
        witnesses = [one.receipt for one in told.values()][::WITNESSED]
        verdict = verify(store, anchor.read(file), witnesses=witnesses)
    finally:
        file.close()
        store.close()
    if verdict.deviation is not None:
        return f"verification finds {verdict.deviation}"
    journal = open_journal(path)
    try:
        return _compared(list(journal.entries()), recover(journal).digest(), seed, told)
    finally:
        journal.close()


def _compared(entries: list[Entry], digest: str, seed: int, told: Mapping[int, Told]) -> str | None:
    there = {entry.seq: entry for entry in entries}
    for one in told.values():
        entry = there.get(one.seq)
        if entry is None:
            return f"lost: command {one.number}, acknowledged as {one.seq}"
        if (entry.key, ascii(entry.answer)) != (key(seed, one.number), one.answer):
            return f"command {one.number} was answered {one.answer}, the journal says {entry}"
    if len({entry.key for entry in entries}) < len(entries):
        return "a key is there twice"
    if any(one.seq + 1 != two.seq for one, two in pairwise(entries)):
        return "a number is there twice, or is missing"
    control = Domain.open(RULES)
    answers = control.submit(command(seed, number) for number in range(1, len(entries) + 1))
    if [entry.answer for entry in entries] != answers or digest != control.digest():
        return "a run to which nothing happened comes to something else"
    return None
