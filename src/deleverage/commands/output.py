"""What every command says, and where: one JSON document or text on stdout, everything else on stderr."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from deleverage.domain.player import Progress

if TYPE_CHECKING:
    from rich.console import Console

DONE, BROKEN, BAD_INPUT, RESIDUAL_LEFT = 0, 1, 2, 3
"""Exit codes: done; an invariant does not hold (our bug); bad input; a residual is left."""

PIPE_WIDTH = 120


def console() -> "Console":
    """Return a console on stdout that takes text as it is: an id in square brackets is no markup."""
    from rich.console import Console

    class Plain(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # rich would exit with 1, which here means a broken invariant

    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return Plain(markup=False, highlight=False, width=width)


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON document, keys in the order in which they were written."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False) + "\n")


def say(line: str) -> None:
    """Print chatter."""
    print(line, file=sys.stderr)


def refuse(faults: Sequence[object], *, as_json: bool) -> int:
    """Print every fault and return the exit code for bad input; with ``as_json`` also as one document on stdout."""
    lines = [str(fault) for fault in faults]
    for line in lines:
        say(f"bad input: {line}")
    if as_json:
        rows = [{"path": _place(fault), "sentence": getattr(fault, "sentence", str(fault))} for fault in faults]
        print_json({"schema_version": 1, "kind": "refusal", "exit_code": BAD_INPUT, "faults": rows})
    return BAD_INPUT


def _place(fault: object) -> str:
    """Return where a fault lies: its key path, or file, line and column; "" where it has no place."""
    if hasattr(fault, "path"):
        return str(fault.path)
    parts = [str(getattr(fault, name, "") or "") for name in ("file", "line", "column")]
    return ":".join(part for part in parts if part)


def broken(invariant: str, sentence: str, *, as_json: bool) -> int:
    """Print that an invariant does not hold and return its exit code."""
    say(f"invariant broken: {invariant}: {sentence}")
    if as_json:
        document = {"schema_version": 1, "kind": "broken", "exit_code": BROKEN}
        print_json({**document, "invariant": invariant, "sentence": sentence})
    return BROKEN


@contextmanager
def progress() -> Iterator[Progress]:
    """Yield a progress callback: a bar on stderr if that is a terminal, else nothing."""
    if not sys.stderr.isatty():
        yield lambda what, done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, Any] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        yield show
