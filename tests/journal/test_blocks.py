"""Entries become bytes and bytes become entries: one content has one encoding, whoever answered."""

from dataclasses import replace
from typing import Any

import pytest

from deleverage.documents import BadDocument
from deleverage.domain.domain import Domain
from deleverage.domain.engines import COLUMNS, RULEBOOK
from deleverage.journal import rows
from deleverage.journal.block import block_of, keys_of, read_block
from deleverage.rulebook.messages import Command, Deposit, Rejection, Trade
from deleverage.rulebook.rules import Rules
from deleverage.scenarios.loader import bundled_names
from tests.journal.made import Pair, blocks_of, has_text, story_pairs, world_pairs
from tests.parity.engine_worlds import played

SEEDS = range(24)
CUTS = (1, 7, 1000)


def _with(command: Any, **changes: Any) -> Any:
    return replace(command, **changes)


def _require_round_trip(pairs: list[Pair]) -> None:
    for at_once in CUTS:
        blocks = blocks_of(pairs, at_once)
        found = []
        for block in blocks:
            content = block.to_bytes()
            again = read_block(content)
            assert content == again.to_bytes()
            assert (block.facts_after, block.last_seq) == (again.facts_after, again.last_seq)
            assert (block.first_seq, list(block.keys)) == keys_of(content)
            entries = list(again.entries())
            told = [(entry.key, entry.command, entry.answer) for entry in entries]
            assert content == block_of(block.number, 1, block.first_seq, block.facts_before, told).to_bytes()
            found += [(entry.command, entry.answer) for entry in entries]
        assert pairs == found


@pytest.mark.parametrize("seed", SEEDS)
def test_world_when_it_becomes_blocks_then_they_read_back_as_they_were(seed: int) -> None:
    """Hostile and ordinary worlds: all that has a text, cut into blocks of 1, 7 and 1,000."""
    _require_round_trip([pair for pair in world_pairs(seed, 150) if has_text(pair)])


@pytest.mark.parametrize("name", bundled_names())
def test_story_when_it_becomes_blocks_then_they_read_back_as_they_were(name: str) -> None:
    """Every bundled story."""
    _require_round_trip(story_pairs(name))


def test_worlds_when_they_become_blocks_then_every_kind_of_row_and_many_codes_were_seen() -> None:
    """The round trip above is of all that there is: each kind of row, refused ones, and most codes."""
    pairs = [pair for seed in SEEDS for pair in world_pairs(seed, 150)]
    block = block_of(1, 1, 1, 0, [(f"k-{at}", *pair) for at, pair in enumerate(p for p in pairs if has_text(p))])
    assert set(range(6)) == set(block.rows["kind"].tolist())
    assert {rows.TRADE, rows.WITHDRAW} <= set(block.rows["kind"][block.rows["code"] > 0].tolist())
    sides = set(block.rows["one_side"].tolist()) | set(block.rows["other_side"].tolist())
    assert {0, 1, 2} == sides
    codes = {answer.code for _, answer in pairs if isinstance(answer, Rejection)}
    assert len(codes) >= 40, sorted(code.name for code in codes)
    assert any(not has_text(pair) for pair in pairs), "commands that are not of their declared types"


@pytest.mark.parametrize("seed", SEEDS[:16])
def test_world_when_both_engines_answer_it_then_their_blocks_are_the_same_bytes(seed: int) -> None:
    """The same keys and cuts."""
    world = played(seed, 150)
    told = []
    for engine in (COLUMNS, RULEBOOK):
        answers = Domain.open(world.law, engine).submit(world.commands)
        pairs = [pair for pair in zip(world.commands, answers, strict=True) if has_text(pair)]
        told.append([block.to_bytes() for block in blocks_of(pairs, 50)])
    assert told[0] == told[1]


BIGGEST = 10**255
STRANGE = ("", "\ud800", "a\nb", "\x00", "\u00e9", "\U0001f4a5", "x" * 64, "x" * 70_000, "k-1")


@pytest.mark.parametrize("number", [0, -1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64, BIGGEST, -BIGGEST], ids=hex)
def test_numbers_when_they_are_wide_then_they_read_back_as_they_were(number: int) -> None:
    """At the edges of 64 bits, and far beyond: in every number of a trade and of a deposit, which the law refuses."""
    trade = Trade(time_ns=1, market_id="m", buyer_unit_id="a", seller_unit_id="b", lots=1, price_ticks=1)
    deposit = Deposit(time_ns=1, unit_id="a", amount_quanta=1)
    commands: list[Command] = [_with(trade, **{name: number}) for name in ("time_ns", "lots", "price_ticks")]
    commands += [_with(deposit, **{name: number}) for name in ("time_ns", "amount_quanta")]
    _require_round_trip(list(zip(commands, Domain.open(Rules(), RULEBOOK).submit(commands), strict=True)))


def test_names_when_they_are_strange_then_they_read_back_as_they_were() -> None:
    """Lone surrogates, line ends, zeros and names longer than any: refused, and recorded."""
    commands: list[Command] = [Deposit(time_ns=1, unit_id=name, amount_quanta=1) for name in STRANGE]
    trade = Trade(time_ns=1, market_id="m", buyer_unit_id="a", seller_unit_id="b", lots=1, price_ticks=1)
    places = ("market_id", "buyer_unit_id", "seller_unit_id", "buyer_side", "seller_side")
    commands += [_with(trade, **{place: name}) for name in STRANGE for place in places]
    _require_round_trip(list(zip(commands, Domain.open(Rules(), RULEBOOK).submit(commands), strict=True)))


@pytest.mark.parametrize("wrong", [1.5, True, None, "7", float("nan"), b"7", 10**5000], ids=lambda _: "")
def test_command_when_a_field_is_of_another_type_then_it_is_refused_and_has_no_text(wrong: object) -> None:
    """What is not of its declared types, or has no digits that anybody reads."""
    command = Deposit(time_ns=1, unit_id="a", amount_quanta=wrong)  # type: ignore[arg-type]
    for engine in (COLUMNS, RULEBOOK):
        (answer,) = Domain.open(Rules(), engine).submit([command])
        assert isinstance(answer, Rejection)
        with pytest.raises(BadDocument, match="amount_quanta"):
            block_of(1, 1, 1, 0, [("k", command, answer)])


def test_text_when_an_integer_of_thousands_of_digits_stands_in_a_texts_place_then_the_law_refuses_it() -> None:
    """It cannot be shown, and that stops nobody."""
    command = Deposit(time_ns=1, unit_id=10**5000, amount_quanta=1)  # type: ignore[arg-type]
    for engine in (COLUMNS, RULEBOOK):
        (answer,) = Domain.open(Rules(), engine).submit([command])
        assert isinstance(answer, Rejection)
        assert (answer.code.name, answer.found) == ("BAD_TYPE", "int")
