"""Proofs of inclusion: each account gets its own, nobody else is named in it, and no byte of it can be another."""

import json
import re
from dataclasses import replace
from random import Random

import pytest

from deleverage.documents import BadDocument, encode
from deleverage.journal import papers
from deleverage.journal.entry import Entry, entry_of
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.inclusion import check, read, text_of
from deleverage.journal.papers import Head
from deleverage.journal.parts import FIRST, REJECTION, Part, names_in, parts_of
from deleverage.journal.proof import Proof, prove
from deleverage.journal.reading import names_of
from deleverage.rulebook.messages import Code, Deposit, Rejection, RunStep, Trade
from tests.domain.forged import OTHER, SIGNER, Memory, entries_of, pairs_of, receipt_of, written
from tests.parity.engine_worlds import played

NAMES = ("unit_id", "account_id")


def proof_of(memory: Memory, seq: int, *names: str) -> Proof:
    """Return the proof of a command for some names."""
    head: Head = papers.read(Head, memory.head_content)
    return prove(memory, head, receipt_of(memory, seq), frozenset(names))


def crash() -> Memory:
    """Return the journal of a small crash."""
    return written(*pairs_of("crash", 60), at_once=100)


def named_in(entry: Entry) -> set[str]:
    """Return everybody that an entry's document names anywhere, by its keys."""
    found: set[str] = set()

    def walk(part: object) -> None:
        if isinstance(part, dict):
            found.update(value for key, value in part.items() if key.endswith(NAMES) and isinstance(value, str))
        for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
            walk(inner)

    walk(encode(Entry, entry))
    return found - {""}


def test_proof_when_made_for_every_account_of_a_crash_then_it_holds_and_names_nobody_else() -> None:
    """Every account that a step tells of, in every step: its own parts, and no other account's id in the file."""
    memory = crash()
    everybody = {name for entry in entries_of(memory) for name in named_in(entry)}
    steps = [entry for entry in entries_of(memory) if isinstance(entry.command, RunStep)]
    made = 0
    for entry in steps:
        for name in sorted(named_in(entry)):
            proof = proof_of(memory, entry.seq, name)
            content = text_of(proof)
            check(read(content), SIGNER.public_key)
            found = set(re.findall(r"[A-Za-z0-9_.:-]+", content.decode("ascii")))
            assert found & everybody == {name}
            assert any(name in shown.text for shown in proof.shown)
            made += 1
    assert made > 60


def test_proof_when_a_trade_is_proved_to_one_side_then_the_other_is_not_in_it() -> None:
    """Price, lots and its own fill; whoever has the receipt alone sees the command as it was asked."""
    memory = crash()
    entry = next(entry for entry in entries_of(memory) if isinstance(entry.command, Trade))
    assert isinstance(entry.command, Trade)
    buyer, seller = entry.command.buyer_unit_id, entry.command.seller_unit_id
    paths = [shown.path for shown in proof_of(memory, entry.seq, buyer).shown]
    assert paths == ["", "command.buyer_unit_id", "facts[0]", "facts[0].fills[0]"]
    assert seller.encode() not in text_of(proof_of(memory, entry.seq, buyer))
    asked = [shown.path for shown in proof_of(memory, entry.seq).shown]
    assert asked == ["", "command.buyer_unit_id", "command.seller_unit_id"]


def test_proof_when_a_refusal_names_the_other_side_then_it_is_not_shown() -> None:
    """The sentence of a refusal may name the one who has too little margin."""
    rules, pairs = pairs_of("crash", 60)
    at, command = next((n, one) for n, (one, _) in enumerate(pairs) if isinstance(one, Trade))
    sentence = f"{command.seller_unit_id} would hold less than the initial margin"
    refused = (command, Rejection(Code.BELOW_INITIAL_MARGIN, sentence, 1, 2))
    memory = written(rules, [*pairs[:at], refused])
    shown = {name: {one.path for one in proof_of(memory, at + 1, name).shown} for name in _sides(command)}
    assert shown[command.seller_unit_id] == {"", "command.seller_unit_id", REJECTION}
    assert shown[command.buyer_unit_id] == {"", "command.buyer_unit_id"}


