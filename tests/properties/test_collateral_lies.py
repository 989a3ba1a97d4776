"""Collateral told wrongly: each story adds up in money and grains, and the law objects."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from deleverage.rulebook import messages as m
from deleverage.rulebook.apply import apply
from deleverage.rulebook.assets import AssetTerms
from deleverage.rulebook.book import Book, Tier
from deleverage.rulebook.decide import decide
from deleverage.rulebook.invariants import InvariantBroken, Invariants
from deleverage.rulebook.rules import Rules
from tests.properties.collateral_stories import BTC, bring, mark, opened, price, short_by_100, step, trade
from tests.properties.stories import submit
from tests.properties.test_lies import STEP, objection

HALF_BAND = Rules(mark_band_ppb=500_000_000)
USDT = AssetTerms("USDT", 10, 10_000_000, 0, 10**9, 10**9)
Story = tuple[Book, tuple[m.Fact, ...], Rules]


def sold(book: Book, rules: Rules | None = None) -> m.CollateralSold:
    """Return the first forced conversion that an honest step would tell."""
    answer = decide(book, m.RunStep(time_ns=2), rules or Rules())
    assert isinstance(answer, tuple)
    return next(fact for fact in answer if isinstance(fact, m.CollateralSold))


def two_takers() -> tuple[Book, m.CollateralSold]:
    """Return al, 100 short, and the honest sale of its 12 grains to b1 (2 grains, 18) and b2 (10 grains, 90)."""
    book = short_by_100({"b1": 50, "b2": 200, "di": 500})
    return book, sold(book)


def told(change: Callable[[m.CollateralSold], m.CollateralSold]) -> Story:
    """Return the honest sale with something changed."""
    book, fact = two_takers()
    return book, (change(fact),), Rules()


def dealt(grains: dict[str, int], money: dict[str, int], **seller: Any) -> m.CollateralSold:
    """Return a sale of al with these grains and this money, and something else said about al."""
    _, fact = two_takers()
    given = m.CollateralSeller("al", -100, 0, -grains["al"], money["al"], 0)._replace(**seller)
    assets = tuple(m.AssetFill(key, got, "seller" if got < 0 else "taker") for key, got in grains.items())
    payments = tuple(m.Payment(key, amount) for key, amount in money.items())
    return replace(fact, assets=assets, payments=payments, sellers=(given,))


def by_somebody_healthy() -> Story:
    """Return a sale of di, who owes nothing."""
    book = short_by_100({"b": 500, "di": 500})
    bring(book, "di", 50)
    assets = (m.AssetFill("di", -12, "seller"), m.AssetFill("b", 12, "taker"))
    payments = (m.Payment("di", 108), m.Payment("b", -108))
    sellers = (m.CollateralSeller("di", 500, 0, 12, 108, 0),)
    return book, (replace(sold(book), assets=assets, payments=payments, sellers=sellers),), Rules()


def at_a_guarded_price() -> Story:
    """Return the honest sale after the price was guarded."""
    book, fact = two_takers()
    price(book, 200, rules=HALF_BAND)
    return book, (fact,), HALF_BAND


def dear_asset_first() -> Story:
    """Return the sale of BTC while al still has USDT, whose haircut is smaller."""
    book = short_by_100({"b": 500}, BTC, USDT)
    fact = sold(book)
    bring(book, "al", 50, "USDT")
    return book, (fact,), Rules()


def pledge_is_kept() -> Story:
    """Return the sale of a pledged asset whose proceeds stay with the owner."""
    book = short_by_100({"b": 0})
    step(book)
    submit(book, m.Deposit(time_ns=2, unit_id="b", amount_quanta=500))
    fact = sold(book)
    payments = (m.Payment("al", 108), m.Payment("b", -108))
    kept = (fact.sellers[0]._replace(repaid_quanta=0),)
    return book, (replace(fact, payments=payments, pots=(), sellers=kept),), Rules()


def declared_before_the_sale() -> Story:
    """Return al's bankruptcy while b would buy."""
    book = short_by_100({"b": 500})
    return book, (m.BankruptcyDeclared(**STEP, units=(m.UnitEquity("al", -100),)),), Rules()


def declared_while_it_waits() -> Story:
    """Return al's bankruptcy while its grains would cover it at a price that nobody vouches for."""
    book = short_by_100({"b": 500})
    price(book, 200, rules=HALF_BAND)
    return book, (m.BankruptcyDeclared(**STEP, units=(m.UnitEquity("al", -100),)),), HALF_BAND


def forgotten() -> Story:
    """Return the end of a step that leaves al below zero: its guarded grains would bring 90 of 100."""
    book = short_by_100({"b": 500})
    price(book, 20)
    price(book, 200, rules=HALF_BAND)
    ended = m.StepEnded(**STEP, step=1, rounds=0, stopped="quiet", guarded=(), waiting=False, unsold=(), passed=())
    return book, (ended,), HALF_BAND


