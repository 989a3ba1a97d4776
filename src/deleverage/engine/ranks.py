"""Who would be asked for lots, and in which order: the candidates of stage 5 as columns, ranked by kernels.

Kernels rank where the order of two units hangs on nothing but themselves: a ``Queue`` by one score that is known in
compiled form. ``why_law`` names what is left to the law:

* other policies, a wallet floor beyond 2^62; the rankings ``ethereal`` (three keys) and ``rotation`` (a seeded start,
  which hangs on how many there are);
* declared removals: who is removed is told by name, with the first reason;
* the neutral mode, if a unit is in it: deltas per underlying are sums over markets;
* rankings by maintenance, where a requirement hangs on a leg's share of the open interest, a factor is beyond what
  kernels multiply with, or a price PnL is beyond 2^55;
* a lot that is worth nothing: there is no score.

Collateral is no reason: it only speaks about who is unhealthy, and where it might, the law is asked about that unit.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deleverage.engine.desk import Desk
from deleverage.engine.extract import book_of, holders
from deleverage.engine.valuation import Tables, Valuation, valued
from deleverage.rulebook.book import Book
from deleverage.rulebook.places import Part, Place, part_of
from deleverage.rulebook.queues import Queue
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.scores import NEED_MAINTENANCE
from deleverage.rulebook.stages.candidates import BACKSTOP_TIER, FUND_TIER, LAST_TIER, ORDINARY_TIER, queue_of

Array = NDArray[Any]

NOT_RANKED = ("ethereal", "rotation")
WALLET_BITS = 62
PNL_BITS = 55
"""Of a leg, where a ranking adds up those of a unit: 128 of them stay below 2^62."""


class Candidates(NamedTuple):
    """Rows of legs, a cell each, ascending: what a ranking reads of them, and what it has found.

    ``lots`` and ``cost`` are signed, ``equity`` is the unit's, ``order`` the rank of its id; a tier of -1 is no
    candidate's, ``grades`` and ``keys`` are those of ``kernels.scores``.
    """

    rows: NDArray[np.uint32]
    unit: NDArray[np.uint32]
    lots: NDArray[np.int64]
    code: NDArray[np.uint16]
    cost: NDArray[np.int64]
    equity: NDArray[np.int64]
    tiers: NDArray[np.int8]
    grades: NDArray[np.uint8]
    keys: NDArray[np.int64]
    order: NDArray[np.uint32]
    whole: bool


class Span(NamedTuple):
    """Which legs: codes from ``first`` to before ``end``, ``odds`` 1 longs, 2 shorts, 3 both."""

    first: int
    end: int
    odds: int


def everybody(desk: Desk) -> Span:
    """Return the legs of all markets and sides."""
    return Span(0, len(desk.columns.prices.worth), 3)


def opposite(desk: Desk, market: int, side: int) -> Span:
    """Return the legs opposite to bankrupt longs (side 1) or shorts (-1) of a market."""
    first = int(desk.columns.prices.first_code[market])
    return Span(first, first + 2 * int(desk.columns.prices.markets["tiers"][market]), 2 if side > 0 else 1)


def why_law(desk: Desk, rules: Rules) -> str:
    """Return why kernels cannot rank under these rules, markets apart; empty: they can."""
    policy = rules.policy
    if type(policy) is not Queue or policy.wallet_floor_quanta >> WALLET_BITS:
        return "another policy"
    if policy.ranking in NOT_RANKED:
        return "another ranking"
    if rules.removed:
        return "declared removals"
    if rules.neutral_within_ppb and any(account.neutral for account in desk.roles()):
        return "the neutral mode"
    if policy.ranking in NEED_MAINTENANCE and not Tables(desk).is_exact:
        return "odd requirements"
    return ""


def candidates(
    desk: Desk, rules: Rules, span: Span, value: Valuation, bankrupt_accounts: Collection[int] = ()
) -> Candidates | None:
    """Return who may be asked for lots, ranked; None where only the law can say.

    ``value`` is that of now; ``bankrupt_accounts`` are asked last, by the numbers of their accounts.
    """
    tables = Tables(desk)
    if why_law(desk, rules):
        return None
    from deleverage.engine.kernels.scores import NEED_SUMS, RANKING_OF, WHOLE, score_rows

    assert isinstance(rules.policy, Queue)
    ranking, columns = RANKING_OF[rules.policy.ranking], desk.columns
    rows, unit, lots, code, cost, equity, tiers = gathered(desk, span, value)
    if not tables.value.all() and not tables.value[code[lots != 0]].all():
        return None
    _place_apart(desk, unit, tiers, bankrupt_accounts)
    sums = np.empty((len(rows) if ranking in NEED_SUMS else 0, 6), np.int64)
    states = np.empty((len(sums), 8), np.int64)
    if len(sums) and surveyed(desk, tables, rows, value, states, sums) >> PNL_BITS:
        return None
    keys, grades = np.empty(len(rows), np.int64), np.empty(len(rows), np.uint8)
    floor = rules.policy.wallet_floor_quanta
    score_rows(ranking, floor, tiers, lots, code, tables.value, cost, equity, sums, keys, grades)
    order = columns.order()
    order = unit if columns.is_in_order else order[unit]
    return Candidates(rows, unit, lots, code, cost, equity, tiers, grades, keys, order, ranking in WHOLE)


def surveyed(desk: Desk, tables: Tables, rows: Array, value: Valuation, states: Array, sums: Array) -> int:
    """Write states and sums of some rows as ``kernels.survey.survey`` does, and return the bits that it returns."""
    from deleverage.engine.kernels.survey import survey

    columns = desk.columns
    bits: int = survey(
        rows,
        columns.lots,
        columns.owner,
        columns.code,
        columns.memos,
        columns.units,
        value.equity,
        tables.value,
        tables.rate.astype(np.uint64),
        tables.deduction.astype(np.uint64),
        tables.factor.astype(np.uint64),
        states,
        sums,
    )
    return bits


def gathered(desk: Desk, span: Span, value: Valuation) -> tuple[Array, ...]:
    """Return rows, units, signed lots, codes, signed costs, equities and tiers by health alone of some legs.

    Of everybody's legs all rows come back, free ones with 0 lots among them.
    """
    from deleverage.engine.kernels.survey import gather, of_units

    columns = desk.columns
    if span == everybody(desk):
        lots, owner, code = (column[: columns.rows] for column in (columns.lots, columns.owner, columns.code))
        own, tiers = np.empty(columns.rows, np.int64), np.empty(columns.rows, np.int8)
        of_units(owner, value.equity, value.flags, own, tiers)
        rows = np.arange(columns.rows, dtype=np.uint32)
        return rows, owner, lots, code, columns.cost[: columns.rows], own, tiers
    room = columns.rows + 1
    kinds = (np.uint32, np.uint32, np.int64, np.uint16, np.int64, np.int64, np.int8)
    into: list[Array] = [np.empty(room, kind) for kind in kinds]
    legs = columns.lots, columns.owner, columns.code, columns.cost
    count = gather(*span, columns.rows, *legs, value.equity, value.flags, *into)
    return tuple(column[:count] for column in into)


def _place_apart(desk: Desk, unit: Array, tiers: Array, bankrupt_accounts: Collection[int]) -> None:
    """Write the tiers of the few whose account is not an ordinary one, or a bankrupt's."""
    columns = desk.columns
    account = columns.units["account"]
    if len(bankrupt_accounts):
        own = np.isin(account[unit], list(bankrupt_accounts))
        tiers[own & (tiers == ORDINARY_TIER)] = LAST_TIER
    for other in desk.roles():
        if other.role in ("fund", "backstop"):
            mine = account[unit] == columns.numbers[other.account_id]
            if other.role == "fund":
                tiers[mine & (tiers >= 0)] = FUND_TIER
            else:
                tiers[mine & (tiers == ORDINARY_TIER)] = BACKSTOP_TIER


