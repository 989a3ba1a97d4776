"""How the domain stands in a few numbers: for metrics, and for what the service throttles."""

from deleverage.domain.domain import Domain
from deleverage.journal.journal import Journal
from deleverage.rulebook.book import FEES_POT, SURPLUS_POT
from deleverage.rulebook.stages.guards import guards
from deleverage.rulebook.stages.stress import stress_ppb
from deleverage.rulebook.throttle import most_at
from deleverage.service.questions.base import Question, View

MOST_UNITS = 10_000
"""In a book with more units stress is not measured between steps: everybody in line would wait for that."""


class VitalsView(View, frozen=True, kw_only=True):
    """The state behind command ``seq``, in numbers; whoever is in it is not named.

    ``stress_ppb`` is the law's measure, empty where it was not taken. ``reduce_most_quanta`` and ``close_most_quanta``
    are what the throttles of the rules allow a step at that stress; empty: nothing is bounded.
    """

    seq: str
    epoch: str
    time_ns: str
    steps: str
    halted: bool
    halted_markets: str
    stress_ppb: str
    reduce_most_quanta: str
    close_most_quanta: str
    cash_quanta: str
    fees_quanta: str
    surplus_quanta: str
    residual_quanta: str
    claims_quanta: str
    paused_pools: str
    auctions: str
    units: str
    markets: str
    guarded_markets: str
    oldest_mark_time_ns: str


class VitalsQuestion(Question, frozen=True, kw_only=True):
    """How does the domain stand?"""

    def answer(self, domain: Domain, journal: Journal) -> VitalsView:
        """Return its numbers."""
        book, rules = domain.book, domain.rules
        held = [one for one in book.markets.values() if one.open_interest_lots and not one.settled]
        guarded = guards(book, rules, book.time_ns)
        stress = stress_ppb(book, guarded) if len(book.units) <= MOST_UNITS else None
        pots = [book.pool_pots(name) for name in book.pools]
        return VitalsView(
            seq=str(journal.seq),
            epoch=str(journal.epoch),
            time_ns=str(book.time_ns),
            steps=str(book.steps),
            halted=book.is_halted,
            halted_markets=str(len(book.halts)),
            stress_ppb="" if stress is None else str(stress),
            reduce_most_quanta=_text(None if stress is None else most_at(rules.reduce_throttle, stress)),
            close_most_quanta=_text(None if stress is None else most_at(rules.close_throttle, stress)),
            cash_quanta=str(sum(book.cash(name) for name in book.pools)),
            fees_quanta=str(sum(held[FEES_POT] for held in pots)),
            surplus_quanta=str(sum(held[SURPLUS_POT] for held in pots)),
            residual_quanta=str(book.residual_quanta),
            claims_quanta=str(sum(book.claims.values())),
            paused_pools=str(sum(pool.paused for pool in book.pools.values())),
            auctions=str(len(book.auctions)),
            units=str(len(book.units)),
            markets=str(len(book.markets)),
            guarded_markets=str(len(guarded)),
            oldest_mark_time_ns=str(min((one.mark_time_ns for one in held), default=0)),
        )


def _text(number: int | None) -> str:
    return "" if number is None else str(number)
