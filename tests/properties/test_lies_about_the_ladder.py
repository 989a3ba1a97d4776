"""Wrong stories about stages 2 and 3: who sold how much into which orders, who took over under which programme.

Sales: al and di (10 lots long each) are unhealthy at a mark of 90 with an equity of 4 each; ma bids for 7 lots at 90
and for 5 at 89. Takeovers: al (10 lots long) is 100 quanta short at 70, or has 4 left at 90; x is a backstop.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from deleverage.rulebook import messages as m
from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import decide
from deleverage.rulebook.invariants import InvariantBroken, Invariants
from deleverage.rulebook.programmes import Backstop, Programme
from deleverage.rulebook.quantities import PPB
from deleverage.rulebook.reduction import Share, Slices
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.throttle import Limit
from tests.properties.stories import close_out_at_maintenance, crashed, mark, open_book, submit, trade
from tests.properties.test_lies import STEP, objection, took

Facts = tuple[m.Fact, ...]
Change = Callable[[Any], Any]

HALF_TO_TAKER = Rules(surplus_to_fund_ppb=0, surplus_to_taker_ppb=500_000_000)
THIRD_OF_DEPTH = Rules(reduction=Slices(most_lots=10, max_depth_share_ppb=333_333_333))
BAND = Rules(order_band_ppb=10_000_000)
SLIPPAGE = Rules(reduction=Slices(most_lots=10, max_slippage_ppb=10_000_000))
THROTTLE = Rules(reduce_throttle=(Limit(0, 4 * 90),))


def for_sale() -> Book:
    """Return the book of the sales."""
    book = open_book({"al": 104, "di": 104, "bo": 9_000, "ma": 9_000})
    trade(book, "al", "bo", 10)
    trade(book, "di", "bo", 10)
    for order_id, lots, price_ticks in (("near", 7, 90), ("far", 5, 89)):
        fields: dict[str, Any] = {"unit_id": "ma", "market_id": "BTC", "lots": lots, "price_ticks": price_ticks}
        submit(book, m.PlaceOrder(time_ns=0, order_id=order_id, **fields))
    mark(book, 90)
    return book


def with_backstop(book: Book, capacity_lots: int = 10) -> Book:
    """Return the book with the backstop x."""
    submit(book, m.OpenAccount(time_ns=1, account_id="x", role="backstop", backstop_capacity_lots=capacity_lots))
    submit(book, m.Deposit(time_ns=1, unit_id="x", amount_quanta=5_000))
    return book


def thin() -> Book:
    """Return the book in which al has 4 left at 90, with x."""
    book = open_book({"al": 104, "bo": 9_000})
    close_out_at_maintenance(book)
    trade(book, "al", "bo", 10)
    mark(book, 90)
    return with_backstop(book)


def told(book: Book, rules: Rules) -> Facts:
    """Return what the law says about a book."""
    facts = decide(book, m.RunStep(time_ns=2), rules)
    assert isinstance(facts, tuple)
    return facts


def changed(facts: Facts, kind: type[m.Fact], change: Change) -> Facts:
    """Return the facts with the first of a kind changed."""
    at = next(at for at, fact in enumerate(facts) if isinstance(fact, kind))
    return (*facts[:at], change(facts[at]), *facts[at + 1 :])


def sale(fact: m.Reduced, **changes: Any) -> m.Reduced:
    """Return the fact with its first sale changed."""
    return replace(fact, sales=(fact.sales[0]._replace(**changes), *fact.sales[1:]))


def shifted(fact: Any, giver: str, taker: str, quanta: int) -> Any:
    """Return a fact in which, fill by fill, one unit gives up some money and another gets it."""
    fills = []
    for fill in fact.fills:
        change = quanta * ((fill.unit_id == taker) - (fill.unit_id == giver))
        fills.append(fill._replace(amount_quanta=fill.amount_quanta + change, money_quanta=fill.money_quanta + change))
    return replace(fact, fills=tuple(fills))


def ended(facts: Facts, **changes: Any) -> Facts:
    """Return the facts with another end of the step."""
    return (*facts[:-1], replace(facts[-1], **changes))


SALES: dict[str, tuple[str, Rules, Change]] = {
    "the rule wanted less": ("INV-10", Rules(), lambda fact: sale(fact, wanted_lots=9)),
    "a seller held more": ("INV-10", Rules(), lambda fact: sale(fact, held_lots=11)),
    "a seller is not told": ("INV-10", Rules(), lambda fact: replace(fact, sales=fact.sales[1:])),
    "less was sold than filled": ("INV-8", Rules(), lambda fact: sale(fact, sold_lots=3)),
    "more was sold than the depth allows": ("INV-10", THIRD_OF_DEPTH, lambda fact: fact),
    "it was sold out of the order band": ("INV-10", BAND, lambda fact: fact),
    "it was sold beyond the slippage": ("INV-10", SLIPPAGE, lambda fact: fact),
    "it was sold beyond the throttle": ("INV-6", THROTTLE, lambda fact: fact),
    "the band has stopped it": ("INV-7", Rules(), lambda fact: sale(fact, why="band")),
    "nothing has stopped it": ("INV-7", Rules(), lambda fact: sale(fact, why="")),
    "a throttle that there is not has stopped it": ("INV-7", Rules(), lambda fact: sale(fact, why="throttle")),
    "the maker got a better price": ("INV-8", Rules(), lambda fact: shifted(fact, "al", "ma", 1)),
    "more was bought than left the order": (
        "INV-8",
        Rules(),
        lambda fact: replace(fact, orders=(m.OrderChange("near", 3), *fact.orders[1:])),
    ),
    "it was in the round before the first": ("INV-12", Rules(), lambda fact: replace(fact, round=0)),
}


@pytest.mark.parametrize("name", SALES)
def test_invariant_when_a_sale_is_told_wrongly_then_it_objects(name: str) -> None:
    """What the rule wants, which orders are near and how much of them may be used follow from book and rules."""
    expected, rules, change = SALES[name]
    facts = changed(told(for_sale(), Rules()), m.Reduced, change)
    assert objection(for_sale(), facts, rules) == expected


@pytest.mark.parametrize(
    "rules", [Rules(), THIRD_OF_DEPTH, BAND, SLIPPAGE, THROTTLE, Rules(reduction=Share(PPB // 2))], ids=repr
)
def test_invariant_when_a_sale_is_told_truly_then_nobody_objects(rules: Rules) -> None:
    """The control."""
    assert objection(for_sale(), told(for_sale(), rules), rules) == ""


def test_invariant_when_the_throttle_stopped_a_sale_and_another_reason_is_told_then_it_objects() -> None:
    """Four lots of 90 are sold, of 7 that the near order has: what stopped both sellers is the throttle."""
    facts = told(for_sale(), THROTTLE)
    first = next(fact for fact in facts if isinstance(fact, m.Reduced))
    assert {one.why for one in first.sales} == {"throttle"}
    lie = changed(facts, m.Reduced, lambda fact: sale(fact, why="depth"))
    assert objection(for_sale(), lie, THROTTLE) == "INV-7"


def test_invariant_when_a_round_is_told_twice_backwards_then_it_objects() -> None:
    """Stage 2 visits sides within a round; a fact of an earlier round after one of a later round is no story."""
    first = changed(told(for_sale(), Rules()), m.Reduced, lambda fact: replace(fact, round=2))
    again = m.Reduced(**STEP, round=1, market_id="BTC", side="long", sales=())
    assert objection(for_sale(), (first[0], again), Rules()) == "INV-12"


UNSOLD: dict[str, tuple[str, Change]] = {
    "a leg is not told": ("INV-7", lambda unsold: unsold[1:]),
    "a leg is invented": ("INV-7", lambda unsold: (*unsold, unsold[0]._replace(unit_id="bo"))),
    "the reason is another": ("INV-7", lambda unsold: (unsold[0]._replace(why="empty_book"), *unsold[1:])),
    "the rule wanted less": ("INV-10", lambda unsold: (unsold[0]._replace(wanted_lots=1), *unsold[1:])),
    "something was sold": ("INV-10", lambda unsold: (unsold[0]._replace(sold_lots=1), *unsold[1:])),
}


@pytest.mark.parametrize("name", UNSOLD)
def test_invariant_when_what_was_not_sold_is_told_wrongly_then_it_objects(name: str) -> None:
    """After a quiet step the unhealthy, their legs and the reasons are recomputed."""
    expected, change = UNSOLD[name]
    slices = Rules(reduction=Slices(most_lots=10, max_depth_share_ppb=1))
    facts = told(for_sale(), slices)
    (end,) = facts
    assert isinstance(end, m.StepEnded)
    assert [item.why for item in end.unsold] == ["depth", "depth"]
    assert objection(for_sale(), facts, slices) == ""
    assert objection(for_sale(), ended(facts, unsold=change(end.unsold)), slices) == expected


# -- takeovers --------------------------------------------------------------------------------------------------------


def published(programme: Programme, **stands: int) -> Change:
    """Return what puts a programme behind x."""

    def publish(book: Book) -> None:
        book.backstops["x"] = Backstop(programme, **stands)

    return publish


def _smaller(book: Book) -> None:
    book.accounts["x"] = replace(book.accounts["x"], backstop_capacity_lots=9)


BREACHES: dict[str, tuple[str, Change]] = {
    "capacity": ("INV-8", _smaller),
    "window": ("INV-8", published(Programme(100, 699, 0, -PPB))),
    "rest of a window": ("INV-8", published(Programme(100, 1_000, 0, -PPB), window_used_quanta=301)),
    "cool-down": ("INV-8", published(Programme(0, 0, 50, -PPB), last_step=1, last_time_ns=1)),
    "edge": ("INV-6", published(Programme(0, 0, 0, -142_857_142))),
}


@pytest.mark.parametrize("name", BREACHES)
def test_invariant_when_a_takeover_breaks_a_programme_then_it_objects(name: str) -> None:
    """x takes 10 lots of 70 and pays 100, as it would without a programme; the one it has does not allow that."""
    expected, publish = BREACHES[name]
    book = with_backstop(crashed())
    book.steps = 1
    facts = told(book, Rules())[:2]
    assert objection(with_backstop(crashed()), facts, Rules()) == ""
    publish(book)
    assert objection(book, facts, Rules()) == expected


def test_invariant_when_two_takeovers_exceed_the_capacity_then_it_objects() -> None:
    """Capacity is per market and step: 6 lots are not 5 and then 5."""
    book = with_backstop(crashed(), capacity_lots=6)
    half = took((m.Fill("al", "BTC", -5, 350 + 50, 50, "bankrupt"), m.Fill("x", "BTC", 5, -350 - 50, -50, "taker")), 50)
    declared = told(book, Rules())[0]
    assert objection(with_backstop(crashed(), capacity_lots=10), (declared, half, half), Rules()) == ""
    assert objection(book, (declared, half, half), Rules()) == "INV-8"


EDGES: dict[str, tuple[str, Change]] = {
    "the taker got more than its share": ("INV-6", lambda fact: replace(shifted(fact, "al", "x", 1), edge_quanta=3)),
    "the taker's share is told smaller": ("INV-6", lambda fact: replace(fact, edge_quanta=1)),
    "the fund got what is the user's": (
        "INV-6",
        lambda fact: replace(shifted(fact, "al", "", 1), pots=(m.PotChange("surplus", 1),)),
    ),
}


@pytest.mark.parametrize("name", EDGES)
def test_invariant_when_a_surplus_is_shared_wrongly_then_it_objects(name: str) -> None:
    """Of al's 4 the taker gets 2, al keeps 2, the fund nothing."""
    expected, change = EDGES[name]
    facts = told(thin(), HALF_TO_TAKER)
    assert objection(thin(), facts, HALF_TO_TAKER) == ""
    assert objection(thin(), changed(facts, m.TakenOver, change), HALF_TO_TAKER) == expected


