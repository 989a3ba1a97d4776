"""One account in one step in plain words, every number exact: why it, why so many lots, why this price."""

from collections.abc import Iterator

from deleverage.commands.why_round import RoundText
from deleverage.commands.why_words import LABEL, Words, said
from deleverage.domain.records import STAGES
from deleverage.domain.show import counted
from deleverage.domain.why.records import Standing, Why
from deleverage.rulebook.quantities import format_units


def text(why: Why) -> str:
    """Return the answer."""
    return "\n".join(_Text(why).lines())


class _Text:
    """Writes one answer."""

    def __init__(self, why: Why) -> None:
        self.why, self.words = why, Words(why)
        self.rounds = RoundText(why, self.words)

    def lines(self) -> Iterator[str]:
        why = self.why
        yield f"{why.account_id} in step {why.step} of {why.head.domain}: {self._headline()}"
        second = format_units(why.time_ns, self.words.seconds)
        yield from said("command", f"{why.seq:,}, key {why.key}, second {second}, rules {why.head.rules_hash}")
        for item in why.rounds:
            yield ""
            yield from self.rounds.lines(item)
        if not why.rounds:
            yield from said("stage 5", "no lots were closed against anybody in this step")
        yield ""
        yield from self._what_happened()
        yield from self._states()

    def _headline(self) -> str:
        asked = [one for item in self.why.rounds for unit in item.units for one in unit.asked]
        cuts = [event.haircut for event in self.why.events if event.haircut is not None]
        markets = {one.closing.market_id for one in asked}
        lots = sum(one.closing.closed_lots for one in asked)
        size = counted(lots, "lot") if len(markets) == 1 else f"lots of {counted(len(markets), 'market')}"
        told = [f"{size} closed"] if asked else []
        if any(unit.standing is Standing.BANKRUPT for item in self.why.rounds for unit in item.units):
            told.append("bankrupt")
        if cuts:
            told.append(f"{self.words.amount(sum(cut.taken_quanta for cut in cuts))} cut")
        return ", ".join(told) or "nothing was closed or cut"

    def _what_happened(self) -> Iterator[str]:
        label = "in the step"
        shown = {item.round for item in self.why.rounds}
        told = {"candidate", "bankrupt", "netted"}
        for event in self.why.events:
            if event.fill is not None and event.fill.part in told and event.round in shown:
                continue  # its round says more
            stage = "" if event.stage is None else f"stage {event.stage} {STAGES[event.stage]}: "
            whose = "" if len(self.why.unit_ids) == 1 else f"{event.unit_id}: "
            yield from said(label, f"{whose}{stage}{self.words.event(event)}")
            label = ""
        if label and not shown:
            yield from said(label, "nothing was done to it")

    def _states(self) -> Iterator[str]:
        for before, after in zip(self.why.before, self.why.after, strict=True):
            if before == after and not before.lots and len(self.why.before) > 1:
                continue
            yield from said(f"{before.unit_id}"[: LABEL - 1], f"before: {self.words.state(before)}")
            yield from said("", f"after:  {self.words.state(after)}")
