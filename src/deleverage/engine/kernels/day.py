"""An ordinary day: trades, money in and out, marks, funding - decided and written in one pass while all is usual.

``run`` accepts an event where every rung of the law's ladder lets it pass and exactly one fact follows, and refuses it
where margin or free money are the first rung that does not. At the first other event it stops with nothing of it
written, and the law answers. So it need not be complete, only right about what it answers.
"""

from typing import Any

from deleverage.engine.kernels.compiled import inlined, lean
from deleverage.engine.kernels.cost import div_ceil, div_half_even
from deleverage.engine.kernels.day_state import (
    ACCEPTED,
    AGE,
    ASKS_POOR,
    ASKS_ROOM,
    BAND,
    CALM,
    CLOSE_ONES,
    DUE,
    MARKS,
    NET,
    NOBODY_POOR,
    PARTS,
    ROWS,
    SOURCES,
    TIME,
)
from deleverage.engine.kernels.prefetch import prefetch
from deleverage.engine.kernels.records import (
    BANKRUPT,
    CLOSE,
    DEPOSIT,
    FUNDING,
    HEDGE,
    LONG_LEG,
    MARK,
    ORDERS,
    SHORT_LEG,
    SPECIAL,
    TOO_LITTLE_EQUITY,
    TOO_LITTLE_MARGIN,
    TRADE,
    WITHDRAW,
)
from deleverage.engine.kernels.repeat import note
from deleverage.engine.kernels.settling import find, settle
from deleverage.engine.kernels.weighing import ENDLESS, MOST_LEG, PPB, equity, scaled, value_at, value_fits, weigh

Array = Any

UNSURE, REDUCED, OPENED, SHORT = range(4)
"""How a side of a trade stands: only the law can say, it reduces or opens and passes, or is short of initial margin."""

FAR, NEAR, NEXT = 16, 10, 5
"""How many events ahead units are fetched, then the first row of each, then the second; measured."""

MOST_QUOTE, MOST_LEGS = 1 << 61, 128


@lean
def run(
    log: Array,
    start: int,
    end: int,
    units: Array,
    memos: Array,
    free: Array,
    touched: Array,
    markets: Array,
    tiers: Array,
    code_market: Array,
    tables: Array,
    close_ones: Array,
    state: Array,
    told: Array,
) -> int:
    """Answer the events from ``start`` on and return the first that was not; ``told`` has a record for each."""
    legs = (memos, code_market)
    book = (markets, tiers)
    for at in range(start, end):
        if at + FAR < end and log[at + FAR].kind <= WITHDRAW:
            prefetch(units, log[at + FAR].one)
            prefetch(units, log[at + FAR].other)
        if at + NEAR < end and log[at + NEAR].kind <= WITHDRAW:
            _fetch_first(log[at + NEAR].one, units, memos)
            _fetch_first(log[at + NEAR].other, units, memos)
        if at + NEXT < end and log[at + NEXT].kind <= WITHDRAW:
            _fetch_second(log[at + NEXT].one, units, memos)
            _fetch_second(log[at + NEXT].other, units, memos)
        event = log[at]
        kind = event.kind
        if event.time_ns < state[TIME] or event.time_ns >= state[DUE]:
            return at
        answer = told[at]
        answer.refused = 0
        if kind == TRADE:
            done = _trade(event, units, memos, free, touched, book, code_market, close_ones, state, answer)
        elif kind == DEPOSIT:
            done = _deposit(event, units, touched, state)
        elif kind == WITHDRAW:
            done = _withdraw(event, units, legs, touched, book, close_ones, state, answer)
        elif kind == MARK:
            done = _mark(event, book, tables, state, answer)
        elif kind == FUNDING:
            done = _fund(event, book, tables, state, answer)
        else:
            done = False
        if not done:
            return at
        if answer.refused == 0:
            state[TIME] = event.time_ns
            state[ACCEPTED] += 1
    return end


@inlined
def _fetch_first(number: int, units: Array, memos: Array) -> None:
    row = max(0, units[number].head)
    prefetch(memos, row)
    prefetch(memos, row + 1)


