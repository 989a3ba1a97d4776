"""The command and fact of the neutral mode."""

from dataclasses import dataclass

from deleverage.rulebook.messages.commands import Command
from deleverage.rulebook.messages.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class SetNeutralMode(Command):
    """Say whether a trader's account is in the neutral mode; who may be, and has asked for it, the venue knows.

    Who does it: OKX, Binance, Bybit, Bitget (delta-neutral mode).
    """

    account_id: str
    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NeutralModeSet(Fact):
    """An account is in the neutral mode from now on, or no more."""

    account_id: str
    on: bool
