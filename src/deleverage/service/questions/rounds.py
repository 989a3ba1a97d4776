"""What whoever runs the waterfall asks of the state: is a step due, and what would it do."""

from typing import Any

from deleverage.documents import encode
from deleverage.domain.domain import Domain
from deleverage.domain.planned import forced, plan_hash
from deleverage.journal.journal import Journal
from deleverage.rulebook.messages import Fact, Rejection, RunStep
from deleverage.service.questions.base import Question, View


class HeldMarketsView(View, frozen=True, kw_only=True):
    """Markets that are neither settled nor expired: those with open interest, and those that have a mark."""

    with_open_interest: list[str]
    with_a_mark: list[str]


class HeldMarketsQuestion(Question, frozen=True, kw_only=True):
    """In which markets could somebody lose money at ``time_ns``?"""

    time_ns: str

    def answer(self, domain: Domain, journal: Journal) -> HeldMarketsView:
        """Return them by id."""
        now_ns, book = int(self.time_ns), domain.book
        live = [
            book.markets[name]
            for name in sorted(book.markets)
            if not book.markets[name].settled
            and not 0 < book.markets[name].terms.expiry_ns <= max(now_ns, book.time_ns)
        ]
        return HeldMarketsView(
            with_open_interest=[one.terms.market_id for one in live if one.open_interest_lots],
            with_a_mark=[one.terms.market_id for one in live if one.mark_price_ticks],
        )


class DueView(View, frozen=True, kw_only=True):
    """Whether a step is due, and why: ``written``, ``forces`` something though nothing was written, or nothing."""

    seq: str
    due: bool
    why: str


class DueQuestion(Question, frozen=True, kw_only=True):
    """Is a step due at ``time_ns``, the last one having been command ``stepped_seq``?

    It is where something was written since, and else where a step would force something now: a grace that is over, an
    auction whose time is up, an approval that has expired. So whatever the law waits for, it is the law that says so.
    """

    time_ns: str
    stepped_seq: str

    def answer(self, domain: Domain, journal: Journal) -> DueView:
        """Ask the law only where nothing was written."""
        why = ""
        if not domain.book.is_halted:
            if journal.seq > int(self.stepped_seq):
                why = "written"
            else:
                answer = domain.engine.decide(RunStep(time_ns=max(domain.book.time_ns, int(self.time_ns))))
                why = "forces" if not isinstance(answer, Rejection) and forced(answer) else ""
        return DueView(seq=str(journal.seq), due=bool(why), why=why)


class ForcedView(View, frozen=True, kw_only=True):
    """What a step would force now, as documents of the law, and the hash that stands for it; ``""``: it is refused."""

    seq: str
    time_ns: str
    rules_hash: str
    plan_hash: str
    facts: list[Any]
    refused: str


class ForcedQuestion(Question, frozen=True, kw_only=True):
    """What would a step at ``time_ns`` force?"""

    time_ns: str

    def answer(self, domain: Domain, journal: Journal) -> ForcedView:
        """Return the facts but the last, which forces nothing."""
        time_ns = max(domain.book.time_ns, int(self.time_ns))
        plan = domain.plan(time_ns)
        refused = plan.code.name if isinstance(plan, Rejection) else ""
        facts = () if isinstance(plan, Rejection) else plan.facts
        return ForcedView(
            seq=str(journal.seq),
            time_ns=str(time_ns),
            rules_hash=domain.rules.hash(),
            plan_hash="" if refused else plan_hash(facts),
            facts=[encode(Fact, fact) for fact in forced(facts)],
            refused=refused,
        )


class KnownQuestion(Question, frozen=True, kw_only=True):
    """Is there a command under this key of the journal?"""

    key: str

    def answer(self, domain: Domain, journal: Journal) -> "KnownView":
        """Return its sequence number; empty: there is none, and nothing was done under it."""
        return KnownView(seq=str(journal.known([self.key]).get(self.key, "")))


class KnownView(View, frozen=True, kw_only=True):
    """The sequence number of a command; empty: there is none."""

    seq: str


class RulesQuestion(Question, frozen=True, kw_only=True):
    """Which domain is it, and under which rules?"""

    def answer(self, domain: Domain, journal: Journal) -> "RulesView":
        """Return the names that stand for both."""
        head = journal.head
        return RulesView(domain=head.domain, public_key=head.public_key, rules_hash=domain.rules.hash())


class RulesView(View, frozen=True, kw_only=True):
    """A domain: its name, the key of its journal, and the hash of its rules."""

    domain: str
    public_key: str
    rules_hash: str
