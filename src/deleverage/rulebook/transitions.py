"""What each fact of the waterfall may do and may not: the transition checks, one function per kind of fact.

They know the law as sentences and recompute what they can from the book before the fact: who was bankrupt or unhealthy,
what the price rule asks, what a cap leaves, what a gain was. A fact that adds up but tells the story wrongly is caught.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import FUND_POT, Book, Unit, copy_unit
from deleverage.rulebook.closing import money_asked
from deleverage.rulebook.margin import equity, free_quanta, is_unhealthy, maintenance_ppb_quanta
from deleverage.rulebook.quantities import PPB, div_floor, fee_ceil, funding_per_lot_half_even
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.selection import Queue, Request
from deleverage.rulebook.stages.candidates import eligible
from deleverage.rulebook.stages.scratch import guards
from deleverage.rulebook.stages.socialise import net_gain


class InvariantBroken(Exception):
    """An invariant does not hold; carries its id, what was found, and the numbers."""

    def __init__(self, invariant: str, sentence: str) -> None:
        super().__init__(f"{invariant}: {sentence}")
        self.invariant = invariant
        self.sentence = sentence


def require(invariant: str, holds: bool, sentence: str) -> None:
    """Stop the domain if an invariant does not hold."""
    if not holds:
        raise InvariantBroken(invariant, sentence)


@dataclass
class View:
    """The book, the touched units as they were before the fact, and what the step has taken and paid so far; quanta."""

    book: Book
    rules: Rules
    units: dict[str, Unit] = field(default_factory=dict)
    equities: dict[str, int] = field(default_factory=dict)
    sellers: set[str] | None = None  # who was unhealthy when stage 2 of this round began
    sources: set[str] | None = None  # who was bankrupt or below close-out when stage 3 of this round began
    gains: dict[str, int] | None = None
    taken: dict[str, int] = field(default_factory=dict)
    event_paid: int = 0
    market_paid: dict[str, int] = field(default_factory=dict)
    free: int = 0  # what the unit that money leaves had free before
    carry: int = 0  # funding's remainder before the fact

    def look(self, fact: m.Fact, unit_ids: list[str]) -> None:
        """Take down the units a fact is about to touch, and check what must hold before it."""
        self.units = {key: copy_unit(self.book.units[key]) for key in unit_ids if key in self.book.units}
        self.equities = {key: equity(self.book, unit) for key, unit in self.units.items()}
        if isinstance(fact, m.MoneyOut | m.MarginMoved):
            leaves = fact.unit_id if isinstance(fact, m.MoneyOut) else fact.from_unit_id
            self.free = free_quanta(self.book, self.book.units[leaves])
        if isinstance(fact, m.FundingAccrued):
            self.carry = self.book.markets[fact.market_id].funding_carry
        if isinstance(fact, m.Reduced) and self.sellers is None:
            self.sellers = {unit.unit_id for unit in self.book.units.values() if is_unhealthy(self.book, unit)}
        if not isinstance(fact, m.Reduced):
            self.sellers = None
        if isinstance(fact, m.TakenOver) and self.sources is None:
            self.sources = {
                key for key, unit in self.book.units.items() if unit.bankrupt or self._below_close_out(unit)
            }
        if not isinstance(fact, m.TakenOver):
            self.sources = None
        if self.gains is None and (isinstance(fact, OF_A_STEP) or _relieves(fact)):
            guarded = guards(self.book, self.rules, fact.time_ns)
            solvent = (unit for unit in self.book.units.values() if not unit.bankrupt)
            self.gains = {unit.unit_id: net_gain(self.book, unit, self.rules, guarded) for unit in solvent}
        if isinstance(fact, m.Deleveraged):
            _check_order(self, fact)
            _check_fund_first(self, fact)
        if isinstance(fact, m.Socialised):
            _check_bases(self, fact)

    def check(self, fact: m.Fact) -> None:
        """Check what the fact did; then remember what it took and paid."""
        if isinstance(fact, FORCED):
            _check_forced(self, fact)
        checker = _CHECKS.get(type(fact))
        if checker is not None:
            checker(self, fact)
        if isinstance(fact, m.StepEnded):
            _check_step_ended(self, fact)
            self.gains, self.taken, self.event_paid, self.market_paid = None, {}, 0, {}

    def now(self, unit_id: str) -> int:
        """Return a unit's equity after the fact."""
        return equity(self.book, self.book.units[unit_id])

    def base(self, unit: Unit, guarded: dict[str, str]) -> int:
        """Return what a haircut may still cut of a unit in this step."""
        if unit.bankrupt or all(market_id in guarded for market_id in unit.legs):
            return 0
        net = (self.gains or {}).get(unit.unit_id, 0) - self.taken.get(unit.unit_id, 0)
        return max(0, min(equity(self.book, unit), net))

    def take(self, unit_id: str, quanta: int) -> None:
        """Count money that stage 5 or 6 took from a unit."""
        self.taken[unit_id] = self.taken.get(unit_id, 0) + quanta

    def _below_close_out(self, unit: Unit) -> bool:
        threshold = maintenance_ppb_quanta(self.book, unit) * self.rules.close_out_ppb
        return equity(self.book, unit) * PPB * PPB < threshold


