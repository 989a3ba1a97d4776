"""A venue's preset as code takes it: words for people, tables that make rules, and switches between readings."""

from dataclasses import dataclass, field
from typing import Any

from deleverage.rulebook.quantities import Scale
from deleverage.rulebook.rules import Rules
from deleverage.scenarios.faults import Fault, Reader, ScenarioError, nearest
from deleverage.scenarios.preset import Preset
from deleverage.scenarios.switches import read_rules

EXECUTES, RANKS, DOCUMENTED = "executes", "ranks", "documented"
GRADES = (EXECUTES, RANKS, DOCUMENTED)
"""What a preset can be used for: it plays a crash; its queue alone is complete; it is words and formulas."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One reading of a rule: keys that it replaces."""

    name: str
    rules: dict[str, Any] = field(default_factory=dict)
    drawdown: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Switch:
    """Where a source has two readings; the first choice holds if none is named."""

    name: str
    why: str
    choices: tuple[Choice, ...]

    def choice(self, name: str) -> Choice | None:
        """Return a choice by its name."""
        return next((choice for choice in self.choices if choice.name == name), None)


@dataclass(frozen=True, slots=True)
class Venue:
    """A preset. ``rules`` and ``drawdown`` are tables as a scenario has them, decimals as they were written."""

    name: str
    title: str
    as_of: str
    grade: str
    rule: str
    sources: tuple[str, ...]
    documented: tuple[str, ...]
    formula: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()
    asks_for: tuple[str, ...] = ()
    indicator: str = ""
    fund: str = "shared"
    rules: dict[str, Any] = field(default_factory=dict)
    drawdown: dict[str, Any] | None = None
    switches: tuple[Switch, ...] = ()

    def preset(self, chosen: dict[str, str] | None = None) -> Preset:
        """Return what is laid over a scenario, with the chosen side of every switch; raise ScenarioError."""
        wanted = dict(chosen or {})
        rules, drawdown, label = dict(self.rules), dict(self.drawdown or {}), [self.name]
        faults = []
        for switch in self.switches:
            name = wanted.pop(switch.name, switch.choices[0].name)
            choice = switch.choice(name)
            if choice is None:
                known = [known.name for known in switch.choices]
                faults.append(
                    Fault("", f"switch {switch.name!r} of {self.name} has no side {name!a}, {nearest(name, known)}")
                )
                continue
            rules |= choice.rules
            drawdown |= choice.drawdown
            if choice is not switch.choices[0]:
                label.append(f"{switch.name}={name}")
        for name in wanted:
            sentence = f"{self.name} has no switch {name!a}, {nearest(name, [switch.name for switch in self.switches])}"
            faults.append(Fault("", sentence))
        if faults:
            raise ScenarioError(faults)
        return Preset(",".join(label), rules, drawdown or None, self.fund == "per-market")

    def law(self, money: Scale, chosen: dict[str, str] | None = None) -> Rules:
        """Return the rules of this preset for a currency of such a scale: same name and switches, same hash."""
        return law_of(self.preset(chosen), money)


def law_of(preset: Preset, money: Scale) -> Rules:
    """Return the rules of a preset for a currency of such a scale; raise ScenarioError."""
    reader = Reader()
    rules = read_rules(reader, money, preset.rules, None)
    if reader.faults:
        raise ScenarioError(reader.faults)
    return rules
