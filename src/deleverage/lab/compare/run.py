"""The comparison itself: every wave's budget asked of every policy, measured, beside what others have published."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import isnan

from deleverage.lab.compare.chosen import MEASURED, Chosen
from deleverage.lab.compare.contracts import Closing, closings, in_money
from deleverage.lab.compare.hedged import of_closings, of_money
from deleverage.lab.compare.published import Row, published_rows
from deleverage.lab.event import Options
from deleverage.lab.events.model import Event, Fills, Wave
from deleverage.lab.metrics.allocation import Needed, measures
from deleverage.lab.metrics.catalogue import CATALOGUE
from deleverage.lab.metrics.fairness import lorenz
from deleverage.lab.metrics.measure import Measure
from deleverage.lab.policies.catalogue import named
from deleverage.lab.policies.policy import CONTRACTS, Shares, Unfit, ask, total
from deleverage.lab.policies.severity import Controller, Round, severities
from deleverage.lab.policies.winners import Units, Winners
from deleverage.lab.population.crowd import UNITS_A_USD, Crowd, NoCrowd
from deleverage.lab.population.drawn import drawn
from deleverage.lab.population.stated import has_accounts, stated
from deleverage.lab.published.rounds import default_reference, rounds

Progress = Callable[[str, int, int], None]

REFERENCE = "min-max"
"""Whom fairness is held against where nobody is named: it makes the largest share of an equity least."""


@dataclass(frozen=True)
class Cell:
    """One policy in one wave: its answer where it is ours, its measures, why it is left out where it is.

    ``taken`` and ``needed`` are USD; None where no sum is known.
    """

    wave: int
    taken: float | None = None
    needed: float | None = None
    shares: Shares | None = None
    measures: tuple[Measure, ...] = ()
    lorenz: tuple[float, ...] | None = None
    why: str = ""
    asked: int | None = None  # units: the budget, where it is ours
    largest_share: float = float("nan")  # what one winner gives of his equity at most


@dataclass(frozen=True)
class Line:
    """One policy over all waves; ``chosen`` is None where somebody else published the numbers."""

    name: str
    chosen: Chosen | None
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Reference:
    """Whom fairness is held against, "" nobody: the largest share that he takes of one winner's equity, by wave."""

    name: str = ""
    shares: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """Everything that was compared, and on whom."""

    event: Event
    seed: int
    metrics: tuple[str, ...]
    crowds: dict[int, Crowd]
    left_out: dict[int, str]  # waves without a crowd, and why
    lines: tuple[Line, ...] = field(default=())
    reference: Reference = field(default_factory=Reference)
    reference_of_published: Reference = field(default_factory=Reference)


def crowds_of(event: Event, seed: int) -> tuple[dict[int, Crowd], dict[int, str]]:
    """Return the winners of each wave, the event's own where it has any, and why a wave has none."""
    crowds: dict[int, Crowd] = {}
    left_out: dict[int, str] = {}
    own = has_accounts(event)
    for wave in event.waves:
        try:
            crowds[wave.number] = stated(event, wave) if own else drawn(event, wave, seed)
        except NoCrowd as reason:
            left_out[wave.number] = str(reason)
    return crowds, left_out


def compare(
    event: Event,
    policies: Sequence[Chosen],
    metrics: tuple[str, ...] = MEASURED,
    seed: int = Options().seed,
    progress: Progress = lambda what, done, total: None,
    reference: Chosen | None = None,
) -> Comparison:
    """Return all policies on all waves, and the published ones beside them.

    Fairness is held against ``reference``, which need not be one of them: left out, the min-max policy; that of
    published rows, whose winners are others, against the published min-max. Raises BadShares where a policy gives an
    answer that none may give.
    """
    crowds, left_out = crowds_of(event, seed)
    found = Comparison(event, seed, metrics, crowds, left_out)
    lines = []
    for done, chosen in enumerate(policies):
        progress("policies", done, len(policies))
        lines.append(_line(found, chosen))
    ours = {line.name: line for line in lines}
    for name, rows in published_rows(event).items():
        shown = f"{name} (published)" if name in ours else name
        lines.append(Line(shown, None, tuple(_claimed(number, row, metrics) for number, row in rows.items())))
    found = replace(found, lines=tuple(lines))
    if {"fairness_regret", "total_regret"} & set(metrics):
        chosen = reference or Chosen(REFERENCE, named(REFERENCE))
        cells = (ours.get(chosen.name) or _line(found, chosen)).cells
        ours_is = Reference(chosen.name, {cell.wave: cell.largest_share for cell in cells})
        claimed = rounds(event)
        theirs = default_reference(claimed) if any(line.chosen is None for line in lines) else ""
        shares = {row.wave: row.largest_share for row in claimed.get(theirs, [])}
        found = replace(found, reference=ours_is, reference_of_published=Reference(theirs, shares))
    progress("policies", len(policies), len(policies))
    return found


