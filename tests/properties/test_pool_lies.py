"""Wrong stories about the fund's pools that add up, and corrupted pools: each must meet an objection.

The book is that of ``two_markets``: al is 100 short on BTC, whose pool is the zone, and 100 on ETH, the common pool's.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from deleverage.rulebook import messages as m
from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import decide
from deleverage.rulebook.funding_source import DeleverageFirst
from deleverage.rulebook.invariants import InvariantBroken, Invariants
from deleverage.rulebook.messages import Deposit, PotChange, SettleMarket
from deleverage.rulebook.pools import COMMON, Drawdown, Sample
from deleverage.rulebook.price import Mark
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.trigger import FundExhausted
from tests.properties.stories import close_out_at_maintenance, mark, open_book, submit, trade
from tests.properties.test_lies import Facts, objection
from tests.unit.pool_books import feed, pool, quiet, two_markets, watch
from tests.unit.test_pools import house
from tests.vulnerabilities.told import marks, order

HEAD: dict[str, Any] = {"seq": 0, "time_ns": 25}
FALL = Drawdown(4, 10, 50_000_000, 0)
INVENTORY = Rules(fund_inventory_cap_lots=3)
FEE = Rules(liquidation_fee_ppb=22_300_000)
WAITS = Rules(price=Mark(), funding_source=DeleverageFirst(), trigger=FundExhausted(70))


def told(book: Book, kind: type[m.Fact], change: Callable[[Any], Any], rules: Rules | None = None) -> Facts:
    """Return the honest step with the first fact of a kind changed, and nothing after it."""
    facts = decide(book.copy(), m.RunStep(time_ns=25), rules or Rules())
    assert isinstance(facts, tuple)
    at = next(at for at, fact in enumerate(facts) if isinstance(fact, kind))
    return (*facts[:at], change(facts[at]))


def plain() -> Book:
    """Return the book with 60 in the zone pool and 1,000 in the common one."""
    return two_markets(zone=60, common=1_000)


def watched(zone: int = 1_000) -> Book:
    """Return the same with a zone pool that may fall by 5 %, watched since time 0."""
    book = open_book({"al": 400, "bo": 2_000}, 1_000, ("BTC", "ETH"))
    pool(book, "zone", zone, "BTC")
    watch(book, FALL, "zone")
    for market_id in ("BTC", "ETH"):
        trade(book, "al", "bo", 10, market_id)
    marks(book, time_ns=15, BTC=70, ETH=70)
    return book


def with_house() -> Book:
    """Return a book in which the fund's unit takes 3 of al's lots, for 30 of the zone pool's 500."""
    book = quiet(zone=500)
    house(book, 500)
    mark(book, 70)
    return book


def lifted(zone: int = 500) -> Book:
    """Return a book in which the fund's own unit is 100 short, and al as well."""
    book = quiet(zone=zone)
    house(book, 200)
    trade(book, "house", "cy", 10)
    mark(book, 70)
    return book


def sold() -> Book:
    """Return a book in which al sells 10 BTC of the zone pool at 90, for a fee of 4."""
    book = open_book({"al": 104, "bo": 9_000, "ma": 9_000})
    pool(book, "zone", 0, "BTC")
    trade(book, "al", "bo", 10)
    submit(book, order("bid", "ma", 10, 90))
    mark(book, 90)
    return book


def surplus() -> Book:
    """Return a book in which a vault takes al's 10 BTC over at 90, and 4 are left of al."""
    book = open_book({"al": 104, "bo": 9_000})
    pool(book, "zone", 0, "BTC")
    submit(book, m.OpenAccount(time_ns=0, account_id="vault", role="backstop", backstop_capacity_lots=100))
    submit(book, Deposit(time_ns=0, unit_id="vault", amount_quanta=5_000))
    trade(book, "al", "bo", 10)
    close_out_at_maintenance(book)
    mark(book, 90)
    return book


