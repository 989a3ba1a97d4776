"""How often planted faults are found, and how often something is found where nothing is planted.

python -m tests.lab.rates              print the table
python -m tests.lab.rates --write      put it into docs/lab/audit.md as well
python -m tests.lab.rates 30000 32000  print the false alarms on the clean events of these seeds, the last left out
"""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from deleverage.lab.audit.checks import audit
from deleverage.lab.audit.finding import CODES, INFO
from deleverage.lab.events.faults import MAGNITUDES, plant
from deleverage.lab.events.generator import generate
from deleverage.lab.events.model import Event

FILE = Path(__file__).resolve().parents[2] / "docs" / "lab" / "audit.md"
BEGIN, END = "<!-- rates: begin -->\n", "<!-- rates: end -->\n"
SEEDS, CLEAN = 50, 200
FIRST, UNTOUCHED = 7000, 5000
"""Seeds of planted faults, and those of clean events, begin here; limits were chosen on seeds below both."""

HEAD = """{seeds} seeds a cell; false alarms of {cleans} clean events. A fault is found if its own code is raised,
as error or warning. *tables*: the same event without fills and states, as a source has it without accounts; a
fault that shows in rows only cannot be found there, and `-` stands where every look lacks its rows and says so.
"""


@cache
def clean(seed: int) -> Event:
    """Return the clean event of a seed."""
    return generate(seed).event


def tables_of(event: Event) -> Event:
    """Return the event as a source has it that publishes tables and no accounts."""
    return replace(event, fills=None, states=None)


def found(event: Event) -> set[str]:
    """Return the codes that an audit raises; what is only to be known is no finding here."""
    return {finding.code for finding in audit(event).findings if finding.severity != INFO}


def detected(code: str, magnitude: str, seeds: Sequence[int], tables: bool = False) -> int:
    """Return in how many events a planted fault is found by its own code."""
    planted = (plant(clean(seed), code, magnitude, seed) for seed in seeds)
    return sum(code in found(tables_of(event) if tables else event) for event in planted)


def raised_with(code: str, magnitude: str, seeds: Sequence[int]) -> str:
    """Return which other codes a planted fault raises, and in how many events."""
    planted = (plant(clean(seed), code, magnitude, seed) for seed in seeds)
    others = Counter(other for event in planted for other in found(event) - {code})
    return ", ".join(f"{other} {count}" for other, count in sorted(others.items())) or "-"


def false_alarms(seeds: Sequence[int], tables: bool = False) -> Counter[str]:
    """Return in how many clean events each code is raised."""
    events = (tables_of(clean(seed)) if tables else clean(seed) for seed in seeds)
    return Counter(code for event in events for code in sorted(found(event)))


def blind_codes(event: Event) -> set[str]:
    """Return the codes of which an audit says that none of their looks could be taken."""
    made = audit(event)
    return {code for code, looks in made.looks.items() if sum(item.code == code for item in made.unmade) >= looks}


def table(seeds: int = SEEDS, cleans: int = CLEAN) -> str:
    """Return the rates as a table of Markdown."""
    planted, untouched = range(FIRST, FIRST + seeds), range(UNTOUCHED, UNTOUCHED + cleans)
    false, false_of_tables = false_alarms(untouched), false_alarms(untouched, tables=True)
    names = (*MAGNITUDES, "false alarms")
    heads = (*names, *(f"tables: {name}" for name in names), "plain also raises")
    lines = [HEAD.format(seeds=seeds, cleans=cleans), f"| code | {' | '.join(heads)} |", f"|---|{'---:|' * len(heads)}"]
    blind = blind_codes(tables_of(clean(0)))
    for code in CODES:
        full = [f"{100 * detected(code, m, planted) / seeds:.0f} %" for m in MAGNITUDES]
        part = [f"{100 * detected(code, m, planted, tables=True) / seeds:.0f} %" for m in MAGNITUDES]
        cells = (code, *full, f"{false[code]} of {cleans}", *part, f"{false_of_tables[code]} of {cleans}")
        cells = (*cells[:5], *["-"] * 4) if code in blind else cells
        cells = (*cells, raised_with(code, "plain", planted))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Print the table; with ``--write`` put it where the page has its place. Two numbers: false alarms alone."""
    if len(arguments) == 2:
        seeds = range(*map(int, arguments))
        for name, tables in (("with rows", False), ("tables only", True)):
            alarms = false_alarms(seeds, tables)
            print(f"{name}: {len(seeds)} clean events, false alarms: {dict(alarms) or 'none'}")
        return 0
    printed = table()
    print(printed, end="")
    if "--write" in arguments:
        before, _, rest = FILE.read_text(encoding="utf-8").partition(BEGIN)
        FILE.write_text(before + BEGIN + printed + END + rest.partition(END)[2], encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
