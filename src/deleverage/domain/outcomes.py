"""What is handed to a clerk, and what comes back: commands under their keys, acknowledgements, and refusals."""

from concurrent.futures import Future
from contextlib import suppress
from typing import NamedTuple, TypeVar

from deleverage.domain.engines import Answer
from deleverage.journal.papers import Receipt
from deleverage.rulebook.messages import Command, Rejection


class Acknowledged(NamedTuple):
    """The answer to a command that is durable. ``again``: it was durable before; this is the answer it got then."""

    seq: int
    answer: Answer
    receipt: Receipt
    again: bool


class Unwritten(NamedTuple):
    """The refusal of a command that has no place in the journal, because it or its answer has no text."""

    answer: Rejection


Outcome = Acknowledged | Unwritten

Told = TypeVar("Told")


class Written(NamedTuple):
    """A command that was just made durable, for whoever listens."""

    key: str
    command: Command
    answer: Answer
    receipt: Receipt


class KeyReused(Exception):
    """A key was used before, for another command: nothing was done."""

    def __init__(self, key: str, seq: int) -> None:
        """Keep the key and the command that it stands for."""
        super().__init__(f"the key {key} stands for command {seq}, which says something else")
        self.key, self.seq = key, seq


class Asked(NamedTuple):
    """A command under its key, and who waits for its outcome.

    ``plan_hash``: it is done only while that is the hash of what it would force (``planned``); empty: whatever it does.
    """

    key: str
    command: Command
    future: Future[Outcome]
    plan_hash: str = ""


def tell(future: Future[Told], outcome: Told) -> None:
    """Tell who waits; what comes of that (a callback that exits, a future answered by its holder) is nobody else's."""
    with suppress(BaseException):
        future.set_result(outcome)


def fail(future: Future[Told], error: BaseException) -> None:
    """Tell who waits why there is no outcome; as with ``tell``, nobody else hears of what comes of that."""
    with suppress(BaseException):
        future.set_exception(error)
