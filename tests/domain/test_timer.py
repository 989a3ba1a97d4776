"""A timer: a clock may do what it likes; times go on, by a bounded step, and each is handed in once."""

from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import pytest

from deleverage.domain.runner import Busy, Runner
from deleverage.domain.timer import NS_PER_S, Clocked, Timer
from deleverage.rulebook.messages import Code, Command, Rejection, RunStep
from tests.domain.asking import new

YEAR = 365 * 24 * 3600 * NS_PER_S
NOW = 1_700_000_000 * NS_PER_S
STEP = 60 * NS_PER_S


class Desk:
    """A door that notes what was handed in, or refuses it."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.taken: list[tuple[str, Command]] = []
        self.error: Exception | None = None
        self.tried = 0

    def submit(self, key: str, command: Command, wait_s: float = 0.0) -> None:
        """Note a command."""
        self.tried += 1
        if self.error is not None:
            raise self.error
        self.taken.append((key, command))


@pytest.mark.parametrize(
    ("clock_ns", "expected"),
    [
        (NOW + 1, NOW + 1),
        (NOW, NOW),
        (NOW - 600 * NS_PER_S, NOW),
        (NOW - YEAR, NOW),
        (-1, NOW),
        (NOW + STEP, NOW + STEP),
        (NOW + STEP + 1, NOW + STEP),
        (NOW + YEAR, NOW + STEP),
    ],
)
def test_time_when_a_clock_jumps_then_it_never_goes_back_nor_further_ahead_than_a_step(
    clock_ns: int, expected: int
) -> None:
    """The bounds are exact."""
    assert Clocked(STEP).time_after(NOW, clock_ns) == expected


@pytest.mark.parametrize(("clock_ns", "expected"), [(NOW, NOW), (0, 0), (-5, 0)])
def test_time_when_nothing_was_before_then_the_clock_says_it(clock_ns: int, expected: int) -> None:
    """Any time is as good as another at the start; before 1970 there is none."""
    assert Clocked(STEP).time_after(0, clock_ns) == expected


def ticking(desk: Desk, clock_ns: Callable[[], int], last_ns: int = 0, every_s: float = 3_600) -> Timer:
    """Return a timer."""
    return Timer(desk, clock_ns, last_ns, every_s=every_s, longest_step_s=60)


def test_timer_when_its_clock_jumps_then_steps_are_handed_in_once_for_each_time() -> None:
    """Back: nothing until it has caught up; standing: nothing; a year ahead: a step at a time."""
    desk, clock = Desk(), [NOW]
    timer = ticking(desk, lambda: clock[0])
    for clock[0] in (NOW, NOW, NOW - YEAR, NOW + 5, NOW + YEAR, NOW + YEAR, NOW + 6, NOW + 2 * STEP + 7):
        timer.tick()
    timer.close()
    times = [NOW, NOW + 5, NOW + 5 + STEP, NOW + 5 + 2 * STEP, NOW + 2 * STEP + 7]
    assert desk.taken == [(f"step-{time_ns}", RunStep(time_ns=time_ns)) for time_ns in times]


def test_timer_when_the_book_has_a_time_then_it_goes_on_from_there() -> None:
    """A restart a year later is no jump of a year."""
    desk = Desk()
    timer = ticking(desk, lambda: NOW + YEAR, last_ns=NOW)
    timer.tick()
    timer.close()
    assert [command.time_ns for _, command in desk.taken] == [NOW + STEP]


def test_timer_when_the_line_is_full_then_it_tries_again_and_does_not_end() -> None:
    """Other people's commands must not end the steps for good."""
    desk = Desk()
    desk.error = Busy(5)
    timer = ticking(desk, lambda: NOW, every_s=0.001)
    wait_for(lambda: desk.tried > 3)
    desk.error = None
    wait_for(lambda: bool(desk.taken))
    timer.close()
    assert (timer.failed, desk.taken) == (None, [(f"step-{NOW}", RunStep(time_ns=NOW))])


def test_timer_when_handing_in_fails_then_it_ends_and_says_why() -> None:
    """Whoever runs it looks."""
    desk = Desk()
    desk.error = ValueError("mine")
    timer = ticking(desk, lambda: NOW, every_s=0.001)
    wait_for(lambda: timer.failed is not None)
    timer.close()
    assert (timer.failed, desk.tried) == (desk.error, 1)


def test_runner_when_a_timer_and_a_stamp_share_a_jumping_clock_then_no_time_is_refused(tmp_path: Path) -> None:
    """Steps of the timer and commands with times of their own, in any order."""
    jumps = iter([0, YEAR, -YEAR, -600 * NS_PER_S, 5, 600 * NS_PER_S, -1, 0] * 20)
    now = [NOW]

    def clock() -> int:
        now[0] += next(jumps)
        return now[0]

    clocked = Clocked(STEP)
    runner = Runner(new(tmp_path), stamp=lambda last_ns: clocked.time_after(last_ns, clock()))
    timer = Timer(runner, clock, 0, every_s=3_600)
    outcomes = []
    for at in range(40):
        timer.tick()
        outcomes.append(runner.submit(f"k{at}", RunStep(time_ns=at)).result(60))
    answers = [one.answer for one in outcomes]
    timer.close()
    runner.close()
    assert [one for one in answers if isinstance(one, Rejection) and one.code is Code.TIME_BACKWARDS] == []


def wait_for(true: Callable[[], bool]) -> None:
    """Wait until something is so; a minute is too long."""
    until = monotonic() + 60
    while not true():
        assert monotonic() < until
        sleep(0.001)
