"""Each look of each check finds what it is for, in an event with nothing but that; and says so where it cannot look."""

import json
from dataclasses import replace

import numpy as np
import pytest

from deleverage.lab.audit.checks import audit
from deleverage.lab.audit.document import document, headlines
from deleverage.lab.audit.finding import CODES, Finding
from deleverage.lab.audit.limits import Limits
from deleverage.lab.events.edit import with_claims, with_fills, with_states
from deleverage.lab.events.generator import generate
from deleverage.lab.events.model import Claim, CoinGap, CoinTotal, Event, Fills, Floats, Repeat, Shock, States, Wave
from tests.lab.rates import clean

NAN = float("nan")


def wave(number: int, deficit: float = 1000.0, needed: float = 500.0, **more: object) -> Wave:
    """Return a wave of one minute's length, an hour after the one before."""
    start = 3_600_000 * number
    row = Wave(number, start, start + 60_000, 10, 5, deficit, deficit / 2 + number, needed)
    return replace(row, **more)  # type: ignore[arg-type]


def only(event: Event, code: str) -> list[Finding]:
    """Return what one check finds in an event."""
    return list(audit(event, [code]).findings)


def found_one(event: Event, code: str, words: str) -> Finding:
    """Return the one finding of a check whose sentence has some words."""
    fitting = [finding for finding in only(event, code) if words in finding.sentence]
    assert len(fitting) == 1
    return fitting[0]


def test_budget_when_an_old_bankrupt_is_closed_then_it_is_told_how_much_is_against_him() -> None:
    """Of 40 USD that a wave without a deficit needs, 30 are against who went bankrupt in the wave before."""
    fills = Fills(
        time_ms=np.array([3_600_000, 7_200_000, 7_200_000]),
        coin=np.array(["X"] * 3, object),
        user=np.array(["a", "a", "a"], object),
        side=np.array([-1] * 3, np.int8),
        size=np.array([1.0, 3.0, 1.0]),
        price=np.array([110.0] * 3),
        mark=np.array([100.0] * 3),
        closed_profit=np.zeros(3),
        against=np.array(["z", "z", "y"], object),
        key=np.array(["1", "2", "3"], object),
    )
    states = States(
        np.array(["z", "z"], object), np.array([0, 1]), np.array([3_600_000, 7_200_000]), np.array([-100.0, -90.0]),
        np.full(2, NAN), np.full(2, NAN), np.ones(2, bool),
    )  # fmt: skip
    event = Event("e", (wave(1, 100.0, 10.0), wave(2, 0.0, 40.0)), fills=fills, states=states)
    finding = found_one(event, "budget-above-deficit", "wave 2 needs")
    assert finding.severity == "warning"
    assert finding.evidence["against_earlier_bankrupts_usd"] == 30.0
    assert "30.00 USD of it against accounts that went bankrupt in an earlier wave" in finding.sentence


def test_repeated_when_a_loss_stands_in_two_waves_then_deficit_is_told_without_it() -> None:
    """The headline loses what is counted a second time."""
    event = Event("e", (wave(1, max_loss_usd=123.4567), wave(2), wave(3, max_loss_usd=123.4567)))
    finding = found_one(event, "repeated-deficit", "stands in 2 waves")
    assert finding.where["waves"] == [1, 3]
    assert (finding.consequence.before, finding.consequence.after) == (3000.0, 3000.0 - 123.4567)


def test_repeated_when_a_loss_has_few_digits_then_it_may_be_chance() -> None:
    """Two losses of 3.50 USD are no proof."""
    event = Event("e", (wave(1, max_loss_usd=3.5), wave(2, max_loss_usd=3.5)))
    assert only(event, "repeated-deficit") == []


