"""Loss rules at a corner that random worlds hardly reach, worked out by hand."""

from tests.parity.by_hand import TERMS, Book


def test_debts_when_money_is_released_after_stage_5_then_what_is_left_is_split_over_the_pools() -> None:
    """e, long 2 in M and 2 in N at 60, has 80 - 4 x 40 = -80: 40 of it in each pool, and the price asks for nothing.

    Its isolated short closes the last of M and gives e its 21 + 40: 19 are left, 9.5 of each pool, the odd quantum in
    M, the first of them. (61 taken off instead would leave it in N.) Only N has open lots: a, 1000 + 4 x 40, and b,
    500 - 40, bear 9 there, and the 10 of M stay.
    """
    rule = {"loss_rule": {"name": "funding-index", "side": "both"}, "price": {"name": "mark"}}
    book = Book(rule, a=1000, b=500, e=80)
    book.do("ListMarket", terms=TERMS | {"market_id": "N"})
    book.mark(100, "N")
    book.do("OpenIsolated", account_id="e", market_id="M", side="")
    book.do("Deposit", unit_id="e/M", amount_quanta=21)
    assert book.trade("e", "a", 1) is None
    assert book.trade("e", "e/M", 1) is None
    assert book.trade("e", "a", 2, market_id="N") is None
    assert book.trade("b", "a", 1, market_id="N") is None
    book.mark(60)
    book.mark(60, "N")
    book.do("RunStep")
    cuts = (("a", 1, 1160, 5, (("N", 5),), 0), ("b", 1, 460, 4, (("N", 4),), 0))
    assert book.model.last_step["socialised"] == [("funding-index", "N", "long", 9, 1620, cuts)]
    assert book.model.last_step["residuals"] == [("e", (), 10, 10, "capacity")]
