"""What facts of the fund's pools write, and which pools a flat unit's debt lies with."""

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import FUND_POT, POOL_POTS, Book
from deleverage.rulebook.pools import FundPool, left_by_pool, pot_of
from deleverage.rulebook.writers import Writers


def _fund_withdrawn(book: Book, fact: m.FundWithdrawn) -> None:
    book.pots[pot_of(FUND_POT, fact.pool_id)] -= fact.amount_quanta
    book.net_deposits_quanta -= fact.amount_quanta


def _pool_set(book: Book, fact: m.PoolSet) -> None:
    pool_id = fact.terms.pool_id
    book.pools[pool_id] = FundPool(fact.terms)
    if fact.opened:
        book.pots.update({pot_of(kind, pool_id): 0 for kind in POOL_POTS})


def _market_regrouped(book: Book, fact: m.MarketRegrouped) -> None:
    book.markets[fact.market_id].pool_id = fact.to_pool_id


def _pool_moved(book: Book, fact: m.PoolMoved) -> None:
    book.pots[pot_of(FUND_POT, fact.from_pool_id)] -= fact.amount_quanta
    book.pots[pot_of(FUND_POT, fact.to_pool_id)] += fact.amount_quanta


def _pools_switched(book: Book, fact: m.PoolsSwitched) -> None:
    for switch in fact.switches:
        book.pools[switch.pool_id].paused = switch.paused


def note_closed_in(book: Book, fact: m.Movement) -> None:
    """Note which pools stand for a unit that fills have left flat: those of the markets it was closed in."""
    pools: dict[str, dict[str, int]] = {}
    for fill in fact.fills:
        pools.setdefault(fill.unit_id, {})[book.pool_of(fill.market_id)] = 1
    for unit_id, weights in pools.items():
        book.units[unit_id].debt_pools = {} if book.units[unit_id].legs else weights


def note_paid(book: Book, fact: m.FundPaid) -> None:
    """Count what the fund paid by owner group, and note what flat units still owe, by pool."""
    count_for_groups(book, fact.debts)
    owed: dict[str, dict[str, int]] = {}
    for debt in (*fact.own_debts, *fact.debts):
        if not debt.leg_id:
            owed.setdefault(debt.unit_id, {})[debt.pool_id] = debt.debt_quanta - debt.paid_quanta
    _owe(book, owed)


def count_for_groups(book: Book, debts: tuple[m.DebtPaid, ...]) -> None:
    """Count fund money by the owner group that it was paid for."""
    paid = book.fund_paid_by_group
    for debt in debts:
        if debt.paid_quanta:
            paid[debt.owner_group] = paid.get(debt.owner_group, 0) + debt.paid_quanta


def note_freed(book: Book, fact: m.Deleveraged) -> None:
    """Note what stage 5 has set free of the debt of units that are flat now, by pool."""
    owed: dict[str, dict[str, int]] = {}
    for unit_id, market_id, _, quanta in fact.freed:
        pools, pool_id = owed.setdefault(unit_id, {}), book.pool_of(market_id)
        pools[pool_id] = pools.get(pool_id, 0) + quanta
    _owe(book, owed)


def _owe(book: Book, owed: dict[str, dict[str, int]]) -> None:
    """Remember what flat units still owe, by the pool that stands for it; all of it paid leaves the weights."""
    for unit_id, pools in owed.items():
        left = {pool_id: quanta for pool_id, quanta in pools.items() if quanta}
        if left and not book.units[unit_id].legs:
            book.units[unit_id].debt_pools = left


def note_carried(book: Book, fact: m.Socialised) -> None:
    """Take what a loss rule carried for one market off the part that its pool stands for."""
    for unit_id, part in fact.payments if fact.market_id else ():
        unit = book.units[unit_id]
        if part > 0 and not unit.legs:
            owed = max(0, part - unit.quote)
            unit.debt_pools = left_by_pool(unit.debt_pools, owed, part, book.pool_of(fact.market_id))


WRITERS: Writers = {
    m.FundWithdrawn: _fund_withdrawn,
    m.PoolSet: _pool_set,
    m.MarketRegrouped: _market_regrouped,
    m.PoolMoved: _pool_moved,
    m.PoolsSwitched: _pools_switched,
}
