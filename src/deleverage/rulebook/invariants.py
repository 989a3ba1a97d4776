"""The INV checks: what must hold whatever the rules say, callable after every fact.

    check = Invariants(book, rules)
    check.before(fact); apply(book, fact); check.after(fact)      # cheap: only what the fact touched
    check.full()                                                   # the whole book, from nothing

State checks keep running sums of their own and look only at the units a fact names; a number changed behind the back of
``apply`` is found when its unit is touched, or by the next full check. A broken invariant is our bug, never the user's:
it raises ``InvariantBroken``, the caller stops the domain and keeps the evidence. INVARIANTS.md lists every id.
"""

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import FUND_POT, Book, Unit, copy_unit
from deleverage.rulebook.candidates import eligible
from deleverage.rulebook.margin import equity, gain
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.scratch import guards
from deleverage.rulebook.selection import Queue, Request

FORCED = (m.Reduced, m.TakenOver, m.FundPaid, m.Deleveraged, m.Socialised, m.ResidualNamed)
"""Facts that nobody asked for: the acts of the waterfall."""


class InvariantBroken(Exception):
    """An invariant does not hold; carries its id, what was found, and the numbers."""

    def __init__(self, invariant: str, sentence: str) -> None:
        super().__init__(f"{invariant}: {sentence}")
        self.invariant = invariant
        self.sentence = sentence


def touched_units(fact: m.Fact) -> list[str]:
    """Return the ids of the units whose money or lots a fact names, sorted."""
    names: set[str] = set()
    if isinstance(fact, m.Movement):
        names |= {fill.unit_id for fill in fact.fills} | {payment.unit_id for payment in fact.payments}
    elif isinstance(fact, m.MoneyIn):
        names |= {payment.unit_id for payment in (*fact.to_units, *fact.claims_repaid)}
    elif isinstance(fact, m.MoneyOut):
        names.add(fact.unit_id)
    elif isinstance(fact, m.MarginMoved):
        names |= {fact.from_unit_id, fact.to_unit_id}
    elif isinstance(fact, m.UnitOpened):
        names.add(fact.unit_id)
    elif isinstance(fact, m.AccountOpened):
        names.add(fact.account.account_id)
    return sorted(names)


