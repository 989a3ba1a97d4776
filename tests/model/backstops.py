"""Backstops in stage 3: who stands aside and why, and who takes, those first who ask for least."""

from typing import TYPE_CHECKING

from tests.model.give import edge_of, given_lots, hand_over, sources_give
from tests.model.margin import is_unhealthy
from tests.model.numbers import BILLION, split
from tests.model.state import SIDES, Account, Market, Unit, fill

if TYPE_CHECKING:
    from tests.model.round import Round


class Backstops:
    """The backstops before one side of one market in one round."""

    def __init__(self, now: "Round", market: Market, side: int, sources: list[Unit]) -> None:
        self.now = now
        self.world = now.world
        self.market = market
        self.side = side
        self.sources = sources
        self.value = abs(market.lot_value)
        self.aside: dict[str, str] = {}
        self.took: set[str] = set()

    def take(self) -> None:
        """Ask class by class, then note who stood aside if lots are left."""
        if not self.lots():
            return
        accounts = [one for _, one in sorted(self.world.accounts.items()) if one.role == "backstop"]
        rooms = {}
        for account in accounts:
            if why := self.stands_aside(account):
                self.aside[account.account_id] = why
            else:
                rooms[account.account_id] = min(self.rooms(account).values())
        edges = {u: self.minimum_edge(u) for u in rooms}
        # Without a programme a backstop takes at any edge, and comes first.
        for edge in sorted(set(edges.values()), key=lambda edge: (edge is not None, edge or 0)):
            if self.lots():
                self.ask({u: room for u, room in rooms.items() if edges[u] == edge}, edge)
        self.note(bool(accounts))

    def lots(self) -> dict[str, int]:
        """Return what the sources still have on this side."""
        return given_lots(self.now, self.market, self.side, self.sources)

    def minimum_edge(self, account_id: str) -> int | None:
        """Return what a backstop asks for at least; None without a programme."""
        programme = self.world.backstops.get(account_id)
        return programme.minimum_edge if programme else None

    def stands_aside(self, account: Account) -> str:
        """Return why a backstop is not asked, or nothing."""
        unit = self.world.units[account.account_id]
        auction = self.world.auctions.get(unit.unit_id)
        if unit.bankrupt or unit in self.sources or (auction is not None and not auction.expired):
            return "distressed"
        programme, now = self.world.backstops.get(account.account_id), self.world.time_ns
        if programme and 0 < programme.last_step < self.world.steps and now < programme.cooled_down_at:
            return "cool_down"
        return next((why for why, room in self.rooms(account).items() if room <= 0), "")

    def rooms(self, account: Account) -> dict[str, int]:
        """Return the lots that each bound still has room for."""
        key, u = self.market.market_id, account.account_id
        held = self.side * self.world.units[u].lots(key)
        rooms = {
            "capacity": account.capacity - self.now.step.taken_by_backstop[u, key],
            "position": self.market.max_lots - held,
        }
        programme = self.world.backstops.get(u)
        if programme and programme.window_ns:
            used = 0 if self.world.time_ns >= programme.window_end else programme.window_used
            rooms["window"] = (programme.window_notional - used) // self.value
        return rooms

    def ask(self, rooms: dict[str, int], edge: int | None) -> None:
        """Let a class take what fits, without those who then ask for more or would be unhealthy."""
        lots = {u: held for u, held in self.lots().items() if edge is None or self.fits(u, held, edge)}
        if not lots:
            self.aside |= dict.fromkeys(rooms, "edge")
        while lots and rooms:
            amount = min(sum(lots.values()), sum(rooms.values()))
            takes = {u: t for u, t in split(amount, [(u, room, room) for u, room in rooms.items()]).items() if t}
            gives = hand_over(self.now, self.market, self.side, lots, amount)
            weights = [(u, take, None) for u, take in takes.items()]
            pays, gets = split(sum(gives.shortfall.values()), weights), split(sum(gives.edge.values()), weights)
            money = {u: gets[u] - pays[u] for u in takes}
            refusals = {u: why for u, take in takes.items() if (why := self.refuses(u, take, money[u], edge))}
            if not refusals:
                for u, take in takes.items():
                    self.book(self.world.units[u], take, money[u])
                sources_give(self.now, self.market, self.side, gives)
                return
            self.aside |= refusals
            rooms = {u: room for u, room in rooms.items() if u not in refusals}

    def fits(self, source_id: str, held: int, edge: int) -> bool:
        """Return whether a source's surplus or shortfall leaves a taker the edge that it asks for."""
        debt = (source_id, self.world.units[source_id].leg_on(self.market.market_id, self.side))
        money = edge_of(self.now, self.now.surplus.get(debt, 0)) - self.now.shortfall.get(debt, 0)
        return money * BILLION >= edge * held * self.value

    def refuses(self, unit_id: str, take: int, money: int, edge: int | None) -> str:
        """Return why a backstop does not take its part, or nothing."""
        if edge is not None and money * BILLION < edge * take * self.value:
            return "edge"
        trial = self.world.units[unit_id].copy()
        self.fill(trial, take, money)
        return "margin" if is_unhealthy(self.world, trial) or self.now.equity(trial) < 0 else ""

    def fill(self, unit: Unit, take: int, money: int) -> None:
        """Give a unit lots at the mark and money with them."""
        fill(unit, self.market, self.side * take, -self.side * take * self.market.lot_value + money)

    def book(self, unit: Unit, take: int, money: int) -> None:
        """Let a backstop take, and count it."""
        self.fill(unit, take, money)
        self.took.add(unit.unit_id)
        self.now.step.taken_by_backstop[unit.unit_id, self.market.market_id] += take
        if programme := self.world.backstops.get(unit.unit_id):
            programme.note(self.world.steps, self.world.time_ns, take * self.value)

    def note(self, has_accounts: bool) -> None:
        """Note who stood aside while lots are left, in place of what earlier rounds noted."""
        place = (self.market.market_id, SIDES[self.side])
        left = {u: why for u, why in self.aside.items() if u not in self.took} if has_accounts else {"": "no_backstop"}
        self.now.step.passed[place] = left if self.lots() else {}
