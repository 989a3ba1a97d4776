"""Leverages, announced factors and close-out, worked out by hand, in the exact model and in the rulebook."""

from typing import Any

import pytest

from tests.model.faults import equities
from tests.model.state import STILL
from tests.parity.by_hand import TERMS, TIER, Book

ONE = 10**9
PERCENT = ONE // 100


def terms(tiers: list[dict[str, int]] | None = None, **schedule: Any) -> dict[str, Any]:
    """Return the small book's terms with other tiers or parts of a schedule."""
    return TERMS | {"tiers": tiers or [TIER], "schedule": STILL | schedule}


def announce(book: Book, volatility: int, at: int = 0, effective: int = 0, concentration: int = 0) -> str | None:
    """Announce for market M and return the code of a refusal."""
    estimates = {"volatility_ppb": volatility, "concentration_ppb": concentration}
    return book.tried("AnnounceRequirements", time_ns=at, market_id="M", effective_ns=effective, **estimates)


def factors(book: Book) -> tuple[int, int, Any]:
    """Return the factor of market M in force, the lots measured with it, and what waits."""
    market = book.model.state()["markets"]["M"]
    return market["factor"], market["measured"], market["announced"]


def free(book: Book, unit_id: str, most: int, at: int | None = None) -> bool:
    """Return whether a unit may take out just so much and no quantum more; what it takes out is brought back."""
    fields: dict[str, Any] = {"unit_id": unit_id} | ({} if at is None else {"time_ns": at})
    too_much = book.tried("Withdraw", amount_quanta=most + 1, **fields)
    just = book.tried("Withdraw", amount_quanta=most, **fields)
    book.do("Deposit", amount_quanta=most, **fields)
    return (too_much, just) == ("INSUFFICIENT_EQUITY", None)


def leverage(book: Book, unit_id: str, leverage_ppb: int) -> str | None:
    """Choose a leverage in market M and return the code of a refusal."""
    return book.tried("SetLeverage", unit_id=unit_id, market_id="M", leverage_ppb=leverage_ppb)


RISING: dict[str, Any] = {"cap_ppb": 4 * ONE, "volatility": [0, ONE]}


def test_announcement_when_its_time_comes_then_factor_and_share_multiply_the_requirements() -> None:
    """1 + 0.5; a's share of the 4 measured lots is all of them: 2 x (1 - 0.25) more, so 400 x 20 % x 3 = 240.

    b holds the same. With 2 of the 4 lots a has half: 2 x 0.25 more, so 200 x 20 % x 2 = 80.
    """
    book = Book(terms=terms(**RISING, unit_share=[25 * PERCENT, 2 * ONE]), a=1000, b=1000)
    assert book.trade("a", "b", 4) is None
    assert announce(book, 50 * PERCENT, effective=10) is None
    assert factors(book) == (ONE, 0, [(150 * PERCENT, 4, 10)])
    assert free(book, "a", 920, at=9)
    assert free(book, "a", 760, at=10)
    assert factors(book) == (150 * PERCENT, 4, [])
    assert free(book, "b", 760)
    assert book.trade("b", "a", 2) is None
    assert free(book, "a", 920)


def test_announcement_when_the_inputs_go_above_the_cap_then_the_cap_counts() -> None:
    """The factor would be 61; the cap of 4 makes the initial requirement 80 % of 400."""
    book = Book(terms=terms(**RISING), a=1000, b=1000)
    assert book.trade("a", "b", 4) is None
    assert announce(book, 60 * ONE) is None
    assert free(book, "a", 1000 - 320)


def test_requirement_when_the_factor_would_make_it_more_than_the_notional_then_it_is_the_notional() -> None:
    """20 % x 31 is more than all of it: 400 of the 1,000 stay, not 2,480."""
    book = Book(terms=terms(cap_ppb=100 * ONE, volatility=[0, ONE]), a=1000, b=1000)
    assert book.trade("a", "b", 4) is None
    assert announce(book, 30 * ONE) is None
    assert free(book, "a", 600)


