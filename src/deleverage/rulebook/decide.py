"""decide(book, command, rules) -> facts or a rejection. It reads; it holds no pen.

Each command is a ladder of one-line refusals in the order of ``Code``, then a computation, then facts. Whatever a user
or a venue can cause is a rejection with the compared numbers; only a defect of ours raises.
"""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

from deleverage.rulebook import messages as m
from deleverage.rulebook.apply import apply
from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.book import CONTRACTS, Account, Book, Market, Unit, copy_unit
from deleverage.rulebook.closing import settle_unit
from deleverage.rulebook.margin import (
    equity,
    free_quanta,
    held_lots,
    initial_ppb_quanta,
    is_unhealthy,
    maintenance_margin_ceil,
    released_quanta,
)
from deleverage.rulebook.messages import Code, Command, Fact, Rejection
from deleverage.rulebook.quantities import LARGEST, PPB, div_ceil, div_floor, funding_per_lot_half_even
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.scratch import guards
from deleverage.rulebook.waterfall import run_step

Answer = tuple[Fact, ...] | Rejection


class _Refused(Exception):
    """Carries a rejection out of a ladder; never leaves this module."""

    def __init__(self, rejection: Rejection) -> None:
        super().__init__(rejection.sentence)
        self.rejection = rejection


def _refuse(when: bool, code: Code, sentence: str, found: int | str = "", bound: int | str = "") -> None:
    """One rung of a ladder: leave with this rejection if its reason holds."""
    if when:
        raise _Refused(Rejection(code, sentence, found, bound))


def decide(book: Book, command: Command, rules: Rules) -> Answer:
    """Return the facts that answer a command, or the first reason (in order of precedence) to refuse it.

    The book is not changed either way. Times are in ns, money in quanta, prices in ticks, sizes in lots.
    """
    time_ns = command.time_ns
    try:
        _require_types(type(command).__name__, command)
        _refuse(
            time_ns < book.time_ns, Code.TIME_BACKWARDS, "a command is never older than the book", time_ns, book.time_ns
        )
        return tuple(_DECIDERS[type(command)](book, command, rules))
    except _Refused as refused:
        return refused.rejection


# -- opening ----------------------------------------------------------------------------------------------------------


def _list_market(book: Book, command: m.ListMarket, rules: Rules) -> Iterator[Fact]:
    terms = command.terms
    _require_id(terms.market_id)
    _refuse(terms.market_id in book.markets, Code.DUPLICATE_ID, "a market of this id exists", terms.market_id)
    contract = terms.contract
    _refuse(contract not in CONTRACTS, Code.BAD_TERMS, f"known contracts are {', '.join(CONTRACTS)}", contract)
    multiplier = "face_quanta_ticks" if contract == "inverse" else "quanta_per_tick_lot"
    for name in (multiplier, "max_lots", "max_price_ticks", "max_open_interest_lots", "min_value_quanta"):
        size = getattr(terms, name)
        _refuse(not 1 <= size <= LARGEST, Code.BAD_TERMS, f"{name} lies from 1 to 10^40", size, LARGEST)
    _refuse(terms.expiry_ns < 0, Code.BAD_TERMS, "an expiry is 0 (perpetual) or a time", terms.expiry_ns, 0)
    starts = [tier.from_notional_quanta for tier in terms.tiers]
    ascend = starts[:1] == [0] and all(one < other for one, other in pairwise(starts))
    _refuse(not ascend, Code.BAD_TERMS, "tiers start at 0 and ascend", str(starts))
    for tier in terms.tiers:
        rates = (tier.maintenance_rate_ppb, tier.initial_rate_ppb)
        ordered = 0 <= rates[0] <= rates[1] <= PPB
        _refuse(not ordered, Code.BAD_TERMS, "0 <= maintenance rate <= initial rate <= 10^9 ppb", str(rates), PPB)
        lowest = min(tier.maintenance_deduction_quanta, tier.initial_deduction_quanta)
        _refuse(lowest < 0, Code.BAD_TERMS, "a deduction is not negative", lowest, 0)
    yield m.MarketListed(**_next(book, command), terms=terms)


