"""Stage 6 by loss rule: who bears it, with numbers worked out by hand.

Most stories start from ``crashed``: al (10 lots long, 200 deposited) is 100 quanta short at a mark of 70. Stage 5
closes its lots against bo at the mark (`price = mark`), so that all 100 come to stage 6. Then bo is short 2 lots
(equity 860, gain 360 when the step began), cy short 4 (3,120, gain 120) and di long 6 (820, loss 180).
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from deleverage.domain.domain import Domain
from deleverage.rulebook import messages as m
from deleverage.rulebook.apportion import Share
from deleverage.rulebook.book import Book
from deleverage.rulebook.losses import LOSS_RULES
from deleverage.rulebook.losses.equity import ExchangeRate, FlatToo, Payout
from deleverage.rulebook.losses.gains import VariationMarginGains, WinnersProRata
from deleverage.rulebook.losses.index import FundingIndex
from deleverage.rulebook.losses.nobody import Nobody
from deleverage.rulebook.losses.period import Clawback
from deleverage.rulebook.losses.rule import Bearer, InOrder, Loss, LossFault, LossRule, ask
from deleverage.rulebook.margin import equity
from deleverage.rulebook.periods import period_profit
from deleverage.rulebook.plug import PlugFault, spec_of
from deleverage.rulebook.price import Mark
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.selection import ProRata
from tests.properties.stories import crashed, mark, open_book, step, submit, trade


def at_mark(rule: LossRule, **switches: Any) -> Rules:
    """Return rules under which stage 5 takes no money and this rule spreads the loss."""
    return Rules(price=Mark(), loss_rule=rule, **switches)


def taken(facts: tuple[m.Fact, ...]) -> list[tuple[str, dict[str, int]]]:
    """Return the rule and what it took of whom, for every haircut of a step."""
    return [
        (fact.rule, {haircut.unit_id: haircut.taken_quanta for haircut in fact.haircuts})
        for fact in facts
        if isinstance(fact, m.Socialised)
    ]


def priced(book: Book, buyer: str, seller: str, lots: int, price_ticks: int, market_id: str = "BTC") -> None:
    """Trade at a price."""
    parties: dict[str, Any] = {"buyer_unit_id": buyer, "seller_unit_id": seller, "market_id": market_id}
    submit(book, m.Trade(time_ns=book.time_ns, lots=lots, price_ticks=price_ticks, **parties))


def short_of_690() -> Book:
    """Return a book at a mark of 20: al (10 long, 110) is 690 short; cy, closed at the mark, is flat after it.

    bo is short 2 (equity 1,160, gain 160), di long 2 (840, loss 160), cy has 1,800.
    """
    book = open_book({"al": 110, "bo": 1_000, "cy": 1_000, "di": 1_000})
    trade(book, "al", "cy", 10)
    trade(book, "di", "bo", 2)
    mark(book, 20)
    return book


# -- each rule ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        # gains 360 and 120 of 480
        (WinnersProRata(), {"bo": 75, "cy": 25}),
        # 2, 4 and 6 of 12 lots: 16.67, 33.33, 50
        (FundingIndex(), {"bo": 17, "cy": 33, "di": 50}),
        # the shorts, opposite to the bankrupt long: 2 and 4 of 6 lots, 33.33 and 66.67
        (FundingIndex("opposite"), {"bo": 33, "cy": 67}),
        (FundingIndex("own"), {"di": 100}),
        # equities 860, 3,120, 820 of 4,800: 17.92, 65, 17.08
        (Payout(), {"bo": 18, "cy": 65, "di": 17}),
        # above 820: 40, 2,300 and 0 of 2,340: 1.71 and 98.29
        (Payout(820), {"bo": 2, "cy": 98}),
        # 2 % of 860, 3,120, 820 and ed's 200: 17.2, 62.4, 16.4, 4; the missing quantum to the largest fraction, cy
        (ExchangeRate(), {"bo": 17, "cy": 63, "di": 16, "ed": 4}),
        (FlatToo(), {"ed": 100}),
    ],
    ids=lambda value: value.kind if isinstance(value, LossRule) else "",
)
def test_loss_rule_when_100_are_left_then_it_takes_them_from_those_it_names(
    rule: LossRule, expected: dict[str, int]
) -> None:
    """Sums are exact, left-overs go to the largest fractions, and nobody else is touched."""
    book = crashed()
    submit(book, m.OpenAccount(time_ns=1, account_id="ed"))
    book.units["ed"].quote = book.units["ed"].deposits = 200
    book.net_deposits_quanta += 200
    before = {"bo": 860, "cy": 3_120, "di": 820, "ed": 200}
    facts = step(book, at_mark(rule))
    assert [parts for _, parts in taken(facts)] == [expected]
    assert {key: equity(book, book.units[key]) for key in before} == {
        key: own - expected.get(key, 0) for key, own in before.items()
    }
    assert (equity(book, book.units["al"]), book.halted) == (0, False)


def test_haircut_when_a_flat_unit_pays_then_nothing_is_booked_and_with_legs_it_is() -> None:
    """Of the exchange rate's 100, di's 16 are on its leg, and ed has no leg to book 4 on."""
    book = crashed()
    submit(book, m.Trade(time_ns=1, market_id="BTC", buyer_unit_id="bo", seller_unit_id="di", lots=2, price_ticks=70))
    # bo is short 10 now and closed out wholly by stage 5: flat. di is long 4, cy short 4.
    facts = step(book, at_mark(ExchangeRate()))
    (fact,) = [fact for fact in facts if isinstance(fact, m.Socialised)]
    # equities 860, 3,120, 820 of 4,800: 17.92, 65, 17.08
    assert {cut.unit_id: (cut.taken_quanta, cut.legs) for cut in fact.haircuts} == {
        "bo": (18, ()),
        "cy": (65, (("BTC", 65),)),
        "di": (17, (("BTC", 17),)),
    }
    assert (book.units["cy"].legs["BTC"].haircut, book.units["bo"].transfers) == (65, -18)


def test_funding_index_when_open_interest_is_zero_then_nobody_bears_it_and_the_next_rule_is_asked() -> None:
    """al and bo hold the whole market: closed at the mark, no lots are left. Alone, the rule leaves K = 100."""

    def story() -> Book:
        book = open_book({"al": 200, "bo": 1_000})
        trade(book, "al", "bo", 10)
        mark(book, 70)
        return book

    alone = story()
    facts = step(alone, at_mark(FundingIndex()))
    assert taken(facts) == []
    assert (alone.residual_quanta, alone.halted) == (100, True)
    named = next(fact for fact in facts if isinstance(fact, m.ResidualNamed))
    assert named.residuals == (m.Residual("al", (), 100, 100, "capacity"),)
    helped = story()
    assert taken(step(helped, at_mark(FundingIndex() | FlatToo()))) == [("flat-too(floor_quanta=0)", {"bo": 100})]
    assert (helped.residual_quanta, helped.halted) == (0, False)


def test_funding_index_when_two_markets_lose_then_each_is_charged_for_its_own() -> None:
    """al loses 100 in BTC, be 300 in ETH; whoever holds only ETH pays nothing for BTC.

    After stage 5, BTC holds bo 2 short and di 2 long: 50 each. ETH holds cy 4 short and ed 4 long: 150 each.
    """
    book = open_book({"al": 200, "be": 200, "bo": 500, "cy": 600, "di": 9_000, "ed": 9_000}, market_ids=("BTC", "ETH"))
    trade(book, "al", "bo", 10)
    trade(book, "di", "bo", 2)
    trade(book, "be", "cy", 10, "ETH")
    trade(book, "ed", "cy", 4, "ETH")
    submit(book, m.SetMarks(time_ns=1, marks=(m.MarkUpdate("BTC", 70), m.MarkUpdate("ETH", 50))))
    facts = step(book, at_mark(FundingIndex()))
    told = [(fact.market_id, fact.side, fact.debt_quanta) for fact in facts if isinstance(fact, m.Socialised)]
    assert told == [("BTC", "long", 100), ("ETH", "long", 300)]
    assert [parts for _, parts in taken(facts)] == [{"bo": 50, "di": 50}, {"cy": 150, "ed": 150}]


def test_funding_index_when_a_holder_has_less_than_its_part_then_its_equity_caps_it() -> None:
    """bo has 20 left of the 50 it would pay: di pays 80, and nobody is made insolvent."""
    book = open_book({"al": 200, "bo": 500, "di": 9_000})
    trade(book, "al", "bo", 10)
    trade(book, "di", "bo", 2)
    mark(book, 70)
    submit(book, m.OpenAccount(time_ns=1, account_id="ed"))
    book.units["bo"].quote -= 840  # a stranger's hand: bo's 860 become 20, ed has the rest
    book.units["bo"].deposits -= 840
    book.units["ed"].quote = book.units["ed"].deposits = 840
    facts = step(book, at_mark(FundingIndex()))
    assert taken(facts)[0][1] == {"bo": 20, "di": 80}
    assert equity(book, book.units["bo"]) == 0


def test_clawback_when_a_period_was_closed_then_only_later_profit_pays_realised_or_open() -> None:
    """al (10 long at 100) against bo 6 and ed 4. At 90 ed sells its shorts to gi: realised 40. At 70 al is 100 short.

    Since the beginning bo has made 180, gi 80 and ed 40, of 300: 60, 26.67, 13.33. With the period closed at 90:
    bo 120, gi 80, ed nothing, of 200: 60 and 40. Stage 5 has closed them all at the mark: flat, they pay openly.
    """

    def story(close_at_90: bool) -> Book:
        book = open_book({"al": 200, "bo": 500, "ed": 500, "gi": 500})
        trade(book, "al", "bo", 6)
        trade(book, "al", "ed", 4)
        mark(book, 90)
        priced(book, "ed", "gi", 4, 90)
        if close_at_90:
            submit(book, m.ClosePeriod(time_ns=1))
        mark(book, 70)
        return book

    whole = story(close_at_90=False)
    assert {key: period_profit(whole, unit) for key, unit in whole.units.items()} == {
        "al": -300,
        "bo": 180,
        "ed": 40,
        "gi": 80,
    }
    assert taken(step(whole, at_mark(Clawback()))) == [("clawback", {"bo": 60, "ed": 13, "gi": 27})]
    assert taken(step(story(close_at_90=True), at_mark(Clawback()))) == [("clawback", {"bo": 60, "gi": 40})]
    # What was taken has lowered the profit: bo 120, gi 53, ed 27.
    assert [period_profit(whole, whole.units[key]) for key in ("bo", "gi", "ed")] == [120, 53, 27]


def test_clawback_when_a_winner_has_withdrawn_then_its_cap_binds_and_the_others_pay() -> None:
    """ed takes its 500 and its 40 of profit out at 90: the 100 fall on 180 and 80, 69.23 and 30.77."""
    book = open_book({"al": 200, "bo": 500, "ed": 500, "gi": 500})
    trade(book, "al", "bo", 6)
    trade(book, "al", "ed", 4)
    mark(book, 90)
    priced(book, "ed", "gi", 4, 90)
    submit(book, m.Withdraw(time_ns=1, unit_id="ed", amount_quanta=540))
    assert period_profit(book, book.units["ed"]) == 40
    mark(book, 70)
    assert taken(step(book, at_mark(Clawback())))[0][1] == {"bo": 69, "gi": 31}


def test_period_when_margin_moves_then_the_profit_goes_along_and_the_sum_stays() -> None:
    """An isolated short makes 30 on 10 of margin; 25 moved by hand take 25 of it along, the release brings the rest."""
    book = open_book({"al": 1_000, "bo": 1_000})
    submit(book, m.OpenIsolated(time_ns=0, account_id="bo", market_id="BTC"))
    submit(book, m.MoveMargin(time_ns=0, from_unit_id="bo", to_unit_id="bo/BTC", amount_quanta=10))
    trade(book, "al", "bo/BTC", 1)
    mark(book, 70)
    (fact,) = submit(book, m.MoveMargin(time_ns=1, from_unit_id="bo/BTC", to_unit_id="bo", amount_quanta=25))
    assert isinstance(fact, m.MarginMoved)
    assert fact.profit_quanta == 25
    assert [period_profit(book, book.units[key]) for key in ("bo", "bo/BTC")] == [25, 5]
    *_, released = submit(
        book, m.Trade(time_ns=1, market_id="BTC", buyer_unit_id="bo/BTC", seller_unit_id="al", lots=1, price_ticks=70)
    )
    assert isinstance(released, m.MarginMoved)
    assert (released.amount_quanta, released.profit_quanta) == (15, 5)
    assert [period_profit(book, book.units[key]) for key in ("al", "bo", "bo/BTC")] == [-30, 30, 0]


def test_period_when_a_loss_is_released_then_it_joins_the_account() -> None:
    """An isolated long loses 30 of 100 and is closed: the cross unit has 70 more money and a loss of 30."""
    book = open_book({"al": 1_000, "bo": 1_000})
    submit(book, m.OpenIsolated(time_ns=0, account_id="bo", market_id="BTC"))
    submit(book, m.MoveMargin(time_ns=0, from_unit_id="bo", to_unit_id="bo/BTC", amount_quanta=100))
    trade(book, "bo/BTC", "al", 1)
    mark(book, 70)
    priced(book, "al", "bo/BTC", 1, 70)
    assert [period_profit(book, book.units[key]) for key in ("al", "bo", "bo/BTC")] == [30, -30, 0]


def test_vmgh_when_a_leg_was_opened_at_the_new_mark_then_it_is_not_cut() -> None:
    """Marks 100, 90, 70. Since 90, bo (12 short) gained 240 and cy (4 short) 80; hi sells 3 at 70 and has no gain.

    lo sold 2 at 80, before the mark of 90: since then it moved 40, but it has gained only 20, and that is cut.
    Bases 240, 80, 20 of 340: 70.59, 23.53, 5.88.
    """
    book = open_book({"al": 200, "bo": 500, "cy": 3_000, "di": 2_000, "hi": 1_000, "lo": 1_000})
    trade(book, "al", "bo", 10)
    trade(book, "di", "bo", 2)
    trade(book, "di", "cy", 4)
    priced(book, "di", "lo", 2, 80)
    mark(book, 90)
    mark(book, 70)
    priced(book, "di", "hi", 3, 70)
    facts = step(book, at_mark(VariationMarginGains()))
    assert taken(facts) == [("vmgh", {"bo": 71, "cy": 23, "lo": 6})]


def test_partial_tear_up_when_the_preset_is_pro_rata_at_the_mark_then_lots_close_and_no_money_moves() -> None:
    """The shorts hold 12 and 4; 10 lots are torn up pro rata: 7.5 and 2.5, the last lot to the lesser id.

    That is a partial tear-up; the 100 quanta that it leaves are cut from the gains that stay: 360 and 120.
    """
    book = crashed()
    facts = step(book, at_mark(WinnersProRata(), policy=ProRata()))
    (fact,) = [fact for fact in facts if isinstance(fact, m.Deleveraged)]
    assert [(c.unit_id, c.closed_lots, c.money_quanta) for c in fact.closings] == [("bo", 8, 0), ("cy", 2, 0)]
    assert fact.freed == (m.Freed("al", "BTC", "long", 100),)
    assert taken(facts)[0][1] == {"bo": 75, "cy": 25}


# -- one after the other ------------------------------------------------------------------------------------------


def test_in_order_when_gains_do_not_suffice_then_payouts_and_then_flat_accounts_pay_the_rest() -> None:
    """690: bo's gain of 160; above 800 bo has 200 and di 40 left; the last 290 are cy's, who is flat. Nothing halts."""
    book = short_of_690()
    facts = step(book, at_mark(WinnersProRata() | Payout(800) | FlatToo()))
    assert [parts for _, parts in taken(facts)] == [{"bo": 160}, {"bo": 200, "di": 40}, {"cy": 290}]
    left = [(fact.debt_quanta, fact.base_quanta) for fact in facts if isinstance(fact, m.Socialised)]
    assert left == [(690, 160), (530, 240), (290, 1_800)]
    assert (book.halted, book.residual_quanta) == (False, 0)
    assert {key: equity(book, unit) for key, unit in book.units.items()} == {"al": 0, "bo": 800, "cy": 1_510, "di": 800}


def test_in_order_when_nothing_is_left_to_take_then_the_rest_is_the_residual() -> None:
    """160 of gains and 240 above the floor: 290 of 690 are named."""
    book = short_of_690()
    step(book, at_mark(WinnersProRata() | Payout(800)))
    assert (book.halted, book.residual_quanta) == (True, 290)


def test_loss_rules_when_they_are_written_as_a_spec_then_they_rebuild_and_the_hash_tells_them_apart() -> None:
    """``a | b | c`` is one flat list; name and parameters rebuild it; another order is another law."""
    rule = WinnersProRata("leg") | (FundingIndex("own") | Payout(5))
    assert rule == InOrder((WinnersProRata("leg"), FundingIndex("own"), Payout(5)))
    assert LOSS_RULES.build(spec_of(rule)) == rule
    rules = Rules(loss_rule=rule)
    assert Rules.build(rules.spec()) == rules
    turned = Rules(loss_rule=Payout(5) | WinnersProRata("leg") | FundingIndex("own"))
    assert len({rules.hash(), turned.hash(), Rules().hash(), Rules(haircut_claims=True).hash()}) == 4


@pytest.mark.parametrize(
    "spec",
    [
        "winners",
        {"name": "winners-pro-rata", "base": "account"},
        {"name": "funding-index", "side": "left"},
        {"name": "payout", "floor_quanta": -1},
        {"name": "flat-too", "floor_quanta": True},
        {"name": "in-order", "of": []},
        {"name": "in-order"},
    ],
    ids=str,
)
def test_loss_rule_when_its_spec_is_wrong_then_it_is_refused(spec: Any) -> None:
    """Unknown names and parameters make no rule."""
    with pytest.raises(PlugFault):
        LOSS_RULES.build(spec)


@pytest.mark.parametrize("name", LOSS_RULES.kinds)
def test_loss_rule_when_it_is_in_the_catalogue_then_its_docstring_says_what_it_does_and_where_it_errs(
    name: str,
) -> None:
    """Rule, formula, who uses it, what it assumes, what it gets wrong; a combination errs like its parts."""
    text = LOSS_RULES.kinds[name].__doc__ or ""
    wanted = ("Formula:", "Who uses it:", "Assumes:", *(("Gets wrong:",) if name != "in-order" else ()))
    assert all(part in text for part in wanted)


# -- hostile rules ------------------------------------------------------------------------------------------------

AL = Bearer("al", "trader", False, 50, 50, 10, 10, 10, 10, 0, 1, 0)
FLAT = Bearer("fl", "trader", True, 50, 50, 0, 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Hostile(LossRule):
    """A rule that answers whatever it was made with."""

    answer: Any
    kind: ClassVar[str] = "hostile"

    def shares(self, loss: Loss) -> list[Share]:
        """Return the answer."""
        if self.answer is None:
            raise KeyError("no answer")
        return self.answer


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [Share("zz", 1, 1)],
        [Share("al", 1, 1), Share("al", 1, 1)],
        [Share("al", -1, 1)],
        [Share("al", 1.5, 1)],  # type: ignore[arg-type]
        [Share("al", True, 1)],
        [Share("al", 1, 51)],
        [Share("al", 1, -1)],
        [Share("al", 1, None)],
        [Share("fl", 1, 1)],
        [3],
    ],
    ids=str,
)
def test_ask_when_a_rule_answers_unlawfully_then_it_is_a_fault(answer: Any) -> None:
    """Strangers, doubles, more than the equity, no cap, a flat unit by a rule that does not say so: all refused."""
    with pytest.raises(LossFault):
        ask(Hostile(answer), Loss(100, "", "", (AL, FLAT)))


def test_domain_when_the_loss_rule_is_unlawful_then_nothing_is_changed_and_it_goes_on() -> None:
    """The fault is told to whoever embeds the domain; the book is what it was."""
    domain = Domain(crashed(), at_mark(Hostile([Share("zz", 1, 1)])))
    before = domain.digest()
    with pytest.raises(LossFault):
        domain.submit([m.RunStep(time_ns=2)])
    assert domain.digest() == before
    assert domain.submit([m.CancelOrder(time_ns=2, order_id="o")])


# -- guards -------------------------------------------------------------------------------------------------------


def guarded_story() -> tuple[Book, m.SetMarks]:
    """Return a book in which only ``fa``, wholly behind ETH's guarded mark and without any gain there, has money."""
    book = open_book({"al": 200, "bo": 500, "fa": 1_000, "fb": 100}, market_ids=("BTC", "ETH"))
    trade(book, "al", "bo", 10)
    trade(book, "fa", "fb", 1, "ETH")
    marks = (m.MarkUpdate("BTC", 70), m.MarkUpdate("ETH", 100, 0))
    return book, m.SetMarks(time_ns=1, marks=marks)


