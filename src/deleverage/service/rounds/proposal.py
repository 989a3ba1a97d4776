"""A proposal: a wish, the hash over all that will be done, and what became of it."""

from base64 import urlsafe_b64encode
from enum import Enum
from hashlib import sha256
from typing import Any, NamedTuple

from deleverage.documents import canonical, encode
from deleverage.rulebook.messages import Command
from deleverage.service.principals import Principal
from deleverage.service.questions.base import View
from deleverage.service.questions.previews import PreviewView
from deleverage.service.questions.rounds import RulesView


class State(Enum):
    """Where a proposal stands."""

    OPEN = "open"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    DOING = "doing"
    DONE = "done"
    UNKNOWN = "unknown"


class ProposalView(View, frozen=True, kw_only=True):
    """A proposal; ``preview`` is what it would do now, ``result`` what became of it under ``journal_key``."""

    proposal: str
    hash: str
    state: str
    proposed_by: str
    proposed_by_key: str
    command: Any
    reason: str
    expiry_ns: str
    rules_hash: str
    approved_by: str
    approved_by_key: str
    journal_key: str
    result: Any
    preview: PreviewView | None


class ProposalsView(View, frozen=True, kw_only=True):
    """The proposals since the start, newest first."""

    proposals: list[ProposalView]


class Wish(NamedTuple):
    """What somebody proposes, why, and until when it may be approved."""

    command: Command
    reason: str
    expiry_ns: int


class Proposal:
    """A wish with its hash, and what became of it."""

    def __init__(self, proposer: Principal, wish: Wish, rules: RulesView) -> None:
        """Name it by its hash: the same wish again is the same proposal."""
        self.proposer, self.wish, self.rules_hash = proposer, wish, rules.rules_hash
        document = encode(Command, wish.command)
        self.document = {name: part for name, part in document.items() if name != "time_ns"}
        covered = {
            "domain": rules.domain,
            "public_key": rules.public_key,
            "rules_hash": rules.rules_hash,
            "command": self.document,
            "reason": wish.reason,
            "expiry_ns": str(wish.expiry_ns),
            "proposer": proposer.key_id,
        }
        digest = sha256(b"deleverage proposal\0" + canonical(covered).encode("ascii")).digest()
        self.hash = digest.hex()
        self.id = urlsafe_b64encode(digest[:16]).decode("ascii").rstrip("=")
        self.state = State.OPEN
        self.approver: Principal | None = None
        self.result: Any = None

    @property
    def journal_key(self) -> str:
        """The key of the command, once somebody has approved it; empty before."""
        return "" if self.approver is None else f":{self.proposer.key_id}:{self.approver.key_id}:{self.id}"

    def view(self, preview: PreviewView | None = None) -> ProposalView:
        """Return it as it stands."""
        return ProposalView(
            proposal=self.id,
            hash=self.hash,
            state=self.state.value,
            proposed_by=self.proposer.person,
            proposed_by_key=self.proposer.key_id,
            command=self.document,
            reason=self.wish.reason,
            expiry_ns=str(self.wish.expiry_ns),
            rules_hash=self.rules_hash,
            approved_by="" if self.approver is None else self.approver.person,
            approved_by_key="" if self.approver is None else self.approver.key_id,
            journal_key=self.journal_key,
            result=self.result,
            preview=preview,
        )
