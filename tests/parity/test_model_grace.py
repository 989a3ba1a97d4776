"""The grace after a halt at a corner that random worlds hardly reach, worked out by hand."""

from tests.parity.by_hand import Book


def test_grace_when_one_unit_has_lost_it_then_it_sells_past_the_order_of_one_that_is_spared() -> None:
    """a and d are long 10 from 100 with 400: at 66 they have 60 of 66. d has bought in the grace, and a has not.

    d sells 4 lots to c, at 66, and has 60 of 39.6 left. a's bid of 70, made at 100, is the better one: a, unhealthy,
    could not take the lot, and its order would be cancelled; but it is spared, and so is the order.
    """
    book = Book({"grace_ns": 100}, a=400, b=9000, c=9000, d=400)
    assert book.trade("a", "b", 10) is None
    book.do("Halt", scope="M", reason="drill")
    book.do("Resume", scope="M")
    assert book.order("bid", "a", 1, 70) is None
    assert book.trade("d", "b", 10) is None
    assert book.model.state()["markets"]["M"]["grace_lost"] == ["b", "d"]
    book.mark(66)
    assert book.order("c", "c", 4, 66) is None
    book.do("RunStep")
    assert (book.lots("a"), book.lots("c"), book.lots("d")) == ({"M": 10}, {"M": 4}, {"M": 6})
    assert book.resting() == {"bid": 1}
    assert book.model.last_step["spared"] == [("a", "M", 100)]
