"""Each check of verification meets the lie that it is there for."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from deleverage.domain.domain import Domain
from deleverage.domain.replaying import replay
from deleverage.domain.verification import verify as verification
from deleverage.domain.verification.verdict import Verdict
from deleverage.domain.verification.verify import verify
from deleverage.journal import papers
from deleverage.journal.block import Block, read_block
from deleverage.journal.papers import Head
from deleverage.rulebook.messages import Deleveraged, Deposit
from tests.domain.forged import (
    OTHER,
    SIGNER,
    Memory,
    altered,
    checkpoints_of,
    digests_of,
    entries_of,
    mark_of,
    pairs_of,
    receipt_of,
    rechain,
    resign,
    written,
)


def story(**how: Any) -> Memory:
    """Return the journal of six longs: 27 commands in 6 blocks, 3 checkpoints."""
    return written(*pairs_of("six-longs"), **how)


def found(memory: Memory, **how: Any) -> Verdict:
    """Return the verdict with the anchor and the right key, unless something else is said."""
    return verify(memory, **{"mark": mark_of(memory), "public_key": SIGNER.public_key} | how)


def what(verdict: Verdict) -> str:
    """Return what was found, empty: nothing."""
    return "" if verdict.deviation is None else verdict.deviation.what


def contents(memory: Memory) -> list[bytes]:
    """Return the bytes of every block."""
    return [stored.content for stored in memory.stored]


def test_verify_when_nothing_was_touched_then_all_of_it_is_executed_and_passes() -> None:
    """27 commands in three stretches, and nothing left unchecked."""
    verdict = found(story())
    assert (what(verdict), verdict.executed_commands, verdict.executed_facts, verdict.ranges) == ("", 27, 30, 3)
    assert (verdict.checkpoints, verdict.anchor, verdict.unchecked) == (3, "block 6, command 27", [])


def test_verify_when_an_answer_is_altered_by_who_has_the_key_then_the_rulebook_says_which() -> None:
    """Chain redone and every paper signed again: only executing shows it, with both values."""
    memory = story()
    entry = entries_of(memory)[-1]
    assert entry.facts is not None
    facts = tuple(
        replace(fact, closings=(fact.closings[0]._replace(money_quanta=1), *fact.closings[1:]))
        if isinstance(fact, Deleveraged)
        else fact
        for fact in entry.facts
    )
    last = altered(read_block(contents(memory)[-1]), -1, (entry.command, facts))
    digests = digests_of(memory)
    rechain(memory, [*contents(memory)[:-1], last.to_bytes()])
    resign(memory, digests)
    verdict = found(memory)
    assert verdict.deviation is not None
    assert verdict.deviation.where == "command 27, RunStep: facts[1].closings[0].money_quanta"
    assert (verdict.deviation.found, verdict.deviation.expected) == ('"1"', '"10000"')


def _richer(memory: Memory) -> list[bytes]:
    """Return the blocks with one quantum more in the first deposit."""
    at = next(n for n, entry in enumerate(entries_of(memory)) if isinstance(entry.command, Deposit))
    entry, block = entries_of(memory)[at], read_block(contents(memory)[at // 5])
    assert isinstance(entry.command, Deposit)
    command = replace(entry.command, amount_quanta=entry.command.amount_quanta + 1)
    changed = contents(memory)
    changed[at // 5] = altered(block, at % 5, (command, entry.answer)).to_bytes()
    return changed


def test_verify_when_a_command_is_altered_and_the_chain_redone_then_the_checkpoint_says_so() -> None:
    """Without the key no checkpoint fits any more."""
    memory = story()
    rechain(memory, _richer(memory))
    assert what(found(memory)) == "chain hash"


def test_verify_when_a_command_is_altered_by_who_has_the_key_then_its_answer_is_another() -> None:
    """A deposit of one quantum more is answered with one quantum more."""
    memory = story()
    digests = digests_of(memory)
    rechain(memory, _richer(memory))
    resign(memory, digests)
    assert what(found(memory)) == "answer"


def test_verify_when_all_of_it_is_another_history_then_key_and_kept_papers_say_so() -> None:
    """A lawful journal under a key of its own passes by itself; the right key, a receipt or a checkpoint shows it."""
    memory = story()
    other = written(*pairs_of("two-traders"), signer=OTHER)
    alone = found(other, public_key=None)
    assert (what(alone), alone.unchecked) == (
        "",
        ["whose key it is: the head's own word was taken, give --public-key"],
    )
    assert what(found(other)) == "public key"
    for kept in (receipt_of(memory, 3), checkpoints_of(memory)[0]):
        assert what(found(other, public_key=None, witnesses=[kept])) == "bad signature"


def test_verify_when_the_key_holder_rewrites_it_then_a_kept_paper_says_so() -> None:
    """A shorter day, lawful and signed by the right key: receipts and checkpoints of the other day are not in it."""
    memory, other = story(), written(*pairs_of("two-traders"))
    for kept, expected in (
        (receipt_of(memory, 27), "block"),
        (receipt_of(memory, 3), "chain hash"),
        (checkpoints_of(memory)[0], "chain hash"),
        (checkpoints_of(memory)[-1], "block"),
    ):
        assert what(found(other, witnesses=[kept])) == expected


def test_verify_when_a_paper_is_of_another_domain_then_it_is_named() -> None:
    """It is not in this journal because it is not of this journal."""
    kept = papers.signed(replace(receipt_of(story(), 3), domain="elsewhere"), SIGNER)
    assert what(found(story(), witnesses=[kept])) == "domain"


def test_verify_when_a_kept_checkpoint_is_gone_then_it_is_missed() -> None:
    """The last one can be left out without breaking anything else; who has kept it finds out."""
    memory = story()
    kept = checkpoints_of(memory)[-1]
    del memory.papers_kept[-1]
    assert what(found(memory)) == ""
    assert what(found(memory, witnesses=[kept])) == "checkpoint in the journal"


@pytest.mark.parametrize("at", [0, 1])
def test_verify_when_an_earlier_checkpoint_is_dropped_then_the_next_one_misses_it(at: int) -> None:
    """Each names the one before."""
    memory = story()
    del memory.papers_kept[at]
    assert what(found(memory)) == "previous checkpoint"


@pytest.mark.parametrize("number", [2, 6])
def test_verify_when_a_wrong_state_is_signed_by_the_right_key_then_executing_says_so(number: int) -> None:
    """In the middle and at the end; also where several processes execute at once."""
    memory = story()
    resign(memory, digests_of(memory) | {number: "0" * 64})
    verdict = found(memory)
    assert verdict.deviation is not None
    assert (verdict.deviation.what, verdict.deviation.found) == ("state digest", "0" * 64)


def test_verify_when_a_wrong_root_is_signed_by_the_right_key_then_executing_says_so() -> None:
    """Proofs would lead nowhere."""
    memory = story()
    papers_kept = [
        replace(one, entries_root="0" * 64) if n == 2 else one for n, one in enumerate(checkpoints_of(memory))
    ]
    memory.papers_kept = [papers.text_of(papers.signed(one, SIGNER)) for one in papers_kept]
    assert what(found(memory)) == "entries root"


@pytest.mark.parametrize(
    "change",
    [
        lambda blocks: [blocks[1], blocks[0], *blocks[2:]],
        lambda blocks: [*blocks[:3], *blocks[4:]],
        lambda blocks: [*blocks[:2], blocks[1], *blocks[2:]],
    ],
)
def test_verify_when_blocks_are_moved_dropped_or_doubled_then_the_chain_is_broken(
    change: Callable[[list[bytes]], list[bytes]],
) -> None:
    """Also with every hash redone."""
    memory = story()
    rechain(memory, change(contents(memory)))
    assert what(found(memory)) == "broken chain"


def test_verify_when_bytes_of_a_block_change_then_its_hash_does_not_fit() -> None:
    """The chain alone, nothing redone."""
    memory = story()
    stored = memory.stored[1]
    content = stored.content[:-1] + bytes([stored.content[-1] ^ 1])
    memory.stored[1] = stored._replace(content=content)
    assert what(found(memory, chain_only=True)) in ("broken chain", "bad format")


def test_verify_when_a_block_is_not_the_one_encoding_then_it_is_refused() -> None:
    """A name that no row uses says nothing, and is there: two spellings of one content are one too many."""
    memory = story()
    digests, block = digests_of(memory), read_block(contents(memory)[2])
    padded = replace(block, names=[*block.names, "nobody"])
    rechain(memory, [*contents(memory)[:2], padded.to_bytes(), *contents(memory)[3:]])
    resign(memory, digests)
    verdict = found(memory)
    assert verdict.deviation is not None
    assert (verdict.deviation.what, verdict.deviation.found[:8]) == ("entry", "block 3 ")


def test_verify_when_a_row_says_nothing_lawful_then_it_is_a_deviation_and_no_crash() -> None:
    """A kind that there is not, in a chain that is whole."""
    memory = story()
    at = next(n for n, stored in enumerate(memory.stored) if np.any(read_block(stored.content).rows["kind"] != 0))
    block = read_block(contents(memory)[at])
    rows = block.rows.copy()
    rows["kind"][np.flatnonzero(rows["kind"])[0]] = 99
    blocks = contents(memory)
    blocks[at] = replace(block, rows=rows).to_bytes()
    rechain(memory, blocks)
    memory.papers_kept = []
    assert what(found(memory)) == "bad format"


def test_verify_when_the_end_is_cut_off_then_the_anchor_misses_it() -> None:
    """Blocks and checkpoints cut together: without anchor or witness there is nothing to see, and that is said."""
    memory = story()
    mark, kept = mark_of(memory), receipt_of(memory, 27)
    del memory.stored[-1], memory.papers_kept[-1]
    assert what(found(memory, mark=mark)) == "lost tail"
    unseen = found(memory, mark=None)
    assert what(unseen) == ""
    assert unseen.unchecked == ["the anchor: no tail that is missing would be noticed without a witness"]
    assert what(found(memory, mark=None, witnesses=[kept])) == "block"


def test_verify_when_the_last_block_is_another_then_the_anchor_says_so() -> None:
    """The same number, another hash."""
    memory = story(rest=1)
    mark = mark_of(memory)
    last = altered(read_block(contents(memory)[-1]), 0, pairs_of("six-longs")[1][0])
    rechain(memory, [*contents(memory)[:-1], last.to_bytes()])
    assert what(found(memory, mark=mark, chain_only=True)) == "other past"


def test_verify_when_the_rules_in_the_head_are_others_then_their_hash_does_not_fit() -> None:
    """And with its hashes redone the chain does not begin with it."""
    memory = story()
    head: Head = papers.read(Head, memory.head_content)
    rules = replace(head.rules, min_sources=2)
    memory.head_content = papers.text_of(replace(head, rules=rules))
    assert what(found(memory)) == "other head"
    memory.head_content = papers.text_of(replace(head, rules=rules, rules_hash=rules.hash()))
    assert what(found(memory)) == "broken chain"


@pytest.mark.parametrize(
    ("from_seq", "to_seq", "executed"),
    [
        (1, None, (1, 27)),
        (1, 10, (1, 10)),
        (1, 12, (1, 12)),
        (11, 12, (11, 2)),
        (20, None, (11, 17)),
        (28, None, (0, 0)),
    ],
)
def test_verify_when_a_range_is_asked_for_then_it_begins_at_the_checkpoint_before(
    from_seq: int, to_seq: int | None, executed: tuple[int, int]
) -> None:
    """First command executed, and how many; the chain is looked at as a whole."""
    verdict = found(story(), from_seq=from_seq, to_seq=to_seq)
    assert (what(verdict), verdict.executed_from, verdict.executed_commands) == ("", *executed)
    assert verdict.chained_seq == 27


def test_verify_when_the_lie_lies_outside_of_the_range_then_it_is_not_met() -> None:
    """What was asked for is what was looked at."""
    memory = story()
    resign(memory, digests_of(memory) | {6: "0" * 64})
    assert what(found(memory, to_seq=20)) == ""
    assert what(found(memory, from_seq=21)) == "state digest"


def test_verify_when_it_begins_behind_the_start_then_the_way_there_is_counted_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the fast engine does before the first stretch is none of the rulebook's speed."""
    now = [0]

    def replay_slowly(domain: Domain, block: Block) -> None:
        replay(domain, block)
        now[0] += 1_000

    monkeypatch.setattr(verification, "replay", replay_slowly)
    monkeypatch.setattr(verification, "perf_counter_ns", lambda: now[0])
    verdict = found(story(), from_seq=21)
    assert (what(verdict), verdict.way_ns, verdict.execution_ns) == ("", 4_000, 0)
    verdict = found(story())
    assert (what(verdict), verdict.way_ns, verdict.execution_ns) == ("", 0, 4_000)


def test_verify_when_the_chain_alone_is_asked_for_then_nothing_is_executed() -> None:
    """A wrong state passes there."""
    memory = story()
    resign(memory, digests_of(memory) | {6: "0" * 64})
    verdict = found(memory, chain_only=True)
    assert (what(verdict), verdict.executed_commands, verdict.ranges) == ("", 0, 0)


@pytest.mark.parametrize("digest", [None, "0" * 64])
def test_verify_when_two_processes_look_then_they_find_what_one_finds(digest: str | None) -> None:
    """Counts and the first deviation, whoever is done first."""
    memory = story()
    if digest is not None:
        resign(memory, digests_of(memory) | {2: digest, 4: digest})
    one, two = (found(memory, jobs=jobs) for jobs in (1, 2))
    for verdict in (one, two):
        verdict.chain_ns = verdict.way_ns = verdict.execution_ns = 0
    assert one == two
