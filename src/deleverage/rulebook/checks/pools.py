"""The fund's pools: nobody else pays, what enters belongs there, and a fallen pool is spared."""

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import FEES_POT, FUND_POT, POOL_POTS, POTS, SURPLUS_POT, Book, Market, Unit
from deleverage.rulebook.checks.view import Checks, View, require
from deleverage.rulebook.funding_source import Till
from deleverage.rulebook.margin import equity
from deleverage.rulebook.pools import pot_of
from deleverage.rulebook.stages.scratch import PoolDebts, by_debtor, trimmed
from deleverage.rulebook.stages.till import FundDebts, by_pool, freed_by_pool, lower_freed


def check_pools(book: Book) -> None:
    """Every pool has its pots and every market a pool; what is remembered ends with the cash that is there."""
    expected = {*POTS, *(pot_of(kind, pool_id) for pool_id in book.pools for kind in POOL_POTS)}
    require("INV-5", set(book.pots) == expected, f"the pots are {sorted(book.pots)}, expected are {sorted(expected)}")
    for market_id, market in book.markets.items():
        require("INV-5", market.pool_id in book.pools, f"{market_id} belongs to {market.pool_id}, which is no pool")
    for pool_id, pool in book.pools.items():
        drawdown, cash = pool.terms.drawdown, book.cash(pool_id)
        told = [sample.slot for sample in pool.samples]
        kept = told == sorted(set(told)) and len(told) <= drawdown.slots + 2 and (drawdown.slots or not pool.paused)
        last = pool.samples[-1].cash_quanta if pool.samples else cash
        require(
            "INV-5", bool(kept) and last == cash, f"pool {pool_id} holds {cash} quanta, its memory ends with {last}"
        )


def check_taken(view: View, market: Market, fact: m.TakenOver) -> int:
    """Return what the pool of the market paid for a takeover; no other pot is touched but its surplus."""
    change = {pot: quanta for pot, quanta in fact.pots if quanta}
    paid = -change.pop(pot_of(FUND_POT, market.pool_id), 0)
    change.pop(pot_of(SURPLUS_POT, market.pool_id), 0)
    require("INV-5", not change, f"{market.terms.market_id} was taken over, and {sorted(change)} changed")
    by_fund = any(f.part == "taker" and view.book.role(view.units[f.unit_id]) == "fund" for f in fact.fills)
    if by_fund:
        _check_spared(view, market.pool_id, paid, fact.time_ns)
    return paid


def check_paid(view: View, fact: m.FundPaid) -> None:
    """Stage 4: each pool took in what was its own, lifted its part of the own unit, and paid what lies with it."""
    own: FundDebts = {(debt.pool_id, debt.unit_id, debt.leg_id): debt.debt_quanta for debt in fact.own_debts}
    require("INV-5", own == view.own, f"the fund's own unit owes {view.own}, told are {own}")
    change = {pot: quanta for pot, quanta in fact.pots if quanta}
    offered = 0
    for pool_id in view.book.pools:
        before = {kind: view.pots[pot_of(kind, pool_id)] for kind in POOL_POTS}
        lifted, paid = (
            sum(debt.paid_quanta for debt in debts if debt.pool_id == pool_id) for debts in (fact.own_debts, fact.debts)
        )
        due = min(sum(before.values()), sum(debt for key, debt in own.items() if key[0] == pool_id))
        require("INV-5", lifted == due, f"pool {pool_id} lifts the own unit by {lifted}, its part is {due} quanta")
        entered = before[FEES_POT] + before[SURPLUS_POT]
        told = {
            pot_of(FUND_POT, pool_id): entered - lifted - paid,
            **{pot_of(kind, pool_id): -before[kind] for kind in (FEES_POT, SURPLUS_POT)},
        }
        found = {pot: change.pop(pot, 0) for pot in told}
        require("INV-5", found == told, f"the pots of {pool_id} changed by {found}, told is {told}")
        if paid:
            _check_spared(view, pool_id, paid, fact.time_ns)
        room = view.book.pools[pool_id].room_quanta(sum(before.values()) - lifted, fact.time_ns)
        owed = sum(debt.debt_quanta for debt in fact.debts if debt.pool_id == pool_id)
        offered += view.rules.funding_source.offer(Till(fact.after_stage_5, room, owed))
    require("INV-5", not change, f"the fund paid, and {sorted(change)} changed")
    shared = sum(debt.paid_quanta for debt in fact.debts) + fact.cut_by_caps_quanta
    require("INV-5", shared == offered, f"the pools offer {offered} quanta, {shared} are shared or cut")
    _check_whose(view, fact)


def check_empty(view: View, pool_ids: set[str], what: str, time_ns: int) -> None:
    """The pools that somebody else is asked for have nothing left that they may pay."""
    for pool_id in sorted(pool_ids):
        room = view.book.pools[pool_id].room_quanta(view.book.cash(pool_id), time_ns)
        require("INV-7", room == 0, f"{what}, and pool {pool_id} may still pay {room} quanta")


