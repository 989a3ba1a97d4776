"""Headlines in words, and the table of what they become: one source for pages and text.

A headline's key ends in its unit and names what it speaks of; its label says the same to people.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

LABELS: tuple[tuple[str, str], ...] = (
    ("total_deficit_usd", "deficit of all waves, equity-USD"),
    ("total_needed_usd", "needed at the marks, all waves, profit-USD"),
    ("needed_by_fills_usd", "needed at the marks, all fills, profit-USD"),
    (r"overshoot_at_(\d+)_ms_usd", "taken above what was needed, {} ms after each wave, net, profit-USD"),
    (r"total_taken_at_(\d+)_ms_usd", "taken of winners, {} ms after each wave, profit-USD"),
    ("overshoot_of_clusters_usd", "taken by the stylised queue above deficits, all clusters, profit-paid-USD"),
    ("deficit_of_clusters_usd", "deficit of all clusters of coins, USD"),
    ("waves_with_a_fresh_largest_survivor", "waves whose largest survivor has a state of its own"),
    ("equity_of_winners_usd", "equity of the winners, over their statements, equity-USD"),
    (r"fairness_reference_of_(.+)_usd", "hardest hit under {}, share x needed, all waves, profit-USD"),
    (r"mean_ptsr_of_(.+)", "PTSR of {}: largest survivor to deficit left, mean of its waves"),
    (r"mean_pmr_of_(.+)", "PMR of {}: largest survivor to what is left of the largest loss, mean of its waves"),
    (r"mean_rd_nse_of_(.+)", "RD-NSE of {}: largest survivor's part, 0 to 1, mean of its waves"),
    (r"mean_max_pct_of_(.+)", "largest share taken of one winner by {}, mean of its waves"),
    (r"mean_(.+?)_of_(.+)", "mean {} of {}, over its waves"),
    ("fills_in_the_event", "fills of the event"),
    ("notional_of_the_event_usd", "notional of the event, notional-USD"),
    ("losers_over_waves", "losers, added up over waves"),
    (r"rows_of_(.+)", "rows of the table of {}"),
    (r"quantity_of_(.+)", "units of {}, all waves"),
)
"""Keys, as patterns of the whole key, and what people call them; a pattern's parts fill the label's places."""

ALL = "all of these together"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: a headline without the findings of one code; ``then`` None: undefined.

    ``code`` is empty in the last row of a headline, which is without everything, or says in ``without`` why not.
    """

    headline: str
    label: str
    code: str
    without: str
    before: float | None
    then: float | None


def label(headline: str) -> str:
    """Return what people call a headline; its key where nobody named it."""
    for pattern, words in LABELS:
        if found := re.fullmatch(pattern, headline, re.DOTALL):
            return words.format(
                *(part.replace("_", " ") if words.startswith("rows") else part for part in found.groups())
            )
    return headline


def table(body: Json) -> list[Row]:
    """Return the headlines of an audit's document, those of one headline together, and what each is without."""
    rows: list[Row] = []
    keys = dict.fromkeys(row["headline"] for row in body["headlines"])
    for key in keys:
        mine = [row for row in body["headlines"] if row["headline"] == key]
        findings = [finding for finding in body["findings"] if finding["consequence"]["headline"] == key]
        for row in mine:
            of_code = [finding for finding in findings if finding["code"] == row["code"]]
            ends = (_counted(key, row[end]) for end in ("before", "after"))
            rows.append(Row(key, label(key), row["code"], _without(of_code), *ends))
        if len(mine) > 1:
            rows += _together(key, mine, findings)
    return rows


def _counted(key: str, value: float | None) -> float | None:
    """Return a whole number as one: what is no money is counted."""
    return int(value) if value is not None and not key.endswith("_usd") and value == int(value) else value


def _without(findings: Sequence[Json]) -> str:
    """Return which findings are taken out: what the only one says, or how many there are and where."""
    if len(findings) == 1:
        return str(findings[0]["sentence"])
    waves = sorted({wave for finding in findings for wave in _waves(finding)})
    return f"{len(findings)} findings{f' in {_listed(waves)}' if waves else ''}"


def _together(key: str, rows: Sequence[Json], findings: Sequence[Json]) -> list[Row]:
    """Return a headline without all of its findings: only where they start alike and speak of waves of their own.

    Where they do not, taking one out changes what the others are worth, and no sum of theirs is the answer. Nothing
    where one code's findings start where another's end: then the rows already say it.
    """
    if len({row["before"] for row in rows}) > 1:
        return []
    codes: dict[Any, set[str]] = {}
    for finding in findings:
        for wave in _waves(finding):
            codes.setdefault(wave, set()).add(finding["code"])
    shared = sorted(wave for wave, of_wave in codes.items() if len(of_wave) > 1)
    before, after = rows[0]["before"], [row["after"] for row in rows]
    if shared:
        why = f"{ALL}: not additive, {_listed(shared)} in several of them"
    elif not all(map(_waves, findings)):
        why = f"{ALL}: not additive, they may speak of the same rows"
    elif before is None or None in after:
        why = f"{ALL}: undefined"
    else:
        return [Row(key, label(key), "", ALL, before, before - sum(before - one for one in after))]
    return [Row(key, label(key), "", why, before, None)]


def _waves(finding: Json) -> list[Any]:
    waves = finding["where"].get("waves", [])
    return list(waves) if isinstance(waves, list) else []


def _listed(waves: Sequence[Any], most: int = 12) -> str:
    more = f" and {len(waves) - most} more" if len(waves) > most else ""
    return f"wave{'s' if len(waves) > 1 else ''} {', '.join(map(str, waves[:most]))}{more}"
