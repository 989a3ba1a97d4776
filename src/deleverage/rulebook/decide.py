"""decide(book, command, rules) -> facts or a rejection. It reads; it holds no pen.

Each command is a ladder of one-line refusals in the order of ``Code``, then a computation, then facts. Whatever a user
or a venue can cause is a rejection with the compared numbers; only a defect of ours raises.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from deleverage.rulebook import messages as m
from deleverage.rulebook.apply import apply
from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.book import Account, Book, Market, Unit, copy_unit
from deleverage.rulebook.closing import settle_unit
from deleverage.rulebook.margin import (
    equity,
    free_quanta,
    held_lots,
    initial_ppb_quanta,
    released_quanta,
)
from deleverage.rulebook.messages import Code, Command, Fact, Rejection
from deleverage.rulebook.quantities import PPB, div_ceil, div_floor, funding_per_lot_half_even, value_per_lot
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.waterfall import run_step

Answer = tuple[Fact, ...] | Rejection


class _Refused(Exception):
    """Carries a rejection out of a ladder; never leaves this module."""

    def __init__(self, code: Code, sentence: str, found: int | str = "", bound: int | str = "") -> None:
        super().__init__(sentence)
        self.rejection = Rejection(code, sentence, found, bound)


def decide(book: Book, command: Command, rules: Rules) -> Answer:
    """Return the facts that answer a command, or the first reason (in order of precedence) to refuse it.

    The book is not changed either way. Times are in ns, money in quanta, prices in ticks, sizes in lots.
    """
    try:
        if command.time_ns < book.time_ns:
            raise _Refused(
                Code.TIME_BACKWARDS, "a command may not be older than the book", command.time_ns, book.time_ns
            )
        return tuple(_DECIDERS[type(command)](book, command, rules))
    except _Refused as refused:
        return refused.rejection


# -- opening ----------------------------------------------------------------------------------------------------------


def _list_market(book: Book, command: m.ListMarket, rules: Rules) -> Iterator[Fact]:
    terms = command.terms
    _require_id(terms.market_id)
    if terms.market_id in book.markets:
        raise _Refused(Code.DUPLICATE_ID, "a market of this id exists", terms.market_id)
    for name in ("quanta_per_tick_lot", "max_lots", "max_price_ticks", "max_open_interest_lots"):
        if getattr(terms, name) < 1:
            raise _Refused(Code.BAD_TERMS, f"{name} must be at least 1", getattr(terms, name), 1)
    starts = [tier.from_notional_quanta for tier in terms.tiers]
    if not starts or starts[0] != 0 or any(one >= other for one, other in pairwise(starts)):
        raise _Refused(Code.BAD_TERMS, "tiers must start at 0 and ascend", str(starts))
    for tier in terms.tiers:
        if not 0 <= tier.maintenance_rate_ppb <= tier.initial_rate_ppb <= PPB:
            rates = f"{tier.maintenance_rate_ppb}, {tier.initial_rate_ppb}"
            raise _Refused(Code.BAD_TERMS, "rates must satisfy 0 <= maintenance <= initial <= 10^9 ppb", rates, PPB)
        if min(tier.maintenance_deduction_quanta, tier.initial_deduction_quanta) < 0:
            raise _Refused(Code.BAD_TERMS, "a deduction must not be negative", str(tier), 0)
    yield m.MarketListed(**_next(book, command), terms=terms)


def _open_account(book: Book, command: m.OpenAccount, rules: Rules) -> Iterator[Fact]:
    _require_id(command.account_id)
    if command.owner_group:
        _require_id(command.owner_group)
    if command.account_id in book.accounts:
        raise _Refused(Code.DUPLICATE_ID, "an account of this id exists", command.account_id)
    if command.role == "fund" and book.fund_unit() is not None:
        raise _Refused(Code.DUPLICATE_ID, "the domain has a fund already", command.account_id)
    if command.role not in ("trader", "fund", "backstop"):
        raise _Refused(Code.BAD_ROLE, "known roles are trader, fund and backstop", command.role)
    capacity = command.backstop_capacity_lots
    if capacity < 0 or (capacity > 0 and command.role != "backstop"):
        raise _Refused(Code.BAD_ROLE, "only a backstop has a capacity, of at least 0 lots", capacity, 0)
    group = command.owner_group or command.account_id
    yield m.AccountOpened(**_next(book, command), account=Account(command.account_id, group, command.role, capacity))


def _open_isolated(book: Book, command: m.OpenIsolated, rules: Rules) -> Iterator[Fact]:
    unit_id = f"{command.account_id}/{command.market_id}"
    if unit_id in book.units:
        raise _Refused(Code.DUPLICATE_ID, "the isolated unit exists", unit_id)
    _require_market(book, command.market_id)
    if command.account_id not in book.accounts:
        raise _Refused(Code.UNKNOWN_ACCOUNT, "no such account", command.account_id)
    yield m.UnitOpened(
        **_next(book, command), unit_id=unit_id, account_id=command.account_id, market_id=command.market_id
    )


# -- money in and out -------------------------------------------------------------------------------------------------


def _deposit(book: Book, command: m.Deposit, rules: Rules) -> Iterator[Fact]:
    unit = _require_unit(book, command.unit_id)
    _require_amount(command.amount_quanta)
    _require_solvent(unit)
    yield m.MoneyIn(**_next(book, command), to_units=(m.Payment(unit.unit_id, command.amount_quanta),))


def _deposit_to_fund(book: Book, command: m.DepositToFund, rules: Rules) -> Iterator[Fact]:
    _require_amount(command.amount_quanta)
    yield m.MoneyIn(**_next(book, command), to_fund_quanta=command.amount_quanta)


def _withdraw(book: Book, command: m.Withdraw, rules: Rules) -> Iterator[Fact]:
    unit = _require_unit(book, command.unit_id)
    amount = command.amount_quanta
    _require_amount(amount)
    _require_solvent(unit)
    _require_free(book, unit, amount)
    positive = 0
    for other in book.sorted_units():
        equity_quanta = equity(book, other)
        if equity_quanta < 0:
            sentence = f"no withdrawal while {other.unit_id} is below zero"
            raise _Refused(Code.NEGATIVE_EQUITY, sentence, equity_quanta, 0)
        positive += equity_quanta
    paid = div_floor(amount * max(0, positive - book.residual_quanta), positive)
    claim = min(book.residual_quanta, amount - paid)
    yield m.MoneyOut(
        **_next(book, command),
        unit_id=unit.unit_id,
        debited_quanta=amount,
        paid_quanta=paid,
        claim_quanta=claim,
        rounding_quanta=amount - paid - claim,
    )


def _move_margin(book: Book, command: m.MoveMargin, rules: Rules) -> Iterator[Fact]:
    source, target = _require_unit(book, command.from_unit_id), _require_unit(book, command.to_unit_id)
    _require_amount(command.amount_quanta)
    if source.account_id != target.account_id or source is target:
        parties = f"{source.unit_id} -> {target.unit_id}"
        raise _Refused(Code.NOT_SAME_ACCOUNT, "margin moves between two units of one account", parties)
    _require_solvent(source)
    _require_solvent(target)
    _require_free(book, source, command.amount_quanta)
    yield m.MarginMoved(
        **_next(book, command),
        from_unit_id=source.unit_id,
        to_unit_id=target.unit_id,
        amount_quanta=command.amount_quanta,
        released=False,
    )


def _repay_residual(book: Book, command: m.RepayResidual, rules: Rules) -> Iterator[Fact]:
    amount = command.amount_quanta
    _require_amount(amount)
    owed = {"": book.residual_quanta, **book.claims}
    if amount > sum(owed.values()):
        raise _Refused(Code.NO_RESIDUAL, "more than residual and claims", amount, sum(owed.values()))
    parts = apportion(amount, [Share(key, debt, debt) for key, debt in owed.items()]).parts
    yield m.MoneyIn(
        **_next(book, command),
        to_residual_quanta=parts[""],
        claims_repaid=tuple(m.Payment(key, part) for key, part in sorted(parts.items()) if key and part),
    )


# -- trading ----------------------------------------------------------------------------------------------------------


def _trade(book: Book, command: m.Trade, rules: Rules) -> Iterator[Fact]:
    market = _require_market(book, command.market_id)
    buyer, seller = _require_unit(book, command.buyer_unit_id), _require_unit(book, command.seller_unit_id)
    lots, market_id = command.lots, command.market_id
    if lots < 1:
        raise _Refused(Code.BAD_LOTS, "a trade has at least 1 lot", lots, 1)
    _require_price(market.terms.max_price_ticks, command.price_ticks)
    if buyer is seller:
        raise _Refused(Code.SELF_TRADE, "buyer and seller are the same unit", buyer.unit_id)
    _require_mark(book, market_id)
    changes = ((buyer, lots), (seller, -lots))
    for unit, _ in changes:
        _require_own_market(unit, market_id)
    opens = {unit.unit_id: _opens(unit, market_id, change) for unit, change in changes}
    if book.halted and any(opens.values()):
        raise _Refused(Code.DOMAIN_HALTED, "in a halted domain both sides of a trade must reduce")
    for unit, _ in changes:
        _require_solvent(unit)
    if market.reduce_only and any(opens.values()):
        raise _Refused(Code.MARKET_REDUCE_ONLY, "both sides of a trade must reduce", market_id)
    value = lots * value_per_lot(command.price_ticks, market.terms.quanta_per_tick_lot)
    after = []
    for unit, change in changes:
        looked = copy_unit(unit)
        settle_unit(looked, market, change, -value if change > 0 else value)
        after.append(looked)
    for unit, looked in zip((buyer, seller), after, strict=True):
        if opens[unit.unit_id]:
            _require_lots(market.terms.max_lots, held_lots(book, looked).get(market_id, 0))
    _require_open_interest(book, market_id, after)
    for unit, looked in zip((buyer, seller), after, strict=True):
        if opens[unit.unit_id]:
            _require_initial(book, looked)
    for unit, looked in zip((buyer, seller), after, strict=True):
        if not opens[unit.unit_id] and equity(book, looked) < 0:
            sentence = f"the trade would leave {unit.unit_id} below zero"
            raise _Refused(Code.BELOW_ZERO, sentence, equity(book, looked), 0)
    against_mark = lots * (command.price_ticks - market.mark_price_ticks) * market.terms.quanta_per_tick_lot
    yield m.Traded(
        **_next(book, command),
        market_id=market_id,
        price_ticks=command.price_ticks,
        fills=(
            m.Fill(buyer.unit_id, market_id, lots, -value, -against_mark, "buyer"),
            m.Fill(seller.unit_id, market_id, -lots, value, against_mark, "seller"),
        ),
    )
    offset = 2
    for unit, looked in zip((buyer, seller), after, strict=True):
        if (rest := released_quanta(book, looked)) > 0:
            yield m.MarginMoved(
                **_next(book, command, offset),
                from_unit_id=unit.unit_id,
                to_unit_id=unit.account_id,
                amount_quanta=rest,
                released=True,
            )
            offset += 1


def _place_order(book: Book, command: m.PlaceOrder, rules: Rules) -> Iterator[Fact]:
    _require_id(command.order_id, slash=True)
    if command.order_id in book.orders:
        raise _Refused(Code.DUPLICATE_ID, "an order of this id rests", command.order_id)
    market = _require_market(book, command.market_id)
    unit = _require_unit(book, command.unit_id)
    if command.lots == 0:
        raise _Refused(Code.BAD_LOTS, "an order has lots", 0)
    _require_price(market.terms.max_price_ticks, command.price_ticks)
    _require_mark(book, command.market_id)
    _require_own_market(unit, command.market_id)
    if book.halted:
        raise _Refused(Code.DOMAIN_HALTED, "no orders in a halted domain")
    _require_solvent(unit)
    if market.reduce_only:
        raise _Refused(Code.MARKET_REDUCE_ONLY, "no orders in a reduce-only market", command.market_id)
    placed = m.OrderPlaced(
        **_next(book, command),
        order_id=command.order_id,
        unit_id=command.unit_id,
        market_id=command.market_id,
        lots=command.lots,
        price_ticks=command.price_ticks,
    )
    held, initial = _with_order(book, unit, placed)
    _require_lots(market.terms.max_lots, held)
    equity_quanta = equity(book, unit)
    if equity_quanta * PPB < initial:
        raise _below_initial(unit, equity_quanta, initial)
    yield placed


def _cancel_order(book: Book, command: m.CancelOrder, rules: Rules) -> Iterator[Fact]:
    if command.order_id not in book.orders:
        raise _Refused(Code.UNKNOWN_ORDER, "no such order", command.order_id)
    yield m.OrdersCancelled(**_next(book, command), orders=(m.OrderChange(command.order_id, 0),), reason="owner")


# -- marks, funding, steps --------------------------------------------------------------------------------------------


def _set_marks(book: Book, command: m.SetMarks, rules: Rules) -> Iterator[Fact]:
    names = [mark.market_id for mark in command.marks]
    if len(set(names)) < len(names):
        raise _Refused(Code.DUPLICATE_ID, "a market is named twice in one mark set", ", ".join(sorted(names)))
    for mark in command.marks:
        _require_market(book, mark.market_id)
    for mark in command.marks:
        _require_price(book.markets[mark.market_id].terms.max_price_ticks, mark.price_ticks)
    marks = []
    for mark in sorted(command.marks):
        before = book.markets[mark.market_id].mark_price_ticks
        guard = "" if command.confirmed else _guard(before, mark, rules)
        marks.append(m.MarkSet(mark.market_id, mark.price_ticks, before, guard))
    yield m.MarksSet(**_next(book, command), marks=tuple(marks))


def _guard(before_ticks: int, mark: m.MarkUpdate, rules: Rules) -> str:
    if mark.sources < rules.min_sources:
        return "under_sourced"
    moved = abs(mark.price_ticks - before_ticks) * PPB
    return "out_of_band" if rules.mark_band_ppb and before_ticks and moved > rules.mark_band_ppb * before_ticks else ""


def _accrue_funding(book: Book, command: m.AccrueFunding, rules: Rules) -> Iterator[Fact]:
    market = _require_market(book, command.market_id)
    if abs(command.rate_ppb) > PPB:
        raise _Refused(Code.BAD_RATE, "a funding rate lies within +-10^9 ppb", command.rate_ppb, PPB)
    _require_mark(book, command.market_id)
    per_lot = funding_per_lot_half_even(market.value_quanta, command.rate_ppb)
    yield m.FundingAccrued(
        **_next(book, command), market_id=command.market_id, rate_ppb=command.rate_ppb, per_lot_quanta=per_lot
    )


def _run_step(book: Book, command: m.RunStep, rules: Rules) -> Iterator[Fact]:
    if book.halted:
        raise _Refused(Code.DOMAIN_HALTED, "no forced action in a halted domain")
    yield from run_step(book, rules, command.time_ns, apply).facts


def _resume(book: Book, command: m.Resume, rules: Rules) -> Iterator[Fact]:
    if not book.halted and not any(market.reduce_only for market in book.markets.values()):
        raise _Refused(Code.NOT_HALTED, "nothing is halted or reduce-only")
    for unit in book.sorted_units():
        _require_solvent(unit)
    if book.residual_quanta > 0:
        raise _Refused(Code.RESIDUAL_OUTSTANDING, "the residual is not repaid", book.residual_quanta, 0)
    yield m.Resumed(**_next(book, command))


# -- the rungs --------------------------------------------------------------------------------------------------------


def _next(book: Book, command: Command, offset: int = 1) -> dict[str, Any]:
    return {"seq": book.seq + offset, "time_ns": command.time_ns}


def _require_id(text: str, slash: bool = False) -> None:
    printable = all("!" <= character <= "~" for character in text)
    if not text or len(text) > 64 or not printable or ("/" in text and not slash):
        raise _Refused(Code.BAD_ID, "an id is 1 to 64 printable ASCII characters, without / but in orders", ascii(text))


def _require_market(book: Book, market_id: str) -> Market:
    if market_id not in book.markets:
        raise _Refused(Code.UNKNOWN_MARKET, "no such market", market_id)
    return book.markets[market_id]


def _require_unit(book: Book, unit_id: str) -> Unit:
    if unit_id not in book.units:
        raise _Refused(Code.UNKNOWN_UNIT, "no such unit", unit_id)
    return book.units[unit_id]


def _require_amount(amount_quanta: int) -> None:
    if amount_quanta < 1:
        raise _Refused(Code.BAD_AMOUNT, "an amount is at least 1 quantum", amount_quanta, 1)


def _require_price(max_price_ticks: int, price_ticks: int) -> None:
    if not 1 <= price_ticks <= max_price_ticks:
        raise _Refused(
            Code.BAD_PRICE, "a price lies between 1 tick and the market's bound", price_ticks, max_price_ticks
        )


def _require_mark(book: Book, market_id: str) -> None:
    if book.markets[market_id].mark_price_ticks == 0:
        raise _Refused(Code.NO_MARK, "the market has no mark yet", market_id)


def _require_own_market(unit: Unit, market_id: str) -> None:
    if unit.isolated_market_id not in ("", market_id):
        raise _Refused(
            Code.WRONG_MARKET, f"{unit.unit_id} trades in its own market only", market_id, unit.isolated_market_id
        )


def _require_solvent(unit: Unit) -> None:
    if unit.bankrupt:
        raise _Refused(
            Code.UNIT_BANKRUPT, "the unit is bankrupt until its lots and shortfall are settled", unit.unit_id
        )


def _require_free(book: Book, unit: Unit, amount_quanta: int) -> None:
    free = free_quanta(book, unit)
    if amount_quanta > free:
        raise _Refused(
            Code.INSUFFICIENT_EQUITY, "only equity above the initial requirement may leave", amount_quanta, free
        )


def _require_lots(max_lots: int, lots: int) -> None:
    if lots > max_lots:
        raise _Refused(Code.LOTS_ABOVE_MAXIMUM, "position and open orders exceed the market's bound", lots, max_lots)


def _require_open_interest(book: Book, market_id: str, after: list[Unit]) -> None:
    market = book.markets[market_id]
    bound, total = market.terms.max_open_interest_lots, market.open_interest_lots
    for looked in after:
        for unit, sign in ((book.units[looked.unit_id], -1), (looked, 1)):
            leg = unit.legs.get(market_id)
            total += sign * max(0, leg.lots) if leg else 0
    if total > bound:
        raise _Refused(Code.OPEN_INTEREST_ABOVE_MAXIMUM, "open interest would exceed the market's bound", total, bound)


def _require_initial(book: Book, looked: Unit) -> None:
    equity_quanta, initial = equity(book, looked), initial_ppb_quanta(book, looked)
    if equity_quanta * PPB < initial:
        raise _below_initial(looked, equity_quanta, initial)


def _below_initial(unit: Unit, equity_quanta: int, initial_ppb: int) -> _Refused:
    sentence = f"{unit.unit_id} would hold less than the initial margin"
    return _Refused(Code.BELOW_INITIAL_MARGIN, sentence, equity_quanta, div_ceil(initial_ppb, PPB))


def _opens(unit: Unit, market_id: str, change: int) -> bool:
    leg = unit.legs.get(market_id)
    return leg is None or (leg.lots > 0) == (change > 0) or abs(change) > abs(leg.lots)


def _with_order(book: Book, unit: Unit, placed: m.OrderPlaced) -> tuple[int, int]:
    """Return held lots and the initial requirement as they would be with one more order resting."""
    looked = Book(markets=book.markets, orders=dict(book.orders), seq=book.seq)
    looked.orders_placed = book.orders_placed
    apply(looked, placed)
    return held_lots(looked, unit)[placed.market_id], initial_ppb_quanta(looked, unit)


_DECIDERS: dict[type[Command], Callable[[Book, Any, Rules], Iterator[Fact]]] = {
    m.ListMarket: _list_market,
    m.OpenAccount: _open_account,
    m.OpenIsolated: _open_isolated,
    m.Deposit: _deposit,
    m.DepositToFund: _deposit_to_fund,
    m.Withdraw: _withdraw,
    m.MoveMargin: _move_margin,
    m.RepayResidual: _repay_residual,
    m.Trade: _trade,
    m.PlaceOrder: _place_order,
    m.CancelOrder: _cancel_order,
    m.SetMarks: _set_marks,
    m.AccrueFunding: _accrue_funding,
    m.RunStep: _run_step,
    m.Resume: _resume,
}
