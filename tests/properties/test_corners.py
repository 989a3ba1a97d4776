"""Corners of the waterfall in which a plausible rule pays the wrong person; the arithmetic stands in the docstrings.

Margin here is 10 % initial and 5 % maintenance, every position is opened at 100.
"""

from dataclasses import replace
from typing import Any

import pytest

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Book, Tier
from deleverage.rulebook.collection import collect
from deleverage.rulebook.decide import decide
from deleverage.rulebook.margin import equity
from deleverage.rulebook.pace import Rounds
from deleverage.rulebook.price import Mark, PreviousMark
from deleverage.rulebook.rules import Rules
from tests.properties.stories import TERMS, mark, step, submit, trade

AT_MARK = Rules(price=Mark())


def domain(deposits: dict[str, int], market_ids: tuple[str, ...] = ("BTC",)) -> Book:
    """Return a book with funded accounts, at a mark of 100 everywhere."""
    book = Book()
    for market_id in market_ids:
        terms = replace(TERMS, market_id=market_id, tiers=(Tier(0, 50_000_000, 100_000_000),))
        submit(book, m.ListMarket(time_ns=0, terms=terms))
    for account_id, amount in deposits.items():
        submit(book, m.OpenAccount(time_ns=0, account_id=account_id))
        submit(book, m.Deposit(time_ns=0, unit_id=account_id, amount_quanta=amount))
    submit(book, m.SetMarks(time_ns=0, marks=tuple(m.MarkUpdate(market_id, 100) for market_id in market_ids)))
    return book


def isolate(book: Book, account_id: str, market_id: str, quanta: int) -> None:
    """Open and fund an isolated unit."""
    submit(book, m.OpenIsolated(time_ns=0, account_id=account_id, market_id=market_id))
    parties = {"from_unit_id": account_id, "to_unit_id": f"{account_id}/{market_id}"}
    submit(book, m.MoveMargin(time_ns=0, amount_quanta=quanta, **parties))


def order(book: Book, unit_id: str, lots: int, price_ticks: int, market_id: str = "BTC") -> None:
    """Rest an order."""
    fields: dict[str, Any] = {"unit_id": unit_id, "market_id": market_id, "lots": lots, "price_ticks": price_ticks}
    submit(book, m.PlaceOrder(time_ns=0, order_id=f"{unit_id}-{lots}-{price_ticks}", **fields))


def equities(book: Book) -> dict[str, int]:
    """Return everybody's equity."""
    return {unit.unit_id: equity(book, unit) for unit in book.sorted_units()}


def code(book: Book, command: m.Command, rules: Rules | None = None) -> m.Code:
    """Return the code with which a command is refused."""
    answer = decide(book, command, rules or Rules())
    assert isinstance(answer, m.Rejection), answer
    return answer.code


def test_collect_when_many_units_stand_in_two_pools_then_it_ends_soon() -> None:
    """Exact rationals would double their length with every unit that runs out: 120 units did not end in minutes."""
    units = [f"u{number:04}" for number in range(600)]
    lots = {unit: {"A": 7 + 13 * at % 997, "B": 5 + 17 * at % 991} for at, unit in enumerate(units)}
    caps: dict[str, int | None] = {unit: 1_000 + 7_919 * at % 99_991 for at, unit in enumerate(units)}
    needs = {"A": 14_000_000, "B": 15_000_000}
    paid = collect(needs, lots, caps)
    for unit, parts in paid.items():
        assert sum(parts.values()) <= (caps[unit] or 0)
    assert {market_id: sum(parts[market_id] for parts in paid.values()) for market_id in needs} == needs
    assert sum(sum(parts.values()) == caps[unit] for unit, parts in paid.items()) == 535  # so many ran out on the way


def test_halt_when_a_bankrupt_waits_behind_a_guard_then_there_is_a_way_out() -> None:
    """x is flat and 250 short while cy's gain of 400 lies behind a guard: nothing is named, the domain goes on.

    Once the mark is confirmed, y has its 110 again, is closed at the mark and may leave with it.
    """
    rules = Rules(mark_band_ppb=500_000_000, price=Mark())
    book = domain({"x": 150, "y": 150, "cx": 5_000, "cy": 5_000, "z": 500}, ("BTC", "ETH"))
    trade(book, "x", "cx", 10)
    trade(book, "y", "cy", 10, "ETH")
    trade(book, "y", "z", 1)
    submit(book, m.SetMarks(time_ns=1, marks=(m.MarkUpdate("BTC", 60), m.MarkUpdate("ETH", 60))), rules)
    submit(book, m.SetMarks(time_ns=1, marks=(m.MarkUpdate("ETH", 1),)), rules)
    (*_, named, _) = step(book, rules)
    assert isinstance(named, m.ResidualNamed)
    assert {residual.unit_id: residual.reason for residual in named.residuals} == {"x": "guard", "y": "guard"}
    assert (book.halted, book.residual_quanta) == (False, 0)
    submit(book, m.SetMarks(time_ns=3, marks=(m.MarkUpdate("ETH", 100),), confirmed=True), rules)
    submit(book, m.RunStep(time_ns=3), rules)
    assert not any(unit.bankrupt for unit in book.units.values())
    assert (equities(book)["y"], book.units["y"].legs) == (110, {})


