"""A domain brought along with what another engine tells, and what was against the law on the way."""

from deleverage.domain.domain import Domain
from deleverage.rulebook.messages import Command, Movement, Rejection, Trade
from deleverage.shadow.compare import REFUSED, UNFOLLOWED, Divergence
from deleverage.shadow.correction import correct
from deleverage.shadow.obstacles import Unfollowed
from deleverage.shadow.pen import DONE_ALL_THE_SAME, sides_of, write
from deleverage.shadow.shape import Close

Noted = tuple[Divergence, str, bool]
"""A difference beside the closes, the name under which it is counted, and whether the book holds it all the same."""


class Hand:
    """Brings a domain along with what is told, and notes what the law would have refused or the book cannot hold."""

    def __init__(self, domain: Domain) -> None:
        """Work on this domain."""
        self.domain = domain
        self.notes: list[Noted] = []

    def do(self, line: int, told: Command | Close) -> bool:
        """Do what was told; return whether the law accepts it, or the book could hold it."""
        return self._close(line, told) if isinstance(told, Close) else self._command(line, told)

    def _command(self, line: int, command: Command) -> bool:
        (answer,) = self.domain.submit([command])
        if not isinstance(answer, Rejection):
            return True
        why: Unfollowed | None = Unfollowed(answer.code.name, "only trades are written against the law")
        if isinstance(command, Trade) and answer.code in DONE_ALL_THE_SAME:
            why = write(self.domain, sides_of(command))
        found = {"found": str(answer.found), "bound": str(answer.bound)} if answer.bound != "" else {}
        ours = {"code": answer.code.name, "sentence": answer.sentence, **found, **_no(why)}
        theirs = {"command": type(command).__name__}
        noted = Divergence(
            line, command.time_ns, type(command).__name__, REFUSED, tuple(ours.items()), tuple(theirs.items())
        )
        self.notes.append((noted, answer.code.name, why is None))
        return False

    def correct(self, line: int, closes: list[Close], ours: list[Movement]) -> None:
        """Put what they closed in the place of what our step has closed."""
        self._note(line, closes[0], correct(self.domain, closes, ours))

    def _close(self, line: int, close: Close) -> bool:
        return self._note(line, close, write(self.domain, close))

    def _note(self, line: int, close: Close, why: Unfollowed | None) -> bool:
        if why is not None:
            theirs = {"close": close.kind, "units": ", ".join(side.unit_id for side in close.fills[:4])}
            noted = Divergence(
                line, close.time_ns, close.kind, UNFOLLOWED, tuple(_no(why).items()), tuple(theirs.items())
            )
            self.notes.append((noted, why.reason, False))
        return why is None


def _no(why: Unfollowed | None) -> dict[str, str]:
    return {} if why is None else {"not_followed": why.reason, "because": why.sentence}
