"""An operator's kill switch: what stands still, what goes on, and the way on.

The book is that of ``crashed``: at a mark of 70 al (10 lots long) is 100 quanta short, bo is short 12 lots with an
equity of 860, cy short 4 with 3,120, di long 6 with 820. The market is BTC; an ETH leg is added where two are needed.
"""

from typing import Any

import pytest

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import decide
from deleverage.rulebook.messages import Code
from deleverage.rulebook.rules import Rules
from tests.properties.stories import crashed, mark, open_book, step, submit, trade

REASON = "the index has one source left"


def code(book: Book, command: m.Command, rules: Rules | None = None) -> Code:
    """Return the code with which a command is refused."""
    answer = decide(book, command, rules or Rules())
    assert isinstance(answer, m.Rejection), answer
    return answer.code


def halt(book: Book, scope: str = "") -> None:
    """Halt a market, or the domain."""
    submit(book, m.Halt(time_ns=1, scope=scope, reason=REASON))


def deal(buyer: str, seller: str, lots: int = 1, price_ticks: int = 70, market_id: str = "BTC") -> m.Trade:
    """Return a trade."""
    parties: dict[str, Any] = {"buyer_unit_id": buyer, "seller_unit_id": seller, "market_id": market_id}
    return m.Trade(time_ns=2, lots=lots, price_ticks=price_ticks, **parties)


def bid(market_id: str = "BTC") -> m.PlaceOrder:
    """Return a small order of cy, who can carry it."""
    return m.PlaceOrder(time_ns=2, order_id="o", unit_id="cy", market_id=market_id, lots=1, price_ticks=70)


@pytest.mark.parametrize(("scope", "expected"), [("", Code.DOMAIN_HALTED), ("BTC", Code.MARKET_HALTED)])
def test_halt_when_it_holds_then_nothing_opens_rests_or_accrues_and_reductions_go_on(
    scope: str, expected: Code
) -> None:
    """cy opens with di, rests an order, funding is charged: refused; di sells 1 of its 6 lots to cy: both reduce."""
    book = crashed()
    halt(book, scope)
    assert code(book, deal("di", "cy")) is expected
    assert code(book, bid()) is expected
    assert code(book, m.AccrueFunding(time_ns=2, market_id="BTC", rate_ppb=1)) is expected
    submit(book, deal("cy", "di"))
    assert (book.units["cy"].legs["BTC"].lots, book.units["di"].legs["BTC"].lots) == (-3, 5)


def test_halt_when_an_operator_made_it_then_marks_go_on_and_free_money_may_leave() -> None:
    """Nothing was computed at the old mark: it moves to 80, where al is at zero and nobody is below; cy takes 100 out.

    al: 200 - 1,000 + 10 x 80 = 0. A frozen mark would let winners withdraw at a price that everybody knows is old.
    """
    book = crashed()
    halt(book)
    mark(book, 80)
    assert book.markets["BTC"].mark_price_ticks == 80
    submit(book, m.Withdraw(time_ns=2, unit_id="cy", amount_quanta=100))
    assert book.net_deposits_quanta == 200 + 500 + 3_000 + 1_000 - 100


def test_halt_when_it_is_the_domain_then_no_step_runs() -> None:
    """The step is refused with the operator's reason; after the resumption al is closed as ever."""
    book = crashed()
    halt(book)
    answer = decide(book, m.RunStep(time_ns=2), Rules())
    assert isinstance(answer, m.Rejection)
    assert (answer.code, answer.found) == (Code.DOMAIN_HALTED, REASON)
    submit(book, m.Resume(time_ns=2))
    assert any(isinstance(fact, m.Deleveraged) for fact in step(book))


def test_halt_when_it_is_a_market_then_a_step_acts_around_it() -> None:
    """al is short of 100 in halted BTC and of 900 in ETH at 10: only ETH is closed; BTC's lots stay behind the halt.

    al: 200 - 1,000 + 10 x 70 in BTC; ETH 10 lots from 100 at 10: -900. Equity -1,000, split by notional 700 and 100.
    """
    book = open_book({"al": 200, "bo": 9_000, "cy": 9_000}, market_ids=("BTC", "ETH"))
    trade(book, "al", "bo", 10)
    trade(book, "cy", "bo", 1, "ETH")
    submit(book, m.Deposit(time_ns=0, unit_id="al", amount_quanta=100))
    trade(book, "al", "bo", 10, "ETH")
    mark(book, 70)
    mark(book, 10, "ETH")
    halt(book, "BTC")
    facts = step(book, Rules(shortfall_split="notional"))
    (told,) = (fact for fact in facts if isinstance(fact, m.Deleveraged))
    assert {fill.market_id for fill in told.fills} == {"ETH"}
    (named,) = (fact for fact in facts if isinstance(fact, m.ResidualNamed))
    assert [(item.unit_id, item.lots, item.reason) for item in named.residuals] == [("al", (("BTC", 10),), "guard")]
    assert isinstance(facts[-1], m.StepEnded)
    assert facts[-1].guarded == ("BTC: halted",)


