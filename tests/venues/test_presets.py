"""Every preset is read, keeps its hash, plays, and holds every invariant whatever the order of the accounts."""

import random
import re
from dataclasses import dataclass, fields, replace
from typing import Any

import pytest

from deleverage.domain.bill import bill_of
from deleverage.domain.conservation import balance
from deleverage.domain.player import Run, play
from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book
from deleverage.rulebook.messages import DepositToFund, Fact
from deleverage.rulebook.quantities import Scale
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.selection import Allotment, Ordered, PolicyFault, Request
from deleverage.rulebook.transitions import UNDER_RULES
from deleverage.scenarios.loader import load, loads, text_of
from deleverage.scenarios.model import Origin
from deleverage.venues.catalogue import executing_names, venue, venue_names
from deleverage.venues.model import EXECUTES, GRADES

CENTS = Scale(1, 2)
EVERY = venue_names()
EXECUTING = executing_names()
SIDES = [
    (name, switch.name, choice.name) for name in EVERY for switch in venue(name).switches for choice in switch.choices
]


def test_catalogue_when_counted_then_at_least_twelve_presets_execute_and_each_grade_occurs() -> None:
    """The venues that publish a whole rule play it, the others say what is missing."""
    assert len(EXECUTING) >= 12
    assert {venue(name).grade for name in EVERY} == set(GRADES)


@pytest.mark.parametrize("name", EVERY)
def test_preset_when_read_then_it_states_source_rule_and_what_is_not_known(name: str) -> None:
    """A preset without a source, or one that assumes nothing and knows everything, is not honest."""
    found = venue(name)
    assert found.name == name
    assert found.sources
    assert found.documented
    assert found.assumed or found.unknown or found.defects
    assert bool(found.asks_for) <= (found.grade != EXECUTES)


@pytest.mark.parametrize("name", EVERY)
def test_preset_when_rebuilt_from_name_or_spec_then_its_hash_is_the_same(name: str) -> None:
    """Name and switches give one hash, and so does the plain spec that a hash is of."""
    rules = venue(name).law(CENTS)
    assert Rules.build(rules.spec()).hash() == rules.hash() == venue(name).law(CENTS).hash()


@pytest.mark.parametrize(("name", "switch", "side"), SIDES, ids=["/".join(side) for side in SIDES])
def test_switch_when_its_side_is_named_then_the_first_changes_nothing_and_another_does(
    name: str, switch: str, side: str
) -> None:
    """The first side is what holds if none is named; any other one is another preset, and its label says so."""
    found = venue(name)
    (item,) = [one for one in found.switches if one.name == switch]
    chosen, plain = found.preset({switch: side}), found.preset()
    assert (chosen == plain) == (side == item.choices[0].name)
    assert chosen.label == (name if chosen == plain else f"{name},{switch}={side}")


def played(name: str, scenario: str = "one-bankrupt", **options: Any) -> Run:
    """Return a scenario played under a preset."""
    return play(load(scenario, preset=venue(name).preset(), **options))


@pytest.mark.parametrize("name", EXECUTING)
def test_crash_when_played_under_a_preset_then_money_is_exact_and_every_round_names_its_rules(name: str) -> None:
    """The checks run after every fact; the hash in the facts is the preset's."""
    run = played(name, "crash", accounts=300, seed=3)
    rules = venue(name).law(run.scenario.money)
    assert balance(run.domain.book).exact
    assert {item.fact.rules_hash for step in run.steps for item in step.rounds} <= {rules.hash()}
    bill = bill_of(run)
    paid = bill.takers_quanta + bill.fund_quanta + bill.candidates_quanta + bill.socialised_quanta
    assert paid + bill.residual_quanta + bill.waiting_quanta > 0


