"""Numbers of ranking formulas, exact; the law's own scores (binary64, in a stated order) lie in the rulebook.

Sources: kucoin.com 35084312224281; hyperliquid docs (auto-deleveraging); docs.asterdex.com and the announcement
binance.com 360033525471.
"""

from fractions import Fraction


def contract_value(kind: str, quantity: Fraction, multiplier: Fraction, price: Fraction) -> Fraction:
    """Return a contract's value, exact: ``quantity x multiplier x price``, inverse ``/ price``."""
    return quantity * multiplier / price if kind == "inverse" else quantity * multiplier * price


def return_rate(kind: str, quantity: Fraction, multiplier: Fraction, entry: Fraction, mark: Fraction) -> Fraction:
    """Return KuCoin's return of a position, exact: (value at the mark - value at entry) / |value at entry|."""
    before = contract_value(kind, quantity, multiplier, entry)
    return (contract_value(kind, quantity, multiplier, mark) - before) / abs(before)


def hyperliquid_index(
    side: str, mark: Fraction, entry: Fraction, notional: Fraction, account_value: Fraction
) -> Fraction:
    """Return ``mark / entry x notional / account value`` of a long, exact; short: ``entry / mark`` (assumed)."""
    return (mark / entry if side == "long" else entry / mark) * notional / account_value


def margin_ratio(margin: Fraction, equity: Fraction) -> Fraction:
    """Return maintenance over equity, exact; 0 for whoever has no equity (Binance, Aster): never asked first."""
    return margin / equity if equity > 0 else Fraction(0)


def profit_share(profit: Fraction, wallet: Fraction) -> Fraction:
    """Return ``max(0, profit) / max(1, wallet)``, exact: all who lose tie at 0, a wallet below 1 counts as 1."""
    return max(Fraction(0), profit) / max(Fraction(1), wallet)


def binance_score(profit: Fraction, wallet: Fraction, margin: Fraction, equity: Fraction) -> Fraction:
    """Return profit share x margin ratio (Binance 2019, Aster, Aevo), exact."""
    return profit_share(profit, wallet) * margin_ratio(margin, equity)
