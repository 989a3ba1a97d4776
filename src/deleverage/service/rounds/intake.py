"""Marks in: from sources, through the quorum, into the journal, and a step behind them.

In the journal the key of a mark set begins with two colons and names the keys whose prices are in it, the one that
came last first, and its sequence number: ``::feed-a:feed-b:m17``. Where not all names have room, ``::feed-a::3:m17``
says how many are left out. No key that a client chooses begins like that.
"""

from collections.abc import Callable, Sequence
from typing import Any

from deleverage.domain.outcomes import Acknowledged, KeyReused, Outcome
from deleverage.rulebook.messages import (
    AssetPriceUpdate,
    Code,
    Command,
    MarkUpdate,
    Rejection,
    SetAssetPrices,
    SetMarks,
)
from deleverage.service.clock import Clock
from deleverage.service.desk import Desk
from deleverage.service.outcomes import document_of
from deleverage.service.principals import Principal
from deleverage.service.problems import Code as Refusal
from deleverage.service.problems import Problem
from deleverage.service.questions.base import View
from deleverage.service.rounds.gate import Gate
from deleverage.service.rounds.sources import ASSET, MARKET, Agreed, Said, Sources

LONGEST_KEY = 64
OF_ONE = frozenset((Code.UNKNOWN_MARKET, Code.UNKNOWN_ASSET, Code.BAD_PRICE, Code.MARKET_SETTLED))
"""Refusals of a whole set for one of its prices: the others are handed in alone then, nobody waits for a bad feed."""


class MarksView(View, frozen=True, kw_only=True):
    """What became of prices: results as of commands, and what waits until more sources have said something."""

    source: str
    sequence: str
    results: list[dict[str, Any]]
    waits_for_sources: list[str]


class Intake:
    """Takes prices from sources."""

    def __init__(self, desk: Desk, clock: Clock, gate: Gate, sources: Sources, wake: Callable[[], None]) -> None:
        """Work with a domain; ``wake`` asks for a step."""
        self._desk, self._clock, self._gate, self._sources, self._wake = desk, clock, gate, sources, wake
        self._told: dict[str, MarksView] = {}

    async def take(self, principal: Principal, said: Said) -> MarksView:
        """Return what became of prices; the same ones again get the answer they got."""
        source, wall_ns = principal.person, self._clock.wall_ns()
        if self._sources.is_last(source, said):
            if source in self._told:
                return self._told[source]
        else:
            self._told.pop(source, None)
            self._sources.hear(source, said, wall_ns)
        agreed, keys = self._sources.agreed(sorted(said.prices), wall_ns)
        results = []
        if agreed:
            self._clock.confirm()
            name = _names(said, keys)
            for letter, kind in (("m", MARKET), ("a", ASSET)):
                results += await self._write(
                    name + letter + str(said.sequence), [a for a in agreed if a.thing[0] == kind]
                )
            await self._gate.look(self._desk)
            self._wake()
        lacking = sorted(thing[1] for thing in said.prices.keys() - {one.thing for one in agreed})
        view = MarksView(source=source, sequence=str(said.sequence), results=results, waits_for_sources=lacking)
        refused = any(result["outcome"] == "refused" for result in results)
        if not refused and self._sources.is_last(source, said):  # it may have said more in the meantime
            self._told[source] = view
        return view

    async def _write(self, key: str, agreed: Sequence[Agreed]) -> list[dict[str, Any]]:
        """Hand in a set, or each price by itself where one of them is refused: what is newest then, nothing older."""
        if not agreed:
            return []
        (outcome,) = await self._submit([(key, _command(agreed))])
        if len(agreed) > 1 and _code(outcome) in OF_ONE:
            newest, _ = self._sources.agreed([one.thing for one in agreed], self._clock.wall_ns())
            alone = [(f"{key}-{at}", _command([one])) for at, one in enumerate(newest)]
            outcomes = await self._submit(alone)
        else:
            alone, outcomes = [(key, _command(agreed))], [outcome]
        for (_, command), outcome in zip(alone, outcomes, strict=True):
            if _code(outcome) in (Code.UNKNOWN_MARKET, Code.UNKNOWN_ASSET):
                self._sources.forget(_thing(command))
        return [document_of(name, outcome) for (name, _), outcome in zip(alone, outcomes, strict=True)]

    async def _submit(self, asked: Sequence[tuple[str, Command]]) -> list[Outcome | Exception]:
        """Hand prices in; what the journal has under a sequence number already is no news, whatever it says."""
        outcomes = [_as_news(outcome) for outcome in await self._desk.submit(asked)]
        for outcome in outcomes:
            if isinstance(outcome, Acknowledged) and isinstance(outcome.answer, tuple):
                self._gate.hear(outcome.answer)
        return outcomes


def _as_news(outcome: Outcome | Exception) -> Outcome | Exception:
    used = isinstance(outcome, KeyReused) or (isinstance(outcome, Acknowledged) and outcome.again)
    if not used:
        return outcome
    sentence = "the journal has this sequence number of the source already: go on with a higher one"
    return Problem(Refusal.STALE, sentence, seq=outcome.seq)  # type: ignore[union-attr]


def _command(agreed: Sequence[Agreed]) -> Command:
    if agreed[0].thing[0] == MARKET:
        return SetMarks(time_ns=0, marks=tuple(MarkUpdate(one.thing[1], one.price, one.sources) for one in agreed))
    return SetAssetPrices(
        time_ns=0, prices=tuple(AssetPriceUpdate(one.thing[1], one.price, one.sources) for one in agreed)
    )


def _thing(command: Command) -> tuple[str, str]:
    """Return what the one price of a command is of."""
    if isinstance(command, SetMarks):
        return MARKET, command.marks[0].market_id
    assert isinstance(command, SetAssetPrices)
    return ASSET, command.prices[0].asset_id


def _code(outcome: Outcome | Exception) -> Code | None:
    answer = None if isinstance(outcome, Exception) else outcome.answer
    return answer.code if isinstance(answer, Rejection) else None


def _names(said: Said, keys: Sequence[str]) -> str:
    """Return the beginning of a key, with as many names as there is room for."""
    room = LONGEST_KEY - len(f"m{said.sequence}-9999")
    names = [said.key_id, *(key for key in keys if key != said.key_id)]
    for count in range(len(names), 0, -1):
        left = f":{len(names) - count}:" if count < len(names) else ""
        if len(name := f"::{':'.join(names[:count])}:{left}") <= room:
            return name
    raise AssertionError("a key id is short enough for the journal's keys")
