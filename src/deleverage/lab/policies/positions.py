"""Positions as the papers write them: equity, leverage, bankruptcy and liquidation price, scores; exact fractions.

A model to recompute printed examples with, not the law: that is ``deleverage.rulebook``.
"""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Position:
    """``size`` > 0 contracts, ``collateral`` in cash, ``side`` +1 long, -1 short, ``entry`` price."""

    size: Fraction
    collateral: Fraction
    side: int
    entry: Fraction

    def profit(self, price: Fraction, funding: Fraction = Fraction(0)) -> Fraction:
        """Return the open profit at a price; ``funding`` is what was received, negative what was paid."""
        return self.side * self.size * (price - self.entry) + funding

    def funding(self, price: Fraction, rate: Fraction) -> Fraction:
        """Return what one payment gives: a long receives rate x price x size, a short pays it."""
        return self.side * self.size * price * rate

    def equity(self, price: Fraction, funding: Fraction = Fraction(0)) -> Fraction:
        """Return collateral and open profit."""
        return self.collateral + self.profit(price, funding)

    def leverage(self, price: Fraction, funding: Fraction = Fraction(0)) -> Fraction:
        """Return notional over equity, as a magnitude; a bankrupt's is of the same magnitude."""
        return self.size * price / abs(self.equity(price, funding))

    def bankruptcy_price(self) -> Fraction:
        """Return where the *entry* collateral is lost (arXiv 2512.01112 eq. bankruptcy-price-no-funding)."""
        return self.entry - self.side * self.collateral / self.size

    def bankruptcy_price_now(self, price: Fraction, funding: Fraction = Fraction(0)) -> Fraction:
        """Return where the equity of now is lost: the one to use once funding was paid."""
        return price - self.equity(price, funding) / (self.side * self.size)

    def liquidation_price(self, maintenance: Fraction) -> Fraction:
        """Return where equity is the maintenance rate of the notional."""
        return self.bankruptcy_price() / (1 - self.side * maintenance)


def profit_rate_score(profit: Fraction, entry_notional: Fraction, leverage: Fraction) -> Fraction:
    """Return profit over notional at entry, times leverage; a loss is divided by it (Binance's published form)."""
    rate = profit / entry_notional
    return rate * leverage if profit > 0 else rate / leverage


def haircuts_of_contracts(lots: list[int], side: int, mark: Fraction, price: Fraction) -> list[Fraction]:
    """Return what winners give up whose lots are closed at a price: a rule for contracts implies one for money."""
    return [side * (mark - price) * count for count in lots]


def execution_price(price: Fraction, side: int, lots: Fraction, impact: Fraction) -> Fraction:
    """Return the average price of closing lots into a book with linear impact: lower for a long, higher for a short."""
    return price - side * impact * lots / 2


def bad_debt(position: Position, price: Fraction, lots: Fraction, impact: Fraction) -> Fraction:
    """Return what closing lots beyond the bankruptcy price costs others, collateral as at entry (a printed example)."""
    bankrupt = price - position.side * position.collateral / position.size
    beyond = position.side * (bankrupt - execution_price(price, position.side, lots, impact))
    return max(Fraction(0), beyond) * lots


def factor_exposure(holdings: list[Fraction], betas: list[Fraction]) -> Fraction:
    """Return how far a book of several coins is exposed to one factor, as a magnitude; hedged legs cancel out.

    Over equity it is the leverage that is drained where one factor moves all prices (arXiv 2603.15963, Theorem 3.8).
    """
    return abs(sum((held * beta for held, beta in zip(holdings, betas, strict=True)), Fraction(0)))


def waterfall(deficit: int, fund: int, capacity: int, *, winners_first: bool = False) -> tuple[int, int, int]:
    """Return what fund and winners pay of a deficit, and what is left: the fund first, or the winners first."""
    if winners_first:
        by_winners = min(deficit, capacity)
        by_fund = min(fund, deficit - by_winners)
    else:
        by_fund = min(fund, deficit)
        by_winners = min(capacity, deficit - by_fund)
    return by_fund, by_winners, deficit - by_fund - by_winners