def test_invariant_when_fund_and_backstop_take_in_one_fact_then_it_objects() -> None:
    """They take one after the other, each in a fact of its own."""
    book = with_backstop(crashed(fund_quanta=100))
    submit(book, m.OpenAccount(time_ns=1, account_id="fund", role="fund"))
    fills = (
        m.Fill("al", "BTC", -10, 700, 0, "bankrupt"),
        m.Fill("x", "BTC", 5, -350, 0, "taker"),
        m.Fill("fund", "BTC", 5, -350, 0, "taker"),
    )
    rules = Rules(fund_inventory_cap_lots=5)
    assert objection(book, (told(book, Rules())[0], took(fills, 0)), rules) == "INV-8"


@pytest.mark.parametrize("unit_id", ["x", "idle"])
def test_corruption_when_a_window_is_counted_wrongly_then_the_takeover_objects(unit_id: str) -> None:
    """The window of who took moves by what it took, that of the others not at all."""
    book = with_backstop(crashed())
    for name in ("x", "idle"):
        book.backstops[name] = Backstop(Programme(100, 1_000, 0, -PPB))
    declared, taken = told(book, Rules())[:2]
    running = Invariants(book, Rules())
    running.before(declared)
    apply(book, declared)
    running.after(declared)
    running.before(taken)
    apply(book, taken)
    book.backstops[unit_id].window_used_quanta += 1
    with pytest.raises(InvariantBroken, match="INV-8"):
        running.after(taken)


