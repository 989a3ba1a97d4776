"""Who may do what: a table for commands, one for questions, and the functions that decide. Deny by default.

Rules of this module:

* A command or question that no table names is nobody's; nor is a path (``paths``).
* What one person alone may not do (``TWO_PERSONS``) is no command that a key may hand in: it is proposed, and approved
  by somebody else (``approvals``).
* An object that is not the asker's own is answered as one that does not exist: NOT_FOUND, in the same words.
* Who may ask only as a trader may ask only about accounts of its own, and hand in commands (``OWN_UNITS``) only for
  their units. A second role counts only for what that role may: a trader who is a viewer, too, sees no other account.
* A trader changes what concerns nobody but this service: leverage, margin between its own units, bids. An order rests
  in the venue's book, money and trades are the venue's to know: there a trader asks the venue, and it tells us.
"""

from deleverage.rulebook import messages
from deleverage.rulebook.messages import Command
from deleverage.service import acts
from deleverage.service import questions as q
from deleverage.service.principals import Principal, Role
from deleverage.service.problems import Code, Problem, not_found
from deleverage.service.questions import Question
from deleverage.service.questions.previews import ApprovalsQuestion

EVERYBODY = frozenset(Role)
SEES_ALL = frozenset({Role.CLEARING, Role.RISK_OPERATOR, Role.APPROVER, Role.AUDITOR})
"""The roles that may see every account: they move its money, decide about it, or answer for it."""

COMMANDS: dict[type[Command], frozenset[Role]] = {
    **dict.fromkeys(
        (
            messages.OpenAccount,
            messages.OpenIsolated,
            messages.Deposit,
            messages.Withdraw,
            messages.DepositAsset,
            messages.WithdrawAsset,
            messages.MoveMargin,
            messages.DepositToFund,
            messages.RepayResidual,
            messages.Trade,
            messages.PlaceOrder,
            messages.CancelOrder,
            messages.Convert,
            messages.Bid,
            messages.SetLeverage,
            messages.SetNeutralMode,
            messages.AccrueFunding,
            messages.ClosePeriod,
        ),
        frozenset({Role.CLEARING}),
    ),
    messages.RunStep: frozenset(),
    messages.Halt: frozenset({Role.RISK_OPERATOR, Role.APPROVER, Role.ADMIN}),
    messages.AbortEnvelope: frozenset({Role.RISK_OPERATOR, Role.APPROVER, Role.ADMIN}),
}
"""What a single person may hand in. Marks of a source and steps are none of it: both go through the gate (``ACTS``)."""

TWO_PERSONS: dict[type[Command], frozenset[Role]] = {
    **dict.fromkeys(
        (
            messages.ApproveEnvelope,
            messages.Resume,
            messages.AnnounceRequirements,
            messages.SetProgramme,
            messages.SetMarks,
            messages.SetAssetPrices,
        ),
        frozenset({Role.RISK_OPERATOR, Role.ADMIN}),
    ),
    **dict.fromkeys(
        (
            messages.ListMarket,
            messages.ListAsset,
            messages.SettleMarket,
            messages.SetPool,
            messages.Regroup,
            messages.MovePool,
            messages.WithdrawFromFund,
        ),
        frozenset({Role.ADMIN}),
    ),
}
"""What one person proposes (these roles) and another approves (role approver)."""

_RISK = frozenset({Role.RISK_OPERATOR, Role.APPROVER, Role.ADMIN, Role.AUDITOR})

ACTS: dict[type[acts.Act], frozenset[Role]] = {
    acts.HandInMarks: frozenset({Role.ORACLE}),
    acts.StepNow: frozenset({Role.RISK_OPERATOR}),
    acts.Propose: frozenset({Role.RISK_OPERATOR, Role.ADMIN}),
    acts.Withdraw: frozenset({Role.RISK_OPERATOR, Role.ADMIN}),
    acts.Approve: frozenset({Role.APPROVER}),
    acts.LookAtProposal: _RISK,
    acts.ListProposals: _RISK,
    acts.WaitForRounds: frozenset({Role.CLEARING}),
    acts.Acknowledge: frozenset({Role.CLEARING}),
    acts.Refuse: frozenset({Role.CLEARING}),
    acts.LookAtRound: frozenset({Role.CLEARING, Role.RISK_OPERATOR, Role.AUDITOR}),
    acts.LookAtRounds: EVERYBODY,
}
"""What is asked of the service around rounds; what may be proposed stands in ``TWO_PERSONS``."""

SEERS = frozenset({Role.RISK_OPERATOR, Role.AUDITOR})
"""Who may see everything, ranks among it."""

STAFF = SEERS | {Role.CLEARING, Role.APPROVER, Role.ADMIN}
"""Who may see sums and steps as they happen."""

