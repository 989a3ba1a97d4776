"""The office of a front: acts are done where the state is; the gate stands there, too."""

from deleverage.rulebook.messages import Command
from deleverage.service.acts import Act
from deleverage.service.bus.remote_desk import RemoteDesk
from deleverage.service.principals import Principal
from deleverage.service.questions import View
from deleverage.service.rounds.outside import Outside


class FarGate:
    """A gate on another machine."""

    def __init__(self, desk: RemoteDesk) -> None:
        """Know of it what a desk was told last."""
        self._desk = desk

    @property
    def is_open(self) -> bool:
        """Whether it was open at the last look."""
        return self._desk.state.gate_open

    def require(self, command: Command) -> None:
        """Let everything pass: the worker's own gate refuses what it must, in the same words."""


class RemoteOffice:
    """What a front's counter does acts with."""

    def __init__(self, desk: RemoteDesk) -> None:
        """Work with a desk."""
        self._desk, self.gate = desk, FarGate(desk)
        self.outside: Outside | None = None

    async def start(self) -> None:
        """Run no steps: the worker does."""

    def begin_to_end(self) -> None:
        """Keep nobody: who waits for a plan waits for the worker's answer."""

    async def end(self) -> None:
        """End nothing."""

    async def do(self, principal: Principal, act: Act) -> View:
        """Have it done; raises Problem."""
        return await self._desk.act(principal, act)
