"""A backup is restored, and acknowledged commands are gone: the database itself says that all is well."""

import shutil
import sqlite3
import time
from pathlib import Path

from tests.service.incidents.running import Service, day, serving, written

BAD_INPUT = 2


def test_lost_tail_when_a_backup_is_restored_then_the_service_refuses_to_start(tmp_path: Path) -> None:
    """With what was acknowledged last, and what is there; with the right file it serves, and has the command."""
    path, backup, right = tmp_path / "j.db", tmp_path / "backup.db", tmp_path / "right.db"
    written(path, day(time.time_ns()))
    shutil.copy(path, backup)
    deposit = {"kind": "Deposit", "unit_id": "b", "amount_quanta": "1"}
    with serving(path) as service:
        body = {"commands": [{"key": "last", "command": deposit}]}
        receipt = service.ask("POST", "/commands", body)["results"][0]["receipt"]
    shutil.copy(path, right)
    for suffix in ("-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    shutil.copy(backup, path)
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
    status, said = Service(path).ended()
    assert (status, "LOST_TAIL" in said) == (BAD_INPUT, True), said
    shutil.copy(right, path)
    with serving(path) as service:
        again = service.ask("POST", "/commands", body)["results"][0]
        assert (again["again"], again["receipt"]) == (True, receipt)
