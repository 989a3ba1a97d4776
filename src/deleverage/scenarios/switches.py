"""The ``[rules]`` of a scenario file, turned into the law's preset; every fault in the file's own names and units."""

from typing import Any

from deleverage.rulebook.quantities import PPB, Scale
from deleverage.rulebook.rules import EXCLUSIONS, PLUGS, THROTTLES, ConfigError, Rules
from deleverage.rulebook.selection import Policy
from deleverage.rulebook.throttle import Limit, Table
from deleverage.scenarios.faults import Path, Reader
from deleverage.scenarios.plugs import RATE, key_of, note, read_plug, read_policy
from deleverage.scenarios.requirements import SECOND_NS

BANDS = ("mark_band", "order_band", "trade_band", "conversion_band")
SHARES = ("breaker", "neutral_within", "liquidation_fee", "surplus_to_fund", "surplus_to_taker", "fund_notional_cap")
CAPS = ("fund_event_cap", "fund_group_cap", "fund_market_cap")


def read_rules(reader: Reader, money: Scale, table: dict[str, Any], policy: str | Policy | None) -> Rules:
    """Return the rules; ``policy`` (of the command line) replaces the file's. Where faults are noted: defaults."""
    values = {_name(key): _value(reader, ("rules", key), key, value, money) for key, value in table.items()}
    if policy is not None:
        values["policy"] = read_policy(reader, (), policy) if isinstance(policy, str) else policy
    given = {name: value for name, value in values.items() if value is not None}
    broken = values.keys() - given.keys()
    try:
        return Rules(**given)
    except ConfigError as refusal:
        for trouble in refusal.troubles:
            if not broken & {trouble.parameter, *trouble.others}:
                key = key_of(trouble.parameter)
                note(reader, ("rules", key), trouble, table.get(key), money)
        return Rules()


def _name(key: str) -> str:
    """Return how the law calls a switch of a file."""
    if key in (*BANDS, *SHARES):
        return f"{key}_ppb"
    return f"{key}_quanta" if key in CAPS else key.replace("_seconds", "_ns")


def _value(reader: Reader, here: Path, key: str, value: Any, money: Scale) -> Any:
    """Return a switch in the law's own unit; None where a fault is noted."""
    before = len(reader.faults)
    found = _read(reader, here, key, value, money)
    return found if len(reader.faults) == before and not reader.is_muted(here) else None


def _read(reader: Reader, here: Path, key: str, value: Any, money: Scale) -> Any:
    if key in (*BANDS, *SHARES):
        share_ppb = reader.units(here, value, RATE, 0)
        if share_ppb > PPB and key in SHARES:
            reader.fault(here, f"is {value}, a share is at most 1")
        return share_ppb
    if key in CAPS:
        return reader.units(here, value, money, 0)
    if key.endswith("_seconds"):
        return value * SECOND_NS
    if key in THROTTLES:
        return _throttle(reader, here, value, money)
    if key == "removed":
        for at, item in enumerate(value):
            reader.known((*here, at), item, EXCLUSIONS, "exclusion")
        return tuple(item for at, item in enumerate(value) if not reader.is_muted((*here, at)))
    return read_plug(reader, key, value, money) if key in PLUGS else value


def _throttle(reader: Reader, here: Path, tables: list[Any], money: Scale) -> Table:
    """Return a throttle's limits; each that does not follow from the one before is noted with it."""
    limits: list[Limit] = []
    for at, table in enumerate(tables):
        start, most = (*here, at, "stress_from"), (*here, at, "most")
        limit = Limit(
            reader.units(start, table["stress_from"], RATE, 0),
            reader.units(most, table["most"], money, 1),
        )
        if at == 0 and limit.stress_from_ppb != 0:
            reader.fault(start, f"is {table['stress_from']}, the first limit starts at 0")
        if limit.stress_from_ppb > PPB:
            reader.fault(start, f"is {table['stress_from']}, stress is a share, at most 1")
        if limits and limit.stress_from_ppb <= limits[-1].stress_from_ppb:
            before = tables[at - 1]["stress_from"]
            reader.fault(start, f"is {table['stress_from']}, it must lie above the {before} of the limit before")
        if limits and limit.most_quanta > limits[-1].most_quanta:
            reader.fault(most, f"is {table['most']}, above the {tables[at - 1]['most']} of the limit before")
        limits.append(limit)
    return tuple(limits)
