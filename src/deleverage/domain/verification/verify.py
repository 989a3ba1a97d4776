"""A journal verified: what holds it together, who signed it, and whether the law gives what it says.

The order is the order in which trust is built. Chain and anchor say that these are the bytes that were acknowledged,
signatures by whom; witnesses (receipts and checkpoints that somebody kept) say that it is the journal of that day;
executing it again says that each answer is the law's. The state at each checkpoint comes from the fast engine and is
believed only where its digest was signed (``ranges``); every answer is the rulebook's.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import chain as chained
from itertools import islice
from multiprocessing import get_context
from time import perf_counter_ns

from deleverage.documents import BadDocument
from deleverage.domain.domain import Domain
from deleverage.domain.engines import COLUMNS
from deleverage.domain.replaying import replay
from deleverage.domain.verification.ranges import Outcome, Stretch, execute
from deleverage.domain.verification.verdict import Deviation, Verdict, deviation_of
from deleverage.journal import chain, papers
from deleverage.journal.anchor import Mark
from deleverage.journal.block import Block, read_block
from deleverage.journal.faults import JournalFault
from deleverage.journal.own_policy import with_code
from deleverage.journal.papers import Checkpoint, Head, Receipt
from deleverage.journal.past import read_checkpoints, read_head, require_acknowledged, require_noted, walk
from deleverage.journal.store import Store, Stored
from deleverage.rulebook.file_policy import FilePolicy
from deleverage.rulebook.invariants import InvariantBroken
from deleverage.rulebook.losses.rule import LossFault
from deleverage.rulebook.plug import PlugFault
from deleverage.rulebook.selection import PolicyFault

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


def verify(
    store: Store,
    mark: Mark | None,
    *,
    from_seq: int = 1,
    to_seq: int | None = None,
    chain_only: bool = False,
    witnesses: Sequence[Receipt | Checkpoint] = (),
    public_key: str | None = None,
    jobs: int = 1,
    policy: FilePolicy | None = None,
    progress: Progress = lambda what, done, total: None,
) -> Verdict:
    """Return the verdict on a journal.

    ``mark`` is what its anchor says (None: there is none to look at). Commands ``from_seq`` to ``to_seq`` are executed
    again, from the checkpoint before; the chain is always looked at as a whole. ``witnesses`` must be found in it;
    ``public_key`` is whose signatures are accepted, instead of the head's own word. ``policy`` is the one from a file
    that the head names, and then there is one process: its code cannot be handed on. JournalFault NO_POLICY where it is
    missing or another one; nothing else is raised, and nothing is written.
    """
    verdict = Verdict(from_seq=from_seq)
    started = perf_counter_ns()
    try:
        head = read_head(store)
        _tell_head(verdict, head)
        key = _require_key(verdict, head, public_key)
        if verdict.deviation is None:
            checkpoints = _held_together(verdict, store, head, mark, key, progress)
            _require_witnesses(verdict, store, checkpoints, witnesses, key)
    except JournalFault as fault:
        verdict.deviation = verdict.deviation or deviation_of(fault, fault.sentence)
    except BadDocument as fault:
        verdict.deviation = Deviation("bad format", "a signed paper", str(fault), "one of its kind")
    verdict.chain_ns = perf_counter_ns() - started
    verdict.to_seq = verdict.chained_seq if to_seq is None else min(to_seq, verdict.chained_seq)
    if verdict.passed and not chain_only and verdict.to_seq >= from_seq:
        head = with_code(head, policy)
        several = len(checkpoints) > 1 and policy is None  # one is executed before another process has started
        stretches = _stretches(store, head, checkpoints, from_seq, verdict.to_seq)
        _execute(verdict, stretches, jobs if several else 1, progress)
    return verdict


def _tell_head(verdict: Verdict, head: Head) -> None:
    verdict.domain, verdict.program = head.domain, head.program
    verdict.rules_hash, verdict.policy_hash, verdict.public_key = head.rules_hash, head.policy_hash, head.public_key


def _require_key(verdict: Verdict, head: Head, public_key: str | None) -> str:
    if public_key is None:
        verdict.unchecked.append("whose key it is: the head's own word was taken, give --public-key")
        return head.public_key
    if public_key != head.public_key:
        verdict.deviation = Deviation("public key", "the head", head.public_key, public_key)
    return public_key


def _held_together(
    verdict: Verdict, store: Store, head: Head, mark: Mark | None, key: str, progress: Progress
) -> list[Checkpoint]:
    """Go through chain, anchor and checkpoints, and return the checkpoints."""
    facts = {0: head.state_at_start.seq}
    signed = len(store.checkpoints())  # its writer may sign another one behind the blocks that are looked at here
    last, noted, unnoted = store.last(), require_noted(store), set[str]()
    for block in walk(store):
        verdict.chained_blocks, verdict.chained_seq = block.number, block.last_seq
        facts[block.number] = block.facts_after
        _require_keys(verdict, store, block, None if block.number <= noted else unnoted)
        progress("chain", block.number, 1 if last is None else last.number)
    verdict.chain_hash = "" if last is None else last.chain_hash.hex()
    if mark is None:
        verdict.unchecked.append("the anchor: no tail that is missing would be noticed without a witness")
    else:
        require_acknowledged(store, mark)
        verdict.anchor = f"block {mark.number}, command {mark.seq}"
    checkpoints = read_checkpoints(store)[:signed]
    previous, first_seq, start = "", 1, chain.of_head(store.head())
    for one in checkpoints:
        papers.require_signature(one, key)
        stored = store.block_with(one.seq) if one.seq else None
        number, last_seq = (0, 0) if stored is None else (stored.number, stored.last_seq)
        _expect(
            verdict,
            f"the checkpoint behind command {one.seq}",
            {
                "domain": (one.domain, head.domain),
                "rules hash": (one.rules_hash, head.rules_hash),
                "policy hash": (one.policy_hash, head.policy_hash),
                "previous checkpoint": (one.previous, previous),
                "first command": (one.first_seq, first_seq),
                "block": (one.number, number),
                "last command": (one.seq, last_seq),
                "facts": (one.facts, facts.get(one.number, 0)),
                "chain hash": (one.chain_hash, (start if stored is None else stored.chain_hash).hex()),
                "state at the start": (
                    one.state_digest if number == 0 else "",
                    head.digest_at_start if number == 0 else "",
                ),
            },
        )
        previous, first_seq = papers.hash_of(one), one.seq + 1
        verdict.checkpoints += 1
    return checkpoints


def _require_keys(verdict: Verdict, store: Store, block: Block, unnoted: set[str] | None) -> None:
    """Look whether each key of a block is used once, and is found where its command lies.

    ``unnoted`` are the keys so far behind the last block whose keys are noted; None: this one's are.
    """
    noted = store.seqs_of(block.keys)
    for seq, key in enumerate(block.keys, block.first_seq):
        expected = seq if unnoted is None else None
        if noted.get(key) != expected or (unnoted is not None and key in unnoted):
            there = noted.get(key, "nothing" if unnoted is None else "an earlier command")
            _expect(verdict, f"the key {key}", {"noted command": (there, seq)})
            return
    if unnoted is not None:
        unnoted.update(block.keys)


def _expect(verdict: Verdict, where: str, compared: dict[str, tuple[object, object]]) -> None:
    """Note the first pair that differs, unless something was found before."""
    for what, (found, expected) in compared.items():
        if found != expected and verdict.deviation is None:
            verdict.deviation = Deviation(what, where, str(found), str(expected))


def _require_witnesses(
    verdict: Verdict, store: Store, checkpoints: list[Checkpoint], witnesses: Sequence[Receipt | Checkpoint], key: str
) -> None:
    """Look for every paper that somebody kept: a journal that does not hold what it signed was cut or rewritten."""
    for witness in witnesses:
        where = f"a {type(witness).__name__.lower()} that was kept, of command {witness.seq}"
        _expect(verdict, where, {"domain": (verdict.domain, witness.domain)})
        papers.require_signature(witness, key)
        verdict.witnesses += 1
        if isinstance(witness, Receipt) or witness.seq:
            stored = store.block_with(witness.seq)
            _expect(
                verdict,
                where,
                {
                    "block": (0 if stored is None else stored.number, witness.number),
                    "chain hash": ("" if stored is None else stored.chain_hash.hex(), witness.chain_hash),
                },
            )
        if isinstance(witness, Checkpoint):
            _expect(verdict, where, {"checkpoint in the journal": (witness in checkpoints, True)})


def _stretches(
    store: Store, head: Head, checkpoints: list[Checkpoint], from_seq: int, to_seq: int
) -> Iterator[Stretch]:
    """Yield what has to be executed again; the state at each start comes from the fast engine."""
    domain = Domain(head.state_at_start.copy(), head.rules, COLUMNS)
    number, digest = 0, head.digest_at_start
    for end in (*(one for one in checkpoints if one.number), None):
        stored = list(_blocks(store, number, None if end is None else end.number))
        if not stored:
            return
        if stored[-1].last_seq >= from_seq:
            yield Stretch(
                book=domain.book.copy(),
                rules=head.rules,
                digest=digest,
                blocks=tuple(one.content for one in stored),
                end=end,
                blind=head.blind,
                to_seq=to_seq,
            )
        if end is None or end.seq >= to_seq:
            return
        for one in stored:
            replay(domain, read_block(one.content))
        number, digest = end.number, end.state_digest


def _blocks(store: Store, after: int, until: int | None) -> Iterator[Stored]:
    for stored in store.blocks(after):
        if until is not None and stored.number > until:
            return
        yield stored


def _execute(verdict: Verdict, stretches: Iterator[Stretch], jobs: int, progress: Progress) -> None:
    """Execute stretches, and keep the first deviation in their order."""
    started = perf_counter_ns()
    followed = _until_broken(stretches)
    first = list(islice(followed, 1))
    verdict.way_ns = perf_counter_ns() - started
    for outcome in _outcomes(chained(first, followed), jobs):
        verdict.execution_ns = perf_counter_ns() - started - verdict.way_ns
        verdict.ranges += 1
        verdict.executed_from = verdict.executed_from or outcome.first_seq
        verdict.executed_commands += outcome.commands
        verdict.executed_facts += outcome.facts
        progress("execute", verdict.executed_commands, verdict.to_seq - verdict.from_seq + 1)
        if outcome.deviation is not None:
            verdict.deviation = outcome.deviation
            return


def _outcomes(stretches: Iterator[Stretch], jobs: int) -> Iterator[Outcome]:
    """Yield the outcome of each stretch in order; a few are on their way at once, so that few books are held."""
    if jobs < 2:
        yield from map(execute, stretches)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting: deque[Future[Outcome]] = deque()
        for stretch in stretches:
            waiting.append(pool.submit(execute, stretch))
            if len(waiting) > 2 * jobs:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _until_broken(stretches: Iterator[Stretch]) -> Iterator[Stretch]:
    """Yield stretches as far as states could be made: where commands make no state, the stretch before says why."""
    try:
        yield from stretches
    except (BadDocument, InvariantBroken, JournalFault, PolicyFault, LossFault, PlugFault):
        return