def _relieves(fact: m.Fact) -> bool:
    return isinstance(fact, m.OrdersCancelled) and fact.reason == "relieve"


def _check_forced(view: View, fact: m.Movement) -> None:
    guarded = guards(view.book, view.rules, fact.time_ns)
    for fill in fact.fills:
        require("INV-18", fill.market_id not in guarded, f"{fill.unit_id} was closed in guarded {fill.market_id}")
        value = fill.lots * view.book.markets[fill.market_id].value_quanta
        at_mark = fill.amount_quanta + value == fill.money_quanta
        require("INV-12", at_mark, f"{fill.unit_id}: amount {fill.amount_quanta} is not value and money at the mark")
        if fill.part not in ("maker", "taker"):
            _check_reduces(view, fill.unit_id, fill.market_id)
        if fill.part in ("bankrupt", "netted"):
            lawful = view.units[fill.unit_id].bankrupt or fill.unit_id in (view.sources or ())
            require("INV-8", lawful, f"{fill.unit_id} was closed as a bankrupt and is none")
    allowed = isinstance(fact, m.Deleveraged) and view.rules.may_bankrupt
    for unit_id, before in view.equities.items():
        now = view.now(unit_id)
        victim = before >= 0 > now and not allowed
        require("INV-9", not victim, f"{unit_id} had {before} quanta and was forced to {now}")
        if view.units[unit_id].bankrupt and before < 0:
            require("INV-9", before <= now <= 0, f"bankrupt {unit_id} went from {before} to {now}, past zero or down")


def _check_reduces(view: View, unit_id: str, market_id: str) -> None:
    before = view.units[unit_id].legs.get(market_id)
    after = view.book.units[unit_id].legs.get(market_id)
    had, has = before.lots if before else 0, after.lots if after else 0
    require("INV-8", had * has >= 0 and abs(has) < abs(had), f"{unit_id}: {had} lots of {market_id} became {has}")


def _check_declared(view: View, fact: m.BankruptcyDeclared) -> None:
    for item in fact.units:
        require(
            "INV-9",
            view.now(item.unit_id) < 0,
            f"{item.unit_id} was declared bankrupt, it has {view.now(item.unit_id)}",
        )


def _check_ended(view: View, fact: m.BankruptcyEnded) -> None:
    for item in fact.units:
        done = view.now(item.unit_id) >= 0 and not view.book.units[item.unit_id].legs
        require("INV-21", done, f"{item.unit_id} still holds lots or a shortfall of {-view.now(item.unit_id)} quanta")


def _check_step_ended(view: View, fact: m.StepEnded) -> None:
    """Nobody within reach is left below zero without being bankrupt; the fund's own unit waits for its pool."""
    waits = any(unit.bankrupt and not unit.legs for unit in view.book.units.values())
    require("INV-7", fact.waiting == waits, f"the step says waiting is {fact.waiting}, it is {waits}")
    guarded, fund = guards(view.book, view.rules, fact.time_ns), view.book.fund_unit()
    for unit in view.book.units.values():
        within = not unit.legs or any(market_id not in guarded for market_id in unit.legs)
        forgotten = within and not unit.bankrupt and unit is not fund and equity(view.book, unit) < 0
        require("INV-9", not forgotten, f"{unit.unit_id} is below zero and was not declared bankrupt")