def test_proof_when_a_refusal_names_nobody_then_neither_side_is_shown_what_may_be_the_others() -> None:
    """How many lots a stranger holds, or whether it has two legs, stands in refusals that name nobody."""
    rules, pairs = pairs_of("crash", 60)
    at, command = next((n, one) for n, (one, _) in enumerate(pairs) if isinstance(one, Trade))
    for code, sentence in (
        (Code.LOTS_ABOVE_MAXIMUM, "position and open orders exceed the bound"),
        (Code.WRONG_SIDE, "a leg's side is long or short"),
    ):
        memory = written(rules, [*pairs[:at], (command, Rejection(code, sentence, 901, 900))])
        for name in _sides(command):
            assert REJECTION not in {one.path for one in proof_of(memory, at + 1, name).shown}


def test_proof_when_a_refused_command_names_one_account_alone_then_it_is_told_why() -> None:
    """There is nobody else whom it could be about."""
    rules, pairs = pairs_of("crash", 60)
    at, command = next((n, one) for n, (one, _) in enumerate(pairs) if isinstance(one, Deposit))
    memory = written(rules, [*pairs[:at], (command, Rejection(Code.BAD_AMOUNT, "an amount is money", 0, 1))])
    assert REJECTION in {one.path for one in proof_of(memory, at + 1, command.unit_id).shown}


def _sides(command: Trade) -> tuple[str, str]:
    return command.buyer_unit_id, command.seller_unit_id


@pytest.mark.parametrize("seed", range(4))
def test_parts_when_worlds_are_drawn_then_each_names_one_account_at_most_and_together_they_name_all(seed: int) -> None:
    """Every kind of command and fact that a random world meets; records of arrays are about one."""
    world = played(seed, 400)
    for seq, (command, answer) in enumerate(zip(world.commands, world.answers, strict=True), 1):
        try:
            entry = entry_of(seq, f"k-{seq}", command, answer)
            parts = parts_of(entry)
        except BadDocument:
            continue
        named = [names_in(part) for part in parts if not part.path.rpartition(".")[2].startswith("orders[")]
        assert [names for names in named if len(names) > 1] == []
        assert named_in(entry) <= set().union(*named)
        assert len({part.path for part in parts}) == len(parts)


def test_names_when_a_removal_or_an_order_is_told_then_they_are_names_too() -> None:
    """A removal begins with the unit; of an order nobody knows whose it is."""
    assert names_in(Part("facts[0].pools[0].removed[1]", '"al: unhealthy"')) == {"al"}
    assert names_in(Part("facts[0].orders[0]", '[{"order_id":"o-1","lots_left":"0"},{}]')) == {"o-1"}
    assert names_in(Part("facts[0]", '[{"order_id":"o-1"},{}]')) == set()


def test_proof_when_any_byte_is_another_then_it_is_noticed() -> None:
    """Each byte of the file in turn, turned into another one: the file is no proof, or does not hold."""
    content = text_of(proof_of(written(*pairs_of("six-longs")), 27, "long-2"))
    draw, missed = Random(7), []
    for at in range(len(content)):
        byte = (content[at] + draw.randrange(1, 256)) % 256
        changed = content[:at] + bytes([byte]) + content[at + 1 :]
        try:
            check(read(changed))
        except (BadDocument, JournalFault):
            continue
        missed.append((at, byte))
    assert missed == []


