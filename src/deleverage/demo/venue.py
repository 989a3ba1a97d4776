"""The venue: ticks. In each, prices move, traders trade in its books, and what was traded is told to the service."""

from collections.abc import Callable
from random import Random

from deleverage.demo import opening
from deleverage.demo.book import Book, Match, Order
from deleverage.demo.clearing import Clearing
from deleverage.demo.crash import Crash
from deleverage.demo.crowd import Crowd, Wish
from deleverage.demo.keys import Askers
from deleverage.demo.makers import Makers
from deleverage.demo.members import Members
from deleverage.demo.prices import Prices
from deleverage.demo.staff import BACKSTOP, Staff
from deleverage.demo.watch import Watch
from deleverage.rulebook.messages import AccrueFunding, Trade
from deleverage.rulebook.quantities import PPB, div_floor
from deleverage.scenarios.model import Scenario

ACTIVE = 50
"""One trader in so many acts in a tick of an ordinary day; in a crash three times as many."""

PATIENCE_TICKS, REACH_PPB = 120, 4_000_000
MARKS_EVERY, WATCH_EVERY, MONEY_EVERY, FUNDING_EVERY, FUND_EVERY, STAFF_EVERY = 2, 4, 4, 480, 8, 40
FUNDING_PPB = 100_000


class Venue:
    """A venue at work."""

    def __init__(
        self,
        askers: Askers,
        clearing: Clearing,
        story: Scenario,
        seed: int,
        say: Callable[[str], None],
        asked_at_once: int,
    ) -> None:
        """Take the story's markets, accounts and money; begin with ``open``."""
        self._askers, self._clearing, self._story, self._say = askers, clearing, story, say
        self._rng = Random(seed)
        scale = {terms.market_id: terms.quanta_per_tick_lot for terms in story.markets}
        stakes = opening.stakes(story)
        staff = {name: stakes.pop(name) for name in list(stakes) if not name.startswith("trader")}
        self._makers = Makers([name for name in staff if name != BACKSTOP], scale, self._rng)
        self._staff = Staff(askers.looker, clearing, self._makers, staff)
        self._crowd = Crowd(stakes, scale, self._rng)
        self._members = Members(self._crowd, askers.looker, clearing, asked_at_once)
        self._active = max(1, div_floor(len(stakes), ACTIVE))
        self._books = {name: Book() for name in scale}
        self.watch = Watch(askers.clearing)
        self.tick = 0
        home = opening.first_prices(story)
        self.prices = Prices(home, home, self._rng)
        self.crash = Crash(self.prices, self.watch, clearing, say, story)

    def open(self) -> None:
        """Open the venue, or take it up where it was."""
        asker = self._askers.clearing
        opening.list_markets(self._askers.proposer, self._askers.approver, self._story)
        for market in asker.get("/v1/markets")["markets"]:
            if int(market["mark_price_ticks"]):
                self.prices.ticks[market["market"]] = int(market["mark_price_ticks"])
        opening.hand_in_marks(self._askers.oracle, self.prices.ticks)
        self._clearing.resume(empty=not asker.get("/v1/accounts?limit=1")["accounts"])
        if not self._clearing.opened:
            opening.open_accounts(self._clearing, self._story, self._say)
            self._clearing.opened = True
        else:
            self._say(f"goes on behind what was there; {self._clearing.counts['again']:,} commands were there already")
            self.crash.count()
        self.watch.skip()
        self._staff.know()

    def work(self) -> int:
        """Do one tick; return how many commands it took."""
        self.tick += 1
        before, ticks = self._clearing.counts.total(), self.prices.ticks
        self.prices.step()
        if self.tick % MARKS_EVERY == 0:
            opening.hand_in_marks(self._askers.oracle, ticks)
        self._makers.quote(self._books, ticks, self.tick, shy=self.prices.crashing)
        self._makers.rest(self._clearing, ticks, shy=self.prices.crashing)
        pays, count = self.tick % MONEY_EVERY == 0 and not self.prices.crashing, self._active
        count *= 3 if self.prices.crashing else 1
        wishes = self._members.wishes(count, ticks, self.tick, self._lean, pays=pays)
        trades = [trade for wish in wishes for trade in self._trade(wish)]
        if not self.crash.going_on:
            self._around()
            trades += self._staff.unwind(self._books, ticks)
        self._tell(trades)
        if self.tick % WATCH_EVERY == 0:
            self._hear()
        if self.tick % PATIENCE_TICKS == 0:
            for book in self._books.values():
                book.expire(self.tick - PATIENCE_TICKS)
        self.crash.look()
        return self._clearing.counts.total() - before

    def _lean(self, market_id: str) -> int:
        return self._makers.lean_ppb(market_id, self.prices.ticks[market_id])

    def _trade(self, wish: Wish) -> list[tuple[str, Match]]:
        """Match what somebody wants in the venue's book."""
        price, sign = self.prices.ticks[wish.market_id], 1 if wish.buys else -1
        reach = -self._rng.randrange(REACH_PPB) if wish.patient else REACH_PPB
        order = Order(
            wish.trader.name, wish.buys, wish.lots, max(1, price + sign * div_floor(price * reach, PPB)), self.tick
        )
        matches = self._books[wish.market_id].place(order, rests=wish.patient)
        return [(wish.market_id, match) for match in matches]

    def _around(self) -> None:
        """Note what a venue does beside trading: funding, and money for the fund and for its own house."""
        if self.tick % FUNDING_EVERY == 0:
            for name in self._books:
                rate = self._rng.randint(-FUNDING_PPB, FUNDING_PPB)
                self._clearing.note(AccrueFunding(time_ns=0, market_id=name, rate_ppb=rate))
        if self.tick % FUND_EVERY == 0:
            self.crash.refill()
        if self.tick % STAFF_EVERY == 0:
            self._staff.refill()

    def _tell(self, trades: list[tuple[str, Match]]) -> None:
        """Send the tick, and take note of trades that were acknowledged; who was refused is asked for again."""
        for market_id, match in trades:
            self._clearing.note(
                Trade(
                    time_ns=0,
                    market_id=market_id,
                    buyer_unit_id=match.buyer,
                    seller_unit_id=match.seller,
                    lots=match.lots,
                    price_ticks=match.price_ticks,
                )
            )
        results = [result for kind, result in self._clearing.send() if kind == "Trade"]
        for (market_id, match), result in zip(trades, results, strict=True):
            if result["outcome"] == "done":
                self._crowd.fill(market_id, match)
                self._staff.fill(market_id, match)
            else:
                self._crowd.forget(match.buyer)
                self._crowd.forget(match.seller)

    def _hear(self) -> None:
        """Ask what steps have forced; whom they touched is asked for again."""
        units = self.watch.look()
        for unit in units:
            self._crowd.forget(unit)
        self._staff.know(units)

    def summary(self) -> str:
        """Return how the venue stands, in a line."""
        counts = self._clearing.counts
        refused = sum(count for what, count in counts.items() if what.startswith("rejected"))
        prices = ", ".join(f"{name} {ticks:,}" for name, ticks in sorted(self.prices.ticks.items()))
        return f"{counts.total():,} commands in all, {refused:,} refused by the law; ticks: {prices}"
