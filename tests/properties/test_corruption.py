"""A guard that is never tripped is decoration: every invariant is broken on purpose and must object."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import decide
from deleverage.rulebook.invariants import InvariantBroken, Invariants
from deleverage.rulebook.messages import (
    BankruptcyDeclared,
    Deleveraged,
    Deposit,
    Fact,
    Fill,
    FundPaid,
    Movement,
    Payment,
    Residual,
    ResidualNamed,
    RunStep,
    Socialised,
)
from deleverage.rulebook.price import Mark
from deleverage.rulebook.rules import Rules
from tests.properties.stories import crashed, mark, open_book, trade


def _quote(book: Book) -> None:
    book.units["bo"].quote += 5


def _lots(book: Book) -> None:
    book.units["bo"].legs["BTC"].lots += 1


def _cost(book: Book) -> None:
    book.units["bo"].legs["BTC"].cost -= 1


def _funding(book: Book) -> None:
    book.units["bo"].legs["BTC"].entry_funding += 1


def _deposits(book: Book) -> None:
    book.units["bo"].deposits += 1


def _realised(book: Book) -> None:
    book.units["bo"].realised -= 1


def _transfers(book: Book) -> None:
    book.units["bo"].transfers += 1


def _fund(book: Book) -> None:
    book.pots["fund"] += 1


def _rounding(book: Book) -> None:
    book.pots["rounding"] -= 1


def _residual(book: Book) -> None:
    book.residual_quanta += 1


def _net_deposits(book: Book) -> None:
    book.net_deposits_quanta -= 1


CORRUPTIONS: dict[Callable[[Book], None], str] = {
    _quote: "INV-3",
    _lots: "INV-2",
    _cost: "INV-3",
    _funding: "INV-3",
    _deposits: "INV-3",
    _realised: "INV-3",
    _transfers: "INV-3",
    _fund: "INV-1",
    _rounding: "INV-1",
    _residual: "INV-1",
    _net_deposits: "INV-1",
}


@pytest.mark.parametrize("corrupt", CORRUPTIONS, ids=lambda corrupt: str(corrupt.__name__).strip("_"))
def test_corruption_when_a_number_changes_behind_apply_then_the_next_check_objects(
    corrupt: Callable[[Book], None],
) -> None:
    """The incremental check finds it with the next fact that touches the unit, without a full scan."""
    book = crashed()
    running = Invariants(book, Rules())
    (fact,) = decide(book, Deposit(time_ns=2, unit_id="bo", amount_quanta=1), Rules())  # type: ignore[misc]
    corrupt(book)
    running.before(fact)
    apply(book, fact)
    with pytest.raises(InvariantBroken) as broken:
        running.after(fact)
    assert broken.value.invariant == CORRUPTIONS[corrupt]


def test_corruption_when_an_untouched_unit_changes_then_the_full_check_objects() -> None:
    """What no fact touches is found at the end of the batch."""
    book = crashed()
    running = Invariants(book, Rules())
    book.units["cy"].quote += 3
    book.units["cy"].deposits += 3
    book.net_deposits_quanta += 3
    with pytest.raises(InvariantBroken, match="INV-1"):
        running.full()


def test_corruption_when_open_interest_drifts_then_the_full_check_objects() -> None:
    """Open interest is a sum that the book keeps; it must agree with the legs."""
    book = crashed()
    running = Invariants(book, Rules())
    book.markets["BTC"].open_interest_lots += 1
    with pytest.raises(InvariantBroken, match="INV-2"):
        running.full()


# -- falsified facts --------------------------------------------------------------------------------------------------


def _shift(fact: Movement, giver: str, taker: str, quanta: int) -> Movement:
    """Move money between two fills of a fact: still zero-sum, but wrong."""
    fills = []
    for fill in fact.fills:
        change = quanta * ((fill.unit_id == taker) - (fill.unit_id == giver))
        fills.append(fill._replace(amount_quanta=fill.amount_quanta + change, money_quanta=fill.money_quanta + change))
    return replace(fact, fills=tuple(fills))


def _closing(fact: Deleveraged, **changes: Any) -> Deleveraged:
    return replace(fact, closings=(fact.closings[0]._replace(**changes), *fact.closings[1:]))


def _pool(fact: Deleveraged, **changes: Any) -> Deleveraged:
    return replace(fact, pools=(fact.pools[0]._replace(**changes),))


def _instead(fact: Deleveraged, wrong: str) -> Deleveraged:
    """Close another unit instead of the first candidate."""
    right = fact.closings[0].unit_id
    fills = tuple(fill._replace(unit_id=wrong) if fill.unit_id == right else fill for fill in fact.fills)
    return replace(_closing(fact, unit_id=wrong), fills=fills)


def _more_lots(fact: Deleveraged) -> Deleveraged:
    """Close more than either side holds."""
    fills = tuple(f._replace(lots=3 * f.lots, amount_quanta=f.amount_quanta + 140 * f.lots * -1) for f in fact.fills)
    return replace(fact, fills=fills)


FALSE_DELEVERAGINGS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "more is taken than the candidate has": ("INV-9", lambda f: _shift(f, "bo", "al", 900)),
    "the closing claims more than the cap": ("INV-6", lambda f: _closing(f, money_quanta=10_000)),
    "the candidate is paid": ("INV-6", lambda f: _closing(f, money_quanta=-1)),
    "the pool collects more than it asks": ("INV-6", lambda f: _pool(f, collected_quanta=101)),
    "the pool asks more than the shortfall": ("INV-6", lambda f: _pool(f, asked_quanta=101)),
    "the pool collects less though units have equity": ("INV-6", lambda f: _pool(f, collected_quanta=99)),
    "the queue says other lots": ("INV-10", lambda f: _closing(f, closed_lots=9)),
    "a leg flips": ("INV-8", _more_lots),
    "another than the first is closed": ("INV-10", lambda f: _instead(f, "cy")),
    "a bystander is touched": ("INV-11", lambda f: replace(f, payments=(Payment("ed", -1), Payment("bo", 1)))),
    "an amount is not the value at the mark": (
        "INV-12",
        lambda f: replace(f, fills=tuple(fill._replace(money_quanta=fill.money_quanta + 1) for fill in f.fills)),
    ),
    "the marks are others": ("INV-12", lambda f: replace(f, marks=(("BTC", 71),))),
    "the rules are others": ("INV-12", lambda f: replace(f, rules_hash="0" * 64)),
    "the bankrupt is moved past zero": ("INV-9", lambda f: _shift(f, "bo", "al", 5)),
    "the sequence jumps": ("INV-15", lambda f: replace(f, seq=f.seq + 1)),
    "time runs backwards": ("INV-15", lambda f: replace(f, time_ns=0)),
    "time runs past its end": ("INV-15", lambda f: replace(f, time_ns=1 << 63)),
}


def _facts_of(book: Book, rules: Rules) -> tuple[Fact, ...]:
    answer = decide(book, RunStep(time_ns=2), rules)
    assert isinstance(answer, tuple)
    return answer


def _objection(book: Book, rules: Rules, until: type[Fact], falsify: Callable[[Any], Any]) -> str:
    """Apply a step's facts under the invariants, the first of one kind falsified; return the id that objects."""
    running = Invariants(book, rules)
    for fact in _facts_of(book, rules):
        wrong = falsify(fact) if isinstance(fact, until) else fact
        try:
            running.before(wrong)
            if isinstance(fact, until):  # Let apply's own assertions pass: the invariants must see it by themselves.
                book.seq, book.time_ns = wrong.seq - 1, min(book.time_ns, wrong.time_ns)
            apply(book, wrong)
            running.after(wrong)
        except InvariantBroken as broken:
            return broken.invariant
        if isinstance(fact, until):
            return ""
    raise AssertionError(f"the step has no {until.__name__}")


