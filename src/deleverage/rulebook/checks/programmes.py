"""Backstops: what they have published, that it was kept, and what they were paid; window and cool-down recomputed."""

from dataclasses import replace

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import SURPLUS_POT
from deleverage.rulebook.checks.view import Checks, View, require
from deleverage.rulebook.pools import pot_of
from deleverage.rulebook.programmes import Backstop
from deleverage.rulebook.quantities import PPB, share_floor

REASONS = ("distressed", "cool_down", "capacity", "position", "window", "edge", "margin")


def look_programmes(view: View) -> None:
    """Take down where every programme stands."""
    view.backstops = {key: replace(backstop) for key, backstop in view.book.backstops.items()}


def check_takers(view: View, fact: m.TakenOver) -> None:
    """Every backstop among the takers kept its programme, and what takers and fund got of a surplus is their share."""
    takers = [fill for fill in fact.fills if fill.part == "taker"]
    roles = {view.book.role(view.book.units[fill.unit_id]) for fill in takers}
    require("INV-8", len(roles) == 1, f"takers of one fact have the roles {sorted(roles)}")
    for fill in takers if roles == {"backstop"} else ():
        _check_taker(view, fact, fill)
    for unit_id, backstop in sorted(view.book.backstops.items()):
        idle = all(fill.unit_id != unit_id for fill in takers)
        same = backstop == view.backstops.get(unit_id)
        require("INV-8", same or not idle, f"the window of {unit_id} moved without a takeover")
    by_fund = roles == {"fund"}
    got = sum(fill.money_quanta for fill in takers)
    due = 0 if by_fund else fact.edge_quanta - fact.shortfall_quanta
    require("INV-6", got == due, f"takers got {got} quanta against the mark, edge less shortfall is {due}")
    pot = pot_of(SURPLUS_POT, view.book.pool_of(fact.market_id))
    kept = sum(change.amount_quanta for change in fact.pots if change.pot == pot)
    kept -= fact.edge_quanta if by_fund else 0
    for name, part, share in (
        ("the takers'", fact.edge_quanta, view.rules.surplus_to_taker_ppb),
        ("the fund's", kept, view.rules.surplus_to_fund_ppb),
    ):
        most = share_floor(fact.surplus_quanta, share, PPB)
        require("INV-6", 0 <= part <= most, f"{name} part of the surplus is {part}, at most {most} quanta")


def _check_taker(view: View, fact: m.TakenOver, fill: m.Fill) -> None:
    """Hold one takeover against capacity, cool-down, window and edge, and count it as the book should have."""
    unit_id, key = fill.unit_id, (fill.unit_id, fill.market_id)
    view.taken_over[key] = view.taken_over.get(key, 0) + abs(fill.lots)
    capacity = view.book.accounts[view.book.units[unit_id].account_id].backstop_capacity_lots
    taken = view.taken_over[key]
    require("INV-8", taken <= capacity, f"{unit_id} took {taken} lots over, its capacity is {capacity}")
    before = view.backstops.get(unit_id)
    if before is None:
        return
    terms, step, now_ns = before.programme, view.book.steps + 1, fact.time_ns
    rested = before.last_step in (0, step) or now_ns >= before.last_time_ns + terms.cool_down_ns
    require("INV-8", rested, f"{unit_id} took over {now_ns - before.last_time_ns} ns after its last one, and rests")
    notional = abs(fill.lots * view.book.markets[fill.market_id].value_quanta)
    start, used = before.window_start_ns, before.window_used_quanta
    if terms.window_ns:
        runs = used > 0 and now_ns < start + terms.window_ns
        start, used = (start, used + notional) if runs else (now_ns, notional)
        most = terms.window_notional_quanta
        require("INV-8", used <= most, f"{unit_id} took {used} quanta over in its window, its cap is {most}")
    counted = Backstop(terms, start, used, step, now_ns)
    found = view.book.backstops[unit_id]
    require("INV-8", found == counted, f"{unit_id}'s programme stands at {found}, it should at {counted}")
    enough = fill.money_quanta * PPB >= terms.minimum_edge_ppb * notional
    least = terms.minimum_edge_ppb
    require("INV-6", enough, f"{unit_id} got {fill.money_quanta} quanta on {notional}, it asks for {least} ppb")


def _check_set(view: View, fact: m.ProgrammeSet) -> None:
    account = view.book.accounts[fact.account_id]
    require("INV-8", account.role == "backstop", f"{fact.account_id} has a programme and is a {account.role}")
    before = view.backstops.get(fact.account_id, Backstop(fact.programme))
    kept = view.book.backstops[fact.account_id] == replace(before, programme=fact.programme)
    require("INV-8", kept, f"a new programme of {fact.account_id} changed its window or its cool-down")


def check_passed(view: View, fact: m.StepEnded) -> None:
    """Who left lots to others says why: rest is told by those who rest, and no other; a missing backstop if none is."""
    view.taken_over = {}
    backstops = {key for key, account in view.book.accounts.items() if account.role == "backstop"}
    for passed in fact.passed:
        unit_id, told = passed.unit_id, f"{passed.unit_id or 'nobody'} took nothing: {passed.why}"
        if not unit_id:
            require("INV-7", passed.why == "no_backstop" and not backstops, f"{told}; backstops are {backstops}")
            continue
        require("INV-7", unit_id in backstops and passed.why in REASONS, told)
        backstop = view.book.backstops.get(unit_id)
        require("INV-7", backstop is not None or passed.why not in ("cool_down", "window", "edge"), told)
        if backstop is not None and passed.why != "distressed":
            since_ns = fact.time_ns - backstop.last_time_ns
            rests = 0 < backstop.last_step < fact.step and since_ns < backstop.programme.cool_down_ns
            require("INV-7", rests == (passed.why == "cool_down"), f"{told}; its last takeover is {since_ns} ns old")


CHECKS: Checks = {
    m.ProgrammeSet: _check_set,
}
