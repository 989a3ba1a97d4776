"""Two persons: one proposes a command, another one approves it, and with that it is done. One act, in the journal.

What is approved is a hash over everything that will be done: the domain and its rules, the command as a canonical text,
the reason, the expiry, and who proposes. The approver sends that hash back, so that nobody approves what they were not
shown. In the journal the key of the command is ``:PROPOSER:APPROVER:HASH``: both key ids, and the first 128 bits of the
hash in base64url; no key that one person chooses begins like that. Proposals live in memory: after a restart they are
gone, and are made again; what was approved stands in the journal.
"""

from collections import OrderedDict
from collections.abc import Callable

from deleverage.documents import canonical
from deleverage.domain.outcomes import Acknowledged
from deleverage.rulebook.messages import SetAssetPrices, SetMarks
from deleverage.service.clock import NS_PER_S, Clock
from deleverage.service.desk import Desk
from deleverage.service.outcomes import document_of
from deleverage.service.principals import Principal
from deleverage.service.problems import Code, Problem
from deleverage.service.questions.previews import PreviewQuestion, PreviewView
from deleverage.service.questions.rounds import RulesQuestion, RulesView
from deleverage.service.rounds.gate import Gate
from deleverage.service.rounds.proposal import Proposal, ProposalsView, ProposalView, State, Wish

PRICES = (SetMarks, SetAssetPrices)
LONGEST_NS = 24 * 3600 * NS_PER_S
LONGEST_OF_PRICES_NS = 600 * NS_PER_S
"""A price is one of now: whoever approves it a day later would act on a stale one, and open the gate with it."""

MOST_OPEN = 100
KEPT = 1_000
LOST = "there is no such proposal; proposals do not outlive a restart of the service: propose it again"


class Proposals:
    """The proposals of a domain."""

    def __init__(self, desk: Desk, clock: Clock, gate: Gate, wake: Callable[[], None]) -> None:
        """Work with a domain; ``wake`` asks for a step behind what was done."""
        self._desk, self._clock, self._gate, self._wake = desk, clock, gate, wake
        self._all: OrderedDict[str, Proposal] = OrderedDict()

    async def propose(self, proposer: Principal, wish: Wish) -> ProposalView:
        """Return the proposal of a wish, with what it would do now; nothing is written."""
        left_ns = wish.expiry_ns - self._clock.wall_ns()
        most_ns = LONGEST_OF_PRICES_NS if isinstance(wish.command, PRICES) else LONGEST_NS
        if not 0 < left_ns <= most_ns:
            sentence = "a proposal expires within a day from now, one of prices within ten minutes"
            raise Problem(Code.BAD_BODY, sentence, left_ns=left_ns, most_ns=most_ns)
        rules = await self._desk.ask(RulesQuestion())
        assert isinstance(rules, RulesView)
        proposal = Proposal(proposer, wish, rules)
        if proposal.id not in self._all:
            count = sum(one.state is State.OPEN for one in self._current())
            if count >= MOST_OPEN:
                raise Problem(Code.TOO_MANY, "too many proposals are open", open=count, most=MOST_OPEN)
            self._all[proposal.id] = proposal
            while len(self._all) > KEPT:
                del self._all[next(name for name, one in self._all.items() if one.state is not State.OPEN)]
        return await self._with_preview(self._all[proposal.id])

    async def look(self, proposal_id: str) -> ProposalView:
        """Return a proposal, with what it would do now where it is open."""
        return await self._with_preview(self._get(proposal_id))

    def listed(self) -> ProposalsView:
        """Return all of them, newest first, without previews."""
        return ProposalsView(proposals=[one.view() for one in reversed(self._current())])

    def withdraw(self, proposer: Principal, proposal_id: str) -> ProposalView:
        """Take a proposal back: whoever made it, by any key of that person."""
        proposal = self._get(proposal_id)
        if proposal.proposer.person != proposer.person:
            raise Problem(Code.FORBIDDEN, "only who has proposed it withdraws it")
        self._require(proposal, State.OPEN, State.WITHDRAWN)
        proposal.state = State.WITHDRAWN
        return proposal.view()

    async def approve(self, approver: Principal, proposal_id: str, sent_hash: str) -> ProposalView:
        """Do what was proposed; asked again by the same key it is told again."""
        proposal = self._get(proposal_id)
        if approver.person == proposal.proposer.person:
            sentence = "whoever has proposed it does not approve it"
            raise Problem(Code.SAME_PERSON, sentence, proposed_by=proposal.proposer.person, approver=approver.person)
        if sent_hash != proposal.hash:
            raise Problem(Code.CONFLICT, "this is not what was proposed", hash=sent_hash, proposed=proposal.hash)
        again = proposal.approver is not None and proposal.approver.key_id == approver.key_id
        if again and proposal.state is State.DONE:
            return proposal.view()
        if not (again and proposal.state is State.UNKNOWN):
            self._require(proposal, State.OPEN)
        command = proposal.wish.command
        self._gate.require(command)
        if isinstance(command, SetMarks):
            self._clock.confirm()  # two persons say a price of now
        proposal.approver, proposal.state = approver, State.DOING
        try:
            (outcome,) = await self._desk.submit([(proposal.journal_key, command)])
        except BaseException:  # nobody waits for the answer any more: the same approver may ask what became of it
            proposal.state = State.UNKNOWN
            raise
        proposal.result = document_of(proposal.journal_key, outcome)
        if not isinstance(outcome, Exception):
            proposal.state = State.DONE
            if isinstance(outcome, Acknowledged) and not outcome.again and isinstance(outcome.answer, tuple):
                self._gate.hear(outcome.answer)
                await self._gate.look(self._desk)
                self._wake()
        elif proposal.result["problem"]["code"] == Code.UNKNOWN_OUTCOME.name:
            proposal.state = State.UNKNOWN
        else:  # nothing was done: somebody may approve it again
            proposal.approver, proposal.state = None, State.OPEN
            raise outcome
        return proposal.view()

    async def _with_preview(self, proposal: Proposal) -> ProposalView:
        if proposal.state is not State.OPEN:
            return proposal.view()
        command = canonical({**proposal.document, "time_ns": "0"})
        preview = await self._desk.ask(PreviewQuestion(time_ns=str(self._clock.now_ns()), command=command))
        assert isinstance(preview, PreviewView)
        return proposal.view(preview)

    def _current(self) -> list[Proposal]:
        now_ns = self._clock.wall_ns()
        for one in self._all.values():
            if one.state is State.OPEN and one.wish.expiry_ns <= now_ns:
                one.state = State.EXPIRED
        return list(self._all.values())

    def _get(self, proposal_id: str) -> Proposal:
        self._current()
        proposal = self._all.get(proposal_id)
        if proposal is None:
            raise Problem(Code.NOT_FOUND, LOST)
        return proposal

    def _require(self, proposal: Proposal, *states: State) -> None:
        if proposal.state not in states:
            sentence = "the proposal is not open any more"
            expiry_ns, now_ns = proposal.wish.expiry_ns, self._clock.wall_ns()
            raise Problem(Code.CONFLICT, sentence, state=proposal.state.value, expiry_ns=expiry_ns, now_ns=now_ns)
