"""Shared losses, from the rules of the cases."""

from fractions import Fraction
from math import ceil, floor
from typing import Any

V = dict[str, Any]


def _last(collected: int, wins: list[int]) -> list[int]:
    """Floor win x collected / expected in order; the whole dust to the last."""
    total = sum(wins)
    if collected >= total:
        return wins
    paid = [win * collected // total for win in wins]
    return [*paid[:-1], collected - sum(paid[:-1])]


def last(v: V) -> V:
    """As the source pays."""
    return {"paid": _last(v["collected"], v["wins"])}


def exact_last(v: V) -> V:
    """The same under its other name."""
    return {"exact_paid": _last(v["collected"], v["wins"])}


def slices(v: V) -> V:
    """All of it up to the threshold, else min(ceil(pos f), ceil(book m))."""
    left, found = v["position"], []
    while left > v["full_threshold"]:
        found.append(min(left, ceil(left * v["fraction"]), ceil(v["book_available"] * v["max_fraction_consumed"])))
        left -= found[-1]
    return {"slices": [*found, left] if left else found}


def delta(v: V) -> V:
    """Ceil(loss 1e9 / all open base) 1000; nobody there: an error."""
    everybody = v["oi_long_1e9"] + v["oi_short_1e9"]
    if not everybody:
        raise ValueError("no open interest")
    return {"delta": 1000 * ceil(Fraction(v["loss_1e6"] * 10**9, everybody))}


def cover(v: V) -> V:
    """Floor shortage / (price (ratio - fees) quote price)."""
    freed = v["price"] * (v["margin_ratio"] - v["liq_fee"] - v["if_fee"]) * v["quote_price"]
    if freed <= 0:
        raise ValueError("nothing freed")
    return {"base_1e9": floor(Fraction(v["shortage"]) / freed * 10**9)}


def fee(v: V) -> V:
    """max(0, 0.95 (MR - fee - shortage / notional)), capped, in millionths."""
    rate = Fraction(19, 20) * (
        Fraction(v["margin_ratio"]) - v["liq_fee"] - Fraction(v["shortage"], 1) / (v["base"] * v["price"])
    )
    return {"fee_1e6": floor(1_000_000 * max(Fraction(0), min(Fraction(v["cap"]), rate)))}


def at_once(v: V) -> V:
    """Below 50 dollars: all."""
    return {"pct": 1 if v["shortage_usd"] < 50 else None}


def haircuts(v: V) -> V:
    """Every profit gives deficit / profits of itself."""
    gains = [s * (v["settle"] - e) for e, s in zip(v["entries"], v["sizes"], strict=True)]
    return {"haircuts": [Fraction(gain) * v["deficit"] / sum(gains) for gain in gains]}


def withdrawals(v: V) -> V:
    """EBA / (total + EBA), and what the example prints."""
    debt, total, asked = Fraction(v["eba"]), Fraction(v["total_usdc_in_example"]), v["doc_example_withdraw"]
    right, wrong = debt / (total + debt), debt / total
    return {
        "slf_formula": right,
        "solvency_exact": 1 - total / (total + debt),
        "slf_in_doc_example": wrong,
        "doc_fee": asked * wrong,
        "doc_pays": asked * (1 - wrong),
    }


def share(v: V) -> V:
    """AV loses half of MMR x share, MMR its share."""
    words = v["setup"].replace(",", "").split()
    value, margin = Fraction(words[1]), Fraction(words[3])
    av, mmr = value - margin * v["share"] / 2, margin - margin * v["share"]
    return {"av_after": av, "mmr_after": mmr, "ratio_pct": 100 * mmr / av}


def vertex(v: V) -> V:
    """-vQuote / OI / 2 per lot of both sides: half of the loss each."""
    return {
        "per_share": Fraction(-v["v_quote"]) / (2 * v["oi_one_side"]),
        "long_loss_total": Fraction(-v["v_quote"], 2),
        "short_loss_total": Fraction(-v["v_quote"], 2),
    }
