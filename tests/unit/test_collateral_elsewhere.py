"""Collateral where it meets the rest of the law: period profit, gates, reduction, requirements, programmes, auctions.

The books and their numbers are explained in ``tests/properties/collateral_stories.py``.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from deleverage.rulebook import messages as m
from deleverage.rulebook.apply import apply
from deleverage.rulebook.auction import Dutch
from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import decide
from deleverage.rulebook.gates import Gate, withdrawal_gates
from deleverage.rulebook.invariants import InvariantBroken, Invariants
from deleverage.rulebook.losses.period import Clawback
from deleverage.rulebook.margin import is_unhealthy
from deleverage.rulebook.periods import period_profit
from deleverage.rulebook.price import Mark
from deleverage.rulebook.quantities import PPB
from deleverage.rulebook.reduction import Smart
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.schedule import Schedule
from tests.properties.collateral_stories import BTC, bring, code_of, mark, opened, price, short_by_100, step, trade
from tests.properties.stories import submit

HALF_BAND = Rules(mark_band_ppb=500_000_000)


def profits(book: Book, *names: str) -> list[int]:
    """Return the period profits of units."""
    return [period_profit(book, book.units[name]) for name in names]


def sale_to(taker: str, seller: str, grains: int) -> m.Convert:
    """Return a conversion of BTC at its index price of 100."""
    parties = {"unit_id": seller, "taker_unit_id": taker}
    return m.Convert(time_ns=2, asset_id="BTC", amount_grains=grains, price_quanta=100, **parties)


# -- period profit ---------------------------------------------------------------------------------------------------


def test_profit_when_assets_become_money_by_agreement_then_neither_side_has_made_anything() -> None:
    """3 grains for 30: al has 30 more than it deposited, cy 30 less, and neither is a profit."""
    book = opened({"al": 0, "cy": 40}, {"al": 50})
    submit(book, sale_to("cy", "al", 3))
    assert [book.units[name].result_before for name in ("al", "cy")] == [30, -30]
    assert profits(book, "al", "cy") == [0, 0]


def test_profit_when_a_pledge_is_sold_then_only_what_it_repays_is_taken_back() -> None:
    """al lost 100 and was carried 100: 0. Its 12 grains bring 108: 100 of them repay, 8 are its own and no profit."""
    book = short_by_100({"b": 0})
    step(book)
    assert profits(book, "al", "b") == [0, 0]
    submit(book, m.Deposit(time_ns=2, unit_id="b", amount_quanta=500))
    step(book)
    assert (book.units["al"].quote, book.pots["fund"]) == (8, 100)
    assert profits(book, "al", "b") == [-100, 0]


def test_clawback_when_somebody_has_sold_his_assets_then_he_is_no_winner() -> None:
    """al is 100 short at the mark. cy has made 100 and bears it; di, who got 300 for 30 grains, has made nothing."""
    book = short_by_100({"di": 0, "ed": 300})
    bring(book, "di", 30)
    submit(book, sale_to("ed", "di", 30))
    facts = step(book, Rules(price=Mark(), loss_rule=Clawback()))
    (told,) = [fact for fact in facts if isinstance(fact, m.Socialised)]
    assert [(cut.unit_id, cut.taken_quanta) for cut in told.haircuts] == [("cy", 100)]


def _one_result(book: Book) -> None:
    book.units["al"].result_before += 1


def _two_results(book: Book) -> None:
    book.units["al"].result_before += 1
    book.units["cy"].result_before -= 1


@pytest.mark.parametrize("wrong", [_one_result, _two_results])
def test_profit_when_a_conversion_is_written_wrongly_then_an_invariant_objects(wrong: Callable[[Book], None]) -> None:
    """A profit out of nothing, and one that moved along: the fact's check finds both."""
    book = opened({"al": 0, "cy": 40}, {"al": 50})
    answer = decide(book, sale_to("cy", "al", 3), Rules())
    assert isinstance(answer, tuple)
    running = Invariants(book, Rules())
    running.before(answer[0])
    apply(book, answer[0])
    wrong(book)
    with pytest.raises(InvariantBroken, match=r"INV-3: .* a conversion left a profit of -1, it should be 0 quanta"):
        running.after(answer[0])


def test_results_when_the_pool_pays_for_assets_then_their_sum_rises_by_what_it_paid_and_no_more() -> None:
    """The fund's pool pays 108 for 12 grains: the sum is 108 afterwards; one quantum more is found."""
    book = opened({"al": 0, "cy": 1_000, "f": 0}, {"al": 50}, replace(BTC, fund_cap_grains=100))
    submit(book, m.DepositToFund(time_ns=0, amount_quanta=500))
    trade(book, "al", "cy", 10)
    mark(book, 90)
    running = Invariants(book, Rules())
    answer = decide(book, m.RunStep(time_ns=2), Rules())
    assert isinstance(answer, tuple)
    for fact in answer:
        running.before(fact)
        apply(book, fact)
        running.after(fact)
    running.full()
    assert sum(unit.result_before for unit in book.units.values()) == 108
    _one_result(book)
    with pytest.raises(InvariantBroken, match="INV-3: results before the period sum to 109"):
        running.full()


