"""Streams: what is told is what the cursors tell, once each, in order, whatever the connection does."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from deleverage.journal.parts import Part
from deleverage.journal.proof import chosen_of
from deleverage.rulebook.messages import RunStep
from deleverage.service.listen import listen
from deleverage.service.principals import Principal
from deleverage.service.questions import FactsQuestion, OwnFactsQuestion, TapeQuestion
from deleverage.service.questions.facts import own_entry
from deleverage.service.questions.tape import DELAY_NS
from deleverage.service.streams.limits import Close
from deleverage.service.streams.lines import _Index, own_texts
from tests.service.incidents.running import serving
from tests.service.streaming import LIMITS, Venue, closed, venue
from tests.service.world import AUDITOR, RISK, VIEWER, trader
from tests.torture.script import FIRST, SECOND

ME, LAST = "a3", 250
Json = dict[str, Any]


def played(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Play a story to its end."""
    asyncio.run(asyncio.wait_for(story(), 300))


async def asked(there: Venue, kind: str) -> list[Json]:
    """Return what the cursor tells in the end, by one question after the other."""
    found, first = list[Json](), 1
    while True:
        question: Any = {
            "facts": FactsQuestion(from_seq=first, limit=1000),
            "own": OwnFactsQuestion(account=ME, from_seq=first, limit=1000),
            "tape": TapeQuestion(from_seq=first, limit=1000),
        }[kind]
        page = msgspec.to_builtins(await there.desk.ask(question))
        found += page["rows" if kind == "tape" else "entries"]
        if int(page["next_from"]) == first:
            return found
        first = int(page["next_from"])


STREAMS: dict[str, tuple[str, Principal, str]] = {
    "facts": ("/facts", AUDITOR, "entries"),
    "own": (f"/accounts/{ME}/facts", trader(ME), "entries"),
    "tape": ("/tape", VIEWER, "rows"),
}


@pytest.mark.parametrize("kind", STREAMS)
@pytest.mark.parametrize("kept", [5, 10_000])
def test_streams_when_clients_are_cut_at_random_then_each_record_comes_once_and_in_order(
    kind: str, kept: int, tmp_path: Path
) -> None:
    """Clients that leave and come back at any moment, while commands are done; from memory and from the journal."""
    path, by, array = STREAMS[kind]

    async def story() -> None:
        async with venue(tmp_path, kept=kept) as there:
            await there.act(FIRST)
            done = asyncio.Event()

            async def client(rng: Random) -> list[Json]:
                seen, first, cut = list[Json](), 1, 0
                while not (done.is_set() and first > end):
                    async with there.open(f"{path}?from={first}", by) as stream:
                        for _ in range(rng.randrange(1, 6)):
                            try:
                                text = await asyncio.wait_for(stream.recv(), 0.1)
                            except TimeoutError:
                                break
                            message = json.loads(text)
                            seen += message[array]
                            first = int(message["next_from"])
                        cut += 1
                        if rng.random() < 0.5:
                            stream.transport.abort()
                    if done.is_set() and first >= last_told:
                        break
                cuts.append(cut)
                return seen

            end, last_told, cuts = 10**9, 10**9, list[int]()
            clients = [asyncio.create_task(client(Random(f"{kind} {kept} {at}"))) for at in range(12)]
            rng = Random(kind)
            while there.sent < 420:
                await there.act(rng.randrange(1, 12))
                await asyncio.sleep(rng.random() * 0.02)
            expected = await asked(there, kind)
            last_told = int(expected[-1]["seq"]) + 1
            end = last_told - 1
            done.set()
            for found in await asyncio.gather(*clients):
                assert expected == found
            assert sum(cuts) > 60
            while there.streams.count:
                await asyncio.sleep(0.01)
            hub = there.streams.hub
            assert (hub._own, hub.whole.clients, hub.tape.channel.clients) == ({}, set(), set())

    played(story)


def test_streams_when_hundreds_join_while_commands_are_done_then_the_seam_has_no_gap(tmp_path: Path) -> None:
    """Each from another number, at another moment; all stay, and all see everything behind their number, once."""

    async def story() -> None:
        async with venue(tmp_path, LIMITS._replace(page=11), kept=50) as there:
            await there.act(FIRST)
            found: dict[int, tuple[int, list[int]]] = {}

            async def client(at: int, first: int) -> None:
                seen = list[int]()
                found[at] = first, seen
                async with there.open(f"/facts?from={first}" if first else "/facts", AUDITOR) as stream:
                    while not seen or seen[-1] < LAST:
                        message = json.loads(await stream.recv())
                        if not first:
                            first = int(message["next_from"])
                            found[at] = first, seen
                        seen += [int(entry["seq"]) for entry in message["entries"]]

            rng, clients = Random(5), list[asyncio.Task[None]]()
            while there.sent < LAST:
                first = rng.choice([0, rng.randrange(1, there.sent), there.sent, there.sent + 1])
                clients.append(asyncio.create_task(client(len(clients), first)))
                await there.act(min(rng.randrange(4), LAST - there.sent))
                await asyncio.sleep(0)
            await asyncio.gather(*clients)
            assert len(clients) > 100
            for first, seen in found.values():
                assert list(range(first, LAST + 1)) == seen

    played(story)


