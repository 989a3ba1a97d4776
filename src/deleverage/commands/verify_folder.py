"""``deleverage verify FOLDER``, or an address without a domain: a line for every journal, and what they come to.

A journal is there if its file or its rows are, or its anchor: an anchor alone says that a journal was, and is gone.
"""

from pathlib import Path
from typing import Any

from deleverage.commands.kept_papers import refuse_journal
from deleverage.commands.output import DIVERGENCE, DONE, head, print_json, progress, refuse
from deleverage.commands.verify import LONGEST_SHOWN, Found, Wanted, document, look_at
from deleverage.domain.show import counted
from deleverage.domain.verification.verdict import Verdict, deviation_of
from deleverage.journal import remote
from deleverage.journal.address import Address, is_address, is_domain, read_address, shown
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.place import FilePlace, Place, ServerPlace

_MAGIC = b"SQLite format 3\0"
ANCHOR = ".anchor"


def verify_folder(text: str, *, as_json: bool = False, **wanted: Any) -> int:
    """Verify every journal of a folder or of a database, print a line for each, and return the exit code."""
    folder = shown(text)
    try:
        places = journals_of(read_address(text)) if is_address(text) else journals_in(Path(text))
    except JournalFault as fault:
        return refuse_journal(text, fault, as_json=as_json)
    except OSError as error:
        return refuse([f"{folder}: {error.strerror}"], as_json=as_json)
    if not places:
        return refuse([f"{folder} has no journal in it"], as_json=as_json)
    found = []
    with progress() as show:
        for at, place in enumerate(places):
            show("journals", at, len(places))
            try:
                found.append(look_at(place, Wanted(**wanted), show))
            except JournalFault as fault:
                if fault.why is Why.NO_POLICY:  # it may be as it should be: somebody has to bring the file
                    return refuse_journal(place.name, fault, as_json=as_json)
                found.append(Found(place, Verdict(deviation=deviation_of(fault, fault.sentence))))
        show("journals", len(places), len(places))
    passed = all(one.verdict.passed for one in found)
    if as_json:
        told = [document(one) for one in found]
        print_json({**head("verdicts"), "folder": folder, "passed": passed, "verdicts": told})
    else:
        print("\n".join(_lines(folder, found)))
    return DONE if passed else DIVERGENCE


def journals_in(folder: Path) -> list[Place]:
    """Return the journals of a folder in the order of their names."""
    files = [path for path in folder.iterdir() if path.is_file() and _begins(path)]
    return [FilePlace(str(path)) for path in sorted({*_anchored(folder), *files})]


def journals_of(address: Address) -> list[Place]:
    """Return the journals of a database, and those whose anchor its folder has with no file of SQLite beside it."""
    folder = Path(address.folder)
    anchored = _anchored(folder) if folder.is_dir() else []
    gone = {path.name for path in anchored if not path.exists() and is_domain(path.name)}
    return [ServerPlace(address, domain) for domain in sorted({*remote.domains(address.url), *gone})]


def _anchored(folder: Path) -> list[Path]:
    return [path.with_name(path.name.removesuffix(ANCHOR)) for path in folder.iterdir() if path.suffix == ANCHOR]


def _begins(path: Path) -> bool:
    """Return whether a file begins as one of SQLite does; one that cannot be read is none."""
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def _lines(folder: str, found: list[Found]) -> list[str]:
    lines = [f"{folder}: {counted(len(found), 'journal')}"]
    width = max(len(one.place.short) for one in found)
    for one in found:
        verdict = one.verdict
        told = "PASS" if verdict.deviation is None else f"DIVERGENCE: {verdict.deviation.what}"
        counts = f"{counted(verdict.chained_seq, 'command')}, {counted(verdict.executed_commands, 'command')} executed"
        lines.append(f"  {one.place.short:<{width}}  {verdict.domain or '?'}: {counts} again: {told}")
    verdicts = [one.verdict for one in found]
    commands, facts = sum(v.executed_commands for v in verdicts), sum(v.executed_facts for v in verdicts)
    seconds = sum(v.chain_ns + v.way_ns + v.execution_ns for v in verdicts) / 1e9
    lines.append(
        f"executed    {counted(commands, 'command')} and {counted(facts, 'fact')} again with the rulebook, "
        f"in {seconds:.2f} s"
    )
    for what in dict.fromkeys(what for verdict in verdicts for what in verdict.unchecked):
        lines.append(f"not looked at: {what}")
    broken = [one for one in found if one.verdict.deviation is not None]
    if not broken:
        return [*lines, "PASS"]
    first = broken[0]
    assert first.verdict.deviation is not None
    what, where, value, expected = first.verdict.deviation
    return [
        *lines,
        f"DIVERGENCE in {counted(len(broken), 'journal')}, first {first.place.name}: {what}, {where}",
        f"  the journal has  {value[:LONGEST_SHOWN]}",
        f"  it has to be     {expected[:LONGEST_SHOWN]}",
    ]
