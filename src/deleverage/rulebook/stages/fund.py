"""Stage 4: the insurance fund. Money for shortfalls, never for lots.

Fund money never ends a bankruptcy: lots that are left go on to stage 5, at the mark if their shortfall is paid. Each
pool pays what lies with it and nothing else, however full another is. What a cap frees stays in the pool. The funding
source decides what a pool offers, and whether before stage 5 or after it.
"""

from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.book import FEES_POT, FUND_POT, SURPLUS_POT, market_of
from deleverage.rulebook.funding_source import Till
from deleverage.rulebook.messages import DebtPaid, FundPaid, Payment, PotChange
from deleverage.rulebook.pools import pot_of
from deleverage.rulebook.stages.scratch import Scratch, by_debtor
from deleverage.rulebook.stages.till import FundDebts, by_pool, freed_by_pool, lower_freed, own_debts


def pay_from_fund(scratch: Scratch) -> None:
    """Take the step's fees and surpluses in, bring the fund's own unit to equity 0, then share the offer over debts."""
    book, fund = scratch.book, scratch.book.fund_unit()
    own = {} if fund is None or scratch.out_of_reach(fund) else own_debts(book, scratch.rules)
    entering = {pool_id: sum(book.pool_pots(pool_id).values()) - book.cash(pool_id) for pool_id in sorted(book.pools)}
    lifted: FundDebts = {}
    for pool_id, entered in entering.items():
        most = min(book.cash(pool_id) + entered, _owed(own, pool_id))
        lifted |= _split(most, own, pool_id)
    debts = open_debts(scratch)
    cash = {pool_id: book.cash(pool_id) + entered - _owed(lifted, pool_id) for pool_id, entered in entering.items()}
    parts, offered = _shared(scratch, debts, cash, after_stage_5=False)
    for (_, unit_id, leg_id), part in (*parts.items(), *lifted.items()):
        if (unit_id, leg_id) in scratch.shortfalls:  # The own unit's debts are there only if it is bankrupt.
            scratch.shortfalls[unit_id, leg_id] -= part
    if any(entering.values()) or any(lifted.values()) or any(parts.values()):
        _emit(scratch, (debts, parts, offered), own, lifted, entering)


def pay_what_has_no_lots(scratch: Scratch) -> None:
    """Offer fund money once more after stage 5, for what candidates could not pay: deleveraging goes first."""
    book, fund, debts = scratch.book, scratch.book.fund_unit(), FundDebts()
    freed = by_debtor(scratch.freed)
    for unit_id, debt in scratch.debts_without_lots().items():
        unit = book.units[unit_id]
        if unit is not fund:
            weights = freed_by_pool(book, freed[unit_id]) if unit.legs else unit.debt_pools
            debts |= by_pool(book, unit_id, "", debt, weights)
    cash = {pool_id: book.cash(pool_id) for pool_id in sorted(book.pools)}
    parts, offered = _shared(scratch, debts, cash, after_stage_5=True)
    for (pool_id, unit_id, _), part in parts.items():
        if (unit_id, "") in scratch.shortfalls:
            scratch.shortfalls[unit_id, ""] -= part
        else:
            lower_freed(book, scratch.freed, freed[unit_id], pool_id, part)
    if any(parts.values()):
        _emit(scratch, (debts, parts, offered))


def open_debts(scratch: Scratch) -> FundDebts:
    """Return what bankrupt units still owe where a forced act is allowed, by pool; the fund's unit apart."""
    fund, debts = scratch.book.fund_unit(), FundDebts()
    for (unit_id, leg_id), debt in sorted(scratch.shortfalls.items()):
        unit = scratch.book.units[unit_id]
        if unit.bankrupt and unit is not fund and market_of(leg_id) not in scratch.guarded:
            debts |= by_pool(scratch.book, unit_id, leg_id, debt, unit.debt_pools)
    return debts


Shared = tuple[FundDebts, FundDebts, int]
"""The debts, the part of each that is paid, and what all pools offered together."""


def _shared(scratch: Scratch, debts: FundDebts, cash: dict[str, int], *, after_stage_5: bool) -> tuple[FundDebts, int]:
    """Return the part of each debt that its pool pays, and the sum of the offers; ``cash`` is what each pool has now.

    A pool's offer is split by debt; then all parts together are cut by event, owner group, market and leg.
    """
    parts: FundDebts = {}
    for pool_id, quanta in cash.items():
        room = scratch.book.pools[pool_id].room_quanta(quanta, scratch.time_ns)
        till = Till(after_stage_5, room, _owed(debts, pool_id))
        parts |= _split(scratch.rules.funding_source.offer(till), debts, pool_id)
    offered = sum(parts.values())
    scratch.fund_money.cut(scratch.book, parts)
    for (_, unit_id, leg_id), part in parts.items():
        scratch.fund_money.note(unit_id, leg_id, part)
    return parts, offered


def _split(amount: int, debts: FundDebts, pool_id: str) -> FundDebts:
    return apportion(amount, [Share(key, debt, debt) for key, debt in debts.items() if key[0] == pool_id]).parts


def _owed(debts: FundDebts, pool_id: str) -> int:
    return sum(debt for key, debt in debts.items() if key[0] == pool_id)


def _emit(
    scratch: Scratch,
    shared: Shared,
    own: FundDebts | None = None,
    lifted: FundDebts | None = None,
    entering: dict[str, int] | None = None,
) -> None:
    """Write what entered the pools and what they paid: the own unit first, then the debts; the rest is ``after``."""
    debts, parts, offered = shared
    own, lifted = own or {}, lifted or {}
    payments: dict[str, int] = {}
    pots: dict[str, int] = {}
    for pool_id, entered in (entering or {}).items():
        pots |= {pot_of(kind, pool_id): -scratch.book.pots[pot_of(kind, pool_id)] for kind in (FEES_POT, SURPLUS_POT)}
        pots[pot_of(FUND_POT, pool_id)] = entered
    for (pool_id, unit_id, _), part in (*lifted.items(), *parts.items()):
        payments[unit_id] = payments.get(unit_id, 0) + part
        pot = pot_of(FUND_POT, pool_id)
        pots[pot] = pots.get(pot, 0) - part
    scratch.emit(
        FundPaid,
        payments=tuple(Payment(unit_id, amount) for unit_id, amount in sorted(payments.items()) if amount),
        pots=tuple(PotChange(pot, amount) for pot, amount in pots.items() if amount),
        after_stage_5=entering is None,
        entered_quanta=sum((entering or {}).values()),
        own_unit_quanta=sum(lifted.values()),
        own_debts=_told(scratch, own, lifted),
        debts=_told(scratch, debts, parts),
        cut_by_caps_quanta=offered - sum(parts.values()),
    )


def _told(scratch: Scratch, debts: FundDebts, parts: FundDebts) -> tuple[DebtPaid, ...]:
    return tuple(
        DebtPaid(unit_id, leg_id, debt, parts[pool_id, unit_id, leg_id], scratch.book.owner_group(unit_id), pool_id)
        for (pool_id, unit_id, leg_id), debt in sorted(debts.items())
    )
