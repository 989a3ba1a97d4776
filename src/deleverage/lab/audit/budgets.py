"""Is no more asked for, and no more taken, than was missing?"""

from collections.abc import Iterator

from deleverage.lab.audit.finding import ERROR, INFO, WARNING, Check, Consequence, Finding, Unmade
from deleverage.lab.audit.limits import Limits
from deleverage.lab.audit.view import View, known, number, ratio


def more_than_missing(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding for each wave in which more was needed than was missing.

    A wave that lacks nothing may close those whose bankruptcy stands in an earlier one: that is no contradiction, yet
    whoever divides B by D wave by wave divides by the wrong D twice. So it is a warning, and no error.
    """
    rows = [row for row in view.event.waves if known(row.needed_usd) and known(row.deficit_usd)]
    if not rows:
        yield Unmade("budget-above-deficit", "budgets beside deficits", "waves with a deficit and a needed budget")
        return
    total = sum(row.needed_usd for row in rows)
    for row in rows:
        surplus = row.needed_usd - row.deficit_usd
        if surplus <= limits.rounding * row.needed_usd:
            continue
        lacks = row.deficit_usd > 0
        old = view.against_old_bankrupts(row)
        earlier = "" if lacks else ": "
        if not lacks and old is None:
            earlier += "either it closes who went bankrupt in an earlier wave, or nobody's loss was its price"
        elif not lacks:
            earlier += f"{old:,.2f} USD of it against accounts that went bankrupt in an earlier wave"
        yield Finding(
            "budget-above-deficit",
            ERROR if lacks else WARNING,
            f"wave {row.number} needs {row.needed_usd:,.2f} USD for a deficit of {row.deficit_usd:,.2f} USD{earlier}",
            {"waves": [row.number]},
            {
                "needed_usd": row.needed_usd,
                "deficit_usd": row.deficit_usd,
                "ratio": ratio(row.needed_usd, row.deficit_usd),
                "surplus_usd": surplus,
                **({} if lacks or old is None else {"against_earlier_bankrupts_usd": old}),
            },
            Consequence("total_needed_usd", total, total - surplus),
        )


def clusters_took(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give a finding where clusters of coins spend more than they lack: that is profit paid out, not a deficit."""
    rows = [row for row in view.event.shocks if known(row.taken_usd) and known(row.deficit_usd)]
    if not rows:
        yield Unmade("budget-above-deficit", "budgets of clusters beside their deficits", "clusters of coins")
        return
    above = [row for row in rows if row.taken_usd - row.deficit_usd > limits.rounding * row.taken_usd]
    if above:
        surplus = sum(row.taken_usd - row.deficit_usd for row in above)
        worst = max(above, key=lambda row: (row.taken_usd - row.deficit_usd, row.coin, row.number))
        without = [row.taken_usd for row in above if not row.deficit_usd > 0]
        yield Finding(
            "budget-above-deficit",
            ERROR,
            f"{len(above)} of {len(rows)} clusters spend more than they lack, {len(without)} of them lack nothing: "
            "what they spend is no deficit's price",
            {"coin": worst.coin, "table": "shocks"},
            {
                "clusters_above": len(above),
                "surplus_usd": surplus,
                "clusters_that_lack_nothing": len(without),
                "spent_by_them_usd": sum(without),
                "cluster": worst.number,
                "taken_usd": worst.taken_usd,
                "deficit_usd": worst.deficit_usd,
            },
            Consequence("overshoot_of_clusters_usd", number(surplus), 0.0),
        )


def took_more(view: View, limits: Limits) -> Iterator[Finding | Unmade]:
    """Give what is to be known where production took more in some waves than was missing in them."""
    rows = [row for row in view.event.waves if row.taken_usd and known(row.deficit_usd)]
    if not rows:
        yield Unmade("budget-above-deficit", "haircuts beside deficits", "waves with a deficit and what was taken")
        return
    first = min(horizon for row in rows for horizon in row.taken_usd)
    usd = {row.number: row.taken_usd.get(first, 0.0) for row in rows}
    above = [row for row in rows if usd[row.number] > row.deficit_usd * (1 + limits.rounding)]
    if above:
        headline, total = view.headline_taken(first)
        worst = max(above, key=lambda row: (usd[row.number] - row.deficit_usd, row.number))
        surplus = sum(usd[row.number] - row.deficit_usd for row in above)
        yield Finding(
            "budget-above-deficit",
            INFO,
            f"production took more than was missing in {len(above)} of {len(rows)} waves: that is no price of a "
            "deficit, or the deficit is another one",
            {"waves": [row.number for row in above], "table": "waves"},
            {
                "waves_above": len(above),
                "surplus_usd": surplus,
                "wave": worst.number,
                "taken_usd": usd[worst.number],
                "deficit_usd": worst.deficit_usd,
                "horizon_ms": first,
            },
            Consequence(headline, number(total), number(total - surplus)),
        )


BUDGET = Check(
    "budget-above-deficit", "Is no more asked for than is missing?", (more_than_missing, took_more, clusters_took)
)
