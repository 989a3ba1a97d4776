"""Bad scenario files: each is refused with every fault and its key path, none with a traceback, none is repaired."""

import json
from importlib import resources
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from deleverage.rulebook.auction import Dutch
from deleverage.rulebook.messages import (
    AbortEnvelope,
    ApproveEnvelope,
    Bid,
    Deposit,
    DepositToFund,
    MovePool,
    Regroup,
    SetMarks,
    SetPool,
    Trade,
    WithdrawFromFund,
)
from deleverage.rulebook.pools import Drawdown, PoolTerms
from deleverage.rulebook.throttle import Limit
from deleverage.scenarios.faults import ScenarioError
from deleverage.scenarios.loader import bundled_names, load, loads, text_of
from deleverage.scenarios.structure import schema

STORY = text_of("two-traders")
CRASH = text_of("crash")


def faults_of(text: str) -> list[str]:
    """Return the faults of a scenario text, as people read them."""
    with pytest.raises(ScenarioError) as refusal:
        loads(text)
    return [str(fault) for fault in refusal.value.faults]


def edited(*edits: tuple[str, str]) -> str:
    """Return the story of two traders with edits; each must hit."""
    text = STORY
    for old, new in edits:
        assert old in text, f"{old!r} is not in the story"
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        (("= 120", "= nan"), "accounts[0].deposit: 'nan' is not a plain decimal number"),
        (("= 120", "= -inf"), "accounts[0].deposit: '-inf' is not a plain decimal number"),
        (("= 120", "= 1e5"), "accounts[0].deposit: '1e5' is not a plain decimal number"),
        (("= 120", '= "1_2"'), "accounts[0].deposit: '1_2' is not a plain decimal number"),
        (("= 120", '= "١٢"'), "accounts[0].deposit: '١٢' is not a plain decimal number"),
        (("= 120", "= -120"), "accounts[0].deposit: is -120, must not be negative"),
        (("= 120", "= 120.001"), "accounts[0].deposit: 120.001 is not a multiple of 0.01"),
        (("= 120", "= true"), "accounts[0].deposit: is true, must be a number"),
        (("= 120", f"= {'9' * 4000}"), "accounts[0].deposit: has 4000 characters, a number has at most 40"),
        (("decimals = 2", "decimals = 2.5"), "settlement.decimals: is 2.5, must be a whole number"),
        (("decimals = 2", "decimals = 99"), "settlement.decimals: is 99, the maximum is 18"),
        (("XYZ = 85", "XYZ = 85.5"), "path[0].marks.XYZ: 85.5 is not a multiple of 1"),
        (("XYZ = 85 }", 'XYZ = 85 }\nhalt = "caf\u00e9"'), "path[0].halt: is longer than 200 characters or not ASCII"),
        (
            ("XYZ = 85 }", 'XYZ = 85 }\nhalt_markets = { XZY = "x" }'),
            "path[0].halt_markets.XZY: market 'XZY' is unknown",
        ),
        (
            ("XYZ = 85 }", 'XYZ = 85 }\nabort = { XZY = { side = "long", reason = "x" } }'),
            "path[0].abort.XZY: market 'XZY' is unknown",
        ),
        (("XYZ = 85 }", 'XYZ = 85 }\nresume_markets = ["XZY"]'), "path[0].resume_markets[0]: market 'XZY' is unknown"),
        (("XYZ = 85 }", "XYZ = 85 }\ndeposits = { bop = 1 }"), "path[0].deposits.bop: account 'bop' is unknown"),
        (("XYZ = 85 }", "XYZ = 85 }\ndeposits = { bob = 0 }"), "path[0].deposits.bob: is 0, must be above 0"),
        (("XYZ = 85", "XYZ = 0"), "path[0].marks.XYZ: is 0, must be above 0"),
        (("XYZ = 85", "XZY = 85"), "path[0].marks.XZY: market 'XZY' is unknown, nearest is 'XYZ'; known are XYZ"),
        (("size = 10", "size = 10.5"), "accounts[0].positions[0].size: 10.5 is not a multiple of 1"),
        (("size = 10", "size = 0"), "accounts[0].positions[0].size: is 0: leave the position out"),
        (('"bob"', '"alice"'), "accounts[1].id: 'alice' exists already"),
        (('"bob"', '"b/ob"'), "accounts[1].id: is 'b/ob', must be: 1 to 64 printable ASCII characters without blank"),
        (('tick  = "1"', 'tick  = "0"'), "markets[0].tick: is 0, must be above 0"),
        (('tick  = "1"', 'tick  = "0.001"'), "markets[0].tick: 0.001 is not a multiple of 0.01"),
        (("from = 0", "from = 5"), "markets[0].tiers[0].from: is 5, the first tier starts at 0"),
        (
            ('initial = "0.10"', 'initial = "0.10", max_leverage = 11'),
            "markets[0].tiers[0].max_leverage: is 11, but the initial rate is 0.10",
        ),
        (
            ('initial = "0.10"', "max_leverage = 21"),
            "markets[0].tiers[0].max_leverage: is 1 / 21, below the maintenance rate 0.05",
        ),
        (
            (', initial = "0.10"', ""),
            "markets[0].tiers[0].initial: is missing: a tier has an initial rate or a max_leverage",
        ),
        (
            ('initial = "0.10"', 'initial = "0.10", close_out = "0.06"'),
            "markets[0].tiers[0].close_out: is 0.06, above the maintenance rate",
        ),
        (
            ('[[accounts]]\nid        = "alice"', '[markets.dynamic]\nfloor = 2\n[[accounts]]\nid        = "alice"'),
            "markets[0].dynamic.floor: is 2, above 1: the published table lies within the bounds",
        ),
        (
            ('[[accounts]]\nid        = "alice"', '[markets.dynamic]\ncap = 0.5\n[[accounts]]\nid        = "alice"'),
            "markets[0].dynamic.cap: is 0.5, below 1: the published table lies within the bounds",
        ),
        (
            ("XYZ = 85 }", "XYZ = 85 }\nrequirements = { XYZ = { concentration = 1.5 } }"),
            "path[0].requirements.XYZ.concentration: is 1.5, a share is at most 1",
        ),
        (("size = 10,", "size = 10, leverage = 0.5,"), "accounts[0].positions[0].leverage: is 0.5, must be at least 1"),
        (("size = 10,", "size = 10, leverage = 11,"), "accounts[0].positions[0].leverage: is refused, LEVERAGE_ABOVE"),
        (("size = 10,", "size = 10, leverage = 8,"), "accounts[0]: is refused, BELOW_INITIAL_MARGIN"),
        (('"0.10"', '"0.01"'), "markets[0].tiers[0].initial: is 0.01, below the maintenance rate 0.05"),
        (("= 120", "= 20"), "accounts[0]: is refused, BELOW_INITIAL_MARGIN"),
        (("name   =", "nmae   ="), "name: is missing"),
    ],
)
def test_loader_when_one_thing_is_wrong_then_the_fault_names_its_key_path(edit: tuple[str, str], fault: str) -> None:
    """Each kind of bad value is a typed fault at the place where it stands."""
    assert [line for line in faults_of(edited(edit)) if line.startswith(fault)], faults_of(edited(edit))


