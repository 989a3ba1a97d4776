"""``deleverage run SCENARIO``: play a scenario through the whole waterfall."""

from pathlib import Path
from time import perf_counter

from deleverage.adapters.policy_file import PolicyFileFault, UserPolicy, is_policy_file, load_policy
from deleverage.commands.kept_papers import require_other
from deleverage.commands.output import (
    DONE,
    RESIDUAL_LEFT,
    broken,
    console,
    print_json,
    progress,
    refuse,
    say,
    write_page,
)
from deleverage.commands.presets import chosen_preset
from deleverage.commands.recorded import close, recorded
from deleverage.domain.conservation import balance
from deleverage.domain.document import document, residual_left
from deleverage.domain.engines import COLUMNS
from deleverage.domain.player import Run, play
from deleverage.journal.address import shown
from deleverage.journal.faults import JournalFault
from deleverage.journal.local import Money
from deleverage.journal.place import place_of
from deleverage.rulebook.invariants import InvariantBroken
from deleverage.rulebook.selection import PolicyFault
from deleverage.scenarios.faults import ScenarioError
from deleverage.scenarios.loader import load


def run(
    name: str,
    *,
    policy: str | None = None,
    venue: str | None = None,
    switches: list[str] | None = None,
    accounts: int | None = None,
    seed: int | None = None,
    html: Path | None = None,
    engine: str = COLUMNS,
    journal: str | None = None,
    as_json: bool = False,
) -> int:
    """Play a bundled scenario or a TOML file, print what happened, and return the exit code.

    ``venue`` lays a venue's preset over it, ``switches`` are NAME=SIDE of its switches; ``engine`` is
    the one that it runs on, ``journal`` a new file, or a domain in PostgreSQL, that remembers all of it.
    """
    started = perf_counter()
    where = f"scenario {name}"
    try:
        chosen = load_policy(policy) if policy is not None and is_policy_file(policy) else policy
        preset = chosen_preset(venue, switches or [], chosen) if venue is not None else None
        scenario = load(name, policy=chosen, accounts=accounts, seed=seed, preset=preset)
        where += "" if scenario.seed is None else f", {scenario.drawn_accounts} accounts, seed {scenario.seed}"
        loaded = perf_counter()
        place = None if journal is None else place_of(journal)
        if html is not None and place is not None:
            require_other(html, place)
        with progress() as show:
            money = Money(scenario.currency, scenario.money)
            domain = None if place is None else recorded(place, name, scenario.rules, engine, money)
            played = play(scenario, show, domain, engine)
        done = perf_counter()
        if domain is not None and place is not None:
            close(domain, place)
    except JournalFault as fault:
        return refuse([f"--journal {shown(str(journal))}: {fault}"], as_json=as_json)
    except ScenarioError as refusal:
        return refuse(refusal.faults, as_json=as_json)
    except PolicyFileFault as fault:
        return refuse([fault], as_json=as_json)
    except PolicyFault as fault:
        whose = f"{chosen.file}:{chosen.policy}" if isinstance(chosen, UserPolicy) else scenario.rules.policy.name
        return refuse([f"policy {whose}: {fault}; nothing was changed"], as_json=as_json)
    except InvariantBroken as failure:
        return broken(failure, where, as_json=as_json)
    if html is not None and (fault_of_page := write_page(document(played), html)):
        return refuse([fault_of_page], as_json=as_json)
    _say_timings(played, loaded - started, done - loaded)  # before the result: its last line is the last one
    if as_json:
        print_json(document(played))
    else:
        from deleverage.commands.run_text import print_run

        print_run(played, console(), html)
    if not balance(played.domain.book).exact:
        say("invariant broken: INV-1: the sum of all money is not 0")
        return 1
    return RESIDUAL_LEFT if residual_left(played) else DONE


def _say_timings(played: Run, load_s: float, play_s: float) -> None:
    spent = played.domain.timings
    parts = (("decide", spent.decide_ns), ("apply", spent.apply_ns), ("checks", spent.check_ns))
    told = ", ".join(f"{name} {ns / 1e9:.3f} s" for name, ns in parts)
    say(f"load {load_s:.3f} s, play {play_s:.3f} s ({told})")
