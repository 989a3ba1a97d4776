"""The page of venues: the catalogue, who pays under each preset, and which presets notice that an account is two.

python -m tests.venues.page            is the page true?
python -m tests.venues.page --write    renew it
"""

import sys
from pathlib import Path
from random import Random
from typing import NamedTuple

from deleverage.commands.bills import PAYERS
from deleverage.domain.bill import bill_of
from deleverage.domain.player import play
from deleverage.rulebook.quantities import Scale
from deleverage.scenarios.loader import load, loads
from deleverage.scenarios.preset import Preset
from deleverage.venues.catalogue import executing_names, venue, venue_names

FILE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "venues.md"
ACCOUNTS = 600
BOOKS, SHORTS, SEED = 12, 14, 1
HEAD = """# Venues

Generated from the presets (`deleverage venues`) by `python -m tests.venues.page --write`; a test keeps it true.

*executes*: the preset plays a crash as it is. *ranks*: its queue is complete, its price or trigger is not published.
*documented*: words and formulas; what is not published, such as who is closed, is asked for (`--policy`). What each
assumes and leaves open: `deleverage venues NAME`.

A preset replaces the rules of a scenario, the terms of its pools, and whether the fund is one or one per market.
Makers and backstops belong to the scenario.

## The catalogue

| preset | grade | as of | rule in short | policy | price | loss rule |
|---|---|---|---|---|---|---|
"""
CRASH_HEAD = f"""
## Who pays in a crash

`deleverage run crash --accounts {ACCOUNTS} --venue NAME`, USD, rounded down to whole dollars: the same {ACCOUNTS:,}
accounts, makers and backstop, a fund of 1,000,000. Shortfalls differ from venue to venue because a venue that waits
meets the next fall with the lots still open: a trigger that asks for an empty fund starts a frame later than one that
asks for bankrupt lots alone, and where nobody is ever closed everything waits for a taker. A residual halts the domain:
what comes after it is not played.

| preset | {" | ".join(words for _, words in PAYERS.values())} | positions closed | their value |
|---|{"---:|" * (len(PAYERS) + 2)}
"""
SPLIT_HEAD = f"""
## One account or two

{BOOKS} books are drawn (seed {SEED}): a bankrupt, {SHORTS} opposite positions, a fund that pays half. In each the
largest opposite position stands once in one account, once in two halves with half the money each, and what all of its
owner's accounts give is compared. *the same*: to the last quantum, but for one quantum or one lot of rounding. *less*,
*more*: in so many books the halves give less, or more, than the whole. A preset resists if less never happens.

| preset | the same | less | more | resists |
|---|---:|---:|---:|---|
"""


SPLIT_FOOT = """
Ratios of a position (return, leverage, margin ratio) are the same for a half, so a queue by ratio closes both halves
where it would close the whole; only the marginal position is cut where the other half stands. A queue by money or size
puts halves further down; a queue by id or from a drawn place moves with the names.
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
        stated = {"price": rules.price.kind, "loss_rule": rules.loss_rule.kind}
        price, loss = (kind if key in found.rules else "not published" for key, kind in stated.items())
        cells = (name, found.grade, found.as_of, title, policy, price, loss)
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
    """Return a row per executing preset: how often two halves of an account give what the whole gives."""
    rows = []
    for name in executing_names():
        same, less, more = split_counts(venue(name).preset())
        rows.append(f"| {name} | {same} | {less} | {more} | {'no' if less else 'yes'} |\n")
    return "".join(rows)


def split_counts(preset: Preset) -> tuple[int, int, int]:
    """Return in how many drawn books the halves give the same as the whole, less, and more."""
    random = Random(SEED)
    verdicts = [verdict(draw(random), preset) for _ in range(BOOKS)]
    return verdicts.count(0), verdicts.count(-1), verdicts.count(1)


class Short(NamedTuple):
    """A position opposite to the bankrupt's, its entry price, and its owner's deposit; whole dollars."""

    lots: int
    entry: int
    deposit: int


def draw(random: Random) -> list[Short]:
    """Return the shorts; each has even lots, and is healthy at the opening mark of 90."""
    shorts = []
    for _ in range(SHORTS):
        lots, entry = 2 * random.randint(1, 20), random.randint(76, 110)
        shorts.append(Short(lots, entry, lots * (max(0, 90 - entry) + random.randint(12, 60))))
    return shorts


def verdict(shorts: list[Short], preset: Preset) -> int:
    """Return -1 if the halves of the largest position give less than the whole, 1 if more, 0 if the same."""
    at = max(range(len(shorts)), key=lambda place: (shorts[place].lots, place))
    lots, entry, deposit = shorts[at]
    half = Short(lots // 2, entry, deposit // 2)
    others = {f"short-{place}": short for place, short in enumerate(shorts) if place != at}
    mine = f"short-{at}"
    whole = given({**others, mine: shorts[at]}, mine, preset)
    halves = given({**others, mine: half, f"{mine}-b": half}, mine, preset)
    if abs(whole[0] - halves[0]) > 1:
        return -1 if halves[0] < whole[0] else 1
    if whole[0] == halves[0] and abs(whole[1] - halves[1]) > 2:
        return -1 if halves[1] < whole[1] else 1
    return 0


def given(shorts: dict[str, Short], mine: str, preset: Preset) -> tuple[int, int]:
    """Return the closed lots of the accounts whose name begins with ``mine``, and the cents that they gave."""
    run = play(loads(story(shorts), preset=preset))
    closings = [closing for step in run.steps for item in step.rounds for closing in item.fact.closings]
    lots = sum(closing.closed_lots for closing in closings if closing.unit_id.startswith(mine))
    after = sum(state.equity_quanta for state in run.after if state.unit_id.startswith(mine))
    owned = [short for name, short in shorts.items() if name.startswith(mine)]
    before = sum(100 * (short.deposit + short.lots * (short.entry - 75)) for short in owned)
    return lots, before - after


def story(shorts: dict[str, Short]) -> str:
    """Return a scenario: a long of half of all lots that is bankrupt at 75 by 5 a lot; the fund pays half of it."""
    lots = sum(short.lots for short in shorts.values()) // 2
    accounts = {"bankrupt": (20 * lots, lots, 100)}
    accounts |= {name: (short.deposit, -short.lots, short.entry) for name, short in shorts.items()}
    rows = "".join(
        f'[[accounts]]\nid = "{name}"\ndeposit = {deposit}\n'
        f'positions = [{{ market = "XYZ", size = {size}, entry = {entry} }}]\n'
        for name, (deposit, size, entry) in accounts.items()
    )
    return f"""
name = "split"
title = "One account or two"
lesson = "A rule that sees sizes can be walked around by splitting."
[settlement]
currency = "USD"
decimals = 2
[fund]
deposit = "{5 * lots / 2}"
[[markets]]
id = "XYZ"
tick = 1
lot = 1
mark = 90
tiers = [{{ from = 0, maintenance = "0.05", initial = "0.10" }}]
rest_of_market = "others"
{rows}
[[accounts]]
id = "others"
deposit = 1000000
[[path]]
after_seconds = 60
marks = {{ XYZ = 75 }}
"""


def main(arguments: list[str]) -> int:
    """Write the page, or say whether it is true."""
    if "--write" in arguments:
        FILE.parent.mkdir(exist_ok=True)
        FILE.write_text(text(), encoding="utf-8")
        return 0
    return 0 if FILE.read_text(encoding="utf-8") == text() else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
