"""Moves of collateral: assets listed and priced, brought in, taken out, converted; prices that fall with the marks."""

from collections.abc import Generator

from tests.life.risk import Risk
from tests.life.view import PPB, SECOND, Plain

ASSETS = ("BTC", "ETH", "a", "usd!", "~x")


class Collateral(Risk):
    """Assets beside the settlement currency."""

    def begin_assets(self) -> Generator[Plain, None, None]:
        """List up to three assets, price most of them, and bring some in."""
        if self.rng.random() < 0.5:
            return
        names = self.rng.sample(ASSETS, self.rng.choice((1, 1, 2, 3)))
        for asset_id in names:
            yield self.new_asset(asset_id)
        priced = [name for name in names if self.rng.random() < 0.85]
        if priced:
            yield self.asset_prices({name: self.asset_terms[name]["first"] for name in priced}, True)
        for _ in range(self.rng.randint(1, 6)):
            yield from self.asset_in()

    def list_more(self) -> Generator[Plain, None, None]:
        """List another asset in mid-life, price it and bring some in."""
        names = [name for name in ASSETS if name not in self.state["assets"]]
        if names:
            yield self.new_asset(names[0])
            yield self.asset_prices({names[0]: self.asset_terms[names[0]]["first"]}, True)
            yield from self.asset_in()

    def new_asset(self, asset_id: str) -> Plain:
        """Return the listing of an asset: from grains worth many quanta to quanta worth many grains."""
        rng = self.rng
        price_grains = rng.choice((1, 1, 3, 10, 1000, 10**8))
        first = max(1, min(rng.choice((1, 7, 97, 10_007, 10**6, 10**9)), self.size // 3))
        haircut = rng.choice((0, 0, 50_000_000, 100_000_000, 333_333_333, 900_000_000, PPB))
        whole = max(1, self.size * price_grains // first)  # about the world's size
        self.asset_terms[asset_id] = {
            "asset_id": asset_id,
            "price_grains": price_grains,
            "haircut_ppb": haircut,
            "discount_ppb": min(haircut, PPB - 1, rng.choice((0, 0, haircut, haircut // 2, 10_000_001))),
            "cap_grains": rng.choice((10 * whole, 10 * whole, whole // 10, whole // 40, 0)),
            "max_price_quanta": first * 1000,
            "fund_cap_grains": rng.choice((0, 0, whole // 50, 10 * whole)),
        }
        terms = self.asset_terms[asset_id]
        self.asset_terms[asset_id] = terms | {"first": first}
        return self.at("ListAsset", terms=terms)

    def asset_prices(self, prices: dict[str, int], confirmed: bool, sources: int = 3) -> Plain:
        """Return a set of index prices."""
        updates = [
            {
                "asset_id": name,
                "price_quanta": max(1, min(price, self.asset_terms[name]["max_price_quanta"])),
                "sources": sources,
            }
            for name, price in prices.items()
        ]
        return self.at("SetAssetPrices", prices=updates, confirmed=confirmed)

    def price_of(self, asset_id: str) -> int:
        """Return the index price of an asset, or the first one where there is none yet."""
        return int(self.state["assets"][asset_id]["price"] or self.asset_terms[asset_id]["first"])

    def grains_of(self, asset_id: str, quanta: int) -> int:
        """Return about the grains that are worth some quanta."""
        return max(1, quanta * self.asset_terms[asset_id]["price_grains"] // self.price_of(asset_id))

    def owners(self) -> list[tuple[str, str]]:
        """Return unit and asset of every holding that may move, shuffled."""
        found = [
            (key, asset_id)
            for key, unit in self.state["units"].items()
            for asset_id in unit["assets"]
            if not unit["bankrupt"] and not unit["carried"]
        ]
        self.rng.shuffle(found)
        return found

    def holders_of_assets(self) -> list[str]:
        """Return the cross units that may hold assets, shuffled."""
        found = [
            key
            for key, unit in self.state["units"].items()
            if not (unit["isolated"] or unit["bankrupt"] or unit["carried"])
        ]
        self.rng.shuffle(found)
        return found

    def asset_in(self) -> Generator[Plain, None, None]:
        """Bring an asset in, mostly for a trader who then takes out his money: collateral is all he has."""
        priced = [key for key, asset in self.state["assets"].items() if asset["price"]]
        units = self.holders_of_assets()
        if not priced or not units:
            return
        units.sort(key=lambda key: self.state["accounts"][key]["role"] != "trader")
        unit_id, asset_id = units[0], self.rng.choice(priced)
        grains = self.grains_of(asset_id, max(1, self.some_money() // self.rng.choice((1, 1, 3))))
        if self.rng.random() < 0.15:
            grains = self.rng.randint(1, 5)
        yield self.at("DepositAsset", unit_id=unit_id, asset_id=asset_id, amount_grains=grains)
        free = self.free(self.state["units"][unit_id])
        if free > 0 and self.rng.random() < 0.5:
            yield self.at("Withdraw", unit_id=unit_id, amount_quanta=max(1, free * self.rng.choice((10, 9, 5)) // 10))

    def asset_out(self) -> Generator[Plain, None, None]:
        """Take some of an asset out, mostly of a unit that does not need it."""
        owners, units = self.owners(), self.state["units"]
        if self.rng.random() < 0.7:
            owners.sort(key=lambda held: self.margin_value(units[held[0]]) > self.backing(units[held[0]]))
        for unit_id, asset_id in owners[:1]:
            held = self.state["units"][unit_id]["assets"][asset_id]
            grains = max(1, held // self.rng.choice((1, 1, 2, 5)))
            yield self.at("WithdrawAsset", unit_id=unit_id, asset_id=asset_id, amount_grains=grains)

    def convert(self) -> Generator[Plain, None, None]:
        """Let two units convert by agreement."""
        for unit_id, asset_id in self.owners()[:1]:
            takers = [key for key in self.holders_of_assets() if key != unit_id]
            if not takers:
                return
            takers.sort(key=lambda key: -self.free(self.state["units"][key]))
            held = self.state["units"][unit_id]["assets"][asset_id]
            price = self.price_of(asset_id)
            band = self.rules["conversion_band_ppb"] / PPB or 0.1
            if self.rng.random() < 0.9:  # What the taker can pay for.
                held = min(held, self.grains_of(asset_id, max(1, self.free(self.state["units"][takers[0]]))))
            yield self.at(
                "Convert",
                unit_id=unit_id,
                asset_id=asset_id,
                amount_grains=max(1, held // self.rng.choice((1, 2, 5, 50))),
                taker_unit_id=takers[0],
                price_quanta=max(1, round(price * (1 + self.rng.uniform(-band, band / 2)))),
            )

    def move_prices(self, factor: float, confirmed_share: float = 0.8) -> Generator[Plain, None, None]:
        """Move all index prices by about one factor, seldom guarded."""
        names = list(self.state["assets"])
        if not names:
            return
        prices = {name: round(self.price_of(name) * factor * self.rng.uniform(0.97, 1.03)) for name in names}
        for name in names:  # What has gone far away comes back.
            first = self.asset_terms[name]["first"]
            if not first <= prices[name] * 30 <= first * 900:
                prices[name] = first
        confirmed = self.rng.random() < confirmed_share
        yield self.asset_prices(prices, confirmed, self.rng.choice((3, 3, 3, 0)))

    def wrong_way(self) -> Generator[Plain, None, None]:
        """Let somebody with collateral and hardly any money lever up; then collateral and marks fall together."""
        owners = self.owners()
        markets = self.live_markets()
        if not owners or not markets:
            yield from self.asset_in()
            return
        unit_id = owners[0][0]
        market_id = self.rng.choice(markets)
        side = self.rng.choice((1, -1))
        others = [key for key in self.units_for(market_id) if key != unit_id]
        if not others:
            return
        others.sort(key=lambda key: -self.room(self.state["units"][key], market_id, -side))
        if self.room(self.state["units"][others[0]], market_id, -side) < 1:
            yield self.at("Deposit", unit_id=others[0], amount_quanta=self.some_money())
        yield from self.part_of_room(market_id, unit_id, others[0], side, self.rng.randint(50, 97))
        if self.rng.random() < 0.6:
            backstops = [key for key, account in self.state["accounts"].items() if account["role"] == "backstop"]
            if backstops:
                amount = max(1, self.some_money() // self.rng.choice((1, 1, 7, 50)))
                yield self.at("Deposit", unit_id=self.rng.choice(backstops), amount_quanta=amount)
        yield from self.move_prices(self.rng.uniform(0.6, 1.02))
        unit = self.state["units"][unit_id]
        value = self.lot_value(market_id)
        lots = sum(leg["lots"] for leg_id, leg in unit["legs"].items() if leg_id.split("/")[0] == market_id)
        if lots and not self.state["halted"]:
            part = -self.equity(unit) / (lots * value) * self.rng.choice((0.95, 1.1, 1.3, 2.0, 5.0))
            mark = self.state["markets"][market_id]["mark"]
            price = round(mark * (1 + max(-0.9, min(3.0, part)))) + (1 if part > 0 else -1)
            yield self.at("SetMarks", marks=[self.mark(market_id, price)], confirmed=True)
            yield self.at("RunStep")
        if self.rng.random() < 0.3:
            yield from self.move_prices(self.rng.uniform(0.9, 1.3))
            yield self.at("RunStep")

    def stale_prices(self) -> Generator[Plain, None, None]:
        """Let a guarded price stand while a step runs."""
        names = list(self.state["assets"])
        if names:
            yield self.asset_prices({name: self.price_of(name) * 3 for name in names}, False, 0)
            self.time += self.rng.choice((1, 4 * SECOND))
            yield self.at("RunStep")
