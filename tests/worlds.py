"""Random worlds from a seed: rules, and commands that drive a domain into every corner of the law.

``world(seed)`` returns the rules and a generator of commands. Send it the state after each command (the plain form of
``Model.state()``) or just iterate: then it keeps a model of its own to know the state. Both ways the commands are the
same as long as the state is.
"""

from collections.abc import Generator
from random import Random
from typing import Any

from deleverage.rulebook.scores import RANKINGS
from tests.commands import to_rules
from tests.life.life import Life
from tests.life.view import PPB, SECOND, Plain
from tests.model import Model

Commands = Generator[Plain, Plain | None, None]


def world(seed: int, most: int | None = None) -> tuple[Plain, Commands]:
    """Return the rules of a world and the commands of its life; usual legs are worth at most ``most`` quanta in it."""
    rng = Random(f"world {seed}")
    rules = random_rules(rng)
    rules["hash"] = to_rules(rules).hash()
    life = Life(rng, rules)
    life.size = min(life.size, most or life.size)
    return rules, _with_state(rules, life)


def _with_state(rules: Plain, life: "Life") -> Commands:
    """Yield the life's commands; where nobody sends a state, ask a model."""
    model: Model | None = None
    past: list[Plain] = []
    commands = life.commands()
    for command in commands:
        past.append(command)
        state = yield command
        if state is None:
            if model is None:
                model = Model(rules)
                unseen = past
            else:
                unseen = [command]
            for one in unseen:
                model.submit(one)
            state = model.state()
        life.state = state | {"markets": {key: one for key, one in state["markets"].items() if not one["settled"]}}
        life.settled = [key for key, one in state["markets"].items() if one["settled"]]


