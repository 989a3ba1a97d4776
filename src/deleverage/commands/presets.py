"""What people type to choose a preset: a venue's name or file, and sides of its switches."""

from deleverage.rulebook.quantities import Scale
from deleverage.rulebook.selection import Policy
from deleverage.rulebook.trigger import Never
from deleverage.scenarios.faults import Fault, ScenarioError
from deleverage.scenarios.preset import Preset
from deleverage.venues.catalogue import venue as preset_of
from deleverage.venues.model import RANKS, Venue, law_of


def chosen_preset(name: str, switches: list[str], policy: str | Policy | None) -> Preset:
    """Return the preset of a venue with its switches set; raise ScenarioError with every fault.

    What the venue does not publish has to be named: ``policy`` is the user's.
    """
    found = preset_of(name)
    faults = []
    if found.grade == RANKS:
        sentence = f"{found.name} only ranks, its price or trigger is not published"
        faults.append(Fault("", f"{sentence}: `deleverage queue FILE --venue {found.name}`"))
    if "policy" in found.asks_for and policy is None:
        sentence = f"{found.name} does not publish who is closed: name a policy with --policy (`deleverage policies`)"
        faults.append(Fault("", sentence))
    return _with_switches(found, switches, faults)


def ranking_preset(name: str, switches: list[str]) -> Preset:
    """Return the preset whose queue is asked for; raise ScenarioError if the venue does not publish one."""
    found = preset_of(name)
    if "policy" in found.asks_for:
        sentence = f"{found.name} does not publish how it ranks (`deleverage venues {found.name}`): name a --ranking"
        return _with_switches(found, switches, [Fault("", sentence)])
    preset = _with_switches(found, switches, [])
    if isinstance(law_of(preset, Scale(1, 18)).trigger, Never):
        raise ScenarioError([Fault("", f"{found.name} closes nobody, so nobody is next in line: name a --ranking")])
    return preset


def _with_switches(found: Venue, switches: list[str], faults: list[Fault]) -> Preset:
    named = [text.partition("=")[0] for text in switches]
    twice = sorted({one for one in named if named.count(one) > 1})
    faults += [Fault("", f"switch {one!a} is named twice") for one in twice]
    faults += [Fault("", f"--switch {text!a} is not NAME=SIDE") for text in switches if "=" not in text]
    try:
        preset = found.preset(dict(text.split("=", 1) for text in switches if "=" in text))
    except ScenarioError as refusal:
        raise ScenarioError([*faults, *refusal.faults]) from None
    if faults:
        raise ScenarioError(faults)
    return preset