def _open_account(book: Book, command: m.OpenAccount, rules: Rules) -> Iterator[Fact]:
    account_id, role, capacity = command.account_id, command.role, command.backstop_capacity_lots
    _require_id(account_id)
    group = command.owner_group or account_id
    _require_id(group)
    _refuse(account_id in book.accounts, Code.DUPLICATE_ID, "an account of this id exists", account_id)
    second = role == "fund" and book.fund_unit() is not None
    _refuse(second, Code.DUPLICATE_ID, "the domain has a fund already", account_id)
    known = ("trader", "fund", "backstop")
    _refuse(role not in known, Code.BAD_ROLE, f"known roles are {', '.join(known)}", role)
    most = 0 if role != "backstop" else capacity
    _refuse(not 0 <= capacity <= most, Code.BAD_ROLE, "only a backstop has a capacity, of 0 lots or more", capacity, 0)
    yield m.AccountOpened(**_next(book, command), account=Account(account_id, group, role, capacity))


def _open_isolated(book: Book, command: m.OpenIsolated, rules: Rules) -> Iterator[Fact]:
    account_id, market_id = command.account_id, command.market_id
    unit_id = f"{account_id}/{market_id}"
    _refuse(unit_id in book.units, Code.DUPLICATE_ID, "the isolated unit exists", unit_id)
    _require_market(book, market_id)
    _refuse(account_id not in book.accounts, Code.UNKNOWN_ACCOUNT, "no such account", account_id)
    _require_live(book.markets[market_id])
    yield m.UnitOpened(**_next(book, command), unit_id=unit_id, account_id=account_id, market_id=market_id)


# -- money in and out -------------------------------------------------------------------------------------------------


def _deposit(book: Book, command: m.Deposit, rules: Rules) -> Iterator[Fact]:
    unit = _require_unit(book, command.unit_id)
    _require_amount(command.amount_quanta)
    _require_solvent(unit)
    _require_no_residual(book)
    _refuse(
        book.waiting, Code.RESIDUAL_OUTSTANDING, "a shortfall waits to be carried: no new money until it is settled"
    )
    yield m.MoneyIn(**_next(book, command), to_units=(m.Payment(unit.unit_id, command.amount_quanta),))


def _deposit_to_fund(book: Book, command: m.DepositToFund, rules: Rules) -> Iterator[Fact]:
    _require_amount(command.amount_quanta)
    yield m.MoneyIn(**_next(book, command), to_fund_quanta=command.amount_quanta)


def _withdraw(book: Book, command: m.Withdraw, rules: Rules) -> Iterator[Fact]:
    unit, amount = _require_unit(book, command.unit_id), command.amount_quanta
    _require_amount(amount)
    _require_solvent(unit)
    _require_free(book, unit, amount, rules, command.time_ns)
    positive = 0
    for other in book.sorted_units():
        own = equity(book, other)
        _refuse(own < 0, Code.NEGATIVE_EQUITY, f"no withdrawal while {other.unit_id} is below zero", own, 0)
        positive += own
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
    apart = source.account_id != target.account_id or source is target
    parties = f"{source.unit_id} -> {target.unit_id}"
    _refuse(apart, Code.NOT_SAME_ACCOUNT, "margin moves between two units of one account", parties)
    _require_solvent(source)
    _require_solvent(target)
    _require_free(book, source, command.amount_quanta, rules, command.time_ns)
    yield _margin_moved(book, command, source, target.unit_id, command.amount_quanta, released=False)


