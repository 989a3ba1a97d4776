"""``deleverage why JOURNAL ACCOUNT ROUND``: why this account, this size, this price - or why not.

Exit codes: 0 done, 2 bad input, 4 executing the journal again gives another answer than it says.
"""

from contextlib import closing

from deleverage.adapters.policy_file import PolicyFileFault, load_policy
from deleverage.commands.kept_papers import refuse_journal
from deleverage.commands.output import DONE, print_json, progress, refuse
from deleverage.documents import BadDocument
from deleverage.domain.why.steps import UnknownRound, chosen, steps_of
from deleverage.domain.why.walk import UnknownAccount
from deleverage.domain.why.walk import why as look
from deleverage.journal.faults import JournalFault
from deleverage.journal.place import place_of


def why(journal: str, account: str, name: str, *, policy: str | None = None, as_json: bool) -> int:
    """Print why an account was or was not closed in a round, and return the exit code."""
    try:
        place = place_of(journal)
        own = None if policy is None else load_policy(policy)
        with closing(place.store()) as store, progress() as show:
            step, number = chosen(name, steps_of(store))
            found = look(store, account, step, number, show, own)
    except (JournalFault, BadDocument) as fault:
        return refuse_journal(journal, fault, as_json=as_json)
    except (UnknownRound, UnknownAccount, PolicyFileFault) as fault:
        return refuse([fault], as_json=as_json)
    if as_json:
        from deleverage.commands.why_document import document

        print_json(document(found, place.name))
    else:
        from deleverage.commands.why_text import text

        print(text(found))
    return DONE
