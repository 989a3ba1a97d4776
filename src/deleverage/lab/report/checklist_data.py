"""Answers about the data itself: deficits, marks, waves, freshness, horizons, the fund, where it comes from."""

from pathlib import Path
from typing import Any

import numpy as np

from deleverage.lab.events.model import Event
from deleverage.lab.events.waves import GAP_MS, deficits, labels
from deleverage.lab.published.others import deficit as total_deficit
from deleverage.lab.regret.document import counts
from deleverage.lab.report import physical, tables
from deleverage.lab.report.words import listed, percent, sentences, usd, waves

Json = dict[str, Any]
Answer = tuple[bool, str, bool]

ASKED_MS = (1000, 5000, 60_000, 3_600_000)
"""Horizons at which holding on is asked for: a second, five, a minute, an hour."""

CONCENTRATED = 0.5
"""One account with more than this share of the deficit is an alarm."""


def deficit(event: Event) -> Answer:
    """Return how many losers there are, what repeats, and what is left of the deficit if each counts once."""
    whole, _, largest = total_deficit(event)
    if whole is None:
        return False, "no source says what losers lack", False
    losers = sum(wave.losers for wave in event.waves)
    told = [f"{usd(whole)} over {len(event.waves)} waves, {losers:,} losers counted wave by wave"]
    alarm = False
    if again := repeats(event):
        told += again
        alarm = True
    if largest is not None and whole and largest / whole > CONCENTRATED:
        told.append(f"one account has {percent(largest / whole)} of it")
        alarm = True
    if event.fills is not None and event.states is not None:
        found = deficits(event.fills, event.states, labels(event.fills.time_ms, GAP_MS))
        once = sum(found.once.values())
        bankrupt = len(set(event.states.user[event.states.is_loser & (event.states.equity < 0)]))
        told.append(f"{bankrupt:,} accounts go below zero; each at its first moment there: {usd(once)}")
    else:
        told.append("unique bankruptcies, vaults and backstops apart: not answerable, the source names no losers")
    return True, sentences(told), alarm


def repeats(event: Event) -> list[str]:
    """Return a sentence for each loss that stands in several waves, and what the deficit is if it counts once."""
    whole = total_deficit(event)[0]
    told = []
    for value, numbers in physical.repeated_losses(event) if whole else []:
        share, once = percent(len(numbers) * value / (whole or value)), (whole or 0.0) - (len(numbers) - 1) * value
        places = f"{len(numbers)} waves ({', '.join(map(str, numbers))})"
        told.append(
            f"one loss of {usd(value)} stands in {places}: {share} of the deficit; counted once, {usd(once)} are left"
        )
    return told


def marks(event: Event) -> Answer:
    """Return where marks come from, and whether deleveraging prints are in them."""
    horizons = sorted({horizon for wave in event.waves for horizon in wave.taken_usd})
    at = f"horizons: {', '.join(map(str, horizons))} ms after the wave" if horizons else "no horizon"
    if event.fills is not None and len(event.fills):
        mark = event.fills.mark
        known = ~np.isnan(mark)
        if not known.any():
            return False, f"the fills carry no mark; {at}", False
        same = float((mark[known] == event.fills.price[known]).mean())
        told = f"{percent(float(known.mean()))} of the fills carry a mark of their source; {percent(same)} of these are"
        return True, f"{told} the fill's own price; {at}", same > CONCENTRATED
    if event.coins:
        told = "reference marks are each coin's average deleveraging price, so deleveraging prints are in the mark"
        return True, f"{told}; gaps are absolute and do not say against which mark; {at}", True
    return False, f"the tables do not say against which mark gaps are; {at}", False


