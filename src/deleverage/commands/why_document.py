"""One account in one step as a JSON document: money, prices and sizes as exact decimal texts.

Money is in the currency that the journal's head names (``units.money``), in quanta where it names none.
"""

from typing import Any

from deleverage.commands.output import head
from deleverage.domain.records import UnitState
from deleverage.domain.show import price_of
from deleverage.domain.why.records import Asked, Event, InPool, PoolWhy, RoundWhy, Why
from deleverage.rulebook.messages import Fill
from deleverage.rulebook.quantities import MARGIN_SCALE, div_ceil, format_units
from deleverage.rulebook.ranking import Candidate

Json = dict[str, Any]


def document(why: Why, journal: str) -> Json:
    """Return the answer as one document."""
    return _Writer(why).document(journal)


class _Writer:
    """Writes one answer; knows the scales."""

    def __init__(self, why: Why) -> None:
        self.why, self.scale = why, why.head.money

    def money(self, quanta: int) -> str:
        return format_units(quanta, self.scale)

    def document(self, journal: str) -> Json:
        why, rules = self.why, self.why.head.rules
        return {
            **head("why"),
            "journal": journal,
            "domain": why.head.domain,
            "account": why.account_id,
            "unit_ids": list(why.unit_ids),
            "step": str(why.step),
            "command": str(why.seq),
            "key": why.key,
            "time_ns": str(why.time_ns),
            "rules_hash": why.head.rules_hash,
            "policy": rules.policy.name,
            "units": {"money": why.head.currency or None, "quantum": self.money(1)},
            "marks": {name: format_units(ticks, why.terms[name].tick) for name, ticks in why.marks.items()},
            "fund": {
                "before": self.money(why.fund_before_quanta),
                "paid": self.money(why.fund_paid_quanta),
                "after": self.money(why.fund_after_quanta),
            },
            "before": [self._state(state) for state in why.before],
            "after": [self._state(state) for state in why.after],
            "rounds": [self._round(item) for item in why.rounds],
            "events": [self._event(event) for event in why.events],
        }

    def _state(self, state: UnitState) -> Json:
        return {
            "unit": state.unit_id,
            "role": state.role,
            "cash": self.money(state.cash_quanta),
            "equity": self.money(state.equity_quanta),
            "lots": {leg_id: str(lots) for leg_id, lots in state.lots},
        }

    def _round(self, item: RoundWhy) -> Json:
        return {
            "round": str(item.round),
            "trigger": item.trigger,
            "policy": item.policy,
            "price_rule": item.price,
            "may_bankrupt": item.may_bankrupt,
            "one_by_one": item.one_by_one,
            "pools": [self._pool(pool) for pool in item.pools],
            "units": [self._in_pool(unit) for unit in item.units],
        }

    def _pool(self, item: PoolWhy) -> Json:
        pool = item.pool
        return {
            "market": pool.market_id,
            "bankrupt_side": pool.side,
            "mark": format_units(item.mark_ticks, self.why.terms[pool.market_id].tick),
            "lots": str(pool.lots),
            "netted_lots": str(pool.netted_lots),
            "closed_lots": str(pool.closed_lots),
            "shortfall": self.money(pool.shortfall_quanta),
            "asked": self.money(pool.asked_quanta),
            "collected": self.money(pool.collected_quanta),
            "stopped": pool.stopped,
            "bankrupts": [
                {"unit": one.unit_id, "lots": str(one.lots), "shortfall": self.money(one.shortfall_quanta)}
                for one in item.debtors
            ],
            "candidates": str(item.ranks),
            "candidate_lots": str(item.rank_lots),
            "closed_candidates": str(item.closed_units),
            "last_rank_closed": str(item.reached),
        }

    def _in_pool(self, item: InPool) -> Json:
        place = item.place
        return {
            "unit": item.unit_id,
            "market": item.pool.market_id,
            "bankrupt_side": item.pool.side,
            "standing": item.standing.value,
            "reason": item.reason,
            "rank": None if place is None else str(place.rank),
            "score": None if place is None else place.score or None,
            "lots": None if place is None else str(place.lots),
            "lots_ahead": None if place is None else str(place.lots_ahead),
            "inputs": None if item.inputs is None else self._inputs(item.inputs),
            "closings": [self._asked(one) for one in item.asked],
            "fills": [self._fill(fill) for fill in item.fills],
        }

    def _asked(self, one: Asked) -> Json:
        closing = one.closing
        return {
            "rank": str(one.place.rank),
            "of": str(one.candidates),
            "tier": closing.tier,
            "score": closing.score or None,
            "lots_ahead": str(one.place.lots_ahead),
            "needed_lots": str(one.needed_lots),
            "lots_before": str(closing.lots_before),
            "closed_lots": str(closing.closed_lots),
            "money_against_mark": self.money(closing.money_quanta),
            "most": self.money(max(0, closing.equity_before_quanta)),
            "result_against_entry": self.money(closing.result_entry_quanta),
            "inputs": self._inputs(one.inputs),
            "fill": self._fill(one.fill),
        }

    def _inputs(self, one: Candidate) -> Json:
        return {
            "value": self.money(one.value_quanta),
            "profit": self.money(one.pnl_quanta),
            "cost": self.money(one.base_quanta),
            "equity": self.money(one.equity_quanta),
            "maintenance": self.money(div_ceil(one.maintenance_scaled, MARGIN_SCALE)),
            "unit_profit": self.money(one.unit_pnl_quanta),
            "unit_value": self.money(one.unit_value_quanta),
            "unit_maintenance": self.money(div_ceil(one.unit_maintenance_scaled, MARGIN_SCALE)),
        }

    def _fill(self, fill: Fill) -> Json:
        return {
            "part": fill.part,
            "leg": fill.leg_id,
            "lots": str(fill.lots),
            "price": price_of(fill, self.why.terms[fill.market_id]),
            "amount": self.money(fill.amount_quanta),
            "against_mark": self.money(fill.money_quanta),
        }

    def _event(self, event: Event) -> Json:
        cut = event.haircut
        return {
            "unit": event.unit_id,
            "stage": event.stage,
            "round": str(event.round),
            "fact": type(event.fact).__name__,
            "fill": None if event.fill is None else self._fill(event.fill),
            "money": None if event.fill is not None else self.money(event.money_quanta),
            "haircut": None
            if cut is None
            else {
                "rule": getattr(event.fact, "rule", ""),
                "weight": str(cut.weight),
                "most": self.money(cut.base_quanta),
                "taken": self.money(cut.taken_quanta),
                "claim": self.money(cut.claim_quanta),
            },
        }
