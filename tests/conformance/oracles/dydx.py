"""dYdX, from the rules of the cases: integers, one line per rule."""

from fractions import Fraction
from math import ceil, floor
from typing import Any

V = dict[str, Any]
PER_BTC, PER_ETH, USD = 10**8, 10**9, 10**6
BTC, ETH = Fraction(50_000 * USD, PER_BTC), Fraction(3_000 * USD, PER_ETH)


def fund_delta(v: V) -> V:
    """Valid iff delta >= 0 or balance + delta >= 0."""
    return {"valid": v["delta"] >= 0 or v["balance"] + v["delta"] >= 0}


def allowed(v: V) -> V:
    """At bankruptcy iff NC < 0, at the oracle price iff NC >= 0 in final settlement."""
    size, cash = (int(word) for word in v["setup"].split() if word.isdigit())
    worth = cash - size * v["oracle_price"]
    return {"at_bankruptcy": worth < 0, "at_oracle": worth >= 0 and v["final_settlement"]}


def _need(sizes: list[tuple[int, Fraction]]) -> list[int]:
    return [ceil(abs(floor(q * p)) * Fraction(1, 10)) for q, p in sizes]


def _amount(cash: int, legs: list[tuple[int, Fraction]], at: int, delta: int) -> int:
    """Take -dNNV - floor(TNC |dMMR| / TMMR)."""
    size, price = legs[at]
    if delta == 0 or size * delta >= 0 or abs(delta) > abs(size):
        raise ValueError("no close")
    tnc = cash + sum(floor(q * p) for q, p in legs)
    d_nnv = floor((size + delta) * price) - floor(size * price)
    d_mmr = abs(_need([(size + delta, price)])[0] - _need([(size, price)])[0])
    return -d_nnv - (tnc * d_mmr) // sum(_need(legs))


def bankruptcy(v: V) -> V:
    """The bankruptcy amount in quote quantums."""
    legs = [(v["btc_q"], BTC), (v["eth_q"], ETH)]
    return {"expected": _amount(int(v["cash_usd"] * USD), legs, 0 if v["close"] == "btc" else 1, v["delta_q"])}


def fillable(v: V) -> V:
    """(PNNV - ABR SMMR PMMR) / PS."""
    legs = [(v["btc_q"], BTC), (v["eth_q"], ETH)]
    size, price = legs[0 if v["close"] == "btc" else 1]
    tnc = int(v["cash_usd"] * USD) + sum(floor(q * p) for q, p in legs)
    abr = Fraction(v["ba_ppm"], USD) * (1 - Fraction(tnc, sum(_need(legs))))
    abr = Fraction(0) if abr < 0 else Fraction(1) if abr > 1 else abr
    return {"expected": (floor(size * price) - abr * Fraction(v["smmr_ppm"], USD) * _need([(size, price)])[0]) / size}


def succeeds(v: V) -> V:
    """Whoever is closed keeps its ratio or better; the maker may not get worse below its margin."""
    price = Fraction(4_999_999_937, 10**5) * USD / PER_BTC
    sizes = [(int(v[side]["btc"] * PER_BTC), int(v[side]["cash"] * USD)) for side in ("liq", "maker")]
    amount = _amount(sizes[0][1], [(sizes[0][0], price)], 0, v["delta_q"])
    fine = _fine(sizes[1][0], sizes[1][1], sizes[1][0] - v["delta_q"], sizes[1][1] - amount, price)
    return {"valid": fine, "amount": amount}


def _fine(old: int, cash: int, new: int, money: int, price: Fraction) -> bool:
    """At least the initial margin afterwards, or no larger and no worse against maintenance."""
    before, after = cash + floor(old * price), money + floor(new * price)
    need, needed = (ceil(abs(floor(q * price)) * Fraction(1, 10)) for q in (new, old))
    return after >= ceil(abs(floor(new * price)) * Fraction(1, 5)) or (
        need <= needed and after * needed >= before * need
    )


def partial(v: V) -> V:
    """Cash moves at the bankruptcy price of the account, sizes by what is closed."""
    btc = Fraction(v["liq_btc"]) if "liq_btc" in v else -Fraction(v["liq_short_btc"])
    legs = [
        (int(btc * PER_BTC), Fraction(v.get("btc", 50_000) * USD, PER_BTC)),
        (int(Fraction(v.get("liq_eth", 0)) * PER_ETH), Fraction(v.get("eth", 3_000) * USD, PER_ETH)),
    ]
    close = Fraction(v.get("close") or v["close_btc"])
    amount = Fraction(_amount(int(v["liq_cash"] * USD), legs, 0, int(close * PER_BTC)), USD)
    return {
        "liq_cash": v["liq_cash"] + amount,
        "liq_btc": btc + close,
        "maker_cash": v["maker_cash"] - amount,
        "maker_btc": v["maker_long_btc"] - close,
        "bankruptcy_price": -amount / close,
    }


def walk(v: V) -> V:
    """One maker after the other at the zero price; whose state would get too bad is passed over."""
    held, cash = int(v["liq"]["btc"] * PER_BTC), int(v["liq"]["cash"] * USD)
    price, side = Fraction(-cash, held), 1 if held > 0 else -1
    after: list[Any] = []
    for maker in v["makers"]:
        theirs = int(maker["btc"] * PER_BTC)
        lots = min(abs(held), abs(theirs)) if theirs * held < 0 else 0
        amount = floor(held * price) - floor((held - side * lots) * price)
        rest, money = theirs + side * lots, int(maker["cash"] * USD) - amount
        fine = _fine(theirs, int(maker["cash"] * USD), rest, money, price)
        if lots and fine:
            held -= side * lots
        after.append(Fraction(money, USD) if lots and fine else "skipped")
    gains = [a if a == "skipped" else a - Fraction(m["cash"]) for a, m in zip(after, v["makers"], strict=True)]
    done = sum(a != "skipped" for a in after)
    return {"makers": after, "maker_delta": gains, "remaining": Fraction(abs(held), PER_BTC), "fills": done}


def settled(v: V) -> V:
    """Pay the floor of the net value, 0 if that is negative."""
    return {"withdraw": max(0, floor(v["cash"] + Fraction(v["pos"]) * v["price"]))}


def first_come(v: V) -> V:
    """Pay in the order of coming."""
    vault, bail, paid, later = v["vault"], v["then_bailout"], [], []
    for claim in v["claims_in_order"]:
        paid.append(min(vault, claim["want"]))
        vault -= paid[-1]
    for claim, part in zip(v["claims_in_order"], paid, strict=True):
        later.append(min(bail, claim["want"] - part))
        bail -= later[-1]
    return {"paid": paid, "paid_after": later}
