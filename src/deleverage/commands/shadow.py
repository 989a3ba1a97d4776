"""``deleverage shadow``: another engine followed, and what the law would have done instead.

Exit codes: 0 agreement, 1 an invariant broke (our bug), 2 bad input - a stream or line that cannot be read -, 4 a
divergence.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from deleverage.commands.output import BAD_INPUT, DIVERGENCE, DONE, broken, print_json, refuse, say
from deleverage.commands.presets import chosen_preset
from deleverage.commands.shadow_report import document, lines_of, values_of
from deleverage.documents import canonical
from deleverage.rulebook.invariants import InvariantBroken
from deleverage.rulebook.rules import Rules
from deleverage.scenarios.faults import Fault, ScenarioError
from deleverage.scenarios.loader import load
from deleverage.shadow.compare import WHAT, Divergence, Tolerance
from deleverage.shadow.progress import BadProgress
from deleverage.shadow.record import record as stream_of
from deleverage.shadow.run import Run
from deleverage.shadow.shape import Header, write_line
from deleverage.shadow.source import SourceFault
from deleverage.shadow.wanted import Followed, Wanted
from deleverage.venues.model import law_of


def record(scenario: str, *, as_json: bool = False) -> int:
    """Print the stream that an engine playing a scenario would tell, and return the exit code."""
    try:
        for told in stream_of(load(scenario)):
            print(canonical(write_line(told)))
    except ScenarioError as refusal:
        return refuse(refusal.faults, as_json=as_json)
    return DONE


def shadow(
    source: str,
    *,
    venue: str | None,
    rules: str | None,
    switches: list[str] | None,
    lots: int,
    ticks: int,
    window_ms: int,
    any_order: bool,
    as_json: bool,
    **wanted: Any,
) -> int:
    """Follow a stream under a venue's rules, a scenario's, or its own; print the report and return the exit code."""
    tolerance = Tolerance(lots, ticks, window_ms * 1_000_000, any_order)
    try:
        rules_of = _rules_of(venue, rules, switches or [])
        with _until_asked_to_end() as stopped:
            name = " ".join([venue or rules or "", *(switches or [])]).strip()
            what = {"rules_of": rules_of, "rules_name": name, "tolerance": tolerance, "told": _say_it}
            found = Run(Wanted(source=source, stopped=stopped, **what, **wanted)).follow()
    except ScenarioError as refusal:
        return refuse(refusal.faults, as_json=as_json)
    except (SourceFault, BadProgress) as fault:
        return refuse([str(fault)], as_json=as_json)
    except InvariantBroken as failure:
        return broken(failure, f"shadow of {source}", as_json=as_json)
    if found.header is None:
        return refuse([f"{source}: {line}" for line in found.bad] or [f"{source} is empty"], as_json=as_json)
    code = code_of(found)
    if as_json:
        print_json(document(source, name, code, found))
    else:
        print("\n".join(lines_of(source, name, found)))
    return code


def code_of(found: Followed) -> int:
    """Return the exit code: a difference counts before what could not be read, and that before agreement."""
    if found.tally.differences:
        return DIVERGENCE
    return BAD_INPUT if found.tally.bad or found.sentence else DONE


def _say_it(one: Divergence) -> None:
    say(f"line {one.line}: {one.kind}: {WHAT[one.what]}: ours {values_of(one.ours)}; theirs {values_of(one.theirs)}")


def _rules_of(venue: str | None, rules: str | None, switches: list[str]) -> Any:
    preset = chosen_preset(venue, switches, None) if venue is not None else None
    loaded = load(rules).rules if rules is not None else None

    def of(header: Header) -> Rules:
        if preset is not None:
            return law_of(preset, header.money)
        if loaded is not None:
            return loaded
        if header.rules is None:
            raise ScenarioError([Fault("", "the stream says no rules: name a --venue, or --rules of a scenario")])
        return header.rules

    return of


@contextmanager
def _until_asked_to_end() -> Iterator[Any]:
    """Yield whether we have been asked to end: the first time after the line at hand, the second time at once."""
    asked: list[int] = []

    def note(number: int, _: object) -> None:
        asked.append(number)
        if len(asked) > 1:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
