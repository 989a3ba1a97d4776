"""The waterfall stage by stage, on books small enough to check by hand; prices in ticks, money in quanta."""

from dataclasses import dataclass, replace
from typing import TypeVar

import pytest

from deleverage.rulebook.book import Book
from deleverage.rulebook.collection import collect
from deleverage.rulebook.decide import decide
from deleverage.rulebook.funding_source import AllOrNothing
from deleverage.rulebook.margin import equity
from deleverage.rulebook.messages import (
    AccrueFunding,
    Deleveraged,
    Deposit,
    Fact,
    FundPaid,
    MarginMoved,
    MarkUpdate,
    MoveMargin,
    OpenAccount,
    OpenIsolated,
    PlaceOrder,
    Reduced,
    RunStep,
    SetMarks,
    Socialised,
    StepEnded,
    TakenOver,
)
from deleverage.rulebook.pace import ClosedNotional
from deleverage.rulebook.price import PreviousMark
from deleverage.rulebook.rules import ConfigError, Rules
from deleverage.rulebook.selection import Allotment, Ordered, PolicyFault, ProRata, Queue, Request
from tests.properties.stories import crashed, mark, open_book, step, submit, trade

Kind = TypeVar("Kind", bound=Fact)


def only(facts: tuple[Fact, ...], kind: type[Kind]) -> Kind:
    """Return the one fact of a kind."""
    (found,) = [fact for fact in facts if isinstance(fact, kind)]
    return found


def kinds(facts: tuple[Fact, ...]) -> list[str]:
    """Return the names of the facts, in order."""
    return [type(fact).__name__ for fact in facts]


def money_of(fact: Deleveraged) -> dict[str, int]:
    """Return what each candidate gave up against the mark."""
    return {closing.unit_id: closing.money_quanta for closing in fact.closings}


def spend(book: Book, unit_id: str, amount_quanta: int) -> None:
    """Make a unit poorer by a number of quanta, as if they had never been deposited: no command may go so far down."""
    book.units[unit_id].quote -= amount_quanta
    book.units[unit_id].deposits -= amount_quanta
    book.net_deposits_quanta -= amount_quanta


# -- stage 2 ------------------------------------------------------------------------------------------------------


def _thin() -> Book:
    """Return a book in which al and di (10 lots long each) are unhealthy at 90: equity 4 and 4, maintenance 4.5."""
    book = open_book({"al": 104, "di": 104, "bo": 9_000, "ma": 9_000})
    trade(book, "al", "bo", 10)
    trade(book, "di", "bo", 10)
    return book


def _order(book: Book, order_id: str, lots: int, price_ticks: int, unit_id: str = "ma") -> None:
    submit(
        book,
        PlaceOrder(time_ns=0, order_id=order_id, unit_id=unit_id, market_id="BTC", lots=lots, price_ticks=price_ticks),
    )


def test_reduce_when_two_units_need_the_same_order_then_they_share_it() -> None:
    """Depth is split by lots to sell, never first come: 7 lots over 10 and 10 give 4 and 3 (tie to the smaller id)."""
    book = _thin()
    _order(book, "bid", 7, 90)
    mark(book, 90)
    fact = only(step(book), Reduced)
    assert {f.unit_id: f.lots for f in fact.fills} == {"ma": 7, "al": -4, "di": -3}


def test_reduce_when_the_price_is_worse_than_the_mark_then_slippage_stays_within_equity() -> None:
    """At 88 a lot slips 2; an equity of 4 pays for two lots each, and then nothing is left."""
    book = _thin()
    _order(book, "bid", 20, 88)
    mark(book, 90)
    fact = only(step(book), Reduced)
    assert {f.unit_id: f.lots for f in fact.fills} == {"ma": 4, "al": -2, "di": -2}
    assert [equity(book, book.units[name]) for name in ("al", "di")] == [0, 0]


def test_reduce_when_an_order_is_out_of_band_then_it_is_skipped_in_either_direction() -> None:
    """A stray bid far above the mark is no price, nor one far below."""
    book = _thin()
    _order(book, "stray", 5, 120)
    _order(book, "far", 5, 60)
    _order(book, "near", 5, 90)
    mark(book, 90)
    fact = only(step(book, Rules(order_band_ppb=50_000_000)), Reduced)
    assert [change.order_id for change in fact.orders] == ["near"]


