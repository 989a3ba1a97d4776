"""Plays a scenario through a domain, frame by frame, and writes down what happened.

What a command cannot say is done here: makers quote around the mark before each step, and, where the scenario declares
an impact, what liquidations sold moves the next mark. Both follow from facts, so the same scenario gives the same run.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from deleverage.domain.domain import Domain
from deleverage.domain.engines import COLUMNS
from deleverage.domain.news import news_of
from deleverage.domain.observer import StepObserver
from deleverage.domain.records import Refused, StepRecord, UnitState
from deleverage.rulebook.book import Book, Unit, market_of
from deleverage.rulebook.margin import equity
from deleverage.rulebook.messages import (
    CancelOrder,
    Command,
    Deleveraged,
    Fact,
    MarkUpdate,
    PlaceOrder,
    Reduced,
    Rejection,
    RunStep,
    SetMarks,
)
from deleverage.rulebook.quantities import PPB, div_half_even
from deleverage.scenarios.faults import Fault, ScenarioError
from deleverage.scenarios.model import Frame, Scenario
from deleverage.scenarios.opening import refusal, terms_of

AT_ONCE = 1024
"""Commands of an opening between two signs of progress."""

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


@dataclass
class Run:
    """A played scenario: the domain as it ended, and the records of the way there."""

    scenario: Scenario
    domain: Domain
    before: tuple[UnitState, ...]
    fund_before_quanta: int
    steps: list[StepRecord] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    after: tuple[UnitState, ...] = ()


def play(
    scenario: Scenario,
    progress: Progress = lambda what, done, total: None,
    domain: Domain | None = None,
    engine: str = COLUMNS,
) -> Run:
    """Return the run of a scenario.

    ``domain`` is where it is played: an empty one under the scenario's rules; left out, a new one on ``engine``.
    Raises ScenarioError where the law refuses the opening, InvariantBroken where we have a bug.
    """
    domain = Domain.open(scenario.rules, engine) if domain is None else domain
    begin(domain, scenario, progress)
    run = Run(scenario, domain, states(domain.book), domain.book.fund_quanta())
    for at, frame in enumerate(scenario.path):
        progress("path", at, len(scenario.path))
        _Frame(run, at, frame).play()
    progress("path", len(scenario.path), len(scenario.path))
    run.after = states(domain.book)
    return run


def states(book: Book) -> tuple[UnitState, ...]:
    """Return every unit as people see it, in id order."""
    return tuple(state_of(book, unit) for unit in book.sorted_units())


def state_of(book: Book, unit: Unit) -> UnitState:
    """Return one unit as people see it."""
    funding = sum(leg.lots * book.markets[market_of(leg_id)].funding_quanta for leg_id, leg in unit.legs.items())
    lots = tuple((leg_id, leg.lots) for leg_id, leg in unit.sorted_legs())
    cash, assets = unit.quote - funding, tuple(sorted(unit.assets.items()))
    return UnitState(unit.unit_id, book.role(unit), cash, equity(book, unit), lots, assets)


def begin(domain: Domain, scenario: Scenario, progress: Progress) -> None:
    """Bring a scenario's opening about in a domain that is empty.

    What the law refuses is a fault of the scenario: ScenarioError lists all of it.
    """
    faults = []
    for start in range(0, len(scenario.setup), AT_ONCE):
        progress("opening", start, len(scenario.setup))
        origins = scenario.setup[start : start + AT_ONCE]
        for origin, answer in zip(origins, domain.submit(origin.command for origin in origins), strict=True):
            if isinstance(answer, Rejection):
                told = refusal(answer, scenario.money, terms_of(domain.book, origin.command))
                faults.append(Fault(origin.path, f"is refused, {told}"))
    if faults:
        raise ScenarioError(faults)


class _Frame:
    """One frame being played."""

    def __init__(self, run: Run, at: int, frame: Frame) -> None:
        self.run, self.at, self.frame = run, at, frame
        self.domain = run.domain
        self.quotes = 0
        self.news: list[str] = []

    def play(self) -> None:
        """Submit the frame's commands, run its steps, then the marks that its liquidations cause."""
        for command in self.frame.commands:
            for fact in self._submit(command):
                self.news += news_of(fact, self.run.scenario)
        sold = self._steps(self.frame.label, self.frame.steps)
        impact = self.run.scenario.impact
        for reaction in range(impact.reactions if impact else 0):
            marks = self._moved_marks(sold)
            if not marks:
                return
            self._submit(SetMarks(time_ns=self.frame.time_ns, marks=marks))
            sold = self._steps(f"{self.frame.label}: the sales move the mark ({reaction + 1})", 1)

    def _steps(self, label: str, count: int) -> dict[str, int]:
        """Run steps, makers quoting anew before each; return the lots sold (bought: negative) per market."""
        sold: dict[str, int] = {}
        for _ in range(count):
            self._quote()
            book = self.domain.book
            record = StepRecord(
                frame=self.at + 1,
                label=label,
                step=book.steps + 1,
                time_ns=self.frame.time_ns,
                marks={market_id: market.mark_price_ticks for market_id, market in sorted(book.markets.items())},
                fund_before_quanta=book.fund_quanta(),
                news=tuple(self.news),
                factors_ppb={market_id: market.factor_ppb for market_id, market in sorted(book.markets.items())},
            )
            self.news = []
            facts = self._submit(RunStep(time_ns=self.frame.time_ns), StepObserver(record, self.run.scenario.rules))
            if facts:
                self.run.steps.append(record)
            for fact in facts:
                self._note(fact, sold)
        return sold

    def _note(self, fact: Fact, sold: dict[str, int]) -> None:
        for name in ("fills", "payments"):
            self.run.touched |= {item.unit_id for item in getattr(fact, name, ())}
        if isinstance(fact, Deleveraged):
            self.run.touched |= {closing.unit_id for closing in fact.closings}
        if isinstance(fact, Reduced):
            lots = -sum(fill.lots for fill in fact.fills if fill.part == "liquidated")
            sold[fact.market_id] = sold.get(fact.market_id, 0) + lots

    def _moved_marks(self, sold: dict[str, int]) -> tuple[MarkUpdate, ...]:
        """Return the marks that sold lots cause, in ticks; halves to even, refused below one tick - never clipped."""
        impact, book = self.run.scenario.impact, self.domain.book
        marks = []
        for market_id, per_lot_ppb in impact.per_lot_ppb if impact else ():
            mark = book.markets[market_id].mark_price_ticks
            moved = mark - div_half_even(mark * per_lot_ppb * sold.get(market_id, 0), PPB)
            if moved < 1:
                sentence = f"{sold[market_id]} lots sold would move the mark from {mark} to {moved} ticks"
                raise ScenarioError([Fault(f"impact.per_lot.{market_id}", sentence)])
            if moved != mark:
                marks.append(MarkUpdate(market_id, moved, 1_000_000))
        return tuple(marks)

    def _quote(self) -> None:
        """Cancel what is left of each maker's quotes and place them anew around the mark."""
        book = self.domain.book
        for at, depth in enumerate(self.run.scenario.depth):
            prefix = f"quote-{at + 1}-"
            for order_id in sorted(order_id for order_id in book.orders if order_id.startswith(prefix)):
                self._submit(CancelOrder(time_ns=self.frame.time_ns, order_id=order_id))
            mark = book.markets[depth.market_id].mark_price_ticks
            for level in range(1, depth.levels + 1):
                for side in (1, -1):
                    price = mark - side * level * depth.step_ticks
                    if price < 1:
                        continue
                    self._submit(
                        PlaceOrder(
                            time_ns=self.frame.time_ns,
                            order_id=f"{prefix}{level}-{'bid' if side > 0 else 'ask'}",
                            unit_id=depth.unit_id,
                            market_id=depth.market_id,
                            lots=side * depth.lots,
                            price_ticks=price,
                        )
                    )

    def _submit(self, command: Command, watcher: StepObserver | None = None) -> tuple[Fact, ...]:
        (answer,) = self.domain.submit([command], watcher)
        if isinstance(answer, Rejection):
            self.run.refused.append(Refused(self.at + 1, command, answer))
            return ()
        return answer