# -- gates -----------------------------------------------------------------------------------------------------------


def test_gate_when_a_price_is_guarded_then_money_and_assets_of_its_owner_are_held() -> None:
    """The gate names the asset and what opens it; both withdrawals are refused with its words."""
    book = opened({"al": 100, "cy": 100}, {"al": 50})
    price(book, 200, rules=HALF_BAND)
    (gate,) = withdrawal_gates(book, HALF_BAND, 2)
    assert gate == Gate(
        code=m.Code.MARK_GUARDED,
        unit_id="al",
        reason="the price is guarded: BTC (out_of_band)",
        opens="an accepted or confirmed price of BTC",
        found="BTC",
        bound="",
    )
    money = m.Withdraw(time_ns=2, unit_id="al", amount_quanta=1)
    assets = m.WithdrawAsset(time_ns=2, unit_id="al", asset_id="BTC", amount_grains=1)
    assert [decide(book, one, HALF_BAND) for one in (money, assets)] == [gate.rejection()] * 2
    submit(book, m.Withdraw(time_ns=2, unit_id="cy", amount_quanta=1))


def test_gate_when_mark_and_price_are_guarded_then_it_names_both() -> None:
    """Marks stand first."""
    book = opened({"al": 0, "cy": 1_000}, {"al": 50})
    trade(book, "al", "cy", 10)
    gate = withdrawal_gates(book, Rules(max_mark_age_ns=1), book.time_ns + 2)[0]
    assert gate.reason == "the mark is guarded: M (stale); the price is guarded: BTC (stale)"
    assert gate.opens == "an accepted or confirmed mark of M and an accepted or confirmed price of BTC"
    assert gate.found == "M, BTC"


# -- reduction, requirements, backstops ------------------------------------------------------------------------------


def test_smart_when_collateral_backs_a_unit_then_its_target_counts_it() -> None:
    """At a price of 49 the 50 grains count 196; 40 lots need 200. 196 is 1.2 times what 32 lots need (160): 8 go."""
    book = opened({"al": 0, "cy": 1_000, "di": 1_000}, {"al": 50})
    trade(book, "al", "cy", 40)
    order: dict[str, Any] = {"order_id": "o", "unit_id": "di", "market_id": "M", "price_ticks": 100}
    submit(book, m.PlaceOrder(time_ns=0, lots=50, **order))
    price(book, 49)
    facts = step(book, Rules(reduction=Smart()))
    (told,) = [fact for fact in facts if isinstance(fact, m.Reduced)]
    assert told.sales == (m.Sale("al", "M", "", 40, 8, 8, "target"),)


def test_leverage_when_it_asks_for_more_then_collateral_counts_but_not_at_a_guarded_price() -> None:
    """20 lots at 5x need 400, what the 50 grains count; at 4x 500. With the price guarded they count nothing here."""
    book = opened({"al": 0, "cy": 1_000}, {"al": 50})
    trade(book, "al", "cy", 20)
    lever: dict[str, Any] = {"time_ns": 2, "unit_id": "al", "market_id": "M"}
    assert code_of(book, m.SetLeverage(leverage_ppb=4 * PPB, **lever)) is m.Code.BELOW_INITIAL_MARGIN
    price(book, 200, rules=HALF_BAND)
    five = m.SetLeverage(leverage_ppb=5 * PPB, **lever)
    assert code_of(book, five, HALF_BAND) is m.Code.BELOW_INITIAL_MARGIN
    price(book, 100, rules=HALF_BAND)
    running = Invariants(book, HALF_BAND)
    (fact,) = submit(book.copy(), five, HALF_BAND)
    running.before(fact)
    apply(book, fact)
    running.after(fact)


def test_requirements_when_they_double_then_what_collateral_counts_stays() -> None:
    """40 lots need 200, at a factor of 2 400: 50 grains count 400 at a price of 100, and 396 at 99."""
    book = opened({"al": 0, "cy": 1_000}, {"al": 50})
    trade(book, "al", "cy", 40)
    market, unit = book.markets["M"], book.units["al"]
    market.terms, market.factor_ppb = replace(market.terms, schedule=Schedule(cap_ppb=2 * PPB)), 2 * PPB
    assert not is_unhealthy(book, unit)
    price(book, 99)
    assert is_unhealthy(book, unit)


