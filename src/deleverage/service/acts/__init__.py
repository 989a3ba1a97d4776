"""Acts around rounds: marks handed in, proposals, acknowledgements. Each is a record; ``access`` says whose it is."""

from deleverage.service.acts.base import Act
from deleverage.service.acts.marks import HandInMarks
from deleverage.service.acts.proposals import Approve, ListProposals, LookAtProposal, Propose, Withdraw
from deleverage.service.acts.rounds import Acknowledge, LookAtRound, LookAtRounds, Refuse, StepNow, WaitForRounds

__all__ = [
    "Acknowledge",
    "Act",
    "Approve",
    "HandInMarks",
    "ListProposals",
    "LookAtProposal",
    "LookAtRound",
    "LookAtRounds",
    "Propose",
    "Refuse",
    "StepNow",
    "WaitForRounds",
    "Withdraw",
]
