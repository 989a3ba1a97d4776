"""What every command says, and where: one JSON document or text on stdout, everything else on stderr."""

import csv
import io
import json
import re
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from deleverage import __version__
from deleverage.domain.faults import DomainStopped
from deleverage.domain.player import Progress
from deleverage.rulebook.invariants import InvariantBroken

if TYPE_CHECKING:
    from rich.console import Console

DONE, BROKEN, BAD_INPUT, RESIDUAL_LEFT, DIVERGENCE = range(5)
"""Exit codes: done; an invariant does not hold (our bug); bad input; a residual is left; two accounts of one course of
events differ."""

PIPE_WIDTH = 120


def console() -> "Console":
    """Return a console on stdout that takes text as it is: an id in square brackets is no markup."""
    from rich.console import Console

    class Plain(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # rich would exit with 1, which here means a broken invariant

    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return Plain(markup=False, highlight=False, width=width)


def head(kind: str) -> dict[str, Any]:
    """Return the first keys of a document: which schema describes it, and which program wrote it."""
    return {"schema_version": 1, "kind": kind, "program": f"deleverage {__version__}"}


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON document, keys in the order in which they were written."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False) + "\n")


def say(line: str) -> None:
    """Print a line of chatter; what could move a terminal's cursor or colour it is shown, not done."""
    print(shown(line), file=sys.stderr)


def shown(text: str) -> str:
    """Return a text with everything that is not printable written out (names and paths come from anywhere)."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


_SECRET = re.compile(r"((?:postgres\w*:|\w+://)[^\s:@]*:)\S*(?=@)|((?:ssl)?password=)[^\s&'\"]*", re.IGNORECASE)


def redacted(text: str) -> str:
    """Return a text without the passwords of addresses in it: what was typed in a wrong place is told back, too."""
    return _SECRET.sub(lambda found: f"{found[1] or found[2]}***", text)


def refuse(faults: Sequence[object], *, as_json: bool, code: int = BAD_INPUT) -> int:
    """Print every fault and return the exit code; with ``as_json`` also as one document on stdout."""
    lines = [redacted(str(fault)) for fault in faults]
    for line in lines:
        say(f"{'bad input' if code == BAD_INPUT else 'divergence'}: {line}")
    if as_json:
        rows = [{"path": _place(one), "sentence": redacted(getattr(one, "sentence", str(one)))} for one in faults]
        print_json({**head("refusal"), "exit_code": code, "faults": rows})
    return code


def _place(fault: object) -> str:
    """Return where a fault lies: its key path, or file, line and column; "" where it has no place."""
    if hasattr(fault, "path"):
        return str(fault.path)
    parts = [str(getattr(fault, name, "") or "") for name in ("file", "line", "column")]
    return ":".join(part for part in parts if part)


def broken(failure: InvariantBroken, where: str, *, as_json: bool) -> int:
    """Print what broke, the evidence, and where (scenario, seed); return the exit code for a bug of ours."""
    evidence = failure.evidence.as_json() if isinstance(failure, DomainStopped) else {}
    say(f"invariant broken: {failure.invariant}: {failure.sentence} ({where})")
    for name, text in evidence.items():
        say(f"  {name.replace('_', ' ')}: {text or '-'}")
    if as_json:
        found = {"invariant": failure.invariant, "sentence": failure.sentence, "where": where, **evidence}
        print_json({**head("broken"), "exit_code": BROKEN, **found})
    return BROKEN


def defect(error: Exception, *, as_json: bool) -> int:
    """Print an error that nobody foresaw, with the place it came from; return the exit code for a bug of ours."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{PurePath(frame.filename).name}:{frame.lineno}" for frame in frames[:-4:-1])
    sentence = redacted(f"{type(error).__name__}: {error} (at {places})")
    say(f"defect: this is a bug of deleverage, not of your input: {sentence}")
    if as_json:
        print_json({**head("broken"), "exit_code": BROKEN, "invariant": "DEFECT", "sentence": sentence})
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


def write_page(document: dict[str, Any], html: Path) -> str:
    """Write the HTML page and say on stderr where it lies; return why it could not be written, or ""."""
    from deleverage.lab.page import render  # jinja2 is only loaded where a page is wanted

    return _written(html, render(document), "--html", "page")


def write_csv(out: Path, names: Sequence[str], rows: Iterable[Sequence[str]], what: str) -> str:
    """Write a table and say on stderr where it lies; return why it could not be written, or ""."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return _written(out, text.getvalue(), "--out", what)


def _written(path: Path, text: str, option: str, what: str) -> str:
    """Write a text, with folders; say on stderr where it lies, or return why it could not be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        return f"{option} {path}: cannot be written: {error.strerror}"
    except ValueError as error:  # a path with a null byte, or one that is no text
        return f"{option} {path}: cannot be written: {error}"
    say(f"{what} written to {path}")
    return ""
