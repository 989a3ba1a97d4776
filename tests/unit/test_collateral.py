"""Collateral on numbers that can be checked by hand: what counts, what may leave, and what is sold when.

The books and their numbers are explained in ``tests/properties/collateral_stories.py``.
"""

from dataclasses import replace
from typing import Any

import pytest

from deleverage.rulebook import messages as m
from deleverage.rulebook.assets import Asset, AssetTerms
from deleverage.rulebook.book import Book
from deleverage.rulebook.collateral import free_cash_quanta
from deleverage.rulebook.decide import decide
from deleverage.rulebook.margin import equity, free_quanta, is_unhealthy, margin_balance, margin_value
from deleverage.rulebook.messages import Code, CollateralSold
from deleverage.rulebook.price import Mark
from deleverage.rulebook.quantities import PPB
from deleverage.rulebook.rules import ConfigError, Rules
from tests.properties.collateral_stories import BTC, bring, code_of, mark, opened, price, short_by_100, step, trade
from tests.properties.stories import submit

AGED = Rules(max_mark_age_ns=10)
HALF_BAND = Rules(mark_band_ppb=500_000_000)


def sold_in(facts: tuple[m.Fact, ...]) -> list[CollateralSold]:
    """Return the forced conversions of a step."""
    return [fact for fact in facts if isinstance(fact, CollateralSold)]


def withdraw(name: str, grains: int, asset_id: str = "BTC", time_ns: int = 5) -> m.WithdrawAsset:
    """Return the withdrawal of an asset."""
    return m.WithdrawAsset(time_ns=time_ns, unit_id=name, asset_id=asset_id, amount_grains=grains)


def convert(seller: str, taker: str, grains: int, price_quanta: int) -> m.Convert:
    """Return a voluntary conversion of BTC."""
    return m.Convert(
        time_ns=5,
        unit_id=seller,
        asset_id="BTC",
        amount_grains=grains,
        taker_unit_id=taker,
        price_quanta=price_quanta,
    )


# -- what counts -----------------------------------------------------------------------------------------------------


def test_margin_value_when_grains_are_many_then_the_cap_and_the_haircut_bind_and_it_is_rounded_down() -> None:
    """7 grains x 33 / 10 x 0.8 = 18.48 -> 18; the cap of 5 leaves 5 x 33 / 10 x 0.8 = 13.2 -> 13."""
    terms = replace(BTC, cap_grains=10)
    assert Asset(terms, 33).margin_value(7) == 18
    assert Asset(replace(terms, cap_grains=5), 33).margin_value(7) == 13
    assert Asset(replace(terms, haircut_ppb=PPB), 33).margin_value(7) == 0
    assert Asset(terms).margin_value(7) == 0


def test_proceeds_when_grains_are_worth_a_fraction_then_the_taker_pays_the_last_quantum() -> None:
    """7 grains x 33 / 10 x 0.9 = 20.79 -> 21; 20 quanta need 20 / 2.97 = 6.73 -> 7 grains and pay for 6."""
    asset = Asset(BTC, 33)
    assert (asset.proceeds(7), asset.grains_for(20), asset.affordable(20)) == (21, 7, 6)
    dust = Asset(AssetTerms("d", 10**8, 0, 0, 10**9, 10**9), 7)
    assert (dust.proceeds(1), dust.margin_value(1)) == (1, 0)


def test_margin_balance_when_a_unit_owns_assets_then_they_back_positions_but_are_not_equity() -> None:
    """50 grains count 400: a long of 40 lots (initial 400) may be opened without money, one of 41 may not."""
    book = opened({"al": 0, "cy": 1_000}, {"al": 50})
    unit = book.units["al"]
    assert (equity(book, unit), margin_value(book, unit), margin_balance(book, unit)) == (0, 400, 400)
    parties: dict[str, Any] = {"buyer_unit_id": "al", "seller_unit_id": "cy", "market_id": "M", "price_ticks": 100}
    assert code_of(book, m.Trade(time_ns=0, lots=41, **parties)) is Code.BELOW_INITIAL_MARGIN
    trade(book, "al", "cy", 40)
    assert not is_unhealthy(book, unit)