QUESTIONS: dict[type[Question], frozenset[Role]] = {
    q.MarketsQuestion: EVERYBODY,
    q.PublishedFundsQuestion: EVERYBODY,
    q.ReservesQuestion: EVERYBODY,
    q.TapeQuestion: EVERYBODY,
    q.PublicStepsQuestion: EVERYBODY,
    q.CommandQuestion: EVERYBODY,
    q.AccountQuestion: SEERS | {Role.CLEARING, Role.TRADER},
    q.AccountsQuestion: SEERS | {Role.CLEARING},
    q.BucketsQuestion: SEERS | {Role.TRADER},
    q.OwnFactsQuestion: SEERS | {Role.CLEARING, Role.TRADER},
    q.OwnStepQuestion: SEERS | {Role.CLEARING, Role.TRADER},
    q.OwnWhatIfQuestion: SEERS | {Role.CLEARING, Role.TRADER},
    q.FundsQuestion: STAFF,
    q.StepsQuestion: STAFF,
    q.StepQuestion: STAFF,
    q.FactsQuestion: SEERS,
    q.PlacesQuestion: SEERS,
    q.QueueQuestion: SEERS,
    q.PlanQuestion: SEERS | {Role.APPROVER},
    q.WhatIfQuestion: SEERS,
    ApprovalsQuestion: _RISK,
}
"""Who may ask what. A trader asks about his own accounts only: such a question has a field ``account``."""

NOTED: frozenset[type[Question]] = frozenset({q.PlacesQuestion, q.QueueQuestion, q.PlanQuestion, q.WhatIfQuestion})
"""What tells who is next: each look is noted."""

NOTED_ACTS: frozenset[type[acts.Act]] = frozenset(
    {acts.Propose, acts.LookAtProposal, acts.WaitForRounds, acts.LookAtRound}
)
"""What tells it on the way: a preview of a proposal, a plan that waits for the engine."""


OWN_UNITS: dict[type[Command], tuple[str, ...]] = {
    messages.SetLeverage: ("unit_id",),
    messages.MoveMargin: ("from_unit_id", "to_unit_id"),
    messages.Bid: ("bidder_unit_id",),
}
"""What a trader may hand in, and the fields that have to name units of its own."""


def takes_two(command: Command) -> bool:
    """Return whether one person alone may not do this."""
    return type(command) in TWO_PERSONS


def require_command(principal: Principal, command: Command) -> None:
    """Raise FORBIDDEN unless the key may hand this command in by itself, NOT_FOUND where a unit is not its own."""
    kind = type(command)
    if takes_two(command):
        raise forbidden(principal, "this takes two persons: propose it", command=kind.__name__)
    if principal.has(*COMMANDS.get(kind, ())):
        return
    if kind not in OWN_UNITS or not principal.has(Role.TRADER):
        raise forbidden(principal, "no role of this key may do that", command=kind.__name__)
    for name in OWN_UNITS[kind]:
        require_own(principal, getattr(command, name))


def require_act(principal: Principal, act: acts.Act) -> None:
    """Raise FORBIDDEN unless the key may do this; a proposal, unless it may propose that command."""
    roles = sorted(role.value for role in principal.roles)
    if not principal.has(*ACTS.get(type(act), ())):
        raise Problem(Code.FORBIDDEN, "no role of this key may do that", act=type(act).__name__, roles=roles)
    if isinstance(act, acts.Propose):
        kind = type(act.wish().command)
        if not principal.has(*TWO_PERSONS.get(kind, ())):
            sentence = "one person does that alone" if COMMANDS.get(kind) else "no role of this key may propose that"
            raise Problem(Code.FORBIDDEN, sentence, command=kind.__name__, roles=roles)


def require_question(principal: Principal, question: Question) -> None:
    """Raise FORBIDDEN unless the key may ask this, NOT_FOUND where it is about what is not its own."""
    kind = type(question)
    as_roles = principal.roles & QUESTIONS.get(kind, frozenset())
    if not as_roles:
        raise forbidden(principal, "no role of this key may ask that", question=kind.__name__)
    if as_roles == {Role.TRADER}:
        for name in ("account", "unit"):
            if hasattr(question, name):
                require_own(principal, getattr(question, name))


def require_meters(principal: Principal) -> None:
    """Raise FORBIDDEN unless the key may see what the service counts: sums of everybody, as they are now."""
    if not principal.has(*STAFF):
        raise forbidden(principal, "no role of this key may ask that", question="metrics")


def sees_all(principal: Principal) -> bool:
    """Return whether a key may see every account, and not only its own."""
    return principal.has(*SEES_ALL)


def is_own(principal: Principal, unit: str | None) -> bool:
    """Return whether an account, or a unit of one, is the key's own; None, all of them, is not."""
    return unit is not None and unit.partition("/")[0] in principal.accounts


def require_own(principal: Principal, unit: str | None) -> None:
    """Raise NOT_FOUND unless an account, or a unit of one, is the key's own."""
    if not is_own(principal, unit):
        raise not_found()


def forbidden(principal: Principal, sentence: str, **compared: str) -> Problem:
    """Return the problem of a key that has not the role, with those it has."""
    problem = Problem(Code.FORBIDDEN, sentence, roles=sorted(role.value for role in principal.roles))
    problem.compared |= compared
    return problem
