"""What a played event says: one JSON document, and the same numbers as a page of text.

Money is a decimal string in USD, exact to the quantum (10^-6 USD); every total stands beside the numbers it is made of.
"""

from typing import Any

from deleverage import __version__
from deleverage.lab.event import ASSUMPTIONS, EventResult
from deleverage.lab.numbers import grouped, share, usd, usd_plain
from deleverage.lab.wave_step import CoinOutcome, WaveOutcome
from deleverage.rulebook.quantities import PPB, Scale, div_half_even, format_units

SCHEMA_VERSION = 1

DEFINITIONS = {
    "needed": "sum of the rows' gap x quantity: how far below zero the bankrupts' equity lies at the reference mark",
    "fund": "stage 4: insurance fund money paid for shortfalls",
    "moved": "stage 5: from winners to bankrupts, amounts of the fills less value at the mark (equity-USD, tear-up)",
    "to_stage_6": "shortfall that stage 5 could not or may not ask of winners, left without lots",
    "haircut": "stage 6: cut from gains that are still open",
    "residual": "stage 7: named and published, paid by nobody",
    "published": "the same total as the source's own table prints it",
}

_SUMMED = ("needed", "fund", "moved", "to_stage_6", "haircut", "residual")


def event_document(result: EventResult) -> dict[str, Any]:
    """Return the event as one JSON-ready document; no floats, money as decimal strings of USD."""
    event, options = result.event, result.options
    published = result.published_quanta
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "event",
        "program": f"deleverage {__version__}",
        "currency": "USD",
        "quantum_usd": usd_plain(1),
        "definitions": DEFINITIONS,
        "assumptions": list(ASSUMPTIONS),
        "notes": list(event.notes),
        "options": {
            "seed": str(options.seed),
            "accounts": options.accounts,
            "price_rule": options.price_rule,
            "fund_usd": usd_plain(options.fund_quanta),
            "population_equity": format_units(options.population_equity_ppb, Scale(1, 9)),
            "rules_sha256": result.rules_hash,
        },
        "population": {
            "synthetic": True,
            "seed": str(options.seed),
            "accounts": result.shape.accounts,
            "notional_usd": usd_plain(result.shape.notional_quanta),
            "gini": share(result.shape.gini_ppb),
            "top_10_share": share(result.shape.top_10_ppb),
            "top_100_share": share(result.shape.top_100_ppb),
            "misses": list(result.shape.faults),
        },
        "total": {
            **{f"{name}_usd": usd_plain(result.total(f"{name}_quanta")) for name in _SUMMED},
            "published_usd": None if published is None else usd_plain(published),
            "over_collected_usd": usd_plain(sum(max(0, w.moved_quanta - w.needed_quanta) for w in result.waves)),
            "under_collected_usd": usd_plain(sum(max(0, w.needed_quanta - w.moved_quanta) for w in result.waves)),
            "residual_lots": str(result.total("residual_lots")),
            "waves": len(result.waves),
            "coins_in_waves": sum(len(wave.coins) for wave in result.waves),
            "fills_of_winners": result.total("closings"),
            "fund_left_usd": usd_plain(result.fund_left_quanta),
        },
        "waves": [_wave(result, wave) for wave in result.waves],
        "rounding": {
            "rule": "half to even",
            "money": event.money_moved.as_json(),
            "lots_at_mark": event.lots_moved.as_json(),
            "notional_by_mark": event.marks_moved.as_json(),
            "gap_per_contract_mismatches": event.gap_mismatches,
        },
        "physical_bounds": _bounds(result),
        "provenance": [
            {"file": source.file, "sha256": source.sha256, "bytes": source.size_bytes} for source in event.sources
        ],
        "conservation": {"exact": True, "checked": "after every fact, and in full after marks and stages"},
    }


def _bounds(result: EventResult) -> dict[str, Any]:
    """Return how the largest gap compares with its row's notional: above it, the price would be below zero."""
    shares = []
    for wave in result.waves:
        for outcome in wave.coins:
            notional = outcome.lots * result.event.coins[outcome.coin].mark_ticks
            shares.append((div_half_even(outcome.gap_quanta * PPB, notional), wave.wave, outcome.coin))
    if not shares:
        return {"rows_above_notional": 0, "largest_gap_of_notional": None}
    largest_ppb, wave_number, coin = max(shares)
    return {
        "rows_above_notional": sum(ppb > PPB for ppb, _, _ in shares),
        "largest_gap_of_notional": share(largest_ppb),
        "wave": wave_number,
        "coin": coin,
    }


def _wave(result: EventResult, wave: WaveOutcome) -> dict[str, Any]:
    published = wave.published_quanta
    return {
        "wave": wave.wave,
        "start_ms": str(wave.start_ms),
        "end_ms": str(wave.end_ms),
        **{f"{name}_usd": usd_plain(getattr(wave, f"{name}_quanta")) for name in _SUMMED},
        "published_usd": None if published is None else usd_plain(published),
        "residual_lots": str(wave.residual_lots),
        "winners": wave.winners,
        "winners_equity_usd": usd_plain(wave.winners_equity_quanta),
        "fills_of_winners": wave.closings,
        "facts": wave.facts,
        "digest": wave.digest,
        "coins": [_coin(result, coin) for coin in wave.coins],
    }


