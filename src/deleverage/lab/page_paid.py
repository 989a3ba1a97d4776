"""Who paid, for the page of a run: queues shortened in the middle, the largest payers, the legs left naked."""

from collections import defaultdict
from typing import Any

from deleverage.lab.numbers import grouped, percent
from deleverage.lab.page_parts import Currency, of_largest, signed

Json = dict[str, Any]

FIRST_CLOSED, NEXT_IN_LINE, PAYERS, NAKED = 8, 3, 10, 10
"""Rows of a table before the others are summed up."""


def round_view(item: Json, currency: Currency) -> Json:
    """Return one round: what was owed and covered, and the queue of each of its pools."""
    fills = {(fill["unit"], fill["market"]): fill for fill in item["fills"] if fill["part"] == "candidate"}
    labels = ("deficit", "covered", "collected", "socialised", "residual")
    return {
        "step": item["step"],
        "round": item["round"],
        "owed": currency.quanta(item["deficit"]) > 0,
        "policy": item["policy"],
        "price_rule": item["price_rule"],
        **{name: currency.text(item[name]) for name in labels},
        "residual_lots": grouped(item["residual_lots"]),
        "pools": [_pool(item, pool, fills, currency) for pool in item["pools"]],
    }


def _pool(item: Json, pool: Json, fills: dict[tuple[str, str], Json], currency: Currency) -> Json:
    """Return one pool's queue, shortened in the middle: the first closed, the last one closed, the next in line."""
    side = "short" if pool["bankrupt_side"] == "long" else "long"
    queue = [row for row in item["queue"] if (row["market"], row["side"]) == (pool["market"], side)]
    closed = [row for row in queue if row["closed_lots"] != "0"]
    waiting = [row for row in queue if row["closed_lots"] == "0"]
    rest = next((r for r in item["queue_rest"] if (r["market"], r["side"]) == (pool["market"], side)), None)
    hidden = closed[FIRST_CLOSED:-1]
    shown = closed if not hidden else [*closed[:FIRST_CLOSED], closed[-1]]
    paid = sum(-currency.quanta(fills[row["unit"], row["market"]]["against_mark"]) for row in hidden)
    return {
        **{name: currency.text(pool[name]) for name in ("shortfall", "asked", "collected")},
        **{name: grouped(pool[name]) for name in ("lots", "netted_lots", "closed_lots")},
        "market": pool["market"],
        "bankrupt_side": pool["bankrupt_side"],
        "side": side,
        "stopped": pool["stopped"],
        "removed": pool["removed"],
        "bankrupts": f"{_count_bankrupts(item, pool):,}",
        "rows": [_row(row, fills, currency) for row in shown],
        "closed": f"{len(closed):,}",
        "hidden": {
            "after": FIRST_CLOSED,
            "count": f"{len(hidden):,}",
            "lots": grouped(str(sum(int(row["closed_lots"]) for row in hidden))),
            "paid": currency.shown(paid),
        }
        if hidden
        else None,
        "waiting": [_row(row, fills, currency) for row in waiting[:NEXT_IN_LINE]],
        "behind": f"{len(waiting) - len(waiting[:NEXT_IN_LINE]) + (int(rest['units']) if rest else 0):,}",
    }


def _count_bankrupts(item: Json, pool: Json) -> int:
    sign = -1 if pool["bankrupt_side"] == "long" else 1
    return sum(
        fill["part"] == "bankrupt" and fill["market"] == pool["market"] and int(fill["lots"]) * sign > 0
        for fill in item["fills"]
    )


def _row(row: Json, fills: dict[tuple[str, str], Json], currency: Currency) -> Json:
    fill = fills.get((row["unit"], row["market"]))
    return {
        "rank": f"{row['rank']:,}",
        "unit": row["unit"],
        "tier": row["tier"],
        "lights": row["lights"],
        "score": "none" if row["score"] is None else _short_score(row["score"]),
        "lots": grouped(row["lots"]),
        "closed_lots": grouped(row["closed_lots"]),
        "whole": row["lots"] == row["closed_lots"],
        "price": grouped(fill["price"]) if fill else "",
        "paid": currency.shown(-currency.quanta(fill["against_mark"])) if fill else "",
        "result": currency.text(fill["result_against_entry"]) if fill else "",
        "loss": bool(fill and fill["would_realise_loss"]),
    }


def _short_score(score: str) -> str:
    """Return a score as people compare it: integers whole, others cut (not rounded) after six characters or kept."""
    whole, point, fraction = score.partition(".")
    if not point:
        return grouped(score)
    return score if "e" in score else f"{grouped(whole)}.{fraction[:4]}"


def payers(document: Json, currency: Currency) -> Json:
    """Return who gave up most against the mark over all rounds, and everybody else as one line."""
    paid: dict[str, int] = defaultdict(int)
    result: dict[str, int] = defaultdict(int)
    losses = 0
    for item in document["rounds"]:
        for fill in item["fills"]:
            if fill["part"] == "candidate":
                paid[fill["unit"]] -= currency.quanta(fill["against_mark"])
                result[fill["unit"]] += currency.quanta(fill["result_against_entry"])
                losses += fill["would_realise_loss"]
    order = sorted(paid, key=lambda unit: (-paid[unit], unit))
    first, others = order[:PAYERS], order[PAYERS:]
    total = sum(paid.values())
    widths = of_largest([paid[unit] for unit in first])
    return {
        "rows": [
            {
                "unit": unit,
                "paid": currency.shown(paid[unit]),
                "share": percent(paid[unit], total),
                "result": currency.shown(result[unit]),
                "width": width,
            }
            for unit, width in zip(first, widths, strict=True)
        ],
        "others": f"{len(others):,}" if others else "",
        "others_paid": currency.shown(sum(paid[unit] for unit in others)),
        "others_share": percent(sum(paid[unit] for unit in others), total),
        "others_result": currency.shown(sum(result[unit] for unit in others)),
        "units": f"{len(order):,}",
        "total": currency.shown(total),
        "losses": f"{losses:,}",
    }


def naked(document: Json) -> Json:
    """Return the first legs that closed accounts still hold in other markets, and how many there are."""
    legs = [{**leg, "step": item["step"]} for item in document["rounds"] for leg in item["naked_legs"]]
    return {
        "rows": [{**leg, "lots": signed(leg["lots"])} for leg in legs[:NAKED]],
        "count": f"{len(legs):,}",
        "more": f"{len(legs) - NAKED:,}" if len(legs) > NAKED else "",
    }
