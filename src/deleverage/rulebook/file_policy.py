"""A policy from somebody's own file, by what identifies it: all that can be written down of one, and no code.

Whoever has the file makes the policy itself of it (``adapters.policy_file``), which is one of these with code.
"""

from dataclasses import dataclass
from typing import ClassVar

from deleverage.rulebook.plug import PlugFault
from deleverage.rulebook.queues import Ordered, Request, by_id
from deleverage.rulebook.selection import Allotment, PolicyFault

_DIGITS = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class FilePolicy:
    """Choose as a class of a Python file does: its name, its parameters, and the SHA-256 of the file's text."""

    policy: str
    parameters: tuple[str, ...]
    source_sha256: str
    kind: ClassVar[str] = "user-policy"

    def __post_init__(self) -> None:
        """Refuse what names no class, no parameter, or no text."""
        for what, told in (("a class", self.policy), *(("a parameter", one) for one in self.parameters)):
            if not told.isprintable():
                raise PlugFault(f"{told[:64]!a} is no text of {what}")
        if len(self.source_sha256) != 64 or not _DIGITS.issuperset(self.source_sha256):
            raise PlugFault(f"{self.source_sha256[:80]!a} is no SHA-256: 64 hexadecimal digits in lower case")

    @property
    def name(self) -> str:
        """The class's name and the beginning of its text's hash: the same wherever the file lies."""
        return f"{self.policy}@{self.source_sha256[:12]}"

    def named(self) -> "FilePolicy":
        """Return what identifies the policy, without code."""
        return FilePolicy(self.policy, self.parameters, self.source_sha256)

    def order(self, request: Request) -> Ordered:
        """Return candidates by tier and id: a user's policy allocates, it states no queue."""
        return by_id(request)

    def allocate(self, request: Request) -> list[Allotment]:
        """Raise PolicyFault: a name chooses nobody."""
        raise PolicyFault(f"{self.name} is a class of somebody's file, and the file is not here")