def flat() -> Book:
    """Return a book in which al is flat and 100 short after a settlement: the zone pool's debt."""
    book = quiet(zone=1_000)
    submit(book, SettleMarket(time_ns=1, market_id="BTC", price_ticks=70))
    return book


def moved(pots: tuple[PotChange, ...], **changes: int) -> tuple[PotChange, ...]:
    """Return pot changes with some amounts added; keys are pots with ``_`` for the colon."""
    found = dict(pots)
    for name, quanta in changes.items():
        pot = name.replace("_", ":")
        found[pot] = found.get(pot, 0) + quanta
    return tuple(PotChange(pot, quanta) for pot, quanta in found.items() if quanta)


def zone_pays_less(f: m.FundPaid) -> m.FundPaid:
    """Let the common pool pay the 60 that the zone pool is told to have paid."""
    return replace(f, pots=moved(f.pots, fund=-60, fund_zone=60))


def common_pays_for_zone(f: m.FundPaid) -> m.FundPaid:
    """Let the common pool pay all of BTC's debt, and say so."""
    debts = tuple(d._replace(paid_quanta=100, pool_id=COMMON) for d in f.debts)
    payments = (m.Payment("al", 200),)
    return replace(f, debts=debts, payments=payments, pots=(PotChange("fund", -200),))


def pays_on(f: m.FundPaid, quanta: int) -> m.FundPaid:
    """Let the zone pool pay so much more for BTC than it is spared."""
    debts = tuple(d._replace(paid_quanta=d.paid_quanta + (quanta if d.leg_id == "BTC" else 0)) for d in f.debts)
    payments = (f.payments[0]._replace(amount_quanta=f.payments[0].amount_quanta + quanta),)
    return replace(f, debts=debts, payments=payments, pots=moved(f.pots, fund_zone=-quanta))


def fee_kept(f: m.FundPaid) -> m.FundPaid:
    """Let a fee stay in its pot, and say it entered nowhere."""
    return replace(f, entered_quanta=0, pots=())


def lifts_less(f: m.FundPaid) -> m.FundPaid:
    """Lift the own unit by 90 instead of 100."""
    payments = tuple(p._replace(amount_quanta=90) if p.unit_id == "house" else p for p in f.payments)
    own = (f.own_debts[0]._replace(paid_quanta=90),)
    return replace(f, own_unit_quanta=90, own_debts=own, payments=payments, pots=moved(f.pots, fund_zone=10))


def another_switch(**changes: Any) -> Callable[[m.PoolsSwitched], m.PoolsSwitched]:
    """Return a switch with some words changed."""
    return lambda f: replace(f, switches=(f.switches[0]._replace(**changes),))


def out(amount: int, pool_id: str = "zone") -> m.FundWithdrawn:
    """Return money that left a pool."""
    return m.FundWithdrawn(**HEAD, pool_id=pool_id, amount_quanta=amount)


def floored() -> Book:
    """Return a book where nothing has happened, the zone pool's floor being 400 of 1,000."""
    book = open_book({"al": 10})
    pool(book, "zone", 1_000, floor=400)
    return book


def indebted() -> Book:
    """Return a book in which 7 are owed to somebody who left with a claim."""
    book = floored()
    book.claims["al"] = 7
    return book


def already(kind: type[m.Fact], change: Callable[[Any], Any], rules: Rules | None = None) -> Callable[[Book], Facts]:
    """Return the falsified step of a book."""
    return lambda book: told(book, kind, change, rules)


def only(*facts: m.Fact) -> Callable[[Book], Facts]:
    """Return facts told without any story before them."""
    return lambda book: facts


SHIFT = m.PoolMoved(**HEAD, from_pool_id="zone", to_pool_id=COMMON, amount_quanta=601)
AWAY = m.MarketRegrouped(**HEAD, market_id="BTC", from_pool_id="zone", to_pool_id=COMMON)

