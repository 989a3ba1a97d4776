"""Every rule on one book, beside the programme's least expected shortfall: the document.

Lots and equity leave as exact decimals. A shortfall is a mean over drawn scenarios, binary64, rounded to a millionth of
the currency; a gap is its distance from the programme's lower bound.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from deleverage.lab.cross.book import SIDES, met
from deleverage.lab.cross.lp import Reference
from deleverage.lab.cross.moves import gains, moves, shortfall
from deleverage.lab.cross.positions import Study
from deleverage.lab.cross.programme import MOST_PAIRS, solve
from deleverage.lab.cross.rules import RULES, Closed, leverages
from deleverage.lab.cross.terms import terms_of, whole_lots
from deleverage.lab.policies.whole import total
from deleverage.rulebook.decimals import format_units

NOTHING, PROGRAMME = "nothing", "programme"
_PLACES = 6

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Scenarios:
    """How many price moves are drawn from which seed, and the scales of the factor and of each coin's own moves."""

    count: int = 200
    seed: int = 1
    factor: float = 0.05
    own: float = 0.02


def document(study: Study, drawn: Scenarios, show: Progress, *, most_pairs: int = MOST_PAIRS) -> dict[str, Any]:
    """Return what each rule closes and what it leaves, and the programme's own answer."""
    book, required = study.book, study.required
    sizes = {"count": drawn.count, "factor": drawn.factor, "own": drawn.own}
    samples = [
        gains(book, moves(book.legs, drawn.count, seed, factor=drawn.factor, own=drawn.own))
        for seed in (drawn.seed, drawn.seed + 1)
    ]
    steps = len(RULES) + 1
    found = {NOTHING: Closed(np.zeros_like(book.held))}
    for at, (name, rule) in enumerate(RULES.items()):
        show("rules", at, steps)
        found[name] = rule(book, required)
    terms = terms_of(book, required, samples[0])
    shares = [terms.shares(closed.lots) for name, closed in found.items() if name != NOTHING]
    best = solve(terms, min(shares, key=terms.value), most_pairs=most_pairs)
    found[PROGRAMME] = Closed(whole_lots(terms, best.shares), best.status)
    show("rules", steps, steps)
    return {
        "units": len(book.ids),
        "left_out": list(study.left_out),
        "equity": format_units(total(book.equity), study.money),
        "required": study.why,
        "legs": _legs(study, best),
        "scenarios": {**sizes, "seed": drawn.seed, "held_out_seed": drawn.seed + 1},
        "programme": _programme(study, best),
        "rules": [_rule(study, name, closed, samples, best) for name, closed in found.items()],
        "reductions": _reductions(study, found),
    }


def _money(study: Study, quanta: float) -> float:
    """Return quanta in the currency."""
    return float(round(quanta * study.money.units / 10.0**study.money.decimals, _PLACES)) + 0.0


def _legs(study: Study, best: Reference) -> list[dict[str, Any]]:
    closed = met(study.book, study.required)
    rows = []
    for at, leg in enumerate(study.book.legs):
        size, asked = study.sizes[leg.coin], study.required[at]
        capacity = total(study.book.held[:, at])
        if not asked and not capacity:
            continue
        price = best.prices.get(at) if closed[at] < capacity else None  # Nobody has one lot more.
        rows.append(
            {
                "coin": leg.coin,
                "side": SIDES[leg.side],
                "beta": str(leg.beta),
                "lot": format_units(1, size),
                "lot_value": format_units(leg.value_quanta, study.money),
                "held": format_units(capacity, size),
                "asked": format_units(asked, size),
                "closed": format_units(closed[at], size),
                "residual": format_units(asked - closed[at], size),
                "shadow_price_of_a_lot": None if price is None else _money(study, price),
            }
        )
    return rows


def _programme(study: Study, best: Reference) -> dict[str, Any]:
    return {
        "method": best.method,
        "status": best.status,
        "expected_shortfall": _money(study, best.value),
        "bound": _money(study, best.bound),
        "gap": _money(study, best.gap),
        "open_pairs": best.pairs,
    }


def _rule(study: Study, name: str, closed: Closed, samples: list[Any], best: Reference) -> dict[str, Any]:
    """Return what a rule leaves; the gap of closing nothing is none, it does another thing."""
    book = study.book
    here, there = (shortfall(book, closed.lots, gained) for gained in samples)
    before, (gross, factor) = leverages(book)[1], leverages(book.without(closed.lots))
    is_rule = name != NOTHING
    gap = max(0.0, here - best.bound)
    return {
        "rule": name,
        "status": closed.status,
        "expected_shortfall": _money(study, here),
        "gap": _money(study, gap) if is_rule else None,
        "gap_share": round(gap / best.bound, 9) if is_rule and best.bound > 0 else None,
        "held_out_shortfall": _money(study, there),
        "largest_gross_leverage": str(max(gross, default=0)),
        "largest_factor_leverage": str(max(factor, default=0)),
        "touched": int((closed.lots > 0).any(axis=1).sum()),
        "hedges_broken": sum(after > was for was, after in zip(before, factor, strict=True)),
    }


def _reductions(study: Study, found: dict[str, Closed]) -> list[dict[str, Any]]:
    """Return every holding that some rule closes lots of, by unit and leg."""
    book, names = study.book, [name for name in found if name != NOTHING]
    any_closed = sum((found[name].lots for name in names), np.zeros_like(book.held))
    return [
        {
            "unit": book.ids[row],
            "coin": (leg := book.legs[at]).coin,
            "side": SIDES[leg.side],
            "held": format_units(int(book.held[row, at]), (size := study.sizes[leg.coin])),
            "closed": {name: format_units(int(found[name].lots[row, at]), size) for name in names},
        }
        for row, at in np.argwhere(any_closed).tolist()
    ]