def test_repeated_when_tables_add_up_by_wave_then_the_deficit_is_told_once() -> None:
    """A loser below zero in a later wave counts anew although his equity moved."""
    event = generate(3).event
    assert event.states is not None
    lost = audit(event, ["repeated-deficit"]).findings
    assert lost == ()
    waves = list(event.waves)
    least: dict[tuple[str, int], float] = {}
    for user, fill, usd in zip(event.states.user, event.states.fill, event.states.equity, strict=True):
        time = event.fills.time_ms[fill]  # type: ignore[union-attr]
        at = next(at for at, row in enumerate(waves) if row.start_ms <= time <= row.end_ms)
        if str(user).startswith("l") and usd < 0:
            least[user, at] = min(usd, least.get((user, at), 0.0))
    for at, row in enumerate(waves):
        waves[at] = replace(row, deficit_usd=-sum(usd for (_, of), usd in least.items() if of == at))
    finding = found_one(replace(event, waves=tuple(waves)), "repeated-deficit", "added up over waves")
    assert finding.evidence["once_usd"] < finding.evidence["by_wave_usd"]  # type: ignore[operator]


def test_concentrated_when_a_loss_repeats_then_its_share_is_of_what_is_owed_once() -> None:
    """800 of 1,000 is 80 % of the deficit, however often it is printed."""
    rows = (wave(1, 900.0, max_loss_usd=800.125), wave(2, 900.0, max_loss_usd=800.125))
    finding = found_one(Event("e", rows), "concentrated-deficit", "one account owes")
    assert finding.evidence["share"] == pytest.approx(800.125 / (1800 - 800.125))
    assert finding.evidence["share_as_published"] == pytest.approx(2 * 800.125 / 1800)


def test_concentrated_when_there_are_few_losers_then_it_is_only_to_be_known() -> None:
    """Of two losers one owes half by nature."""
    row = wave(1, 900.0, max_loss_usd=800.0, losers=2)
    assert [finding.severity for finding in only(Event("e", (row,)), "concentrated-deficit")] == ["info"]


def test_states_when_said_after_or_long_before_their_fill_then_are_found() -> None:
    """A statement knows nothing of its own fill, and is not of the wave before."""
    event = clean(4)
    assert event.states is not None
    stated = event.states.stated_ms.copy()
    stated[0] += 10_000
    ahead = found_one(with_states(event, stated_ms=stated), "stale-state", "after their fill")
    assert ahead.evidence["statements"] == 1
    stated[0] -= 60_000
    old = found_one(with_states(event, stated_ms=stated), "stale-state", "older than their fill")
    assert old.severity == "warning"


def test_states_when_no_mark_is_known_then_one_equity_at_four_moments_is_found() -> None:
    """Prices moved, the account did not: without marks four times the same are asked for, not two."""
    event = clean(4)
    assert event.fills is not None
    assert event.states is not None
    event = with_fills(event, mark=np.full(len(event.fills), NAN))
    assert only(event, "stale-state") == []
    assert event.states is not None
    users, counts = np.unique(event.states.user[~event.states.is_loser].astype(str), return_counts=True)
    busy = users[counts.argmax()]
    frozen = np.where(event.states.user == busy, 1234.5678, event.states.equity)
    finding = found_one(with_states(event, equity=frozen), "stale-state", "prices of what they were closed in moved")
    assert (finding.severity, finding.where["account"]) == ("warning", busy)


def test_states_when_a_survivor_never_changes_then_ratios_betray_him() -> None:
    """Out of ratio, deficit and budget the largest survivor follows: the same number in two waves."""
    waves = (wave(1, 1000.0), wave(2, 3000.0), wave(3, 500.0))
    survivors = {1: 123_456.789, 2: 123_456.789, 3: 99_999.5}
    claims = [Claim(at, "p", "budget", 100.0) for at in survivors]
    claims += [Claim(row.number, "p", "ptsr", survivors[row.number] / (row.deficit_usd - 100)) for row in waves]
    finding = found_one(Event("e", waves, claims=tuple(claims)), "stale-state", "never renewed")
    assert finding.where["waves"] == [1, 2]


def test_bounds_when_more_is_taken_than_traded_then_is_an_error_and_a_part_of_it_a_warning() -> None:
    """110 % of the notional is impossible, 40 % within two minutes is not explained, 10 % is nothing."""
    coins = (CoinGap("A", 5.0, 10.0, 0.5),)
    for usd, expected in ((1100.0, ["error"]), (400.0, ["warning"]), (100.0, [])):
        row = wave(1, 10_000.0, 5.0, coins=coins, taken_usd={0: usd}, end_ms=3_600_000)
        event = Event("e", (row,), marks={"A": 100.0})
        assert [finding.severity for finding in only(event, "above-notional")] == expected


