"""What people did between two steps that changed who is closed: bids, approvals, halts and their ends, in sentences."""

from deleverage.rulebook.messages import AuctionSold, EnvelopeApproved, EnvelopeEnded, Fact, Halted, Resumed
from deleverage.rulebook.quantities import Scale, format_units
from deleverage.scenarios.model import Scenario

PERCENT = Scale(1, 7)
"""A ppb in percent."""


def news_of(fact: Fact, scenario: Scenario) -> list[str]:
    """Return what a fact means to a reader; sizes and money as decimals with their unit. Nothing for ordinary facts."""
    money, scales = scenario.money, {terms.market_id: terms for terms in scenario.markets}
    unit = scenario.currency
    if isinstance(fact, AuctionSold):
        lots = format_units(abs(fact.fills[0].lots), scales[fact.market_id].lot)
        discount = f"{format_units(fact.discount_ppb, PERCENT)} % below the mark"
        given = f"{format_units(fact.discount_quanta, money)} {unit}"
        over = f"; the auction ended: {fact.ended}" if fact.ended else ""
        sale = f"{fact.bidder_unit_id} bought {lots} of {fact.unit_id} in {fact.market_id}, {discount}: {given}{over}"
        return [sale]
    if isinstance(fact, EnvelopeApproved):
        lots = format_units(fact.most_lots, scales[fact.market_id].lot)
        most = f"{format_units(fact.most_notional_quanta, money)} {unit}"
        return [f"approved: {lots} of the bankrupt {fact.side}s in {fact.market_id}, worth at most {most}"]
    if isinstance(fact, EnvelopeEnded):
        return [f"approval of {fact.side}s in {fact.market_id} {fact.why}: {fact.reason}"]
    if isinstance(fact, Halted):
        return [f"halted: {fact.scope or 'the domain'} ({fact.reason})"]
    if isinstance(fact, Resumed):
        grace = f", a grace in {', '.join(fact.grace)}" if fact.grace else ""
        return [f"resumed: {fact.scope or 'the domain'}{grace}"]
    return []
