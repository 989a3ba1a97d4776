"""A block done again by the engine's kernels, without making a record of each command: how a start is quick.

Rows of the journal become events of the engine, and what its kernels tell of each is compared with the row, column by
column. What no kernel answers is done and compared as a command. The engine's columns are the only state.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deleverage.domain.domain import Domain
from deleverage.engine.columns import SIDES
from deleverage.engine.day import WIDEST
from deleverage.engine.engine import Engine
from deleverage.engine.kernels.records import EVENT, TOO_LITTLE_MARGIN
from deleverage.journal import rows
from deleverage.journal.block import Block
from deleverage.journal.entry import Answer, Entry
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.rows import NOBODY
from deleverage.rulebook.messages import Code
from deleverage.rulebook.selection import PolicyFault

FEWEST = 32
"""Rows in a line that are worth turning into events; fewer are done as commands."""

_SIDES = np.array([SIDES[side] for side in rows.SIDES], np.int16)


def replay(domain: Domain, block: Block) -> None:
    """Do a block again; OTHER_STATE at the first command whose answer is not the one that was written."""
    at = 0
    texts = np.flatnonzero(block.rows["kind"] == rows.TEXT).tolist()
    for text in (*texts, len(block.rows)):
        log = _events(domain, block, at, text) if text - at >= FEWEST else None
        if log is None:
            _do(domain, block.entries(at, text))
        else:
            _replay(domain.engine, block, at, log)  # type: ignore[arg-type]
        _do(domain, block.entries(text, text + 1))
        at = text + 1


def _do(domain: Domain, entries: Iterator[Entry]) -> None:
    """Do entries again as commands."""
    some = list(entries)
    try:
        answers = domain.submit([entry.command for entry in some])
    except PolicyFault as fault:  # then it hangs on more than what it was asked
        sentence = f"the policy fails now at command {some[0].seq} or behind it"
        raise JournalFault(Why.OTHER_STATE, sentence, fault, "an answer") from None
    for entry, answer in zip(some, answers, strict=True):
        _require(entry, answer)


def _require(entry: Entry, answer: Answer) -> None:
    if entry.answer != answer:
        sentence = f"command {entry.seq} is answered differently now"
        raise JournalFault(Why.OTHER_STATE, sentence, ascii(answer)[:400], ascii(entry.answer)[:400])


def _events(domain: Domain, block: Block, start: int, stop: int) -> NDArray[Any] | None:
    """Return rows as events of the domain's engine; None where it has none, or names and numbers do not fit."""
    engine = domain.engine
    if not isinstance(engine, Engine) or engine.wide is not None:
        return None
    table = block.rows[start:stop]
    units = np.array([engine.columns.numbers.get(name, -1) for name in (*block.names, "")], np.int64)
    markets = np.array([engine.prices.numbers.get(name, -1) for name in (*block.names, "")], np.int64)
    units[-1] = markets[-1] = 0  # nobody: the field is not read
    log = np.zeros(len(table), EVENT)
    for event, row, numbers in (("market", "market", markets), ("one", "one", units), ("other", "other", units)):
        found = numbers[np.where(table[row] == NOBODY, len(block.names), table[row])]
        if (found < 0).any():
            return None
        log[event] = found
    for name in ("time_ns", "amount", "price_ticks"):
        if (np.abs(table[name]) >= WIDEST).any():
            return None
        log[name] = table[name]
    log["kind"] = table["kind"]
    log["one"] = np.where(table["kind"] == rows.MARK, table["confirmed"], log["one"])
    log["one_side"], log["other_side"] = _SIDES[table["one_side"]], _SIDES[table["other_side"]]
    return log


def _replay(engine: Engine, block: Block, start: int, log: NDArray[Any]) -> None:
    """Let the kernels answer events, and compare what they tell with the rows."""
    replayed = engine.replay(log)
    table, told = block.rows[start : start + len(log)], replayed.told
    same = _same(engine, block, table, log, told)
    same[list(replayed.by_law)] = True
    for at, answer in replayed.by_law.items():
        (entry,) = block.entries(start + at, start + at + 1)
        _require(entry, answer)
    if not same.all():
        at = int(np.argmin(same))
        sentence = f"command {block.first_seq + start + at} is answered differently now"
        raise JournalFault(Why.OTHER_STATE, sentence, told[at], table[at])


def _same(
    engine: Engine, block: Block, table: NDArray[Any], log: NDArray[Any], told: NDArray[Any]
) -> NDArray[np.bool_]:
    """Return for each row whether what a kernel told is what it says."""
    kind, refused = table["kind"], told["refused"] != 0
    first, second = np.zeros(len(table), np.int64), np.zeros(len(table), np.int64)
    trades, marks, funding = (kind == one for one in (rows.TRADE, rows.MARK, rows.FUNDING))
    value = _values(engine, log, trades)
    lots = table["amount"][trades]
    first[trades], second[trades] = -lots * value, lots * (told["seen"][trades] - value)
    first[marks | funding], second[funding] = told["seen"][marks | funding], told["found"][funding]
    first[refused], second[refused] = told["found"][refused], told["bound"][refused]
    margin, equity = (rows.REFUSALS[code] for code in (Code.BELOW_INITIAL_MARGIN, Code.INSUFFICIENT_EQUITY))
    code = np.where(told["refused"] == TOO_LITTLE_MARGIN, margin, equity)
    same: NDArray[np.bool_] = (first == table["first"]) & (second == table["second"])
    same &= np.where(refused, code, 0) == table["code"]
    for at in np.flatnonzero(refused & (told["refused"] == TOO_LITTLE_MARGIN)).tolist():
        whose = table["refused"][at]
        same[at] &= whose != NOBODY and block.names[whose] == engine.columns.names[told["unit"][at]]
    return same


def _values(engine: Engine, log: NDArray[Any], trades: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return what a lot is worth at the price of each trade."""
    market, price = log["market"][trades], log["price_ticks"][trades]
    value: NDArray[np.int64] = price * engine.prices.markets["multiplier"][market]
    for at in np.flatnonzero(engine.prices.markets["inverse"][market]).tolist():
        value[at] = engine.prices.value_at(int(market[at]), int(price[at]))
    return value
