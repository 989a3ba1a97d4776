"""Why money may not leave now: a gate is a value with a scope, a reason, and what has to happen for it to open.

Gates open by themselves: nobody opens or closes one by hand, they are read off the book. The scope of a debt is the
whole domain and cannot be narrower: the money of a domain is one pot. Where gains of any market bear a loss, where a
residual scales everybody, a gate for one market would let those of another leave first, and the rest pay more.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from deleverage.rulebook.book import Book, Unit
from deleverage.rulebook.collateral import awaits_price
from deleverage.rulebook.margin import equity
from deleverage.rulebook.messages import Code, Rejection
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.bearers import behind_guards
from deleverage.rulebook.stages.guards import asset_guards, guarded_marks, guards
from deleverage.rulebook.stages.held import why_lots_stay, why_money_waits

DOMAIN = "domain"
"""The scope that is everybody; no id is needed, and a unit of this name is told by its ``unit_id``."""


OPENS = {
    "guard": "accepted or confirmed marks and prices, or the end of a market's halt, and a step behind them",
    "trigger": "a step at whose numbers the trigger fires, or the settlement of the market",
    "approval": "a step under an approved envelope that holds a lot, or the settlement of the market",
    "removal": "a step that finds candidates who are not removed, or the settlement of the market",
    "pace": "the next steps, each of which goes on where pace or throttle has stopped the one before",
}
"""What ends the waiting for a reason of stage 7."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One closed gate: no withdrawal passes it. ``unit_id`` is the unit that it holds, empty: everybody in the domain.

    ``found`` and ``bound`` are the compared numbers (quanta for a debt) or names, as in the rejection that it causes.
    """

    code: Code
    unit_id: str
    reason: str
    opens: str
    found: int | str
    bound: int | str

    @property
    def scope(self) -> str:
        """Whom it holds, in words."""
        return f"unit {self.unit_id}" if self.unit_id else DOMAIN

    def rejection(self) -> Rejection:
        """Return the refusal of whoever stands before the gate."""
        sentence = f"no withdrawal ({self.scope}) while {self.reason}; opens with {self.opens}"
        return Rejection(self.code, sentence, self.found, self.bound)


def withdrawal_gates(book: Book, rules: Rules, time_ns: int) -> tuple[Gate, ...]:
    """Return every gate that is closed at a time, in order of precedence of the codes, then by unit.

    Empty: free money may leave.
    """
    return tuple(sorted(_closed(book, rules, time_ns), key=lambda gate: (gate.code, gate.unit_id)))


def _closed(book: Book, rules: Rules, time_ns: int) -> Iterator[Gate]:
    guarded, prices = guarded_marks(book, rules, time_ns), asset_guards(book, rules, time_ns)
    for unit in book.sorted_units():
        yield from filter(None, (bankrupt_gate(book, rules, unit, time_ns), mark_gate(unit, guarded, prices)))
    if (gate := debt_gate(book, rules, time_ns)) is not None:
        yield gate


def bankrupt_gate(book: Book, rules: Rules, unit: Unit, time_ns: int) -> Gate | None:
    """Return the gate of a bankrupt unit."""
    if not unit.bankrupt:
        return None
    why = _why_it_waits(book, rules, unit, time_ns)
    reason = f"it is bankrupt{_told(why)}"
    opens = _end(book, why, "the step that settles its lots and its shortfall")
    return Gate(code=Code.UNIT_BANKRUPT, unit_id=unit.unit_id, reason=reason, opens=opens, found=unit.unit_id, bound="")


def _why_it_waits(book: Book, rules: Rules, unit: Unit, time_ns: int) -> str:
    """Return what keeps a unit's lots and shortfall from the next step, as stage 7 would say it; empty: nothing.

    Who is not declared bankrupt yet has been in no step: only a guard keeps it from one.
    """
    guarded, prices = guards(book, rules, time_ns), asset_guards(book, rules, time_ns)
    if not unit.bankrupt:
        return "guard" if awaits_price(book, unit, prices) or behind_guards(unit, guarded) else ""
    return why_lots_stay(book, rules, guarded, unit) if unit.legs else why_money_waits(book, rules, guarded, prices)


def _told(why: str) -> str:
    return f" and waits ({why})" if why else ""


def _end(book: Book, why: str, otherwise: str) -> str:
    """Return what has to happen, in words: no step runs in a halted domain, and ``why`` needs its end before one."""
    return ("the end of the halt, and then " if book.is_halted else "") + OPENS.get(why, otherwise)


def mark_gate(unit: Unit, guarded: Mapping[str, str], guarded_assets: Mapping[str, str]) -> Gate | None:
    """Return the gate of a unit whose legs or assets are worth nobody knows what."""
    behind, reasons, opens = [], [], []
    for what, held, why in (("mark", unit.markets(), guarded), ("price", unit.assets.keys(), guarded_assets)):
        names = sorted(held & why.keys())
        if names:
            behind += names
            reasons.append(f"the {what} is guarded: " + ", ".join(f"{name} ({why[name]})" for name in names))
            opens.append(f"an accepted or confirmed {what} of {', '.join(names)}")
    if not behind:
        return None
    return Gate(
        code=Code.MARK_GUARDED,
        unit_id=unit.unit_id,
        reason="; ".join(reasons),
        opens=" and ".join(opens),
        found=", ".join(behind),
        bound="",
    )


def debt_gate(book: Book, rules: Rules, time_ns: int) -> Gate | None:
    """Return the gate of the whole domain: somebody is below zero, and who carries it is not decided yet."""
    for unit in book.sorted_units():
        own = equity(book, unit)
        if own < 0:
            why = _why_it_waits(book, rules, unit, time_ns)
            reason = f"{unit.unit_id} is below zero{_told(why)}"
            opens = _end(book, why, "a step that carries or names the shortfall")
            opens += ", or marks at which nobody is below zero"
            return Gate(code=Code.NEGATIVE_EQUITY, unit_id="", reason=reason, opens=opens, found=own, bound=0)
    return None
