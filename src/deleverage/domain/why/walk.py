"""A journal brought back to where a step stood, and the step gone through fact by fact for one account."""

from collections.abc import Callable, Iterator

from deleverage.domain.domain import Domain
from deleverage.domain.engines import COLUMNS
from deleverage.domain.observer import StepObserver
from deleverage.domain.player import state_of
from deleverage.domain.records import StepRecord
from deleverage.domain.replaying import replay
from deleverage.domain.stage_lines import STAGE_OF
from deleverage.domain.why.records import Event, Why
from deleverage.domain.why.stage_5 import round_of
from deleverage.domain.why.steps import StepAt
from deleverage.journal.entry import Entry
from deleverage.journal.own_policy import with_code
from deleverage.journal.papers import Head
from deleverage.journal.past import read_head, walk
from deleverage.journal.store import Store
from deleverage.rulebook import messages as m
from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book
from deleverage.rulebook.file_policy import FilePolicy
from deleverage.scenarios.faults import nearest

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


class UnknownAccount(ValueError):
    """There is neither an account nor a unit of this name when the step begins."""


def why(
    store: Store,
    account_id: str,
    step: StepAt,
    number: int | None = None,
    progress: Progress = lambda what, done, total: None,
    policy: FilePolicy | None = None,
) -> Why:
    """Return what a step was to an account (all its units) or to one unit; of its rounds only ``number``, if given.

    Every command before it is executed again and its answer compared: JournalFault OTHER_STATE where one differs,
    NO_POLICY where ``policy`` is not the one from a file that the head names.
    """
    head = with_code(read_head(store), policy)
    domain, entry = _before(store, head, step.seq, progress)
    book = domain.book.copy()
    units = _units_of(book, account_id)
    found = Why(
        head=head,
        account_id=account_id,
        unit_ids=units,
        step=step.step,
        seq=entry.seq,
        key=entry.key,
        time_ns=entry.command.time_ns,
        terms={market_id: market.terms for market_id, market in sorted(book.markets.items())},
        marks={market_id: market.mark_price_ticks for market_id, market in sorted(book.markets.items())},
        fund_before_quanta=book.fund_quanta(),
        before=tuple(state_of(book, book.units[unit_id]) for unit_id in units),
    )
    record = StepRecord(0, "", step.step, entry.command.time_ns, dict(found.marks), book.fund_quanta())
    observer = StepObserver(record, head.rules)
    for fact in entry.facts or ():
        if isinstance(fact, m.FundPaid):
            found.fund_paid_quanta += sum(debt.paid_quanta for debt in fact.debts) + fact.own_unit_quanta
        if isinstance(fact, m.Deleveraged) and number in (None, fact.round):
            found.rounds.append(round_of(book, head.rules, fact, units))
        observer.before(book, fact)
        apply(book, fact)
        observer.after(book, fact)
        stage = STAGE_OF.get(type(fact))
        place = record.stages[-1].round if stage is not None and record.stages else 0
        found.events += _events(fact, units, stage, place)
    found.after = tuple(state_of(book, book.units[unit_id]) for unit_id in units)
    found.fund_after_quanta = book.fund_quanta()
    return found


def _before(store: Store, head: Head, seq: int, progress: Progress) -> tuple[Domain, Entry]:
    """Return the domain as it stood before a command, and that command's entry."""
    domain = Domain(head.state_at_start.copy(), head.rules, COLUMNS)
    for block in walk(store):
        at = seq - block.first_seq
        replay(domain, block if at >= len(block.rows) else block.front(at))
        progress("execute", min(block.last_seq, seq), seq)
        if block.last_seq >= seq:
            return domain, next(block.entries(at))
    raise AssertionError(f"command {seq} was found and is not there")


def _units_of(book: Book, name: str) -> tuple[str, ...]:
    """Return the units of an account, or the one unit of this name; UnknownAccount names the nearest."""
    if name in book.accounts:
        return tuple(unit.unit_id for unit in book.sorted_units() if unit.account_id == name)
    if name in book.units:
        return (name,)
    raise UnknownAccount(f"account {name[:80]!a} is unknown when the step begins, {nearest(name, book.units)}")


def _events(fact: m.Fact, units: tuple[str, ...], stage: int | None, number: int) -> Iterator[Event]:
    """Yield what a fact did to some units: fills, money that is not the price of lots, and what they were declared."""
    haircuts = {one.unit_id: one for one in fact.haircuts} if isinstance(fact, m.Socialised) else {}
    for fill in fact.fills if isinstance(fact, m.Movement) else ():
        if fill.unit_id in units:
            yield Event(fill.unit_id, stage, number, fact, fill=fill)
    paying = isinstance(fact, m.Movement) and not isinstance(fact, m.ResidualNamed)  # whose residuals say more
    for payment in fact.payments if isinstance(fact, m.Movement) and paying else ():
        if payment.unit_id in units:
            cut = haircuts.get(payment.unit_id) if payment.amount_quanta < 0 else None
            yield Event(payment.unit_id, stage, number, fact, money_quanta=payment.amount_quanta, haircut=cut)
    if isinstance(fact, m.BankruptcyDeclared | m.BankruptcyEnded):
        for unit in fact.units:
            if unit.unit_id in units:
                yield Event(unit.unit_id, stage, number, fact, money_quanta=unit.equity_quanta)
    if isinstance(fact, m.MarginMoved):
        for unit_id, sign in ((fact.from_unit_id, -1), (fact.to_unit_id, 1)):
            if unit_id in units:
                yield Event(unit_id, stage, number, fact, money_quanta=sign * fact.amount_quanta)
    if isinstance(fact, m.ResidualNamed):
        for item in fact.residuals:
            if item.unit_id in units:
                yield Event(item.unit_id, stage, number, fact, money_quanta=item.named_quanta)
