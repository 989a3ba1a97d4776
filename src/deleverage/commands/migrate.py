"""``deleverage migrate ADDRESS``: the tables of journals in a PostgreSQL database, made or renewed by whoever owns it.

Exit codes: 0 done, 2 there is no such database, no right to, or tables of another program.
"""

from deleverage.commands.kept_papers import refuse_journal
from deleverage.commands.output import DONE, head, print_json
from deleverage.journal import remote
from deleverage.journal.address import read_address
from deleverage.journal.faults import JournalFault


def migrate(address: str, *, as_json: bool) -> int:
    """Apply what was not applied yet, print what it was, and return the exit code."""
    try:
        applied = remote.migrate(read_address(address).url)
    except JournalFault as fault:
        return refuse_journal(address, fault, as_json=as_json)
    if as_json:
        print_json({**head("migrated"), "address": address, "applied": applied})
        return DONE
    for name in applied:
        print(f"applied     {name}")
    print("the tables are there; a login writes as a member of journal_writer and reads as one of journal_reader")
    return DONE
