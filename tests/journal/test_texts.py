"""A command that anybody can send never ends a batch or a domain, because its answer cannot be written down."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from deleverage.documents import parse
from deleverage.domain.outcomes import Acknowledged, Unwritten
from deleverage.domain.recorded import RecordedDomain
from deleverage.domain.runner import Runner
from deleverage.journal import local
from deleverage.journal.entry import has_text, read_text, text_of
from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import decide
from deleverage.rulebook.messages import Command, Deposit, PlaceOrder, Rejection
from deleverage.rulebook.rules import Rules
from deleverage.scenarios.loader import load
from tests.parity.engine_worlds import played

WIDEST = 10**256 - 1
"""The largest integer that a document holds."""

SEEDS = (0, 1, 2, 3, 5, 8, 11, 13)


def _altered(value: Any, number: int, name: str) -> Iterator[Any]:
    """Yield a record again and again, each time with one of its integers or texts another; but for its time."""
    if type(value) is int:
        yield number
    elif type(value) is str:
        yield name
    elif is_dataclass(value):
        for key in (item.name for item in fields(value) if item.name != "time_ns"):
            changes = ({key: other} for other in _altered(getattr(value, key), number, name))
            yield from (replace(value, **change) for change in changes)  # type: ignore[type-var]
    elif hasattr(value, "_fields"):
        for key in value._fields:
            yield from (value._replace(**{key: other}) for other in _altered(getattr(value, key), number, name))
    elif isinstance(value, tuple):
        for at, part in enumerate(value):
            yield from ((*value[:at], other, *value[at + 1 :]) for other in _altered(part, number, name))


def test_command_when_any_of_its_fields_is_as_wide_as_a_document_allows_then_what_is_accepted_has_a_text() -> None:
    """Every field of every kind of command that worlds make, nested ones included; of refusals a few are too wide."""
    kinds: set[type[Command]] = set()
    tried, too_wide = 0, set()
    for seed in SEEDS:
        world, book, seen = played(seed, 150), Book(), set[type[Command]]()
        for command, answer in zip(world.commands, world.answers, strict=True):
            if type(command) not in seen and has_text(command, answer):
                seen.add(type(command))
                for number, name in ((WIDEST, "x" * 300), (-WIDEST, "\ud800\n")):
                    for other in _altered(command, number, name):
                        said, tried = decide(book, other, world.law), tried + 1
                        if isinstance(said, Rejection) and not has_text(other, said):
                            too_wide.add(said.code.name)
                        else:
                            assert (other, said) == read_text(parse(text_of(other, said).encode("ascii")))
            if not isinstance(answer, Rejection):
                for fact in answer:
                    apply(book, fact)
        kinds |= seen
    assert len(kinds) >= 25, sorted(kind.__name__ for kind in kinds)
    assert tried > 1500
    assert {"LOTS_ABOVE_MAXIMUM"} <= too_wide


def _story() -> tuple[list[Command], Rules, PlaceOrder]:
    """Return the opening of a story, its rules, and an order whose refusal names a sum wider than a document."""
    scenario = load("six-longs")
    commands = [origin.command for origin in scenario.setup]
    (market_id,) = {one.market_id for one in commands if hasattr(one, "market_id")}
    wide = PlaceOrder(
        time_ns=commands[-1].time_ns,
        order_id="o",
        unit_id="long-2",
        market_id=market_id,
        lots=WIDEST,
        price_ticks=1,
    )
    return commands, scenario.rules, wide


def test_recorded_domain_when_a_refusal_has_no_text_then_it_goes_on_without_it(tmp_path: Path) -> None:
    """What was asked before and behind it is recorded, and nothing is ahead of the journal."""
    commands, rules, wide = _story()
    domain = RecordedDomain(local.create(str(tmp_path / "j.db"), "d", rules))
    answers = domain.submit([*commands, wide, replace(wide, lots=1)])
    assert isinstance(answers[-2], Rejection)
    assert not has_text(wide, answers[-2])
    assert [*commands, replace(wide, lots=1)] == [entry.command for entry in domain.journal.entries()]
    domain.journal.close()
    again = RecordedDomain(local.open_journal(str(tmp_path / "j.db")))
    assert domain.digest() == again.digest()
    again.journal.close()


def test_runner_when_a_refusal_has_no_text_then_it_is_told_and_the_runner_goes_on(tmp_path: Path) -> None:
    """One order of one trader halts nobody."""
    commands, rules, wide = _story()
    runner = Runner(local.create(str(tmp_path / "j.db"), "d", rules))
    futures = [runner.submit(f"k-{at}", command, 1.0) for at, command in enumerate(commands)]
    futures += [
        runner.submit("wide", wide, 1.0),
        runner.submit("more", Deposit(time_ns=wide.time_ns, unit_id="long-2", amount_quanta=1), 1.0),
    ]
    told = [future.result(60) for future in futures]
    assert isinstance(told[-2], Unwritten)
    assert isinstance(told[-1], Acknowledged)
    assert (len(commands) + 1, None) == (told[-1].seq, runner.read_only)
    runner.close()
