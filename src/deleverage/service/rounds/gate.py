"""The gate: no forced act, and nothing that is measured by a price, before prices have been heard since the start.

A start, and a clock that broke off (the machine slept, its time was set), close it. It opens once every market that
somebody could lose money in - not settled, not expired, with open interest - has been given a mark that was fresh then
and is fresh now; where nobody holds anything, once any market has; where no market has ever had a mark, at once. What a
mark may be is the law's to say: one that the law guards opens the gate, too, because the law acts on no guarded mark.
"""

from collections.abc import Callable

from deleverage.rulebook import messages
from deleverage.rulebook.messages import Command, Fact, MarksSet
from deleverage.service.clock import Clock
from deleverage.service.desk import Desk
from deleverage.service.problems import Code, Problem
from deleverage.service.questions.rounds import HeldMarketsQuestion

BY_A_PRICE = frozenset(
    (
        messages.RunStep,
        messages.Trade,
        messages.PlaceOrder,
        messages.Bid,
        messages.Convert,
        messages.Withdraw,
        messages.WithdrawAsset,
        messages.WithdrawFromFund,
        messages.MoveMargin,
        messages.SetLeverage,
        messages.AccrueFunding,
        messages.ClosePeriod,
    )
)
"""Commands that the law measures by marks. All others go through a closed gate: money in, marks, halts, accounts."""


class Gate:
    """Knows which markets were heard of, and when. Read and written in the event loop."""

    def __init__(self, clock: Clock, most_age_ns: int, on_open: Callable[[], None] = lambda: None) -> None:
        """Begin closed; ``on_open`` is called whenever it opens."""
        self._clock, self._most_age_ns, self._on_open = clock, most_age_ns, on_open
        self._heard: dict[str, int] = {}
        self._open, self._breaks = False, clock.breaks
        self.waits_for: list[str] = []

    @property
    def is_open(self) -> bool:
        """Whether prices have been heard since the start and since the clock broke off last."""
        self._note_breaks()
        return self._open

    def hear(self, facts: tuple[Fact, ...]) -> None:
        """Take note of marks that were just written (not of what was written before and only told again)."""
        self._note_breaks()
        for fact in facts:
            if isinstance(fact, MarksSet):
                self._heard |= dict.fromkeys((mark.market_id for mark in fact.marks), self._clock.wall_ns())

    def _note_breaks(self) -> None:
        """Close, and forget what was heard, where the clock broke off since the last look."""
        self._clock.now_ns()
        if self._clock.breaks != self._breaks:
            self._open, self._breaks = False, self._clock.breaks
            self._heard.clear()

    async def look(self, desk: Desk) -> bool:
        """Open where nothing is waited for any more; return whether it is open."""
        if self.is_open:
            return True
        held = await desk.ask(HeldMarketsQuestion(time_ns=str(self._clock.now_ns())))
        fresh = {name for name, at_ns in self._heard.items() if self._clock.wall_ns() - at_ns <= self._most_age_ns}
        if held.with_open_interest:  # type: ignore[attr-defined]
            self.waits_for = [name for name in held.with_open_interest if name not in fresh]  # type: ignore[attr-defined]
        else:
            self.waits_for = [] if fresh else held.with_a_mark  # type: ignore[attr-defined]
        if not self.waits_for and not self.is_open:
            self._open = True
            self._on_open()
        return self._open

    def require(self, command: Command) -> None:
        """Raise NO_FRESH_MARK for what is measured by a price while the gate is closed."""
        if type(command) in BY_A_PRICE and not self.is_open:
            raise self.problem(type(command).__name__)

    def problem(self, asked_for: str) -> Problem:
        """Return why something does not go through."""
        return Problem(
            Code.NO_FRESH_MARK,
            "no fresh mark since the start, or since the clock broke off: hand marks in first",
            retry_s=1,
            asked_for=asked_for,
            waits_for=" ".join(self.waits_for[:20]),
            clock_ahead_ns=self._clock.behind_ns,
        )
