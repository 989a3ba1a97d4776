"""A process that works on a journal until it is killed: ``python -m tests.torture.child PATH SEED FIRST LAST``.

Every acknowledgement goes to whoever looks on before the next batch is begun.
"""

import sys
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from multiprocessing.connection import Connection
from random import Random
from typing import NamedTuple

from deleverage.domain.keeper import Settings
from deleverage.domain.outcomes import Acknowledged, Outcome
from deleverage.domain.runner import Runner
from deleverage.journal.faults import JournalFault
from deleverage.journal.files import Files
from deleverage.journal.local import open_journal
from deleverage.journal.papers import Receipt
from tests.torture.script import command, key

WAIT_S = 30.0


class Told(NamedTuple):
    """An acknowledgement as it reached the asker."""

    number: int
    seq: int
    answer: str
    receipt: Receipt
    again: bool


Tell = Callable[[Told | str], None]


def work(path: str, seed: int, first: int, last: int, tell: Tell, files: Files | None = None) -> None:
    """Ask commands ``first`` to ``last`` under their keys, tell each outcome, and close the journal."""
    rng = Random(f"life {seed} {first}")
    settings = Settings(
        most_waiting=rng.choice((1, 5, 40)),
        most_at_once=rng.choice((1, 3, 40)),
        checkpoint_every=rng.choice((5, 30)),
        snapshot_every=rng.choice((30, 100)),
    )
    runner = Runner(open_journal(path, files), settings=settings)
    for number in range(first, last + 1):
        future = runner.submit(key(seed, number), command(seed, number), WAIT_S)
        future.add_done_callback(partial(_tell, tell, number))
    runner.close()


def through(path: str, seed: int, first: int, last: int, pipe: Connection) -> None:
    """Work, and tell through a pipe; what went wrong is told, too."""
    forced(path, seed, first, last, None, pipe)


def forced(path: str, seed: int, first: int, last: int, files: Files | None, pipe: Connection) -> None:
    """Work on a journal through these files, and tell through a pipe."""
    try:
        work(path, seed, first, last, pipe.send, files)
    except JournalFault as fault:
        pipe.send(fault.why.name)


def _tell(tell: Tell, number: int, done: Future[Outcome]) -> None:
    error = done.exception()
    if error is not None:
        tell(error.why.name if isinstance(error, JournalFault) else f"command {number}: {error!r}")
        return
    outcome = done.result()
    if isinstance(outcome, Acknowledged):
        tell(Told(number, outcome.seq, ascii(outcome.answer), outcome.receipt, outcome.again))
    else:
        tell(f"command {number} has no place in the journal")


if __name__ == "__main__":
    work(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), print)
