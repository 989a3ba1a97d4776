"""Engine and rulebook give the same answers and digests - and where they would not, the comparison says so."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from deleverage.engine import day, excerpt, line, step
from deleverage.engine import engine as module
from deleverage.engine.columns import Columns
from deleverage.engine.desk import Desk
from deleverage.engine.engine import Engine
from deleverage.engine.excerpt import Excerpt
from deleverage.engine.kernels import crash, day_state
from deleverage.engine.kernels.records import ORDERS
from deleverage.engine.prices import Prices
from deleverage.engine.screen import Screen
from deleverage.rulebook.book import Book
from deleverage.rulebook.messages import MarksSet
from deleverage.rulebook.ranking import Candidate
from deleverage.venues.catalogue import executing_names
from tests.parity.engine_worlds import CROWD, ORDINARY, kind_of, played
from tests.parity.engines import Difference, Tally, run, run_world

Plant = pytest.MonkeyPatch


def test_engines_when_random_worlds_are_run_then_engine_and_rulebook_agree() -> None:
    """Answers and digests of three thousand commands are equal in every way of asking, and every part has answered."""
    found, tally = run(seed=1, count=3_000)
    assert found is None, str(found)
    assert tally.counts["commands"] == 3_000
    for kind in ("trade", "trade refused", "deposit", "withdrawal", "withdrawal refused", "mark", "several marks"):
        assert tally.engine[f"by kernel: {kind}"] >= 20, "the worlds have become too seldom ordinary"
    for way in ("quiet, on a small book", "busy, on a small book", "on the whole book"):
        assert tally.engine[f"step {way}"] >= 20, "the steps have become too tame"


def test_engines_when_crowds_go_bankrupt_then_engine_and_rulebook_agree_on_each_fill() -> None:
    """Pools of several bankrupts, taken one by one, their queues in order by a kernel and by hand."""
    found, tally = run(seed=15, count=2_000, kind=CROWD)
    assert found is None, str(found)
    for who in ("by a kernel", "by hand"):
        assert tally.engine[f"several one by one, in order {who}"] >= 5, "the crowds have become too tame"


def test_engines_when_two_processes_run_then_the_counts_are_as_asked() -> None:
    """Worlds in several processes are worlds of their own, and add up."""
    found, tally = run(seed=1, count=500, jobs=2)
    assert found is None, str(found)
    assert tally.counts["commands"] >= 500
    assert tally.counts["commands"] == tally.counts["accepted"] + tally.rejections.total()


def test_played_when_seeds_go_round_then_every_preset_has_its_days() -> None:
    """Three of four ordinary worlds are under a preset, in turn."""
    ordinary = [seed for seed in range(200) if kind_of(seed) == ORDINARY]
    assert set(executing_names()) <= {played(seed, 1).preset for seed in ordinary}


# -- planted bugs -----------------------------------------------------------------------------------------------------


def first_difference(worlds: Iterable[int]) -> Difference | None:
    """Return the first difference in some worlds."""
    differences = (run_world(seed, 1_000, Tally()) for seed in worlds)
    return next((found for found in differences if found is not None), None)


def hold_nothing(plant: Plant) -> None:
    """Forget the maintenance: nobody above zero looks unhealthy."""
    right = Prices.refresh

    def refresh(prices: Prices, *arguments: Any) -> None:
        right(prices, *arguments)
        prices.held[:] = 0

    plant.setattr(Prices, "refresh", refresh)


def note_nothing(plant: Plant) -> None:
    """Do not tell the screen what was written."""
    plant.setattr(Screen, "note", lambda *_: None)


def lose_a_memo(plant: Plant) -> None:
    """Store legs without the gains that were cut."""
    right = Columns.store

    def store(columns: Columns, number: int, unit: Any) -> None:
        right(columns, number, unit)
        for row in columns.chain(number):
            columns.memos[row]["haircut"] = 0

    plant.setattr(Columns, "store", store)


def overlook_bankrupts(plant: Plant) -> None:
    """Look for whoever is below maintenance, and forget who has been declared bankrupt."""
    plant.setattr(Screen, "distressed", Screen.below)


def miss_the_last(plant: Plant) -> None:
    """Overlook one of the distressed."""
    right = Screen.distressed
    plant.setattr(Screen, "distressed", lambda engine_screen: right(engine_screen)[:-1])


def ask_once(plant: Plant) -> None:
    """Overlook whom the facts of a step leave distressed."""
    plant.setattr(step, "_was_reached", lambda *_: True)


def ask_nobody(plant: Plant) -> None:
    """Let a loss without lots be borne by those who are there."""
    plant.setattr(Excerpt, "bearing_units", Excerpt.sorted_units)


def overlook_winners(plant: Plant) -> None:
    """Let the first of the winners bear nothing."""
    right = excerpt.winners
    plant.setattr(excerpt, "winners", lambda columns, net: right(columns, net=net)[1:])


def forget_the_mark_before(plant: Plant) -> None:
    """Tell the mark itself as the mark before it."""
    right = day.fact

    def fact(columns: Columns, event: Any, seq: int, told: Any) -> Any:
        found = right(columns, event, seq, told)
        if isinstance(found, MarksSet):
            (mark,) = found.marks
            found = replace(found, marks=(mark._replace(before_ticks=mark.price_ticks),))
        return found

    plant.setattr(module, "fact", fact)


def round_the_bound(plant: Plant) -> None:
    """Refuse with a bound that is a quantum off."""
    right = day.rejection

    def rejection(columns: Columns, told: Any) -> Any:
        refused = right(columns, told)
        assert isinstance(refused.bound, int)
        return replace(refused, bound=refused.bound + 1)

    plant.setattr(module, "rejection", rejection)


def believe_in_everybody(plant: Plant) -> None:
    """Let money leave while somebody is below zero."""
    plant.setattr(Engine, "_is_nobody_poor", lambda engine: True)


def overlook_orders(plant: Plant) -> None:
    """Do not mark the units whose orders hold margin."""
    plant.setattr(Engine, "_note_order", lambda *_, rests: None)


def overlook_age(plant: Plant) -> None:
    """Trust marks of any age."""
    right = Engine._state

    def state(engine: Engine) -> Any:
        told = right(engine)
        told[day_state.AGE] = 0
        return told

    plant.setattr(Engine, "_state", state)


def leave_on_the_desk(plant: Plant) -> None:
    """Keep what the law has in its hand when a kernel has written the columns."""
    plant.setattr(Desk, "drop", lambda *_: None)


def keep_open_interest(plant: Plant) -> None:
    """Do not tell the law what kernels have traded."""
    right = Prices.write_back

    def write_back(prices: Prices, markets: Any) -> list[str]:
        before = {name: market.open_interest_lots for name, market in markets.items()}
        written = right(prices, markets)
        for name in written:
            markets[name].open_interest_lots = before[name]
        return written

    plant.setattr(Prices, "write_back", write_back)


def trust_texts(plant: Plant) -> None:
    """Take what is equal to a text for one."""
    plant.setattr(day, "_require", lambda *_: None)


def go_on_while_it_waits(plant: Plant) -> None:
    """Let kernels answer in a domain that is halted or waits for a loss to be carried."""
    plant.setattr(Engine, "_is_ordinary", lambda engine: engine._plain is None)


def rank_once(plant: Plant) -> None:
    """Let kernels take bankrupts one by one, and put the queue in order before the first fill only."""
    right: Callable[..., Any] = crash.close_bankrupts
    plant.setattr(crash, "close_bankrupts", lambda *arguments: right(*arguments[:-1], False))


def keep_the_rank(plant: Plant) -> None:
    """Put who was closed in part back in front of its tier."""

    def put(one: line.Line, candidate: Candidate) -> None:
        one._tiers.setdefault(candidate.tier, []).insert(0, candidate)

    plant.setattr(line.Line, "put", put)


def lose_the_copy(plant: Plant) -> None:
    """Adopt a book without its orders' owners."""
    right = Engine.adopt

    def adopt(engine: Engine, book: Book) -> None:
        right(engine, book)
        engine._orders = {}
        engine.columns.units["flags"] &= ~ORDERS

    plant.setattr(Engine, "adopt", adopt)


