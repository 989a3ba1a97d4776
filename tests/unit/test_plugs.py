"""The five plug points alone: rebuilt from name and parameters, combined, and each formula worked out by hand."""

from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

import pytest

from deleverage.rulebook.auction import AUCTIONS, Dutch, NoAuction
from deleverage.rulebook.funding_source import FUNDING_SOURCES, AllOrNothing, DeleverageFirst, FundFirst, Till
from deleverage.rulebook.losses import LOSS_RULES
from deleverage.rulebook.losses.equity import ExchangeRate, FlatToo, Payout
from deleverage.rulebook.losses.gains import VariationMarginGains, WinnersProRata
from deleverage.rulebook.losses.index import FundingIndex
from deleverage.rulebook.losses.nobody import Nobody
from deleverage.rulebook.losses.period import Clawback
from deleverage.rulebook.pace import PACES, ClosedNotional, FirstOf, Room, Rounds, Spent, TouchedUnits
from deleverage.rulebook.plug import PlugFault, Registry, spec_of, text_of
from deleverage.rulebook.price import (
    PRICES,
    Bankruptcy,
    Blend,
    Capped,
    Closed,
    Mark,
    PreviousMark,
    Price,
    Spread,
    asked,
)
from deleverage.rulebook.ranking import Candidate
from deleverage.rulebook.reduction import REDUCTIONS, Share, Slices, Smart, Tiers
from deleverage.rulebook.rules import PLUGS, ConfigError, Rules
from deleverage.rulebook.scores import RANKINGS
from deleverage.rulebook.selection import SELECTIONS, Levelling, PerCapita, ProRata, Queue, Request, TopBySize, ask
from deleverage.rulebook.trigger import (
    TRIGGERS,
    AllOf,
    AnyOf,
    BankruptLots,
    FundCannotAccept,
    FundExhausted,
    FundFallen,
    Never,
    PoolFactor,
    Situation,
)

PPB = 10**9
EVERY: dict[str, tuple[Registry[Any], tuple[Any, ...]]] = {
    "reduction": (REDUCTIONS, (Share(5), Tiers(3), Smart(PPB), Slices(most_lots=2, max_slippage_ppb=3))),
    "auction": (AUCTIONS, (NoAuction(), Dutch(1, 2, 3, 4))),
    "trigger": (
        TRIGGERS,
        (
            BankruptLots(),
            Never(),
            FundExhausted(7),
            FundFallen(),
            FundCannotAccept(10**12),
            PoolFactor(2 * PPB),
            AllOf((FundExhausted(1), Never())),
            (FundExhausted(3) & PoolFactor(1)) | BankruptLots(),
        ),
    ),
    "policy": (
        SELECTIONS,
        (*(Queue(name, 5) for name in RANKINGS), ProRata(), PerCapita(), Levelling(), TopBySize(3)),
    ),
    "price": (
        PRICES,
        (Bankruptcy(), Mark(), PreviousMark(), Spread(5), Blend(PPB), Capped(PreviousMark(), 3), Capped(Blend(1), 2)),
    ),
    "loss_rule": (
        LOSS_RULES,
        (
            WinnersProRata("leg"),
            VariationMarginGains(),
            FundingIndex("own"),
            Payout(3),
            FlatToo(),
            ExchangeRate(),
            Clawback(),
            Nobody(),
            Clawback() | FundingIndex() | FlatToo(2),
        ),
    ),
    "pace": (PACES, (Rounds(3), ClosedNotional(1), TouchedUnits(2), Rounds(1) | ClosedNotional(5) | TouchedUnits(1))),
    "funding_source": (FUNDING_SOURCES, (FundFirst(), AllOrNothing(), DeleverageFirst())),
}
"""Field of the rules -> its registry, and at least one plug of every kind."""

EACH = [(point, plug) for point, (_, plugs) in EVERY.items() for plug in plugs]