def _check_margin_moved(view: View, fact: m.MarginMoved) -> None:
    source, target = view.units[fact.from_unit_id], view.book.units[fact.to_unit_id]
    same = source.account_id == target.account_id
    require("INV-11", same, f"margin moved between {source.account_id} and {target.account_id}")
    rest = fact.amount_quanta == source.quote and not source.legs
    allowed = rest if fact.released else 0 < fact.amount_quanta <= view.free
    require("INV-9", allowed, f"{fact.amount_quanta} quanta left {fact.from_unit_id}, {view.free} were free")


def _check_money_in(view: View, fact: m.MoneyIn) -> None:
    for amount in (fact.to_fund_quanta, fact.to_residual_quanta, *(payment.amount_quanta for payment in fact.to_units)):
        require("INV-1", amount >= 0, f"{amount} quanta came in")
    for claim in fact.claims_repaid:
        left = view.book.claims.get(claim.unit_id, 0)
        require(
            "INV-1",
            claim.amount_quanta >= 0 and left >= 0,
            f"{claim.unit_id}: {claim.amount_quanta} repaid, {left} left",
        )


def _check_money_out(view: View, fact: m.MoneyOut) -> None:
    require("INV-9", 0 < fact.debited_quanta <= view.free, f"{fact.unit_id}: {fact.debited_quanta} of {view.free} free")
    positive = fact.debited_quanta
    for unit in view.book.units.values():
        own = equity(view.book, unit)
        require("INV-20", own >= 0, f"{fact.unit_id} withdrew, {unit.unit_id} has {own} quanta")
        positive += own
    residual = view.book.residual_quanta + fact.claim_quanta
    due = div_floor(fact.debited_quanta * max(0, positive - residual), positive)
    require("INV-20", fact.paid_quanta == due, f"{fact.unit_id} was paid {fact.paid_quanta}, its share is {due} quanta")


def _check_traded(view: View, fact: m.Traded) -> None:
    value = view.book.markets[fact.market_id].terms.value_at(fact.price_ticks)
    for fill in fact.fills:
        told = fill.amount_quanta == -fill.lots * value and fill.market_id == fact.market_id
        require(
            "INV-12", told, f"{fill.unit_id}: {fill.amount_quanta} quanta for {fill.lots} lots at {fact.price_ticks}"
        )


def _check_funding(view: View, fact: m.FundingAccrued) -> None:
    value = view.book.markets[fact.market_id].value_quanta
    due = funding_per_lot_half_even(value, fact.rate_ppb, view.carry)
    told = (fact.per_lot_quanta, fact.carry_after)
    require("INV-4", told == due, f"{fact.market_id}: {told} charged per lot and carried, {due} are due")


def _check_settled(view: View, fact: m.MarketSettled) -> None:
    """A settlement moves no equity and leaves nobody with lots."""
    for unit_id, before in view.equities.items():
        require("INV-4", view.now(unit_id) == before, f"settlement took {unit_id} from {before} to {view.now(unit_id)}")
    left = [unit.unit_id for unit in view.book.units.values() if fact.market_id in unit.legs]
    require("INV-2", not left, f"{fact.market_id} is settled, {left[:3]} still hold lots")


def _check_reduced(view: View, fact: m.Reduced) -> None:
    sold = {fill.unit_id for fill in fact.fills if fill.part == "liquidated"}
    for unit_id in sorted(sold):
        require("INV-8", unit_id in (view.sellers or ()), f"{unit_id} was sold out and was healthy")
    makers = {fill.unit_id for fill in fact.fills if fill.part == "maker"}
    for unit_id in sorted(makers):
        fit = not is_unhealthy(view.book, view.book.units[unit_id])
        require("INV-9", fit, f"maker {unit_id} was made unhealthy by a liquidation")
    for payment in fact.payments:
        require("INV-6", payment.unit_id in sold, f"{payment.unit_id} paid a fee and was not sold out")
        fills = [fill for fill in fact.fills if fill.unit_id == payment.unit_id]
        value = abs(view.book.markets[fact.market_id].value_quanta)
        most = sum(fee_ceil(abs(fill.lots) * value, view.rules.liquidation_fee_ppb) for fill in fills)
        fair = 0 <= -payment.amount_quanta <= most
        require(
            "INV-6", fair, f"{payment.unit_id} paid a fee of {-payment.amount_quanta}, at most {most} quanta are due"
        )
    bought = sum(abs(fill.lots) for fill in fact.fills if fill.part == "maker")
    require("INV-8", not bought or bool(fact.orders), f"{bought} lots were bought without an order")


