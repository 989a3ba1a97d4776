"""``deleverage lab report EVENT -o DIR``: pages about an event that need no network, in one folder.

Exit codes: 0 done, 2 bad input; nothing is written then.
"""

from pathlib import Path

from deleverage.adapters.tables import TableFault
from deleverage.commands.output import DONE, head, print_json, progress, refuse, say
from deleverage.lab.compare.chosen import Chosen, chosen_policies
from deleverage.lab.event import Options
from deleverage.lab.policies.catalogue import WEALTH, named
from deleverage.lab.policies.policy import BadShares
from deleverage.lab.report.gather import gather
from deleverage.lab.report.write import document, write_report

NONE = "none"
"""What ``--policies`` is to compare nothing."""


def report(
    event: Path, out: Path, *, policies: str | None = None, seed: int | None = None, as_json: bool = False
) -> int:
    """Write the report and say where it lies; with ``as_json`` print its document. Returns the exit code."""
    faults: list[object] = []
    if out.exists() and not out.is_dir():
        faults.append(f"-o {out}: is a file, expected is a folder")
    chosen = _chosen(policies, faults)
    if faults:
        return refuse(faults, as_json=as_json)
    try:
        with progress() as show:
            parts = gather(Path(event), chosen, Options().seed if seed is None else seed, head("lab-report"), show)
            written = write_report(parts, out, show)
    except TableFault as refusal:
        return refuse(refusal.faults, as_json=as_json)
    except BadShares as refusal:
        return refuse([f"{refusal}; nothing was written"], as_json=as_json)
    except (OSError, ValueError) as error:
        return refuse([f"-o {out}: cannot be written: {error}"], as_json=as_json)
    if as_json:
        print_json(document(parts))
    say(f"{len(written)} files written; begin with {written[0]}")
    return DONE


def _chosen(policies: str | None, faults: list[object]) -> list[Chosen]:
    if policies == NONE:
        return []
    names = [name.strip() for name in (policies or "").split(",") if name.strip()] or sorted(WEALTH.kinds)
    sentences: list[str] = []
    chosen = chosen_policies(names, named, sentences)
    faults += sentences
    return chosen
