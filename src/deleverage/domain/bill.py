"""Who paid in a run: every shortfall that there was, by whom it was carried, and what nobody carried."""

from dataclasses import dataclass

from deleverage.domain.player import Run
from deleverage.domain.records import RoundRecord, StepRecord
from deleverage.rulebook.margin import equity


@dataclass(frozen=True, slots=True)
class Bill:
    """Who carried the shortfalls, each in quanta >= 0, and what was closed for it.

    ``waiting_quanta`` is what bankrupts that still hold lots lack at the end: a later step, or nobody, carries it.
    """

    takers_quanta: int  # stage 3, what backstops and the fund's account paid beyond what the lots were worth
    fund_quanta: int  # stage 4
    candidates_quanta: int  # stage 5
    socialised_quanta: int  # stage 6
    residual_quanta: int  # stage 7
    waiting_quanta: int
    closed_units: int  # candidates that were closed, each counted once
    closed_quanta: int  # the closed lots at their marks
    loss_closings: int  # candidates' fills that would realise a loss against their own entry


def bill_of(run: Run) -> Bill:
    """Return who paid in a run."""
    book = run.domain.book
    rounds = [(step, item) for step in run.steps for item in step.rounds]
    return Bill(
        takers_quanta=_taken(run, 3),
        fund_quanta=_taken(run, 4),
        candidates_quanta=sum(pool.collected_quanta for _, item in rounds for pool in item.fact.pools),
        socialised_quanta=_taken(run, 6),
        residual_quanta=book.residual_quanta,
        waiting_quanta=sum(max(0, -equity(book, unit)) for unit in book.units.values() if unit.bankrupt),
        closed_units=len({closing.unit_id for _, item in rounds for closing in item.fact.closings}),
        closed_quanta=sum(_value(run, step, item) for step, item in rounds),
        loss_closings=sum(record.loss for _, item in rounds for record in item.fills),
    )


def _taken(run: Run, stage: int) -> int:
    return sum(line.taken_quanta for step in run.steps for line in step.stages if line.stage == stage)


def _value(run: Run, step: StepRecord, item: RoundRecord) -> int:
    """Return what the lots closed in a round were worth at the marks of its step, magnitude."""
    terms = {terms.market_id: terms for terms in run.scenario.markets}
    return sum(
        closing.closed_lots * abs(terms[closing.market_id].value_at(step.marks[closing.market_id]))
        for closing in item.fact.closings
    )
