"""What venues publish is what comes out here, through a preset where one executes."""

import pytest

from tests.conformance.cases import Row
from tests.conformance.families import FAMILIES
from tests.conformance.family import FORMULA, LABELS, Family
from tests.conformance.perturb import drawn, faults
from tests.conformance.report import LISTED, MISMATCH, PAGE, UNREAD, Line, given, page

SEED = 20_251_010
LEAST_HIGH, LEAST_PRESET = 120, 45
"""How many rows of high confidence run, and how many rows run through a preset, at least."""


def test_row_when_it_is_computed_then_it_is_as_printed(lines: list[Line]) -> None:
    """No printed number is missed, and no row is left unread."""
    assert [line for line in lines if line.result in (MISMATCH, UNREAD)] == []


def test_rows_when_counted_then_enough_of_high_confidence_run(lines: list[Line]) -> None:
    """Rows are not listed away: what runs stays running."""
    assert sum(line.ran and line.confidence == "high" for line in lines) >= LEAST_HIGH
    assert sum(line.result.startswith("preset") for line in lines) >= LEAST_PRESET


def test_row_when_no_preset_plays_it_then_the_remark_says_why(lines: list[Line]) -> None:
    """A reader accepts a formula or a listing only with its reason."""
    assert [line.name for line in lines if line.result in (FORMULA, LISTED) and not line.reason] == []


def test_inputs_when_handed_over_then_no_answer_and_no_name_is_among_them(rows: list[Row]) -> None:
    """In a line of a table the columns of answers are taken away, and what only names the row is always."""
    for row in rows:
        for family in (family for family in FAMILIES if family.reads(row)):
            names = family.inputs(row).keys()
            assert names & LABELS == set()
            assert row.printed or names & family.answers == set()
            assert family.printed(row), f"{row.name} has no answer that {family.name} computes"


def test_page_when_compared_with_a_new_run_then_it_is_the_same(lines: list[Line]) -> None:
    """The page of the documentation is what ``make conformance`` writes."""
    assert PAGE.read_text("utf-8") == page(lines)


@pytest.mark.parametrize("family", [f for f in FAMILIES if not f.fixed], ids=lambda f: f.name.replace(" ", "-"))
def test_perturbed_rows_when_recomputed_then_an_independent_computation_agrees(family: Family, rows: list[Row]) -> None:
    """Fifty rows around the given ones, of a printed seed: nothing hangs on the numbers that are printed."""
    wrong = [
        f"seed {SEED}: {fault} for {row}"
        for row in drawn(family, given(family, rows), SEED)
        for fault in faults(family, row)
    ]
    assert wrong == []
