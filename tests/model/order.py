"""Who is closed first: tiers, scores, and the policies that allocate lots."""

from fractions import Fraction
from hashlib import sha256
from itertools import pairwise
from typing import Any, NamedTuple

from tests.model.margin import equity, is_unhealthy
from tests.model.numbers import split
from tests.model.scores import binary, exact
from tests.model.state import Leg, Market, Unit, World, market_of

FLOAT_DOUBT = Fraction(2, 10**15)
"""Scores that differ by less may change places in binary64: four operands and three operations, half an ulp each."""


class Candidate(NamedTuple):
    """A unit that may be closed, with its leg, its tier and its lots."""

    unit: Unit
    leg: Leg
    tier: int
    lots: int


def tier_of(world: World, market: Market, unit: Unit, owners: set[str], rules: dict[str, Any]) -> int:
    """Return a candidate's tier: 0 fund, 1 backstops, 2 others, 3 neutral, 4 last tier, 5 no equity."""
    role = world.role(unit)
    if role == "fund":
        return 0
    if equity(world, unit) <= 0:
        return 5
    if unit.account_id in owners or is_unhealthy(world, unit):
        return 4
    if is_neutral(world, market, unit, rules):
        return 3
    return 1 if role == "backstop" else 2


def is_neutral(world: World, market: Market, unit: Unit, rules: dict[str, Any]) -> bool:
    """Return whether a cross unit in the neutral mode is hedged in the underlying of a market."""
    within = Fraction(rules["neutral_within_ppb"], 10**9)
    if not world.accounts[unit.account_id].neutral or unit.isolated or within == 0:
        return False
    about = market.underlying or market.market_id
    directed = []
    for key, leg in unit.legs.items():
        where = world.markets[market_of(key)]
        if (where.underlying or where.market_id) == about:
            directed.append(abs(where.lot_value) * leg.lots)
    longs = sum(delta for delta in directed if delta > 0)
    shorts = -sum(delta for delta in directed if delta < 0)
    apart = Fraction(abs(longs - shorts), max(longs, shorts))
    return apart < within or (apart == within and rules["neutral_boundary"] == "inclusive")


def is_removed(world: World, unit: Unit, owners: set[str], removed: tuple[str, ...]) -> bool:
    """Return whether a declared removal takes a candidate out; the fund's units never leave tier 0."""
    if world.role(unit) == "fund":
        return False
    return (
        ("own_units" in removed and unit.account_id in owners)
        or ("unhealthy" in removed and is_unhealthy(world, unit))
        or ("no_equity" in removed and equity(world, unit) <= 0)
    )


def candidates(
    world: World, market: Market, side: int, owners: set[str], rules: dict[str, Any]
) -> tuple[list[Candidate], list[str]]:
    """Return who may be closed against bankrupts of one side, and who was taken out."""
    found, out = [], []
    for unit in world.all_units():
        lots = unit.lots_on(market.market_id, -side)
        if unit.bankrupt or lots == 0:
            continue
        if is_removed(world, unit, owners, rules["removed"]):
            out.append(unit.unit_id)
        else:
            leg = unit.legs[unit.leg_on(market.market_id, -side)]
            found.append(Candidate(unit, leg, tier_of(world, market, unit, owners, rules), lots))
    return found, out


def in_order(
    world: World, market: Market, found: list[Candidate], policy: dict[str, Any], place: str
) -> list[Candidate]:
    """Return the candidates of a queue in their order; ``place`` is the text that rotation turns by."""
    if policy["ranking"] == "lexicographic":
        return sorted(found, key=lambda one: (one.tier, one.unit.unit_id))
    if policy["ranking"] == "rotation":
        return _rotated(found, f"{policy['seed']}:{place}")
    ordered = sorted(found, key=lambda one: _key(one, binary(world, market, one.unit, one.leg, policy)))
    _check_floats(ordered, [exact(world, market, one.unit, one.leg, policy) for one in ordered])
    return ordered


def _key(one: Candidate, score: tuple[float, ...]) -> tuple[int, bool, tuple[float, ...], str]:
    """Return tier, then those without a score, then the highest score, then the id."""
    return one.tier, bool(score), tuple(-key for key in score), one.unit.unit_id


def _check_floats(ordered: list[Candidate], scores: list[tuple[Fraction, ...]]) -> None:
    """Assert that binary64 moved nobody but those whose exact scores are as good as equal."""
    for (one, first), (other, second) in pairwise(zip(ordered, scores, strict=True)):
        if one.tier == other.tier and first and second and first < second:
            apart, size = second[0] - first[0], max(abs(first[0]), abs(second[0]))
            assert apart <= FLOAT_DOUBT * size, "binary64 turned an order round"


def _rotated(found: list[Candidate], text: str) -> list[Candidate]:
    start = int.from_bytes(sha256(text.encode("ascii")).digest(), "big")
    ordered: list[Candidate] = []
    for tier in sorted({one.tier for one in found}):
        members = sorted((one for one in found if one.tier == tier), key=lambda one: one.unit.unit_id)
        turn = start % len(members)
        ordered += members[turn:] + members[:turn]
    return ordered


def allocate(
    world: World, market: Market, found: list[Candidate], need: int, policy: dict[str, Any], place: str
) -> dict[str, int]:
    """Return the lots that each candidate closes, in the policy's order; never more than are needed or held."""
    parts: dict[str, int] = {}
    if policy["name"] == "queue":
        for one in in_order(world, market, found, policy, place):
            parts[one.unit.unit_id] = min(one.lots, need)
            need -= parts[one.unit.unit_id]
    else:
        for tier in sorted({one.tier for one in found}):
            held = {one.unit.unit_id: one.lots for one in found if one.tier == tier}
            given = shares(policy, held, min(need, sum(held.values())))
            parts |= {key: given[key] for key in sorted(given)}
            need -= sum(given.values())
    return {key: lots for key, lots in parts.items() if lots}


def shares(policy: dict[str, Any], held: dict[str, int], need: int) -> dict[str, int]:
    """Return how the units of one tier share lots of which they have enough, by a policy that is no queue."""
    name = policy["name"]
    if name == "top-by-size":
        ranks = sorted(held, key=lambda key: (-held[key], key))
        enough = min(n for n in range(len(ranks) + 1) if sum(held[key] for key in ranks[:n]) >= need)
        return split(need, [(key, held[key], held[key]) for key in ranks[: max(enough, policy["count"])]])
    if name == "levelling":
        return levelled(held, need)
    assert name in ("pro-rata", "per-capita")
    return split(need, [(key, lots if name == "pro-rata" else 1, lots) for key, lots in held.items()])


def levelled(held: dict[str, int], need: int) -> dict[str, int]:
    """Cut the largest first, down to the least level that does not take too much; the rest is one lot each, by id."""
    low, high = 0, max(held.values())
    while low < high:
        level = (low + high) // 2
        if sum(max(0, lots - level) for lots in held.values()) <= need:
            high = level
        else:
            low = level + 1
    parts = {key: max(0, lots - low) for key, lots in held.items()}
    missing = need - sum(parts.values())
    for key in sorted(key for key, lots in held.items() if lots >= low)[:missing]:
        parts[key] += 1
    return parts