def test_loader_when_many_things_are_wrong_then_all_are_listed() -> None:
    """Faults of shape, of numbers and between the parts come in one go, each said once."""
    text = edited(
        ("= 120", "= true"),
        ("from = 0", "form = 0"),
        ("decimals = 2", "decimals = 99"),
        ("size = 10, entry = 100", "size = 10, entry = 100.5"),
        ('"bob"', '"alice"'),
        ("XYZ = 85", "XZY = 85"),
    )
    paths = [fault.split(": ")[0] for fault in faults_of(text)]
    assert sorted(paths) == [
        "accounts[0].deposit",
        "accounts[0].positions[0].entry",
        "accounts[1].id",
        "markets[0].tiers[0].form",
        "markets[0].tiers[0].from",
        "path[0].marks.XZY",
        "settlement.decimals",
    ]


def test_loader_when_rules_are_wrong_then_all_are_listed_with_known_names() -> None:
    """A bad preset is refused with the full list, and unknown names come with the nearest valid one."""
    rules = (
        '[rules]\npolicy = "queue"\nprice = "x"\norder_band = -2\nremoved = ["a"]\n'
        'trigger = { name = "any", of = ["never", { name = "fund-exhausted", treshold = 1 }] }\n'
        'pace = { name = "closed-notional", most = 5 }\n\n[[markets]]'
    )
    assert [fault.split(",")[0] for fault in faults_of(edited(("[[markets]]", rules)))] == [
        "rules.policy: policy 'queue' is unknown",
        "rules.price: price 'x' is unknown",
        "rules.order_band: is -2",
        "rules.removed[0]: exclusion 'a' is unknown",
        "rules.trigger.of[1].treshold: is no parameter of fund-exhausted",
        "rules.pace: bounds no rounds: combine it with rounds",
    ]