def is_plain(desk: Desk, rules: Rules) -> bool:
    """Return whether every tier is one of health, and scores read nothing but the leg and its unit's equity."""
    plain = all(account.role == "trader" for account in desk.roles())
    return plain and isinstance(rules.policy, Queue) and rules.policy.ranking not in NEED_MAINTENANCE


def how(rules: Rules) -> tuple[int, int, bool]:
    """Return the number of a queue's ranking, its wallet floor, and whether its keys are whole numbers."""
    from deleverage.engine.kernels.scores import RANKING_OF, WHOLE

    assert isinstance(rules.policy, Queue)
    ranking = RANKING_OF[rules.policy.ranking]
    return ranking, rules.policy.wallet_floor_quanta, ranking in WHOLE


def values_of_lots(desk: Desk) -> NDArray[np.int64]:
    """Return the signed quanta of a lot at the mark, by code."""
    prices = desk.columns.prices
    values: NDArray[np.int64] = prices.markets["value"][prices.code_market]
    return values


class Chooser:
    """Chooses the front of queues; its room is kept from one choice to the next."""

    def __init__(self, desk: Desk, rules: Rules) -> None:
        self._desk, self._rules = desk, rules
        self._room: tuple[Array, ...] = ()

    def choose(
        self, span: Span, value: Valuation, need_lots: int
    ) -> tuple[NDArray[np.uint32], NDArray[np.int64]] | None:
        """Return the units that a queue asks for lots, in no order, and the lots > 0 of each; valid until the next.

        ``value`` is that of now, ``span`` one side of a market. None where only the law can say.
        """
        desk, rules = self._desk, self._rules
        if why_law(desk, rules):
            return None
        if not is_plain(desk, rules):
            found = candidates(desk, rules, span, value)
            return None if found is None else front_of(found, need_lots)
        from deleverage.engine.kernels.ask import ask

        columns, values = desk.columns, values_of_lots(desk)
        if not values[span.first]:
            return None
        if not self._room or len(self._room[0]) <= columns.rows:
            kinds = (np.uint16, np.uint32, np.uint32, np.uint32, np.int64)
            self._room = tuple(np.empty(len(columns.lots) + 1, kind) for kind in kinds)
        legs = columns.lots, columns.owner, columns.code, columns.cost, value.equity, value.flags
        count = ask(*how(rules), *span, columns.rows, *legs, values, columns.order(), need_lots, *self._room)
        return self._room[-2][:count], self._room[-1][:count]


