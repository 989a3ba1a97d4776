"""One client from a number on: the past in pages, then what is new, without a gap and without anything twice.

The seam: a client joins at a moment in which it has read everything that is out. What is on its way at that moment
(``Position.taken``) goes to those who were there before; the client reads it as the last bit of its past, once it is
out, while what comes behind it waits in its queue.
"""

from deleverage.service.streams.channels import Channel
from deleverage.service.streams.client import Client
from deleverage.service.streams.frames import frames_of
from deleverage.service.streams.hub import Hub
from deleverage.service.streams.limits import Limits
from deleverage.service.streams.past import Past


async def follow(client: Client, hub: Hub, channel: Channel, past: Past, first: int) -> None:
    """Tell a client everything from command ``first`` on, 0 being the next one; until it is ended or this cancelled."""
    position, limits = channel.position, hub.limits
    first = first or position.told + 1
    await client.send(*frames_of(channel.shape, [], first, limits))
    await position.passed(first - 1)
    while first <= position.told:
        first = await _page(client, channel, past, first, position.told, limits)
    until = hub.join(channel, client)
    await position.passed(until)
    while first <= until:
        first = await _page(client, channel, past, first, until, limits)
    await client.live()


async def _page(client: Client, channel: Channel, past: Past, first: int, until: int, limits: Limits) -> int:
    """Send a page of the past, if anything stands in it; return where to go on."""
    lines, following = await past.page(first, until)
    if lines:
        for frame in frames_of(channel.shape, lines, following, limits):
            await client.send(frame)
    return following
