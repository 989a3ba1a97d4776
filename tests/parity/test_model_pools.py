"""Pools of the fund where they meet other families, worked out by hand: what random worlds seldom reach.

M is the zone pool's, N the common pool's; a debtor that is long in both is flat after stage 5, which asks for no money.
"""

from typing import Any

import pytest

from tests.model.drawdown import NO_DRAWDOWN
from tests.parity.by_hand import TERMS, Book

AT_MARK: dict[str, Any] = {"price": {"name": "mark"}}
BY_MARKET: dict[str, Any] = AT_MARK | {"loss_rule": {"name": "funding-index", "side": "both"}}
NOBODY_BEARS: dict[str, Any] = AT_MARK | {"loss_rule": {"name": "flat-too", "floor_quanta": 10**6}}


def zoned(switches: dict[str, Any], **deposits: int) -> Book:
    """Return a book with the markets M and N at 100, M being the zone pool's."""
    book = Book(switches, TERMS, **deposits)
    second_market(book, "N")
    book.do("SetPool", terms={"pool_id": "zone", "floor_quanta": 0, "drawdown": NO_DRAWDOWN})
    book.do("Regroup", market_id="M", pool_id="zone")
    return book


def second_market(book: Book, market_id: str) -> None:
    """List a market, at 100 too."""
    book.do("ListMarket", terms=TERMS | {"market_id": market_id})
    book.mark(100, market_id)


def feed(book: Book, **pools: int) -> None:
    """Bring money into pools."""
    for pool_id, quanta in pools.items():
        book.do("DepositToFund", amount_quanta=quanta, pool_id=pool_id)


def fall(book: Book, price: int) -> None:
    """Let both markets fall, and run a step."""
    book.mark(price)
    book.mark(price, "N")
    book.do("RunStep")


def debt_pools(book: Book, unit_id: str) -> dict[str, int]:
    """Return the weights of a flat unit's debt."""
    weights: dict[str, int] = book.model.state()["units"][unit_id]["debt_pools"]
    return weights


def waiting(debtor: str, role: str = "trader", switches: dict[str, Any] | None = None) -> Book:
    """Return a book in which a flat debtor is 200 short, 100 with either pool, and waits for a guarded mark.

    It had 400 and was long 10 in M and in N, which fell from 100 to 70. In Q g has a gain at a mark of 101 that is not
    believed any more.
    """
    book = zoned(NOBODY_BEARS | (switches or {}), a=2000, b=500, g=500)
    second_market(book, "Q")
    book.open(debtor, 400, role)
    for market_id in ("M", "N"):
        assert book.trade(debtor, "a", 10, market_id=market_id) is None
    assert book.trade("g", "b", 1, market_id="Q") is None
    book.mark(101, "Q")
    book.mark(101, "Q", sources=0)
    fall(book, 70)
    assert book.model.last_step["residuals"] == [(debtor, (), 200, 0, "guard")]
    assert debt_pools(book, debtor) == {"common": 100, "zone": 100}
    return book


@pytest.mark.parametrize(
    ("own", "open_lots", "owed", "left"),
    [
        # N's 9 are taken off the common pool's 10.
        ("M", "N", 9, {"common": 1, "zone": 9}),
        # M's 10 are the zone pool's 9, and by rounding 1 of the common pool's 10.
        ("N", "M", 10, {"common": 9}),
    ],
)
def test_loss_rule_when_it_carries_one_markets_debt_then_that_markets_pool_is_relieved_first(
    own: str, open_lots: str, owed: int, left: dict[str, int]
) -> None:
    """e, long 2 in M and 2 in N at 60, has 80 - 4 x 40 = -80: 40 set free in each, and as much with either pool.

    Its isolated short gives it 21 + 40: 19 are left. By market, ties by id, they are 10 of M and 9 of N; by pool, 10 of
    common and 9 of zone. Only the other market has open lots, a's and b's, and they carry its part.
    """
    book = zoned(BY_MARKET, a=1000, b=500, e=80)
    book.do("OpenIsolated", account_id="e", market_id=own, side="")
    book.do("Deposit", unit_id=f"e/{own}", amount_quanta=21)
    assert book.trade("e", "a", 1, market_id=own) is None
    assert book.trade("e", f"e/{own}", 1, market_id=own) is None
    assert book.trade("e", "a", 2, market_id=open_lots) is None
    assert book.trade("b", "a", 1, market_id=open_lots) is None
    fall(book, 60)
    told = [row[:4] for row in book.model.last_step["socialised"]]
    assert told == [("funding-index", open_lots, "long", owed)]
    assert book.model.last_step["residuals"] == [("e", (), 19 - owed, 19 - owed, "capacity")]
    assert debt_pools(book, "e") == left


