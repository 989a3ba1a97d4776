"""Streams: bounds for each client and for all, who is let in, how each ends, and in which order all are told."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from httpx import AsyncClient
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from deleverage.domain.outcomes import Written
from deleverage.rulebook.messages import Deposit
from deleverage.service.feed import Feed
from deleverage.service.principals import Role
from deleverage.service.problems import Code, Problem
from deleverage.service.streams.client import Client, Ended
from deleverage.service.streams.frames import Frame, Line, Shape, frames_of
from deleverage.service.streams.hub import Hub
from deleverage.service.streams.limits import Close, Limits
from deleverage.service.tickets import PREFIX, SUBPROTOCOL
from tests.service.doors import Clock, ed25519_key, open_for_service, signer
from tests.service.streaming import LIMITS, Venue, closed, venue
from tests.service.test_streams import ME, played
from tests.service.world import AUDITOR, RISK, VIEWER, trader
from tests.torture.script import FIRST

PAGE = "https://desk.example"


def test_slow_client_when_it_does_not_read_then_it_is_closed_with_1013_and_others_go_on(tmp_path: Path) -> None:
    """It is told from where to go on, goes on there, and misses nothing; memory holds what is shared, once."""

    async def story() -> None:
        async with venue(tmp_path, LIMITS._replace(send_s=0.5, buffer_bytes=4096, frame_bytes=4096)) as there:
            await there.act(FIRST)
            async with there.open("/facts", AUDITOR, max_queue=1) as slow, there.open("/facts", AUDITOR) as fast:
                slow.transport.pause_reading()
                while there.streams.count == 2:
                    await there.act(40)
                    while int(json.loads(await asyncio.wait_for(fast.recv(), 30))["next_from"]) <= there.sent:
                        pass
                    assert there.sent < 10_000
                slow.transport.resume_reading()
                seen = [json.loads(await slow.recv())]
                while seen[-1] is not None:
                    try:
                        seen.append(json.loads(await asyncio.wait_for(slow.recv(), 30)))
                    except Exception:
                        seen.append(None)
                code, reason = await closed(slow)
                assert (code, reason) == (1013, f"from={seen[-2]['next_from']}")
            assert there.streams.closes == {Close.TOO_SLOW: 1}
            numbers = [int(entry["seq"]) for message in seen[:-1] for entry in message["entries"]]
            rest = await there.read(f"/facts?{reason}", AUDITOR, there.sent)
            numbers += [int(entry["seq"]) for message in rest for entry in message["entries"]]
            assert list(range(int(seen[0]["next_from"]), there.sent + 1)) == numbers

    played(story)


def test_client_when_it_answers_no_ping_then_it_is_closed_with_1013_too(tmp_path: Path) -> None:
    """Where there is little to read, only a ping tells that nobody does."""

    async def story() -> None:
        async with venue(tmp_path, LIMITS._replace(ping_s=0.2)) as there:
            await there.act(FIRST)
            async with there.open("/facts?from=1", AUDITOR, max_queue=1000) as stream:
                while int(json.loads(await stream.recv())["next_from"]) <= FIRST:
                    pass
                stream.transport.pause_reading()
                while there.streams.count:
                    await asyncio.sleep(0.05)
                stream.transport.resume_reading()
                assert await closed(stream) == (1013, f"from={FIRST + 1}")

    played(story)


def test_client_when_more_waits_than_it_may_then_it_is_ended_and_nothing_is_kept() -> None:
    """By messages, by bytes; one message may be as long as it is; who was ended is offered nothing more."""

    class Full:
        """A connection that nobody reads."""

        is_ready = False
        on_silence: Callable[[], None] | None = None

        def write(self, frame: Frame) -> None:
            raise AssertionError(frame)

        async def send_frame(self, frame: Frame) -> None:
            await asyncio.Event().wait()

    async def story() -> None:
        limits = Limits(most_frames=3, most_bytes=100, send_s=0.05)
        for size, fits in ((2, 3), (30, 3), (40, 2), (99, 1), (1_000, 1)):
            client = Client(RISK, Full(), limits)
            for _ in range(fits):
                client.offer([Frame(b"x" * (size - 2), 5)])
                assert client.ended is None
            client.offer([Frame(b"x" * (size - 2), 6)])
            assert client.ended is not None
            assert client.ended.code is Close.TOO_SLOW
            client.offer([Frame(b"x", 7)])
            assert (len(client._frames), client._bytes) == (0, 0)
        client = Client(RISK, Full(), limits)
        client.next_from = 9
        with pytest.raises(Ended) as ended:
            await client.send(Frame(b"x", 10))
        assert (ended.value.code, ended.value.reason) == (Close.TOO_SLOW, "from=9")

    played(story)


@pytest.mark.parametrize(("sent", "code"), [("hello", 1008), (b"{}", 1008), ("x" * 2_000, 1009)])
def test_stream_when_a_client_sends_then_it_is_closed(sent: Any, code: int, tmp_path: Path) -> None:
    """A stream takes no messages; a long one is not even read."""

    async def story() -> None:
        async with venue(tmp_path) as there, there.open("/tape", VIEWER) as stream:
            await stream.send(sent)
            assert (await closed(stream))[0] == code

    played(story)


def test_streams_when_there_are_too_many_then_the_next_is_refused_and_behind_a_closing_let_in(tmp_path: Path) -> None:
    """By key, and in all."""

    async def story() -> None:
        async with venue(tmp_path, LIMITS._replace(most_clients=3, most_of_one_key=2)) as there:
            async with there.open("/tape", VIEWER), there.open("/tape", RISK):
                async with there.open("/tape", VIEWER):
                    assert await _status(there, "/tape", AUDITOR) == 503
                await asyncio.sleep(0.05)
                async with there.open("/facts", RISK):
                    pass
            await asyncio.sleep(0.05)
            async with there.open("/tape", VIEWER), there.open("/tape", VIEWER):
                assert await _status(there, "/tape", VIEWER) == 429
            await asyncio.sleep(0.05)
            assert (there.streams.count, there.streams._of_key) == (0, {})

    played(story)


def test_handshake_when_it_floods_then_nobody_else_is_kept_out(tmp_path: Path) -> None:
    """Two hundred handshakes of one key at once: its share is let in, and another key listens."""

    async def story() -> None:
        async with venue(tmp_path, LIMITS._replace(most_of_one_key=5)) as there:
            there.door.principal = VIEWER
            uri = f"ws://127.0.0.1:{there.port}/v1/streams/tape"
            tries = [connect(uri, compression=None, proxy=None) for _ in range(200)]
            found = await asyncio.gather(*tries, return_exceptions=True)
            refused = [one for one in found if isinstance(one, InvalidStatus)]
            assert {one.response.status_code for one in refused} == {429}
            assert (len(refused), there.streams.count) == (195, 5)
            async with there.open("/facts", AUDITOR) as stream:
                await stream.recv()

    played(story)


def test_handshake_when_a_page_of_another_origin_asks_then_it_is_refused(tmp_path: Path) -> None:
    """Threat: cross-site hijacking. A ticket does not help it; the page that was named is let in."""

    async def story() -> None:
        keys = {"v": ed25519_key("v", Role.VIEWER)}
        clock = Clock()
        async with venue(tmp_path, door=open_for_service(keys, clock), origins=frozenset({PAGE})) as there:
            uri = f"ws://127.0.0.1:{there.port}/v1/streams/tape"

            async def handshake(origin: Any, *, signed: bool = True, path: str = "/v1/streams/tape") -> int:
                headers = dict(signer("v", clock).headers("GET", path)) if signed else {}
                try:
                    async with connect(uri, additional_headers=headers, origin=origin, proxy=None):
                        return 101
                except InvalidStatus as refused:
                    return refused.response.status_code

            assert await handshake(None) == 101
            assert await handshake(PAGE) == 101
            assert await handshake("https://evil.example") == 403
            assert await handshake("null") == 403
            assert await handshake(None, signed=False) == 401
            assert await handshake(None, path="/v1/streams/facts") == 401

    played(story)


def test_ticket_when_it_was_used_then_it_opens_no_second_stream(tmp_path: Path) -> None:
    """What a browser offers as a subprotocol; the answer names the protocol and not the ticket."""

    async def story() -> None:
        keys = {"v": ed25519_key("v", Role.VIEWER)}
        clock = Clock()
        async with venue(tmp_path, door=open_for_service(keys, clock)) as there:
            async with AsyncClient(base_url=f"http://127.0.0.1:{there.port}") as client:
                headers = dict(signer("v", clock).headers("POST", "/v1/tickets"))
                ticket = (await client.post("/v1/tickets", headers=headers)).json()["ticket"]
            uri = f"ws://127.0.0.1:{there.port}/v1/streams/tape"
            offered: Any = [SUBPROTOCOL, PREFIX + ticket]
            async with connect(uri, subprotocols=offered, proxy=None) as stream:
                assert stream.subprotocol == SUBPROTOCOL
            with pytest.raises(InvalidStatus) as refused:
                async with connect(uri, subprotocols=offered, proxy=None):
                    pass
            assert refused.value.response.status_code == 401

    played(story)


def test_stream_when_its_key_is_taken_away_then_it_is_closed(tmp_path: Path) -> None:
    """Keys are read again while streams are open; one that has changed or expired counts as taken away."""

    async def story() -> None:
        clock = Clock()
        keys = {"v": ed25519_key("v", Role.VIEWER)}
        async with venue(tmp_path, LIMITS._replace(ping_s=0.1), door=open_for_service(keys, clock)) as there:
            uri = f"ws://127.0.0.1:{there.port}/v1/streams/tape"
            headers = dict(signer("v", clock).headers("GET", "/v1/streams/tape"))
            async with connect(uri, additional_headers=headers, proxy=None) as stream:
                await stream.recv()
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(stream.recv(), 0.3)
                there.door.keys = {"v": ed25519_key("v", Role.AUDITOR)}
                assert await closed(stream) == (1008, "the key is no longer good")

    played(story)


def test_news_when_a_step_deleverages_then_victims_are_told_first_and_the_tape_last(tmp_path: Path) -> None:
    """Every message of an account's own is on its way before anybody who sees all, and in an order drawn anew."""

    async def story() -> None:
        async with venue(tmp_path, LIMITS._replace(gather_s=0.05)) as there:
            await there.act(FIRST)
            told = list[tuple[str, str]]()
            for number in range(8):
                _listen(there.streams.hub, told, f"a{number}", f"a{number}")
            _listen(there.streams.hub, told, "auditor", "")
            for _ in range(40):
                await there.act(8)
                await there.streams.hub.position.passed(there.sent)
            heard, firsts, opens = 0, set[str](), True  # what the auditor heard; who hears first of each telling
            for name, text in told:
                ends = int(json.loads(text)["next_from"])
                if name == "auditor":
                    assert ends >= heard
                    heard, opens = ends, True
                else:
                    assert ends > heard, f"{name} is told of what the auditor heard before"
                    firsts |= {name} if opens else set()
                    opens = False
            assert len(firsts) > 3
            assert any("Deleveraged" in text for name, text in told if name != "auditor")

    played(story)


