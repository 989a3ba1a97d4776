"""Money in, out and between the units of one account."""

from collections.abc import Iterator

from deleverage.rulebook import messages as m
from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.book import Book
from deleverage.rulebook.gates import bankrupt_gate, debt_gate, mark_gate
from deleverage.rulebook.ladders.rungs import (
    Ladder,
    margin_moved,
    next_fact,
    refuse,
    require_amount,
    require_free,
    require_free_money,
    require_no_residual,
    require_open,
    require_solvent,
    require_unit,
)
from deleverage.rulebook.margin import equity
from deleverage.rulebook.messages import Code, Command, Fact
from deleverage.rulebook.periods import result
from deleverage.rulebook.quantities import div_floor
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.guards import asset_guards, guarded_marks


def _deposit(book: Book, command: m.Deposit, rules: Rules) -> Iterator[Fact]:
    unit = require_unit(book, command.unit_id)
    require_amount(command.amount_quanta)
    require_solvent(unit)
    require_no_residual(book)
    refuse(book.waiting, Code.RESIDUAL_OUTSTANDING, "a shortfall waits to be carried: no new money until it is settled")
    yield m.MoneyIn(**next_fact(book, command), to_units=(m.Payment(unit.unit_id, command.amount_quanta),))


def _withdraw(book: Book, command: m.Withdraw, rules: Rules) -> Iterator[Fact]:
    unit, amount = require_unit(book, command.unit_id), command.amount_quanta
    require_amount(amount)
    now_ns = command.time_ns
    require_open(bankrupt_gate(book, rules, unit, now_ns))
    require_open(mark_gate(unit, guarded_marks(book, rules, now_ns), asset_guards(book, rules, now_ns)))
    require_free_money(book, unit, amount)
    require_open(debt_gate(book, rules, now_ns))
    positive = sum(equity(book, other) for other in book.units.values())
    paid = div_floor(amount * max(0, positive - book.residual_quanta), positive)
    claim = min(book.residual_quanta, amount - paid)
    yield m.MoneyOut(
        **next_fact(book, command),
        unit_id=unit.unit_id,
        debited_quanta=amount,
        paid_quanta=paid,
        claim_quanta=claim,
        rounding_quanta=amount - paid - claim,
    )


def _close_period(book: Book, command: m.ClosePeriod, rules: Rules) -> Iterator[Fact]:
    for unit in book.sorted_units():
        own = equity(book, unit)
        sentence = f"no period ends while {unit.unit_id} is below zero: its profits may have to carry that"
        refuse(own < 0, Code.NEGATIVE_EQUITY, sentence, own, 0)
    results = tuple(m.UnitResult(unit.unit_id, result(book, unit)) for unit in book.sorted_units())
    yield m.PeriodClosed(**next_fact(book, command), units=results)


def _move_margin(book: Book, command: m.MoveMargin, rules: Rules) -> Iterator[Fact]:
    source, target = require_unit(book, command.from_unit_id), require_unit(book, command.to_unit_id)
    require_amount(command.amount_quanta)
    apart = source.account_id != target.account_id or source is target
    parties = f"{source.unit_id} -> {target.unit_id}"
    refuse(apart, Code.NOT_SAME_ACCOUNT, "margin moves between two units of one account", parties)
    require_solvent(source)
    require_solvent(target)
    require_free(book, source, command.amount_quanta, rules, command.time_ns)
    yield margin_moved(book, command, source, target.unit_id, command.amount_quanta, released=False)


def _repay_residual(book: Book, command: m.RepayResidual, rules: Rules) -> Iterator[Fact]:
    amount = command.amount_quanta
    require_amount(amount)
    owed = {"": book.residual_quanta, **book.claims}
    total = sum(owed.values())
    refuse(amount > total, Code.NO_RESIDUAL, "a repayment is at most residual and claims", amount, total)
    parts = apportion(amount, [Share(key, debt, debt) for key, debt in owed.items()]).parts
    yield m.MoneyIn(
        **next_fact(book, command),
        to_residual_quanta=parts[""],
        claims_repaid=tuple(m.Payment(key, part) for key, part in sorted(parts.items()) if key and part),
    )


LADDERS: dict[type[Command], Ladder] = {
    m.Deposit: _deposit,
    m.Withdraw: _withdraw,
    m.MoveMargin: _move_margin,
    m.ClosePeriod: _close_period,
    m.RepayResidual: _repay_residual,
}
