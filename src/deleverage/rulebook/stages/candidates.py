"""Who may be closed in stage 5: candidates of a pool, their tiers, and the request a policy sees.

Candidates never run out: lots sum to zero, so the solvent hold at least the lots that the bankrupt need. An exclusion
is therefore a last tier, not a removal; a real removal must be named by the preset, and the fact names it.
"""

from typing import NamedTuple

from deleverage.rulebook.book import Book, Market, Unit, market_of
from deleverage.rulebook.margin import (
    equity,
    is_unhealthy,
    leg_maintenance,
    leg_value,
    maintenance_numerator,
    price_pnl,
)
from deleverage.rulebook.neutral import is_neutral
from deleverage.rulebook.places import Place, places
from deleverage.rulebook.ranking import Candidate
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.selection import Request

FUND_TIER, BACKSTOP_TIER, ORDINARY_TIER, NEUTRAL_TIER, LAST_TIER, NO_EQUITY_TIER = range(6)


class Eligible(NamedTuple):
    """The candidates of one pool, and the units a declared removal took out, with the reason."""

    candidates: tuple[Candidate, ...]
    removed: tuple[str, ...]


def eligible(
    book: Book, rules: Rules, market_id: str, side: int, bankrupts: frozenset[str], units: list[Unit] | None = None
) -> Eligible:
    """Return the solvent of some units (or of all) with lots opposite to bankrupt longs (1) or shorts (-1), by id.

    ``bankrupts`` are the accounts of these.
    """
    market = book.markets[market_id]
    candidates, removed = [], []
    for unit in book.sorted_units() if units is None else units:
        found = None if unit.bankrupt else unit.leg_on(market_id, -side)
        if found is None:
            continue
        leg = found[1]
        legs = [(one, book.markets[market_of(leg_id)]) for leg_id, one in unit.legs.items()]
        equity_quanta = equity(book, unit)
        exclusions = _exclusions(book, unit, equity_quanta, bankrupts)
        declared = [exclusion for exclusion in exclusions if exclusion in rules.removed]
        if declared:
            removed.append(f"{unit.unit_id}: {declared[0]}")
            continue
        candidates.append(
            Candidate(
                unit.unit_id,
                _tier(book, rules, unit, market, exclusions),
                abs(leg.lots),
                abs(leg_value(leg, market)),
                price_pnl(leg, market),
                max(1, abs(leg.cost)),
                equity_quanta,
                leg_maintenance(market, leg.lots),
                sum(price_pnl(one, where) for one, where in legs),
                sum(abs(leg_value(one, where)) for one, where in legs),
                maintenance_numerator(book, unit),
            )
        )
    return Eligible(tuple(candidates), tuple(removed))


def queue_of(book: Book, rules: Rules, market_id: str, side: int) -> list[Place]:
    """Return the queue as people see it: who would be asked for lots of bankrupt longs (side 1) or shorts (-1) now."""
    found = eligible(book, rules, market_id, side, frozenset())
    lots = sum(candidate.lots for candidate in found.candidates)
    name = "long" if side > 0 else "short"
    return places(rules.policy.order(Request(lots, found.candidates, market_id, name, book.steps + 1, 1)))


def _exclusions(book: Book, unit: Unit, equity_quanta: int, bankrupt_accounts: frozenset[str]) -> tuple[str, ...]:
    """Return every reason to ask this unit last; the fund's inventory has none."""
    if book.role(unit) == "fund":
        return ()
    reasons = (
        ("no_equity", equity_quanta <= 0),
        ("own_units", unit.account_id in bankrupt_accounts),
        ("unhealthy", is_unhealthy(book, unit)),
    )
    return tuple(reason for reason, applies in reasons if applies)


def _tier(book: Book, rules: Rules, unit: Unit, market: Market, exclusions: tuple[str, ...]) -> int:
    if exclusions:
        return NO_EQUITY_TIER if "no_equity" in exclusions else LAST_TIER
    underlying, within_ppb = market.terms.underlying_id, rules.neutral_within_ppb
    if is_neutral(book, unit, underlying, within_ppb, rules.neutral_boundary):
        return NEUTRAL_TIER
    return {"fund": FUND_TIER, "backstop": BACKSTOP_TIER}.get(book.role(unit), ORDINARY_TIER)
