"""The synthetic population: its shape, its exactness, and that a seed means the same everywhere."""

from collections import defaultdict
from hashlib import sha256

import pytest

from deleverage.rulebook.quantities import PPB
from deleverage.scenarios.draws import Draws
from deleverage.scenarios.population import MarketShare, Population, Slot, draw, hand_out
from deleverage.scenarios.shape import FEWEST_IN_BAND, FEWEST_POSSIBLE, rank_sizes, shape

MARKETS = (
    MarketShare("BTC-PERP", 500_000_000, 600_000, 100, 50_000_000),
    MarketShare("ETH-PERP", 300_000_000, 40_000, 100, 50_000_000),
    MarketShare("SOL-PERP", 80_000_000, 15_000, 1_000, 100_000_000),
)


@pytest.fixture(scope="module")
def population() -> Population:
    """Return one population of four thousand accounts in three markets."""
    return draw(7, 4_000, MARKETS)


@pytest.mark.parametrize("accounts", [FEWEST_IN_BAND, 4_000, 5_000, 8_000, 12_000, 19_337, 20_000, 30_000])
def test_shape_of_sizes_when_accounts_suffice_then_lies_in_all_published_bands(accounts: int) -> None:
    """Gini, top ten and top hundred lie in the published bands for any number of accounts from the stated one on."""
    measured = shape(rank_sizes(accounts, 2_000_000_000_000_000, 1_000_000))
    assert measured.faults == ()
    assert 970_000_000 <= measured.gini_ppb <= 990_000_000
    assert 430_000_000 <= measured.top_10_ppb <= 490_000_000
    assert 750_000_000 <= measured.top_100_ppb <= 810_000_000


@pytest.mark.parametrize("accounts", [2, 100, 2_000, FEWEST_POSSIBLE - 1])
def test_shape_of_sizes_when_accounts_are_too_few_then_says_which_band_it_misses(accounts: int) -> None:
    """Where no population can have the shape, the shape says so in words instead of passing silently."""
    faults = shape(rank_sizes(accounts, 10**15)).faults
    assert any("Gini of notional is" in fault for fault in faults)
    assert any(f"fewer than {FEWEST_POSSIBLE:,} accounts" in fault for fault in faults)


def test_sizes_when_least_is_given_then_fall_sum_exactly_and_keep_it() -> None:
    """Sizes fall from rank to rank, sum to the total to the quantum, and nobody is below the least."""
    sizes = rank_sizes(5_000, 1_000_000_000_007, 1_000)
    assert sum(sizes) == 1_000_000_000_007
    assert sizes == tuple(sorted(sizes, reverse=True))
    assert sizes[-1] >= 1_000


def test_sizes_when_total_is_too_small_then_are_refused() -> None:
    """A total below accounts x least is refused with the numbers."""
    with pytest.raises(ValueError, match="not enough for 10 accounts of at least 7"):
        rank_sizes(10, 69, 7)


