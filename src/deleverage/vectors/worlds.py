"""Drawn worlds: small clearing domains that trade, crash and recover, and are asked for what they have to refuse.

A world hangs on seed, number and the worlds before it: of many proposals it takes the one whose answer the set has seen
least, so that a few hundred commands show all of the language. The same arguments give the same world on every machine
and in every Python version (``Draws``).
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import fields

from deleverage.domain import Domain
from deleverage.rulebook.book import LONG, SHORT, SIGN_OF, Unit, market_of, side_of
from deleverage.rulebook.decide import decide
from deleverage.rulebook.margin import equity
from deleverage.rulebook.messages import (
    AbortEnvelope,
    AccrueFunding,
    ApproveEnvelope,
    AssetPriceUpdate,
    Bid,
    Command,
    Deposit,
    DepositAsset,
    DepositToFund,
    Fact,
    Halt,
    ListAsset,
    ListMarket,
    MarkUpdate,
    OpenAccount,
    OpenIsolated,
    PlaceOrder,
    Regroup,
    Rejection,
    RepayResidual,
    RequirementsChanged,
    Resume,
    RunStep,
    SetAssetPrices,
    SetMarks,
    SetNeutralMode,
    SetPool,
    Trade,
    Withdraw,
)
from deleverage.rulebook.pools import COMMON
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.held import lots_after_netting
from deleverage.scenarios.draws import Draws
from deleverage.vectors.presets import SECOND_NS, drawn_rules
from deleverage.vectors.proposals import Proposals
from deleverage.vectors.recorder import Recorder
from deleverage.vectors.vector import Vector

COMMANDS = 120
"""A world ends with the move that reaches so many commands."""

TRIED, ENOUGH = 40, 3
"""Proposals that are looked at before one is taken, and how often the set wants to see one kind of answer."""

NAMES = ("a", "B", "c'", 'd"', "e\\", "f'\"", "~", "0")
"""Accounts: every printable ASCII character may be in an id, and ids order by their bytes."""


def worlds(seed: int, count: int, seen: Counter[str]) -> Iterator[Vector]:
    """Yield so many vectors of drawn worlds, the first under the common law.

    ``seen`` counts the kinds of answers that the whole set has met.
    """
    for number in range(1, count + 1):
        draws = Draws(seed, f"vector {number}")
        world = _World(draws, drawn_rules(draws) if number > 1 else Rules(), seen)
        about = f"A drawn world: seed {seed}, number {number}."
        yield world.lived().vector(f"world-{seed}-{number:04}", about)


class _World:
    """One world being lived; what it does next is drawn, whether it does is the law's to say."""

    def __init__(self, draws: Draws, rules: Rules, seen: Counter[str]) -> None:
        self.draws, self.seen = draws, seen
        self.recorder = Recorder(rules)
        self.book = self.recorder.book
        self.proposals = Proposals(draws, self.book, rules)
        self.pick = self.proposals.pick
        self.time_ns = 0

    def lived(self) -> Recorder:
        """Return the recorder after a whole life."""
        moves: list[Callable[[], None]] = [self._trade] * 4 + [self._crash] * 4 + [self._novelty] * 6
        moves += [
            self._order,
            self._order,
            self._bail_out,
            self._pay_in,
            self._pay_out,
            self._rates,
            self._stop,
            self._approve,
        ]
        self._open()
        while len(self.recorder.entries) < COMMANDS and self._markets():
            self.time_ns += self.pick((0, 1, SECOND_NS, 5 * SECOND_NS))
            self._recover() if (self.book.halted or self.book.halts) and self.proposals.chance(70) else self.pick(
                moves
            )()
        return self.recorder

    def _give(self, command: Command) -> int:
        """Give a command and return how many facts answered it."""
        self.seen[_kinds(self.recorder, command)] += 1
        (answer,) = self.recorder.submit([command])
        return 0 if isinstance(answer, Rejection) else len(answer)

    def _give_most(self, most: int, command: Callable[[int], Command]) -> None:
        """Give the command with the largest of ``most``, a half, a quarter ... that is accepted; none: give nothing."""
        while most:
            if not isinstance(decide(self.book, command(most), self.recorder.rules), Rejection):
                self._give(command(most))
                return
            most //= 2

    def _give_rarest(self, commands: list[Command]) -> None:
        """Give the command whose kind of answer the set has seen least; none, where it has seen all of them enough."""
        asked = [(self.seen[_kinds(self.recorder, command)], at) for at, command in enumerate(commands)]
        times, at = min(asked, default=(ENOUGH, 0))
        if times < ENOUGH:
            self._give(commands[at])

    # -- moves --------------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        """List one to three markets, set marks, open accounts with money, some with isolated units."""
        time_ns, draws = self.time_ns, self.draws
        markets = ("BTC", "ETH", "XRP")[: draws.between(1, 3)]
        for market_id in markets:
            self._give(ListMarket(time_ns=time_ns, terms=self.proposals.terms(market_id)))
        marked = markets[: len(markets) - (len(markets) > 1 and self.proposals.chance(30))]
        marks = tuple(MarkUpdate(market_id, draws.between(80, 1_200), 3) for market_id in marked)
        self._give(SetMarks(time_ns=time_ns, marks=marks, confirmed=True))
        roles = ["trader"] * 5 + ["fund"] * draws.below(2) + ["backstop"] * draws.below(3)
        for name, role in zip(NAMES, draws.shuffled(roles), strict=False):
            account = OpenAccount(
                time_ns=time_ns,
                account_id=name,
                owner_group=self.pick(("", "", "g")),
                role=role,
                backstop_capacity_lots=draws.between(1, 40) if role == "backstop" else 0,
                hedge=role == "trader" and self.proposals.chance(50),
            )
            self._give(account)
            if role == "trader" and self.proposals.chance(50):
                self._give(SetNeutralMode(time_ns=time_ns, account_id=name, on=True))
            if self.proposals.chance(40):
                side = self.pick((LONG, SHORT)) if account.hedge else ""
                self._give(OpenIsolated(time_ns=time_ns, account_id=name, market_id=self.pick(markets), side=side))
        for unit in list(self.book.sorted_units()):
            self._give(
                Deposit(time_ns=time_ns, unit_id=unit.unit_id, amount_quanta=self.pick((500, 2_000, 2_000, 30_000)))
            )
        for asset_id in ("SOL", "DOGE")[: draws.below(3)]:
            self._collateral(asset_id)
        if self.proposals.chance(60):
            self._give(DepositToFund(time_ns=time_ns, amount_quanta=self.pick((100, 3_000, 20_000))))
        if self.proposals.chance(40):
            self._group(self.pick(markets))

    def _group(self, market_id: str) -> None:
        """Give one market a pool of the fund for itself, and state the terms of the common one."""
        time_ns, pool_id = self.time_ns, "zone"
        for name in (COMMON, pool_id):
            self._give(SetPool(time_ns=time_ns, terms=self.proposals.pool_terms(name)))
        self._give(DepositToFund(time_ns=time_ns, amount_quanta=self.pick((100, 3_000)), pool_id=pool_id))
        self._give(Regroup(time_ns=time_ns, market_id=market_id, pool_id=pool_id))

    def _collateral(self, asset_id: str) -> None:
        """List an asset, mostly price it, and let a few units bring some in; some then take their money out."""
        time_ns, draws = self.time_ns, self.draws
        self._give(ListAsset(time_ns=time_ns, terms=self.proposals.asset_terms(asset_id)))
        if self.proposals.chance(85):
            price = AssetPriceUpdate(asset_id, draws.between(80, 1_200), 3)
            self._give(SetAssetPrices(time_ns=time_ns, prices=(price,), confirmed=True))
        for _ in range(draws.between(1, 3)):
            unit_id, grains = self._unit(), draws.between(1, 400)
            deposit = DepositAsset(time_ns=time_ns, unit_id=unit_id, asset_id=asset_id, amount_grains=grains)
            if self._give(deposit) and self.proposals.chance(50):
                self._give(Withdraw(time_ns=time_ns, unit_id=unit_id, amount_quanta=500))

    def _markets(self) -> list[str]:
        return [market_id for market_id, market in sorted(self.book.markets.items()) if not market.settled]

    def _market(self) -> str:
        return str(self.pick(self._markets()))

    def _unit(self) -> str:
        return str(self.pick(sorted(self.book.units)))

    def _trade(self) -> None:
        """Trade as much as two units can carry, at or near the mark, a few times; some are two units of one account."""
        isolated = [unit for unit in self.book.sorted_units() if unit.isolated_market_id in self._markets()]
        for _ in range(self.draws.between(1, 3)):
            market_id, buyer, seller = self._market(), self._unit(), self._unit()
            if isolated and self.proposals.chance(30):
                unit = self.pick(isolated)
                market_id = unit.isolated_market_id
                buyer, seller = self.draws.shuffled([unit.account_id, unit.unit_id])
            self._give_most(self.draws.between(1, 400), self._trade_of(market_id, buyer, seller, 3))

    def _trade_of(
        self, market_id: str, buyer: str, seller: str, percent: int, closes: bool = False
    ) -> Callable[[int], Command]:
        price = self._near(market_id, percent)
        parties = {"buyer_unit_id": buyer, "seller_unit_id": seller}
        sides = {"buyer_side": self._side(buyer, 1, closes), "seller_side": self._side(seller, -1, closes)}
        return lambda lots: Trade(
            time_ns=self.time_ns, market_id=market_id, lots=lots, price_ticks=price, **parties, **sides
        )

    def _side(self, unit_id: str, sign: int, closes: bool = False) -> str:
        """Return the side that a buyer (sign 1) or seller (-1) names: none in one-way mode, else mostly to open."""
        unit = self.book.units[unit_id]
        if unit.isolated_market_id or not self.book.accounts[unit.account_id].hedge:
            return unit.isolated_side
        opening, closing = (LONG, SHORT) if sign > 0 else (SHORT, LONG)
        return closing if closes or self.proposals.chance(20) else opening

    def _bail_out(self) -> None:
        """Let those who hold opposite lots trade out of them at prices that are bad for one of them."""
        market_id, units = self._market(), list(self.book.sorted_units())
        pairs = [(one, other) for one in units for other in units if _opposite(one, other, market_id)]
        self._give_rarest(
            [
                self._trade_of(market_id, one.unit_id, other.unit_id, percent, closes=True)(max(1, lots))
                for one, other in pairs[:6]
                for percent in (1, 3, 6, 10, 20, 40, 90)
                for lots in (_opposite(one, other, market_id) // part for part in (1, 2, 5))
            ]
        )

    def _order(self) -> None:
        """Rest an order within a few percent of the mark: depth that liquidations sell into."""
        market_id, unit_id, sign = self._market(), self._unit(), self.pick((1, -1))
        price, order_id = self._near(market_id, 8), f"o{self.book.orders_placed + 1}"
        side = self._side(unit_id, sign)

        def order(lots: int) -> Command:
            where = {"order_id": order_id, "unit_id": unit_id, "market_id": market_id}
            return PlaceOrder(time_ns=self.time_ns, lots=sign * lots, price_ticks=price, leg_side=side, **where)

        self._give_most(self.draws.between(1, 60), order)

    def _crash(self) -> None:
        """Of several marks set the one after which a step does what the set has seen least; then run a step or two."""
        moved: list[tuple[int, int, Command]] = []
        for percent in (2, 5, 10, 20, 40, 60):
            market_id = self._market()
            mark = MarkUpdate(market_id, self._near(market_id, percent), self.pick((1, 3)))
            marks = SetMarks(time_ns=self.time_ns, marks=(mark,), confirmed=self.proposals.chance(30))
            fork = self.recorder.what_if([marks]).fork
            moved.append((self.seen[_kinds(fork, RunStep(time_ns=self.time_ns))], len(moved), marks))
        self._give(min(moved)[2])
        regrouped: list[Command] = [
            Regroup(time_ns=self.time_ns, market_id=market_id, pool_id=pool_id)
            for market_id in self._markets()
            for pool_id in sorted(self.book.pools)
        ]
        self._give_rarest(regrouped)  # a market with a loss may not leave its pool
        if self.proposals.chance(40):
            self._novelty()
        for _ in range(2):
            if self._give(RunStep(time_ns=self.time_ns)) < 2:
                break  # refused, or nothing was due
        if self.book.auctions:
            self._bid()
        stopped = bool(self.book.is_halted or self.book.halts)
        for _ in range(3 * (stopped or any(unit.bankrupt for unit in self.book.units.values()))):
            self._novelty()  # what is refused in a halt or while bankrupts wait is not refused for long

    def _bid(self) -> None:
        """Bid for somebody on offer: of many bidders and sizes the one of which the set has seen least, twice."""
        for _ in range(2):
            self._give_rarest(
                [
                    Bid(
                        time_ns=self.time_ns,
                        unit_id=unit_id,
                        bidder_unit_id=bidder,
                        market_id=market_of(leg_id),
                        lots=max(1, abs(leg.lots) // part),
                        least_discount_ppb=self.pick((0, 0, 5_000_000)),
                        leg_side=side_of(leg_id),
                        bidder_side=self._side(bidder, leg.lots),
                    )
                    for unit_id in sorted(self.book.auctions)
                    for leg_id, leg in self.book.units[unit_id].sorted_legs()
                    for bidder in self.draws.shuffled(sorted(self.book.units))[:4]
                    for part in (1, 3)
                ]
            )

    def _pay_in(self) -> None:
        """Give money to the two units that have least."""
        poor = sorted(self.book.sorted_units(), key=lambda unit: equity(self.book, unit))
        for unit_id in (unit.unit_id for unit in poor[:2] if not unit.bankrupt):
            amount = self.pick((500, 2_000, 30_000))
            self._give(Deposit(time_ns=self.time_ns, unit_id=unit_id, amount_quanta=amount))

    def _pay_out(self) -> None:
        """Withdraw as much as a unit may."""
        unit = self.book.units[self._unit()]
        most = max(0, equity(self.book, unit))
        self._give_most(most, lambda amount: Withdraw(time_ns=self.time_ns, unit_id=unit.unit_id, amount_quanta=amount))

    def _stop(self) -> None:
        """Halt a market or the domain for the length of one try: the same halt again, funding or a trade meanwhile."""
        market_id = self._market()
        scope = self.pick((market_id, market_id, ""))
        halt = Halt(time_ns=self.time_ns, scope=scope, reason="drill")
        if self._give(halt):
            funding = AccrueFunding(time_ns=self.time_ns, market_id=market_id, rate_ppb=1)
            self._give_rarest([halt, funding, self._trade_of(market_id, self._unit(), self._unit(), 3)(1)])
            self._give(Resume(time_ns=self.time_ns, scope=scope))

    def _approve(self) -> None:
        """Approve bankrupt lots that wait; let a step close them, let the approval expire, or take it back."""
        waiting = [
            (market_id, side)
            for market_id in self._markets()
            for side, sign in SIGN_OF.items()
            if self.book.markets[market_id].reduce_only and lots_after_netting(self.book, market_id, sign)
        ]
        if not waiting or not self.recorder.rules.manual:
            return
        market_id, side = self.pick(waiting)
        approval = ApproveEnvelope(
            time_ns=self.time_ns,
            market_id=market_id,
            side=side,
            most_lots=self.pick((3, 1_000)),
            most_notional_quanta=self.pick((1, 10_000_000)),
            expiry_ns=self.time_ns + SECOND_NS,
            rules_hash=self.recorder.rules.hash(),
        )
        self._give(approval)
        self.time_ns += self.pick((0, 0, SECOND_NS))
        abort = AbortEnvelope(time_ns=self.time_ns, market_id=market_id, side=side, reason="drill")
        self._give_rarest([RunStep(time_ns=self.time_ns), abort])

    def _rates(self) -> None:
        """Charge a funding interval."""
        rate_ppb = self.draws.between(-3_000_000, 3_000_000)
        self._give(AccrueFunding(time_ns=self.time_ns, market_id=self._market(), rate_ppb=rate_ppb))

    def _recover(self) -> None:
        """Repay what a halt has left, in one go or two, and resume the domain and what was halted by itself."""
        owed = self.book.residual_quanta + sum(self.book.claims.values())
        self._give_most(
            self.pick((owed, owed // 2)), lambda amount: RepayResidual(time_ns=self.time_ns, amount_quanta=amount)
        )
        for scope in ("", *sorted(self.book.halts.keys() - {""})):
            self._give(Resume(time_ns=self.time_ns, scope=scope))

    def _novelty(self) -> None:
        """Give the one of many proposals that shows most of what the set has not seen."""
        self._give_rarest([self.proposals.command(self.time_ns) for _ in range(TRIED)])

    def _near(self, market_id: str, percent: int) -> int:
        """Return a price within so many percent of a market's mark, in ticks."""
        mark = self.book.markets[market_id].mark_price_ticks or 100
        return max(1, mark * self.draws.between(100 - percent, 100 + percent) // 100)


def _opposite(one: Unit, other: Unit, market_id: str) -> int:
    """Return how many lots a short of the one and a long of the other could close against each other."""
    return min(one.lots_on(market_id, -1), other.lots_on(market_id, 1))


def _kinds(domain: Domain, command: Command) -> str:
    """Return the kind of answer a domain would give: the code, or the command and what its facts have parts of.

    Requirements that take effect with it are left out: they come with any command, and would make two kinds of each.
    """
    answer = decide(domain.book, command, domain.rules)
    if isinstance(answer, Rejection):
        return answer.code.name
    own = (fact for fact in answer if not isinstance(fact, RequirementsChanged))
    return " ".join(sorted({type(command).__name__, *map(_shape, own)}))


def _shape(fact: Fact) -> str:
    """Return a fact's name and the names of its lists that are not empty and of its flags that are set."""
    parts = {item.name: getattr(fact, item.name) for item in fields(fact)}
    told = [name for name, part in parts.items() if isinstance(part, tuple | bool) and part]
    return f"{type(fact).__name__}({','.join(told)})"
