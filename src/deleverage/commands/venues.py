"""``deleverage venues``: the presets, each with rule, formula, worked numbers, source and grade."""

import textwrap
from typing import Any

from deleverage.commands.bills import bill_entry, bill_text
from deleverage.commands.output import DONE, console, head, print_json, refuse
from deleverage.commands.text_table import TextTable
from deleverage.domain.player import Run, play
from deleverage.domain.rounds import RoundWriter
from deleverage.rulebook.plug import text_of
from deleverage.scenarios.faults import ScenarioError
from deleverage.scenarios.loader import load
from deleverage.venues.catalogue import venue, venue_names
from deleverage.venues.model import EXECUTES, RANKS, Venue

WORKED = "one-bankrupt"
"""The bundled scenario that every preset works through."""

LISTS = ("formula", "documented", "assumed", "unknown", "defects", "sources")


def venues(name: str | None, *, as_json: bool) -> int:
    """Print the presets, or one of them in full; a file's path shows a preset of one's own."""
    try:
        found = [venue(name)] if name is not None else [venue(known) for known in venue_names()]
    except ScenarioError as refusal:
        return refuse(refusal.faults, as_json=as_json)
    if as_json:
        print_json({**head("venues"), "venues": [entry_of(one, worked=name is not None) for one in found]})
    elif name is None:
        _print_list(found)
    else:
        _print_one(found[0])
    return DONE


def entry_of(one: Venue, *, worked: bool) -> dict[str, Any]:
    """Return a preset as a document; ``worked`` adds what it does to the worked example, if it executes."""
    entry: dict[str, Any] = {key: getattr(one, key) for key in ("name", "title", "as_of", "grade", "rule")}
    entry |= {key: list(getattr(one, key)) for key in LISTS}
    entry |= {"asks_for": list(one.asks_for), "indicator": one.indicator or None, "fund": one.fund}
    entry["rules"] = {key: _plain(value) for key, value in one.rules.items()}
    entry["drawdown"] = None if one.drawdown is None else {key: _plain(value) for key, value in one.drawdown.items()}
    entry["switches"] = [
        {"name": switch.name, "why": switch.why, "choices": [choice.name for choice in switch.choices]}
        for switch in one.switches
    ]
    if worked and one.grade == EXECUTES:
        entry["worked"] = _worked_entry(one)
    return entry


def _plain(value: Any) -> Any:
    """Return a value of a preset as JSON takes it: decimals stay the texts that they were."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return str(value) if isinstance(value, str) else value


def play_worked(one: Venue) -> Run:
    """Return the worked example played under a preset."""
    return play(load(WORKED, preset=one.preset()))


def _worked_entry(one: Venue) -> dict[str, Any]:
    run = play_worked(one)
    rules, money = run.scenario.rules, run.scenario.money
    writer = RoundWriter({terms.market_id: terms for terms in run.scenario.markets}, money)
    rounds = [writer.round_entry(step, item) for step in run.steps for item in step.rounds]
    return {
        "scenario": WORKED,
        "rules_hash": rules.hash(),
        "policy": rules.policy.name,
        "price_rule": text_of(rules.price),
        "rounds": rounds,
        "bill": bill_entry(run),
    }


def _print_list(found: list[Venue]) -> None:
    from rich.text import Text

    out = console()
    width = max(len(one.name) for one in found)
    for one in found:
        line = f"{one.name:<{width}}  {one.grade:<10}  {one.as_of:<10}  {one.title.partition(': ')[2]}"
        out.print(Text(line), soft_wrap=True)
    counts = ", ".join(f"{sum(one.grade == grade for one in found)} {text}" for grade, text in GRADE_WORDS.items())
    out.print(f"{len(found)} presets: {counts}; `deleverage venues NAME` says all about one", soft_wrap=True)


GRADE_WORDS = {
    "executes": "play a crash",
    "ranks": "give a queue",
    "documented": "say what is known, and ask for the rest",
}


def _print_one(one: Venue) -> None:
    from rich.text import Text

    out = console()

    def paragraph(label: str, text: str) -> None:
        filled = textwrap.fill(f"{label}{text}", out.width, initial_indent="  ", subsequent_indent="    ")
        out.print(Text(filled), soft_wrap=True)

    out.print(Text(f"{one.name}: {one.title}", style="bold"), soft_wrap=True)
    paragraph("", f"grade {one.grade}, as of {one.as_of}")
    paragraph("rule: ", one.rule)
    for key in LISTS:
        for item in getattr(one, key):
            paragraph(f"{key.removesuffix('s') if key == 'sources' else key}: ", item)
    for key in one.asks_for:
        paragraph("asks for: ", f"--{key}, which the venue does not publish")
    for switch in one.switches:
        sides = ", ".join(choice.name for choice in switch.choices)
        paragraph(f"switch {switch.name}: ", f"{sides} (the first unless `--switch {switch.name}=SIDE`): {switch.why}")
    if one.grade == EXECUTES:
        _print_worked(one)
    elif one.grade == RANKS:
        _print_queue(one)


def _print_worked(one: Venue) -> None:
    from rich.text import Text

    from deleverage.commands.run_text import print_rounds

    out = console()
    run = play_worked(one)
    out.print(Text(f"worked numbers ({WORKED}: {run.scenario.title})", style="bold"), soft_wrap=True)
    print_rounds(run, out)
    out.print(Text("  " + bill_text(run)), soft_wrap=True)
    out.print(Text(f"  rules hash {run.scenario.rules.hash()}"), soft_wrap=True)


def _print_queue(one: Venue) -> None:
    """Print the order of the worked example alone: at which price, and when, is not published."""
    table = TextTable(f"its queue of shorts in {WORKED}", ("rank", "unit", "score"), left=("unit",))
    for place in play_worked(one).steps[0].rounds[0].queues[0].places:
        table.add(f"{place.rank:,}", place.unit_id, place.score or "-")
    print("\n".join(table.lines(indent="  ")))
