"""No code knows a case by its name; oracles are independent; formulas round in one place. Each is planted once."""

from decimal import Decimal
from fractions import Fraction

import pytest

from tests.conformance.family import Answer, Near, Shown, agree, differences
from tests.conformance.guards import (
    CODE,
    FORMULAS,
    ORACLES,
    PAGE,
    case_ids,
    foreign_imports,
    named_ids,
    roundings,
    sources,
)


def test_code_when_searched_for_ids_of_cases_then_there_is_none() -> None:
    """Nothing branches by the name of a case, because nothing knows one."""
    ids = case_ids(PAGE.read_text("utf-8"))
    assert len(ids) > 50
    assert {str(path): named_ids(text, ids) for path, text in sources(*CODE).items() if named_ids(text, ids)} == {}


def test_code_when_an_id_is_planted_then_it_is_found() -> None:
    """A branch by a case's name would be seen."""
    ids = case_ids(PAGE.read_text("utf-8"))
    assert named_ids(f"if row.case_id == '{ids[0]}':\n    return 20", ids) == [ids[0]]


def test_oracles_when_read_then_they_import_nothing_of_the_project() -> None:
    """A second computation that shared code would agree with itself."""
    found = {str(path): foreign_imports(text) for path, text in sources(ORACLES).items()}
    assert {path: names for path, names in found.items() if names} == {}
    assert len(found) > 4


@pytest.mark.parametrize(
    "line",
    ["import deleverage", "from deleverage.venues.formulas import vega", "from tests import x", "from . import y"],
)
def test_oracle_when_it_would_import_the_project_then_it_is_found(line: str) -> None:
    """Each way of knowing the formulas is seen."""
    assert foreign_imports(line) != []


def test_formulas_when_read_then_they_round_by_the_words_of_the_law_alone() -> None:
    """Money is rounded by a verb, never by an operator."""
    found = {str(path): roundings(text) for path, text in sources(FORMULAS).items()}
    assert {path: lines for path, lines in found.items() if lines} == {}
    assert len(found) > 10


@pytest.mark.parametrize("line", ["x = 7 // 2", "x %= 3", "x = round(y)", "x = int(y)", "x = 0.5", "x = float(y)"])
def test_formula_when_it_would_round_by_itself_then_it_is_found(line: str) -> None:
    """Each operator and function that rounds is seen."""
    assert roundings(line) != []


@pytest.mark.parametrize(
    ("printed", "found", "expected"),
    [
        (Decimal("0.0909"), Shown(Fraction(1, 11)), True),
        (Decimal("0.0908"), Shown(Fraction(1, 11)), False),
        (7481, Shown(Fraction(74814815, 10000)), True),
        (7482, Shown(Fraction(74814815, 10000)), False),
        (Decimal("-13.63"), Near(Fraction(-13636, 1000), Fraction(1, 100)), True),
        (Decimal("-13.60"), Near(Fraction(-13636, 1000), Fraction(1, 100)), False),
        ("372/125", Fraction(372, 125), True),
        (2775, Fraction(277511, 100), False),
        (True, 1, False),
        (None, 0, False),
        ([1, 2], [1, 2, 3], False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ("ERR", 0, False),
    ],
)
def test_comparison_when_a_number_is_not_the_printed_one_then_it_is_no_match(
    printed: object, found: object, expected: bool
) -> None:
    """Exact unless the family says how the source rounds."""
    assert agree(printed, found) is expected


def test_differences_when_preset_and_formula_disagree_then_it_is_told() -> None:
    """A row that a preset plays is held against the formula as well."""
    assert differences({"x": 1}, Answer({"x": 1}, "somewhere", formula={"x": 2})) != []
    assert differences({"x": 1, "y": 2}, Answer({"x": 1})) != []
    assert differences({"x": 1}, Answer({"x": 1}, "somewhere", formula={"x": 1})) == []
