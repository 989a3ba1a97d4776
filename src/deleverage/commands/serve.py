"""``deleverage serve``: a domain behind HTTP."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from deleverage.commands.output import BAD_INPUT, DONE, progress, refuse, say
from deleverage.commands.serve_part import ONE_MACHINE, OnBus, missing, serve_front, serve_worker
from deleverage.domain.domain import Domain
from deleverage.domain.player import begin
from deleverage.journal.address import shown
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.journal import Journal
from deleverage.journal.local import Money
from deleverage.journal.place import Place, place_of
from deleverage.scenarios.faults import ScenarioError
from deleverage.scenarios.loader import load
from deleverage.service.bus.ring import FRONT, WORKER
from deleverage.service.doorman import Doorman, OpenDoor, SignedDoor
from deleverage.service.held_file import read_held
from deleverage.service.keys_file import read_keys
from deleverage.service.levels import DEFAULT
from deleverage.service.levels_file import read_table
from deleverage.service.read_file import reads_of

if TYPE_CHECKING:
    from deleverage.service.rounds.office import Ways

LAST_PORT = 65_535
LEAST_S, MOST_S = 0.01, 3_600


def serve(
    db: str,
    *,
    rules: str | None,
    opening: bool = False,
    host: str,
    port: int,
    step_every_s: float,
    rounds: str | None,
    sources: int,
    mark_age_s: float,
    engine_deadline_s: float,
    insecure: bool,
    keys: str | None,
    origins: Sequence[str] = (),
    held: str | None = None,
    throttle: str | None = None,
    metrics_port: int | None = None,
    up: Callable[[str], None] | None = None,
    on: OnBus = ONE_MACHINE,
) -> int:
    """Serve the domain in a journal, made under the rules of a scenario where there is none, until asked to end.

    ``up`` is called with the address once requests are taken. With a bus (``on``) only a part of that is done here: a
    front has no journal, a worker no door.
    """
    if lacks := missing(on):
        return refuse(lacks, as_json=False)
    if on.part != WORKER and insecure == (keys is not None):
        return refuse(["give --keys FILE, or on a laptop --insecure-demo; not both"], as_json=False)
    seconds = {"step-every-s": step_every_s, "mark-age-s": mark_age_s, "engine-deadline-s": engine_deadline_s}
    if out := _out_of_range({"port": port, "metrics-port": metrics_port}, sources, seconds):
        return refuse(out, as_json=False)
    ways_of = partial(_ways, rounds, step_every_s, sources, mark_age_s, engine_deadline_s)
    if on.part == WORKER:
        return serve_worker(
            on,
            db,
            rules,
            partial(_journal, rules=rules, opening=opening, named=on.domain),
            ways_of,
            partial(_faults, rules=rules, rounds=rounds),
        )
    from deleverage.service.serving import serve as run

    try:
        known = read_keys(keys) if keys is not None else {}
        says = read_held(held) if held is not None else None
        levels = read_table(throttle) if throttle is not None else DEFAULT
        if on.part == FRONT:
            signed = SignedDoor(known)
            return serve_front(
                on,
                OpenDoor() if insecure else signed,
                host,
                port,
                noted=not insecure,
                origins=frozenset(origins),
                hang_up=partial(_read_again, signed, keys) if keys is not None else None,
                held=says,
                levels=levels,
                metrics_port=metrics_port,
            )
        place = place_of(db)
        given = load(rules).rules.hash() if rules is not None else None
        journal = _journal(place, rules, opening)
    except JournalFault as fault:
        return refuse([f"--db {shown(db)}: {fault}"], as_json=False)
    except ScenarioError as refusal:
        return refuse(refusal.faults, as_json=False)
    faults = _faults(journal, given, rules=rules, rounds=rounds)
    if faults:
        journal.close()
        return refuse(faults, as_json=False)
    # Only now: whoever wrote the journal before us has taken its last request before this moment.
    signed = SignedDoor(known)
    doorman: Doorman = OpenDoor() if insecure else signed
    try:
        run(
            journal,
            doorman,
            host,
            port,
            ways=ways_of(journal),
            reads=None if insecure else reads_of(place.path),
            origins=frozenset(origins),
            hang_up=partial(_read_again, signed, keys) if keys is not None else None,
            held=says,
            levels=levels,
            metrics_port=metrics_port,
            up=lambda: _is_up(f"http://{f'[{host}]' if ':' in host else host}:{port}", up),
        )
    except JournalFault as fault:
        return refuse([f"{place.name}: {fault}"], as_json=False)
    except OSError as error:
        return refuse([f"{host}:{port}: {error.strerror}"], as_json=False, code=BAD_INPUT)
    return DONE


def _is_up(url: str, up: Callable[[str], None] | None) -> None:
    say(f"serving on {url}/v1")
    if up is not None:
        up(url)


def _ways(
    rounds: str | None, step_every_s: float, sources: int, mark_age_s: float, engine_deadline_s: float, journal: Journal
) -> "Ways":
    """Return how rounds are run; where it is not said, as the rules of the journal have it."""
    from deleverage.service.clock import NS_PER_S
    from deleverage.service.rounds.office import Mode, Ways
    from deleverage.service.rounds.sources import Quorum

    return Ways(
        mode=Mode(rounds or ("manual" if journal.head.rules.manual else "automatic")),
        every_s=step_every_s,
        quorum=Quorum(sources, int(mark_age_s * NS_PER_S)),
        deadline_s=engine_deadline_s,
    )


def _read_again(doorman: SignedDoor, keys: str) -> None:
    """Take the keys as the file has them now; where it is refused, those of before go on."""
    try:
        doorman.keys = read_keys(keys)
        say(f"keys read again from {keys}")
    except ScenarioError as refusal:
        refuse([f"{keys}: {fault}" for fault in refusal.faults], as_json=False)


def _journal(place: Place, rules: str | None, opening: bool, named: str | None = None) -> Journal:
    """Return the journal of a place; where there is none a new one, with the scenario's opening if that is wanted."""
    try:
        return place.open()
    except JournalFault as fault:
        if fault.why is not Why.NO_JOURNAL:
            raise
    scenario = load(rules or "crash")
    domain = Domain.open(scenario.rules)
    if opening:
        with progress() as show:
            begin(domain, scenario, show)
    money = Money(scenario.currency, scenario.money)
    return place.create(named or scenario.name, scenario.rules, domain.book, money)