def test_bounds_when_gaps_are_most_of_the_notional_then_they_are_found() -> None:
    """Nobody is closed 70 % from the mark."""
    row = wave(1, 10_000.0, 700.0, coins=(CoinGap("A", 700.0, 10.0, 70.0),))
    assert len(only(Event("e", (row,), marks={"A": 100.0}), "above-notional")) == 1


def test_budget_when_above_the_deficit_then_is_found_and_production_only_told() -> None:
    """B <= D is physics, H <= D is a wish."""
    finding = found_one(Event("e", (wave(1, 100.0, 150.0),)), "budget-above-deficit", "wave 1 needs")
    assert (finding.severity, finding.consequence.after) == ("error", 100.0)
    told = found_one(Event("e", (wave(1, 100.0, 50.0, taken_usd={0: 300.0}),)), "budget-above-deficit", "took more")
    assert told.severity == "info"


def test_budget_when_a_wave_lacks_nothing_then_it_is_a_warning_and_says_why_it_may_be_right() -> None:
    """Whom it closes may have gone bankrupt, and been counted, in the wave before."""
    finding = found_one(Event("e", (wave(1, 100.0, 50.0), wave(2, 0.0, 40.0))), "budget-above-deficit", "wave 2 needs")
    assert (finding.severity, finding.evidence["surplus_usd"]) == ("warning", 40.0)
    assert "in an earlier wave" in finding.sentence
    error = found_one(Event("e", (wave(1, 10.0, 50.0),)), "budget-above-deficit", "wave 1 needs")
    assert error.severity == "error"


def test_budget_when_clusters_spend_more_than_they_lack_then_are_found() -> None:
    """A cluster that lacks nothing has nothing to spend."""
    shocks = (Shock("A", 1, 0, 0, 10.0, 90.0, 10.0), Shock("B", 1, 0, 0, 0.0, 90.0, 70.0))
    finding = found_one(Event("e", shocks=shocks), "budget-above-deficit", "1 of 2 clusters")
    assert (finding.where["coin"], finding.consequence.before) == ("B", 70.0)
    assert finding.evidence["clusters_that_lack_nothing"] == 1
    assert only(Event("e", shocks=shocks[:1]), "budget-above-deficit") == []


def test_concentrated_when_several_losers_share_one_loss_then_is_told() -> None:
    """Of 36 losers whose deficit is the largest loss, 35 lack nothing."""
    row = wave(1, 800.0, max_loss_usd=800.0, losers=36)
    finding = found_one(Event("e", (row, wave(2, 5000.0))), "concentrated-deficit", "count several losers")
    assert (finding.severity, finding.consequence.after) == ("info", 6.0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("moment", "two marks of one coin"),
        ("jump", "moves by more than"),
        ("unit", "times off the reference"),
        ("far", "from their mark"),
        ("itself", "their own price as mark"),
        ("table", "not those of the fills"),
    ],
)
def test_marks_when_one_is_wrong_then_its_look_finds_it(change: str, words: str) -> None:
    """Two at one moment; a jump; other units; far from the price; the price itself; another table's."""
    event = clean(5)
    fills = event.fills
    assert fills is not None
    mark = fills.mark.copy()
    coin = fills.coin == fills.coin[0]
    place = int(np.flatnonzero(coin)[0])
    if change == "moment":
        later = int(np.flatnonzero(coin)[1])
        time = fills.time_ms.copy()
        time[later], mark[later] = time[place], mark[place] * 1.001
        event = with_fills(event, time_ms=time)
    elif change in ("jump", "table"):
        pairs = np.flatnonzero(coin)
        near = pairs[:-1][(np.diff(fills.time_ms[pairs]) > 0) & (np.diff(fills.time_ms[pairs]) < 1000)]
        mark[near[0]] *= 1.1
    elif change == "unit":
        mark[coin] *= 1000.0
    elif change == "far":
        mark[place] *= 2.5
    else:
        mark = fills.price.copy()
    event = with_fills(event, mark=mark)
    assert any(words in finding.sentence for finding in only(event, "mark-mismatch"))


