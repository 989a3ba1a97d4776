"""Which part of an event its waves cover: every fill belongs to a wave, or the headline is about a part of it."""

import numpy as np

from deleverage.lab.events.model import Event
from deleverage.lab.metrics.catalogue import over, undefined
from deleverage.lab.metrics.measure import Measure

UNKNOWN = "the event has neither fills nor totals per coin"


def coverage(event: Event) -> list[Measure]:
    """Return the covered shares of fills and of notional, from the fills where there are any, else from the totals."""
    if event.fills is not None and len(event.fills):
        fills = event.fills
        inside = np.zeros(len(fills), np.bool_)
        for wave in event.waves:
            inside |= (fills.time_ms >= wave.start_ms) & (fills.time_ms <= wave.end_ms)
        notional = fills.size * fills.price
        return [
            over("coverage_fills", int(inside.sum()), len(fills), UNKNOWN),
            over("coverage_notional", float(notional[inside].sum()), float(notional.sum()), "no fill has a notional"),
        ]
    if not event.coins:
        return [undefined(name, UNKNOWN) for name in ("coverage_fills", "coverage_notional")]
    price = {coin.coin: coin.price_usd for coin in event.coins}
    gaps = [gap for wave in event.waves for gap in wave.coins]
    lost = sorted({gap.coin for gap in gaps if _price(gap.coin, price) is None})
    covered = sum(gap.quantity * (_price(gap.coin, price) or 0.0) for gap in gaps)
    return [
        over("coverage_fills", sum(w.fills for w in event.waves), sum(c.fills for c in event.coins), UNKNOWN),
        undefined("coverage_notional", f"no price for {', '.join(lost[:8])}")
        if lost
        else over("coverage_notional", covered, sum(c.notional_usd for c in event.coins), UNKNOWN),
    ]


def _price(coin: str, price: dict[str, float]) -> float | None:
    """Return a coin's price; a unit of a thousand PEPE is kPEPE here, KPEPE or a thousand PEPE elsewhere."""
    if coin in price or not coin.startswith("k"):
        return price.get(coin)
    single = price.get(coin[1:])
    return price.get(coin.upper(), None if single is None else 1000 * single)
