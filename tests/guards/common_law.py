"""The common law stays readable in an hour: ARCHITECTURE.md's list of it and table of families, against the files.

The page is the record. Its list may not grow, in lines or in files; no file beside it becomes longer than it says; and
every file of the rulebook is in the list or in the row of a family. ``--write`` renews the numbers of the page.
"""

import re
import sys
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE, LAW = REPOSITORY / "ARCHITECTURE.md", REPOSITORY / "docs" / "law.md"
RULEBOOK = REPOSITORY / "src" / "deleverage" / "rulebook"

LIST_HEADING, FAMILIES_HEADING = "## The common law, in reading order", "## Families beside it"
SUMMARY = re.compile(r"(\d+) files, ([\d,]+) lines; no file beside them has more than (\d+) lines\.")
LISTED = re.compile(r"^\| `([\w/]+)` \| (\d+) \|", re.M)
FAMILY = re.compile(r"^\| ([\w ,-]+) \| (\d[\d, ]*) \| (`.+`) \|$", re.M)
SLACK = 15
"""A size on the page may be off by so many lines: not every commit has to touch the page."""


class Record(NamedTuple):
    """What the page says: how many files and lines at most, the longest file beside them, and each listed size."""

    files: int
    lines: int
    longest_beside: int
    sizes: dict[str, int]


def record_of(page: str) -> Record:
    """Return what the page says of the common law; ValueError where its sentence is not there."""
    section = _section(page, LIST_HEADING)
    found = SUMMARY.search(section)
    if found is None:
        raise ValueError(f"{LIST_HEADING!r} does not say how many files and lines there are")
    files, lines, longest = (int(number.replace(",", "")) for number in found.groups())
    return Record(files, lines, longest, {name: int(size) for name, size in LISTED.findall(section)})


def families_of(page: str) -> dict[str, tuple[list[str], list[str]]]:
    """Return the table of families: the sections of the law where it stands, and its files."""
    rows = FAMILY.findall(_section(page, FAMILIES_HEADING))
    return {name: (sections.split(", "), re.findall(r"`([\w/]+)`", files)) for name, sections, files in rows}


def sizes_of(rulebook: Path) -> dict[str, int]:
    """Return the lines of every file of the rulebook by its path; those that only open a folder are left out."""
    paths = [path for path in sorted(rulebook.rglob("*.py")) if path.name != "__init__.py"]
    return {
        path.relative_to(rulebook).with_suffix("").as_posix(): len(path.read_text("utf-8").splitlines())
        for path in paths
    }


def complaints(page: str, sizes: dict[str, int], law: str) -> list[str]:
    """Return one sentence per way in which the page is not true, or the common law has grown."""
    record, families = record_of(page), families_of(page)
    listed, named = record.sizes, [file for _, files in families.values() for file in files]
    missing = sorted({*listed, *named} - sizes.keys())
    found = [f"{name} is named on the page and does not exist" for name in missing]
    found += [f"{name} is in no list: which family is it?" for name in sorted(sizes.keys() - {*listed, *named})]
    found += [f"{name} is common law and a family's at once" for name in sorted(listed.keys() & set(named))]
    total = sum(sizes.get(name, 0) for name in listed)
    if len(listed) > record.files or total > record.lines:
        found.append(
            f"the common law has {len(listed)} files and {total} lines, recorded are {record.files} and {record.lines}"
        )
    found += [
        f"{name} has {size} lines, beside the common law {record.longest_beside} are the most"
        for name, size in sizes.items()
        if name not in listed and size > record.longest_beside
    ]
    found += [
        f"{name} has {sizes[name]} lines, the page says {size}"
        for name, size in listed.items()
        if name in sizes and abs(sizes[name] - size) > SLACK
    ]
    sections = set(re.findall(r"^## (\d+)\.", law, re.M))
    for family, (places, _) in families.items():
        found += [
            f"{family} stands in section {place}, which the law has not" for place in places if place not in sections
        ]
    return found


def renewed(page: str, sizes: dict[str, int]) -> str:
    """Return the page with today's sums and sizes."""
    listed = record_of(page).sizes
    beside = max((size for name, size in sizes.items() if name not in listed), default=0)
    total = sum(sizes[name] for name in listed)
    text = f"{len(listed)} files, {total:,} lines; no file beside them has more than {beside} lines."
    section = _section(page, LIST_HEADING)
    for name, size in listed.items():
        if sizes[name] != size:
            section = section.replace(f"| `{name}` | {size} |", f"| `{name}` | {sizes[name]} |")
    return page.replace(_section(page, LIST_HEADING), SUMMARY.sub(text, section))


def _section(page: str, heading: str) -> str:
    """Return the text under a heading up to the next one of its rank; empty where there is none."""
    _, _, behind = page.partition(f"{heading}\n")
    return behind.partition("\n## ")[0]


def main(arguments: list[str]) -> int:
    """Print what is not true of the page, or renew its numbers with ``--write``; exit code 1 where something is not."""
    sizes = sizes_of(RULEBOOK)
    if arguments == ["--write"]:
        PAGE.write_text(renewed(PAGE.read_text("utf-8"), sizes), "utf-8")
    found = complaints(PAGE.read_text("utf-8"), sizes, LAW.read_text("utf-8"))
    for complaint in found:
        print(f"{complaint}; mend it, or run `make ratchets` and say why in the commit", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
