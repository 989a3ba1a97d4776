"""Stage 4: the insurance fund. Money for shortfalls, never for lots.

Fund money never ends a bankruptcy: lots that are left go on to stage 5, at the mark if their shortfall is paid. What a
cap frees stays in the pool. The funding source decides what is offered, and whether before stage 5 or after it.
Deliberately absent: more than one pool.
"""

from collections.abc import Callable

from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.book import FEES_POT, FUND_POT, SURPLUS_POT, market_of
from deleverage.rulebook.funding_source import Till
from deleverage.rulebook.messages import DebtPaid, FundPaid, Payment, PotChange
from deleverage.rulebook.stages.scratch import Debts, Scratch

Key = tuple[str, str]


def pay_from_fund(scratch: Scratch) -> None:
    """Take the step's fees and surpluses in, bring the fund's own unit to equity 0, then share the offer over debts."""
    book = scratch.book
    entering = {pot: book.pots[pot] for pot in (FEES_POT, SURPLUS_POT) if book.pots[pot]}
    own_quanta = _pay_own_unit(scratch, book.pots[FUND_POT] + sum(entering.values()))
    debts = open_debts(scratch)
    pool_quanta = book.pots[FUND_POT] + sum(entering.values()) - own_quanta
    offer = scratch.rules.funding_source.offer(Till(False, pool_quanta, sum(debts.values())))
    parts = _shared(scratch, debts, offer)
    for key, part in parts.items():
        scratch.shortfalls[key] -= part
    if entering or own_quanta or any(parts.values()):
        _emit(scratch, debts, parts, offer, entering=entering, own_quanta=own_quanta)


def pay_what_has_no_lots(scratch: Scratch) -> None:
    """Offer fund money once more after stage 5, for what candidates could not pay: deleveraging goes first."""
    fund = scratch.book.fund_unit()
    without_lots = scratch.debts_without_lots()
    debts: Debts = {
        (unit_id, ""): debt for unit_id, debt in without_lots.items() if scratch.book.units[unit_id] is not fund
    }
    offer = scratch.rules.funding_source.offer(Till(True, scratch.book.pots[FUND_POT], sum(debts.values())))
    parts = _shared(scratch, debts, offer)
    for (unit_id, _), part in parts.items():
        if any(key[0] == unit_id for key in scratch.freed):
            scratch.lower_freed(unit_id, part)
        else:
            scratch.shortfalls[unit_id, ""] -= part
    if any(parts.values()):
        _emit(scratch, debts, parts, offer, after_stage_5=True)


def _shared(scratch: Scratch, debts: Debts, offer: int) -> Debts:
    """Return the part of each debt that the fund pays: the offer by debt, cut by event, owner group and market."""
    parts: Debts = dict(apportion(offer, [Share(key, debt, debt) for key, debt in debts.items()]).parts)
    rules, by_group, by_market = scratch.rules, scratch.book.fund_paid_by_group, scratch.fund_paid_by_market
    _cut(parts, [(list(parts), rules.fund_event_cap_quanta, scratch.fund_paid_quanta)])
    _cut(parts, _caps(parts, lambda key: scratch.owner_group(key[0]), rules.fund_group_cap_quanta, by_group))
    _cut(parts, _caps(parts, lambda key: market_of(key[1]), rules.fund_market_cap_quanta, by_market))
    for (_, leg_id), part in parts.items():
        scratch.note_fund_money(market_of(leg_id), part)
    return parts


def _emit(
    scratch: Scratch,
    debts: Debts,
    parts: Debts,
    offer: int,
    *,
    entering: dict[str, int] | None = None,
    own_quanta: int = 0,
    after_stage_5: bool = False,
) -> None:
    """Write what entered the pool and what it paid: its own unit first, then the debts."""
    paid = sum(parts.values())
    payments: dict[str, int] = {}
    for (unit_id, _), part in parts.items():
        payments[unit_id] = payments.get(unit_id, 0) + part
    fund = scratch.book.fund_unit()
    if fund is not None and own_quanta:
        payments[fund.unit_id] = own_quanta
    pots = {pot: -amount for pot, amount in (entering or {}).items()}
    entered_quanta = -sum(pots.values())
    pots[FUND_POT] = entered_quanta - own_quanta - paid
    scratch.emit(
        FundPaid,
        payments=tuple(Payment(unit_id, amount) for unit_id, amount in sorted(payments.items()) if amount),
        pots=tuple(PotChange(pot, amount) for pot, amount in pots.items() if amount),
        after_stage_5=after_stage_5,
        entered_quanta=entered_quanta,
        own_unit_quanta=own_quanta,
        debts=tuple(
            DebtPaid(unit_id, leg_id, debt, parts[unit_id, leg_id], scratch.owner_group(unit_id))
            for (unit_id, leg_id), debt in debts.items()
        ),
        cut_by_caps_quanta=offer - paid,
    )


def open_debts(scratch: Scratch) -> Debts:
    """Return what bankrupt units still owe where a forced act is allowed, by (unit, leg id); the fund's unit apart."""
    fund = scratch.book.fund_unit()
    debts = {}
    for (unit_id, leg_id), debt in sorted(scratch.shortfalls.items()):
        unit = scratch.book.units[unit_id]
        if debt and unit.bankrupt and unit is not fund and market_of(leg_id) not in scratch.guarded:
            debts[unit_id, leg_id] = debt
    return debts


def _pay_own_unit(scratch: Scratch, pool: int) -> int:
    """Return what the pool pays to bring the fund's own unit to equity 0; its legs' debts fall by it."""
    fund = scratch.book.fund_unit()
    if fund is None or scratch.out_of_reach(fund):
        return 0
    paid = min(pool, max(0, -scratch.equity(fund.unit_id)))
    own = {key: debt for key, debt in scratch.shortfalls.items() if key[0] == fund.unit_id}
    for key, part in apportion(paid, [Share(key, debt, debt) for key, debt in own.items()]).parts.items():
        scratch.shortfalls[key] -= part
    return paid


Cap = tuple[list[Key], int | None, int]
"""Members of a cap, the cap in quanta (``None``: none) and what was already paid under it."""


def _caps(parts: Debts, name_of: Callable[[Key], str], cap: int | None, paid: dict[str, int]) -> list[Cap]:
    """Return one cap per owner group or market, in id order; a debt whose name is empty is under none."""
    members: dict[str, list[Key]] = {}
    for key in parts:
        members.setdefault(name_of(key), []).append(key)
    return [(members[name], cap, paid.get(name, 0)) for name in sorted(members) if name]


def _cut(parts: Debts, caps: list[Cap]) -> None:
    """Cut the members of every cap pro rata to what they have, where together they have more than the cap leaves."""
    for members, cap, already_paid in caps:
        if cap is None:
            continue
        room = min(sum(parts[key] for key in members), max(0, cap - already_paid))
        parts.update(apportion(room, [Share(key, parts[key], parts[key]) for key in members]).parts)
