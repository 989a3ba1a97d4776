"""Who trades in a tick: traders are drawn, those whom the venue does not know are asked for, some at a time."""

from collections.abc import Callable, Mapping

from deleverage.demo.clearing import Clearing
from deleverage.demo.crowd import Crowd, Trader, Wish
from deleverage.rulebook.messages import Deposit, Withdraw
from deleverage.service.asking import Asker


class Members:
    """The crowd as far as the service tells of it, and its money in and out."""

    def __init__(self, crowd: Crowd, looker: Asker, clearing: Clearing, asked_at_once: int) -> None:
        """Ask for so many accounts in a tick, at most."""
        self._crowd, self._looker, self._clearing, self._asked_at_once = crowd, looker, clearing, asked_at_once

    def wishes(
        self, count: int, ticks: Mapping[str, int], tick: int, lean: Callable[[str], int], *, pays: bool
    ) -> list[Wish]:
        """Return what those who are drawn want; ``pays``: money comes in and goes out, too."""
        found, asked = [], 0
        for trader in self._crowd.draw(count):
            if not self._crowd.is_known(trader, tick):
                if asked == self._asked_at_once:
                    continue
                asked += 1
                self._crowd.know(self._looker.get(f"/v1/accounts/{trader.name}"), tick)
            if pays:
                self._pay(trader, ticks)
            wish = self._crowd.wish(trader, ticks, lean)
            found += [] if wish is None else [wish]
        return found

    def _pay(self, trader: Trader, ticks: Mapping[str, int]) -> None:
        """Note money in or out; he is asked for again afterwards."""
        amount = self._crowd.money(trader, ticks)
        if amount:
            kind = Deposit if amount > 0 else Withdraw
            self._clearing.note(kind(time_ns=0, unit_id=trader.name, amount_quanta=abs(amount)))
            self._crowd.forget(trader.name)
