"""One script under every fault: it runs once without any, then once for each fault that its operations can meet."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.torture.disk import ORDINARY, Disk, Traits
from tests.torture.faults import Fault, PowerCut, faults_of

Script = Callable[[Disk], Iterable[Any]]
"""Works on a disk, and yields what it has acknowledged."""

DONE, REFUSED, CRASHED = "done", "refused", "crashed"


@dataclass(frozen=True)
class Trial:
    """How a script ended under one fault; anything else that it raises is a bug and comes through."""

    fault: Fault
    outcome: str
    acknowledged: list[Any]
    disk: Disk


def sweep(
    script: Script, refusals: tuple[type[Exception], ...], seed: int, traits: Traits = ORDINARY, every: int = 1
) -> Iterator[Trial]:
    """Yield a trial for each fault at every n-th operation. `refusals`: the errors with which it may say no."""
    plain = Disk(seed, traits)
    for _ in script(plain):
        pass
    for fault in faults_of(plain.log, every):
        disk = Disk(seed, traits, [fault])
        yield Trial(fault, *outcome_of(script, refusals, disk), disk)


def outcome_of(script: Script, refusals: tuple[type[Exception], ...], disk: Disk) -> tuple[str, list[Any]]:
    """Return how a script ends on a disk, and what it had acknowledged by then."""
    acknowledged: list[Any] = []
    try:
        for one in script(disk):
            acknowledged.append(one)  # one by one: those before an error count
    except PowerCut:
        return CRASHED, acknowledged
    except refusals:
        return REFUSED, acknowledged
    return DONE, acknowledged