def _coin(result: EventResult, outcome: CoinOutcome) -> dict[str, Any]:
    coin = result.event.coins[outcome.coin]
    return {
        "coin": outcome.coin,
        "closed": format_units(outcome.lots, coin.lot),
        "closed_lots": str(outcome.lots),
        "mark_usd": format_units(coin.mark_ticks, coin.tick),
        "mark_basis": coin.basis,
        "gap_usd": usd_plain(outcome.gap_quanta),
        "fund_usd": usd_plain(outcome.fund_quanta),
        "moved_usd": usd_plain(outcome.moved_quanta),
        "to_stage_6_usd": usd_plain(outcome.unpaid_quanta),
    }


# -- for people -------------------------------------------------------------------------------------------------------


def event_text(result: EventResult) -> str:
    """Return the event as text: a line per wave, totals, population, rounding, assumptions; last, conservation."""
    lines = ["A real event moved through the waterfall. Money in USD; winners are synthetic counterparties.", ""]
    lines += _table(result)
    lines += ["", *_total_lines(result), "", *_population_lines(result), "", *_rounding_lines(result), ""]
    lines += ["assumptions", *(f"  - {line}" for line in (*ASSUMPTIONS, *result.event.notes)), ""]
    lines += ["inputs", *(f"  {s.file}  sha256 {s.sha256}  {s.size_bytes:,} bytes" for s in result.event.sources), ""]
    lines.append("conservation: exact")
    return "\n".join(lines)


def _table(result: EventResult) -> list[str]:
    heads = ("wave", "coins", "fills", "needed", "fund", "moved", "to stage 6", "residual")
    names = ("needed", "fund", "moved", "to_stage_6", "residual")
    rows = [
        (
            str(wave.wave),
            str(len(wave.coins)),
            f"{wave.closings:,}",
            *(usd(getattr(wave, f"{name}_quanta")) for name in names),
        )
        for wave in result.waves
    ]
    rows.append(
        (
            "all",
            str(sum(len(wave.coins) for wave in result.waves)),
            f"{result.total('closings'):,}",
            *(usd(result.total(f"{name}_quanta")) for name in names),
        )
    )
    widths = [max(len(row[at]) for row in (heads, *rows)) for at in range(len(heads))]
    table = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in (heads, *rows)]
    rule = "-" * len(table[0])
    return [table[0], rule, *table[1:-1], rule, table[-1]]


def _total_lines(result: EventResult) -> list[str]:
    moved, needed = result.total("moved_quanta"), result.total("needed_quanta")
    differences = [wave.moved_quanta - wave.needed_quanta for wave in result.waves]
    over, under = sum(max(0, item) for item in differences), sum(max(0, -item) for item in differences)
    why = f"fund {usd(result.total('fund_quanta'))}, stage 6 {usd(result.total('to_stage_6_quanta'))}"
    lines = [
        f"moved from winners in stage 5   {usd(moved)} USD",
        f"needed by the bankrupts         {usd(needed)} USD  ({DEFINITIONS['needed']})",
        f"over-collected, wave by wave    {usd(over)} USD",
        f"under-collected, wave by wave   {usd(under)} USD  ({why})",
    ]
    if (published := result.published_quanta) is not None:
        lines.append(
            f"published total needed          {usd(published)} USD  (differs by {usd(needed - published)} USD)"
        )
    if result.options.fund_quanta:
        lines.append(
            f"fund at the start and the end   {usd(result.options.fund_quanta)}, {usd(result.fund_left_quanta)} USD"
        )
    return lines


def _population_lines(result: EventResult) -> list[str]:
    options = result.options
    lines = [
        f"winners (synthetic, seed {options.seed}): {result.shape}",
        *(f"  {line}" for line in result.shape.faults),
    ]
    if options.population_equity_ppb != PPB:
        lines.append(f"  their equity is scaled by {format_units(options.population_equity_ppb, Scale(1, 9))}")
    return lines


def _rounding_lines(result: EventResult) -> list[str]:
    event = result.event
    lines = ["rounding of the inputs, half to even, total moved per direction"]
    for name, moved in (
        ("gaps, to 10^-6 USD", event.money_moved),
        ("quantities, to lots (value at the mark)", event.lots_moved),
        ("marks, to ticks (change of notional)", event.marks_moved),
    ):
        found = moved.as_json()
        up, down = grouped(str(found["up_usd"])), grouped(str(found["down_usd"]))
        lines.append(f"  {name:<40} up {up} USD ({moved.up_count}), down {down} USD ({moved.down_count})")
    lines.append(f"  rows whose gap per contract x quantity is another gap: {event.gap_mismatches}")
    bounds = _bounds(result)
    if bounds["largest_gap_of_notional"] is not None:
        lines.append(
            f"physical bounds: {bounds['rows_above_notional']} rows have a gap above their notional; the largest share "
            f"is {bounds['largest_gap_of_notional']} ({bounds['coin']}, wave {bounds['wave']})"
        )
    return lines
