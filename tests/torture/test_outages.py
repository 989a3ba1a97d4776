"""Power cuts under a journal: they strike everywhere, and they find a disk that lies."""

from tests.torture import outages
from tests.torture.disk import Traits
from tests.torture.outages import Case


def test_power_cuts_when_the_disk_lies_about_sync_then_it_is_found() -> None:
    """Something acknowledged is lost, or the journal says that its end is missing; most need one cut."""
    failures = outages.run(30, 1, Case(traits=Traits(lies_about_sync=True))).failures
    assert {failure.sentence.split(":")[0] for failure in failures} <= {"lost", "it is not opened"}
    assert failures


def test_power_cuts_when_run_then_they_strike_everywhere() -> None:
    """While a journal is made, opened, written, signed and closed."""
    struck = outages.run(100, 7).outcomes
    assert {f"cut while {what}" for what in ("making", "starting", "writing", "signing", "closing")} == set(struck)
