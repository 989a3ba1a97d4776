"""What a stream allows, and how it ends."""

from enum import IntEnum
from typing import NamedTuple


class Close(IntEnum):
    """Why a stream was closed by the service."""

    GOING_AWAY = 1001
    """The service is ending; connect again, from where the last message said."""
    REFUSED = 1008
    """The client sent something, or its key is no longer good. A stream takes no messages."""
    TOO_BIG = 1009
    """What the client sent was longer than a message may be."""
    DEFECT = 1011
    """A defect of the service."""
    TOO_SLOW = 1013
    """The client does not read what there is, or does not answer a ping; the reason says from where to go on."""


class Limits(NamedTuple):
    """Bounds; each is one of a service, whoever asks."""

    most_clients: int = 2_000
    most_of_one_key: int = 200
    most_frames: int = 256
    """Messages that wait for one client."""
    most_bytes: int = 1 << 20
    """Bytes of the same; one message may be longer."""
    send_s: float = 5.0
    """How long one message may wait for a client that does not read."""
    buffer_bytes: int = 1 << 16
    """What lies in the socket of a client beside that, here and in the kernel."""
    gather_s: float = 0.05
    """What becomes durable in this time is told together."""
    tape_every_s: float = 0.25
    """How often it is looked whether more of the tape is old enough."""
    page: int = 500
    """Commands of the past that are looked at at once."""
    frame_bytes: int = 1 << 16
    """How long a message may get by what is told together."""
    line_bytes: int = 1 << 19
    """What is longer is not sent but said where to read."""
    most_inbound_bytes: int = 1 << 10
    ping_s: float = 20.0
    """How often a client is pinged, and how long it may take to answer."""
