"""Everything around rounds of one domain, put together: what acts (``acts``) are done with."""

import asyncio
from enum import Enum
from typing import NamedTuple, Protocol

from deleverage.service.clock import Clock
from deleverage.service.desk import Desk
from deleverage.service.principals import Principal
from deleverage.service.questions.base import View
from deleverage.service.rounds.gate import Gate
from deleverage.service.rounds.intake import Intake
from deleverage.service.rounds.outside import Outside
from deleverage.service.rounds.proposals import Proposals
from deleverage.service.rounds.sources import Quorum, Sources
from deleverage.service.rounds.stepping import AtOnce, Stepper


class Mode(Enum):
    """Who takes part in a round. Whether a person has to approve it is in the rules (``manual``), not here."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"
    OUTSIDE = "outside"


class Ways(NamedTuple):
    """How rounds are run: what a service is set to, and no result of the law hangs on."""

    mode: Mode = Mode.AUTOMATIC
    every_s: float = 1.0
    quorum: Quorum = Quorum()
    deadline_s: float = 2.0


class RoundsView(View, frozen=True, kw_only=True):
    """Whether the gate is open and for what it waits; how many steps were run since the start, and what hinders one.

    ``trouble`` is told to who runs the venue, and empty to all others.
    """

    mode: str
    gate_open: bool
    waits_for: list[str]
    clock_ahead_ns: str
    steps: str
    trouble: str


class Doable(Protocol):
    """Something that is done with an office (``acts``)."""

    async def do(self, principal: Principal, office: "Office") -> View:
        """Do it for who asks; raises Problem."""
        ...


class Office:
    """Marks, gate, steps, plans and proposals of a domain."""

    def __init__(self, desk: Desk, clock: Clock, ways: Ways) -> None:
        """Put them together; nothing is run before ``start``."""
        self._desk, self._clock, self.ways = desk, clock, ways
        self.gate = Gate(clock, ways.quorum.most_age_ns)
        self.outside = Outside(desk, clock, self.gate, ways.deadline_s)
        way = self.outside if ways.mode is Mode.OUTSIDE else AtOnce(desk)
        self.stepper = Stepper(desk, clock, self.gate, way, ways.every_s)
        self.intake = Intake(desk, clock, self.gate, Sources(ways.quorum), self.stepper.wake)
        self.proposals = Proposals(desk, clock, self.gate, self.stepper.wake)
        self._work: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Look at the gate once, and run steps from now on."""
        await self.gate.look(self._desk)
        self._work = asyncio.create_task(self.stepper.work())

    async def do(self, principal: Principal, act: Doable) -> View:
        """Do an act."""
        return await act.do(principal, self)

    def begin_to_end(self) -> None:
        """Call off what waits for an engine, so that nobody who asked waits for it any longer; run no more steps."""
        self.stepper.end()
        self.outside.end()

    async def end(self) -> None:
        """End behind the step that is being run."""
        self.begin_to_end()
        if self._work is not None:
            await self._work

    def view(self) -> RoundsView:
        """Return how things stand."""
        return RoundsView(
            mode=self.ways.mode.value,
            gate_open=self.gate.is_open,
            waits_for=self.gate.waits_for[:1_000],
            clock_ahead_ns=str(self._clock.behind_ns),
            steps=str(self.stepper.steps),
            trouble=self.stepper.trouble,
        )
