"""Journals in a PostgreSQL database, one per domain: for whoever has standbys, backups and people who look after them.

What durability hangs on is read at the start and again by the server itself at every block (``migrations``). The login
may insert and read, and change nothing. Blocks are fenced by the newest row of ``epoch``.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.migrations import require_migrated
from deleverage.journal.session import PATIENCE_S, Session
from deleverage.journal.store import Snapshot, Stored

OLDEST = 150000
"""The oldest version that this is tested with and that its makers still mend."""

SAFE = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "data_checksums": ("on",),
    "ignore_checksum_failure": ("off",),
    "zero_damaged_pages": ("off",),
    # `local` and `remote_write` acknowledge what only one machine has on a device: a failover would lose it.
    "synchronous_commit": ("on", "remote_apply"),
    "pg_is_in_recovery": ("false",),
    "rights": ("insert-only",),
}
"""What durability hangs on, and the values under which nothing that was acknowledged is lost."""
_TOLD = ("wal_level", "wal_sync_method", "synchronous_standby_names")

_FOUND = """
SELECT current_setting('server_version_num')::int, current_setting('server_version'), pg_is_in_recovery()::text,
       CASE WHEN bool_or(has_table_privilege(session_user, name, 'UPDATE, DELETE, TRUNCATE'))
            THEN 'may change ' || string_agg(name, ', ') FILTER
                 (WHERE has_table_privilege(session_user, name, 'UPDATE, DELETE, TRUNCATE'))
            WHEN bool_and(has_table_privilege(session_user, name, 'INSERT')) THEN 'insert-only'
            ELSE 'may read' END