@inlined
def _fetch_second(number: int, units: Array, memos: Array) -> None:
    row = units[number].head
    if row >= 0:
        row = max(0, memos[row].next)
        prefetch(memos, row)
        prefetch(memos, row + 1)


@inlined
def _deposit(event: Array, units: Array, touched: Array, state: Array) -> bool:
    number = event.one
    after, deposits = units[number].quote + event.amount, units[number].deposits + event.amount
    if event.amount < 1 or units[number].flags & BANKRUPT or max(abs(after), abs(deposits)) >= MOST_QUOTE:
        return False
    if abs(state[NET]) >= MOST_QUOTE:
        return False
    note(touched, number, state)
    units[number].quote = after
    units[number].deposits = deposits
    state[NET] += event.amount
    return True


@inlined
def _mark(event: Array, book: Array, tables: Array, state: Array, answer: Array) -> bool:
    if not mark_passes(event, book[0], state):
        return False
    set_mark(event, book, tables, state, answer)
    return True


@inlined
def mark_passes(event: Array, markets: Array, state: Array) -> bool:
    """Return whether a mark is accepted and fits; where not, the law says what becomes of it."""
    market = markets[event.market]
    if market.trading == 0 or state[MARKS] == 0:
        return False
    if event.one == 0 and (state[MARKS] == 1 or event.amount < state[SOURCES]):
        return False
    if event.price_ticks < 1 or event.price_ticks > market.max_price_ticks:
        return False
    if not value_fits(market, event.price_ticks):
        return False
    value = value_at(market, event.price_ticks)
    widest = 2 * float(abs(value)) + float(abs(market.funding))
    return abs(value) >= max(1, market.min_value_quanta) and float(max(1, market.most_lots)) * widest < MOST_LEG


@inlined
def set_mark(event: Array, book: Array, tables: Array, state: Array, answer: Array) -> None:
    """Write a mark that passes."""
    market = book[0][event.market]
    answer.seen = market.mark_ticks
    market.previous_ticks = market.mark_ticks
    market.mark_ticks = event.price_ticks
    market.mark_time_ns = event.time_ns
    market.value = value_at(market, event.price_ticks)
    revalued(market, book[1], tables, state)


@lean
def set_marks(log: Array, markets: Array, tiers: Array, tables: Array, state: Array, told: Array) -> bool:
    """Set the marks of one command, an event each and no market twice: all, or none where the law has to answer."""
    for at in range(len(log)):
        event = log[at]
        if event.time_ns < state[TIME] or event.time_ns >= state[DUE] or not mark_passes(event, markets, state):
            return False
    book = (markets, tiers)
    for at in range(len(log)):
        set_mark(log[at], book, tables, state, told[at])
    state[TIME] = log[0].time_ns
    state[ACCEPTED] += 1
    return True


@inlined
def _fund(event: Array, book: Array, tables: Array, state: Array, answer: Array) -> bool:
    market, rate = book[0][event.market], event.amount
    if market.trading == 0 or abs(rate) > PPB or float(abs(market.value)) * PPB >= float(MOST_QUOTE):
        return False
    owed = abs(market.value) * rate + market.carry
    paid = div_half_even(owed, PPB)
    funding = market.funding + paid
    widest = 2 * float(abs(market.value)) + float(abs(funding))
    if float(max(1, market.most_lots)) * widest >= MOST_LEG:
        return False
    answer.seen, answer.found = paid, owed - paid * PPB
    market.funding, market.carry = funding, owed - paid * PPB
    revalued(market, book[1], tables, state)
    return True


@inlined
def revalued(market: Array, tiers: Array, tables: Array, state: Array) -> None:
    """Write the price tables of a market, as ``Prices.refresh`` does where the factor is one and no share is asked for;
    forget what is not known any more.
    """
    worth, held, spare, least, most = tables
    magnitude, highest, start = abs(market.value), 0, 0
    for at in range(market.tiers):
        tier = tiers[market.first_tier + at]
        whole, rest = scaled(magnitude, tier.maintenance_rate_ppb)
        need = min(whole + (rest > 0), magnitude)
        until = ENDLESS
        if at + 1 < market.tiers:
            until = div_ceil(tiers[market.first_tier + at + 1].from_notional_quanta, magnitude)
        highest = max(highest, need)
        for place in range(market.first_code + 2 * at, market.first_code + 2 * at + 2):
            worth[place], held[place] = market.value - market.funding, need
            spare[place] = tier.spare_quanta if need < magnitude else 0
            least[place], most[place] = start, until
        start = until
    market.widest_quanta = magnitude + abs(market.funding) + highest
    market.moved = 1
    if not market.calm_low <= market.value <= market.calm_high:
        state[CALM] = 0
    if not market.calm_funding_low <= market.funding <= market.calm_funding_high:
        state[CALM] = 0
    if state[CALM] == 0 or state[CLOSE_ONES] > 0:
        state[NOBODY_POOR] = 0


