"""INV-20 on random worlds: from every halt there is a way out, whoever made it and however often."""

from random import Random

import pytest

from deleverage.rulebook import messages as m
from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import decide
from deleverage.rulebook.invariants import Invariants
from deleverage.rulebook.margin import equity
from deleverage.rulebook.rules import Rules
from tests.commands import to_command, to_rules
from tests.parity.compare import plain_book
from tests.worlds import world

MOST_STEPS = 60


class Way:
    """The way out of one book, every fact under the invariants."""

    def __init__(self, book: Book, rules: Rules) -> None:
        self.book, self.rules = book, rules
        self.running = Invariants(book, rules)
        self.now_ns = max([book.time_ns, *(market.terms.expiry_ns for market in book.markets.values())])

    def submit(self, command: m.Command) -> None:
        """Submit what must be accepted."""
        answer = decide(self.book, command, self.rules)
        assert not isinstance(answer, m.Rejection), (command, answer)
        for fact in answer:
            self.running.before(fact)
            apply(self.book, fact)
            self.running.after(fact)

    def resume(self) -> None:
        """Repay what is owed, then lift every halt."""
        if owed := self.book.residual_quanta + sum(self.book.claims.values()):
            self.submit(m.RepayResidual(time_ns=self.now_ns, amount_quanta=owed))
        if self.book.is_halted:
            self.submit(m.Resume(time_ns=self.now_ns))
        for scope in sorted(self.book.halts):
            self.submit(m.Resume(time_ns=self.now_ns, scope=scope))
        assert not self.book.is_halted
        assert not self.book.halts

    def settle(self) -> None:
        """Confirm all prices, settle every market at its mark, and let steps handle who could not pay."""
        prices = [
            m.AssetPriceUpdate(key, one.price_quanta) for key, one in self.book.assets.items() if one.price_quanta
        ]
        self.submit(m.SetAssetPrices(time_ns=self.now_ns, prices=tuple(prices), confirmed=True))
        for market_id, market in sorted(self.book.markets.items()):
            if price_ticks := 0 if market.settled else market.mark_price_ticks:  # without a mark nobody holds anything
                self.submit(m.SettleMarket(time_ns=self.now_ns, market_id=market_id, price_ticks=price_ticks))
        for _ in range(MOST_STEPS):
            units = self.book.units.values()
            if self.book.is_halted or all(not unit.bankrupt and equity(self.book, unit) >= 0 for unit in units):
                break
            self.submit(m.RunStep(time_ns=self.now_ns))

    def leave(self) -> None:
        """Let everybody withdraw all money and assets, but for assets that are pledged."""
        for unit in list(self.book.sorted_units()):
            if (own := equity(self.book, unit)) > 0:
                self.submit(m.Withdraw(time_ns=self.now_ns, unit_id=unit.unit_id, amount_quanta=own))
            for asset_id, grains in () if unit.carried else list(unit.assets.items()):
                unit_id, now_ns = unit.unit_id, self.now_ns
                out = m.WithdrawAsset(time_ns=now_ns, unit_id=unit_id, asset_id=asset_id, amount_grains=grains)
                self.submit(out)


def lived(seed: int) -> tuple[Book, Rules]:
    """Return a random world's book in mid-life, then with halts of an operator on top of its own."""
    rng = Random(f"halts {seed}")
    plain_rules, commands = world(seed)
    book, rules = Book(), to_rules(plain_rules)
    plain = next(commands)
    for _ in range(rng.randint(60, 110)):
        answer = decide(book, to_command(plain), rules)
        for fact in () if isinstance(answer, m.Rejection) else answer:
            apply(book, fact)
        plain = commands.send(plain_book(book))
    for scope in ("", *sorted(book.markets)):
        command = m.Halt(time_ns=book.time_ns, scope=scope, reason="drill")
        answer = decide(book, command, rules)
        if rng.random() < 0.6 and not isinstance(answer, m.Rejection):
            for fact in answer:
                apply(book, fact)
    return book, rules


@pytest.mark.parametrize("seed", range(80_000, 80_060))
def test_exit_when_a_domain_is_halted_then_after_resume_and_settlement_everybody_leaves(seed: int) -> None:
    """Halts are lifted, markets settled, the rest is handled or named; then every solvent unit is flat and paid."""
    way = Way(*lived(seed))
    way.resume()
    way.submit(m.RunStep(time_ns=way.now_ns))
    way.settle()
    way.leave()
    assert all(not unit.legs and unit.quote <= 0 and not unit.bankrupt for unit in way.book.units.values())
    assert all(not unit.assets or unit.carried for unit in way.book.units.values())


def test_exit_when_nobody_is_below_zero_then_everybody_leaves_inside_the_halt() -> None:
    """No resumption is needed: a halted market may be settled, free money may leave - if nobody owes anything.

    Who owes needs a step, and that needs a resumption: those worlds are left to the test above.
    """
    left = 0
    for seed in range(80_000, 80_060):
        book, rules = lived(seed)
        if any(equity(book, unit) < 0 or unit.bankrupt for unit in book.units.values()):
            continue
        way = Way(book, rules)
        way.settle()
        way.leave()
        assert all(not unit.legs and unit.quote == 0 for unit in book.units.values())
        left += 1
    assert left > 20