def test_proof_when_a_hexadecimal_digit_is_written_large_then_it_is_noticed() -> None:
    """The same bytes of a hash in other letters are another text."""
    content = text_of(proof_of(written(*pairs_of("six-longs")), 27, "long-2"))
    for at in (match.start() for match in re.finditer(rb"[a-f](?=[0-9a-f]{20})", content)):
        changed = content[:at] + content[at : at + 1].upper() + content[at + 1 :]
        with pytest.raises((BadDocument, JournalFault)):
            check(read(changed))


def test_proof_when_it_is_cut_lengthened_or_laid_out_then_it_is_no_proof() -> None:
    """One text and no other."""
    content = text_of(proof_of(written(*pairs_of("six-longs")), 27, "long-2"))
    for changed in (content[:-1], content + b"\n", json.dumps(json.loads(content)).encode(), b"", b"[]", b"{}"):
        with pytest.raises(BadDocument):
            read(changed)


def test_proof_when_made_of_other_papers_then_it_does_not_hold() -> None:
    """A receipt of another command, of another key, of another domain; parts of two entries; no part at all."""
    memory = written(*pairs_of("six-longs"), every=3)
    proof, other = proof_of(memory, 27, "long-2"), proof_of(memory, 26)
    for lie, why in (
        (replace(proof, receipt=other.receipt), Why.OTHER_PAST),
        (replace(proof, receipt=replace(proof.receipt, seq=26)), Why.OTHER_PAST),
        (replace(proof, receipt=receipt_of(memory, 27, OTHER)), Why.BAD_SIGNATURE),
        (replace(proof, receipt=papers.signed(replace(proof.receipt, domain="other"), SIGNER)), Why.OTHER_PAST),
        (replace(proof, checkpoint=proof_of(memory, 3).checkpoint), Why.OTHER_PAST),
        (replace(proof, shown=(*proof.shown, other.shown[0])), Why.OTHER_PAST),
        (replace(proof, shown=()), Why.BAD_FORMAT),
        (replace(proof, shown=proof.shown[1:]), Why.BAD_FORMAT),
        (replace(proof, siblings=proof.siblings[:-1]), Why.OTHER_PAST),
        (replace(proof, shown=(proof.shown[0]._replace(text="\u00e9"), *proof.shown[1:])), Why.BAD_FORMAT),
    ):
        with pytest.raises(JournalFault) as caught:
            check(lie)
        assert caught.value.why is why
    check(proof, SIGNER.public_key)
    with pytest.raises(JournalFault, match="BAD_SIGNATURE"):
        check(proof, OTHER.public_key)


def test_proof_when_no_checkpoint_lies_behind_then_it_says_so() -> None:
    """What nobody has signed yet has no root."""
    with pytest.raises(JournalFault, match="no checkpoint lies behind command 27 yet"):
        proof_of(written(*pairs_of("six-longs"), rest=1), 27)


def test_proof_when_the_entry_says_nothing_about_an_account_then_there_is_none() -> None:
    """A step that did not touch it proves nothing to it."""
    with pytest.raises(JournalFault, match="command 27 says nothing about long-1"):
        proof_of(written(*pairs_of("six-longs")), 27, "long-1")


def test_blinds_when_two_parts_say_the_same_then_their_leaves_differ() -> None:
    """Nobody can guess a hidden part by hashing what it may be."""
    memory = written(*pairs_of("six-longs"))
    shown = [one for seq in range(1, 28) for one in proof_of(memory, seq).shown]
    assert len({one.blind for one in shown}) == len(shown)
    assert proof_of(memory, 1).shown[0].path == FIRST


def test_names_when_an_account_has_isolated_units_then_all_of_them_are_its_own() -> None:
    """By the account all, by a unit the one; what nobody opened is unknown."""
    memory = written(*pairs_of("both-sides-bankrupt"))
    head: Head = papers.read(Head, memory.head_content)
    units = sorted(name for entry in entries_of(memory) for name in named_in(entry))
    assert names_of(memory, head, units[0]) == {units[0]}
    with pytest.raises(JournalFault, match="no account and no unit"):
        names_of(memory, head, "nobody")
