"""``deleverage scenarios`` and ``deleverage policies``: what there is, each entry with what it says about itself."""

import inspect
import textwrap
from typing import Any

from deleverage.commands.output import DONE, console, head, print_json, refuse
from deleverage.rulebook.plug import parameters_of
from deleverage.rulebook.ranking import order_by_rotation
from deleverage.rulebook.scores import FLOORED, SCORES
from deleverage.rulebook.selection import POLICIES, by_id
from deleverage.scenarios.faults import nearest

PARTS = {"Formula": "formula", "Who uses it": "who_uses_it", "Assumes": "assumes"}
"""The parts of a policy's docstring after the rule, and their keys in the JSON document."""


def scenarios(name: str | None, *, as_json: bool) -> int:
    """Print the bundled scenarios, or one of them with its text."""
    from deleverage.scenarios.loader import bundled_names, text_of
    from deleverage.scenarios.structure import parse

    known = bundled_names()
    if name is not None and name not in known:
        return refuse([f"scenario {name!a} is unknown, {nearest(name, known)}"], as_json=as_json)
    entries = []
    for entry in known if name is None else [name]:
        table = parse(text_of(entry))
        row: dict[str, Any] = {key: table[key] for key in ("name", "title", "lesson")}
        if name is not None:
            row["toml"] = text_of(entry)
        entries.append(row)
    if as_json:
        print_json({**head("scenarios"), "scenarios": entries})
    elif name is not None:
        console().out(entries[0]["toml"], end="")
    else:
        for row in entries:
            _print_entry(row["name"], [row["title"], row["lesson"]])
    return DONE


def policies(name: str | None, *, as_json: bool) -> int:
    """Print the policies of the catalogue, or one of them: rule, formula, who uses it, what it assumes."""
    if name is not None and name not in POLICIES:
        return refuse([f"policy {name!a} is unknown, {nearest(name, POLICIES)}"], as_json=as_json)
    entries = [policy_entry(known) for known in (sorted(POLICIES) if name is None else [name])]
    if as_json:
        print_json({**head("policies"), "policies": entries})
    else:
        for entry in entries:
            keys = (*PARTS.items(), ("Score", "score"))
            lines = [f"{part}: {entry[key]}" for part, key in keys if entry[key]]
            _print_entry(entry["name"], [entry["rule"], *lines])
    return DONE


def policy_entry(name: str) -> dict[str, Any]:
    """Return what a policy's docstring says, in its four parts, and the parameters that rebuild it."""
    policy = POLICIES[name]
    return {
        "name": name,
        **rule_entry(type(policy)),
        "score": _score(getattr(policy, "ranking", "")),
        "parameters": {item.name: str(getattr(policy, item.name)) for item in parameters_of(type(policy))},
    }


def rule_entry(kind: type) -> dict[str, str]:
    """Return what the docstring of a plug says, in its four parts; "" where it has no such part."""
    text = inspect.getdoc(kind) or ""
    rule, _, body = text.partition("\n\n")
    parts = dict.fromkeys(PARTS, "")
    current = ""
    for line in body.splitlines():
        part, colon, tail = line.partition(":")
        if colon and part in parts:
            current, line = part, tail
        if current:
            parts[current] = f"{parts[current]} {line.strip()}".strip()
    return {"rule": " ".join(rule.split()), **{key: parts[part].replace("``", "") for part, key in PARTS.items()}}


def _score(ranking: str) -> str:
    """Return how a queue scores, or orders, its candidates: the ranking's own docstring; "" where there is none."""
    orders = {**SCORES, **FLOORED, "rotation": order_by_rotation, "lexicographic": by_id}
    if ranking not in orders:
        return ""
    text = inspect.getdoc(orders[ranking]) or ""
    return " ".join(text.removeprefix("Return ").replace("``", "").split())


def _print_entry(name: str, lines: list[str]) -> None:
    from rich.text import Text

    out = console()
    out.print(Text(name, style="bold"))
    for line in lines:
        out.print(Text(textwrap.fill(line, out.width, initial_indent="  ", subsequent_indent="  ")), soft_wrap=True)
