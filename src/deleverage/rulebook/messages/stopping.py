"""Commands and facts that stop a market or the whole domain, and let it go on."""

from dataclasses import dataclass

from deleverage.rulebook.messages.commands import Command
from deleverage.rulebook.messages.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt(Command):
    """Stop a market, or with an empty scope the domain: an operator's kill switch.

    No forced act, no opening trade, no order and no funding until it is resumed; marks go on.
    Who does it: every exchange (trading halt); Injective's emergency settlement is this and a ``SettleMarket``.
    """

    scope: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(Command):
    """Lift the halt of a scope - a market, empty: the domain - and reopen its reduce-only markets.

    The domain's own halt is lifted, whoever made it; a market that was halted by itself needs its own ``Resume``.
    """

    scope: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Halted(Fact):
    """An operator has stopped a market, or (empty scope) the domain."""

    scope: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed(Fact):
    """The halt of a scope is lifted; its markets are open but those in which bankrupt lots still wait."""

    scope: str
    reduce_only: tuple[str, ...]
    grace_until_ns: int  # 0: no grace
    grace: tuple[str, ...]  # the markets in which it is given: those that were halted
