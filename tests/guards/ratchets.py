"""Ratchets instead of limits: four numbers about the code that may not get worse without a word.

A number inside its good range moves freely. One that leaves the range, or gets worse outside it, fails until
`make ratchets` records it - which shows in the diff, where the commit says why. Run as a module it prints the report.
"""

import ast
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.guards import common_law

REPOSITORY = Path(__file__).resolve().parents[2]
RECORD = Path(__file__).with_name("ratchets.toml")


@dataclass(frozen=True, slots=True)
class Measure:
    """One number: its unit, where its good range ends, and which way is worse."""

    name: str
    unit: str
    good: int
    more_is_worse: bool
    why: str

    def limit(self, recorded: int) -> int:
        """Return the worst value that passes without a word."""
        return max(self.good, recorded) if self.more_is_worse else min(self.good, recorded)

    def is_worse(self, value: int, recorded: int) -> bool:
        """Return whether a value is beyond the limit."""
        return value > self.limit(recorded) if self.more_is_worse else value < self.limit(recorded)


MEASURES = (
    Measure("longest_function", "lines", 60, True, "one screen, docstring included"),
    Measure("largest_file", "lines", 500, True, "one room has one subject"),
    Measure("rulebook", "lines", 2_000, True, "a newcomer reads the law in an hour"),
    Measure("docstring_share", "percent", 95, False, "of public modules, classes and functions, rounded down"),
)

Reading = tuple[int, str]
"""A value and the place it was found at."""

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def measure(source: Path) -> dict[str, Reading]:
    """Return today's readings for the package that lies in the folder ``source``."""
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(source.rglob("*.py"))}
    trees = {path: ast.parse(text) for path, text in texts.items()}
    names = {path: path.relative_to(source.parent).as_posix() for path in texts}
    sizes = {path: len(text.splitlines()) for path, text in texts.items()}
    functions = [
        ((node.end_lineno or node.lineno) - node.lineno + 1, f"{names[path]}:{node.lineno} {node.name}")
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    rulebook = sum(size for path, size in sizes.items() if "rulebook" in path.parts)
    documented = [
        (ast.get_docstring(node) is not None, f"{names[path]}:{getattr(node, 'lineno', 1)}")
        for path, tree in trees.items()
        for node in _public(tree)
    ]
    bare = [place for has_docstring, place in documented if not has_docstring]
    return {
        "longest_function": max(functions, default=(0, "no function")),
        "largest_file": max(((size, names[path]) for path, size in sizes.items()), default=(0, "no file")),
        "rulebook": (rulebook, f"{sum('rulebook' in path.parts for path in sizes)} files"),
        "docstring_share": (
            100 * (len(documented) - len(bare)) // max(1, len(documented)),
            f"{len(bare)} without{', first ' + bare[0] if bare else ''}",
        ),
    }


def _public(tree: ast.Module) -> Iterator[ast.Module | Definition]:
    """Yield what a reader may use of one module: itself, its public definitions and their public methods."""
    yield tree
    for node in tree.body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                for member in node.body:
                    if isinstance(member, Definition) and not member.name.startswith("_"):
                        yield member


def read_record(path: Path) -> dict[str, int]:
    """Return the recorded values; ValueError where the file lists other measures."""
    recorded = tomllib.loads(path.read_text(encoding="utf-8"))
    expected = {m.name for m in MEASURES}
    if recorded.keys() != expected:
        raise ValueError(f"{path.name} must record exactly {sorted(expected)}; run `make ratchets`")
    return {name: int(value) for name, value in recorded.items()}


def write_record(path: Path, readings: dict[str, Reading]) -> None:
    """Record today's values."""
    lines = ["# Written by `make ratchets`. A line that gets worse is explained in its commit.\n"]
    lines += [f"{m.name} = {readings[m.name][0]}  # {m.unit}\n" for m in MEASURES]
    path.write_text("".join(lines), encoding="utf-8")


def worse(readings: dict[str, Reading], recorded: dict[str, int]) -> list[str]:
    """Return one sentence per number that got worse."""
    return [
        f"{m.name}: {readings[m.name][0]} {m.unit} ({readings[m.name][1]}); "
        f"recorded {recorded[m.name]}, good up to {m.good}: {m.why}"
        for m in MEASURES
        if m.is_worse(readings[m.name][0], recorded[m.name])
    ]


def main(arguments: list[str]) -> int:
    """Print the report, or record it with ``--write``; exit code 1 where a number got worse."""
    readings = measure(REPOSITORY / "src" / "deleverage")
    if arguments == ["--write"]:
        write_record(RECORD, readings)
    recorded = read_record(RECORD)
    print(f"{'ratchet':18}{'now':>6}{'recorded':>10}{'good':>6}  unit")
    for m in MEASURES:
        value, place = readings[m.name]
        print(f"{m.name:18}{value:>6}{recorded[m.name]:>10}{m.good:>6}  {m.unit:8} {place}")
    complaints = worse(readings, recorded)
    for complaint in complaints:
        print(f"worse: {complaint}; mend it, or run `make ratchets` and say why in the commit", file=sys.stderr)
    return max(common_law.main(arguments), 1 if complaints else 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
