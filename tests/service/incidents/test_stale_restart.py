"""dYdX, 10 October 2025: started again after eight hours, with the prices of before."""

import time
from pathlib import Path

from deleverage.domain.recovery import recover
from deleverage.journal.local import open_journal
from deleverage.rulebook.rules import Rules
from tests.service.incidents.running import NS_PER_S, day, serving, written

HOURS_8 = 8 * 3_600


def test_stale_restart_when_no_feed_is_there_then_no_step_is_run_and_with_it_all_goes_on(tmp_path: Path) -> None:
    """The journal ends eight hours ago; prices of then are refused, those of now are acted on."""
    path = tmp_path / "j.db"
    ended_ns = time.time_ns() - HOURS_8 * NS_PER_S
    written(path, day(ended_ns), Rules(max_mark_age_ns=60 * NS_PER_S))
    with serving(path, "--step-every-s", "0.05") as service:
        assert service.mark(950, age_s=HOURS_8)["code"] == "STALE"
        time.sleep(0.5)
        state = service.ask("GET", "/rounds/state")
        assert (state["gate_open"], state["waits_for"], state["steps"]) == (False, ["X"], "0")
        assert abs(int(state["clock_ahead_ns"]) - HOURS_8 * NS_PER_S) < 60 * NS_PER_S
        withdraw = {"kind": "Withdraw", "unit_id": "b", "amount_quanta": "1"}
        refused = service.ask("POST", "/commands", {"commands": [{"key": "w", "command": withdraw}]})
        assert refused["code"] == "NO_FRESH_MARK"
        service.mark(950)
        service.wait_for_steps(1)
        assert service.ask("GET", "/rounds/state")["gate_open"]
        market = service.ask("GET", "/markets")["markets"][0]
        assert time.time_ns() - int(market["mark_time_ns"]) < 60 * NS_PER_S


def test_stale_restart_when_killed_with_a_crash_under_way_then_the_next_start_waits_for_prices(
    tmp_path: Path,
) -> None:
    """Killed behind a mark at which somebody is bankrupt: nobody is closed at it by the process that comes next."""
    path = tmp_path / "j.db"
    written(path, day(time.time_ns()))
    with serving(path, "--rounds", "outside", "--engine-deadline-s", "60") as service:
        service.mark(950)
        assert service.ask("GET", "/rounds/prepared?wait_s=20")["prepared"]
        service.kill()
    with serving(path, "--step-every-s", "0.05") as service:
        time.sleep(0.5)
        assert service.steps() == 0
        service.mark(1_001)
        service.wait_for_steps(1)
    journal = open_journal(path)
    units = recover(journal).book.units
    assert [unit_id for unit_id in units if units[unit_id].legs] == ["a0", "b"]
    journal.close()