def taken_out(book: Book, name: str, grains: int, rules: Rules | None = None) -> Story:
    """Return a withdrawal."""
    out = m.AssetOut(seq=0, time_ns=2, unit_id=name, asset_id="BTC", amount_grains=grains)
    return book, (out,), rules or Rules()


def backing() -> Book:
    """Return a book in which al's 50 grains back 40 lots that need all of them."""
    book = opened({"al": 0, "cy": 1_000}, {"al": 50})
    trade(book, "al", "cy", 40)
    return book


def pledged() -> Book:
    """Return a book in which al's 50 grains are pledged for 100."""
    book = short_by_100({"di": 100})
    step(book)
    return book


def guarded() -> Book:
    """Return a book whose price is guarded."""
    book = opened({"al": 0}, {"al": 50})
    price(book, 200, rules=HALF_BAND)
    return book


def agreed(money: int, **other: Any) -> Story:
    """Return a voluntary conversion of 3 grains (30 at the price) between al and cy, who has 40."""
    book = opened({"al": 0, "cy": 40}, {"al": 50})
    fact = m.Converted(
        seq=0,
        time_ns=2,
        asset_id="BTC",
        price_quanta=other.pop("price_quanta", 100),
        assets=(m.AssetFill("al", -3, "seller"), m.AssetFill("cy", 3, "taker")),
        payments=(m.Payment("al", money), m.Payment("cy", other.pop("paid", -money))),
        **other,
    )
    return book, (fact,), Rules()


def agreed_in_a_halt() -> Story:
    """Return a fair conversion while an operator has halted the domain."""
    book, facts, rules = agreed(30)
    submit(book, m.Halt(time_ns=1, scope="", reason="drill"))
    return book, facts, rules


EVEN = {"al": -12, "b1": 2, "b2": 10}
LIES: dict[str, tuple[str, Callable[[], Story]]] = {
    "another price is told": ("INV-12", lambda: told(lambda fact: replace(fact, price_quanta=99))),
    "another discount is told": ("INV-12", lambda: told(lambda fact: replace(fact, discount_ppb=0))),
    "below the discounted price": (
        "INV-12",
        lambda: told(lambda _: dealt(EVEN, {"al": 100, "b1": -17, "b2": -83})),
    ),
    "more than needed": (
        "INV-9",
        lambda: told(lambda _: dealt({"al": -15, "b1": 3, "b2": 12}, {"al": 135, "b1": -27, "b2": -108})),
    ),
    "other grains are told than given": (
        "INV-8",
        lambda: told(lambda _: dealt(EVEN, {"al": 108, "b1": -18, "b2": -90}, sold_grains=11)),
    ),
    "somebody healthy sells": ("INV-9", by_somebody_healthy),
    "a stranger takes": (
        "INV-9",
        lambda: told(lambda _: dealt({"al": -12, "di": 12}, {"al": 108, "di": -108})),
    ),
    "a taker takes more than it can pay": (
        "INV-9",
        lambda: told(lambda _: dealt({"al": -12, "b1": 6, "b2": 6}, {"al": 108, "b1": -54, "b2": -54})),
    ),
    "one taker pays for the other": (
        "INV-10",
        lambda: told(lambda _: dealt(EVEN, {"al": 108, "b1": -28, "b2": -80})),
    ),
    "a bystander pays": (
        "INV-10",
        lambda: told(lambda _: dealt(EVEN, {"al": 108, "b1": -18, "b2": -80, "di": -10})),
    ),
    "the seller is paid more": (
        "INV-6",
        lambda: told(lambda _: dealt(EVEN, {"al": 118, "b1": -18, "b2": -100}, money_quanta=108)),
    ),
    "something is repaid that nobody carried": (
        "INV-1",
        lambda: told(
            lambda _: replace(
                dealt(EVEN, {"al": 98, "b1": -18, "b2": -90}, money_quanta=108, repaid_quanta=10),
                pots=(m.PotChange("fund", 10),),
            )
        ),
    ),
    "the pledge is kept": ("INV-6", pledge_is_kept),
    "a pot is filled along": (
        "INV-11",
        lambda: told(lambda fact: replace(fact, pots=(m.PotChange("fees", 0),))),
    ),
    "two bystanders trade money along": (
        "INV-11",
        lambda: told(lambda fact: replace(fact, payments=(*fact.payments, m.Payment("di", -1), m.Payment("cy", 1)))),
    ),
    "a guarded price": ("INV-18", at_a_guarded_price),
    "the larger haircut first": ("INV-10", dear_asset_first),
    "bankrupt before the sale": ("INV-7", declared_before_the_sale),
    "bankrupt while it waits for a price": ("INV-18", declared_while_it_waits),
    "below zero and forgotten": ("INV-9", forgotten),
    "what backs a position leaves": ("INV-9", lambda: taken_out(backing(), "al", 1)),
    "a pledge leaves": ("INV-9", lambda: taken_out(pledged(), "al", 1)),
    "nothing leaves": ("INV-9", lambda: taken_out(opened({"al": 0}, {"al": 50}), "al", 0)),
    "at a guarded price it leaves": ("INV-18", lambda: taken_out(guarded(), "al", 1, HALF_BAND)),
    "it leaves while somebody is below zero": ("INV-20", lambda: taken_out(_below_zero(), "di", 1)),
    "agreed at another price than told": ("INV-12", lambda: agreed(29)),
    "agreed beyond the taker's money": ("INV-9", lambda: agreed(60, price_quanta=200)),
    "agreed with a fee": ("INV-12", lambda: agreed(30, paid=-31, pots=(m.PotChange("fees", 1),))),
    "agreed in a halted domain": ("INV-18", agreed_in_a_halt),
    "agreed and an empty pot moved": ("INV-11", lambda: agreed(30, pots=(m.PotChange("fees", 0),))),
    "grains from nowhere": (
        "sum of a fact",
        lambda: told(lambda fact: replace(fact, assets=(*fact.assets, m.AssetFill("di", 1, "taker")))),
    ),
    "more grains than there are": ("sum of a fact", lambda: taken_out(opened({"al": 0}, {"al": 5}), "al", 6)),
}


