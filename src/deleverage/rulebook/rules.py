"""The preset of a domain: every switch that can change a result, in one frozen record.

Rules of this module: what stands here is hashed and belongs to the law; knobs that may not change a result are settings
and live elsewhere. Each field says what it does and who does it that way. Faults are reported all at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from hashlib import sha256
from typing import Any

from deleverage.rulebook.auction import AUCTIONS, AuctionRule, NoAuction
from deleverage.rulebook.funding_source import FUNDING_SOURCES, FundFirst, FundingSource
from deleverage.rulebook.losses import LOSS_RULES
from deleverage.rulebook.losses.gains import WinnersProRata
from deleverage.rulebook.losses.rule import LossRule
from deleverage.rulebook.pace import PACES, Pace, Rounds, Spent
from deleverage.rulebook.plug import PlugFault, Registry, Trouble, at_least, one_of, shares, spec_of
from deleverage.rulebook.price import PRICES, Bankruptcy, Price
from deleverage.rulebook.quantities import END_NS, PPB
from deleverage.rulebook.reduction import REDUCTIONS, Reduction, Share
from deleverage.rulebook.selection import SELECTIONS, Policy, Queue
from deleverage.rulebook.throttle import Limit, Table, faults_of
from deleverage.rulebook.trigger import TRIGGERS, BankruptLots, Trigger

PLUGS: dict[str, Registry[Any]] = {
    "reduction": REDUCTIONS,
    "auction": AUCTIONS,
    "funding_source": FUNDING_SOURCES,
    "trigger": TRIGGERS,
    "policy": SELECTIONS,
    "price": PRICES,
    "loss_rule": LOSS_RULES,
    "pace": PACES,
}
"""The plug points: the field of the rules, and the registry that builds it."""

_NOT_NEGATIVE = (
    *("grace_ns", "max_mark_age_ns", "mark_band_ppb", "order_band_ppb", "min_sources", "fund_inventory_cap_lots"),
    *("trade_band_ppb", "conversion_band_ppb", "breaker_ppb", "breaker_window_ns", "pause_ns"),
)

_LASTING = ("grace_ns", "max_mark_age_ns", "breaker_window_ns", "pause_ns")

THROTTLES = ("reduce_throttle", "close_throttle")

EXCLUSIONS = ("own_units", "unhealthy", "no_equity")


class ConfigError(ValueError):
    """A preset that cannot be used; carries the full list of its faults, as sentences and by switch."""

    def __init__(self, troubles: Iterable[Trouble]) -> None:
        self.troubles = tuple(troubles)
        self.faults = [str(trouble) for trouble in self.troubles]
        super().__init__("; ".join(self.faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The switches of the waterfall; the defaults are the common law.

    Caps of ``None`` do not bind. Shares and rates are in ppb, money in quanta, times in ns.
    """

    # Stage 0: guards. 0 switches a guard off.
    max_mark_age_ns: int = 0
    mark_band_ppb: int = 0
    min_sources: int = 1
    # After a halt: so long nobody but a bankrupt is liquidated in what was resumed. 0: no grace.
    grace_ns: int = 0
    # Voluntary trades and orders, never a forced act: how far from the mark a price may lie (0: anywhere), and the
    # breaker: a mark that moves further than this within a window (0: off) pauses what opens.
    trade_band_ppb: int = 0
    breaker_ppb: int = 0
    breaker_window_ns: int = 0
    pause_ns: int = 0
    # Collateral: how far from the index price a voluntary conversion may be; 0: anywhere.
    conversion_band_ppb: int = 0
    # Stage 2: what an unhealthy unit sells per round and market, within which band, at which fee.
    reduction: Reduction = Share()
    order_band_ppb: int = 0
    liquidation_fee_ppb: int = 0
    # Between them: how the solvent below close-out are on offer before they are taken over.
    auction: AuctionRule = NoAuction()
    # Stage 3: who owns a surplus (fund, taker, the rest the user); the fund's inventory.
    surplus_to_fund_ppb: int = PPB
    surplus_to_taker_ppb: int = 0
    fund_inventory_cap_lots: int = 0
    # How a shortfall is split over the legs of a unit: by maintenance or by notional.
    shortfall_split: str = "maintenance"
    # Stage 4: what the fund offers and when, and the caps, in the order in which they cut.
    funding_source: FundingSource = FundFirst()
    fund_event_cap_quanta: int | None = None
    fund_group_cap_quanta: int | None = None
    fund_market_cap_quanta: int | None = None
    fund_notional_cap_ppb: int | None = None  # Delta: at most 5 % of the position, then deleveraging
    # Stage 5: whether it may start, who is closed, at which price, and whether a candidate may go bankrupt over it.
    trigger: Trigger = BankruptLots()
    manual: bool = False  # stage 5 closes only what an approved envelope of its market and side allows
    policy: Policy = Queue()
    rerank: str = "once"  # "each_fill": bankrupts one by one, the queue asked again before each fill (dYdX, Drift)
    price: Price = Bankruptcy()
    may_bankrupt: bool = False
    removed: tuple[str, ...] = ()  # exclusions that are removals instead of last tiers
    # Who is in the neutral mode and hedged to within this share of the larger side is closed after the others; 0: off.
    neutral_within_ppb: int = 0
    neutral_boundary: str = "strict"
    # Stage 6: who bears a loss that no lots carry any more, and whether what is taken is owed back.
    loss_rule: LossRule = WinnersProRata()
    haircut_claims: bool = False
    # How much one step may do; the notional that stage 2 may sell and stage 5 close in it, by the stress of the book.
    pace: Pace = Rounds()
    reduce_throttle: Table = ()
    close_throttle: Table = ()

    def __post_init__(self) -> None:
        """Raise ConfigError with every fault."""
        faults = self._faults()
        if faults:
            raise ConfigError(faults)

    def hash(self) -> str:
        """Return the SHA-256 of the rules, 64 hexadecimal digits: facts are valid under one hash only."""
        return sha256(repr(self.spec()).encode("ascii", "backslashreplace")).hexdigest()

    def spec(self) -> dict[str, Any]:
        """Return the rules in plain data, every plug as its spec: what is hashed, and what ``build`` reads."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        plain = {name: spec_of(value) if name in PLUGS else value for name, value in values.items()}
        tables = {name: [limit._asdict() for limit in values[name]] for name in THROTTLES}
        return plain | tables | {"removed": list(self.removed)}

    @classmethod
    def build(cls, spec: dict[str, Any]) -> "Rules":
        """Return the rules of plain data; what is left out is the common law. Raises ConfigError with every fault."""
        known = {item.name for item in fields(cls)}
        values = dict(spec)
        faults = [Trouble(name, "is no switch of the rules") for name in sorted(spec.keys() - known)]
        for name in sorted(PLUGS.keys() & spec.keys()):
            try:
                values[name] = PLUGS[name].build(spec[name])
            except PlugFault as fault:
                faults.append(Trouble(f"{name}:", "{}", (str(fault),)))
        for name in THROTTLES:
            try:
                values[name] = tuple(Limit(**limit) for limit in spec.get(name, ()))
            except TypeError as fault:
                faults.append(Trouble(f"{name}:", "{}", (str(fault),)))
        if faults:
            raise ConfigError(faults)
        return cls(**values | {"removed": tuple(spec.get("removed", ()))})

    def _faults(self) -> list[Trouble]:
        faults = [
            Trouble(name, "is {}, it is one of {}", (repr(getattr(self, name)), ", ".join(sorted(PLUGS[name].kinds))))
            for name in ("reduction", "funding_source", "trigger", "price", "loss_rule", "pace")
            if not isinstance(getattr(self, name), PLUGS[name].base)
        ]
        if type(self.auction) not in AUCTIONS.kinds.values():
            listed = ", ".join(sorted(AUCTIONS.kinds))
            faults.append(Trouble("auction", "is {}, it is one of {}", (repr(self.auction), listed)))
        if not is_dataclass(self.policy):
            words = "is {}, no frozen dataclass: its parameters are hashed"
            faults.append(Trouble("policy", words, (type(self.policy).__name__,)))
        faults += shares(self, PPB, "surplus_to_fund_ppb", "surplus_to_taker_ppb")
        faults += shares(self, PPB, "liquidation_fee_ppb", "neutral_within_ppb")
        if self.surplus_to_fund_ppb + self.surplus_to_taker_ppb > PPB:
            words = "is {}, and the fund keeps {}: together they are at most {}"
            values = (self.surplus_to_taker_ppb, self.surplus_to_fund_ppb, PPB)
            faults.append(Trouble("surplus_to_taker_ppb", words, values, ("surplus_to_fund_ppb",)))
        faults += at_least(self, 0, *_NOT_NEGATIVE)
        faults += [
            Trouble(name, "is {}, must be below {}", (value, END_NS))
            for name in _LASTING
            if type(value := getattr(self, name)) is int and value >= END_NS
        ]
        caps = ("fund_event_cap_quanta", "fund_group_cap_quanta", "fund_market_cap_quanta")
        faults += at_least(self, 0, *(name for name in caps if getattr(self, name) is not None))
        if self.fund_notional_cap_ppb is not None:
            faults += shares(self, PPB, "fund_notional_cap_ppb")
        faults += one_of(self, "shortfall_split", ("maintenance", "notional"))
        faults += one_of(self, "rerank", ("once", "each_fill"))
        faults += one_of(self, "neutral_boundary", ("strict", "inclusive"))
        for name in self.removed:
            if name not in EXCLUSIONS:
                words = "names {}, known are {}"
                faults.append(Trouble("removed", words, (repr(name), ", ".join(EXCLUSIONS)), known=EXCLUSIONS))
        faults += [fault for name in THROTTLES for fault in faults_of(name, getattr(self, name))]
        for name, what in (("breaker_window_ns", "window"), ("pause_ns", "pause")):
            if self.breaker_ppb and getattr(self, name) == 0:
                words = f"is {{}}, but the breaker is on: it needs a {what}"
                faults.append(Trouble(name, words, (getattr(self, name),), ("breaker_ppb",)))
        if isinstance(self.pace, PLUGS["pace"].base) and self.pace.room(Spent(0, 0, 0)).rounds is None:
            faults.append(Trouble("pace", "bounds no rounds: combine it with rounds"))
        if self.rerank == "each_fill" and not isinstance(self.policy, Queue):
            words = "is 'each_fill', which needs a queue policy, not {}"
            faults.append(Trouble("rerank", words, (self.policy.name,), ("policy",)))
        return faults
