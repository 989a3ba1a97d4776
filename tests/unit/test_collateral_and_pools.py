"""Which pool of the fund buys collateral, and which is repaid: the common one, within its room.

The books and their numbers are explained in ``tests/properties/collateral_stories.py``: al, 100 short, needs 12 grains
sold, which bring 108.
"""

from dataclasses import replace

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Book
from deleverage.rulebook.pools import Drawdown, PoolTerms, Sample
from deleverage.rulebook.rules import Rules
from tests.properties.collateral_stories import BTC, mark, opened, step, trade
from tests.properties.stories import submit
from tests.properties.test_lies import objection
from tests.vulnerabilities.told import checked_step, of

NEVER, FALLS_BY_30_PERCENT = Drawdown(), Drawdown(slots=1, slot_ns=1_000, fall_ppb=300_000_000)


def funded(pool_id: str, quanta: int, drawdown: Drawdown = NEVER) -> Book:
    """Return the book in which al is 100 short of zero, and a pool of the fund has money."""
    book = opened({"al": 0, "cy": 1_000, "f": 0}, {"al": 50}, replace(BTC, fund_cap_grains=100))
    submit(book, m.SetPool(time_ns=0, terms=PoolTerms(pool_id, 0, drawdown)))
    submit(book, m.DepositToFund(time_ns=0, amount_quanta=quanta, pool_id=pool_id))
    trade(book, "al", "cy", 10)
    mark(book, 90)
    return book


def test_fund_when_only_another_pool_has_money_then_it_buys_nothing() -> None:
    """An asset belongs to no market: what lies in a pool for some markets stays there."""
    assert of(checked_step(funded("common", 500)), m.CollateralSold)
    assert not of(checked_step(funded("gold", 500)), m.CollateralSold)


def test_fund_when_a_fall_would_pause_the_pool_then_it_buys_within_its_room() -> None:
    """300 at the beginning of the slot: it has fallen at 210. The room of 90 buys 10 grains; then it is paused."""
    book = funded("common", 300, FALLS_BY_30_PERCENT)
    facts = checked_step(book, time_ns=1_000)
    (sale,) = of(facts, m.CollateralSold)
    assert sale.assets == (m.AssetFill("al", -10, "seller"), m.AssetFill("f", 10, "fund"))
    assert of(facts, m.PoolsSwitched)[0].switches == (m.PoolSwitch("common", True, 210, 300, 1),)
    assert book.pots["fund"] == 210


def test_fund_when_its_common_pool_is_paused_then_it_buys_nothing_and_a_story_that_it_does_is_found() -> None:
    """It had 600 and has 500: unpaused its room of 80 would buy 8 grains. The check of takers refuses that sale."""
    book = funded("common", 500, FALLS_BY_30_PERCENT)
    pool = book.pools["common"]
    pool.samples = (Sample(0, 600), *pool.samples)
    (sale,) = of(step(book.copy()), m.CollateralSold)
    assert sale.sellers[0].sold_grains == 8
    pool.paused = True
    assert objection(book.copy(), (sale,), Rules()) == "INV-9"
    assert not of(checked_step(book), m.CollateralSold)
