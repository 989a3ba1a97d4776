"""Times end at 2^63 ns: whoever keeps them in 64 bits, sign included, keeps every one."""

from dataclasses import replace

import pytest

from deleverage.domain.domain import Domain
from deleverage.domain.engines import COLUMNS, RULEBOOK
from deleverage.rulebook import messages as m
from deleverage.rulebook.book import MarketTerms, Tier
from deleverage.rulebook.messages import Code, Command, Rejection
from deleverage.rulebook.quantities import END_NS
from deleverage.rulebook.rules import ConfigError, Rules
from deleverage.rulebook.schedule import Schedule

LAST_NS = END_NS - 1
RULES = Rules(manual=True, grace_ns=LAST_NS, breaker_ppb=1, breaker_window_ns=LAST_NS, pause_ns=LAST_NS)
TERMS = MarketTerms("X", 1, (Tier(0, 0, 0),), 10, 10_000, 10, schedule=Schedule(min_notice_ns=1))
MARK = m.SetMarks(time_ns=0, marks=(m.MarkUpdate("X", 1_000, 1), m.MarkUpdate("Y", 1_000, 1)))
ENVELOPE = m.ApproveEnvelope(
    time_ns=0, market_id="X", side="long", most_lots=1, most_notional_quanta=1, expiry_ns=1, rules_hash="other"
)
ANNOUNCED = m.AnnounceRequirements(time_ns=0, market_id="X", volatility_ppb=0, concentration_ppb=0, effective_ns=1)


def a_domain(engine: str) -> Domain:
    """Return a domain of two markets, a unit with a leg, and money."""
    domain = Domain.open(RULES, engine)
    domain.submit(m.ListMarket(time_ns=0, terms=replace(TERMS, market_id=name)) for name in "XY")
    domain.submit([MARK, *(m.OpenAccount(time_ns=0, account_id=name) for name in "ab")])
    domain.submit(m.Deposit(time_ns=0, unit_id=name, amount_quanta=1_000) for name in "ab")
    return domain


@pytest.mark.parametrize("engine", [RULEBOOK, COLUMNS])
@pytest.mark.parametrize("time_ns", [END_NS, END_NS + 1, 1 << 64, 10**300])
@pytest.mark.parametrize(
    "command",
    [
        m.Trade(time_ns=0, market_id="X", buyer_unit_id="a", seller_unit_id="b", lots=1, price_ticks=1_000),
        m.Deposit(time_ns=0, unit_id="a", amount_quanta=1),
        m.Withdraw(time_ns=0, unit_id="a", amount_quanta=1),
        m.AccrueFunding(time_ns=0, market_id="X", rate_ppb=1),
        replace(MARK, marks=MARK.marks[:1]),
        MARK,
        m.RunStep(time_ns=0),
        m.Halt(time_ns=0, scope="nowhere", reason="drill"),
    ],
    ids=lambda command: f"{type(command).__name__} {len(getattr(command, 'marks', ()))}",
)
def test_time_when_a_command_is_behind_the_last_one_then_both_numbers_are_told_and_nothing_changes(
    engine: str, time_ns: int, command: Command
) -> None:
    """Whatever else is wrong with it comes later; at the last time there is, the same command is judged by the rest."""
    domain = a_domain(engine)
    before = domain.digest()
    (refused,) = domain.submit([replace(command, time_ns=time_ns)])
    assert refused == Rejection(Code.BAD_TIME, "a time lies before 2^63 ns", time_ns, END_NS)
    assert domain.digest() == before
    (answer,) = domain.submit([replace(command, time_ns=LAST_NS)])
    assert not isinstance(answer, Rejection) or answer.code is Code.UNKNOWN_MARKET


@pytest.mark.parametrize("engine", [RULEBOOK, COLUMNS])
@pytest.mark.parametrize(
    ("late", "last", "expected", "then"),
    [
        (replace(ANNOUNCED, effective_ns=END_NS), replace(ANNOUNCED, effective_ns=LAST_NS), Code.BAD_TIME, None),
        (
            replace(ANNOUNCED, effective_ns=END_NS, market_id="none"),
            replace(ANNOUNCED, effective_ns=LAST_NS, market_id="none"),
            Code.BAD_TIME,
            Code.UNKNOWN_MARKET,
        ),
        (
            replace(ENVELOPE, expiry_ns=END_NS),
            replace(ENVELOPE, expiry_ns=LAST_NS),
            Code.BAD_EXPIRY,
            Code.WRONG_RULES,
        ),
        (
            m.ListMarket(time_ns=0, terms=replace(TERMS, market_id="Z", expiry_ns=END_NS)),
            m.ListMarket(time_ns=0, terms=replace(TERMS, market_id="Z", expiry_ns=LAST_NS)),
            Code.BAD_TERMS,
            None,
        ),
    ],
    ids=["announced", "announced of nothing", "approved", "listed"],
)
def test_time_when_a_command_names_one_behind_the_last_then_it_is_refused_and_the_last_is_not(
    engine: str, late: Command, last: Command, expected: Code, then: Code | None
) -> None:
    """What takes effect or expires has a time like any other."""
    refused, answer = a_domain(engine).submit([late, last])
    assert isinstance(refused, Rejection)
    assert (refused.code, refused.found, refused.bound) == (expected, END_NS, END_NS)
    assert (answer.code if isinstance(answer, Rejection) else None) == then


@pytest.mark.parametrize("engine", [RULEBOOK, COLUMNS])
def test_time_when_a_pause_and_a_grace_end_behind_the_last_one_then_they_never_do(engine: str) -> None:
    """What the law adds to a time has no bound of its own."""
    domain = a_domain(engine)
    jump = m.SetMarks(time_ns=LAST_NS, marks=(m.MarkUpdate("X", 2_000, 1),))
    halt = m.Halt(time_ns=LAST_NS, scope="", reason="drill")
    assert not any(
        isinstance(one, Rejection) for one in domain.submit([jump, halt, m.Resume(time_ns=LAST_NS, scope="")])
    )
    market = domain.book.markets["X"]
    assert (market.paused_until_ns, market.grace_until_ns) == (2 * LAST_NS, 2 * LAST_NS)


@pytest.mark.parametrize("name", ["grace_ns", "max_mark_age_ns", "breaker_window_ns", "pause_ns"])
def test_rules_when_something_lasts_longer_than_all_time_then_they_are_refused(name: str) -> None:
    """Sums of a time and such a number have a text in every document then."""
    with pytest.raises(ConfigError) as raised:
        Rules.build({name: END_NS})
    assert raised.value.faults == [f"{name} is {END_NS}, must be below {END_NS}"]
    assert getattr(Rules.build({name: LAST_NS}), name) == LAST_NS
