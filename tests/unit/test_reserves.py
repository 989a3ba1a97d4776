"""What a reserve is worth in a crash, and what a venue holds against what it owes: exact, floored, undefined at 0."""

import pytest

from deleverage.rulebook.reserves import Holding, reserve_ratio_floor, reserve_value_floor
from tests.properties.stories import crashed, open_book, step
from tests.unit.test_pools import house

PERCENT = 10**7


def test_reserve_when_assets_fall_with_the_crash_then_each_is_cut_twice_and_rounded_down_once() -> None:
    """1,000 cash; 10 BTC at 333 less 20 %, of which half goes with the crash: 3330 x 0.8 x 0.5 = 1332.

    3 tokens at 7 with 33 % and 10 %: 21 x 0.67 x 0.9 = 12.663, rounded down once to 12. At the prices: 4,351.
    """
    found = reserve_value_floor(
        [
            Holding("usd", 1_000, 1),
            Holding("btc", 10, 333, 20 * PERCENT, 50 * PERCENT),
            Holding("token", 3, 7, 33 * PERCENT, 10 * PERCENT),
        ],
        0,
    )
    assert found.assets == (("btc", 1_332), ("token", 12), ("usd", 1_000))
    assert (found.value_quanta, found.face_quanta, found.too_slow) == (2_344, 4_351, ())


def test_reserve_when_an_asset_sells_too_slowly_then_it_counts_nothing() -> None:
    """What takes 61 ns is no help in 60, what takes 60 is."""
    held = [Holding("a", 5, 10, liquidation_ns=60), Holding("b", 5, 10, liquidation_ns=61)]
    found = reserve_value_floor(held, 60)
    assert (found.assets, found.too_slow, found.value_quanta, found.face_quanta) == ((("a", 50),), ("b",), 50, 100)


def test_reserve_when_an_asset_is_worthless_in_the_crash_then_it_counts_nothing() -> None:
    """A venue's own token falls with the venue: wrong way 100 %."""
    assert reserve_value_floor([Holding("own", 10**6, 9, wrong_way_ppb=10**9)], 0).value_quanta == 0


@pytest.mark.parametrize(
    "holding",
    [
        Holding("a", -1, 1),
        Holding("a", 1, -1),
        Holding("a", 1, 1, 10**9 + 1),
        Holding("a", 1, 1, 0, 10**9 + 1),
        Holding("a", 1, 1, -1),
        Holding("a", 1, 1, 0, 0, -1),
    ],
)
def test_reserve_when_a_number_is_impossible_then_it_is_an_error(holding: Holding) -> None:
    """Negative amounts, and shares above one."""
    with pytest.raises(ValueError, match="a"):
        reserve_value_floor([holding], 0)


def test_ratio_when_a_bankrupt_is_open_then_its_debt_is_nobodys_asset() -> None:
    """860 + 3,120 + 820 are owed, 4,700 + 60 were paid in: 4760 / 4800 = 0.991666666. After the step all is carried.

    The fund's 60 and bo's 40 have paid al's 100: 820 + 3,120 + 820 are owed and there.
    """
    book = crashed(fund_quanta=60)
    found = reserve_ratio_floor(book, "USDT", book.net_deposits_quanta)
    assert found == ("USDT", 4_760, 4_800, 991_666_666, book.seq)
    step(book)
    assert reserve_ratio_floor(book, "USDT", book.net_deposits_quanta)[1:4] == (4_760, 4_760, 10**9)


def test_ratio_when_nothing_is_owed_then_it_is_undefined() -> None:
    """The fund's own money is no customer's, and neither is an empty book's."""
    book = open_book({}, 500)
    house(book, 70)
    assert reserve_ratio_floor(book, "USDT", 570)[1:4] == (570, 0, None)
    with pytest.raises(ValueError, match="-1"):
        reserve_ratio_floor(book, "USDT", -1)


def test_ratio_when_a_claim_is_open_then_it_is_owed_as_well() -> None:
    """100 in an account and a claim of 25 against 100 held: 80 %."""
    book = open_book({"al": 100})
    book.claims["gone"] = 25
    assert reserve_ratio_floor(book, "USDT", 100)[1:4] == (100, 125, 800_000_000)