def test_guard_when_it_hides_the_only_money_then_the_shortfall_waits_and_is_carried_later() -> None:
    """Payout may not scale an equity that hangs on a guarded mark: nothing is named, the next step scales it.

    bo is flat after stage 5. fa has 1,000 and fb 100: of 100 they pay 90.9 and 9.1.
    """
    book, marks = guarded_story()
    submit(book, marks)
    rules = at_mark(Payout())
    facts = step(book, rules)
    named = next(fact for fact in facts if isinstance(fact, m.ResidualNamed))
    assert named.residuals == (m.Residual("al", (), 100, 0, "guard"),)
    assert (book.halted, book.waiting) == (False, True)
    submit(book, m.SetMarks(time_ns=3, marks=(m.MarkUpdate("ETH", 100),)))
    assert taken(submit(book, m.RunStep(time_ns=3), rules)) == [("payout(floor_quanta=0)", {"fa": 91, "fb": 9})]


def test_guard_when_the_rule_cuts_gains_and_there_are_none_behind_it_then_nothing_waits() -> None:
    """Winners pro rata finds no gain at ETH's mark, accepted or not: the residual is named at once."""
    book, marks = guarded_story()
    submit(book, marks)
    step(book, at_mark(WinnersProRata()))
    assert (book.residual_quanta, book.halted) == (100, True)


