"""Wrong stories about what started, stopped and paid for stage 5: each adds up, and each must meet an objection.

The book is that of ``crashed``: al (10 lots long) is 100 quanta short at a mark of 70, bo is the first candidate.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from deleverage.rulebook import messages as m
from deleverage.rulebook.decide import decide
from deleverage.rulebook.funding_source import AllOrNothing, DeleverageFirst
from deleverage.rulebook.pace import ClosedNotional, Rounds, TouchedUnits
from deleverage.rulebook.plug import text_of
from deleverage.rulebook.price import Mark
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.selection import ProRata
from deleverage.rulebook.throttle import Limit
from deleverage.rulebook.trigger import FundCannotAccept, Never
from tests.properties.stories import crashed
from tests.properties.test_lies import STEP, objection
from tests.unit.test_throttle import selling

Change = Callable[[Any], Any]

NEVER = Rules(trigger=Never())
SLOW = Rules(pace=Rounds() | ClosedNotional(350))
ONE = Rules(policy=ProRata(), pace=Rounds() | TouchedUnits(1))
AT_MARK = Rules(price=Mark())
LATER = Rules(price=Mark(), funding_source=DeleverageFirst())
WHOLE = Rules(funding_source=AllOrNothing())


def told(rules: Rules, fund_quanta: int = 0) -> tuple[m.Fact, ...]:
    """Return what the law says about the book under these rules."""
    facts = decide(crashed(fund_quanta), m.RunStep(time_ns=2), rules)
    assert isinstance(facts, tuple)
    return facts


def changed(facts: tuple[m.Fact, ...], kind: type[m.Fact], change: Change) -> tuple[m.Fact, ...]:
    """Return the facts with those of one kind changed; None leaves one out."""
    made = [change(fact) if isinstance(fact, kind) else fact for fact in facts]
    return tuple(fact for fact in made if fact is not None)


def under(rules: Rules, fact: m.Deleveraged) -> m.Deleveraged:
    """Return a fact that says it was decided under other rules."""
    texts: dict[str, Any] = {
        "trigger": text_of(rules.trigger),
        "price": text_of(rules.price),
        "policy": rules.policy.name,
    }
    return replace(fact, **texts)


def pool(fact: m.Deleveraged, **changes: Any) -> m.Deleveraged:
    """Return the fact with its pool changed."""
    return replace(fact, pools=(fact.pools[0]._replace(**changes),))


def nothing_done(fact: m.Deleveraged, stopped: str) -> m.Deleveraged:
    """Return the fact with nothing closed, for a reason."""
    none = {"closed_lots": 0, "shortfall_quanta": 0, "asked_quanta": 0, "collected_quanta": 0, "stopped": stopped}
    return pool(replace(fact, fills=(), closings=(), freed=(), reduce_only=("BTC",)), **none)


def reason(fact: m.ResidualNamed, said: str) -> m.ResidualNamed:
    """Return the fact with another reason."""
    return replace(fact, residuals=tuple(item._replace(reason=said) for item in fact.residuals))


def paid_in_part(fact: m.FundPaid) -> m.FundPaid:
    """Return a payment of 60 where the source offers something else."""
    debts = tuple(debt._replace(paid_quanta=60) for debt in fact.debts)
    pots = (m.PotChange("fund", -60),)
    return replace(fact, debts=debts, payments=(m.Payment("al", 60),), pots=pots, cut_by_caps_quanta=0)


DEBT = m.DebtPaid("al", "BTC", 100, 60, "al")
PAID = paid_in_part(
    m.FundPaid(
        **STEP,
        after_stage_5=False,
        entered_quanta=0,
        own_unit_quanta=0,
        debts=(DEBT,),
        cut_by_caps_quanta=0,
    )
)


def with_payment(facts: tuple[m.Fact, ...], payment: m.FundPaid) -> tuple[m.Fact, ...]:
    """Return the declaration, a payment, and the rest."""
    return (facts[0], payment, *facts[1:])


LIES: dict[str, tuple[str, Rules, int, tuple[m.Fact, ...]]] = {
    "lots are closed though the trigger does not fire": (
        "INV-21",
        NEVER,
        0,
        changed(told(Rules()), m.Deleveraged, lambda f: under(NEVER, f)),
    ),
    "a held pool says it closed nothing, and closes": (
        "INV-21",
        NEVER,
        0,
        changed(told(Rules()), m.Deleveraged, lambda f: pool(under(NEVER, f), stopped="trigger")),
    ),
    "a pool is held back though the trigger fires": (
        "INV-21",
        Rules(),
        0,
        changed(told(Rules()), m.Deleveraged, lambda f: nothing_done(f, "trigger")),
    ),
    "the trigger is told as another": (
        "INV-12",
        Rules(),
        0,
        changed(told(Rules()), m.Deleveraged, lambda f: replace(f, trigger=text_of(FundCannotAccept(1)))),
    ),
    "a pool is forgotten": (
        "INV-21",
        Rules(),
        0,
        changed(told(Rules()), m.Deleveraged, lambda f: replace(f, pools=())),
    ),
    "a pool tells more lots than its bankrupts hold": (
        "INV-21",
        Rules(),
        0,
        changed(told(Rules()), m.Deleveraged, lambda f: pool(f, lots=11, netted_lots=1)),
    ),
    "lots are netted that have nobody opposite": (
        "INV-8",
        Rules(),
        0,
        changed(told(Rules()), m.Deleveraged, lambda f: pool(f, netted_lots=1)),
    ),
    "a step closes more notional than its pace": (
        "INV-6",
        SLOW,
        0,
        changed(told(Rules()), m.Deleveraged, lambda f: under(SLOW, f)),
    ),
    "a step touches more units than its pace": (
        "INV-6",
        ONE,
        0,
        changed(told(Rules(policy=ProRata())), m.Deleveraged, lambda f: under(ONE, f)),
    ),
    "a pool stops for pace and no bound was met": (
        "INV-21",
        Rules(),
        0,
        changed(told(Rules()), m.Deleveraged, lambda f: nothing_done(f, "pace")),
    ),
    "a pool keeps lots and says nothing": (
        "INV-21",
        SLOW,
        0,
        changed(told(SLOW), m.Deleveraged, lambda f: pool(f, stopped="")),
    ),
    "lots that the trigger holds are said to wait for pace": (
        "INV-7",
        NEVER,
        0,
        changed(told(NEVER), m.ResidualNamed, lambda f: reason(f, "pace")),
    ),
    "lots that pace has left are said to lie behind a guard": (
        "INV-7",
        SLOW,
        0,
        changed(told(SLOW), m.ResidualNamed, lambda f: reason(f, "guard")),
    ),
    "lots that pace has left are said to be held by the trigger": (
        "INV-7",
        SLOW,
        0,
        changed(told(SLOW), m.ResidualNamed, lambda f: reason(f, "trigger")),
    ),
    "lots stay and stage 7 does not name them": (
        "INV-21",
        SLOW,
        0,
        changed(told(SLOW), m.ResidualNamed, lambda f: None),
    ),
    "a step says pace and met no bound": (
        "INV-7",
        Rules(),
        0,
        changed(told(Rules()), m.StepEnded, lambda f: replace(f, stopped="pace")),
    ),
    "a step stops for nothing that is known": (
        "INV-7",
        Rules(),
        0,
        changed(told(Rules()), m.StepEnded, lambda f: replace(f, stopped="noon")),
    ),
    "the fund pays a part where it pays all or nothing": ("INV-5", WHOLE, 60, with_payment(told(WHOLE, 60), PAID)),
    "the fund pays before stage 5 where candidates go first": (
        "INV-5",
        LATER,
        60,
        with_payment(told(LATER, 60), PAID),
    ),
    "the fund pays for lots after stage 5": (
        "INV-7",
        LATER,
        60,
        with_payment(told(LATER, 60), replace(PAID, after_stage_5=True)),
    ),
    "the fund offers less than it has": (
        "INV-5",
        Rules(),
        150,
        changed(told(Rules(), 150), m.FundPaid, paid_in_part),
    ),
    "gains are cut while the fund has money": (
        "INV-7",
        LATER,
        60,
        changed(told(LATER, 60), m.FundPaid, lambda f: None),
    ),
    "a closing tells another result than the ledger": (
        "INV-3",
        Rules(),
        0,
        changed(
            told(Rules()),
            m.Deleveraged,
            lambda f: replace(f, closings=(f.closings[0]._replace(result_entry_quanta=-5),)),
        ),
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_invariant_when_a_story_about_stops_is_wrong_then_it_objects(name: str) -> None:
    """Trigger, pace, reasons and the fund's turn are recomputed, never believed."""
    expected, rules, fund_quanta, facts = LIES[name]
    assert objection(crashed(fund_quanta), facts, rules) == expected


