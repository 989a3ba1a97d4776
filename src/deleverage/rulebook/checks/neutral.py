"""The neutral mode is a trader's, and the neutral are closed last: counted anew, from the legs before the fact."""

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import SIGN_OF
from deleverage.rulebook.checks.view import Checks, View, require
from deleverage.rulebook.quantities import PPB
from deleverage.rulebook.selection import SELECTIONS
from deleverage.rulebook.stages.candidates import NEUTRAL_TIER, ORDINARY_TIER, eligible
from deleverage.rulebook.stages.held import bankrupts_in


def check_neutral_last(view: View, fact: m.Deleveraged) -> None:
    """Each closing says the tier its unit is in; nobody neutral is closed while an ordinary candidate has lots left.

    A policy of somebody's own may order as it likes, and one by one the tiers are those of each fill.
    """
    if view.rules.rerank == "each_fill":
        return
    for pool in fact.pools:
        side = SIGN_OF[pool.side]
        accounts = frozenset(unit.account_id for unit in bankrupts_in(view.book, pool.market_id, side))
        tiers = {c.unit_id: c for c in eligible(view.book, view.rules, pool.market_id, side, accounts).candidates}
        closed = {c.unit_id: c for c in fact.closings if (c.market_id, c.side) == (pool.market_id, pool.side)}
        for unit_id, closing in closed.items():
            found = tiers[unit_id].tier if unit_id in tiers else None
            require("INV-10", closing.tier == found, f"{unit_id} was closed in tier {closing.tier}, it is in {found}")
            counted = _is_hedged(view, unit_id, pool.market_id)
            ordinary = closing.tier == ORDINARY_TIER and counted
            astray = closing.tier == NEUTRAL_TIER and not counted
            require("INV-10", not (ordinary or astray), f"{unit_id} is neutral: {counted}, its tier {closing.tier}")
        if type(view.rules.policy) not in SELECTIONS.kinds.values():
            continue
        first = next((key for key, closing in closed.items() if closing.tier == NEUTRAL_TIER), None)
        left = [
            key
            for key, one in tiers.items()
            if one.tier == ORDINARY_TIER and (key not in closed or closed[key].closed_lots < one.lots)
        ]
        require(
            "INV-10", first is None or not left, f"neutral {first} was closed before {left[:3]}, who have lots left"
        )


def _is_hedged(view: View, unit_id: str, market_id: str) -> bool:
    """Return whether a unit is neutral in the market's underlying, counted by markets instead of legs."""
    unit, rules = view.book.units[unit_id], view.rules
    if unit.isolated_market_id or not view.book.accounts[unit.account_id].neutral or not rules.neutral_within_ppb:
        return False
    underlying = view.book.markets[market_id].terms.underlying_id
    related = [key for key, market in view.book.markets.items() if market.terms.underlying_id == underlying]
    long_quanta, short_quanta = (
        sum(unit.lots_on(key, sign) * abs(view.book.markets[key].value_quanta) for key in related) for sign in (1, -1)
    )
    spare = rules.neutral_within_ppb * max(long_quanta, short_quanta) - abs(long_quanta - short_quanta) * PPB
    return spare > 0 or (spare == 0 and rules.neutral_boundary == "inclusive")


def _check_set(view: View, fact: m.NeutralModeSet) -> None:
    account = view.book.accounts[fact.account_id]
    require("INV-10", account.role == "trader", f"{fact.account_id} is in the neutral mode and is a {account.role}")


CHECKS: Checks = {
    m.NeutralModeSet: _check_set,
}
