"""Who counts as hedged: Binance's and Bybit's delta-neutral modes.

Sources: binance.ycex.com 4ac2d99429f845e5961acff03556c034 (2026-01-16); bybit.com, Introduction to Delta-Neutral Mode
(2026-03-05).
"""

from collections.abc import Hashable
from fractions import Fraction
from typing import TypeVar

Account = TypeVar("Account", bound=Hashable)

WITHIN = Fraction(5, 100)
BINANCE_LEAST_VIP = 4
BINANCE_ACCOUNTS = ("PM", "PM_PRO")
BYBIT_MODES = ("CM", "PM")


def relative_difference(long_delta: Fraction, short_delta: Fraction) -> Fraction:
    """Return ``|long - short| / max(long, short)`` of one underlying, exact; 0 where both are 0."""
    larger = max(long_delta, short_delta)
    return abs(long_delta - short_delta) / larger if larger else Fraction(0)


def binance_is_neutral(account: str, vip: int, opted_in: bool, difference: Fraction) -> bool:
    """Return whether an account's hedged positions rank last: portfolio margin, VIP 4, opted in, difference < 5 %."""
    return account in BINANCE_ACCOUNTS and vip >= BINANCE_LEAST_VIP and opted_in and difference < WITHIN


def bybit_is_neutral(margin_mode: str, enabled: bool, difference: Fraction | None) -> bool:
    """Return whether an account ranks last: cross or portfolio margin, mode enabled, coin delta <= 5 %."""
    return margin_mode in BYBIT_MODES and enabled and difference is not None and difference <= WITHIN


def neutral_last(queue: list[Account], neutral: dict[Account, bool]) -> list[Account]:
    """Return a queue with its neutral accounts behind all others, the order within both parts as it was."""
    return [account for account in queue if not neutral[account]] + [account for account in queue if neutral[account]]
