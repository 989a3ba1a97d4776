"""The grid of time on which ranks are told: every 30 seconds by the clock, whatever happens in between.

Were the table renewed by events, its moments would tell of them.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from deleverage.service.desk import Desk
from deleverage.service.questions.table import GRID_NS

NS_PER_S = 1_000_000_000


def tick_of(clock_ns: int) -> int:
    """Return the tick of the grid in which a time lies.

    >>> tick_of(61_000_000_000)
    60000000000
    """
    return clock_ns - clock_ns % GRID_NS


async def keep_ticking(
    desk: Desk, clock_ns: Callable[[], int], ticked: Callable[[], Awaitable[None]] | None = None
) -> None:
    """Renew the table of a desk at each tick to come, until this is cancelled; then ``ticked`` tells of it.

    Where it cannot be renewed (a full line, a state that is shown to nobody) the old one stays, with its time in it.
    """
    while True:
        await asyncio.sleep((tick_of(clock_ns()) + GRID_NS - clock_ns()) / NS_PER_S)
        with suppress(Exception):
            await desk.tick(tick_of(clock_ns()))
            if ticked is not None:
                await ticked()
