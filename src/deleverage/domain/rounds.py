"""The part of the document about rounds of stage 5: pools, queues, fills and naked legs.

A queue lists everybody who was touched and the next ``QUEUE_NEXT`` in line; ``queue_rest`` counts the others.
"""

from typing import Any

from deleverage.domain.records import FillRecord, QueueRecord, RoundRecord, StepRecord
from deleverage.domain.show import price_of
from deleverage.rulebook.book import MarketTerms
from deleverage.rulebook.messages import Closing
from deleverage.rulebook.places import Place
from deleverage.rulebook.quantities import Scale, format_units

QUEUE_NEXT = 10

Json = dict[str, Any]


class RoundWriter:
    """Writes rounds; knows the scales."""

    def __init__(self, terms: dict[str, MarketTerms], money: Scale) -> None:
        """Keep the markets' terms by id, and the scale of money."""
        self.terms, self.scale = terms, money

    def money(self, quanta: int) -> str:
        """Return quanta as an exact decimal of the settlement currency."""
        return format_units(quanta, self.scale)

    def round_entry(self, step: StepRecord, item: RoundRecord) -> Json:
        """Return one round of one step."""
        fact = item.fact
        closed = {(closing.unit_id, closing.market_id): closing for closing in fact.closings}
        collected = sum(pool.collected_quanta for pool in fact.pools)
        return {
            "frame": step.frame,
            "step": step.step,
            "round": fact.round,
            "policy": fact.policy,
            "price_rule": fact.price,
            "deficit": self.money(item.before.shortfall_quanta),
            "covered": self.money(collected + item.socialised_quanta),
            "collected": self.money(collected),
            "socialised": self.money(item.socialised_quanta),
            "residual": self.money(item.after.shortfall_quanta),
            "residual_lots": str(item.after.lots),
            "pools": [
                {
                    "market": pool.market_id,
                    "bankrupt_side": pool.side,
                    "lots": str(pool.lots),
                    "netted_lots": str(pool.netted_lots),
                    "closed_lots": str(pool.closed_lots),
                    "shortfall": self.money(pool.shortfall_quanta),
                    "asked": self.money(pool.asked_quanta),
                    "collected": self.money(pool.collected_quanta),
                    "stopped": pool.stopped,
                    "removed": list(pool.removed),
                }
                for pool in fact.pools
            ],
            "queue": [row for queue in item.queues for row in self._queue(queue, closed)],
            "queue_rest": [self._queue_rest(queue, closed) for queue in item.queues],
            "fills": [self._fill(record) for record in item.fills],
            "naked_legs": [
                {"unit": n.unit_id, "closed_leg": n.closed_leg_id, "leg": n.leg_id, "lots": str(n.lots)}
                for n in item.naked
            ],
        }

    def _queue(self, queue: QueueRecord, closed: dict[tuple[str, str], Closing]) -> list[Json]:
        rows = []
        for place in _shown(queue, closed):
            closing = closed.get((place.unit_id, queue.market_id))
            rows.append(
                {
                    "market": queue.market_id,
                    "side": queue.side,
                    "rank": place.rank,
                    "unit": place.unit_id,
                    "tier": place.tier,
                    "score": place.score or None,
                    "lots": str(place.lots),
                    "lots_ahead": str(place.lots_ahead),
                    "percentile_ppb": str(place.percentile_ppb),
                    "lights": place.lights,
                    "closed_lots": str(closing.closed_lots if closing else 0),
                }
            )
        return rows

    def _queue_rest(self, queue: QueueRecord, closed: dict[tuple[str, str], Closing]) -> Json:
        shown = {place.unit_id for place in _shown(queue, closed)}
        rest = [place for place in queue.places if place.unit_id not in shown]
        lots = sum(place.lots for place in rest)
        return {"market": queue.market_id, "side": queue.side, "units": str(len(rest)), "lots": str(lots)}

    def _fill(self, record: FillRecord) -> Json:
        fill = record.fill
        return {
            "unit": fill.unit_id,
            "part": fill.part,
            "market": fill.market_id,
            "leg": fill.leg_id,
            "lots": str(fill.lots),
            "amount": self.money(fill.amount_quanta),
            "price": price_of(fill, self.terms[fill.market_id]),
            "against_mark": self.money(fill.money_quanta),
            "result_against_entry": self.money(record.result_entry_quanta),
            "would_realise_loss": record.loss,
        }


def _shown(queue: QueueRecord, closed: dict[tuple[str, str], Closing]) -> list[Place]:
    """Return who is listed of a queue: everybody touched, and the next in line."""
    shown, following = [], 0
    for place in queue.places:
        if (place.unit_id, queue.market_id) in closed:
            shown.append(place)
        elif following < QUEUE_NEXT:
            shown.append(place)
            following += 1
    return shown
