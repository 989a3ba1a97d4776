"""Commands and facts about margin requirements: a unit's chosen leverage, a market's announced factor."""

from dataclasses import dataclass

from deleverage.rulebook.messages.commands import Command
from deleverage.rulebook.messages.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLeverage(Command):
    """Choose the leverage of a unit in a market, 10^9 ppb to the tier's largest: it raises the initial requirement.

    Venues: Binance, Bybit and OKX have this setting per account and symbol; it outlives the position.
    """

    unit_id: str
    market_id: str
    leverage_ppb: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceRequirements(Command):
    """Bring in estimates for a market, shares in ppb; the factor that the schedule makes of them holds from a time on.

    An announcement that has not taken effect yet is superseded by the next one.
    """

    market_id: str
    volatility_ppb: int
    concentration_ppb: int
    effective_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeverageSet(Fact):
    """A unit's leverage in a market is what its owner chose; ``leverage_before_ppb`` 0: none was chosen."""

    unit_id: str
    market_id: str
    leverage_before_ppb: int
    leverage_ppb: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementsAnnounced(Fact):
    """The factor that a market's requirements will be multiplied by, and how the schedule came to it; ppb and lots.

    ``target_ppb`` is what the inputs ask for, ``factor_ppb`` as near to it as one step from ``factor_before_ppb``: the
    factor that will be in force when it takes effect, of an announcement that waits or of the market.
    """

    market_id: str
    volatility_ppb: int
    concentration_ppb: int
    open_interest_lots: int
    open_interest_ppb: int
    target_ppb: int
    factor_before_ppb: int
    factor_ppb: int
    effective_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementsChanged(Fact):
    """An announcement has taken effect: factor and measured open interest of a market, before and now."""

    market_id: str
    factor_before_ppb: int
    factor_ppb: int
    measured_before_lots: int
    measured_lots: int
