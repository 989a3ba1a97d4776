"""Why money may not leave now: gates as values, and why a debt closes the whole domain and not one market."""

from dataclasses import replace

import pytest

from deleverage.domain.domain import Domain
from deleverage.rulebook import messages as m
from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import decide
from deleverage.rulebook.gates import Gate, withdrawal_gates
from deleverage.rulebook.invariants import InvariantBroken, Invariants
from deleverage.rulebook.margin import equity
from deleverage.rulebook.price import Mark
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.throttle import Limit
from deleverage.rulebook.trigger import Never
from tests.properties.stories import crashed, mark, open_book, step, submit, trade

AT_MARK = Rules(price=Mark())


def in_two_markets() -> Book:
    """Return a book at marks of 20: al (10 BTC long, 110) is 690 short; bo and di hold ETH only.

    bo is short 2 ETH with a gain of 160 (equity 1,160), di long 2 (840); cy, al's counterparty, has 1,800.
    """
    book = open_book({"al": 110, "bo": 1_000, "cy": 1_000, "di": 1_000}, market_ids=("BTC", "ETH"))
    trade(book, "al", "cy", 10)
    trade(book, "di", "bo", 2, "ETH")
    submit(book, m.SetMarks(time_ns=1, marks=(m.MarkUpdate("BTC", 20), m.MarkUpdate("ETH", 20))))
    return book


def close_eth(book: Book) -> None:
    """Let bo and di close against each other at the mark."""
    parties = {"buyer_unit_id": "bo", "seller_unit_id": "di", "market_id": "ETH"}
    submit(book, m.Trade(time_ns=book.time_ns, lots=2, price_ticks=20, **parties))


def leave(book: Book, unit_id: str) -> int:
    """Withdraw a unit's whole equity and return what was paid."""
    own = equity(book, book.units[unit_id])
    (fact,) = submit(book, m.Withdraw(time_ns=book.time_ns, unit_id=unit_id, amount_quanta=own))
    assert isinstance(fact, m.MoneyOut)
    return fact.paid_quanta


def test_gate_when_somebody_is_below_zero_then_the_domain_is_closed_and_the_step_opens_it() -> None:
    """The gate names scope, reason, number and end; the rejection says the same; after the step there is none."""
    domain = Domain(in_two_markets(), AT_MARK)
    (gate,) = domain.withdrawal_gates(2)
    assert gate == Gate(
        code=m.Code.NEGATIVE_EQUITY,
        unit_id="",
        reason="al is below zero",
        opens="a step that carries or names the shortfall, or marks at which nobody is below zero",
        found=-690,
        bound=0,
    )
    assert gate.scope == "domain"
    (answer,) = domain.submit([m.Withdraw(time_ns=2, unit_id="di", amount_quanta=1)])
    assert answer == gate.rejection()
    assert answer == m.Rejection(
        m.Code.NEGATIVE_EQUITY,
        "no withdrawal (domain) while al is below zero; opens with a step that carries or names the shortfall, "
        "or marks at which nobody is below zero",
        -690,
        0,
    )
    domain.submit([m.RunStep(time_ns=2)])
    assert domain.withdrawal_gates(2) == ()


def test_gate_when_a_mark_is_guarded_then_only_its_holders_are_held_and_a_new_mark_opens_it() -> None:
    """bo and di hold ETH, whose mark has too few sources; cy and al may withdraw."""
    book = open_book({"al": 500, "bo": 1_000, "cy": 1_000, "di": 1_000}, market_ids=("BTC", "ETH"))
    trade(book, "al", "cy", 1)
    trade(book, "di", "bo", 2, "ETH")
    submit(book, m.SetMarks(time_ns=1, marks=(m.MarkUpdate("ETH", 90, 0),)))
    gates = withdrawal_gates(book, Rules(), 1)
    assert [(gate.code, gate.scope, gate.found) for gate in gates] == [
        (m.Code.MARK_GUARDED, "unit bo", "ETH"),
        (m.Code.MARK_GUARDED, "unit di", "ETH"),
    ]
    assert gates[0].reason == "the mark is guarded: ETH (under_sourced)"
    assert gates[0].opens == "an accepted or confirmed mark of ETH"
    assert decide(book, m.Withdraw(time_ns=1, unit_id="bo", amount_quanta=1), Rules()) == gates[0].rejection()
    submit(book, m.Withdraw(time_ns=1, unit_id="cy", amount_quanta=1))
    submit(book, m.SetMarks(time_ns=2, marks=(m.MarkUpdate("ETH", 90),)))
    submit(book, m.Withdraw(time_ns=2, unit_id="bo", amount_quanta=1))


def test_gate_when_a_unit_is_bankrupt_then_its_own_gate_comes_first() -> None:
    """In order of the codes: the bankrupt's own gate, then that of the domain."""
    rules = Rules(price=Mark(), min_sources=1)
    book = in_two_markets()
    submit(book, m.SetMarks(time_ns=1, marks=(m.MarkUpdate("BTC", 20, 0),)))
    book.units["al"].bankrupt = True
    gates = withdrawal_gates(book, rules, 1)
    assert [(gate.code, gate.unit_id) for gate in gates] == [
        (m.Code.UNIT_BANKRUPT, "al"),
        (m.Code.MARK_GUARDED, "al"),
        (m.Code.MARK_GUARDED, "cy"),
        (m.Code.NEGATIVE_EQUITY, ""),
    ]
    assert decide(book, m.Withdraw(time_ns=1, unit_id="al", amount_quanta=1), rules) == gates[0].rejection()