def test_health_when_the_price_of_collateral_falls_then_a_unit_becomes_unhealthy() -> None:
    """40 lots need 200 of maintenance: at 49 the 50 grains count 196, at 50 exactly 200."""
    book = opened({"al": 0, "cy": 1_000}, {"al": 50})
    trade(book, "al", "cy", 40)
    price(book, 50)
    assert not is_unhealthy(book, book.units["al"])
    price(book, 49)
    assert is_unhealthy(book, book.units["al"])


def test_free_money_when_a_unit_owns_assets_then_no_more_than_its_equity_may_leave() -> None:
    """With 100 of money and 400 of collateral: 100 without a position; 10 lots (initial 100) leave it at 100.

    Without counting collateral, as a taker pays, 0 are free then.
    """
    book = opened({"al": 100, "cy": 1_000}, {"al": 50})
    assert free_quanta(book, book.units["al"]) == 100
    trade(book, "al", "cy", 10)
    assert (free_quanta(book, book.units["al"]), free_cash_quanta(book, book.units["al"])) == (100, 0)
    assert code_of(book, m.Withdraw(time_ns=5, unit_id="al", amount_quanta=101)) is Code.INSUFFICIENT_EQUITY
    submit(book, m.Withdraw(time_ns=5, unit_id="al", amount_quanta=100))


def test_order_when_collateral_backs_it_then_it_may_rest() -> None:
    """A bid for 40 lots at a mark of 100 holds an initial margin of 400."""
    book = opened({"al": 0}, {"al": 50})
    order: dict[str, Any] = {"order_id": "o", "unit_id": "al", "market_id": "M", "price_ticks": 100}
    assert code_of(book, m.PlaceOrder(time_ns=0, lots=41, **order)) is Code.BELOW_INITIAL_MARGIN
    submit(book, m.PlaceOrder(time_ns=0, lots=40, **order))


# -- in and out ------------------------------------------------------------------------------------------------------


def test_withdrawal_of_an_asset_when_it_backs_a_position_then_only_the_rest_may_leave() -> None:
    """10 lots need 100 of initial margin: 13 grains count 104, 12 count 96. 37 of 50 may leave."""
    book = opened({"al": 0, "cy": 1_000}, {"al": 50})
    trade(book, "al", "cy", 10)
    assert code_of(book, withdraw("al", 38)) is Code.INSUFFICIENT_EQUITY
    submit(book, withdraw("al", 37))
    assert (book.units["al"].assets, book.assets["BTC"].net_deposits_grains) == ({"BTC": 13}, 13)


def test_withdrawal_of_an_asset_when_the_last_grain_leaves_then_nothing_is_left_of_it() -> None:
    """No row of zero grains stays behind."""
    book = opened({"al": 0}, {"al": 50})
    assert code_of(book, withdraw("al", 51)) is Code.MORE_THAN_HELD
    submit(book, withdraw("al", 50))
    assert (book.units["al"].assets, book.assets["BTC"].net_deposits_grains) == ({}, 0)


def test_withdrawal_of_an_asset_when_somebody_is_below_zero_then_it_is_refused() -> None:
    """The gate of money holds for assets, too."""
    book = short_by_100({"di": 0})
    bring(book, "di", 5)
    assert code_of(book, withdraw("di", 5)) is Code.NEGATIVE_EQUITY


def test_withdrawal_when_a_price_is_guarded_then_neither_the_asset_nor_money_leaves() -> None:
    """A price of 200 lies out of the band of 50 %; a confirmed one lets everything go again."""
    book = opened({"al": 100, "cy": 100}, {"al": 50})
    price(book, 200, rules=HALF_BAND)
    assert (book.assets["BTC"].guard, book.assets["BTC"].price_quanta) == ("out_of_band", 100)
    money = m.Withdraw(time_ns=5, unit_id="al", amount_quanta=1)
    assert code_of(book, withdraw("al", 1), HALF_BAND) is Code.MARK_GUARDED
    assert code_of(book, money, HALF_BAND) is Code.MARK_GUARDED
    submit(book, replace(money, unit_id="cy"), HALF_BAND)
    price(book, 200, rules=HALF_BAND, confirmed=True)
    submit(book, withdraw("al", 1), HALF_BAND)


