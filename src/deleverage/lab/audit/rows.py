"""Is every row there once, and every account once in what rows are added up to?"""

from collections import Counter
from collections.abc import Hashable, Iterator

import numpy as np
from numpy.typing import NDArray

from deleverage.lab.audit.finding import ERROR, INFO, WARNING, Check, Consequence, Finding, Unmade
from deleverage.lab.audit.limits import Limits
from deleverage.lab.audit.view import View, known, number, ratio
from deleverage.lab.events.model import Repeat, Shock, Wave

_CODE = "row-counted-twice"
_LINES = 20
"""So many places are named; all are counted."""


def fills_twice(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding where fills come again under one key, or so many are alike that no key would tell them apart."""
    fills = view.event.fills
    if fills is None:
        yield Unmade(_CODE, "fills that are there twice", "fills")
        return
    usd = fills.size * fills.price
    nameless = (fills.key == "").any()
    alike = _alike(view) if nameless else np.zeros(len(fills), bool)
    for again, severity, told in (
        (view.repeats, ERROR, "are there a second time under the same key"),
        (
            alike,
            WARNING if alike.sum() > limits.alike * len(fills) else INFO,
            "are like another one in everything, and no key tells them apart",
        ),
    ):
        if again.any():
            first = int(np.flatnonzero(again)[0])
            yield Finding(
                _CODE,
                severity,
                f"{int(again.sum())} of {len(fills)} fills {told}",
                {"account": str(fills.user[first]), "coin": str(fills.coin[first]), "table": "fills"},
                {
                    "fills": int(again.sum()),
                    "of": len(fills),
                    "notional_usd": number(float(usd[again].sum())),
                    "key": str(fills.key[first]),
                    "time_ms": int(fills.time_ms[first]),
                },
                Consequence("notional_of_the_event_usd", number(float(usd.sum())), number(float(usd[~again].sum()))),
            )


def cells_twice(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding for each table in which something that is one stands twice."""
    del limits
    event = view.event
    tables: tuple[tuple[str, list[Hashable]], ...] = (
        ("waves", [row.number for row in event.waves]),
        ("coins of waves", [(row.number, cell.coin) for row in event.waves for cell in row.coins]),
        ("claims", [(claim.wave, claim.policy, claim.name) for claim in event.claims]),
        ("shocks", [(row.coin, row.number) for row in event.shocks]),
        ("reactions", [row.user for row in event.reactions]),
        ("coins", [row.coin for row in event.coins]),
    )
    for table, keys in tables:
        twice = {str(key): times for key, times in Counter(keys).items() if times > 1}
        if twice:
            first = min(twice)
            yield Finding(
                _CODE,
                ERROR,
                f"{len(twice)} rows of {table} are there more than once",
                {"table": table},
                {"rows": len(keys), "different": len(set(keys)), "first": first, "times": twice[first]},
                Consequence(f"rows_of_{table.replace(' ', '_')}", float(len(keys)), float(len(set(keys)))),
            )


def rows_twice(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding for each table that holds rows a second time, in every cell: what they would add to its total."""
    del limits
    tables: dict[str, list[Repeat]] = {}
    for one in view.event.repeats:
        tables.setdefault(one.file, []).append(one)
    for file, rows in tables.items():
        first = rows[0]
        more = sum(row.usd for row in rows)
        yield Finding(
            _CODE,
            ERROR,
            f"{len(rows)} rows of {file} are there a second time, the same in every cell",
            {"table": file, "lines": [row.line for row in rows[:_LINES]]},
            {"rows": len(rows), "line": first.line, "first_line": first.first_line, "sum_of_them": more},
            Consequence(f"sum_of_{first.column}", first.total + more, first.total),
        )


def deficits_by_row(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding where clusters of coins add up to more than all accounts lack, each counted once.

    Where tables leave out waves, clusters outside of the waves are left out as well.
    """
    rows = view.event.waves
    inside = [shock for shock in view.event.shocks if any(_within(shock, row) for row in rows)]
    by_tables = view.deficit - view.repeated_surplus
    once = max((usd for usd in (by_tables, view.deficit_once) if known(usd)), default=float("nan"))
    if not inside or not known(once):
        yield Unmade(_CODE, "deficits of clusters beside those of accounts", "clusters of coins, and deficits of waves")
        return
    summed = sum(row.deficit_usd for row in inside)
    if summed <= once * (1 + limits.recognised_again):
        return
    everywhere = sum(row.deficit_usd for row in view.event.shocks)
    largest = max(inside, key=lambda row: row.deficit_usd)
    yield Finding(
        _CODE,
        WARNING,
        f"clusters of coins add up to a deficit of {summed:,.2f} USD, accounts to {once:,.2f} USD, each counted once: "
        "the clusters count rows (an account's several times), or other accounts",
        {"table": "shocks", "coin": largest.coin},
        {
            "by_cluster_usd": summed,
            "once_usd": once,
            "ratio": ratio(summed, once),
            "clusters_with_deficit": sum(row.deficit_usd > 0 for row in inside),
            "of_all_clusters_usd": everywhere,
            "clusters_outside_of_waves": len(view.event.shocks) - len(inside),
            "largest_usd": largest.deficit_usd,
        },
        Consequence("deficit_of_clusters_usd", everywhere, everywhere - summed + once),
    )


def _within(shock: Shock, row: Wave) -> bool:
    return row.start_ms <= shock.start_ms and shock.end_ms <= row.end_ms


def more_than_all(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding where waves hold more of a coin, or more fills, than the event."""
    totals = {row.coin: row for row in view.event.coins}
    if not totals or not view.event.waves:
        yield Unmade(_CODE, "waves beside totals of coins", "waves, and totals of coins")
        return
    units: dict[str, float] = {}
    for row in view.event.waves:
        for cell in row.coins:
            units[cell.coin] = units.get(cell.coin, 0.0) + cell.quantity
    beyond = {
        coin: ratio(amount, totals[coin].quantity) or float(amount > 0) * 1e300
        for coin, amount in units.items()
        if coin in totals and amount > totals[coin].quantity * (1 + limits.rounding)
    }
    if beyond:
        worst = max(beyond, key=lambda coin: (beyond[coin], coin))
        yield Finding(
            _CODE,
            ERROR,
            f"waves hold more of {len(beyond)} coins than the whole event: rows in two waves, or other units",
            {"coin": worst, "table": "waves"},
            {"coins": len(beyond), "quantity": units[worst], "of": totals[worst].quantity, "ratio": beyond[worst]},
            Consequence(f"quantity_of_{worst}", units[worst], totals[worst].quantity),
        )
    counted, total = sum(row.fills for row in view.event.waves), sum(row.fills for row in totals.values())
    if counted > total:
        yield Finding(
            _CODE,
            ERROR,
            f"waves hold {counted:,} fills, the event {total:,}",
            {"table": "waves"},
            {"fills": counted, "of": total},
            Consequence("fills_in_the_event", float(counted), float(total)),
        )


def _alike(view: View) -> NDArray[np.bool_]:
    """Return which fills are like an earlier one in everything that is known of them."""
    fills = view.event.fills
    if fills is None:
        return np.zeros(0, bool)
    seen: set[tuple[object, ...]] = set()
    again = np.zeros(len(fills), bool)
    columns = (fills.time_ms.tolist(), fills.coin, fills.user, fills.side.tolist(), fills.size.tolist())
    for at, row in enumerate(zip(*columns, fills.price.tolist(), fills.against, fills.key, strict=True)):
        again[at] = row[-1] == "" and row in seen
        seen.add(row)
    return again


ROWS = Check(
    _CODE,
    "Is every row, and every account in a sum, there once?",
    (fills_twice, cells_twice, rows_twice, deficits_by_row, more_than_all),
)
