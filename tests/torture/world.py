"""A small world around one journal: clients, a network, a clock, a timer, and a machine on which all goes wrong.

Every client asks its commands in their order and asks again under the same key until it is answered. Requests and
answers get lost, come twice and overtake each other. The machine is cut off, its process is killed, its disk fails,
somebody else claims the journal, its clock jumps. At the end everybody has been answered.

After every start and at the end the journal is compared with all that was told, and with the law. Whatever happens is a
function of one integer.
"""

from collections.abc import Callable
from dataclasses import replace

from deleverage.domain import Domain
from deleverage.domain.engines import RULEBOOK
from deleverage.domain.timer import NS_PER_S, Clocked, step
from deleverage.journal.local import head_of
from tests.torture import ground
from tests.torture.chance import seed_sqlite
from tests.torture.ground import Build
from tests.torture.machine import Machine, Wrong
from tests.torture.network import CALM_MS, Course
from tests.torture.script import FIRST, RULES, command
from tests.torture.witness import Witness

CLIENTS, COMMANDS = 3, 5
LAST_MS = 60_000
RETRY_MS, TICK_MS = 150, 1_100
START_NS = 1_700_000_000 * NS_PER_S
LONGEST_STEP_NS = 60 * NS_PER_S
JUMPS_S = (365 * 24 * 3_600, -365 * 24 * 3_600, 600, -600, -1)


def _at_start() -> Domain:
    """Return a domain with market, accounts and money, from which each world begins."""
    domain = Domain.open(RULES, RULEBOOK)
    domain.submit(replace(command(0, number), time_ns=START_NS) for number in range(1, FIRST + 1))
    return domain


BOOK = _at_start().book
HEAD = replace(head_of("torture", RULES, BOOK, ground.SIGNER.public_key), blind="00" * 32)


class World:
    """One world; ``run`` lets it happen."""

    def __init__(self, seed: int, build: Build = ground.ORDINARY, tell: Callable[[str], None] | None = None) -> None:
        """Draw everything from the seed; ``tell`` hears of each event."""
        seed_sqlite(seed)
        self.seed = seed
        self.course = Course(seed, tell)
        self.witness = Witness(BOOK, stamped=True)
        self.machine = Machine(self.course, self.witness, replace(build, head=HEAD, stamp=self._stamp))
        self._next = [0] * CLIENTS
        self._jumped_ns = 0

    def run(self) -> str:
        """Let everything happen, and return a digest of it; Wrong: what must not be."""
        course = self.course
        try:
            for client in range(CLIENTS):
                self._ask(client, 0)
            course.after(0, self.machine.start)
            course.after(TICK_MS, self._tick)
            while course.now_ms < CALM_MS or min(self._next) < COMMANDS:
                course.next()
                if course.now_ms > LAST_MS:
                    raise Wrong(f"answered are {self._next} commands, of {COMMANDS} each")
            clerk = self.machine.restart()
            complaint = self.witness.verified(clerk, chain_only=True)  # its answers were compared with the law's
            if complaint is not None:
                raise Wrong(complaint)
            course.note("ended", f"{self.witness.entries[-1].seq} commands, state {self.witness.digest()}")
        finally:
            self.machine.close()
        return course.digest.hexdigest()

    # -- clients -------------------------------------------------------------------------------------------------------

    def _ask(self, client: int, number: int) -> None:
        """Ask a command, and again until the answer is there."""
        if number == self._next[client] and number < COMMANDS:
            asked = command(self.seed, FIRST + 1 + number * CLIENTS + client)
            name = f"c{client}-{number}"
            self.course.carry(lambda: self.machine.arrive(name, asked, lambda outcome: self._answer(client, number)))
            self.course.after(RETRY_MS, lambda: self._ask(client, number))

    def _answer(self, client: int, number: int) -> None:
        self.course.carry(lambda: self._hear(client, number))

    def _hear(self, client: int, number: int) -> None:
        if number == self._next[client]:
            self._next[client] += 1
            self._ask(client, number + 1)

    # -- time ----------------------------------------------------------------------------------------------------------

    def _clock_ns(self) -> int:
        return START_NS + self.course.now_ms * 1_000_000 + self._jumped_ns

    def _stamp(self, last_ns: int) -> int:
        return Clocked(LONGEST_STEP_NS).time_after(last_ns, self._clock_ns())

    def _tick(self) -> None:
        """Do what the timer does; now and then its clock jumps."""
        if self.course.happens(self.course.rates.jumped):
            self._jumped_ns += self.course.rng.choice(JUMPS_S) * NS_PER_S
            self.course.note("clock jumped")
        for name, due in step(self._clock_ns()):
            self.machine.arrive(name, due, lambda outcome: None)
        self.course.after(TICK_MS, self._tick)
