"""What somebody published about a policy, as measures beside ours: their sums, our names, undefined where theirs are.

Only what the claims carry: no account's share is known, so nothing here is an allocation. The survivor's endowment is
taken back out of their ratio (v = PTSR (D - H)), so that both conventions can be shown.
"""

from math import isfinite, isnan

from deleverage.lab.events.model import Event, Wave
from deleverage.lab.metrics.catalogue import undefined, value
from deleverage.lab.metrics.collection import collection
from deleverage.lab.metrics.measure import Measure
from deleverage.lab.metrics.regret import wave_regret
from deleverage.lab.metrics.survivors import Wave as Ratios
from deleverage.lab.metrics.survivors import inconsistencies, ratios

BLANK = "the source leaves the cell empty"
RENAMED = {"ptsr_code": "ptsr", "pmr_code": "pmr", "rd_nse": "rd_nse"}


Row = tuple[float, float, float, list[Measure]]
"""What was collected, what was needed, the largest share of one winner (NaN: unknown), and the measures."""


def published_rows(event: Event) -> dict[str, dict[int, Row]]:
    """Return the published numbers by policy and wave; without a sum no row."""
    waves = {wave.number: wave for wave in event.waves}
    claims: dict[str, dict[int, dict[str, float]]] = {}
    for claim in event.claims:
        claims.setdefault(claim.policy, {}).setdefault(claim.wave, {})[claim.name] = claim.value
    return {
        policy: {
            number: _measures(waves[number], row)
            for number, row in rows.items()
            if number in waves and isfinite(row.get("budget", float("nan")))
        }
        for policy, rows in claims.items()
    }


def _measures(wave: Wave, row: dict[str, float]) -> Row:
    taken, needed = row["budget"], row.get("needed", wave.needed_usd)
    found = [] if isnan(needed) else [*collection(taken, needed, wave.deficit_usd)]
    if not isnan(needed):
        found.append(value("overshoot_regret", wave_regret(taken, needed)))
    sums = Ratios(taken, wave.deficit_usd, wave.max_loss_usd)
    ptsr = row.get("ptsr", float("nan"))
    kept = undefined("survivor", BLANK) if isnan(ptsr) else value("survivor", ptsr * sums.left)
    found.append(kept)
    found += [item for item in ratios(kept, sums) if item.name in ("ptsr_paper", "pmr_paper")]
    found += [_claimed(name, row.get(theirs, float("nan"))) for name, theirs in RENAMED.items() if theirs in row]
    return taken, needed, row.get("max_pct", float("nan")), found


def _claimed(name: str, number: float) -> Measure:
    if not isfinite(number):
        return undefined(name, BLANK)
    if name == "rd_nse" and not 0 <= number <= 1:
        return undefined(name, f"out of range 0..1: the source prints {number:.6g}")
    return value(name, number)


def published_misses(event: Event) -> dict[str, dict[str, float]]:
    """Return, by policy, the largest relative miss of each identity between the ratios that were published."""
    waves = {wave.number: wave for wave in event.waves}
    rows: dict[tuple[str, int], dict[str, float]] = {}
    for claim in event.claims:
        rows.setdefault((claim.policy, claim.wave), {})[claim.name] = claim.value
    worst: dict[str, dict[str, float]] = {}
    for (policy, number), row in rows.items():
        if number not in waves or not isfinite(row.get("budget", float("nan"))):
            continue
        wave = waves[number]
        ours = {
            name: row[theirs] if isfinite(row.get(theirs, float("nan"))) else None for name, theirs in RENAMED.items()
        }
        misses = inconsistencies(ours, Ratios(row["budget"], wave.deficit_usd, wave.max_loss_usd))
        for name, miss in misses.items():
            worst.setdefault(policy, {})[name] = max(miss, worst.get(policy, {}).get(name, 0.0))
    return worst