@pytest.mark.parametrize(
    ("rules", "fund_quanta"),
    [(NEVER, 0), (SLOW, 0), (ONE, 0), (AT_MARK, 0), (LATER, 60), (LATER, 150), (WHOLE, 60)],
    ids=["never", "slow", "one", "mark", "later", "later and enough", "whole"],
)
def test_invariant_when_the_story_about_stops_is_true_then_nobody_objects(rules: Rules, fund_quanta: int) -> None:
    """The control: the honest step passes."""
    assert objection(crashed(fund_quanta), told(rules, fund_quanta), rules) == ""


# -- throttles --------------------------------------------------------------------------------------------------------

TIGHT = Rules(close_throttle=(Limit(0, 350),), reduce_throttle=(Limit(0, 410),))
NO_LOT = Rules(close_throttle=(Limit(0, 69),))
TWO_LOTS = Rules(close_throttle=(Limit(0, 140),))
PACED = Rules(close_throttle=(Limit(0, 350),), pace=Rounds() | ClosedNotional(400))


def sold(rules: Rules) -> tuple[m.Fact, ...]:
    """Return what the law says about al, who is unhealthy with 10 lots at 82 while cy bids for all of them."""
    facts = decide(selling(), m.RunStep(time_ns=2), rules)
    assert isinstance(facts, tuple)
    return facts