def test_gate_when_it_is_drawn_around_one_market_then_the_others_leave_first_and_the_rest_pay() -> None:
    """The counter-example to a narrower gate: bo holds nothing in BTC, where the loss is.

    With the gate, bo's gain of 160 carries its part and K is 530: E+ = 1,000 + 1,800 + 840 = 3,640, and cy leaves with
    floor(1,800 x 3,110 / 3,640) = 1,537. If a gate of BTC alone let bo close and go with 1,160 before the step,
    K is 690, E+ 2,640, and cy gets floor(1,800 x 1,950 / 2,640) = 1,329. The invariants object to that withdrawal.
    """
    gated = in_two_markets()
    step(gated, AT_MARK)
    close_eth(gated)
    assert (gated.residual_quanta, leave(gated, "cy")) == (530, 1_537)
    early = in_two_markets()
    close_eth(early)
    running = Invariants(early, AT_MARK)
    out = m.MoneyOut(
        seq=early.seq + 1,
        time_ns=early.time_ns,
        unit_id="bo",
        debited_quanta=1_160,
        paid_quanta=1_160,
        claim_quanta=0,
        rounding_quanta=0,
    )
    running.before(out)
    apply(early, out)
    try:
        running.after(out)
        objected = ""
    except InvariantBroken as broken:
        objected = broken.invariant
    assert objected == "INV-20"
    step(early, AT_MARK)
    assert (early.residual_quanta, leave(early, "cy")) == (690, 1_329)


def test_gate_when_marks_recover_then_it_opens_without_a_step() -> None:
    """Nobody opens a gate by hand: at a mark of 95 al is above zero again."""
    book = in_two_markets()
    mark(book, 95)
    assert withdrawal_gates(book, Rules(), 2) == ()
    submit(book, m.Withdraw(time_ns=2, unit_id="cy", amount_quanta=1))


WAITING = {
    "approval": (
        Rules(manual=True),
        "a step under an approved envelope that holds a lot, or the settlement of the market",
    ),
    "trigger": (Rules(trigger=Never()), "a step at whose numbers the trigger fires, or the settlement of the market"),
    "pace": (
        Rules(close_throttle=(Limit(0, 69),)),
        "the next steps, each of which goes on where pace or throttle has stopped the one before",
    ),
    "removal": (
        Rules(removed=("no_equity", "unhealthy", "own_units")),
        "a step that finds candidates who are not removed, or the settlement of the market",
    ),
    "guard": (
        Rules(max_mark_age_ns=2),
        "accepted or confirmed marks and prices, or the end of a market's halt, and a step behind them",
    ),
}


@pytest.mark.parametrize("why", WAITING)
def test_gate_when_a_bankrupts_lots_wait_then_it_names_the_reason_of_stage_7_and_what_ends_it(why: str) -> None:
    """The next step alone opens nothing where approval, trigger, throttle, removal or guard hold the lots."""
    rules, opens = WAITING[why]
    book = crashed()
    if why == "removal":  # Nobody is left but an own unit.
        book = open_book({"al": 400, "cy": 1_000})
        submit(book, m.OpenIsolated(time_ns=0, account_id="al", market_id="BTC"))
        submit(book, m.MoveMargin(time_ns=0, from_unit_id="al", to_unit_id="al/BTC", amount_quanta=200))
        trade(book, "al", "al/BTC", 10)
        mark(book, 70)
    submit(book, m.RunStep(time_ns=2), replace(rules, max_mark_age_ns=0, trigger=Never()) if why == "guard" else rules)
    own, debt = (gate for gate in withdrawal_gates(book, rules, 4) if gate.code is not m.Code.MARK_GUARDED)
    assert (own.reason, own.opens) == (f"it is bankrupt and waits ({why})", opens)
    assert (debt.reason, debt.opens) == (
        f"al is below zero and waits ({why})",
        f"{opens}, or marks at which nobody is below zero",
    )
    if why != "guard":  # There cy has a gate of its own, which comes first.
        assert decide(book, m.Withdraw(time_ns=4, unit_id="cy", amount_quanta=1), rules) == debt.rejection()


def test_gate_when_a_flat_bankrupt_waits_for_the_lots_of_others_then_it_says_what_they_wait_for() -> None:
    """be is flat and 20 short, and is not named while al's lots wait for an approval; both are told so."""
    rules = Rules(manual=True)
    book = crashed()
    submit(book, m.RunStep(time_ns=2), rules)
    submit(book, m.OpenAccount(time_ns=2, account_id="be"))
    book.units["be"].bankrupt = True
    told = {gate.unit_id: gate.reason for gate in withdrawal_gates(book, rules, 2)}
    assert told["be"] == "it is bankrupt and waits (approval)"


def test_gate_when_the_domain_is_halted_then_it_says_that_no_step_runs_before_the_halt_is_over() -> None:
    """Nobody is declared yet, and nothing holds al but the halt."""
    book = crashed()
    submit(book, m.Halt(time_ns=2, scope="", reason="drill"))
    (gate,) = withdrawal_gates(book, Rules(), 2)
    assert gate.reason == "al is below zero"
    assert gate.opens == (
        "the end of the halt, and then a step that carries or names the shortfall, "
        "or marks at which nobody is below zero"
    )
