"""Keys that can have no effect: each is a fault that says why, and the same key beside what it works on is none."""

import pytest

from deleverage.scenarios.faults import ScenarioError
from deleverage.scenarios.loader import bundled_names, loads, text_of


def faults_of(text: str) -> list[str]:
    """Return the faults of a text; none if it is a scenario."""
    try:
        loads(text)
    except ScenarioError as refusal:
        return [str(fault) for fault in refusal.faults]
    return []


def edited(name: str, *edits: tuple[str, str]) -> str:
    """Return a bundled story with edits; each must hit."""
    text = text_of(name)
    for old, new in edits:
        assert old in text, f"{old!r} is not in {name}"
        text = text.replace(old, new, 1)
    return text


def ruled(rule: str) -> str:
    """Return the story of two traders under a rule; nobody in it orders, backs or owns anything."""
    return edited("two-traders", ("[[markets]]", f"[rules]\n{rule}\n\n[[markets]]"))


def framed(key: str) -> str:
    """Return the story of two traders with a key in its frame."""
    return edited("two-traders", ("marks = { XYZ = 85 }", f"marks = {{ XYZ = 85 }}\n{key}"))


NO_ORDERS = "has no effect: nobody places an order to sell into"
IDLE = {
    "rules.breaker_window_seconds: has no effect: the breaker is off": ruled("breaker_window_seconds = 60"),
    "rules.pause_seconds: has no effect: the breaker is off": ruled("breaker = 0\npause_seconds = 60"),
    "rules.grace_seconds: has no effect: a grace begins when a halt is lifted, and no frame lifts one": ruled(
        "grace_seconds = 60"
    ),
    "rules.conversion_band: has no effect: it binds conversions by agreement, which no scenario states": ruled(
        "conversion_band = 0.1"
    ),
    "rules.trade_band: has no effect: nobody places an order": ruled("trade_band = 0.1"),
    f"rules.order_band: {NO_ORDERS}": ruled("order_band = 0.1"),
    f"rules.liquidation_fee: {NO_ORDERS}": ruled("liquidation_fee = 0.1"),
    f"rules.reduce_throttle: {NO_ORDERS}": ruled("reduce_throttle = [{ stress_from = 0, most = 5 }]"),
    "rules.fund_inventory_cap_lots: has no effect: no account has the role fund": ruled("fund_inventory_cap_lots = 5"),
    "rules.surplus_to_taker: has no effect: nobody takes lots over": ruled("surplus_to_fund = 0\nsurplus_to_taker = 1"),
    "rules.min_sources: has no effect: no frame states its sources, and without a statement they are 1,000,000": ruled(
        "min_sources = 2"
    ),
    "rules.auction: has no effect: no tier has a close_out rate, so nobody is on offer": ruled(
        'auction = { name = "dutch", start = 0, step = 0.01, every_seconds = 1, most = 0.1 }'
    ),
    "rules.policy.seed: has no effect: the ranking is profit, only rotation is drawn": ruled(
        'policy = { name = "queue", ranking = "profit", seed = 7 }'
    ),
    "rules.trigger.of[1]: has no effect: no pool has a drawdown, so none ever falls": ruled(
        'trigger = { name = "any", of = ["fund-exhausted", "fund-fallen"] }'
    ),
    "markets[0].dynamic: has no effect: no frame announces requirements of this market": edited(
        "two-traders", ('lot   = "1"', 'lot = "1"\ndynamic = { floor = 0.5 }')
    ),
    "markets[0].dynamic.volatility: has no effect: floor and cap are both 1, so the factor stays there": edited(
        "volatility", ("cap            = 3\n", ""), ("floor          = 1\n", "")
    ),
    "markets[0].tiers[0].close_out_deduction: has no effect: the tier has no close_out rate": edited(
        "fund-covers", ("from = 0", "from = 0, close_out_deduction = 0.01")
    ),
    "path[0].requirements.XYZ.concentration: has no effect: the market has no dynamic.concentration": framed(
        "requirements = { XYZ = { concentration = 0.5 } }"
    ),
    "pools[0]: has no effect: no market belongs to the pool zone, and no frame moves its money": edited(
        "two-traders", ("[[path]]", '[[pools]]\nid = "zone"\ndeposit = 5\n[[path]]')
    ),
    "pools[0].floor: has no effect: no frame takes money out of the pool or moves it away": edited(
        "two-traders", ("[[path]]", '[[pools]]\nid = "common"\nfloor = 5\n[[path]]')
    ),
    "fund.deposit: has no effect: every market belongs to another pool, and no frame moves the money": edited(
        "two-traders",
        ("[[markets]]", '[fund]\ndeposit = 5\n[[pools]]\nid = "zone"\n[[markets]]\npool = "zone"'),
    ),
    "assets[0]: has no effect: no account brings in BTC as collateral": edited(
        "two-traders", ("[[path]]", '[[assets]]\nid = "BTC"\nprice = 5\n[[path]]')
    ),
    "accounts[0].backstop_capacity_lots: has no effect: is 0 or left out: this backstop takes nothing over": edited(
        "two-traders", ('id        = "alice"', 'id = "alice"\nrole = "backstop"')
    ),
    f"impact: {NO_ORDERS}": edited("two-traders", ("[[path]]", "[impact]\nper_lot = { XYZ = 0.1 }\n[[path]]")),
    "path[0].sources: has no effect: marks and prices that are confirmed need no sources": framed(
        "sources = 3\nconfirmed = true"
    ),
    "path[0].approve: has no effect: the rules are not manual, so stage 5 needs no approval": framed(
        'approve = { XYZ = { side = "long", size = 4, notional = 1000, for_seconds = 60 } }'
    ),
    "path[0].bids: has no effect: the rules have no auction": framed(
        'bids = [{ account = "bob", of = "alice", market = "XYZ", size = 1 }]'
    ),
}
"""A story with a key that can have no effect, by the fault that says so."""
IDLE = {fault.replace("has no effect: is 0", "is 0"): text for fault, text in IDLE.items()}


