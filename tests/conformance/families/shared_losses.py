"""Losses that are shared without closing anybody: Vega, Drift, Injective, Paradex, Vertex."""

import re
from fractions import Fraction

from deleverage.rulebook.messages import Socialised
from deleverage.venues.formulas import drift, haircuts, vega
from tests.conformance.books import World, grain, of
from tests.conformance.cases import Values
from tests.conformance.family import Answer, Shown, family
from tests.conformance.oracles import shared_losses as oracle

DRIFT, VEGA = "drift-v2", "vega"
BASE, QUOTE = 10**9, 10**6


def _taken(world: World) -> dict[str, int]:
    """Run a step and return what its loss rule took of each unit."""
    taken: dict[str, int] = {}
    for fact in of(Socialised, world.step()):
        for cut in fact.haircuts:
            taken[cut.unit_id] = taken.get(cut.unit_id, 0) + cut.taken_quanta
    return taken


def distribute(values: Values) -> Answer:
    """Return what winners of an interval are paid; played as well under the preset, where largest remainders rule."""
    collected, wins = values["collected"], values["wins"]
    venue, ours = vega.distribution_last_takes_dust(collected, wins), _distributed(collected, wins)
    if ours != vega.distribution(collected, wins):
        return Answer({"paid": ours}, VEGA, formula={"paid": vega.distribution(collected, wins)})
    if ours == venue:
        return Answer({"paid": ours}, VEGA, formula={"paid": venue})
    return Answer({"paid": venue}, note=f"the last winner takes the dust; under the preset largest remainders: {ours}")


def _distributed(collected: int, wins: list[int]) -> list[int]:
    """Play winners whose market moves a tick, and a loser in another one who is short of what is missing."""
    world = World(VEGA, Fraction(1), Fraction(1), 0)
    names = [f"winner-{place:09d}" for place, _ in enumerate(wins)]
    for name, win in zip(names, wins, strict=True):
        world.market(name, win)
        world.account(name, 1)
        world.enter(name, name, -1, 2)
    world.market("z")
    world.account("loser", 1)
    world.enter("loser", "z", 1, max(0, sum(wins) - collected) + 2)
    world.marks(**dict.fromkeys(names, 1))
    world.settle("z", 1)
    taken = _taken(world)
    return [win - taken.get(name, 0) for name, win in zip(names, wins, strict=True)]


def hazard(values: Values) -> Answer:
    """Return the exact distribution, where a ratio of finite precision would lose units."""
    return Answer({"exact_paid": vega.distribution_last_takes_dust(values["collected"], values["wins"])})


def disposal(values: Values) -> Answer:
    """Return the slices in which the network sells."""
    named = ("position", "fraction", "full_threshold", "max_fraction_consumed", "book_available")
    return Answer({"slices": vega.all_slices(*(values[name] for name in named))})


def socialised(values: Values) -> Answer:
    """Return the charge per lot; where both sides are as large, every unit's charge is played under the preset."""
    loss, long_base, short_base = values["loss_1e6"], values["oi_long_1e9"], values["oi_short_1e9"]
    delta = drift.socialised_rate(loss, long_base, short_base)
    if long_base != short_base or Fraction(delta * long_base, BASE).denominator != 1:
        return Answer(
            {"delta": delta}, note="here both sides are as large, and exactly the loss is collected: the formula's"
        )
    half = Fraction(loss, QUOTE) / 2
    tick = grain([half, 1])
    world = World(DRIFT, grain([Fraction(long_base, BASE), 1]), tick, 18)
    world.market("m")
    world.market("z")
    for name, quantity in (("long", long_base), ("short", -short_base)):
        world.account(name, 10**9)
        world.enter(name, "m", Fraction(quantity, BASE), 20)
    for name, quantity in (("loser", 1), ("other", -1)):
        world.account(name, 1)
        world.enter(name, "m", quantity, 20)
        world.enter(name, "z", 1, half + 2)
    world.settle("z", 1)
    taken = _taken(world)
    per_lot = Fraction(taken["long"], world.unit) / Fraction(long_base, BASE)
    return Answer({"delta": per_lot * BASE}, DRIFT, formula={"delta": delta})


def cover(values: Values) -> Answer:
    """Return the base that covers a shortage."""
    fees = Fraction(values["liq_fee"]) + values["if_fee"]
    base = drift.base_to_cover(values["shortage"], values["price"], values["margin_ratio"], fees, values["quote_price"])
    return Answer({"base_1e9": base})


def fee(values: Values) -> Answer:
    """Return the fund's fee."""
    named = ("shortage", "base", "price", "margin_ratio", "liq_fee", "cap")
    return Answer({"fee_1e6": drift.fund_fee(*(Fraction(values[name]) for name in named))})


