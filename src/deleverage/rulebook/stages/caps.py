"""The caps of the fund: what one step may pay by event, owner group, market and leg, in the order in which they cut.

Payments of stage 4 and the shortfalls that stage 3 brings along count together, over all pools.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.book import Book, market_of
from deleverage.rulebook.margin import leg_value
from deleverage.rulebook.quantities import PPB, share_floor
from deleverage.rulebook.rules import Rules

Key = tuple[str, str, str]
"""Pool, unit, leg id; leg id "" is a flat unit's debt."""


@dataclass
class FundMoney:
    """What the fund has paid in a step, and what its caps leave; quanta. ``before``: the book as the step began."""

    rules: Rules
    before: Book
    paid_quanta: int = 0
    by_market: dict[str, int] = field(default_factory=dict)
    by_leg: dict[tuple[str, str], int] = field(default_factory=dict)

    def note(self, unit_id: str, leg_id: str, paid_quanta: int) -> None:
        """Count fund money for the rest of the step."""
        self.paid_quanta += paid_quanta
        key, market_id = (unit_id, leg_id), market_of(leg_id)
        self.by_leg[key] = self.by_leg.get(key, 0) + paid_quanta
        if market_id:
            self.by_market[market_id] = self.by_market.get(market_id, 0) + paid_quanta

    def cut(self, book: Book, parts: dict[Key, int]) -> None:
        """Cut what each debt would be paid, cap after cap: pro rata, where together it is more than a cap leaves."""
        rules = self.rules
        _cut(parts, parts, rules.fund_event_cap_quanta, self.paid_quanta)
        groups = _grouped((book.owner_group(key[1]), key) for key in parts)
        for group, members in groups.items():
            _cut(parts, members, rules.fund_group_cap_quanta, book.fund_paid_by_group.get(group, 0))
        for market_id, members in _grouped((market_of(key[2]), key) for key in parts).items():
            _cut(parts, members, rules.fund_market_cap_quanta, self.by_market.get(market_id, 0))
        for key in parts:
            _cut(parts, [key], self._leg_cap(key[1:]), self.by_leg.get(key[1:], 0))

    def holds(self, book: Book, market_id: str, debts: Mapping[tuple[str, str], int]) -> bool:
        """Return whether all of these debts (by unit and leg of one market) may be paid under every cap."""
        rules, owed = self.rules, sum(debts.values())
        by_group: dict[str, int] = {}
        for (unit_id, _), due in debts.items():
            group = book.owner_group(unit_id)
            by_group[group] = by_group.get(group, 0) + due
        paid_by_group = book.fund_paid_by_group
        spent = [
            (rules.fund_event_cap_quanta, self.paid_quanta + owed),
            (rules.fund_market_cap_quanta, self.by_market.get(market_id, 0) + owed),
            *((rules.fund_group_cap_quanta, paid_by_group.get(group, 0) + due) for group, due in by_group.items()),
            *((self._leg_cap(key), self.by_leg.get(key, 0) + due) for key, due in debts.items()),
        ]
        return all(cap is None or total <= cap for cap, total in spent)

    def _leg_cap(self, key: tuple[str, str]) -> int | None:
        return notional_cap_floor(self.before, self.rules, *key)


def notional_cap_floor(book: Book, rules: Rules, unit_id: str, leg_id: str) -> int | None:
    """Return the share of a leg's notional that the fund may pay, by the book before a step; None: no cap.

    It is 0 for a debt without lots.
    """
    if rules.fund_notional_cap_ppb is None:
        return None
    leg = book.units[unit_id].legs.get(leg_id)
    notional = abs(leg_value(leg, book.markets[market_of(leg_id)])) if leg else 0
    return share_floor(notional, rules.fund_notional_cap_ppb, PPB)


def _grouped(named: Iterable[tuple[str, Key]]) -> dict[str, list[Key]]:
    """Return keys by their names, in order of the names; whose name is empty is under no cap."""
    members: dict[str, list[Key]] = {}
    for name, key in named:
        members.setdefault(name, []).append(key)
    return {name: members[name] for name in sorted(members) if name}


def _cut(parts: dict[Key, int], members: Iterable[Key], cap: int | None, already_paid: int) -> None:
    if cap is None:
        return
    mine = {key: parts[key] for key in members}
    room = min(sum(mine.values()), max(0, cap - already_paid))
    parts.update(apportion(room, [Share(key, part, part) for key, part in mine.items()]).parts)