def test_halt_when_it_holds_then_marks_and_funding_stand_still_and_markets_settle_at_them() -> None:
    """al left 1,000 uncovered; after the halt nothing moves, new money is refused, settlement is at the frozen mark."""
    book = domain({"al": 1_000, "bo": 1_000, "cx": 1_000, "p": 1_000, "q": 1_000})
    trade(book, "al", "cx", 100)
    trade(book, "p", "q", 1)
    mark(book, 80)
    step(book, AT_MARK)
    assert book.halted
    assert code(book, m.SetMarks(time_ns=3, marks=(m.MarkUpdate("BTC", 79),))) is m.Code.DOMAIN_HALTED
    assert code(book, m.AccrueFunding(time_ns=3, market_id="BTC", rate_ppb=1)) is m.Code.DOMAIN_HALTED
    assert code(book, m.Deposit(time_ns=3, unit_id="bo", amount_quanta=1)) is m.Code.RESIDUAL_OUTSTANDING
    assert code(book, m.SettleMarket(time_ns=3, market_id="BTC", price_ticks=79)) is m.Code.DOMAIN_HALTED
    submit(book, m.SettleMarket(time_ns=3, market_id="BTC", price_ticks=80))
    for unit_id, own in equities(book).items():
        if own:
            submit(book, m.Withdraw(time_ns=4, unit_id=unit_id, amount_quanta=own))
    assert all(unit.quote == 0 for unit in book.units.values())


def test_claim_when_it_is_repaid_then_leaving_early_and_late_come_to_the_same() -> None:
    """bo and cy have 1,000 each, K is 1,000 of 5,000: bo leaves, 500 are repaid, cy leaves: 900 each."""
    book = domain({"al": 1_000, "bo": 1_000, "cy": 1_000, "cx": 1_000})
    trade(book, "al", "cx", 100)
    mark(book, 80)
    step(book, AT_MARK)
    assert book.residual_quanta == 1_000

    def leave(unit_id: str, time_ns: int) -> int:
        (fact,) = submit(book, m.Withdraw(time_ns=time_ns, unit_id=unit_id, amount_quanta=1_000))
        assert isinstance(fact, m.MoneyOut)
        return fact.paid_quanta

    early = leave("bo", 3)
    (fact,) = submit(book, m.RepayResidual(time_ns=4, amount_quanta=500))
    assert isinstance(fact, m.MoneyIn)
    repaid = sum(payment.amount_quanta for payment in fact.claims_repaid if payment.unit_id == "bo")
    assert (early + repaid, leave("cy", 5)) == (900, 900)


@pytest.mark.parametrize("max_rounds", [1, 32])
def test_haircut_when_stage_5_took_a_gain_then_no_later_round_takes_it_again(max_rounds: int) -> None:
    """h gained 100 in BTC and 400 in ETH; stage 5 takes 500 of it, so nothing is left to cut, in whichever round."""
    rules = Rules(price=PreviousMark(), pace=Rounds(max_rounds))
    book = domain({"al": 1_000, "sh": 10_000, "h": 10_000, "mm": 100_000}, ("BTC", "ETH"))
    trade(book, "al", "sh", 100)
    trade(book, "h", "mm", 100, "ETH")
    submit(book, m.SetMarks(time_ns=0, marks=(m.MarkUpdate("BTC", 75), m.MarkUpdate("ETH", 104))))
    parties: dict[str, Any] = {"buyer_unit_id": "sh", "seller_unit_id": "h", "market_id": "BTC"}
    submit(book, m.Trade(time_ns=0, lots=100, price_ticks=71, **parties))
    mark(book, 70)
    facts = step(book, rules)
    taken = sum(c.money_quanta for f in facts if isinstance(f, m.Deleveraged) for c in f.closings if c.unit_id == "h")
    cut = [h.taken_quanta for f in facts if isinstance(f, m.Socialised) for h in f.haircuts if h.unit_id == "h"]
    assert (taken, cut) == (500, [])


