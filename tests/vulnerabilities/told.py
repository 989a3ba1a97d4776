"""Short words for the tests of this folder: commands that must be accepted or refused, and what facts say."""

from typing import TypeVar

from deleverage.domain import Domain
from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import decide
from deleverage.rulebook.margin import equity
from deleverage.rulebook.messages import (
    Code,
    Command,
    Deleveraged,
    Fact,
    MarkUpdate,
    PlaceOrder,
    Rejection,
    RunStep,
    SetMarks,
    Trade,
)
from deleverage.rulebook.rules import Rules
from tests.properties.stories import submit

Kind = TypeVar("Kind", bound=Fact)


def refused(book: Book, command: Command, rules: Rules | None = None) -> Code:
    """Return the code with which a command is refused; the book must stay as it was."""
    before = book.digest()
    answer = decide(book, command, rules or Rules())
    assert isinstance(answer, Rejection), answer
    assert book.digest() == before
    return answer.code


def checked_step(book: Book, rules: Rules | None = None, time_ns: int = 2) -> tuple[Fact, ...]:
    """Run one step with every invariant looked at after each of its facts."""
    (answer,) = Domain(book, rules or Rules()).submit([RunStep(time_ns=time_ns)])
    assert not isinstance(answer, Rejection), answer
    return answer


def of(facts: tuple[Fact, ...], kind: type[Kind]) -> list[Kind]:
    """Return the facts of a kind."""
    return [fact for fact in facts if isinstance(fact, kind)]


def only(facts: tuple[Fact, ...], kind: type[Kind]) -> Kind:
    """Return the one fact of a kind."""
    (found,) = of(facts, kind)
    return found


def equities(book: Book) -> dict[str, int]:
    """Return every unit's equity in quanta."""
    return {unit_id: equity(book, unit) for unit_id, unit in sorted(book.units.items())}


def lots(book: Book, unit_id: str, market_id: str = "BTC") -> int:
    """Return a unit's lots in a market."""
    leg = book.units[unit_id].legs.get(market_id)
    return leg.lots if leg else 0


def closed(fact: Deleveraged) -> dict[str, int]:
    """Return how many lots of each candidate were closed."""
    return {closing.unit_id: closing.closed_lots for closing in fact.closings}


def given_up(fact: Deleveraged) -> dict[str, int]:
    """Return what each candidate gave up against the mark, in quanta."""
    return {closing.unit_id: closing.money_quanta for closing in fact.closings}


def deal(buyer: str, seller: str, lots: int, price_ticks: int, time_ns: int = 1, market_id: str = "BTC") -> Trade:
    """Return a trade."""
    return Trade(
        time_ns=time_ns,
        market_id=market_id,
        buyer_unit_id=buyer,
        seller_unit_id=seller,
        lots=lots,
        price_ticks=price_ticks,
    )


def order(order_id: str, unit_id: str, lots: int, price_ticks: int, time_ns: int = 0) -> PlaceOrder:
    """Return an order in BTC."""
    return PlaceOrder(
        time_ns=time_ns, order_id=order_id, unit_id=unit_id, market_id="BTC", lots=lots, price_ticks=price_ticks
    )


def marks(book: Book, rules: Rules | None = None, time_ns: int = 1, **price_ticks: int) -> None:
    """Set marks of several markets as one set."""
    updates = tuple(MarkUpdate(market_id, ticks) for market_id, ticks in price_ticks.items())
    submit(book, SetMarks(time_ns=time_ns, marks=updates), rules)
