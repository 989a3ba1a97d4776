"""Options and commands around several machines: names, options and exit codes only, as in ``cli``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Group, Parameter

_GROUP = Group("Several machines", sort_key=50)

bus = App(name="bus", help="Who may speak on the bus between fronts and workers.", help_format="plaintext")


def _option(text: str) -> Parameter:
    return Parameter(help=text, group=_GROUP)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class BusOptions:
    """How a part of a service on several machines finds the others; all of it together, or none."""

    bus: Annotated[str | None, _option("The bus, as nats://host:4222 or tls://host:4222; commas between several.")] = (
        None
    )
    part: Annotated[
        Literal["front", "worker"] | None, _option("front: the API without a journal; worker: the journal without it.")
    ] = None
    domain: Annotated[str | None, _option("The domain's name: what a front serves, how a worker names a new one.")] = (
        None
    )
    bus_key: Annotated[str | None, _option("The file of this process's private key (`deleverage bus join`).")] = None
    bus_ring: Annotated[str, _option("The file of all public keys.")] = "ring.toml"
    bus_login: Annotated[str | None, _option("A private file with the line user:password for the bus.")] = None
    bus_ca: Annotated[str | None, _option("The certificates that the bus has to be vouched for by.")] = None
    bus_certificate: Annotated[str | None, _option("A private file with this process's certificate and its key.")] = (
        None
    )


ONE_MACHINE = BusOptions()
"""No bus: everything in one process."""


@bus.command
def join(
    name: str, /, *, part: Literal["front", "worker"], key: Path | None = None, ring: Path = Path("ring.toml")
) -> int:
    """Make a key for a front or a worker: the private half into a file of its own, the public one into the ring.

    Parameters
    ----------
    name
        What it is called on the bus.
    part
        What it is there for: the ring does not believe a front that answers, nor a worker that asks.
    key
        Where the private half is written; left out, NAME.bus-key. It stays on one machine.
    ring
        The file of public keys, made where there is none; every machine has the same.
    """
    from deleverage.commands.serve_part import joined

    return joined(name, part, str(key or f"{name}.bus-key"), str(ring))
