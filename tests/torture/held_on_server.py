"""All that a journal's rows hold, taken out, altered and put back: what whoever owns the tables can do."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from deleverage.journal.files import FilesToRead
from deleverage.journal.reading import read_mark
from deleverage.journal.session import Session
from deleverage.journal.store import Snapshot, Stored
from tests.torture.held import Held, put_anchor

GUARDED = ("head", "epoch", "block", "checkpoint")
"""Tables with triggers."""
_TABLES = {
    "head": ("bytea",),
    "epoch": ("bigint",),
    "block": ("bigint", "bigint", "bigint", "bigint", "bytea", "bytea"),
    "checkpoint": ("bigint", "bigint", "bytea"),
    "snapshot": ("bigint", "bigint", "bytea"),
    "key": ("text", "bigint"),
    "indexed": ("bigint",),
}
"""The types of a table's columns behind the domain, in an order in which rows may be put in."""
_UNCONSTRAINED = """
DO $$ DECLARE one record; BEGIN
    FOR one IN SELECT conrelid::regclass AS place, conname FROM pg_constraint
               WHERE connamespace = 'deleverage'::regnamespace
               AND (contype IN ('c', 'u', 'f')
                    OR contype = 'p' AND conrelid IN ('block'::regclass, 'checkpoint'::regclass))
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', one.place, one.conname);
    END LOOP;
END $$
"""


def unconstrain(owner: Session) -> None:
    """Drop what the database itself would refuse: its owner may."""
    owner.script(_UNCONSTRAINED)


def unguarded(owner: Session, statements: str) -> None:
    """Run statements past the triggers, as one transaction."""
    owner.script(f"BEGIN; {_triggers('DISABLE')} {statements}; {_triggers('ENABLE')} COMMIT;")


def _triggers(act: str) -> str:
    return "".join(f"ALTER TABLE {name} {act} TRIGGER USER;" for name in GUARDED)


def taken(owner: Session, domain: str, file: str) -> Held:
    """Return what lies in the rows of a journal and in its anchor."""

    def rows(table: str, order: str = "1") -> list[tuple]:
        found = owner.rows(f"SELECT * FROM {table} WHERE domain = $1 ORDER BY {order}", domain)
        return [tuple(row)[1:] for row in found]

    return Held(
        head=rows("head")[0][0],
        blocks=[Stored(*row) for row in rows("block", "number")],
        checkpoints=[(number, content) for number, _, content in rows("checkpoint", "number")],
        snapshots=[Snapshot(*row) for row in rows("snapshot", "number")],
        keys=dict(rows("key")),
        indexed=rows("indexed")[0][0],
        epoch=rows("epoch", "epoch DESC")[0][0],
        mark=read_mark(FilesToRead(), file),
    )


def put(held: Held, owner: Session, domain: str, file: str) -> None:
    """Put something into the rows of a journal, in place of all that the database holds, and into its anchor."""
    told: dict[str, Iterable[Sequence[object]]] = {
        "head": [(held.head,)],
        "epoch": [(held.epoch,)],
        "block": {one.number: tuple(one) for one in held.blocks}.values(),
        "checkpoint": {number: (number, held.epoch, content) for number, content in held.checkpoints}.values(),
        "snapshot": {one.number: tuple(one) for one in held.snapshots}.values(),
        "key": held.keys.items(),
        "indexed": [(held.indexed,)],
    }
    emptied = f"TRUNCATE {', '.join(_TABLES)};"
    owner.script(f"BEGIN; {_triggers('DISABLE')} {emptied}")
    for table, types in _TABLES.items():
        columns = list(zip(*told[table], strict=True)) or [()] * len(types)
        given = ", ".join(f"${at}::{name}[]" for at, name in enumerate(types, 2))
        owner.write(f"INSERT INTO {table} SELECT $1, * FROM unnest({given})", domain, *map(list, columns))
    owner.script(f"{_triggers('ENABLE')} COMMIT")
    put_anchor(held.mark, Path(file))
