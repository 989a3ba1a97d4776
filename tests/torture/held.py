"""All that a journal's files hold, taken out, altered and put back: what an opponent with every file can do."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import apsw

from deleverage.journal import anchor, chain, local
from deleverage.journal.anchor import Mark
from deleverage.journal.files import SystemFiles
from deleverage.journal.store import Snapshot, Stored


@dataclass
class Held:
    """Tables and anchor of a journal, as lists that can be altered."""

    head: bytes
    blocks: list[Stored]
    checkpoints: list[tuple[int, bytes]]
    snapshots: list[Snapshot]
    keys: dict[str, int]
    indexed: int
    epoch: int
    mark: Mark | None

    def copied(self) -> "Held":
        """Return one that can be altered without this one."""
        return replace(
            self,
            blocks=list(self.blocks),
            checkpoints=list(self.checkpoints),
            snapshots=list(self.snapshots),
            keys=dict(self.keys),
        )

    def chained(self) -> None:
        """Do the chain anew over the blocks as they are, and name its end in the anchor."""
        behind = chain.of_head(self.head)
        for at, stored in enumerate(self.blocks):
            behind = chain.of_block(behind, stored.content)
            self.blocks[at] = stored._replace(chain_hash=behind)
        last = self.blocks[-1] if self.blocks else Stored(0, 0, 0, 0, behind, b"")
        self.mark = Mark(last.number, last.last_seq, behind)


def taken(path: Path) -> Held:
    """Return what lies in the files of a closed journal."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)

    def rows(query: str) -> list[tuple]:
        return connection.execute(query).fetchall()

    file = SystemFiles().open(local.anchor_of(str(path)), create=False)
    held = Held(
        head=rows("SELECT content FROM head")[0][0],
        blocks=[Stored(*row) for row in rows("SELECT * FROM block ORDER BY number")],
        checkpoints=rows("SELECT * FROM checkpoint ORDER BY number"),
        snapshots=[Snapshot(*row) for row in rows("SELECT * FROM snapshot ORDER BY number")],
        keys=dict(rows("SELECT * FROM key")),
        indexed=rows("SELECT number FROM indexed")[0][0],
        epoch=rows("SELECT epoch FROM epoch")[0][0],
        mark=anchor.read(file),
    )
    file.close()
    connection.close()
    return held


def copy(path: Path, to: Path) -> None:
    """Copy the files of a closed journal, its key among them: the one who opens it has it."""
    for name_of in (str, local.anchor_of, local.key_of):
        shutil.copy(name_of(str(path)), name_of(str(to)))


def put(held: Held, path: Path) -> None:
    """Put something into the files of a copy, in place of all that they hold."""
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA synchronous=OFF")
    triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    tables = ("head", "block", "checkpoint", "snapshot", "key", "indexed", "epoch")
    emptied = [f"DROP TRIGGER {name}" for name, _ in triggers] + [f"DELETE FROM {table}" for table in tables]
    with connection:
        connection.execute(";".join(emptied))
        connection.execute("INSERT INTO head VALUES (?)", (held.head,))
        connection.executemany("INSERT OR REPLACE INTO block VALUES (?, ?, ?, ?, ?, ?)", held.blocks)
        connection.executemany("INSERT OR REPLACE INTO checkpoint VALUES (?, ?)", held.checkpoints)
        connection.executemany("INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?)", held.snapshots)
        connection.executemany("INSERT INTO key VALUES (?, ?)", held.keys.items())
        connection.execute("INSERT INTO indexed VALUES (?)", (held.indexed,))
        connection.execute("INSERT INTO epoch VALUES (?)", (held.epoch,))
        connection.execute(";".join(str(sql) for _, sql in triggers))
    connection.close()
    put_anchor(held.mark, Path(local.anchor_of(str(path))))


def put_anchor(mark: Mark | None, path: Path) -> None:
    """Let an anchor say something else, or be gone."""
    if mark is None:
        path.unlink(missing_ok=True)
    else:
        file = SystemFiles().open(str(path), create=True)
        file.write_at(0, bytes(2 * anchor.PLACE))
        anchor.write(file, mark)
        file.close()
