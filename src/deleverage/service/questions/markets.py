"""The markets of a domain, as everybody may see them, and whether it stands still."""

from deleverage.domain.domain import Domain
from deleverage.journal.journal import Journal
from deleverage.rulebook.book import Book, Market
from deleverage.rulebook.quantities import format_units
from deleverage.service.questions.base import Question, View


class TierView(View, frozen=True, kw_only=True):
    """One step of a margin table."""

    from_notional_quanta: str
    initial_rate_ppb: str
    maintenance_rate_ppb: str
    close_out_rate_ppb: str


class MarketView(View, frozen=True, kw_only=True):
    """A market: its contract and margin table, its last mark, and what is open in it.

    ``state`` is open, paused (nothing opens until ``paused_until_ns``), reduce-only, halted or settled; ``guard`` says
    why the last mark was not accepted, empty where it was. Prices are ``tick`` x ticks, sizes ``lot`` x lots.
    """

    market: str
    contract: str
    tick: str
    lot: str
    tiers: list[TierView]
    factor_ppb: str
    mark_price_ticks: str
    mark_time_ns: str
    funding_quanta: str
    open_interest_lots: str
    pool: str
    guard: str
    state: str
    paused_until_ns: str
    reduce_only: bool
    settled: bool


class MarketsView(View, frozen=True, kw_only=True):
    """All markets, by id, behind command ``seq``. ``halted``: by an operator, by a residual, or (empty) not at all."""

    seq: str
    time_ns: str
    halted: str
    markets: list[MarketView]


class MarketsQuestion(Question, frozen=True, kw_only=True):
    """Which markets are there?"""

    def answer(self, domain: Domain, journal: Journal) -> MarketsView:
        """Return all of them."""
        book = domain.book
        return MarketsView(
            seq=str(journal.seq),
            time_ns=str(book.time_ns),
            halted="residual" if book.halted else "operator" if book.is_halted else "",
            markets=[_view(book, book.markets[name]) for name in sorted(book.markets)],
        )


def _view(book: Book, market: Market) -> MarketView:
    terms = market.terms
    return MarketView(
        market=terms.market_id,
        contract=terms.contract,
        tick=format_units(1, terms.tick),
        lot=format_units(1, terms.lot),
        tiers=[
            TierView(
                from_notional_quanta=str(tier.from_notional_quanta),
                initial_rate_ppb=str(tier.initial_rate_ppb),
                maintenance_rate_ppb=str(tier.maintenance_rate_ppb),
                close_out_rate_ppb=str(tier.close_out_rate_ppb),
            )
            for tier in terms.tiers
        ],
        factor_ppb=str(market.factor_ppb),
        mark_price_ticks=str(market.mark_price_ticks),
        mark_time_ns=str(market.mark_time_ns),
        funding_quanta=str(market.funding_quanta),
        open_interest_lots=str(market.open_interest_lots),
        pool=market.pool_id,
        guard=market.guard,
        state=_state(book, market),
        paused_until_ns=str(market.paused_until_ns),
        reduce_only=market.reduce_only,
        settled=market.settled,
    )


def _state(book: Book, market: Market) -> str:
    if market.settled:
        return "settled"
    if book.is_halted or market.terms.market_id in book.halts:
        return "halted"
    if market.reduce_only:
        return "reduce-only"
    return "paused" if market.paused_until_ns > book.time_ns else "open"
