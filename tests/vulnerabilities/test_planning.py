"""Who is chosen, how much is closed, when: what a planner elsewhere got wrong, played against this one."""

from dataclasses import dataclass, replace

import pytest

from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book, MarketTerms, Tier
from deleverage.rulebook.decide import decide
from deleverage.rulebook.messages import (
    Code,
    Deleveraged,
    Deposit,
    ListMarket,
    MarkUpdate,
    OpenAccount,
    OrdersCancelled,
    Reduced,
    Rejection,
    RunStep,
    SetMarks,
    StepEnded,
)
from deleverage.rulebook.price import PRICES
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.selection import Allotment, PolicyFault, ProRata, Queue, Request
from tests.properties.stories import crashed, mark, open_book, submit, trade
from tests.vulnerabilities.told import (
    checked_step,
    closed,
    deal,
    equities,
    given_up,
    lots,
    marks,
    of,
    only,
    order,
    refused,
)


@pytest.mark.parametrize(("rule", "asked"), [("bankruptcy", 100), ("mark", 0), ("previous-mark", 100)])
def test_price_when_a_winner_is_closed_then_it_never_pays_more_than_the_shortfall(rule: str, asked: int) -> None:
    """Marks 100, 95, 70: al (10 long) is 100 short. The mark before would ask 10 x 25 = 250; it is clipped to 100."""
    book = open_book({"al": 200, "bo": 500, "cy": 3_000})
    trade(book, "al", "bo", 10)
    for ticks in (95, 70):
        mark(book, ticks)
    fact = only(checked_step(book, Rules(price=PRICES.build(rule))), Deleveraged)
    assert sum(given_up(fact).values()) == asked
    assert equities(book)["bo"] == 800 - asked


@pytest.mark.parametrize("reduced", [1, 11, 12])
def test_plan_when_a_candidate_shrinks_before_the_step_then_it_is_sized_anew(reduced: int) -> None:
    """bo buys 1 (11, all 12) of its 12 short lots back from cy just before: 10 lots are closed all the same.

    What bo no longer has, cy has: 12 + 4 lots are short whoever holds them; never more than a unit holds is closed.
    """
    book = crashed()
    submit(book, deal("bo", "cy", reduced, 70))
    before = {unit_id: lots(book, unit_id) for unit_id in ("bo", "cy")}
    fact = only(checked_step(book), Deleveraged)
    assert sum(closed(fact).values()) == 10
    assert all(count <= -before[unit_id] for unit_id, count in closed(fact).items())
    assert lots(book, "bo") + lots(book, "cy") == -6


def test_time_when_it_runs_backwards_then_marks_and_steps_are_refused() -> None:
    """One clock for prices and state: after a mark at 1 ns nothing of 0 ns is taken."""
    book = crashed()
    assert refused(book, RunStep(time_ns=0)) is Code.TIME_BACKWARDS
    assert refused(book, SetMarks(time_ns=0, marks=(MarkUpdate("BTC", 1),))) is Code.TIME_BACKWARDS


def test_step_when_a_market_is_guarded_then_only_the_other_market_is_touched() -> None:
    """al is long 10 BTC and 1 ETH; the ETH mark leaves its band: BTC is closed, the ETH leg stays and is named."""
    rules = Rules(mark_band_ppb=500_000_000)
    book = open_book({"al": 200, "bo": 500, "cy": 3_000}, market_ids=("BTC", "ETH"))
    trade(book, "al", "bo", 10)
    trade(book, "al", "cy", 1, "ETH")
    marks(book, rules, BTC=70, ETH=1)
    facts = checked_step(book, rules)
    assert (lots(book, "al"), lots(book, "al", "ETH")) == (0, 1)
    assert only(facts, StepEnded).guarded == ("ETH: out_of_band",)
    assert {fill.market_id for fill in only(facts, Deleveraged).fills} == {"BTC"}