def _check_taken_over(view: View, fact: m.TakenOver) -> None:
    moved = sum(fill.money_quanta for fill in fact.fills if fill.part == "bankrupt" and fill.money_quanta > 0)
    require("INV-6", moved <= fact.shortfall_quanta, f"{moved} quanta paid for a shortfall of {fact.shortfall_quanta}")
    from_pool = -sum(change.amount_quanta for change in fact.pots if change.pot == FUND_POT)
    counted = sum(debt.paid_quanta for debt in fact.fund_debts)
    require("INV-5", from_pool == counted, f"the pool paid {from_pool} quanta, {counted} are told")
    for fill in fact.fills:
        if fill.part == "taker":
            role = view.book.role(view.units[fill.unit_id])
            require("INV-8", role in ("fund", "backstop"), f"{fill.unit_id} took over and is a {role}")
            capacity = view.book.accounts[view.units[fill.unit_id].account_id].backstop_capacity_lots
            willing = role == "fund" or abs(fill.lots) <= capacity
            require("INV-8", willing, f"{fill.unit_id} took {abs(fill.lots)} lots over, its capacity is {capacity}")
            fit = role == "fund" or not is_unhealthy(view.book, view.book.units[fill.unit_id])
            require("INV-9", fit, f"backstop {fill.unit_id} was made unhealthy by a takeover")
            before = view.units[fill.unit_id].legs.get(fill.market_id)
            held = fill.lots + (before.lots if before else 0)
            larger = held * fill.lots > 0
            cap = view.rules.fund_inventory_cap_lots
            fits = role != "fund" or not larger or abs(held) <= cap
            require("INV-5", fits, f"the fund holds {held} lots of {fill.market_id}, its cap is {cap}")
    _count_fund_money(view, fact.fund_debts)


def _check_fund_paid(view: View, fact: m.FundPaid) -> None:
    told: dict[str, int] = {}
    for debt in fact.debts:
        require("INV-5", 0 <= debt.paid_quanta <= debt.debt_quanta, f"{debt.unit_id}: {debt.paid_quanta} quanta paid")
        told[debt.unit_id] = told.get(debt.unit_id, 0) + debt.paid_quanta
    fund = view.book.fund_unit()
    if fund is not None and fact.own_unit_quanta:
        told[fund.unit_id] = told.get(fund.unit_id, 0) + fact.own_unit_quanta
    paid = {payment.unit_id: payment.amount_quanta for payment in fact.payments}
    require("INV-5", paid == {key: part for key, part in told.items() if part}, f"paid {paid}, told {told}")
    for unit_id in paid:
        require("INV-5", view.now(unit_id) <= 0, f"the fund lifted {unit_id} to {view.now(unit_id)}, above zero")
    _count_fund_money(view, fact.debts)


def _count_fund_money(view: View, debts: tuple[m.DebtPaid, ...]) -> None:
    rules = view.rules
    for debt in debts:
        view.event_paid += debt.paid_quanta
        if debt.market_id:
            view.market_paid[debt.market_id] = view.market_paid.get(debt.market_id, 0) + debt.paid_quanta
        by_group = view.book.fund_paid_by_group.get(debt.owner_group, 0)
        by_market = view.market_paid.get(debt.market_id, 0)
        for name, cap, spent in (
            (f"group {debt.owner_group}", rules.fund_group_cap_quanta, by_group),
            (f"market {debt.market_id}", rules.fund_market_cap_quanta, by_market),
            ("the event", rules.fund_event_cap_quanta, view.event_paid),
        ):
            require("INV-19", cap is None or spent <= cap, f"{name} has cost the fund {spent} quanta, its cap is {cap}")


