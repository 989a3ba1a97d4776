"""What contracts on chains compute: Derive, Mango, MCDEX, Percolator, Orderly, Synthetix, GTE, GMX."""

import re
from fractions import Fraction

from deleverage.rulebook.book import Leg
from deleverage.rulebook.closing import settle
from deleverage.venues.formulas import capacity, derive, mango, mcdex, percolator, transfers
from tests.conformance.cases import Values
from tests.conformance.family import Answer, Near, family
from tests.conformance.oracles import chains as oracle


def insolvent_bid(values: Values) -> Answer:
    """Return the cash for a part of an insolvent account."""
    named = ("mtm", "mm", "elapsed_fraction", "bid_fraction")
    return Answer({"cash": derive.insolvent_bid(*(Fraction(values[name]) for name in named))})


def blocked(values: Values) -> Answer:
    """Return whether withdrawals are blocked."""
    return Answer({"blocked": derive.blocks_withdrawals(values["total_insolvent_mm"], values["sm_balance"])})


def bankruptcy(values: Values) -> Answer:
    """Return the three steps of a negative balance, within the tolerances that the rule states."""
    words = re.search(r"tolerance ([\d.]+) tokens / ([\d.]+) perp", values["rule"])
    assert words is not None
    token, perp = Fraction(words[1]), Fraction(words[2])
    number = {name: Fraction(value) for name, value in values.items() if isinstance(value, int | Fraction)}
    account = mango.Account(number["settle_tok"], number["perp"], number["other_health"])
    terms = mango.Terms(number["weight"], number["settle_px"], number["ins_px"])
    found = mango.resolve(account, terms, number["ins_amount"], number["settle_limit"], number["max_transfer"])
    if found is None:
        return Answer({"ok": False, **dict.fromkeys(_MOVED, 0)})
    moved = found.perp - account.perp
    assert moved + found.liqor_perp == found.socialised, "what the account loses, the liquidator or everybody takes on"
    tolerances = (token, perp, token, perp, token, perp)
    near = {name: Near(value, most) for name, value, most in zip(_MOVED, found, tolerances, strict=True)}
    return Answer({"ok": True, **near})


_MOVED = ("liqee_tok", "liqee_perp", "liqor_tok", "liqor_perp", "liqor_ins", "socialised")


def liquidated(values: Values) -> Answer:
    """Return what is left of a margin account and who got what."""
    mark, cash, position = (Fraction(values[name]) for name in ("mark", "cash", "pos"))
    found = mcdex.liquidate(mark, cash, position)
    return Answer(
        found._asdict(), note="rates of the source's test market: gas 1, penalty 0.5 %, vault 0.02 %, fund 10 %"
    )


def crisis(values: Values) -> Answer:
    """Return the crisis counted once, and the source's own double counting, which is kept as a declared defect."""
    vault = percolator.Vault(*(values[name] for name in percolator.Vault._fields))
    twice = percolator.crisis_insurance_twice(vault)
    found = {"up_burned": twice.burned, "up_ins": twice.drawn, "up_haircut": twice.haircut}
    correct = percolator.crisis(vault).haircut
    note = "" if correct == twice.haircut else "the source counts insurance twice, once is right: both are tested"
    return Answer({**found, "correct_haircut": correct}, note=note)


def booking(values: Values) -> Answer:
    """Return what accounts lose of a booked chunk."""
    losses = percolator.book_loss(values["chunk"], values["weights"]).losses
    return Answer({"losses": losses, "undistributed_dust": values["chunk"] - sum(losses)})


def transfer(values: Values) -> Answer:
    """Return cost and quantity after a transfer."""
    named = ("qty", "cost", "last_sum", "now_sum", "qty_transfer", "cost_transfer")
    cost, quantity = transfers.orderly_transfer(*(values[name] for name in named))
    return Answer({"cost_end": cost, "qty_end": quantity})


