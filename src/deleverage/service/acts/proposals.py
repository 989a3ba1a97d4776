"""Acts of two persons."""

from typing import Any

from deleverage.documents import BadDocument, canonical, decode, encode
from deleverage.rulebook.messages import Command
from deleverage.service.acts.base import Act
from deleverage.service.acts.marks import Whole
from deleverage.service.principals import Principal
from deleverage.service.problems import Code, Problem
from deleverage.service.rounds.office import Office
from deleverage.service.rounds.proposal import ProposalsView, ProposalView, Wish

LONGEST_REASON = 200
LONGEST_COMMAND = 1 << 16
"""Bytes of a command's text: proposals lie in memory, and all of them are listed in one answer."""


class Propose(Act, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A command that takes two persons, why, and until when (this machine's clock) it may be approved."""

    command: dict[str, Any]
    reason: str
    expiry_ns: Whole

    def wish(self) -> Wish:
        """Return what is proposed; Problem BAD_BODY."""
        if not (1 <= len(self.reason) <= LONGEST_REASON and self.reason.isprintable()):
            sentence = "reason: printable text is expected"
            raise Problem(Code.BAD_BODY, sentence, characters=len(self.reason), most=LONGEST_REASON)
        if "time_ns" in self.command:
            raise Problem(Code.BAD_BODY, "command.time_ns: the time is the service's to say")
        try:
            command = decode(Command, {**self.command, "time_ns": "0"})
        except BadDocument as fault:
            sentence = f"command.{fault}" if fault.keys else f"command: {fault}"
            raise Problem(Code.BAD_BODY, sentence) from None
        count = len(canonical(encode(Command, command)))
        if count > LONGEST_COMMAND:
            raise Problem(Code.BAD_BODY, "the command is too long to be proposed", bytes=count, most=LONGEST_COMMAND)
        return Wish(command, self.reason, int(self.expiry_ns))

    async def do(self, principal: Principal, office: Office) -> ProposalView:
        """Propose it."""
        return await office.proposals.propose(principal, self.wish())


class Approve(Act, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An approval of exactly what has this hash."""

    proposal: str
    hash: str

    async def do(self, principal: Principal, office: Office) -> ProposalView:
        """Approve it, and with that do it."""
        return await office.proposals.approve(principal, self.proposal, self.hash)


class Withdraw(Act, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A proposal taken back."""

    proposal: str

    async def do(self, principal: Principal, office: Office) -> ProposalView:
        """Take it back."""
        return office.proposals.withdraw(principal, self.proposal)


class LookAtProposal(Act, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is proposed, and what would it do now?"""

    proposal: str

    async def do(self, principal: Principal, office: Office) -> ProposalView:
        """Return it."""
        return await office.proposals.look(self.proposal)


class ListProposals(Act, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was proposed?"""

    async def do(self, principal: Principal, office: Office) -> ProposalsView:
        """Return all of them."""
        return office.proposals.listed()
