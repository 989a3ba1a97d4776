"""Which transition checks a fact goes through: before it is written (``look``) and after (``check``)."""

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import copy_unit
from deleverage.rulebook.checks import (
    auction,
    collateral,
    deleveraged,
    envelopes,
    forced,
    fund,
    grace,
    money,
    neutral,
    pools,
    programmes,
    reduced,
    risk,
    socialised,
    stopping,
    stops,
)
from deleverage.rulebook.checks.view import Checks, View, require
from deleverage.rulebook.funding_source import DeleverageFirst, FundFirst
from deleverage.rulebook.liquidation import is_below_close_out
from deleverage.rulebook.margin import equity, free_quanta
from deleverage.rulebook.periods import profit_moved
from deleverage.rulebook.stages.bearers import gains_now
from deleverage.rulebook.stages.caps import notional_cap_floor
from deleverage.rulebook.stages.guards import guards
from deleverage.rulebook.stages.stress import stress_ppb
from deleverage.rulebook.stages.till import own_debts

OF_A_STEP = (
    m.CollateralSold,
    m.BankruptcyDeclared,
    m.BankruptcyEnded,
    m.PoolsSwitched,
    m.Netted,
    m.Reduced,
    m.AuctionOpened,
    m.AuctionEnded,
    m.TakenOver,
    m.FundPaid,
    m.Deleveraged,
    m.Socialised,
    m.ResidualNamed,
)
"""Facts that only a step emits, its end aside: the first of them sees the book as the step began."""

UNDER_RULES = (*OF_A_STEP, m.StepEnded)
"""Facts that only a step emits: each names the rules it was decided under."""

FORCED = (m.Netted, m.Reduced, m.AuctionSold, m.TakenOver, m.FundPaid, m.Deleveraged, m.Socialised, m.ResidualNamed)
"""Facts that nobody asked for, or not everybody whom they close: the acts of the waterfall, and bids."""

_CHECKS: Checks = {
    **collateral.CHECKS,
    **forced.CHECKS,
    **reduced.CHECKS,
    **programmes.CHECKS,
    **fund.CHECKS,
    **money.CHECKS,
    **pools.CHECKS,
    **risk.CHECKS,
    **deleveraged.CHECKS,
    **socialised.CHECKS,
    **auction.CHECKS,
    **neutral.CHECKS,
}

_BEFORE: Checks = {
    m.AuctionOpened: auction.check_opened,
    m.AuctionEnded: auction.check_ended,
    m.AuctionSold: auction.check_offered,
    m.TakenOver: auction.check_not_taken,
    m.CollateralSold: collateral.check_before_sale,
    m.BankruptcyDeclared: collateral.check_sold_first,
    m.EnvelopeApproved: envelopes.check_approved,
    m.EnvelopeEnded: envelopes.check_ended,
    m.MarksSet: stopping.check_breakers,
    m.Halted: stopping.check_halted,
    m.Resumed: stopping.check_resumed,
}
"""What single kinds of facts ask of the book before them."""