def test_halt_when_a_market_has_a_guarded_mark_too_then_the_mark_is_named() -> None:
    """A mark that is not to be believed also keeps money in; a halt alone does not."""
    book = crashed()
    halt(book, "BTC")
    submit(book, m.SetMarks(time_ns=1, marks=(m.MarkUpdate("BTC", 90, 0),)))
    ended = step(book)[-1]
    assert isinstance(ended, m.StepEnded)
    assert (ended.rounds, ended.stopped, ended.guarded) == (0, "quiet", ("BTC: under_sourced",))
    assert code(book, m.Withdraw(time_ns=2, unit_id="cy", amount_quanta=1)) is Code.MARK_GUARDED


def test_resume_when_a_market_was_halted_by_itself_then_only_its_own_resume_lifts_it() -> None:
    """The domain and BTC are halted; the domain's resume leaves BTC halted, BTC's leaves nothing."""
    book = crashed()
    halt(book)
    halt(book, "BTC")
    submit(book, m.Resume(time_ns=2))
    assert (book.is_halted, book.halts) == (False, {"BTC": REASON})
    assert code(book, m.Resume(time_ns=2)) is Code.NOT_HALTED
    submit(book, m.Resume(time_ns=2, scope="BTC"))
    assert book.halts == {}


def test_resume_when_a_market_is_named_then_another_stays_reduce_only() -> None:
    """Both markets are reduce-only; the scope opens one."""
    book = open_book({"al": 200}, market_ids=("BTC", "ETH"))
    for market in book.markets.values():
        market.reduce_only = True
    submit(book, m.Resume(time_ns=2, scope="ETH"))
    assert {key: market.reduce_only for key, market in book.markets.items()} == {"BTC": True, "ETH": False}


def test_resume_when_a_residual_is_outstanding_then_no_scope_gets_around_it() -> None:
    """K must be repaid before anything is resumed; then the domain's resume lifts both halts of the domain."""
    book = crashed()
    halt(book)
    halt(book, "BTC")
    book.halted, book.residual_quanta = True, 5
    assert code(book, m.SetMarks(time_ns=2, marks=(m.MarkUpdate("BTC", 71),))) is Code.DOMAIN_HALTED
    assert code(book, m.Resume(time_ns=2)) is Code.RESIDUAL_OUTSTANDING
    assert code(book, m.Resume(time_ns=2, scope="BTC")) is Code.RESIDUAL_OUTSTANDING
    submit(book, m.RepayResidual(time_ns=2, amount_quanta=5))
    submit(book, m.Resume(time_ns=2))
    assert (book.is_halted, book.halts) == (False, {"BTC": REASON})


def test_settlement_when_a_market_is_halted_then_it_is_a_way_out_and_ends_the_halt() -> None:
    """A market that cannot be resumed is settled, at any price. di: 1,000 - 600 + 6 x 60 = 760."""
    book = crashed()
    halt(book, "BTC")
    submit(book, m.SettleMarket(time_ns=2, market_id="BTC", price_ticks=60))
    assert (book.halts, book.units["di"].quote, book.units["di"].legs) == ({}, 760, {})


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (m.Halt(time_ns=2, scope="XRP", reason=""), Code.UNKNOWN_MARKET),
        (m.Halt(time_ns=2, scope="OLD", reason=""), Code.BAD_REASON),
        (m.Halt(time_ns=2, scope="BTC", reason="x" * 201), Code.BAD_REASON),
        (m.Halt(time_ns=2, scope="BTC", reason="caf\u00e9"), Code.BAD_REASON),
        (m.Halt(time_ns=2, scope="OLD", reason="x"), Code.MARKET_SETTLED),
        (m.Halt(time_ns=2, scope="BTC", reason="again"), Code.ALREADY_HALTED),
        (m.Resume(time_ns=2, scope="XRP"), Code.UNKNOWN_MARKET),
        (m.Resume(time_ns=2, scope="OLD"), Code.MARKET_SETTLED),
        (m.Resume(time_ns=2, scope="ETH"), Code.NOT_HALTED),
        (m.Resume(time_ns=2), Code.NOT_HALTED),
    ],
)
def test_halt_when_it_cannot_be_then_the_first_reason_is_told(command: m.Command, expected: Code) -> None:
    """BTC is halted, OLD settled, XRP unknown."""
    book = open_book({"al": 200}, market_ids=("BTC", "ETH", "OLD"))
    submit(book, m.SettleMarket(time_ns=0, market_id="OLD", price_ticks=100))
    halt(book, "BTC")
    assert code(book, command) is expected