def test_reduce_when_the_maker_would_be_unhealthy_then_its_order_is_cancelled() -> None:
    """poor has 10 left at the mark; five lots at 92 would leave 0, below maintenance: the order goes, ma is asked."""
    book = open_book({"al": 104, "bo": 9_000, "ma": 9_000, "poor": 60})
    trade(book, "al", "bo", 10)
    trade(book, "poor", "bo", 5)
    _order(book, "first", 5, 92, "poor")
    _order(book, "second", 20, 90)
    mark(book, 90)
    fact = only(step(book), Reduced)
    assert {f.unit_id: f.lots for f in fact.fills} == {"ma": 10, "al": -10}
    assert [(change.order_id, change.lots_left) for change in fact.orders] == [("first", 0), ("second", 10)]


def test_reduce_when_a_fee_is_due_then_it_is_at_most_the_equity_left() -> None:
    """A fee of 10 % of 900 would be 90; only the 4 that are left can be charged, and they reach the fund."""
    book = _thin()
    _order(book, "bid", 20, 90)
    mark(book, 90)
    facts = step(book, Rules(liquidation_fee_ppb=100_000_000))
    assert {p.unit_id: p.amount_quanta for p in only(facts, Reduced).payments} == {"al": -4, "di": -4}
    assert (only(facts, FundPaid).entered_quanta, book.pots["fund"]) == (8, 8)


# -- stage 3 ------------------------------------------------------------------------------------------------------


def test_take_over_when_backstops_have_capacity_then_they_share_it_and_pay_the_shortfall() -> None:
    """al owes 100 on 10 lots; backstops of 6 and 2 take eight lots and 80 of the debt, 60 and 20."""
    book = open_book({"al": 200, "bo": 9_000})
    for name, capacity in (("x", 6), ("y", 2)):
        submit(book, OpenAccount(time_ns=0, account_id=name, role="backstop", backstop_capacity_lots=capacity))
        submit(book, Deposit(time_ns=0, unit_id=name, amount_quanta=5_000))
    trade(book, "al", "bo", 10)
    mark(book, 70)
    facts = step(book)
    fact = only(facts, TakenOver)
    assert {f.unit_id: (f.lots, f.money_quanta) for f in fact.fills} == {"x": (6, -60), "y": (2, -20), "al": (-8, 80)}
    assert money_of(only(facts, Deleveraged)) == {"bo": 20}


def test_take_over_when_a_backstop_would_be_unhealthy_then_it_is_left_out() -> None:
    """A poor backstop is no backstop: the rich one takes what its capacity allows."""
    book = open_book({"al": 200, "bo": 9_000})
    for name, deposit in (("poor", 20), ("rich", 5_000)):
        submit(book, OpenAccount(time_ns=0, account_id=name, role="backstop", backstop_capacity_lots=5))
        submit(book, Deposit(time_ns=0, unit_id=name, amount_quanta=deposit))
    trade(book, "al", "bo", 10)
    mark(book, 70)
    fact = only(step(book), TakenOver)
    assert {f.unit_id: f.lots for f in fact.fills} == {"rich": 5, "al": -5}


def test_take_over_when_the_fund_can_pay_then_takeover_and_payment_are_one_fact() -> None:
    """The fund's unit takes four lots at the mark and the pool pays 40 in the same fact."""
    book = open_book({"al": 200, "bo": 9_000}, fund_quanta=50)
    submit(book, OpenAccount(time_ns=0, account_id="fund", role="fund"))
    trade(book, "al", "bo", 10)
    mark(book, 70)
    facts = step(book, Rules(fund_inventory_cap_lots=4))
    fact = only(facts, TakenOver)
    assert {f.unit_id: (f.lots, f.money_quanta) for f in fact.fills} == {"fund": (4, 0), "al": (-4, 40)}
    assert [(p.pot, p.amount_quanta) for p in fact.pots] == [("fund", -40)]
    assert money_of(only(facts, Deleveraged)) == {"bo": 50}