def test_position_when_the_price_of_collateral_is_stale_then_it_keeps_its_health_but_opens_nothing() -> None:
    """At the last price the collateral counts for maintenance, but a guarded one counts 0 for what opens risk."""
    book = opened({"al": 0, "cy": 1_000}, {"al": 50})
    trade(book, "al", "cy", 10)
    parties: dict[str, Any] = {"buyer_unit_id": "al", "seller_unit_id": "cy", "market_id": "M", "price_ticks": 100}
    late = m.Trade(time_ns=11, lots=1, **parties)
    submit(book, m.SetMarks(time_ns=11, marks=(m.MarkUpdate("M", 100),)), AGED)
    assert not is_unhealthy(book, book.units["al"])
    assert code_of(book, late, AGED) is Code.BELOW_INITIAL_MARGIN
    assert isinstance(decide(book, late, Rules()), tuple)


def test_isolated_unit_when_it_is_named_then_it_holds_no_assets() -> None:
    """It holds the settlement currency only, on either side of a conversion, too."""
    book = opened({"al": 100, "cy": 100}, {"al": 50})
    submit(book, m.OpenIsolated(time_ns=0, account_id="cy", market_id="M"))
    deposit = m.DepositAsset(time_ns=0, unit_id="cy/M", asset_id="BTC", amount_grains=1)
    assert code_of(book, deposit) is Code.ISOLATED_UNIT
    assert code_of(book, withdraw("cy/M", 1)) is Code.ISOLATED_UNIT
    assert code_of(book, convert("al", "cy/M", 1, 100)) is Code.ISOLATED_UNIT


def test_deposit_of_an_asset_when_nobody_has_priced_it_then_it_is_refused() -> None:
    """An asset that is worth nobody knows what is no collateral."""
    book = opened({"al": 0}, {})
    submit(book, m.ListAsset(time_ns=0, terms=replace(BTC, asset_id="new")))
    deposit = m.DepositAsset(time_ns=0, unit_id="al", asset_id="new", amount_grains=1)
    assert code_of(book, deposit) is Code.NO_MARK
    assert code_of(book, replace(deposit, asset_id="none")) is Code.UNKNOWN_ASSET
    assert code_of(book, replace(deposit, amount_grains=0)) is Code.BAD_AMOUNT


@pytest.mark.parametrize(
    "wrong",
    [
        {"price_grains": 0},
        {"max_price_quanta": 10**41},
        {"cap_grains": -1},
        {"fund_cap_grains": 10**41},
        {"haircut_ppb": PPB + 1},
        {"haircut_ppb": -1},
        {"discount_ppb": 200_000_001},
        {"discount_ppb": -1},
        {"haircut_ppb": PPB, "discount_ppb": PPB},
    ],
    ids=str,
)
def test_listing_when_the_terms_of_an_asset_may_not_be_then_they_are_refused(wrong: dict[str, Any]) -> None:
    """Among them a discount above the haircut: a conversion would cost margin."""
    book = opened({}, {})
    listing = m.ListAsset(time_ns=0, terms=replace(BTC, asset_id="new", **wrong))
    assert code_of(book, listing) is Code.BAD_TERMS
    assert code_of(book, m.ListAsset(time_ns=0, terms=BTC)) is Code.DUPLICATE_ID


def test_prices_when_one_of_a_set_is_wrong_then_none_is_set() -> None:
    """Twice the same asset, an unknown one, a price beyond the bound."""
    book = opened({}, {})
    for code, updates in (
        (Code.DUPLICATE_ID, (("BTC", 5), ("BTC", 5))),
        (Code.UNKNOWN_ASSET, (("BTC", 5), ("none", 5))),
        (Code.BAD_PRICE, (("BTC", 10**9 + 1),)),
        (Code.BAD_PRICE, (("BTC", 0),)),
    ):
        prices = tuple(m.AssetPriceUpdate(*update) for update in updates)
        assert code_of(book, m.SetAssetPrices(time_ns=0, prices=prices)) is code
    assert book.assets["BTC"].price_quanta == 100


# -- by agreement ----------------------------------------------------------------------------------------------------


def test_conversion_when_two_agree_then_grains_go_one_way_and_quanta_the_other() -> None:
    """3 grains at 95 for 10 are 28.5: the taker pays 29."""
    book = opened({"al": 0, "cy": 100}, {"al": 50})
    (fact,) = submit(book, convert("al", "cy", 3, 95))
    assert isinstance(fact, m.Converted)
    assert fact.payments == (m.Payment("al", 29), m.Payment("cy", -29))
    al, cy = book.units["al"], book.units["cy"]
    assert (al.quote, al.assets, cy.quote, cy.assets) == (29, {"BTC": 47}, 71, {"BTC": 3})
    assert book.assets["BTC"].net_deposits_grains == 50


