"""A scenario, played here, told as another engine would tell it: what was asked, and what it closed."""

from collections.abc import Iterable, Iterator

from deleverage.domain.domain import Domain, Watcher
from deleverage.domain.engines import COLUMNS, Answer
from deleverage.domain.player import play
from deleverage.rulebook.book import Book
from deleverage.rulebook.messages import Command
from deleverage.rulebook.rules import Rules
from deleverage.scenarios.model import Scenario
from deleverage.shadow.shape import SHAPE, TOLD, Header, Told
from deleverage.shadow.telling import told_of


class Telling(Domain):
    """A domain that remembers what it was asked and answered."""

    def __init__(self, book: Book, rules: Rules, engine: str) -> None:
        """Remember nothing yet."""
        super().__init__(book, rules, engine)
        self.told: list[tuple[Command, Answer]] = []

    def submit_into(self, commands: Iterable[Command], answers: list[Answer], watcher: Watcher | None = None) -> None:
        """Do as a domain does, and remember."""
        asked, before = list(commands), len(answers)
        super().submit_into(asked, answers, watcher)
        self.told += zip(asked, answers[before:], strict=True)


def record(scenario: Scenario) -> Iterator[Told]:
    """Yield the stream of a played scenario: header, accepted commands, and behind each step what it closed."""
    domain = Telling(Book(), scenario.rules, COLUMNS)
    play(scenario, domain=domain)
    rules, currency, money = scenario.rules, scenario.currency, scenario.money
    yield Header(shape=SHAPE, name=scenario.name, currency=currency, money=money, steps=TOLD, rules=rules)
    for command, answer in domain.told:
        yield from told_of(command, answer)