def _crowded() -> Book:
    """Return the crash with a second large short (cy) and an idle unit (ed) with one quantum."""
    book = open_book({"al": 200, "bo": 500, "cy": 3_000, "di": 1_000, "ed": 1})
    trade(book, "al", "bo", 10)
    trade(book, "di", "bo", 2)
    trade(book, "di", "cy", 14)
    mark(book, 70)
    return book


@pytest.mark.parametrize("name", FALSE_DELEVERAGINGS)
def test_invariant_when_a_fact_is_falsified_then_it_objects(name: str) -> None:
    """Stage 5 told wrongly - zero-sum where apply insists on it - is refused by the invariant that names the lie."""
    expected, falsify = FALSE_DELEVERAGINGS[name]
    assert _objection(_crowded(), Rules(), Deleveraged, falsify) == expected


def test_invariant_when_nothing_is_falsified_then_nobody_objects() -> None:
    """The control: the same story told truly passes."""
    assert _objection(_crowded(), Rules(), Deleveraged, lambda fact: fact) == ""


OTHER_LIES: dict[str, tuple[str, Callable[[], Book], Rules, type[Fact], Callable[[Any], Any]]] = {
    "the fund pays more than the debt": (
        "INV-5",
        lambda: crashed(fund_quanta=60),
        Rules(),
        FundPaid,
        lambda f: replace(f, debts=(f.debts[0]._replace(paid_quanta=101),)),
    ),
    "the fund pays more than it has": (
        "INV-5",
        lambda: crashed(fund_quanta=60),
        Rules(),
        FundPaid,
        lambda f: replace(f, payments=(Payment("al", 61),), pots=(f.pots[0]._replace(amount_quanta=-61),)),
    ),
    "the fund lifts a unit above zero": (
        "INV-9",
        lambda: crashed(fund_quanta=1_000),
        Rules(),
        FundPaid,
        lambda f: replace(f, payments=(Payment("al", 101),), pots=(f.pots[0]._replace(amount_quanta=-101),)),
    ),
    "one group costs more than its cap": (
        "INV-19",
        lambda: crashed(fund_quanta=60),
        Rules(fund_group_cap_quanta=10),
        FundPaid,
        lambda f: replace(
            f,
            debts=(f.debts[0]._replace(paid_quanta=11),),
            cut_by_caps_quanta=49,
            payments=(Payment("al", 11),),
            pots=(f.pots[0]._replace(amount_quanta=-11),),
        ),
    ),
    "a haircut is not booked to the legs": (
        "INV-6",
        lambda: crashed(),
        Rules(price=Mark()),
        Socialised,
        lambda f: replace(f, haircuts=tuple(h._replace(legs=()) for h in f.haircuts)),
    ),
    "a haircut is larger than its base": (
        "INV-6",
        lambda: crashed(),
        Rules(price=Mark()),
        Socialised,
        lambda f: replace(f, haircuts=tuple(h._replace(base_quanta=0) for h in f.haircuts)),
    ),
    "less is cut than is owed and there": (
        "INV-6",
        lambda: crashed(),
        Rules(price=Mark()),
        Socialised,
        lambda f: replace(f, debt_quanta=f.debt_quanta + 1, base_quanta=f.base_quanta + 1),
    ),
}