def test_step_when_nothing_is_left_to_do_then_repeating_it_costs_nobody_anything() -> None:
    """After the crash a hundred further steps say that they ended, and no quantum and no lot moves."""
    book = crashed()
    checked_step(book)
    before = equities(book)
    for _ in range(100):
        assert [type(fact) for fact in checked_step(book)] == [StepEnded]
    assert equities(book) == before
    assert sum(book.pots.values()) == 0


@dataclass(frozen=True, slots=True)
class Rival(ProRata):
    """A policy that closes one whole account, whatever is needed: 12 lots where 10 are."""

    def allocate(self, request: Request) -> list[Allotment]:
        """Return the victim."""
        return [Allotment("bo", 12, "")]


def test_policy_when_it_targets_a_rival_with_more_than_is_needed_then_its_result_is_refused() -> None:
    """10 lots are needed, 12 are allotted: refused, and the book is as before."""
    book = crashed()
    before = book.digest()
    with pytest.raises(PolicyFault, match="12 lots, 10 are needed"):
        decide(book, RunStep(time_ns=2), Rules(policy=Rival()))
    assert book.digest() == before


def test_queue_when_it_is_closed_then_ranks_are_gapless_and_lots_are_exactly_the_need() -> None:
    """10 bankrupt lots, 12 + 4 lots of candidates: rank 1 gives 10, rank 2 is not asked."""
    fact = only(checked_step(crashed()), Deleveraged)
    assert [(c.rank, c.unit_id, c.closed_lots) for c in fact.closings] == [(1, "bo", 10)]


@pytest.mark.parametrize(
    "policy", [Queue("bitmex"), Queue("profit"), Queue("rotation"), ProRata()], ids=lambda p: p.name
)
def test_numbers_when_they_are_beyond_64_bits_then_nothing_overflows(policy: Queue | ProRata) -> None:
    """One tick of one lot is 10^30 quanta: al loses 300 x 10^30 and is 100 x 10^30 short, far below -2^63, exactly."""
    big = 10**30
    book = Book()
    submit(book, ListMarket(time_ns=0, terms=MarketTerms("BTC", big, (Tier(0, 0, 0),), 10**6, 10**6, 10**6)))
    for account_id, amount in (("al", 200 * big), ("bo", 500 * big)):
        submit(book, OpenAccount(time_ns=0, account_id=account_id))
        submit(book, Deposit(time_ns=0, unit_id=account_id, amount_quanta=amount))
    submit(book, SetMarks(time_ns=0, marks=(MarkUpdate("BTC", 100),)))
    trade(book, "al", "bo", 10)
    mark(book, 70)
    fact = only(checked_step(book, Rules(policy=policy)), Deleveraged)
    assert given_up(fact) == {"bo": 100 * big}


def test_numbers_when_an_amount_is_astronomic_then_it_is_refused_at_the_door() -> None:
    """Above 10^40 quanta an equity could outgrow the binary64 of a score: the deposit is refused."""
    book = crashed()
    digest = book.digest()
    answer = decide(book, Deposit(time_ns=1, unit_id="bo", amount_quanta=10**40 + 1), Rules())
    assert isinstance(answer, Rejection)
    assert answer.code is Code.BAD_AMOUNT
    assert book.digest() == digest


def test_numbers_when_they_are_as_large_as_allowed_then_the_order_is_still_by_leverage() -> None:
    """One tick of one lot is 10^36 quanta: products stay far below 1.8 x 10^308, and cy, more levered, is first."""
    big = 10**36
    book = Book()
    submit(book, ListMarket(time_ns=0, terms=MarketTerms("BTC", big, (Tier(0, 0, 0),), 10**6, 10**6, 10**6)))
    for account_id, amount in (("al", 200 * big), ("bo", 9_000 * big), ("cy", 500 * big)):
        submit(book, OpenAccount(time_ns=0, account_id=account_id))
        submit(book, Deposit(time_ns=0, unit_id=account_id, amount_quanta=amount))
    submit(book, SetMarks(time_ns=0, marks=(MarkUpdate("BTC", 100),)))
    trade(book, "al", "bo", 5)
    trade(book, "al", "cy", 5)
    mark(book, 60)
    fact = only(checked_step(book), Deleveraged)
    assert [closing.unit_id for closing in fact.closings] == ["cy", "bo"]


