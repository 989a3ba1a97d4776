"""What can go wrong at the door of a domain, and what is kept of it as evidence.

* ``DomainStopped``: a bug of ours. The domain refuses everything from then on; the evidence says which command and
  which fact it was, so that the same steps lead there again.
* ``TypeError`` from ``require_shape``: whoever embeds the domain handed in a value of the wrong type. Nothing was asked
  of the law, nothing was changed, the domain goes on.
"""

from dataclasses import dataclass, fields
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from deleverage.rulebook.invariants import InvariantBroken
from deleverage.rulebook.messages import Command, Fact

LONGEST_EVIDENCE = 2_000
"""Characters of a command or fact that are told; a fact can name thousands of accounts."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was being done when a domain stopped: all that is needed to do it again."""

    command: Command
    fact: Fact | None  # None: while deciding, nothing was written
    seq: int  # facts that were applied before
    rules_hash: str

    def as_json(self) -> dict[str, str]:
        """Return the evidence as texts."""
        return {
            "command": _told(self.command),
            "fact": "" if self.fact is None else _told(self.fact),
            "facts_before": str(self.seq),
            "rules_hash": self.rules_hash,
        }


class DomainStopped(InvariantBroken):
    """An invariant does not hold, or deciding, writing or watching failed in a way that nobody foresaw."""

    def __init__(self, invariant: str, sentence: str, evidence: Evidence) -> None:
        """Keep the broken invariant's id (``DEFECT`` where it is none), what was found, and the evidence."""
        super().__init__(invariant, sentence)
        self.evidence = evidence


def stopped_by(defect: BaseException, evidence: Evidence) -> DomainStopped:
    """Return the stop that a defect causes."""
    if isinstance(defect, InvariantBroken):
        return DomainStopped(defect.invariant, defect.sentence, evidence)
    doing = "deciding" if evidence.fact is None else f"writing {type(evidence.fact).__name__}"
    sentence = f"{doing} for {type(evidence.command).__name__} failed: {type(defect).__name__}: {defect}"
    return DomainStopped("DEFECT", sentence, evidence)


def require_shape(command: Command) -> None:
    """Raise TypeError unless a command is one of the law's, and each of its values has exactly the declared type.

    A float, a bool or a numpy integer would pass the law's comparisons and make its integers inexact.
    """
    if not isinstance(command, Command):
        raise TypeError(f"{type(command).__name__} is no command of the law")
    _require(type(command).__name__, command)


def _require(path: str, record: Any) -> None:
    kind_of_record: Any = type(record)
    for name, kind, member in _shape(kind_of_record):
        value: Any = getattr(record, name)
        _require_type(f"{path}.{name}", value, kind)
        if member is not None:
            for at, item in enumerate(value):
                _require_type(f"{path}.{name}[{at}]", item, member)
                _require(f"{path}.{name}[{at}]", item)
        elif kind not in _PLAIN:
            _require(f"{path}.{name}", value)


def _require_type(path: str, value: Any, kind: type) -> None:
    if type(value) is not kind:
        raise TypeError(f"{path} is {type(value).__name__} {ascii(value)[:40]}, must be {kind.__name__}")


_PLAIN = (int, str, bool)


@cache
def _shape(kind: type) -> tuple[tuple[str, type, type | None], ...]:
    """Return name, type and (of a tuple) member type of every field of a record."""
    hints = get_type_hints(kind)
    names = getattr(kind, "_fields", None) or [item.name for item in fields(kind)]
    shape = []
    for name in names:
        origin = get_origin(hints[name])
        shape.append((name, origin or hints[name], get_args(hints[name])[0] if origin is tuple else None))
    return tuple(shape)


def _told(record: Command | Fact) -> str:
    text = ascii(record)
    return text if len(text) <= LONGEST_EVIDENCE else f"{text[:LONGEST_EVIDENCE]}... ({len(text)} characters)"
