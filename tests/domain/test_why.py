"""Why an account was closed: what is told of it is what the fact says, whoever asks the queue again."""

from dataclasses import replace

import pytest

from deleverage.domain.domain import Domain
from deleverage.domain.why.records import Standing, Why
from deleverage.domain.why.steps import StepAt, UnknownRound, chosen, steps_of
from deleverage.domain.why.walk import UnknownAccount, why
from deleverage.journal.block import read_block
from deleverage.journal.faults import JournalFault
from deleverage.rulebook import messages as m
from deleverage.rulebook.book import MarketTerms, Tier
from deleverage.rulebook.queues import Queue
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.selection import ProRata
from deleverage.scenarios.loader import bundled_names
from tests.domain.forged import Memory, altered, entries_of, pairs_of, rechain, written

TERMS = MarketTerms("X", 1, (Tier(0, 5_000_000, 10_000_000),), 10**6, 10**6, 10**6)


def hand_made(rules: Rules, di_quanta: int = 200) -> Memory:
    """Return the journal of a crash from 100 to 70 that three shorts face: al cannot pay; bo has an isolated short.

    di is short, too, and has lost more in Y than it has won in X; with more money it is left, and unhealthy.
    """
    commands: list[m.Command] = [
        m.ListMarket(time_ns=0, terms=TERMS),
        m.ListMarket(time_ns=0, terms=replace(TERMS, market_id="Y")),
        m.SetMarks(time_ns=0, marks=(m.MarkUpdate("X", 100), m.MarkUpdate("Y", 100))),
    ]
    for name, money in (("al", 200), ("bo", 500), ("cy", 900), ("di", di_quanta), ("ed", 5000)):
        commands += [
            m.OpenAccount(time_ns=0, account_id=name),
            m.Deposit(time_ns=0, unit_id=name, amount_quanta=money),
        ]
    commands += [
        m.OpenIsolated(time_ns=0, account_id="bo", market_id="X"),
        m.MoveMargin(time_ns=0, from_unit_id="bo", to_unit_id="bo/X", amount_quanta=250),
        _trade("X", "al", "bo/X", 10),
        _trade("X", "ed", "cy", 4),
        _trade("X", "ed", "di", 2),
        _trade("Y", "di", "ed", 10),
        m.SetMarks(time_ns=1, marks=(m.MarkUpdate("X", 70), m.MarkUpdate("Y", 69))),
        m.RunStep(time_ns=2),
    ]
    answers = Domain.open(rules).submit(commands)
    assert not [answer for answer in answers if isinstance(answer, m.Rejection)]
    return written(rules, list(zip(commands, answers, strict=True)), every=100)


def _trade(market_id: str, buyer: str, seller: str, lots: int) -> m.Trade:
    units = {"buyer_unit_id": buyer, "seller_unit_id": seller}
    return m.Trade(time_ns=0, market_id=market_id, **units, lots=lots, price_ticks=100)


def told(memory: Memory, name: str, number: str = "1") -> Why:
    """Return the answer for an account in a round."""
    return why(memory, name, *chosen(number, steps_of(memory)))


@pytest.mark.parametrize("story", sorted(set(bundled_names()) - {"crash", "crash-residual"}))
def test_why_when_asked_for_everybody_of_a_story_then_places_are_those_of_the_facts(story: str) -> None:
    """Each closing of each round once, with the score, tier, lots and equity that the fact says; states add up."""
    memory = written(*pairs_of(story), at_once=50)
    facts = {entry.seq: entry.facts or () for entry in entries_of(memory)}
    for step in steps_of(memory):
        expected = [one for fact in facts[step.seq] if isinstance(fact, m.Deleveraged) for one in fact.closings]
        found = []
        for name in sorted(_units(memory)):
            try:
                answer = why(memory, name, step)
            except UnknownAccount:
                continue
            asked = [one for item in answer.rounds for unit in item.units for one in unit.asked]
            queued = isinstance(answer.head.rules.policy, Queue)
            for one in asked:
                place, closing = one.place, one.closing
                assert (place.tier, place.lots, place.score if queued else "") == (
                    closing.tier,
                    closing.lots_before,
                    closing.score,
                )
                assert one.inputs.equity_quanta == closing.equity_before_quanta
                assert one.fill.lots in (closing.closed_lots, -closing.closed_lots)
                assert not queued or min(one.needed_lots, place.lots) >= closing.closed_lots
            found += [one.closing for one in asked]
        assert sorted(found) == sorted(expected)


def _units(memory: Memory) -> set[str]:
    facts = [fact for entry in entries_of(memory) for fact in entry.facts or ()]
    opened = {fact.account.account_id for fact in facts if isinstance(fact, m.AccountOpened)}
    return opened | {fact.unit_id for fact in facts if isinstance(fact, m.UnitOpened)}


def test_why_when_an_account_has_an_isolated_unit_then_both_names_lead_to_it() -> None:
    """By the account all units, by the unit the one."""
    memory = hand_made(Rules())
    by_account, by_unit = told(memory, "bo"), told(memory, "bo/X")
    assert by_account.unit_ids == ("bo", "bo/X")
    assert (stood(memory, "bo/X"), by_unit.unit_ids) == ([(Standing.CLOSED, "")], ("bo/X",))
    of_unit = tuple(unit for unit in by_account.rounds[0].units if unit.unit_id == "bo/X")
    assert by_unit.rounds[0].units == of_unit


