"""Stage 2's plug: how many lots each rule wants, and what stage 2 makes of it; small books, worked out by hand."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import decide
from deleverage.rulebook.messages import (
    Deposit,
    MarkUpdate,
    OpenAccount,
    PlaceOrder,
    Reduced,
    RunStep,
    Sale,
    SetMarks,
    StepEnded,
)
from deleverage.rulebook.pace import Rounds
from deleverage.rulebook.plug import PlugFault
from deleverage.rulebook.quantities import PPB
from deleverage.rulebook.reduction import REDUCTIONS, Holding, Reduction, Share, Slices, Smart, Tiers, Want, wanted
from deleverage.rulebook.rules import Rules
from tests.properties.stories import mark, open_book, step, submit, trade

ONE_ROUND = Rounds(1)
STARTS = (0, 1_000, 3_000, 9_000)


def leg(lots: int, **other: Any) -> Holding:
    """Return a leg of a unit with nothing else; a lot is worth 100, maintenance is 5 % of notional."""
    given: dict[str, Any] = {
        "lots": lots,
        "value_quanta": 100,
        "tier_starts_quanta": (0,),
        "balance": 0,
        "maintenance": lots * 5 * PPB,
        "requirement": lambda kept: kept * 5 * PPB,
    }
    return Holding(**(given | other))


# -- what each rule wants -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share_ppb", "lots"), [(PPB, 10), (333_333_333, 4), (0, 1)], ids=["all", "a third", "at least one"]
)
def test_share_when_asked_then_the_share_is_rounded_up_to_a_lot(share_ppb: int, lots: int) -> None:
    """A third of 10 lots is 3.33: 4; a share of 0 is still a lot, or the unit would never be reduced."""
    assert wanted(Share(share_ppb), leg(10)) == Want(lots, "share" if lots < 10 else "")


@pytest.mark.parametrize(
    ("held", "count", "kept"),
    [(95, 1, 89), (95, 2, 29), (95, 3, 9), (95, 4, 0), (29, 1, 9), (29, 2, 0), (10, 1, 9), (9, 1, 0)],
)
def test_tiers_when_there_is_a_tier_so_many_below_then_its_largest_notional_is_kept(
    held: int, count: int, kept: int
) -> None:
    """95 lots are 9,500: the fourth tier. The third ends below 9,000 (89 lots), the second below 3,000 (29)."""
    holding = leg(held, tier_starts_quanta=STARTS)
    assert wanted(Tiers(count), holding) == Want(held - kept, "tiers" if kept else "")


def test_tiers_when_a_lot_is_larger_than_the_tier_then_what_is_kept_lies_lower() -> None:
    """A lot of 2,500: 2 lots are in the third tier, the second ends at 2,999: one lot; of 1 lot none is kept."""
    holding = leg(2, value_quanta=2_500, tier_starts_quanta=STARTS)
    assert wanted(Tiers(1), holding) == Want(1, "tiers")
    assert wanted(Tiers(1), holding._replace(lots=1)) == Want(1, "")


@pytest.mark.parametrize(
    ("equity", "target_ppb", "lots"),
    [(400, 1_200_000_000, 34), (400, PPB, 20), (499, PPB, 1), (500, PPB, 0), (0, PPB, 100)],
)
def test_smart_when_asked_then_the_fewest_lots_reach_the_target(equity: int, target_ppb: int, lots: int) -> None:
    """100 lots need 5 each, 6 at a target of 1.2: an equity of 400 carries 80, and 66 (396); of 0 none."""
    why = "" if lots == 100 else "target"
    assert wanted(Smart(target_ppb), leg(100, balance=equity * PPB)) == Want(lots, why)


def test_smart_when_other_legs_need_margin_too_then_they_are_counted() -> None:
    """The unit needs 500 for this leg and 150 for others; of its 400 only 250 are left for this one: 50 lots."""
    assert wanted(Smart(PPB), leg(100, balance=400 * PPB, maintenance=650 * PPB)) == Want(50, "target")


def test_smart_when_an_upper_tier_asks_for_less_then_it_is_not_skipped() -> None:
    """A lot of 10 needs 1, and from 100 lots on all of them 80 less: 100 lots need 20, 200 need 120.

    An equity of 60 meets 0 to 60 lots, not 61 to 99, and again 100 to 140: 140 are kept. One of 19 meets 0 to 19 only.
    """

    def requirement(lots: int) -> int:
        return (lots - (80 if lots >= 100 else 0)) * PPB

    holding = leg(
        200,
        value_quanta=10,
        tier_starts_quanta=(0, 1_000),
        balance=60 * PPB,
        maintenance=requirement(200),
        requirement=requirement,
    )
    assert wanted(Smart(PPB), holding) == Want(60, "target")
    assert wanted(Smart(PPB), holding._replace(balance=19 * PPB)) == Want(181, "target")


@given(data=st.data())
def test_smart_when_the_table_is_arbitrary_then_it_finds_what_trying_every_lot_finds(data: st.DataObject) -> None:
    """Random tiers, rates and deductions, exact or not: what is kept is the most that meets the target."""
    value = data.draw(st.integers(1, 50))
    lots = data.draw(st.integers(1, 60))
    gaps = data.draw(st.lists(st.integers(1, 900), max_size=4))
    starts = tuple(sum(gaps[:count]) for count in range(len(gaps) + 1))
    rows = [(data.draw(st.integers(0, PPB)), data.draw(st.integers(0, 400))) for _ in starts]

    def requirement(kept: int) -> int:
        rate, deduction = rows[sum(start <= kept * value for start in starts) - 1]
        return max(0, kept * value * rate - deduction * PPB)

    other = data.draw(st.integers(0, 500)) * PPB
    equity = data.draw(st.integers(0, 1_500)) * PPB
    target = data.draw(st.integers(PPB, 3 * PPB))
    met = [kept for kept in range(lots + 1) if equity * PPB >= target * (other + requirement(kept))]
    holding = Holding(lots, value, starts, equity, other + requirement(lots), requirement)
    assert wanted(Smart(target), holding).lots == lots - max(met, default=0)


@pytest.mark.parametrize(
    ("rule", "lots"),
    [
        (Slices(most_lots=3), 3),
        (Slices(most_notional_quanta=750), 7),
        (Slices(most_lots=3, most_notional_quanta=250), 2),
        (Slices(most_notional_quanta=99), 1),
        (Slices(most_lots=11), 10),
    ],
)
def test_slices_when_asked_then_at_most_the_slice_and_at_least_a_lot(rule: Slices, lots: int) -> None:
    """Lots of 100: a slice of 750 is 7 lots, one of 99 is still a lot."""
    assert wanted(rule, leg(10)) == Want(lots, "slice" if lots < 10 else "")


@dataclass(frozen=True)
class Hostile(Reduction):
    """Wants whatever it was made with."""

    kind = "hostile"
    answer: Any

    def want(self, holding: Holding) -> Want:
        """Give it back, or raise it."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    "answer",
    [Want(11, "x"), Want(-1, "x"), Want(0), Want(True), (1.0, "x"), (1, None), 5, ZeroDivisionError()],
    ids=repr,
)
def test_wanted_when_a_rule_is_unlawful_then_it_is_the_rules_fault(answer: Any) -> None:
    """1 to all of the 10 lots, or 0 with a reason: whatever else comes is refused."""
    with pytest.raises(PlugFault):
        wanted(Hostile(answer), leg(10))


