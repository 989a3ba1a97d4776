"""The journal from a cursor: whole entries for who answers for everything, an account's own parts for its owner.

What an owner is shown is what a proof of the same command would show: each part that names the account, what names
nobody in the facts that are about it, and never a part that names somebody else (``journal.parts``).
"""

from typing import Any

from deleverage.documents import encode, parse
from deleverage.domain.domain import Domain
from deleverage.journal.entry import Entry
from deleverage.journal.journal import Journal
from deleverage.journal.parts import names_in, parts_of
from deleverage.journal.proof import chosen_of
from deleverage.service.problems import not_found
from deleverage.service.questions.base import Question, View
from deleverage.service.questions.pages import blocks_from, entries_naming

MOST_OWN = 200
"""Entries of an account that one answer has at most: each is cut into parts, and commands wait for that."""


class FactsView(View, frozen=True, kw_only=True):
    """Entries from a command on, each with command and answer; ``next_from``: where to go on, ``end``: the newest."""

    entries: list[dict[str, Any]]
    next_from: str
    end: str


class PartView(View, frozen=True, kw_only=True):
    """A part of an entry: where it stands in the entry's document, and what it says."""

    path: str
    content: Any


class OwnEntryView(View, frozen=True, kw_only=True):
    """An entry as far as it is one's own."""

    seq: str
    time_ns: str
    parts: list[PartView]


class OwnFactsView(View, frozen=True, kw_only=True):
    """An account's entries; there may be none up to ``next_from``, and more behind it."""

    account: str
    entries: list[OwnEntryView]
    next_from: str
    end: str


class FactsQuestion(Question, frozen=True, kw_only=True):
    """What stands in the journal from a command on?"""

    from_seq: int
    limit: int

    def answer(self, domain: Domain, journal: Journal) -> FactsView:
        """Return so many entries at most."""
        found: list[Entry] = []
        for block, first in blocks_from(journal, self.from_seq):
            stop = first + self.limit - len(found)
            found += block.entries(first, stop)
            if len(found) == self.limit:
                break
        following = found[-1].seq + 1 if found else self.from_seq
        return FactsView(entries=[_whole(entry) for entry in found], next_from=str(following), end=str(journal.seq))


class OwnFactsQuestion(Question, frozen=True, kw_only=True):
    """What stands in the journal about an account, from a command on?"""

    account: str
    from_seq: int
    limit: int

    def answer(self, domain: Domain, journal: Journal) -> OwnFactsView:
        """Return so many entries at most, found in a bounded part of the journal."""
        own = domain.own_book(self.account)
        if own is None:
            raise not_found()
        names, limit = frozenset({self.account, *own.units}), min(self.limit, MOST_OWN)
        found: list[OwnEntryView] = []
        following = self.from_seq
        for cursor in blocks_from(journal, self.from_seq):
            following = cursor.block.last_seq + 1
            for entry in entries_naming(cursor, names):
                if (view := own_entry(entry, names)) is not None:
                    found.append(view)
                if len(found) == limit:
                    following = entry.seq + 1
                    break
            if len(found) == limit:
                break
        return OwnFactsView(account=self.account, entries=found, next_from=str(following), end=str(journal.seq))


def own_entry(entry: Entry, names: frozenset[str]) -> OwnEntryView | None:
    """Return the parts of an entry that are about some names; None: none is."""
    parts = parts_of(entry)
    shown = [parts[place] for place in chosen_of(parts, names)]
    if not any(names_in(part) & names for part in shown):
        return None
    told = [PartView(path=part.path, content=parse(part.text.encode("ascii"))) for part in shown]
    return OwnEntryView(seq=str(entry.seq), time_ns=str(entry.command.time_ns), parts=told)


def _whole(entry: Entry) -> dict[str, Any]:
    document: Any = encode(Entry, entry)
    return dict(document)
