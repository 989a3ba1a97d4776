"""Who is next is told to nobody: others change nothing in what an owner is told, nor in the lines that tell it."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec
import pytest

from deleverage.domain.domain import Domain
from deleverage.rulebook.book import Book
from deleverage.rulebook.messages import Deposit
from deleverage.service.questions import own_what_if
from deleverage.service.questions.buckets import BucketsQuestion
from deleverage.service.questions.table import Table, table_of
from deleverage.service.questions.what_if import WhatIfQuestion
from deleverage.service.routes.queues import buckets, buckets_ccxt
from tests.service import secrecy
from tests.service.secrecy import ME, OTHERS, TICK_NS, Writer, compare, counter_of, encoded, told, walk
from tests.service.world import TICK_NS as FIRST_TICK_NS
from tests.service.world import served, trader

SAMPLES = 1_000
"""``python -m tests.service.secrecy`` compares 10,000."""


def test_owner_when_only_others_differ_then_the_bytes_within_a_bucket_are_equal() -> None:
    """Account, what-ifs and buckets in both shapes, in several exact places of each of several buckets."""
    found = compare(seed=1, count=SAMPLES)
    assert found.different == 0
    assert sum(len(places) > 3 for places in found.places.values()) >= 3, found.places


def test_comparison_when_a_rank_is_told_then_it_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: a bucket with the lots of the queue beside it."""

    def read(question: BucketsQuestion, table: Table) -> Any:
        return {"bucket": 1, "of_quanta": table.standings.owed_quanta}

    monkeypatch.setattr(BucketsQuestion, "read", read)
    monkeypatch.setattr(secrecy, "of_buckets", lambda view: [])
    assert compare(seed=1, count=50).different > 0


def test_comparison_when_a_what_if_reads_the_whole_book_then_it_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: an owner's what-if on a fork of everything tells of others' margins."""
    now: list[Domain] = []

    def tried(own: Book, commands: Any, rules: Any) -> Any:
        return now[-1].what_if(commands).answers, own

    monkeypatch.setattr(own_what_if, "tried", tried)
    found = set()
    for domain in walk(1, 50):
        now.append(domain)
        found.add(told(domain))
    assert len(found) > 1


def test_risk_role_when_the_same_is_tried_then_it_does_hang_on_others() -> None:
    """The probes would tell something: asked of the whole state they are answered differently."""
    answers = {encoded(_everything(domain)) for domain in walk(1, 50)}
    assert len(answers) > 1


def _everything(domain: Domain) -> Any:
    return WhatIfQuestion(commands=secrecy.PROBES, accounts=[]).answer(domain, Writer())  # type: ignore[arg-type]


def test_handlers_when_only_others_differ_then_the_same_lines_run() -> None:
    """Traced line by line, from the handler to the bytes, in every bucket and place of a walk."""
    lines = {
        handler: {tuple(_traced(handler, domain)) for domain in walk(2, 60)} for handler in (buckets, buckets_ccxt)
    }
    assert [len(found) for found in lines.values()] == [1, 1]
    assert min(len(found.pop()) for found in lines.values()) > 10


def test_handlers_when_one_looks_twice_at_who_is_next_then_it_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: a line that runs only for who is next."""
    right = BucketsQuestion.read

    def read(question: BucketsQuestion, table: Table) -> Any:
        view = right(question, table)
        if view.legs[0].bucket == 4:
            view = right(question, table)
        return view

    monkeypatch.setattr(BucketsQuestion, "read", read)
    assert len({tuple(_traced(buckets, domain)) for domain in walk(2, 60)}) > 1


def _traced(handler: Any, domain: Domain) -> Iterator[tuple[str, int]]:
    """Return the lines of this project that run while a handler answers."""
    counter = counter_of(table_of(TICK_NS, domain, Writer()))  # type: ignore[arg-type]
    lines: list[tuple[str, int]] = []

    def trace(frame: FrameType, event: str, argument: Any) -> Callable[..., Any] | None:
        if "deleverage" not in frame.f_code.co_filename:
            return None
        if event == "line":
            lines.append((frame.f_code.co_filename, frame.f_lineno))
        return trace

    async def ask() -> bytes:
        sys.settrace(trace)
        try:
            return msgspec.json.encode(await handler.fn(ME, counter, trader(ME)))
        finally:
            sys.settrace(None)

    assert asyncio.run(ask())
    return iter(lines)


def test_bucket_when_others_act_between_two_ticks_then_it_and_every_header_stay(tmp_path: Path) -> None:
    """Over HTTP: whatever others do, the answer is that of the last tick; at the next one it has another tick."""
    with served(tmp_path) as world:
        world.tick()
        asker = trader("long-2")
        world.door.principal = asker
        first = world.client.get("/v1/accounts/long-2/buckets")
        for at, other in enumerate(("long-3", "long-5", "long-6")):
            world.do([Deposit(time_ns=10**10, unit_id=other, amount_quanta=10**6)], f"late-{at}:")
            again = world.client.get("/v1/accounts/long-2/buckets")
            assert (first.content, dict(first.headers)) == (again.content, dict(again.headers))
        world.tick(FIRST_TICK_NS + 30_000_000_000)
        assert first.json()["tick_ns"] != world.get("/v1/accounts/long-2/buckets", asker)["tick_ns"]


@pytest.mark.parametrize("command", ["RunStep", "OpenAccount", "Halt", "SettleMarket", "RepayResidual"])
def test_owners_what_if_when_it_is_no_own_act_then_it_is_not_tried(command: str) -> None:
    """Steps, halts and whatever else asks the whole book."""
    assert command not in {kind.__name__ for kind in own_what_if.MAY_TRY}


def test_owner_when_somebody_else_is_named_then_it_is_as_if_there_were_nobody() -> None:
    """An order, a unit, a transfer: the same refusal for a name that others have and for one that nobody has."""
    (domain,) = walk(1, 1)
    for probe in secrecy.PROBES:
        if any(value == OTHERS[3] for value in probe.values()):
            real = _tried(domain, probe)
            unknown = _tried(domain, {name: "nobody" if value == OTHERS[3] else value for name, value in probe.items()})
            assert real == unknown.replace(b"nobody", OTHERS[3].encode("ascii"))


def _tried(domain: Domain, probe: dict[str, Any]) -> bytes:
    question = own_what_if.OwnWhatIfQuestion(account=ME, commands=[probe])
    return encoded(question.answer(domain, Writer()))  # type: ignore[arg-type]
