"""What a scenario file says about requirements: margin tables, schedules, and what is announced on the way."""

from typing import Any

from deleverage.rulebook.book import Tier
from deleverage.rulebook.messages import AnnounceRequirements
from deleverage.rulebook.quantities import MARGIN_SCALE, PPB, Scale, div_floor, format_units, initial_rate_ceil
from deleverage.rulebook.schedule import Driver, Schedule
from deleverage.scenarios.faults import Path, Reader
from deleverage.scenarios.plugs import RATE

SECOND_NS = 1_000_000_000


def read_tiers(reader: Reader, money: Scale, path: Path, tables: list[Any]) -> tuple[Tier, ...]:
    """Return a market's margin table; ``path`` is the market's."""
    tiers: list[Tier] = []
    for at, table in enumerate(tables):
        here = (*path, "tiers", at)
        start = reader.units((*here, "from"), table["from"], money, 0)
        before = tiers[-1].from_notional_quanta if tiers else None
        if at == 0 and start != 0:
            reader.fault((*here, "from"), f"is {table['from']}, the first tier starts at 0")
        if before is not None and start <= before:
            reader.fault(
                (*here, "from"),
                f"is {table['from']}, it must lie above the {tables[at - 1]['from']} of the tier before",
            )
        close_out = reader.units((*here, "close_out"), table.get("close_out", 0), RATE, 0)
        maintenance = reader.units((*here, "maintenance"), table["maintenance"], RATE, 0)
        initial = _initial(reader, here, table)
        if close_out > maintenance:
            reader.fault(
                (*here, "close_out"), f"is {table['close_out']}, above the maintenance rate {table['maintenance']}"
            )
        if initial < maintenance:
            said = table.get("initial", f"1 / {table.get('max_leverage', 1)}")
            key = "initial" if "initial" in table else "max_leverage"
            reader.fault((*here, key), f"is {said}, below the maintenance rate {table['maintenance']}")
        for key, rate_ppb in (("maintenance", maintenance), ("initial", initial)):
            if rate_ppb > PPB:
                reader.fault((*here, key), f"is {table[key]}, a rate is a share of notional, at most 1")
        of_maintenance, of_initial, of_close_out = (
            _deduction(reader, money, (*here, f"{key}_deduction"), table, start * rate_ppb)
            for key, rate_ppb in (("maintenance", maintenance), ("initial", initial), ("close_out", close_out))
        )
        tiers.append(Tier(start, maintenance, initial, of_maintenance, of_initial, close_out, of_close_out))
    return tuple(tiers)


def _deduction(reader: Reader, money: Scale, path: Path, table: dict[str, Any], at_start: int) -> int:
    """Return a deduction; one above the requirement at the tier's start (quanta x 10^9) would switch it off there."""
    key = str(path[-1])
    deduction = reader.units(path, table.get(key, 0), money, 0)
    idle = key == "close_out_deduction" and "close_out" not in table
    if deduction * PPB > at_start and not idle:
        asked = format_units(div_floor(at_start, PPB), money)
        reader.fault(
            path, f"is {table[key]}, above the {asked} that the tier asks for where it starts: nothing is left of it"
        )
    return deduction


def _initial(reader: Reader, here: Path, table: dict[str, Any]) -> int:
    """Return a tier's initial rate in ppb: as written, or that of the largest leverage; where both stand they agree."""
    written = reader.units((*here, "initial"), table["initial"], RATE, 0) if "initial" in table else None
    if "max_leverage" not in table:
        if written is None:
            reader.fault((*here, "initial"), "is missing: a tier has an initial rate or a max_leverage")
        return PPB if written is None else written
    most = read_leverage(reader, (*here, "max_leverage"), table["max_leverage"])
    rate = initial_rate_ceil(most)
    if written is not None and written != rate:
        reader.fault((*here, "max_leverage"), f"is {table['max_leverage']}, but the initial rate is {table['initial']}")
    return rate


def read_leverage(reader: Reader, path: Path, value: object) -> int:
    """Return a leverage in ppb, from 1x to 10^9x."""
    leverage_ppb = max(PPB, reader.units(path, value, RATE, PPB))
    if leverage_ppb > MARGIN_SCALE:
        reader.fault(path, f"is {value}, a leverage is at most {PPB}")
        return PPB
    return leverage_ppb


def read_schedule(reader: Reader, path: Path, table: dict[str, Any]) -> Schedule:
    """Return a market's schedule; what is left out does not move."""
    values: dict[str, Any] = {}
    for key in ("floor", "cap", "max_step"):
        if key in table:
            values[f"{key}_ppb"] = reader.units((*path, key), table[key], RATE, 0 if key == "max_step" else 1)
    if values.get("floor_ppb", PPB) > PPB:
        reader.fault((*path, "floor"), f"is {table['floor']}, above 1: the published table lies within the bounds")
    if values.get("cap_ppb", PPB) < PPB:
        reader.fault((*path, "cap"), f"is {table['cap']}, below 1: the published table lies within the bounds")
    if "notice_seconds" in table:
        values["min_notice_ns"] = table["notice_seconds"] * SECOND_NS
    for key in ("volatility", "open_interest", "concentration", "unit_share"):
        if key in table:
            start, slope = (reader.units((*path, key, end), table[key][end], RATE, 0) for end in ("from", "slope"))
            values[key] = Driver(start, slope)
    return Schedule(**values)


def read_announcement(
    reader: Reader, path: Path, market_id: str, table: dict[str, Any], time_ns: int
) -> AnnounceRequirements:
    """Return one announcement of a frame, effective ``after_seconds`` (0) later."""
    concentration = reader.units((*path, "concentration"), table.get("concentration", 0), RATE, 0)
    if concentration > PPB:
        reader.fault((*path, "concentration"), f"is {table['concentration']}, a share is at most 1")
    return AnnounceRequirements(
        time_ns=time_ns,
        market_id=market_id,
        volatility_ppb=reader.units((*path, "volatility"), table.get("volatility", 0), RATE, 0),
        concentration_ppb=concentration,
        effective_ns=time_ns + table.get("after_seconds", 0) * SECOND_NS,
    )