def refused_transfer(values: Values) -> Answer:
    """Return the quantity after a transfer of lots alone."""
    _, quantity = transfers.orderly_transfer(values["user_qty"], 0, 0, 0, values["transfer"], 0)
    return Answer({"out": quantity})


def window(values: Values) -> Answer:
    """Return the most that may be liquidated in a window."""
    named = ("maker_fee", "taker_fee", "skew_scale", "seconds", "multiplier")
    return Answer({"capacity": capacity.synthetix_window(*(Fraction(values[name]) for name in named))})


def zero_price(values: Values) -> Answer:
    """Return the bankruptcy price of a position."""
    named = ("open_notional", "size", "margin", "funding")
    return Answer(
        {"price": transfers.gte_bankruptcy_price(values["side"], *(Fraction(values[name]) for name in named))}
    )


def smaller(values: Values) -> Answer:
    """Return a position after a close of a part: the law's own settlement of a fill."""
    before, closed = values["size_before"], values["adl"]
    leg = settle(Leg(before), -closed, closed, 0).leg
    return Answer({"size_after": leg.lots if leg else 0}, "the law", "a fill of the law; the preset names no order")


def _reaches(values: Values) -> bool:
    """Keep transfers that lower a position of the user."""
    return bool(values["qty"]) and values["qty"] * values["qty_transfer"] < 0


def _holds(values: Values) -> bool:
    """Keep closes of what is there."""
    return bool(values["adl"] <= values["size_before"])


_DOCUMENTED = "the preset is documented only: {}"

FAMILIES = (
    family(
        "insolvent auction",
        "derive_auction",
        "mtm mm elapsed_fraction",
        "cash",
        insolvent_bid,
        oracle.bid,
        why=_DOCUMENTED.format("nobody is closed against his will"),
    ),
    family(
        "withdrawals blocked",
        "",
        "total_insolvent_mm sm_balance",
        "blocked",
        blocked,
        oracle.blocked,
        why=_DOCUMENTED.format("nobody is closed against his will"),
    ),
    family(
        "negative balance",
        "mango_conservation",
        "settle_tok perp max_transfer",
        " ".join(("ok", *_MOVED)),
        bankruptcy,
        oracle.mango,
        why="a liquidator names bounds and takes debts over: the preset plays the charge alone",
    ),
    family(
        "margin account",
        "",
        "mark cash pos",
        " ".join(mcdex.Liquidated._fields),
        liquidated,
        oracle.mcdex,
        why="a keeper's fees, with the source's test rates: gas 1, penalty 0.5 %, vault 0.02 %, fund 10 % of it",
    ),
    family(
        "crisis",
        "perc_crisis",
        "principal warming insurance",
        "up_burned up_ins up_haircut correct_haircut",
        crisis,
        oracle.crisis,
        why=_DOCUMENTED.format("no account is chosen"),
    ),
    family(
        "loss index",
        "perc_b",
        "chunk weights",
        "losses undistributed_dust",
        booking,
        oracle.booking,
        why=_DOCUMENTED.format("no account is chosen"),
    ),
    family(
        "cost transfer",
        "orderly_adl",
        "qty cost qty_transfer",
        "cost_end qty_end",
        transfer,
        oracle.transfer,
        legal=_reaches,
        why=_DOCUMENTED.format("the engine that chooses runs outside the contract"),
    ),
    family(
        "transfer refused",
        "",
        "user_qty transfer",
        "out",
        refused_transfer,
        oracle.refused,
        why=_DOCUMENTED.format("the engine that chooses runs outside the contract"),
    ),
    family(
        "liquidation window",
        "snx_cap",
        "skew_scale seconds",
        "capacity",
        window,
        oracle.window,
        why="there is no preset of this venue",
    ),
    family(
        "zero price",
        "gte_price",
        "open_notional margin funding",
        "price",
        zero_price,
        oracle.zero_price,
        why="there is no preset of this venue",
    ),
    family("smaller position", "", "size_before adl", "size_after", smaller, oracle.smaller, legal=_holds),
)