def _repay_residual(book: Book, command: m.RepayResidual, rules: Rules) -> Iterator[Fact]:
    amount = command.amount_quanta
    _require_amount(amount)
    owed = {"": book.residual_quanta, **book.claims}
    total = sum(owed.values())
    _refuse(amount > total, Code.NO_RESIDUAL, "a repayment is at most residual and claims", amount, total)
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
    lots, market_id, price_ticks = command.lots, command.market_id, command.price_ticks
    _refuse(lots < 1, Code.BAD_LOTS, "a trade has at least 1 lot", lots, 1)
    _require_price(market, price_ticks)
    _refuse(buyer is seller, Code.SELF_TRADE, "buyer and seller are the same unit", buyer.unit_id)
    _require_mark(market)
    _require_live(market, command.time_ns)
    sides = [_Side(unit, _opens(unit, market_id, change), change) for unit, change in ((buyer, lots), (seller, -lots))]
    opening = any(side.opens for side in sides)
    for side in sides:
        _require_own_market(side.unit, market_id)
    _refuse(book.halted and opening, Code.DOMAIN_HALTED, "in a halted domain both sides of a trade reduce")
    for side in sides:
        _require_solvent(side.unit)
    _refuse(market.reduce_only and opening, Code.MARKET_REDUCE_ONLY, "both sides of a trade reduce", market_id)
    value = market.terms.value_at(price_ticks)
    looked = [copy_unit(side.unit) for side in sides]
    for side, after in zip(sides, looked, strict=True):
        settle_unit(after, market, side.lots, -side.lots * value)
    _require_bounds(book, market, sides, looked)
    for side, after in zip(sides, looked, strict=True):
        if equity(book, after) < equity(book, side.unit):
            _require_unguarded(book, side.unit, rules, command.time_ns)
    against_mark = market.value_quanta - value
    fills = tuple(
        m.Fill(side.unit.unit_id, market_id, side.lots, -side.lots * value, side.lots * against_mark, part)
        for side, part in zip(sides, ("buyer", "seller"), strict=True)
    )
    yield m.Traded(**_next(book, command), market_id=market_id, price_ticks=price_ticks, fills=fills)
    offset = 2
    for after in looked:
        if (rest := released_quanta(book, after)) > 0:
            yield _margin_moved(book, command, after, after.account_id, rest, released=True, offset=offset)
            offset += 1


def _place_order(book: Book, command: m.PlaceOrder, rules: Rules) -> Iterator[Fact]:
    _require_id(command.order_id, slash=True)
    _refuse(command.order_id in book.orders, Code.DUPLICATE_ID, "an order of this id rests", command.order_id)
    market = _require_market(book, command.market_id)
    unit = _require_unit(book, command.unit_id)
    _refuse(command.lots == 0, Code.BAD_LOTS, "an order has lots", 0)
    _require_price(market, command.price_ticks)
    _require_mark(market)
    _require_live(market, command.time_ns)
    _require_own_market(unit, command.market_id)
    _refuse(book.halted, Code.DOMAIN_HALTED, "no orders in a halted domain")
    _require_solvent(unit)
    _refuse(market.reduce_only, Code.MARKET_REDUCE_ONLY, "no orders in a reduce-only market", command.market_id)
    placed = m.OrderPlaced(
        **_next(book, command),
        order_id=command.order_id,
        unit_id=command.unit_id,
        market_id=command.market_id,
        lots=command.lots,
        price_ticks=command.price_ticks,
    )
    looked = Book(markets=book.markets, orders=dict(book.orders), seq=book.seq, orders_placed=book.orders_placed)
    apply(looked, placed)
    _require_lots(market, held_lots(looked, unit)[command.market_id])
    _require_initial(looked, unit)
    yield placed


def _cancel_order(book: Book, command: m.CancelOrder, rules: Rules) -> Iterator[Fact]:
    _refuse(command.order_id not in book.orders, Code.UNKNOWN_ORDER, "no such order", command.order_id)
    yield m.OrdersCancelled(**_next(book, command), orders=(m.OrderChange(command.order_id, 0),), reason="owner")


# -- marks, funding, steps --------------------------------------------------------------------------------------------


