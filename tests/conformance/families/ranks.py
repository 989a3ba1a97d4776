"""Ranks and margin tables, under the presets that have them: KuCoin, Hyperliquid, Aster, Binance."""

import re
from fractions import Fraction

from deleverage.rulebook.book import Tier
from deleverage.rulebook.margin import leg_maintenance
from deleverage.rulebook.messages import Withdraw
from deleverage.rulebook.quantities import MARGIN_SCALE, PPB
from deleverage.venues.formulas import ranks, tiers
from tests.conformance.books import World, grain
from tests.conformance.cases import Values
from tests.conformance.family import Answer, Shown, family
from tests.conformance.oracles import queues as oracle
from tests.conformance.oracles.chains import index as index_oracle
from tests.conformance.oracles.chains import profit_score as score_oracle

CENT = Fraction(1, 100)


def _score(world: World, quantity: Fraction) -> float | None:
    """Return the score of the account al in the queue of its side; None: it has none."""
    side = "long" if quantity > 0 else "short"
    (place,) = [place for place in world.domain.queue("m", side) if place.unit_id == "al"]
    return float(place.score) if place.score else None


def return_rate(values: Values) -> Answer:
    """Return a position's return, which is its score under the preset's other version."""
    quantity, multiplier, entry, mark = (Fraction(values[name]) for name in ("qty", "multiplier", "entry", "mark"))
    kind = values["contract"].split()[0]
    rate = ranks.return_rate(kind, quantity, multiplier, entry, mark)
    world = World("kucoin", grain([quantity]), grain([entry, mark, 1]), 24, {"version": "return"})
    world.market("m", abs(multiplier), kind)
    world.account("al", 10**6)
    world.enter("al", "m", quantity, entry)
    world.marks(m=mark)
    score = _score(world, quantity)
    assert score is not None
    return Answer({"result": Shown(score)}, "kucoin", formula={"result": rate})


def index(values: Values) -> Answer:
    """Return mark over entry times leverage: the score under the preset."""
    mark, entry, notional, value = (Fraction(values[n]) for n in ("mark", "entry", "notional", "account_value"))
    found = ranks.hyperliquid_index(values["side"], mark, entry, notional, value)
    quantity = notional if values["side"] == "long" else -notional
    world = World("hyperliquid", grain([quantity]), grain([mark, entry]), 12)
    _with_value(world, quantity, entry, mark, value * mark)  # Both times the mark, so that the lots are whole.
    score = _score(world, quantity)
    assert score is not None
    return Answer({"index": Shown(score)}, "hyperliquid", formula={"index": found})


def profit_score(values: Values) -> Answer:
    """Return profit share times margin ratio: the score under the preset, of whoever has equity."""
    profit, wallet, margin, equity = (Fraction(values[name]) for name in ("upnl", "wallet", "mm", "equity"))
    found = ranks.binance_score(profit, wallet, margin, equity)
    if equity <= 0 or equity != wallet + profit:
        note = (
            "who has no equity has no score here, and is never chosen"
            if equity <= 0
            else "no account has such an equity"
        )
        return Answer({"score": Shown(found)}, note=note)
    mark = 10 * margin + max(Fraction(0), 2 * profit)
    rate = margin / mark * PPB
    if rate.denominator != 1:
        return Answer({"score": Shown(found)}, note="its margin is no rate in parts per 10^9")
    world = World("aster", Fraction(1), grain([mark, mark - profit]), 12, margins=(int(rate), int(rate)))
    _with_value(world, Fraction(1), mark - profit, mark, equity)
    return Answer({"score": Shown(_score(world, Fraction(1)) or 0.0)}, "aster", formula={"score": found})


