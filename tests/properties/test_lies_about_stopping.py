"""Wrong stories about halts, graces, bands and breakers: each adds up, and each must meet an objection.

The book is that of ``crashed``: al (10 lots long) is 100 quanta short at a mark of 70, bo, cy and di are solvent.
"""

from dataclasses import replace
from typing import Any

import pytest

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import decide
from deleverage.rulebook.rules import Rules
from tests.properties.stories import close_out_at_maintenance, crashed, submit
from tests.properties.test_corners import domain
from tests.properties.test_lies import objection

Facts = tuple[m.Fact, ...]
HEAD: dict[str, Any] = {"seq": 0, "time_ns": 2}
LAW = Rules()


def decided(book: Book, command: m.Command, rules: Rules = LAW) -> Facts:
    """Return what the law says to a command."""
    facts = decide(book, command, rules)
    assert isinstance(facts, tuple)
    return facts


def deal(buyer: str, seller: str, **fields: Any) -> m.Trade:
    """Return a trade, of a lot at 70 unless the fields say otherwise."""
    told: dict[str, Any] = {"buyer_unit_id": buyer, "seller_unit_id": seller, "market_id": "BTC"}
    return m.Trade(time_ns=2, **told | {"lots": 1, "price_ticks": 70} | fields)


STEP = decided(crashed(), m.RunStep(time_ns=2))
OPENING = decided(crashed(), deal("di", "cy"))
REDUCING = decided(crashed(), deal("cy", "di"))
ORDER = m.OrderPlaced(**HEAD, order_id="o", unit_id="cy", market_id="BTC", lots=1, price_ticks=70)


def halts(*scopes: str) -> Facts:
    """Return the facts of these halts."""
    return tuple(m.Halted(**HEAD, scope=scope, reason="drill") for scope in scopes)


def resumption(scope: str, *reduce_only: str) -> Facts:
    """Return a resumption that leaves so many markets reduce-only."""
    return (m.Resumed(**HEAD, scope=scope, reduce_only=reduce_only, grace_until_ns=0, grace=()),)


