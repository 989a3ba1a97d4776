"""``deleverage serve --bus``: a part of a service on several machines; ``deleverage bus join``: its key."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from deleverage.commands.output import DONE, refuse, say
from deleverage.journal.address import shown
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.journal import Journal
from deleverage.journal.place import FilePlace, Place, place_of
from deleverage.scenarios.faults import Fault, ScenarioError
from deleverage.scenarios.loader import load
from deleverage.service.bus.faults import BusFault
from deleverage.service.bus.ring import FRONT, Party, join, read_party
from deleverage.service.bus.subjects import require_domain
from deleverage.service.doorman import Doorman
from deleverage.service.read_file import reads_of

if TYPE_CHECKING:
    from deleverage.service.bus.line import Dial
    from deleverage.service.rounds.office import Ways

Faults = Callable[[Journal], Sequence[str]]


class OnBus(NamedTuple):
    """How a part of a service finds the others: the options of ``deleverage serve`` of the same names."""

    bus: str | None = None
    part: str | None = None
    domain: str | None = None
    bus_key: str | None = None
    bus_ring: str = "ring.toml"
    bus_login: str | None = None
    bus_ca: str | None = None
    bus_certificate: str | None = None


ONE_MACHINE = OnBus()
"""No bus: everything in one process."""


def joined(name: str, part: str, key: str, ring: str) -> int:
    """Make a key and add it to a ring."""
    try:
        join(name, part, key, ring)
    except ScenarioError as refusal:
        return refuse(refusal.faults, as_json=False)
    say(f"{part} {name} added to {ring}; {key} stays on its machine, {ring} goes to every other")
    return DONE


def missing(on: OnBus) -> list[str]:
    """Return what is missing, or too much, in the options of a part."""
    if on.bus is None:
        given = [name for name in ("part", "domain", "bus_key") if getattr(on, name) is not None]
        return [f"--{name.replace('_', '-')} goes with --bus" for name in given]
    needed = ["part", "bus_key", *(["domain"] if on.part == FRONT else [])]
    return [f"--bus: --{name.replace('_', '-')} is missing" for name in needed if getattr(on, name) is None]


def party_of(on: OnBus) -> Party:
    """Return who this process is on the bus; ScenarioError, BusFault where it is nobody."""
    assert on.part is not None
    assert on.bus_key is not None
    if on.domain is not None:
        require_domain(on.domain)
    return read_party(on.part, on.bus_key, on.bus_ring)


def dial_of(on: OnBus) -> "Dial":
    """Return how the bus is reached."""
    from deleverage.service.bus.line import Dial

    assert on.bus is not None
    return Dial(on.bus, on.bus_login, on.bus_ca, on.bus_certificate)


def serve_front(on: OnBus, doorman: Doorman, host: str, port: int, *, noted: bool, **house: Any) -> int:
    """Serve the API of a domain whose journal lies with a worker, until asked to end."""
    from deleverage.service.front import House, front

    try:
        party, domain = party_of(on), require_domain(on.domain or "")
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        reads = reads_of(party.name) if noted else None
        at_door = House(doorman, host, port, lambda: say(f"serving {domain} on {url}/v1"), reads, **house)
        front(party, dial_of(on), domain, at_door)
    except (JournalFault, BusFault) as fault:
        return refuse([fault], as_json=False)
    except OSError as error:
        return refuse([f"{host}:{port}: {error.strerror}"], as_json=False)
    return DONE


def serve_worker(
    on: OnBus,
    db: str,
    rules: str | None,
    open_: Callable[[Place], Journal],
    ways_of: "Callable[[Journal], Ways]",
    faults_of: Callable[[Journal, str | None], Sequence[str]],
) -> int:
    """Work on the domain in a journal until asked to end; stand by while another worker has it."""
    from deleverage.service.worker import Post, work

    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        place = place_of(db)
        given = load(rules).rules.hash() if rules is not None else None
        lease = None if isinstance(place, FilePlace) else require_domain(place.short)
        work(
            Post(partial(_opened, place, open_, lambda journal: faults_of(journal, given)), ways_of, lease),
            party_of(on),
            dial_of(on),
            say,
        )
    except JournalFault as fault:
        return refuse([f"--db {shown(db)}: {fault}"], as_json=False)
    except BusFault as fault:
        return refuse([fault], as_json=False)
    except ScenarioError as refusal:
        return refuse(refusal.faults, as_json=False)
    return DONE


def _opened(place: Place, open_: Callable[[Place], Journal], faults_of: Faults) -> Journal:
    """Return the journal of a place; LOCKED where another worker made it in between."""
    try:
        journal = open_(place)
    except JournalFault as fault:
        if fault.why is Why.EXISTS:
            raise JournalFault(Why.LOCKED, str(fault)) from None
        raise
    faults = faults_of(journal)
    if faults:
        journal.close()
        raise ScenarioError([Fault("", one) for one in faults])
    return journal
