"""What two persons look at before they agree: what a command would do, and what waits for an approval."""

from typing import Any

from deleverage.documents import canonical, decode, encode, parse
from deleverage.domain.domain import Domain
from deleverage.journal.journal import Journal
from deleverage.rulebook.book import LONG, SHORT, SIGN_OF, leg_id_of
from deleverage.rulebook.messages import Command, Deleveraged, Fact, Rejection, RunStep
from deleverage.rulebook.stages.held import lots_after_netting
from deleverage.service.questions.base import Question, View

MOST_FACTS_BYTES = 1 << 16
"""Facts are shown in full as long as their text is not longer; a settlement of a million legs is counted instead."""


class PoolPreviewView(View, frozen=True, kw_only=True):
    """What stage 5 would do in a market and side (of the bankrupts): as in the fact."""

    market: str
    side: str
    lots: str
    netted_lots: str
    closed_lots: str
    shortfall_quanta: str
    asked_quanta: str
    collected_quanta: str
    stopped: str


class PreviewView(View, frozen=True, kw_only=True):
    """What a command would be answered with now, and what the next step would do behind it. A promise of nothing.

    ``facts`` is empty where they are too many to show; ``kinds`` counts them always, and those of the step.
    """

    seq: str
    time_ns: str
    rejection: Any
    facts: list[Any]
    kinds: dict[str, str]
    step_kinds: dict[str, str]
    step_pools: list[PoolPreviewView]


class PreviewQuestion(Question, frozen=True, kw_only=True):
    """What would a command do now, and the next step behind it? ``command`` is its canonical text."""

    time_ns: str
    command: str

    def answer(self, domain: Domain, journal: Journal) -> PreviewView:
        """Try both on a fork."""
        time_ns = max(domain.book.time_ns, int(self.time_ns))
        document = parse(self.command.encode("ascii"))
        command = decode(Command, {**document, "time_ns": str(time_ns)})
        (answer, step), _ = domain.what_if([command, RunStep(time_ns=time_ns)])
        facts = () if isinstance(answer, Rejection) else answer
        steps = () if isinstance(step, Rejection) else step
        shown = [encode(Fact, fact) for fact in facts]
        return PreviewView(
            seq=str(journal.seq),
            time_ns=str(time_ns),
            rejection=encode(Rejection, answer) if isinstance(answer, Rejection) else None,
            facts=shown if len(canonical(shown)) <= MOST_FACTS_BYTES else [],
            kinds=_counted(facts),
            step_kinds=_counted(steps),
            step_pools=[_pool(pool) for fact in steps if isinstance(fact, Deleveraged) for pool in fact.pools],
        )


class WaitsView(View, frozen=True, kw_only=True):
    """Bankrupt lots of a market and side that netting would leave, in a market that is reduce-only for them."""

    market: str
    side: str
    lots: str
    mark_price_ticks: str
    approved_lots: str
    approved_until_ns: str


class ApprovalsView(View, frozen=True, kw_only=True):
    """What waits for an approval, and under which rules: what whoever proposes one has to name."""

    seq: str
    rules_hash: str
    manual: bool
    waits: list[WaitsView]


class ApprovalsQuestion(Question, frozen=True, kw_only=True):
    """Which bankrupt lots wait?"""

    def answer(self, domain: Domain, journal: Journal) -> ApprovalsView:
        """Return them by market and side."""
        book = domain.book
        return ApprovalsView(
            seq=str(journal.seq),
            rules_hash=domain.rules.hash(),
            manual=domain.rules.manual,
            waits=[
                _waits(domain, name, side, lots)
                for name in sorted(book.markets)
                if book.markets[name].reduce_only
                for side in (LONG, SHORT)
                if (lots := lots_after_netting(book, name, SIGN_OF[side]))
            ],
        )


def _waits(domain: Domain, market_id: str, side: str, lots: int) -> WaitsView:
    envelope = domain.book.envelopes.get(leg_id_of(market_id, side))
    return WaitsView(
        market=market_id,
        side=side,
        lots=str(lots),
        mark_price_ticks=str(domain.book.markets[market_id].mark_price_ticks),
        approved_lots=str(0 if envelope is None else envelope.most_lots - envelope.used_lots),
        approved_until_ns=str(0 if envelope is None else envelope.expiry_ns),
    )


def _counted(facts: tuple[Fact, ...]) -> dict[str, str]:
    counts: dict[str, int] = {}
    for fact in facts:
        counts[type(fact).__name__] = counts.get(type(fact).__name__, 0) + 1
    return {kind: str(count) for kind, count in counts.items()}


def _pool(pool: Any) -> PoolPreviewView:
    return PoolPreviewView(
        market=pool.market_id,
        side=pool.side,
        lots=str(pool.lots),
        netted_lots=str(pool.netted_lots),
        closed_lots=str(pool.closed_lots),
        shortfall_quanta=str(pool.shortfall_quanta),
        asked_quanta=str(pool.asked_quanta),
        collected_quanta=str(pool.collected_quanta),
        stopped=pool.stopped,
    )
