"""The rulebook knows only what it may; each thing that it may not know is planted once and must be caught."""

from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.guards.rulebook_ast import Kind, report, scan

RULEBOOK = REPOSITORY / "src" / "deleverage" / "rulebook"

FORBIDDEN_MODULES = [
    "asyncio",
    "datetime",
    "decimal",
    "io",
    "json",
    "logging",
    "numpy",
    "os",
    "pathlib",
    "random",
    "socket",
    "sys",
    "threading",
    "time",
    "msgspec",
    "rich",
    "subprocess",
    "importlib",
    "builtins",
    "statistics",
    "struct",
    "collections.nothing",
]

PLANTED: list[tuple[Kind, str]] = [
    *((Kind.IMPORT, f"import {module}") for module in FORBIDDEN_MODULES),
    *((Kind.IMPORT, f"from {module} import something") for module in FORBIDDEN_MODULES),
    (Kind.IMPORT, "def late():\n    import time"),
    (Kind.UPWARD, "import deleverage.engine"),
    (Kind.UPWARD, "from deleverage import cli"),
    (Kind.UPWARD, "from deleverage.journal import append"),
    (Kind.UPWARD, "from .. import cli"),
    (Kind.UPWARD, "from ..journal import append"),
    (Kind.MATH, "import math\nx = math.sqrt(2)"),
    (Kind.MATH, "import math as m\nx = m.floor(2)"),
    (Kind.MATH, "from math import ceil"),
    (Kind.FLOAT, "x = 0.5"),
    (Kind.FLOAT, "x = 1e9"),
    (Kind.FLOAT, "x = float(3)"),
    (Kind.FLOAT, "def f(x: float) -> int: ..."),
    (Kind.FLOAT, "x = isinstance(3, float)"),
    (Kind.FLOAT, "x = 2j"),
    (Kind.FLOAT, "x = 10 ** -3"),
    (Kind.FLOAT, "x = y.__float__()"),
    (Kind.TRUE_DIVISION, "x = 6 / 3"),
    (Kind.TRUE_DIVISION, "x = 6\nx /= 3"),
    (Kind.TRUE_DIVISION, "import operator\nx = operator.truediv(6, 3)"),
    (Kind.TRUE_DIVISION, "from operator import truediv"),
    (Kind.ROUNDING, "x = loss_quanta // 3"),
    (Kind.ROUNDING, "x = loss_quanta % 3"),
    (Kind.ROUNDING, "x = 7\nx //= 2"),
    (Kind.ROUNDING, "x = 7\nx %= 2"),
    (Kind.ROUNDING, "x = divmod(7, 2)"),
    (Kind.ROUNDING, "x = round(share)"),
    (Kind.ROUNDING, "from operator import floordiv"),
    (Kind.ROUNDING, "x = (7).__floordiv__(2)"),
    *((Kind.IMPURE, f"x = {name}('x')") for name in ("open", "print", "input", "eval", "exec", "__import__")),
    (Kind.IDENTITY, "x = hash('account')"),
    (Kind.IDENTITY, "x = id(object())"),
    (Kind.SET_ORDER, "for x in {1, 2}: ..."),
    (Kind.SET_ORDER, "for x in set(ids): ..."),
    (Kind.SET_ORDER, "for x in frozenset(ids) - {1}: ..."),
    (Kind.SET_ORDER, "for x in {y for y in ids}: ..."),
    (Kind.SET_ORDER, "for x in a.keys() | b.keys(): ..."),
    (Kind.SET_ORDER, "for x in touched.union(ids): ..."),
    (Kind.SET_ORDER, "x = [y for y in set(ids)]"),
    (Kind.SET_ORDER, "x = {y: 1 for y in set(ids)}"),
    (Kind.SET_ORDER, "x = list(set(ids))"),
    (Kind.SET_ORDER, "x = next(iter({1, 2}))"),
    (Kind.SET_ORDER, "x = ','.join({'a', 'b'})"),
    (Kind.SET_ORDER, "x = [*{1, 2}]"),
    (Kind.SET_ORDER, "x, *y = *set(ids), 3"),
    (Kind.SET_ORDER, "touched = set(ids)\nfor x in touched: ..."),
    (Kind.SET_ORDER, "touched: set[str] = ids\nx = touched.pop()"),
    (Kind.SET_ORDER, "def f(touched: frozenset[str]) -> None:\n    for x in touched: ..."),
    (Kind.SET_ORDER, "class Book:\n    touched: set[str]\ndef f(book: Book) -> None:\n    for x in book.touched: ..."),
]

