"""Facts that add up and are wrong: each tells a story that the law forbids, and must meet an objection.

The book is always the same: al (10 lots long, 200 deposited) is 100 quanta short at a mark of 70, bo is short 12 lots,
cy short 4 and rich, di long 6 and solvent.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from deleverage.rulebook import messages as m
from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import decide
from deleverage.rulebook.invariants import InvariantBroken, Invariants
from deleverage.rulebook.price import Mark
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.transitions import UNDER_RULES
from tests.properties.stories import crashed, submit

Facts = tuple[m.Fact, ...]
HEAD: dict[str, Any] = {"seq": 0, "time_ns": 2}
STEP: dict[str, Any] = HEAD | {"rules_hash": ""}


def objection(book: Book, facts: Facts, rules: Rules) -> str:
    """Apply facts under the invariants, renumbered; return the id that objects, or the assertion of apply.

    Whatever rules a story was taken from, its facts say that they were decided under these: that is not its lie.
    """
    running = Invariants(book, rules)
    try:
        for fact in facts:
            numbered = replace(fact, seq=book.seq + 1)
            if isinstance(numbered, UNDER_RULES):
                numbered = replace(numbered, rules_hash=rules.hash())
            running.before(numbered)
            apply(book, numbered)
            running.after(numbered)
        running.full()
    except InvariantBroken as broken:
        return broken.invariant
    except AssertionError:
        return "sum of a fact"
    return ""


def honest(rules: Rules) -> tuple[m.BankruptcyDeclared, m.Deleveraged]:
    """Return what the law says about the book: declared, and deleveraged."""
    facts = decide(crashed(), m.RunStep(time_ns=2), rules)
    assert isinstance(facts, tuple)
    declared, told = facts[:2]
    assert isinstance(declared, m.BankruptcyDeclared)
    assert isinstance(told, m.Deleveraged)
    return declared, told


def moved(told: m.Deleveraged, part: str, quanta: int) -> tuple[m.Fill, ...]:
    """Return the fills with one part's money changed."""
    return tuple(
        fill._replace(amount_quanta=fill.amount_quanta + quanta, money_quanta=fill.money_quanta + quanta)
        if fill.part == part
        else fill
        for fill in told.fills
    )


def stage_5(change: Callable[[m.Deleveraged], m.Deleveraged], rules: Rules | None = None) -> tuple[Facts, Rules]:
    """Return the honest story with stage 5 changed."""
    law = rules or Rules()
    declared, told = honest(law)
    return (declared, change(told)), law


def less_asked(told: m.Deleveraged) -> m.Deleveraged:
    """Ask only 30 of 100."""
    fills = moved(replace(told, fills=moved(told, "candidate", 70)), "bankrupt", -70)
    pools = tuple(pool._replace(asked_quanta=30, collected_quanta=30) for pool in told.pools)
    return replace(told, fills=fills, pools=pools, closings=(told.closings[0]._replace(money_quanta=30),))


def more_asked(told: m.Deleveraged) -> m.Deleveraged:
    """Ask 100 where the price rule asks nothing."""
    fills = moved(replace(told, fills=moved(told, "candidate", -100)), "bankrupt", 100)
    pools = tuple(pool._replace(asked_quanta=100, collected_quanta=100) for pool in told.pools)
    return replace(told, fills=fills, pools=pools, closings=(told.closings[0]._replace(money_quanta=100),))


def into_spread(told: m.Deleveraged, quanta: int) -> m.Deleveraged:
    """Let the candidate pay more than its closing says, into a pot."""
    return replace(told, fills=moved(told, "candidate", -quanta), pots=(m.PotChange("spread", quanta),))


def bystander_pays(told: m.Deleveraged) -> m.Deleveraged:
    """Let di, who holds the same side, pay instead of the candidate."""
    return replace(told, fills=moved(told, "candidate", 100), payments=(m.Payment("di", -100),))


PRICE_MARK = Rules(price=Mark())
GROUP_CAP = Rules(fund_group_cap_quanta=10)
EVENT_CAP = Rules(fund_event_cap_quanta=10)
NO_INVENTORY = Rules(fund_inventory_cap_lots=5)


def alone(*facts: m.Fact, rules: Rules | None = None) -> tuple[Facts, Rules]:
    """Return facts told without any story before them."""
    return facts, rules or Rules()


