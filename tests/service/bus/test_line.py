"""The way to the bus: what is refused in words before anything is asked, and who should write."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deleverage.cli import call
from deleverage.service.bus.faults import BusFault
from deleverage.service.bus.lease import Lease
from deleverage.service.bus.line import Dial, connected, require_floor
from deleverage.service.bus.subjects import require_domain
from tests.service.bus.running import Bus, nats_server

needs_bus = pytest.mark.skipif(nats_server() is None, reason="nats-server is not installed")


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[Bus]:
    """Give a bus of its own."""
    bus = Bus(tmp_path)
    yield bus
    bus.kill()


@pytest.mark.parametrize("version", ["2.9.10", "2.12.6", "2.13.9", "", "x", "1.14.0"])
def test_bus_when_older_than_what_is_safe_then_it_is_refused(version: str) -> None:
    """With the version that was found, and those that are needed."""
    with pytest.raises(BusFault, match=r"needed is 2\.12\.7"):
        require_floor(version, 1 << 20)


@pytest.mark.parametrize("version", ["2.12.7", "2.12.30", "2.14.0", "2.15.1", "3.0.0"])
def test_bus_when_safe_then_it_is_taken_unless_it_takes_no_frame(version: str) -> None:
    """A server that is told to take less than a piece of a message is of no use."""
    require_floor(version, 1 << 20)
    with pytest.raises(BusFault, match="max_payload"):
        require_floor(version, 100_000)


def test_bus_when_the_client_is_not_installed_then_people_are_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The extra, by name."""
    monkeypatch.setitem(sys.modules, "nats", None)

    async def dial() -> None:
        async with connected(Dial("nats://127.0.0.1:1"), "x"):
            pass

    with pytest.raises(BusFault, match=r"pip install 'deleverage\[nats\]'"):
        asyncio.run(dial())


@pytest.mark.parametrize("domain", ["a.b", "*", ">", "", "a b", "x" * 65])
def test_domain_when_no_part_of_a_subject_then_it_is_refused(domain: str) -> None:
    """A dot would make two parts of it, a star would be everybody's."""
    with pytest.raises(BusFault, match="letters, digits"):
        require_domain(domain)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--part", "front"], "--part goes with --bus"),
        (["--bus", "nats://x"], "--part is missing"),
        (["--bus", "nats://x", "--part", "front", "--bus-key", "k"], "--domain is missing"),
        (["--bus", "nats://x", "--part", "worker"], "--bus-key is missing"),
        (["--bus", "nats://x", "--part", "worker", "--bus-key", "k"], "ring.toml cannot be read"),
        (["--bus", "nats://x", "--part", "worker", "--bus-key", "k", "--domain", "a.b"], "letters, digits"),
    ],
)
def test_serve_when_a_part_is_told_too_little_then_it_says_what_is_missing(
    options: list[str], words: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a bus or a journal is looked for."""
    monkeypatch.chdir(tmp_path)
    door = ["--insecure-demo"] if "front" in options else []
    assert call(["serve", *options, *(door or ["--insecure-demo"] * ("worker" not in options))]) == 2
    assert words in capsys.readouterr().err


def test_bus_join_when_done_then_the_key_is_private_and_no_second_one_is_made(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ring has the public half alone."""
    monkeypatch.chdir(tmp_path)
    assert call(["bus", "join", "front-a", "--part", "front"]) == 0
    key, ring = tmp_path / "front-a.bus-key", tmp_path / "ring.toml"
    assert key.stat().st_mode & 0o077 == 0
    assert key.read_text().strip() not in ring.read_text()
    assert call(["bus", "join", "front-a", "--part", "front"]) == 2
    assert "there already" in capsys.readouterr().err


@needs_bus
def test_lease_when_another_has_it_then_it_is_waited_for(bus: Bus) -> None:
    """Given back it is free at once; not renewed, after a while; renewed, it is kept."""

    async def tell() -> None:
        async with connected(Dial(bus.url), "x") as client:
            one, two = (Lease(client, "venue", name, lasts_s=1.0) for name in ("one", "two"))
            assert [await one.take(), await two.take()] == [True, False]
            await asyncio.sleep(0.7)
            assert await one.take()
            await asyncio.sleep(0.7)
            assert not await two.take()
            await one.give_back()
            assert await two.take()
            await asyncio.sleep(2.5)
            assert not two.held
            assert await one.take()

    asyncio.run(tell())


@needs_bus
def test_lease_when_the_bus_was_emptied_then_its_holder_takes_it_anew(bus: Bus) -> None:
    """A bus that has forgotten who writes is told again."""

    async def tell() -> None:
        async with connected(Dial(bus.url), "x") as client:
            one = Lease(client, "venue", "one")
            assert await one.take()
            await client.jetstream().delete_key_value("deleverage-leases")
            await one.take()
            assert await one.take()

    asyncio.run(tell())
