"""A crash on request: prices fall until the fund is empty and winners were deleveraged; then all money is counted."""

from collections.abc import Callable

from deleverage.demo.clearing import Clearing
from deleverage.demo.prices import Prices
from deleverage.demo.watch import DELEVERAGE, FUND, REDUCE, SOCIALISE, TAKE_OVER, Watch
from deleverage.rulebook.messages import DepositToFund
from deleverage.rulebook.quantities import PPB, div_floor, format_units
from deleverage.scenarios.model import Scenario

ENOUGH_ROUNDS = 3
EMPTY = 100
"""A fund is as good as empty with one part in so many: fees of liquidations come in all the time."""

CALM_TICKS = 40
"""After a crash: so long until it is counted and over."""

REFILLS = 60
"""In so many payments an empty fund is filled again."""


class Crash:
    """Begins, watches and ends crashes. ``over`` counts those done; ``broken`` says where money was missing."""

    def __init__(
        self, prices: Prices, watch: Watch, clearing: Clearing, say: Callable[[str], None], story: Scenario
    ) -> None:
        """Work on prices."""
        self._prices, self._watch, self._clearing, self._say, self._story = prices, watch, clearing, say, story
        deposits = (origin.command for origin in story.setup)
        self._full = sum(command.amount_quanta for command in deposits if isinstance(command, DepositToFund))
        self._calm_left = 0
        self.over, self.broken = 0, ""

    @property
    def going_on(self) -> bool:
        """Whether one is not over yet."""
        return self._prices.crashing or self._calm_left > 0

    def begin(self) -> None:
        """Begin one, unless one is going on."""
        if not self.going_on:
            self._watch.begin()
            self._prices.begin_crash()
            self._say("a crash begins: makers step back, prices fall")

    def look(self) -> None:
        """End the fall where it has done enough, and the crash where it was calm for a while."""
        if self._prices.crashing:
            done = self._watch.rounds >= ENOUGH_ROUNDS and self._watch.fund_quanta() * EMPTY <= self._full
            if done or self._prices.at_bottom:
                percent = div_floor(100 * self._prices.fallen_ppb, PPB)
                self._say(f"the fall is over, {percent} % below where it began" + ("" if done else ": deep enough"))
                self._prices.end_crash()
                self._calm_left = CALM_TICKS
        elif self._calm_left:
            self._calm_left -= 1
            if not self._calm_left:
                self._tell()
                self.over += 1

    def refill(self) -> None:
        """Note what the fund earns while it is not full."""
        if not self.going_on and self._watch.fund_quanta() < self._full:
            self._clearing.note(DepositToFund(time_ns=0, amount_quanta=div_floor(self._full, REFILLS)))

    def _tell(self) -> None:
        lots, quanta, watch = self._watch.lots, self._watch.quanta, self._watch
        self._say(
            f"the crash, {watch.steps} steps of the waterfall that did something, {len(watch.touched):,} units touched:"
        )
        for stage, words in ((REDUCE, "sold into the book"), (TAKE_OVER, "taken over by the backstop")):
            self._say(f"  {words:32}{lots[stage]:>16,} lots")
        self._say(f"  {'paid by the fund':32}{self._money(quanta[FUND]):>20}")
        self._say(f"  {'winners deleveraged':32}{lots[DELEVERAGE]:>16,} lots in {watch.rounds} rounds")
        self._say(f"  {'taken from gains':32}{self._money(quanta[SOCIALISE]):>20}")
        self.count()

    def count(self) -> bool:
        """Say whether every unit of money is there; return it."""
        money = self._watch.count_money()
        if money is None:
            self._say("  not counted: the book moved each time")
            return False
        paid = self._clearing.paid_in_quanta
        units, fund = self._money(money.units_quanta), self._money(money.fund_quanta)
        there = f"{units} in {money.accounts:,} accounts + {fund} in the fund"
        there += f" - {self._money(money.residual_quanta)} named as missing" if money.residual_quanta else ""
        if paid is None:
            self._say(f"  counted behind command {money.seq:,}: {there}; from now on what comes and goes is known")
            self._clearing.paid_in_quanta = money.all_quanta
            return True
        if money.all_quanta == paid:
            self._say(f"  counted behind command {money.seq:,}: {there} = {self._money(paid)} paid in")
            self._say("  every unit of money is accounted for")
            return True
        self.broken = f"{there} is {self._money(money.all_quanta)}, paid in were {self._money(paid)}"
        self._say(f"  NOT ACCOUNTED FOR: {self.broken}")
        return False

    def _money(self, quanta: int) -> str:
        return f"{format_units(quanta, self._story.money)} {self._story.currency}"
