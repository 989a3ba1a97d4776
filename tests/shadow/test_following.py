"""Our own engine as the other one agrees wholly; what is planted is found at its line, and nothing else is."""

import json
from pathlib import Path

import pytest

from deleverage.shadow.compare import Tolerance
from tests.shadow.streams import Line, follow, is_close, planted, recorded

AGREEING = ("six-longs", "cascade", "hedge-mode", "drawdown", "crash-residual", "inverse", "self-dealing", "fund-pools")


@pytest.mark.parametrize("scenario", AGREEING)
def test_shadow_of_our_own_engine_agrees_wholly(scenario: str, tmp_path: Path) -> None:
    """Every close of a played scenario is what the law does again, in every moment."""
    found = follow(tmp_path / "stream", recorded(scenario)).tally
    assert (found.differences, found.bad, found.unfollowed, found.refused) == (0, {}, {}, {})
    assert found.agreed_moments == found.moments
    assert sum(row.agreed for row in found.rows.values()) > 0


def test_shadow_of_the_crash_agrees_wholly(tmp_path: Path) -> None:
    """400 accounts, liquidations, takeovers and deleveraging: not one differs."""
    found = follow(tmp_path / "stream", recorded("crash")).tally
    assert (found.differences, found.agreed_moments, found.moments) == (0, 4, 4)
    assert [found.rows[kind].agreed > 10 for kind in ("liquidation", "takeover", "adl")] == [True, True, True]


def _somebody_else(line: Line) -> Line:
    line["close"]["fills"][1]["unit_id"] = "long-4"
    return line


def _fewer_lots(line: Line) -> Line:
    short, long_2, _ = line["close"]["fills"]
    short.update(lots="15", amount_quanta="-975000")
    long_2.update(lots="-5", amount_quanta="325000")
    return line


def _other_price(line: Line) -> Line:
    short, long_2, _ = line["close"]["fills"]
    short["amount_quanta"], long_2["amount_quanta"] = "-1301000", "651000"
    return line


def _other_order(line: Line) -> Line:
    line["close"]["fills"][1:] = line["close"]["fills"][:0:-1]
    return line


@pytest.mark.parametrize(
    ("change", "what", "ours", "theirs"),
    [
        (_somebody_else, "who", {"unit_id": "long-2"}, {"unit_id": "long-4"}),
        (_fewer_lots, "lots", {"lots": "20"}, {"lots": "15"}),
        (_other_price, "price", {"amount_quanta": "-1300000"}, {"amount_quanta": "-1301000"}),
        (_other_order, "order", {"unit_id": "long-2"}, {"unit_id": "long-5"}),
    ],
)
def test_shadow_where_a_close_is_altered_then_its_line_and_both_values_are_told(
    change: object, what: str, ours: dict[str, str], theirs: dict[str, str], tmp_path: Path
) -> None:
    """Who, lots, price and order of a deleveraging: each altered alone is named, at line 29, as what it is."""
    lines, at = planted("six-longs", lambda line: is_close(line, "adl"), change)  # type: ignore[arg-type]
    first = follow(tmp_path / "stream", lines).tally.divergences[0]
    assert (first.line, first.what) == (at, what) == (29, what)
    assert ours.items() <= first.ours.items()
    assert theirs.items() <= first.theirs.items()


def test_shadow_where_they_closed_nobody_then_the_moment_is_named_once(tmp_path: Path) -> None:
    """What they leave alone is told at the line of the moment; said again at every later one, it only stands."""
    lines, at = planted("six-longs", lambda line: is_close(line, "adl"), lambda line: None)
    step = lines[-1]
    found = follow(tmp_path / "stream", [*lines, step, step]).tally
    assert (found.divergences[0].line, found.divergences[0].what) == (at - 1, "ours_only")
    assert (found.rows["adl"].ours_only, found.rows["adl"].standing, found.differences) == (3, 6, 3)


def test_shadow_of_the_crash_where_one_close_differs_then_the_rest_still_agrees(tmp_path: Path) -> None:
    """Two candidates with the same lots change places in money: one moment of four differs, and nothing behind it."""

    def one_quantum(line: Line) -> Line:
        first, second = [fill for fill in line["close"]["fills"] if fill["part"] == "candidate"][:2]
        for fill, change in ((first, 1), (second, -1)):
            fill["amount_quanta"] = str(int(fill["amount_quanta"]) + change)
        return line

    lines, at = planted("crash", lambda line: is_close(line, "adl"), one_quantum)
    found = follow(tmp_path / "stream", lines).tally
    assert (found.agreed_moments, found.moments) == (3, 4)
    assert [(one.line, one.what) for one in found.divergences] == [(at, "price"), (at, "price")]
    assert (found.unfollowed, found.rows["adl"].other_price) == ({}, 2)