@pytest.mark.parametrize(("share", "kept"), [(1_000_000_000, 40), (0, 0), (500_000_000, 20)])
def test_take_over_when_a_unit_is_above_zero_then_the_preset_owns_the_surplus(share: int, kept: int) -> None:
    """al has 40 left and lies below the close-out threshold: fund, user, or half each."""
    book = open_book({"al": 140, "bo": 9_000})
    submit(book, OpenAccount(time_ns=0, account_id="x", role="backstop", backstop_capacity_lots=10))
    submit(book, Deposit(time_ns=0, unit_id="x", amount_quanta=5_000))
    trade(book, "al", "bo", 10)
    market, rules = book.markets["BTC"], Rules(surplus_to_fund_ppb=share)
    market.terms = replace(market.terms, tiers=(replace(market.terms.tiers[0], close_out_rate_ppb=5_000_000),))
    mark(book, 90)
    assert equity(book, book.units["al"]) == 40
    facts = step(book, rules)
    assert kinds(facts) == ["StepEnded"], "40 is above a close-out of 4.5: nothing happens"
    spend(book, "al", 36)
    fact = only(step(book, rules), TakenOver)
    assert fact.surplus_quanta == 4
    assert book.pots["fund"] == kept // 10


# -- stage 4 ------------------------------------------------------------------------------------------------------


def test_fund_when_it_suffices_then_lots_are_still_closed_at_the_mark() -> None:
    """Fund money never ends a bankruptcy: candidates take the lots, and give up nothing."""
    book = crashed(fund_quanta=500)
    facts = step(book)
    assert only(facts, FundPaid).debts[0].paid_quanta == 100
    assert money_of(only(facts, Deleveraged)) == {"bo": 0}


@pytest.mark.parametrize(
    ("rules", "paid"),
    [
        (Rules(), 60),
        (Rules(funding_source=AllOrNothing()), 0),
        (Rules(fund_event_cap_quanta=25), 25),
        (Rules(fund_group_cap_quanta=7), 7),
        (Rules(fund_market_cap_quanta=0), 0),
    ],
    ids=["partial", "all or nothing", "event cap", "group cap", "market cap"],
)
def test_fund_when_it_is_short_or_capped_then_candidates_carry_the_rest(rules: Rules, paid: int) -> None:
    """Of a shortfall of 100 the fund pays what partial payment and caps allow; what a cap frees stays in the pool."""
    book = crashed(fund_quanta=60)
    facts = step(book, rules)
    assert book.pots["fund"] == 60 - paid
    assert money_of(only(facts, Deleveraged)) == {"bo": 100 - paid}


# -- stage 5 ------------------------------------------------------------------------------------------------------


def test_netting_when_both_sides_are_bankrupt_then_netted_lots_take_their_shortfall_to_stage_6() -> None:
    """In BTC al is short of 100 on 10 long lots, and eve - ruined in ETH - of 300 on 4 short BTC lots and 8 ETH lots.

    Four lots net at the mark. al's netted lots carry 40 of its 100; only 60 are asked of candidates in BTC.
    """
    book = open_book({"al": 200, "bo": 9_000, "eve": 500, "di": 9_000}, market_ids=("BTC", "ETH"))
    trade(book, "al", "bo", 6)
    trade(book, "al", "eve", 4)
    trade(book, "eve", "di", 10, "ETH")
    submit(book, SetMarks(time_ns=1, marks=(MarkUpdate("BTC", 70), MarkUpdate("ETH", 8))))
    assert equity(book, book.units["eve"]) == 500 + 120 - 920
    fact = only(step(book), Deleveraged)
    pool = fact.pools[0]
    assert (pool.market_id, pool.side, pool.lots, pool.netted_lots, pool.closed_lots) == ("BTC", "long", 10, 4, 6)
    assert pool.shortfall_quanta == 60
    freed = {debt.unit_id: debt.amount_quanta for debt in fact.freed}
    assert freed["al"] == 40


def test_collect_when_a_cap_binds_then_the_others_pay_equally_per_lot() -> None:
    """90 over lots 1, 2, 3 with a cap of 5 on the first: 5, and 85 over five lots is 34 and 51."""
    paid = collect({"BTC": 90}, {"a": {"BTC": 1}, "b": {"BTC": 2}, "c": {"BTC": 3}}, {"a": 5, "b": 1_000, "c": 1_000})
    assert {unit_id: parts["BTC"] for unit_id, parts in paid.items()} == {"a": 5, "b": 34, "c": 51}