@pytest.mark.parametrize(
    ("notionals", "gini", "top_10"),
    [([1] * 100, 0, PPB // 10), ([0] * 99 + [5], 990_000_000, PPB), ([1, 3], 250_000_000, PPB)],
)
def test_shape_when_distribution_is_known_then_has_the_textbook_gini(
    notionals: list[int], gini: int, top_10: int
) -> None:
    """Equal, single-owner and two-account distributions have the Gini one can work out by hand."""
    measured = shape(notionals)
    assert (gini, top_10) == (measured.gini_ppb, measured.top_10_ppb)


def test_population_when_drawn_then_balances_lots_and_costs_in_every_market(population: Population) -> None:
    """Longs and shorts of a market hold the same lots, as many as asked for, and entry costs sum to zero."""
    lots: dict[str, int] = defaultdict(int)
    longs: dict[str, int] = defaultdict(int)
    costs: dict[str, int] = defaultdict(int)
    for position in population.positions:
        lots[position.market_id] += position.lots
        longs[position.market_id] += max(0, position.lots)
        costs[position.market_id] += position.cost_quanta
    assert dict.fromkeys(longs, 0) == lots
    assert dict.fromkeys(longs, 0) == costs
    assert {market.market_id: market.open_interest_lots for market in MARKETS} == longs


def test_population_when_drawn_then_has_the_published_shape_and_says_so(population: Population) -> None:
    """Also after rounding to lots the shape holds, and the note prints it with the seed."""
    assert population.shape.faults == ()
    assert "seed 7" in population.note
    assert "4,000 accounts: Gini 0.97" in population.note


def test_population_when_drawn_then_is_wide_in_leverage_sides_and_markets(population: Population) -> None:
    """Everybody holds something; leverage reaches from 1x to 20x and more; some accounts hold several markets."""
    price = {market.market_id: market.price_ticks * market.quanta_per_tick_lot for market in MARKETS}
    notional: dict[str, int] = defaultdict(int)
    legs: dict[str, int] = defaultdict(int)
    sides: dict[str, set[bool]] = defaultdict(set)
    for position in population.positions:
        notional[position.account_id] += abs(position.lots) * price[position.market_id]
        legs[position.account_id] += 1
        sides[position.account_id].add(position.lots > 0)
    assert set(population.deposits) == set(notional)
    assert {1} == {len(side) for side in sides.values()}
    assert sum(count > 1 for count in legs.values()) > 50
    leverages = sorted(notional[account_id] * 10 // population.deposits[account_id] for account_id in notional)
    assert leverages[0] <= 10
    assert leverages[len(leverages) // 2] < 100
    assert leverages[-1] >= 150


def test_population_when_trades_are_made_in_order_then_never_falls_below_initial_margin(population: Population) -> None:
    """After each trade both sides still have the initial margin of what they hold then, at the market's price."""
    terms = {market.market_id: market for market in MARKETS}
    equity = dict(population.deposits)
    margin = dict.fromkeys(equity, 0)
    for trade in population.trades:
        market = terms[trade.market_id]
        gain = trade.lots * (market.price_ticks - trade.price_ticks) * market.quanta_per_tick_lot
        value = trade.lots * market.price_ticks * market.quanta_per_tick_lot
        for account_id, pnl in ((trade.buyer_id, gain), (trade.seller_id, -gain)):
            equity[account_id] += pnl
            margin[account_id] += value * market.initial_rate_ppb
            assert equity[account_id] * PPB >= margin[account_id]


def test_population_when_seed_is_the_same_then_is_the_same_to_the_byte(population: Population) -> None:
    """The digest of a seeded population is a constant: the same on every machine and Python version."""
    assert population == draw(7, 4_000, MARKETS)
    assert population.trades != draw(8, 4_000, MARKETS).trades
    digest = sha256(repr((sorted(population.deposits.items()), population.trades)).encode()).hexdigest()
    assert digest == "fa1312be2131561bc6d724225626630903cf60f042889697855b220fd3bc09f6"


def test_draws_when_seeded_then_give_known_numbers() -> None:
    """The stream is SHA-256 over a counter; these numbers can be worked out with any tool."""
    block = sha256(b"1:test:0").digest()
    expected = [int.from_bytes(block[at : at + 8], "big") % 1_000 for at in (0, 8, 16, 24)]
    draws = Draws(1, "test")
    assert expected == [draws.below(1_000) for _ in range(4)]
    assert list(range(50)) == sorted(Draws(1, "shuffle").shuffled(list(range(50))))


def test_hand_out_when_slots_have_odd_values_then_gives_away_every_lot() -> None:
    """All lots of all slots are handed out, also where lot values do not divide sizes."""
    slots = [Slot("A", 1_000, 7), Slot("B", 313, 11), Slot("C", 1, 13)]
    total = sum(slot.lots * slot.value_quanta for slot in slots)
    sizes = {f"a{rank:03d}": size for rank, size in enumerate(rank_sizes(150, total, 26))}
    held = hand_out(3, sizes, slots, "test")
    assert [sum(h.lots for h in held if h.slot == place) for place in range(3)] == [1_000, 313, 1]
    assert all(holding.lots > 0 for holding in held)
    assert set(sizes) == {holding.account_id for holding in held}
