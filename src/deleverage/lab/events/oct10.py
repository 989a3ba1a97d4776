"""An event as tables of waves: a folder of ``pluriholonomic/autodeleveraging-analysis`` and what lies beside it.

Only tables with rows are read; totals that the folder holds as well are what has to come out, so nothing here opens
them. Which horizons and policies there are is what the names of folders and columns say.
"""

from collections import Counter
from collections.abc import Callable
from functools import partial
from math import fsum
from pathlib import Path
from typing import TypeVar

from deleverage.adapters.tables import Fault, Source, TableFault
from deleverage.lab.events import oct10_others as others
from deleverage.lab.events import oct10_waves as tables
from deleverage.lab.events.model import CoinTotal, Event, NoNumber, Repeat

Item = TypeVar("Item")

TABLES = (tables.LOSERS, tables.TAKEN, tables.GAPS, others.POLICIES, others.SHOCKS, others.REACTIONS)


def tables_below(folder: Path) -> dict[str, list[Path]]:
    """Return where each of the tables lies at or below a folder."""
    return {name: sorted(path for path in folder.rglob(name) if path.is_file()) for name in TABLES}


def load(folder: Path) -> Event:
    """Return the event of a folder of wave tables, or raise TableFault with everything that is wrong with them."""
    found = tables_below(folder)
    faults: list[Fault] = []
    notes: list[str] = []
    sources: list[Source] = []
    repeats: list[Repeat] = []
    for name in (tables.LOSERS, others.POLICIES, others.SHOCKS, others.REACTIONS):
        if len(found[name]) > 1:
            faults.append(Fault(str(folder), 0, "", f"holds {len(found[name])} files {name}, expected is one"))
        elif not found[name]:
            notes.append(f"no {name}: what it holds is unknown")
    parts = _waves(folder, found, faults, notes, sources, repeats)
    no_numbers: list[NoNumber] = []
    read_claims = partial(others.read_claims, no_numbers=no_numbers)
    claims = _rows(folder, found[others.POLICIES], read_claims, faults, sources, repeats)
    shocks = _rows(folder, found[others.SHOCKS], others.read_shocks, faults, sources, repeats)
    reactions = _rows(folder, found[others.REACTIONS], others.read_reactions, faults, sources, repeats)
    coins = _coins(folder, faults, notes, sources, repeats)
    if faults:
        raise TableFault(faults)
    needed = {claim.wave: claim.value for claim in claims if claim.name == "needed"}
    waves = tuple(
        part.wave(number, needed.get(number, fsum(coin.gap_usd for coin in part.coins) if part.coins else float("nan")))
        for number, part in sorted(parts.items())
    )
    return Event(
        name=folder.resolve().name,
        waves=waves,
        marks=marks_of({gap.coin for wave in waves for gap in wave.coins}, coins),
        claims=tuple(claims),
        shocks=tuple(sorted(shocks, key=lambda shock: (shock.coin, shock.number))),
        reactions=tuple(sorted(reactions, key=lambda reaction: reaction.user)),
        coins=tuple(sorted(coins, key=lambda total: total.coin)),
        sources=tuple(sources),
        notes=(*notes, *_told(repeats)),
        repeats=tuple(repeats),
        no_numbers=tuple(sorted(no_numbers, key=lambda one: (one.claim.wave, one.column))),
    )


def _waves(
    folder: Path,
    found: dict[str, list[Path]],
    faults: list[Fault],
    notes: list[str],
    sources: list[Source],
    repeats: list[Repeat],
) -> tables.Parts:
    parts = tables.Parts()
    for path in found[tables.LOSERS][:1]:
        sources.append(tables.read_losers(folder, path, parts, faults, repeats))
    rules = {path.parent.parent for path in found[tables.TAKEN] if tables.horizon_of(path) is not None}
    if len(rules) > 1:
        names = ", ".join(sorted(rule.name for rule in rules))
        faults.append(Fault(str(folder), 0, "", f"holds waves of {len(rules)} rules ({names}); give a folder with one"))
        return parts
    for path in sorted(found[tables.TAKEN], key=lambda path: tables.horizon_of(path) or 0):
        sources.append(tables.read_taken(folder, path, parts, faults, repeats, notes))
    if not found[tables.TAKEN]:
        notes.append(f"no {tables.TAKEN}: what production took is unknown")
    gaps = sorted(found[tables.GAPS], key=lambda path: tables.horizon_of(path) or 0)
    for path in gaps[:1]:
        sources.append(tables.read_gaps(folder, path, parts, faults, repeats))
    if not gaps:
        notes.append(f"no {tables.GAPS}: the waves have no coins")
    return parts


def _rows(
    folder: Path,
    paths: list[Path],
    read: Callable[[Path, Path, list[Fault], list[Repeat]], tuple[Source, list[Item]]],
    faults: list[Fault],
    sources: list[Source],
    repeats: list[Repeat],
) -> list[Item]:
    """Return what one table says, nothing where it is missing or there twice."""
    if len(paths) != 1:
        return []
    source, rows = read(folder, paths[0], faults, repeats)
    sources.append(source)
    return rows


def _coins(
    folder: Path, faults: list[Fault], notes: list[str], sources: list[Source], repeats: list[Repeat]
) -> list[CoinTotal]:
    """Return the totals of ``<folder>_coins.csv``, inside the folder or beside it."""
    here = folder.resolve()
    for root in (here, here.parent):
        if (path := root / f"{here.name}{others.COINS}").is_file():
            source, coins = others.read_coins(root, path, faults, repeats)
            sources.append(source)
            return coins
    notes.append(f"no {here.name}{others.COINS} in the folder or beside it: coins have no reference price")
    return []


def _told(repeats: list[Repeat]) -> list[str]:
    """Return a note for each table that holds rows again: they are read once."""
    counts = Counter(one.file for one in repeats)
    return [
        f"{file}: {count} rows are there again in every cell: each is counted once" for file, count in counts.items()
    ]


def marks_of(names: set[str], coins: list[CoinTotal]) -> dict[str, float]:
    """Return a reference mark for each name that has one; ``kPEPE`` is 1,000 PEPE, and may be listed as KPEPE."""
    price = {coin.coin: coin.price_usd for coin in coins}
    marks = {}
    for name in sorted(names):
        if name in price:
            marks[name] = price[name]
        elif name.startswith("k") and name.upper() in price:
            marks[name] = price[name.upper()]
        elif name.startswith("k") and name[1:] in price:
            marks[name] = 1000 * price[name[1:]]
    return marks