def test_loader_when_pools_are_wrong_then_every_fault_has_its_key_path() -> None:
    """Unknown pools, a second one of the same name, a stop that is no smaller than the fall, and amounts of nothing."""
    pools = """
[[pools]]
id       = "zone"
floor    = -1
drawdown = { slots = 0, slot_seconds = 60, fall = 0.3, stop = 0.3 }

[[pools]]
id = "zone"

[[markets]]
pool = "zon"
"""
    acts = """marks = { XYZ = 85 }
pool_deposits    = { zone = 0 }
pool_withdrawals = { nowhere = 1 }
pool_moves       = [{ from = "common", to = "here", amount = 1 }]
regroup          = { XYZ = "there", ABC = "zone" }
"""
    text = edited(("[[markets]]", pools), ("marks = { XYZ = 85 }", acts))
    assert sorted(fault.split(", ")[0] for fault in faults_of(text)) == [
        "markets[0].pool: pool 'zon' is unknown",
        "path[0].pool_deposits.zone: is 0",
        "path[0].pool_moves[0].to: pool 'here' is unknown",
        "path[0].pool_withdrawals.nowhere: pool 'nowhere' is unknown",
        "path[0].regroup.ABC: market 'ABC' is unknown",
        "path[0].regroup.XYZ: pool 'there' is unknown",
        "pools[0].drawdown.fall: is 0.3",
        "pools[0].drawdown.slots: is 0",
        "pools[0].floor: is -1",
        "pools[1].id: 'zone' exists already",
    ]


def test_loader_when_a_frame_acts_on_pools_then_the_commands_are_these() -> None:
    """Deposits, withdrawals, moves, regrouped markets, in this order; terms and homes come before the first trade."""
    pools = """
[[pools]]
id       = "zone"
deposit  = 5
floor    = 2
drawdown = { slots = 3, slot_seconds = 60, fall = 0.3, stop = 0.1, base = "average", strict = true }

[[markets]]
pool = "zone"
"""
    acts = """marks = { XYZ = 85 }
pool_deposits    = { zone = 4 }
pool_withdrawals = { common = 1 }
pool_moves       = [{ from = "zone", to = "common", amount = 3 }]
regroup          = { XYZ = "common" }
"""
    story = loads(edited(("[[markets]]", pools), ("marks = { XYZ = 85 }", acts)))
    opened = [origin.command for origin in story.setup]
    drawdown = Drawdown(3, 60 * 10**9, 300_000_000, 100_000_000, "average", True)
    terms = SetPool(time_ns=0, terms=PoolTerms("zone", 200, drawdown))
    filled = DepositToFund(time_ns=0, amount_quanta=500, pool_id="zone")
    home = Regroup(time_ns=0, market_id="XYZ", pool_id="zone")
    at = opened.index(terms)
    assert opened[at : at + 3] == [terms, filled, home]
    assert story.path[0].commands[1:] == (
        DepositToFund(time_ns=10**9, amount_quanta=400, pool_id="zone"),
        WithdrawFromFund(time_ns=10**9, amount_quanta=100),
        MovePool(time_ns=10**9, from_pool_id="zone", to_pool_id="common", amount_quanta=300),
        Regroup(time_ns=10**9, market_id="XYZ", pool_id="common"),
    )


def test_loader_when_positions_of_one_price_do_not_cancel_out_then_says_how_much_is_left() -> None:
    """A trade has two sides: what nobody takes is a fault of the market, with size and price."""
    (fault,) = faults_of(edited(("size = -10", "size = -9")))
    assert fault.startswith("markets[0]: positions entered at 100 sum to 1, not to 0: nobody has the other side")
    assert len(faults_of(edited(("size = -10, entry = 100", "size = -10, entry = 101")))) == 2


def test_loader_when_the_book_is_empty_then_says_so() -> None:
    """A scenario without positions teaches nothing."""
    lines = [line for line in STORY.splitlines() if not line.startswith("positions")]
    assert faults_of("\n".join(lines)) == ["accounts: hold no position: the book is empty"]