def test_announcement_when_open_interest_and_concentration_drive_it_then_each_rise_is_rounded_up() -> None:
    """1 of 3 lots is 333,333,334 ppb; a third of it above 3 is 111,111,111; of 10 ppb above 1 a third is 3."""
    third = 333_333_333
    drivers: dict[str, Any] = {"open_interest": [3, third], "concentration": [1, third]}
    book = Book(terms=terms(**RISING, **drivers) | {"max_open_interest_lots": 3}, a=1000, b=1000)
    assert book.trade("a", "b", 1) is None
    assert announce(book, 0, concentration=10) is None
    # 333,333,333 x 333,333,331 / 10^9 = 111,111,110.2..; 333,333,333 x 9 / 10^9 = 2.99..
    assert factors(book)[2] == [(ONE + 111_111_111 + 3, 1, 0)]


def test_announcement_when_others_wait_then_the_earlier_stay_and_the_step_counts_from_the_last_of_them() -> None:
    """Steps of 0.2. Towards 1.5: 1.2 at 5, then 1.4 at 7; one towards 1 for 7 replaces that with 1.2 - 0.2.

    At 5 the first is in force and the second stays: 1.2 at 9 follows it. One for 6 replaces both: 1.2 + 0.2.
    """
    book = Book(terms=terms(**RISING, max_step_ppb=20 * PERCENT), a=1000)
    assert announce(book, 50 * PERCENT, effective=5) is None
    assert announce(book, 50 * PERCENT, effective=7) is None
    assert factors(book) == (ONE, 0, [(120 * PERCENT, 0, 5), (140 * PERCENT, 0, 7)])
    assert announce(book, 0, effective=7) is None
    assert factors(book) == (ONE, 0, [(120 * PERCENT, 0, 5), (ONE, 0, 7)])
    assert announce(book, 50 * PERCENT, at=5, effective=9) is None
    assert factors(book) == (120 * PERCENT, 0, [(ONE, 0, 7), (120 * PERCENT, 0, 9)])
    assert announce(book, 50 * PERCENT, at=5, effective=6) is None
    assert factors(book) == (120 * PERCENT, 0, [(140 * PERCENT, 0, 6)])
    assert announce(book, 0, at=7, effective=9) is None
    assert factors(book) == (140 * PERCENT, 0, [(120 * PERCENT, 0, 9)])


def test_announcement_when_two_of_a_market_are_due_then_a_refused_command_leaves_both() -> None:
    """1.2 at 5 and 1.4 at 7: a refusal at 8 keeps both waiting, the next command has 1.4 in force."""
    book = Book(terms=terms(**RISING, max_step_ppb=20 * PERCENT), a=1000)
    assert announce(book, 50 * PERCENT, effective=5) is None
    assert announce(book, 50 * PERCENT, effective=7) is None
    before = book.model.state()
    assert book.tried("Withdraw", time_ns=8, unit_id="a", amount_quanta=1001) == "INSUFFICIENT_EQUITY"
    assert book.model.state() == before
    assert book.tried("Withdraw", time_ns=8, unit_id="a", amount_quanta=1000) is None
    assert factors(book) == (140 * PERCENT, 0, [])


def test_announcement_when_a_command_at_its_time_is_refused_then_it_waits_on() -> None:
    """Of 1,000 the new factor keeps 120, the old one 80: it is the new one that refuses 881, and it is not in force."""
    book = Book(terms=terms(**RISING), a=1000, b=1000)
    assert book.trade("a", "b", 4) is None
    assert announce(book, 50 * PERCENT, effective=3) is None
    before = book.model.state()
    assert book.tried("Withdraw", time_ns=3, unit_id="a", amount_quanta=881) == "INSUFFICIENT_EQUITY"
    assert book.model.state() == before
    assert book.tried("Withdraw", time_ns=3, unit_id="a", amount_quanta=880) is None
    assert factors(book) == (150 * PERCENT, 4, [])


