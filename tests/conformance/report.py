"""Plays all rows and prints what became of each: ``make conformance``.

Exit 1 where a printed number is not found, or a perturbed row differs from its oracle; 2 where the cases are not there.
"""

import sys
from argparse import ArgumentParser
from collections import Counter
from dataclasses import dataclass

from tests.conformance.cases import FOLDER, Row, Values, present, read
from tests.conformance.families import FAMILIES
from tests.conformance.family import FORMULA, Family, differences, play
from tests.conformance.listed import reason
from tests.conformance.perturb import COUNT, drawn, faults
from tests.conftest import REPOSITORY

PAGE = REPOSITORY / "docs" / "reference" / "conformance.md"
LISTED, MISMATCH, UNREAD = "listed", "MISMATCH", "UNREAD"


@dataclass(frozen=True, slots=True)
class Line:
    """What became of a row: through a preset, a formula or the law; listed; or a mismatch."""

    name: str
    venue: str
    confidence: str
    result: str
    reason: str

    @property
    def ran(self) -> bool:
        """Whether the row was computed and found as printed."""
        return self.result not in (LISTED, MISMATCH, UNREAD)


def family_of(row: Row) -> Family | None:
    """Return the family that reads a row; ValueError where two do."""
    found = [family for family in FAMILIES if family.reads(row)]
    if len(found) > 1:
        raise ValueError(f"{row.name} is read by {', '.join(family.name for family in found)}")
    return found[0] if found else None


def line_of(row: Row) -> Line:
    """Return what became of a row."""
    family = family_of(row)
    if family is None:
        why = reason(row)
        return Line(row.name, row.venue, row.confidence, LISTED if why else UNREAD, why or "no family has its shape")
    answer = play(family, family.inputs(row))
    wrong = differences(family.printed(row), answer)
    if wrong:
        return Line(row.name, row.venue, row.confidence, MISMATCH, "; ".join(wrong))
    kinds = (FORMULA, "the law")
    result = answer.through if answer.through in kinds else f"preset {answer.through}"
    notes = [note for note in (answer.note or (family.why if answer.through == FORMULA else ""),) if note]
    if row.derived:
        notes.append("the printed number was derived by who compiled the case")
    if unspoken := family.unspoken(row):
        notes.append(f"in words, not computed: {', '.join(unspoken)}")
    return Line(row.name, row.venue, row.confidence, result, "; ".join(notes))


def given(family: Family, rows: list[Row]) -> list[Values]:
    """Return the inputs of all rows that a family reads."""
    return [family.inputs(row) for row in rows if family.reads(row)]


def perturbed(rows: list[Row], seed: int) -> list[str]:
    """Return a sentence for each perturbed row that differs, of all families that have numbers to draw."""
    wrong = []
    for family in FAMILIES:
        around = given(family, rows)
        if family.fixed or not around:
            continue
        for values in drawn(family, around, seed):
            wrong += [f"{family.name}, seed {seed}: {fault} for {values}" for fault in faults(family, values)]
    return wrong


def counts(lines: list[Line]) -> dict[str, int]:
    """Return how many rows there are of each result; presets together."""
    return dict(Counter("preset" if line.result.startswith("preset") else line.result for line in lines))


def table(lines: list[Line]) -> str:
    """Return the lines as a Markdown table."""
    head = ["| case | venue | confidence | result | remark |", "|---|---|---|---|---|"]
    return "\n".join(head + [f"| `{i.name}` | {i.venue} | {i.confidence} | {i.result} | {i.reason} |" for i in lines])


def page(lines: list[Line]) -> str:
    """Return the page of the documentation."""
    found, high = counts(lines), [line for line in lines if line.confidence == "high"]
    ran = sum(line.ran for line in high)
    families = sum(not family.fixed for family in FAMILIES)
    return f"""# Conformance

What venues publish as numbers - examples, tests, specifications -, recomputed here: {len(lines)} rows, {len(high)} of
them with high confidence (a venue's own text or code, numbers complete), of which {ran} run. `make conformance` prints
this table and fails on a difference; `make conformance WRITE=1` renews the page, a test keeps it true.

* **preset**: played in a domain under the venue's preset, from commands to facts ({found.get("preset", 0)} rows).
* **formula**: computed by the public function that holds the venue's formula, in `deleverage.venues.formulas`
  ({found.get(FORMULA, 0)} rows), or by a function of **the law** ({found.get("the law", 0)}). The remark says why no
  preset plays it.
* **listed**: not computed, with the reason ({found.get(LISTED, 0)} rows).

Nothing here looks at a case's name, or at the printed answer before it has computed one. For each of {families}
families {COUNT} more rows are drawn around the given ones and recomputed by a second, independent computation, so that
no result hangs on the printed numbers. Where a source contradicts itself, the remark says which side is tested. The
cases themselves lie beside the repository, not in it: without them the tests are skipped.

{table(lines)}
"""


def main() -> int:
    """Print the table and the counts, or write the page; return the exit code."""
    parser = ArgumentParser(description="Recompute what venues publish.")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(REPOSITORY)}")
    parser.add_argument("--seed", type=int, default=1, help="of the perturbed rows")
    options = parser.parse_args()
    if not present():
        print(f"no cases: {FOLDER} is not there, so nothing can be compared", file=sys.stderr)
        return 2
    rows = read()
    lines = [line_of(row) for row in rows]
    wrong = perturbed(rows, options.seed)
    print(table(lines))
    print()
    print(", ".join(f"{result}: {count}" for result, count in sorted(counts(lines).items())))
    print(f"perturbed rows, seed {options.seed}: {len(wrong)} of {COUNT * sum(not f.fixed for f in FAMILIES)} differ")
    for sentence in wrong:
        print(f"  {sentence}")
    if wrong or any(line.result in (MISMATCH, UNREAD) for line in lines):
        return 1
    if options.write:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page(lines), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