def _line(found: Comparison, chosen: Chosen) -> Line:
    """Return one policy on all waves."""
    event, crowds = found.event, found.crowds
    groups = {CATALOGUE[name].group for name in found.metrics}
    budgets = budgets_of(chosen.controller, event, crowds)
    cells = []
    for wave in event.waves:
        if wave.number not in crowds:
            cells.append(Cell(wave.number, why=found.left_out[wave.number]))
        elif wave.number not in budgets:
            cells.append(Cell(wave.number, why="its controller has to know a deficit, and it is not known"))
        else:
            crowd, asked = crowds[wave.number], budgets[wave.number]
            cells.append(_cell(chosen, crowd, asked, event.fills, wave, found.metrics, groups))
    return Line(chosen.name, chosen, tuple(cells))


def budgets_of(controller: Controller | None, event: Event, crowds: dict[int, Crowd]) -> dict[int, int]:
    """Return what each wave's winners are asked for, in units: what was needed, or what a controller makes of D.

    Waves come in the order of time; a wave without a known deficit is no round of a controller.
    """
    if controller is None:
        return {number: crowd.budget for number, crowd in crowds.items()}
    waves = [wave for wave in event.waves if wave.number in crowds and not isnan(wave.deficit_usd)]
    waves.sort(key=lambda wave: (wave.start_ms, wave.number))
    rounds = [
        Round(wave.deficit_usd, crowd.budget / UNITS_A_USD, total(crowd.winners.cap) / UNITS_A_USD)
        for wave in waves
        for crowd in [crowds[wave.number]]
    ]
    chosen = severities(controller, rounds)
    return {
        wave.number: round(Fraction(share) * Fraction(wave.deficit_usd) * UNITS_A_USD)
        for wave, share in zip(waves, chosen, strict=True)
    }


def needed_of(crowd: Crowd, wave: Wave) -> Needed:
    """Return what the wave needed in USD, to the unit that was asked for; NaN is unknown."""
    return Needed(crowd.budget / UNITS_A_USD, wave.deficit_usd, wave.max_loss_usd, UNITS_A_USD)


def _claimed(number: int, row: Row, metrics: tuple[str, ...]) -> Cell:
    taken, needed, share, found = row
    known = None if needed != needed else needed
    wanted = tuple(item for item in found if item.name in metrics)
    return Cell(number, taken, known, measures=wanted, largest_share=share)


def _cell(
    chosen: Chosen,
    crowd: Crowd,
    asked: int,
    fills: Fills | None,
    wave: Wave,
    metrics: tuple[str, ...],
    groups: set[str],
) -> Cell:
    """Return one policy's answer in one wave and what is measured of it."""
    made: list[Closing] | None = None
    try:
        if chosen.policy.about.numeraire == CONTRACTS:
            made = closings(chosen.policy, fills, wave, crowd, asked)
            shares = in_money(made, crowd, asked)
        else:
            shares = ask(chosen.policy, crowd.winners, asked)
    except Unfit as reason:
        return Cell(wave.number, why=str(reason))
    found = measures(crowd.winners, shares.parts, needed_of(crowd, wave), groups)
    if "hedges" in groups:
        found += of_money(crowd, shares.parts, fills, wave) if made is None else of_closings(crowd, made)
    curve = lorenz(shares.parts / UNITS_A_USD) if "fairness" in groups else None
    wanted = tuple(item for item in found if item.name in metrics)
    taken = total(shares.parts) / UNITS_A_USD
    needed = crowd.budget / UNITS_A_USD
    share = largest_share(crowd.winners, shares.parts)
    return Cell(wave.number, taken, needed, shares, wanted, None if curve is None else tuple(curve), "", asked, share)


def largest_share(winners: Winners, parts: Units) -> float:
    """Return the most that is taken of one winner as a share of his equity; NaN where nobody has a known one."""
    if winners.equity is None or not bool((winners.equity > 0).any()):
        return float("nan")
    some = winners.equity > 0
    return float((parts[some] / winners.equity[some]).max())
