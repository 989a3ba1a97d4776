"""How much a key may ask: budgets by what is asked, so that a flood of one leaves room for the other.

Rules of this module:

* Marks and the kill switch have budgets of their own, and places in line that nobody else takes (``RESERVED``): a
  service that is flooded still hears them.
* Under load and stress ``factor_percent`` makes everything else dearer; marks and the kill switch never. Under load
  some kinds of question are not answered at all (``shed``). ``watch`` sets both.
* A request that is larger than its bucket is let in when the bucket is full: it is never refused for good.
"""

from collections.abc import Iterable, Sequence

from deleverage.rulebook import messages
from deleverage.rulebook.messages import Command
from deleverage.service import questions as q
from deleverage.service.acts import Act, HandInMarks, LookAtProposal, Propose
from deleverage.service.buckets import Buckets, Budget
from deleverage.service.principals import Principal, Role
from deleverage.service.problems import Code, Problem
from deleverage.service.questions import Question

QUESTIONS = Budget(burst=400, per_s=100)
COMMANDS = Budget(burst=400, per_s=100)
CLEARING = Budget(burst=100_000, per_s=50_000)
MARKS = Budget(burst=20_000, per_s=10_000)
KILL_SWITCH = Budget(burst=20, per_s=5)

KILLS = (messages.Halt, messages.AbortEnvelope)
PRICES = (messages.SetMarks, messages.SetAssetPrices)
RESERVED = 1_000
"""Places in line for marks and the kill switch."""

METRICS_WEIGHT = 5
SHED_S = 5
"""When what is not answered under load may be asked again."""

WEIGHTS_OF_ACTS: dict[type[Act], int] = {Propose: 20, LookAtProposal: 20}
"""What an act costs, where that is more than 1: a preview is tried on a copy of the book."""

WEIGHTS: dict[type[Question], int] = {
    q.WhatIfQuestion: 100,
    q.PlanQuestion: 100,
    q.PlacesQuestion: 20,
    q.QueueQuestion: 20,
    q.AccountsQuestion: 10,
    q.FactsQuestion: 10,
    q.OwnFactsQuestion: 10,
    q.StepsQuestion: 10,
    q.PublicStepsQuestion: 10,
    q.TapeQuestion: 5,
    q.OwnWhatIfQuestion: 5,
    q.CommandQuestion: 2,
    q.StepQuestion: 2,
    q.OwnStepQuestion: 2,
}
"""What a question costs, where that is more than 1."""


class Rates:
    """The budgets of all keys."""

    def __init__(self, places: int, times: int = 1) -> None:
        """Keep ``RESERVED`` of so many places in line for what cannot wait; every budget so many times as large."""
        self.factor_percent, self.shed, self.level = 100, frozenset[type[Question]](), ""
        self._places = places - min(RESERVED, places // 2)
        budgets = (
            Budget(*(times * part for part in one)) for one in (QUESTIONS, COMMANDS, CLEARING, MARKS, KILL_SWITCH)
        )
        self._questions, self._commands, self._clearing, self._marks, self._kills = map(Buckets, budgets)

    def ask(self, principal: Principal, question: Question, waiting: int) -> None:
        """Charge a question; Problem TOO_MANY, or BUSY where the line is full for questions."""
        if type(question) in self.shed:
            words = "too much is asked just now, questions of this kind are not answered"
            raise Problem(Code.BUSY, words, retry_s=SHED_S, question=type(question).__name__, level=self.level)
        self._require_place(1, waiting)
        self._questions.require(principal.key_id, self._dear(WEIGHTS.get(type(question), 1)), "questions")

    def look(self, principal: Principal) -> None:
        """Charge a look at what the service counts, which asks nothing of the domain; Problem TOO_MANY."""
        self._questions.require(principal.key_id, METRICS_WEIGHT, "questions")

    def submit(self, principal: Principal, commands: Sequence[Command], waiting: int) -> None:
        """Charge a batch; Problem TOO_MANY, or BUSY where the line is full for its kind."""
        kills, prices = _count(commands, KILLS), _count(commands, PRICES)
        others = len(commands) - kills - prices
        if others:
            self._require_place(len(commands), waiting)
            clears = principal.has(Role.CLEARING)
            (self._clearing if clears else self._commands).require(principal.key_id, self._dear(others), "commands")
        if prices:
            self._marks.require(principal.key_id, prices, "marks")
        if kills:
            self._kills.require(principal.key_id, kills, "halts")

    def act(self, principal: Principal, act: Act, waiting: int) -> None:
        """Charge an act: marks out of their own budget, as many as they are; all else like a question."""
        if isinstance(act, HandInMarks):
            self._marks.require(principal.key_id, len(act.marks) + len(act.asset_prices), "marks")
        else:
            self._require_place(1, waiting)
            self._questions.require(principal.key_id, self._dear(WEIGHTS_OF_ACTS.get(type(act), 1)), "questions")

    def _dear(self, weight: int) -> int:
        return -(-weight * self.factor_percent // 100)

    def _require_place(self, count: int, waiting: int) -> None:
        if waiting + count > self._places:
            raise Problem(
                Code.BUSY, "the line is full, nothing was done", retry_s=1, waiting=waiting, most=self._places
            )


def _count(commands: Iterable[Command], kinds: tuple[type[Command], ...]) -> int:
    return sum(isinstance(command, kinds) for command in commands)