def test_announcement_when_the_domain_is_halted_then_it_waits_for_the_first_command_after_the_halt() -> None:
    """a loses 80 of its 50 in N, which settles at 60: K = 30, a halt. Repayment and resumption find M as it was."""
    book = Book(terms=terms(**RISING), a=50, b=1000)
    book.do("ListMarket", terms=TERMS | {"market_id": "N"})
    book.mark(100, "N")
    assert book.trade("a", "b", 2, market_id="N") is None
    assert announce(book, ONE, effective=5) is None
    book.do("SettleMarket", market_id="N", price_ticks=60)
    book.do("RunStep")
    assert (book.model.state()["halted"], book.model.state()["residual"]) == (True, 30)
    assert announce(book, ONE, at=5, effective=5) == "DOMAIN_HALTED"
    for kind, fields in (
        ("DepositToFund", {"amount_quanta": 1}),
        ("RepayResidual", {"amount_quanta": 30}),
        ("Resume", {}),
    ):
        book.do(kind, time_ns=5, **fields)
        assert factors(book) == (ONE, 0, [(2 * ONE, 0, 5)])
    book.do("DepositToFund", time_ns=5, amount_quanta=1)
    assert factors(book) == (2 * ONE, 0, [])


def test_announcement_when_it_cannot_be_used_then_the_first_reason_is_told() -> None:
    """Market, estimates, settlement, notice: in this order."""
    book = Book(terms=terms(**RISING, min_notice_ns=3), a=1000)
    assert announce(book, 10**40 + 1) == "BAD_ESTIMATE"
    assert announce(book, -1) == "BAD_ESTIMATE"
    assert announce(book, 0, concentration=ONE + 1) == "BAD_ESTIMATE"
    assert announce(book, 10**40, effective=2) == "NOTICE_TOO_SHORT"
    assert announce(book, 10**40, effective=3, concentration=ONE) is None
    book.do("SettleMarket", market_id="M", price_ticks=100)
    assert announce(book, 0, effective=2) == "MARKET_SETTLED"
    book.do("DepositToFund", time_ns=3, amount_quanta=1)
    assert factors(book) == (4 * ONE, 0, [])


def test_leverage_when_it_is_chosen_then_the_larger_initial_requirement_counts() -> None:
    """5x is the tier's fifth and 6x too much; 3x asks for 333,333,334 ppb of 400, 134 rounded up. A factor of 2 asks
    for 160: more than 3x does, which the factor leaves alone."""
    book = Book(terms=terms(**RISING), a=1000, b=1000)
    assert leverage(book, "a", ONE - 1) == leverage(book, "a", ONE**2 + 1) == "BAD_LEVERAGE"
    assert leverage(book, "a", 6 * ONE) == "LEVERAGE_ABOVE_MAXIMUM"
    assert leverage(book, "a", 5 * ONE) is None
    assert book.trade("a", "b", 4) is None
    assert free(book, "a", 920)
    assert leverage(book, "a", 3 * ONE) is None
    assert free(book, "a", 1000 - 134)
    assert announce(book, ONE) is None
    assert free(book, "a", 1000 - 160)
    assert book.model.state()["units"]["a"]["leverages"] == {"M": 3 * ONE}


def test_leverage_when_equity_does_not_carry_what_it_raises_then_it_is_refused_and_a_higher_one_is_not() -> None:
    """100 carry 400 at 4x and not at a ppb less. At 82 the 28 left are too few for any; 5x asks for less than 4x."""
    book = Book(a=100, b=1000)
    assert book.trade("a", "b", 4) is None
    assert leverage(book, "a", 4 * ONE - 1) == "BELOW_INITIAL_MARGIN"
    assert leverage(book, "a", 4 * ONE) is None
    book.mark(82)
    assert leverage(book, "a", 3 * ONE) == "BELOW_INITIAL_MARGIN"
    assert leverage(book, "a", 5 * ONE) is None