def _listen(hub: Hub, told: list[tuple[str, str]], name: str, account: str) -> None:
    """Join a channel with a client that notes when it is offered something."""

    class Noting(Client):
        def offer(self, frames: Any) -> None:
            told.extend((name, frame.text) for frame in frames)

    wire: Any = None
    channel = hub.own(account) if account else hub.whole
    hub.join(channel, Noting(trader(ME), wire, hub.limits))


def test_frames_when_lines_are_long_then_messages_are_cut_between_commands_and_none_is_too_long() -> None:
    """What one command was is never parted; what is longer than a message may be is said where to read."""
    limits, shape, rng = Limits(frame_bytes=50, line_bytes=80), Shape("entries", "", "/v1/facts"), Random(1)
    for _ in range(200):
        lines = [Line(seq, json.dumps({"seq": str(seq), "x": "y" * rng.randrange(90)}).encode()) for seq in range(1, 9)]
        frames = [json.loads(frame.text) for frame in frames_of(shape, lines, 12, limits)]
        entries = [entry for frame in frames for entry in frame["entries"]]
        assert [int(entry["seq"]) for entry in entries] == list(range(1, 9))
        following = [int(frame["next_from"]) for frame in frames]
        firsts = [int(frame["entries"][0]["seq"]) for frame in frames]
        assert [*firsts[1:], 12] == following
        for line, entry in zip(lines, entries, strict=True):
            where = {"seq": str(line.seq), "elsewhere": f"/v1/facts?from={line.seq}&limit=1"}
            assert entry == (where if len(line.text) > limits.line_bytes else json.loads(line.text))