def test_shadow_where_theirs_is_within_the_tolerance_then_it_agrees(tmp_path: Path) -> None:
    """10 USD on 20 lots is half a tick of a dollar: a difference by default, none within a tick."""
    lines, _ = planted("six-longs", lambda line: is_close(line, "adl"), _other_price)
    assert follow(tmp_path / "stream", lines).tally.differences > 0
    assert follow(tmp_path / "stream", lines, tolerance=Tolerance(ticks=1)).tally.differences == 0
    lines, _ = planted("six-longs", lambda line: is_close(line, "adl"), _other_order)
    assert follow(tmp_path / "stream", lines, tolerance=Tolerance(any_order=True)).tally.differences == 0


def test_shadow_where_a_close_comes_late_then_a_window_waits_for_it(tmp_path: Path) -> None:
    """A deposit and two milliseconds lie between the moment and the close: alike within 5 ms, not at once."""
    lines = list(recorded("six-longs"))
    close = json.loads(lines[-1])
    at_ns = int(close["close"]["time_ns"])
    close["close"]["time_ns"] = str(at_ns + 2_000_000)
    deposit = {"kind": "Deposit", "time_ns": str(at_ns + 1), "unit_id": "long-1", "amount_quanta": "5"}
    lines[-1:] = [json.dumps({"command": deposit}), json.dumps(close)]
    at_once = follow(tmp_path / "stream", lines).tally
    assert (at_once.rows["adl"].ours_only, at_once.rows["adl"].agreed) == (3, 3)
    waited = follow(tmp_path / "stream", lines, tolerance=Tolerance(window_ns=5_000_000)).tally
    assert (waited.differences, waited.rows["adl"].agreed) == (0, 3)


def test_shadow_where_marks_are_the_moments_then_steps_need_not_be_told(tmp_path: Path) -> None:
    """Without RunStep lines the law looks behind every mark, and still agrees."""
    lines = [line for line in recorded("six-longs") if '"RunStep"' not in line]
    found = follow(tmp_path / "stream", lines, steps="marks").tally
    assert (found.differences, found.rows["adl"].agreed) == (0, 3)


def test_shadow_where_the_law_would_have_refused_a_trade_then_it_is_counted_and_followed(tmp_path: Path) -> None:
    """A trade beyond any margin is a divergence of its own; the legs are there all the same."""
    lines = list(recorded("two-traders"))
    at = next(at for at, line in enumerate(lines) if '"Trade"' in line)
    trade = json.loads(lines[at])
    trade["command"]["lots"] = "1000"
    lines[at] = json.dumps(trade)
    found = follow(tmp_path / "stream", lines[: at + 1]).tally
    assert (found.refused["BELOW_INITIAL_MARGIN"].count, found.unfollowed) == (1, {})
    assert (found.divergences[0].line, found.divergences[0].what) == (at + 1, "refused")


@pytest.mark.parametrize(
    ("fills", "reason"),
    [
        ([("alice", "-10", "taker"), ("nobody", "10", "candidate")], "UNKNOWN_UNIT"),
        ([("alice", "-11", "bankrupt"), ("bob", "11", "candidate")], "MORE_THAN_HELD"),
        ([("alice", "-10", "bankrupt"), ("bob", "9", "candidate")], "UNBALANCED"),
    ],
)
def test_shadow_where_the_book_cannot_hold_a_close_then_it_is_counted_with_its_line(
    fills: list[tuple[str, str, str]], reason: str, tmp_path: Path
) -> None:
    """An unknown unit, more lots than there are, lots that leave a rest: nothing is written, everything counted."""
    lines = list(recorded("two-traders"))
    at = next(at for at, line in enumerate(lines) if '"Trade"' in line)
    sides = [
        {"unit_id": unit, "market_id": "XYZ", "lots": lots, "part": part, "price_ticks": "100"}
        for unit, lots, part in fills
    ]
    close = {"close": {"time_ns": "0", "kind": "adl", "fills": sides}}
    found = follow(tmp_path / "stream", [*lines[: at + 1], json.dumps(close)]).tally
    assert {name: (each.count, each.first_line) for name, each in found.unfollowed.items()} == {reason: (1, at + 2)}
