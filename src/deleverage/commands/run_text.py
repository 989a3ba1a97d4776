"""A run as people read it: stage by stage what was taken and left, the queue, the fills, and the sum at the end."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from deleverage.commands.text_table import TextTable
from deleverage.domain.conservation import balance
from deleverage.domain.document import residual_left
from deleverage.domain.player import Run
from deleverage.domain.records import STAGES, FillRecord, QueueRecord, RoundRecord, StageRecord, StepRecord
from deleverage.domain.show import counted, grouped, money_text, percent_text, price_of
from deleverage.rulebook.margin import equity
from deleverage.rulebook.plug import text_of
from deleverage.rulebook.quantities import PPB, Scale, format_units
from deleverage.scenarios.opening import sentence_of, terms_of

if TYPE_CHECKING:
    from rich.console import Console

ROWS = 8
"""So many rows of a queue or of fills are shown; the others are counted. The JSON document has all fills."""


def print_run(run: Run, out: "Console", page: Path | None = None) -> None:
    """Print a run, and where its page lies; the last line is about conservation, always."""
    _Printer(run, out, page).print()


def print_rounds(run: Run, out: "Console") -> None:
    """Print the rounds of stage 5 alone: pools, queues and fills."""
    printer = _Printer(run, out, None)
    for step in run.steps:
        for item in step.rounds:
            printer.round(item)


def lights_text(lights: int) -> str:
    """Return five lights, lit from the left: five mean next in line."""
    lit, dark = ("●", "○") if "utf" in (sys.stdout.encoding or "").lower() else ("*", ".")
    return lit * lights + dark * (5 - lights)


class _Printer:
    """Prints one run; knows the scales."""

    def __init__(self, run: Run, out: "Console", page: Path | None) -> None:
        self.run, self.out, self.page = run, out, page
        self.terms = {terms.market_id: terms for terms in run.scenario.markets}

    def money(self, quanta: int) -> str:
        return money_text(quanta, self.run.scenario.money)

    def amount(self, quanta: int) -> str:
        return f"{self.money(quanta)} {self.run.scenario.currency}"

    def line(self, text: str, style: str = "") -> None:
        self.out.print(Text(text, style=style), soft_wrap=True)

    def print(self) -> None:
        run, scenario = self.run, self.run.scenario
        self.line(f"{scenario.name}: {scenario.title}", "bold")
        self.line(scenario.lesson)
        if scenario.note:
            self.line(scenario.note)
        if scenario.venue:
            self.line(f"under the rules of {scenario.venue}, not the story's own", "bold")
        rules, units = scenario.rules, counted(len(run.before), "unit")
        self.line(f"policy {rules.policy.name}, price rule {text_of(rules.price)}, {units}")
        for step in run.steps:
            self._step(step)
        self.line("")
        for item in run.refused[:ROWS]:
            sentence = sentence_of(item.rejection, run.scenario.money, terms_of(run.domain.book, item.command))
            self.line(f"refused in frame {item.frame}: {type(item.command).__name__}: {sentence}")
        if len(run.refused) > ROWS:
            self.line(f"and {counted(len(run.refused) - ROWS, 'more refused command')}")
        self._ends()

    def _step(self, step: StepRecord) -> None:
        marks = ", ".join(f"{name} {grouped(format_units(t, self.terms[name].tick))}" for name, t in step.marks.items())
        self.line("")
        self.line(f"step {step.step}: {step.label}", "bold")
        self.line(f"  marks {marks}; fund {self.amount(step.fund_before_quanta)}")
        moved = {name: ppb for name, ppb in step.factors_ppb.items() if ppb != PPB}
        for name, ppb in moved.items():
            self.line(f"  requirements in {name} are {format_units(ppb, Scale(1, 9))} times the table")
        for reason in step.guarded:
            self.line(f"  guarded {reason}")
        for one in step.spared[:ROWS]:
            seconds = format_units(one.until_ns, Scale(1, 9))
            self.line(
                f"  spared {one.unit_id}: unhealthy in {one.market_id}, a grace runs there until second {seconds}"
            )
        if len(step.spared) > ROWS:
            self.line(f"  and {len(step.spared) - ROWS:,} more spared")
        for sentence in step.news[:ROWS]:
            self.line(f"  {sentence}")
        if step.on_offer:
            more = f" and {len(step.on_offer) - ROWS:,} more" if len(step.on_offer) > ROWS else ""
            self.line(f"  on offer {', '.join(step.on_offer[:ROWS])}{more}")
        if not step.stages:
            why = "" if step.guarded or step.spared or step.on_offer else "nobody is unhealthy, "
            self.line(f"  {why}nothing is asked of anybody")
        for limit in step.throttles:
            if limit.binds:
                done, most = self.money(limit.done_quanta), self.amount(limit.most_quanta)
                stress = f"a stress of {percent_text(limit.stress_ppb)} %"
                self.line(f"  throttle of stage {limit.stage} binds: {done} of {most} at {stress}, the rest waits")
        rounds = {item.fact.round: item for item in step.rounds}
        for line in step.stages:
            self._stage(line)
            if line.stage == 5 and line.round in rounds:
                self.round(rounds[line.round])

    def _stage(self, line: StageRecord) -> None:
        taken = []
        if line.taken_lots:
            taken.append(counted(line.taken_lots, "lot"))
        if line.taken_quanta:
            taken.append(self.amount(line.taken_quanta))
        left = f"left {counted(line.left.lots, 'lot')} and {self.amount(line.left.shortfall_quanta)}"
        head = f"  stage {line.stage} {STAGES[line.stage]:<10} took {' and '.join(taken) or 'nothing'}, {left}"
        self.line(head, "cyan")
        told = line.told if len(line.told) <= 6 else [*line.told[:6], f"and {len(line.told) - 6} more"]
        self.line(f"          {'; '.join(told)}")
        self.line(f"          {line.next}")

    def _table(self, table: TextTable) -> None:
        title, *lines = table.lines(indent=" " * 6)
        self.line(title, "italic")
        for line in lines:
            self.line(line)

    # -- rounds -------------------------------------------------------------------------------------------------------

    def round(self, item: RoundRecord) -> None:
        """Print one round of stage 5."""
        for pool in item.fact.pools:
            price = f"asked {self.amount(pool.asked_quanta)}, collected {self.amount(pool.collected_quanta)}"
            lots = f"{counted(pool.lots, 'lot')}, {pool.netted_lots:,} netted"
            shortfall = f"shortfall of the closed {self.amount(pool.shortfall_quanta)}"
            self.line(f"    bankrupt {pool.side}s in {pool.market_id}: {lots}, {shortfall}, {price}")
        for queue in item.queues:
            self._queue(item, queue)
        self._fills(item)
        self._naked(item)

    def _queue(self, item: RoundRecord, queue: QueueRecord) -> None:
        closed = {c.unit_id: c.closed_lots for c in item.fact.closings if c.market_id == queue.market_id}
        names = ("rank", "lights", "unit", "score", "lots", "ahead", "percentile", "closed")
        table = TextTable(f"queue of {queue.side}s in {queue.market_id}", names, left=("lights", "unit"))
        for place in queue.places[:ROWS]:
            table.add(
                f"{place.rank:,}",
                lights_text(place.lights),
                place.unit_id,
                place.score or "-",
                f"{place.lots:,}",
                f"{place.lots_ahead:,}",
                percent_text(place.percentile_ppb) + " %",
                f"{closed[place.unit_id]:,}" if place.unit_id in closed else "",
            )
        self._table(table)
        rest = queue.places[ROWS:]
        if rest:
            touched = sum(place.unit_id in closed for place in rest)
            self.line(f"      and {len(rest):,} more in line, {touched:,} of them closed too")

    def _fills(self, item: RoundRecord) -> None:
        names = ("unit", "part", "leg", "lots", "price", "amount", "against mark", "against entry", "")
        table = TextTable(f"fills, money in {self.run.scenario.currency}", names, left=("unit", "part", "leg", ""))
        for record in item.fills[:ROWS]:
            table.add(*self._fill(record))
        self._table(table)
        rest = item.fills[ROWS:]
        if rest:
            losses = sum(record.loss for record in rest)
            more = f"; {losses:,} of them would realise a loss" if losses else ""
            self.line(f"      and {counted(len(rest), 'more fill')}, all in --json{more}")

    def _fill(self, record: FillRecord) -> tuple[str, ...]:
        fill = record.fill
        return (
            fill.unit_id,
            fill.part,
            fill.market_id,
            f"{fill.lots:,}",
            grouped(price_of(fill, self.terms[fill.market_id])),
            self.money(fill.amount_quanta),
            self.money(fill.money_quanta),
            self.money(record.result_entry_quanta),
            "would realise a loss" if record.loss else "",
        )

    def _naked(self, item: RoundRecord) -> None:
        for leg in item.naked[:ROWS]:
            size = f"{leg.lots:,} lots of {leg.leg_id}"
            self.line(f"    naked leg: {leg.unit_id} was closed in {leg.closed_leg_id} and still holds {size}")
        if len(item.naked) > ROWS:
            self.line(f"    and {counted(len(item.naked) - ROWS, 'more naked leg')}")

    # -- the end ------------------------------------------------------------------------------------------------------

    def _ends(self) -> None:
        run, book = self.run, self.run.domain.book
        path = [run.fund_before_quanta, *(step.fund_after_quanta for step in run.steps)]
        self.line(f"fund: {' -> '.join(self.money(quanta) for quanta in path)} {run.scenario.currency}")
        if residual_left(run):
            lots = sum(abs(leg.lots) for unit in book.units.values() if unit.bankrupt for leg in unit.legs.values())
            open_quanta = sum(max(0, -equity(book, unit)) for unit in book.units.values() if unit.bankrupt)
            waiting = f"; {self.amount(open_quanta)} of shortfall still open" if open_quanta else ""
            halted = "; the domain is halted" if book.halted else ""
            named = self.amount(book.residual_quanta)
            self.line(f"residual: {named} and {counted(lots, 'lot')}{waiting}{halted}", "bold red")
        else:
            self.line("residual: none")
        if book.claims:
            owed = self.amount(sum(book.claims.values()))
            self.line(f"claims: {owed} owed back to {counted(len(book.claims), 'unit')}")
        found = balance(book)
        pots = sum(amount for _, amount in found.pots)
        self.line(
            f"accounts {self.money(found.quotes_quanta)} + fund and pots {self.money(pots)}"
            f" - residual {self.money(found.residual_quanta)} - deposits {self.money(found.net_deposits_quanta)}"
            f" = {self.money(found.difference_quanta)} {run.scenario.currency}"
        )
        self.line(f"digest: {run.domain.digest()}")
        if self.page is not None:
            self.line(f"page: {self.page}")
        self.line(
            "conservation: exact" if found.exact else "conservation: broken",
            "bold green" if found.exact else "bold red",
        )