def owing(view: View, fact: m.Socialised) -> set[str]:
    """Return the pools with which the debts lie that money is about to be taken for; one quantum may be rounding's."""
    book, found, freed = view.book, set[str](), by_debtor(view.freed)
    for unit_id in (payment.unit_id for payment in fact.payments if payment.amount_quanta > 0):
        unit, owed = view.units[unit_id], -view.equities[unit_id]
        if unit.legs or fact.market_id:
            parts = trimmed(freed.get(unit_id, {}), owed).items()
            found |= {book.pool_of(key[1]) for key, part in parts if part > 1}
        else:
            parts = by_pool(book, unit_id, "", owed, unit.debt_pools).items()
            found |= {key[0] for key, part in parts if part > 1}
    return found


def check_switches(view: View, time_ns: int) -> None:
    """At the end of a step every pool pays or pauses as its memory says."""
    for pool_id, pool in view.book.pools.items():
        pauses = pool.pauses(view.book.cash(pool_id), time_ns)
        require("INV-7", pool.paused == pauses, f"pool {pool_id} is {'' if pool.paused else 'not '}paused, wrongly")


def _check_spared(view: View, pool_id: str, paid: int, time_ns: int) -> None:
    pool, left = view.book.pools[pool_id], view.book.cash(pool_id)
    spared = pool.spared_quanta(time_ns)
    lawful = not pool.paused and (paid == 0 or left >= spared)
    require("INV-7", lawful, f"pool {pool_id} paid {paid} and holds {left}, {spared} quanta are to be spared")


def _weights(view: View, unit: Unit, freed: PoolDebts) -> dict[str, int]:
    """Return the pools with which a unit's debt without lots lies, by weight; the unit as before the fact."""
    return freed_by_pool(view.book, freed) if unit.legs else unit.debt_pools


def _check_whose(view: View, fact: m.FundPaid) -> None:
    """Every debt lies with the pool that stands for it: its market's, or without lots those of its weights."""
    told: dict[tuple[str, str], FundDebts] = {}
    for debt in fact.debts:
        told.setdefault((debt.unit_id, debt.leg_id), {})[debt.pool_id, debt.unit_id, debt.leg_id] = debt.debt_quanta
    freed = by_debtor(view.freed)
    for (unit_id, leg_id), parts in told.items():
        unit, mine = view.bankrupts.get(unit_id), freed.get(unit_id, {})
        due = by_pool(view.book, unit_id, leg_id, sum(parts.values()), _weights(view, unit, mine)) if unit else {}
        require("INV-5", parts == due, f"{unit_id} owes on {leg_id or 'no leg'}: told {parts}, due {due}")
    for debt in fact.debts if fact.after_stage_5 else ():
        lower_freed(view.book, view.freed, freed.get(debt.unit_id, {}), debt.pool_id, debt.paid_quanta)


def _check_withdrawn(view: View, fact: m.FundWithdrawn) -> None:
    _check_floor(view, fact.pool_id, fact.amount_quanta)
    book = view.book
    for unit in book.units.values():
        own = equity(book, unit)
        sound = own >= 0 and not unit.bankrupt
        require("INV-20", sound, f"money left the fund, {unit.unit_id} has {own} quanta")
    owed = book.residual_quanta + sum(book.claims.values())
    require("INV-20", owed == 0 and not book.is_halted, f"money left the fund, {owed} quanta are owed")


def _check_moved(view: View, fact: m.PoolMoved) -> None:
    _check_floor(view, fact.from_pool_id, fact.amount_quanta)


def _check_floor(view: View, pool_id: str, amount: int) -> None:
    floor, left = view.book.pools[pool_id].terms.floor_quanta, view.book.cash(pool_id)
    require("INV-5", amount > 0 and left >= floor, f"{amount} quanta left pool {pool_id}, {left} stay, floor {floor}")


def _check_regrouped(view: View, fact: m.MarketRegrouped) -> None:
    for unit in view.book.units.values():
        owes = fact.market_id in unit.markets() and (unit.bankrupt or equity(view.book, unit) < 0)
        require("INV-5", not owes, f"{fact.market_id} left its pool with the loss of {unit.unit_id}")


def _check_switched(view: View, fact: m.PoolsSwitched) -> None:
    for switch in fact.switches:
        pool, cash = view.book.pools[switch.pool_id], view.book.cash(switch.pool_id)
        holds = pool.has_fallen if switch.paused else pool.has_recovered
        told = (switch.cash_quanta, (switch.base_total_quanta, switch.base_samples))
        known = (cash, tuple(pool.base(fact.time_ns) or (0, 0)))
        true = switch.paused != view.paused[switch.pool_id] and told == known and holds(cash, fact.time_ns)
        require("INV-7", true, f"pool {switch.pool_id} switches with {told}, it has {known}")


CHECKS: Checks = {
    m.FundWithdrawn: _check_withdrawn,
    m.PoolMoved: _check_moved,
    m.MarketRegrouped: _check_regrouped,
    m.PoolsSwitched: _check_switched,
}
