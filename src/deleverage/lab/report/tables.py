"""Tables of the pages: titles, names and cells as texts, made from the documents of the parts below."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from deleverage.lab.audit import labels
from deleverage.lab.metrics.measure import cents, written
from deleverage.lab.report.words import percent

Json = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """Rows under names; the columns at the places ``words`` hold words, all others numbers.

    What stands in a cell after a line's end is its key: shown small below it.
    """

    title: str
    names: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: frozenset[int] = frozenset({0})


def number(value: Any) -> str:
    """Return a measure: a large one to two decimals, a small one to six digits; what is no number as it is."""
    if value is None:
        return "undefined"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    return written(value)


def horizon_table(body: Json) -> Table:
    """Return production at each horizon."""
    names = ("ms after the wave", "waves", *(f"{name}, profit-USD" for name in _SIDES))
    rows = [
        (str(row["horizon_ms"]), str(row["waves"]), *(cents(row[f"{name}_usd"]) for name in _SIDES))
        for row in body["horizons"]
    ]
    return Table("Production against what was needed, all waves", names, rows, frozenset())


_SIDES = ("needed", "taken", "over", "under", "net")


def discounted_table(body: Json) -> Table:
    """Return the discounted net by half-life."""
    rows = [
        (str(row["half_life_ms"]), cents(row["net_usd"]), cents(row["above_first_usd"])) for row in body["discounted"]
    ]
    names = ("half-life, ms", "net, discounted, profit-USD", "above the shortest horizon, profit-USD")
    return Table("Discounted over the horizons there are", names, rows, frozenset())


def wave_table(body: Json) -> Table:
    """Return the waves, a row each; what was taken is a column where some wave has it."""
    names = ("wave", "lasts, s", "fills", "coins", "losers", *(f"{name}, {unit}" for name, unit in _OF_WAVES.values()))
    taken = any(row["taken_usd"] for row in body["waves"])
    rows = []
    for row in body["waves"]:
        counts = (f"{row[name]:,}" for name in ("fills", "coins", "losers"))
        amounts = [cents(row[name]) for name in _OF_WAVES]
        if taken:
            first = min(row["taken_usd"], key=int, default=None)
            amounts.append(cents(None if first is None else row["taken_usd"][first]))
        rows.append((str(row["wave"]), f"{row['duration_ms'] / 1000:g}", *counts, *amounts))
    if taken:
        return Table("Taken at the shortest horizon", (*names, "taken, profit-USD"), rows, frozenset())
    return Table("What production took of each wave, this source does not say", names, rows, frozenset())


_OF_WAVES = {
    "deficit_usd": ("deficit", "equity-USD"),
    "max_loss_usd": ("largest loss", "equity-USD"),
    "needed_usd": ("needed", "profit-USD"),
}


def fund_table(fund: Json) -> Table:
    """Return what a fund of the size that the deficits ask for would have carried, wave by wave."""
    names = ("before", "deficit", "carried", "remaining", "inflow", "after")
    rows = [(str(row["wave"]), *(cents(row[f"{name}_usd"]) for name in names)) for row in fund["waves"]]
    return Table(f"Equity-USD; fee share {fund['fee_share']}", ("wave", *names), rows, frozenset())


def sweep_table(body: Json) -> Table:
    """Return what hangs on the gap, nothing without fills."""
    names = (
        "gap, ms",
        "waves",
        "with a deficit",
        "fills in these",
        "notional in these",
        "deficit repeated, equity-USD",
        "once, equity-USD",
        "longest, s",
        "clusters by coin",
    )
    rows = [
        (
            f"{row['gap_ms']:,}",
            f"{row['waves']:,}",
            number(row["waves_with_deficit"]),
            percent(row["covered_fills"]),
            percent(row["covered_notional"]),
            cents(row["deficit_usd"]),
            cents(row["deficit_once_usd"]),
            f"{row['longest_ms'] / 1000:g}",
            f"{row['clusters_by_coin']:,}",
        )
        for row in body["sweep"]
    ]
    return Table("The same fills under six gaps", names, rows, frozenset())


def regret_table(body: Json) -> Table:
    """Return every policy's regret and its parts."""
    columns = {
        "overshoot": "overshoot_regret_usd",
        "fairness": "fairness_regret_usd",
        "total": "total_regret_usd",
        "over": "over_usd",
        "under": "under_usd",
        "net": "net_usd",
        "of fairness, milder": "milder_than_reference_usd",
    }
    rows = []
    for row in body["policies"]:
        waves = {wave for found in row["waves_undefined"].values() for wave in found}
        amounts = (cents(row[key]) for key in columns.values())
        rows.append((row["policy"], *amounts, percent(row["share_of_envelope"]), str(len(waves))))
    title = f"Profit-USD; fairness against {body['reference'] or 'no policy'}"
    return Table(title, ("policy", *columns, "of envelope", "waves without ratios"), rows)


