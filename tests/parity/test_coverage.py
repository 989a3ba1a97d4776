"""The table of what the worlds have to reach is complete, and says so when something is missing."""

from collections import Counter

from deleverage.rulebook import messages
from deleverage.rulebook.messages import Code, Command
from tests.parity.coverage import EXPECTED, LEAST, OK, cells_of, expected, impossible, report


def test_expected_when_compared_with_the_law_then_every_command_and_code_is_in_it() -> None:
    """A command or code that nobody expects would never be missed."""
    kinds = {kind.__name__ for kind in Command.__subclasses__()}
    assert kinds == {kind for kind in EXPECTED if hasattr(messages, kind)}
    answers = {answer for kind, answer, _, _ in expected() if hasattr(messages, kind)}
    assert answers == {code.name for code in Code} | {OK}


def test_report_when_every_possible_cell_was_seen_then_nothing_is_missing() -> None:
    """The control."""
    seen = Counter({cell: LEAST for cell in expected() if not impossible(cell)})
    lines, faults = report(seen)
    assert faults == []
    assert lines[0].endswith(f"the rarest seen {LEAST} times")


def test_report_when_a_cell_is_too_seldom_or_should_not_be_then_it_is_named() -> None:
    """One time too few, and a reason that is wrong."""
    seen = Counter({cell: LEAST for cell in expected() if not impossible(cell)})
    seen["Trade", "SELF_TRADE", "inverse", "isolated"] -= 1
    seen["Trade", "MORE_THAN_HELD", "linear", "cross"] += 1
    assert report(seen)[1] == [
        "Trade / SELF_TRADE / inverse / isolated: seen 19 times, needed 20",
        "Trade / MORE_THAN_HELD / linear / cross: cannot be, but was seen 1 times",
    ]


def test_cells_when_a_command_gets_an_answer_that_nobody_expects_then_the_cell_is_no_cell() -> None:
    """It is reported as unexpected."""
    command = {"kind": "Resume", "time_ns": 0}
    assert list(cells_of(command, "BAD_LOTS", {})) == [("Resume", "BAD_LOTS", "?", "?")]
