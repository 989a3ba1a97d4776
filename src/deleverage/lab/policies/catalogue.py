"""The catalogue: every policy by its name, the other names that people know it by, and what it says about itself."""

import difflib
import inspect
from typing import Any

from deleverage.lab.policies.arrival import RandomArrival
from deleverage.lab.policies.backoff import Backoff, BackoffAsPrinted
from deleverage.lab.policies.constrained import ConstrainedDescent
from deleverage.lab.policies.contracts import ContractsProRata, ContractsSinglePass
from deleverage.lab.policies.gradient import OnlineGradient, ScalarMirrorDescent
from deleverage.lab.policies.levels import LeverageDrain, PerCapita, Talmud, TopLevelling
from deleverage.lab.policies.min_max import MinMax
from deleverage.lab.policies.min_max_lots import MinMaxLots
from deleverage.lab.policies.pro_rata import CappedProRata, EquityProRata, EquityUncapped, Vmgh, WealthProRata
from deleverage.lab.policies.projection import MirrorDescent, Projection
from deleverage.lab.policies.queues import Queue, QueueByAge, QueueByGain, QueueByLeveragedGain, QueueWhole
from deleverage.lab.policies.risk import LeveredProRata, RiskAwareProRata
from deleverage.lab.policies.rounded import DustProRata, FixedPointScale, RoundedWealthProRata
from deleverage.lab.policies.severity import Matched, Needed, Static
from deleverage.rulebook.plug import PlugFault, Registry, Spec, parameters_of

WEALTH: Registry[Any] = Registry(
    "policy",
    object,
    (
        *(Queue, QueueByGain, QueueByLeveragedGain, QueueWhole, QueueByAge),
        *(WealthProRata, EquityProRata, EquityUncapped, CappedProRata, LeveredProRata, RiskAwareProRata, Vmgh),
        *(PerCapita, TopLevelling, Talmud, RandomArrival, LeverageDrain),
        *(MinMax, MinMaxLots, Projection, MirrorDescent, RoundedWealthProRata, FixedPointScale, DustProRata),
        *(ContractsProRata, ContractsSinglePass),
    ),
)
"""Every policy that splits a budget over winners."""

SEVERITIES: Registry[Any] = Registry(
    "severity",
    object,
    (Static, Matched, Needed, BackoffAsPrinted, Backoff, OnlineGradient, ScalarMirrorDescent, ConstrainedDescent),
)
"""Every controller by the name of its spec."""

_OTHER_NAMES = {
    "wealth-pro-rata": "pro-rata prorata pr wealth wealth-pr pnl-pr pnl-pro-rata profit-pro-rata",
    "equity-pro-rata": "equity equity-pr eq-pr equity-capped",
    "equity-pro-rata-uncapped": "equity-uncapped equity-pr-uncapped",
    "capped-pro-rata": "capped capped-pr cpr",
    "levered-pro-rata": "levered levered-pr lpr",
    "risk-aware-pro-rata": "risk-aware rap rap-linear risk-aware-linear",
    "per-capita": "equal-haircuts equal-losses cel constrained-equal-losses",
    "top-levelling": "levelling leveling top-leveling equal-awards cea constrained-equal-awards",
    "leverage-drain": "leverage-draining drain draining minimax-leverage",
    "min-max": "minmax ilp min-max-ilp minmax-ilp min-max-lp",
    "projection": "vmd vector-mirror-descent projection-of-zero",
    "rounded-wealth-pro-rata": "rounded rounded-pr rounded-wealth",
    "fixed-point-scale": "fixed-point fixed-point-ilp",
    "dust-pro-rata": "metaflux",
    "contracts-pro-rata": "contracts contract-pro-rata largest-remainder partial-tear-up",
    "contracts-single-pass": "single-pass contract-single-pass contracts-as-coded",
    "queue": "greedy smart-queue queue-by-score",
    "queue-by-gain": "queue-by-pnl queue-by-profit",
    "queue-by-age": "age priority-by-age",
    "random-arrival": "random shapley",
    "talmud": "aumann-maschler",
}

ALIASES: dict[str, Spec] = {
    **{name: {"name": kind} for kind, names in _OTHER_NAMES.items() for name in names.split()},
    **{name: {"name": "risk-aware-pro-rata", "g": "power"} for name in ("rap-power", "risk-aware-power")},
    **{name: {"name": "risk-aware-pro-rata", "g": "cvar"} for name in ("rap-cvar", "risk-aware-cvar")},
}
"""Other names of the same rules, and of the same rule with another parameter."""

PARTS = {"Formula": "formula", "Who uses it": "who_uses_it", "Assumes": "assumes"}
"""The parts of a policy's docstring after the rule, and their keys in a document."""


def named(name: str, parameters: dict[str, str] | None = None) -> Any:
    """Return the policy of a name or another name of it; parameters are texts, whole numbers where one is asked for.

    Raises PlugFault with everything that is wrong; an unknown name is answered with the nearest.
    """
    plain_name = spelled(name)
    spec = dict(ALIASES.get(plain_name, {"name": plain_name}))
    if spec["name"] not in WEALTH.kinds:
        raise PlugFault(unknown(name))
    types = {item.name: item.type for item in parameters_of(WEALTH.kind(spec["name"]))}
    for key, text in (parameters or {}).items():
        plain = text.isascii() and text.isdigit() and len(text) <= 18
        spec[key] = int(text) if types.get(key) is int and plain else text
    return WEALTH.build(spec)


def spelled(name: str) -> str:
    """Return a name as the catalogue spells it: small letters, hyphens for underscores and blanks."""
    return name.strip().lower().replace("_", "-").replace(" ", "-")


def unknown(name: str) -> str:
    """Return the sentence about a name that is none: the nearest of all names, and the policies."""
    close = difflib.get_close_matches(name, sorted({*WEALTH.kinds, *ALIASES}), n=1, cutoff=0.0)
    return f"policy {name[:40]!a} is unknown, nearest is {close[0]!r}; known are {', '.join(sorted(WEALTH.kinds))}"


def entry(name: str) -> dict[str, Any]:
    """Return what a policy says about itself: rule, formula, users, assumption, and the record ``about``."""
    kind = WEALTH.kind(name)
    aliases = sorted(other for other, spec in ALIASES.items() if spec["name"] == name)
    return {
        "name": name,
        "aliases": aliases,
        **_told(kind),
        "numeraire": kind.about.numeraire,
        "columns": list(kind.about.needs),
    }


def severity_entry(name: str) -> dict[str, Any]:
    """Return what a controller of the severity says about itself."""
    return {"name": name, **_told(SEVERITIES.kind(name))}


def _told(kind: Any) -> dict[str, Any]:
    """Return the parts of a docstring, and what policies and controllers both say."""
    rule, _, body = (inspect.getdoc(kind) or "").partition("\n\n")
    places = sorted((body.index(f"{part}:"), part) for part in PARTS if f"{part}:" in body)
    ends = [at for at, _ in places[1:]] + [len(body)]
    parts = dict.fromkeys(PARTS, "")
    for (at, part), end in zip(places, ends, strict=True):
        parts[part] = " ".join(body[at + len(part) + 1 : end].replace("``", "").split())
    return {
        "rule": " ".join(rule.split()),
        **{key: parts[part] for part, key in PARTS.items()},
        "information": kind.about.information,
        "source": kind.about.source,
        "failures": list(kind.about.failures),
        "parameters": {item.name: str(item.default) for item in parameters_of(kind)},
    }
