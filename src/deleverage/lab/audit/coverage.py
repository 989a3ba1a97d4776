"""Is the whole event in the tables, and is it one counterparty's event?"""

from collections.abc import Iterator

import numpy as np

from deleverage.lab.audit.finding import ERROR, INFO, WARNING, Check, Consequence, Finding, Unmade, Value
from deleverage.lab.audit.limits import Limits
from deleverage.lab.audit.view import View, ratio

_COVERAGE, _COUNTERPARTY = "coverage", "counterparty-concentration"
_NAMES = 20
"""So many are named; all are counted."""


def fills_in_waves(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding where waves hold fewer fills than the event."""
    rows, total = view.event.waves, _fills(view)
    if not rows or total is None:
        yield Unmade(_COVERAGE, "fills in waves, of all", "waves, and fills or totals of coins")
        return
    covered = sum(row.fills for row in rows)
    if not total or covered >= limits.covered * total:
        return
    missing = sorted(set(range(1, max(view.numbers) + 1)) - set(view.numbers))
    yield Finding(
        _COVERAGE,
        ERROR if covered < limits.badly_covered * total else WARNING,
        f"waves hold {covered:,} of {total:,} fills",
        {"table": "waves"},
        {
            "fills": covered,
            "of": total,
            "share": covered / total,
            "waves": len(rows),
            "highest_wave": max(view.numbers),
            "missing_numbers": list(missing),
        },
        Consequence("fills_in_the_event", float(covered), float(total)),
    )


def notional_in_waves(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding where the coins of waves are fewer units than the event's; the coin that misses most is named."""
    totals = {row.coin: row for row in view.event.coins}
    if not totals or not any(row.coins for row in view.event.waves):
        yield Unmade(_COVERAGE, "units of coins in waves, of all", "waves with coins, and totals of coins")
        return
    if view.event.fills is None:
        yield Unmade(_COVERAGE, "notional at the prices of fills; the largest fill that is left out", "fills")
    units = dict.fromkeys(totals, 0.0)
    for row in view.event.waves:
        for cell in row.coins:
            name = getattr(view.total_of(cell.coin), "coin", cell.coin)
            units[name] = units.get(name, 0.0) + cell.quantity
    priced = {coin: units[coin] * view.worth(coin) for coin in totals}
    covered, total = sum(priced.values()), sum(row.notional_usd for row in totals.values())
    if not total > 0 or covered >= limits.covered * total:
        return
    left = {coin: row.notional_usd - priced[coin] for coin, row in totals.items()}
    most = max(left, key=lambda coin: (left[coin], coin))
    yield Finding(
        _COVERAGE,
        ERROR if covered < limits.badly_covered * total else WARNING,
        f"waves hold {covered / 1e6:,.2f} of {total / 1e6:,.2f} million USD, each coin at its volume-weighted "
        f"average; of {most} {left[most] / 1e6:,.2f} million are in none",
        {"coin": most, "table": "waves"},
        {
            "notional_usd": covered,
            "of_usd": total,
            "share": covered / total,
            "most_left_out_usd": left[most],
            "share_of_that_coin": ratio(priced[most], totals[most].notional_usd),
            "coins_in_no_wave": sum(not amount for amount in priced.values()),
        },
        Consequence("notional_of_the_event_usd", covered, total),
    )


def coins_of_waves(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding where waves have a coin that the totals of the event do not know."""
    del limits
    if not view.event.coins or not any(row.coins for row in view.event.waves):
        return  # Said already, by the look at units.
    unknown: dict[str, float] = {}
    for row in view.event.waves:
        for cell in row.coins:
            if view.total_of(cell.coin) is None and cell.coin not in view.event.marks:
                unknown[cell.coin] = unknown.get(cell.coin, 0.0) + cell.gap_usd
    if not unknown:
        return
    most = max(unknown, key=lambda coin: (unknown[coin], coin))
    gaps = sum(cell.gap_usd for row in view.event.waves for cell in row.coins)
    yield Finding(
        _COVERAGE,
        WARNING,
        f"waves have {len(unknown)} coins that the event's totals do not have: another name, or another event",
        {"coin": most, "table": "waves"},
        {"coins": len(unknown), "gap_usd": sum(unknown.values()), "of_usd": gaps, "names": sorted(unknown)[:_NAMES]},
        Consequence("sum_of_gaps_usd", gaps, gaps - sum(unknown.values())),
    )


def other_counts(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding where another table of the source counts other fills than there are."""
    del limits
    total = _fills(view)
    if total is None or not view.event.reactions:
        yield Unmade(_COVERAGE, "fills by account, of all", "reactions of accounts, and fills or totals of coins")
        return
    counted = sum(row.fills for row in view.event.reactions)
    if counted != total:
        yield Finding(
            _COVERAGE,
            INFO,
            f"accounts have {counted:,} fills, the event {total:,}: the two tables are cut differently",
            {"table": "reactions"},
            {"fills": counted, "of": total, "difference": counted - total, "accounts": len(view.event.reactions)},
            Consequence("fills_in_the_event", float(counted), float(total)),
        )


def one_counterparty(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding where one liquidated account stands behind most of the notional."""
    fills = view.unique
    if fills is None or not (fills.against != "").any():
        yield Unmade(_COUNTERPARTY, "against whom was closed", "fills that name the liquidated account")
        return
    usd = np.nan_to_num(fills.size * fills.price)
    names, place = np.unique(fills.against.astype(str), return_inverse=True)
    behind = np.bincount(place, usd, len(names)) * (names != "")
    total, most = float(usd.sum()), int(behind.argmax())
    if len(fills) < limits.enough_fills or behind[most] <= limits.one_account * total:
        return
    evidence: dict[str, Value] = {
        "notional_usd": float(behind[most]),
        "of_usd": total,
        "share": float(behind[most] / total),
        "fills": int((place == most).sum()),
        "of_fills": len(fills),
        "counterparties": int((names != "").sum()),
        "hhi": float(((behind / total) ** 2).sum()),
    }
    yield Finding(
        _COUNTERPARTY,
        WARNING,
        f"{names[most]} stands behind {100 * behind[most] / total:.1f} % of the notional: a vault or backstop is no "
        "trader, and belongs apart",
        {"account": str(names[most]), "table": "fills"},
        evidence,
        Consequence("notional_of_the_event_usd", total, total - float(behind[most])),
    )


def _fills(view: View) -> int | None:
    """Return how many fills the event has, each once; None where nobody says."""
    if view.unique is not None:
        return len(view.unique)
    return sum(row.fills for row in view.event.coins) if view.event.coins else None


COVERAGE = Check(
    _COVERAGE,
    "Is the whole event in the tables?",
    (fills_in_waves, notional_in_waves, coins_of_waves, other_counts),
)
COUNTERPARTY = Check(_COUNTERPARTY, "Is one account behind most of it?", (one_counterparty,))