def test_corruption_when_a_new_programme_forgets_the_window_then_it_objects() -> None:
    """700 of the window were used: a new programme keeps that."""
    book = with_backstop(crashed())
    book.backstops["x"] = Backstop(Programme(100, 1_000, 0, 0), 2, 700, 1, 2)
    fields: dict[str, int] = {"capacity_lots": 5, "window_ns": 9, "window_notional_quanta": 9}
    answer = decide(book, m.SetProgramme(time_ns=3, account_id="x", **fields), Rules())
    assert isinstance(answer, tuple)
    running = Invariants(book, Rules())
    running.before(answer[0])
    apply(book, answer[0])
    book.backstops["x"].window_used_quanta = 0
    with pytest.raises(InvariantBroken, match="INV-8"):
        running.after(answer[0])


def test_invariant_when_a_trader_gets_a_programme_then_it_objects() -> None:
    """A programme never lets a non-backstop take over."""
    fact = m.ProgrammeSet(seq=0, time_ns=2, account_id="cy", capacity_lots=10, programme=Programme())
    assert objection(crashed(), (fact,), Rules()) == "INV-8"


def _resting(book: Book) -> None:
    book.steps = 1
    book.backstops["x"] = Backstop(Programme(0, 0, 50, -PPB), 0, 0, 1, 1)


PASSED: dict[str, tuple[Change, m.Passed]] = {
    "there is none": (lambda book: None, m.Passed("BTC", "long", "", "no_backstop")),
    "a trader passed": (lambda book: None, m.Passed("BTC", "long", "cy", "capacity")),
    "an unknown reason": (lambda book: None, m.Passed("BTC", "long", "x", "mood")),
    "an edge without a programme": (lambda book: None, m.Passed("BTC", "long", "x", "edge")),
    "a rest without a takeover": (published(Programme(0, 0, 50, 0)), m.Passed("BTC", "long", "x", "cool_down")),
    "a rest is told as an edge": (_resting, m.Passed("BTC", "long", "x", "edge")),
}


@pytest.mark.parametrize("name", PASSED)
def test_invariant_when_a_backstop_is_said_to_pass_for_a_wrong_reason_then_it_objects(name: str) -> None:
    """Who is a backstop, who has a programme and who rests is looked up."""
    prepare, passed = PASSED[name]
    book = with_backstop(crashed(), capacity_lots=0)
    prepare(book)
    facts = told(book, Rules())
    assert objection(book, ended(facts, passed=(passed,)), Rules()) == "INV-7"
