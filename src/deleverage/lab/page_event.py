"""The page of a real event moved through the waterfall: money per wave, and what about it is synthetic."""

from typing import Any

from deleverage.lab.numbers import grouped
from deleverage.lab.page_parts import Currency, of_largest, slices

Json = dict[str, Any]

_CARRIERS = (
    ("fund", "Insurance fund", "fund_usd"),
    ("winners", "Winners (synthetic)", "moved_usd"),
    ("socialised", "Cut from open gains", "haircut_usd"),
    ("residual", "Residual", "residual_usd"),
)
_DEFINED = {"fund_usd": "fund", "moved_usd": "moved", "haircut_usd": "haircut", "residual_usd": "residual"}


def event_view(document: Json) -> Json:
    """Return everything the event's template shows, as text and whole numbers."""
    currency = Currency.of(document["currency"], document["quantum_usd"])
    total = document["total"]
    carriers = [
        (key, name, document["definitions"][_DEFINED[column]], currency.quanta(total[column]))
        for key, name, column in _CARRIERS
    ]
    widths = of_largest([currency.quanta(wave["needed_usd"]) for wave in document["waves"]])
    return {
        "doc": document,
        "currency": currency.name,
        "quantum": document["quantum_usd"],
        "carriers": {"slices": slices(carriers, currency), "total": currency.text(total["needed_usd"]), "any": True},
        "waves": [
            {
                "wave": wave["wave"],
                "coins": len(wave["coins"]),
                "fills": f"{wave['fills_of_winners']:,}",
                "needed": currency.exact(wave["needed_usd"]),
                "fund": currency.exact(wave["fund_usd"]),
                "moved": currency.exact(wave["moved_usd"]),
                "stage_6": currency.exact(wave["to_stage_6_usd"]),
                "width": width,
            }
            for wave, width in zip(document["waves"], widths, strict=True)
        ],
        "total": {
            "needed": currency.exact(total["needed_usd"]),
            "fund": currency.exact(total["fund_usd"]),
            "moved": currency.exact(total["moved_usd"]),
            "stage_6": currency.exact(total["to_stage_6_usd"]),
            "moved_short": currency.text(total["moved_usd"]),
            "published": None if total["published_usd"] is None else currency.exact(total["published_usd"]),
            "coins": total["coins_in_waves"],
            "fills": f"{total['fills_of_winners']:,}",
        },
        "rounding": [
            (name, {**moved, "up_usd": grouped(moved["up_usd"]), "down_usd": grouped(moved["down_usd"])})
            for name, moved in (
                ("gaps, to one quantum", document["rounding"]["money"]),
                ("quantities, to lots, valued at the mark", document["rounding"]["lots_at_mark"]),
                ("marks, to ticks, as change of notional", document["rounding"]["notional_by_mark"]),
            )
        ],
        "accounts": f"{document['population']['accounts']:,}",
    }
