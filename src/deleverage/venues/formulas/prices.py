"""Prices at which a position is worth nothing, or is liquidated: Bybit, Kraken, and what a fill does to a fund.

Sources: help.bybit.com 900000031623 and 900000037786, Bybit's help centre (bankruptcy price, USDT contract);
support.kraken.com 360022835671, docs.kraken.com (assignment program); gate.io blog 375.
"""

from fractions import Fraction
from typing import NamedTuple

from deleverage.venues.formulas.exact import ceil, floor

LEAST_EDGE_BPS, MOST_EDGE_BPS = 75, 250
"""Kraken: the edge that a participant of the assignment programme gets if it names none, and the most it may name."""


def linear_bankruptcy(side: str, entry: Fraction, leverage: Fraction) -> Fraction:
    """Return the bankruptcy price of an isolated linear position, exact, fees left out.

    ``entry x (1 - 1 / L)`` of a long, ``entry x (1 + 1 / L)`` of a short.
    """
    return entry * (1 - 1 / leverage) if side == "long" else entry * (1 + 1 / leverage)


def inverse_bankruptcy(side: str, entry: Fraction, leverage: Fraction) -> Fraction:
    """Return the bankruptcy price of an isolated inverse position, exact: ``entry x L / (L + 1)``, short ``L - 1``."""
    return entry * leverage / (leverage + 1 if side == "long" else leverage - 1)


def rounded_from_trader(side: str, price: Fraction, tick: Fraction) -> Fraction:
    """Return a bankruptcy price on the grid of ticks as Bybit rounded it: a long's up, a short's down.

    So the venue books the position a little before its margin is used up; the fund keeps the difference.
    """
    return (ceil(price / tick) if side == "long" else floor(price / tick)) * tick


def fund_flow(side: str, bankruptcy_price: Fraction, fill: Fraction) -> Fraction:
    """Return what a fund gains (pays: negative) per unit when a bankrupt position is closed at a fill; exact."""
    return fill - bankruptcy_price if side == "long" else bankruptcy_price - fill


class Protection(NamedTuple):
    """Kraken's equity protection of an inverse position: values in the base currency, prices in the quote currency."""

    value: Fraction
    initial_margin: Fraction
    maintenance_margin: Fraction
    liquidation_price: Fraction
    zero_equity_price: Fraction


def inverse_long_protection(
    quantity: Fraction, entry: Fraction, margin: Fraction, initial_rate: Fraction, maintenance_rate: Fraction
) -> Protection:
    """Return where an inverse long is liquidated, and where its equity is gone (the limit of its order); exact.

    Equity at p is ``margin + quantity x (1 / entry - 1 / p)``; maintenance is recomputed on the current value,
    ``rate x quantity / p``. A better fill leaves the rest with the client.
    """
    value = quantity / entry
    return Protection(
        value,
        value * initial_rate,
        value * maintenance_rate,
        quantity * (1 + maintenance_rate) / (margin + value),
        quantity / (margin + value),
    )


def assignment_price(side: str, mark: Fraction, edge_bps: int = LEAST_EDGE_BPS) -> Fraction:
    """Return the price at which a volunteer is assigned a position, exact: a long below the mark, a short above it.

    The edge is bounded at 250 basis points; only what is liquidated whole is assigned, options never are.
    """
    edge = Fraction(min(edge_bps, MOST_EDGE_BPS), 10_000)
    return mark * (1 - edge) if side == "long" else mark * (1 + edge)