def _written(seq: int) -> Written:
    command = Deposit(time_ns=seq, unit_id="a", amount_quanta=1)
    return Written(f"k{seq}", command, (), _Receipt(seq))  # type: ignore[arg-type]


class _Receipt:
    """As much of a receipt as a feed looks at."""

    def __init__(self, seq: int) -> None:
        self.seq = seq


def test_feed_when_more_comes_than_it_keeps_then_what_was_told_is_forgotten_and_nothing_else() -> None:
    """What streams have not told yet stays; what was told stays as far as there is room."""
    feed = Feed(kept=10)
    feed._take([_written(seq) for seq in range(1, 31)])
    assert [one.receipt.seq for one in feed.since(0) or ()] == list(range(1, 31))
    feed.seen(15)
    assert feed.since(14) is None
    assert [one.receipt.seq for one in feed.since(15) or ()] == list(range(16, 31))
    feed.seen(30)
    assert feed.since(19) is None
    assert [one.receipt.seq for one in feed.since(20, 3) or ()] == [21, 22, 23]
    assert feed.since(30) == []


async def _status(there: Venue, path: str, by: Any) -> int:
    with pytest.raises(InvalidStatus) as refused:
        async with there.open(path, by):
            pass
    document = json.loads(refused.value.response.body)
    assert document["code"] in {"TOO_MANY", "BUSY"}
    assert int(refused.value.response.headers["retry-after"]) > 0
    return refused.value.response.status_code


def test_past_when_the_budget_is_used_up_then_it_goes_on_at_the_pace_that_is_allowed(tmp_path: Path) -> None:
    """Catching up waits where another question would be refused; nothing is lost over it."""

    async def story() -> None:
        async with venue(tmp_path, kept=5) as there:
            await there.act(100)
            await there.streams.hub.position.passed(there.sent)  # until then all of it lies in memory
            refusals, ask = [2], there.desk.ask

            async def busy(question: Any) -> Any:
                if type(question).__name__ == "FactsQuestion" and refusals[0]:
                    refusals[0] -= 1
                    raise Problem(Code.BUSY, "the line is full", retry_s=1)
                return await ask(question)

            there.desk.ask = busy  # type: ignore[method-assign]
            messages = await there.read("/facts?from=1", AUDITOR, 100)
            numbers = [int(entry["seq"]) for message in messages for entry in message["entries"]]
            assert (refusals, numbers) == ([0], list(range(1, 101)))

    played(story)
