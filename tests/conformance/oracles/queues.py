"""Queues, ranks, capacities and tables, from the rules of the cases."""

from fractions import Fraction
from math import ceil
from typing import Any

V = dict[str, Any]


def queue(v: V) -> V:
    """Score descending; quintiles by quantity; whole positions at the bankruptcy price until the need is met."""
    line = sorted(v["positions"], key=lambda p: -p["score"])
    everything, through, left = sum(p["qty"] for p in line), 0, v["liquidated"]["qty"]
    percent, fills, rest = {}, [], {}
    for p in line:
        through += p["qty"]
        percent[p["account"]] = 20 * ceil(Fraction(5 * through, everything))
        taken = min(left, p["qty"])
        left -= taken
        rest[p["account"]] = p["qty"] - taken
        if taken:
            fills.append({"account": p["account"], "qty": taken, "price": v["liquidated"]["bankruptcy_price"]})
    order = [p["account"] for p in line]
    return {"queue_order": order, "percentile_pct": percent, "fills": fills, "remaining_qty": rest}


def one_to_one(v: V) -> V:
    """A gives what B had, at B's bankruptcy price."""
    return {"A_closed": min(v["A"]["qty"], v["B"]["qty"]), "price": "B_bankruptcy_price"}


def return_rate(v: V) -> V:
    """(value - value at entry) / |value at entry|."""
    if v["contract"].startswith("linear"):
        worth = [v["qty"] * v["multiplier"] * Fraction(p) for p in (v["entry"], v["mark"])]
    else:
        worth = [v["qty"] * v["multiplier"] / Fraction(p) for p in (v["entry"], v["mark"])]
    return {"result": (worth[1] - worth[0]) / abs(worth[0])}


def no_equity(v: V) -> V:
    """Without equity both are 0."""
    return {"margin_ratio": 0, "leverage_pnl": 0}


def amounts(v: V) -> V:
    """cum_n = cum_(n-1) + start_n (rate_n - rate_(n-1)): summed from the first tier anew for each."""
    t = v["tiers"]
    return {
        "maintenance_amounts": [
            sum(Fraction(t[i][0]) * (t[i][2] - t[i - 1][2]) for i in range(1, n + 1)) for n in range(len(t))
        ]
    }


def hedged(v: V) -> V:
    """PM accounts of VIP 4 that opted in, below the threshold."""
    fits = v["account"].startswith("PM") and v["vip"] >= v["min_vip"] and v["delta_mode"] == "enabled"
    return {"delta_neutral": fits and v["relative_diff"][0] == "<"}


def hedged_last(v: V) -> V:
    """Not isolated, enabled, at most 5 %: behind those who are not."""
    fits = {
        u["user"]: u["margin_mode"] != "IM" and u["delta_mode"] == "enabled" and (u["coinDelta"] or ">")[0] == "<"
        for u in v["users"]
    }
    line = sorted(v["users"], key=lambda u: (fits[u["user"]], u["rank_before"]))
    return {"delta_neutral": fits, "order_after": [u["user"] for u in line]}


def room(v: V) -> V:
    """The lesser of a share of equity and twice the equity."""
    equity = v["participant_equity_usd"]
    most = min(Fraction(equity * v["tier1_group_limit_pct"], 100), 2 * equity)
    return {
        "max_assignable_in_window_usd": most,
        "cooldown_window_default_s": 300,
        "notional_capacity_factor_default": 2,
    }


def margin_rate(v: V) -> V:
    """(value - factor IM) / IM; gone at 0."""
    rate = Fraction(v["nav"]) / v["total_initial_margin"] - v["adjustment_factor"]
    return {"margin_rate": rate, "liquidated": rate <= 0}


def protection(v: V) -> V:
    """Where margin + qty / entry is worth qty (1 + rate) / p, and qty / p."""
    have = v["margin_btc"] + Fraction(v["qty"]) / v["entry"]
    return {
        "position_value_btc": Fraction(v["qty"]) / v["entry"],
        "initial_margin_btc": Fraction(v["qty"]) / v["entry"] * v["im_rate"],
        "maintenance_margin_btc": Fraction(v["qty"]) / v["entry"] * v["mm_rate"],
        "liquidation_price": (v["qty"] + v["qty"] * v["mm_rate"]) / have,
        "ioc_limit_price": v["qty"] / have,
    }


def assignment(v: V) -> V:
    """In favour of who takes."""
    return {"long_assigned": "below mark", "short_assigned": "above mark"}