def parts_table(body: Json) -> Table:
    """Return where each policy's regret comes from, and whether the published bound holds for it."""
    names = ("severity", "allocation", "estimation", "beyond_deficit", "total", "static_regret", "dynamic_regret")
    rows = []
    for row in body["policies"]:
        if (parts := row["parts"]) is not None:
            bound = sum(parts[f"{name}_usd"] for name in names[:3])
            held = "holds" if parts["total_usd"] <= bound * (1 + 1e-9) + 1e-6 else "fails"
            rows.append((row["policy"], *(cents(parts[f"{name}_usd"]) for name in names), held))
    columns = ("policy", *(name.replace("_", " ") for name in names), "total <= first three")
    return Table("Where it comes from, profit-USD", columns, rows, frozenset({0, len(columns) - 1}))


def unlike_table(rows: Iterable[Json]) -> Table:
    """Return the prints that do not come out, then those that nothing here can recompute, with their reasons."""
    found = [row for row in rows if row["printed"] is not None and row["reproduced"] is not True]
    cells = [
        (
            row["figure"],
            row["printed"],
            "-" if row["found"] is None else exact(row["found"]),
            f"{row['why']} ({row['printed_in']})",
        )
        for row in sorted(found, key=lambda row: row["reproduced"] is None)
    ]
    return Table(
        "Does not come out, or cannot be recomputed", ("figure", "printed", "found", "why"), cells, frozenset({0, 3})
    )


def printed_table(rows: Iterable[Json]) -> Table:
    """Return the prints that come out."""
    found = [row for row in rows if row["reproduced"] is True]
    names = ("figure", "found", "printed", "difference", "printed in")
    cells = [
        (row["figure"], exact(row["found"]), row["printed"], f"{row['difference']:.2g}", row["printed_in"])
        for row in found
    ]
    return Table("Comes out: found from rows, rounded as printed", names, cells, frozenset({0, 4}))


def exact(value: float) -> str:
    """Return a figure to ten digits."""
    return f"{value:,.10g}"


def alone_table(rows: Iterable[Json]) -> Table:
    """Return the figures that nobody prints; other references than the published one are left to the document."""
    mine = [row for row in rows if row["printed"] is None and not row["figure"].startswith("regret_against_")]
    cells = [(row["figure"], "undefined" if row["found"] is None else exact(row["found"])) for row in mine]
    return Table("Found from rows", ("figure", "found"), cells)


def files_table(body: Json) -> Table:
    """Return the files that were read, with their hashes."""
    rows = [(row["file"], f"{row['size_bytes']:,}", row["sha256"]) for row in body["sources"]]
    return Table("Read for this report", ("file", "bytes", "SHA-256"), rows, frozenset({0, 2}))


def proof(finding: Json) -> list[tuple[str, str]]:
    """Return where a finding lies and the numbers that prove it, by name."""
    pairs = [*finding["where"].items(), *finding["evidence"].items()]
    return [(name.replace("_", " "), told(value)) for name, value in pairs]