def _check_order(view: View, fact: m.Deleveraged) -> None:
    """Queue policies: a later candidate is touched only if every earlier one has no lots left."""
    if not isinstance(view.rules.policy, Queue) or view.rules.rerank == "each_fill":
        return
    for pool in fact.pools:
        side = 1 if pool.side == "long" else -1
        accounts = frozenset(unit.account_id for unit in _bankrupts_with(view.book, pool))
        found = eligible(view.book, view.rules, pool.market_id, side, accounts)
        capacity = sum(candidate.lots for candidate in found.candidates)
        request = Request(capacity, found.candidates, pool.market_id, pool.side, fact.step, fact.round)
        left, expected = pool.closed_lots, []
        for candidate, _ in view.rules.policy.order(request):
            if left:
                expected.append((candidate.unit_id, min(left, candidate.lots)))
                left -= expected[-1][1]
        closed = [
            (c.unit_id, c.closed_lots) for c in fact.closings if (c.market_id, c.side) == (pool.market_id, pool.side)
        ]
        require("INV-10", closed == expected, f"{pool.market_id}: closed {closed[:3]}, the queue says {expected[:3]}")


def _check_fund_first(view: View, fact: m.Deleveraged) -> None:
    """Candidates are asked only for what the fund could not carry."""
    rules = view.rules
    capped = (rules.fund_event_cap_quanta, rules.fund_group_cap_quanta, rules.fund_market_cap_quanta)
    if rules.fund_partial and capped == (None, None, None):
        asked, left = sum(pool.asked_quanta for pool in fact.pools), view.book.pots[FUND_POT]
        require("INV-7", asked == 0 or left == 0, f"{asked} quanta asked of candidates, {left} left in the fund")


def _check_deleveraged(view: View, fact: m.Deleveraged) -> None:
    rules = view.rules
    require("INV-12", fact.rules_hash == rules.hash(), f"decided under rules {fact.rules_hash[:12]}")
    told = (fact.price_rule, fact.policy, fact.may_bankrupt)
    known = (rules.price_rule, rules.policy.name, rules.may_bankrupt)
    require("INV-12", told == known, f"the fact says {told}, the rules {known}")
    for market_id, ticks in fact.marks:
        mark = view.book.markets[market_id].mark_price_ticks
        require("INV-12", ticks == mark, f"{market_id}: decided at {ticks} ticks, the mark is {mark}")
    markets = {pool.market_id for pool in fact.pools}
    for unit_id, unit in view.units.items():
        involved = not markets.isdisjoint(unit.legs)
        require("INV-11", involved, f"{unit_id} was touched without a leg in {', '.join(sorted(markets))}")
    require("INV-11", not fact.payments and not fact.pots, "stage 5 moves money by closings only")
    _check_closings(view, fact)
    caps = {c.unit_id: max(0, view.equities[c.unit_id]) for c in fact.closings}
    for closing in fact.closings:
        view.take(closing.unit_id, closing.money_quanta)
    pools_of: dict[str, int] = dict.fromkeys(caps, 0)
    taken: dict[str, int] = dict.fromkeys(caps, 0)
    for closing in fact.closings:
        pools_of[closing.unit_id] += 1
        taken[closing.unit_id] += closing.money_quanta
    for unit_id, money in taken.items():
        bounded = rules.may_bankrupt or money <= caps[unit_id]
        require("INV-6", bounded, f"{money} quanta were taken from {unit_id}, who had {caps[unit_id]}")
    left = {unit_id: caps[unit_id] - taken[unit_id] for unit_id in caps}
    for pool in fact.pools:
        members = [c for c in fact.closings if (c.market_id, c.side) == (pool.market_id, pool.side)]
        _check_pool(view, fact, pool)
        if rules.rerank == "once":  # One by one, money is paid fill by fill: only the cap of each unit binds.
            _check_shares(pool, members, left, pools_of)
    freed = {payment.unit_id: payment.amount_quanta for payment in fact.freed}
    for unit_id, unit in view.units.items():
        if unit.bankrupt and not view.book.units[unit_id].legs:
            owed = max(0, -view.now(unit_id))
            same = freed.get(unit_id, 0) == owed
            require("INV-6", same, f"{unit_id} is flat and owes {owed} quanta, {freed.get(unit_id, 0)} were freed")