def at_once(values: Values) -> Answer:
    """Return whether all of a small shortage is liquidated at once."""
    full = drift.is_closed_at_once(values["shortage_usd"])
    return Answer({"pct": 1} if full else {"pct": None})


def injective(values: Values) -> Answer:
    """Return what every profit gives up when entries are moved; the law splits the same money."""
    entries, sizes, settle = values["entries"], values["sizes"], Fraction(values["settle"])
    moved = haircuts.injective_entries(Fraction(values["deficit"]), entries, sizes, settle)
    cuts = [size * (new - old) for size, new, old in zip(sizes, moved, entries, strict=True)]
    return Answer({"haircuts": cuts})


def withdrawals(values: Values) -> Answer:
    """Return the share of a withdrawal: 20 % by the formula, 25 % by the page's own example."""
    debt, deposits = Fraction(values["eba"]), Fraction(values["total_usdc_in_example"])
    by_formula, by_example = (haircuts.withdrawal_share(debt, deposits, text) for text in ("formula", "example"))
    fee = values["doc_example_withdraw"] * by_example
    return Answer(
        {
            "slf_formula": by_formula,
            "slf_in_doc_example": by_example,
            "solvency_exact": by_formula,
            "doc_pays": values["doc_example_withdraw"] - fee,
            "doc_fee": fee,
        },
        note="the source contradicts itself: both sides are tested, the preset takes the formula's",
    )


def share(values: Values) -> Answer:
    """Return account value, maintenance and their ratio after a share was liquidated."""
    setup = re.fullmatch(r"AV ([\d.]+), MMR ([\d.]+)", values["setup"])
    assert setup is not None
    value, margin = haircuts.after_share(Fraction(setup[1]), Fraction(setup[2]), values["share"])
    note = "the source contradicts itself: the table's fee of 50 % is tested, its text says 70 %"
    return Answer({"av_after": value, "mmr_after": margin, "ratio_pct": Shown(margin / value * 100)}, note=note)


def vertex(values: Values) -> Answer:
    """Return the charge per lot, and of each side."""
    side = Fraction(values["oi_one_side"])
    per_lot = haircuts.charge_per_lot(-Fraction(values["v_quote"]), side)
    return Answer({"per_share": per_lot, "long_loss_total": per_lot * side, "short_loss_total": per_lot * side})


def _enough(values: Values) -> bool:
    """Keep deficits that profits can carry."""
    gains = [size * (values["settle"] - entry) for entry, size in zip(values["entries"], values["sizes"], strict=True)]
    return all(gain > 0 for gain in gains) and 0 <= values["deficit"] <= sum(gains)


_NO_LIQUIDATORS = "a liquidator's arithmetic: the preset starts where somebody is bankrupt"
_OWN_WAY = "the preset takes the same share at once, in whole units of money"

FAMILIES = (
    family("distribution", "vega_distribute", "collected wins", "paid", distribute, oracle.last),
    family(
        "exact ratio",
        "ratio_hazard",
        "collected wins",
        "exact_paid",
        hazard,
        oracle.exact_last,
        why="what a ratio of finite precision would lose: the formula has none",
    ),
    family(
        "disposal",
        "vega_disposal",
        "position fraction full_threshold",
        "slices",
        disposal,
        oracle.slices,
        why="the preset sells a share per step, without the two bounds",
    ),
    family(
        "charge per lot",
        "drift_funding",
        "loss_1e6 oi_long_1e9 oi_short_1e9",
        "delta",
        socialised,
        oracle.delta,
        why="nobody holds the market: refused by the venue, a residual in the law",
    ),
    family(
        "base to cover",
        "drift_cover",
        "shortage quote_price",
        "base_1e9",
        cover,
        oracle.cover,
        why=_NO_LIQUIDATORS,
    ),
    family("fund fee", "drift_if_fee", "shortage cap", "fee_1e6", fee, oracle.fee, why=_NO_LIQUIDATORS),
    family("closed at once", "", "shortage_usd", "pct", at_once, oracle.at_once, why=_NO_LIQUIDATORS),
    family(
        "entry haircut",
        "inj_haircut",
        "deficit entries sizes settle",
        "haircuts",
        injective,
        oracle.haircuts,
        legal=_enough,
        why="the preset is documented only: an operator lists whom to offset",
    ),
    family(
        "withdrawal share",
        "",
        "eba total_usdc_in_example",
        "slf_formula slf_in_doc_example solvency_exact doc_pays doc_fee",
        withdrawals,
        oracle.withdrawals,
        why=_OWN_WAY,
    ),
    family("liquidated share", "paradex_share", "setup share", "av_after mmr_after ratio_pct", share, oracle.share),
    family(
        "half to each side",
        "vertex_soc",
        "v_quote oi_one_side",
        "per_share long_loss_total short_loss_total",
        vertex,
        oracle.vertex,
        why=_OWN_WAY,
    ),
)