INNOCENT = [
    "from collections.abc import Iterable\nfrom fractions import Fraction\nfrom math import gcd, isqrt, lcm",
    "import hashlib\nx = hashlib.sha256(b'journal').hexdigest()",
    "from deleverage.rulebook.book import Book\nfrom .quantities import div_floor\nfrom deleverage import rulebook",
    "x = 'of %s' % 'many'",
    "for x in sorted(set(ids)): ...",
    "touched = set(ids)\nx = 1 in touched and len(touched) == sum(1 for _ in sorted(touched))",
    "touched = {1}\ntouched = sorted(touched)\nfor x in touched: ...",
    "def f(lots: list[int], net: int) -> None:\n    for lot in lots: ...\n    for key in {'a': 1}: ...",
    "x = (10 ** 3) - 2 * 7 + (1 << 3 | 1)",
]


def caught(folder: Path, source: str, name: str = "planted.py") -> set[Kind]:
    """Return the kinds of violation found in a rulebook that consists of this one module."""
    module = folder / name
    module.parent.mkdir(parents=True, exist_ok=True)
    module.write_text(source, encoding="utf-8")
    return {kind for violations in scan(folder).values() for _, kind, _ in violations}


def test_rulebook_when_scanned_then_it_knows_only_what_it_may() -> None:
    """The law holds no float, no clock, no file, no foreign package, and divides only where rounding is the subject."""
    found = scan(RULEBOOK)
    assert len(found) > 1, "the rulebook was not found, so nothing was checked"
    assert list(report(found)) == []


@pytest.mark.parametrize(("kind", "source"), PLANTED)
def test_rulebook_scan_when_a_violation_is_planted_then_it_is_caught(kind: Kind, source: str, tmp_path: Path) -> None:
    """Each forbidden thing is reported under its own kind, and nothing else is reported with it."""
    assert caught(tmp_path, source) == {kind}


@pytest.mark.parametrize("kind", list(Kind))
def test_rulebook_scan_when_a_kind_is_added_then_it_has_a_planted_example(kind: Kind) -> None:
    """No kind of violation exists that the tests never tripped."""
    assert kind in {planted for planted, _ in PLANTED}


@pytest.mark.parametrize("source", INNOCENT)
def test_rulebook_scan_when_code_is_lawful_then_nothing_is_reported(source: str, tmp_path: Path) -> None:
    """The guard does not cry at integers, allowed imports, sorted sets or text."""
    assert caught(tmp_path, source) == set()


@pytest.mark.parametrize(
    ("name", "source", "kinds"),
    [
        ("ranking.py", "x: float = 1.0 / 3", set()),
        ("ranking.py", "x = 7 // 2", {Kind.ROUNDING}),
        ("scores.py", "x = 7 / 2.0", {Kind.FLOAT, Kind.TRUE_DIVISION}),
        ("stages/scores.py", "x = 7 / 2.0", {Kind.FLOAT, Kind.TRUE_DIVISION}),
        ("quantities.py", "x = 7 // 2 + 7 % 2 + divmod(7, 2)[0]", set()),
        ("apportion.py", "x = 7 // 2", set()),
        ("apportion.py", "x = 7 / 2", {Kind.TRUE_DIVISION}),
        ("stages/auction.py", "from ..book import Book", set()),
        ("stages/auction.py", "from ...cli import main", {Kind.UPWARD}),
        ("stages/auction.py", "import time", {Kind.IMPORT}),
    ],
)
def test_rulebook_scan_when_a_file_has_a_licence_then_it_covers_that_and_no_more(
    name: str, source: str, kinds: set[Kind], tmp_path: Path
) -> None:
    """Floats are for ranking, rounding for quantities and apportion; folders below the rulebook obey as well."""
    assert caught(tmp_path, source, name) == kinds


def test_rulebook_report_when_something_is_found_then_it_names_file_line_and_code(tmp_path: Path) -> None:
    """The message leads to the place."""
    caught(tmp_path, "a = 1\nb = a / 2")
    assert list(report(scan(tmp_path))) == [f"{tmp_path / 'planted.py'}:2: {Kind.TRUE_DIVISION}: a / 2"]
