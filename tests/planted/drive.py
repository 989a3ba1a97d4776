"""Drive the rulebook of this process through one world under every property, and name the first that objects."""

from typing import Any

from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import decide
from deleverage.rulebook.invariants import InvariantBroken, Invariants
from deleverage.rulebook.messages import Fact, Rejection, RunStep
from deleverage.rulebook.rules import Rules
from tests.commands import to_command, to_rules
from tests.model import Model
from tests.properties.checks import CHECKS
from tests.worlds import world


def objection(seed: int) -> str:
    """Return the name of the first property that objects in one world, or an empty string."""
    rules, commands = world(seed)
    model, book, law = Model(rules), Book(), to_rules(rules)
    running = Invariants(book, law)
    command = next(commands)
    try:
        while True:
            model.submit(command)  # The model only tells the world what is going on; it is not compared here.
            name = _submit(book, command, law, running)
            if name:
                return name
            command = commands.send(model.state())
    except StopIteration:
        return ""


def _submit(book: Book, plain: dict[str, Any], law: Rules, running: Invariants) -> str:
    """Submit a command under every property; return the name of the one that objects."""
    command = to_command(plain)
    before = book.copy() if isinstance(command, RunStep) else None
    try:
        answer = decide(book, command, law)
        if isinstance(answer, Rejection):
            return ""
        for fact in answer:
            running.before(fact)
            apply(book, fact)
            running.after(fact)
        running.full()
    except InvariantBroken as broken:
        return broken.invariant
    except AssertionError:
        return _checked(before, law, ()) or "sum of a fact"
    except (KeyError, ValueError) as error:
        return _checked(before, law, ()) or f"crash: {type(error).__name__}"
    return _checked(before, law, answer)


def _checked(before: Book | None, law: Rules, facts: tuple[Fact, ...]) -> str:
    """Return the name of the first property of a step that objects; without facts the step crashed."""
    if before is None:
        return ""
    return next((check.__name__ for check in CHECKS if check((before, law, facts))), "")