def random_rules(rng: Random) -> Plain:
    """Return rules with a few switches away from the common law."""

    def seldom(usual: Any, *others: Any, chance: float = 0.3) -> Any:
        return rng.choice(others) if rng.random() < chance else usual

    ranking = seldom("bitmex", *RANKINGS, chance=0.75)
    policy: Plain = {"name": "queue", "ranking": ranking, "seed": 0, "wallet_floor_quanta": 1}
    if policy["ranking"] == "rotation":
        policy["seed"] = rng.randrange(10)
    if policy["ranking"] == "binance":
        policy["wallet_floor_quanta"] = rng.choice((1, 1000, 10**6, 10**12))
    rerank = seldom("once", "each_fill", chance=0.25)
    if rerank == "once" and rng.random() < 0.35:
        policy = {"name": rng.choice(("pro-rata", "per-capita", "levelling", "top-by-size"))}
        if policy["name"] == "top-by-size":
            policy["count"] = rng.randint(1, 3)
    source = seldom("fund-first", "all-or-nothing", "deleverage-first", "deleverage-first")
    removed = seldom(
        [], ["own_units"], ["unhealthy"], ["no_equity"], ["own_units", "unhealthy", "no_equity"], chance=0.5
    )
    to_fund = seldom(PPB, 0, 500_000_000, 333_333_333, chance=0.5)
    breaker = seldom(0, 1, 20_000_000, 150_000_001, chance=0.3)
    return {
        "max_mark_age_ns": seldom(0, 3 * SECOND, 20 * SECOND, chance=0.2),
        "mark_band_ppb": seldom(0, 50_000_000, 400_000_000, chance=0.5),
        "min_sources": seldom(1, 0, 2),
        "neutral_within_ppb": seldom(0, 1, 50_000_000, 700_000_000, PPB, PPB, chance=0.5),
        "neutral_boundary": rng.choice(("strict", "inclusive")),
        "conversion_band_ppb": seldom(0, 30_000_000, 200_000_000, chance=0.5),
        "reduction": _reduction(rng),
        "grace_ns": seldom(0, 1, SECOND, 20 * SECOND, 10**15, chance=0.5),
        "trade_band_ppb": seldom(0, 5_000_000, 30_000_000, 333_333_333, chance=0.15),
        "breaker_ppb": breaker,
        "breaker_window_ns": rng.choice((1, SECOND, 20 * SECOND, 10**15)) if breaker else 0,
        "pause_ns": rng.choice((1, SECOND, 3 * SECOND, 30 * SECOND)) if breaker else 0,
        "order_band_ppb": seldom(0, 20_000_000, 200_000_001),
        "liquidation_fee_ppb": seldom(0, 5_000_000, 7_777_777, 300_000_000, chance=0.5),
        "surplus_to_fund_ppb": to_fund,
        "surplus_to_taker_ppb": rng.choice((0, PPB - to_fund, (PPB - to_fund) // 3)),
        "fund_inventory_cap_lots": seldom(0, 1, 5, 10**4, 10**12, chance=0.35),
        "shortfall_split": seldom("maintenance", "notional"),
        "funding_source": {"name": source},
        "fund_event_cap_quanta": seldom(None, 0, 1, 1001, 10**6 + 1, chance=0.2),
        "fund_group_cap_quanta": seldom(None, 0, 1, 777, 10**6 + 1, chance=0.2),
        "fund_market_cap_quanta": seldom(None, 0, 3, 1501, 10**6 + 1, chance=0.2),
        "fund_notional_cap_ppb": seldom(None, 0, 10_000_000, 50_000_000, 333_333_333, PPB, chance=0.2),
        "trigger": {"name": "bankrupt-lots"} if rng.random() < 0.7 else _trigger(rng, 2),
        "manual": seldom(False, True, chance=0.12),
        "policy": policy,
        "rerank": rerank,
        "price": _price(rng, usual=0.15 if source == "deleverage-first" else 0.6),
        "may_bankrupt": seldom(False, True, chance=0.12),
        "removed": removed,
        "loss_rule": _loss_rule(rng),
        "haircut_claims": seldom(False, True),
        "pace": _pace(rng, seldom(32, 1, 1, 2, 3, chance=0.35)),
        "reduce_throttle": _throttle(rng) if rng.random() < 0.2 else [],
        "close_throttle": _throttle(rng) if rng.random() < 0.2 else [],
        "auction": _auction(rng) if rng.random() < 0.5 else {"name": "none"},
    }


def _reduction(rng: Random) -> Plain:
    """Return a reduction rule, often the common one; slices are as small and as large as worlds are."""
    name = (
        "share" if rng.random() < 0.3 else rng.choice(("share", "tiers", "tiers", "tiers", "smart", "smart", "slices"))
    )
    if name == "share":
        return {"name": name, "share_ppb": rng.choice((PPB, PPB, 250_000_000, 333_333_333, 1, 0))}
    if name == "tiers":
        return {"name": name, "count": rng.choice((1, 1, 1, 2, 3))}
    if name == "smart":
        return {"name": name, "target_ppb": rng.choice((PPB, PPB + 1, 1_200_000_000, 3_333_333_333))}
    bounds = rng.choice(((0, 10**4), (1, 0), (7, 0), (10**9, 10**6), (0, 10**11), (10**30, 0)))
    slippage = rng.choice((0, 5_000_000, 20_000_001, 300_000_000, PPB))
    share = rng.choice((0, 1, 250_000_000, 333_333_333, PPB, PPB))
    slices = {"most_lots": bounds[0], "most_notional_quanta": bounds[1]}
    return {"name": name, **slices, "max_slippage_ppb": slippage, "max_depth_share_ppb": share}


def _trigger(rng: Random, deepest: int) -> Plain:
    """Return a trigger; combinations lie at most ``deepest`` deep."""
    names = ("never", "fund-exhausted", "fund-fallen", "fund-cannot-accept", "pool-factor")
    name = rng.choice((*names, *("all", "any") * (deepest > 0)))
    if name in ("all", "any"):
        return {"name": name, "of": [_trigger(rng, deepest - 1) for _ in range(rng.randint(1, 3))]}
    parameters = {
        "never": {},
        "fund-fallen": {},
        "fund-exhausted": {"threshold_quanta": rng.choice((0, 0, 1, 1000, 10**6))},
        "fund-cannot-accept": {"cap_quanta": rng.choice((0, 1001, 10**6, 10**9, 10**12))},
        "pool-factor": {"factor_ppb": rng.choice((0, 1, PPB, 3 * PPB + 1, 10**12))},
    }
    found: Plain = {"name": name, **parameters[name]}
    return {"name": "any", "of": [found, {"name": "bankrupt-lots"}]} if rng.random() < 0.1 else found


def _price(rng: Random, usual: float) -> Plain:
    """Return a price rule, with this chance the common one."""
    name = "bankruptcy" if rng.random() < usual else rng.choice(("mark", "previous-mark", "spread", "blend", "capped"))
    share = rng.choice((0, 1, 20_000_000, 333_333_333, 500_000_001, PPB))
    if name == "spread":
        return {"name": name, "spread_ppb": share}
    if name == "blend":
        return {"name": name, "share_ppb": share}
    if name == "capped":
        inner: Plain = rng.choice(
            ({"name": "bankruptcy"}, {"name": "previous-mark"}, {"name": "blend", "share_ppb": 1})
        )
        return {"name": name, "price": inner, "most_ppb": share}
    return {"name": name}


def _auction(rng: Random) -> Plain:
    """Return an auction rule, from one that is over in a nanosecond to one that hardly ever is."""
    start = rng.choice((0, 0, 1, 1_000_000, 5_000_000, 20_000_001))
    most = start + rng.choice((0, 7, 3_000_000, 30_000_000, 333_333_333))
    step = rng.choice((1, 1_000_000, 3_333_333, 10_000_000, 200_000_000))
    every = rng.choice((1, 1000, SECOND // 3, SECOND, SECOND, 20 * SECOND))
    if (-((start - most) // step) + 1) * every > 86_400 * SECOND:  # more than a day is refused
        every = 1
    return {"name": "dutch", "start_ppb": start, "step_ppb": step, "every_ns": every, "most_ppb": most}


def _throttle(rng: Random) -> list[Plain]:
    """Return a table that tightens with stress, from hardly ever to always binding."""
    starts = [0, *sorted(rng.sample((1, 10_000_000, 200_000_000, 500_000_000, PPB), rng.randint(0, 3)))]
    bounds = sorted((rng.choice((1, 1, 500, 10**4, 10**6, 10**7, 10**11, 10**18)) for _ in starts), reverse=True)
    return [{"stress_from_ppb": one, "most_quanta": most} for one, most in zip(starts, bounds, strict=True)]


def _loss_rule(rng: Random, deepest: int = 1) -> Plain:
    """Return a loss rule, mostly the common one; combinations lie at most ``deepest`` deep."""
    if rng.random() < 0.45 * deepest:
        return {"name": "winners-pro-rata", "base": "unit"}
    if deepest and rng.random() < 0.5:
        return {"name": "in-order", "of": [_loss_rule(rng, deepest - 1) for _ in range(rng.randint(1, 4))]}
    floor = rng.choice((0, 0, 1, 1000, 10**6, 10**11))
    return rng.choice(
        (
            {"name": "winners-pro-rata", "base": rng.choice(("unit", "leg"))},
            {"name": "vmgh"},
            {"name": "funding-index", "side": rng.choice(("both", "opposite", "own"))},
            {"name": "funding-index", "side": "both"},
            {"name": "payout", "floor_quanta": floor},
            {"name": "flat-too", "floor_quanta": floor},
            {"name": "exchange-rate"},
            {"name": "clawback"},
            {"name": "nobody"},
        )
    )


def _pace(rng: Random, rounds: int) -> Plain:
    """Return a pace: rounds, and now and then a bound on what stage 5 closes or whom it touches."""
    bounds: list[Plain] = [{"name": "rounds", "most": rounds}]
    if rng.random() < 0.15:
        bounds.append({"name": "closed-notional", "most_quanta": rng.choice((1, 1, 10**4, 10**6, 10**8, 10**10))})
    if rng.random() < 0.15:
        bounds.insert(rng.randrange(2), {"name": "touched-units", "most": rng.choice((1, 1, 2, 3))})
    return bounds[0] if len(bounds) == 1 else {"name": "first", "of": bounds}
