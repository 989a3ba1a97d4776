"""A comparison as one document: money that is exact as decimal strings, measures as numbers, null with its reason."""

from typing import Any

from deleverage.lab.compare.averages import common, over_waves, sums
from deleverage.lab.compare.deciles import by_endowment, in_tenths
from deleverage.lab.compare.digest import DIGITS, result_hash
from deleverage.lab.compare.dominance import fairer_than
from deleverage.lab.compare.hedged import as_closed
from deleverage.lab.compare.published import published_misses
from deleverage.lab.compare.reference import NO_FAIRNESS, regret_of
from deleverage.lab.compare.run import Cell, Comparison, Line
from deleverage.lab.metrics.catalogue import as_json
from deleverage.lab.metrics.collection import sides
from deleverage.lab.metrics.coverage import coverage
from deleverage.lab.metrics.fairness import FRACTIONS
from deleverage.lab.metrics.markout import Markout, markouts
from deleverage.lab.metrics.measure import Measure
from deleverage.lab.policies.policy import EX_POST, total
from deleverage.lab.policies.winners import Units
from deleverage.lab.population.crowd import DRAWN, UNIT, Crowd
from deleverage.lab.population.drawn import LABEL
from deleverage.rulebook.plug import spec_of, text_of
from deleverage.rulebook.quantities import format_units

ORACLE = "oracle: what a wave needed is known after it only; who has no controller did not have to guess it"
PUBLISHED = "numbers of the source about winners of its own: ratios and shares are not those of the winners here"
SAME = 1e-9
"""Sums of floats that differ by less than this share are the same sum."""

NOT_STATED = "not stated by the source"


def document(comparison: Comparison) -> dict[str, Any]:
    """Return the body of the document, JSON-ready."""
    event, crowds = comparison.event, comparison.crowds
    fairer = fairer_than(comparison)
    orders = {number: by_endowment(crowd.winners.gain) for number, crowd in crowds.items()}
    drawn = any(crowd.kind == DRAWN for crowd in crowds.values())
    return {
        "event": event.name,
        "seed": comparison.seed if drawn else None,
        "unit": format_units(1, UNIT),
        "budget": ORACLE,
        "published_rows": PUBLISHED,
        "winners": LABEL if drawn else "winners are the event's own accounts, with what they had when first closed",
        "synthetic": drawn,
        "waves": [_wave(number, crowd, orders[number]) for number, crowd in crowds.items()],
        "left_out": [{"wave": number, "why": why} for number, why in comparison.left_out.items()],
        "coverage": _told(coverage(event)),
        "markouts": [] if event.fills is None else [_markout(found) for found in markouts(event.fills)],
        "hedges": [{"wave": number, **_told(found)} for number, found in as_closed(event, crowds).items()],
        "reference": comparison.reference.name or None,
        "reference_of_published": comparison.reference_of_published.name or None,
        "policies": [_line(line, comparison, fairer, orders) for line in comparison.lines],
        "common": [
            {"name": row.name, "waves": list(row.waves), "never": list(row.never), "means": row.means}
            for row in common(comparison)
        ],
        "published_misses": published_misses(event),
        "lorenz_at": list(FRACTIONS),
        "definitions": as_json(list(comparison.metrics)),
        "result_hash": {"sha256": result_hash(comparison), "significant_digits": DIGITS},
        "sources": [
            {"file": source.file, "sha256": source.sha256, "size_bytes": source.size_bytes} for source in event.sources
        ],
        "notes": list(event.notes),
    }


def _wave(number: int, crowd: Crowd, order: Units) -> dict[str, Any]:
    return {
        "wave": number,
        "winners": len(crowd.winners),
        "kind": crowd.kind,
        "budget": format_units(crowd.budget, UNIT),
        "budget_basis": crowd.budget_basis,
        "capacity": format_units(total(crowd.winners.cap), UNIT),
        "endowment_by_decile": in_tenths(crowd.winners.gain, order),
        "rounded_away": crowd.cut_usd,
        "notes": list(crowd.notes),
    }


def _markout(found: Markout) -> dict[str, Any]:
    """Return one horizon: sums on either side of zero, and how many fills have no later mark."""
    parts = {"immediate": found.immediate, "opportunity": found.opportunity, "markout": found.total}
    split = {name: sides(column) for name, column in parts.items()}
    return {
        "horizon_ms": found.horizon_ms,
        **{name: {"above": each.above, "below": each.below, "unknown": each.unknown} for name, each in split.items()},
    }


