"""One door: whatever somebody has of an event, told apart by what is there, read strictly, given back as an Event."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from deleverage.adapters.strict_json import read_json
from deleverage.adapters.tables import Fault, Row, TableFault
from deleverage.lab.events import cells, fill_table, hyperliquid, oct10
from deleverage.lab.events.model import Event
from deleverage.lab.events.waves import GAP_MS, waves_of

TABLES = (".csv", ".parquet")
MARKS = "marks.csv"
LOOKED_FOR = (
    f"looked for tables of waves ({', '.join(oct10.TABLES)}); a CSV or Parquet table of fills with the columns "
    + "; or ".join(", ".join(shape.needed) for shape in fill_table.SHAPES)
    + "; JSON of Hyperliquid with fills or assetPositions"
)


def load(path: Path, gap_ms: int = GAP_MS) -> Event:
    """Return the event at a file or folder, or raise TableFault with everything that is wrong with it.

    Where a source has fills and no waves, waves are made of them with a gap of ``gap_ms``; a note says so.
    """
    path = Path(path)
    event = _read(path)
    if event.fills is not None and not event.waves:
        note = f"waves are ours: a new one where the gap to the fill before is longer than {gap_ms} ms"
        event = replace(event, waves=waves_of(event, gap_ms), notes=(*event.notes, note))
    return event


def _read(path: Path) -> Event:
    try:
        is_folder, is_file = path.is_dir(), path.is_file()
    except (OSError, ValueError):  # a name that no file system takes
        is_folder = is_file = False
    if is_folder:
        return _of_folder(path)
    if not is_file:
        raise TableFault([Fault(str(path), 0, "", "is neither a file nor a folder")])
    if path.suffix.lower() in TABLES:
        return _of_tables(path.parent, [path], path)
    if path.suffix.lower() in hyperliquid.SUFFIXES:
        return _of_json(path.parent, [path], path)
    raise TableFault([Fault(str(path), 0, "", f"is no event: {LOOKED_FOR}")])


def _of_folder(folder: Path) -> Event:
    if any(oct10.tables_below(folder).values()):
        return oct10.load(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    tables = [
        path for path in files if path.suffix.lower() in TABLES and fill_table.shape_of(fill_table.header_of(path))
    ]
    if tables:
        return _of_tables(folder, tables, folder)
    records = [path for path in files if path.suffix.lower() in hyperliquid.SUFFIXES]
    records = [path for path in records if hyperliquid.looks_like(read_json(path, []))]
    if records:
        return _of_json(folder, records, folder)
    raise TableFault([Fault(str(folder), 0, "", f"holds no event: {LOOKED_FOR}")])


def _of_tables(root: Path, tables: list[Path], named: Path) -> Event:
    """Return the event of a table of fills; of several, the one that says most: accounts' states, then any."""
    shapes = {path: fill_table.shape_of(fill_table.header_of(path)) for path in tables}
    order = {shape: at for at, shape in enumerate(fill_table.SHAPES)}
    known = sorted((order[shape], path) for path, shape in shapes.items() if shape is not None)
    if not known:
        header = ", ".join(ascii(name)[1:-1] for name in fill_table.header_of(tables[0]))[:200]
        raise TableFault([Fault(tables[0].name, 1, "", f"is no event, its header has {header}: {LOOKED_FOR}")])
    best = [path for rank, path in known if rank == known[0][0]]
    faults: list[Fault] = []
    if len(best) > 1:
        names = ", ".join(path.name for path in best)
        faults.append(Fault(str(root), 0, "", f"holds {len(best)} tables of fills ({names}); name one of them"))
        raise TableFault(faults)
    notes: list[str] = []
    source, fills, states = fill_table.read_fills(root, best[0], fill_table.SHAPES[known[0][0]], faults, notes)
    marks, sources = {}, [source]
    if (beside := best[0].with_name(MARKS)).is_file():
        of_marks, rows = cells.read(root, beside, ("coin", "price"), faults)
        sources.append(of_marks)
        marks = _marks(rows)
    if faults:
        raise TableFault(faults)
    notes += [f"{path.relative_to(root)} is another table of the same fills: not read" for _, path in known[1:]]
    return Event(_name(named), fills=fills, states=states, marks=marks, sources=tuple(sources), notes=tuple(notes))


def _marks(rows: list[Row]) -> dict[str, float]:
    """Return the price of each coin; a second one that differs is a fault."""
    marks: dict[str, float] = {}
    for row in rows:
        coin, price = cells.label(row, "coin"), cells.above_zero(row, "price")
        if marks.setdefault(coin, price) != price:
            row.fault("price", f"{coin} has the price {marks[coin]:g} already")
    return dict(sorted(marks.items()))


def _of_json(root: Path, paths: Iterable[Path], named: Path) -> Event:
    faults: list[Fault] = []
    sources, found = hyperliquid.read_files(root, list(paths), faults)
    if faults:
        raise TableFault(faults)
    fills, states = hyperliquid.event_parts(found)
    notes = [f"{count} {what}" for count, what in _left_out(found) if count]
    return Event(
        _name(named),
        fills=fills,
        states=states,
        marks=hyperliquid.marks_of(found),
        sources=tuple(sources),
        notes=tuple(notes),
    )


def _left_out(found: hyperliquid.Found) -> tuple[tuple[int, str], ...]:
    return (
        (found.ordinary, "fills are no deleveraging: not read"),
        (found.bankrupt, f"fills are {fill_table.OWN_HALF}"),
        (found.nobody, "records name no user: they are taken as those of somebody called like the file"),
    )


def _name(path: Path) -> str:
    resolved = path.resolve()
    return resolved.name if resolved.is_dir() else resolved.stem