def test_marks_when_an_average_misses_its_notional_then_is_found() -> None:
    """10 units at an average of 3 are no 20 USD; the notional of a wave is taken at 2."""
    coins = (CoinTotal("A", 10.0, 3.0, 20.0, 5), CoinTotal("B", 10.0, 2.0, 20.0, 5))
    row = wave(1, 1e6, 4.0, coins=(CoinGap("A", 4.0, 10.0, 0.4),), taken_usd={0: 8.0}, end_ms=3_600_000)
    event = Event("e", (row,), coins=coins, marks={"A": 3.0})
    finding = found_one(event, "mark-mismatch", "volume-weighted")
    assert (finding.where["coin"], finding.consequence.before, finding.consequence.after) == ("A", 50.0, 40.0)
    assert found_one(event, "above-notional", "wave 1").evidence["notional_usd"] == 20.0


def test_marks_when_a_table_contradicts_itself_then_is_found() -> None:
    """Units times gap are the gap; gaps of coins are the budget; a wave without length takes its gaps at most."""
    product = wave(1, coins=(CoinGap("A", 500.0, 10.0, 49.0),))
    assert "a gap of 49" in found_one(Event("e", (product,)), "mark-mismatch", "A").sentence
    total = wave(1, needed=400.0, coins=(CoinGap("A", 500.0, 10.0, 50.0),))
    assert found_one(Event("e", (total,)), "mark-mismatch", "the gaps of its coins").consequence.after == 500.0
    moment = wave(1, end_ms=3_600_000, taken_usd={0: 600.0})
    assert found_one(Event("e", (moment,)), "mark-mismatch", "lasts no time").evidence["ratio"] == 1.2


def test_metrics_when_policies_have_other_waves_then_the_mean_moves_to_the_common_ones() -> None:
    """A mean over waves where another policy has none is compared with nothing."""
    said = {("a", 1): 1.0, ("a", 2): 9.0, ("b", 1): 2.0, ("b", 2): NAN}
    claims = tuple(Claim(at, policy, "ptsr", value) for (policy, at), value in said.items())
    finding = found_one(Event("e", (wave(1), wave(2)), claims=claims), "undefined-metric", "averages over")
    assert finding.consequence.headline == "mean_ptsr_of_a"
    assert (finding.consequence.before, finding.consequence.after) == (5.0, 1.0)


def test_metrics_when_out_of_range_cut_off_or_without_denominator_then_are_found() -> None:
    """Above 1; exactly 1 more than once; a ratio to a deficit that is covered."""
    nse = tuple(Claim(at, "a", "rd_nse", value) for at, value in ((1, 0.5), (2, 1.5)))
    assert found_one(Event("e", claims=nse), "undefined-metric", "rd_nse lies").evidence["value"] == 1.5
    cut = tuple(Claim(at, "a", "max_pct", 1.0) for at in (1, 2))
    assert found_one(Event("e", claims=cut), "undefined-metric", "exactly 1").severity == "warning"
    assert only(Event("e", claims=cut[:1]), "undefined-metric") == []
    hollow = (Claim(1, "a", "budget", 2000.0), Claim(1, "a", "ptsr", 3.0))
    assert found_one(Event("e", (wave(1),), claims=hollow), "undefined-metric", "nothing to divide").severity == "error"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [("scale", 1.5, "was scaled"), ("budget", 50.0, "missed its budget"), ("max_pct", 0.9, "is fairer")],
)
def test_solver_when_it_fell_back_then_is_found(name: str, value: float, words: str) -> None:
    """Scaled; short of its budget; less fair than pro-rata. All right, it is left alone."""
    waves = tuple(wave(at) for at in (1, 2, 3))
    claims = [Claim(at, policy, "budget", 500.0) for at in (1, 2, 3) for policy in ("pr", "x_ilp")]
    claims += [Claim(at, policy, "max_pct", 0.1) for at in (1, 2, 3) for policy in ("pr", "x_ilp")]
    claims += [Claim(at, "x_ilp", "scale", 1.0) for at in (1, 2, 3)]
    event = Event("e", waves, claims=tuple(claims))
    assert only(event, "solver-fallback") == []
    wrong = with_claims(event, lambda _: value, (2,), "x_ilp", (name,))
    assert found_one(wrong, "solver-fallback", words).where["waves"] == [2]


