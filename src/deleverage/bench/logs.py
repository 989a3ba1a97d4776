"""Drawn logs of events: an ordinary day on a book, every event valid by construction.

Trades are a small share of what the poorer side was given, prices stay near the first mark, withdrawals are crumbs: on
a quiet book nobody comes near a margin, however long the log is.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from deleverage.bench.books import Book, Random

TRADE, DEPOSIT, WITHDRAW, MARK, FUNDING = range(5)
SHARES = (0.70, 0.14, 0.12, 0.03, 0.01)
"""How many events are of each kind, at most for trades: where no pair of units can afford a lot, it is a deposit."""

EVENT = np.dtype(
    [
        ("kind", np.uint16),
        ("market", np.uint16),
        ("unit", np.uint32),  # buyer, or who deposits or withdraws
        ("other", np.uint32),  # seller
        ("spare", np.uint32),
        ("lots", np.int64),
        ("number", np.int64),  # price in ticks, amount in quanta, rate in ppb
    ]
)
"""An event: 32 bytes."""

Log = npt.NDArray[np.void]

MARK_MOVE, PRICE_MOVE, RATE_PPB, TRADED, STRANGERS = 0.01, 0.001, 100_000, 0.05, 0.1


def draw_log(book: Book, events: int, *, seed: int = 1) -> Log:
    """Return a log of valid events on a ``quiet`` book, cross units and linear contracts."""
    random = np.random.default_rng(seed)
    log = np.zeros(events, EVENT)
    kind = random.choice(len(SHARES), events, p=SHARES).astype(np.uint16)
    marks = book.markets.mark_ticks
    given = np.maximum(1, book.quote + book.sums(book.cost))
    market, unit, other = _pairs(random, book, events)
    share = min(TRADED, book.units / max(1, events))
    lots = (share * np.minimum(given[unit], given[other]) / book.markets.values(marks)[market]).astype(np.int64)
    kind[(kind == TRADE) & ((lots == 0) | (unit == other))] = DEPOSIT
    moved = np.rint(marks[market] * random.uniform(1 - MARK_MOVE, 1 + MARK_MOVE, events)).astype(np.int64)
    price = np.rint(marks[market] * random.uniform(1 - PRICE_MOVE, 1 + PRICE_MOVE, events)).astype(np.int64)
    crumbs = np.maximum(1, given[unit] // 1_000)
    rate = random.integers(-RATE_PPB, RATE_PPB + 1, events)
    log["kind"], log["unit"] = kind, np.where(kind <= WITHDRAW, unit, 0)
    log["other"], log["lots"] = np.where(kind == TRADE, other, 0), np.where(kind == TRADE, lots, 0)
    log["market"] = np.where((kind == DEPOSIT) | (kind == WITHDRAW), 0, market)
    log["number"] = np.choose(kind, [price, 10 * crumbs, crumbs, moved, rate])
    return log


def _pairs(random: Random, book: Book, events: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """Return market, buyer and seller of each event: two who hold the market, or one who does and anybody."""
    row = random.integers(0, book.positions, events)
    market = book.market[row]
    by_market = np.argsort(book.market, kind="stable")
    held = np.bincount(book.market, minlength=len(book.markets.mark_ticks))
    first = np.cumsum(held) - held
    holder = book.owner[by_market[first[market] + (random.random(events) * held[market]).astype(np.int64)]]
    anybody = random.integers(0, book.units, events)
    other = np.where(random.random(events) < STRANGERS, anybody, holder)
    one = book.owner[row].astype(np.int64)
    swapped = random.random(events) < 0.5
    return market, np.where(swapped, other, one), np.where(swapped, one, other)