def took(fills: tuple[m.Fill, ...], shortfall: int, pool: int = 0) -> m.TakenOver:
    """Return a takeover."""
    pots = (m.PotChange("fund", -pool),) if pool else ()
    debts = (m.DebtPaid("al", "BTC", pool, pool, "al"),) if pool else ()
    told: dict[str, Any] = {"market_id": "BTC", "side": "long", "fills": fills, "pots": pots, "fund_debts": debts}
    return m.TakenOver(**STEP, **told, shortfall_quanta=shortfall, surplus_quanta=0, edge_quanta=0)


def paid(unit_id: str, quanta: int, *debts: m.DebtPaid) -> m.FundPaid:
    """Return a payment of the fund."""
    money: dict[str, Any] = {"payments": (m.Payment(unit_id, quanta),), "pots": (m.PotChange("fund", -quanta),)}
    return m.FundPaid(
        **STEP, **money, after_stage_5=False, entered_quanta=0, own_unit_quanta=0, debts=debts, cut_by_caps_quanta=0
    )


def cut(payments: dict[str, int], *haircuts: m.Haircut, debt: int = 0, base: int = 0) -> m.Socialised:
    """Return a haircut."""
    told = tuple(m.Payment(unit_id, quanta) for unit_id, quanta in payments.items())
    rule: dict[str, Any] = {"rule": "winners-pro-rata(base=unit)", "market_id": "", "side": ""}
    return m.Socialised(**STEP, **rule, payments=told, debt_quanta=debt, base_quanta=base, haircuts=haircuts)


def named(unit_id: str, quanta: int, reason: str) -> m.ResidualNamed:
    """Return a residual of al whose money goes to a unit."""
    residual = m.Residual("al", (), quanta, quanta, reason)
    return m.ResidualNamed(**STEP, payments=(m.Payment(unit_id, quanta),), residuals=(residual,), named_quanta=quanta)


SOLD_OUT = m.Reduced(
    **STEP,
    round=1,
    market_id="BTC",
    side="short",
    sales=(),
    fills=(
        m.Fill("bo", "BTC", 12, -12 * 140, -12 * 70, "liquidated"),
        m.Fill("cy", "BTC", -12, 12 * 140, 12 * 70, "maker"),
    ),
)
FEE = m.Reduced(
    **STEP,
    round=1,
    market_id="BTC",
    side="long",
    sales=(),
    payments=(m.Payment("bo", -860),),
    pots=(m.PotChange("fees", 860),),
)
HEALTHY_TAKEN = took(
    (m.Fill("di", "BTC", -6, 6 * 70 - 800, -800, "bankrupt"), m.Fill("cy", "BTC", 6, -6 * 70 + 800, 800, "taker")), 0
)
LIFTED = took(
    (m.Fill("al", "BTC", -10, 700 + 5_000, 5_000, "bankrupt"), m.Fill("cy", "BTC", 10, -700, 0, "taker")), 100, 5_000
)
INVENTORY = took(
    (m.Fill("al", "BTC", -10, 800, 100, "bankrupt"), m.Fill("fund", "BTC", 10, -700, 0, "taker")), 100, 100
)
DEBT = m.DebtPaid("al", "BTC", 100, 100, "al")
MOVED = m.MarginMoved(**HEAD, from_unit_id="cy", to_unit_id="di", amount_quanta=3_000, released=False, profit_quanta=0)
OUT = m.MoneyOut(**HEAD, unit_id="di", debited_quanta=900, paid_quanta=900, claim_quanta=0, rounding_quanta=0)

