"""The fund's pools: what they hold, and whether they pay."""

from deleverage.domain.domain import Domain
from deleverage.journal.journal import Journal
from deleverage.rulebook.book import FEES_POT, SURPLUS_POT
from deleverage.rulebook.margin import equity
from deleverage.service.questions.base import Question, View


class PoolView(View, frozen=True, kw_only=True):
    """A pool: its cash, what enters it at the next step, what stays in it, whether it has stopped paying for now."""

    pool: str
    cash_quanta: str
    fees_quanta: str
    surplus_quanta: str
    floor_quanta: str
    paused: bool
    markets: list[str]


class FundsView(View, frozen=True, kw_only=True):
    """The fund behind command ``seq``; ``inventory_equity_quanta``: of the unit that holds its positions, if any."""

    seq: str
    pools: list[PoolView]
    inventory_equity_quanta: str | None
    residual_quanta: str
    claims_quanta: str


class FundsQuestion(Question, frozen=True, kw_only=True):
    """What does the fund hold now?"""

    def answer(self, domain: Domain, journal: Journal) -> FundsView:
        """Return its pools."""
        return funds_view(domain, journal)


def funds_view(domain: Domain, journal: Journal) -> FundsView:
    """Return the fund's pools as they are."""
    book = domain.book
    unit, markets = book.fund_unit(), sorted(book.markets)
    pools = []
    for pool_id, pool in sorted(book.pools.items()):
        held = book.pool_pots(pool_id)
        pools.append(
            PoolView(
                pool=pool_id,
                cash_quanta=str(book.cash(pool_id)),
                fees_quanta=str(held[FEES_POT]),
                surplus_quanta=str(held[SURPLUS_POT]),
                floor_quanta=str(pool.terms.floor_quanta),
                paused=pool.paused,
                markets=[market_id for market_id in markets if book.pool_of(market_id) == pool_id],
            )
        )
    return FundsView(
        seq=str(journal.seq),
        pools=pools,
        inventory_equity_quanta=None if unit is None else str(equity(book, unit)),
        residual_quanta=str(book.residual_quanta),
        claims_quanta=str(sum(book.claims.values())),
    )