def test_guard_when_a_gain_lies_behind_it_then_an_equity_rule_does_not_count_it() -> None:
    """fa's ETH gain of 30 hangs on a guarded mark: of its equity of 1,030 only 1,000 count, as does cy's 3,120.

    bo (860) and di (820) too: 100 over 5,800 are 14.83, 53.79, 14.14 and 17.24.
    """
    book = open_book(
        {"al": 200, "bo": 500, "cy": 3_000, "di": 1_000, "fa": 1_000, "fb": 1_000}, market_ids=("BTC", "ETH")
    )
    trade(book, "al", "bo", 10)
    trade(book, "di", "bo", 2)
    trade(book, "di", "cy", 4)
    trade(book, "fa", "fb", 1, "ETH")
    submit(book, m.SetMarks(time_ns=1, marks=(m.MarkUpdate("ETH", 130), m.MarkUpdate("BTC", 70))))
    priced(book, "fa", "di", 1, 70)
    submit(book, m.SetMarks(time_ns=1, marks=(m.MarkUpdate("ETH", 90, 0),)))
    facts = step(book, at_mark(ExchangeRate()))
    # di is long 5 after the trade and still has 820; fb, wholly behind the guard, pays nothing.
    assert taken(facts)[0][1] == {"bo": 15, "cy": 54, "di": 14, "fa": 17}


