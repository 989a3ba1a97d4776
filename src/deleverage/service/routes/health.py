"""Whether the process lives, and whether it serves."""

import msgspec
from litestar import get

from deleverage.service.problems import Code, Problem
from deleverage.service.routes.commands import Given


class HealthView(msgspec.Struct, frozen=True, kw_only=True):
    """The process answers."""

    health: str


class ReadyView(msgspec.Struct, frozen=True, kw_only=True):
    """Commands are taken. While the gate is closed (no fresh marks yet) only those that are measured by no price."""

    ready: str
    waiting: str
    gate: str
    level: str


@get("/v1/health", summary="The process lives")
async def health() -> HealthView:
    """Return at once; nothing is looked at."""
    return HealthView(health="alive")


@get("/v1/ready", summary="Commands are taken")
async def ready(counter: Given) -> ReadyView:
    """Return whether commands are taken; Problem READ_ONLY or NOT_READY says why not."""
    if counter.ending:
        raise Problem(Code.NOT_READY, "the service is stopping")
    if counter.desk.trouble:
        raise Problem(Code.READ_ONLY, counter.desk.trouble)
    gate = "none" if counter.office is None else "open" if counter.office.gate.is_open else "closed"
    return ReadyView(ready="yes", waiting=str(counter.desk.waiting), gate=gate, level=counter.rates.level)
