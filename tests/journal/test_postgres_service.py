"""``deleverage serve`` with its journal in PostgreSQL: made where there is none, killed, opened again, verified."""

from pathlib import Path

import pytest

from deleverage.cli import call
from tests.journal.places import PostgresPlace
from tests.service.incidents.running import Service, serving
from tests.torture.server import PASSWORD

BODY = {
    "commands": [
        {
            "key": "a1",
            "command": {
                "kind": "OpenAccount",
                "account_id": "ann",
                "owner_group": "",
                "role": "trader",
                "backstop_capacity_lots": "0",
                "hedge": False,
            },
        }
    ]
}


def test_serve_when_the_journal_lies_in_a_database_then_a_kill_loses_nothing(
    postgres: PostgresPlace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same key is answered with the same receipt afterwards, and the journal is executed again from its address."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    place = f"host={postgres.server.folder}&domain={postgres.domain}&folder={postgres.folder}"
    address = f"postgresql://app@/journals?{place}"
    service = Service(address).ready()
    first = service.ask("POST", "/commands", BODY)["results"][0]
    service.kill()
    with serving(address) as again:
        second = again.ask("POST", "/commands", BODY)["results"][0]
    assert (first["outcome"], second["again"], second["receipt"]) == ("done", True, first["receipt"])
    assert call(["verify", address]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "PASS"


def test_serve_when_the_address_has_no_server_then_the_reason_is_typed_and_the_password_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, as for every input that cannot be used."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    status, said = Service(f"postgresql://app@/none?host={tmp_path}&domain=d&folder={tmp_path}").ended()
    assert (status, "NO_SERVER" in said, PASSWORD in said) == (2, True, False), said