def stood(memory: Memory, name: str) -> list[tuple[Standing, str]]:
    """Return where a unit stood when al's longs in X were closed, and why it was removed."""
    units = told(memory, name).rounds[0].units
    return [(u.standing, u.reason) for u in units if (u.unit_id, u.pool.market_id, u.pool.side) == (name, "X", "long")]


@pytest.mark.parametrize(
    ("name", "standing"),
    [
        ("al", Standing.BANKRUPT),
        ("bo/X", Standing.CLOSED),
        ("cy", Standing.NOT_REACHED),
        ("di", Standing.BANKRUPT_ELSEWHERE),
        ("ed", Standing.SAME_SIDE),
        ("bo", Standing.ABSENT),
    ],
)
def test_why_when_asked_in_every_role_then_it_says_where_the_unit_stood(name: str, standing: Standing) -> None:
    """al's longs are closed against bo; cy stands behind, di is bankrupt in Y, ed is long."""
    assert stood(hand_made(Rules()), name) == [(standing, "")]


def test_why_when_the_rules_remove_somebody_then_the_reason_is_told() -> None:
    """Unhealthy, and the preset takes the unhealthy out; where it does not, they stand last."""
    rules = Rules(removed=("no_equity", "unhealthy"))
    assert stood(hand_made(rules, 252), "di") == [(Standing.REMOVED, "unhealthy")]
    assert stood(hand_made(Rules(), 252), "di") == [(Standing.NOT_REACHED, "")]


def test_why_when_bankrupts_are_taken_one_by_one_then_each_fill_has_its_own_queue() -> None:
    """Before each fill whoever is closed stands first, and what is needed falls."""
    memory = hand_made(Rules(rerank="each_fill", policy=Queue("size")))
    answer = told(memory, "bo/X")
    (asked,) = (one for unit in answer.rounds[0].units for one in unit.asked)
    assert answer.rounds[0].one_by_one
    assert (asked.place.rank, asked.needed_lots) == (1, 8)


def test_why_when_a_policy_shares_then_need_is_what_all_share() -> None:
    """Eight lots (two are netted) over fourteen: no queue, no score."""
    asked = [one for unit in told(hand_made(Rules(policy=ProRata())), "cy").rounds[0].units for one in unit.asked]
    assert [(one.needed_lots, one.candidate_lots, one.closing.closed_lots) for one in asked] == [(8, 14, 2)]


def test_why_when_an_answer_in_the_journal_is_not_the_laws_then_it_is_refused() -> None:
    """An explanation of a lie would be one."""
    memory = hand_made(Rules())
    contents = [stored.content for stored in memory.stored]
    block = read_block(contents[0])
    entry = next(one for one in block.entries() if isinstance(one.command, m.OpenAccount))
    lie = altered(block, entry.seq - 1, (entry.command, m.Rejection(m.Code.BAD_ID, "no")))
    rechain(
        memory,
        [
            lie.to_bytes(),
            *(
                replace(read_block(one), facts_before=read_block(one).facts_before - 1).to_bytes()
                for one in contents[1:]
            ),
        ],
    )
    with pytest.raises(JournalFault, match="OTHER_STATE: command 4 is answered differently now"):
        told(memory, "bo")


def test_why_when_a_block_is_not_in_its_place_then_it_is_refused() -> None:
    """The chain is walked on the way."""
    memory = hand_made(Rules())
    memory.stored[0] = memory.stored[0]._replace(chain_hash=bytes(32))
    with pytest.raises(JournalFault, match="BROKEN_CHAIN"):
        steps_of(memory)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("9", "there is no round 9, the journal has 7, 3, 3.1, 3.2, 1"),
        ("2", "there is no round 2, the journal has 1, 3, 3.1, 3.2, 7"),
        ("3.3", "there is no round 3.3, the journal has 3, 3.1, 3.2, 1, 7"),
        ("0", "'0' is no round: STEP or STEP.ROUND, the journal has 1, 3, 3.1, 3.2, 7"),
        ("1.0", "'1.0' is no round"),
        ("one", "'one' is no round"),
        ("\u0661", "'\\u0661' is no round"),
        ("9" * 30, f"'{'9' * 30}' is no round"),
    ],
)
def test_round_when_it_is_unknown_then_the_nearest_are_listed_first(name: str, sentence: str) -> None:
    """A step with several rounds lists them."""
    steps = [StepAt(1, 5, (1,)), StepAt(3, 9, (1, 2)), StepAt(7, 20, ())]
    with pytest.raises(UnknownRound) as caught:
        chosen(name, steps)
    assert str(caught.value).startswith(sentence)


def test_round_when_there_is_no_step_or_there_are_many_then_that_is_said() -> None:
    """Twelve are named, the others counted."""
    with pytest.raises(UnknownRound, match="the journal tells of no step of the waterfall"):
        chosen("1", [])
    with pytest.raises(UnknownRound, match=r"the journal has 40, 39, .*, 29 and 28 more$"):
        chosen("41", [StepAt(step, step, ()) for step in range(1, 41)])


def test_account_when_it_is_unknown_then_the_nearest_is_named() -> None:
    """Also one that is opened behind the step."""
    with pytest.raises(UnknownAccount, match="account 'bo/Y' is unknown when the step begins, nearest is 'bo"):
        told(hand_made(Rules()), "bo/Y")
