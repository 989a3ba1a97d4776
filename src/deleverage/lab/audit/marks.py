"""Is there one mark for one moment, the same for everybody who measures with it?"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from deleverage.lab.audit.finding import ERROR, WARNING, Check, Consequence, Finding, Unmade, Value
from deleverage.lab.audit.limits import Limits
from deleverage.lab.audit.view import View, number, ratio
from deleverage.lab.events.model import Fills, Texts, Whole

_CODE = "mark-mismatch"
_NEEDED = "needed_by_fills_usd"


def two_at_once(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding where one coin has two marks at one moment, or a mark jumps further than a moment allows."""
    fills = view.unique
    if fills is None or not np.isfinite(fills.mark).any():
        yield Unmade(_CODE, "marks of fills", "fills with a mark")
        return
    names, coin = np.unique(fills.coin.astype(str), return_inverse=True)
    order = np.lexsort((fills.time_ms, coin))
    before, after = order[:-1], order[1:]
    near = (coin[before] == coin[after]) & np.isfinite(fills.mark[before]) & np.isfinite(fills.mark[after])
    step = np.abs(np.log(fills.mark[after] / fills.mark[before]))
    passed = fills.time_ms[after] - fills.time_ms[before]
    for rows, told in (
        (near & (passed == 0) & (step > limits.rounding), "two marks of one coin at one moment"),
        (
            near & (passed > 0) & (passed <= limits.jump_ms) & (step > limits.jump),
            f"a mark that moves by more than {100 * limits.jump:g} % within {limits.jump_ms} ms",
        ),
    ):
        if rows.any():
            worst = int(np.flatnonzero(rows)[step[rows].argmax()])
            left, right = int(before[worst]), int(after[worst])
            yield Finding(
                _CODE,
                ERROR if not passed[worst] else WARNING,
                f"{told}, {int(rows.sum())} times",
                {"coin": str(names[coin[left]]), "table": "fills"},
                {
                    "times": int(rows.sum()),
                    "coins": len(np.unique(coin[after[rows]])),
                    "time_ms": int(fills.time_ms[right]),
                    "mark": float(fills.mark[left]),
                    "other_mark": float(fills.mark[right]),
                },
                _without(fills, np.isin(np.arange(len(fills)), np.concatenate([before[rows], after[rows]]))),
            )