def _with_value(world: World, quantity: Fraction, entry: Fraction, mark: Fraction, value: Fraction) -> None:
    """Let the account al hold a position and be worth so much at the mark: it enters rich, and takes the rest out."""
    rich = abs(quantity) * max(entry, mark) * 2 + value
    world.market("m")
    world.account("al", rich)
    world.enter("al", "m", quantity, entry)
    world.marks(m=mark)
    rest = world.money(rich + quantity * (mark - entry) - value)
    world.submit(Withdraw(time_ns=world.time_ns, unit_id="al", amount_quanta=rest))


def no_equity(values: Values) -> Answer:
    """Return margin ratio and score of accounts that meet a condition in words: whatever their money is."""
    found = set()
    for wallet in (-600, -1, 0, 1, 500):
        for profit in (-700, -500, -1, 0, 1, 600):
            if _holds(values["condition"], wallet_balance=wallet, unrealized_profit=profit):
                equity = Fraction(wallet + profit)
                score = ranks.binance_score(Fraction(profit), Fraction(wallet), Fraction(100), equity)
                found.add((ranks.margin_ratio(Fraction(100), equity), score))
    ((ratio, score),) = found
    note = "the law gives such an account no score and asks it last of all"
    return Answer({"margin_ratio": ratio, "leverage_pnl": score}, note=note)


def _holds(condition: str, **names: int) -> bool:
    """Return whether a condition of sums of names holds: ``a + b <= 0``."""
    match = re.fullmatch(r"([a-z_]+) \+ ([a-z_]+) <= 0", condition)
    assert match is not None, condition
    return names[match[1]] + names[match[2]] <= 0


def amounts(values: Values) -> Answer:
    """Return the maintenance amounts of a table, which the preset's domain takes and finds continuous."""
    starts, rates = ([Fraction(line[place]) for line in values["tiers"]] for place in (0, 2))
    found = tiers.maintenance_amounts(starts, rates)
    world = World("binance", Fraction(1), Fraction(1), 6)
    table = tuple(
        Tier(world.money(start), int(rate * PPB), PPB, world.money(amount))
        for start, rate, amount in zip(starts, rates, found, strict=True)
    )
    world.market("m", tiers=table)
    world.marks(m=1)
    market = world.domain.book.markets["m"]
    for start, rate, amount in zip(starts[1:], rates, found, strict=False):
        assert leg_maintenance(market, int(start)) == world.money(start * rate - amount) * MARGIN_SCALE, "continuous"
    return Answer({"maintenance_amounts": found}, "binance")


def _sorted(values: Values) -> Values:
    """Return a table that a venue could publish: starts and rates that rise, from 0 and up to 1."""
    columns = [sorted(column) for column in zip(*values["tiers"], strict=True)]
    columns[0][0] = 0
    columns[2] = [min(rate, Fraction(1)) for rate in columns[2]]
    return {"tiers": [list(line) for line in zip(*columns, strict=True)]}


def _distinct(values: Values) -> bool:
    """Keep tables in which no two tiers start together."""
    starts = [line[0] for line in values["tiers"]]
    return len(set(starts)) == len(starts)


def _summed(values: Values) -> Values:
    """Return an account whose equity is what it has and what it has made."""
    return {**values, "equity": values["wallet"] + values["upnl"]}


def _payable(values: Values) -> bool:
    """Keep accounts whose value is left when the rest is taken out."""
    return bool(values["account_value"] > 0 and values["notional"] > 0)


FAMILIES = (
    family("return", "rank_score", "contract multiplier entry mark", "result", return_rate, oracle.return_rate),
    family("mark over entry", "hl_rank", "mark account_value", "index", index, index_oracle, legal=_payable),
    family("profit and margin", "aster_rank", "upnl wallet", "score", profit_score, score_oracle, tidy=_summed),
    family(
        "no equity", "rank_score", "condition", "margin_ratio leverage_pnl", no_equity, oracle.no_equity, fixed=True
    ),
    family(
        "maintenance amounts",
        "margin_tier",
        "tiers",
        "maintenance_amounts",
        amounts,
        oracle.amounts,
        column=("tiers", 4, "maintenance_amounts"),
        legal=_distinct,
        tidy=_sorted,
    ),
)
