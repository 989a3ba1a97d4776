"""The page of who may do what, made of the tables of ``access`` and ``rates``.

``python -m tests.service.access_page --write`` renews it; a test compares it with what is in the repository, and the
matrix of roles and paths takes what it expects from the page, as its readers do.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from deleverage.service import access, paths, rates
from deleverage.service.buckets import Budget
from deleverage.service.principals import Role

PAGE = Path(__file__).resolve().parents[2] / "docs" / "service" / "access.md"
ROLES = [role.value for role in Role]
OWN, YES, NO, PROPOSES = "own", "yes", "-", "proposes"

HEAD = """# Who may do what

Made of the tables in `service/access.py`, `paths.py` and `rates.py` by `python -m tests.service.access_page --write`.
What stands in no table is nobody's.

A key has one role or several, and may what any of them may. *own*: only about accounts of the key, and their units; of
what is not its own it is told, in the same words and bytes, that there is no such thing. A second role counts only for
what that role may: a trader who is a viewer, too, sees no other account.

How a key is made and a request signed stands on [the page of keys](keys.md).
"""

TWO = """
*proposes*: one person alone may not do this. These roles propose it, and another person, whose key has the role
approver, approves ([rounds](rounds.md)). So it is with marks as a command: a source hands its own in at `/v1/marks`,
where age, order and quorum are looked at. A step is no command of anybody: it is asked for at `/v1/rounds/step`.

A trader changes what concerns nobody but this service: leverage, margin between its own units, bids in an auction. An
order rests in the venue's book, and money and trades are the venue's to know: a trader asks the venue, which tells the
service with its own key. Of a bid that is refused before its lots were on offer, a trader is told only that none are:
the law's reason would say how a stranger's unit fares. A fact that names somebody else is shown without it.
"""

BUDGETS = """
A budget is a bucket for each key: so much at once, so much more each second. What asks for more is answered with 429
and `retry-after`. Under stress everything but marks and halts may become dearer. Of the places in line {reserved:,} are
kept for marks and halts, so that a service that is flooded still hears them.
"""


def text() -> str:
    """Return the page."""
    parts = [
        HEAD,
        "\n## Paths\n\n",
        *_table(
            "path", ((f"`{path}`", _of_path(path)) for path in sorted(paths.PATHS, key=lambda one: one.split()[::-1]))
        ),
        "\n## Commands\n\n",
        *_table("command", ((f"`{kind.__name__}`", cells) for kind, cells in _commands())),
        TWO,
        "\n## Budgets\n\n| what | at once | a second |\n|---|--:|--:|\n",
        *(f"| {name} | {one.burst:,} | {one.per_s:,} |\n" for name, one in _budgets()),
        BUDGETS.format(reserved=rates.RESERVED),
    ]
    return "".join(parts)


def _table(what: str, rows: Iterable[tuple[str, list[str]]]) -> Iterator[str]:
    yield f"| {what} | {' | '.join(ROLES)} |\n|---|{'---|' * len(ROLES)}\n"
    for name, cells in rows:
        yield f"| {name} | {' | '.join(cells)} |\n"


def _by_path(endpoint: str) -> list[str]:
    return endpoint.split()[::-1]


def _of_path(path: str) -> list[str]:
    """Return what each role may at a path."""
    if paths.PATHS[path] == paths.OPEN:
        return ["open"] * len(ROLES)
    own = OWN if "{account}" in path or path == "POST /v1/commands" else YES
    return [NO if role not in paths.PATHS[path] else own if role is Role.TRADER else YES for role in Role]


def _commands() -> Iterator[tuple[type, list[str]]]:
    for kind in sorted({*access.COMMANDS, *access.TWO_PERSONS}, key=lambda one: one.__name__):
        one, two = access.COMMANDS.get(kind, frozenset()), access.TWO_PERSONS.get(kind, frozenset())
        own = {Role.TRADER} if kind in access.OWN_UNITS else set[Role]()
        yield kind, [YES if r in one else PROPOSES if r in two else OWN if r in own else NO for r in Role]


def _budgets() -> Iterator[tuple[str, Budget]]:
    yield "questions, by weight", rates.QUESTIONS
    yield "commands of a key with the role clearing", rates.CLEARING
    yield "commands of any other key", rates.COMMANDS
    yield "marks and prices", rates.MARKS
    yield "halts and aborts", rates.KILL_SWITCH


def read(heading: str) -> dict[str, dict[str, str]]:
    """Return a table of the page: by the name in its first column, what each role may."""
    section = PAGE.read_text("utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    return {name.strip("`"): dict(zip(ROLES, cells, strict=True)) for name, *cells in rows}


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(text(), encoding="utf-8")
    else:
        sys.exit("usage: python -m tests.service.access_page --write")
