"""The bus loses everything that it had, in the middle of the day: the journal fills it again."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from deleverage.journal.local import open_journal
from deleverage.service.bus.blocks import read, vouched
from deleverage.service.bus.ring import FRONT, WORKER, join
from tests.service.bus.running import Bus, Front, nats_server, worker
from tests.service.incidents.running import WAIT_S, day, verified, written

pytestmark = pytest.mark.skipif(nats_server() is None, reason="nats-server is not installed")
STREAM = "deleverage-venue-blocks"


def test_bus_wiped_when_a_day_goes_on_then_nothing_is_lost_and_the_stream_is_filled_again(tmp_path: Path) -> None:
    """What was acknowledged is told again under its key; the stream ends as the journal does, signed by its key."""
    written(tmp_path / "j.db", day(time.time_ns()))
    for name, part in (("f1", FRONT), ("w1", WORKER)):
        join(name, part, str(tmp_path / f"{name}.bus-key"), str(tmp_path / "ring.toml"))
    bus = Bus(tmp_path)
    front, working = Front(tmp_path, "f1", bus.url), worker(tmp_path, "w1", bus.url)
    try:
        front.takes_commands()
        before = [_deposited(front, f"before-{at}") for at in range(5)]
        bus.wipe()
        front.takes_commands()
        after = [_deposited(front, f"after-{at}") for at in range(5)]
        again = [_deposited(front, f"before-{at}") for at in range(5)]
        assert [one["receipt"] for one in before] == [one["receipt"] for one in again]
        assert {True} == {one["again"] for one in again}
        last = _last_on_stream(bus.url, int(after[-1]["receipt"]["number"]))
        for one in (front, working):
            assert one.stop() == 0
    finally:
        for process in (front, working, bus):
            process.kill()
    journal = open_journal(tmp_path / "j.db")
    try:
        receipt = vouched(read(last), "venue", journal.head.public_key)
        mine = {entry.key: entry.seq for entry in journal.entries() if entry.key.startswith("demo:")}
    finally:
        journal.close()
    assert receipt.chain_hash == after[-1]["receipt"]["chain_hash"]
    assert {f"demo:{one['key']}": int(one["seq"]) for one in (*before, *after)} == mine
    verified(tmp_path / "j.db")


def _deposited(front: Front, key: str) -> Any:
    """Return the result of a deposit, asked for under its key until it is told."""
    body = {"commands": [{"key": key, "command": {"kind": "Deposit", "unit_id": "b", "amount_quanta": "1"}}]}
    until = time.monotonic() + WAIT_S
    while True:
        (result,) = front.ask("POST", "/commands", body).get("results", [{"outcome": "refused"}])
        if result["outcome"] == "done":
            return result
        assert time.monotonic() < until, result
        time.sleep(0.1)


def _last_on_stream(url: str, number: int) -> bytes:
    """Return the message with a block's number, once the stream has it."""

    async def look() -> bytes:
        import nats

        client = await nats.connect(url)
        until = time.monotonic() + WAIT_S
        try:
            while True:
                try:
                    message = await client.jetstream().get_msg(STREAM, seq=number)
                    return message.data or b""
                except Exception:
                    assert time.monotonic() < until
                    await asyncio.sleep(0.1)
        finally:
            await client.close()

    return asyncio.run(look())
