"""The plug points at their corners, worked out by hand: what random worlds do not or seldom reach."""

from typing import Any

import pytest

from tests.parity.by_hand import TERMS, Book

EACH_FILL = {"rerank": "each_fill"}


def cannot_accept(cap_quanta: int) -> dict[str, Any]:
    """Return the switch of a trigger that fires when the fund cannot accept the lots."""
    return {"trigger": {"name": "fund-cannot-accept", "cap_quanta": cap_quanta}}


def second_market(book: Book) -> None:
    """List market N, at 100 too."""
    book.do("ListMarket", terms=TERMS | {"market_id": "N"})
    book.mark(100, "N")


def stops(book: Book) -> dict[tuple[str, str], str]:
    """Return what stopped each pool in the first stage 5 of the last step."""
    return {pool[:2]: pool[8] for pool in book.model.last_step["deleveraged"][0]["pools"]}


@pytest.mark.parametrize(("cap_quanta", "left", "reason"), [(910, {"M": 10}, "trigger"), (909, {}, "")])
def test_trigger_when_the_fund_could_accept_up_to_its_cap_exactly_then_it_does_not_fire(
    cap_quanta: int, left: dict[str, int], reason: str
) -> None:
    """At 70 the fund's 3 lots are worth 210 and the 10 bankrupt ones 700: 910 is accepted, a cap of 909 is not kept."""
    book = Book(cannot_accept(cap_quanta), a=2000, d=220)
    book.open("f", 1000, "fund")
    assert book.trade("d", "a", 10) is None
    assert book.trade("f", "a", 3) is None
    book.mark(70)
    book.do("RunStep")
    assert book.lots("d") == left
    assert stops(book) == {("M", "long"): reason}
    # 220 - 10 x 30 = -80: the candidate pays it, or it waits with the lots.
    residual = [("d", (("M", 10),), 80, 0, "trigger")] if reason else []
    assert book.model.last_step["residuals"] == residual


@pytest.mark.parametrize(("cap_quanta", "reason"), [(1119, ""), (1120, "trigger")])
def test_trigger_when_the_funds_own_lots_are_netted_then_they_still_count(cap_quanta: int, reason: str) -> None:
    """The bankrupt fund is long 10 in M, 700; its 4 netted lots are inventory on the book before stage 5.

    M keeps 6 bankrupt lots, 420, and N at 50 has 10, 500: 1120 and 1200. After netting it would be 840 and 920. A cap
    of 1120 holds M back in every round, and N not in the first.
    """
    book = Book(cannot_accept(cap_quanta), a=5000, c=300)
    book.open("f", 220, "fund")
    second_market(book)
    assert book.trade("f", "a", 10) is None
    assert book.trade("a", "c", 4) is None
    assert book.trade("c", "a", 10, market_id="N") is None
    book.mark(70)
    book.mark(50, "N")
    book.do("RunStep")
    # The fund has 220 - 300, the other 300 + 4 x 30 - 10 x 50.
    pools = book.model.last_step["deleveraged"][0]["pools"]
    assert [pool[:5] for pool in pools] == [
        ("M", "long", 10, 4, 0 if reason else 6),
        ("M", "short", 4, 4, 0),
        ("N", "long", 10, 0, 10),
    ]
    assert stops(book) == {("M", "long"): reason, ("M", "short"): "", ("N", "long"): ""}


def test_trigger_when_going_one_by_one_closes_the_funds_lots_then_they_still_count_for_the_next_pool() -> None:
    """The fund is short 10 in M, 700, and is closed there first; N has 700 too, and 1400 is above 1399, 700 is not."""
    book = Book(EACH_FILL | cannot_accept(1399), a=2000, d=400)
    book.open("f", 1000, "fund")
    second_market(book)
    assert book.trade("d", "f", 10) is None
    assert book.trade("d", "a", 10, market_id="N") is None
    book.mark(70)
    book.mark(70, "N")
    book.do("RunStep")
    assert book.model.last_step["deleveraged"][0]["closed"] == {("a", "N"): 10, ("f", "M"): 10}


