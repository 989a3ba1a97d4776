"""A journal in memory that an opponent may rewrite: bytes changed, the chain redone, papers signed anew."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from deleverage.domain.domain import Domain
from deleverage.domain.player import play
from deleverage.journal import chain, merkle, papers
from deleverage.journal.anchor import Mark
from deleverage.journal.block import Block, block_of, read_block
from deleverage.journal.entry import Answer, Entry
from deleverage.journal.local import head_of
from deleverage.journal.papers import Checkpoint, Head, Receipt
from deleverage.journal.parts import leaf_of
from deleverage.journal.signing import Signer
from deleverage.journal.store import Snapshot, Stored
from deleverage.rulebook.messages import Command
from deleverage.rulebook.rules import Rules
from deleverage.scenarios.loader import load

SIGNER = Signer(bytes(32))
OTHER = Signer(bytes(31) + b"\1")
Pair = tuple[Command, Answer]


@dataclass
class Memory:
    """A store that keeps everything in lists, so that anything can be done to it; the reading half of one."""

    head_content: bytes
    stored: list[Stored] = field(default_factory=list)
    papers_kept: list[bytes] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        """Refuse what a writer would ask."""
        raise AssertionError(f"a reader asks for {name}")

    def head(self) -> bytes:
        """Return the head."""
        return self.head_content

    def last(self) -> Stored | None:
        """Return the last block."""
        return self.stored[-1] if self.stored else None

    def blocks(self, after: int = 0) -> Iterator[Stored]:
        """Yield the blocks behind a number."""
        yield from (one for one in self.stored if one.number > after)

    def block_with(self, seq: int) -> Stored | None:
        """Return the block in which a command lies."""
        return next((one for one in self.stored if one.first_seq <= seq <= one.last_seq), None)

    def checkpoints(self) -> list[bytes]:
        """Return every checkpoint."""
        return self.papers_kept

    def snapshot(self) -> Snapshot | None:
        """Return that there is none."""
        return None

    def indexed(self) -> int:
        """Return that no key is noted."""
        return 0

    def seqs_of(self, keys: Sequence[str]) -> dict[str, int]:
        """Return that no key is noted."""
        return {}


@cache
def pairs_of(name: str, accounts: int | None = None) -> tuple[Rules, tuple[Pair, ...]]:
    """Return the rules of a bundled story, its commands and their answers."""
    scenario = load(name, accounts=accounts)
    domain = _Noting.open(scenario.rules)
    play(scenario, domain=domain)
    assert isinstance(domain, _Noting)
    return scenario.rules, tuple(domain.pairs)


class _Noting(Domain):
    def submit_into(self, commands: Iterable[Command], answers: list[Answer], watcher: Any = None) -> None:
        asked, before = list(commands), len(answers)
        super().submit_into(asked, answers, watcher)
        self.pairs: list[Pair] = getattr(self, "pairs", [])
        self.pairs += list(zip(asked, answers[before:], strict=True))


def written(
    rules: Rules, pairs: Sequence[Pair], at_once: int = 5, every: int = 2, signer: Signer = SIGNER, rest: int = 0
) -> Memory:
    """Return the journal of answered commands: so many in a block, a checkpoint behind so many blocks.

    The ``rest`` last blocks have no checkpoint behind them. The states that are signed come from the engine.
    """
    from deleverage.rulebook.book import Book

    head = replace(head_of("story", rules, Book(), signer.public_key), blind="11" * 32)
    memory = Memory(papers.text_of(head))
    domain, facts, digests = Domain.open(rules), 0, {}
    contents: list[bytes] = []
    for start in range(0, len(pairs), at_once):
        answered = [(f"k-{start + at + 1}", *pair) for at, pair in enumerate(pairs[start : start + at_once])]
        block = block_of(len(contents) + 1, 1, start + 1, facts, answered)
        domain.submit([command for _, command, _ in answered])
        facts, digests[block.number] = block.facts_after, domain.digest()
        contents.append(block.to_bytes())
    rechain(memory, contents)
    ends = [number for number in digests if number % every == 0 or number == len(contents)]
    resign(memory, {number: digests[number] for number in ends if number <= len(contents) - rest}, signer)
    return memory


def rechain(memory: Memory, contents: Sequence[bytes]) -> None:
    """Put blocks of these bytes into a journal, each hashed behind the one before; a checkpoint keeps what it says."""
    behind, memory.stored = chain.of_head(memory.head_content), []
    for content in contents:
        block = read_block(content)
        behind = chain.of_block(behind, content)
        memory.stored.append(Stored(block.number, block.first_seq, block.last_seq, block.epoch, behind, content))


def resign(memory: Memory, digests: dict[int, str], signer: Signer = SIGNER) -> None:
    """Sign checkpoints behind these blocks anew, with the states that are told, over what the blocks hold now."""
    head: Head = papers.read(Head, memory.head_content)
    previous, first_seq, memory.papers_kept = "", 1, []
    for number, digest in digests.items():
        stored = memory.stored[number - 1]
        leaves = [leaf_of(one, head.blind) for one in entries_of(memory) if first_seq <= one.seq <= stored.last_seq]
        checkpoint = Checkpoint(
            domain=head.domain,
            first_seq=first_seq,
            seq=stored.last_seq,
            number=number,
            facts=read_block(stored.content).facts_after,
            chain_hash=stored.chain_hash.hex(),
            state_digest=digest,
            entries_root=merkle.root(leaves).hex(),
            epoch=1,
            rules_hash=head.rules_hash,
            policy_hash=head.policy_hash,
            program=papers.PROGRAM,
            previous=previous,
            signature="",
        )
        checkpoint = papers.signed(checkpoint, signer)
        memory.papers_kept.append(papers.text_of(checkpoint))
        previous, first_seq = papers.hash_of(checkpoint), stored.last_seq + 1


def checkpoints_of(memory: Memory) -> list[Checkpoint]:
    """Return every checkpoint of a journal."""
    return [papers.read(Checkpoint, content) for content in memory.papers_kept]


def digests_of(memory: Memory) -> dict[int, str]:
    """Return what ``resign`` takes to sign the same states again."""
    return {one.number: one.state_digest for one in checkpoints_of(memory)}


def entries_of(memory: Memory) -> list[Entry]:
    """Return every entry."""
    return [entry for stored in memory.stored for entry in read_block(stored.content).entries()]


def mark_of(memory: Memory) -> Mark:
    """Return what the anchor would say."""
    last = memory.stored[-1]
    return Mark(last.number, last.last_seq, last.chain_hash)


def receipt_of(memory: Memory, seq: int, signer: Signer = SIGNER) -> Receipt:
    """Return the receipt of a command."""
    stored = memory.block_with(seq)
    assert stored is not None
    told = {"domain": "story", "seq": seq, "number": stored.number, "last_seq": stored.last_seq}
    receipt = Receipt(**told, chain_hash=stored.chain_hash.hex(), epoch=1, signature="")  # type: ignore[arg-type]
    return papers.signed(receipt, signer)


def altered(block: Block, at: int, pair: Pair) -> Block:
    """Return a block in which one entry says something else."""
    entries = [(one.key, one.command, one.answer) for one in block.entries()]
    entries[at] = (entries[at][0], *pair)
    return block_of(block.number, block.epoch, block.first_seq, block.facts_before, entries)
