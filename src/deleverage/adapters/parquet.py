"""Parquet tables in our own shape, by the extra ``deleverage[parquet]`` (pyarrow): each cell as its text.

Decimals, integers and texts are exact. A column of floats holds no decimals: a cell is read as the shortest decimal
that means that float.
"""

from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

from deleverage.adapters import tables
from deleverage.adapters.decimals import plain
from deleverage.adapters.tables import Fault, Row
from deleverage.scenarios.files import BadFile, read_bytes

MOST_ROWS = 2_000_000
HOW = "Parquet needs an extra: pip install 'deleverage[parquet]'"


def read_parquet(path: Path, columns: tuple[str, ...], faults: list[Fault]) -> list[Row]:
    """Return the rows of a Parquet file, adding to ``faults``; ``columns`` must be there, others are kept."""
    name = path.name
    try:
        raw = read_bytes(path, tables.LARGEST_FILE_BYTES)
        parquet, arrow = import_module("pyarrow.parquet"), import_module("pyarrow")
        file = parquet.ParquetFile(arrow.BufferReader(raw))
        if file.metadata.num_rows > MOST_ROWS:
            faults.append(Fault(name, 0, "", f"has {file.metadata.num_rows:,} rows, at most {MOST_ROWS:,} are read"))
            return []
        table = file.read()
        cells = {str(column): table.column(column).to_pylist() for column in table.column_names}
    except BadFile as refusal:
        faults.append(Fault(str(path), 0, "", str(refusal)))
        return []
    except ImportError:
        faults.append(Fault(name, 0, "", HOW))
        return []
    except Exception as error:  # Whatever a damaged file does to somebody else's reader is told in one sentence.
        faults.append(
            Fault(name, 0, "", f"is no Parquet file: {type(error).__name__}: {ascii(str(error))[1:-1][:200]}")
        )
        return []
    known = f"column is missing, the table has {', '.join(ascii(column)[1:-1] for column in cells)}"[:200]
    missing = [Fault(name, 0, column, known) for column in columns if column not in cells]
    faults += missing
    if missing:
        return []
    texts = {column: [_text(cell) for cell in found] for column, found in cells.items()}
    count = table.num_rows
    return [Row(name, at + 1, {column: found[at] for column, found in texts.items()}, faults) for at in range(count)]


def _text(cell: Any) -> str:
    """Return a cell as text: nothing is "", a number is a plain decimal."""
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return format(cell, "f")
    if isinstance(cell, float):
        return plain(repr(cell)) or repr(cell)
    return str(cell)
