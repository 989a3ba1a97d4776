"""Moves that build risk and take it down again: trades and orders."""

from collections.abc import Generator

from tests.life.view import Plain, View, lots_on


class Trading(View):
    """Trades and orders."""

    def lever(self) -> Generator[Plain, None, None]:
        """Open legs as large as the margin allows, or nearly."""
        for _ in range(self.rng.choice((1, 1, 2))):
            markets = self.live_markets()
            if not markets:
                return
            yield from self.lever_once(self.rng.choice(markets), self.rng.choice((0.98, 0.95, 0.9, 0.7, 0.3, 0.02)))

    def lever_once(self, market_id: str, share: float) -> Generator[Plain, None, None]:
        """Open one pair of legs in a market."""
        units = self.units_for(market_id)
        # First those who can carry something and hold nothing yet.
        units.sort(key=lambda key: (self.full(key, market_id), len(self.state["units"][key]["legs"])))
        if self.rng.random() < 0.4:
            units[:4] = self.rng.sample(units[:4], len(units[:4]))
        if len(units) < 2:
            return
        buyer, seller = units[0], units[1]
        own = [key for key in units if self.state["units"][key]["isolated"]]
        if own and self.rng.random() < 0.12:
            # An account against itself: its other unit is the last that should pay for it.
            buyer, seller = own[0], self.state["units"][own[0]]["account"]
            if seller not in units:
                return
            if self.rng.random() < 0.5:
                buyer, seller = seller, buyer
        poor = [
            key for key, side in ((buyer, 1), (seller, -1)) if self.room(self.state["units"][key], market_id, side) < 1
        ]
        for key in poor:
            yield self.at("Deposit", unit_id=key, amount_quanta=self.some_money())
        units = self.state["units"]
        most = min(self.room(units[buyer], market_id, 1), self.room(units[seller], market_id, -1))
        lots = max(1, most * int(share * 100) // 100)
        if most >= 1 or self.rng.random() < 0.03:
            yield self.trade(market_id, buyer, seller, lots, self.close_to(market_id))

    def spread(self) -> Generator[Plain, None, None]:
        """Let a few cross units take legs against each other in every market: many legs, many pools."""
        cross = [k for k, u in self.state["units"].items() if not u["isolated"] and not u["bankrupt"]]
        markets = self.live_markets()
        if len(cross) < 2 or not markets:
            return
        self.rng.shuffle(cross)
        cross.sort(key=lambda key: len(self.state["units"][key]["legs"]))
        few = cross[: self.rng.randint(2, 4)]
        longs = few[: len(few) // 2]
        for number, market_id in enumerate(markets):
            share = self.rng.uniform(0.5, 1.0) / (len(markets) - number)
            if self.rng.random() < 0.4:
                longs = [key for key in few if key not in longs]
            for unit_id in few:
                if self.room(self.state["units"][unit_id], market_id, 1) < 1:
                    yield self.at("Deposit", unit_id=unit_id, amount_quanta=self.some_money())
            for buyer in longs:
                seller = self.rng.choice([key for key in few if key not in longs])
                units = self.state["units"]
                most = min(self.room(units[buyer], market_id, 1), self.room(units[seller], market_id, -1))
                lots = most * int(share * 1000) // 1000
                if lots >= 1:
                    yield self.trade(market_id, buyer, seller, lots, self.close_to(market_id))

    def twins(self) -> Generator[Plain, None, None]:
        """Open equal legs against one unit, for equal ranks and equal fractions."""
        markets = self.live_markets()
        if not markets:
            return
        market_id = self.rng.choice(markets)
        units = self.units_for(market_id)[: self.rng.randint(3, 5)]
        if len(units) < 3:
            return
        price, side = self.close_to(market_id), self.rng.choice((1, -1))
        amount = self.some_money()
        yield self.at("Deposit", unit_id=units[0], amount_quanta=amount * (len(units) - 1))
        for unit_id in units[1:]:
            yield self.at("Deposit", unit_id=unit_id, amount_quanta=amount)
        most = min(self.room(self.state["units"][key], market_id, side if key != units[0] else -side) for key in units)
        lots = max(1, most * 19 // 20 // (len(units) - 1))
        for unit_id in units[1:]:
            buyer, seller = (unit_id, units[0]) if side > 0 else (units[0], unit_id)
            yield self.trade(market_id, buyer, seller, lots, price)

    def order(self) -> Generator[Plain, None, None]:
        """Rest a few orders on both sides."""
        for _ in range(self.rng.randint(1, 4)):
            markets = self.live_markets()
            if not markets:
                return
            yield from self.order_once(self.rng.choice(markets))

    def order_once(self, market_id: str) -> Generator[Plain, None, None]:
        """Rest an order of a unit that can carry it, on the side that fragile legs would be sold to."""
        units = [key for key in self.units_for(market_id) if not self.full(key, market_id)]
        if not units:
            units = self.units_for(market_id)[:1]
            for unit_id in units:
                yield self.at("Deposit", unit_id=unit_id, amount_quanta=self.some_money())
        if not units:
            return
        fragile = [part for key, part in self.aims([market_id])[:1]]
        side = self.rng.choice((1, -1))
        if fragile and self.rng.random() < 0.8:
            side = 1 if fragile[0] < 0 else -1
        most = self.room(self.state["units"][units[0]], market_id, side)
        self.orders += 1
        unit = self.state["units"][units[0]]
        held = lots_on(unit, market_id, -side)
        closing = self.hedged(unit) and bool(held) and self.rng.random() < 0.5
        most = max(1, (held if closing else most) // self.rng.choice((1, 2, 3, 7, 20) if closing else (2, 3, 7, 20)))
        command = self.at(
            "PlaceOrder",
            order_id=self.rng.choice((f"o{self.orders}", f"o/{self.orders}")),
            unit_id=units[0],
            market_id=market_id,
            lots=side * most,
            price_ticks=self.near(market_id, self.rng.choice((0.003, 0.03, 0.1, 0.5))),
        )
        yield self.with_sides(command, closing)

    def cancel(self) -> Generator[Plain, None, None]:
        """Take an order back."""
        if self.state["orders"]:
            yield self.at("CancelOrder", order_id=self.rng.choice(self.state["orders"])["id"])

    def reduce(self) -> Generator[Plain, None, None]:
        """Close a part or all of two opposite legs against each other."""
        key = self.rng.choice(list(self.state["markets"]))
        longs, shorts = self.holders(key, 1), self.holders(key, -1)
        if longs and shorts:
            units = self.state["units"]
            most = min(lots_on(units[longs[0]], key, 1), lots_on(units[shorts[0]], key, -1))
            lots = most if self.rng.random() < 0.4 else self.rng.randint(1, most)
            yield self.trade(key, shorts[0], longs[0], lots, self.near(key, 0.05), closing=True)

    def flip(self) -> Generator[Plain, None, None]:
        """Sell more than a leg has, or buy more than a short owes."""
        markets = self.live_markets()
        if not markets:
            return
        key = self.rng.choice(markets)
        side = self.rng.choice((1, -1))
        holders, others = self.holders(key, side), self.units_for(key)
        others = [other for other in others if other not in holders[:1]]
        if holders and others:
            held = lots_on(self.state["units"][holders[0]], key, side)
            lots = held + self.rng.randint(1, held)
            buyer, seller = (others[0], holders[0]) if side > 0 else (holders[0], others[0])
            yield self.trade(key, buyer, seller, lots, self.near(key, 0.03))