def test_nobody_when_a_loss_is_left_then_no_gain_is_cut_and_it_is_a_named_residual() -> None:
    """bo gains 360 and cy 120, and neither pays: 100 are the residual; a rule behind it would still be asked."""
    book = crashed()
    facts = step(book, at_mark(Nobody()))
    assert (taken(facts), book.residual_quanta, book.halted) == ([], 100, True)
    asked_after = crashed()
    assert taken(step(asked_after, at_mark(Nobody() | WinnersProRata()))) == [
        ("winners-pro-rata(base=unit)", {"bo": 75, "cy": 25})
    ]
    assert (asked_after.residual_quanta, asked_after.halted) == (0, False)


# -- claims -------------------------------------------------------------------------------------------------------


def test_claims_when_haircuts_are_owed_back_then_a_later_repayment_pays_them_straight_out() -> None:
    """bo was cut 75 and cy 25; 50 come later: 37.5 and 12.5, the odd quantum to the lesser id. Nothing else moves."""
    book = crashed()
    step(book, at_mark(WinnersProRata(), haircut_claims=True))
    assert book.claims == {"bo": 75, "cy": 25}
    before = (book.net_deposits_quanta, [unit.quote for unit in book.sorted_units()])
    (fact,) = submit(book, m.RepayResidual(time_ns=3, amount_quanta=50))
    assert isinstance(fact, m.MoneyIn)
    assert fact.claims_repaid == (m.Payment("bo", 38), m.Payment("cy", 12))
    assert book.claims == {"bo": 37, "cy": 13}
    assert (book.net_deposits_quanta, [unit.quote for unit in book.sorted_units()]) == before