def test_haircut_when_a_gain_is_matched_by_a_guarded_loss_then_it_is_not_cut() -> None:
    """h is hedged: BTC +900, ETH -900 at its last accepted mark; its net gain is 0 and stays uncut."""
    rules = Rules(mark_band_ppb=100_000_000, price=Mark())
    book = domain({"al": 1_000, "bo": 10_000, "h": 10_000, "mm": 100_000}, ("BTC", "ETH"))
    trade(book, "al", "bo", 100)
    trade(book, "mm", "h", 50)
    trade(book, "h", "mm", 50, "ETH")
    for price in (91, 82):
        both = (m.MarkUpdate("BTC", price), m.MarkUpdate("ETH", price))
        submit(book, m.SetMarks(time_ns=1, marks=both), rules)
    submit(book, m.SetMarks(time_ns=1, marks=(m.MarkUpdate("ETH", 10),)), rules)
    facts = step(book, rules)
    assert "h" not in {h.unit_id for f in facts if isinstance(f, m.Socialised) for h in f.haircuts}


@pytest.mark.parametrize("cap", ["fund_event_cap_quanta", "fund_group_cap_quanta", "fund_market_cap_quanta"])
def test_takeover_when_the_fund_is_capped_then_its_money_counts_for_the_cap(cap: str) -> None:
    """al is 1,000 short of 100 lots; at a cap of 10 the fund takes nothing over, and pays 10 in stage 4."""
    rules = Rules(fund_inventory_cap_lots=1_000, **{cap: 10})  # type: ignore[arg-type]
    book = domain({"al": 1_000, "bo": 100_000})
    submit(book, m.OpenAccount(time_ns=0, account_id="fund", role="fund"))
    submit(book, m.DepositToFund(time_ns=0, amount_quanta=5_000))
    trade(book, "al", "bo", 100)
    mark(book, 80)
    facts = step(book, rules)
    assert not any(isinstance(fact, m.TakenOver) for fact in facts)
    assert (book.pots["fund"], book.fund_paid_by_group) == (4_990, {"al": 10})


def test_takeover_when_the_funds_own_unit_is_below_zero_then_the_pool_lifts_that_first() -> None:
    """The fund's unit is 500 short and its pool holds 600: it takes nothing over, lifts itself, and pays 100 to al."""
    book = domain({"al": 1_000, "bo": 100_000, "w": 100_000})
    submit(book, m.OpenAccount(time_ns=0, account_id="fund", role="fund"))
    submit(book, m.Deposit(time_ns=0, unit_id="fund", amount_quanta=500))
    submit(book, m.DepositToFund(time_ns=0, amount_quanta=600))
    trade(book, "fund", "w", 50)
    trade(book, "al", "bo", 100)
    mark(book, 80)
    facts = step(book, Rules(fund_inventory_cap_lots=1_000))
    (paid,) = [fact for fact in facts if isinstance(fact, m.FundPaid)]
    assert (paid.own_unit_quanta, sum(debt.paid_quanta for debt in paid.debts)) == (500, 100)
    assert not any(isinstance(fact, m.TakenOver) for fact in facts)


def test_trade_when_it_would_carry_margin_out_of_a_unit_then_it_is_refused() -> None:
    """u's isolated long of 100 lots holds 1,000: 10 lots sold at 1 to u's own cross unit would leave it 10."""
    book = domain({"u": 1_100, "mm": 10**6})
    isolate(book, "u", "BTC", 1_000)
    trade(book, "u/BTC", "mm", 100)
    parties: dict[str, Any] = {"market_id": "BTC", "buyer_unit_id": "u", "seller_unit_id": "u/BTC", "lots": 10}
    assert code(book, m.Trade(time_ns=0, price_ticks=1, **parties)) is m.Code.BELOW_MAINTENANCE
    submit(book, m.Trade(time_ns=0, price_ticks=100, **parties))


def test_reduce_when_the_only_order_is_the_sellers_own_then_it_is_skipped() -> None:
    """u's bid of one tick does not buy u's unhealthy isolated lots: its 400 stay where they are owed."""
    book = domain({"u": 1_100, "mm": 10**6})
    isolate(book, "u", "BTC", 1_000)
    trade(book, "u/BTC", "mm", 100)
    order(book, "u", 10, 1)
    mark(book, 94)
    assert [type(fact).__name__ for fact in step(book)] == ["StepEnded"]
    assert equities(book)["u/BTC"] == 400


def test_release_when_an_isolated_unit_is_sold_out_then_its_rest_pays_before_others_do() -> None:
    """u's cross unit is 1,000 short; its isolated unit is sold out with 600 left: the winner is asked for 400."""
    book = domain({"u": 2_000, "mm": 100_000, "w": 10_000}, ("BTC", "ETH"))
    isolate(book, "u", "ETH", 1_000)
    trade(book, "u", "w", 100)
    trade(book, "u/ETH", "mm", 100, "ETH")
    order(book, "mm", 100, 96, "ETH")
    submit(book, m.SetMarks(time_ns=1, marks=(m.MarkUpdate("BTC", 80), m.MarkUpdate("ETH", 94))))
    step(book)
    assert equities(book)["w"] == 10_000 + 2_000 - 400
    assert equities(book)["u"] == 0