class Invariants:
    """Running checks of one book; quanta and lots."""

    def __init__(self, book: Book, rules: Rules) -> None:
        """Start from a book that is taken as it is and checked in full."""
        self.book = book
        self.rules = rules
        self._seq, self._time_ns = book.seq, book.time_ns
        self._quotes = {unit_id: unit.quote for unit_id, unit in book.units.items()}
        self._lots = {unit_id: _lots(unit) for unit_id, unit in book.units.items()}
        self._quote_sum = sum(self._quotes.values())
        self._lots_sum = dict.fromkeys(book.markets, 0)
        for lots in self._lots.values():
            _add(self._lots_sum, lots, 1)
        self._units_before: dict[str, Unit] = {}
        self._equity_before: dict[str, int] = {}
        self.full()

    # -- per fact -----------------------------------------------------------------------------------------------------

    def before(self, fact: m.Fact) -> None:
        """Take down what the fact is about to touch, and check what must hold before a forced act."""
        ids = [unit_id for unit_id in touched_units(fact) if unit_id in self.book.units]
        self._units_before = {unit_id: copy_unit(self.book.units[unit_id]) for unit_id in ids}
        self._equity_before = {unit_id: equity(self.book, unit) for unit_id, unit in self._units_before.items()}
        if isinstance(fact, m.Deleveraged):
            self._check_order(fact)
            self._check_fund_first(fact)

    def after(self, fact: m.Fact) -> None:
        """Check the state the fact left and the transition it made; cost grows with what it touched."""
        _require("INV-15", fact.seq == self._seq + 1 == self.book.seq, f"fact {fact.seq} after {self._seq}")
        _require("INV-15", fact.time_ns >= self._time_ns, f"time {fact.time_ns} ns after {self._time_ns} ns")
        self._seq, self._time_ns = fact.seq, fact.time_ns
        ids = touched_units(fact)
        for unit_id in ids:
            unit = self.book.units[unit_id]
            self._quote_sum += unit.quote - self._quotes.get(unit_id, 0)
            self._quotes[unit_id] = unit.quote
            _add(self._lots_sum, self._lots.get(unit_id, {}), -1)
            self._lots[unit_id] = _lots(unit)
            _add(self._lots_sum, self._lots[unit_id], 1)
            _check_ledger(unit)
        self._check_sums(self._quote_sum, self._lots_sum)
        if isinstance(fact, FORCED):
            self._check_forced(fact)
        elif isinstance(fact, m.MarketSettled):
            self._check_settled(fact)
        if isinstance(fact, m.Deleveraged):
            self._check_deleveraged(fact)
        elif isinstance(fact, m.FundPaid):
            self._check_fund_paid(fact)
        elif isinstance(fact, m.Socialised):
            self._check_socialised(fact)
        elif isinstance(fact, m.ResidualNamed):
            self._check_residual(fact)

    # -- the whole book -----------------------------------------------------------------------------------------------

    def full(self) -> None:
        """Check every state invariant from nothing, and that the running sums agree with it."""
        quote_sum, lots_sum = 0, dict.fromkeys(self.book.markets, 0)
        long_lots = dict.fromkeys(self.book.markets, 0)
        equity_sum = 0
        for unit in self.book.units.values():
            quote_sum += unit.quote
            equity_sum += equity(self.book, unit)
            _add(lots_sum, _lots(unit), 1)
            for market_id, leg in unit.legs.items():
                long_lots[market_id] += max(0, leg.lots)
                _require("INV-2", leg.lots != 0, f"{unit.unit_id} holds an empty leg in {market_id}")
            _check_ledger(unit)
        self._check_sums(quote_sum, lots_sum)
        for market_id, market in self.book.markets.items():
            found = market.open_interest_lots
            _require(
                "INV-2",
                found == long_lots[market_id],
                f"{market_id}: open interest {found}, {long_lots[market_id]} long",
            )
        _require("INV-4", equity_sum == quote_sum, f"equity sums to {equity_sum}, cash to {quote_sum} quanta")
        _require("INV-1", quote_sum == self._quote_sum, f"cash is {quote_sum}, the facts left {self._quote_sum} quanta")

    def _check_sums(self, quote_sum: int, lots_sum: dict[str, int]) -> None:
        book = self.book
        found = quote_sum + sum(book.pots.values()) - book.residual_quanta
        expected = book.net_deposits_quanta
        _require(
            "INV-1", found == expected, f"units, pots and residual hold {found}, net deposits are {expected} quanta"
        )
        _require("INV-1", expected >= 0, f"net deposits are {expected} quanta")
        _require("INV-1", book.residual_quanta >= 0, f"the residual is {book.residual_quanta} quanta")
        for market_id, lots in lots_sum.items():
            _require("INV-2", lots == 0, f"{market_id}: longs and shorts differ by {lots} lots")
        for pot, amount in book.pots.items():
            _require("INV-5", amount >= 0 or pot == "rounding", f"pot {pot} holds {amount} quanta")

    # -- transitions --------------------------------------------------------------------------------------------------

    def _check_forced(self, fact: m.Movement) -> None:
        guarded = guards(self.book, self.rules, fact.time_ns)
        allowed = isinstance(fact, m.Deleveraged) and fact.may_bankrupt
        for fill in fact.fills:
            _require("INV-18", fill.market_id not in guarded, f"{fill.unit_id} was closed in guarded {fill.market_id}")
            value = fill.lots * self.book.markets[fill.market_id].value_quanta
            at_mark = fill.amount_quanta + value == fill.money_quanta
            _require(
                "INV-12", at_mark, f"{fill.unit_id}: amount {fill.amount_quanta} is not value and money at the mark"
            )
            if fill.part not in ("maker", "taker"):
                self._check_reduces(fill.unit_id, fill.market_id)
        for unit_id, before in self._equity_before.items():
            now = equity(self.book, self.book.units[unit_id])
            victim = before >= 0 > now and not allowed
            _require("INV-9", not victim, f"{unit_id} had {before} quanta and was forced to {now}")

    def _check_settled(self, fact: m.MarketSettled) -> None:
        """A settlement moves no equity and leaves nobody with lots."""
        for unit_id, before in self._equity_before.items():
            now = equity(self.book, self.book.units[unit_id])
            _require("INV-4", now == before, f"settlement took {unit_id} from {before} to {now} quanta")
        left = [unit.unit_id for unit in self.book.units.values() if fact.market_id in unit.legs]
        _require("INV-2", not left, f"{fact.market_id} is settled, {left[:3]} still hold lots")

    def _check_reduces(self, unit_id: str, market_id: str) -> None:
        before = self._units_before[unit_id].legs.get(market_id)
        after = self.book.units[unit_id].legs.get(market_id)
        had, has = before.lots if before else 0, after.lots if after else 0
        _require("INV-8", had * has >= 0 and abs(has) < abs(had), f"{unit_id}: {had} lots of {market_id} became {has}")

    def _check_deleveraged(self, fact: m.Deleveraged) -> None:
        taken: dict[str, int] = {}
        closed: dict[tuple[str, str], int] = {}
        for closing in fact.closings:
            _require("INV-6", closing.money_quanta >= 0, f"{closing.unit_id} was paid {-closing.money_quanta} quanta")
            taken[closing.unit_id] = taken.get(closing.unit_id, 0) + closing.money_quanta
            key = (closing.market_id, closing.side)
            closed[key] = closed.get(key, 0) + closing.closed_lots
            solvent = not self._units_before[closing.unit_id].bankrupt
            _require("INV-8", solvent, f"bankrupt {closing.unit_id} was a candidate")
        caps = {unit_id: max(0, self._equity_before[unit_id]) for unit_id in taken}
        pools_of = dict.fromkeys(taken, 0)
        for closing in fact.closings:
            pools_of[closing.unit_id] += 1
        for unit_id, money in taken.items():
            bounded = fact.may_bankrupt or money <= caps[unit_id]
            _require("INV-6", bounded, f"{money} quanta were taken from {unit_id}, who had {caps[unit_id]}")
        _require("INV-12", fact.rules_hash == self.rules.hash(), f"decided under rules {fact.rules_hash[:12]}")
        for market_id, ticks in fact.marks:
            mark = self.book.markets[market_id].mark_price_ticks
            _require("INV-12", ticks == mark, f"{market_id}: decided at {ticks} ticks, the mark is {mark}")
        markets = {pool.market_id for pool in fact.pools}
        for unit_id, unit in self._units_before.items():
            involved = not markets.isdisjoint(unit.legs)
            _require("INV-11", involved, f"{unit_id} was touched without a leg in {', '.join(sorted(markets))}")
        for pool in fact.pools:
            lots = closed.get((pool.market_id, pool.side), 0)
            _require("INV-8", lots == pool.closed_lots, f"{pool.market_id}: {lots} and {pool.closed_lots} lots closed")
            members = [c for c in fact.closings if (c.market_id, c.side) == (pool.market_id, pool.side)]
            self._check_pool(pool, members, taken, caps, pools_of)
        for unit_id, before in self._equity_before.items():
            if self._units_before[unit_id].bankrupt:
                now = equity(self.book, self.book.units[unit_id])
                within = before <= now <= max(0, before)
                _require("INV-9", within, f"bankrupt {unit_id} went from {before} to {now} quanta, past zero or down")

    def _check_pool(
        self,
        pool: m.Pool,
        members: list[m.Closing],
        taken: dict[str, int],
        caps: dict[str, int],
        pools_of: dict[str, int],
    ) -> None:
        for name, low, high in (
            ("asked", pool.asked_quanta, pool.shortfall_quanta),
            ("collected", pool.collected_quanta, pool.asked_quanta),
        ):
            _require("INV-6", 0 <= low <= high, f"{pool.market_id} {pool.side}: {name} {low} of {high} quanta")
        held = sum(unit.legs[pool.market_id].lots != 0 for unit in self._bankrupts_with(pool))
        if held:
            partial = self.book.markets[pool.market_id].reduce_only and bool(pool.removed)
            _require("INV-21", partial, f"{pool.market_id}: {held} bankrupt units keep lots without a declared reason")
        if self.rules.rerank == "each_fill":
            return  # Money is paid fill by fill: only the cap of each unit binds.
        left = {c.unit_id: caps[c.unit_id] - taken[c.unit_id] for c in members}
        missing = pool.asked_quanta - pool.collected_quanta
        able = [unit_id for unit_id in left if left[unit_id] > 0]
        _require("INV-6", missing == 0 or not able, f"{pool.market_id}: {missing} quanta not asked of {able[:3]}")
        # A unit that its cap binds may keep a quantum per pool for rounding: who keeps more was not bound. And where
        # units stand in several pools, what their rounding leaves open is spread once more.
        unbound = [c for c in members if left[c.unit_id] >= pools_of[c.unit_id]]
        quanta = 2 if any(pools_of[c.unit_id] > 1 for c in members) else 1
        for one in unbound[1:]:
            other = unbound[0]
            spread = one.money_quanta * other.closed_lots - other.money_quanta * one.closed_lots
            fair = abs(spread) <= quanta * (one.closed_lots + other.closed_lots)
            _require("INV-10", fair, f"{one.unit_id} and {other.unit_id} pay differently per lot")

    def _bankrupts_with(self, pool: m.Pool) -> list[Unit]:
        side = 1 if pool.side == "long" else -1
        return [
            unit
            for unit in self.book.units.values()
            if unit.bankrupt and pool.market_id in unit.legs and unit.legs[pool.market_id].lots * side > 0
        ]

    def _check_order(self, fact: m.Deleveraged) -> None:
        """Queue policies: a later candidate is touched only if every earlier one has no lots left."""
        if not isinstance(self.rules.policy, Queue) or self.rules.rerank == "each_fill":
            return
        for pool in fact.pools:
            side = 1 if pool.side == "long" else -1
            accounts = frozenset(unit.account_id for unit in self._bankrupts_with(pool))
            found = eligible(self.book, self.rules, pool.market_id, side, accounts)
            capacity = sum(candidate.lots for candidate in found.candidates)
            request = Request(capacity, found.candidates, pool.market_id, pool.side, fact.step, fact.round)
            left = pool.closed_lots
            expected = []
            for candidate, _ in self.rules.policy.order(request):
                if left:
                    expected.append((candidate.unit_id, min(left, candidate.lots)))
                    left -= expected[-1][1]
            closed = [
                (closing.unit_id, closing.closed_lots)
                for closing in fact.closings
                if (closing.market_id, closing.side) == (pool.market_id, pool.side)
            ]
            _require(
                "INV-10", closed == expected, f"{pool.market_id}: closed {closed[:3]}, the queue says {expected[:3]}"
            )

    def _check_fund_first(self, fact: m.Deleveraged) -> None:
        """Candidates are asked only for what the fund could not carry."""
        rules = self.rules
        capped = (rules.fund_event_cap_quanta, rules.fund_group_cap_quanta, rules.fund_market_cap_quanta)
        if rules.fund_partial and capped == (None, None, None):
            asked, left = sum(pool.asked_quanta for pool in fact.pools), self.book.pots[FUND_POT]
            _require("INV-7", asked == 0 or left == 0, f"{asked} quanta asked of candidates, {left} left in the fund")

    def _check_fund_paid(self, fact: m.FundPaid) -> None:
        for debt in fact.debts:
            _require(
                "INV-5", 0 <= debt.paid_quanta <= debt.debt_quanta, f"{debt.unit_id}: {debt.paid_quanta} quanta paid"
            )
            cap = self.rules.fund_group_cap_quanta
            paid = self.book.fund_paid_by_group.get(debt.owner_group, 0)
            _require("INV-19", cap is None or paid <= cap, f"group {debt.owner_group} has cost the fund {paid} quanta")
        for payment in fact.payments:
            now = equity(self.book, self.book.units[payment.unit_id])
            _require("INV-5", now <= 0, f"the fund lifted {payment.unit_id} to {now} quanta, above zero")

    def _check_socialised(self, fact: m.Socialised) -> None:
        for haircut in fact.haircuts:
            before, booked = self._equity_before[haircut.unit_id], sum(part for _, part in haircut.legs)
            fits = 0 < haircut.taken_quanta <= haircut.base_quanta <= before
            _require(
                "INV-6",
                fits,
                f"{haircut.unit_id}: {haircut.taken_quanta} cut of {haircut.base_quanta}, equity {before}",
            )
            now, then = self.book.units[haircut.unit_id].legs, self._units_before[haircut.unit_id].legs
            rose = sum(now[market_id].haircut - then[market_id].haircut for market_id in now)
            same = booked == rose == haircut.taken_quanta
            _require(
                "INV-6", same, f"{haircut.unit_id}: {haircut.taken_quanta} cut, {booked} booked, memos rose {rose}"
            )
        cut, short = sum(h.taken_quanta for h in fact.haircuts), min(fact.debt_quanta, fact.base_quanta)
        _require("INV-6", cut == short, f"{cut} quanta cut, {short} were owed and there")

    def _check_residual(self, fact: m.ResidualNamed) -> None:
        """A residual exists only if capacity was short, or the fact names the removal, pace bound or guard."""
        if not any(residual.reason == "capacity" for residual in fact.residuals):
            return
        guarded = guards(self.book, self.rules, fact.time_ns)
        for unit in self.book.units.values():
            if unit.bankrupt:
                continue
            open_legs = [(key, leg) for key, leg in unit.legs.items() if key not in guarded]
            gains = [gain(leg, self.book.markets[market_id]) for market_id, leg in open_legs]
            net = sum(max(0, item) for item in gains) if self.rules.haircut_base == "leg" else sum(gains)
            left = max(0, min(equity(self.book, unit), net))
            _require("INV-7", left == 0, f"{unit.unit_id} still has {left} quanta of gain while a residual is named")


def _lots(unit: Unit) -> dict[str, int]:
    return {market_id: leg.lots for market_id, leg in unit.legs.items()}


def _add(sums: dict[str, int], lots: dict[str, int], sign: int) -> None:
    for market_id, count in lots.items():
        sums[market_id] = sums.get(market_id, 0) + sign * count


def _check_ledger(unit: Unit) -> None:
    memos = sum(leg.entry_funding - leg.cost for leg in unit.legs.values())
    ledger = unit.deposits + unit.realised + unit.transfers + memos
    _require("INV-3", unit.quote == ledger, f"{unit.unit_id}: quote {unit.quote}, the ledger says {ledger} quanta")


def _require(invariant: str, holds: bool, sentence: str) -> None:
    if not holds:
        raise InvariantBroken(invariant, sentence)