FROM unnest(ARRAY['head', 'epoch', 'block', 'checkpoint']) AS name
"""


class PostgresStore:
    """A journal's bytes in the tables of one database, under the name of its domain."""

    def __init__(self, url: str, domain: str, *, read_only: bool = False, patience_s: float = PATIENCE_S) -> None:
        """Connect and look at the server; JournalFault says why not.

        ``read_only`` looks at a journal, on a standby, too, while another writes. OLD_LIBRARY, NO_RIGHT,
        UNSAFE_SETTINGS with everything that is unsafe, NO_JOURNAL where there are no tables, BAD_FORMAT where they are
        not those of this program; ``Session`` says why there is no connection.
        """
        self._domain, self._epoch = domain, 0
        self._session = Session(url, patience_s)
        try:
            require_migrated(self._session)
            if read_only:
                self._session.rows("SELECT set_config('default_transaction_read_only', 'on', false)")
            else:
                self._prepare()
        except BaseException:
            self._session.close()
            raise

    def _prepare(self) -> None:
        found = self.settings()
        if int(found["version_number"]) < OLDEST:
            raise JournalFault(Why.OLD_LIBRARY, "PostgreSQL", found["version"], "15 or later")
        if found["rights"] == "may read":
            raise JournalFault(Why.NO_RIGHT, "this login may not write", "rights=may read", "rights=insert-only")
        unsafe = {name: safe for name, safe in SAFE.items() if found[name] not in safe}
        if unsafe:
            words = [
                ", ".join(f"{name}={value}" for name, value in one)
                for one in (
                    [(name, found[name]) for name in unsafe],
                    [(name, " or ".join(safe)) for name, safe in unsafe.items()],
                )
            ]
            raise JournalFault(Why.UNSAFE_SETTINGS, "PostgreSQL's", *words)
        # Said in this session, it stays when the server's own setting is changed.
        self._session.rows("SELECT set_config('synchronous_commit', $1, false)", found["synchronous_commit"])
        if int(found["version_number"]) >= 170000:
            self._session.rows("SELECT set_config('transaction_timeout', '0', false)")

    def settings(self) -> dict[str, str]:
        """Return version, rights and the settings that durability hangs on, as the server tells them."""
        ((number, version, recovery, rights),) = self._session.rows(_FOUND)
        told = {"library": "PostgreSQL", "version": version, "version_number": str(number)}
        told |= {"pg_is_in_recovery": recovery, "rights": rights}
        names = [name for name in (*SAFE, *_TOLD) if name not in told]
        values = self._session.rows("SELECT name, current_setting(name) FROM unnest($1::text[]) AS name", names)
        return told | dict(values)

    def create(self, head: bytes) -> None:
        """Write the head; EXISTS where the domain has one."""
        self._session.write("INSERT INTO head VALUES ($1, $2)", self._domain, head)

    def head(self) -> bytes:
        """Return the head."""
        rows = self._session.rows("SELECT content FROM head WHERE domain = $1", self._domain)
        if not rows:
            raise JournalFault(Why.NO_JOURNAL, f"the database has none of the domain {self._domain}")
        return bytes(rows[0][0])

    def claim(self) -> int:
        """Return the next epoch, durable: the database counts, and lets whoever is writing end before."""
        ((epoch,),) = self._session.write("INSERT INTO epoch (domain) VALUES ($1) RETURNING epoch", self._domain)
        self._epoch = int(epoch)
        return self._epoch

    def append(self, stored: Stored) -> None:
        """Return once the block is on the device, and on the standbys that the server waits for."""
        self._session.write("INSERT INTO block VALUES ($1, $2, $3, $4, $5, $6, $7)", self._domain, *stored)

    def last(self) -> Stored | None:
        """Return the last block."""
        return self._block("ORDER BY number DESC LIMIT 1")

    def block_with(self, seq: int) -> Stored | None:
        """Return the block in which command ``seq`` lies."""
        found = self._block("AND first_seq <= $2 ORDER BY first_seq DESC LIMIT 1", seq)
        return found if found is not None and seq <= found.last_seq else None

    def blocks(self, after: int = 0) -> Iterator[Stored]:
        """Yield the blocks behind number ``after``, a page at a time."""
        while True:
            page = self._blocks("AND number > $2 ORDER BY number LIMIT 64", after)
            yield from page
            if not page:
                return
            after = page[-1].number

    def add_checkpoint(self, number: int, content: bytes) -> None:
        """Keep a checkpoint; fenced as a block is."""
        values = self._domain, number, self._epoch, content
        self._session.write("INSERT INTO checkpoint VALUES ($1, $2, $3, $4)", *values)

    def checkpoints(self) -> list[bytes]:
        """Return every checkpoint, in order."""
        query = "SELECT content FROM checkpoint WHERE domain = $1 ORDER BY number"
        return [bytes(row[0]) for row in self._session.rows(query, self._domain)]

    def add_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot, and of the older ones the newest."""
        self._session.write(
            "WITH gone AS (DELETE FROM snapshot WHERE domain = $1 AND number <"
            " (SELECT max(number) FROM snapshot WHERE domain = $1))"
            " INSERT INTO snapshot VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (domain, number) DO UPDATE SET seq = excluded.seq, content = excluded.content",
            self._domain,
            *snapshot,
        )

    def snapshot(self) -> Snapshot | None:
        """Return the newest snapshot."""
        query = "SELECT number, seq, content FROM snapshot WHERE domain = $1 ORDER BY number DESC LIMIT 1"
        rows = self._session.rows(query, self._domain)
        return Snapshot(*rows[0]) if rows else None

    def index_keys(self, keys: Sequence[tuple[str, int]], upto: int) -> None:
        """Note keys; the order in which they come is no matter."""
        names, seqs = [key for key, _ in keys], [seq for _, seq in keys]
        self._session.write(
            "WITH noted AS (INSERT INTO key SELECT $1, * FROM unnest($2::text[], $3::bigint[]) ON CONFLICT DO NOTHING)"
            " INSERT INTO indexed VALUES ($1, $4) ON CONFLICT (domain) DO UPDATE SET number = excluded.number",
            self._domain,
            names,
            seqs,
            upto,
        )

    def indexed(self) -> int:
        """Return the number of the last block whose keys are noted."""
        rows = self._session.rows("SELECT number FROM indexed WHERE domain = $1", self._domain)
        return int(rows[0][0]) if rows else 0

    def seqs_of(self, keys: Sequence[str]) -> dict[str, int]:
        """Return the command under each of these keys that is noted."""
        query = "SELECT key, seq FROM key WHERE domain = $1 AND key = ANY($2::text[])"
        return {key: int(seq) for key, seq in self._session.rows(query, self._domain, list(keys))}

    def close(self) -> None:
        """Let go of the connection."""
        self._session.close()

    def _block(self, clause: str, *values: Any) -> Stored | None:
        rows = self._blocks(clause, *values)
        return rows[0] if rows else None

    def _blocks(self, clause: str, *values: Any) -> list[Stored]:
        columns = ", ".join(Stored._fields)
        query = f"SELECT {columns} FROM block WHERE domain = $1 {clause}"
        return [Stored(*row) for row in self._session.rows(query, self._domain, *values)]