def test_may_bankrupt_when_the_last_round_makes_a_victim_then_it_is_declared_and_named() -> None:
    """Pace allows one round. bo has 500 (2,000 + 2,000 - 3,500), is asked for al's 1,000 and keeps 100 ETH lots."""
    book = domain({"al": 1_000, "bo": 2_000, "w": 100_000}, ("BTC", "ETH"))
    trade(book, "al", "bo", 100)
    trade(book, "bo", "w", 100, "ETH")
    submit(book, m.SetMarks(time_ns=1, marks=(m.MarkUpdate("BTC", 80), m.MarkUpdate("ETH", 65))))
    facts = step(book, Rules(may_bankrupt=True, pace=Rounds(1)))
    assert (equities(book)["bo"], book.units["bo"].bankrupt) == (-500, True)
    (named,) = [fact for fact in facts if isinstance(fact, m.ResidualNamed)]
    assert named.residuals == (m.Residual("bo", (("ETH", 100),), 500, 0, "pace"),)
    ended = facts[-1]
    assert isinstance(ended, m.StepEnded)
    assert ended.stopped == "pace"


def test_bounds_when_a_resting_order_would_exceed_them_then_it_is_cancelled() -> None:
    """bo is long 100 of at most 100 and sells 200 by an order, then closes its leg: 140 are wanted, so it goes."""
    book = Book()
    tiers = (Tier(0, 50_000_000, 100_000_000),)
    submit(book, m.ListMarket(time_ns=0, terms=replace(TERMS, max_lots=100, tiers=tiers)))
    submit(book, m.SetMarks(time_ns=0, marks=(m.MarkUpdate("BTC", 100),)))
    for name, amount in (("bo", 10**6), ("mm", 10**6), ("m2", 10**6), ("s1", 1_000), ("s2", 1_000)):
        submit(book, m.OpenAccount(time_ns=0, account_id=name))
        submit(book, m.Deposit(time_ns=0, unit_id=name, amount_quanta=amount))
    trade(book, "bo", "mm", 100)
    order(book, "bo", -200, 106)
    trade(book, "mm", "bo", 100)
    for short in ("s1", "s2"):
        trade(book, "m2" if short == "s1" else "mm", short, 70)
    mark(book, 110)
    (reduced, _) = step(book)
    assert isinstance(reduced, m.Reduced)
    assert (reduced.fills, reduced.orders) == ((), (m.OrderChange("bo--200-106", 0),))
    assert book.units["bo"].legs == {}


def test_withdrawal_when_a_mark_of_the_unit_is_guarded_then_the_money_stays() -> None:
    """At the last accepted mark di is rich; while the proposed mark of 60 waits, nothing leaves its unit."""
    rules = Rules(mark_band_ppb=100_000_000)
    book = domain({"di": 5_000, "bo": 5_000})
    trade(book, "di", "bo", 100)
    submit(book, m.SetMarks(time_ns=1, marks=(m.MarkUpdate("BTC", 60),)), rules)
    leaving = m.Withdraw(time_ns=1, unit_id="di", amount_quanta=2_000)
    assert code(book, leaving, rules) is m.Code.MARK_GUARDED


@pytest.mark.parametrize("wrong", [1.5, True, None, "5", float("nan")], ids=str)
def test_command_when_a_field_is_no_integer_then_it_is_refused(wrong: Any) -> None:
    """No float, boolean or text stands for a number, wherever it stands."""
    book = domain({"al": 1})
    digest = book.digest()
    assert code(book, m.Deposit(time_ns=0, unit_id="al", amount_quanta=wrong)) is m.Code.BAD_TYPE
    assert code(book, m.RunStep(time_ns=wrong)) is m.Code.BAD_TYPE
    assert code(book, m.SetMarks(time_ns=0, marks=(m.MarkUpdate("BTC", wrong),))) is m.Code.BAD_TYPE
    assert book.digest() == digest


def test_digest_when_two_books_could_be_written_alike_then_it_differs() -> None:
    """Texts are quoted in the digest, so that no owner group can imitate the next row."""
    digests = []
    for groups in (("x", "y,trader,0],b:[b,z"), ("x,trader,0],b:[b,y", "z")):
        book = Book()
        for account_id, group in zip(("a", "b"), groups, strict=True):
            submit(book, m.OpenAccount(time_ns=0, account_id=account_id, owner_group=group))
        digests.append(book.digest())
    assert digests[0] != digests[1]