def _set_marks(book: Book, command: m.SetMarks, rules: Rules) -> Iterator[Fact]:
    names = sorted(mark.market_id for mark in command.marks)
    twice = len(set(names)) < len(names)
    _refuse(twice, Code.DUPLICATE_ID, "a market is named twice in one mark set", ", ".join(names))
    markets = {name: _require_market(book, name) for name in names}
    for mark in command.marks:
        _require_price(markets[mark.market_id], mark.price_ticks)
    for name in names:
        _require_live(markets[name])
    _refuse(book.halted, Code.DOMAIN_HALTED, "marks stand still in a halted domain")
    marks = []
    for mark in sorted(command.marks):
        before = markets[mark.market_id].mark_price_ticks
        guard = "" if command.confirmed else _guard(before, mark, rules)
        marks.append(m.MarkSet(mark.market_id, mark.price_ticks, before, guard))
    yield m.MarksSet(**_next(book, command), marks=tuple(marks))


def _guard(before_ticks: int, mark: m.MarkUpdate, rules: Rules) -> str:
    if mark.sources < rules.min_sources:
        return "under_sourced"
    moved = abs(mark.price_ticks - before_ticks) * PPB
    return "out_of_band" if rules.mark_band_ppb and before_ticks and moved > rules.mark_band_ppb * before_ticks else ""


def _accrue_funding(book: Book, command: m.AccrueFunding, rules: Rules) -> Iterator[Fact]:
    market, rate_ppb = _require_market(book, command.market_id), command.rate_ppb
    _refuse(abs(rate_ppb) > PPB, Code.BAD_RATE, "a funding rate lies within +-10^9 ppb", rate_ppb, PPB)
    _require_mark(market)
    _require_live(market)
    _refuse(book.halted, Code.DOMAIN_HALTED, "funding stands still in a halted domain")
    per_lot, carry = funding_per_lot_half_even(market.value_quanta, rate_ppb, market.funding_carry)
    yield m.FundingAccrued(
        **_next(book, command),
        market_id=command.market_id,
        rate_ppb=rate_ppb,
        per_lot_quanta=per_lot,
        carry_after=carry,
    )


def _settle_market(book: Book, command: m.SettleMarket, rules: Rules) -> Iterator[Fact]:
    market, market_id, price_ticks = _require_market(book, command.market_id), command.market_id, command.price_ticks
    _require_price(market, price_ticks)
    _require_live(market)
    expiry = market.terms.expiry_ns
    _refuse(command.time_ns < expiry, Code.NOT_EXPIRED, "the contract has not expired", command.time_ns, expiry)
    frozen = market.mark_price_ticks
    moved = book.halted and price_ticks != frozen
    _refuse(moved, Code.DOMAIN_HALTED, "a halted domain settles at the mark it halted at", price_ticks, frozen)
    mark = m.MarkSet(market_id, price_ticks, market.mark_price_ticks, "")
    yield m.MarksSet(**_next(book, command), marks=(mark,))
    value = market.terms.value_at(price_ticks)
    holders = [(unit, unit.legs[market_id].lots) for unit in book.sorted_units() if market_id in unit.legs]
    yield m.MarketSettled(
        **_next(book, command, 2),
        market_id=market_id,
        price_ticks=price_ticks,
        fills=tuple(m.Fill(unit.unit_id, market_id, -lots, lots * value, 0, "settled") for unit, lots in holders),
        orders=tuple(
            m.OrderChange(order_id, 0)
            for order_id, order in sorted(book.orders.items())
            if order.market_id == market_id
        ),
    )
    offset = 3
    for unit, lots in holders:
        after = copy_unit(unit)
        settle_unit(after, market, -lots, lots * value)
        if not after.isolated_market_id or after.bankrupt or after.quote <= 0:
            continue
        yield _margin_moved(book, command, after, after.account_id, after.quote, released=True, offset=offset)
        offset += 1


def _run_step(book: Book, command: m.RunStep, rules: Rules) -> Iterator[Fact]:
    _refuse(book.halted, Code.DOMAIN_HALTED, "no forced act in a halted domain")
    yield from run_step(book, rules, command.time_ns, apply).facts


