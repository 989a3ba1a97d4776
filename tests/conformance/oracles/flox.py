"""FLOX, from the rules of the cases."""

from fractions import Fraction
from typing import Any

V = dict[str, Any]


def deleverage(v: V) -> V:
    """Fund first, then winners by rank, ties by the lower id, each at most its profit."""
    mark, (quantity, entry, equity) = v["mark"], v["bankrupt"]
    left = max(0, -(equity + quantity * (mark - entry)) - v["insurance"])

    def key(line: list[Any]) -> tuple[Fraction, int]:
        account, q, e, own = line
        profit, notional = Fraction(q * (mark - e)), abs(q) * mark
        by = {"pnl_ratio": profit / own, "upnl_x_leverage": profit * notional / own, "position_size": Fraction(abs(q))}
        return -by[v["rank"]], account

    closed, absorbed = [], []
    for line in sorted(v["candidates"], key=key):
        if left > 0:
            part = min(left, line[1] * (mark - line[2]))
            left -= part
            closed.append(line[0])
            absorbed.append(part)
    return {"closed_accounts": closed, "absorbed": absorbed}


def short_of_cash(v: V) -> V:
    """The least of three; the rest is the fund's."""
    taken = max(0, min(v["deficit"], v["winner_upnl"], v["winner_available_after_credit"]))
    return {"taken": taken, "remainder_to_insurance": v["deficit"] - taken}
