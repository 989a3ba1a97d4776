"""The rules that drawn worlds live under: the common law with some of its switches turned."""

from deleverage.rulebook.auction import Dutch
from deleverage.rulebook.funding_source import AllOrNothing, DeleverageFirst
from deleverage.rulebook.losses.equity import ExchangeRate, FlatToo, Payout
from deleverage.rulebook.losses.gains import VariationMarginGains, WinnersProRata
from deleverage.rulebook.losses.index import FundingIndex
from deleverage.rulebook.losses.nobody import Nobody
from deleverage.rulebook.losses.period import Clawback
from deleverage.rulebook.pace import ClosedNotional, FirstOf, Rounds, TouchedUnits
from deleverage.rulebook.price import Blend, Capped, Mark, PreviousMark, Spread
from deleverage.rulebook.quantities import PPB
from deleverage.rulebook.reduction import Share, Slices, Smart, Tiers
from deleverage.rulebook.rules import ConfigError, Rules
from deleverage.rulebook.selection import POLICIES
from deleverage.rulebook.throttle import Limit
from deleverage.rulebook.trigger import (
    AllOf,
    AnyOf,
    BankruptLots,
    FundCannotAccept,
    FundExhausted,
    FundFallen,
    Never,
    PoolFactor,
)
from deleverage.scenarios.draws import Draws

SECOND_NS = 1_000_000_000

SWITCHES: dict[str, tuple[object, ...]] = {
    "max_mark_age_ns": (3 * SECOND_NS,),
    "mark_band_ppb": (50_000_000, 400_000_000),
    "grace_ns": (2 * SECOND_NS,),
    "trade_band_ppb": (20_000_000, 300_000_000),
    "breaker_ppb": (100_000_000,),
    "min_sources": (2,),
    "reduction": (
        Share(share_ppb=250_000_000),
        Tiers(count=1),
        Smart(),
        Slices(most_lots=5, max_slippage_ppb=30_000_000, max_depth_share_ppb=500_000_000),
    ),
    "auction": (Dutch(start_ppb=2_000_000, step_ppb=3_000_000, every_ns=2 * SECOND_NS, most_ppb=10_000_000),),
    "order_band_ppb": (100_000_000,),
    "conversion_band_ppb": (10_000_000,),
    "liquidation_fee_ppb": (5_000_000, 7_777_777),
    "surplus_to_fund_ppb": (0, 0, 333_333_333),
    "surplus_to_taker_ppb": (500_000_000, 666_666_667),
    "fund_inventory_cap_lots": (5, 10_000),
    "shortfall_split": ("notional",),
    "funding_source": (AllOrNothing(), DeleverageFirst()),
    "fund_event_cap_quanta": (1_001,),
    "fund_group_cap_quanta": (777,),
    "fund_market_cap_quanta": (1_501,),
    "fund_notional_cap_ppb": (50_000_000, 0),
    "trigger": (
        FundExhausted(threshold_quanta=1_000),
        AnyOf(of=(FundExhausted(), FundFallen())),
        AnyOf(of=(Never(), PoolFactor(factor_ppb=PPB))),
        AllOf(of=(BankruptLots(), FundCannotAccept(cap_quanta=10_000))),
    ),
    "manual": (True,),
    "policy": tuple(POLICIES.values()),
    "rerank": ("each_fill",),
    "price": (
        Mark(),
        Mark(),
        PreviousMark(),
        Spread(spread_ppb=20_000_000),
        Blend(share_ppb=333_333_333),
        Capped(price=PreviousMark(), most_ppb=50_000_000),
    ),
    "may_bankrupt": (True,),
    "neutral_within_ppb": (100_000_000, PPB, PPB),
    "neutral_boundary": ("inclusive",),
    "removed": (("own_units",), ("own_units", "unhealthy", "no_equity")),
    "loss_rule": (
        WinnersProRata(base="leg"),
        VariationMarginGains() | ExchangeRate(),
        FundingIndex() | FlatToo(floor_quanta=100),
        WinnersProRata() | Payout(floor_quanta=1_000),
        Clawback(),
        Nobody(),
    ),
    "haircut_claims": (True,),
    "pace": (
        Rounds(most=1),
        Rounds(most=2),
        FirstOf(of=(Rounds(), ClosedNotional(most_quanta=20_000))),
        FirstOf(of=(Rounds(), TouchedUnits(most=1))),
    ),
    "reduce_throttle": ((Limit(0, 30_000), Limit(200_000_000, 1_000)),),
    "close_throttle": ((Limit(0, 100_000), Limit(100_000_000, 4_000)),),
}
"""What a world's rules may say instead of the default."""


def drawn_rules(draws: Draws) -> Rules:
    """Return rules with about a third of the switches turned."""
    while True:
        turned = {name: others[draws.below(len(others))] for name, others in SWITCHES.items() if draws.below(3) == 0}
        try:
            return Rules(breaker_window_ns=2 * SECOND_NS, pause_ns=SECOND_NS, **turned)  # type: ignore[arg-type]
        except ConfigError:
            continue  # two switches that do not go together
