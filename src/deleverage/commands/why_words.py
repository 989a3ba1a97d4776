"""Numbers of an answer in the words of ``why``: money, prices, sizes, and what one fact did."""

import sys
import textwrap
from collections.abc import Iterator

from deleverage.domain.records import UnitState
from deleverage.domain.show import counted, grouped, money_text, price_of
from deleverage.domain.why.records import Event, Why
from deleverage.rulebook import messages as m
from deleverage.rulebook.messages import Fill
from deleverage.rulebook.quantities import MARGIN_SCALE, Scale, div_ceil
from deleverage.rulebook.ranking import Candidate

LABEL = 14
"""So wide is the column of labels."""

PARTS = {
    "liquidated": "liquidated into the book",
    "maker": "filled a liquidation from its order",
    "taker": "taken over as a backstop",
    "bankrupt": "taken over by others",
    "netted": "netted against other bankrupts",
    "candidate": "closed",
    "auctioned": "sold in an auction",
    "bidder": "bought in an auction",
}
"""What a fill of a step means for whose it is."""

SOURCES: dict[type[m.Fact], str] = {
    m.FundPaid: "from the fund",
    m.Socialised: "from what was taken of others",
    m.ResidualNamed: "of money that nobody has",
    m.CollateralSold: "for collateral",
    m.MarginMoved: "within the account: an isolated unit became flat",
}
"""Where money of a step comes from, or goes."""


class Words:
    """Knows the scales of one answer."""

    seconds = Scale(1, 9)

    def __init__(self, why: Why) -> None:
        """Speak of this answer."""
        self.why = why

    def amount(self, quanta: int) -> str:
        """Return money with its currency; quanta where the journal names none."""
        head = self.why.head
        return (
            f"{money_text(quanta, head.money)} {head.currency}"
            if head.currency
            else counted(quanta, "quantum", "quanta")
        )

    def fill(self, fill: Fill) -> str:
        """Return lots, price and money of a fill."""
        price = grouped(price_of(fill, self.why.terms[fill.market_id]))
        against = f"{self.amount(fill.money_quanta)} against the mark" if fill.money_quanta else "the mark"
        return f"{counted(abs(fill.lots), 'lot')} of {fill.leg_id} at {price}, {against}"

    def inputs(self, one: Candidate) -> str:
        """Return what a score is made of."""
        leg = f"profit {self.amount(one.pnl_quanta)} at the mark, cost {self.amount(one.base_quanta)}, "
        leg += f"value {self.amount(one.value_quanta)}, {counted(one.lots, 'lot')}"
        unit = f"equity {self.amount(one.equity_quanta)}, "
        unit += f"maintenance {self.amount(div_ceil(one.unit_maintenance_scaled, MARGIN_SCALE))}"
        if one.unit_value_quanta != one.value_quanta:
            unit += f", profit of all legs {self.amount(one.unit_pnl_quanta)}, their value "
            unit += self.amount(one.unit_value_quanta)
        return f"its position: {leg}; its unit: {unit}"

    def state(self, state: UnitState) -> str:
        """Return what a unit holds."""
        lots = ", ".join(f"{lots:+,} {leg_id}" for leg_id, lots in state.lots) or "no position"
        return f"{lots}; equity {self.amount(state.equity_quanta)}"

    def event(self, event: Event) -> str:
        """Return what one fact did to a unit."""
        fact, money = event.fact, event.money_quanta
        if event.fill is not None:
            return f"{PARTS.get(event.fill.part, event.fill.part)}: {self.fill(event.fill)}"
        if event.haircut is not None:
            cut, rule = event.haircut, getattr(fact, "rule", "")
            debt, bearers = getattr(fact, "debt_quanta", 0), len(getattr(fact, "haircuts", ()))
            told = f"{self.amount(cut.taken_quanta)} taken by the loss rule {rule}: its part of {self.amount(debt)} of "
            told += f"debts that no lots carry, borne by {counted(bearers, 'unit')}; at most "
            told += f"{self.amount(cut.base_quanta)} of it could be taken"
            return told + (f"; {self.amount(cut.claim_quanta)} are owed back" if cut.claim_quanta else "")
        if isinstance(fact, m.BankruptcyDeclared):
            return f"declared bankrupt with an equity of {self.amount(money)}"
        if isinstance(fact, m.BankruptcyEnded):
            return f"its bankruptcy ended with an equity of {self.amount(money)}"
        if isinstance(fact, m.ResidualNamed):
            item = next(one for one in fact.residuals if one.unit_id == event.unit_id)
            lots = ", ".join(f"{lots:+,} {leg_id}" for leg_id, lots in item.lots)
            left = f"{lots} and " if lots else ""
            told = f"left uncovered because of {item.reason}: {left}a shortfall of {self.amount(item.shortfall_quanta)}"
            return told + (f"; {self.amount(money)} of it became the residual that nobody carries" if money else "")
        told = "received" if money > 0 else "paid"
        return f"{told} {self.amount(abs(money))} {SOURCES.get(type(fact), f'({type(fact).__name__})')}"


def said(label: str, sentence: str) -> Iterator[str]:
    """Yield a sentence in lines behind its label."""
    width = 120 if not sys.stdout.isatty() else 100
    indent = " " * (LABEL + 2)
    head = f"  {label:<{LABEL}}" if len(label) < LABEL else f"  {label} "
    yield from textwrap.wrap(
        " ".join(sentence.split()), width, initial_indent=head, subsequent_indent=indent, break_on_hyphens=False
    )
