"""``deleverage lab policies``: the published policies, each with all that it says about itself."""

import textwrap
from typing import Any

from deleverage.commands.output import DONE, console, head, print_json, refuse
from deleverage.lab.policies.catalogue import ALIASES, SEVERITIES, WEALTH, entry, severity_entry, spelled, unknown

SHOWN = (
    *(("formula", "Formula"), ("who_uses_it", "Who uses it"), ("assumes", "Assumes"), ("numeraire", "Numeraire")),
    *(("information", "Information set"), ("source", "Source")),
)
LISTED = (("columns", "Needs columns"), ("aliases", "Also"))


def policies(name: str | None, *, as_json: bool) -> int:
    """Print the policies of the lab and the controllers of the severity, or one, by its name or another name of it."""
    plain = spelled(name) if name is not None else None
    if plain in SEVERITIES.kinds:
        return _show([], [severity_entry(plain)], as_json=as_json)
    known = ALIASES.get(plain, {"name": plain})["name"] if plain is not None else None
    if known is not None and known not in WEALTH.kinds:
        return refuse([unknown(str(name))], as_json=as_json)
    entries = [entry(kind) for kind in (sorted(WEALTH.kinds) if known is None else [known])]
    return _show(entries, [severity_entry(kind) for kind in SEVERITIES.kinds if known is None], as_json=as_json)


def _show(policies: list[dict[str, Any]], severities: list[dict[str, Any]], *, as_json: bool) -> int:
    """Print what was chosen."""
    if as_json:
        print_json({**head("lab-policies"), "policies": policies, "severities": severities})
        return DONE
    for row in (*policies, *severities):
        _print(row)
    return DONE


def _print(row: dict[str, Any]) -> None:
    """Print one policy."""
    from rich.text import Text

    out = console()
    out.print(Text(row["name"], style="bold"))
    lines = [row["rule"], *(f"{label}: {row[key]}" for key, label in SHOWN if key in row)]
    lines += [f"Known failure: {item}" for item in row["failures"]]
    lines += [f"{label}: {', '.join(row[key])}" for key, label in LISTED if row.get(key)]
    lines += [f"Parameter: {name} = {value}" for name, value in row["parameters"].items()]
    for line in lines:
        out.print(Text(textwrap.fill(line, out.width, initial_indent="  ", subsequent_indent="  ")), soft_wrap=True)