def _out_of_range(ports: dict[str, int | None], sources: int, seconds: dict[str, float]) -> list[str]:
    """Return which numbers are none that a service can work with; no comparison is true of what is not a number."""
    given = {name: port for name, port in ports.items() if port is not None}
    faults = [
        f"--{name} {port}: 1 to {LAST_PORT} are ports" for name, port in given.items() if not 1 <= port <= LAST_PORT
    ]
    faults += [] if sources >= 1 else [f"--sources {sources}: at least one source is needed"]
    least, most = LEAST_S, MOST_S
    return faults + [
        f"--{name} {s}: {least} to {most} seconds" for name, s in seconds.items() if not least <= s <= most
    ]


def _faults(journal: Journal, given: str | None, *, rules: str | None, rounds: str | None) -> list[str]:
    """Return why a journal is not served as it was asked for: never under other rules than its own."""
    faults, head = [], journal.head
    if given is not None and given != head.rules_hash:
        faults.append(f"--rules {rules}: the journal has other rules (found {given}, expected {head.rules_hash})")
    if rounds in ("automatic", "manual") and (rounds == "manual") != head.rules.manual:
        asks = "an approval for each round" if head.rules.manual else "no approval"
        faults.append(f"--rounds {rounds}: the rules of the journal ask for {asks}")
    return faults
