"""Each family of torture, as little of it as fits into the tests."""

import pytest

from tests.torture.families import FAMILIES, Family

QUICK = [family for family in FAMILIES if family.quick]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("family", QUICK, ids=[family.name for family in QUICK])
def test_torture_when_a_family_is_run_then_nothing_is_lost_or_done_twice_or_missed(family: Family) -> None:
    """The counts of ``make test``; ``make torture`` does more of the same."""
    run = family.find()
    assert run is not None, f"no {family.function}() in tests/torture/{family.module}.py"
    tally = run(family.quick, 1)
    if tally.skipped:
        pytest.skip(tally.skipped)
    assert tally.failures == []
    assert tally.runs >= family.quick
