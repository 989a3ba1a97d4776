"""Random worlds with several collaterals, inverse contracts and funding that never settles: nothing comes from nowhere.

The sums are kept here by a path of their own, from the facts that bring things in and take them out, and compared with
the book after every fact; nothing of the checks of the law is used for it.
"""

from collections import Counter
from typing import Any

import pytest

from deleverage.rulebook import messages as m
from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book, market_of
from deleverage.rulebook.decide import decide
from deleverage.rulebook.invariants import Invariants
from tests.commands import to_command, to_rules
from tests.parity.compare import plain_book
from tests.properties.checks import own_equity
from tests.worlds import world

SEEDS = range(70_240, 70_340)


class Tally:
    """What came in and went out, per currency and per asset, and what was seen on the way."""

    def __init__(self) -> None:
        self.money = 0
        self.grains: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()

    def count(self, fact: m.Fact) -> None:
        """Count one fact; a conversion must sum to zero in both of its legs."""
        self.seen[type(fact).__name__] += 1
        if isinstance(fact, m.MoneyIn):
            self.money += sum(payment.amount_quanta for payment in fact.to_units)
            self.money += fact.to_fund_quanta + fact.to_residual_quanta
        elif isinstance(fact, m.MoneyOut):
            self.money -= fact.paid_quanta
        elif isinstance(fact, m.FundWithdrawn):
            self.money -= fact.amount_quanta
        elif isinstance(fact, m.AssetIn):
            self.grains[fact.asset_id] += fact.amount_grains
        elif isinstance(fact, m.AssetOut):
            self.grains[fact.asset_id] -= fact.amount_grains
        elif isinstance(fact, m.Conversion):
            assert sum(fill.grains for fill in fact.assets) == 0
            moved = [payment.amount_quanta for payment in fact.payments]
            moved += [change.amount_quanta for change in fact.pots]
            assert sum(moved) == 0
            assert max(moved) > 0

    def agrees_with(self, book: Book) -> None:
        """Compare with the book: money with the residual in it, each asset alone, lots per market."""
        quotes = sum(unit.quote for unit in book.units.values())
        assert quotes + sum(book.pots.values()) - book.residual_quanta == self.money
        assert sum(own_equity(book, unit) for unit in book.units.values()) == quotes
        for asset_id in book.assets:
            assert sum(unit.assets.get(asset_id, 0) for unit in book.units.values()) == self.grains[asset_id]
        for market_id in book.markets:
            legs = [item for unit in book.units.values() for item in unit.legs.items()]
            assert sum(leg.lots for leg_id, leg in legs if market_of(leg_id) == market_id) == 0


def lived(seed: int) -> tuple[Tally, Book]:
    """Live one world under every invariant and the tally; return both ends."""
    rules, commands = world(seed)
    book, law, tally = Book(), to_rules(rules), Tally()
    running = Invariants(book, law)
    plain: Any = next(commands)
    try:
        while True:
            answer = decide(book, to_command(plain), law)
            before = {unit_id: unit.carried for unit_id, unit in book.units.items()}
            for fact in () if isinstance(answer, m.Rejection) else answer:
                running.before(fact)
                apply(book, fact)
                running.after(fact)
                tally.count(fact)
                tally.agrees_with(book)
            running.full()
            if isinstance(answer, m.Rejection):
                tally.seen[answer.code.name] += 1
            elif any(unit.carried > before.get(unit_id, 0) for unit_id, unit in book.units.items()):
                tally.seen["pledged"] += 1
            plain = commands.send(plain_book(book))
    except StopIteration:
        return tally, book


@pytest.mark.parametrize("seed", SEEDS)
def test_worlds_with_collateral_when_lived_then_every_currency_and_every_asset_sums_to_what_came_in(seed: int) -> None:
    """Checked after every fact, at cost and at the marks."""
    lived(seed)


def test_worlds_with_collateral_when_counted_then_everything_the_law_says_of_it_came_up() -> None:
    """Inverse contracts, two assets and funding in one world; every fact, every code, and pledges."""
    seen: Counter[str] = Counter()
    mixed = 0
    for seed in SEEDS:
        tally, book = lived(seed)
        seen += tally.seen
        inverse = any(market.terms.contract == "inverse" for market in book.markets.values())
        funded = any(market.funding_quanta for market in book.markets.values())
        mixed += inverse and funded and len(book.assets) > 1
    assert mixed >= 3
    facts = ("AssetListed", "AssetPricesSet", "AssetIn", "AssetOut", "Converted", "CollateralSold", "pledged")
    codes = ("UNKNOWN_ASSET", "ISOLATED_UNIT", "ASSETS_PLEDGED", "OUT_OF_BAND")
    assert [name for name in (*facts, *codes) if not seen[name]] == []