def _line(line: Line, comparison: Comparison, fairer: dict[str, list[str]], orders: dict[int, Units]) -> dict[str, Any]:
    about = None if line.chosen is None else line.chosen.policy.about
    return {
        "policy": line.name,
        "published": line.chosen is None,
        "file": None if line.chosen is None else line.chosen.file,
        "parameters": _parameters(line),
        "numeraire": NOT_STATED if about is None else about.numeraire,
        "controller": None
        if line.chosen is None or line.chosen.controller is None
        else text_of(line.chosen.controller),
        "information": _claimed_information(line) if line.chosen is None else line.chosen.information,
        "source": "the event's own tables" if about is None else about.source,
        "failures": [] if about is None else list(about.failures),
        "why": _why(line),
        "sums": sums(line),
        "regret": _regret(line, comparison),
        "fairer_than": fairer.get(line.name, []),
        "course": _told(over_waves(comparison, line)),
        "waves": [_cell(cell, orders) for cell in line.cells if not cell.why],
        "left_out": [{"wave": cell.wave, "why": cell.why} for cell in line.cells if cell.why],
    }


def _regret(line: Line, comparison: Comparison) -> dict[str, Any] | None:
    """Return overshoot, fairness and total regret, and what they are made of; None where nothing was taken anywhere."""
    found = regret_of(comparison, line)
    if not comparison.reference.name or not found.waves:
        return None
    why = {} if found.fairness is not None else dict.fromkeys(("fairness_usd", "total_usd"), NO_FAIRNESS)
    return {
        "waves": found.waves,
        "overshoot_usd": found.overshoot,
        "fairness_usd": found.fairness,
        "total_usd": found.total,
        "over_usd": found.over,
        "under_usd": found.under,
        "harder_than_reference_usd": found.harder,
        "milder_than_reference_usd": found.milder,
        "waves_without_fairness": list(found.without_fairness),
        "undefined": why,
    }


def _claimed_information(line: Line) -> str:
    """Return what published numbers themselves show: whose sum is the need of every wave was given it afterwards."""
    gaps = [abs(cell.taken - cell.needed) for cell in line.cells if cell.taken is not None and cell.needed is not None]
    most = max((cell.needed or 0.0 for cell in line.cells), default=0.0)
    known = bool(gaps) and len(gaps) == len(line.cells) and max(gaps) <= SAME * most
    return f"{EX_POST}: it collects what each wave turned out to need" if known else NOT_STATED


def _parameters(line: Line) -> dict[str, str]:
    if line.chosen is None:
        return {}
    if line.chosen.file is not None:
        return dict(text.split("=", 1) for text in line.chosen.policy.parameters)  # type: ignore[attr-defined]
    return {name: str(value) for name, value in spec_of(line.chosen.policy).items() if name != "name"}


def _why(line: Line) -> str | None:
    """Return why a policy has no wave at all, None where it has one."""
    reasons = [cell.why for cell in line.cells]
    return reasons[0] if reasons and all(reasons) else None


def _cell(cell: Cell, orders: dict[int, Units]) -> dict[str, Any]:
    shares = cell.shares
    own: dict[str, Any] = dict.fromkeys(("asked", "allocated", "residual", "parameter", "meaning", "status"))
    if shares is not None:
        own = {
            "asked": None if cell.asked is None else format_units(cell.asked, UNIT),
            "allocated": format_units(total(shares.parts), UNIT),
            "residual": format_units(shares.rest, UNIT),
            "parameter": None if shares.parameter is None else str(shares.parameter),
            "meaning": shares.meaning or None,
            "status": shares.status or None,
        }
    tenths = None if shares is None else in_tenths(shares.parts, orders[cell.wave])
    curve = None if cell.lorenz is None else list(cell.lorenz)
    return {"wave": cell.wave, **own, "taken_by_decile": tenths, **_told(list(cell.measures)), "lorenz": curve}


def _told(measures: list[Measure]) -> dict[str, Any]:
    return {
        "measures": {item.name: item.value for item in measures},
        "undefined": {item.name: item.why for item in measures if item.value is None},
    }