def test_reduce_when_the_rule_is_unlawful_then_nothing_is_changed() -> None:
    """The fault leaves decide before anything is written."""
    book = thin()
    mark(book, 90)
    digest = book.digest()
    with pytest.raises(PlugFault, match="wants 11 lots of 10"):
        decide(book, RunStep(time_ns=2), Rules(reduction=Hostile(Want(11))))
    assert book.digest() == digest


@pytest.mark.parametrize(
    "spec",
    [
        {"name": "share", "share_ppb": PPB + 1},
        {"name": "tiers", "count": 0},
        {"name": "smart", "target_ppb": PPB - 1},
        {"name": "slices"},
        {"name": "slices", "most_lots": -1},
        {"name": "slices", "most_lots": 1, "max_depth_share_ppb": PPB + 1},
        {"name": "half"},
    ],
    ids=repr,
)
def test_reductions_when_a_spec_is_wrong_then_it_is_refused(spec: dict[str, Any]) -> None:
    """A preset that could never sell, or would leave units unhealthy, is no preset."""
    with pytest.raises(PlugFault):
        REDUCTIONS.build(spec)


# -- what stage 2 makes of it -----------------------------------------------------------------------------------------


def thin() -> Book:
    """Return a book in which al and di (10 lots long each) are unhealthy at 90: equity 4 and 4, maintenance 4.5."""
    book = open_book({"al": 104, "di": 104, "bo": 9_000, "ma": 9_000})
    trade(book, "al", "bo", 10)
    trade(book, "di", "bo", 10)
    return book


