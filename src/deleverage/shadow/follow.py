"""Another engine's stream, followed moment by moment.

A *moment* begins where the other engine looked at its accounts (or would have): the domain is forked, the fork runs
our step, and what they close from then on belongs to it until something else is told (or the window is over). Then
both are compared. Exactly alike: the fork is the book from now on, with all that a step does beside closing - who is
bankrupt, what the fund paid, what was socialised. Alike in part: the fork too, with the difference between their closes
and ours written into it. Nothing alike: the fork is dropped, what they did is written as they told it, and what our
step would have paid for is asked again at the next moment, on the book they have left.
"""

from dataclasses import dataclass, field, replace

from deleverage.domain.domain import Domain
from deleverage.rulebook.messages import (
    AccrueFunding,
    Command,
    Movement,
    Rejection,
    RunStep,
    SetAssetPrices,
    SetMarks,
)
from deleverage.shadow.acts import Act, Key, acts_of_close, acts_of_step, closing_of
from deleverage.shadow.compare import LOTS, REFUSED, UNFOLLOWED, Compared, Divergence, Tolerance, compare
from deleverage.shadow.hand import Hand
from deleverage.shadow.shape import AT_MARKS, OPENING, Close
from deleverage.shadow.tally import Tally, count

MOVES_VALUES = (SetMarks, SetAssetPrices, AccrueFunding)
"""After these an engine looks at its accounts, where a stream does not say when."""


@dataclass(slots=True)
class Moment:
    """An open moment: where it began, our fork, and what was told since."""

    line: int
    time_ns: int
    hand: Hand
    ours: list[Act] = field(default_factory=list)
    facts: list[Movement] = field(default_factory=list)
    theirs: list[Act] = field(default_factory=list)
    told: list[tuple[int, Command | Close]] = field(default_factory=list)


class Follower:
    """Follows one stream; ``tally`` is what has come of it so far."""

    def __init__(self, domain: Domain, steps: str, tolerance: Tolerance, tally: Tally, standing: set[Key]) -> None:
        """Go on from a domain and a tally."""
        self.hand = Hand(domain)
        self.steps, self.tolerance = steps, tolerance
        self.tally, self.standing = tally, standing
        self.moment: Moment | None = None

    @property
    def domain(self) -> Domain:
        """The domain as they have it, behind the last moment that is over."""
        return self.hand.domain

    @property
    def latest(self) -> Domain:
        """The domain with everything that was told, also since an open moment began."""
        return self.domain if self.moment is None else self.moment.hand.domain

    def hear(self, line: int, told: Command | Close) -> None:
        """Take what one line says."""
        told = self._in_time(told)
        if self.moment is not None and self._is_over(self.moment, told):
            self.end()
        if isinstance(told, Close) and told.kind != OPENING:
            self._close(line, told)
            return
        self.tally.commands += isinstance(told, Command)
        if isinstance(told, RunStep):
            if self.steps != AT_MARKS:
                self._look(line, told.time_ns)
        elif self._ordinary(line, told) and self.steps == AT_MARKS and isinstance(told, MOVES_VALUES):
            self._look(line, told.time_ns)

    def end(self) -> None:
        """Compare what the open moment has brought, and go on with one book."""
        moment, self.moment = self.moment, None
        if moment is None:
            return
        compared = compare(moment.ours, moment.theirs, self.domain.book, self.tolerance)
        notes = self._go_on(moment, compared)
        again = [act for act in compared.ours_only if act.key in self.standing]
        short = {act.key for what, act, other in compared.differing if what == LOTS and abs(other.lots) < abs(act.lots)}
        self.standing = {act.key for act in compared.ours_only} | short
        compared.ours_only = [act for act in compared.ours_only if act not in again]
        for act in again:
            self.tally.still(act)
        divergences = compared.divergences(moment.line, moment.time_ns)
        self.tally.add(compared, alike=not (divergences or again))
        for one in sorted((*divergences, *notes), key=lambda one: (one.what == UNFOLLOWED, one.line)):
            self.tally.note(one)

    def _go_on(self, moment: Moment, compared: Compared) -> list[Divergence]:
        """Choose the book to go on with, and return what was noted on the way there."""
        if compared.exact:
            self.hand = moment.hand
        elif compared.agreed:  # a step like ours, but for some legs: the rest of it is ours
            self.hand = moment.hand
            closes = [told for _, told in moment.told if isinstance(told, Close) and told.kind != OPENING]
            self.hand.correct(moment.line, closes, moment.facts)
        else:  # no step at all, or quite another one
            for line, told in moment.told:
                self.hand.do(line, told)
        if not compared.exact:
            self.domain.engine.check()
        return self._noted()

    def _is_over(self, moment: Moment, told: Command | Close) -> bool:
        """Return whether what is told now no longer belongs to a moment."""
        if self.tolerance.window_ns:
            return told.time_ns > moment.time_ns + self.tolerance.window_ns
        return not isinstance(told, Close) or told.kind == OPENING

    def _ordinary(self, line: int, told: Command | Close) -> bool:
        """Do what is no forced close, on our fork while a moment is open; return whether the law accepts it."""
        if self.moment is not None:
            self.moment.told.append((line, told))
            return self.moment.hand.do(line, told)
        accepted = self.hand.do(line, told)
        for one in self._noted():
            self.tally.note(one)
        return accepted

    def _close(self, line: int, close: Close) -> None:
        self.tally.closes += 1
        moment = self.moment if self.moment is not None else self._look(line, close.time_ns)
        moment.told.append((line, close))
        moment.theirs += acts_of_close(close, self.domain.book, line)

    def _look(self, line: int, time_ns: int) -> Moment:
        """Let our step run on a fork, the one of the open moment or a new one; return the moment."""
        if self.moment is None:
            self.moment = Moment(line, time_ns, Hand(self.domain.what_if([]).fork))
        (answer,) = self.moment.hand.domain.submit([RunStep(time_ns=time_ns)])
        if isinstance(answer, Rejection):
            count(self.tally.not_run, answer.code.name, line)
        else:
            self.moment.ours += acts_of_step(answer, line)
            self.moment.facts += closing_of(answer)
        return self.moment

    def _in_time(self, told: Command | Close) -> Command | Close:
        """Return what was told at the time of the book where it comes late: channels do not keep each other's pace."""
        now = self.latest.book.time_ns
        if told.time_ns >= now:
            return told
        self.tally.late += 1
        return replace(told, time_ns=now)

    def _noted(self) -> list[Divergence]:
        """Return and count what was noted beside the closes."""
        notes, self.hand.notes = self.hand.notes, []
        for noted, name, followed in notes:
            if noted.what == REFUSED:
                count(self.tally.refused, name, noted.line)
            if not followed:
                count(self.tally.unfollowed, name, noted.line)
        return [noted for noted, _, _ in notes]
