"""Every number has one definition, and no number stands where there is none."""

from pathlib import Path

import pytest

from deleverage.lab.metrics.catalogue import CATALOGUE, GROUPS, as_json, over
from deleverage.lab.metrics.measure import Measure
from tests.lab.metrics.page import FILE, main


def test_catalogue_when_read_then_every_row_says_what_how_and_where_from() -> None:
    """Unit, formula and source of each; names are unique by construction, groups are all used."""
    assert all(row.unit and row.formula and row.source for row in CATALOGUE.values())
    assert {row.group for row in CATALOGUE.values()} == set(GROUPS)
    assert as_json(["gini_h"])[0]["formula"].startswith("G = sum (2 i - n - 1)")


@pytest.mark.parametrize(("value", "why"), [(float("nan"), ""), (float("inf"), ""), (None, ""), (1.0, "because")])
def test_measure_when_it_is_no_number_or_has_no_reason_then_it_is_refused(value: float | None, why: str) -> None:
    """Planted: NaN, infinity, nothing without a reason, a number with one."""
    with pytest.raises(ValueError, match=r"undefined is None|a number has no reason"):
        Measure("gini_x", "1", value, why)


def test_over_when_the_denominator_is_not_above_0_then_it_is_undefined() -> None:
    """Zero and negative alike."""
    assert [over("theta", 1.0, below, "no deficit").value for below in (2.0, 0.0, -1.0)] == [0.5, None, None]


def test_page_when_read_then_its_tables_are_the_catalogue_s(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A definition that changes is printed anew; a stale page is found (planted) and renewed."""
    assert main([]) == 0
    stale = tmp_path / "metrics.md"
    stale.write_text(FILE.read_text("utf-8").replace("`gini_x`", "`gino_x`"), "utf-8")
    assert main([], stale) == 1
    assert "--write" in capsys.readouterr().err
    assert main(["--write"], stale) == 0