@pytest.mark.parametrize(("point", "plug"), EACH, ids=[f"{point} {text_of(plug)}" for point, plug in EACH])
def test_plug_when_it_is_built_from_its_spec_then_it_is_the_same_again(point: str, plug: Any) -> None:
    """Name and parameters rebuild every plug, alone and within the rules; the rules' hash follows."""
    registry = EVERY[point][0]
    spec = spec_of(plug)
    assert registry.build(spec) == plug
    assert spec_of(registry.build(spec)) == spec
    if point != "pace" or plug.room(Spent(0, 0, 0)).rounds is not None:
        rules = Rules(**{point: plug})
        assert Rules.build(rules.spec()) == rules
        assert Rules.build(rules.spec()).hash() == rules.hash()
        assert (rules.hash() == Rules().hash()) == (rules == Rules())


@pytest.mark.parametrize("point", PLUGS)
def test_registry_when_it_is_read_then_every_kind_has_an_example_here_and_a_docstring_in_four_parts(point: str) -> None:
    """Nothing in a registry is untested, and each says formula, users and assumption."""
    registry, plugs = EVERY[point]
    assert registry is PLUGS[point]
    assert {type(plug) for plug in plugs} | {AnyOf, FirstOf} >= set(registry.kinds.values())
    for kind in registry.kinds.values():
        assert all(part in (kind.__doc__ or "") for part in ("Formula:", "Who uses it:", "Assumes:"))


@pytest.mark.parametrize(
    ("registry", "spec", "sentence"),
    [
        (TRIGGERS, "sometimes", "trigger 'sometimes' is unknown, known are all, any, bankrupt-lots"),
        (TRIGGERS, {"name": "fund-exhausted", "limit": 3}, "has no 'limit', its parameters are threshold_quanta"),
        (TRIGGERS, {"name": "fund-exhausted", "threshold_quanta": -1}, "is -1, must not be negative"),
        (TRIGGERS, {"name": "fund-exhausted", "threshold_quanta": True}, "is True, it is a whole number"),
        (TRIGGERS, {"name": "fund-cannot-accept"}, "needs its parameters: cap_quanta"),
        (TRIGGERS, {"name": "fund-cannot-accept", "x": 1, "y": 1}, "has no 'y', its parameters are cap_quanta; "),
        (TRIGGERS, {"name": "all", "of": []}, "all combines one trigger or more"),
        (TRIGGERS, {"name": "all", "of": "never"}, "of of trigger all is a list, not 'never'"),
        (TRIGGERS, {"name": "all", "of": ["mark"]}, "trigger 'mark' is unknown"),
        (TRIGGERS, 5, "a trigger is a name, or a table with a name, not 5"),
        (PRICES, {"name": "spread", "spread_ppb": PPB + 1}, "is 1000000001, allowed are 0 to 1000000000"),
        (PRICES, {"name": "capped", "price": {"name": "never"}, "most_ppb": 1}, "price 'never' is unknown"),
        (PACES, {"name": "rounds", "most": 0}, "most of rounds is 0, must be above 0"),
        (SELECTIONS, {"name": "queue", "ranking": "best"}, "known are bitmex, profit, return, "),
        (SELECTIONS, {"name": "queue", "wallet_floor_quanta": 2}, "used by the ranking binance only, not by bitmex"),
        (
            SELECTIONS,
            {"name": "top-by-size", "count": 0},
            "count of top-by-size is 0, must be above 0",
        ),
        (SELECTIONS, {"name": "queue", "wallet_floor_quanta": 0}, "is 0, must be above 0"),
    ],
)
def test_registry_when_a_spec_is_wrong_then_says_what_was_found_and_what_is_known(
    registry: Registry[Any], spec: Any, sentence: str
) -> None:
    """An unknown name, an unknown or missing parameter, a value of another kind or out of range."""
    with pytest.raises(PlugFault, match=None) as refused:
        registry.build(spec)
    assert sentence in str(refused.value)