LIES: dict[str, tuple[str, Facts]] = {
    "a step goes on in a halted domain": ("INV-18", (*halts(""), *STEP)),
    "bankrupt lots are closed in a halted market": ("INV-18", (*halts("BTC"), STEP[0], STEP[1])),
    "a trade opens in a halted domain": ("INV-18", (*halts(""), *OPENING)),
    "a trade opens in a halted market": ("INV-18", (*halts("BTC"), *OPENING)),
    "an order is placed in a halted market": ("INV-18", (*halts("BTC"), ORDER)),
    "a halt is told twice": ("INV-18", (*halts("BTC"), *halts("BTC"))),
    "what is not halted is resumed": ("INV-18", resumption("BTC")),
    "a market with bankrupt lots is opened": ("INV-21", (STEP[0], *halts("BTC"), *resumption("BTC"))),
    "a resumed domain leaves a market halted, where a trade opens": (
        "INV-18",
        (*halts("", "BTC"), m.Resumed(**HEAD, scope="", reduce_only=(), grace_until_ns=0, grace=()), *OPENING),
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_invariant_when_a_story_goes_on_in_a_halt_then_it_objects(name: str) -> None:
    """What stands still is asked of the book, not of the fact."""
    expected, facts = LIES[name]
    assert objection(crashed(), facts, LAW) == expected


@pytest.mark.parametrize("facts", [STEP, OPENING, (*halts("", "BTC"), *REDUCING), (ORDER,)])
def test_invariant_when_the_story_respects_the_halt_then_nobody_objects(facts: Facts) -> None:
    """The controls: a step, an opening and an order without a halt, a reduction within both."""
    assert objection(crashed(), facts, LAW) == ""


# -- grace ----------------------------------------------------------------------------------------------------------

GRACE = Rules(grace_ns=100)


def in_grace(until_ns: int = 105, *, hedged: bool = False) -> Book:
    """Return a book whose BTC is in a grace until a time: al (200, long 10 from 100) is unhealthy at 84.

    Margin is 10 % initial, 5 % maintenance. cy bids for 10 lots, vault is a backstop, al has an order to sell. With
    ``hedged`` he has 10 lots long and 2 short, is unhealthy at 90, and nobody bids.
    """
    book = domain({"al": 200, "bo": 9_000, "cy": 9_000})
    submit(book, m.OpenAccount(time_ns=0, account_id="he", hedge=True))
    submit(book, m.Deposit(time_ns=0, unit_id="he", amount_quanta=200))
    if hedged:
        submit(book, deal("he", "bo", lots=10, price_ticks=100, buyer_side="long"))
        submit(book, deal("cy", "he", lots=2, price_ticks=100, seller_side="short"))
        submit(book, m.Withdraw(time_ns=2, unit_id="he", amount_quanta=80))
    else:
        submit(book, deal("al", "bo", lots=10, price_ticks=100))
        for unit_id, lots, price_ticks in (("al", -1, 95), ("cy", 10, 84)):
            fields: dict[str, Any] = {"order_id": unit_id, "unit_id": unit_id, "market_id": "BTC"}
            submit(book, m.PlaceOrder(time_ns=2, lots=lots, price_ticks=price_ticks, **fields))
    submit(book, m.SetMarks(time_ns=2, marks=(m.MarkUpdate("BTC", 90 if hedged else 84),)))
    book.markets["BTC"].grace_until_ns = until_ns
    return book


def with_vault(book: Book) -> Book:
    """Return the book with a backstop and without bids, close-out at maintenance."""
    close_out_at_maintenance(book)
    submit(book, m.CancelOrder(time_ns=2, order_id="cy"))
    submit(book, m.OpenAccount(time_ns=2, account_id="vault", role="backstop", backstop_capacity_lots=50))
    submit(book, m.Deposit(time_ns=2, unit_id="vault", amount_quanta=9_000))
    return book


def without_grace(book: Book, kind: type[m.Fact]) -> Facts:
    """Return the first fact of a kind that a step without the grace would have."""
    book.markets["BTC"].grace_until_ns = 0
    return next((fact,) for fact in decided(book, m.RunStep(time_ns=2), GRACE) if isinstance(fact, kind))


def end(*spared: m.Spared) -> Facts:
    """Return the end of a step that does nothing."""
    told: dict[str, Any] = {"step": 1, "rounds": 0, "stopped": "quiet", "guarded": (), "waiting": False}
    return (m.StepEnded(**HEAD, rules_hash="", **told, unsold=(), passed=(), spared=spared),)


def resumed(grace_until_ns: int, *grace: str) -> Facts:
    """Return the halt of BTC and its resumption at 2 ns with a grace."""
    told = m.Resumed(**HEAD, scope="BTC", reduce_only=(), grace_until_ns=grace_until_ns, grace=grace)
    return (*halts("BTC"), told)


def unbid() -> Book:
    """Return the book without cy's bid."""
    book = in_grace()
    submit(book, m.CancelOrder(time_ns=2, order_id="cy"))
    return book


def said_spared(book: Book) -> Facts:
    """Return a step in which al, without its grace, finds nobody to sell to; its end says that al was spared."""
    *facts, told = decided(lost(book), m.RunStep(time_ns=2), GRACE)
    assert isinstance(told, m.StepEnded)
    return (*facts, replace(told, spared=(AL,)))


def lost(book: Book) -> Book:
    """Return the book with al having lost its grace."""
    book.markets["BTC"].grace_lost = ("al",)
    return book


AL = m.Spared("al", "BTC", 105)
GRACE_LIES: dict[str, tuple[Book, Facts]] = {
    "stage 1 cancels the orders of a unit that is spared": (in_grace(), without_grace(in_grace(), m.OrdersCancelled)),
    "stage 1 nets the legs of a unit that is spared": (
        in_grace(hedged=True),
        without_grace(in_grace(hedged=True), m.Netted),
    ),
    "stage 2 sells lots of a unit that is spared": (in_grace(), without_grace(in_grace(), m.Reduced)),
    "stage 3 takes over lots of a unit that is spared": (
        with_vault(in_grace()),
        without_grace(with_vault(in_grace()), m.TakenOver),
    ),
    "a unit is spared and nobody says so": (in_grace(), end()),
    "a unit is said to be spared for longer": (in_grace(), end(AL._replace(until_ns=106))),
    "a healthy unit is said to be spared": (in_grace(), end(AL, m.Spared("bo", "BTC", 105))),
    "who has opened lots in the grace is said to be spared": (lost(unbid()), said_spared(unbid())),
    "a resumption forgets the grace": (in_grace(0), resumed(0)),
    "a resumption gives a longer grace": (in_grace(0), resumed(103, "BTC")),
    "a grace is given that no halt has earned": (in_grace(0), resumed(102, "BTC")[1:]),
}


@pytest.mark.parametrize("name", GRACE_LIES)
def test_invariant_when_a_grace_is_broken_or_told_wrongly_then_it_objects(name: str) -> None:
    """Who is spared, by which stage and until when, is recomputed from the book."""
    book, facts = GRACE_LIES[name]
    assert objection(book, facts, GRACE) == "INV-18"


@pytest.mark.parametrize(
    ("book", "facts"),
    [
        (in_grace(), end(AL)),
        (in_grace(0), resumed(102, "BTC")),
        (in_grace(2), decided(in_grace(2), m.RunStep(time_ns=2), GRACE)),
        (lost(in_grace()), decided(lost(in_grace()), m.RunStep(time_ns=2), GRACE)),
        (lost(with_vault(in_grace())), decided(lost(with_vault(in_grace())), m.RunStep(time_ns=2), GRACE)),
        (in_grace(), decided(in_grace(), m.CancelOrder(time_ns=2, order_id="al"), GRACE)),
    ],
)
def test_invariant_when_a_grace_is_kept_and_told_then_nobody_objects(book: Book, facts: Facts) -> None:
    """The controls: the end that names al, the grace of 100 ns, a step after it, al without it, an own cancellation."""
    assert objection(book, facts, GRACE) == ""


# -- bands and breakers -----------------------------------------------------------------------------------------------

BREAKER = Rules(trade_band_ppb=100_000_000, breaker_ppb=100_000_000, breaker_window_ns=60, pause_ns=100)


def paused(until_ns: int) -> Book:
    """Return the book of ``crashed``, its breaker with a reference of 70 since 1 ns."""
    book = crashed()
    market = book.markets["BTC"]
    market.reference_price_ticks, market.reference_time_ns, market.paused_until_ns = 70, 1, until_ns
    return book


def mark_of(price_ticks: int, *breakers: m.Breaker, guard: str = "") -> Facts:
    """Return a mark set."""
    mark = m.MarkSet("BTC", price_ticks, 70, guard)
    return (m.MarksSet(**HEAD, marks=(mark,), breakers=breakers),)


BREAKER_LIES: dict[str, tuple[int, Facts]] = {
    "a trade opens in a pause": (3, OPENING),
    "an order is placed in a pause": (3, (ORDER,)),
    "a trade lies beyond the band": (0, decided(crashed(), deal("cy", "di", price_ticks=78))),
    "an order lies beyond the band": (0, (replace(ORDER, price_ticks=62),)),
    "a mark trips the breaker and nothing pauses": (0, mark_of(78, m.Breaker("BTC", 70, 1, 0))),
    "a mark trips the breaker and nobody says so": (0, mark_of(78)),
    "a mark within the breaker pauses": (0, mark_of(77, m.Breaker("BTC", 77, 2, 102))),
    "the reference moves within its window": (0, mark_of(72, m.Breaker("BTC", 72, 2, 0))),
    "a mark that is not accepted trips the breaker": (
        0,
        mark_of(50, m.Breaker("BTC", 50, 2, 102), guard="out_of_band"),
    ),
}


@pytest.mark.parametrize("name", BREAKER_LIES)
def test_invariant_when_a_pause_or_band_is_broken_or_told_wrongly_then_it_objects(name: str) -> None:
    """Band and breaker are asked again."""
    until_ns, facts = BREAKER_LIES[name]
    assert objection(paused(until_ns), facts, BREAKER) == "INV-18"


@pytest.mark.parametrize(
    ("until_ns", "facts"),
    [
        (2, OPENING),
        (3, REDUCING),
        (2, (ORDER,)),
        (0, decided(crashed(), deal("cy", "di", price_ticks=77))),
        (0, mark_of(77, m.Breaker("BTC", 70, 1, 0))),
        (0, mark_of(78, m.Breaker("BTC", 78, 2, 102))),
        (0, mark_of(50, guard="out_of_band")),
    ],
)
def test_invariant_when_pause_and_band_are_kept_then_nobody_objects(until_ns: int, facts: Facts) -> None:
    """The controls: after the pause, a reduction within it, prices and marks at the edge of their bands."""
    assert objection(paused(until_ns), facts, BREAKER) == ""
