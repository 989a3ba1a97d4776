"""The bundled stories end as the arithmetic in their comments says."""

import pytest

from deleverage.domain.document import residual_left
from deleverage.domain.player import Run, play
from deleverage.scenarios.loader import bundled_names, load, loads, text_of


def equity_of(run: Run) -> dict[str, int]:
    """Return every unit's equity at the end, in whole cents."""
    return {state.unit_id: state.equity_quanta for state in run.after}


def prices_of(run: Run) -> list[tuple[str, int, int]]:
    """Return the fills of candidates: unit, lots, amount per lot in cents."""
    return [
        (record.fill.unit_id, record.fill.lots, abs(record.fill.amount_quanta) // abs(record.fill.lots))
        for step in run.steps
        for item in step.rounds
        for record in item.fills
        if record.fill.part == "candidate"
    ]


def test_two_traders_when_one_cannot_pay_then_the_other_is_closed_at_the_bankruptcy_price() -> None:
    """Bob is closed at 88, alice's bankruptcy price, and keeps the 120 that she really had."""
    run = play(load("two-traders"))
    assert prices_of(run) == [("bob", 10, 8800)]
    assert equity_of(run) == {"alice": 0, "bob": 62000}


def test_six_longs_when_the_short_is_bankrupt_then_the_published_example_comes_out() -> None:
    """Queue 2, 5, 4, 1, 6, 3 with lights by lots; ten lots of account 2 and ten of account 5 at 650, nobody else."""
    run = play(load("six-longs"))
    (queue,) = run.steps[0].rounds[0].queues
    assert [(place.unit_id, place.score, place.lights) for place in queue.places] == [
        ("long-2", "6.0", 5),
        ("long-5", "5.0", 4),
        ("long-4", "4.0", 3),
        ("long-1", "3.0", 2),
        ("long-6", "2.0", 2),
        ("long-3", "1.0", 1),
    ]
    assert prices_of(run) == [("long-2", -10, 65000), ("long-5", -10, 65000)]
    assert {unit for unit, equity in equity_of(run).items() if equity == 0} == {"short-20"}


def test_inverse_when_the_long_is_bankrupt_then_it_is_closed_at_its_amount_and_the_market_settles() -> None:
    """Ten lots of 1,000 USD change hands for 1.2 BTC; at the settlement every equity is cash and nobody holds lots."""
    run = play(load("inverse"))
    (item,) = run.steps[0].rounds
    amounts = {record.fill.unit_id: record.fill.amount_quanta for record in item.fills}
    assert amounts == {"long": -120_000_000, "short": 120_000_000}
    assert equity_of(run) == {"long": 0, "patient": 495_000_000, "short": 55_000_000}
    assert all(not unit.legs for unit in run.domain.book.units.values())
    assert run.domain.book.markets["XBTUSD"].settled


def test_inverse_when_the_settlement_makes_a_paid_bankrupt_flat_then_the_next_step_tells_its_end() -> None:
    """The fund pays long's shortfall and no trigger closes its lots; settled, it owes nothing: no stage has to act."""
    text = text_of("inverse").replace("[rules]", '[fund]\ndeposit = 10\n\n[rules]\ntrigger = "never"')
    run = play(loads(text))
    assert [line.told for line in run.steps[1].stages] == [["1 bankruptcy ended"]]


def test_hedge_mode_when_a_hedged_account_fails_then_its_legs_net_and_a_hedged_maker_is_left_naked() -> None:
    """5 lots net, 25 are closed at 84: maker's short first (10), then bear (15); maker keeps 10 lots long."""
    run = play(load("hedge-mode"))
    assert prices_of(run) == [("maker", 10, 8400), ("bear", 15, 8400)]
    assert equity_of(run) == {"bear": 144_000, "maker": 2_000, "rest": 200_000, "tilted": 0}
    assert [(leg.unit_id, leg.leg_id, leg.lots) for leg in run.steps[0].rounds[0].naked] == [("maker", "A/long", 10)]
    assert [state.lots for state in run.after if state.unit_id == "maker"] == [(("A/long", 10),)]


@pytest.mark.parametrize(
    ("change", "order", "closed"),
    [
        (("", ""), ["lean", "bear", "maker"], [("lean", 5), ("bear", 15), ("maker", 5)]),
        (("neutral_within   = 0.05", "neutral_within = 0.2"), ["lean", "bear", "maker"], None),
        (('0.05\nneutral_boundary = "strict"', '0.2\nneutral_boundary = "inclusive"'), ["bear", "maker", "lean"], None),
        (("neutral   = true", "neutral = false"), ["maker", "lean", "bear"], [("maker", 20), ("lean", 5)]),
        (('underlying = "BTC"', ""), ["maker", "lean", "bear"], [("maker", 20), ("lean", 5)]),
    ],
)
def test_neutral_when_an_account_is_hedged_then_it_stands_behind_the_others(
    change: tuple[str, str], order: list[str], closed: list[tuple[str, int]] | None
) -> None:
    """maker is hedged to the lot, lean to 20 %: at exactly that share, strict is ordinary and inclusive neutral.

    Out of the mode, or with two markets that have nothing to do with each other, the scores decide.
    """
    run = play(loads(text_of("neutral").replace(*change)))
    (queue,) = run.steps[0].rounds[0].queues
    assert [place.unit_id for place in queue.places] == order
    if closed:
        assert [(unit, lots) for unit, lots, _ in prices_of(run)] == closed


def test_neutral_when_the_story_is_told_then_it_ends_as_its_arithmetic_says() -> None:
    """4 per lot: lean 20, bear 60, maker 20."""
    run = play(load("neutral"))
    assert equity_of(run) == {"bear": 124_000, "lean": 20_000, "maker": 38_000, "rest": 318_000, "tilted": 0}


@pytest.mark.parametrize(("target", "sold", "kept"), [("1.2", [30, 0], 70), ("1", [16, 17], 67)])
def test_smart_partial_when_the_target_lies_above_one_then_the_next_tick_sells_nothing(
    target: str, sold: list[int], kept: int
) -> None:
    """70 lots are healthy at 94: 330 against 329. With a target of 1 it would be 84, 316 against 394.8: 17 more go.

    They go at 95, one better than the mark; 67 x 4.7 = 314.9 is what 316 carries.
    """
    run = play(loads(text_of("smart-partial").replace('"1.2"', target)))
    assert [sum(line.taken_lots for line in step.stages if line.stage == 2) for step in run.steps] == sold
    assert [state.lots for state in run.after if state.unit_id == "whale"] == [(("A", kept),)]


def test_backstop_edge_when_programmes_differ_then_the_vault_goes_first_and_its_window_binds() -> None:
    """42 lots to vault, 58 to desk; a minute later neither takes over, the fund pays the 20 of its 29."""
    run = play(load("backstop-edge"))
    assert run.steps[0].stages[0].told == [
        "42 lots of longs in A taken over by vault",
        "58 lots of longs in A taken over by desk",
    ]
    assert equity_of(run) == {"bear": 6_200, "desk": 861, "late": 0, "thin": 31, "vault": 899}
    assert [step.fund_after_quanta for step in run.steps] == [29, 9]


def test_fund_covers_when_the_fund_pays_then_the_winner_is_closed_at_the_mark() -> None:
    """The fund pays 30; bob loses his position at 85 and keeps all of his gain."""
    run = play(load("fund-covers"))
    assert prices_of(run) == [("bob", 10, 8500)]
    assert equity_of(run) == {"alice": 0, "bob": 65000}
    assert run.domain.book.pots["fund"] == 7000


def test_fund_empties_when_the_second_account_fails_then_only_the_rest_is_asked() -> None:
    """The fund goes 50, 20, 0; the first close is at the mark of 85, the second at 82."""
    run = play(load("fund-empties"))
    assert [step.fund_after_quanta for step in run.steps] == [2000, 0]
    assert prices_of(run) == [("bob", 10, 8500), ("bob", 10, 8200)]
    assert equity_of(run) == {"alice": 0, "bob": 133000, "carol": 0}


def test_fund_pools_when_one_is_empty_then_the_other_pays_nothing_for_it() -> None:
    """MEME's pool gives its 10, dan the other 20; the common pool pays XYZ's 30 and keeps 70 until an operator acts."""
    run = play(load("fund-pools"))
    assert prices_of(run) == [("dan", 10, 8700), ("bob", 10, 8500)]
    assert equity_of(run) == {"alice": 0, "bob": 65_000, "carol": 0, "dan": 63_000}
    assert [step.fund_after_quanta for step in run.steps] == [7_000, 7_000]
    assert {pool_id: run.domain.book.cash(pool_id) for pool_id in run.domain.book.pools} == {
        "common": 3_000,
        "meme": 4_000,
    }


def test_drawdown_when_the_pool_has_fallen_then_it_pays_nothing_until_it_has_recovered() -> None:
    """30 are paid down to the boundary, then nothing, then 5 of what came in; bob is closed at 85, 80 and 77.50."""
    run = play(load("drawdown"))
    assert prices_of(run) == [("bob", 10, 8500), ("bob", 10, 8000), ("bob", 10, 7750)]
    assert [(step.fund_before_quanta, step.fund_after_quanta) for step in run.steps] == [
        (10_000, 7_000),
        (7_000, 7_000),
        (7_500, 7_000),
    ]
    assert equity_of(run) == {"alice": 0, "bob": 257_500, "carol": 0, "eve": 0}
    assert run.domain.book.pools["common"].paused


def test_self_dealing_when_the_owner_is_declared_then_the_cap_holds_and_undeclared_it_costs_the_whole_shortfall() -> (
    None
):
    """The fund loses 30 to the declared owner and 100 to the other; nothing but the declaration differs."""
    run = play(load("self-dealing"))
    before = {state.unit_id: state.equity_quanta for state in run.before}
    after = equity_of(run)
    taken = {
        name: sum(after[unit] - before[unit] for unit in after if unit.startswith(name)) for name in ("ring", "pal")
    }
    assert taken == {"ring": 3_000, "pal": 10_000}
    assert run.domain.book.fund_paid_by_group["ring"] == 3_000
    assert run.domain.book.fund_quanta() == 100_000 - 13_000


def test_both_sides_when_bankrupt_then_they_net_first_and_the_loss_without_lots_is_socialised() -> None:
    """12 lots net at the mark; small pays 10, seller 50, and 30 are cut from seller's open gain."""
    run = play(load("both-sides-bankrupt"))
    (item,) = run.steps[0].rounds
    assert [(p.market_id, p.side, p.netted_lots, p.closed_lots, p.collected_quanta) for p in item.fact.pools] == [
        ("A", "long", 0, 20, 5000),
        ("B", "long", 12, 8, 1000),
        ("B", "short", 12, 0, 0),
    ]
    assert item.socialised_quanta == 3000
    assert equity_of(run) == {"hedger-down": 0, "hedger-up": 0, "keeper": 20000, "seller": 152000, "small": 9000}


def test_cascade_when_sales_move_the_mark_then_each_mark_follows_from_the_sales_before() -> None:
    """Marks 97, 93.5, 90.1, 86.9, 84.3; the fund goes 20, 4.60, 0; one long of five is left."""
    run = play(load("cascade"))
    assert [step.marks["XYZ"] for step in run.steps] == [970, 935, 901, 869, 843]
    assert [step.fund_after_quanta for step in run.steps] == [2000, 2000, 460, 0, 0]
    assert [unit for unit, equity in equity_of(run).items() if equity > 0] == ["long-5", "maker", "shorts"]


def test_stop_and_go_when_played_then_pause_halt_and_grace_each_stop_what_they_should() -> None:
    """early is sold out in the pause, nobody in the halt, two are spared in the grace, late is sold out behind it."""
    run = play(load("stop-and-go"))
    assert [(item.frame, item.rejection.code.name) for item in run.refused] == [(1, "MARKET_PAUSED")]
    sold = [sum(line.taken_lots for line in step.stages if line.stage == 2) for step in run.steps]
    assert sold == [10, 0, 0, 0, 10]
    assert [step.guarded for step in run.steps] == [(), ("XYZ: halted",), (), (), ()]
    spared = [[(one.unit_id, one.until_ns // 10**9) for one in step.spared] for step in run.steps]
    assert spared == [[], [], [("late", 100), ("steady", 100)], [("late", 100)], []]
    assert {unit: equity_of(run)[unit] for unit in ("early", "late", "steady")} == {
        "early": 3500,
        "late": 1500,
        "steady": 8000,
    }


def test_approval_when_played_then_each_step_closes_what_was_approved_at_its_own_mark() -> None:
    """Nothing, 4 lots for 40.00, nothing, 5 for 40.00, 1 for 8.00: bo pays the whole shortfall of 88 that is left."""
    run = play(load("approval"))
    pools = [pool for step in run.steps for item in step.rounds for pool in item.fact.pools]
    told = [(pool.closed_lots, pool.collected_quanta, pool.stopped) for pool in pools]
    assert told == [(0, 0, "approval"), (4, 4000, "approval"), (5, 4000, "approval"), (1, 800, "")]
    assert run.refused == []
    assert (equity_of(run)["al"], run.domain.book.envelopes) == (0, {})
    assert run.steps[2].news == (
        "approved: 6 of the bankrupt longs in XYZ, worth at most 430 USD",
        "approval of longs in XYZ aborted: the index is being checked",
    )


def test_expiry_when_played_then_funding_loss_and_settlement_are_exact() -> None:
    """buyer: 200 - 10 - 250 = -60; the fund pays 40, seller the other 20. Nobody holds anything at the end."""
    run = play(load("expiry"))
    assert [(item.frame, item.rejection.code.name) for item in run.refused] == [(2, "MARKET_EXPIRED")]
    assert equity_of(run) == {"buyer": 0, "calm": 27400, "other": 32600, "seller": 74000}
    assert all(not unit.legs for unit in run.domain.book.units.values())
    assert (run.domain.book.pots["fund"], run.domain.book.markets["ALT-DEC"].settled) == (0, True)


def test_crash_when_played_then_the_fund_empties_stage_5_collects_and_nothing_is_left() -> None:
    """Thousands of accounts, three markets: the fund is empty, candidates pay, no residual."""
    run = play(load("crash"))
    assert len(run.before) > 4000
    assert run.domain.book.pots["fund"] == 0
    assert sum(pool.collected_quanta for step in run.steps for item in step.rounds for pool in item.fact.pools) > 0
    assert not residual_left(run)


def test_crash_residual_when_gains_leave_at_the_mark_then_a_residual_is_named_and_the_domain_halts() -> None:
    """What stays uncovered is a number in the book, and no forced act goes on."""
    run = play(load("crash-residual"))
    assert run.domain.book.residual_quanta > 0
    assert run.domain.book.halted
    assert residual_left(run)


def test_clawback_when_the_week_ends_in_a_loss_then_its_winners_pay_and_are_paid_back_in_part() -> None:
    """Made since Monday: 160, 240 and 200. Paid 27, 40 and 33 of 100; of 60 later 16, 24 and 20 come back."""
    run = play(load("clawback"))
    paid = {key: -unit.transfers for key, unit in run.domain.book.units.items() if unit.transfers < 0}
    assert paid == {"swing": 27, "patient": 40, "late": 33}
    assert run.domain.book.claims == {"swing": 11, "patient": 16, "late": 13}
    assert not run.refused
    assert not residual_left(run)


def test_volatility_when_requirements_rise_with_notice_then_two_longs_reduce_and_nobody_else_pays() -> None:
    """Factor 1, 1, 2, 2, 1; tight sells 3 and the whale 8 lots at 1 below the mark, the maker buys them there."""
    run = play(load("volatility"))
    assert [step.factors_ppb["XYZ"] for step in run.steps] == [10**9, 10**9, 2 * 10**9, 2 * 10**9, 10**9]
    assert [len(step.stages) for step in run.steps] == [0, 0, 1, 0, 0]
    lots = {state.unit_id: dict(state.lots).get("XYZ", 0) for state in run.after}
    assert lots == {"maker": 11, "roomy": 10, "short-1": -25, "short-2": -25, "tight": 7, "whale": 22}
    money = {"maker": 101100, "roomy": 14000, "short-1": 102500, "short-2": 102500, "tight": 8700, "whale": 31200}
    assert equity_of(run) == money


def test_dutch_auction_when_played_then_one_is_bought_one_expires_and_one_is_bankrupt() -> None:
    """early keeps 6 lots and 20.36, is healthy once and on offer again with the next mark; late's 24 are the fund's.

    vault has 20 lots and has paid 1; hawk got 6.64.
    """
    run = play(load("dutch-auction"))
    assert [step.on_offer for step in run.steps] == [
        ("early", "late", "thin"),
        ("early", "late", "thin"),
        ("late", "thin"),
        ("early", "late"),
        ("early",),
    ]
    lots = {state.unit_id: dict(state.lots).get("XYZ", 0) for state in run.after}
    assert lots == {"early": 6, "hawk": 4, "late": 0, "shorts": -30, "thin": 0, "vault": 20}
    money = {"early": 2036, "hawk": 100464, "late": 0, "shorts": 352500, "thin": 0, "vault": 299900}
    assert equity_of(run) == money
    assert run.domain.book.pots["fund"] == 2400
    assert [item.rejection.code.name for item in run.refused] == ["DISCOUNT_TOO_SMALL", "MORE_THAN_NEEDED"]


def test_wrong_way_when_collateral_falls_with_its_position_then_it_is_sold_first_and_the_rest_pledged() -> None:
    """18.58 BTC are needed, 9.90 and 2.00 find takers; others carry 539.07, of which 219.74 come back later."""
    run = play(load("wrong-way"))
    book, whale = run.domain.book, run.domain.book.units["whale"]
    assert (whale.quote, whale.assets, whale.carried, whale.bankrupt) == (0, {"BTC": 553}, 31_933, False)
    assert (book.units["vault"].assets, book.units["fund"].assets) == ({"BTC": 1_247}, {"BTC": 200})
    assert [step.fund_after_quanta for step in run.steps] == [0, 21_974]
    ends = equity_of(run)
    assert (ends["bear"], ends["cub"], ends["vault"], ends["rest"]) == (265_966, 143_977, 8_083, 180_000)


@pytest.mark.parametrize("name", [name for name in bundled_names() if not name.startswith("crash")])
@pytest.mark.parametrize("policy", ["pro-rata", "queue-bitmex", "queue-profit", "queue-rotation"])
def test_stories_when_another_policy_is_chosen_then_they_still_end_without_a_residual(name: str, policy: str) -> None:
    """Who pays changes with the policy, whether the sum is exact does not (every fact is checked on the way)."""
    assert not residual_left(play(load(name, policy=policy)))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_crash_when_drawn_anew_then_it_still_ends_without_a_residual(seed: int) -> None:
    """The lesson does not hang on one lucky seed."""
    run = play(load("crash", accounts=600, seed=seed))
    assert run.domain.book.pots["fund"] == 0
    assert not residual_left(run)