def test_loader_when_a_market_has_nobody_in_it_then_says_so() -> None:
    """A market needs two sides."""
    other = (
        '[[markets]]\nid = "Z"\ntick = 1\nlot = 1\nmark = 5\ntiers = [{ from = 0, maintenance = 0.1, initial = 0.2 }]\n'
    )
    text = edited(('[[accounts]]\nid        = "alice"', other + '\n[[accounts]]\nid        = "alice"'))
    assert faults_of(text) == ["markets[1]: nobody has a position in Z: a market needs two sides"]


def test_loader_when_an_account_starts_underwater_then_it_must_be_allowed() -> None:
    """An opening mark that leaves somebody below the initial margin has to be the story's intention."""
    text = edited(("mark  = 100", "mark  = 89"))
    assert "below the initial margin 89" in faults_of(text)[0]
    assert loads(text.replace("\n[settlement]", "\nallow_underwater = true\n\n[settlement]")).allow_underwater


@pytest.mark.parametrize("text", ["", "a = = 1", "a = 1\na = 2", "a = " + "[" * 3000, "a = " + "9" * 5000, "path = 6"])
def test_loader_when_the_text_is_no_scenario_at_all_then_it_is_refused_in_words(text: str) -> None:
    """Bad TOML, towers of brackets and endless numbers are faults like any other."""
    assert faults_of(text)


def test_loader_when_a_file_is_unknown_then_names_the_nearest_story() -> None:
    """A typo in a name is answered with the nearest valid name and all of them."""
    with pytest.raises(ScenarioError, match="scenario 'six-long' is unknown, nearest is 'six-longs'"):
        load("six-long")


def test_loader_when_a_file_is_not_text_then_it_is_refused(tmp_path: Path) -> None:
    """Bytes that are no UTF-8, and files that are not there, are bad input."""
    bad = tmp_path / "bad.toml"
    bad.write_bytes(b"\xff\xfe")
    for path in (bad, tmp_path / "none.toml"):
        with pytest.raises(ScenarioError):
            load(str(path))


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        (
            ("BTC-PERP = 900", "BTC = 900"),
            "population.open_interest.BTC: market 'BTC' is unknown, nearest is 'BTC-PERP'",
        ),
        (("accounts      = 4000", "accounts      = 1"), "population.accounts: is 1, the minimum is 2"),
        (("step    = 120", "step    = 0"), "depth[0].step: is 0, must be above 0"),
        (
            ('account = "maker"', 'account = "makre"'),
            "depth[0].account: account 'makre' is unknown, nearest is 'maker'",
        ),
        (("backstop_capacity_lots = 4000", "backstop_capacity_lots = -1"), "accounts[1].backstop_capacity_lots: is -1"),
        (
            ('role                   = "backstop"', 'role = "trader"'),
            "accounts[1].backstop_capacity_lots: is 4000, but",
        ),
    ],
)
def test_loader_when_a_population_or_depth_is_wrong_then_the_fault_names_its_key_path(
    edit: tuple[str, str], fault: str
) -> None:
    """Drawn accounts, makers and backstops are checked like everything else."""
    assert any(line.startswith(fault) for line in faults_of(CRASH.replace(*edit)))


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        (("window_seconds = 3600, ", ""), "accounts[3].programme: has one of window_seconds and window_notional"),
        (('minimum_edge = "-0.02"', 'minimum_edge = "1.5"'), "accounts[3].programme.minimum_edge: is 1.5, an edge is"),
        (('{ minimum_edge = "0.005" }', "{}"), "accounts[4].programme.minimum_edge: is missing"),
        (
            ('role                   = "backstop"\nbackstop_capacity_lots = 60\n', ""),
            "accounts[4].programme: belongs to a",
        ),
    ],
)
def test_loader_when_a_programme_is_wrong_then_the_fault_names_its_key_path(edit: tuple[str, str], fault: str) -> None:
    """A programme is a backstop's, a window has a length and a notional, an edge is at most the notional."""
    assert any(line.startswith(fault) for line in faults_of(text_of("backstop-edge").replace(*edit)))


def test_loader_when_overrides_do_not_fit_then_they_are_faults() -> None:
    """Accounts and seed can only be replaced where there is a draw, within its bounds."""
    with pytest.raises(ScenarioError, match="--accounts needs a scenario with a population"):
        load("two-traders", accounts=5)
    with pytest.raises(ScenarioError, match="allowed are 2 to 200,000"):
        load("crash", accounts=10**12)