@pytest.mark.parametrize("name", OTHER_LIES)
def test_invariant_when_another_stage_is_falsified_then_it_objects(name: str) -> None:
    """The fund and the haircut are held to their numbers, too."""
    expected, make, rules, kind, falsify = OTHER_LIES[name]
    assert _objection(make(), rules, kind, falsify) == expected


def _apply_alone(book: Book, fact: Fact, rules: Rules) -> str:
    running = Invariants(book, rules)
    try:
        running.before(fact)
        apply(book, fact)
        running.after(fact)
    except InvariantBroken as broken:
        return broken.invariant
    return ""


def test_invariant_when_candidates_are_asked_before_the_fund_then_it_objects() -> None:
    """Money asked of candidates while the fund still has some breaks the order of the waterfall."""
    book = crashed(fund_quanta=60)
    facts = [fact for fact in _facts_of(crashed(), Rules()) if not isinstance(fact, FundPaid)]
    found = [_apply_alone(book, replace(fact, seq=book.seq + 1), Rules()) for fact in facts[:2]]
    assert found == ["", "INV-7"]


def test_invariant_when_a_guarded_leg_is_closed_then_it_objects() -> None:
    """A fill in a market whose mark is out of band is a forced act that nobody may take."""
    book = crashed()
    facts = _facts_of(book, Rules())
    book.markets["BTC"].guard = "out_of_band"
    assert [_apply_alone(book, fact, Rules()) for fact in facts[:2]] == ["", "INV-18"]


def test_invariant_when_a_residual_is_named_while_gains_are_left_then_it_objects() -> None:
    """A residual for want of capacity needs a domain without any gain left to cut."""
    book = crashed()
    lie = ResidualNamed(
        seq=book.seq + 1,
        time_ns=2,
        rules_hash=Rules().hash(),
        payments=(Payment("al", 1),),
        residuals=(Residual("al", (), 1, 1, "capacity"),),
        named_quanta=1,
    )
    assert _apply_alone(book, lie, Rules()) == "INV-7"


def test_invariant_when_bankrupt_lots_stay_without_a_reason_then_it_objects() -> None:
    """After stage 5 no bankrupt lots are left unless the fact names a removal."""
    book = crashed()
    declared, told = _facts_of(book, Rules())[:2]
    assert isinstance(declared, BankruptcyDeclared)
    assert isinstance(told, Deleveraged)
    half = tuple(
        Fill(f.unit_id, f.market_id, f.lots // 2, f.amount_quanta // 2, f.money_quanta // 2, f.part) for f in told.fills
    )
    closing = told.closings[0]._replace(closed_lots=5, money_quanta=50)
    pool = told.pools[0]._replace(closed_lots=5, shortfall_quanta=50, asked_quanta=50, collected_quanta=50)
    lie = replace(told, fills=half, closings=(closing,), pools=(pool,))
    assert [_apply_alone(book, fact, Rules()) for fact in (declared, lie)] == ["", "INV-21"]
