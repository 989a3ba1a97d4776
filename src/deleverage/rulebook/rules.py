"""The preset of a domain: every switch that can change a result, in one frozen record.

Rules of this module: what stands here is hashed and belongs to the law; knobs that may not change a result are settings
and live elsewhere. Each field says what it does and who does it that way. Faults are reported all at once.
"""

from dataclasses import dataclass
from hashlib import sha256

from deleverage.rulebook.quantities import PPB
from deleverage.rulebook.selection import Policy, Queue

PRICE_RULES = ("bankruptcy", "mark", "previous_mark")
EXCLUSIONS = ("own_units", "unhealthy", "no_equity")


class ConfigError(ValueError):
    """A preset that cannot be used; carries the full list of its faults."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The switches of the waterfall; the defaults are the common law.

    Caps of ``None`` do not bind. Shares and rates are in ppb, money in quanta, times in ns.
    """

    # Stage 0: guards. 0 switches a guard off.
    max_mark_age_ns: int = 0
    mark_band_ppb: int = 0
    min_sources: int = 1
    # Stage 2: what an unhealthy unit sells per round and market, within which band, at which fee.
    reduce_share_ppb: int = PPB
    order_band_ppb: int = 0
    liquidation_fee_ppb: int = 0
    # Stage 3: takeover below this share of maintenance (0: bankrupts only); who owns a surplus; the fund's inventory.
    close_out_ppb: int = 0
    surplus_to_fund_ppb: int = PPB
    fund_inventory_cap_lots: int = 0
    # How a shortfall is split over the legs of a unit: by maintenance or by notional.
    shortfall_split: str = "maintenance"
    # Stage 4: partial or all-or-nothing (Bybit legacy), and the caps, in the order in which they cut.
    fund_partial: bool = True
    fund_event_cap_quanta: int | None = None
    fund_group_cap_quanta: int | None = None
    fund_market_cap_quanta: int | None = None
    # Stage 5: who is closed, at which price, and whether a candidate may go bankrupt over it.
    policy: Policy = Queue()
    rerank: str = "once"  # "each_fill": bankrupts one by one, the queue asked again before each fill (dYdX, Drift)
    price_rule: str = "bankruptcy"  # BitMEX, Binance: bankruptcy; OKX, CoinEx: mark; Hyperliquid: previous mark
    may_bankrupt: bool = False
    removed: tuple[str, ...] = ()  # exclusions that are removals instead of last tiers
    # Stage 6: the base of the haircut: the unit's net gain, or the sum of its legs' gains.
    haircut_base: str = "unit"
    # Pace.
    max_rounds: int = 32

    def __post_init__(self) -> None:
        """Raise ConfigError with every fault."""
        faults = self._faults()
        if faults:
            raise ConfigError(faults)

    def hash(self) -> str:
        """Return the SHA-256 of the rules, 64 hexadecimal digits: facts are valid under one hash only."""
        return sha256(repr(self).encode("ascii", "backslashreplace")).hexdigest()

    def _faults(self) -> list[str]:
        faults = []
        for name in ("reduce_share_ppb", "surplus_to_fund_ppb", "close_out_ppb", "liquidation_fee_ppb"):
            share = getattr(self, name)
            if not 0 <= share <= PPB:
                faults.append(f"{name} is {share}, allowed are 0 to {PPB}")
        for name in ("max_mark_age_ns", "mark_band_ppb", "order_band_ppb", "min_sources", "fund_inventory_cap_lots"):
            if getattr(self, name) < 0:
                faults.append(f"{name} is {getattr(self, name)}, allowed are 0 and more")
        for name in ("fund_event_cap_quanta", "fund_group_cap_quanta", "fund_market_cap_quanta"):
            cap = getattr(self, name)
            if cap is not None and cap < 0:
                faults.append(f"{name} is {cap}, allowed are 0 and more")
        for name, known in (
            ("shortfall_split", ("maintenance", "notional")),
            ("rerank", ("once", "each_fill")),
            ("price_rule", PRICE_RULES),
            ("haircut_base", ("unit", "leg")),
        ):
            if getattr(self, name) not in known:
                faults.append(f"{name} is {getattr(self, name)!r}, known are {', '.join(known)}")
        for name in self.removed:
            if name not in EXCLUSIONS:
                faults.append(f"removed names {name!r}, known are {', '.join(EXCLUSIONS)}")
        if self.max_rounds < 1:
            faults.append(f"max_rounds is {self.max_rounds}, allowed are 1 and more")
        if self.rerank == "each_fill" and not isinstance(self.policy, Queue):
            faults.append(f"rerank is 'each_fill', which needs a queue policy, not {self.policy.name}")
        return faults