def test_claims_when_the_switch_is_off_then_a_haircut_is_final() -> None:
    """The common law owes nothing back."""
    book = crashed()
    step(book, at_mark(WinnersProRata()))
    assert book.claims == {}


def test_claims_when_a_residual_stands_beside_them_then_a_repayment_is_shared_by_what_is_owed() -> None:
    """bo was cut 160, 530 are named: of 69, K gets 53 and bo 16. A claim of either origin has the same rank."""
    book = short_of_690()
    step(book, at_mark(WinnersProRata(), haircut_claims=True))
    assert (book.residual_quanta, book.claims) == (530, {"bo": 160})
    submit(book, m.RepayResidual(time_ns=3, amount_quanta=69))
    assert (book.residual_quanta, book.claims) == (477, {"bo": 144})


# -- periods ------------------------------------------------------------------------------------------------------


def test_close_period_when_somebody_is_below_zero_then_it_is_refused() -> None:
    """Otherwise the profits that have to carry the loss would be forgotten just before it is spread."""
    domain = Domain(crashed(), Rules())
    (answer,) = domain.submit([m.ClosePeriod(time_ns=2)])
    assert isinstance(answer, m.Rejection)
    assert (answer.code, answer.found, answer.bound) == (m.Code.NEGATIVE_EQUITY, -100, 0)


def test_close_period_when_it_is_allowed_then_every_profit_starts_at_zero() -> None:
    """The fact names every unit with what it had made."""
    book = open_book({"al": 1_000, "bo": 1_000})
    trade(book, "al", "bo", 1)
    mark(book, 70)
    (fact,) = submit(book, m.ClosePeriod(time_ns=2))
    assert fact == m.PeriodClosed(seq=fact.seq, time_ns=2, units=(m.UnitResult("al", -30), m.UnitResult("bo", 30)))
    assert [period_profit(book, unit) for unit in book.sorted_units()] == [0, 0]