@inlined
def watch_out(number: int, own: int, gross: int, units: Array, close_ones: Array, state: Array) -> None:
    """Put a unit that has just opened, or taken money out, on the list of the close where it has come too near."""
    unit = units[number]
    if own >= 4 * (gross // state[PARTS] + 1) or unit.flags & CLOSE or state[CALM] == 0:
        return
    if state[CLOSE_ONES] == len(close_ones):
        state[CALM] = 0
        return
    unit.flags |= CLOSE
    close_ones[state[CLOSE_ONES]] = number
    state[CLOSE_ONES] += 1


@inlined
def is_nobody_poor(units: Array, legs: Array, book: Array, close_ones: Array, state: Array) -> bool:
    """Return whether nobody is below zero, where it can be known from the close."""
    if state[NOBODY_POOR] == 0 and state[CALM] == 1:
        state[NOBODY_POOR] = 1
        for place in range(state[CLOSE_ONES]):
            unit = units[close_ones[place]]
            if equity(unit.head, unit.quote, legs, book) < 0:
                state[NOBODY_POOR] = 0
    return bool(state[NOBODY_POOR] == 1)


@inlined
def _withdraw(
    event: Array,
    units: Array,
    legs: Array,
    touched: Array,
    book: Array,
    close_ones: Array,
    state: Array,
    answer: Array,
) -> bool:
    number, amount = event.one, event.amount
    unit = units[number]
    if amount < 1 or unit.flags & (BANKRUPT | SPECIAL | ORDERS):
        return False
    time_ns, age_ns = event.time_ns, state[AGE]
    plain, own, asked, gross = weigh(unit.head, unit.quote, legs, book, -1, 0, -1, True, time_ns, age_ns)
    if not plain:
        return False
    least = max(0, min(own, own - asked))
    if amount > least:
        return refuse(answer, TOO_LITTLE_EQUITY, number, amount, least)
    if not is_nobody_poor(units, legs, book, close_ones, state):
        state[ASKS_POOR] = 1
        return False
    after, deposits = unit.quote - amount, unit.deposits - amount
    if max(abs(after), abs(deposits), abs(state[NET])) >= MOST_QUOTE:
        return False
    note(touched, number, state)
    unit.quote, unit.deposits = after, deposits
    state[NET] -= amount
    watch_out(number, own - amount, gross, units, close_ones, state)
    return True


@inlined
def _trade(
    event: Array,
    units: Array,
    memos: Array,
    free: Array,
    touched: Array,
    book: Array,
    code_market: Array,
    close_ones: Array,
    state: Array,
    answer: Array,
) -> bool:
    market, count, price = book[0][event.market], event.amount, event.price_ticks
    if event.one == event.other or count < 1 or price < 1 or price > market.max_price_ticks or market.trading == 0:
        return False
    if event.time_ns >= market.expiry_ns or event.time_ns < market.calm_from_ns or not value_fits(market, price):
        return False
    if state[BAND] and price != market.mark_ticks:
        return False
    value = value_at(market, price)
    widest = max(float(abs(value)), float(market.widest_quanta))
    if abs(value) < market.min_value_quanta or float(count) * widest >= MOST_LEG:
        return False
    legs = (memos, code_market)
    lost = count * (market.value - value)  # what the buyer gains against the mark, the seller loses
    interest = market.open_interest_lots
    row, held = find(units[event.one].head, event.market, event.one_side, legs)
    found, had = find(units[event.other].head, event.market, event.other_side, legs)
    if state[ROWS] + 2 > len(memos):
        state[ASKS_ROOM] = 1
        return False
    one, two = event.one, event.other
    passed, own, asked, gross = passes(
        one, event.one_side, row, held, count, value, lost, widest, event, units, legs, book, state
    )
    if passed == UNSURE:
        return False
    passed_too, other_own, other_asked, other_gross = passes(
        two, event.other_side, found, had, -count, value, -lost, widest, event, units, legs, book, state
    )
    interest += max(0, held + count) - max(0, held) + max(0, had - count) - max(0, had)
    if passed_too == UNSURE or interest > market.max_open_interest_lots:
        return False
    if passed == SHORT:
        return refuse(answer, TOO_LITTLE_MARGIN, one, own, asked)
    if passed_too == SHORT:
        return refuse(answer, TOO_LITTLE_MARGIN, two, other_own, other_asked)
    answer.seen = market.value
    if not market.calm_low <= value <= market.calm_high:
        state[CALM], state[NOBODY_POOR] = 0, 0
    columns = (units, memos, free, touched)
    settle(one, event.one_side, row, held, count, value, event.market, columns, book, state)
    settle(two, event.other_side, found, had, -count, value, event.market, columns, book, state)
    if passed == OPENED:
        watch_out(one, own, gross, units, close_ones, state)
    if passed_too == OPENED:
        watch_out(two, other_own, other_gross, units, close_ones, state)
    market.open_interest_lots = interest
    market.most_lots = max(market.most_lots, abs(held + count), abs(had - count))
    market.moved = 1
    return True


@inlined
def passes(
    number: int,
    side: int,
    row: int,
    held: int,
    change: int,
    value: int,
    gained: int,
    widest: float,
    event: Array,
    units: Array,
    legs: Array,
    book: Array,
    state: Array,
) -> tuple[int, int, int, int]:
    """Return whether a side of a trade passes every rung and leaves nothing behind but the trade itself.

    With it its equity and its notional after the trade, and between them the requirement: initial for who opens.
    """
    unit, market, after = units[number], book[0][event.market], held + change
    flags = unit.flags
    unsure = (UNSURE, 0, 0, 0)
    if flags & (BANKRUPT | SPECIAL) or (flags & HEDGE != 0) != (side != 0):
        return unsure
    if unit.market >= 0 and unit.market != event.market:
        return unsure
    if flags & (LONG_LEG | SHORT_LEG) and (flags & LONG_LEG != 0) != (side > 0):
        return unsure
    if side != 0:
        opens = (change > 0) == (side > 0)
        if not opens and abs(change) > abs(held):
            return unsure
    else:
        opens = held == 0 or (held > 0) == (change > 0) or abs(change) > abs(held)
    if float(abs(after)) * widest >= MOST_LEG or (row < 0 and unit.legs >= MOST_LEGS):
        return unsure
    if opens and (flags & ORDERS or abs(after) > market.max_lots):
        return unsure
    cash = unit.quote - change * value + change * market.funding
    if abs(cash) >= MOST_QUOTE or abs(unit.realised) + abs(cash) >= MOST_QUOTE:
        return unsure
    if row >= 0:
        memo = legs[0][row]
        if max(abs(memo.cost), abs(memo.entry_funding)) + abs(float(change)) * widest >= float(MOST_QUOTE):
            return unsure
    if unit.market >= 0 and after == 0 and cash > 0:
        return unsure  # An isolated unit gives its rest back: a second fact.
    age = state[AGE] if gained < 0 else 0
    new = event.market if row < 0 else -1
    plain, own, asked, gross = weigh(unit.head, cash, legs, book, row, after, new, opens, event.time_ns, age)
    if not plain:
        return unsure
    if opens:
        return (OPENED if own >= asked else SHORT), own, asked, gross
    fine = own >= 0 and (gained >= 0 or own >= asked)
    return (REDUCED if fine else UNSURE), own, asked, gross


@inlined
def refuse(answer: Array, why: int, number: int, found: int, bound: int) -> bool:
    """Tell why an event is refused; always True: it is answered."""
    answer.refused, answer.unit = why, number
    answer.found, answer.bound = found, bound
    return True
