"""Wrong stories about auctions, each of which adds up and must meet an objection; and what bids keep in random worlds.

The book is that of the unit tests: al (10 lots long) has 40 left at 84, below close-out, and is on offer at 1 % from
2 ns on, until 32 ns; vault, a backstop, waits. cy bids for 5 lots, worth 420, and gets 4.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deleverage.rulebook import messages as m
from deleverage.rulebook.apply import apply
from deleverage.rulebook.auction import MOST_NS, Auction, Dutch
from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import decide
from deleverage.rulebook.invariants import Invariants
from deleverage.rulebook.margin import equity
from deleverage.rulebook.quantities import PPB
from deleverage.rulebook.rules import Rules
from tests.commands import to_command, to_rules
from tests.parity.compare import plain_book
from tests.properties.stories import TERMS, submit
from tests.properties.test_lies import objection
from tests.unit.test_auction import LAW, auctioned, bid, distressed, moved, with_vault
from tests.worlds import world

Facts = tuple[m.Fact, ...]
SEEDS = range(93_000, 93_120)


def before() -> Book:
    """Return the book before the step that opens the auction."""
    book = distressed()
    with_vault(book, 1)
    return book


def running() -> Book:
    """Return the book with the auction on."""
    book = auctioned()
    with_vault(book)
    return book


def stood() -> Book:
    """Return the book with an auction whose market was halted for a nanosecond: it is over at 33 ns."""
    book = running()
    submit(book, m.Halt(time_ns=3, scope="BTC", reason="drill"))
    submit(book, m.Resume(time_ns=4, scope="BTC"), LAW)
    return book


def stopped() -> Book:
    """Return the book with the auction on, halted by an operator."""
    book = running()
    submit(book, m.Halt(time_ns=3, scope="", reason="drill"))
    return book


def told(book: Book, command: m.Command, rules: Rules = LAW) -> Facts:
    """Return what the law says."""
    facts = decide(book, command, rules)
    assert isinstance(facts, tuple)
    return facts


OPENING = told(before(), m.RunStep(time_ns=2))
TAKEN = told(before(), m.RunStep(time_ns=2), Rules())
EXPIRY = told(running(), m.RunStep(time_ns=32))
SALE = told(running(), bid())


def opened(**changes: Any) -> Facts:
    """Return the opening with some of it changed."""
    return (replace(OPENING[0], **changes), *OPENING[1:])


def end(**changes: Any) -> m.AuctionEnded:
    """Return an end that is told at 3 ns."""
    fields: dict[str, Any] = {"rules_hash": "", "unit_id": "al", "start_ns": 2, "why": "healthy"}
    return m.AuctionEnded(**{"seq": 0, "time_ns": 3} | fields | changes)


def step_end(time_ns: int) -> m.Fact:
    """Return the end of the next step, in which nothing happened."""
    return told(running(), m.RunStep(time_ns=time_ns))[-1]


STEPS: dict[str, tuple[str, Callable[[], Book], Facts]] = {
    "a unit is taken over without an auction": ("INV-7", before, TAKEN),
    "a unit is taken over while its auction runs": ("INV-7", running, EXPIRY[1:]),
    "a unit below close-out is not auctioned": ("INV-7", before, OPENING[1:]),
    "a unit that would not be taken over is auctioned": ("INV-7", before, opened(unit_id="bo", equity_quanta=5_160)),
    "a unit is auctioned twice": ("INV-7", before, (OPENING[0], *OPENING)),
    "the equity is told wrongly": ("INV-7", before, opened(equity_quanta=41)),
    "an auction is told to last longer": ("INV-7", before, opened(length_ns=31)),
    "marks are told to count for longer": ("INV-7", before, opened(max_mark_age_ns=1)),
    "an auction that stood still is told to expire": ("INV-7", stood, (end(why="expired", time_ns=32),)),
    "an auction is told to expire too early": ("INV-7", running, (end(why="expired"),)),
    "an auction is told to end for health": ("INV-7", running, (end(),)),
    "an auction is told to end for no reason": ("INV-7", running, (end(why=""),)),
    "an auction is told to end for bankruptcy": ("INV-7", running, (end(why="bankrupt"),)),
    "an auction ends that there is not": ("INV-7", running, (end(unit_id="bo", why="flat"),)),
    "an auction that ends began another time": ("INV-7", running, (end(why="expired", start_ns=1, time_ns=32),)),
    "an auction that is over is not told": ("INV-7", running, (step_end(32),)),
    "an auction ends in a domain that was halted": ("INV-18", stopped, EXPIRY[:1]),
}


@pytest.mark.parametrize("name", STEPS)
def test_invariant_when_an_auction_is_told_wrongly_then_it_objects(name: str) -> None:
    """Who is on offer, since when and until when follow from book and rules."""
    expected, book, facts = STEPS[name]
    assert objection(book(), facts, LAW) == expected


def test_invariant_when_nobody_was_auctioned_under_the_common_law_then_an_auction_is_a_lie() -> None:
    """No rule, no auction."""
    assert objection(before(), OPENING, Rules()) == "INV-7"


@pytest.mark.parametrize(("book", "facts"), [(before, OPENING), (running, EXPIRY), (running, SALE)])
def test_invariant_when_an_auction_is_told_truly_then_nobody_objects(book: Callable[[], Book], facts: Facts) -> None:
    """The controls."""
    assert objection(book(), facts, LAW) == ""


def test_invariant_when_a_mark_of_an_expired_auction_is_forged_then_it_objects() -> None:
    """A row that says expired before its time would let stage 3 take over at once."""
    book = running()
    book.auctions["al"] = Auction(2, 30, offered_ns=29, expired=True)
    assert objection(book, told(book, m.RunStep(time_ns=3))[-1:], LAW) == "INV-7"


# -- sales ------------------------------------------------------------------------------------------------------------


def sale(quanta: int = 0, **changes: Any) -> Facts:
    """Return the sale with so much more given up, or with other changes."""
    (fact,) = SALE
    assert isinstance(fact, m.AuctionSold)
    al, cy = fact.fills
    fills = (
        al._replace(amount_quanta=al.amount_quanta - quanta, money_quanta=al.money_quanta - quanta),
        cy._replace(amount_quanta=cy.amount_quanta + quanta, money_quanta=cy.money_quanta + quanta),
    )
    told: dict[str, Any] = {"fills": fills, "discount_quanta": fact.discount_quanta + quanta}
    return (replace(fact, **told | changes),)


def _healthy(book: Book) -> None:
    submit(book, m.Deposit(time_ns=2, unit_id="al", amount_quanta=2))


def _grouped(book: Book) -> None:
    book.accounts["cy"] = replace(book.accounts["cy"], owner_group="al")


def _poor(book: Book) -> None:
    submit(book, m.Withdraw(time_ns=2, unit_id="cy", amount_quanta=4_990))


def _halted(book: Book) -> None:
    submit(book, m.Halt(time_ns=2, scope="", reason="drill"))


def _market_halted(book: Book) -> None:
    submit(book, m.Halt(time_ns=2, scope="BTC", reason="drill"))


def _gone(book: Book) -> None:
    del book.auctions["al"]


def _terms(book: Book, **changes: Any) -> None:
    book.markets["BTC"].terms = replace(book.markets["BTC"].terms, **changes)


def _full(book: Book) -> None:
    _terms(book, max_lots=4)


def _late(book: Book) -> None:
    _terms(book, expiry_ns=2)


def _hidden(book: Book) -> None:
    book.markets["BTC"].guard = "out_of_band"


def _rich(book: Book) -> None:
    _terms(book, tiers=(replace(TERMS.tiers[0], initial_rate_ppb=50_000_000),))


def _fund(book: Book) -> None:
    book.accounts["cy"] = replace(book.accounts["cy"], role="fund")


def _as_it_is(book: Book) -> None:
    pass


def _turned() -> tuple[m.Fill, ...]:
    (fact,) = SALE
    assert isinstance(fact, m.AuctionSold)
    al, cy = fact.fills
    return (al._replace(unit_id="cy", part="auctioned"), cy._replace(unit_id="al", part="bidder"))


SALES: dict[str, tuple[str, Callable[[Book], None], Facts]] = {
    "more was given up than the schedule says": ("INV-6", _as_it_is, sale(1)),
    "less was given up than the schedule says": ("INV-6", _as_it_is, sale(-1)),
    "a larger discount is told": ("INV-12", _as_it_is, sale(discount_ppb=20_000_000)),
    "the discount is told as less than was paid": ("INV-6", _as_it_is, sale(discount_quanta=3)),
    "another bidder is told": ("INV-8", _as_it_is, sale(bidder_unit_id="bo")),
    "the sides are turned": ("INV-8", _as_it_is, sale(fills=_turned())),
    "somebody is paid besides": (
        "INV-11",
        _as_it_is,
        sale(payments=(m.Payment("bo", 1), m.Payment("vault", -1))),
    ),
    "the owner pays besides": ("INV-11", _as_it_is, sale(payments=(m.Payment("al", -1), m.Payment("bo", 1)))),
    "more lots are sold than end the distress": ("INV-8", _rich, SALE),
    "the fund holds too much": ("INV-9", _fund, SALE),
    "the bid is told to end the auction": ("INV-7", _as_it_is, sale(ended="healthy")),
    "the bidder holds too much": ("INV-9", _full, SALE),
    "the contract has expired": ("INV-18", _late, SALE),
    "a mark of the unit is guarded": ("INV-18", _hidden, SALE),
    "the unit is healthy": ("INV-8", _healthy, SALE),
    "the unit is not on offer": ("INV-8", _gone, SALE),
    "the bidder is of the owner's group": ("INV-8", _grouped, SALE),
    "the bidder cannot carry the lots": ("INV-9", _poor, SALE),
    "the domain is halted": ("INV-18", _halted, SALE),
    "the market is halted": ("INV-18", _market_halted, SALE),
}


@pytest.mark.parametrize("name", SALES)
def test_invariant_when_a_sale_of_an_auction_is_told_wrongly_then_it_objects(name: str) -> None:
    """Discount, money, sides and the bidder's margin are recomputed."""
    expected, happens, facts = SALES[name]
    book = running()
    happens(book)
    assert objection(book, facts, LAW) == expected