def test_liquidation_when_it_is_run_twice_at_one_time_then_the_second_finds_nothing() -> None:
    """al is closed once: 10 lots; the same step again, same time, same mark, does nothing."""
    book = crashed()
    assert sum(closed(only(checked_step(book), Deleveraged)).values()) == 10
    assert of(checked_step(book), Deleveraged) == []


@pytest.mark.parametrize("rule", ["bankruptcy", "mark", "previous-mark"])
@pytest.mark.parametrize("rerank", ["once", "each_fill"])
@pytest.mark.parametrize("fund", [0, 60, 1_000])
def test_deleveraging_when_reached_on_any_path_then_it_has_its_prices_and_completes(
    rule: str, rerank: str, fund: int
) -> None:
    """With no fund, a fund of 60 and one of 1,000 against a shortfall of 100: the 10 lots are always gone."""
    book = crashed(fund)
    checked_step(book, Rules(price=PRICES.build(rule), rerank=rerank))
    assert lots(book, "al") == 0
    assert not book.units["al"].bankrupt


def test_order_when_accounts_come_in_another_order_then_every_number_is_the_same() -> None:
    """The same accounts and trades, opened forwards and backwards: equal facts, equal digests."""
    deposits = {"al": 200, "bo": 500, "cy": 500, "di": 500, "ed": 800}
    digests = set()
    for names in (sorted(deposits), sorted(deposits, reverse=True), ["cy", "al", "ed", "bo", "di"]):
        book = open_book({name: deposits[name] for name in names})
        for seller in ("bo", "cy", "di"):
            trade(book, "al", seller, 3)
        mark(book, 70)
        facts = checked_step(book, Rules(policy=ProRata()))
        digests.add((book.digest(), repr(facts)))
    assert len(digests) == 1


def test_round_when_it_has_many_legs_then_they_are_one_fact_that_cannot_lose_one() -> None:
    """Two markets, four fills, one fact; without one of its fills the fact cannot be written at all."""
    book = open_book({"al": 300, "bo": 900, "cy": 900}, market_ids=("BTC", "ETH"))
    trade(book, "al", "bo", 10)
    trade(book, "al", "cy", 10, "ETH")
    marks(book, BTC=80, ETH=80)
    plan = decide(book, RunStep(time_ns=2), Rules())
    assert isinstance(plan, tuple)
    fact = only(plan, Deleveraged)
    assert sorted((fill.market_id, fill.unit_id) for fill in fact.fills) == [
        ("BTC", "al"),
        ("BTC", "bo"),
        ("ETH", "al"),
        ("ETH", "cy"),
    ]
    torn = replace(fact, fills=fact.fills[1:], seq=book.seq + 1)
    with pytest.raises(AssertionError, match="cancel out"):
        apply(book.copy(), torn)


def test_book_when_it_has_depth_then_it_is_tried_before_anybody_is_deleveraged() -> None:
    """At 90 al (equity 4, needs 4.5) is unhealthy: its lots go to the bid of ma; nobody proposes, nobody is closed."""
    book = open_book({"al": 104, "bo": 9_000, "ma": 9_000})
    trade(book, "al", "bo", 10)
    submit(book, order("bid", "ma", 10, 90))
    mark(book, 90)
    facts = checked_step(book)
    assert of(facts, Reduced)
    assert of(facts, Deleveraged) == []
    assert lots(book, "al") == 0


def test_liquidation_when_an_order_is_pending_then_it_is_cancelled_first_and_blocks_nothing() -> None:
    """al rests an order of one lot far away: it is cancelled, then al is closed like anybody else."""
    book = open_book({"al": 200, "bo": 500})
    trade(book, "al", "bo", 10)
    submit(book, order("tiny", "al", -1, 1_000))
    mark(book, 70)
    facts = checked_step(book)
    assert only(facts, OrdersCancelled).orders[0].order_id == "tiny"
    assert lots(book, "al") == 0