@pytest.mark.parametrize("fault", IDLE)
def test_key_when_it_can_have_no_effect_then_the_fault_says_why(fault: str) -> None:
    """A switch of something that is not in the file is a mistake of whoever wrote it."""
    assert fault in faults_of(IDLE[fault])


@pytest.mark.parametrize("name", bundled_names())
def test_bundled_story_when_it_is_loaded_then_all_of_its_keys_have_an_effect(name: str) -> None:
    """What people copy from says nothing in vain."""
    assert faults_of(text_of(name).replace("4000\nseed", "60\nseed")) == []


@pytest.mark.parametrize(
    ("edits", "fault"),
    [
        (
            [("notional = 300", "notional = 40")],
            "path[1].approve.XYZ.notional: is 40, but one lot is worth at least 70 while the envelope stands",
        ),
        (
            [("abort", "marks = { XYZ = 71 }\nabort"), ('side = "long", reason', 'side = "short", reason')],
            "path[2].abort.XYZ: has no effect: no frame up to this one approves anything of XYZ short",
        ),
    ],
)
def test_envelope_when_it_could_serve_nothing_then_the_compared_numbers_are_told(
    edits: list[tuple[str, str]], fault: str
) -> None:
    """Worth less than one lot at every mark of its time, or taken back without having been given."""
    assert fault in faults_of(edited("approval", *edits))


def test_faults_when_the_path_has_one_then_an_account_below_margin_is_told_as_well() -> None:
    """What is wrong with a frame or a rule does not hide what is wrong with the opening."""
    text = edited(
        "two-traders",
        ("deposit   = 120", "deposit = 20"),
        ("XYZ = 85", "XZY = 85"),
        ("name   =", 'nmae = "x"\nname   ='),
    )
    assert [fault.split(",")[0] for fault in faults_of(text)] == [
        "nmae: is no key here",
        "path[0].marks.XZY: market 'XZY' is unknown",
        "accounts[0]: is refused",
    ]


def test_faults_when_a_market_has_no_grid_then_its_tiers_and_numbers_are_judged_all_the_same() -> None:
    """A broken tick hides neither the margin table nor what is no number."""
    text = edited("two-traders", ('tick  = "1"', 'tick = "x"'), ("from = 0", "from = 5"), ("mark  = 100", 'mark = "y"'))
    assert faults_of(text) == [
        "markets[0].tick: 'x' is not a plain decimal number",
        "markets[0].tiers[0].from: is 5, the first tier starts at 0",
        "markets[0].mark: 'y' is not a plain decimal number",
    ]


def test_refusal_when_an_order_lies_outside_the_band_then_its_prices_are_prices_and_not_ticks() -> None:
    """The law compares ticks; whoever wrote 0.5 into the file reads 0.5."""
    (fault,) = faults_of(edited("stop-and-go", ('price   = "93.5"', "price = 0.5")))
    assert fault.endswith("PRICE_OUT_OF_BAND: a price lies within the band around the mark (0.5 against 100)")
