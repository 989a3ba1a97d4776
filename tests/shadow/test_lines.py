"""Lines that cannot be read: each has a reason and a number, none stops the rest unless that is asked for."""

import json
from pathlib import Path

import pytest

from deleverage.shadow.shape import LONGEST_LINE
from deleverage.shadow.wanted import HEADLESS, STRICT
from tests.shadow.streams import follow, recorded

CLOSE = {"time_ns": "1", "kind": "adl", "fills": [{"unit_id": "a", "market_id": "X", "lots": "1", "part": "taker"}]}

BAD = [
    ("{", "NOT_JSON"),
    ("[]", "NOT_JSON"),
    ('{"command":{"kind":"RunStep","time_ns":"1"},"command":1}', "NOT_JSON"),
    ("x" * (LONGEST_LINE + 5), "TOO_LONG"),
    ("{}", "UNKNOWN_LINE"),
    ('{"fill":{}}', "UNKNOWN_LINE"),
    ('{"command":{"kind":"RunStep","time_ns":"1"},"close":{}}', "UNKNOWN_LINE"),
    ('{"command":{"kind":"RunStep","time_ns":1}}', "BAD_FIELD"),
    ('{"command":{"kind":"Sleep","time_ns":"1"}}', "BAD_FIELD"),
    (json.dumps({"close": CLOSE}), "BAD_FIELD"),  # neither price nor amount
    (json.dumps({"close": {**CLOSE, "kind": "accident"}}), "BAD_FIELD"),
    (json.dumps({"close": {**CLOSE, "fills": []}}), "BAD_FIELD"),
    (json.dumps({"close": {**CLOSE, "fills": 3}}), "BAD_FIELD"),
    (json.dumps({"close": 3}), "BAD_FIELD"),
    (recorded("six-longs")[0], "HEADER_MISPLACED"),
]


@pytest.mark.parametrize(("line", "reason"), BAD, ids=[f"{line[:30]}" for line, _ in BAD])
def test_shadow_where_a_line_is_bad_then_it_is_counted_and_the_rest_followed(
    line: str, reason: str, tmp_path: Path
) -> None:
    """The bad line is named with its number, and everything else still agrees."""
    lines = list(recorded("six-longs"))
    lines.insert(3, line)
    found = follow(tmp_path / "stream", lines)
    assert {name: (each.count, each.first_line) for name, each in found.tally.bad.items()} == {reason: (1, 4)}
    assert (found.tally.differences, found.tally.rows["adl"].agreed) == (0, 3)
    assert found.bad[0].startswith(f"line 4: {reason}: ")


def test_shadow_where_strict_then_the_first_bad_line_ends_it(tmp_path: Path) -> None:
    """Nothing behind a bad line is looked at."""
    lines = list(recorded("six-longs"))
    lines.insert(3, "{")
    found = follow(tmp_path / "stream", lines, strict=True)
    assert (found.ended, found.tally.lines) == (STRICT, 4)


def test_shadow_where_the_header_is_missing_then_nothing_is_followed(tmp_path: Path) -> None:
    """Without a header nobody knows what the lines are."""
    found = follow(tmp_path / "stream", recorded("six-longs")[1:])
    assert (found.ended, found.header, found.tally.lines) == (HEADLESS, None, 1)