def test_rules_when_plugs_are_wrong_then_every_fault_is_listed() -> None:
    """A preset in plain data is refused once, with all that is wrong."""
    with pytest.raises(ConfigError) as error:
        Rules.build({"price": "best", "trigger": {"name": "some"}, "speed": 3})
    assert [fault.split(",")[0] for fault in error.value.faults] == [
        "speed is no switch of the rules",
        "price: price 'best' is unknown",
        "trigger: trigger 'some' is unknown",
    ]


def test_rules_when_a_policy_is_no_record_then_is_refused() -> None:
    """Name and parameters go into the hash: a policy that hides them is none."""

    class Hidden(ProRata):
        pass

    with pytest.raises(ConfigError, match="policy is Bare, no frozen dataclass"):
        Rules(policy=type("Bare", (), {"name": "bare"})())
    assert Rules(policy=Hidden()).hash() != Rules(policy=ProRata()).hash()


# -- triggers -----------------------------------------------------------------------------------------------------


def found(**changes: int) -> Situation:
    """Return a situation: 10 lots worth 700, 50 in the fund, which holds 300; winners have made 480."""
    usual: dict[str, Any] = {"lots": 10, "notional_quanta": 700, "fund_quanta": 50, "fund_notional_quanta": 300}
    return Situation(**({"winners_pnl_quanta": 480} | usual | changes))


@pytest.mark.parametrize(
    ("trigger", "fires"),
    [
        (BankruptLots(), True),
        (Never(), False),
        (FundExhausted(49), False),
        (FundExhausted(50), True),
        (FundFallen(), False),
        (FundCannotAccept(1_000), False),
        (FundCannotAccept(999), True),
        (PoolFactor(9_600_000_000), False),
        (PoolFactor(9_599_999_999), True),
    ],
    ids=str,
)
def test_trigger_when_it_lies_at_its_boundary_then_it_is_as_strict_as_it_says(trigger: Any, fires: bool) -> None:
    """Fund 50 <= 50; 300 + 700 > 999, not > 1,000; 480 / 50 = 9.6, strictly above."""
    assert trigger.fires(found()) is fires


def test_pool_factor_when_the_fund_is_empty_then_any_profit_fires_and_a_loss_does_not() -> None:
    """There is no division: 1 > factor x 0, 0 and -1 are not."""
    assert [PoolFactor(PPB).fires(found(fund_quanta=0, winners_pnl_quanta=pnl)) for pnl in (1, 0, -1)] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(("one", "other"), list(product((BankruptLots(), Never()), repeat=2)))
def test_triggers_when_combined_then_and_is_both_and_or_is_one(one: Any, other: Any) -> None:
    """The truth tables; a chain of the same kind is one flat combination."""
    assert (one & other).fires(found()) == (one.fires(found()) and other.fires(found()))
    assert (one | other).fires(found()) == (one.fires(found()) or other.fires(found()))
    assert one & other & one == AllOf((one, other, one))
    assert one | (other | one) == AnyOf((one, other, one))
    assert (one & other) | one == AnyOf((AllOf((one, other)), one))


# -- prices -------------------------------------------------------------------------------------------------------

LOTS = Closed(1, 10, 100, 70, 75)
"""Ten bankrupt longs, 100 short, at a mark of 70 after one of 75."""


@pytest.mark.parametrize(
    ("price", "money"),
    [
        (Bankruptcy(), 100),
        (Mark(), 0),
        (PreviousMark(), 50),  # 10 x (75 - 70)
        (Spread(20_000_000), 14),  # 2 % of 700
        (Spread(20_999_999), 14),  # 14.69..., the candidate keeps the fraction
        (Spread(200_000_000), 100),  # 140, clipped to the shortfall
        (Blend(333_333_333), 33),  # 33.33
        (Blend(PPB), 100),
        (Blend(0), 0),
        (Capped(PreviousMark(), 30_000_000), 21),  # 3 % of 700 is less than 50
        (Capped(PreviousMark(), 80_000_000), 50),  # 56 is more
        (Capped(Bankruptcy(), PPB), 100),
    ],
    ids=str,
)
def test_price_when_lots_are_closed_then_it_asks_what_its_formula_says(price: Price, money: int) -> None:
    """Money above the mark, clipped to [0, 100]."""
    assert asked(price, LOTS) == money


