"""Is each bankruptcy counted once, does one account carry the headline, and is no more asked than was missing?"""

from collections.abc import Iterator

from deleverage.lab.audit.finding import ERROR, INFO, WARNING, Check, Consequence, Finding, Unmade, Value
from deleverage.lab.audit.limits import Limits
from deleverage.lab.audit.view import View, digits, groups_of, known, number, ratio

DEFICIT = "total_deficit_usd"
_MUCH = 0.1  # of the deficit: from here on a repetition is no blemish


def largest_loss_again(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding for each largest loss that stands in several waves to the last digit."""
    if not any(known(row.max_loss_usd) for row in view.event.waves):
        yield Unmade("repeated-deficit", "largest losses of waves", "waves with their largest loss")
    for value, waves in view.repeated_losses:
        if digits(value) < limits.telling_digits:
            continue
        surplus = value * (len(waves) - 1)
        yield Finding(
            "repeated-deficit",
            ERROR if surplus >= _MUCH * view.deficit else WARNING,
            f"the largest loss {value:,.2f} USD stands in {len(waves)} waves to the last digit: one bankruptcy is "
            "counted that often",
            {"waves": list(waves), "table": "waves"},
            {
                "largest_loss_usd": value,
                "times": len(waves),
                "surplus_usd": surplus,
                "surplus_share": ratio(surplus, view.deficit),
            },
            Consequence(DEFICIT, number(view.deficit), number(view.deficit - surplus)),
        )


def account_again(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding where a loser's statement of one wave is, to the last digit, that of another, and is counted."""
    if view.losing is None:
        yield Unmade("repeated-deficit", "statements of losers by wave", "states that go with fills")
        return
    states, waves = view.losing
    said: dict[str, list[tuple[float, int]]] = {}
    for user, usd, at in zip(states.user, states.equity.tolist(), waves.tolist(), strict=True):
        if at >= 0 and digits(usd) >= limits.telling_digits:
            said.setdefault(str(user), []).append((-usd, view.numbers[at]))
    groups = {user: groups_of(values, limits.same) for user, values in said.items()}
    within = {user: {at for _, of_group in found for at in of_group} for user, found in groups.items() if found}
    surplus = {user: max(usd * (len(of_group) - 1) for usd, of_group in groups[user]) for user in within}
    if not surplus:
        return
    worst = max(surplus, key=lambda user: (surplus[user], user))
    total = sum(surplus.values())
    once: dict[str, float] = {}
    for user, usd in zip(states.user[waves >= 0], states.equity[waves >= 0].tolist(), strict=True):
        once.setdefault(str(user), -usd)
    if view.deficit - sum(once.values()) < total * (1 - limits.recognised_again):
        return  # states stand still, but tables count each bankruptcy once
    base = view.deficit if known(view.deficit) else view.deficit_once + total
    yield Finding(
        "repeated-deficit",
        ERROR if total >= _MUCH * base else WARNING,
        f"{len(surplus)} accounts are as far below zero in a later wave as before, to the last digit; "
        f"{worst} most of all",
        {"account": worst, "waves": sorted(within[worst]), "table": "states"},
        {
            "accounts": len(surplus),
            "surplus_usd": total,
            "of_the_worst_usd": surplus[worst],
            "surplus_share": ratio(total, base),
        },
        Consequence(DEFICIT, number(base), number(base - total)),
    )


def counted_anew(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding where tables add up what losers lack in each wave, not when they went bankrupt."""
    if view.losing is None or not known(view.deficit):
        return
    states, waves = view.losing
    least: dict[tuple[str, int], float] = {}
    for user, at, usd in zip(states.user, waves.tolist(), states.equity.tolist(), strict=True):
        least[str(user), at] = min(usd, least.get((str(user), at), 0.0))
    anew, once = -sum(least.values()), view.deficit_once
    if abs(anew - view.deficit) <= limits.rounding * anew and anew > once * (1 + limits.recognised_again):
        several = len(least) - len({user for user, _ in least})
        yield Finding(
            "repeated-deficit",
            ERROR if anew - once >= _MUCH * anew else WARNING,
            "deficits are what losers lack in each wave, added up over waves: a bankruptcy counts in every wave in "
            "which its account is still below zero",
            {"table": "waves"},
            {"by_wave_usd": anew, "once_usd": once, "statements_of_a_later_wave": several},
            Consequence(DEFICIT, number(view.deficit), number(once)),
        )


def one_account(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding where one account owes more than its limit of all, each bankruptcy counted once."""
    losses = {row.number: row.max_loss_usd for row in view.event.waves if row.max_loss_usd > 0}
    if view.owed is not None:
        who: str | None = max(view.owed, key=lambda user: (view.owed or {})[user])
        largest, losers, times = view.owed[str(who)], len(view.owed), 1
    elif losses and known(view.deficit):
        who, largest = None, max(losses.values())
        times = sum(abs(usd - largest) <= limits.same * largest for usd in losses.values())
        losers = sum(row.losers for row in view.event.waves)
    else:
        yield Unmade("concentrated-deficit", "who owes how much", "states of losers, or largest losses of waves")
        return
    total = view.deficit_once
    if not total > 0 or largest <= limits.one_account * total:
        return
    where: dict[str, Value] = (
        {"account": who} if who else {"waves": [at for at, usd in losses.items() if usd >= largest * (1 - limits.same)]}
    )
    yield Finding(
        "concentrated-deficit",
        INFO if losers < limits.few_losers else WARNING,
        f"one account owes {100 * largest / total:.1f} % of the deficit, each bankruptcy counted once",
        where,
        {
            "largest_usd": largest,
            "deficit_once_usd": total,
            "share": largest / total,
            "share_as_published": ratio(largest * times, view.deficit),
            "losers": losers,
        },
        Consequence(DEFICIT, total, total - largest),
    )


def one_of_many(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give what is to be known where a wave counts several losers although its deficit is one's."""
    rows = [row for row in view.event.waves if row.losers > 1 and row.max_loss_usd > 0]
    rows = [row for row in rows if abs(row.deficit_usd - row.max_loss_usd) <= limits.same * row.deficit_usd]
    if rows:
        counted = sum(row.losers for row in view.event.waves)
        yield Finding(
            "concentrated-deficit",
            INFO,
            f"{len(rows)} waves count several losers, yet their deficit is one account's: the others lack nothing",
            {"waves": [row.number for row in rows], "table": "waves"},
            {"losers": [row.losers for row in rows], "deficits_usd": [row.deficit_usd for row in rows]},
            Consequence("losers_over_waves", float(counted), float(counted - sum(row.losers - 1 for row in rows))),
        )


REPEATED = Check(
    "repeated-deficit", "Is each bankruptcy counted once?", (largest_loss_again, account_again, counted_anew)
)
CONCENTRATED = Check("concentrated-deficit", "Does one account owe most of it?", (one_account, one_of_many))