def test_pace_when_parts_of_parts_bound_the_same_then_the_least_counts() -> None:
    """Of 140 quanta two lots at 70 can be closed, in one round; the wider bounds beside them do not help."""
    wide = [{"name": "rounds", "most": 3}, {"name": "closed-notional", "most_quanta": 10**9}]
    tight = [{"name": "closed-notional", "most_quanta": 140}, {"name": "rounds", "most": 1}]
    pace = {"name": "first", "of": [{"name": "first", "of": tight}, *wide]}
    book = Book({"pace": pace}, a=2000, d=220)
    assert book.trade("d", "a", 10) is None
    book.mark(70)
    book.do("RunStep")
    assert book.model.last_step["deleveraged"][0]["closed"] == {("a", "M"): 2}
    assert (book.model.last_step["rounds"], book.model.last_step["stopped"]) == (1, "pace")
    assert stops(book) == {("M", "long"): "pace"}


def test_pace_when_the_last_candidate_is_used_up_with_the_room_then_nothing_was_stopped() -> None:
    """The owner's other unit is removed: of 10 lots 4 find a candidate, and 280 quanta are room for just those."""
    pace = {"name": "first", "of": [{"name": "rounds"}, {"name": "closed-notional", "most_quanta": 280}]}
    for rerank in ({}, EACH_FILL):
        book = Book({"pace": pace, "removed": ["own_units"]} | rerank, a=2000, d=200)
        book.do("OpenIsolated", account_id="d", market_id="M")
        book.do("Deposit", unit_id="d/M", amount_quanta=2000)
        assert book.trade("d", "a", 4) is None
        assert book.trade("d", "d/M", 6) is None
        book.mark(70)
        book.do("RunStep")
        assert book.lots("d") == {"M": 6}
        assert stops(book) == {("M", "long"): ""}
        assert book.model.last_step["stopped"] == "quiet"


def test_residual_when_a_candidate_is_removed_because_of_another_bankrupt_then_the_reason_is_removal() -> None:
    """The only short unit belongs to e, who is bankrupt beside d: neither can be closed, and both are told why."""
    book = Book({"removed": ["own_units"]}, d=80, e=40)
    book.do("OpenIsolated", account_id="e", market_id="M")
    book.do("Deposit", unit_id="e/M", amount_quanta=2000)
    assert book.trade("d", "e/M", 4) is None
    assert book.trade("e", "e/M", 2) is None
    book.mark(70)
    book.do("RunStep")
    assert book.model.last_step["residuals"] == [
        ("d", (("M", 4),), 120 - 80, 0, "removal"),
        ("e", (("M", 2),), 60 - 40, 0, "removal"),
    ]


def test_levelling_when_a_lot_is_missing_to_the_level_then_the_first_id_gives_it() -> None:
    """Of 7, 5 and 2 lots six are needed: level 4 takes 3 and 1, level 3 would take 4 and 2: just six."""
    for deposit, lots, closed in ((132, 6, (4, 2)), (110, 5, (4, 1))):
        book = Book({"policy": {"name": "levelling"}}, a=2000, b=2000, c=2000, d=deposit, e=2000)
        assert book.trade("d", "a", lots) is None
        assert book.trade("e", "a", 7 - lots) is None
        assert book.trade("e", "b", 5) is None
        assert book.trade("e", "c", 2) is None
        book.mark(70)
        book.do("RunStep")
        told = book.model.last_step["deleveraged"][0]["closed"]
        assert told == {("a", "M"): closed[0], ("b", "M"): closed[1]}


def test_pace_when_the_last_fill_uses_it_up_and_nobody_is_left_then_not_the_pace_has_stopped_the_pool() -> None:
    """One by one, 390 of notional are 6 lots at 65. a pays its 76 of the 90 that move with them, and is unhealthy then.

    So the 4 lots left have no candidate before they have no room, and that is what is told: a removal, no pace.
    """
    pace = {"name": "first", "of": [{"name": "rounds"}, {"name": "closed-notional", "most_quanta": 390}]}
    book = Book({"rerank": "each_fill", "removed": ["unhealthy"], "pace": pace}, a=320, c=1000, z=200)
    second_market(book)
    assert book.trade("z:long", "a", 10) is None
    assert book.trade("a", "c", 6, market_id="N") is None
    book.mark(1, "N")
    book.mark(65)
    book.do("RunStep")
    step = book.model.last_step
    assert step["deleveraged"][0]["pools"] == [("M", "long", 10, 0, 6, 90, 90, 76, "", ("a",))]
    assert step["residuals"] == [("z", (("M/long", 4),), 60, 0, "removal")]
    assert step["stopped"] == "quiet"