def _below_zero() -> Book:
    book = short_by_100({"di": 0})
    bring(book, "di", 5)
    return book


@pytest.mark.parametrize("name", LIES)
def test_collateral_when_it_is_told_wrongly_then_an_invariant_objects(name: str) -> None:
    """Every story adds up, but for the last two: those are stopped by the pen itself."""
    expected, story = LIES[name]
    assert objection(*story()) == expected


@pytest.mark.parametrize("story", [two_takers], ids=["the honest sale"])
def test_collateral_when_it_is_told_as_the_law_has_it_then_nobody_objects(
    story: Callable[[], tuple[Book, m.CollateralSold]],
) -> None:
    """The control."""
    book, fact = story()
    assert objection(book, (fact,), Rules()) == ""
    assert objection(*agreed(30)) == ""
    assert objection(*taken_out(opened({"al": 0}, {"al": 50}), "al", 50)) == ""


def _grains(book: Book) -> None:
    book.units["al"].assets["BTC"] += 1


def _net_grains(book: Book) -> None:
    book.assets["BTC"].net_deposits_grains -= 1


def _another_asset(book: Book) -> None:
    book.units["al"].assets["USDT"] = 1


def _no_grains(book: Book) -> None:
    book.units["al"].assets["USDT"] = 0


def _empty_pledge(book: Book) -> None:
    book.units["al"].assets.clear()
    book.assets["BTC"].net_deposits_grains = 0
    book.units["al"].carried = 1


def _isolated(book: Book) -> None:
    book.units["al/M"].assets["BTC"] = book.units["al"].assets.pop("BTC")


@pytest.mark.parametrize(
    "corrupt",
    [_grains, _net_grains, _another_asset, _no_grains, _empty_pledge, _isolated],
    ids=lambda corrupt: str(corrupt.__name__).strip("_"),
)
def test_grains_when_a_number_changes_behind_apply_then_the_next_checks_object(corrupt: Callable[[Book], None]) -> None:
    """The clause of INV-1 for assets finds it with the next fact that touches the unit, and in full."""
    book = opened({"al": 100}, {"al": 50}, BTC, USDT)
    submit(book, m.OpenIsolated(time_ns=0, account_id="al", market_id="M"))
    running, whole = Invariants(book, Rules()), Invariants(book, Rules())
    answer = decide(book, m.MoveMargin(time_ns=2, from_unit_id="al", to_unit_id="al/M", amount_quanta=1), Rules())
    assert isinstance(answer, tuple)
    corrupt(book)
    with pytest.raises(InvariantBroken, match="INV-1"):
        whole.full()
    running.before(answer[0])
    apply(book, answer[0])
    with pytest.raises(InvariantBroken, match="INV-1"):
        running.after(answer[0])


def test_waiting_unit_when_it_is_taken_over_then_an_invariant_objects() -> None:
    """al waits for a price: its lots are not to be had, not even at the bankruptcy amount."""
    book = short_by_100({"b": 500})
    mark(book, 85)
    price(book, 200, rules=HALF_BAND)
    fills = (m.Fill("al", "M", -10, 1_000, 150, "bankrupt"), m.Fill("b", "M", 10, -1_000, -150, "taker"))
    lie = m.TakenOver(
        **STEP,
        market_id="M",
        side="long",
        fills=fills,
        shortfall_quanta=150,
        surplus_quanta=0,
        edge_quanta=0,
        fund_debts=(),
    )
    market = book.markets["M"]
    market.terms = replace(market.terms, tiers=(Tier(0, 50_000_000, 100_000_000, close_out_rate_ppb=50_000_000),))
    assert objection(book, (lie,), HALF_BAND) == "INV-8"