def told(value: Any, most: int = 24) -> str:
    """Return a value of a proof, lists and mappings in a line, the first few of many."""
    if isinstance(value, dict):
        parts = [f"{key}: {told(item)}" for key, item in value.items()]
    elif isinstance(value, list | tuple):
        parts = [told(item) for item in value]
    else:
        return number(value)
    more = f" and {len(parts) - most} more" if len(parts) > most else ""
    return ", ".join(parts[:most]) + more


_MEANS = ("gini_x", "gini_h", "gini_e", "top_10_x", "largest_h", "wiped", "kendall", "broken", "broken_usd")


def compared_table(document: Json) -> Table:
    """Return the policies side by side: one-sided sums, regret, and means over the waves that all share."""
    by_name = {row["name"]: row["means"] for row in document["common"]}
    means = {name: by_name[name] for name in _MEANS if by_name.get(name)}
    names = (*("policy", "knows", "numeraire", "over", "under", "fairness regret", "total regret"), *_plain(means))
    rows = []
    for row in document["policies"]:
        if row["why"] is not None:
            continue
        cells = (f"{of[row['policy']]:,.4f}" if row["policy"] in of else "-" for of in means.values())
        sums = (cents(row["sums"][name]) for name in ("over_collection", "under_collection"))
        regret = (cents((row["regret"] or {}).get(name)) for name in ("fairness_usd", "total_usd"))
        about = ("published", "-") if row["published"] else (row["information"], row["numeraire"])
        rows.append((row["policy"], *about, *sums, *regret, *cells))
    title = f"Unit {document['unit']} USD; over and under in the policy's numeraire; Gini, top 10 and largest as shares"
    return Table(title, names, rows, frozenset({0, 1, 2}))


def _plain(names: Iterable[str]) -> list[str]:
    return [name.replace("_", " ") for name in names]


def hedges_table(document: Json) -> Table:
    """Return what the event's own fills did to hedges, a row a wave in which that is known."""
    known = [row for row in document["hedges"] if row["measures"]["broken"] is not None]
    rows = [(str(row["wave"]), *_hedge_cells(row["measures"])) for row in known]
    names = (
        "wave",
        "winners with known legs",
        "gross, notional-USD",
        "net, notional-USD",
        "broken",
        "broken, notional-USD",
    )
    return Table("Hedges that the event's own fills broke", names, rows, frozenset())


def _hedge_cells(measures: Json) -> list[str]:
    legs, broken = (f"{measures[name]:,.0f}" for name in ("legs_known", "broken"))
    return [legs, cents(measures["gross"]), cents(measures["net"]), broken, cents(measures["broken_usd"])]


def not_asked_table(document: Json) -> Table:
    """Return the policies that could not be asked in any wave, and why."""
    rows = [(row["policy"], row["numeraire"], row["why"]) for row in document["policies"] if row["why"] is not None]
    return Table("Not asked", ("policy", "numeraire", "why"), rows, frozenset({0, 1, 2}))


def left_out_table(document: Json) -> Table:
    """Return the waves in which nobody was asked, and why."""
    rows = [(str(row["wave"]), row["why"]) for row in document["left_out"]]
    return Table("Waves left out", ("wave", "why"), rows, frozenset({1}))


def unmade_table(rows: Iterable[Json]) -> Table:
    """Return the looks that an audit could not take."""
    cells = [(row["code"], row["look"], row["lacks"]) for row in rows]
    return Table("Looks not taken", ("code", "look", "the source lacks"), cells, frozenset({0, 1, 2}))


def headline_table(body: Json) -> Table:
    """Return each headline of an audit as it stands, and without what the findings of one code prove wrong."""
    cells = []
    for row in labels.table(body):
        without = f"{row.code}: {row.without}" if row.code else row.without
        then = number(row.then) if row.code or row.then is not None else "-"
        cells.append((f"{row.label}\n{row.headline}", number(row.before), then, without))
    return Table("Headlines", ("headline", "as it stands", "then", "without"), cells, frozenset({0, 3}))
