"""A user's policy from a Python file: ``./mine.py:Mine``.

The class is a frozen dataclass; its fields are its parameters (whole numbers, texts, true or false) and have defaults.
A selection policy of the law has ``allocate(request)``, which returns ``(unit_id, lots)`` pairs; the lab asks for
``split`` instead (``lab.policies.user``). Its *result* is checked as a stranger's (``selection.ask``). Its *code* is
not sandboxed: it runs with all rights of whoever started the program, and may take as long as it likes.

What it prints goes to stderr. The rules' hash holds its name, its parameters and the SHA-256 of the file's text, so
that facts say under which text they were decided; what the file imports is not in it. A journal's head says the same.
"""

import contextlib
import re
import sys
from dataclasses import dataclass, field, fields, is_dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from deleverage.rulebook.file_policy import FilePolicy
from deleverage.rulebook.selection import Allotment, Request
from deleverage.scenarios.files import BadFile, read_bytes

LARGEST_FILE_BYTES = 1_000_000
_PLACE = re.compile(r"(?P<file>.+\.py)(?::(?P<name>.*))?", re.DOTALL)


class PolicyFileFault(ValueError):
    """A file that gives no policy; the sentence names the file."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A class of somebody else's file, made: its name, its parameters, its text's hash, and the object itself."""

    name: str
    parameters: tuple[str, ...]
    source_sha256: str
    file: str
    code: Any

    @property
    def label(self) -> str:
        """The class's name and the beginning of its text's hash: the same wherever the file lies."""
        return f"{self.name}@{self.source_sha256[:12]}"


@dataclass(frozen=True, slots=True)
class UserPolicy(FilePolicy):
    """A policy of somebody else's file, as the law sees it: what identifies it, and a guarded call."""

    file: str = field(repr=False, compare=False)
    code: Any = field(repr=False, compare=False)
    kind: ClassVar[str] = "user-policy"

    def allocate(self, request: Request) -> list[Allotment]:
        """Return what the user's code gives back, whatever it is, and no more of it than could be lawful and one."""
        with contextlib.redirect_stdout(sys.stderr):
            return list(islice(iter(self.code.allocate(request)), len(request.candidates) + 1))


def is_policy_file(name: str) -> bool:
    """Return whether a policy's name on the command line means a file: ``x.py``, or ``x.py:Name``."""
    return _PLACE.fullmatch(name) is not None


def load_policy(place: str) -> UserPolicy:
    """Return the policy of ``file.py:Name``, or of ``file.py`` if that has exactly one. Raises PolicyFileFault."""
    found = load_class(place, "allocate")
    return UserPolicy(found.name, found.parameters, found.source_sha256, found.file, found.code)


def load_class(place: str, method: str) -> Loaded:
    """Return the frozen dataclass with this method of ``file.py:Name``, or of ``file.py`` if that has exactly one.

    Raises PolicyFileFault with one sentence, whatever the file does.
    """
    match = _PLACE.fullmatch(place)
    if match is None:
        raise PolicyFileFault(f"{place} is no Python file")
    file, name = match["file"], match["name"]
    try:
        text = read_bytes(Path(file), LARGEST_FILE_BYTES)
    except BadFile as refusal:
        raise PolicyFileFault(f"{file} {refusal}") from None
    try:
        with contextlib.redirect_stdout(sys.stderr):
            return _made(file, name, text, method)
    except (KeyboardInterrupt, PolicyFileFault):
        raise
    except BaseException as error:  # Somebody else's code: whatever it raises is told in one sentence.
        raise PolicyFileFault(f"{file} cannot be run: {type(error).__name__}: {told(error)}") from None


def _made(file: str, name: str | None, text: bytes, method: str) -> Loaded:
    """Run the file's text, the very one that is hashed, and return its policy."""
    digest = sha256(text).hexdigest()
    module = ModuleType(f"deleverage_policy_{digest[:12]}")
    module.__file__ = file
    sys.modules[module.__name__] = module  # Dataclasses look their module up by its name.
    exec(compile(text, file, "exec", dont_inherit=True), module.__dict__)
    found = _policies(module, method)
    listed = ", ".join(found) or "none"
    if name is None and len(found) != 1:
        raise PolicyFileFault(f"{file} does not define exactly one policy but {listed}: choose with {file}:NAME")
    chosen = name if name is not None else next(iter(found))
    if chosen not in found:
        raise PolicyFileFault(f"{file} defines no policy {chosen!a}, it has {listed}")
    kind = found[chosen]
    if not (is_dataclass(kind) and getattr(kind, "__dataclass_params__").frozen):  # noqa: B009
        raise PolicyFileFault(f"{file}: policy {chosen} is no frozen dataclass")
    code: Any = kind()
    parameters = []
    for item in fields(kind):
        value = getattr(code, item.name)
        if type(value) not in (int, str, bool):
            told = f"{file}: parameter {item.name} of {chosen} is of type {type(value).__name__}"
            raise PolicyFileFault(f"{told}, parameters are whole numbers, texts, true or false")
        parameters.append(f"{item.name}={value!r}")
    return Loaded(chosen, tuple(parameters), digest, file, code)


def _policies(module: ModuleType, method: str) -> dict[str, type]:
    """Return the classes that the file itself defines and that have the method, by name."""
    return {
        name: item
        for name, item in vars(module).items()
        if isinstance(item, type) and item.__module__ == module.__name__
        if name.isascii() and not name.startswith("_") and callable(getattr(item, method, None))
    }


def told(error: BaseException) -> str:
    """Return what an error of somebody else's code says, printable and short, whatever it does when it is asked."""
    try:
        return ascii(str(error))[1:-1][:200]
    except BaseException:
        return "it cannot even be told"