def test_conversion_when_its_price_is_far_from_the_index_then_it_is_refused() -> None:
    """A band of 5 % around 100: 95 and 105 lie in it, 94 and 106 do not."""
    book = opened({"al": 0, "cy": 1_000}, {"al": 50})
    rules = Rules(conversion_band_ppb=50_000_000)
    for far in (94, 106):
        assert code_of(book, convert("al", "cy", 1, far), rules) is Code.OUT_OF_BAND
    for near in (95, 105):
        assert isinstance(decide(book, convert("al", "cy", 1, near), rules), tuple)


def test_conversion_when_a_side_could_not_carry_it_then_it_is_refused() -> None:
    """al may not give what backs its 40 lots for less than it counts; cy pays out of money, not out of what it buys."""
    book = opened({"al": 0, "cy": 405}, {"al": 50})
    trade(book, "al", "cy", 40)
    assert code_of(book, convert("al", "cy", 1, 70)) is Code.BELOW_INITIAL_MARGIN  # 7 + 49 x 8 = 399, less than 400
    submit(book, convert("al", "cy", 1, 80))  # 8 quanta for what counted 8
    assert code_of(book, convert("al", "cy", 1, 140)) is Code.BELOW_INITIAL_MARGIN  # cy: 397 + 8 - 14 + 8 = 399
    poor = opened({"al": 0, "cy": 7}, {"al": 50})
    assert code_of(poor, convert("al", "cy", 1, 80)) is Code.BELOW_ZERO
    assert code_of(poor, convert("al", "al", 1, 80)) is Code.SELF_TRADE
    assert code_of(poor, convert("al", "cy", 51, 80)) is Code.MORE_THAN_HELD


def test_conversion_when_the_seller_is_below_zero_then_only_a_price_that_costs_no_margin_is_allowed() -> None:
    """al is 100 short. At 79 its grain would bring 8 (7.9 rounded up) for the 8 it counted, at 60 only 6."""
    book = short_by_100({})
    assert code_of(book, convert("al", "cy", 1, 60)) is Code.BELOW_ZERO
    submit(book, convert("al", "cy", 1, 79))


def test_conversion_when_the_price_is_guarded_then_it_is_refused() -> None:
    """Nobody knows where the band lies."""
    book = opened({"al": 0, "cy": 100}, {"al": 50})
    price(book, 200, rules=HALF_BAND)
    assert code_of(book, convert("al", "cy", 1, 100), HALF_BAND) is Code.MARK_GUARDED


# -- by force --------------------------------------------------------------------------------------------------------


def test_step_when_a_backstop_has_money_then_only_what_is_needed_is_sold_and_nobody_is_bankrupt() -> None:
    """100 quanta are 100 / 9 = 11.1 -> 12 grains, for 108: 8 stay with al, who keeps its 10 lots and 38 grains."""
    book = short_by_100({"b": 500})
    sold, _ = step(book)
    assert isinstance(sold, CollateralSold)
    assert (sold.asset_id, sold.price_quanta, sold.discount_ppb) == ("BTC", 100, 100_000_000)
    assert sold.assets == (m.AssetFill("al", -12, "seller"), m.AssetFill("b", 12, "taker"))
    assert sold.payments == (m.Payment("al", 108), m.Payment("b", -108))
    assert sold.sellers == (m.CollateralSeller("al", -100, 0, 12, 108, 0),)
    al = book.units["al"]
    assert (equity(book, al), al.assets, al.legs["M"].lots, al.bankrupt) == (8, {"BTC": 38}, 10, False)


def test_step_when_takers_have_different_money_then_they_share_by_what_they_can_buy() -> None:
    """b1 can pay for 50 / 9 = 5 grains, b2 for 200 / 9 = 22: of 12 they take 2 (2.2) and 10 (9.8); 108 go 18 and 90."""
    book = short_by_100({"b1": 50, "b2": 200})
    (sold,) = sold_in(step(book))
    assert sold.assets[1:] == (m.AssetFill("b1", 2, "taker"), m.AssetFill("b2", 10, "taker"))
    assert sold.payments[1:] == (m.Payment("b1", -18), m.Payment("b2", -90))


