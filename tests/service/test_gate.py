"""The gate: nothing is forced, and nothing measured by a price, before fresh marks are heard."""

from pathlib import Path

from deleverage.rulebook.messages import MarkSet, MarksSet
from deleverage.rulebook.rules import Rules
from deleverage.service.clock import NS_PER_S, Clock
from deleverage.service.rounds.gate import Gate
from tests.service.rounds_world import START_NS, TRADE, Time, played, venue

HOURS_8 = 8 * 3_600


def test_gate_when_started_again_then_closed_until_a_fresh_mark(tmp_path: Path) -> None:
    """Money may come in, and whoever watches may halt; nobody trades, withdraws or is closed."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            await there.open_positions()
            time = there.time
        time.pass_s(1)
        async with venue(tmp_path, time=time) as there:
            assert (await there.ask("eve", "GET", "/rounds/state"))["waits_for"] == ["X"]
            trade = await there.command("engine", "t2", "Trade", 503, **TRADE)
            assert (trade["code"], trade["compared"]["waits_for"]) == ("NO_FRESH_MARK", "X")
            await there.command("engine", "w", "Withdraw", 503, unit_id="b", amount_quanta="1")
            step = await there.ask("ann", "POST", "/rounds/step", {"key": "now"})
            assert step["result"]["problem"]["code"] == "NO_FRESH_MARK"
            assert (await there.command("engine", "d", "Deposit", unit_id="b", amount_quanta="1"))["outcome"] == "done"
            await there.mark(1_000)
            assert (await there.command("engine", "t3", "Trade", **TRADE))["outcome"] == "done"
            assert (await there.ask("ann", "POST", "/rounds/step", {"key": "now"}))["result"]["outcome"] == "done"

    played(story)


def test_gate_when_the_service_was_down_for_hours_then_the_domain_goes_to_the_present_with_fresh_marks(
    tmp_path: Path,
) -> None:
    """Before, its time goes on from where it was; then an old mark is as old as it is, and no minute younger."""

    async def story() -> None:
        async with venue(tmp_path, rules=Rules(max_mark_age_ns=60 * NS_PER_S)) as there:
            await there.open_positions()
            time = there.time
        time.pass_s(HOURS_8)
        async with venue(tmp_path, time=time, rules=Rules()) as there:
            time.pass_s(3)
            await there.command("engine", "d", "Deposit", unit_id="b", amount_quanta="1")
            assert await there.look(lambda domain, _: domain.book.time_ns) == START_NS + 3 * NS_PER_S
            await there.mark(1_000)
            assert await there.look(lambda domain, _: domain.book.time_ns) == time.wall_ns

    played(story)


def test_gate_when_the_machine_slept_then_it_closes_without_a_restart(tmp_path: Path) -> None:
    """The clock went on, the process did not."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            await there.open_positions()
            assert (await there.ask("eve", "GET", "/rounds/state"))["gate_open"]
            there.time.wall_ns += HOURS_8 * NS_PER_S
            assert not (await there.ask("eve", "GET", "/rounds/state"))["gate_open"]
            assert (await there.command("engine", "t2", "Trade", 503, **TRADE))["code"] == "NO_FRESH_MARK"
            await there.mark(1_000)
            state = await there.ask("eve", "GET", "/rounds/state")
            assert (state["gate_open"], state["clock_ahead_ns"]) == (True, "0")

    played(story)


def test_gate_when_the_clock_is_wrong_then_no_mark_of_the_present_opens_it(tmp_path: Path) -> None:
    """A year ahead: what sources say is a year old, and the domain's time stays where it was."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            await there.open_positions()
            true_ns = there.time.wall_ns
            there.time.wall_ns += 365 * 24 * 3_600 * NS_PER_S
            await there.mark(1_000, status=422, source_time_ns=str(true_ns + NS_PER_S))
            assert not there.office.gate.is_open
            await there.command("engine", "d", "Deposit", unit_id="b", amount_quanta="1")
            assert await there.look(lambda domain, _: domain.book.time_ns) == true_ns

    played(story)


def test_gate_when_the_fresh_mark_gets_old_before_the_other_market_has_one_then_it_stays_closed(
    tmp_path: Path,
) -> None:
    """Heard once is not enough: fresh at the moment it opens."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            await there.open_positions()
            time = there.time
        async with venue(tmp_path, time=time) as there:
            there.office.gate.hear(())
            there.office.gate._heard["X"] = time.wall_ns - 11 * NS_PER_S
            assert not await there.office.gate.look(there.office._desk)
            assert there.office.gate.waits_for == ["X"]

    played(story)


def test_clock_when_confirmed_before_anybody_looked_then_the_break_is_counted_all_the_same() -> None:
    """The first to come after a sleep may be the mark that confirms: what was heard before it is old."""
    time = Time()
    clock = Clock(lambda: time.wall_ns, lambda: time.steady_ns)
    gate = Gate(clock, 10 * NS_PER_S)
    gate._heard["Y"] = time.wall_ns
    time.wall_ns += HOURS_8 * NS_PER_S
    clock.confirm()
    gate.hear((MarksSet(seq=1, time_ns=time.wall_ns, marks=(MarkSet("X", 1, 1, ""),)),))
    assert (clock.breaks, list(gate._heard)) == (1, ["X"])


def test_clock_when_it_drifts_or_is_set_then_only_what_is_steady_is_followed() -> None:
    """A second is drift; an hour is not, in either direction, until somebody confirms it."""
    time = Time()
    clock = Clock(lambda: time.wall_ns, lambda: time.steady_ns)
    clock.begin(0)
    time.pass_s(10)
    time.wall_ns += NS_PER_S
    assert (clock.now_ns(), clock.breaks) == (time.wall_ns, 0)
    believed = clock.now_ns()
    for set_by in (3_600, -7_200):
        time.wall_ns += set_by * NS_PER_S
        time.pass_s(1)
        believed += NS_PER_S
        assert (clock.now_ns(), clock.breaks) == (believed, 1)
    clock.confirm()
    assert clock.now_ns() == time.wall_ns
    assert clock.stamp(believed) == believed
