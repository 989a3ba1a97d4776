"""The watch goes on looking, whatever becomes of what it looks at."""

import asyncio
from typing import Any

import pytest

from deleverage.service import watch as watching
from deleverage.service.meters import Meters
from deleverage.service.rates import Rates
from deleverage.service.watch import Watch


class StuckDesk:
    """A desk with a line, and a domain that answers nothing, or with a failure."""

    def __init__(self, error: Exception | None = None) -> None:
        self.waiting, self.trouble, self.asked, self._error = 0, "", 0, error

    async def ask(self, question: Any) -> Any:
        """Fail, or never answer."""
        self.asked += 1
        if self._error is not None:
            raise self._error
        await asyncio.Event().wait()


async def watched(desk: Any, act: Any) -> Watch:
    """Return a watch that was at work while something was done."""
    watch = Watch(desk, Meters(), Rates(100), places=100)
    task = asyncio.create_task(watch.work())
    await act()
    assert not task.done()
    task.cancel()
    return watch


def test_watch_when_the_domain_does_not_answer_then_the_line_is_still_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A domain that is busy is when throttling matters."""
    monkeypatch.setattr(watching, "LOOK_S", 0.001)
    desk = StuckDesk()

    async def fill() -> None:
        await asyncio.sleep(0.02)
        desk.waiting = 90
        await asyncio.sleep(0.05)

    watch = asyncio.run(watched(desk, fill))
    assert watch.ladder.level.name == "full"
    assert watch.meters.gauges["line_commands"]._value.get() == 90
    assert desk.asked == 1


@pytest.mark.parametrize("error", [RuntimeError("stopped"), ValueError("strange")])
def test_watch_when_a_look_fails_then_it_looks_again(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """At the domain, and at the service."""
    monkeypatch.setattr(watching, "LOOK_S", 0.001)
    monkeypatch.setattr(watching, "EVERY_S", 0.001)
    monkeypatch.setattr(watching, "REST", 0)
    desk = StuckDesk(error)

    async def break_it() -> None:
        await asyncio.sleep(0.02)
        desk.waiting = "many"  # type: ignore[assignment]
        await asyncio.sleep(0.02)
        desk.waiting = 90
        await asyncio.sleep(0.05)

    watch = asyncio.run(watched(desk, break_it))
    assert desk.asked > 1
    assert watch.ladder.level.name == "full"