def test_step_when_several_must_sell_then_they_share_the_takers_by_what_they_need() -> None:
    """al needs 12 grains sold, di 23 (200 / 9 = 22.2): of the 14 that 130 quanta pay for, 5 (4.8) and 9 (9.2).

    14 x 9 = 126 are paid, by grains: 45 and 81.
    """
    book = opened({"al": 0, "di": 0, "cy": 2_000, "b": 130}, {"al": 50, "di": 50})
    trade(book, "al", "cy", 10)
    trade(book, "di", "cy", 20)
    mark(book, 90)
    (sold,) = sold_in(step(book))
    told = [(seller.unit_id, seller.sold_grains, seller.money_quanta) for seller in sold.sellers]
    assert told == [("al", 5, 45), ("di", 9, 81)]


def test_step_when_several_assets_are_owned_then_the_smallest_haircut_is_sold_first() -> None:
    """USDT (haircut 1 %, no discount: 10 each) before BTC: 5 grains bring 50, the other 50 need 6 of BTC (54)."""
    usdt = AssetTerms("USDT", 10, 10_000_000, 0, 10**9, 10**9)
    book = opened({"al": 0, "cy": 1_000, "b": 500}, {"al": 50}, BTC, usdt)
    bring(book, "al", 5, "USDT")
    trade(book, "al", "cy", 10)
    mark(book, 90)
    sold = sold_in(step(book))
    assert [(one.asset_id, one.sellers[0].sold_grains, one.sellers[0].money_quanta) for one in sold] == [
        ("USDT", 5, 50),
        ("BTC", 6, 54),
    ]


def test_step_when_the_fund_may_hold_the_asset_then_its_pool_pays_after_the_backstops() -> None:
    """b pays 45 for 5 grains; of the 7 left to sell (55 / 9) the fund's unit may hold 4: 36 out of the pool."""
    book = short_by_100({"b": 46, "f": 0}, replace(BTC, fund_cap_grains=4))
    submit(book, m.DepositToFund(time_ns=1, amount_quanta=1_000))
    facts = step(book)
    first, second = sold_in(facts)
    assert first.assets[1:] == (m.AssetFill("b", 5, "taker"),)
    assert second.assets == (m.AssetFill("al", -4, "seller"), m.AssetFill("f", 4, "fund"))
    assert (second.payments, second.pots) == ((m.Payment("al", 36),), (m.PotChange("fund", -36),))
    # 100 - 45 - 36 = 19 are left: al is bankrupt, and the pool pays them as a debt.
    assert [fact.units for fact in facts if isinstance(fact, m.BankruptcyDeclared)] == [(m.UnitEquity("al", -19),)]
    assert (book.pots["fund"], book.units["f"].assets) == (1_000 - 36 - 19, {"BTC": 4})


def test_step_when_nobody_buys_then_the_unit_is_bankrupt_and_its_assets_are_pledged_for_what_others_paid() -> None:
    """The fund pays 30 of 100, cy gives up 70 for al's 10 lots: 100 are carried, and the 50 grains may not move."""
    book = short_by_100({"di": 100})
    submit(book, m.DepositToFund(time_ns=1, amount_quanta=30))
    assert sold_in(step(book)) == []
    al = book.units["al"]
    assert (al.bankrupt, al.legs, equity(book, al), al.assets, al.carried) == (False, {}, 0, {"BTC": 50}, 100)
    assert margin_value(book, al) == 0
    assert code_of(book, withdraw("al", 1)) is Code.ASSETS_PLEDGED
    assert code_of(book, convert("al", "di", 1, 100)) is Code.ASSETS_PLEDGED
    assert code_of(book, convert("di", "al", 1, 100)) is Code.ASSETS_PLEDGED
    deposit = m.DepositAsset(time_ns=5, unit_id="al", asset_id="BTC", amount_grains=1)
    assert code_of(book, deposit) is Code.ASSETS_PLEDGED


