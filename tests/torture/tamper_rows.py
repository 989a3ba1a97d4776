"""A journal in PostgreSQL rewritten by whoever owns its tables: detected with one kept paper, or nothing has changed.

The owner may drop constraints, switch triggers off and write any row, beside that what the opponent of a file may. What
he types as SQL comes beside the edits that a file is given. ``python -m tests.torture.tamper_rows --seed 1 --count
200`` prints what was found, kind by kind; the exit is 1 where a change went unseen.
"""

import re
import sys
from contextlib import closing
from random import Random

from deleverage.journal.address import Address
from deleverage.journal.place import ServerPlace
from deleverage.journal.session import Session
from tests.torture.grounds import a_folder, a_server
from tests.torture.held_on_server import put, taken, unconstrain, unguarded
from tests.torture.rewritten import original, rewrite
from tests.torture.server import Missing, binaries
from tests.torture.tally import Tally
from tests.torture.tamper import BESIDE, CHAINED, FORGE, Edit, edited, main

DOMAIN = "tampered"
STATEMENTS = (
    "UPDATE block SET content = set_byte(content, {byte}, get_byte(content, {byte}) # {bit}) WHERE number = {one}",
    "UPDATE block SET chain_hash = sha256(content) WHERE number = {one}",
    "UPDATE block SET epoch = epoch + 1 WHERE number >= {one}",
    "UPDATE block SET number = CASE number WHEN {one} THEN {other} ELSE {one} END WHERE number IN ({one}, {other})",
    "UPDATE block SET content = (SELECT content FROM block WHERE number = {other}) WHERE number = {one}",
    "UPDATE block SET first_seq = first_seq + 1 WHERE number = {one}",
    "UPDATE block SET domain = 'elsewhere' WHERE number >= {one}",
    "INSERT INTO block SELECT * FROM block WHERE number = {one}",
    "INSERT INTO checkpoint SELECT * FROM checkpoint WHERE number >= {one}",
    "DELETE FROM block WHERE number = {one}",
    "DELETE FROM block WHERE number >= {one}",
    "TRUNCATE block",
    "TRUNCATE head CASCADE",
    "TRUNCATE checkpoint",
    "TRUNCATE epoch",
    "TRUNCATE key, indexed",
    "TRUNCATE snapshot",
    "DELETE FROM checkpoint WHERE number > {one}",
    "UPDATE checkpoint SET content = (SELECT content FROM checkpoint ORDER BY number LIMIT 1)",
    "UPDATE key SET seq = seq + 1 WHERE seq >= {one}",
    "UPDATE snapshot SET seq = {other}",
    "UPDATE epoch SET epoch = epoch + {one}",
    "UPDATE head SET content = convert_to(replace(convert_from(content, 'UTF8'), '0', '1'), 'UTF8')",
)
"""What an owner types; `one` and `other` are two blocks."""
KINDS: tuple[Edit | str, ...] = (*CHAINED, *BESIDE, FORGE, FORGE, FORGE, *STATEMENTS)


def run(count: int, seed: int = 1) -> Tally:
    """Return what came of so many changes, the first with this seed; skipped where no server can be started."""
    tally = Tally("PostgreSQL tampering")
    try:
        binaries()
    except Missing as reason:
        tally.skipped = str(reason)
        return tally
    with a_server() as server, a_folder() as folder, closing(Session(server.url("owner"))) as owner:
        place = ServerPlace(Address(server.url("app"), None, str(folder)), DOMAIN)
        one = original(place)
        whole = taken(owner, DOMAIN, place.anchor)
        unconstrain(owner)

        def act(rng: Random) -> tuple[str, str | None, ServerPlace]:
            kind, held = rng.choice(KINDS), whole.copied()
            if kind not in STATEMENTS:
                name, told = edited(rng, kind, held, one.signer)
                put(held, owner, DOMAIN, place.anchor)
                return name, told, place
            put(held, owner, DOMAIN, place.anchor)
            first, other = rng.sample(range(1, len(held.blocks) + 1), 2)
            size = len(held.blocks[first - 1].content)
            drawn = {"byte": rng.randrange(size), "bit": 1 << rng.randrange(8), "one": first, "other": other}
            statement = str(kind).format(**drawn)
            unguarded(owner, statement)
            return "SQL: " + re.split(" SET| SELECT| WHERE", statement)[0], statement, place

        return rewrite(tally, "tamper_rows", one, act, count, seed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], run))
