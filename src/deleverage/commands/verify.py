"""``deleverage verify JOURNAL``: chain, anchor and signatures, and every command again with the rulebook.

Exit codes: 0 PASS, 2 there is no journal to look at, 4 the first divergence.
"""

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from deleverage.adapters.policy_file import PolicyFileFault, load_policy
from deleverage.commands.kept_papers import Paper, read_paper, refuse_journal, require_other
from deleverage.commands.output import DIVERGENCE, DONE, head, print_json, progress, refuse
from deleverage.commands.proof import included, inclusion_lines, proof_of, write_proof
from deleverage.domain.player import Progress
from deleverage.domain.show import counted
from deleverage.domain.verification.verdict import Verdict, deviation_of
from deleverage.domain.verification.verify import verify as look
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.files import FilesToRead
from deleverage.journal.papers import Receipt
from deleverage.journal.place import Place, place_of
from deleverage.journal.proof import Proof
from deleverage.journal.reading import read_mark
from deleverage.rulebook.file_policy import FilePolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be looked at, and how."""

    from_seq: int | None = None
    to_seq: int | None = None
    chain_only: bool = False
    witnesses: Sequence[Paper] = ()
    account: str | None = None
    public_key: str | None = None
    jobs: int | None = None
    policy: FilePolicy | None = None


@dataclass(slots=True)
class Found:
    """A verdict, and the proofs of the receipts that were brought."""

    place: Place
    verdict: Verdict
    proofs: list[Proof] = field(default_factory=list)


def verify(
    journal: str,
    *,
    kept: list[Path] | None = None,
    proof: Path | None = None,
    policy: str | None = None,
    as_json: bool = False,
    **wanted: Any,
) -> int:
    """Verify a journal, print PASS or the first divergence with both values, and return the exit code."""
    try:
        place = place_of(journal)
        if proof is not None:
            require_other(proof, place, *(kept or []))
        witnesses = [read_paper(path) for path in kept or []]
        own = None if policy is None else load_policy(policy)
    except PolicyFileFault as fault:
        return refuse([fault], as_json=as_json)
    except JournalFault as fault:
        return refuse([fault], as_json=as_json)
    if (proof is not None or wanted.get("account")) and not isinstance(witnesses[0], Receipt):
        return refuse(["--receipt is a checkpoint: a receipt is needed here"], as_json=as_json)
    try:
        with progress() as show:
            found = look_at(place, Wanted(witnesses=witnesses, policy=own, **wanted), show)
        if proof is not None and found.proofs:
            write_proof(found.proofs[0], proof)
    except JournalFault as fault:
        return refuse_journal(journal, fault, as_json=as_json)
    if as_json:
        print_json(document(found))
    else:
        print("\n".join(_lines(found)))
    return DONE if found.verdict.passed else DIVERGENCE


def look_at(place: Place, wanted: Wanted, show: Progress) -> Found:
    """Return what is found out about one journal; JournalFault where there is none, or nothing to prove in it."""
    with closing(place.store()) as store:
        try:
            mark = read_mark(FilesToRead(), place.anchor)
        except JournalFault as fault:
            if os.path.lexists(place.anchor):
                return Found(place, Verdict(deviation=deviation_of(fault, "the anchor")))
            mark = None
        verdict = look(
            store,
            mark,
            from_seq=wanted.from_seq or 1,
            to_seq=wanted.to_seq,
            chain_only=wanted.chain_only,
            witnesses=wanted.witnesses,
            public_key=wanted.public_key,
            jobs=wanted.jobs or os.cpu_count() or 1,
            policy=wanted.policy,
            progress=show,
        )
        found = Found(place, verdict)
        if wanted.policy is not None:
            verdict.unchecked.append("what the policy's file imports: its own text alone is the one of then")
        first = wanted.from_seq or 0
        if verdict.passed and first > verdict.chained_seq:  # nothing was executed, and a PASS would say that it was
            raise JournalFault(Why.UNLAWFUL, "no such command", first, f"1 to {verdict.chained_seq}")
        for witness in wanted.witnesses if verdict.passed else ():
            if isinstance(witness, Receipt):
                try:
                    found.proofs.append(proof_of(store, witness, wanted.account, wanted.public_key))
                except JournalFault as fault:
                    if wanted.account is not None or fault.why is not Why.UNLAWFUL:
                        raise
                    verdict.unchecked.append(fault.sentence)
        return found


def document(found: Found) -> dict[str, Any]:
    """Return the verdict as a JSON document; whole numbers that count things are numbers, nothing here is money."""
    verdict = found.verdict
    told: dict[str, Any] = asdict(verdict)
    del told["deviation"], told["chain_ns"], told["way_ns"], told["execution_ns"]
    told = {"written_by" if key == "program" else key: value for key, value in told.items()}
    deviation = None if verdict.deviation is None else verdict.deviation._asdict()
    return {
        **head("verdict"),
        "journal": found.place.name,
        "passed": verdict.passed,
        "deviation": deviation,
        **told,
        "chain_s": verdict.chain_ns / 1e9,
        "way_s": verdict.way_ns / 1e9,
        "execution_s": verdict.execution_ns / 1e9,
        "commands_per_second": verdict.commands_per_second,
        "facts_per_second": verdict.facts_per_second,
        "inclusions": [included(proof) for proof in found.proofs],
    }


def _lines(found: Found) -> list[str]:
    verdict, journal = found.verdict, found.place.name
    blocks, papers_kept = counted(verdict.chained_blocks, "block"), counted(verdict.witnesses, "paper")
    lines = [
        f"journal     {journal}: domain {verdict.domain or '?'}, {counted(verdict.chained_seq, 'command')}",
        f"rules       {verdict.rules_hash}, written by {verdict.program or '?'}",
        f"chain       {blocks}, each follows from the one before, in {verdict.chain_ns / 1e9:.2f} s",
        f"anchor      {verdict.anchor}",
        f"signatures  {counted(verdict.checkpoints, 'checkpoint')}, {papers_kept} that somebody kept",
        f"            key {verdict.public_key}",
    ]
    if verdict.ranges:
        lines.append(
            f"executed    commands {verdict.executed_from:,} to {verdict.to_seq:,} again with the rulebook: "
            f"{counted(verdict.executed_commands, 'command')}, {counted(verdict.executed_facts, 'fact')}, "
            f"{counted(verdict.ranges, 'range')}"
        )
        if verdict.from_seq > 1:
            lines.append(f"            the state before them came of the fast engine in {verdict.way_ns / 1e9:.2f} s")
        lines.append(
            f"            in {verdict.execution_ns / 1e9:.2f} s: {verdict.commands_per_second:,} commands and "
            f"{verdict.facts_per_second:,} facts per second"
        )
    for proof in found.proofs:
        lines += inclusion_lines(proof)
    lines += [f"not looked at: {what}" for what in verdict.unchecked]
    if verdict.deviation is None:
        return [*lines, "PASS"]
    what, where, value, expected = verdict.deviation
    told = [f"  the journal has  {value[:LONGEST_SHOWN]}", f"  it has to be     {expected[:LONGEST_SHOWN]}"]
    return [*lines, f"DIVERGENCE: {what}, {where}", *told]


LONGEST_SHOWN = 400
"""Characters of a value that are printed; the JSON document has all."""