def test_pledge_when_a_taker_comes_later_then_the_proceeds_repay_the_pool_and_the_rest_is_free_again() -> None:
    """First 50 quanta buy 5 grains for 45, then 7 more (55 / 9) bring 63: 55 repay, 8 and 38 grains are al's."""
    book = short_by_100({"b": 0})
    step(book)
    submit(book, m.Deposit(time_ns=5, unit_id="b", amount_quanta=50))
    (sold,) = sold_in(step(book))
    assert sold.sellers == (m.CollateralSeller("al", 0, 100, 5, 45, 45),)
    assert (sold.payments, sold.pots) == ((m.Payment("b", -45),), (m.PotChange("fund", 45),))
    assert (book.units["al"].carried, book.pots["fund"]) == (55, 45)
    submit(book, m.Deposit(time_ns=5, unit_id="b", amount_quanta=500))
    (sold,) = sold_in(step(book))
    assert sold.sellers == (m.CollateralSeller("al", 0, 55, 7, 63, 55),)
    al = book.units["al"]
    assert (al.carried, al.quote, al.assets, book.pots["fund"]) == (0, 8, {"BTC": 38}, 100)
    submit(book, withdraw("al", 38))


def test_pledge_when_its_last_grain_is_sold_then_nothing_else_answers_for_what_others_carried() -> None:
    """At a price of 10 the 50 grains bring 45 of 100: 55 stay carried by those who carried them."""
    book = short_by_100({"b": 0})
    step(book)
    submit(book, m.Deposit(time_ns=5, unit_id="b", amount_quanta=500))
    price(book, 10)
    (sold,) = sold_in(step(book))
    assert sold.sellers == (m.CollateralSeller("al", 0, 100, 50, 45, 45),)
    assert (book.units["al"].carried, book.units["al"].assets, book.units["al"].quote) == (0, {}, 0)


def test_bankrupt_when_it_sells_later_then_the_shortfall_comes_first() -> None:
    """al is bankrupt since an earlier step, others carried 30 for it, and it is 200 short now.

    A taker with 1,000 buys for 230: 230 / 9 = 25.6 -> 26 grains, 234; 30 go to the pool, 4 stay with al.
    """
    book = short_by_100({"b": 0})
    al = book.units["al"]
    al.bankrupt, al.carried = True, 30
    mark(book, 80)
    submit(book, m.Deposit(time_ns=5, unit_id="b", amount_quanta=1_000))
    (sold, *_) = sold_in(step(book))
    assert sold.sellers == (m.CollateralSeller("al", -200, 30, 26, 234, 30),)
    assert (al.carried, book.pots["fund"]) == (0, 30)


def test_step_when_the_price_is_guarded_and_would_cover_then_the_unit_waits() -> None:
    """50 grains would bring 450 for a shortfall of 100: al is not bankrupt, and is not closed; a good price sells."""
    book = short_by_100({"b": 500})
    price(book, 200, rules=HALF_BAND)
    (ended,) = step(book, HALF_BAND)
    assert isinstance(ended, m.StepEnded)
    assert (book.units["al"].bankrupt, book.units["al"].legs["M"].lots) == (False, 10)
    price(book, 100, rules=HALF_BAND, confirmed=True)
    assert [one.sellers[0].sold_grains for one in sold_in(step(book, HALF_BAND))] == [12]


def test_step_when_the_price_is_guarded_and_would_not_cover_then_it_protects_from_nothing() -> None:
    """At the last price of 20 the 50 grains would bring 90 of 100: al is bankrupt, the grains are pledged."""
    book = short_by_100({"b": 500})
    price(book, 20)
    price(book, 200, rules=HALF_BAND)
    facts = step(book, HALF_BAND)
    assert sold_in(facts) == []
    assert any(isinstance(fact, m.BankruptcyDeclared) for fact in facts)
    assert (book.units["al"].carried, book.units["al"].assets) == (100, {"BTC": 50})