def test_fund_when_two_pools_have_paid_a_part_after_stage_5_then_a_rule_by_market_carries_what_is_left_of_one() -> None:
    """z is 100 short in M and in N; its pools have 30 and 50, so 70 and 50 are left, the 70 with M.

    b and c hold 5 lots in M and pay 35 each for M; nobody holds N, whose 50 stay with the common pool.
    """
    book = zoned(BY_MARKET | {"funding_source": {"name": "deleverage-first"}}, a=2000, b=1000, c=1000, z=400)
    for market_id in ("M", "N"):
        assert book.trade("z:long", "a", 10, market_id=market_id) is None
    assert book.trade("b", "c", 5) is None
    feed(book, zone=30, common=50)
    fall(book, 70)
    step = book.model.last_step
    assert step["fund"] == [(0, 0, (("z", "", 100, 30, "zone"), ("z", "", 100, 50, "common")), True)]
    ((_, market_id, _, owed, _, cuts),) = step["socialised"]
    assert (market_id, owed, [(cut[0], cut[3]) for cut in cuts]) == ("M", 70, [("b", 35), ("c", 35)])
    assert step["residuals"] == [("z", (), 50, 50, "capacity")]
    assert debt_pools(book, "z") == {"common": 50}


def test_fund_when_a_flat_debtor_lies_with_two_pools_then_each_pays_its_own_part_and_no_other() -> None:
    """common has 50 of its 100, zone 33; then zone has more than its 67: it keeps 433, whatever common lacks."""
    book = waiting("e")
    feed(book, zone=33, common=50)
    book.do("RunStep")
    assert book.model.last_step["fund"] == [
        (0, 0, (("e", "", 100, 33, "zone"), ("e", "", 100, 50, "common")), False),
    ]
    assert debt_pools(book, "e") == {"common": 50, "zone": 67}
    feed(book, zone=500)
    book.do("RunStep")
    assert book.model.last_step["fund"] == [(0, 0, (("e", "", 67, 67, "zone"),), False)]
    assert debt_pools(book, "e") == {"common": 50}
    book.do("RunStep")
    assert book.model.last_step["fund"] == []
    feed(book, common=50)
    book.do("RunStep")
    assert book.model.last_step["fund"] == [(0, 0, (("e", "", 50, 50, "common"),), False)]
    assert book.model.last_step["residuals"] == []
    # Nothing is left of any part: the weights stay.
    assert debt_pools(book, "e") == {"common": 50}


@pytest.mark.parametrize(
    ("cap", "quanta", "rows"),
    [
        # 50 and 33 are cut to 40: 24 8/83 and 15 75/83.
        ("fund_event_cap_quanta", 40, (("e", "", 100, 16, "zone"), ("e", "", 100, 24, "common"))),
        ("fund_group_cap_quanta", 41, (("e", "", 100, 16, "zone"), ("e", "", 100, 25, "common"))),
        # A debt without lots has no market, and no notional.
        ("fund_market_cap_quanta", 0, (("e", "", 100, 33, "zone"), ("e", "", 100, 50, "common"))),
        ("fund_notional_cap_ppb", 10**9, ()),
    ],
)
def test_fund_when_two_pools_pay_one_debtor_then_a_cap_cuts_them_together(
    cap: str, quanta: int, rows: tuple[tuple[Any, ...], ...]
) -> None:
    """A cap bounds what the fund pays, whichever pools it comes from; what is cut stays in its pool."""
    book = waiting("e", switches={cap: quanta})
    feed(book, zone=33, common=50)
    book.do("RunStep")
    assert book.model.last_step["fund"] == ([(0, 0, rows, False)] if rows else [])
    paid = {row[4]: row[3] for row in rows}
    pots = book.model.state()["pots"]
    assert (pots["fund:zone"], pots["fund"]) == (33 - paid.get("zone", 0), 50 - paid.get("common", 0))