def test_coverage_when_waves_hold_less_than_the_event_then_is_found() -> None:
    """Fills, and units of coins at their average price; the coin that lacks most is named."""
    row = wave(2, fills=80, coins=(CoinGap("A", 1.0, 4.0, 0.25), CoinGap("kB", 1.0, 10.0, 0.1)))
    coins = (CoinTotal("A", 10.0, 2.0, 20.0, 60), CoinTotal("KB", 10.0, 2.0, 20.0, 40))
    fills = found_one(Event("e", (row,), coins=coins), "coverage", "of 100 fills")
    assert (fills.severity, fills.evidence["missing_numbers"]) == ("error", [1])
    usd = found_one(Event("e", (row,), coins=coins), "coverage", "million USD")
    assert usd.where["coin"] == "A"
    assert usd.evidence["share"] == pytest.approx(0.7)


def test_coverage_when_waves_have_a_coin_that_the_totals_do_not_have_then_is_found() -> None:
    """A coin under another name; one of which a thousand are listed as one is known by its mark."""
    row = wave(1, coins=(CoinGap("A", 1.0, 4.0, 0.25), CoinGap("kB", 2.0, 10.0, 0.2)))
    event = Event("e", (row,), coins=(CoinTotal("B", 10.0, 2.0, 20.0, 10),), marks={"kB": 2000.0})
    finding = found_one(event, "coverage", "have 1 coins that the event's totals")
    assert (finding.evidence["names"], finding.where["coin"]) == (["A"], "A")
    assert (finding.consequence.before, finding.consequence.after) == (3.0, 2.0)


def test_rows_when_a_table_has_rows_again_then_the_sum_is_told_with_and_without_them() -> None:
    """Read once, so that nothing else of the event moves; one finding a table."""
    again = (Repeat("t.csv", 7, 3, "usd", 100.0, 5.0), Repeat("t.csv", 9, 4, "usd", 100.0, 2.5))
    finding = found_one(Event("e", (wave(1),), repeats=again), "row-counted-twice", "2 rows of t.csv")
    assert finding.where == {"table": "t.csv", "lines": [7, 9]}
    assert finding.evidence == {"rows": 2, "line": 7, "first_line": 3, "sum_of_them": 7.5}
    assert (finding.consequence.headline, finding.consequence.before) == ("sum_of_usd", 107.5)
    assert finding.consequence.after == 100.0


def test_rows_when_counted_twice_then_are_found() -> None:
    """A row of each table; units beyond the event's; fills that no key tells apart; clusters beyond accounts."""
    row = wave(1, coins=(CoinGap("A", 1.0, 4.0, 0.25),))
    twice = Event("e", (row, row), claims=(Claim(1, "a", "ptsr", 1.0),) * 2, coins=(CoinTotal("A", 5.0, 1.0, 5.0, 99),))
    sentences = " ".join(finding.sentence for finding in only(twice, "row-counted-twice"))
    assert "rows of waves" in sentences
    assert "rows of claims" in sentences
    assert "more of 1 coins" in sentences
    inside, outside = row.start_ms, row.end_ms + 1
    shocks = tuple(Shock(coin, 1, at, at, 1500.0, 1.0, 1.0) for coin, at in (("A", inside), ("B", inside)))
    clusters = found_one(Event("e", (row,), shocks=shocks), "row-counted-twice", "clusters")
    assert (clusters.consequence.before, clusters.consequence.after) == (3000.0, 1000.0)
    elsewhere = tuple(replace(shock, start_ms=outside, end_ms=outside) for shock in shocks)
    assert only(Event("e", (row,), shocks=elsewhere), "row-counted-twice") == []
    event = clean(6)
    assert event.fills is not None
    same = {name: np.repeat(getattr(event.fills, name), 2) for name in type(event.fills).__dataclass_fields__}
    nameless = replace(event, fills=type(event.fills)(**{**same, "key": np.full(len(same["key"]), "", object)}))
    assert found_one(nameless, "row-counted-twice", "no key tells").severity == "warning"