def test_leverage_when_legs_reach_different_tiers_then_the_highest_rate_counts_and_a_closing_order_has_none() -> None:
    """Below 1,000 a fifth, from there a tenth: long 20 alone allow 10x, beside a short lot 5x. When the short leg is
    closed, the order that would have closed it holds nothing."""
    tiers = [
        TIER,
        TIER | {"from_notional_quanta": 1000, "initial_rate_ppb": 10 * PERCENT, "initial_deduction_quanta": 0},
    ]
    book = Book(terms=terms(tiers), a=1000, h=1000)
    assert leverage(book, "h", 10 * ONE) == "LEVERAGE_ABOVE_MAXIMUM"
    assert book.trade("h:long", "a", 20) is None
    assert leverage(book, "h", 10 * ONE) is None
    assert book.trade("a", "h:short", 1) is None
    assert leverage(book, "h", 10 * ONE) == "LEVERAGE_ABOVE_MAXIMUM"
    assert book.order("o", "h:short", 1, 100) is None
    assert book.trade("h:short", "a", 1) is None
    assert (book.lots("h"), book.resting()) == ({"M/long": 20}, {"o": 1})
    assert leverage(book, "h", 10 * ONE) is None


@pytest.mark.parametrize(("volatility", "price", "taken"), [(0, 80, 0), (0, 78, 4), (50 * PERCENT, 80, 4)])
def test_stage_3_when_a_unit_is_below_close_out_then_its_lots_go_and_its_surplus_stays(
    volatility: int, price: int, taken: int
) -> None:
    """At 80 equity is 20, close-out 5 % of 320 = 16, and 24 with a factor of 1.5; at 78 they are 12 and 15.6."""
    book = Book(terms=terms([TIER | {"close_out_rate_ppb": 5 * PERCENT}], **RISING), a=100, b=1000)
    account = {"account_id": "z", "owner_group": "", "role": "backstop", "backstop_capacity_lots": 10}
    book.do("OpenAccount", **account)
    book.do("Deposit", unit_id="z", amount_quanta=1000)
    assert book.trade("a", "b", 4) is None
    assert announce(book, volatility) is None
    book.mark(price)
    book.do("RunStep")
    assert book.lots("z") == ({"M": taken} if taken else {})
    assert equities(book.model)["a"] == 100 - 4 * (100 - price)


BAD_TIERS = (
    {"close_out_rate_ppb": 10 * PERCENT + 1},
    {"close_out_rate_ppb": -1},
    {"close_out_rate_ppb": 1, "maintenance_deduction_quanta": 1},
    {"initial_deduction_quanta": 101},
    {"close_out_deduction_quanta": -1},
)


def test_list_market_when_the_three_requirements_of_a_tier_are_out_of_order_then_its_terms_are_refused() -> None:
    """From 1,000 on: maintenance 100 and initial 200 at the start, so 100 may be deducted from initial and not 101."""
    book = Book()
    good = {"from_notional_quanta": 1000, "initial_deduction_quanta": 100, "maintenance_deduction_quanta": 0}
    later = TIER | good
    for bad in BAD_TIERS:
        start = 0 if "maintenance_deduction_quanta" in bad else 1000
        tiers = [TIER | bad] if start == 0 else [TIER, later | bad]
        assert book.tried("ListMarket", terms=terms(tiers) | {"market_id": "N"}) == "BAD_TERMS", bad
    book.do("ListMarket", terms=terms([TIER, later]) | {"market_id": "N"})


@pytest.mark.parametrize(
    "bad",
    [
        {"floor_ppb": 0},
        {"floor_ppb": ONE + 1, "cap_ppb": ONE + 1},
        {"cap_ppb": ONE - 1},
        {"cap_ppb": 10**40 + 1},
        {"max_step_ppb": -1},
        {"min_notice_ns": 10**40 + 1},
        {"unit_share": [-1, 0]},
        {"volatility": [0, 10**40 + 1]},
    ],
)
def test_list_market_when_a_number_of_the_schedule_is_out_of_bounds_then_its_terms_are_refused(
    bad: dict[str, Any],
) -> None:
    """Each bound by one, and the most that is allowed."""
    book = Book()
    assert book.tried("ListMarket", terms=terms(**bad) | {"market_id": "N"}) == "BAD_TERMS"
    most: dict[str, Any] = {"floor_ppb": 1, "cap_ppb": 10**40, "max_step_ppb": 10**40, "unit_share": [10**40, 10**40]}
    book.do("ListMarket", terms=terms(**most) | {"market_id": "N"})
