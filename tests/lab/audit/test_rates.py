"""Planted faults are found, clean events are left alone: a short version of ``python -m tests.lab.rates``."""

from dataclasses import replace

import pytest

from deleverage.lab.audit.checks import audit
from deleverage.lab.audit.finding import CODES
from deleverage.lab.events.crash import Settings
from deleverage.lab.events.faults import FAULTS, MAGNITUDES, plant
from deleverage.lab.events.generator import generate
from deleverage.lab.events.model import Event
from tests.conftest import REPOSITORY
from tests.lab.rates import BEGIN, END, FIRST, UNTOUCHED, clean, detected, false_alarms, main, raised_with, table

SEEDS = range(FIRST, FIRST + 12)
CLEAN = range(UNTOUCHED, UNTOUCHED + 40)
LEAST = {"faint": 10, "plain": 12, "gross": 12}
"""So many of the seeds are found at least; the printed table has the rates of fifty."""


@pytest.mark.parametrize("magnitude", MAGNITUDES)
@pytest.mark.parametrize("code", CODES)
def test_audit_when_a_fault_is_planted_then_its_code_is_raised(code: str, magnitude: str) -> None:
    """Faint faults nearly always, plain and gross ones always."""
    assert detected(code, magnitude, SEEDS) >= LEAST[magnitude]


@pytest.mark.parametrize("code", ["solver-fallback", "coverage", "undefined-metric", "row-counted-twice"])
def test_audit_when_a_fault_is_planted_then_no_other_cause_is_named(code: str) -> None:
    """What has nothing to do with it stays silent."""
    assert raised_with(code, "plain", SEEDS) == "-"


@pytest.mark.parametrize("tables", [False, True])
def test_audit_when_nothing_is_planted_then_nothing_is_raised(tables: bool) -> None:
    """Not in events of drawn settings, with or without fills and states."""
    assert not false_alarms(CLEAN, tables)


def test_audit_when_settings_are_the_default_then_nothing_is_raised() -> None:
    """The event that tests of measures use is clean; so is one with a busier or a quieter world."""
    worlds = (
        Settings(),
        replace(Settings(), volatility=0.0, drift=0.0),
        replace(Settings(), waves=1, losers=1, coins=1),
    )
    for settings in worlds:
        assert [item for item in audit(generate(7, settings).event).findings if item.severity != "info"] == []


def test_faults_when_listed_then_they_are_the_codes() -> None:
    """Each code has a fault to be measured with."""
    assert set(FAULTS) == set(CODES)


def test_plant_when_asked_for_what_is_none_then_says_what_there_is() -> None:
    """A wrong fault, a wrong magnitude, an event without rows."""
    with pytest.raises(ValueError, match="no-such-fault is no fault"):
        plant(clean(1), "no-such-fault", "faint", 1)
    with pytest.raises(ValueError, match="huge is no magnitude"):
        plant(clean(1), "coverage", "huge", 1)
    with pytest.raises(ValueError, match="no fills or no states"):
        plant(Event("empty"), "coverage", "faint", 1)


def test_plant_when_seeded_then_leaves_the_clean_event_alone() -> None:
    """Planting makes a new event."""
    before = clean(2)
    assert before.states is not None
    copied = before.states.equity.copy()
    for code in CODES:
        plant(before, code, "gross", 2)
    assert copied.tolist() == before.states.equity.tolist()
    assert generate(2).event.waves == before.waves


def test_page_when_read_then_holds_a_table_with_each_code(capsys: pytest.CaptureFixture[str]) -> None:
    """The page has the printed table; ``--write`` renews it."""
    page = (REPOSITORY / "docs" / "lab" / "audit.md").read_text(encoding="utf-8")
    printed = page.partition(BEGIN)[2].partition(END)[0]
    assert [code for code in CODES if f"| {code} |" not in printed] == []
    assert table(2, 2).splitlines()[4:6] == printed.splitlines()[4:6]
    assert callable(main)


def test_rates_when_two_numbers_are_given_then_the_false_alarms_of_these_seeds_are_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One seed with an alarm, found by a search, between two without."""
    assert main(["31458", "31461"]) == 0
    printed = capsys.readouterr().out
    assert "with rows: 3 clean events, false alarms: {'counterparty-concentration': 1}" in printed
    assert "tables only: 3 clean events, false alarms: none" in printed
