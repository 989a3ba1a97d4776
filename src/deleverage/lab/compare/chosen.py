"""What a comparison was asked for: policies by name or file, metrics by name or group; every fault at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

from deleverage.adapters.policy_file import PolicyFileFault, is_policy_file
from deleverage.lab.metrics.allocation import GROUPS
from deleverage.lab.metrics.catalogue import CATALOGUE
from deleverage.lab.policies.catalogue import SEVERITIES
from deleverage.lab.policies.policy import EX_ANTE, EX_POST, ONLINE, Policy
from deleverage.lab.policies.severity import Controller
from deleverage.lab.policies.user import load_user_policy
from deleverage.rulebook.plug import PlugFault, parameters_of
from deleverage.scenarios.faults import nearest

COURSE = (
    *("fairness_regret", "total_regret", "severity_regret", "estimation_error", "static_regret", "dynamic_regret"),
    *("path_length", "regret_bound"),
)
"""What a policy's waves have together, and one wave has not."""

KNOWN = (EX_ANTE, ONLINE, EX_POST)
"""Information sets, the earliest first."""

Named = Callable[[str, dict[str, str]], Policy]

MEASURED = (*(name for name, definition in CATALOGUE.items() if definition.group in (*GROUPS, "hedges")), *COURSE)
"""Names of all that a comparison measures."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A policy under the name it is shown with; without a controller it is asked for what a wave needed."""

    name: str
    policy: Policy
    file: str | None = None  # which it was read from; None for one of ours
    controller: Controller | None = None

    @property
    def information(self) -> str:
        """What has to be known, and when: of rule and controller the later."""
        own = self.policy.about.information
        if self.controller is None or own not in KNOWN:
            return own
        return max(own, self.controller.about.information, key=KNOWN.index)


def chosen_policies(names: Sequence[str], named: Named, faults: list[str]) -> list[Chosen]:
    """Return the policies behind names and files, adding to ``faults`` what is none or named twice.

    ``named`` gives the policy of a name and parameters, or raises PlugFault with the sentence that says why not.
    """
    found: dict[str, Chosen] = {}
    for name in names:
        try:
            one = _one(name, named)
        except (PolicyFileFault, PlugFault) as fault:
            faults.append(str(fault))
            continue
        if one.name in found:
            faults.append(f"policy {one.name} is named twice")
        found[one.name] = one
    return list(found.values())


def _one(text: str, named: Named) -> Chosen:
    """Return the policy of ``name``, ``name:parameter=value`` or a file, each also behind ``controller+``."""
    head, plus, tail = text.partition("+")
    if plus and (head.split(":")[0] in SEVERITIES.kinds or not is_policy_file(text)):
        one = _one(tail, named)
        return replace(one, name=f"{head}+{one.name}", controller=_controller(*_parameters(head)))
    if is_policy_file(text):
        policy = load_user_policy(text)
        return Chosen(policy.kind, cast(Policy, policy), policy.file)
    return Chosen(text, named(*_parameters(text)))


def _parameters(text: str) -> tuple[str, dict[str, str]]:
    """Return a name and the parameters behind it."""
    name, *pairs = text.split(":")
    split = [pair.partition("=") for pair in pairs]
    if bad := [pair for pair, (_, sign, _) in zip(pairs, split, strict=True) if not sign]:
        raise PlugFault(f"policy {text!a}: {bad[0]!a} is no parameter=value")
    return name, {key: value for key, _, value in split}


def _controller(name: str, parameters: dict[str, str]) -> Controller:
    """Return the controller of the severity; whole numbers where it asks for them."""
    if name not in SEVERITIES.kinds:
        raise PlugFault(f"controller {name[:40]!a} is unknown, {nearest(name, SEVERITIES.kinds)}")
    types = {item.name: item.type for item in parameters_of(SEVERITIES.kind(name))}
    whole = {key: int(text) for key, text in parameters.items() if types.get(key) is int and text.isdecimal()}
    made: Controller = SEVERITIES.build({"name": name, **parameters, **whole})
    return made


def chosen_metrics(names: Sequence[str], faults: list[str]) -> tuple[str, ...]:
    """Return the names of all metrics that were named, in the catalogue's order.

    A name is that of a group, of a metric, or what several metrics have in theirs: gini is gini_x, gini_h and gini_e.
    """
    wanted: set[str] = set()
    for name in names:
        plain = name.lower().replace("-", "_")
        fitting = {key for key in MEASURED if CATALOGUE[key].group == plain or f"_{plain}_" in f"_{key}_"}
        wanted |= {plain} if plain in MEASURED else fitting
        if not fitting:
            faults.append(f"metric {name!a} is unknown, {nearest(name, (*GROUPS, 'hedges', 'course', *MEASURED))}")
    return tuple(name for name in MEASURED if name in wanted)
