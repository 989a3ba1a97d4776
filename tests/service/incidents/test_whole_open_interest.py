"""dYdX, 10 October 2025: one liquidation with the whole open interest of a market, and a fund that could pay.

There the fund paid before the position was gone, the balance went below zero, and a failsafe stopped the chain for
eight hours.
"""

import time
from pathlib import Path

import pytest

from deleverage.domain.conservation import balance
from deleverage.domain.recovery import recover
from deleverage.journal.local import open_journal
from deleverage.rulebook.book import Book
from deleverage.rulebook.margin import equity
from tests.service.incidents.running import day, serving, verified, written
from tests.service.rounds_world import START_NS, played, venue

SHAPES = {
    "fund-can-pay": (10**6, 1, 950),
    "fund-pays-in-part": (10_000, 1, 950),
    "no-fund": (0, 1, 950),
    "many-at-once": (10**6, 10, 900),
    "to-the-last-tick": (10**6, 1, 1),
}
"""The fund's quanta, how many hold the longs, and the price that comes."""


def test_whole_open_interest_when_a_service_runs_then_one_step_ends_it_and_it_goes_on(tmp_path: Path) -> None:
    """Nobody below zero, nothing stopped, every quantum accounted for, and the next mark is taken."""
    path = tmp_path / "j.db"
    fund_quanta, longs, price = SHAPES["fund-can-pay"]
    written(path, day(time.time_ns(), fund_quanta, longs))
    with serving(path, "--step-every-s", "3600") as service:
        service.mark(price)
        service.wait_for_steps(1)
        assert service.ask("GET", "/ready")["ready"] == "yes"
        assert service.mark(price + 1)["results"][0]["outcome"] == "done"
    journal = open_journal(path)
    book = recover(journal).book
    journal.close()
    sound(book, fund_quanta)
    verified(path)


@pytest.mark.parametrize(("fund_quanta", "longs", "price"), SHAPES.values(), ids=SHAPES)
def test_whole_open_interest_when_it_is_bankrupt_at_once_then_one_step_ends_it(
    tmp_path: Path, fund_quanta: int, longs: int, price: int
) -> None:
    """Whatever the fund has, however many hold it, however far the price falls."""

    async def story() -> None:
        written(tmp_path / "j.db", day(START_NS, fund_quanta, longs))
        async with venue(tmp_path) as there:
            await there.mark(price)
            await there.office.stepper.step_if_due()
            assert there.office.stepper.steps == 1
            sound(await there.look(lambda domain, _: domain.book.copy()), fund_quanta)

    played(story)


def sound(book: Book, fund_quanta: int) -> None:
    """Fail where anything is left open, below zero, or unaccounted for."""
    assert balance(book).exact
    assert (book.is_halted, book.residual_quanta, book.markets["X"].open_interest_lots) == (False, 0, 0)
    assert all(equity(book, unit) >= 0 and not unit.legs and not unit.bankrupt for unit in book.units.values())
    assert 0 <= book.fund_quanta() <= fund_quanta
