"""An opponent who has the signing key, too: he tells another story, and signs every state of it."""

from random import Random

from deleverage.domain.domain import Domain
from deleverage.journal import merkle, papers
from deleverage.journal.block import read_block
from deleverage.journal.papers import Checkpoint, Head
from deleverage.journal.parts import leaf_of
from deleverage.journal.signing import Signer
from tests.torture.edits_of_blocks import delete, edit_row, edit_text, execute_anew, recut, truncate
from tests.torture.held import Held

STORIES = (execute_anew, execute_anew, truncate, delete, recut, edit_row, edit_text)


def forge(rng: Random, held: Held, signer: Signer) -> str | None:
    """Alter what happened, do the chain anew, and sign a state behind each block that had one, and behind the last."""
    told = rng.choice(STORIES)(rng, held)
    held.chained()
    if told is not None:
        try:
            held.checkpoints = _signed(held, signer)
        except Exception as error:  # What cannot be read again is signed as it was.
            told = f"{told}, and no state to sign: {type(error).__name__}"
    return told


def _signed(held: Held, signer: Signer) -> list[tuple[int, bytes]]:
    head = papers.read(Head, held.head)
    domain = Domain(head.state_at_start.copy(), head.rules)
    numbers = {number for number, _ in held.checkpoints} | {len(held.blocks)}
    rows: list[tuple[int, bytes]] = []
    leaves, first_seq, previous = [], 1, ""
    for stored in held.blocks:
        block = read_block(stored.content)
        entries = list(block.entries())
        domain.submit([entry.command for entry in entries])
        leaves += [leaf_of(entry, head.blind) for entry in entries]
        if stored.number not in numbers:
            continue
        one = Checkpoint(
            domain=head.domain,
            first_seq=first_seq,
            seq=block.last_seq,
            number=stored.number,
            facts=block.facts_after,
            chain_hash=stored.chain_hash.hex(),
            state_digest=domain.digest(),
            entries_root=merkle.root(leaves).hex(),
            epoch=stored.epoch,
            rules_hash=head.rules_hash,
            policy_hash=head.policy_hash,
            program=head.program,
            previous=previous,
            signature="",
        )
        one = papers.signed(one, signer)
        rows.append((stored.number, papers.text_of(one)))
        leaves, first_seq, previous = [], block.last_seq + 1, papers.hash_of(one)
    return rows