def far_away(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding where fills lie far from their marks, marks far from the coin's, or marks are the fills."""
    fills = view.unique
    if fills is None or not np.isfinite(fills.mark).any():
        return
    off = np.abs(fills.price / fills.mark - 1)
    factor = fills.mark / np.array([view.event.marks.get(coin, np.nan) for coin in fills.coin])
    at_mark = np.isfinite(off) & (off == 0)
    base = int(np.isfinite(off).sum())
    alien = (factor > limits.unit) | (factor < 1 / limits.unit)
    far = off > limits.far_from_mark
    everywhere = base >= limits.enough_fills and at_mark.sum() >= limits.mark_is_price * base
    for rows, severity, told in (
        (far, ERROR, f"lie more than {100 * limits.far_from_mark:g} % from their mark"),
        (alien, ERROR, f"have a mark more than {limits.unit:g} times off the reference mark of their coin"),
        (
            at_mark if everywhere else np.zeros(len(fills), bool),
            WARNING,
            "have their own price as mark: nothing can be measured against it",
        ),
    ):
        if rows.any():
            worst = int(np.flatnonzero(rows)[np.nan_to_num(off[rows]).argmax()])
            coin = str(fills.coin[worst])
            evidence: dict[str, Value] = {
                "fills": int(rows.sum()),
                "of": len(fills),
                "price": float(fills.price[worst]),
                "mark": float(fills.mark[worst]),
                "reference_mark": view.event.marks.get(coin),
            }
            where: dict[str, Value] = {"coin": coin, "table": "fills"}
            told = f"{int(rows.sum())} of {len(fills)} fills {told}"
            yield Finding(_CODE, severity, told, where, evidence, _without(fills, rows))


def tables_against_fills(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding where a wave's gaps, coin by coin, are not those of its fills."""
    fills = view.unique
    if fills is None or not any(row.coins for row in view.event.waves):
        yield Unmade(_CODE, "gaps of waves beside those of fills", "fills, and waves with coins")
        return
    gap, places = np.abs(fills.mark - fills.price) * fills.size, _places(view.wave_of(fills.time_ms), fills.coin)
    nowhere = np.zeros(0, np.int64)
    wrong: list[tuple[float, int, str, float, float]] = []
    for at, row in enumerate(view.event.waves):
        for cell in row.coins:
            mine = places.get((at, cell.coin), nowhere)
            ours, units = float(gap[mine].sum()), float(fills.size[mine].sum())
            comparable = np.isfinite(ours) and abs(units - cell.quantity) <= limits.rounding * units
            if comparable and abs(ours - cell.gap_usd) > limits.rounding * max(ours, cell.gap_usd):
                wrong.append((abs(ours - cell.gap_usd), row.number, cell.coin, cell.gap_usd, ours))
    if wrong:
        _, number_of, coin, said, ours = max(wrong)
        total = sum(row.needed_usd for row in view.event.waves)
        yield Finding(
            _CODE,
            ERROR,
            f"{len(wrong)} gaps of coins in waves are not those of the fills: they are measured against other marks",
            {"waves": sorted({item[1] for item in wrong}), "coin": coin, "table": "waves"},
            {"cells": len(wrong), "wave": number_of, "gap_usd": said, "gap_of_fills_usd": ours},
            Consequence("total_needed_usd", number(total), number(total + sum(item[4] - item[3] for item in wrong))),
        )


def _places(wave: Whole, coin: Texts) -> dict[tuple[int, str], Whole]:
    """Return the places of the fills of each wave and coin, in the order of the fills."""
    names: dict[str, int] = {}
    codes = np.array([names.setdefault(name, len(names)) for name in coin], np.int64)
    order = np.lexsort((codes, wave))
    new = (np.diff(wave[order]) != 0) | (np.diff(codes[order]) != 0)
    groups = np.split(order, np.flatnonzero(new) + 1) if len(order) else []
    return {(int(wave[group[0]]), coin[group[0]]): group for group in groups}


def tables_alone(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding where a table contradicts itself: units times gap, sum of gaps, a gap that is half the mark."""
    if not any(row.coins for row in view.event.waves):
        yield Unmade(_CODE, "gaps of waves, coin by coin", "waves with coins")
        return
    total = sum(row.needed_usd for row in view.event.waves)
    for row in view.event.waves:
        for cell in row.coins:
            product = cell.quantity * cell.gap_per_unit_usd
            mark = view.event.marks.get(cell.coin, float("nan"))
            odd = abs(product - cell.gap_usd) > limits.rounding * max(product, cell.gap_usd)
            if odd or cell.gap_per_unit_usd > limits.far_from_mark * mark:
                yield Finding(
                    _CODE,
                    ERROR,
                    f"wave {row.number}, {cell.coin}: a gap of {cell.gap_per_unit_usd:g} USD a unit, of "
                    f"{cell.quantity:g} units, is not {cell.gap_usd:g} USD, or not one at a mark of {mark:g} USD",
                    {"waves": [row.number], "coin": cell.coin, "table": "waves"},
                    {
                        "gap_usd": cell.gap_usd,
                        "quantity": cell.quantity,
                        "gap_per_unit_usd": cell.gap_per_unit_usd,
                        "reference_mark": number(mark),
                    },
                    Consequence("total_needed_usd", number(total), number(total - cell.gap_usd)),
                )
        gaps = sum(cell.gap_usd for cell in row.coins)
        if row.coins and abs(gaps - row.needed_usd) > limits.rounding * max(gaps, row.needed_usd):
            yield Finding(
                _CODE,
                ERROR,
                f"wave {row.number} needs {row.needed_usd:,.2f} USD, the gaps of its coins are {gaps:,.2f} USD",
                {"waves": [row.number], "table": "waves"},
                {"needed_usd": row.needed_usd, "gaps_usd": gaps},
                Consequence("total_needed_usd", number(total), number(total - row.needed_usd + gaps)),
            )


def averages(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding where average prices of coins times their quantities are not their notionals."""
    rows = [row for row in view.event.coins if row.quantity > 0 and row.notional_usd > 0]
    if not rows:
        yield Unmade(_CODE, "average prices of coins beside their notionals", "totals of coins")
        return
    off = {row.coin: row.quantity * row.price_usd / row.notional_usd for row in rows}
    wrong = {coin: factor for coin, factor in off.items() if abs(factor - 1) > limits.average}
    if wrong:
        worst = max(wrong, key=lambda coin: (abs(wrong[coin] - 1), coin))
        total = sum(row.notional_usd for row in rows)
        yield Finding(
            _CODE,
            WARNING,
            f"the average price of {len(wrong)} of {len(rows)} coins times their quantity is not their notional: it is "
            "no volume-weighted one, and a poor reference mark",
            {"coin": worst, "table": "coins"},
            {"coins": len(wrong), "of": len(rows), "factor_of_the_worst": wrong[worst]},
            Consequence(
                "notional_of_the_event_usd", number(sum(row.quantity * row.price_usd for row in rows)), number(total)
            ),
        )


def no_time_passed(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding where a wave without length took more than its gaps: marks had no time to move."""
    rows = [row for row in view.event.waves if row.taken_usd.get(0) is not None and row.start_ms == row.end_ms]
    if not rows:
        yield Unmade(_CODE, "haircuts of waves that last no time", "such a wave with what was taken at its end")
    headline, total = view.headline_taken(0)
    for row in rows:
        usd = row.taken_usd[0]
        if usd > row.needed_usd * (1 + limits.rounding):
            yield Finding(
                _CODE,
                ERROR,
                f"wave {row.number} lasts no time, yet took {usd:,.2f} USD where all gaps to the mark are "
                f"{row.needed_usd:,.2f} USD: the two are measured against different marks",
                {"waves": [row.number]},
                {
                    "taken_usd": usd,
                    "needed_usd": row.needed_usd,
                    "ratio": ratio(usd, row.needed_usd),
                },
                Consequence(headline, number(total), number(total - usd + row.needed_usd)),
            )


def _without(fills: Fills, wrong: NDArray[np.bool_]) -> Consequence:
    gap = np.abs(fills.mark - fills.price) * fills.size
    usable = np.isfinite(gap)
    return Consequence(_NEEDED, float(gap[usable].sum()), float(gap[usable & ~wrong].sum()))


MARKS = Check(
    _CODE,
    "Is there one mark for one moment?",
    (two_at_once, far_away, tables_against_fills, tables_alone, averages, no_time_passed),
)
