"""The planted bugs: small patches of the rulebook's text, applied to a copy of it and never to the original.

Each patch must fit exactly once, so a bug that no longer applies is an error and not a silent pass. A second patch is
allowed where the bug needs one (a tie by insertion needs an unsorted walk and a key without the id).
"""

from pathlib import Path
from shutil import copytree
from typing import NamedTuple


class Patch(NamedTuple):
    """Replace ``old`` by ``new`` in one module of the rulebook."""

    module: str
    old: str
    new: str


class Bug(NamedTuple):
    """A planted bug: its name, what it gets wrong, and where."""

    name: str
    wrong: str
    patches: tuple[Patch, ...]


BUGS = (
    Bug(
        "fund-after-pricing",
        "the fund pays only after candidates were asked for the whole shortfall",
        (
            Patch("waterfall", "    pay_from_fund(scratch)\n    scratch.freed", "    scratch.freed"),
            Patch(
                "waterfall",
                "    socialise(scratch)\n",
                "    pay_from_fund(scratch)\n    socialise(scratch)\n",
            ),
        ),
    ),
    Bug(
        "shortfall-resplit",
        "what the fund left is split over the legs anew instead of staying where it was",
        (Patch("waterfall", "    pay_from_fund(scratch)\n", "    pay_from_fund(scratch)\n    split_debts(scratch)\n"),),
    ),
    Bug(
        "netting-keeps-shortfall",
        "netted lots leave their shortfall to the lots that are asked of candidates",
        (
            Patch(
                "stages/deleveraging",
                "plan.free(pool, unit_id, pool.give_up(unit_id, lots))",
                "pool.lots[unit_id] -= lots; pool.lots[unit_id] or plan.free(pool, unit_id, pool.shortfalls[unit_id])",
            ),
        ),
    ),
    Bug(
        "cap-ignored",
        "a candidate pays more than its equity",
        (Patch("stages/deleveraging", "None if scratch.rules.may_bankrupt else max(0, equity_quanta)", "None"),),
    ),
    Bug(
        "cap-per-market",
        "a candidate in several markets may pay its whole equity in each",
        (
            Patch(
                "stages/deleveraging",
                "    paid = collect({pool.market_id: pool.asked_quanta for pool in pools}, closed, caps)\n",
                "    paid = {unit_id: {} for unit_id in closed}\n"
                "    for pool in pools:\n"
                "        key = pool.market_id\n"
                "        here = {u: {key: lots[key]} for u, lots in closed.items() if key in lots}\n"
                "        for u, p in collect({key: pool.asked_quanta}, here, caps).items():\n"
                "            paid[u].update(p)\n",
            ),
        ),
    ),
    Bug(
        "bankrupt-candidate",
        "a bankrupt unit is asked to carry another's loss",
        (
            Patch(
                "stages/candidates",
                "found = None if unit.bankrupt else unit.leg_on(market_id, -side)",
                "found = unit.leg_on(market_id, -side)",
            ),
            Patch(
                "stages/deleveraging",
                "scratch.book.sorted_units() if bankrupts and not unit.bankrupt)",
                "scratch.book.sorted_units() if bankrupts)",
            ),
        ),
    ),
    Bug(
        "last-takes-rest",
        "the last recipient of a split takes what rounding left",
        (
            Patch(
                "apportion",
                "    for _, key in sorted(fractions)[:missing]:\n        parts[key] += 1\n",
                "    parts[open_shares[-1].key] += missing\n",
            ),
        ),
    ),
    Bug(
        "funding-not-folded",
        "equity forgets the funding that open lots owe",
        (
            Patch(
                "margin",
                "total += leg.lots * (market.value_quanta - market.funding_quanta)",
                "total += leg.lots * market.value_quanta",
            ),
        ),
    ),
    Bug(
        "tie-by-insertion",
        "equal scores are ordered by who came first instead of by id",
        (
            Patch("book", "in ((key, part[key]) for key in sorted(part))", "in part.items()"),
            Patch("stages/deleveraging", "in scratch.book.sorted_units() if", "in scratch.book.units.values() if"),
            Patch(
                "ranking",
                "(item[0].tier, *_descending(item[1]), item[0].unit_id)",
                "(item[0].tier, *_descending(item[1]))",
            ),
        ),
    ),
    Bug(
        "rank-off-by-one",
        "the queue is entered at its second place",
        (
            Patch(
                "queues",
                "        for candidate, score in self.order(request):\n            if left == 0:",
                "        order = self.order(request)\n"
                "        for candidate, score in order[1:] + order[:1]:\n            if left == 0:",
            ),
        ),
    ),
    Bug(
        "haircut-twice",
        "a gain that was cut is not noted on the leg, so that it is cut again",
        (Patch("apply", "legs[leg_id].haircut += part", "legs[leg_id].haircut += 0 * part"),),
    ),
    Bug(
        "price-not-clipped",
        "a previous mark may move the bankrupt past zero, or take from it",
        (
            Patch(
                "price",
                "    return max(0, min(price.money(closed), closed.shortfall_quanta))\n",
                "    return price.money(closed)\n",
            ),
        ),
    ),
    Bug(
        "slippage-unpaid",
        "a unit is sold into orders whose slippage its own equity cannot pay",
        (Patch("stages/sale", "Share(unit_id, lots, min(lots, affordable))", "Share(unit_id, lots, lots)"),),
    ),
    Bug(
        "edge-not-met",
        "a backstop is given lots that do not pay the edge it has published",
        (
            Patch(
                "stages/backstops",
                "return least is None or edge_quanta(scratch, offer, unit_id) * PPB >= least * notional",
                "return least is None or notional >= 0",
            ),
            Patch(
                "stages/backstops",
                "    if least is not None and fill.money_quanta",
                "    if False and fill.money_quanta",
            ),
        ),
    ),
    Bug(
        "cool-down-ignored",
        "a backstop takes over again before it has rested",
        (
            Patch(
                "stages/backstops",
                "if backstop is not None and cools_down(backstop, scratch.step, scratch.time_ns):",
                "if backstop is not None and cools_down(backstop, 0, scratch.time_ns):",
            ),
        ),
    ),
    Bug(
        "drawdown-not-spared",
        "a pool of the fund pays past the boundary at which it is to pause",
        (
            Patch(
                "pools",
                "max(0, cash_quanta - self.spared_quanta(time_ns))",
                "max(0, cash_quanta - 0 * self.spared_quanta(time_ns))",
            ),
        ),
    ),
)


def plant(bug: Bug, source: Path, target: Path) -> Path:
    """Copy the package from ``source`` to ``target``, patch the copy, and return the folder to put on the path."""
    copytree(source / "deleverage", target / "deleverage")
    for patch in bug.patches:
        path = target / "deleverage" / "rulebook" / f"{patch.module}.py"
        text = path.read_text(encoding="utf-8")
        if text.count(patch.old) != 1:
            raise ValueError(f"{bug.name}: the patch of {patch.module} fits {text.count(patch.old)} times, not once")
        path.write_text(text.replace(patch.old, patch.new), encoding="utf-8")
    return target