LIES: dict[str, tuple[str, tuple[Facts, Rules]]] = {
    "gains of a healthy unit go to a healthy unit": ("INV-6", alone(cut({"cy": -3_000, "di": 3_000}))),
    "a loser is cut on an invented base": (
        "INV-6",
        alone(
            cut({"di": -100, "al": 100}, m.Haircut("di", 800, 100, (("BTC", 100),), 800, 0), debt=100, base=800),
            rules=PRICE_MARK,
        ),
    ),
    "a healthy unit is sold out at twice the mark": ("INV-8", alone(SOLD_OUT)),
    "a fee takes a healthy unit wholly": ("INV-6", alone(FEE)),
    "a healthy unit is taken over": ("INV-8", alone(HEALTHY_TAKEN)),
    "the fund lifts a bankrupt far past zero": ("INV-6", alone(LIFTED)),
    "the fund holds more than its inventory cap": ("INV-5", alone(INVENTORY, rules=NO_INVENTORY)),
    "the fund pays without a debt": ("INV-5", alone(paid("al", 100), rules=GROUP_CAP)),
    "the fund pays beyond the event's cap": ("INV-19", alone(paid("al", 100, DEBT), rules=EVENT_CAP)),
    "a candidate pays more than its closing says": ("INV-11", stage_5(lambda told: into_spread(told, 700))),
    "a bystander of the same side pays": ("INV-11", stage_5(bystander_pays)),
    "less is asked than the price rule says": ("INV-6", stage_5(less_asked)),
    "money is taken under the price rule mark": ("INV-6", stage_5(more_asked, PRICE_MARK)),
    "the fact allows itself to bankrupt": (
        "INV-9",
        stage_5(lambda told: replace(into_spread(told, 900), may_bankrupt=True)),
    ),
    "nobody was declared bankrupt": ("INV-21", (honest(Rules())[1:], Rules())),
    "freed debts are invented": (
        "INV-6",
        stage_5(lambda told: replace(told, freed=(m.Freed("al", "BTC", "long", 10**6),))),
    ),
    "a residual is paid to a healthy unit": ("INV-7", alone(named("cy", 500, "guard"))),
    "a residual's reason is untrue": ("INV-7", alone(named("al", 100, "removal"))),
    "margin moves between strangers": ("INV-11", alone(MOVED)),
    "a healthy unit is declared bankrupt": (
        "INV-9",
        alone(m.BankruptcyDeclared(**STEP, units=(m.UnitEquity("cy", -1),))),
    ),
    "a bankruptcy ends with lots and shortfall left": (
        "INV-21",
        alone(honest(Rules())[0], m.BankruptcyEnded(**STEP, units=(m.UnitEquity("al", 0),))),
    ),
    "money leaves beyond what is free": ("INV-9", alone(OUT)),
    "money leaves while somebody is below zero": ("INV-20", alone(replace(OUT, debited_quanta=1, paid_quanta=1))),
    "more margin leaves than is free": ("INV-9", alone(replace(MOVED, from_unit_id="di", to_unit_id="di"))),
    "a trade is told at another price": (
        "INV-12",
        alone(
            m.Traded(
                **HEAD,
                market_id="BTC",
                price_ticks=70,
                fills=(
                    m.Fill("cy", "BTC", 1, -7_000, -6_930, "buyer"),
                    m.Fill("di", "BTC", -1, 7_000, 6_930, "seller"),
                ),
            )
        ),
    ),
    "funding charges another rate": (
        "INV-4",
        alone(m.FundingAccrued(**HEAD, market_id="BTC", rate_ppb=1, per_lot_quanta=40, carry_after=0)),
    ),
    "a step ends and forgets a unit below zero": (
        "INV-9",
        alone(m.StepEnded(**STEP, step=1, rounds=0, stopped="quiet", guarded=(), waiting=False, unsold=(), passed=())),
    ),
    "a claim is repaid that is not there": (
        "INV-1",
        alone(m.MoneyIn(**HEAD, claims_repaid=(m.Payment("cy", 5),))),
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_invariant_when_a_story_adds_up_and_is_wrong_then_it_objects(name: str) -> None:
    """Conservation is not enough: who, why and how much are recomputed from the book before the fact."""
    expected, (facts, rules) = LIES[name]
    book = crashed(fund_quanta=5_000 if any(isinstance(fact, m.TakenOver | m.FundPaid) for fact in facts) else 0)
    submit(book, m.OpenAccount(time_ns=1, account_id="fund", role="fund"))
    found = objection(book, facts, rules)
    assert found
    assert found == expected


@pytest.mark.parametrize("rules", [Rules(), PRICE_MARK, GROUP_CAP, NO_INVENTORY], ids=["plain", "mark", "cap", "stock"])
def test_invariant_when_the_story_is_true_then_nobody_objects(rules: Rules) -> None:
    """The control: the whole honest step passes."""
    facts = decide(crashed(fund_quanta=60), m.RunStep(time_ns=2), rules)
    assert isinstance(facts, tuple)
    assert objection(crashed(fund_quanta=60), facts, rules) == ""
