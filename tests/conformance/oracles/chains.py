"""Contracts on chains, from the rules of the cases."""

from fractions import Fraction
from typing import Any

V = dict[str, Any]


def bid(v: V) -> V:
    """Linear from max(0, -MtM) to -MM, times the part."""
    low, high, t = max(0, -v["mtm"]), -v["mm"], min(Fraction(1), Fraction(v["elapsed_fraction"]))
    return {"cash": v["bid_fraction"] * (low * (1 - t) + high * t)}


def blocked(v: V) -> V:
    """Strictly more required than there is."""
    return {"blocked": v["sm_balance"] < v["total_insolvent_mm"]}


def mango(v: V) -> V:
    """Settle within health, insure what health does not allow, charge the rest only when the fund is empty."""
    names = ("liqee_tok", "liqee_perp", "liqor_tok", "liqor_perp", "liqor_ins", "socialised")
    debt, tokens, px, w = (
        -Fraction(v["perp"]),
        Fraction(v["settle_tok"]),
        Fraction(v["settle_px"]),
        Fraction(v["weight"]),
    )
    if debt <= 0:
        return {"ok": False, **dict.fromkeys(names, 0)}

    def health(t: Fraction) -> Fraction:
        return t * px * (w if t > 0 else 2 - w) + v["other_health"]

    if health(tokens) <= 0:
        allowed = Fraction(0)
    elif health(min(tokens, Fraction(0))) >= 0:  # all tokens may go: the rest is borrowed
        allowed = max(tokens, Fraction(0)) + health(min(tokens, Fraction(0))) / (px * (2 - w))
    else:
        allowed = health(tokens) / (px * w)
    settled = min(debt, allowed, Fraction(v["settle_limit"]), Fraction(v["max_transfer"]))
    uncovered = max(Fraction(0), debt - allowed)
    tokens_of_fund = Fraction(v["ins_amount"])
    wanted = min(uncovered, v["max_transfer"] - settled) * px / v["ins_px"]
    used = min(wanted, tokens_of_fund)
    covered = used * v["ins_px"] / px
    charged = uncovered - covered if used == tokens_of_fund else Fraction(0)
    found = (tokens - settled, -(debt - settled - covered - charged), settled, -(settled + covered), used, charged)
    return {"ok": True, **dict(zip(names, found, strict=True))}


def mcdex(v: V) -> V:
    """Gas, then penalty 0.5 %, then vault 0.02 %, each of what is left; a tenth of the penalty is the fund's."""
    worth = Fraction(v["cash"]) + Fraction(v["pos"]) * v["mark"] - 1
    size = abs(Fraction(v["pos"])) * v["mark"]
    penalty = min(size / 200, worth) if worth > 0 else Fraction(0)
    vault = min(size / 5000, worth - penalty) if worth > 0 else Fraction(0)
    rest = worth - penalty - vault
    return {
        "cash": rest,
        "penalty": penalty,
        "gas": 1,
        "vault": vault,
        "insurance": penalty / 10,
        "bankrupt": worth < 0,
    }


def crisis(v: V) -> V:
    """Warming burns, then insurance, then a share of equity; and the same with insurance counted on both sides."""
    equity = v["principal"] + v["realized"]
    owed = equity + v["warming"]

    def cover(deficit: int) -> tuple[int, int, int]:
        burn = min(deficit, v["warming"])
        draw = min(deficit - burn, v["insurance"])
        return burn, draw, deficit - burn - draw

    _, _, open_once = cover(max(0, owed - v["collateral"]))
    burn, draw, _ = cover(max(0, owed - v["collateral"] - v["insurance"]))
    open_twice = max(0, owed - burn - v["collateral"] - v["insurance"] + draw)
    shares = [min(Fraction(1), Fraction(rest, equity)) if equity else Fraction(0) for rest in (open_twice, open_once)]
    return {"up_burned": burn, "up_ins": draw, "up_haircut": shares[0], "correct_haircut": shares[1]}


def booking(v: V) -> V:
    """Floor chunk 1e21 / W, then floor w dB / 1e21."""
    step = v["chunk"] * 10**21 // sum(v["weights"])
    losses = [w * step // 10**21 for w in v["weights"]]
    return {"losses": losses, "undistributed_dust": v["chunk"] - sum(losses)}


def transfer(v: V) -> V:
    """Funding first, then the transfer; |transfer| <= |qty|."""
    if abs(v["qty_transfer"]) > abs(v["qty"]):
        raise ValueError("too large")
    funding = v["qty"] * (v["now_sum"] - v["last_sum"])
    whole = abs(funding) // 10**17 * (1 if funding >= 0 else -1)
    return {"cost_end": v["cost"] + whole + v["cost_transfer"], "qty_end": v["qty"] + v["qty_transfer"]}


def refused(v: V) -> V:
    """|transfer| <= |user qty|."""
    if abs(v["transfer"]) > abs(v["user_qty"]):
        raise ValueError("too large")
    return {"out": v["user_qty"] + v["transfer"]}


def window(v: V) -> V:
    """(maker + taker) scale seconds multiplier."""
    return {"capacity": (v["maker_fee"] + v["taker_fee"]) * v["skew_scale"] * v["seconds"] * v["multiplier"]}


def zero_price(v: V) -> V:
    """(open notional -/+ (margin - funding)) / size, at least 0."""
    sign = -1 if v["side"] == "long" else 1
    return {"price": max(0, Fraction(v["open_notional"] + sign * (v["margin"] - v["funding"])) / v["size"])}


def smaller(v: V) -> V:
    """What is closed is gone."""
    return {"size_after": max(0, v["size_before"] - v["adl"])}


def profit_score(v: V) -> V:
    """max(0, upnl) / max(1, wallet) x (0 or MM / equity)."""
    if v["equity"] <= 0 or v["upnl"] <= 0:
        return {"score": 0}
    return {"score": Fraction(v["upnl"]) * v["mm"] / (max(1, v["wallet"]) * v["equity"])}


def index(v: V) -> V:
    """(mark / entry) (notional / value) of a long."""
    ratio = Fraction(v["mark"], 1) / v["entry"]
    return {"index": (ratio if v["side"] == "long" else 1 / ratio) * v["notional"] / v["account_value"]}
