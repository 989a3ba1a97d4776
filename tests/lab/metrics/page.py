"""The page of measures: what each means, from the catalogue that documents take their definitions from.

python -m tests.lab.metrics.page            is the page true?
python -m tests.lab.metrics.page --write    renew it
"""

import sys
from pathlib import Path

from deleverage.lab.metrics.catalogue import CATALOGUE, GROUPS

FILE = Path(__file__).resolve().parents[3] / "docs" / "lab" / "metrics.md"
MARK = "<!-- The tables below are written by `python -m tests.lab.metrics.page --write`; a test keeps them true. -->\n"
TITLES = {
    "collection": "Collection",
    "survivors": "Survivors",
    "fairness": "Fairness",
    "ranks": "Rank stability",
    "regret": "Regret of a wave",
    "course": "Regret over waves",
    "markout": "Mark-out",
    "hedges": "Hedge breakage",
    "fund": "Insurance fund",
    "tails": "Tails, leverage, behaviour",
    "coverage": "Coverage",
    "rounds": "Rounds of a simulation",
}


def tables() -> str:
    """Return one table a group."""
    parts = []
    for group in GROUPS:
        rows = [row for row in CATALOGUE.values() if row.group == group]
        lines = [
            f"\n### {TITLES[group]}\n",
            "| name | unit | numeraire | formula | source | trap |",
            "|---|---|---|---|---|---|",
        ]
        for row in rows:
            cells = (f"`{row.name}`", row.unit, row.numeraire, row.formula.replace("|", "\\|"), row.source, row.trap)
            lines.append("| " + " | ".join(cells) + " |")
        parts.append("\n".join(lines) + "\n")
    return "".join(parts)


def main(arguments: list[str], file: Path = FILE) -> int:
    """Compare the page with the catalogue, or renew it with ``--write``; exit code 1 where they differ."""
    head, mark, _ = file.read_text("utf-8").partition(MARK)
    if arguments == ["--write"]:
        file.write_text(head + MARK + tables(), "utf-8")
    if not mark or file.read_text("utf-8") != head + MARK + tables():
        print(f"{file.name} is not what the catalogue says: python -m tests.lab.metrics.page --write", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
