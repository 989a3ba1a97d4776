"""Who pays first, and when the next one is asked: one step of the loss waterfall, in rounds.

    0 guard      no forced act from a mark that is stale, out of band or under-sourced, or in a halted market; fallen
                 pools of the fund pause
      convert    units below zero sell their own collateral; who is still below is bankrupt
    1 relieve    cancel the orders of distressed units
    2 reduce     sell their lots into the resting orders
      auction    (a rule) the solvent below close-out are on offer first, at a growing discount
    3 take over  backstops, then the fund's inventory, at the bankruptcy amount
    4 fund       money for shortfalls, never for lots (deleveraging first: after 5, for what candidates could not pay)
    5 deleverage lots of the bankrupt against the solvent, then the money that is asked of them
    6 socialise  debts without lots, borne as the loss rule says (left out: cut from open gains)
    7 halt       what is left is a named, published number

Where nothing is configured: no auction, no backstop, no inventory; the fund offers all it has before stage 5, which
always starts; a queue by the BitMEX score; the price is the whole shortfall, capped at each equity; then gains are cut.
A step runs on ``RunStep`` alone, never because a mark has moved.

A bankrupt unit carries two debts, lots and money; the waterfall ends for it only when both are zero or named. Each
stage is asked only for what the one before has left.
"""

from collections.abc import Callable

from deleverage.rulebook.book import Book, Unit
from deleverage.rulebook.collateral import awaits_price
from deleverage.rulebook.margin import equity, released_quanta
from deleverage.rulebook.messages import BankruptcyDeclared, BankruptcyEnded, Fact, MarginMoved, UnitEquity
from deleverage.rulebook.periods import profit_moved
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.auction import auction, end_auctions
from deleverage.rulebook.stages.caps import FundMoney
from deleverage.rulebook.stages.conversion import convert
from deleverage.rulebook.stages.deleveraging import deleverage
from deleverage.rulebook.stages.ending import tell_end
from deleverage.rulebook.stages.envelopes import end_expired, end_served
from deleverage.rulebook.stages.fund import pay_from_fund, pay_what_has_no_lots
from deleverage.rulebook.stages.guards import asset_guards, guards
from deleverage.rulebook.stages.liquidation import reduce, relieve
from deleverage.rulebook.stages.one_by_one import PoolCloser, close_pool
from deleverage.rulebook.stages.scratch import Scratch
from deleverage.rulebook.stages.socialise import name_residuals, socialise
from deleverage.rulebook.stages.stress import measured_ppb
from deleverage.rulebook.stages.takeover import split_debts, take_over
from deleverage.rulebook.stages.tempo import Tempo
from deleverage.rulebook.stages.till import can_lift_own_unit, switch_pools


def run_step(
    book: Book, rules: Rules, time_ns: int, write: Callable[[Book, Fact], None], closer: PoolCloser = close_pool
) -> Scratch:
    """Plan one step on a copy of ``book`` and return the scratch; its ``facts`` are the plan, the book is unchanged.

    ``closer`` closes pools whose bankrupts are taken one by one; whichever it is, the facts are the same.
    """
    guarded = guards(book, rules, time_ns)
    tempo, money = Tempo(rules, measured_ppb(book, rules, guarded)), FundMoney(rules, book)
    scratch = Scratch(
        book.copy(), rules, rules.hash(), write, time_ns, guarded, book.steps + 1, book, tempo, money, closer
    )
    scratch.guarded_assets = asset_guards(book, rules, time_ns)
    held = [unit for unit in scratch.book.sorted_units() if unit.legs and unit.isolated_market_id]
    end_expired(scratch)
    quiet = False
    while not quiet and scratch.tempo.room(scratch.round).rounds != 0:
        scratch.round += 1
        facts_before = len(scratch.facts)
        _run_round(scratch, held)
        quiet = len(scratch.facts) == facts_before
    convert(scratch)
    _declare(scratch)
    switch_pools(scratch)
    _release(scratch, held)
    _end_bankruptcies(scratch)
    paced = scratch.paced or not quiet
    name_residuals(scratch, paced)
    end_served(scratch)
    end_auctions(scratch)
    tell_end(scratch, scratch.round - 1 if quiet else scratch.round, paced)
    return scratch


def _run_round(scratch: Scratch, held: list[Unit]) -> None:
    """Run stages 1 to 6 once, on one snapshot."""
    convert(scratch)
    _declare(scratch)
    switch_pools(scratch)
    relieve(scratch)
    reduce(scratch)
    _release(scratch, held)
    auction(scratch)
    sources = split_debts(scratch)
    take_over(scratch, sources)
    pay_from_fund(scratch)
    scratch.freed, scratch.paced = {}, False
    deleverage(scratch)
    _release(scratch, held)
    pay_what_has_no_lots(scratch)
    socialise(scratch)
    _end_bankruptcies(scratch)


def _release(scratch: Scratch, held: list[Unit]) -> None:
    """Give the rest of isolated units that have become flat to their accounts: nobody pays for who still has money."""
    for unit in held:
        if (rest := released_quanta(scratch.book, unit)) > 0:
            scratch.emit(
                MarginMoved,
                from_unit_id=unit.unit_id,
                to_unit_id=unit.account_id,
                amount_quanta=rest,
                released=True,
                profit_quanta=profit_moved(scratch.book, unit, rest, released=True),
            )


def _declare(scratch: Scratch) -> None:
    """Declare bankrupt whose equity lies below zero; the fund's own unit only where a pool cannot lift its part.

    Who owns assets that would cover it, but whose price is guarded, waits.
    """
    book = scratch.book
    fund = book.fund_unit()
    declared = []
    for unit in book.sorted_units():
        equity_quanta = equity(book, unit)
        if equity_quanta >= 0 or unit.bankrupt or scratch.out_of_reach(unit):
            continue
        if unit is fund and can_lift_own_unit(book, scratch.rules):
            continue
        if awaits_price(book, unit, scratch.guarded_assets):
            continue
        declared.append(UnitEquity(unit.unit_id, equity_quanta))
    if declared:
        scratch.emit(BankruptcyDeclared, units=tuple(declared))


def _end_bankruptcies(scratch: Scratch) -> None:
    """End the bankruptcy of units that hold neither lots nor shortfall."""
    ended = []
    for unit in scratch.bankrupt_units():
        equity_quanta = equity(scratch.book, unit)
        if not unit.legs and equity_quanta >= 0:
            ended.append(UnitEquity(unit.unit_id, equity_quanta))
    if ended:
        scratch.emit(BankruptcyEnded, units=tuple(ended))