def test_audit_when_an_event_is_empty_then_finds_nothing_and_says_what_it_lacks() -> None:
    """Every code says that it could not look; silence is no clean bill."""
    made = audit(Event("nothing"))
    assert made.findings == ()
    assert {item.code for item in made.unmade} == set(CODES)


def test_audit_when_limits_are_given_then_they_hold() -> None:
    """A limit is a parameter."""
    row = wave(1, 900.0, max_loss_usd=300.0)
    assert only(Event("e", (row,)), "concentrated-deficit") == []
    assert len(audit(Event("e", (row,)), limits=Limits(one_account=0.2)).findings) == 1


def test_headlines_when_findings_have_their_own_waves_then_go_together() -> None:
    """Two waves above their deficit: the headline loses both surpluses."""
    event = Event("e", (wave(1, 100.0, 150.0), wave(2, 100.0, 170.0)))
    rows = [row for row in headlines(only(event, "budget-above-deficit")) if row["code"] == "budget-above-deficit"]
    assert rows == [{"headline": "total_needed_usd", "code": "budget-above-deficit", "before": 320.0, "after": 200.0}]


@pytest.mark.parametrize("seed", range(30))
def test_audit_when_numbers_are_spoilt_then_still_makes_a_document(seed: int) -> None:
    """NaN, infinity, zero, below zero and huge numbers anywhere: no error, and JSON without NaN."""
    rng = np.random.Generator(np.random.PCG64(seed))
    spoilt = [NAN, float("inf"), 0.0, -1.0, 1e300, -1e300, 1e-300]
    event = clean(seed % 4)
    assert event.fills is not None
    assert event.states is not None

    def some(column: Floats) -> Floats:
        return np.where(rng.random(len(column)) < 0.2, rng.choice(spoilt, len(column)), column)

    def maybe(value: float) -> float:
        return float(rng.choice(spoilt)) if rng.random() < 0.2 else value

    names = ("size", "price", "mark", "closed_profit")
    states = {name: some(getattr(event.states, name)) for name in ("equity", "profit")}
    event = with_states(with_fills(event, **{name: some(getattr(event.fills, name)) for name in names}), **states)
    waves = tuple(
        replace(
            row,
            deficit_usd=maybe(row.deficit_usd),
            max_loss_usd=maybe(row.max_loss_usd),
            needed_usd=maybe(row.needed_usd),
            taken_usd={horizon: maybe(usd) for horizon, usd in row.taken_usd.items()},
            coins=tuple(
                replace(cell, gap_usd=maybe(cell.gap_usd), quantity=maybe(cell.quantity)) for cell in row.coins
            ),
        )
        for row in event.waves
    )
    event = replace(
        event,
        waves=waves,
        claims=tuple(replace(claim, value=maybe(claim.value)) for claim in event.claims),
        marks={coin: maybe(usd) for coin, usd in event.marks.items()},
        coins=tuple(
            replace(row, quantity=maybe(row.quantity), notional_usd=maybe(row.notional_usd)) for row in event.coins
        ),
        shocks=tuple(replace(row, deficit_usd=maybe(row.deficit_usd)) for row in event.shocks),
    )
    for shape in (
        event,
        replace(event, fills=None, states=None),
        replace(event, states=None),
        replace(event, waves=()),
    ):
        json.dumps(document(shape, audit(shape)), allow_nan=False)


@pytest.mark.parametrize("name", ["ptsr", "pmr"])
def test_undefined_when_a_survivor_ratio_is_below_zero_then_is_found(name: str) -> None:
    """The printed ratio divides by what is left of the deficit: nothing left, no ratio; below zero is neither."""
    event = Event("e", (wave(1), wave(2)), claims=(Claim(1, "a", name, 3.0), Claim(2, "a", name, -0.5)))
    finding = found_one(event, "undefined-metric", f"{name} lies below 0")
    assert finding.where["waves"] == [2]
    assert (finding.evidence["value"], finding.consequence.before, finding.consequence.after) == (-0.5, 1.25, 3.0)
