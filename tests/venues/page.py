"""The page of venues: the catalogue, who pays under each preset, and which presets notice that an account is two.

python -m tests.venues.page            is the page true?
python -m tests.venues.page --write    renew it
"""

import sys
from pathlib import Path

from deleverage.commands.bills import PAYERS
from deleverage.domain.bill import bill_of
from deleverage.domain.player import play
from deleverage.domain.show import money_text
from deleverage.rulebook.quantities import Scale
from deleverage.scenarios.loader import load, loads, text_of
from deleverage.scenarios.preset import Preset
from deleverage.venues.catalogue import executing_names, venue, venue_names

FILE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "venues.md"
ACCOUNTS = 1_000
WHOLE = """[[accounts]]
id        = "dave"
deposit   = 1000
positions = [{ market = "XYZ", size = -20, entry = 100 }]
"""
HALVES = "".join(
    f"""[[accounts]]
id        = "dave-{half}"
deposit   = 500
positions = [{{ market = "XYZ", size = -10, entry = 100 }}]

"""
    for half in (1, 2)
)
HEAD = """# Venues

Generated from the presets (`deleverage venues`) by `python -m tests.venues.page --write`; a test keeps it true.

*executes*: the preset plays a crash as it is. *ranks*: its queue is complete, its price or trigger is not published. *documented*: words and formulas; what
is not published, such as who is closed, is asked for (`--policy`). What each assumes and leaves open: `deleverage venues NAME`.

A preset replaces the rules of a scenario, the terms of its pools, and whether the fund is one or one per market. Makers and backstops belong to the scenario.

## The catalogue

| preset | grade | as of | rule in short | policy | price | loss rule |
|---|---|---|---|---|---|---|
"""
CRASH_HEAD = f"""
## Who pays in a crash

`deleverage run crash --accounts {ACCOUNTS} --venue NAME`, USD, rounded down to whole dollars: the same {ACCOUNTS:,} accounts, makers and backstop, a fund of 1,000,000. Shortfalls differ
from venue to venue because a venue that waits meets the next fall with the lots still open: a trigger that asks for an empty fund starts a frame later than one
that asks for bankrupt lots alone, and where nobody is ever closed everything waits for a taker.

| preset | {" | ".join(words for _, words in PAYERS.values())} | positions closed | their value |
|---|{"---:|" * (len(PAYERS) + 2)}
"""
SPLIT_HEAD = """
## One account or two

`one-bankrupt` with dave's 20 lots and 1,000 in one account, and in two halves. Money in USD; lots in brackets. A preset resists if the halves together give what the whole gives.

| preset | the whole gives | the halves give | resists |
|---|---:|---:|---|
"""
SPLIT_FOOT = """
One book is an example, no proof: shares of lots (`pro-rata`) and ratios of a position (return, leverage, margin ratio) do not see a split by themselves, but the marginal
candidate is closed in part, and ties go by id. A ranking by money or size does see it: two halves stand further down than the whole.
"""


def text() -> str:
    """Return the page as the presets have it today."""
    return HEAD + catalogue() + CRASH_HEAD + crash() + SPLIT_HEAD + split() + SPLIT_FOOT


def catalogue() -> str:
    """Return a row per preset."""
    rows = []
    for name in venue_names():
        found = venue(name)
        rules = found.law(Scale(1, 2))
        policy = "asked for" if "policy" in found.asks_for else rules.policy.name
        title = found.title.partition(": ")[2]
        cells = (name, found.grade, found.as_of, title, policy, rules.price.kind, rules.loss_rule.kind)
        rows.append(f"| {' | '.join(cells)} |\n")
    return "".join(rows)


def crash() -> str:
    """Return a row per executing preset."""
    rows = []
    for name in executing_names():
        run = play(load("crash", accounts=ACCOUNTS, preset=venue(name).preset()))
        bill = bill_of(run)
        whole = 10**run.scenario.money.decimals
        money = [f"{getattr(bill, field) // whole:,}" for field, _ in PAYERS.values()]
        cells = (name, *money, f"{bill.closed_units:,}", f"{bill.closed_quanta // whole:,}")
        rows.append(f"| {' | '.join(cells)} |\n")
    return "".join(rows)


def split() -> str:
    """Return a row per executing preset: what dave gives whole and in halves."""
    rows = []
    for name in executing_names():
        preset = venue(name).preset()
        whole, halves = given(text_of("one-bankrupt"), preset), given(two_daves(), preset)
        shown = [f"{money_text(quanta, Scale(1, 2))} ({lots})" for quanta, lots in (whole, halves)]
        rows.append(f"| {name} | {shown[0]} | {shown[1]} | {'yes' if whole == halves else 'no'} |\n")
    return "".join(rows)


def two_daves() -> str:
    """Return the worked example with dave in two halves."""
    story = text_of("one-bankrupt")
    assert WHOLE in story
    return story.replace(WHOLE, HALVES)


def given(story: str, preset: Preset) -> tuple[int, int]:
    """Return the money that dave's accounts gave in stages 5 and 6, and their closed lots."""
    run = play(loads(story, preset=preset))
    facts = [fact for step in run.steps for item in step.rounds for fact in item.fact.closings]
    mine = [closing for closing in facts if closing.unit_id.startswith("dave")]
    after = sum(state.equity_quanta for state in run.after if state.unit_id.startswith("dave"))
    return EQUITY_AT_75 - after, sum(closing.closed_lots for closing in mine)


EQUITY_AT_75 = 150_000
"""Cents: 1,000 and a gain of 25 on each of 20 lots, whole or in halves; the mark does not move after it."""


def main(arguments: list[str]) -> int:
    """Write the page, or say whether it is true."""
    if "--write" in arguments:
        FILE.parent.mkdir(exist_ok=True)
        FILE.write_text(text(), encoding="utf-8")
        return 0
    return 0 if FILE.read_text(encoding="utf-8") == text() else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
