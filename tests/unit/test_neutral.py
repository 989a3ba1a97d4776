"""The neutral mode: who is hedged, where the boundary lies, and that hedged accounts are closed after all others."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Account, Book, Leg, Market, MarketTerms, Tier, Unit
from deleverage.rulebook.decide import decide
from deleverage.rulebook.invariants import InvariantBroken, Invariants
from deleverage.rulebook.messages import (
    BankruptcyDeclared,
    Code,
    Deleveraged,
    Halt,
    ListMarket,
    NeutralModeSet,
    OpenAccount,
    Rejection,
    RunStep,
    SetNeutralMode,
)
from deleverage.rulebook.neutral import deltas, is_neutral
from deleverage.rulebook.quantities import PPB
from deleverage.rulebook.ranking import Candidate
from deleverage.rulebook.rules import ConfigError, Rules
from deleverage.rulebook.selection import POLICIES, Queue, Request
from deleverage.rulebook.stages.candidates import NEUTRAL_TIER, ORDINARY_TIER, eligible
from tests.properties.stories import TERMS, crashed, mark, open_book, step, submit, trade

FIVE_PERCENT = 50_000_000
ON = Rules(neutral_within_ppb=FIVE_PERCENT)


def hedged(contracts: dict[str, tuple[str, int, int]], legs: dict[str, int], **unit: Any) -> tuple[Book, Unit]:
    """Return a unit in the mode with lots per market; a market has a contract, an underlying's number and a mark."""
    book = Book()
    for key, (contract, underlying, price) in contracts.items():
        terms = MarketTerms(key, 1, (Tier(0, 0, 0),), 10**6, 10**6, 10**6, contract=contract, face_quanta_ticks=10**6)
        book.markets[key] = Market(replace(terms, underlying=f"U{underlying}"), price)
    book.accounts["a"] = Account("a", "a", "trader", neutral=True)
    book.units["a"] = Unit("a", "a", legs={key: Leg(lots) for key, lots in legs.items()}, **unit)
    return book, book.units["a"]


LINEAR = {"X": ("linear", 1, 100), "Y": ("linear", 1, 100), "Z": ("linear", 2, 100)}


@pytest.mark.parametrize(
    ("legs", "strict", "inclusive"),
    [
        ({"X": -20, "Y": 20}, True, True),
        ({"X": -20, "Y": 19}, False, True),  # 100 of 2000 apart: exactly 5 %
        ({"X": -19, "Y": 20}, False, True),
        ({"X": -21, "Y": 20}, True, True),  # 100 of 2100
        ({"X": -20, "Y": 18}, False, False),
        ({"X": -20}, False, False),
        ({"X": -20, "Z": 20}, False, False),  # another underlying
        ({"X": -20, "Y": 20, "Z": 7}, True, True),  # what is open there does not count here
    ],
    ids=str,
)
def test_neutral_when_the_sides_are_so_far_apart_then_the_boundary_decides(
    legs: dict[str, int], strict: bool, inclusive: bool
) -> None:
    """|long - short| against 5 % of the larger one, below it or at most."""
    book, unit = hedged(LINEAR, legs)
    found = [is_neutral(book, unit, "U1", FIVE_PERCENT, boundary) for boundary in ("strict", "inclusive")]
    assert found == [strict, inclusive]


def test_neutral_when_contracts_differ_then_delta_is_the_value_in_the_direction_of_the_lots() -> None:
    """10 lots long at 100 are 1,000; inverse lots of a face of 10^6 at 100,000 are worth 10: 99 lots short are 990."""
    contracts = {"X": ("linear", 1, 100), "Y": ("inverse", 1, 100_000)}
    book, unit = hedged(contracts, {"X": 10, "Y": -99})
    assert deltas(book, unit, "U1") == (1_000, 990)
    assert is_neutral(book, unit, "U1", FIVE_PERCENT, "strict")


def test_neutral_when_both_sides_of_one_market_are_held_then_they_offset() -> None:
    """In hedge mode a long and a short of the same market, with no underlying but the market."""
    book, unit = hedged({"X": ("linear", 1, 100)}, {"X/long": 20, "X/short": -20})
    book.markets["X"].terms = replace(book.markets["X"].terms, underlying="")
    assert is_neutral(book, unit, "X", FIVE_PERCENT, "strict")


def test_neutral_when_the_unit_is_isolated_or_the_mode_or_the_rule_is_off_then_it_is_ordinary() -> None:
    """Each of the three conditions alone is enough to be asked like anyone."""
    legs = {"X": -20, "Y": 20}
    book, unit = hedged(LINEAR, legs, isolated_market_id="X")
    assert not is_neutral(book, unit, "U1", PPB, "inclusive")
    book, unit = hedged(LINEAR, legs)
    assert not is_neutral(book, unit, "U1", 0, "inclusive")
    book.accounts["a"] = replace(book.accounts["a"], neutral=False)
    assert not is_neutral(book, unit, "U1", PPB, "inclusive")