LIES: dict[str, tuple[str, Callable[[], Book], Callable[[Book], Facts], Rules]] = {
    "another pool pays": ("INV-5", plain, already(m.FundPaid, zone_pays_less), Rules()),
    "another pool owes": ("INV-5", plain, already(m.FundPaid, common_pays_for_zone), Rules()),
    "a flat debt lies elsewhere": (
        "INV-5",
        flat,
        already(
            m.FundPaid,
            lambda f: replace(f, debts=(f.debts[0]._replace(pool_id=COMMON),), pots=(PotChange("fund", -100),)),
        ),
        Rules(),
    ),
    "a fee stays outside": ("INV-5", sold, already(m.FundPaid, fee_kept, FEE), FEE),
    "a fee enters another pool": (
        "INV-5",
        sold,
        already(m.FundPaid, lambda f: replace(f, pots=moved(f.pots, fund_zone=-4, fund=4)), FEE),
        FEE,
    ),
    "a fee is another pool's from the beginning": (
        "INV-5",
        sold,
        already(m.Reduced, lambda f: replace(f, pots=(PotChange("fees", 4),)), FEE),
        FEE,
    ),
    "the own unit is lifted by less": ("INV-5", lifted, already(m.FundPaid, lifts_less), Rules()),
    "the own unit's debt is told larger than it is": (
        "INV-5",
        lambda: lifted(50),
        already(m.FundPaid, lambda f: replace(f, own_debts=(f.own_debts[0]._replace(debt_quanta=101),))),
        Rules(),
    ),
    "another sum is told for the own unit": (
        "INV-5",
        lifted,
        already(m.FundPaid, lambda f: replace(f, own_unit_quanta=99)),
        Rules(),
    ),
    "a stranger's pot pays": (
        "INV-5",
        plain,
        already(m.FundPaid, lambda f: replace(f, pots=moved(f.pots, rounding=-5, spread=5))),
        Rules(),
    ),
    "a surplus is another pool's": (
        "INV-5",
        surplus,
        already(m.TakenOver, lambda f: replace(f, pots=(PotChange("surplus", 4),))),
        Rules(),
    ),
    "something is told as cut that was not": (
        "INV-5",
        plain,
        already(m.FundPaid, lambda f: replace(f, cut_by_caps_quanta=5)),
        Rules(),
    ),
    "gains are cut before the pool that owes": (
        "INV-7",
        lambda: two_markets(zone=500, common=70),
        lambda book: told(two_markets(zone=500, common=0), m.Socialised, lambda f: f, WAITS),
        WAITS,
    ),
    "another pool pays what has no lots any more": (
        "INV-5",
        lambda: two_markets(zone=500, common=70),
        already(
            m.FundPaid,
            lambda f: replace(f, debts=(f.debts[0]._replace(pool_id="zone"),), pots=(PotChange("fund:zone", -70),)),
            WAITS,
        ),
        WAITS,
    ),
    "another pool pays for a takeover": (
        "INV-5",
        with_house,
        already(m.TakenOver, lambda f: replace(f, pots=(PotChange("fund", -30),)), INVENTORY),
        INVENTORY,
    ),
    "candidates are asked before their pool": (
        "INV-7",
        plain,
        lambda book: tuple(f for f in told(book, m.Deleveraged, lambda f: f) if not isinstance(f, m.FundPaid)),
        Rules(),
    ),
    "more is paid than a drawdown leaves": ("INV-7", watched, already(m.FundPaid, lambda f: pays_on(f, 1)), Rules()),
    "a pool pauses that has not fallen": (
        "INV-7",
        watched,
        only(m.PoolsSwitched(**HEAD, rules_hash="", switches=(m.PoolSwitch("zone", True, 1_000, 1_000, 1),))),
        Rules(),
    ),
    "a pool pays on that is not paused": (
        "INV-7",
        watched,
        only(m.PoolsSwitched(**HEAD, rules_hash="", switches=(m.PoolSwitch("zone", False, 1_000, 1_000, 1),))),
        Rules(),
    ),
    "a switch is told with other cash": (
        "INV-7",
        watched,
        already(m.PoolsSwitched, another_switch(cash_quanta=949)),
        Rules(),
    ),
    "a switch is told with another base": (
        "INV-7",
        watched,
        already(m.PoolsSwitched, another_switch(base_total_quanta=999)),
        Rules(),
    ),
    "a step forgets that a pool has fallen": (
        "INV-7",
        watched,
        lambda book: tuple(f for f in told(book, m.StepEnded, lambda f: f) if not isinstance(f, m.PoolsSwitched)),
        Rules(),
    ),
    "money leaves a pool below its floor": ("INV-5", floored, only(out(601)), Rules()),
    "nothing leaves a pool": ("INV-5", floored, only(out(0)), Rules()),
    "money leaves the fund while somebody is below zero": ("INV-20", plain, only(out(1, COMMON)), Rules()),
    "money leaves the fund before a claim is paid": ("INV-20", indebted, only(out(1)), Rules()),
    "money moves below the floor": ("INV-5", floored, only(SHIFT), Rules()),
    "a market leaves its pool with a loss": ("INV-5", plain, only(AWAY), Rules()),
}


