"""Is what was taken possible, given what was traded?"""

from collections.abc import Iterator

from deleverage.lab.audit.finding import ERROR, WARNING, Check, Consequence, Finding, Unmade
from deleverage.lab.audit.limits import Limits
from deleverage.lab.audit.view import View, known, number, ratio
from deleverage.lab.events.model import Wave

_CODE = "above-notional"


def taken(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding for each wave of which more was taken than was traded, or a part that no minute explains."""
    waves = [row for row in view.event.waves if row.taken_usd and known(view.notional(row))]
    if not waves:
        yield Unmade(_CODE, "haircuts beside notional", "waves with what was taken, and fills or coins with marks")
        return
    if view.event.fills is None:
        yield Unmade(
            _CODE, "notional of a wave at the prices of its fills", f"fills ({view.notional_at} are used instead)"
        )
    first = min(horizon for row in waves for horizon in row.taken_usd)
    headline, total = view.headline_taken(first)
    for row in waves:
        traded = view.notional(row)
        horizon = max(row.taken_usd, key=lambda at: row.taken_usd[at])
        usd, quick = row.taken_usd[horizon], _lasts(row, horizon) <= limits.quick_ms
        if not usd > (min(1.0, limits.implausible) if quick else 1.0) * traded:
            continue
        yield Finding(
            _CODE,
            ERROR if usd > traded else WARNING,
            f"wave {row.number}: {usd:,.2f} USD were taken of a notional of {traded:,.2f} USD within "
            f"{_lasts(row, horizon) / 1000:.1f} s",
            {"waves": [row.number]},
            {
                "taken_usd": usd,
                "notional_usd": traded,
                "notional_at": view.notional_at,
                "ratio": ratio(usd, traded),
                "horizon_ms": horizon,
                "lasts_ms": _lasts(row, horizon),
                "largest_taken_usd": row.largest_taken_usd.get(horizon),
            },
            Consequence(
                headline, number(total), number(total - row.taken_usd.get(first, 0.0) + _needed(row, headline))
            ),
        )


def needed(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding for each wave whose gaps are a part of its notional that no distance from a mark explains."""
    total = sum(row.needed_usd for row in view.event.waves if known(row.needed_usd))
    for row in view.event.waves:
        traded = view.notional(row)
        if known(traded) and known(row.needed_usd) and row.needed_usd > limits.far_from_mark * traded:
            yield Finding(
                _CODE,
                ERROR if row.needed_usd > traded else WARNING,
                f"wave {row.number} needs {row.needed_usd:,.2f} USD of a notional of {traded:,.2f} USD",
                {"waves": [row.number]},
                {"needed_usd": row.needed_usd, "notional_usd": traded, "ratio": ratio(row.needed_usd, traded)},
                Consequence("total_needed_usd", total, total - row.needed_usd),
            )


def _needed(row: Wave, headline: str) -> float:
    return row.needed_usd if headline.startswith("overshoot") else 0.0


def _lasts(row: Wave, horizon_ms: int) -> int:
    return row.end_ms - row.start_ms + horizon_ms


NOTIONAL = Check(_CODE, "Can so much be taken of what was traded?", (taken, needed))