def test_collect_when_one_unit_is_in_several_pools_then_its_one_equity_is_shared_by_what_they_ask() -> None:
    """Pools ask j for 30 and 10; it has 20: 15 and 5. The rest of each pool falls on the other unit there."""
    lots = {"j": {"BTC": 1, "ETH": 1}, "k": {"BTC": 1}, "l": {"ETH": 1}}
    paid = collect({"BTC": 60, "ETH": 20}, lots, {"j": 20, "k": 1_000, "l": 1_000})
    assert paid == {"j": {"BTC": 15, "ETH": 5}, "k": {"BTC": 45}, "l": {"ETH": 15}}


def test_deleverage_when_candidates_are_poor_then_they_keep_zero_and_the_rest_is_socialised() -> None:
    """bo has 10 left and pays 10 of 100; nobody gained, so 90 are named."""
    book = open_book({"al": 200, "bo": 110, "cy": 110, "di": 9_000})
    trade(book, "al", "bo", 10)
    trade(book, "cy", "di", 2)
    mark(book, 70)
    spend(book, "bo", 400)
    facts = step(book)
    assert money_of(only(facts, Deleveraged)) == {"bo": 10}
    assert only(facts, Socialised).debt_quanta == 90
    assert only(facts, Socialised).haircuts[0].unit_id == "di"


@pytest.mark.parametrize(
    ("previous", "now", "money"), [(100, 70, 100), (75, 70, 50), (65, 70, 0)], ids=["clipped", "within", "against"]
)
def test_price_when_it_is_the_previous_mark_then_it_is_clipped_to_the_shortfall(
    previous: int, now: int, money: int
) -> None:
    """Ten lots between the marks, but never more than the shortfall of 100 and never less than nothing."""
    rules = Rules(price=PreviousMark())
    book = open_book({"al": 200, "bo": 9_000})
    trade(book, "al", "bo", 10)
    mark(book, previous)
    mark(book, now)
    assert money_of(only(step(book, rules), Deleveraged)) == {"bo": money}


def test_may_bankrupt_when_the_preset_declares_it_then_the_new_bankrupt_joins_the_next_round() -> None:
    """Without the cap bo pays 100 although it has 60; it owes 40 itself and is handled in round 2."""
    book = open_book({"al": 200, "bo": 110, "cy": 9_000, "di": 9_000})
    trade(book, "al", "bo", 10)
    trade(book, "di", "cy", 5)
    mark(book, 70)
    spend(book, "bo", 350)
    facts = step(book, Rules(may_bankrupt=True))
    assert money_of(only(facts, Deleveraged)) == {"bo": 100}
    assert kinds(facts).count("BankruptcyDeclared") == 2
    assert only(facts, StepEnded).rounds == 2


def test_own_units_when_they_are_opposite_then_they_are_asked_last() -> None:
    """al's own isolated short is a last tier: bo goes first although its score is lower."""
    book = open_book({"al": 900, "bo": 9_000, "cy": 9_000})
    submit(book, OpenIsolated(time_ns=0, account_id="al", market_id="BTC"))
    submit(book, MoveMargin(time_ns=0, from_unit_id="al", to_unit_id="al/BTC", amount_quanta=200))
    trade(book, "al", "bo", 10)
    trade(book, "al", "cy", 10)
    trade(book, "cy", "al/BTC", 5)
    mark(book, 60)
    fact = only(step(book), Deleveraged)
    assert [(closing.unit_id, closing.tier) for closing in fact.closings][-1] == ("al/BTC", 4)


def test_funding_when_it_accrued_then_it_is_in_the_sizing() -> None:
    """Longs owe 2 a lot: al's shortfall is 120 instead of 100, and bo has received 20 for the same lots."""
    book = crashed()
    submit(book, AccrueFunding(time_ns=1, market_id="BTC", rate_ppb=28_571_428))
    assert book.markets["BTC"].funding_quanta == 2
    assert money_of(only(step(book), Deleveraged)) == {"bo": 120}


def test_isolated_when_it_goes_bankrupt_then_the_owner_does_not_pay_and_a_rest_is_released() -> None:
    """An isolated deficit has no recourse; the winner's isolated unit, flat after it, gives its rest to cross."""
    book = open_book({"al": 9_000, "bo": 9_000})
    for name in ("al", "bo"):
        submit(book, OpenIsolated(time_ns=0, account_id=name, market_id="BTC"))
        submit(book, MoveMargin(time_ns=0, from_unit_id=name, to_unit_id=f"{name}/BTC", amount_quanta=200))
    trade(book, "al/BTC", "bo/BTC", 10)
    mark(book, 70)
    facts = step(book)
    assert money_of(only(facts, Deleveraged)) == {"bo/BTC": 100}
    assert equity(book, book.units["al"]) == 8_800
    assert (only(facts, MarginMoved).from_unit_id, only(facts, MarginMoved).amount_quanta) == ("bo/BTC", 400)


