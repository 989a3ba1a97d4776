"""From every state survivors can leave, and nobody pays for an owner who still has money.

Margin here is 10 % initial and 5 % maintenance, every position is opened at 100.
"""

from typing import Any

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Book
from deleverage.rulebook.margin import equity
from deleverage.rulebook.pace import Rounds
from deleverage.rulebook.rules import Rules
from tests.properties.stories import mark, step, submit, trade
from tests.properties.test_corners import AT_MARK, code, domain, equities, isolate


def priced_trade(book: Book, buyer: str, seller: str, lots: int, price_ticks: int, market_id: str = "BTC") -> m.Trade:
    """Return a trade at a price of its own."""
    parties: dict[str, Any] = {"buyer_unit_id": buyer, "seller_unit_id": seller, "market_id": market_id}
    return m.Trade(time_ns=book.time_ns, lots=lots, price_ticks=price_ticks, **parties)


def test_residual_when_another_bankrupt_still_has_lots_then_it_is_not_named_yet() -> None:
    """fl is flat and 690 short, al keeps a guarded leg and is 600 short: naming fl would halt and lock everybody in.

    Once the mark is confirmed and al is closed, both are named, and bo, cy and oo leave with their scaled equity.
    """
    book = domain({"al": 200, "fl": 110, "bo": 3_000, "cy": 3_000, "oo": 50}, ("BTC", "ETH"))
    trade(book, "al", "bo", 1, "ETH")
    trade(book, "al", "bo", 10)
    trade(book, "fl", "cy", 10)
    mark(book, 20)
    submit(book, m.SetMarks(time_ns=1, marks=(m.MarkUpdate("ETH", 100, 0),)))
    step(book, AT_MARK)
    assert (book.halted, book.residual_quanta, book.waiting) == (False, 0, True)
    assert code(book, m.Deposit(time_ns=2, unit_id="oo", amount_quanta=1)) is m.Code.RESIDUAL_OUTSTANDING
    submit(book, m.SetMarks(time_ns=3, marks=(m.MarkUpdate("ETH", 100),), confirmed=True))
    submit(book, m.RunStep(time_ns=3), AT_MARK)
    assert book.halted
    for unit_id, own in equities(book).items():
        if own > 0:
            submit(book, m.Withdraw(time_ns=4, unit_id=unit_id, amount_quanta=own))
    assert all(unit.quote == 0 for unit in book.units.values())


def test_reason_when_pace_leaves_new_bankrupts_against_each_other_then_it_is_pace_and_not_removal() -> None:
    """bo and ce are ruined in the only round and hold one lot against each other: the next round would net them."""
    rules = Rules(pace=Rounds(1), may_bankrupt=True)
    book = domain({"al": 100, "be": 100, "px": 5_000, "bo": 30, "ce": 30}, ("BTC", "ETH"))
    trade(book, "al", "px", 5)
    trade(book, "be", "px", 5, "ETH")
    submit(book, m.SetMarks(time_ns=0, marks=(m.MarkUpdate("BTC", 20), m.MarkUpdate("ETH", 20))))
    submit(book, priced_trade(book, "px", "bo", 5, 20))
    submit(book, priced_trade(book, "px", "ce", 5, 20, "ETH"))
    submit(book, priced_trade(book, "ce", "bo", 1, 20))
    facts = step(book, rules)
    reasons = {r.unit_id: r.reason for fact in facts if isinstance(fact, m.ResidualNamed) for r in fact.residuals}
    assert set(reasons.values()) <= {"pace"}


def test_release_when_stage_5_closes_the_owners_isolated_leg_then_its_money_pays_before_gains_are_cut() -> None:
    """al is 600 short and ze 90; al's isolated unit, closed in the same stage 5, holds 1,200: w is cut 90, not 690."""
    book = domain({"al": 1_200, "ze": 110, "px": 9_000, "w": 5_000, "v": 5_000, "g2": 1_000}, ("BTC", "ETH", "XRP"))
    isolate(book, "al", "ETH", 1_000)
    trade(book, "al", "px", 10)
    trade(book, "ze", "al/ETH", 10, "ETH")
    trade(book, "w", "v", 10, "XRP")
    moved = (m.MarkUpdate("BTC", 20), m.MarkUpdate("ETH", 80), m.MarkUpdate("XRP", 200))
    submit(book, m.SetMarks(time_ns=0, marks=moved))
    submit(book, priced_trade(book, "px", "g2", 10, 20))
    before = equities(book)
    step(book, AT_MARK)
    after = equities(book)
    assert before["w"] - after["w"] == 90
    assert after["al"] == 600


def test_trade_when_a_mark_of_the_unit_is_guarded_then_no_money_leaves_through_it() -> None:
    """a's BTC mark is guarded; an overpriced ETH trade with b is refused, one at the mark is not."""
    book = domain({"a": 2_000, "b": 500, "o": 5_000}, ("BTC", "ETH"))
    trade(book, "a", "o", 10)
    submit(book, m.SetMarks(time_ns=0, marks=(m.MarkUpdate("BTC", 50, 0),)))
    assert code(book, priced_trade(book, "a", "b", 1, 1_880, "ETH")) is m.Code.MARK_GUARDED
    submit(book, priced_trade(book, "a", "b", 1, 100, "ETH"))
    assert equity(book, book.units["a"]) == 2_000


def test_guard_when_a_market_is_settled_then_its_old_mark_guards_nothing() -> None:
    """A settled market is never stale: nobody holds anything there."""
    rules = Rules(max_mark_age_ns=5)
    book = domain({"a": 2_000, "b": 2_000}, ("BTC", "ETH"))
    submit(book, m.SettleMarket(time_ns=0, market_id="BTC", price_ticks=100))
    submit(book, m.SetMarks(time_ns=50, marks=(m.MarkUpdate("ETH", 100),)))
    (*_, ended) = submit(book, m.RunStep(time_ns=51), rules)
    assert isinstance(ended, m.StepEnded)
    assert ended.guarded == ()