def test_loader_when_decimals_are_written_as_numbers_or_texts_then_they_are_the_same_integers() -> None:
    """No binary64 stands between the file and the law: 0.1 and "0.1" are one tenth."""
    as_text = edited(("= 120", '= "120.10"'))
    as_number = edited(("= 120", "= 120.1"))
    assert loads(as_number).setup == loads(as_text).setup
    assert Deposit(time_ns=0, unit_id="alice", amount_quanta=12010) in [o.command for o in loads(as_number).setup]


def test_loader_when_a_rest_of_market_is_named_then_it_takes_what_is_left_at_each_entry_price() -> None:
    """Positions at one price meet each other first; the named account takes the other side of the rest."""
    text = edited(
        ("mark  = 100", 'mark  = 100\nrest_of_market = "others"'),
        ("size = -10, entry = 100", "size = -4, entry = 100"),
        ("[[path]]", '[[accounts]]\nid = "others"\ndeposit = 900\n\n[[path]]'),
    )
    commands = [origin.command for origin in loads(text).setup]
    trades = [(c.buyer_unit_id, c.seller_unit_id, c.lots, c.price_ticks) for c in commands if isinstance(c, Trade)]
    assert trades == [("alice", "bob", 4, 100), ("alice", "others", 6, 100)]
    assert isinstance(commands[-1], SetMarks)


def test_loader_when_a_frame_halts_and_resumes_then_deposits_come_first_and_halts_last() -> None:
    """Whatever the order of the keys; scopes are markets, or empty."""
    keys = 'halt_markets = { XYZ = "a" }\nhalt = "b"\nresume_markets = ["XYZ"]\nresume = true\ndeposits = { bob = 1 }'
    (frame,) = loads(edited(("XYZ = 85 }", f"XYZ = 85 }}\n{keys}"))).path
    told = [(type(one).__name__, getattr(one, "scope", "-"), getattr(one, "reason", "-")) for one in frame.commands]
    assert told == [
        ("SetMarks", "-", "-"),
        ("Deposit", "-", "-"),
        ("Resume", "", "-"),
        ("Resume", "XYZ", "-"),
        ("Halt", "", "b"),
        ("Halt", "XYZ", "a"),
    ]


def test_loader_when_a_round_is_approved_and_taken_back_then_sizes_are_integers_and_the_hash_is_the_rules() -> None:
    """Lots of the market, quanta of the settlement, an expiry behind the frame's time."""
    keys = 'approve = { XYZ = { side = "long", size = 4, notional = "100.5", for_seconds = 60 } }\n'
    keys += 'abort = { XYZ = { side = "long", reason = "no" } }'
    manual = ("[[markets]]", "[rules]\nmanual = true\n\n[[markets]]")
    story = loads(edited(("XYZ = 85 }", f"XYZ = 85 }}\n{keys}"), manual))
    (frame,) = story.path
    _, approval, abort = frame.commands
    expiry_ns = frame.time_ns + 60 * 10**9
    assert approval == ApproveEnvelope(
        time_ns=frame.time_ns,
        market_id="XYZ",
        side="long",
        most_lots=4,
        most_notional_quanta=10_050,
        expiry_ns=expiry_ns,
        rules_hash=story.rules.hash(),
    )
    assert abort == AbortEnvelope(time_ns=frame.time_ns, market_id="XYZ", side="long", reason="no")


def test_loader_when_rules_bound_prices_and_time_then_they_are_integers() -> None:
    """Shares in ppb, seconds in ns."""
    rules = load("stop-and-go").rules
    assert (rules.breaker_ppb, rules.trade_band_ppb) == (50_000_000, 80_000_000)
    assert (rules.breaker_window_ns, rules.pause_ns, rules.grace_ns) == (60 * 10**9, 30 * 10**9, 60 * 10**9)