def test_fund_when_its_own_unit_is_flat_then_each_pool_lifts_its_own_part_of_it() -> None:
    """The zone pool pays 60, then its last 40; only when the common pool has its 100 is the unit bankrupt no more."""
    book = waiting("f", "fund")
    feed(book, zone=60)
    book.do("RunStep")
    assert book.model.last_step["fund"] == [(0, 60, (), False)]
    assert debt_pools(book, "f") == {"common": 100, "zone": 40}
    feed(book, zone=500)
    book.do("RunStep")
    assert book.model.last_step["fund"] == [(0, 40, (), False)]
    assert debt_pools(book, "f") == {"common": 100}
    assert book.model.state()["units"]["f"]["bankrupt"]
    feed(book, common=99)
    book.do("RunStep")
    assert book.model.last_step["fund"] == [(0, 99, (), False)]
    feed(book, common=1)
    book.do("RunStep")
    assert not book.model.state()["units"]["f"]["bankrupt"]
    assert book.model.state()["pots"]["fund:zone"] == 460


@pytest.mark.parametrize(("common", "declared"), [(99, True), (100, False)])
def test_declare_when_one_pool_cannot_lift_its_part_of_the_funds_unit_then_it_is_bankrupt(
    common: int, declared: bool
) -> None:
    """f is 100 short on M and on N; the zone pool has far more than its part, which does not help the common pool.

    Lifted it goes on with its lots; bankrupt it is closed at the mark, and what the common pool lacks is named.
    """
    book = zoned(NOBODY_BEARS, a=2000)
    book.open("f", 400, "fund")
    for market_id in ("M", "N"):
        assert book.trade("f", "a", 10, market_id=market_id) is None
    feed(book, zone=1000, common=common)
    fall(book, 70)
    assert book.model.last_step["fund"][0] == (0, 100 + common, (), False)
    assert [row[:4] for row in book.model.last_step["residuals"]] == ([("f", (), 1, 1)] if declared else [])
    assert debt_pools(book, "f") == ({"common": 1} if declared else {})


def test_fund_when_a_pool_reaches_its_drawdown_then_it_pays_no_further_and_pauses() -> None:
    """A pool of 100 may fall by 30 of every 100 it had in the last 3 seconds: z's 100 get 30, and a pays the rest.

    The pool is paused at the end of that step. Fed to 90 it has recovered, a tenth below its base at most.
    """
    book = Book(a=2000, z=200)
    drawdown = {"slots": 3, "slot_ns": 10**9, "fall_ppb": 300_000_000, "stop_ppb": 100_000_000}
    terms = {"pool_id": "common", "floor_quanta": 0, "drawdown": drawdown | {"base": "peak", "strict": False}}
    book.do("SetPool", terms=terms)
    feed(book, common=100)
    assert book.trade("z:long", "a", 10) is None
    book.do("SetMarks", time_ns=10**9, marks=[{"market_id": "M", "price_ticks": 70, "sources": 1}], confirmed=False)
    book.do("RunStep")
    assert book.model.last_step["fund"] == [(0, 0, (("z", "M/long", 100, 30, "common"),), False)]
    assert book.model.last_step["deleveraged"][0]["money"] == {("a", "M"): 70}
    assert book.model.last_step["switches"] == [("common", True)]
    # Slot 1 began with 100, slot 2 begins with 70.
    assert book.model.state()["pools"]["common"] == {"floor": 0, "samples": [[1, 100], [2, 70]], "paused": True}
    feed(book, common=19)
    book.do("RunStep")
    assert book.model.last_step["switches"] == []
    feed(book, common=1)
    book.do("RunStep")
    assert book.model.last_step["switches"] == [("common", False)]
