"""Steps of the waterfall that did something: their rounds and stages, as the journal's facts tell of them."""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from deleverage.documents import encode
from deleverage.domain.domain import Domain
from deleverage.domain.records import STAGES, StageRecord
from deleverage.domain.stage_lines import stages_of
from deleverage.journal.block import Block
from deleverage.journal.entry import Entry
from deleverage.journal.faults import JournalFault
from deleverage.journal.journal import Journal
from deleverage.journal.rows import TEXT
from deleverage.rulebook.messages import Fact, StepEnded
from deleverage.service.problems import not_found
from deleverage.service.questions import pages
from deleverage.service.questions.base import Question, View
from deleverage.service.questions.facts import OwnEntryView, own_entry
from deleverage.service.questions.pages import blocks_before
from deleverage.service.questions.tape import DELAY_NS

_RUN_STEP, _QUIET = re.compile(rb'\{"command":\{"kind":"RunStep","time_ns":"([0-9]+)"'), b'"facts":[{"kind":"StepEnded"'


class StageView(View, frozen=True, kw_only=True):
    """A stage of a round: what it took. ``told`` is in words, and empty where names are not told."""

    round: int
    stage: int
    name: str
    taken_lots: str
    taken_quanta: str
    told: list[str]


class StepView(View, frozen=True, kw_only=True):
    """A step: its command's number, its rounds and stages, why it stopped, and which markets were guarded."""

    seq: str
    step: str
    time_ns: str
    rounds: int
    stopped: str
    guarded: list[str]
    stages: list[StageView]


class StepsView(View, frozen=True, kw_only=True):
    """Steps, the newest first; there may be none down to ``next_before``, and some before it. Null: that was all."""

    steps: list[StepView]
    next_before: str | None


class WholeStepView(StepView, frozen=True, kw_only=True):
    """A step with all that it told."""

    facts: list[Any]


class OwnStepView(View, frozen=True, kw_only=True):
    """What a step was to one account: the parts of it that are its own."""

    account: str
    step: str
    entry: OwnEntryView


class StepsQuestion(Question, frozen=True, kw_only=True):
    """Which steps did something, before a command?"""

    before_seq: int
    limit: int

    def answer(self, domain: Domain, journal: Journal) -> StepsView:
        """Return so many at most."""
        return _steps(journal, self.before_seq, self.limit, domain.book.time_ns, named=True)


class PublicStepsQuestion(Question, frozen=True, kw_only=True):
    """The same for everybody: old enough, and without names."""

    before_seq: int
    limit: int

    def answer(self, domain: Domain, journal: Journal) -> StepsView:
        """Return so many at most."""
        return _steps(journal, self.before_seq, self.limit, domain.book.time_ns - DELAY_NS, named=False)


class StepQuestion(Question, frozen=True, kw_only=True):
    """What did the step of a command do?"""

    seq: int

    def answer(self, domain: Domain, journal: Journal) -> WholeStepView:
        """Return its stages and its facts."""
        entry = _entry(journal, self.seq)
        view = _view(entry, named=True)
        fields = {name: getattr(view, name) for name in view.__struct_fields__}
        return WholeStepView(**fields, facts=[encode(Fact, fact) for fact in entry.facts or ()])


class OwnStepQuestion(Question, frozen=True, kw_only=True):
    """What was the step of a command to an account?"""

    account: str
    seq: int

    def answer(self, domain: Domain, journal: Journal) -> OwnStepView:
        """Return its own parts; Problem NOT_FOUND where the step says nothing about the account."""
        own = domain.own_book(self.account)
        if own is None:
            raise not_found()
        entry = _entry(journal, self.seq)
        found = own_entry(entry, frozenset({self.account, *own.units}))
        if found is None:
            raise not_found()
        return OwnStepView(account=self.account, step=str(_end(entry).step), entry=found)


def _steps(journal: Journal, before_seq: int, limit: int, latest_ns: int, *, named: bool) -> StepsView:
    found: list[StepView] = []
    following, looked = min(before_seq, journal.seq + 1), 0
    for block in blocks_before(journal, before_seq):
        for entry, size in _steps_of(block, before_seq, latest_ns):
            found.append(_view(entry, named=named))
            looked += size
            if len(found) == limit or looked >= pages.MOST_BYTES:
                return StepsView(steps=found, next_before=str(entry.seq))
        following = block.first_seq
    return StepsView(steps=found, next_before=str(following) if following > 1 else None)


def _steps_of(block: Block, before_seq: int, latest_ns: int) -> Iterator[tuple[Entry, int]]:
    """Yield the steps of a block that did something, the last one first, with the bytes that were read for each.

    Those that are too young are not read at all: what they cost would tell of them.
    """
    places = np.flatnonzero(block.rows["kind"] == TEXT).tolist()
    for at, text in reversed(list(zip(places, block.texts, strict=True))):
        begin = _RUN_STEP.match(text)
        if begin and int(begin[1]) <= latest_ns and block.first_seq + at < before_seq and _QUIET not in text:
            (entry,) = block.entries(at, at + 1)
            if entry.facts:
                yield entry, len(text)


def _entry(journal: Journal, seq: int) -> Entry:
    """Return the entry of a step; Problem NOT_FOUND where the command is none, or was refused."""
    try:
        entry = journal.entry(seq) if 0 < seq <= journal.seq else None
    except JournalFault:
        entry = None
    if entry is None or not entry.facts or not isinstance(entry.facts[-1], StepEnded):
        raise not_found()
    return entry


def _end(entry: Entry) -> StepEnded:
    end = (entry.facts or ())[-1]
    assert isinstance(end, StepEnded)
    return end


def _view(entry: Entry, *, named: bool) -> StepView:
    end = _end(entry)
    return StepView(
        seq=str(entry.seq),
        step=str(end.step),
        time_ns=str(entry.command.time_ns),
        rounds=end.rounds,
        stopped=end.stopped,
        guarded=list(end.guarded),
        stages=[_stage(line, named=named) for line in stages_of(entry.facts or ())],
    )


def _stage(line: StageRecord, *, named: bool) -> StageView:
    return StageView(
        round=line.round,
        stage=line.stage,
        name=STAGES[line.stage],
        taken_lots=str(line.taken_lots),
        taken_quanta=str(line.taken_quanta),
        told=line.told if named else [],
    )
