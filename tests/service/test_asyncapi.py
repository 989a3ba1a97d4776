"""The description of the streams: complete, made of the tables by which they are served, and true of every message."""

import json
from pathlib import Path
from typing import Any

from httpx import AsyncClient
from jsonschema import Draft202012Validator
from websockets.exceptions import InvalidStatus

from deleverage.service.paths import PATHS
from deleverage.service.principals import Role
from deleverage.service.routes.asyncapi import document
from deleverage.service.routes.streams import STREAMS
from deleverage.service.streams.described import DESCRIBED
from deleverage.service.streams.limits import Close
from tests.service import access_page
from tests.service.streaming import Venue, venue
from tests.service.test_streams import ME, played
from tests.service.world import AUDITOR, VIEWER, trader, who
from tests.torture.script import FIRST

Json = dict[str, Any]


def test_asyncapi_when_fetched_then_it_is_the_document_and_every_reference_leads_somewhere(tmp_path: Path) -> None:
    """AsyncAPI 3.0: the members that it asks for, an operation for each channel, and no address of anywhere else."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            assert await _fetched(there) == document()

    played(story)
    found = document()
    assert found["asyncapi"] == "3.0.0"
    assert set(found["info"]) >= {"title", "version"}
    assert [one.name for one in DESCRIBED] == list(found["channels"])
    operations = found["operations"].values()
    assert {one["channel"]["$ref"] for one in operations} == {f"#/channels/{name}" for name in found["channels"]}
    assert {one["action"] for one in operations} == {"send"}
    for reference in _references(found):
        part: Any = found
        for key in reference.removeprefix("#/").split("/"):
            part = part[key]
        assert part
    for channel in found["channels"].values():
        assert channel["address"].startswith("/v1/streams/")
        assert ("{account}" in channel["address"]) == ("parameters" in channel)
    assert found["x-closes"].keys() == {str(int(close)) for close in Close}
    assert "http" not in json.dumps(found)


def test_asyncapi_when_compared_with_what_is_served_then_neither_has_more() -> None:
    """A stream that is served and not described, or described and nobody's, is caught."""
    described = {one.path for one in DESCRIBED}
    served = {path.replace(":str}", "}") for handler in STREAMS for path in handler.paths}
    allowed = {endpoint.removeprefix("STREAM ") for endpoint in PATHS if endpoint.startswith("STREAM ")}
    assert described == served == allowed


def test_messages_when_read_then_they_are_what_the_description_says(tmp_path: Path) -> None:
    """Of every stream with a number, each message of a day, strictly."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            await there.act(200)
            streams = (
                ("/tape?from=1", VIEWER, "TapeMessage", 150),
                ("/facts?from=1", AUDITOR, "FactsMessage", 200),
                (f"/accounts/{ME}/facts?from=1", trader(ME), "OwnFactsMessage", 150),
            )
            for path, by, name, until in streams:
                check = _checker(name)
                messages = await there.read(path, by, until)
                for message in messages:
                    check.validate(message)
                array = "rows" if name == "TapeMessage" else "entries"
                elsewhere = {"seq": "1", "elsewhere": "/v1/facts?from=1&limit=1"}
                check.validate({**messages[0], array: [elsewhere]})
                assert not check.is_valid({**messages[0], array: [{"seq": 1}]}) or name == "FactsMessage"
                assert not check.is_valid({array: []})
            async with there.open(f"/accounts/{ME}/buckets", trader(ME)) as stream:
                _checker("BucketsView").validate(json.loads(await stream.recv()))

    played(story)


def test_streams_when_every_role_asks_for_each_then_the_page_is_right(tmp_path: Path) -> None:
    """From the description of the streams: each channel, each role; a trader with an account of its own."""

    async def story() -> None:
        page = access_page.read("Paths")
        async with venue(tmp_path) as there:
            await there.act(FIRST)
            for channel in document()["channels"].values():
                may = page[f"STREAM {channel['address']}"]
                for role in Role:
                    path = channel["address"].removeprefix("/v1/streams").replace("{account}", ME)
                    try:
                        async with there.open(path, who(role.value, role, accounts=(ME,))):
                            status = 101
                    except InvalidStatus as refused:
                        status = refused.response.status_code
                    lets_in = may[role.value] != "-"
                    assert (status != 403) == lets_in == (role.value in channel["x-roles"]), (path, role, status)
                    assert status in (101, 403) or path == "/rounds"  # nobody runs rounds here: 503

    played(story)


def _checker(name: str) -> Draft202012Validator:
    """Return what checks a message against the description."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": document()["components"]}
    return Draft202012Validator(schema)


async def _fetched(there: Venue) -> Json:
    async with AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{there.port}/v1/asyncapi.json")
        found: Json = answer.json()
        return found


def _references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if "$ref" in part else []
        return own + [found for value in part.values() for found in _references(value)]
    if isinstance(part, list):
        return [found for value in part for found in _references(value)]
    return []