def _check_closings(view: View, fact: m.Deleveraged) -> None:
    """Each closing is what its fill says, nobody is paid for being closed, and no bankrupt is a candidate."""
    filled: dict[tuple[str, str], tuple[int, int]] = {}
    told: dict[tuple[str, str], tuple[int, int]] = {}
    for fill in fact.fills:
        if fill.part == "candidate":
            lots, money = filled.get((fill.unit_id, fill.market_id), (0, 0))
            filled[fill.unit_id, fill.market_id] = (lots + abs(fill.lots), money - fill.money_quanta)
    for closing in fact.closings:
        require("INV-6", closing.money_quanta >= 0, f"{closing.unit_id} was paid {-closing.money_quanta} quanta")
        solvent = closing.unit_id in view.units and not view.units[closing.unit_id].bankrupt
        require("INV-8", solvent, f"bankrupt or unknown {closing.unit_id} was a candidate")
        lots, money = told.get((closing.unit_id, closing.market_id), (0, 0))
        told[closing.unit_id, closing.market_id] = (lots + closing.closed_lots, money + closing.money_quanta)
    require("INV-6", filled == told, f"the fills say {filled}, the closings {told}")


def _check_pool(view: View, fact: m.Deleveraged, pool: m.Pool) -> None:
    name, side = f"{pool.market_id} {pool.side}", 1 if pool.side == "long" else -1
    for what, low, high in (
        ("asked", pool.asked_quanta, pool.shortfall_quanta),
        ("collected", pool.collected_quanta, pool.asked_quanta),
    ):
        require("INV-6", 0 <= low <= high, f"{name}: {what} {low} of {high} quanta")
    mine = [fill for fill in fact.fills if fill.market_id == pool.market_id and fill.lots * side < 0]
    closed = [fill for fill in mine if fill.part == "bankrupt"]
    lots = sum(abs(fill.lots) for fill in closed)
    require("INV-8", lots == pool.closed_lots, f"{name}: {lots} and {pool.closed_lots} lots closed")
    money = sum(fill.money_quanta for fill in closed)
    require("INV-6", money == pool.collected_quanta, f"{name}: {money} paid out, {pool.collected_quanta} collected")
    if view.rules.rerank == "once":
        market = view.book.markets[pool.market_id]
        due = money_asked(view.rules.price_rule, market, side, pool.closed_lots, pool.shortfall_quanta)
        require("INV-6", due == pool.asked_quanta, f"{name}: the price rule asks {due}, the pool {pool.asked_quanta}")
    held = len(_bankrupts_with(view.book, pool))
    declared = view.book.markets[pool.market_id].reduce_only and bool(pool.removed)
    require("INV-21", not held or declared, f"{name}: {held} bankrupt units keep lots without a declared reason")


def _check_shares(pool: m.Pool, members: list[m.Closing], left: dict[str, int], pools_of: dict[str, int]) -> None:
    missing = pool.asked_quanta - pool.collected_quanta
    able = [c.unit_id for c in members if left[c.unit_id] > 0]
    require("INV-6", missing == 0 or not able, f"{pool.market_id}: {missing} quanta not asked of {able[:3]}")
    # A unit that its cap binds may keep a quantum per pool for rounding: who keeps more was not bound. And where units
    # stand in several pools, what their rounding leaves open is spread once more.
    unbound = [c for c in members if left[c.unit_id] >= pools_of[c.unit_id]]
    quanta = 2 if any(pools_of[c.unit_id] > 1 for c in members) else 1
    for one in unbound[1:]:
        other = unbound[0]
        spread = one.money_quanta * other.closed_lots - other.money_quanta * one.closed_lots
        fair = abs(spread) <= quanta * (one.closed_lots + other.closed_lots)
        require("INV-10", fair, f"{one.unit_id} and {other.unit_id} pay differently per lot")


def _bankrupts_with(book: Book, pool: m.Pool) -> list[Unit]:
    side = 1 if pool.side == "long" else -1
    return [
        unit
        for unit in book.units.values()
        if unit.bankrupt and pool.market_id in unit.legs and unit.legs[pool.market_id].lots * side > 0
    ]


def _check_bases(view: View, fact: m.Socialised) -> None:
    guarded = guards(view.book, view.rules, fact.time_ns)
    bases = {unit.unit_id: view.base(unit, guarded) for unit in view.book.units.values()}
    total = sum(bases.values())
    require("INV-6", fact.base_quanta == total, f"a base of {fact.base_quanta} is told, gains leave {total}")
    for haircut in fact.haircuts:
        base = bases.get(haircut.unit_id, 0)
        require(
            "INV-6", haircut.base_quanta == base, f"{haircut.unit_id}: base {haircut.base_quanta}, gains leave {base}"
        )


