"""A whole life: a beginning, then one move after the other."""

from collections.abc import Callable, Generator
from itertools import chain, islice
from random import Random

from tests.life.aim import aimed
from tests.life.approvals import Approvals
from tests.life.auction import bids, hammer
from tests.life.collateral import Collateral
from tests.life.ladder import programme, sell_out
from tests.life.spoil import is_restless, spoiled
from tests.life.stops import Stops
from tests.life.view import PPB, SECOND, Plain
from tests.life.wrong import wrong_command

NAMES = ("a", "a!", "a-", "a.b", "A", "B0", "b", "b-1", "c", "d", "e", "Z", "z", "~", "10", "9", "m'", "k#")
MARKETS = ("BTC", "BTC-", "eth", "X!", "1")


KINDS = ("close_out", "maintenance", "initial")
SELDOM = (
    *(
        "Bid",
        "ListMarket",
        "OpenAccount",
        "SetNeutralMode",
        "SetProgramme",
        "RepayResidual",
        "CancelOrder",
        "Resume",
        "ClosePeriod",
    ),
    *("ApproveEnvelope", "AbortEnvelope", "DepositToFund", "WithdrawFromFund", "SetPool", "Regroup", "MovePool"),
    *("ListAsset", "WithdrawAsset", "Convert"),
)
"""What would seldom be the command that announced requirements take effect with."""


def in_order(tier: Plain) -> Plain:
    """Return a tier whose requirements are in order at its start: as drawn, or without deductions."""
    amounts = [
        tier["from_notional_quanta"] * tier[f"{kind}_rate_ppb"] - tier[f"{kind}_deduction_quanta"] * PPB
        for kind in KINDS
    ]
    if all(tier[f"{KINDS[at]}_rate_ppb"] == 0 or amounts[at] <= amounts[at + 1] for at in range(2)):
        return tier
    return tier | {f"{kind}_deduction_quanta": 0 for kind in KINDS}