def test_queue_when_the_published_six_users_are_ranked_then_the_order_is_2_3_5_6_1_4() -> None:
    """Bybit's table: ranked 1 to 6 before; 1 and 4 are in the mode and within 5 %; 6 is, but in isolated margin.

    2 is further apart, 3 has the mode off, 5 may not have it.
    """
    book = open_book(dict.fromkeys("123456", 100_000), market_ids=("BTC", "JUN"))
    for market in book.markets.values():
        market.terms = replace(market.terms, underlying="coin")
    for user in "123456":
        lots = 70 - 10 * int(user)  # the larger, the higher its score: rank 1 to 6
        unit = book.units[user]
        unit.legs["BTC"] = Leg(-lots, -lots * 110)
        hedge = {"1": lots, "2": lots - 5, "3": lots, "4": lots, "5": lots, "6": lots}[user]
        unit.legs["JUN"] = Leg(hedge, hedge * 100)
        if user in "1246":
            submit(book, SetNeutralMode(time_ns=0, account_id=user, on=True))
    book.units["6"].isolated_market_id = "BTC"
    rules = Rules(policy=Queue("size"), neutral_within_ppb=FIVE_PERCENT, neutral_boundary="inclusive")
    for law, order in ((replace(rules, neutral_within_ppb=0), "123456"), (rules, "235614")):
        found = eligible(book, law, "BTC", 1, frozenset()).candidates
        assert "".join(one.unit_id for one, _ in law.policy.order(Request(1, found, "BTC", "long", 1, 1))) == order


def pair() -> Book:
    """Return al bankrupt with 10 lots long and 100 short at 70; bo (the highest score) hedged to the lot, cy not."""
    book = open_book({"al": 200, "bo": 300, "cy": 3_000, "di": 5_000}, market_ids=("BTC", "JUN"))
    for market in book.markets.values():
        market.terms = replace(market.terms, underlying="coin")
    trade(book, "al", "bo", 8)
    trade(book, "al", "cy", 2)
    trade(book, "di", "cy", 4)
    trade(book, "bo", "di", 8, "JUN")
    submit(book, SetNeutralMode(time_ns=0, account_id="bo", on=True))
    mark(book, 70)
    mark(book, 70, "JUN")
    return book


def closed(facts: tuple[Any, ...]) -> list[tuple[str, int, int]]:
    """Return who was closed, in which tier, with how many lots."""
    return [
        (c.unit_id, c.tier, c.closed_lots) for fact in facts if isinstance(fact, Deleveraged) for c in fact.closings
    ]


@pytest.mark.parametrize("policy", [Queue(), POLICIES["pro-rata"], POLICIES["levelling"], POLICIES["top-by-size"]])
def test_step_when_somebody_is_neutral_then_the_others_are_exhausted_first(policy: Any) -> None:
    """cy is closed with all of its 6 lots, bo with the 4 that are left: whatever policy shares them."""
    rules = Rules(neutral_within_ppb=FIVE_PERCENT, policy=policy)
    assert sorted(closed(step(pair(), rules))) == [("bo", NEUTRAL_TIER, 4), ("cy", ORDINARY_TIER, 6)]


def test_step_when_bankrupts_go_one_by_one_then_a_hedge_that_was_opened_is_ordinary() -> None:
    """bo is touched last, and its rest (4 short against 8 long) is in nobody's last tier any more."""
    book = pair()
    rules = Rules(neutral_within_ppb=FIVE_PERCENT, rerank="each_fill")
    assert closed(step(book, rules)) == [("cy", ORDINARY_TIER, 6), ("bo", NEUTRAL_TIER, 4)]
    assert not is_neutral(book, book.units["bo"], "coin", FIVE_PERCENT, "strict")


def test_neutral_mode_when_the_account_is_unknown_or_no_trader_then_it_is_refused() -> None:
    """A fund and a backstop have tiers of their own."""
    book = open_book({"al": 100})
    submit(book, OpenAccount(time_ns=0, account_id="fund", role="fund"))
    for name, code in (("nobody", Code.UNKNOWN_ACCOUNT), ("fund", Code.BAD_ROLE)):
        answer = decide(book, SetNeutralMode(time_ns=0, account_id=name, on=True), Rules())
        assert isinstance(answer, Rejection)
        assert answer.code is code


def test_neutral_mode_when_it_is_set_and_taken_back_then_the_account_says_so_even_in_a_halt() -> None:
    """It is a fact about the account, whatever else stands still."""
    book = open_book({"al": 100})
    submit(book, Halt(time_ns=0, scope="", reason="drill"))
    for on in (True, False):
        (fact,) = submit(book, SetNeutralMode(time_ns=0, account_id="al", on=on))
        assert isinstance(fact, NeutralModeSet)
        assert book.accounts["al"].neutral is on


def test_market_when_its_underlying_is_no_id_then_it_is_refused() -> None:
    """It is compared as a name, so it is one."""
    for text in ("a b", "x/y", "\u00e9"):
        answer = decide(Book(), ListMarket(time_ns=0, terms=replace(TERMS, underlying=text)), Rules())
        assert isinstance(answer, Rejection)
        assert answer.code is Code.BAD_ID


