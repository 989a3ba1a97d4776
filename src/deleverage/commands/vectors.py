"""``deleverage vectors``: golden vectors for ports of the law, and the check of one.

Exit codes: 0 done or equal, 1 an invariant broke (our bug), 2 bad input, 4 the vector and the rulebook diverge.
"""

import json
from pathlib import Path

from deleverage.commands.output import DIVERGENCE, DONE, broken, print_json, progress, refuse, say
from deleverage.documents import BadDocument, Json
from deleverage.documents.differences import Divergence
from deleverage.domain.show import counted
from deleverage.rulebook.invariants import InvariantBroken
from deleverage.rulebook.selection import PolicyFault
from deleverage.scenarios.files import BadFile, read_bytes
from deleverage.vectors.check import check
from deleverage.vectors.collection import Collection
from deleverage.vectors.coverage import Coverage
from deleverage.vectors.vector import Vector, head, read

MOST_WORLDS = 10_000
LARGEST_FILE_BYTES = 64_000_000
LONGEST_SHOWN = 200
"""Characters of a value of a divergence that are printed; the JSON document has all."""


def write(out: Path = Path("vectors"), seed: int = 1, count: int = 32, *, as_json: bool = False) -> int:
    """Write a set of vectors and its index below ``out``, print what it covers, and return the exit code."""
    if count > MOST_WORLDS:
        return refuse([f"--count is {count}, allowed are at most {MOST_WORLDS:,}"], as_json=as_json)
    collection = Collection(seed, count)
    written = 0
    try:
        out.mkdir(parents=True, exist_ok=True)
        with progress() as show:
            for name, content in collection.texts():
                (out / name).write_bytes(content)
                written += 1
                show("vectors", written, written + 1)
        index = collection.index()
        (out / "index.json").write_text(json.dumps(index, indent=2) + "\n", "ascii", newline="\n")
    except OSError as error:
        return refuse([f"--out {out}: cannot be written: {error.strerror}"], as_json=as_json)
    except ValueError as error:  # a path with a null byte, or one that is no text
        return refuse([f"--out {out}: cannot be written: {error}"], as_json=as_json)
    except InvariantBroken as failure:
        return broken(failure, f"vectors, seed {seed}, count {count}", as_json=as_json)
    say(f"{counted(written, 'vector')} and index.json written to {out}")
    if as_json:
        print_json(index)
    else:
        print("\n".join(_coverage_lines(collection.coverage)))
    return DONE


def _coverage_lines(coverage: Coverage) -> list[str]:
    """Return how much of the language is shown, and what is not, with the reason."""
    lines = []
    for what, counter in coverage.counts.items():
        met = sum(times > 0 for times in counter.values())
        lines.append(f"{what + 's':12}{met:>3} of {len(counter)} kinds, {sum(counter.values()):,} in all")
    return lines + [f"not covered: {what} {name}: {reason}" for what, name, reason in coverage.missing()]


def check_file(file: Path, *, as_json: bool) -> int:
    """Play a vector's commands through the rulebook, print PASS or the first divergence, and return the exit code."""
    try:
        vector = read(read_bytes(file, LARGEST_FILE_BYTES))
    except BadFile as fault:
        return refuse([f"{file} {fault}"], as_json=as_json)
    except BadDocument as fault:
        return refuse([fault], as_json=as_json)
    try:
        divergence = check(vector)
    except InvariantBroken as failure:
        return broken(failure, f"vector {vector.name}", as_json=as_json)
    except PolicyFault as fault:  # of the rules a name alone: a vector hangs on nothing but itself
        return refuse([f"{file}: {fault}"], as_json=as_json)
    if as_json:
        print_json(_verdict(vector, divergence))
    elif divergence is None:
        refused = sum(entry.rejection is not None for entry in vector.entries)
        print(f"PASS {vector.name}: {counted(len(vector.entries), 'command')}, {refused} of them refused")
    else:
        print(f"DIVERGENCE {vector.name}: at {divergence.path}")
        print(f"  the vector says    {_shortened(divergence.expected)}")
        print(f"  the rulebook says  {_shortened(divergence.found)}")
    return DONE if divergence is None else DIVERGENCE


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}... ({len(text):,} characters)"


def _verdict(vector: Vector, divergence: Divergence | None) -> Json:
    return {
        **head("check"),
        "vector": vector.name,
        "commands": str(len(vector.entries)),
        "verdict": "pass" if divergence is None else "divergence",
        "divergence": None if divergence is None else divergence._asdict(),
    }
