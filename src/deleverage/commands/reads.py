"""``deleverage reads JOURNAL``: who looked at who is next, with the chain of the file checked."""

from datetime import UTC, datetime

from deleverage.commands.output import DIVERGENCE, DONE, refuse, say, shown
from deleverage.journal import anchor
from deleverage.journal.faults import JournalFault
from deleverage.journal.files import FilesToRead, typed
from deleverage.journal.local import open_store
from deleverage.journal.past import read_head
from deleverage.service.read_file import checked, reads_of

_TROUBLE = ("NO_JOURNAL", "BAD_FORMAT", "FAILED", "NO_ANCHOR")


def reads(journal: str, *, key: str | None) -> int:
    """Print every look, or those of one key; exit code 4 where the file is not what was written."""
    path, count, mass = reads_of(journal), 0, 0
    try:
        store = open_store(journal)
        head = read_head(store)
        store.close()
        with typed(path):
            mark = anchor.read(FilesToRead().open(f"{path}.anchor"))
        with typed(path), open(path, "rb") as file:
            for note in checked(iter(file), mark, head):
                count += 1
                mass += bool(note["mass"])
                if key in (None, note["key"]):
                    print(_line(note))
    except JournalFault as fault:
        return refuse([fault], as_json=False, code=2 if fault.why.name in _TROUBLE else DIVERGENCE)
    say(f"PASS: {count} looks, {mass} of them as part of a mass read")
    return DONE


def _line(note: dict[str, object]) -> str:
    when = datetime.fromtimestamp(int(str(note["time_ns"])) // 10**9, UTC)
    mass = "  MASS READ" if note["mass"] else ""
    return shown(f"{note['number']}  {when:%Y-%m-%dT%H:%M:%SZ}  {note['key']} ({note['person']})  {note['what']}{mass}")
