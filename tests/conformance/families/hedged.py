"""Hedged accounts that are asked last: who counts as one, and the order under the preset."""

from fractions import Fraction

from deleverage.rulebook.messages import Deposit, OpenIsolated, SetNeutralMode
from deleverage.rulebook.stages.candidates import NEUTRAL_TIER
from deleverage.venues.formulas import hedges
from tests.conformance.books import World
from tests.conformance.cases import Values
from tests.conformance.family import Answer, family
from tests.conformance.oracles import queues as oracle

PRESET = "bybit"
LONG, BESIDE = 1000, 1


def hedged(values: Values) -> Answer:
    """Return whether an account's hedged positions rank last; a difference in words stands for one beside the bound."""
    words, threshold = str(values["relative_diff"]), Fraction(values["threshold"])
    difference = threshold + (Fraction(-1, 1000) if words[0] == "<" else Fraction(1, 1000))
    found = hedges.binance_is_neutral(values["account"], values["vip"], values["delta_mode"] == "enabled", difference)
    return Answer({"delta_neutral": found})


def hedged_last(values: Values) -> Answer:
    """Return who counts as hedged, and the queue with these behind all others; legs are played that are the deltas."""
    users = sorted(values["users"], key=lambda user: user["rank_before"])
    neutral = {
        user["user"]: hedges.bybit_is_neutral(
            user["margin_mode"], user["delta_mode"] == "enabled", _delta(user["coinDelta"])
        )
        for user in users
    }
    world = World(PRESET, Fraction(1), Fraction(1), 2)
    for market_id in ("m", "h"):
        world.market(market_id, underlying="coin")
    units = {}
    for place, user in enumerate(users, start=1):
        units[_open(world, user, place)] = user["user"]
    world.marks(m=110, h=110)
    before = [units[found.unit_id] for found in world.domain.queue("m", "long") if found.unit_id in units]
    assert before == [user["user"] for user in users], "without the mode the order is the case's"
    for user in users:
        name = f"user-{user['user']}"
        world.submit(SetNeutralMode(time_ns=world.time_ns, account_id=name, on=user["delta_mode"] == "enabled"))
    after = [found for found in world.domain.queue("m", "long") if found.unit_id in units]
    return Answer(
        {
            "delta_neutral": {units[found.unit_id]: found.tier == NEUTRAL_TIER for found in after},
            "order_after": [units[found.unit_id] for found in after],
        },
        PRESET,
        formula={"delta_neutral": neutral, "order_after": hedges.neutral_last(list(neutral), neutral)},
    )


def _open(world: World, user: Values, place: int) -> str:
    """Open a user's position with more money the later its place is, and its hedge; return the unit that holds it."""
    name = f"user-{user['user']}"
    unit_id, money = name, 100_000 * place
    world.account(name, money)
    if user["margin_mode"] == "IM":
        unit_id = f"{name}/m"
        world.submit(OpenIsolated(time_ns=world.time_ns, account_id=name, market_id="m"))
        world.submit(Deposit(time_ns=world.time_ns, unit_id=unit_id, amount_quanta=world.money(money)))
    world.enter(unit_id, "m", LONG, 100)
    delta = _delta(user["coinDelta"])
    if delta is not None:
        world.enter(name, "h", -int(LONG * (1 - delta)), 100)
    return unit_id


def _delta(words: str | None) -> Fraction | None:
    """Return a coin delta for a bound in words: the bound itself qualifies, what lies beyond it does not."""
    if words is None:
        return None
    bound = Fraction(words[1:])
    return bound if words[0] == "<" else bound + Fraction(BESIDE, LONG)


def _ranked(values: Values) -> bool:
    """Keep users of distinct ranks."""
    ranks = {user["rank_before"] for user in values["users"]}
    return len(ranks) == len(values["users"])


FAMILIES = (
    family(
        "hedged",
        "eligibility_order",
        "threshold relative_diff vip account delta_mode",
        "delta_neutral",
        hedged,
        oracle.hedged,
        why="VIP, account type and opt-in are facts that a venue brings in: the law knows the mode alone",
        still=frozenset({"threshold"}),
    ),
    family(
        "hedged last",
        "eligibility_order",
        "users",
        "delta_neutral order_after",
        hedged_last,
        oracle.hedged_last,
        legal=_ranked,
    ),
)