@pytest.mark.parametrize("name", EXECUTING)
def test_crash_when_a_preset_plays_it_then_every_fact_that_carries_a_hash_carries_the_presets(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One fact is enough to know the preset; a sale and the end of a step are among those that say it."""
    found: list[tuple[str, str]] = []

    def noted(book: Book, fact: Fact) -> None:
        if isinstance(fact, UNDER_RULES):
            found.append((type(fact).__name__, fact.rules_hash))
        apply(book, fact)

    monkeypatch.setattr("deleverage.engine.engine.apply", noted)
    run = played(name, "crash", accounts=60, seed=3)
    assert {rules_hash for _, rules_hash in found} == {venue(name).law(run.scenario.money).hash()}
    assert {"BankruptcyDeclared", "StepEnded"} <= {kind for kind, _ in found}


@pytest.mark.parametrize("name", EXECUTING)
def test_accounts_when_listed_in_another_order_then_the_book_ends_the_same(name: str) -> None:
    """Nobody's place in a file decides who pays: all of the book is the same but the count of opening trades."""
    text = text_of("one-bankrupt")
    head, *accounts = text.split("[[accounts]]")
    *accounts, last = accounts
    last, path = last.split("[[path]]")
    blocks = [*accounts, last]
    for seed in range(4):
        shuffled = list(blocks)
        random.Random(seed).shuffle(shuffled)
        story = "[[accounts]]".join([head, *shuffled]) + "[[path]]" + path
        assert state(play(loads(story, preset=venue(name).preset()))) == state(played(name))


def state(run: Run) -> dict[str, object]:
    """Return a book's fields but its number of commands: positions are opened by pairs in the order of the file."""
    book = run.domain.book
    return {item.name: getattr(book, item.name) for item in fields(book) if item.name != "seq"}


@dataclass(frozen=True)
class Thief:
    """A policy that allots twice what is needed to the first candidate."""

    name: str = "thief"

    def allocate(self, request: Request) -> list[Allotment]:
        """Return what nobody has asked for."""
        return [Allotment(request.candidates[0].unit_id, 2 * request.need_lots)]

    def order(self, request: Request) -> Ordered:
        """Return nobody."""
        return []


@pytest.mark.parametrize("name", EXECUTING)
def test_hostile_policy_when_it_is_laid_into_a_preset_then_it_is_refused_and_nothing_changes(name: str) -> None:
    """Whatever else a preset says, an unlawful allocation is a fault; where nobody is closed it is never asked."""
    scenario = load("one-bankrupt", policy=Thief(), preset=replace(venue(name).preset(), rules=_once(name)))
    if scenario.rules.trigger.kind == "never":
        assert bill_of(play(scenario)).closed_units == 0
        return
    with pytest.raises(PolicyFault, match=r"40 lots|allot"):
        play(scenario)


def _once(name: str) -> dict[str, object]:
    """Return a preset's rules; bankrupts one by one need a queue, so a foreign policy is asked once."""
    return {**venue(name).rules, "rerank": "once"}


@pytest.mark.parametrize("name", ["bitmex", "kucoin", "vega"])
def test_fund_when_it_is_per_market_then_the_parts_sum_to_the_scenarios_deposit(name: str) -> None:
    """One million over three markets is 333,333.333334 and twice 333,333.333333: the split loses nothing."""
    run = played(name, "crash", accounts=300)
    commands = [origin.command for origin in run.scenario.setup]
    deposits = [command.amount_quanta for command in commands if isinstance(command, DepositToFund)]
    assert sorted(deposits) == [333_333_333_333, 333_333_333_333, 333_333_333_334]


@pytest.mark.parametrize("name", EVERY)
def test_fund_when_a_preset_is_laid_over_a_story_of_pools_then_no_money_appears_or_is_lost(name: str) -> None:
    """A market that has a pool, or whose name a pool has, gets no part; what has no taker stays in the common pool."""
    story = text_of("fund-pools")
    for text in (story, story.replace("[[pools]]", '[[pools]]\nid = "XYZ"\ndeposit = 1\n[[pools]]', 1)):
        shared, laid = (loads(text, preset=venue(one).preset()) for one in ("mexc", name))
        assert _deposited(shared.setup) == _deposited(laid.setup) > 0


def _deposited(setup: tuple[Origin, ...]) -> int:
    """Return the quanta that go into the fund before the story begins."""
    commands = [origin.command for origin in setup]
    return sum(command.amount_quanta for command in commands if isinstance(command, DepositToFund))


def test_worked_example_when_two_venues_price_apart_then_the_numbers_are_those_of_the_rules() -> None:
    """BitMEX: dave gives 60. OKX: nobody gives at the mark, 30 % of the fund are 12. FTX: two thirds of 100."""
    bills = {name: bill_of(played(name)) for name in ("bitmex", "okx", "ftx", "ccp")}
    assert (bills["bitmex"].fund_quanta, bills["bitmex"].candidates_quanta) == (4000, 6000)
    assert (bills["okx"].fund_quanta, bills["okx"].candidates_quanta, bills["okx"].residual_quanta) == (1200, 0, 8800)
    assert (bills["ftx"].candidates_quanta, bills["ftx"].fund_quanta) == (6666, 3334)
    assert (bills["ccp"].candidates_quanta, bills["ccp"].socialised_quanta, bills["ccp"].closed_units) == (0, 6000, 4)


def test_presets_when_their_texts_are_read_then_no_line_is_left_from_a_template() -> None:
    """A guard against placeholders in what people read."""
    for name in EVERY:
        found = venue(name)
        words = " ".join([found.rule, found.title, *found.documented, *found.assumed, *found.unknown])
        assert not re.search(r"TODO|TBD|\?\?|lorem", words), name
