"""Crowds: dozens of units at their limits in a few markets, then marks that leap, and bankrupts are taken one by one.

What a crowd is for is the queue: who is asked, and how often it has to be put in order again. So the rules ask for
that, the fund is poor, and there is little else.
"""

from collections.abc import Iterator
from itertools import chain, islice
from random import Random
from typing import Any

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Book
from deleverage.rulebook.messages import Command
from deleverage.rulebook.rules import Rules
from tests.life.limits import room
from tests.life.ordinary import Ordinary
from tests.life.view import Plain
from tests.worlds import random_rules

MOST = 500
"""Commands of a world."""


class Crowd(Ordinary):
    """The commands of one world."""

    def commands(self) -> Iterator[Command]:
        """Yield the commands of a world, one after the other."""
        yield from islice(chain(self.begin(), self.leaps()), MOST)

    def begin(self) -> Iterator[Command]:
        """Yield markets, accounts with money, and positions as large as they carry."""
        for _ in range(self.rng.choice((1, 2, 3))):
            yield from self.list_more()
        wanted = self.rng.choice((12, 30, 36))
        while len(self.book.units) < wanted:
            yield from self.open_more()
        for role in ("fund", "backstop"):
            if self.rng.random() < 0.2:
                yield self.at(m.OpenAccount, account_id=role, role=role, backstop_capacity_lots=3)
                yield self.at(m.Deposit, unit_id=role, amount_quanta=self.money())
        yield from self.fill_all(3 * wanted)

    def fill_all(self, times: int) -> Iterator[Command]:
        """Let pairs open what both carry, so often."""
        for _ in range(times):
            market_id, price = self.rng.choice(self.live()), 0
            price = self.book.markets[market_id].mark_price_ticks
            pair = self.pair(market_id) if price else None
            if pair is None:
                continue
            rooms = [
                room(self.book, *(one[0], market_id, side, one[1], price))
                for one, side in zip(pair, (1, -1), strict=True)
            ]
            if min(rooms):
                yield self.trade(market_id, *pair, max(1, min(rooms) // self.rng.choice((1, 1, 2))), price)

    def leaps(self) -> Iterator[Command]:
        """Yield leaps of the marks, steps, and new money and positions, again and again."""
        while True:
            share = self.rng.choice((-0.3, -0.15, -0.06, -0.02, 0.02, 0.06, 0.2, 0.5))
            moved = self.live() if self.rng.random() < 0.6 else [self.some_market()]
            yield self.mark({market_id: self.moved(market_id, share) for market_id in moved})
            yield from self.step()
            if self.book.is_halted or self.book.waiting or self.book.residual_quanta:
                yield from self.mend()
            for unit_id in self.rng.sample(sorted(self.book.units), len(self.book.units) // 3):
                yield self.at(m.Deposit, unit_id=unit_id, amount_quanta=self.money())
            yield from self.fill_all(12)


def crowd_rules(rng: Random) -> Plain:
    """Return rules under which bankrupts are taken one by one, as other worlds draw them or plain."""
    rules = random_rules(rng)
    while rules["rerank"] != "each_fill":
        rules = random_rules(rng)
    plain = {"manual": False, "trigger": {"name": "bankrupt-lots"}, "removed": [], "min_sources": 1, "mark_band_ppb": 0}
    rules |= {name: value for name, value in plain.items() if rng.random() < 0.8}
    if rng.random() < 0.3:
        ranking = rng.choice(("rotation", "ethereal"))  # No kernel knows these.
        rules["policy"] = {"name": "queue", "ranking": ranking, "seed": 0, "wallet_floor_quanta": 1}
    return rules


def crowd(rng: Random, book: Book, rules: Rules) -> Iterator[Any]:
    """Return the commands of a crowd; whoever asks for the next one has played the one before on the book."""
    return Crowd(rng, book, rules).commands()
