"""``deleverage lab compare EVENT``: policies side by side on the winners and budgets of an event's waves.

Exit codes: 0 done, 2 bad input (an event that is none, names that are none, a policy of the user's that fails).
"""

from collections.abc import Sequence
from pathlib import Path

from deleverage.adapters.tables import TableFault
from deleverage.commands.output import DONE, head, print_json, progress, refuse
from deleverage.lab.compare.averages import common, sums
from deleverage.lab.compare.chosen import MEASURED, Chosen, chosen_metrics, chosen_policies
from deleverage.lab.compare.digest import result_hash
from deleverage.lab.compare.document import document
from deleverage.lab.compare.hedged import HEDGES, as_closed
from deleverage.lab.compare.reference import fairness_and_total
from deleverage.lab.compare.run import Comparison
from deleverage.lab.compare.run import compare as side_by_side
from deleverage.lab.event import Options
from deleverage.lab.events.load import load
from deleverage.lab.policies.catalogue import WEALTH, named
from deleverage.lab.policies.policy import BadShares
from deleverage.lab.population.crowd import DRAWN
from deleverage.lab.population.drawn import LABEL

SHOWN = ("gini_x", "gini_h", "largest_h", "wiped", "ptsr_code", "kendall", "broken", "broken_usd")
"""Means that the page shows; the document has all."""


def compare(
    path: Path,
    *,
    policies: str | None,
    metrics: str | None,
    seed: int | None = None,
    reference: str | None = None,
    as_json: bool = False,
) -> int:
    """Print every policy's over- and under-collection, means over common waves, and one hash of the result."""
    faults: list[object] = []
    sentences: list[str] = []
    for option, text in (("--policies", policies), ("--metrics", metrics)):
        if text is not None and not _names(text):
            sentences.append(f"{option} names nothing: {text[:40]!a}")
    chosen = chosen_policies(sorted(WEALTH.kinds) if policies is None else _names(policies), named, sentences)
    unknown: list[str] = []
    held_against = chosen_policies([] if reference is None else [reference.strip()], named, unknown)
    sentences += [f"--reference: {sentence}" for sentence in unknown]
    measured = MEASURED if metrics is None else chosen_metrics(_names(metrics), sentences)
    try:
        event = load(Path(path))
        if not event.waves:
            faults.append(f"{path}: the event has no waves")
    except TableFault as refusal:
        faults += refusal.faults
    if faults or sentences:
        return refuse([*sentences, *faults], as_json=as_json)
    try:
        with progress() as show:
            drawn_from = Options().seed if seed is None else seed
            result = side_by_side(event, chosen, measured, drawn_from, show, next(iter(held_against), None))
    except BadShares as fault:
        return refuse([f"{_whose(chosen, str(fault))}{fault}; nothing was printed"], as_json=as_json)
    if as_json:
        print_json({**head("lab-compare"), **document(result)})
    else:
        _print(result)
    return DONE


def _hedges(result: Comparison) -> str:
    """Return how many hedges the event's own fills broke, or why that is not known."""
    rows = [{item.name: item for item in found} for found in as_closed(result.event, result.crowds).values()]
    known = [row for row in rows if row["broken"].value is not None]
    if not known:
        return f"hedges: undefined, {next((row['broken'].why for row in rows), 'no wave has winners')}"
    names = ("broken", "legs_known", "broken_usd")
    broken, legs, usd = (sum(row[name].value or 0.0 for row in known) for name in names)
    told = f"hedges that the event's own fills broke: of {legs:,.0f} accounts with known legs {broken:,.0f}"
    return f"{told}, whose net grew by {usd:,.2f} USD, wave by wave"


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _whose(chosen: Sequence[Chosen], sentence: str) -> str:
    """Return the file of the policy that a sentence is about, where it comes from one."""
    return next((f"policy {one.file}: " for one in chosen if one.file and sentence.startswith(one.name)), "policy ")


def _print(result: Comparison) -> None:
    """Print one row a policy, its means behind it, then what was left out, and why."""
    from deleverage.commands.text_table import TextTable

    means = {row.name: row for row in common(result)}
    shown = [name for name in SHOWN if name in means and (means[name].means or name not in HEDGES)]
    title = f"{result.event.name}: {len(result.crowds)} of {len(result.event.waves)} waves, units of 0.01 USD"
    regrets = ("fairness, USD", "total, USD") if result.reference.name else ()
    table = TextTable(title, ("policy", "knows", "over, USD", "under, USD", *regrets, *shown), left=("policy", "knows"))
    left_out = []
    for line in result.lines:
        knows = "published" if line.chosen is None else line.chosen.information
        reasons = {cell.why for cell in line.cells if cell.why} - set(result.left_out.values())
        left_out += [f"{line.name}: {why}" for why in sorted(reasons)]
        found = list(sums(line).values())
        if result.reference.name:
            found += [item.value for item in fairness_and_total(result, line)]
        amounts = ["-" if amount is None else f"{amount:,.2f}" for amount in found]
        numbers = [f"{means[name].means[line.name]:.4f}" if line.name in means[name].means else "-" for name in shown]
        table.add(line.name, knows, *amounts, *numbers)
    print("\n".join(table.lines()))
    if result.reference.name:
        print(f"fairness: regret against {result.reference.name}, sum |m - its m| B, m = max x / equity")
        if result.reference_of_published.name:
            print(f"fairness of published rows, whose winners are others: against {result.reference_of_published.name}")
    if "broken" in result.metrics:
        print(_hedges(result))
    for waves in dict.fromkeys(means[name].waves for name in shown):
        names = ", ".join(name for name in shown if means[name].waves == waves)
        listed = f"over waves {', '.join(map(str, waves))}" if waves else "in no wave for all that ever have it"
        print(f"means {listed}: {names}")
    for sentence in (*(f"wave {number}: {why}" for number, why in result.left_out.items()), *left_out):
        print(f"left out: {sentence}")
    if any(crowd.kind == DRAWN for crowd in result.crowds.values()):
        print(f"{LABEL} ({result.seed})")
    print(f"result {result_hash(result)}")