@pytest.mark.parametrize("name", LIES)
def test_invariant_when_a_pool_is_lied_about_then_it_objects(name: str) -> None:
    """Every check of the family, by a story that adds up (or an untrue reason)."""
    expected, make, tell, rules = LIES[name]
    book = make()
    assert objection(book, tell(book), rules) == expected


def test_invariant_when_a_paused_pool_pays_then_it_objects() -> None:
    """The payment of an open pool, told of one that has been paused."""
    book = watched()
    facts = told(book, m.FundPaid, lambda f: f)
    book.pools["zone"].paused = True
    assert objection(book, facts, Rules()) == "INV-7"


def test_invariant_when_a_leg_costs_more_than_its_share_then_it_objects() -> None:
    """Without the cap 60 are paid for a leg of 700; of 5 % only 35 may be."""
    book = plain()
    assert objection(book, told(book, m.FundPaid, lambda f: f), Rules(fund_notional_cap_ppb=50_000_000)) == "INV-19"


@pytest.mark.parametrize("make", [plain, watched, with_house, lifted, sold, surplus, flat])
@pytest.mark.parametrize("rules", [Rules(), INVENTORY, FEE, WAITS], ids=["plain", "stock", "fee", "waits"])
def test_invariant_when_the_story_of_a_pool_is_true_then_nobody_objects(make: Callable[[], Book], rules: Rules) -> None:
    """The control: every honest step passes."""
    book = make()
    facts = decide(book, m.RunStep(time_ns=25), rules)
    assert isinstance(facts, tuple)
    assert objection(book, facts, rules) == ""


def _pot(book: Book) -> None:
    book.pots["fund:other"] = 0


def _home(book: Book) -> None:
    book.markets["BTC"].pool_id = "other"


def _last(book: Book) -> None:
    book.pools["zone"].samples = (Sample(1, 999),)


def _order(book: Book) -> None:
    book.pools["zone"].samples = (Sample(2, 7), Sample(1, 1_000))


def _paused(book: Book) -> None:
    book.pools[COMMON].paused = True


@pytest.mark.parametrize("corrupt", [_pot, _home, _last, _order, _paused])
def test_corruption_when_a_pool_changes_behind_apply_then_the_next_check_objects(
    corrupt: Callable[[Book], None],
) -> None:
    """Pots, homes and memory are looked at after every fact."""
    book = watched()
    submit(book, m.MovePool(time_ns=15, from_pool_id=COMMON, to_pool_id="zone", amount_quanta=1))
    feed(book, 1, "zone")
    running = Invariants(book, Rules())
    answer = decide(book, Deposit(time_ns=16, unit_id="bo", amount_quanta=1), Rules())
    assert isinstance(answer, tuple)
    running.before(answer[0])
    apply(book, answer[0])
    corrupt(book)
    with pytest.raises(InvariantBroken) as broken:
        running.after(answer[0])
    assert broken.value.invariant == "INV-5"
