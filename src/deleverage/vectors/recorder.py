"""A domain that writes down every command it is given, the answer, and what changed in the state."""

from collections.abc import Iterable

from deleverage.documents import Json, encode
from deleverage.domain.domain import Domain, Watcher
from deleverage.domain.engines import RULEBOOK, Answer
from deleverage.rulebook.book import Book
from deleverage.rulebook.messages import Command, Rejection
from deleverage.rulebook.rules import Rules
from deleverage.vectors.vector import Entry, Vector


class Recorder(Domain):
    """A domain with an empty book, whose every command becomes an entry of a vector."""

    def __init__(self, rules: Rules) -> None:
        """Start from the empty book."""
        super().__init__(Book(), rules, RULEBOOK)
        self.entries: list[Entry] = []
        self._start = self.book.copy()
        self._state = encode(Book, self.book)

    def submit(self, commands: Iterable[Command], watcher: Watcher | None = None) -> list[Answer]:
        """Return the answers, as any domain does, and keep each with the state it left."""
        answers = []
        for command in commands:
            (answer,) = super().submit([command], watcher)
            answers.append(answer)
            before, self._state = self._state, encode(Book, self.book)
            self.entries.append(
                Entry(
                    command=command,
                    facts=None if isinstance(answer, Rejection) else answer,
                    rejection=answer if isinstance(answer, Rejection) else None,
                    state_merge_patch=merge_patch(before, self._state),
                    digest=self.digest(),
                )
            )
        return answers

    def vector(self, name: str, about: str) -> Vector:
        """Return everything so far as a vector."""
        return Vector(
            name=name,
            about=about,
            rules=self.rules,
            rules_hash=self.rules.hash(),
            state_at_start=self._start,
            digest_at_start=self._start.digest(),
            entries=tuple(self.entries),
        )


def merge_patch(before: Json, after: Json) -> Json:
    """Return the JSON Merge Patch (RFC 7396) from one object to another; a key that is gone is null."""
    patch = {}
    for key, part in after.items():
        old = before.get(key)
        if old != part:
            patch[key] = merge_patch(old, part) if isinstance(old, dict) and isinstance(part, dict) else part
    return patch | {key: None for key in before if key not in after}