def order(book: Book, order_id: str, lots: int, price_ticks: int, unit_id: str = "ma") -> None:
    """Rest a bid."""
    fields: dict[str, Any] = {"unit_id": unit_id, "market_id": "BTC", "lots": lots, "price_ticks": price_ticks}
    submit(book, PlaceOrder(time_ns=0, order_id=order_id, **fields))


def told(book: Book, rules: Rules) -> tuple[list[Sale], list[Sale]]:
    """Run a step under the invariants; return the sales of its facts, and what it says was not sold at all."""
    facts = step(book, rules)
    (end,) = [fact for fact in facts if isinstance(fact, StepEnded)]
    return [sale for fact in facts if isinstance(fact, Reduced) for sale in fact.sales], list(end.unsold)


def short(sale: Sale) -> tuple[str, int, int, str]:
    """Return who, wanted, sold and why."""
    return sale.unit_id, sale.wanted_lots, sale.sold_lots, sale.why


def test_reduce_when_nobody_bids_then_the_end_of_the_step_says_empty_book() -> None:
    """Stage 2 cannot act: no fact, no round, but both legs are told with the reason."""
    book = thin()
    mark(book, 90)
    facts = step(book)
    (end,) = facts
    assert isinstance(end, StepEnded)
    assert end.rounds == 0
    assert end.unsold == (
        Sale("al", "BTC", "", 10, 10, 0, "empty_book"),
        Sale("di", "BTC", "", 10, 10, 0, "empty_book"),
    )


def test_reduce_when_all_bids_are_out_of_the_order_band_then_the_reason_is_band() -> None:
    """5 % of 90 is 4.5: a bid at 85 and a stray one at 95 are no prices."""
    book = thin()
    order(book, "low", 5, 85)
    order(book, "stray", 5, 95)
    mark(book, 90)
    assert told(book, Rules(order_band_ppb=50_000_000))[1] == [
        Sale("al", "BTC", "", 10, 10, 0, "band"),
        Sale("di", "BTC", "", 10, 10, 0, "band"),
    ]


def test_reduce_when_slices_bound_the_slippage_then_only_worse_prices_are_out() -> None:
    """2 % of 90 is 1.8: the bid at 88 is out, the one at 95 - better than the mark - is not; it is used up: depth."""
    book = thin()
    order(book, "low", 20, 88)
    order(book, "high", 5, 95)
    mark(book, 90)
    sales, _ = told(book, Rules(reduction=Slices(most_lots=10, max_slippage_ppb=20_000_000), pace=ONE_ROUND))
    assert [short(sale) for sale in sales] == [("al", 10, 3, "depth"), ("di", 10, 2, "depth")]


def test_reduce_when_slices_bound_the_slippage_of_a_short_then_only_higher_prices_are_out() -> None:
    """di is short; at 110 the bound of 2 % is 2.2: an offer at 113 is out, one at 112 is not."""
    book = open_book({"di": 104, "bo": 9_000, "ma": 9_000})
    trade(book, "bo", "di", 10)
    order(book, "near", -1, 112)
    order(book, "far", -9, 113)
    mark(book, 110)
    sales, _ = told(book, Rules(reduction=Slices(most_lots=10, max_slippage_ppb=20_000_000), pace=ONE_ROUND))
    assert [short(sale) for sale in sales] == [("di", 10, 1, "depth")]


def test_reduce_when_slices_take_a_share_of_the_depth_then_the_sellers_share_it() -> None:
    """Half of 7 lots is 3.5: 3 for al and di, 1.5 each: 2 and 1 (tie to the smaller id)."""
    book = thin()
    order(book, "bid", 7, 90)
    mark(book, 90)
    rules = Rules(reduction=Slices(most_lots=10, max_depth_share_ppb=500_000_000), pace=ONE_ROUND)
    sales, _ = told(book, rules)
    assert [short(sale) for sale in sales] == [("al", 10, 2, "depth"), ("di", 10, 1, "depth")]