def _resume(book: Book, command: m.Resume, rules: Rules) -> Iterator[Fact]:
    closed = book.halted or any(market.reduce_only for market in book.markets.values())
    _refuse(not closed, Code.NOT_HALTED, "nothing is halted or reduce-only")
    _require_no_residual(book)
    waiting = {market_id for unit in book.units.values() if unit.bankrupt for market_id in unit.legs}
    yield m.Resumed(**_next(book, command), reduce_only=tuple(sorted(waiting)))


# -- rungs that several ladders share ---------------------------------------------------------------------------------


class _Side(NamedTuple):
    """One side of a trade: the unit before it, whether the trade opens anything for it, and its signed lots."""

    unit: Unit
    opens: bool
    lots: int


def _next(book: Book, command: Command, offset: int = 1) -> dict[str, Any]:
    return {"seq": book.seq + offset, "time_ns": command.time_ns}


def _margin_moved(
    book: Book, command: Command, source: Unit, target_id: str, amount: int, *, released: bool, offset: int = 1
) -> Fact:
    return m.MarginMoved(
        **_next(book, command, offset),
        from_unit_id=source.unit_id,
        to_unit_id=target_id,
        amount_quanta=amount,
        released=released,
    )


def _require_types(path: str, record: Any) -> None:
    """Refuse a record with a field that is not exactly what it is declared as: no float, None or bool for a number."""
    record_type: Any = type(record)
    for name, kind, member in _declared(record_type):
        part = getattr(record, name)
        _require_type(f"{path}.{name}", part, kind)
        parts = enumerate(part) if member is not None else ()
        for at, item in parts:
            _require_type(f"{path}.{name}[{at}]", item, member)
            _require_types(f"{path}.{name}[{at}]", item)
        if kind not in (int, str, bool, tuple):
            _require_types(f"{path}.{name}", part)


def _require_type(path: str, part: Any, kind: Any) -> None:
    _refuse(type(part) is not kind, Code.BAD_TYPE, f"{path} is declared as {kind.__name__}", ascii(part)[:64])


@cache
def _declared(kind: Any) -> tuple[tuple[str, Any, Any], ...]:
    """Return name, type and (of a tuple) member type of every field of a record."""
    shape = []
    for name, hint in get_type_hints(kind).items():
        many = get_origin(hint) is tuple
        shape.append((name, tuple if many else hint, get_args(hint)[0] if many else None))
    return tuple(shape)


def _require_id(text: str, slash: bool = False) -> None:
    printable = 0 < len(text) <= 64 and all("!" <= character <= "~" for character in text)
    sentence = "an id is 1 to 64 printable ASCII characters, / only in orders"
    _refuse(not printable or ("/" in text and not slash), Code.BAD_ID, sentence, ascii(text[:64]))


def _require_market(book: Book, market_id: str) -> Market:
    _refuse(market_id not in book.markets, Code.UNKNOWN_MARKET, "no such market", market_id)
    return book.markets[market_id]


def _require_unit(book: Book, unit_id: str) -> Unit:
    _refuse(unit_id not in book.units, Code.UNKNOWN_UNIT, "no such unit", unit_id)
    return book.units[unit_id]


def _require_amount(amount_quanta: int) -> None:
    within = 1 <= amount_quanta <= LARGEST
    _refuse(not within, Code.BAD_AMOUNT, "an amount lies from 1 quantum to 10^40", amount_quanta, LARGEST)


def _require_price(market: Market, price_ticks: int) -> None:
    bound, least = market.terms.max_price_ticks, market.terms.min_value_quanta
    _refuse(not 1 <= price_ticks <= bound, Code.BAD_PRICE, "a price lies from 1 tick to the bound", price_ticks, bound)
    value = abs(market.terms.value_at(price_ticks))
    _refuse(value < least, Code.BAD_PRICE, "a lot is worth at least the market's resolution", value, least)


def _require_mark(market: Market) -> None:
    _refuse(market.mark_price_ticks == 0, Code.NO_MARK, "the market has no mark yet", market.terms.market_id)