def test_price_when_the_move_is_in_the_candidates_favour_then_nothing_is_asked() -> None:
    """Shorts after 75 -> 70 have gained: -50 is clipped to 0; after 65 -> 70 they owe 50."""
    assert asked(PreviousMark(), LOTS._replace(side=-1)) == 0
    assert asked(PreviousMark(), LOTS._replace(side=-1, previous_value_quanta=65)) == 50


def test_price_when_the_contract_is_inverse_then_a_spread_is_on_the_magnitude() -> None:
    """A lot worth -70: the notional is 700 all the same."""
    assert asked(Spread(20_000_000), LOTS._replace(value_quanta=-70, previous_value_quanta=-75)) == 14


def test_capped_when_it_caps_the_bankruptcy_price_then_it_is_a_spread() -> None:
    """min(S, share of the notional), under two names: said in the docs, and true for every number."""
    rng = Random("capped")
    for _ in range(200):
        share = rng.randrange(PPB + 1)
        lots = Closed(rng.choice((1, -1)), rng.randrange(1, 99), rng.randrange(10**4), rng.randrange(-500, 500), 1)
        assert asked(Capped(Bankruptcy(), share), lots) == asked(Spread(share), lots)


# -- pace and funding source --------------------------------------------------------------------------------------


def test_pace_when_bounds_are_joined_then_each_leaves_its_least_room() -> None:
    """Rounds 3 and 5, notional 100, units 2 after one round, 70 closed and one unit touched."""
    pace = Rounds(5) | ClosedNotional(100) | (TouchedUnits(2) | Rounds(3))
    assert pace == FirstOf((Rounds(5), ClosedNotional(100), TouchedUnits(2), Rounds(3)))
    assert pace.room(Spent(1, 70, 1)) == Room(rounds=2, notional_quanta=30, units=1)
    assert TouchedUnits(2).room(Spent(9, 9, 0)) == Room(units=2)


@pytest.mark.parametrize(
    ("source", "before", "after"),
    [(FundFirst(), (60, 100), (0, 0)), (AllOrNothing(), (0, 100), (0, 0)), (DeleverageFirst(), (0, 0), (60, 100))],
    ids=str,
)
def test_source_when_the_pool_is_short_or_not_then_offers_once(
    source: Any, before: tuple[int, int], after: tuple[int, int]
) -> None:
    """100 owed against a pool of 60 and one of 100, before stage 5 and after it."""
    for is_after, offers in ((False, before), (True, after)):
        assert tuple(source.offer(Till(is_after, pool, 100)) for pool in (60, 100)) == offers


# -- selection ----------------------------------------------------------------------------------------------------


def request(need: int, *lots: int, tiers: tuple[int, ...] = ()) -> Request:
    """Return a request of candidates a, b, c ... with so many lots."""
    given = tiers or (2,) * len(lots)
    candidates = tuple(
        Candidate("abcdefgh"[at], given[at], held, 1, 0, 1, 1, 0, 0, 1, 0) for at, held in enumerate(lots)
    )
    return Request(need, candidates, "BTC", "long", 1, 1)


def closed(policy: Any, wanted: Request) -> dict[str, int]:
    """Return what a policy closes, checked as hostile."""
    return {allotment.unit_id: allotment.lots for allotment in ask(policy, wanted)}


