"""Every preset that can play a crash, with every scenario: written to a journal, and executed again with the rulebook.

    python -m tests.journal.sweep [--presets bybit,okx] [--scenarios crash,six-longs] [--accounts 60]

A preset stands there as it is, and once for each other side of its switches; where a venue does not publish who is
closed, a policy from a file is. A line for each; whatever does not pass is told. Exit code 0: all passed, 1: not.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from deleverage.adapters.policy_file import UserPolicy, load_policy
from deleverage.commands.presets import chosen_preset
from deleverage.domain.player import play
from deleverage.domain.recorded import RecordedDomain
from deleverage.domain.verification.verify import verify
from deleverage.journal import local
from deleverage.scenarios.faults import ScenarioError
from deleverage.scenarios.loader import bundled_names, load
from deleverage.venues.catalogue import venue, venue_names
from deleverage.venues.model import RANKS
from tests.conftest import REPOSITORY

OWN = REPOSITORY / "examples" / "my_policy.py"

ACCOUNTS = 60
"""How many accounts are drawn where a scenario draws."""

PLAIN = "common law"
"""Stands for no preset at all: the scenario's own rules."""


def preset_names() -> list[str]:
    """Return every preset that can play a crash, and behind it each other side of its switches."""
    known = [venue(name) for name in venue_names()]
    found = [PLAIN]
    for one in known:
        if one.grade != RANKS:
            found += [one.name, *(f"{one.name} {s.name}={c.name}" for s in one.switches for c in s.choices[1:])]
    return found


def outcome(folder: Path, name: str, scenario: str, accounts: int = ACCOUNTS) -> tuple[int, str]:
    """Play a scenario under a preset into a journal, and return how many commands it has and why it does not pass.

    "" where it does; a scenario that the preset does not fit is "refused".
    """
    venue_name, *switches = name.split(" ") if name != PLAIN else [""]
    asks = bool(venue_name) and "policy" in venue(venue_name).asks_for
    policy = load_policy(str(OWN)) if asks else None
    try:
        preset = chosen_preset(venue_name, switches, policy) if venue_name else None
        drawn = accounts if load(scenario).drawn_accounts else None
        story = load(scenario, policy=policy, accounts=drawn, preset=preset)
    except ScenarioError as refusal:
        return 0, f"refused: {refusal}"
    path = str(folder / f"{name.replace(' ', '-')}-{scenario}.db")
    domain = RecordedDomain(local.create(path, scenario, story.rules))
    play(story, domain=domain)
    domain.checkpoint()
    domain.journal.close()
    return domain.journal.seq, failure(path, policy, domain.digest())


def failure(path: str, policy: UserPolicy | None, digest: str) -> str:
    """Return why a journal does not pass, or does not come back to a state; empty: all is as it was."""
    store = local.open_store(path)
    verdict = verify(store, None, policy=policy)
    store.close()
    journal = local.open_journal(path, policy=policy)
    back = RecordedDomain(journal).digest()
    journal.close()
    if verdict.deviation is not None:
        return str(verdict.deviation)
    if verdict.executed_commands != journal.seq:
        return f"{verdict.executed_commands} of {journal.seq} were executed"
    return "" if back == digest else f"the state is {back}, it was {digest}"


def sweep(names: list[str], scenarios: list[str], accounts: int) -> Iterator[tuple[str, Counter[str], list[str]]]:
    """Yield for each preset how many journals passed, were refused or failed, and what was wrong."""
    for name in names:
        counts, wrong = Counter[str](), []
        with TemporaryDirectory() as folder:
            for scenario in scenarios:
                commands, told = outcome(Path(folder), name, scenario, accounts)
                counts["refused" if told.startswith("refused") else "failed" if told else "passed"] += 1
                counts["commands"] += commands
                wrong += [f"{scenario}: {told}"] if told else []
        yield name, counts, wrong


def main() -> int:
    """Print a line for each preset and the sum, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.journal.sweep", description="Presets x scenarios, verified.")
    parser.add_argument("--presets", default=",".join(preset_names()))
    parser.add_argument("--scenarios", default=",".join(bundled_names()))
    parser.add_argument("--accounts", type=int, default=ACCOUNTS)
    given = parser.parse_args()
    started, total = perf_counter(), Counter[str]()
    for name, counts, wrong in sweep(given.presets.split(","), given.scenarios.split(","), given.accounts):
        total += counts
        print(f"{name:32} {counts['passed']:>3} passed, {counts['commands']:>7,} commands", flush=True)
        for told in wrong:
            print(f"    {told}", flush=True)
    told = ", ".join(f"{total[what]} {what}" for what in ("passed", "failed", "refused"))
    print(f"journals: {told}, in {perf_counter() - started:.0f} s")
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