def rule_of_waves(event: Event, body: Json, gap_ms: int | None) -> Answer:
    """Return what the waves cover, and how much hangs on their rule."""
    if not event.waves:
        return False, "there are no waves", False
    covered = body["coverage"]
    rule = f"a gap longer than {gap_ms or GAP_MS} ms" if gap_ms or event.fills is not None else "a rule not said"
    longest = max(event.waves, key=lambda wave: wave.end_ms - wave.start_ms)
    seconds = (longest.end_ms - longest.start_ms) / 1000
    share = percent(covered["share_of_fills"])
    of_all = "an unknown number" if covered["fills_in_all"] is None else f"{covered['fills_in_all']:,}"
    told = [f"a new wave after {rule}; {share} of the fills are in waves ({covered['fills']:,} of {of_all})"]
    told.append(f"the longest lasts {seconds:.1f} s (wave {longest.number}, {longest.fills:,} fills)")
    numbers = {wave.number for wave in event.waves}
    missing = [number for number in range(1, max(numbers) + 1) if number not in numbers]
    alarm = bool(missing) or (covered["share_of_fills"] or 1) < 1
    if missing:
        told.append(f"{len(missing)} waves are left out ({waves(missing)}); the largest of them is not in the source")
    if rows := body["sweep"]:
        spread = "; ".join(f"{row['gap_ms']} ms: {row['waves']} waves, {usd(row['deficit_usd'])}" for row in rows)
        told.append(f"waves and deficit by gap: {spread}")
        told += _largest_outside(event)
    else:
        told.append("how much hangs on the gap: not answerable, there are no fills to be clustered anew")
    return True, sentences(told), alarm


def _largest_outside(event: Event) -> list[str]:
    """Return the largest wave without a deficit, which tables of waves with one leave out."""
    outside = [wave for wave in event.waves if not wave.deficit_usd > 0]
    if not outside or event.fills is None:
        return []
    times, notional = event.fills.time_ms, event.fills.size * event.fills.price
    sums = {w.number: float(notional[(times >= w.start_ms) & (times <= w.end_ms)].sum()) for w in outside}
    largest = max(sums, key=lambda number: sums[number])
    return [
        f"{len(outside)} waves have no deficit, the largest of them wave {largest} with {usd(sums[largest])} closed"
    ]


def freshness(event: Event, findings: list[Json]) -> Answer:
    """Return whether statements of accounts are older than their fills, and whether they ever change."""
    stale = [finding for finding in findings if finding.get("code") == "stale-state"]
    places = [f"{name} {tables.told(place)}" for finding in stale for name, place in finding["where"].items()]
    tail = f"; the audit finds stale states at {listed(places)}" if stale else ""
    found = physical.freshness(event)
    if found is None:
        return bool(stale), f"the source states no account at the moment of a fill{tail}", bool(stale)
    told = (
        f"{found.statements:,} statements, {found.late:,} of a moment after their fill; of {found.users_seen_twice:,}"
    )
    told += f" accounts with fills at several moments {found.frozen:,} never change their equity{tail}"
    return True, told, bool(stale) or found.late > 0 or found.frozen > found.users_seen_twice // 2


def markout(event: Event, body: Json) -> Answer:
    """Return what production took more than was needed, at the horizons that are asked for."""
    rows = {row["horizon_ms"]: row for row in body["horizons"]}
    if not rows:
        return False, "no table looks at winners after the wave", False
    told = [
        f"{horizon / 1000:g} s: {usd(rows[horizon]['taken_usd'])} taken"
        if horizon in rows
        else f"{horizon / 1000:g} s: -"
        for horizon in ASKED_MS
    ]
    there = any(horizon in rows for horizon in ASKED_MS)
    tail = "sums of positive parts: the sign of each account is lost in the source"
    return there, f"{'; '.join(told)} ({tail})", True


def fund(event: Event) -> Answer:
    """Return what is known of the fund; sources of this kind have no ledger of it."""
    if event.fills is None:
        return False, "no table has the fund's or a backstop's ledger, nor which accounts are theirs", False
    told = "the fills name accounts, but none of them as a fund or backstop, and there is no ledger of either"
    return False, told, False


def provenance(event: Event, body: Json, folder: Path) -> Answer:
    """Return how many files were read, under which licence, and which published numbers come out."""
    same, other, unknown = counts(body["figures"])
    licences = []
    for path in sorted(folder.glob("LICEN[CS]E*")):
        try:
            first = path.read_text("utf-8", errors="replace").strip().partition("\n")[0].strip()
        except OSError:
            continue
        licences.append(f"{path.name}: {first[:60]}")
    differ = [row["figure"] for row in body["figures"] if row["reproduced"] is False]
    told = [
        f"{len(event.sources)} files, each with its SHA-256; licence {'; '.join(licences) or 'not stated beside them'}"
    ]
    if same + other + unknown:
        told.append(f"of the published figures {same} come out, {other} not, {unknown} cannot be recomputed from these")
    else:
        told.append("nothing is printed about this event that could be held against it")
    if differ:
        told.append(f"what differs: {listed(differ)}")
    return True, sentences(told), bool(differ)
