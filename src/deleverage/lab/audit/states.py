"""Are states of accounts about the moment before the fill they go with, and do they change when something happens?"""

from collections.abc import Iterator
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from deleverage.lab.audit.finding import ERROR, WARNING, Check, Consequence, Finding, Unmade, Value
from deleverage.lab.audit.limits import Limits
from deleverage.lab.audit.view import View, digits, groups_of, number
from deleverage.lab.events.model import Fills, States, Whole

_CODE = "stale-state"
_CENT = 0.01
_EQUITY = "equity_of_winners_usd"


def wrong_moment(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding for statements about a moment after their fill, and one for those from long before it."""
    pair = _with_fills(view)
    if pair is None:
        yield Unmade(_CODE, "moments of statements", "states that go with fills")
        return
    states, fills = pair
    lag = fills.time_ms[states.fill] - states.stated_ms
    for wrong, severity, told in (
        (lag < 0, ERROR, "are about a moment after their fill: they know what the fill did"),
        (lag > limits.stale_ms, WARNING, f"are more than {limits.stale_ms} ms older than their fill"),
    ):
        if wrong.any():
            worst = int(np.flatnonzero(wrong)[np.abs(lag[wrong]).argmax()])
            yield Finding(
                _CODE,
                severity,
                f"{int(wrong.sum())} of {len(states)} statements {told}",
                {"account": str(states.user[worst]), "table": "states"},
                {
                    "statements": int(wrong.sum()),
                    "of": len(states),
                    "largest_lag_ms": int(lag[worst]),
                    "accounts": len(np.unique(states.user[wrong])),
                },
                _equity(states, wrong),
            )


def nothing_moves(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding where an account's equity is the same before and after what must have changed it."""
    pair = _with_fills(view)
    if pair is None:
        yield Unmade(_CODE, "equity of an account over time", "states that go with fills")
        return
    states, fills = pair
    order = np.lexsort((states.fill, fills.time_ms[states.fill], states.user.astype(str)))
    before, after = order[:-1], order[1:]
    usd = states.equity
    same = (states.user[before] == states.user[after]) & (states.fill[before] != states.fill[after])
    same &= fills.time_ms[states.fill[before]] < fills.time_ms[states.fill[after]]
    same &= np.abs(usd[before] - usd[after]) <= limits.same * np.abs(usd[before])
    rows = np.flatnonzero(same)
    moved = np.abs(np.nan_to_num(view.transfer[states.fill[before[rows]]]))
    rows, moved = (column[moved > 10 * limits.same * np.abs(usd[before[rows]])] for column in (rows, moved))
    # That a price moved back to the cent is a chance of one cent in what was moved: such chances multiply.
    _, who = np.unique(states.user[after[rows]].astype(str), return_inverse=True)
    telling = np.bincount(who, np.log10(np.maximum(moved / _CENT, 1.0))) if len(rows) else np.zeros(0)
    rows = rows[telling[who] >= limits.telling_digits]
    if not len(rows):
        yield from _without_marks(view, states, (before[same], after[same]), limits)
        return
    frozen = np.zeros(len(states), bool)
    frozen[after[rows]] = True
    users, counts = np.unique(states.user[after[rows]].astype(str), return_counts=True)
    worst = str(users[counts.argmax()])
    passed = fills.time_ms[states.fill[after[rows]]] - fills.time_ms[states.fill[before[rows]]]
    yield Finding(
        _CODE,
        ERROR,
        f"{len(users)} accounts have the same equity before and after a fill that was not at the mark",
        {"account": worst, "table": "states"},
        {
            "accounts": len(users),
            "statements": len(rows),
            "of": len(states),
            "of_the_worst": int(counts.max()),
            "equity_of_the_worst_usd": float(usd[states.user == worst][0]),
            "longest_ms": int(passed.max()),
            "unaccounted_transfers_usd": float(np.abs(view.transfer[states.fill[before[rows]]]).sum()),
        },
        _equity(states, frozen),
    )


def _without_marks(view: View, states: States, pairs: tuple[Whole, Whole], limits: Limits) -> Iterator[Finding]:
    """Give a finding where an account has one equity at three moments or more, and no mark tells what fills changed."""
    before, after = pairs
    unknown = np.isnan(view.transfer[states.fill[before]]) & (states.equity[before] != 0.0)
    unknown &= np.array([digits(usd) >= limits.telling_digits for usd in states.equity[before].tolist()], bool)
    unknown[unknown] = _price_moved(view, states.fill[before[unknown]], states.fill[after[unknown]], limits)
    again: dict[tuple[str, float], list[int]] = {}
    for place in after[unknown].tolist():
        again.setdefault((str(states.user[place]), float(states.equity[place])), []).append(place)
    runs = {key: places for key, places in again.items() if len(places) >= limits.constant}
    if runs:
        (worst, usd), most = max(runs.items(), key=lambda run: (len(run[1]), run[0]))
        wrong = np.zeros(len(states), bool)
        wrong[[place for places in runs.values() for place in places]] = True
        frozen = {user for user, _ in runs}
        yield Finding(
            _CODE,
            WARNING,
            f"{len(frozen)} accounts have one equity at {limits.constant + 1} moments or more, although prices of what "
            "they were closed in moved between them",
            {"account": worst, "table": "states"},
            {
                "accounts": len(frozen),
                "statements": int(wrong.sum()),
                "of": len(states),
                "of_the_worst": len(most),
                "equity_of_the_worst_usd": usd,
            },
            _equity(states, wrong),
        )


def _price_moved(view: View, before: Whole, after: Whole, limits: Limits) -> NDArray[np.bool_]:
    """Return whether the coin of each later fill was sold at another price than at the moment of the fill before it."""
    fills = view.event.fills
    if fills is None:
        return np.zeros(len(before), bool)
    moved = np.zeros(len(before), bool)
    places = {coin: np.flatnonzero(fills.coin == coin) for coin in set(fills.coin[after])}
    places = {coin: rows[np.argsort(fills.time_ms[rows], kind="stable")] for coin, rows in places.items()}
    for at, (first, last) in enumerate(zip(before, after, strict=True)):
        rows = places[fills.coin[last]]
        then = int(np.searchsorted(fills.time_ms[rows], fills.time_ms[first], side="right")) - 1
        if then >= 0:
            price, now = fills.price[rows[then]], fills.price[last]
            moved[at] = abs(price - now) > limits.rounding * abs(now)
    return moved


def frozen_survivor(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding where the largest survivor, solved for out of ratios, has one number in several waves."""
    found = _survivors(view)
    if not found:
        yield Unmade(_CODE, "the largest survivor of each wave", "claims with budgets and ratios, waves with deficits")
        return
    groups = [(usd, waves) for usd, waves in groups_of(found, limits.same_ratio) if usd > 0]
    if not groups:
        return
    seen = {waves: usd for usd, waves in groups}
    waves = sorted({wave for _, of_group in groups for wave in of_group})
    told: list[Value] = [{"usd": usd, "waves": list(of_group)} for of_group, usd in seen.items()]
    yield Finding(
        _CODE,
        ERROR,
        "what the largest survivor has before anything is taken, solved for out of the ratios, is the same to the "
        "last digit in waves that lie apart: his state was never renewed",
        {"waves": list(waves), "table": "claims"},
        {"survivors": told, "states": len(waves) - sum(len(of_group) - 1 for of_group in seen)},
        Consequence(
            "waves_with_a_fresh_largest_survivor",
            float(len({wave for _, wave in found})),
            float(len({wave for _, wave in found} - set(waves))),
        ),
    )


def _survivors(view: View) -> list[tuple[float, int]]:
    """Return candidates for what the largest survivor of a wave has: after the haircut, and before a proportional one.

    Of a policy that takes the same share of everybody he has his survivor / (1 - budget / all caps); for others that
    is a number that means nothing, and is no more likely to come again than any other.
    """
    deficit = {row.number: row.deficit_usd for row in view.event.waves}
    nothing: dict[int, float] = {}
    found = []
    for name in ("ptsr", "rd_nse"):
        for policy, by_wave in view.claimed.get(name, {}).items():
            budgets, caps = (view.claimed.get(what, {}).get(policy, nothing) for what in ("budget", "caps"))
            for wave, ratio in by_wave.items():
                taken = budgets.get(wave, float("nan"))
                left = deficit.get(wave, float("nan")) - taken
                if not (isfinite(ratio) and isfinite(left)) or ratio in (0.0, 1.0):
                    continue
                after = (ratio if name == "ptsr" else ratio / (1 - ratio)) * left
                found.append((after, wave))
                whole = caps.get(wave, float("nan"))
                if whole > taken:
                    found.append((after * whole / (whole - taken), wave))
    return found


def _with_fills(view: View) -> tuple[States, Fills] | None:
    """Return the statements that go with a fill and know their equity; None where there is none."""
    states, fills = view.event.states, view.event.fills
    if states is None or fills is None:
        return None
    kept = (states.fill >= 0) & np.isfinite(states.equity)
    if not kept.any():
        return None
    return states.at(kept), fills


def _equity(states: States, wrong: NDArray[np.bool_]) -> Consequence:
    """Return what statements of winners add up to, with all and with those that are right."""
    winners = ~states.is_loser
    return Consequence(
        _EQUITY, number(float(states.equity[winners].sum())), number(float(states.equity[winners & ~wrong].sum()))
    )


STALE = Check(_CODE, "Are states about the moment before their fill?", (wrong_moment, nothing_moves, frozen_survivor))
