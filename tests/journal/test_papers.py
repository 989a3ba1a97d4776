"""Papers: what a signature covers, and the one spelling of what a journal holds."""

from dataclasses import fields, replace
from typing import Any

import pytest

from deleverage.documents import BadDocument
from deleverage.journal import papers
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.local import head_of
from deleverage.journal.papers import Checkpoint, Head, Receipt
from deleverage.journal.signing import Signer
from deleverage.rulebook.book import Book
from deleverage.rulebook.rules import Rules

SIGNER = Signer(bytes(32))
RECEIPT = papers.signed(
    Receipt(domain="d", seq=7, number=2, last_seq=9, chain_hash="ab" * 32, epoch=1, signature=""), SIGNER
)
CHECKPOINT = papers.signed(
    Checkpoint(
        domain="d",
        first_seq=1,
        seq=9,
        number=2,
        facts=12,
        chain_hash="ab" * 32,
        state_digest="cd" * 32,
        entries_root="ef" * 32,
        epoch=1,
        rules_hash="01" * 32,
        policy_hash="23" * 32,
        program="deleverage",
        previous="",
        signature="",
    ),
    SIGNER,
)
FIELDS = [(paper, item.name) for paper in (RECEIPT, CHECKPOINT) for item in fields(paper)]


@pytest.mark.parametrize(("paper", "name"), FIELDS, ids=[f"{type(p).__name__}.{name}" for p, name in FIELDS])
def test_paper_when_a_field_is_altered_then_its_signature_is_none(paper: Any, name: str) -> None:
    """Every field; only a receipt's own command is not covered, because all receipts of a block share a signature."""
    papers.require_signature(paper, SIGNER.public_key)
    value = getattr(paper, name)
    altered = replace(paper, **{name: value + 1 if isinstance(value, int) else f"{value[:-1]}x"})
    if (type(paper), name) == (Receipt, "seq"):
        papers.require_signature(altered, SIGNER.public_key)
        return
    with pytest.raises(JournalFault) as caught:
        papers.require_signature(altered, SIGNER.public_key)
    assert Why.BAD_SIGNATURE is caught.value.why


def test_paper_when_it_is_passed_off_as_another_kind_then_its_signature_is_none() -> None:
    """The kind is signed with it."""
    shared = {item.name: getattr(CHECKPOINT, item.name) for item in fields(CHECKPOINT)}
    forged = Receipt(**{item.name: shared.get(item.name, 9) for item in fields(Receipt)})
    with pytest.raises(JournalFault, match="BAD_SIGNATURE"):
        papers.require_signature(forged, SIGNER.public_key)


@pytest.mark.parametrize("paper", [RECEIPT, CHECKPOINT, head_of("d", Rules(), Book(), SIGNER.public_key)])
def test_paper_when_it_is_written_then_it_reads_back_from_one_text_only(paper: Any) -> None:
    """What a journal holds has one spelling; what somebody kept may be laid out anew."""
    content = papers.text_of(paper)
    assert paper == papers.read_stored(type(paper), content)
    for other in (
        content + b"\n",
        b" " + content,
        content.replace(b'","', b'", "', 1),
        content.replace(b"d", b"\\u0064", 1),
    ):
        assert paper == papers.read(type(paper), other)
        with pytest.raises(BadDocument, match="not in its own spelling"):
            papers.read_stored(type(paper), other)
    for broken in (
        b"",
        b"{}",
        content[:-1],
        content + content,
        content.replace(b"domain", b"Domain"),
        b"\xff" + content,
    ):
        with pytest.raises(BadDocument):
            papers.read(type(paper), broken)


def test_policy_hash_when_the_policy_or_its_parameters_differ_then_it_does() -> None:
    """And stays where other rules differ."""
    usual = papers.policy_hash_of(Rules())
    assert usual == papers.policy_hash_of(Rules.build({"min_sources": 2}))
    others = [{"name": "pro-rata"}, {"name": "queue", "ranking": "binance", "seed": 0, "wallet_floor_quanta": 1}]
    hashes = {usual, *(papers.policy_hash_of(Rules.build({"policy": other})) for other in others)}
    assert len(hashes) == 3


def test_head_when_it_is_made_then_each_has_a_secret_of_its_own() -> None:
    """Hashes of parts do not tell what is in them, so the secret is never the same."""
    heads: list[Head] = [head_of("d", Rules(), Book(), SIGNER.public_key) for _ in range(2)]
    assert heads[0].blind != heads[1].blind
    assert {64} == {len(head.blind) for head in heads}
