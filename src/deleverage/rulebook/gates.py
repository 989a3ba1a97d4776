"""Why money may not leave now: a gate is a value with a scope, a reason, and what has to happen for it to open.

Gates open by themselves: nobody opens or closes one by hand, they are read off the book. The scope of a debt is the
whole domain and cannot be narrower: the money of a domain is one pot. Where gains of any market bear a loss, where a
residual scales everybody, a gate for one market would let those of another leave first, and the rest pay more.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from deleverage.rulebook.book import Book, Unit
from deleverage.rulebook.margin import equity
from deleverage.rulebook.messages import Code, Rejection

DOMAIN = "domain"
"""The scope that is everybody; no id is needed, and a unit of this name is told by its ``unit_id``."""


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


def withdrawal_gates(book: Book, guarded: Mapping[str, str], guarded_assets: Mapping[str, str]) -> tuple[Gate, ...]:
    """Return every gate that is closed now, in order of precedence of the codes, then by unit.

    ``guarded`` are the markets whose mark is guarded, ``guarded_assets`` the assets whose price is, each with the
    reason. Empty: free money may leave.
    """
    return tuple(sorted(_closed(book, guarded, guarded_assets), key=lambda gate: (gate.code, gate.unit_id)))


def _closed(book: Book, guarded: Mapping[str, str], guarded_assets: Mapping[str, str]) -> Iterator[Gate]:
    for unit in book.sorted_units():
        yield from filter(None, (bankrupt_gate(unit), mark_gate(unit, guarded, guarded_assets)))
    if (gate := debt_gate(book)) is not None:
        yield gate


def bankrupt_gate(unit: Unit) -> Gate | None:
    """Return the gate of a bankrupt unit."""
    if not unit.bankrupt:
        return None
    opens = "the step that settles its lots and its shortfall"
    reason = "it is bankrupt"
    return Gate(code=Code.UNIT_BANKRUPT, unit_id=unit.unit_id, reason=reason, opens=opens, found=unit.unit_id, bound="")


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


def debt_gate(book: Book) -> Gate | None:
    """Return the gate of the whole domain: somebody is below zero, and who carries it is not decided yet."""
    for unit in book.sorted_units():
        own = equity(book, unit)
        if own < 0:
            reason = f"{unit.unit_id} is below zero"
            opens = "a step that carries or names the shortfall, or marks at which nobody is below zero"
            return Gate(code=Code.NEGATIVE_EQUITY, unit_id="", reason=reason, opens=opens, found=own, bound=0)
    return None