def test_rules_when_the_share_or_the_boundary_is_wrong_then_both_are_told() -> None:
    """A share is at most 1, the boundary one of two words."""
    with pytest.raises(ConfigError, match=r"neutral_within_ppb is 1000000001.*neutral_boundary is 'maybe'"):
        Rules(neutral_within_ppb=PPB + 1, neutral_boundary="maybe")


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("seed", range(10))
def test_policy_when_some_candidates_are_neutral_then_they_come_last_and_nobody_else_changes_place(
    name: str, seed: int
) -> None:
    """A stable partition: the queue with the mode is the ordinary part of the queue without it, then the neutral part.

    And no neutral one is closed before an ordinary one has no lots left.
    """
    rng = Random(f"neutral {name} {seed}")
    plain = [
        Candidate(
            key, ORDINARY_TIER, rng.randint(1, 9), 100, rng.randint(-50, 50), 90, 70, 5, 20, 200, rng.randint(1, 9)
        )
        for key in "abcdefgh"
    ]
    chosen = {one.unit_id for one in plain if rng.random() < 0.5}
    mixed = [one._replace(tier=NEUTRAL_TIER) if one.unit_id in chosen else one for one in plain]
    need = rng.randint(1, sum(one.lots for one in plain))
    before, after = (Request(need, tuple(found), "BTC", "long", 1, 1) for found in (plain, mixed))
    policy = POLICIES[name]
    if name != "queue-rotation":  # It starts at a seeded place of each tier.
        ranked = [one.unit_id for one, _ in policy.order(before)]
        expected = sorted(ranked, key=lambda key: key in chosen)
        assert expected == [one.unit_id for one, _ in policy.order(after)]
    lots = {allotment.unit_id: allotment.lots for allotment in policy.allocate(after)}
    full = all(lots.get(one.unit_id, 0) == one.lots for one in plain if one.unit_id not in chosen)
    assert full or not chosen & lots.keys()


# -- lies -------------------------------------------------------------------------------------------------------------


def honest(rules: Rules) -> tuple[BankruptcyDeclared, Deleveraged]:
    """Return what the law says about the pair."""
    facts = decide(pair(), RunStep(time_ns=2), rules)
    assert isinstance(facts, tuple)
    declared, told = facts[:2]
    assert isinstance(declared, BankruptcyDeclared)
    assert isinstance(told, Deleveraged)
    return declared, told


def objection(rules: Rules, *facts: Any) -> str:
    """Apply facts to the pair under the invariants; return what objects."""
    book = pair()
    running = Invariants(book, rules)
    try:
        for fact in facts:
            numbered = replace(fact, seq=book.seq + 1, rules_hash=rules.hash())
            running.before(numbered)
            apply(book, numbered)
            running.after(numbered)
    except InvariantBroken as broken:
        return str(broken)
    return ""


PRO_RATA = Rules(neutral_within_ppb=FIVE_PERCENT, policy=POLICIES["pro-rata"])


def test_lie_when_a_neutral_unit_is_closed_with_the_others_then_the_tiers_object() -> None:
    """The story of the rules without the mode, told under those with it: bo is closed as an ordinary one."""
    declared, told = honest(replace(PRO_RATA, neutral_within_ppb=0))
    assert "bo was closed in tier 2, it is in 3" in objection(PRO_RATA, declared, told)


def test_lie_when_a_neutral_unit_says_its_tier_and_goes_first_then_the_order_objects() -> None:
    """The same with the right tier: cy still has lots."""
    declared, told = honest(replace(PRO_RATA, neutral_within_ppb=0))
    closings = tuple(c._replace(tier=3) if c.unit_id == "bo" else c for c in told.closings)
    told = replace(told, closings=closings)
    assert "neutral bo was closed before ['cy']" in objection(PRO_RATA, declared, told)


def test_lie_when_the_measure_itself_is_wrong_then_the_count_by_markets_objects(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Should the law's own measure call everybody neutral, or nobody, the check has another one."""
    for answer in (True, False):
        with monkeypatch.context() as patch:
            patch.setattr("deleverage.rulebook.stages.candidates.is_neutral", lambda *_, said=answer: said)
            declared, told = honest(PRO_RATA)
            assert f"is neutral: {not answer}" in objection(PRO_RATA, declared, told)


def test_truth_when_the_law_tells_it_then_nothing_objects() -> None:
    """Under both boundaries and every policy of the catalogue."""
    for policy in POLICIES.values():
        rules = Rules(neutral_within_ppb=FIVE_PERCENT, neutral_boundary="inclusive", policy=policy)
        assert objection(rules, *honest(rules)) == ""


def test_lie_when_a_fund_is_in_the_mode_then_it_objects() -> None:
    """The mode is a trader's."""
    book = crashed()
    submit(book, OpenAccount(time_ns=1, account_id="fund", role="fund"))
    fact = NeutralModeSet(seq=book.seq + 1, time_ns=2, account_id="fund", on=True)
    running = Invariants(book, ON)
    running.before(fact)
    apply(book, fact)
    with pytest.raises(InvariantBroken, match="INV-10"):
        running.after(fact)