def test_residual_when_somebody_waits_for_a_price_then_it_is_not_named_yet() -> None:
    """ed lost 800 of its 110 on 10 lots; cy is closed at the mark and flat, only di's gain of 80 can be cut: 610 stay.

    al is 80 short and waits for the price of its 500 grains: as long as it does, the 610 are not named. With a price it
    goes bankrupt for want of takers, which closes di's lot; then they are: 610, and al's 80.
    """
    rules = Rules(price=Mark(), mark_band_ppb=500_000_000)
    book = opened({"al": 0, "cy": 1_000, "di": 100, "ed": 110}, {"al": 500})
    trade(book, "ed", "cy", 10)
    trade(book, "al", "di", 1)
    mark(book, 20)
    price(book, 200, rules=rules)
    (*_, named, _) = step(book, rules)
    assert isinstance(named, m.ResidualNamed)
    assert named.residuals == (m.Residual("ed", (), 610, 0, "guard"),)
    assert (book.halted, book.waiting, book.residual_quanta) == (False, True, 0)
    price(book, 100, rules=rules)
    step(book, rules)
    assert (book.halted, book.residual_quanta, book.units["al"].carried) == (True, 690, 80)


def test_backstop_when_it_pays_for_collateral_then_what_it_bought_lends_it_nothing() -> None:
    """A grain costs 10 and counts 10. b has 120 - 50, and 5 lots that need 45: 25 are free, that is 2 grains for 20.

    What it has bought counts 20, so its margin balance is where it was; it buys no third grain out of that.
    """
    par = AssetTerms("BTC", 10, 0, 0, 10**9, 10**9)
    book = opened({"al": 0, "cy": 1_000, "b": 120}, {"al": 50}, par)
    trade(book, "al", "cy", 10)
    trade(book, "b", "cy", 5)
    mark(book, 90)
    (sold,) = sold_in(step(book))
    assert sold.payments == (m.Payment("al", 20), m.Payment("b", -20))
    assert sold.assets[1:] == (m.AssetFill("b", 2, "taker"),)


def test_maker_when_collateral_would_carry_a_fill_that_leaves_it_below_zero_then_its_order_is_cancelled() -> None:
    """ed must sell 10 lots; ma bids 95 at a mark of 91 without money: a fill would leave it at -40."""
    book = opened({"ed": 135, "cy": 1_000, "ma": 0}, {"ma": 1_000})
    trade(book, "ed", "cy", 10)
    mark(book, 91)
    order: dict[str, Any] = {"order_id": "o", "unit_id": "ma", "market_id": "M", "price_ticks": 95}
    submit(book, m.PlaceOrder(time_ns=1, lots=10, **order))
    facts = step(book)
    (reduced,) = [fact for fact in facts if isinstance(fact, m.Reduced)]
    assert (reduced.fills, reduced.orders) == ((), (m.OrderChange("o", 0),))


def test_reducing_trade_when_a_unit_is_below_zero_but_backed_then_it_may_close_at_the_mark_and_not_worse() -> None:
    """al is 100 short and its collateral counts 400: it may close at 90, not at 89."""
    book = short_by_100({})
    parties: dict[str, Any] = {"market_id": "M", "buyer_unit_id": "cy", "seller_unit_id": "al", "lots": 10}
    assert code_of(book, m.Trade(time_ns=1, price_ticks=89, **parties)) is Code.BELOW_ZERO
    submit(book, m.Trade(time_ns=1, price_ticks=90, **parties))


def test_halt_when_a_residual_is_outstanding_then_assets_leave_whole() -> None:
    """K is a hole in the settlement currency: an asset is conserved for itself, and is not scaled."""
    book = opened({"al": 0, "cy": 10}, {"al": 50})
    book.residual_quanta, book.halted, book.pots["spread"] = 5, True, 5
    (fact,) = submit(book, withdraw("al", 50))
    assert isinstance(fact, m.AssetOut)
    assert fact.amount_grains == 50
    assert code_of(book, convert("cy", "al", 1, 100)) is Code.DOMAIN_HALTED


def test_rules_when_the_band_is_negative_then_they_are_refused() -> None:
    """A band is 0 or more."""
    with pytest.raises(ConfigError, match="conversion_band_ppb is -1"):
        Rules(conversion_band_ppb=-1)


def test_book_when_it_is_copied_then_assets_are_copied_too() -> None:
    """A step's scratch must not write on the real book."""
    book: Book = opened({"al": 0}, {"al": 50})
    copy = book.copy()
    copy.assets["BTC"].price_quanta, copy.units["al"].assets["BTC"], copy.units["al"].carried = 1, 1, 1
    assert (book.assets["BTC"].price_quanta, book.units["al"].assets, book.units["al"].carried) == (100, {"BTC": 50}, 0)
    assert copy.digest() != book.digest()
