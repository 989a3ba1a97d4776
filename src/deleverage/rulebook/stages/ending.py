"""What the end of a step tells: why it stopped, and what every stage that could not act found last."""

from deleverage.rulebook.messages import Passed, StepEnded
from deleverage.rulebook.stages.grace import spared
from deleverage.rulebook.stages.scratch import Scratch
from deleverage.rulebook.stages.stress import throttles_of


def tell_end(scratch: Scratch, rounds: int, paced: bool) -> None:
    """Write the end of the step after so many rounds; ``paced``: pace or a throttle has left lots or rounds."""
    tempo = scratch.tempo
    scratch.emit(
        StepEnded,
        step=scratch.step,
        rounds=rounds,
        stopped="pace" if paced else "quiet",
        guarded=tuple(f"{market_id}: {reason}" for market_id, reason in scratch.guarded.items()),
        waiting=any(not unit.legs for unit in scratch.bankrupt_units()),
        unsold=tuple(scratch.unsold),
        passed=tuple(
            Passed(*place, unit_id, why)
            for place, reasons in sorted(scratch.passed.items())
            for unit_id, why in sorted(reasons.items())
        ),
        spared=spared(scratch.book, scratch.guarded, scratch.time_ns),
        throttles=throttles_of(
            scratch.book,
            scratch.rules,
            scratch.time_ns,
            tempo.stress_ppb,
            tempo.sold_notional_quanta,
            tempo.closed_notional_quanta,
        ),
    )