def look(view: View, fact: m.Fact, unit_ids: list[str]) -> None:
    """Take down the units a fact is about to touch, and check what must hold before it."""
    if isinstance(fact, UNDER_RULES):
        require("INV-12", fact.rules_hash == view.rules_hash, f"decided under rules {fact.rules_hash[:12]}")
    view.units = {key: copy_unit(view.book.units[key]) for key in unit_ids if key in view.book.units}
    view.equities = {key: equity(view.book, unit) for key, unit in view.units.items()}
    view.claims = {key: view.book.claims.get(key, 0) for key in unit_ids}
    view.pots = dict(view.book.pots)
    view.paused = {key: pool.paused for key, pool in view.book.pools.items()}
    if isinstance(fact, m.MoneyOut | m.MarginMoved):
        leaves = fact.unit_id if isinstance(fact, m.MoneyOut) else fact.from_unit_id
        view.free = free_quanta(view.book, view.book.units[leaves])
    if isinstance(fact, m.MarginMoved):
        view.profit = profit_moved(view.book, view.units[leaves], fact.amount_quanta, fact.released)
    if isinstance(fact, m.FundingAccrued):
        view.carry = view.book.markets[fact.market_id].funding_carry
    risk.look_at_due(view, fact)
    if isinstance(fact, m.Reduced):
        reduced.look_reduced(view, fact)
    if isinstance(fact, m.TakenOver | m.ProgrammeSet):
        programmes.look_programmes(view)
    if isinstance(fact, m.TakenOver) and view.sources is None:
        units = view.book.units.items()
        view.sources = {key for key, unit in units if unit.bankrupt or is_below_close_out(view.book, unit)}
    if not isinstance(fact, m.TakenOver):
        view.sources = None
    if view.stress is None and (isinstance(fact, UNDER_RULES) or _relieves(fact)):
        view.stress = stress_ppb(view.book, guards(view.book, view.rules, fact.time_ns))
    if view.gains is None and (isinstance(fact, OF_A_STEP) or _relieves(fact)):
        _look_at_beginning(view, fact.time_ns)
    if isinstance(fact, m.FundPaid):
        _look_at_debtors(view, fact)
    if isinstance(fact, OF_A_STEP):
        stopping.check_running(view, fact)
    if isinstance(fact, m.OrdersCancelled | m.Netted | m.Reduced | m.AuctionSold | m.TakenOver):
        grace.check_spared(view, fact)
    if (check_before := _BEFORE.get(type(fact))) is not None:
        check_before(view, fact)
    if isinstance(fact, m.Deleveraged):
        stops.check_start(view, fact)
        envelopes.check_within(view, fact)
        deleveraged.check_order(view, fact)
        neutral.check_neutral_last(view, fact)
        asked = {view.book.pool_of(pool.market_id) for pool in fact.pools if pool.asked_quanta}
        fund.check_fund_first(view, (FundFirst,), asked, "candidates are asked", fact.time_ns)
    if isinstance(fact, m.Socialised):
        socialised.check_bases(view, fact)
        owing = pools.owing(view, fact)
        fund.check_fund_first(view, (FundFirst, DeleverageFirst), owing, "gains are cut", fact.time_ns)


def check(view: View, fact: m.Fact) -> None:
    """Check what the fact did; then remember what it took and paid."""
    if isinstance(fact, FORCED):
        forced.check_forced(view, fact)
    if isinstance(fact, m.Traded | m.OrderPlaced):
        stopping.check_opening(view, fact)
    checker = _CHECKS.get(type(fact))
    if checker is not None:
        checker(view, fact)
    if isinstance(fact, m.StepEnded):
        forced.check_step_ended(view, fact)
        reduced.check_unsold(view, fact)  # Before the end of the step forgets its stress and what was sold.
        stops.check_end(view, fact)
        programmes.check_passed(view, fact)
        grace.check_named(view, fact)
        envelopes.check_none_over(view, fact)
        auction.check_auctions(view, fact)
        pools.check_switches(view, fact.time_ns)
        view.gains, view.taken, view.freed = None, {}, {}
        view.event_paid, view.market_paid, view.leg_paid = 0, {}, {}


def _look_at_beginning(view: View, time_ns: int) -> None:
    """Take down what counts for a whole step: the gains, what the cap per leg allows, whether the domain is halted."""
    view.began_halted = view.book.is_halted
    view.gains = gains_now(view.book, guards(view.book, view.rules, time_ns))
    legs = [(key, leg_id) for key, unit in view.book.units.items() for leg_id in unit.legs]
    view.leg_caps = {place: notional_cap_floor(view.book, view.rules, *place) for place in legs}


def _look_at_debtors(view: View, fact: m.FundPaid) -> None:
    """Take down who owes before the fund pays, and what the fund's own unit does (after stage 5 it is not asked)."""
    view.bankrupts = {key: copy_unit(unit) for key, unit in view.book.units.items() if unit.bankrupt}
    guarded, fund = guards(view.book, view.rules, fact.time_ns), view.book.fund_unit()
    within = fund is not None and (not fund.legs or any(market_id not in guarded for market_id in fund.markets()))
    view.own = own_debts(view.book, view.rules) if within and not fact.after_stage_5 else {}


def _relieves(fact: m.Fact) -> bool:
    return isinstance(fact, m.OrdersCancelled) and fact.reason == "relieve"