def test_programme_when_its_backstop_rests_and_asks_for_an_edge_then_it_still_buys_collateral() -> None:
    """Programmes bind takeovers of lots: 12 grains go to b at the discount, and its window does not move."""
    book = short_by_100({"b": 500})
    terms: dict[str, Any] = {"window_ns": 100, "window_notional_quanta": 1, "cool_down_ns": 10**9}
    submit(book, m.SetProgramme(time_ns=1, account_id="b", capacity_lots=100, minimum_edge_ppb=500_000_000, **terms))
    book.backstops["b"].last_step, book.backstops["b"].last_time_ns, book.steps = 1, 1, 1
    (sold,) = [fact for fact in step(book) if isinstance(fact, m.CollateralSold)]
    assert sold.assets == (m.AssetFill("al", -12, "seller"), m.AssetFill("b", 12, "taker"))
    assert (book.backstops["b"].window_used_quanta, book.backstops["b"].last_time_ns) == (0, 1)


@pytest.mark.parametrize(("money", "why"), [(49, ["margin"]), (50, [])])
def test_backstop_when_collateral_would_carry_a_takeover_that_leaves_it_below_zero_then_it_stands_aside(
    money: int, why: list[str]
) -> None:
    """di lost 150 of its 100 on 10 lots: 50 are missing. b's 50 grains count 400 and carry the lots, but pay nobody."""
    book = opened({"di": 100, "cy": 1_000, "b": money}, {"b": 50})
    submit(book, m.SetProgramme(time_ns=0, account_id="b", capacity_lots=100, minimum_edge_ppb=-PPB))
    trade(book, "di", "cy", 10)
    mark(book, 85)
    facts = step(book)
    ended = facts[-1]
    assert isinstance(ended, m.StepEnded)
    assert [one.why for one in ended.passed] == why
    assert any(isinstance(fact, m.TakenOver) for fact in facts) == (not why)


# -- auctions --------------------------------------------------------------------------------------------------------


DUTCH = Dutch(start_ppb=PPB // 100, step_ppb=PPB // 100, every_ns=10, most_ppb=PPB // 10)


def with_close_out(book: Book) -> Book:
    """Let the close-out rate be that of maintenance, 5 %."""
    terms = book.markets["M"].terms
    tiers = tuple(replace(tier, close_out_rate_ppb=tier.maintenance_rate_ppb) for tier in terms.tiers)
    book.markets["M"].terms = replace(terms, tiers=tiers)
    return book


def test_auction_when_a_unit_waits_for_a_price_then_it_is_not_put_on_offer() -> None:
    """14 grains count 112 and would bring 126: al, 100 short, has a balance of 12 and needs 45, at a guarded price."""
    rules = replace(HALF_BAND, auction=DUTCH)
    book = with_close_out(opened({"al": 0, "cy": 1_000}, {"al": 14}))
    trade(book, "al", "cy", 10)
    mark(book, 90)
    price(book, 200, rules=rules)
    assert [type(fact) for fact in step(book, rules)] == [m.StepEnded]


def test_auction_when_collateral_falls_then_a_unit_is_on_offer_until_it_counts_enough_again() -> None:
    """40 lots need 200, and 400 to be opened: 50 grains count 196 at a price of 49, 200 at 50 and 400 at 100."""
    rules = Rules(auction=DUTCH)
    book = with_close_out(opened({"al": 0, "cy": 1_000}, {"al": 50}))
    trade(book, "al", "cy", 40)
    price(book, 49)
    assert [type(fact) for fact in step(book, rules)] == [m.AuctionOpened, m.StepEnded]
    price(book, 50)
    assert [type(fact) for fact in step(book, rules)] == [m.StepEnded]
    price(book, 100)
    (ended,) = [fact for fact in step(book, rules) if isinstance(fact, m.AuctionEnded)]
    assert ended.why == "healthy"


def test_bid_when_collateral_backs_the_bidder_then_it_counts_but_not_at_a_guarded_price() -> None:
    """di's 13 grains count 104, what 10 lots need (100); at a guarded price they count nothing. al has 2 to give up."""
    rules = replace(HALF_BAND, auction=DUTCH)
    book = with_close_out(opened({"al": 102, "cy": 1_000, "di": 0}, {"di": 13}))
    trade(book, "al", "cy", 10)
    mark(book, 90)
    assert any(isinstance(fact, m.AuctionOpened) for fact in step(book, rules))
    bid = m.Bid(time_ns=2, unit_id="al", bidder_unit_id="di", market_id="M", lots=10, least_discount_ppb=0)
    guarded = book.copy()
    price(guarded, 200, rules=rules)
    assert code_of(guarded, bid, rules) is m.Code.BELOW_INITIAL_MARGIN
    running = Invariants(book, rules)
    (fact,) = submit(book.copy(), bid, rules)
    assert isinstance(fact, m.AuctionSold)
    assert fact.discount_quanta == 2
    running.before(fact)
    apply(book, fact)
    running.after(fact)