def _require_live(market: Market, time_ns: int = 0) -> None:
    """Refuse a settled market; for trades and orders (``time_ns``) also one past its expiry."""
    market_id, expiry = market.terms.market_id, market.terms.expiry_ns
    _refuse(market.settled, Code.MARKET_SETTLED, "the market is settled for good", market_id)
    expired = 0 < expiry <= time_ns
    _refuse(expired, Code.MARKET_EXPIRED, "the contract has expired and waits for its settlement", time_ns, expiry)


def _require_own_market(unit: Unit, market_id: str) -> None:
    own = unit.isolated_market_id
    _refuse(
        own not in ("", market_id), Code.WRONG_MARKET, f"{unit.unit_id} trades in its own market only", market_id, own
    )


def _require_solvent(unit: Unit) -> None:
    sentence = "the unit is bankrupt until its lots and shortfall are settled"
    _refuse(unit.bankrupt, Code.UNIT_BANKRUPT, sentence, unit.unit_id)


def _require_no_residual(book: Book) -> None:
    residual = book.residual_quanta
    _refuse(residual > 0, Code.RESIDUAL_OUTSTANDING, "the residual is not repaid", residual, 0)


def _require_unguarded(book: Book, unit: Unit, rules: Rules, time_ns: int) -> None:
    guarded = sorted(set(unit.legs) & set(guards(book, rules, time_ns)))
    sentence = "no money leaves a unit while a mark of its legs is guarded"
    _refuse(bool(guarded), Code.MARK_GUARDED, sentence, ", ".join(guarded))


def _require_free(book: Book, unit: Unit, amount: int, rules: Rules, time_ns: int) -> None:
    _require_unguarded(book, unit, rules, time_ns)
    free = free_quanta(book, unit)
    _refuse(
        amount > free, Code.INSUFFICIENT_EQUITY, "only equity above the initial requirement may leave", amount, free
    )


def _require_bounds(book: Book, market: Market, sides: list[_Side], looked: list[Unit]) -> None:
    """Refuse a trade by the state after it: lots and open interest, then the margin of each side."""
    market_id = market.terms.market_id
    opening = [after for side, after in zip(sides, looked, strict=True) if side.opens]
    for after in opening:
        _require_lots(market, held_lots(book, after).get(market_id, 0))
    total = market.open_interest_lots + sum(unit.long_lots(market_id) for unit in looked)
    total -= sum(side.unit.long_lots(market_id) for side in sides)
    bound = market.terms.max_open_interest_lots
    _refuse(total > bound, Code.OPEN_INTEREST_ABOVE_MAXIMUM, "open interest exceeds the bound", total, bound)
    for after in opening:
        _require_initial(book, after)
    for side, after in zip(sides, looked, strict=True):
        own = equity(book, after)
        _refuse(not side.opens and own < 0, Code.BELOW_ZERO, f"{after.unit_id} would be left below zero", own, 0)
    for side, after in zip(sides, looked, strict=True):
        own, before = equity(book, after), equity(book, side.unit)
        worse = not side.opens and own < before and is_unhealthy(book, after)
        sentence = f"the trade would take {after.unit_id} below maintenance at a price worse than the mark"
        _refuse(worse, Code.BELOW_MAINTENANCE, sentence, own, maintenance_margin_ceil(book, after))


def _require_lots(market: Market, lots: int) -> None:
    bound = market.terms.max_lots
    _refuse(lots > bound, Code.LOTS_ABOVE_MAXIMUM, "position and open orders exceed the bound", lots, bound)


def _require_initial(book: Book, looked: Unit) -> None:
    own, initial = equity(book, looked), initial_ppb_quanta(book, looked)
    sentence = f"{looked.unit_id} would hold less than the initial margin"
    _refuse(own * PPB < initial, Code.BELOW_INITIAL_MARGIN, sentence, own, div_ceil(initial, PPB))


def _opens(unit: Unit, market_id: str, change: int) -> bool:
    leg = unit.legs.get(market_id)
    return leg is None or (leg.lots > 0) == (change > 0) or abs(change) > abs(leg.lots)


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
    m.SettleMarket: _settle_market,
    m.RunStep: _run_step,
    m.Resume: _resume,
}
