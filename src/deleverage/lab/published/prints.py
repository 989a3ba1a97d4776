"""What is printed about an event: in the files of totals beside its tables, and in papers whose window it lies in.

Files of totals are read for nothing but this: delete them, and every number that was found stays.
"""

import re
import tomllib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from deleverage.adapters.strict_json import read_json
from deleverage.adapters.tables import Row, read_table
from deleverage.lab.events.model import Event
from deleverage.lab.published.figures import Print, is_number
from deleverage.lab.published.others import is_passive, is_strategic

PAPERS = "papers.toml"
_SWEEP = re.compile(r"eval_horizon_sweep_gap_ms=[0-9]+\.csv")
_HORIZON = re.compile(r"horizon_ms=([0-9]+)")

_TOTALS = {
    "deficit_usd": "deficit_usd",
    "budget_needed_usd": "needed_usd",
    "H_prod_usd": "taken_usd",
    "overshoot_prod_minus_needed_usd": "net_usd",
}
"""Keys of totals by horizon, without ``total_``."""

_LOSERS = {
    "total_deficit_usd": "deficit_usd",
    "max_wave_deficit_usd": "largest_wave_deficit_usd",
    "max_wave_max_loss_usd": "largest_loss_usd",
    "num_waves_with_positive_deficit": "waves",
}
_QUEUE = {"total_overshoot": "queue.over_usd", "total_residual": "queue.residual_usd"}
_NEEDS_ACCOUNTS = "needs what each account had at its first fill: this source has no table of fills"
_MODELLED = "is no sum of rows: it comes out of a model of who stays, which needs every account's haircut"


def prints_in(source: Path, event: Event) -> list[Print]:
    """Return what files of totals print: at or below a folder, or beside a file; what cannot be read is left out.

    Folders below a file's own hold other events.
    """
    found: list[Print] = []
    folder, pattern = (source, "**/*") if source.is_dir() else (source.parent, "*")
    for path in sorted(folder.glob(pattern)):
        place = path.relative_to(folder).as_posix()
        if _SWEEP.fullmatch(path.name):
            found += _sweep(path, place)
        elif path.name == "summary_totals.csv":
            found += _queue(path, place)
        elif path.name in ("strategic_accounts.csv", "passive_accounts.csv"):
            found += _accounts(path, place, event)
        elif path.suffix == ".json":
            found += _json(path, place)
    return found


def papers_on(event: Event) -> list[Print]:
    """Return what papers print about an event: those whose window holds all its waves, and that have claims to hold."""
    if not event.waves or not event.claims:
        return []
    text = resources.files("deleverage.lab.published").joinpath(PAPERS).read_text("utf-8")
    first, last = min(wave.start_ms for wave in event.waves), max(wave.end_ms for wave in event.waves)
    found = []
    for paper in tomllib.loads(text)["paper"]:
        if paper["from_ms"] <= first and last <= paper["to_ms"]:
            for one in paper["print"]:
                place = f"{paper['source']}, {one['where']}"
                found.append(Print(one["key"], one["text"], place, one.get("why", "")))
    return found


def _rows(path: Path) -> list[Row]:
    return read_table(path, (), [])[1]


def _sweep(path: Path, place: str) -> Iterator[Print]:
    for row in _rows(path):
        horizon = row.cells.get("eval_horizon_ms", "").partition(".")[0]
        cells = {f"total_{name}": key for name, key in _TOTALS.items()} | {"num_waves": "waves"}
        for column, key in cells.items():
            if is_number(text := row.cells.get(column, "")):
                yield Print(f"horizon_{horizon}.{key}", text, f"{place}:{row.line}")


def _queue(path: Path, place: str) -> Iterator[Print]:
    for row in _rows(path):
        for column, key in _QUEUE.items():
            if row.cells.get("policy") == "queue" and is_number(text := row.cells.get(column, "")):
                yield Print(key, text, f"{place}:{row.line}")
        if is_number(text := row.cells.get("avg_participation", "")):
            yield Print("queue.participation", text, f"{place}:{row.line}", f"the mean participation {_MODELLED}")


def _accounts(path: Path, place: str, event: Event) -> Iterator[Print]:
    theirs = {row.cells.get("user", "") for row in _rows(path)}
    kind, belongs = path.name.partition("_")[0], {"strategic": is_strategic, "passive": is_passive}
    yield Print(f"accounts.{kind}", str(len(theirs)), place)
    if event.reactions:
        ours = {reaction.user for reaction in event.reactions if belongs[kind](reaction)}
        if ours != theirs:
            differ = f"{len(ours - theirs)} accounts are ours alone, {len(theirs - ours)} theirs alone"
            yield Print(f"accounts.{kind}.theirs_alone", "0", place, differ)


def _json(path: Path, place: str) -> Iterator[Print]:
    content = read_json(path, [])
    leaves = dict(_leaves(content, ""))
    if path.name == "headlines.json":
        yield from _headlines(leaves, place)
    elif path.name == "overshoot_robustness.json":
        for key, text in leaves.items():
            if found := re.fullmatch(r"discounted\.([0-9]+)\.(DeltaO_disc|O_disc)", key):
                name = "net_usd" if found[2] == "O_disc" else "above_first_usd"
                yield Print(f"discounted_{found[1]}.{name}", text, f"{place}: {key}")
            elif key in ("O0", "O_min_band", "O_max_band"):
                yield Print({"O0": "net_usd", "O_min_band": "band.least_usd"}.get(key, "band.most_usd"), text, place)
    elif path.name == "bad_debt_loser_waves.json":
        yield from (Print(_LOSERS[key], text, place) for key, text in leaves.items() if key in _LOSERS)
    elif path.name == "two_pass_equity_delta_summary.json" and (folder := _HORIZON.fullmatch(path.parent.name)):
        for key, text in leaves.items():
            total = _TOTALS.get(key.removeprefix("total_"))
            if total is not None and key.startswith("total_"):
                yield Print(f"horizon_{folder[1]}.{total}", text, f"{place}: {key}")


def _headlines(leaves: dict[str, str], place: str) -> Iterator[Print]:
    for key, text in leaves.items():
        at = f"{place}: {key}"
        if key == "headline.prod_overshoot_vs_needed_usd":
            yield Print("net_usd", text, at)
        elif key == "headline.queue_total_overshoot_usd":
            yield Print("queue.over_usd", text, at)
        elif key.startswith("headline.winner_overcollateralization_equity_over_pnl."):
            name = key.rpartition(".")[2]
            yield Print(f"winners.equity_over_profit.{name}", text, at, f"equity over open profit {_NEEDS_ACCOUNTS}")
        elif key.startswith("derived."):
            yield Print(key, text, at, "is a quotient of figures here and the winners' equity over profit")


def _leaves(content: object, at: str) -> Iterator[tuple[str, str]]:
    """Yield every number of a JSON document with its path."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield from _leaves(value, f"{at}.{key}" if at else key)
    elif isinstance(content, str) and is_number(content):
        yield at, content