def throttle(fact: m.StepEnded, **changes: Any) -> m.StepEnded:
    """Return the end of a step with its last throttle told otherwise."""
    return replace(fact, throttles=(*fact.throttles[:-1], fact.throttles[-1]._replace(**changes)))


def throttled(change: Change, kind: type[m.Fact] = m.StepEnded) -> tuple[m.Fact, ...]:
    """Return the throttled story with facts of one kind changed."""
    return changed(told(TIGHT), kind, change)


THROTTLE_LIES: dict[str, tuple[str, Rules, tuple[m.Fact, ...]]] = {
    "stage 5 closes more than its throttle": (
        "INV-6",
        TIGHT,
        changed(told(Rules()), m.Deleveraged, lambda f: under(TIGHT, f)),
    ),
    "a pool stops for a throttle that is not there": (
        "INV-21",
        Rules(),
        changed(told(Rules()), m.Deleveraged, lambda f: nothing_done(f, "throttle")),
    ),
    "a pool stops for a throttle that was not met": (
        "INV-21",
        TIGHT,
        throttled(lambda f: nothing_done(f, "throttle"), m.Deleveraged),
    ),
    "a pool names pace where the throttle is tighter": (
        "INV-21",
        PACED,
        changed(told(PACED), m.Deleveraged, lambda f: pool(f, stopped="pace")),
    ),
    "another stress is told": ("INV-6", TIGHT, throttled(lambda f: throttle(f, stress_ppb=1))),
    "another limit is told": ("INV-6", TIGHT, throttled(lambda f: throttle(f, most_quanta=700))),
    "less is told than was closed": ("INV-6", TIGHT, throttled(lambda f: throttle(f, done_quanta=280))),
    "a limit that holds no lot lets two pass": (
        "INV-6",
        NO_LOT,
        changed(told(TWO_LOTS), m.Deleveraged, lambda f: under(NO_LOT, f)),
    ),
    "a limit that holds no lot lets none pass": (
        "INV-21",
        NO_LOT,
        changed(told(NO_LOT), m.Deleveraged, lambda f: nothing_done(f, "throttle")),
    ),
    "a throttle that binds is told as loose": ("INV-6", TIGHT, throttled(lambda f: throttle(f, binds=False))),
    "a throttle is not told": ("INV-6", TIGHT, throttled(lambda f: replace(f, throttles=f.throttles[:1]))),
}


@pytest.mark.parametrize("name", THROTTLE_LIES)
def test_invariant_when_a_story_about_throttles_is_wrong_then_it_objects(name: str) -> None:
    """Stress, limits and what was done are recomputed along the step."""
    expected, rules, facts = THROTTLE_LIES[name]
    assert objection(crashed(), facts, rules) == expected


def test_invariant_when_stage_2_sells_more_than_its_throttle_then_it_objects() -> None:
    """10 lots of 82 are sold, 410 quanta allow 5."""
    assert objection(selling(), sold(Rules()), TIGHT) == "INV-6"


def test_invariant_when_stage_2_sells_two_lots_of_a_limit_that_holds_none_then_it_objects() -> None:
    """One lot of 82 passes a limit of 81, two do not."""
    two, none = (Rules(reduce_throttle=(Limit(0, most),)) for most in (164, 81))
    assert objection(selling(), sold(two), none) == "INV-6"
    assert objection(selling(), sold(none), none) == ""


@pytest.mark.parametrize("rules", [TIGHT, PACED, NO_LOT], ids=["throttle", "both", "no lot"])
def test_invariant_when_throttles_are_kept_and_told_then_nobody_objects(rules: Rules) -> None:
    """The controls."""
    assert objection(crashed(), told(rules), rules) == ""
    assert objection(selling(), sold(rules), rules) == ""
