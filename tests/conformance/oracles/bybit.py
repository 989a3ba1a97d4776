"""Bybit's trigger and prices, from the rules of the cases."""

from fractions import Fraction
from math import ceil, floor
from typing import Any

V = dict[str, Any]
DRAWDOWN, EMPTY = "contract_pnl_drawdown", "insurance_pool_equity"


def fall(v: V) -> V:
    """The ratio against the largest balance; what lies beyond the limit is the users'."""
    ratio, limit = -Fraction(v["symbol_loss"]) / v["pool_max_balance_8h"], v["insurancePnlRatio"]
    hit = ratio <= limit
    return {
        "pnlRatio": ratio,
        "triggered": hit,
        "mode": DRAWDOWN if hit else None,
        "closed_against_users_worth": (limit - ratio) * v["pool_max_balance_8h"] if hit else 0,
        "pnlRatio_after": max(ratio, limit),
        "bankruptcy_price_basis_ratio": limit,
    }


def boundary(v: V) -> V:
    """The same; at equality it starts."""
    ratio = -Fraction(v["symbol_subsequent_loss"]) / v["pool_max_balance_8h"]
    hit = ratio <= v["insurancePnlRatio"]
    mode = DRAWDOWN if hit else None
    return {"pnlRatio": ratio, "triggered": hit, "mode": mode, "bankruptcy_price_basis_ratio": v["insurancePnlRatio"]}


def empty(v: V) -> V:
    """An empty pool starts it."""
    hit = v["pool_balance_now"] <= 0
    return {"triggered": hit, "mode": EMPTY if hit else None}


def all_or_nothing(v: V) -> V:
    """The fund pays all of a loss or nothing of it."""
    pays = v["single_contract_loss_btc"] if v["insurance_fund_btc"] >= v["single_contract_loss_btc"] else 0
    return {"fund_pays_btc": pays, "adl_takes_over_loss_btc": v["single_contract_loss_btc"] - pays}


def inverse(v: V) -> V:
    """entry L / (L + 1), up to the tick for a long."""
    if v["side"] == "long":
        raw = Fraction(v["entry"] * v["leverage"]) / (v["leverage"] + 1)
        return {"bankruptcy_price_raw": raw, "bankruptcy_price": ceil(raw / v["tick"]) * v["tick"]}
    raw = Fraction(v["entry"] * v["leverage"]) / (v["leverage"] - 1)
    return {"bankruptcy_price_raw": raw, "bankruptcy_price": floor(raw / v["tick"]) * v["tick"]}


def linear(v: V) -> V:
    """entry (1 -/+ 1 / L)."""
    part = Fraction(v["entry"]) / v["leverage"]
    return {"bankruptcy_price": v["entry"] - part if v["side"] == "long" else v["entry"] + part}


def flow(v: V) -> V:
    """Better than the bankruptcy price: the fund grows."""
    better = (v["fill"] - v["bankruptcy_price"]) * (1 if v["side"] == "long" else -1)
    return {"fund": "increases" if better > 0 else "decreases" if better < 0 else "stays"}


def flow_per_unit(v: V) -> V:
    """By how much."""
    return {"fund_per_unit": (v["avg_fill"] - v["bankruptcy_price"]) * (1 if v["side"] == "long" else -1)}
