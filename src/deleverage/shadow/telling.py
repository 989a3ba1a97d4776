"""Commands and answers of the law, told as another engine tells what was asked of it and whom it closed."""

from collections.abc import Iterable, Iterator

from deleverage.domain.engines import Answer
from deleverage.rulebook.messages import Command, Fact, Rejection
from deleverage.shadow.acts import KIND_OF, closing_of
from deleverage.shadow.shape import Close, Side


def told_of(command: Command, answer: Answer) -> Iterator[Command | Close]:
    """Yield a command that was accepted, and what was closed in answer to it."""
    if isinstance(answer, Rejection):
        return
    yield command
    yield from closes_of(answer)


def closes_of(facts: Iterable[Fact]) -> Iterator[Close]:
    """Yield the forced closes among facts, as another engine would tell them."""
    for fact in closing_of(facts):
        sides = [
            Side(fill.unit_id, fill.market_id, fill.lots, fill.part, fill.leg_side, amount_quanta=fill.amount_quanta)
            for fill in fact.fills
        ]
        yield Close(
            time_ns=fact.time_ns,
            kind=KIND_OF[type(fact)],
            fills=tuple(sides),
            payments=fact.payments,
            pots=fact.pots,
            orders=fact.orders,
        )