PLANTED: dict[Callable[[Plant], None], tuple[int, ...]] = {
    hold_nothing: (2, 3, 5),
    note_nothing: (2, 3, 4),
    lose_a_memo: (8, 11, 17),
    overlook_bankrupts: (35, 32, 40),
    miss_the_last: (2, 3, 4),
    ask_once: (5, 15),
    ask_nobody: (18, 20, 26),
    overlook_winners: (26,),
    forget_the_mark_before: (5, 7, 10),
    round_the_bound: (5, 7, 10),
    believe_in_everybody: (1, 22, 25),
    overlook_orders: (21, 35, 18),
    overlook_age: (10, 21),
    leave_on_the_desk: (1, 3),
    keep_open_interest: (1, 4),
    trust_texts: (22, 25, 26),
    go_on_while_it_waits: (6, 2),
    rank_once: (31, 63, 79),
    keep_the_rank: (15, 47, 191),
    lose_the_copy: (21, 96),
}
"""Each wrong engine, and the worlds in which it shows: several, as worlds may change."""


@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.__name__)
def test_engines_when_a_bug_is_planted_then_it_is_found(bug: Callable[[Plant], None], monkeypatch: Plant) -> None:
    """A wrong engine differs from the rulebook within a few worlds, and the difference says how to play it again."""
    bug(monkeypatch)
    found = first_difference(PLANTED[bug])
    assert found is not None
    assert "TypeError" not in str(found.engine), "the planted bug no longer fits the engine"
    assert "again    python -m tests.parity.engines --seed" in str(found)