def _check_socialised(view: View, fact: m.Socialised) -> None:
    paid = {payment.unit_id: payment.amount_quanta for payment in fact.payments}
    for haircut in fact.haircuts:
        before, booked = view.equities[haircut.unit_id], sum(part for _, part in haircut.legs)
        fits = 0 < haircut.taken_quanta <= haircut.base_quanta <= before
        require(
            "INV-6", fits, f"{haircut.unit_id}: {haircut.taken_quanta} cut of {haircut.base_quanta}, equity {before}"
        )
        now, then = view.book.units[haircut.unit_id].legs, view.units[haircut.unit_id].legs
        rose = sum(now[market_id].haircut - then[market_id].haircut for market_id in now)
        same = booked == rose == haircut.taken_quanta == -paid.pop(haircut.unit_id, 0)
        require("INV-6", same, f"{haircut.unit_id}: {haircut.taken_quanta} cut, {booked} booked, memos rose {rose}")
        view.take(haircut.unit_id, haircut.taken_quanta)
    for one in fact.haircuts[1:]:
        other = fact.haircuts[0]
        spread = abs(one.taken_quanta * other.base_quanta - other.taken_quanta * one.base_quanta)
        fair = spread <= one.base_quanta + other.base_quanta
        require("INV-10", fair, f"{one.unit_id} and {other.unit_id} are cut by different shares")
    for unit_id, amount in paid.items():
        owed = view.units[unit_id].bankrupt and amount > 0
        require("INV-6", owed, f"{unit_id} received {amount} quanta of haircuts and is not owed any")
    cut, due = sum(h.taken_quanta for h in fact.haircuts), min(fact.debt_quanta, fact.base_quanta)
    require("INV-6", cut == due, f"{cut} quanta cut, {due} were owed and there")


def _check_residual(view: View, fact: m.ResidualNamed) -> None:
    """A residual exists only if capacity was short, or the fact names the removal, pace bound or guard."""
    guarded = guards(view.book, view.rules, fact.time_ns)
    for residual in fact.residuals:
        named, unit = residual.named_quanta, view.book.units[residual.unit_id]
        if named:
            before = view.equities.get(residual.unit_id, 0)
            settled = not unit.legs and before == -named and residual.reason == "capacity"
            require("INV-7", settled, f"{residual.unit_id}: {named} quanta named, its equity was {before}")
        lawful = {
            "guard": bool(guarded),
            "removal": bool(view.rules.removed),
            "pace": True,
            "capacity": not unit.legs,
        }
        require("INV-7", lawful.get(residual.reason, False), f"{residual.unit_id}: reason {residual.reason} is untrue")
    if any(residual.reason == "capacity" for residual in fact.residuals):
        for unit in view.book.units.values():
            left = view.base(unit, guarded)
            require("INV-7", left == 0, f"{unit.unit_id} still has {left} quanta of gain while a residual is named")
    named = sum(residual.named_quanta for residual in fact.residuals)
    require("INV-7", named == fact.named_quanta, f"K rose by {fact.named_quanta}, {named} are named")


OF_A_STEP = (
    m.BankruptcyDeclared,
    m.BankruptcyEnded,
    m.Reduced,
    m.TakenOver,
    m.FundPaid,
    m.Deleveraged,
    m.Socialised,
    m.ResidualNamed,
)
"""Facts that only a step emits: the first of them sees the book as the step began."""

FORCED = (m.Reduced, m.TakenOver, m.FundPaid, m.Deleveraged, m.Socialised, m.ResidualNamed)
"""Facts that nobody asked for: the acts of the waterfall."""

_CHECKS: dict[type[m.Fact], Callable[[View, Any], None]] = {
    m.BankruptcyDeclared: _check_declared,
    m.BankruptcyEnded: _check_ended,
    m.MarginMoved: _check_margin_moved,
    m.MoneyIn: _check_money_in,
    m.MoneyOut: _check_money_out,
    m.Traded: _check_traded,
    m.FundingAccrued: _check_funding,
    m.MarketSettled: _check_settled,
    m.Reduced: _check_reduced,
    m.TakenOver: _check_taken_over,
    m.FundPaid: _check_fund_paid,
    m.Deleveraged: _check_deleveraged,
    m.Socialised: _check_socialised,
    m.ResidualNamed: _check_residual,
}