class Life(Collateral, Stops, Approvals):
    """The life of one world."""

    def __init__(self, rng: Random, rules: Plain) -> None:
        super().__init__(rng, rules)
        self.moves: list[tuple[float, Callable[[], Generator[Plain, None, None]]]] = [
            (0.6, self.lever),
            (1.0, self.spread),
            (0.3, self.twins),
            (55.0, self.crash),
            (24.0, self.slump),
            (8.0, self.squeeze),
            (0.3, self.walk),
            (8.0, self.fund_rates),
            (0.3, self.pay_in),
            (0.8, self.pay_out),
            (2.0, self.move_margin),
            (8.0, self.order),
            (1.2, self.cancel),
            (1.5, self.reduce),
            (1.2, self.flip),
            (3.0, self.guard),
            (2.0, self.feed_fund),
            (2.5, self.drain_fund),
            (2.0, self.move_pool),
            (1.5, self.set_pool),
            (1.5, self.regroup),
            (1.5, self.close_period),
            (0.7, self.wait),
            (6.0, self.announce),
            (2.5, self.set_leverage),
            (3.2, self.settle),
            (2.0, self.open_more),
            (0.2, self.step),
            (1.0, lambda: programme(self, 0.5)),
            (2.0, self.neutral_mode),
            (13.0, lambda: sell_out(self)),
            (0.0 if rules["auction"]["name"] == "none" else 25.0, lambda: hammer(self)),
            (4.0, lambda: bids(self)),
            (5.0, self.halt),
            (6.0, self.surprise),
            (34.0, self.wrong),
            (4.0, self.asset_in),
            (0.8, self.list_more),
            (2.5, self.asset_out),
            (6.0, self.convert),
            (15.0, self.wrong_way),
            (0.6, self.stale_prices),
        ]

    def commands(self) -> Generator[Plain, None, None]:
        """Yield the commands of a whole life."""
        yield from islice(chain(self.begin(), self.tried()), self.rng.randint(120, 220))

    def tried(self) -> Generator[Plain, None, None]:
        """Yield one move after the other, now and then a spoiled command before the good one."""
        for command in self.endless():
            if self.rng.random() < self.faulty:
                wrong = spoiled(self, command)
                if wrong is not None:
                    yield wrong
            if self.rng.random() < self.aiming and (refused := aimed(self)) is not None:
                yield refused
            often = 0.4 if command["kind"] in SELDOM else 0.01
            if self.rng.random() < often and (announcement := self.just_before(command)) is not None:
                yield announcement
            yield command

    def endless(self) -> Generator[Plain, None, None]:
        """Yield one move after the other."""
        weights = [weight * self.rng.choice((0.5, 1, 1, 2)) for weight, _ in self.moves]
        while True:
            while is_restless(self.state, self.rng):
                yield from self.wrong()
            is_locked = any(market["reduce_only"] for market in self.state["markets"].values())
            if self.rules["manual"] and self.waiting() and self.rng.random() < 0.6:
                yield from (self.approve if self.rng.random() < 0.85 else self.needless)()
            elif self.rng.random() < (0.8 if self.state["halted"] else 0.12 if is_locked else 0):
                yield from self.recover()
            elif self.rng.random() < (0.6 if self.is_halted() else 0.15 if self.state["halts"] else 0):
                yield from self.resume()
            else:
                yield from self.rng.choices(self.moves, weights)[0][1]()

    def begin(self) -> Generator[Plain, None, None]:
        """List markets, open accounts, bring money in."""
        rng = self.rng
        for market_id in rng.sample(MARKETS, rng.choices((1, 2, 3, 4), (1.5, 4, 4, 2))[0]):
            yield self.new_market(market_id)
        yield self.at(
            "SetMarks", marks=[self.mark(key, price) for key, price in self.first_price.items()], confirmed=True
        )
        names = rng.sample(NAMES, rng.randint(4, 9))
        groups = rng.sample(("g", "h", "G", ""), rng.randint(1, 3))
        special = []
        if rng.random() < 0.65:
            special.append("fund")
        special += ["backstop"] * rng.choice((0, 0, 0, 1, 2, 3))
        for number, name in enumerate(names):
            role = special[number] if number < len(special) else "trader"
            capacity = rng.choice((0, 1, self.lots_of_size(rng.choice(list(self.terms))), 10**12))
            yield self.at(
                "OpenAccount",
                account_id=name,
                owner_group=rng.choice(groups) if rng.random() < 0.6 else name,
                role=role,
                backstop_capacity_lots=capacity if role == "backstop" else 0,
                hedge=role == "trader" and rng.random() < self.hedgers,
            )
            if role == "trader" and self.rules["neutral_within_ppb"] and rng.random() < 0.5:
                yield self.at("SetNeutralMode", account_id=name, on=True)
            for _ in range(rng.choice((0, 1, 2, 3, 4)) if role == "trader" else rng.random() < 0.2):
                yield self.isolate(name, rng.choice(list(self.terms)))
        if rng.random() < 0.6:
            yield from programme(self)
        amounts = [self.some_money() for _ in range(rng.randint(1, 3))]
        for unit_id in list(self.state["units"]):
            if rng.random() < 0.85:
                yield self.at("Deposit", unit_id=unit_id, amount_quanta=rng.choice(amounts))
        yield from self.begin_assets()
        if rng.random() < 0.5:
            yield from self.fund_rates()
        if rng.random() < 0.5:
            yield self.at("DepositToFund", amount_quanta=self.some_money())
        if rng.random() < 0.5:
            yield from self.group()

    def new_market(self, market_id: str) -> Plain:
        """Return the listing of a market with ugly terms."""
        rng = self.rng
        scales = [
            (price, per_tick)
            for price in (5, 9, 30, 100, 1013, 20_000, 654_321)
            for per_tick in (1, 1, 3, 7, 10, 97, 1000, 1_000_003)
            if price * per_tick * 2 <= self.size
        ]
        auctions = self.rules["auction"]["name"] != "none" and rng.random() < 0.8
        # Where there are auctions, mostly some room between close-out and ruin.
        scales = [scale for scale in scales if scale[0] >= 1000] or scales if auctions else scales
        price, per_tick = rng.choice(scales)
        lots = max(1, self.size // (price * per_tick))
        initial = rng.choice((5_000_000, 10_000_000, 20_000_000, 50_000_000, 100_000_001, 333_333_333))
        share = rng.choice((300_000_000, 500_000_000, 666_666_667, 900_000_000, PPB))
        close_out = rng.choice((0,) * (0 if auctions else 3) + (333_333_333, 500_000_000, PPB))
        tiers: list[Plain] = []
        start = 0
        for _ in range(rng.choice((1, 1, 2, 3))):
            upkeep = initial * share // PPB
            tier = {
                "from_notional_quanta": start,
                "close_out_rate_ppb": upkeep * close_out // PPB,
                "maintenance_rate_ppb": upkeep,
                "initial_rate_ppb": initial,
                "close_out_deduction_quanta": 0,
                "maintenance_deduction_quanta": 0,
                "initial_deduction_quanta": 0,
            }
            if tiers:
                before = tiers[-1]
                for kind in KINDS:
                    step = tier[f"{kind}_rate_ppb"] - before[f"{kind}_rate_ppb"]
                    exact = before[f"{kind}_deduction_quanta"] + start * step // PPB
                    tier[f"{kind}_deduction_quanta"] = rng.choice((exact, exact, exact + 1, 0))
            elif rng.random() < 0.1:
                tier["maintenance_deduction_quanta"] = rng.randint(0, max(1, self.size // 50))
            tiers.append(in_order(tier))
            start += max(1, self.size * rng.choice((1, 2, 5)) // 2)
            initial = min(PPB, initial * rng.choice((1, 2, 3)))
        if rng.random() < 0.04:
            tiers[0] |= {"close_out_rate_ppb": 0, "maintenance_rate_ppb": 0}
        most = rng.choice((50, 50, 50, 5, 2)) * lots
        terms = {
            "market_id": market_id,
            "quanta_per_tick_lot": per_tick,
            "tiers": tiers,
            "max_lots": most,
            "max_price_ticks": price * 1000,
            "max_open_interest_lots": rng.choice((20, 20, 3, 1)) * most,
            "contract": rng.choice(("linear", "quanto")),
            "face_quanta_ticks": 0,
            "min_value_quanta": 1,
            "expiry_ns": self.time + rng.randint(1, 60) * SECOND if rng.random() < 0.15 else 0,
            "schedule": self.some_schedule(),
            "underlying": rng.choice(("", "U", "U", "V")),
        }
        if rng.random() < 0.34:
            # One lot is worth as much at the first price as a linear one would be, and its value has a floor.
            value = price * per_tick
            terms |= {"contract": "inverse", "face_quanta_ticks": value * price + rng.randint(0, price)}
            terms |= {"quanta_per_tick_lot": 0, "min_value_quanta": rng.choice((1, 1, max(1, value // 100)))}
        self.terms[market_id] = terms
        self.first_price[market_id] = price
        return self.at("ListMarket", terms=terms)

    def open_more(self) -> Generator[Plain, None, None]:
        """Open another account or isolated unit in mid-life."""
        names = [name for name in NAMES if name not in self.state["accounts"]]
        if names and self.rng.random() < 0.3:
            hedge = self.rng.random() < self.hedgers
            yield self.at(
                "OpenAccount",
                account_id=names[0],
                owner_group="",
                role="trader",
                backstop_capacity_lots=0,
                hedge=hedge,
            )
        elif self.state["accounts"]:
            account = self.rng.choice(list(self.state["accounts"]))
            market = self.rng.choice(list(self.state["markets"]))
            command = self.isolate(account, market)
            if "/".join(filter(None, (account, market, command["side"]))) not in self.state["units"]:
                yield command

    def neutral_mode(self) -> Generator[Plain, None, None]:
        """Take a trader into the neutral mode, or out of it."""
        traders = [key for key, account in self.state["accounts"].items() if account["role"] == "trader"]
        if traders:
            yield self.at("SetNeutralMode", account_id=self.rng.choice(traders), on=self.rng.random() < 0.7)

    def isolate(self, account_id: str, market_id: str) -> Plain:
        """Return the opening of an isolated unit, with a side where the account needs one."""
        side = self.rng.choice(("long", "short")) if self.state["accounts"][account_id]["hedge"] else ""
        return self.at("OpenIsolated", account_id=account_id, market_id=market_id, side=side)

    def wrong(self) -> Generator[Plain, None, None]:
        """Give a command that one rejection is made for, if the state allows to provoke it."""

        command = wrong_command(self)
        if command is not None:
            yield command
