"""What commands were, as lines: to who answers for everything, and to each account that listens."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from deleverage.documents import encode
from deleverage.domain.outcomes import Written
from deleverage.journal.entry import Entry, entry_of
from deleverage.journal.parts import FIRST, Part, names_in, parts_of
from deleverage.service.questions.facts import own_entry
from deleverage.service.streams.frames import Line

_NAME = re.compile(rb'"([^"/\\ ]+)')
NOBODY = "/"
"""No account's id: whose an order is, an entry does not say."""

_AS_JSON = msgspec.json.Encoder()


class Told(NamedTuple):
    """Lines of some commands: for who sees all, and by account."""

    whole: list[Line]
    own: dict[str, list[Line]]


def told(written: Iterable[Written], accounts: frozenset[str], *, whole: bool) -> Told:
    """Return the lines of commands for whoever listens: to all of it, to accounts."""
    found = Told([], {})
    for one in written:
        if not whole and not accounts:
            continue
        entry = entry_of(one.receipt.seq, one.key, one.command, one.answer)
        text = _AS_JSON.encode(encode(Entry, entry))
        if whole:
            found.whole.append(Line(entry.seq, text))
        named = _may_name(text) & accounts
        if named:
            for account, own in own_texts(entry, named).items():
                found.own.setdefault(account, []).append(Line(entry.seq, own))
    return found


def _may_name(text: bytes) -> set[str]:
    """Return whoever a document may name: the beginnings of its texts, as far as an account's id could go.

    The reason of a removal begins with a unit and ``: ``.
    """
    found = {name.decode("utf-8", "replace") for name in set(_NAME.findall(text))}
    return found | {name.removesuffix(":") for name in found}


def own_texts(entry: Entry, accounts: Iterable[str]) -> dict[str, bytes]:
    """Return what an entry tells each account: the parts of ``questions.facts.own_entry``, cut for all at once."""
    parts = parts_of(entry)
    if entry.rejection is not None:  # short, and whom a refusal is about has rules of its own
        return dict(_of_refusal(entry, parts, accounts))
    index = _Index(parts)
    texts: dict[int, bytes] = {}
    found = {}
    for account in accounts:
        places = index.shown_to(account)
        if places:
            texts |= {place: _text(parts[place]) for place in places if place not in texts}
            body = b",".join(texts[place] for place in places)
            head = f'{{"seq":"{entry.seq}","time_ns":"{entry.command.time_ns}","parts":['
            found[account] = head.encode("ascii") + body + b"]}"
    return found


def _of_refusal(entry: Entry, parts: Sequence[Part], accounts: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield accounts with what a refused command tells them."""
    words = {word for part in parts for word in re.split(r"[\s\"]+", part.text)}
    for account in accounts:
        view = own_entry(entry, frozenset(word for word in words if account_of(word) == account))
        if view is not None:
            yield account, _AS_JSON.encode(view)


def _text(part: Part) -> bytes:
    return b'{"path":' + _AS_JSON.encode(part.path) + b',"content":' + part.text.encode("ascii") + b"}"


class _Index:
    """Which parts of an entry that was not refused are whose."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._everybodys: list[int] = []  # the number and the command
        self._own: dict[str, list[int]] = {}  # by account: parts that name it and nobody else
        self._about: dict[str, set[str]] = {}  # by account: the facts that name it
        self._nobodys: dict[str, list[int]] = {}  # by fact: parts that name nobody
        for place, part in enumerate(parts):
            self._note(place, part)

    def _note(self, place: int, part: Part) -> None:
        names, fact = names_in(part), part.path.partition(".")[0]
        accounts = {NOBODY} if ".orders[" in part.path else {account_of(name) for name in names}
        for account in accounts:
            self._about.setdefault(account, set()).add(fact)
        if len(accounts) == 1:
            self._own.setdefault(next(iter(accounts)), []).append(place)
        elif not accounts:
            (self._everybodys if part.path == FIRST else self._nobodys.setdefault(fact, [])).append(place)

    def shown_to(self, account: str) -> list[int]:
        """Return the places of the parts that an account is shown, in order; none where none names it."""
        own = self._own.get(account)
        if own is None:
            return []
        around = (place for fact in self._about[account] for place in self._nobodys.get(fact, ()))
        return sorted([*self._everybodys, *own, *around])


def account_of(name: str) -> str:
    """Return the account of a unit, or an account itself."""
    return name.partition("/")[0]
