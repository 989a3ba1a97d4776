"""The page of properties: every number once, in order, with a test that says so, or a reason in words."""

import ast
import re

import pytest

from tests.conftest import REPOSITORY

PAGE = REPOSITORY / "docs" / "lab" / "properties.md"
NUMBERS = [f"T{number}" for number in range(1, 50)]
STATUSES = ("holds", "holds in part", "FALSE as printed", "not asserted")
FALSE = "FALSE as printed"


def rows(text: str) -> list[list[str]]:
    """Return number, statement, status and tests of each row."""
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in text.splitlines() if re.match(r"\| T\d", line)]


def docstrings() -> dict[str, str]:
    """Return the docstring of every test of the lab, by its name."""
    found = {}
    for path in sorted((REPOSITORY / "tests" / "lab").rglob("test_*.py")):
        for item in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(item, ast.FunctionDef) and item.name.startswith("test_"):
                found[item.name] = ast.get_docstring(item) or ""
    return found


def faults(text: str, told: dict[str, str]) -> list[str]:
    """Return everything about the table that is not so."""
    wrong = [] if [row[0] for row in rows(text)] == NUMBERS else ["not T1 to T49, each once and in order"]
    for number, statement, status, shown in (row if len(row) == 4 else [*row, "", "", ""][:4] for row in rows(text)):
        names = re.findall(r"`(test_\w+)`", shown)
        wrong += [f"{number}: no test {name}" for name in names if name not in told]
        saying = [told.get(name, "") for name in names]
        if not statement or not re.match("|".join(STATUSES), status):
            wrong.append(f"{number}: neither a statement nor a status")
        if not names and not re.match(r"not asserted: \w+( \S+){5}", status):
            wrong.append(f"{number}: neither a test nor a reason")
        if names and not any(re.search(rf"\b{number}\b", text) for text in saying):
            wrong.append(f"{number}: none of its tests says so")
        printed = any(re.search(rf"\b{number}\b.*{FALSE}", text) for text in saying)
        if status.startswith(FALSE) is not printed:
            wrong.append(f"{number}: page and tests differ about {FALSE}")
        if status.startswith(FALSE) and not re.search(r"\d", status):
            wrong.append(f"{number}: a counterexample without numbers")
    return wrong


def test_page_when_read_then_every_number_has_its_test_or_a_reason() -> None:
    """And what is FALSE as printed is called so by page and test alike."""
    assert faults(PAGE.read_text("utf-8"), docstrings()) == []


def test_page_when_read_then_every_test_that_names_a_number_stands_in_its_row() -> None:
    """What a docstring claims can be looked up; and tests that the page names elsewhere exist."""
    told, table = docstrings(), {row[0]: row[3] for row in rows(PAGE.read_text("utf-8"))}
    claimed = {(number, name) for name, text in told.items() for number in re.findall(r"\bT\d+\b", text)}
    assert sorted((number, name) for number, name in claimed if f"`{name}`" not in table.get(number, "")) == []
    assert sorted(set(re.findall(r"`(test_\w+)`", PAGE.read_text("utf-8"))) - set(told)) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("| T2 |", "| T3 |", "not T1 to T49, each once and in order"),
        ("`test_breach_frequency_when", "`test_breach_frequency_whenever", "T49: no test"),
        ("not asserted: its hypotheses", "not asserted; its hypotheses", "T46: neither a test nor a reason"),
        ("| FALSE as printed: max(factor", "| holds: max(factor", "T42: page and tests differ about FALSE as printed"),
        ("| holds, exact; the parts", "| perhaps; the parts", "T12: neither a statement nor a status"),
        ("`test_queue_when_the_first_splits_then_its", "`test_talmud_when_two_claim", "T25: no test"),
    ],
)
def test_page_when_a_row_is_spoilt_then_it_is_found(old: str, new: str, fault: str) -> None:
    """Planted violations."""
    text = PAGE.read_text("utf-8")
    assert old in text
    assert any(told.startswith(fault) for told in faults(text.replace(old, new), docstrings()))


def test_page_when_a_row_names_a_test_of_something_else_then_it_is_found() -> None:
    """Planted: a test that exists and says nothing about the number."""
    told = {**docstrings(), "test_breach_frequency_when_the_fund_grows_then_it_never_rises": "T4 and T490."}
    assert faults(PAGE.read_text("utf-8"), told) == ["T49: none of its tests says so"]