def test_loader_when_a_frame_has_bids_then_they_come_after_its_orders_and_the_rule_is_in_ns_and_ppb() -> None:
    """Sizes in lots, discounts in ppb, times in ns; who is in hedge mode names the side."""
    story = load("dutch-auction")
    assert story.rules.auction == Dutch(10_000_000, 10_000_000, 10 * 10**9, 40_000_000)
    first, second, _ = story.path[1].commands
    assert first == Bid(
        time_ns=20 * 10**9,
        unit_id="early",
        bidder_unit_id="hawk",
        market_id="XYZ",
        lots=4,
        least_discount_ppb=20_000_000,
    )
    assert isinstance(second, Bid)
    text = text_of("dutch-auction")
    order = 'orders = [{ account = "hawk", market = "XYZ", size = 1, price = 80 }]\n'
    ordered = loads(text.replace("bids          = [", f"{order}bids          = [")).path[1].commands
    assert [type(one).__name__ for one in ordered] == ["PlaceOrder", "Bid", "Bid", "Bid"]
    hedged = text.replace('id      = "hawk"', 'id      = "hawk"\nmode    = "hedge"')
    sided = hedged.replace("size = 4, least", 'size = 4, side = "long", least')
    one, *_ = loads(sided.replace("size = 10, least", 'size = 10, side = "long", least')).path[1].commands
    assert isinstance(one, Bid)
    assert (one.leg_side, one.bidder_side) == ("", "long")
    needed = "side: is needed where one of the two is in hedge mode, and only there"
    assert faults_of(sided) == [f"path[1].bids[{at}].{needed}" for at in (1, 2)]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('of = "early"', 'of = "earlz"', "path[1].bids[0].of: account 'earlz' is unknown"),
        (
            'account = "hawk", of = "e',
            'account = "hawl", of = "e',
            "path[1].bids[0].account: account 'hawl' is unknown",
        ),
        ("size = 4", "size = 0", "path[1].bids[0].size: is 0, must be above 0"),
        (
            'size = 4, least_discount = "0.02"',
            "size = 4, least_discount = 2",
            "path[1].bids[0].least_discount: is 2, a",
        ),
        (
            "size = 4",
            'side = "long", size = 4',
            "path[1].bids[0].side: is needed where one of the two is in hedge mode",
        ),
        ("every_seconds = 10", "every_seconds = 0", "rules.auction.every_seconds: is 0, must be above 0"),
        ("every_seconds = 10", "every_ns = 10", "rules.auction.every_ns: is no parameter of dutch"),
    ],
)
def test_loader_when_a_bid_or_an_auction_is_wrong_then_its_key_is_told(old: str, new: str, fault: str) -> None:
    """Nothing is guessed."""
    text = text_of("dutch-auction")
    assert text.count(old) == 1
    assert faults_of(text.replace(old, new))[0].startswith(fault)


def test_loader_when_a_throttle_is_given_then_its_limits_are_integers_and_its_faults_are_told() -> None:
    """Stress in ppb, money in quanta; a table that loosens is refused with its key."""
    table = (
        '[rules]\nclose_throttle = [{ stress_from = 0, most = 100 }, { stress_from = "0.25", most = 7 }]\n[[markets]]'
    )
    rules = loads(STORY.replace("[[markets]]", table, 1)).rules
    assert rules.close_throttle == (Limit(0, 10_000), Limit(250_000_000, 700))
    (fault,) = faults_of(STORY.replace("[[markets]]", table.replace("most = 7", "most = 700"), 1))
    assert fault == "rules.close_throttle[1].most: is 700, above the 100 of the limit before"


def test_schema_when_read_then_it_is_valid_and_describes_every_key() -> None:
    """The published schema is draft 2020-12, and each key has a description for people."""
    Draft202012Validator.check_schema(schema())
    bare: list[str] = []

    def visit(part: object, path: str) -> None:
        if isinstance(part, dict):
            for key, child in part.get("properties", {}).items():
                if "description" not in child:
                    bare.append(f"{path}.{key}")
            for key, child in part.items():
                visit(child, f"{path}.{key}")

    visit(schema(), "")
    assert bare == []


def test_bundled_stories_when_listed_then_all_load_and_are_named_like_their_file() -> None:
    """What ships can be played."""
    assert bundled_names() == [
        "approval",
        "backstop-edge",
        "both-sides-bankrupt",
        "cascade",
        "clawback",
        "crash",
        "crash-residual",
        "drawdown",
        "dutch-auction",
        "expiry",
        "fund-covers",
        "fund-empties",
        "fund-pools",
        "hedge-mode",
        "inverse",
        "neutral",
        "one-bankrupt",
        "self-dealing",
        "six-longs",
        "smart-partial",
        "stop-and-go",
        "two-traders",
        "volatility",
        "wrong-way",
    ]
    for name in bundled_names():
        assert load(name).name == name


def test_schema_files_when_shipped_then_they_are_json() -> None:
    """The run document's schema ships beside the scenario's."""
    text = resources.files("deleverage").joinpath("schemas/run.json").read_text("utf-8")
    Draft202012Validator.check_schema(json.loads(text))
