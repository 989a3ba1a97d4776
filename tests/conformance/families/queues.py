"""Queues of central venues, their capacities, and prices at which volunteers are assigned positions."""

from fractions import Fraction
from math import lcm

from deleverage.rulebook.messages import Deleveraged
from deleverage.venues.formulas import capacity, prices
from tests.conformance.books import World, grain, of
from tests.conformance.cases import Values
from tests.conformance.family import Answer, Shown, family
from tests.conformance.oracles import queues as oracle


def _id(account: int) -> str:
    return f"account-{account:06d}"


def queue(values: Values) -> Answer:
    """Return order, percentiles, fills and remainders of a queue; money makes the preset's scores those of the case."""
    positions, liquidated = values["positions"], values["liquidated"]
    side = 1 if values["counterparty_side"] == "long" else -1
    bankruptcy, entry = Fraction(liquidated["bankruptcy_price"]), Fraction(1)
    mark = bankruptcy + side * min(Fraction(10), bankruptcy / 2)
    if side < 0:
        entry = 2 * mark
    factor = 2 * lcm(*(int(position["score"]) for position in positions))
    world = World(
        "bitmex",
        grain([liquidated["qty"], *(position["qty"] for position in positions)]),
        grain([bankruptcy, mark, entry]),
        6,
    )
    world.market("m")
    for position in positions:
        gain = abs(mark - entry) * position["qty"]
        equity = factor * mark * position["qty"] / position["score"]
        world.account(_id(position["account"]), equity - gain)
        world.enter(_id(position["account"]), "m", side * position["qty"], entry)
    world.account("al", abs(bankruptcy - entry) * liquidated["qty"])
    world.enter("al", "m", -side * liquidated["qty"], entry)
    world.marks(m=mark)
    names = {_id(position["account"]): position["account"] for position in positions}
    places = [place for place in world.domain.queue("m", values["counterparty_side"]) if place.unit_id in names]
    (fact,) = of(Deleveraged, world.step())
    fills = [
        {
            "account": names[fill.unit_id],
            "qty": abs(fill.lots) * world.lot,
            "price": Fraction(abs(fill.amount_quanta), world.unit) / (abs(fill.lots) * world.lot),
        }
        for fill in sorted(
            fact.fills, key=lambda f: [c.unit_id for c in fact.closings].index(f.unit_id) if f.unit_id in names else -1
        )
        if fill.unit_id in names
    ]
    return Answer(
        {
            "queue_order": [names[place.unit_id] for place in places],
            "percentile_pct": {names[place.unit_id]: 20 * (6 - place.lights) for place in places},
            "fills": fills,
            "remaining_qty": {account: abs(world.size(name, "m")) for name, account in names.items()},
        },
        "bitmex",
    )


def room(values: Values) -> Answer:
    """Return what a participant can be assigned in a window that it has not used yet."""
    share = Fraction(values["tier1_group_limit_pct"], 100)
    return Answer(
        {
            "max_assignable_in_window_usd": capacity.deribit_room(Fraction(values["participant_equity_usd"]), share),
            "cooldown_window_default_s": capacity.DERIBIT_WINDOW_S,
            "notional_capacity_factor_default": capacity.DERIBIT_FACTOR,
        }
    )


def margin_rate(values: Values) -> Answer:
    """Return the margin rate of standard futures, and whether it liquidates."""
    named = ("nav", "total_initial_margin", "adjustment_factor")
    rate = capacity.bingx_margin_rate(*(Fraction(values[name]) for name in named))
    return Answer({"margin_rate": rate, "liquidated": rate <= 0})


def protection(values: Values) -> Answer:
    """Return the prices of an inverse long's equity protection."""
    named = ("qty", "entry", "margin_btc", "im_rate", "mm_rate")
    found = prices.inverse_long_protection(*(Fraction(values[name]) for name in named))
    return Answer(
        {
            "position_value_btc": found.value,
            "initial_margin_btc": found.initial_margin,
            "maintenance_margin_btc": found.maintenance_margin,
            "liquidation_price": Shown(found.liquidation_price),
            "ioc_limit_price": Shown(found.zero_equity_price),
        },
    )


def assignment(values: Values) -> Answer:
    """Return on which side of the mark a position is assigned, at the least and the most edge."""
    mark = Fraction(100)
    found = {}
    for side in ("long", "short"):
        edges = [values["default_min_edge_bps"], values["max_edge_bps"]]
        signs = {prices.assignment_price(side, mark, edge) < mark for edge in edges}
        found[f"{side}_assigned"] = {True: "below mark", False: "above mark"}[signs == {True}]
    return Answer(found)


def one_to_one(values: Values) -> Answer:
    """Return what is closed of the first in the queue, and at whose price."""
    first, gone = values["A"], values["B"]
    side = 1 if first["side"] == "long" else -1
    world = World("gate-2022", grain([first["qty"], gone["qty"]]), Fraction(1, 100), 6)
    world.market("m")
    world.account("a", 10**6)
    world.enter("a", "m", side * first["qty"], 100)
    world.account("b", gone["qty"])
    world.enter("b", "m", -side * gone["qty"], 100)
    bankruptcy = 100 + side
    world.marks(m=bankruptcy + side)
    (fact,) = of(Deleveraged, world.step())
    (fill,) = [fill for fill in fact.fills if fill.unit_id == "a"]
    price = Fraction(abs(fill.amount_quanta), world.unit) / (abs(fill.lots) * world.lot)
    word = {True: "B_bankruptcy_price", False: str(price)}[price == bankruptcy]
    return Answer({"A_closed": abs(fill.lots) * world.lot, "price": word}, "gate-2022")


def _whole(values: Values) -> bool:
    """Keep queues of distinct scores and positive sizes that hold what is liquidated."""
    sizes = [position["qty"] for position in values["positions"]]
    scores = [position["score"] for position in values["positions"]]
    accounts = {position["account"] for position in values["positions"]}
    gone = values["liquidated"]
    distinct = len(set(scores)) == len(scores) == len(accounts) and min(scores) > 0 and min(sizes) > 0
    return bool(distinct and 0 < gone["qty"] <= sum(sizes) and gone["bankruptcy_price"] > 1)


FAMILIES = (
    family(
        "queue",
        "queue",
        "counterparty_side positions liquidated",
        "queue_order percentile_pct fills remaining_qty",
        queue,
        oracle.queue,
        legal=_whole,
    ),
    family("one to one", "queue", "A B", "A_closed price", one_to_one, oracle.one_to_one, fixed=True),
    family(
        "room in a window",
        "capacity",
        "participant_equity_usd tier1_group_limit_pct",
        "max_assignable_in_window_usd cooldown_window_default_s notional_capacity_factor_default",
        room,
        oracle.room,
        why="the preset is documented only: who is selected is not published",
    ),
    family(
        "margin rate",
        "liquidation",
        "nav total_initial_margin",
        "margin_rate liquidated",
        margin_rate,
        oracle.margin_rate,
        why="the preset is documented only: no formula of its queue is published",
    ),
    family(
        "equity protection",
        "price",
        "margin_btc im_rate mm_rate",
        "position_value_btc initial_margin_btc maintenance_margin_btc liquidation_price ioc_limit_price",
        protection,
        oracle.protection,
        why="the preset is documented only: order and price of the unwind are not published",
    ),
    family(
        "assignment",
        "price",
        "default_min_edge_bps max_edge_bps",
        "long_assigned short_assigned",
        assignment,
        oracle.assignment,
        why="the preset is documented only: order and price of the unwind are not published",
    ),
)