def test_reduce_when_the_share_of_the_depth_is_less_than_a_lot_then_nothing_is_sold_for_depth() -> None:
    """A tenth of 7 lots is no lot."""
    book = thin()
    order(book, "bid", 7, 90)
    mark(book, 90)
    sales, unsold = told(book, Rules(reduction=Slices(most_lots=10, max_depth_share_ppb=100_000_000)))
    assert sales == []
    assert [short(sale) for sale in unsold] == [("al", 10, 0, "depth"), ("di", 10, 0, "depth")]


def test_reduce_when_slices_are_small_then_each_round_sells_one_until_the_unit_is_healthy() -> None:
    """An equity of 4 carries 8 lots at 90 (0.45 each: 3.6): with slices of 1, two rounds sell two lots each."""
    book = thin()
    order(book, "bid", 20, 90)
    mark(book, 90)
    sales, unsold = told(book, Rules(reduction=Slices(most_lots=1)))
    assert [short(sale) for sale in sales] == 2 * [("al", 1, 1, "slice"), ("di", 1, 1, "slice")]
    assert unsold == []
    assert [book.units[name].legs["BTC"].lots for name in ("al", "di")] == [8, 8]


def test_reduce_when_equity_does_not_pay_for_the_slippage_then_the_reason_is_equity() -> None:
    """At 88 a lot slips 2; an equity of 4 pays for two lots. In the second round 0 are left: nothing more is sold."""
    book = thin()
    order(book, "bid", 20, 88)
    mark(book, 90)
    sales, unsold = told(book, Rules())
    assert [short(sale) for sale in sales] == [("al", 10, 2, "equity"), ("di", 10, 2, "equity")]
    assert [short(sale) for sale in unsold] == [("al", 8, 0, "equity"), ("di", 8, 0, "equity")]


def test_reduce_when_a_leg_is_sold_wholly_then_no_reason_is_told() -> None:
    """The control: 20 lots wanted, 20 bid for."""
    book = thin()
    order(book, "bid", 20, 90)
    mark(book, 90)
    sales, unsold = told(book, Rules())
    assert [short(sale) for sale in sales] == [("al", 10, 10, ""), ("di", 10, 10, "")]
    assert unsold == []


def test_reduce_when_an_earlier_market_has_reached_the_target_then_the_next_sells_nothing() -> None:
    """al holds 10 lots each of A and B and 216: at 89 and 90 its equity is 216 - 110 - 100 = 6, maintenance 4.45 + 4.5.

    Target 1: with 3 lots of A it needs 1.335 + 4.5 = 5.835, with 4 6.28: A sells 7. B finds the target met.
    """
    book = open_book({"al": 216, "bo": 9_000, "ma": 9_000}, market_ids=("A", "B"))
    for market_id in ("A", "B"):
        trade(book, "al", "bo", 10, market_id)
        fields: dict[str, Any] = {"unit_id": "ma", "market_id": market_id, "lots": 10}
        submit(book, PlaceOrder(time_ns=0, order_id=market_id, price_ticks=89 + (market_id == "B"), **fields))
    submit(book, SetMarks(time_ns=1, marks=(MarkUpdate("A", 89), MarkUpdate("B", 90))))
    sales, unsold = told(book, Rules(reduction=Smart(PPB), pace=ONE_ROUND))
    assert [short(sale) for sale in sales] == [("al", 7, 7, "target")]
    assert [short(sale) for sale in unsold] == [("al", 0, 0, "target")]


def test_reduce_when_a_guard_closes_the_market_then_nothing_is_told_for_sale() -> None:
    """A guarded market is named by the step; its legs are not for sale."""
    book = thin()
    mark(book, 90)
    rules = Rules(max_mark_age_ns=1)
    submit(book, OpenAccount(time_ns=1, account_id="late"))
    submit(book, Deposit(time_ns=9, unit_id="late", amount_quanta=1))
    (end,) = submit(book, RunStep(time_ns=9), rules)
    assert isinstance(end, StepEnded)
    assert (end.guarded, end.unsold) == (("BTC: stale",), ())