def test_own_texts_when_compared_with_the_question_then_each_account_is_told_the_same(tmp_path: Path) -> None:
    """Whole days, refused commands and steps that close many among them."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            await there.act(300, seed=3)
            accounts = [f"a{at}" for at in range(8)]
            compared = 0
            for seq in range(1, 301):
                entry = await there.entry(seq)
                texts = own_texts(entry, accounts)
                for account in accounts:
                    view = own_entry(entry, frozenset({account}))  # they have no other units
                    told = None if account not in texts else msgspec.json.decode(texts[account])
                    assert (None if view is None else msgspec.to_builtins(view)) == told
                    compared += view is not None
            assert compared > 400
            refused = [seq for seq in range(1, 301) if (await there.entry(seq)).rejection is not None]
            assert len(refused) > 10

    played(story)


def test_own_texts_when_an_order_is_called_like_an_own_unit_then_it_is_not_shown() -> None:
    """Whose an order is, an entry does not say; as in a proof."""
    parts = [
        Part("", "[{}]"),
        Part("facts[0]", "[{},{}]"),
        Part("facts[0].unit_id", '"a3"'),
        Part("facts[0].orders[0]", '{"order_id":"a3/x"}'),
    ]
    assert chosen_of(parts, frozenset({"a3"})) == [0, 1, 2]
    assert _Index(parts).shown_to("a3") == [0, 1, 2]


def test_tape_when_it_is_young_then_it_is_told_behind_the_delay_and_not_before(tmp_path: Path) -> None:
    """The same delay as at the endpoint; whoever asks for what is to come waits for it."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            await there.act(FIRST)
            async with there.open(f"/tape?from={there.sent}", VIEWER) as stream, there.open("/tape", VIEWER) as other:
                await asyncio.gather(stream.recv(), other.recv())
                await there.do([RunStep(time_ns=FIRST * SECOND + DELAY_NS - 1)])
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(stream.recv(), 0.3)
                await there.do([RunStep(time_ns=FIRST * SECOND + DELAY_NS + SECOND)])
                await there.act(60)
                expected = await asked(there, "tape")
                rows = list[Json]()
                while not rows or rows[-1] != expected[-1]:
                    rows += json.loads(await asyncio.wait_for(stream.recv(), 30))["rows"]
                assert [row for row in expected if int(row["seq"]) >= FIRST] == rows

    played(story)


def test_streams_when_a_key_may_not_then_it_is_told_so_and_in_which_words(tmp_path: Path) -> None:
    """Foreign accounts are as if they were not there; the journal is for who answers for it."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            await there.act(FIRST)
            refused = {
                ("/facts", VIEWER): 403,
                ("/facts", trader(ME)): 403,
                ("/rounds", RISK): 403,
                ("/accounts/a4/facts", trader(ME)): 404,
                ("/accounts/nobody/facts", trader("nobody")): 404,
                ("/accounts/a4/buckets", trader(ME)): 404,
                ("/accounts/a4/facts", VIEWER): 403,
                ("/tape?from=0", VIEWER): 400,
                ("/tape?from=1&from=2", VIEWER): 400,
                (f"/facts?from={FIRST + 2}", AUDITOR): 400,
            }
            told = {}
            for (path, by), status in refused.items():
                with pytest.raises(InvalidStatus) as refusal:
                    async with there.open(path, by):
                        pass
                response = refusal.value.response
                assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
                told[path, by.key_id] = response.body
            assert told["/accounts/a4/facts", "of-a3"] == told["/accounts/nobody/facts", "of-nobody"]

    played(story)


def test_listen_when_the_service_cuts_then_it_goes_on_where_it_was(tmp_path: Path) -> None:
    """The helper for programs: connected again, nothing missing and nothing twice."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            await there.act(FIRST)
            there.door.principal = AUDITOR
            seen = list[int]()
            async for message in listen(f"http://127.0.0.1:{there.port}", "/v1/streams/facts", first=1):
                seen += [int(entry["seq"]) for entry in message["entries"]]
                if there.sent < 60:
                    await there.act(3)
                if there.sent % 2:
                    for client in list(there.streams._clients):
                        client.end(Close.GOING_AWAY)
                if seen and seen[-1] >= 60:
                    break
            assert list(range(1, seen[-1] + 1)) == seen

    played(story)


def test_buckets_when_a_tick_comes_then_all_are_told_what_the_table_says(tmp_path: Path) -> None:
    """At once when a client comes, and at each tick; read from one table."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            await there.act(200)
            async with there.open(f"/accounts/{ME}/buckets", trader(ME)) as stream:
                assert json.loads(await stream.recv())["tick_ns"] == "0"
                await there.desk.tick(30 * SECOND)
                await there.streams.ticks.tick()
                told = json.loads(await stream.recv())
                assert (told["account"], told["tick_ns"]) == (ME, str(30 * SECOND))
            await asyncio.sleep(0.05)
            assert there.streams.ticks._clients == {}

    played(story)


def test_stream_when_the_service_ends_then_it_is_closed_with_1001_and_where_to_go_on(tmp_path: Path) -> None:
    """Nobody is cut without a word."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            await there.act(FIRST)
            async with there.open("/facts?from=1", AUDITOR) as stream:
                while int(json.loads(await stream.recv())["next_from"]) <= FIRST:
                    pass
                there.streams.begin_to_end()
                assert await closed(stream) == (1001, f"from={FIRST + 1}")
            with pytest.raises(InvalidStatus) as refusal:
                async with there.open("/facts", AUDITOR):
                    pass
            assert refusal.value.response.status_code == 503

    played(story)


def test_service_when_the_process_is_asked_to_end_then_its_streams_are_told(tmp_path: Path) -> None:
    """The command line, a signal, and a goodbye with 1001."""

    async def story() -> None:
        with serving(tmp_path / "j.db") as service:
            uri = f"ws://127.0.0.1:{service.port}/v1/streams/facts"
            async with connect(uri, proxy=None) as stream:
                await stream.recv()
                service.process.terminate()
                assert (await closed(stream))[0] == 1001
            assert await asyncio.to_thread(service.process.wait, 30) == 0

    played(story)