def test_each_fill_when_a_candidate_pays_then_the_queue_is_asked_again() -> None:
    """One by one: two bankrupts, and after its first fill the first candidate has less equity and a higher score."""
    book = open_book({"a1": 200, "a2": 210, "bo": 1_500, "cy": 1_500})
    trade(book, "a1", "bo", 10)
    trade(book, "a2", "cy", 10)
    mark(book, 70)
    fact = only(step(book, Rules(rerank="each_fill")), Deleveraged)
    assert [(c.unit_id, c.closed_lots, c.money_quanta) for c in fact.closings] == [("bo", 10, 100), ("cy", 10, 90)]


def test_pro_rata_when_lots_are_needed_then_everybody_gives_the_same_share() -> None:
    """Ten lots over 12 and 4 short lots: 7.5 and 2.5, the half goes to the smaller id."""
    fact = only(step(crashed(), Rules(policy=ProRata())), Deleveraged)
    assert {closing.unit_id: closing.closed_lots for closing in fact.closings} == {"bo": 8, "cy": 2}


# -- hostile policies, bad presets ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hostile:
    """A policy that answers whatever it was told to."""

    answer: tuple[Allotment, ...]
    name: str = "hostile"

    def order(self, request: Request) -> Ordered:
        """Return nobody."""
        return []

    def allocate(self, request: Request) -> list[Allotment]:
        """Return the planted answer."""
        return list(self.answer)


@pytest.mark.parametrize(
    "answer",
    [
        (Allotment("bo", 9, ""),),
        (Allotment("bo", 11, ""),),
        (Allotment("bo", 13, ""), Allotment("cy", -3, "")),
        (Allotment("bo", 5, ""), Allotment("bo", 5, "")),
        (Allotment("al", 10, ""),),
        (Allotment("nobody", 10, ""),),
        (Allotment("bo", True, ""), Allotment("cy", 4, "")),
        (),
    ],
    ids=["too few", "too many", "negative", "twice", "the bankrupt", "a stranger", "a boolean", "nothing"],
)
def test_policy_when_its_answer_is_unlawful_then_nothing_changes(answer: tuple[Allotment, ...]) -> None:
    """A policy's result is checked as hostile, and the book stays as it was."""
    book = crashed()
    digest = book.digest()
    with pytest.raises(PolicyFault):
        decide(book, RunStep(time_ns=2), Rules(policy=Hostile(answer)))
    assert book.digest() == digest


@dataclass(frozen=True)
class Broken:
    """A policy whose own code fails."""

    name: str = "broken"

    def order(self, request: Request) -> Ordered:
        """Return nobody."""
        return []

    def allocate(self, request: Request) -> list[Allotment]:
        """Divide by nothing."""
        return [Allotment("bo", request.need_lots // 0, "")]


def test_policy_when_its_own_code_fails_then_it_is_the_policys_fault() -> None:
    """Whatever a policy raises is told as its fault, and nothing changes."""
    book = crashed()
    digest = book.digest()
    with pytest.raises(PolicyFault, match="ZeroDivisionError"):
        decide(book, RunStep(time_ns=2), Rules(policy=Broken()))
    assert book.digest() == digest


def test_rules_when_several_switches_are_wrong_then_every_fault_is_listed() -> None:
    """A bad preset is reported once, with all that is wrong."""
    with pytest.raises(ConfigError) as error:
        Rules(
            price="best",  # type: ignore[arg-type]
            order_band_ppb=-1,
            removed=("rich",),
            rerank="each_fill",
            policy=ProRata(),
            pace=ClosedNotional(1),
        )
    assert len(error.value.faults) == 5


def test_queue_when_the_ranking_is_unknown_then_it_names_the_known_ones() -> None:
    """An unknown name is refused with the list of known ones."""
    with pytest.raises(ValueError, match="bitmex, profit, return"):
        Queue("best")
