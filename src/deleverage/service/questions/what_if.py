"""What would happen to everybody: for who runs the risk, on a fork of the whole state. Each look is noted."""

from typing import Any

from deleverage.documents import encode
from deleverage.domain.domain import Domain
from deleverage.journal.journal import Journal
from deleverage.rulebook.messages import Fact, Rejection, RunStep
from deleverage.service.problems import Code, Problem, not_found
from deleverage.service.questions.accounts import AccountView, account_view
from deleverage.service.questions.base import Question, View
from deleverage.service.questions.commands_in import answer_document, commands_of
from deleverage.service.questions.funds import FundsView, funds_view

MOST_TRIED, MOST_STEPS, MOST_SHOWN = 100, 5, 50


class WhatIfView(View, frozen=True, kw_only=True):
    """The answer to each command, in order, and the state behind them; ``accounts`` are those that were asked for."""

    answers: list[dict[str, Any]]
    below_zero: bool
    owed_quanta: str
    fund: FundsView
    accounts: list[AccountView]


class WhatIfQuestion(Question, frozen=True, kw_only=True):
    """What would commands (documents without a time) be answered with, and how would some accounts stand?"""

    commands: list[dict[str, Any]]
    accounts: list[str]

    def answer(self, domain: Domain, journal: Journal) -> WhatIfView:
        """Return it from a fork, at the cost of a copy of the book; the domain stays."""
        commands = commands_of(self.commands, domain.book.time_ns, MOST_TRIED)
        steps = sum(isinstance(command, RunStep) for command in commands)
        if steps > MOST_STEPS or len(self.accounts) > MOST_SHOWN:
            words = "too many steps to try, or accounts to show"
            raise Problem(Code.BAD_BODY, words, steps=steps, accounts=len(self.accounts))
        if any(account_id not in domain.book.accounts for account_id in self.accounts):
            raise not_found()
        answers, fork = domain.what_if(commands)
        standing = fork.standings()
        return WhatIfView(
            answers=[answer_document(answer) for answer in answers],
            below_zero=standing.below_zero,
            owed_quanta=str(standing.owed_quanta),
            fund=funds_view(fork, journal),
            accounts=[_account(fork, account_id, journal.seq) for account_id in self.accounts],
        )


class PlanView(View, frozen=True, kw_only=True):
    """What a step would do now, to the state behind command ``seq`` under these rules; any fact may change it."""

    seq: str
    facts_seq: str
    time_ns: str
    rules_hash: str
    facts: list[Any]
    rejection: dict[str, Any] | None


class PlanQuestion(Question, frozen=True, kw_only=True):
    """What would the next step of the waterfall do?"""

    def answer(self, domain: Domain, journal: Journal) -> PlanView:
        """Return its facts, or why there would be no step."""
        time_ns = domain.book.time_ns
        plan = domain.plan(time_ns)
        refused = isinstance(plan, Rejection)
        rejection: Any = encode(Rejection, plan) if isinstance(plan, Rejection) else None
        return PlanView(
            seq=str(journal.seq),
            facts_seq=str(domain.book.seq),
            time_ns=str(time_ns),
            rules_hash=domain.rules.hash(),
            facts=[] if refused else [encode(Fact, fact) for fact in plan.facts],  # type: ignore[union-attr]
            rejection=rejection,
        )


def _account(fork: Domain, account_id: str, seq: int) -> AccountView:
    own = fork.own_book(account_id)
    assert own is not None
    return account_view(own, fork.rules, account_id, seq)
