"""How much may be liquidated or assigned within a window: Synthetix v3, Deribit, BingX's rate, FTX's trickle.

Sources: Synthetixio/synthetix-v3 (23585f73), bfp-market; docs.deribit.com, LSP API guide; support.bingx.com,
360045019194; help.ftx.com, 360027937831.
"""

from fractions import Fraction

DERIBIT_FACTOR = 2
"""Deribit's default: a participant's notional may reach twice its equity."""
DERIBIT_WINDOW_S = 300
"""Deribit's default window: fixed, from the first assignment; usage returns to 0 in one step."""


def synthetix_window(
    maker_fee: Fraction, taker_fee: Fraction, skew_scale: Fraction, seconds: Fraction, multiplier: Fraction
) -> Fraction:
    """Return the most lots that may be liquidated in a window: fees x skew scale x seconds x multiplier, exact."""
    return (maker_fee + taker_fee) * skew_scale * seconds * multiplier


def deribit_room(
    equity: Fraction,
    share: Fraction,
    notional: Fraction = Fraction(0),
    used: Fraction = Fraction(0),
    factor: Fraction = Fraction(DERIBIT_FACTOR),
) -> Fraction:
    """Return what a participant of the liquidity programme can still be assigned, at least 0.

    ``min(factor x equity - notional, share x equity - used)``: its whole position, and its use of a group's window.
    """
    return max(Fraction(0), min(factor * equity - notional, share * equity - used))


def bingx_margin_rate(value: Fraction, initial_margin: Fraction, factor: Fraction) -> Fraction:
    """Return the margin rate of standard futures, exact: ``(value - factor x initial) / initial``; liquidated at 0."""
    return (value - factor * initial_margin) / initial_margin


def ftx_closed_per_second(position: Fraction, margin: Fraction, auto_close: Fraction, mark: Fraction) -> Fraction:
    """Return the size that FTX closed per second: ``(1 - MF / ACMF) x position``, at least 1,000 dollars of it, exact.

    All of it where the margin fraction is below 0; never more than there is.
    """
    if margin < 0:
        return position
    return min(position, max((1 - margin / auto_close) * position, min(Fraction(1000) / mark, position)))


def ftx_counterparty_price(zero_price: Fraction, mark: Fraction) -> Fraction:
    """Return the price of the side that is closed against its will: two thirds zero price, one third mark; exact.

    The liquidated side is closed at the zero price: the third between both has another payer, the fund.
    """
    return zero_price * Fraction(2, 3) + mark * Fraction(1, 3)
