"""After the halt: the residual is named, survivors leave with what is there, later money repays the rest."""

import pytest

from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import decide
from deleverage.rulebook.margin import equity
from deleverage.rulebook.messages import (
    Code,
    Command,
    Deposit,
    MoneyOut,
    RepayResidual,
    ResidualNamed,
    Resume,
    RunStep,
    Trade,
    Withdraw,
)
from deleverage.rulebook.price import Mark
from deleverage.rulebook.rules import Rules
from tests.properties.stories import mark, open_book, step, submit, trade

POOR = Rules(price=Mark())


def halted() -> Book:
    """Return a halted domain: at a mark of 20, al (10 lots long from 100, 110 deposited) is 690 quanta short.

    cy, its counterparty, is closed at the mark and flat; bo still has a gain of 160, which is cut; 530 stay uncovered.
    """
    book = open_book({"al": 110, "bo": 1_000, "cy": 1_000, "di": 1_000})
    trade(book, "al", "cy", 10)
    trade(book, "di", "bo", 2)
    mark(book, 20)
    step(book, POOR)
    return book


def code_of(book: Book, command: Command) -> Code:
    """Return the code with which a command is refused."""
    answer = decide(book, command, POOR)
    assert not isinstance(answer, tuple), answer
    return answer.code


def test_halt_when_gains_do_not_suffice_then_the_residual_is_named_and_the_debtor_flat() -> None:
    """At the mark stage 5 moves no money; cy is flat after it, so only bo's gain of 160 can be cut: 690 - 160 = 530."""
    book = halted()
    assert (book.halted, book.residual_quanta) == (True, 530)
    assert (book.units["al"].quote, book.units["al"].legs, book.units["al"].bankrupt) == (0, {}, False)


def test_halt_when_it_holds_then_opening_and_forced_acts_are_refused() -> None:
    """In a halted domain both sides of a trade must reduce, and no step runs."""
    book = halted()
    parties = {"market_id": "BTC", "price_ticks": 20, "lots": 1}
    opening = Trade(time_ns=9, buyer_unit_id="cy", seller_unit_id="di", **parties)  # type: ignore[arg-type]
    assert code_of(book, opening) is Code.DOMAIN_HALTED
    assert code_of(book, RunStep(time_ns=9)) is Code.DOMAIN_HALTED
    assert code_of(book, Resume(time_ns=9)) is Code.RESIDUAL_OUTSTANDING


@pytest.mark.parametrize("order", [("bo", "cy", "di"), ("di", "cy", "bo"), ("cy", "bo", "di")])
def test_exit_when_a_domain_halts_then_every_survivor_leaves_with_its_scaled_equity(order: tuple[str, ...]) -> None:
    """Whoever leaves first has no advantage: each gets its equity x (sum - K) / sum, within a quantum, none below 0."""
    book = halted()
    submit(book, Trade(time_ns=9, market_id="BTC", buyer_unit_id="bo", seller_unit_id="di", lots=2, price_ticks=20))
    equities = {unit_id: equity(book, book.units[unit_id]) for unit_id in order}
    total, residual = sum(equities.values()), book.residual_quanta
    for unit_id in order:
        (fact,) = submit(book, Withdraw(time_ns=10, unit_id=unit_id, amount_quanta=equities[unit_id]))
        assert isinstance(fact, MoneyOut)
        assert abs(fact.paid_quanta * total - equities[unit_id] * (total - residual)) <= 2 * total
    assert all(unit.quote == 0 and not unit.legs for unit in book.units.values())
    assert book.residual_quanta + sum(book.claims.values()) + sum(book.pots.values()) >= residual - len(order)
    assert book.net_deposits_quanta == sum(book.pots.values()) - book.residual_quanta


def test_repayment_when_money_comes_later_then_claims_and_residual_fall_pro_rata() -> None:
    """A repayment lowers K and the claims by what is outstanding; more than that is refused."""
    book = halted()
    submit(book, Withdraw(time_ns=9, unit_id="cy", amount_quanta=1_000))
    claim, residual = book.claims["cy"], book.residual_quanta
    assert code_of(book, RepayResidual(time_ns=9, amount_quanta=claim + residual + 1)) is Code.NO_RESIDUAL
    submit(book, RepayResidual(time_ns=9, amount_quanta=claim + residual))
    assert (book.residual_quanta, book.claims) == (0, {})
    submit(book, Resume(time_ns=10))
    assert not book.halted


def test_bankrupt_when_it_is_being_closed_then_no_entry_point_is_open_to_it() -> None:
    """With a guarded mark the bankruptcy waits; meanwhile nobody may feed it or draw on it."""
    rules = Rules(mark_band_ppb=500_000_000, price=Mark())
    book = open_book({"al": 400, "bo": 3_000}, market_ids=("BTC", "ETH"))
    trade(book, "al", "bo", 10)
    trade(book, "al", "bo", 1, "ETH")
    mark(book, 55, rules=rules)
    mark(book, 1, "ETH", rules=rules)
    (*_, named, _) = step(book, rules)
    assert isinstance(named, ResidualNamed)
    assert named.residuals[0].reason == "guard"
    assert book.units["al"].bankrupt
    assert code_of(book, Deposit(time_ns=3, unit_id="al", amount_quanta=1)) is Code.UNIT_BANKRUPT
    trading = Trade(time_ns=3, market_id="ETH", buyer_unit_id="bo", seller_unit_id="al", lots=1, price_ticks=1)
    assert code_of(book, trading) is Code.UNIT_BANKRUPT
