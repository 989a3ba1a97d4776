"""``deleverage run SCENARIO --venue A,B,C``: one story under several venues, a line each."""

from deleverage.commands.bills import bill_entry, print_side_by_side
from deleverage.commands.output import DONE, RESIDUAL_LEFT, broken, console, head, print_json, progress, refuse, say
from deleverage.commands.presets import chosen_preset
from deleverage.domain.conservation import balance
from deleverage.domain.document import residual_left
from deleverage.domain.player import Run, play
from deleverage.rulebook.invariants import InvariantBroken
from deleverage.scenarios.faults import Fault, ScenarioError
from deleverage.scenarios.loader import load


def side_by_side(
    name: str, venues: list[str], *, accounts: int | None, seed: int | None, engine: str, as_json: bool
) -> int:
    """Play a scenario under each venue, print who paid, and return the exit code: of the worst run."""
    runs: dict[str, Run] = {}
    faults: list[Fault] = []
    for venue in dict.fromkeys(venues):
        try:
            scenario = load(name, accounts=accounts, seed=seed, preset=chosen_preset(venue, [], None))
        except ScenarioError as refusal:
            faults += [fault for fault in refusal.faults if fault not in faults]
            continue
        if faults:
            continue
        try:
            with progress() as show:
                runs[venue] = play(scenario, show, engine=engine)
        except InvariantBroken as failure:
            return broken(failure, f"scenario {name}, venue {venue}", as_json=as_json)
    if faults:
        return refuse(faults, as_json=as_json)
    if as_json:
        rows = [{"venue": venue, **_row(run)} for venue, run in runs.items()]
        print_json({**head("side-by-side"), "scenario": name, "venues": rows})
    else:
        print_side_by_side(runs, console())
    if not all(balance(run.domain.book).exact for run in runs.values()):
        say("invariant broken: INV-1: the sum of all money is not 0")
        return 1
    if not as_json:
        print("conservation: exact")
    return RESIDUAL_LEFT if any(residual_left(run) for run in runs.values()) else DONE


def _row(run: Run) -> dict[str, object]:
    rules = run.scenario.rules
    return {
        "policy": rules.policy.name,
        "rules_hash": rules.hash(),
        "digest": run.domain.digest(),
        "conservation_exact": balance(run.domain.book).exact,
        "bill": bill_entry(run),
    }