def test_per_capita_when_a_candidate_has_less_then_the_others_share_the_rest_equally() -> None:
    """12 lots of 2, 9, 9 and 9: b, c, d would give 3 1/3 each beside a's 2; the third goes to the smallest id."""
    assert closed(PerCapita(), request(12, 2, 9, 9, 9)) == {"a": 2, "b": 4, "c": 3, "d": 3}


def test_levelling_when_the_largest_are_drained_then_all_end_at_one_level() -> None:
    """Of 10, 7, 2 there are 5 + 2 lots above 5, too many for 6; above 6 there are 4 + 1, and one more of a by id."""
    assert closed(Levelling(), request(6, 10, 7, 2)) == {"a": 5, "b": 1}
    assert closed(Levelling(), request(19, 10, 7, 2)) == {"a": 10, "b": 7, "c": 2}
    assert closed(Levelling(), request(1, 4, 4, 4)) == {"a": 1}
    assert closed(Levelling(), request(4, 3, 9, tiers=(3, 2))) == {"b": 4}
    assert closed(Levelling(), request(11, 3, 9, tiers=(3, 2))) == {"b": 9, "a": 2}


def test_top_by_size_when_the_largest_hold_enough_then_they_share_by_size() -> None:
    """The two largest, 20 and 10, give 9 of 30: 6 and 3; 10 of 30: 6.67 and 3.33, so 7 and 3."""
    assert closed(TopBySize(2), request(9, 10, 9, 20)) == {"a": 3, "c": 6}
    assert closed(TopBySize(2), request(10, 10, 9, 20)) == {"a": 3, "c": 7}


def test_top_by_size_when_the_largest_hold_too_little_then_as_many_more_join_as_are_needed() -> None:
    """31 of 20 + 10 + 9: the third joins, the fourth does not; of equal sizes the smaller id is the larger one."""
    assert closed(TopBySize(2), request(31, 10, 9, 20, 8)) == {"a": 8, "b": 7, "c": 16}
    assert closed(TopBySize(1), request(2, 4, 4, 4)) == {"a": 2}
    assert closed(TopBySize(), request(12, 4, 4, 4)) == {"a": 4, "b": 4, "c": 4}


def test_top_by_size_when_tiers_differ_then_the_count_is_of_each_tier() -> None:
    """The largest of tier 2 gives all, and then the largest of tier 3."""
    assert closed(TopBySize(1), request(8, 9, 3, 2, 5, tiers=(3, 2, 3, 2))) == {"b": 3, "d": 5}
    assert closed(TopBySize(1), request(9, 9, 3, 2, 5, tiers=(3, 2, 3, 2))) == {"a": 1, "b": 3, "d": 5}


def test_lexicographic_when_lots_are_needed_then_goes_by_tier_and_id() -> None:
    """Scores do not matter."""
    assert closed(Queue("lexicographic"), request(5, 3, 3, 3, tiers=(3, 2, 2))) == {"b": 3, "c": 2}


@pytest.mark.parametrize("seed", range(60))
def test_levelling_when_books_are_random_then_it_is_the_exact_level_within_one_lot(seed: int) -> None:
    """Against the rational level: everybody is within one lot of max(0, lots - level), and ends on one level."""
    rng = Random(f"levelling {seed}")
    lots = [rng.randrange(1, 30) for _ in range(rng.randint(1, 8))]
    need = rng.randrange(1, sum(lots) + 1)
    taken = closed(Levelling(), request(need, *lots))
    level = Fraction(0)
    for count in range(1, len(lots) + 1):
        level = max(level, Fraction(sum(sorted(lots)[-count:]) - need, count))
    left = []
    for name, held in zip("abcdefgh", lots, strict=False):
        part = taken.get(name, 0)
        assert abs(part - max(Fraction(0), held - level)) < 1
        if part:
            left.append(held - part)
    assert sum(taken.values()) == need
    assert max(left) - min(left) <= 1
    assert all(held <= max(left) for name, held in zip("abcdefgh", lots, strict=False) if name not in taken)