def front_of(found: Candidates, need_lots: int) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the units that are asked for lots, in no order, and the lots of each."""
    from deleverage.engine.kernels.select import choose

    chosen, taken = np.empty(len(found.unit) + 1, np.uint32), np.empty(len(found.unit) + 1, np.int64)
    graded = found.grades, found.keys, found.whole, found.lots, found.order
    count = choose(*graded, need_lots, chosen, taken)
    return found.unit[chosen[:count]], taken[:count]


def queue(desk: Desk, rules: Rules, market_id: str, side: int, part: Part | None = None) -> list[Place]:
    """Return the queue as people see it; the rulebook's ``queue_of``, and asked of it where kernels cannot say.

    With a ``part`` only its places are made: the rest are numbers in columns.
    """
    market = desk.columns.prices.numbers[market_id]
    found = None if why_law(desk, rules) else candidates(desk, rules, opposite(desk, market, side), valued(desk))
    if found is None:
        return part_of(queue_of(book_of(desk, holders(desk, market)), rules, market_id, side), part)
    from deleverage.engine.kernels.keys import score_of
    from deleverage.engine.kernels.standings import stand

    one_group = np.zeros(len(desk.columns.prices.worth), np.int64)
    graded = found.grades, found.keys, found.whole, found.lots, found.order
    ranks, aheads, percentiles, marks = stand(found.code, one_group, 1, *graded)
    asked = np.flatnonzero(ranks)
    if part is not None:
        numbers = desk.columns.numbers
        named = [numbers[unit_id] for unit_id in part.unit_ids if unit_id in numbers]
        asked = asked[(ranks[asked] <= part.most) | np.isin(found.unit[asked], named)]
    asked = asked[np.argsort(ranks[asked])]
    columns = ranks, found.unit, found.tiers, found.grades, found.keys, found.lots, aheads, percentiles, marks
    places = []
    for figures in zip(*(column[asked].tolist() for column in columns), strict=True):
        rank, unit, tier, grade, key, lots, ahead, percentile, light = figures
        score = repr(key if found.whole else float(score_of(key))) if grade % 2 else ""
        places.append(Place(desk.columns.names[unit], rank, tier, score, abs(lots), ahead, percentile, light))
    return places


def lights(desk: Desk, rules: Rules, value: Valuation | None = None) -> NDArray[np.uint8]:
    """Return the lights (1 to 5) of every row of the columns; 0: a free row, or a bankrupt's.

    ``value``: what is known already of everybody at the marks of now, exactly.
    """
    columns = desk.columns
    lit = np.zeros(columns.rows, np.uint8)
    by_kernel = not why_law(desk, rules) and _light_by_kernel(desk, rules, value or valued(desk), lit)
    for market_id in () if by_kernel else columns.prices.names:
        for side in (1, -1):
            _light_by_law(desk, rules, market_id, side, lit)
    return lit


def _light_by_kernel(desk: Desk, rules: Rules, value: Valuation, lit: NDArray[np.uint8]) -> bool:
    """Write the lights of every row; False where only the law can say."""
    columns, prices = desk.columns, desk.columns.prices
    groups = 2 * prices.code_market + np.arange(len(prices.worth)) % 2, 2 * len(prices.names)
    values = values_of_lots(desk)
    if is_plain(desk, rules) and values.all():
        from deleverage.engine.kernels.ask import light_columns

        legs = columns.rows, columns.lots, columns.owner, columns.code, columns.cost
        light_columns(*how(rules), *legs, value.equity, value.flags, values, columns.order(), *groups, lit)
        return True
    found = candidates(desk, rules, everybody(desk), value)
    if found is None:
        return False
    from deleverage.engine.kernels.places import light_rows

    light_rows(found.code, *groups, found.grades, found.keys, found.whole, found.lots, found.order, lit)
    return True


def _light_by_law(desk: Desk, rules: Rules, market_id: str, side: int, lit: NDArray[np.uint8]) -> None:
    """Write the lights of one side of a market."""
    columns = desk.columns
    market = columns.prices.numbers[market_id]
    for place in queue_of(book_of(desk, holders(desk, market)), rules, market_id, side):
        for row in columns.chain(columns.numbers[place.unit_id]):
            same = columns.prices.code_market[columns.code[row]] == market
            if same and columns.lots[row] * side < 0:
                lit[row] = place.lights


def lights_by_leg(desk: Desk, rules: Rules) -> dict[tuple[str, str], int]:
    """Return the lights of every leg that has some, by unit and leg id."""
    columns, lit = desk.columns, lights(desk, rules)
    rows = np.flatnonzero(lit).tolist()
    return {(columns.names[columns.owner[row]], columns.leg_id(row)): int(lit[row]) for row in rows}


def lights_by_law(book: Book, rules: Rules) -> dict[tuple[str, str], int]:
    """Return the same of a book that columns cannot hold."""
    found = {}
    for market_id in book.markets:
        for side in (1, -1):
            for place in queue_of(book, rules, market_id, side):
                leg = book.units[place.unit_id].leg_on(market_id, -side)
                assert leg is not None
                found[place.unit_id, leg[0]] = place.lights
    return found