def test_invariant_when_the_clip_is_forgotten_then_it_objects() -> None:
    """At 81 al has 10; 3 % of 810 would be 24, and leave it 14 short: a loss that the auction has made."""
    book = running()
    moved(book, 81, 22)
    (fact,) = told(book, bid(time_ns=22, lots=10))
    assert isinstance(fact, m.AuctionSold)
    al, cy = fact.fills
    fills = (
        al._replace(amount_quanta=al.amount_quanta - 14, money_quanta=al.money_quanta - 14),
        cy._replace(amount_quanta=cy.amount_quanta + 14, money_quanta=cy.money_quanta + 14),
    )
    assert objection(book, (replace(fact, fills=fills, discount_quanta=24),), LAW) == "INV-6"


# -- properties -------------------------------------------------------------------------------------------------------


def _within(rises_ppb: int, step_ppb: int, every_ns: int) -> int:
    """Return an interval with which no auction lasts longer than a day."""
    return min(every_ns, MOST_NS // (-(-rises_ppb // step_ppb) + 1))


shares = st.integers(0, PPB)
schedules = st.builds(
    lambda one, other, step, every: Dutch(
        min(one, other), step, _within(abs(one - other), step, every), max(one, other)
    ),
    shares,
    shares,
    st.integers(1, PPB),
    st.integers(1, 10**12),
)


@given(schedules, st.integers(0, 10**30), st.integers(0, 10**30))
def test_discount_when_time_passes_then_it_never_falls_and_stays_between_first_and_largest(
    rule: Dutch, elapsed_ns: int, more_ns: int
) -> None:
    """From the start to the end, and the largest is on offer for the last step."""
    assert rule.start_ppb <= rule.discount_ppb(elapsed_ns) <= rule.discount_ppb(elapsed_ns + more_ns) <= rule.most_ppb
    last = rule.lasts_ns() - rule.every_ns
    assert rule.discount_ppb(last) == rule.most_ppb
    assert last == 0 or rule.discount_ppb(last - 1) < rule.most_ppb


@given(
    st.integers(81, 84),
    schedules,
    st.lists(st.tuples(st.integers(1, 10), st.integers(0, 40)), min_size=1, max_size=6),
)
def test_bids_when_they_follow_each_other_then_the_unit_is_never_worse_covered_and_never_below_zero(
    price_ticks: int, rule: Dutch, wishes: list[tuple[int, int]]
) -> None:
    """Whatever schedule, sizes and times: equity per lot does not fall, and what al loses cy has."""
    rules = Rules(auction=rule)
    book = distressed()
    moved(book, price_ticks, 1)
    watcher = Invariants(book, rules)
    commands: list[m.Command] = [m.RunStep(time_ns=2)]
    commands += [bid(time_ns=time_ns, lots=size) for size, time_ns in sorted(wishes, key=lambda wish: wish[1])]
    for command in commands:
        own, held = equity(book, book.units["al"]), book.units["al"].lots_on("BTC", 1)
        both = own + equity(book, book.units["cy"])
        answer = decide(book, command, rules)
        for fact in answer if isinstance(answer, tuple) else ():
            watcher.before(fact)
            apply(book, fact)
            watcher.after(fact)
        now, left = equity(book, book.units["al"]), book.units["al"].lots_on("BTC", 1)
        assert 0 <= now <= own
        assert now * held >= own * left
        assert now + equity(book, book.units["cy"]) == both


def test_worlds_when_units_are_on_offer_then_nobody_takes_them_over_and_bids_make_no_loss() -> None:
    """Told once more without the invariants' words, and often enough to mean something."""
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        plain, commands = world(seed)
        rules, book = to_rules(plain), Book()
        command = next(commands)
        try:
            while True:
                answer = decide(book, to_command(command), rules)
                for fact in answer if isinstance(answer, tuple) else ():
                    _look(book, rules, fact)
                    apply(book, fact)
                    seen[type(fact).__name__] += 1
                command = commands.send(plain_book(book))
        except StopIteration:
            pass
    assert min(seen["AuctionSold"], seen["AuctionOpened"], seen["AuctionEnded"], seen["TakenOver"]) >= 10


def _look(book: Book, rules: Rules, fact: m.Fact) -> None:
    if isinstance(fact, m.TakenOver):
        solvent = [f.unit_id for f in fact.fills if f.part == "bankrupt" and not book.units[f.unit_id].bankrupt]
        for unit_id in solvent if rules.auction.lasts_ns() else ():
            assert fact.time_ns >= book.auctions[unit_id].start_ns + rules.auction.lasts_ns()
    if isinstance(fact, m.AuctionSold):
        own, sold = equity(book, book.units[fact.unit_id]), fact.fills[0]
        notional = abs(sold.lots * book.markets[fact.market_id].value_quanta)
        assert 0 <= fact.discount_quanta <= own
        assert fact.discount_quanta * PPB <= notional * fact.discount_ppb
        assert sum(fill.lots for fill in fact.fills) == sum(fill.amount_quanta for fill in fact.fills) == 0
