"""apply(book, fact): the only writer. It has no opinions and cannot refuse; it has asserts.

Every movement is written from the same four lists - fills, payments, pots, orders - and must sum to zero.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from deleverage.rulebook import messages as m
from deleverage.rulebook.assets import Asset
from deleverage.rulebook.book import (
    FUND_POT,
    POOL_POTS,
    ROUNDING_POT,
    Auction,
    Backstop,
    Book,
    Envelope,
    Market,
    Order,
    Unit,
    leg_id_of,
)
from deleverage.rulebook.closing import settle_unit
from deleverage.rulebook.pools import FundPool, left_by_pool, pot_of
from deleverage.rulebook.programmes import note_takeover
from deleverage.rulebook.schedule import Announced


def apply(book: Book, fact: m.Fact) -> None:
    """Write one fact into the book. An assertion that fails here is a bug of ours, never the user's fault."""
    assert fact.seq == book.seq + 1, f"fact {fact.seq} follows fact {book.seq}"
    assert fact.time_ns >= book.time_ns, "time runs forward"
    if isinstance(fact, m.Movement):
        _apply_movement(book, fact)
    writer = _WRITERS.get(type(fact))
    if writer is not None:
        writer(book, fact)
    for pool_id, pool in book.pools.items():
        pool.note(book.cash(pool_id), fact.time_ns)
    book.seq = fact.seq
    book.time_ns = fact.time_ns


def _apply_movement(book: Book, fact: m.Movement) -> None:
    lots: dict[str, int] = {}
    pools: dict[str, dict[str, int]] = {}
    money = 0
    for fill in fact.fills:
        unit, market = book.units[fill.unit_id], book.markets[fill.market_id]
        market.open_interest_lots -= unit.lots_on(fill.market_id, 1)
        if fact.time_ns < market.grace_until_ns and _opens(unit, fill):
            market.grace_lost = tuple(sorted({*market.grace_lost, fill.unit_id}))
        settle_unit(unit, market, fill.lots, fill.amount_quanta, fill.leg_side)
        market.open_interest_lots += unit.lots_on(fill.market_id, 1)
        lots[fill.market_id] = lots.get(fill.market_id, 0) + fill.lots
        pools.setdefault(fill.unit_id, {})[market.pool_id] = 1
        money += fill.amount_quanta
        _count_carried(unit, fact, fill.money_quanta)
    for unit_id, weights in pools.items():
        book.units[unit_id].debt_pools = {} if book.units[unit_id].legs else weights
    for payment in fact.payments:
        unit = book.units[payment.unit_id]
        unit.quote += payment.amount_quanta
        unit.transfers += payment.amount_quanta
        money += payment.amount_quanta
        _count_carried(unit, fact, payment.amount_quanta)
    for change in fact.pots:
        book.pots[change.pot] += change.amount_quanta
        money += change.amount_quanta
    for order in fact.orders:
        if order.lots_left:
            book.orders[order.order_id].lots = order.lots_left
        else:
            del book.orders[order.order_id]
    named = fact.named_quanta if isinstance(fact, m.ResidualNamed) else 0
    assert not any(lots.values()), f"lots of one fact must cancel out: {lots}"
    assert money == named, f"money of one fact must cancel out: {money} quanta"


def _opens(unit: Unit, fill: m.Fill) -> bool:
    """Return whether a fill makes its leg larger or turns it to the other side."""
    held = unit.legs[fill.leg_id].lots if fill.leg_id in unit.legs else 0
    after = held + fill.lots
    return abs(after) > abs(held) or held * after < 0


def _count_carried(unit: Unit, fact: m.Movement, quanta: int) -> None:
    """Note what others pay for a bankrupt that owns assets (what it gives up: negative): its assets are pledged."""
    if unit.bankrupt and unit.assets and not isinstance(fact, m.Conversion):
        unit.carried = max(0, unit.carried + quanta)


def _list_asset(book: Book, fact: m.AssetListed) -> None:
    book.assets[fact.terms.asset_id] = Asset(fact.terms)


def _asset_prices_set(book: Book, fact: m.AssetPricesSet) -> None:
    for price in fact.prices:
        asset = book.assets[price.asset_id]
        asset.guard = price.guard
        if not price.guard:
            asset.price_quanta = price.price_quanta
            asset.price_time_ns = fact.time_ns


def _asset_in(book: Book, fact: m.AssetIn) -> None:
    book.assets[fact.asset_id].net_deposits_grains += fact.amount_grains
    _add_grains(book.units[fact.unit_id], fact.asset_id, fact.amount_grains)


def _asset_out(book: Book, fact: m.AssetOut) -> None:
    book.assets[fact.asset_id].net_deposits_grains -= fact.amount_grains
    _add_grains(book.units[fact.unit_id], fact.asset_id, -fact.amount_grains)


def _converted(book: Book, fact: m.Conversion) -> None:
    moved = sum(fill.grains for fill in fact.assets)
    assert moved == 0, f"grains of one fact must cancel out: {moved} of {fact.asset_id}"
    for fill in fact.assets:
        _add_grains(book.units[fill.unit_id], fact.asset_id, fill.grains)
    for payment in fact.payments:
        book.units[payment.unit_id].result_before += payment.amount_quanta  # An asset that becomes money is no profit.


def _collateral_sold(book: Book, fact: m.CollateralSold) -> None:
    _converted(book, fact)
    for seller in fact.sellers:
        unit = book.units[seller.unit_id]
        unit.result_before += seller.repaid_quanta  # Fund money was profit; given back it is none any more.
        # Without assets there is no pledge: nothing else of the unit answers for what others carried.
        unit.carried = unit.carried - seller.repaid_quanta if unit.assets else 0


def _add_grains(unit: Unit, asset_id: str, grains: int) -> None:
    held = unit.assets.pop(asset_id, 0) + grains
    assert held >= 0, f"{unit.unit_id} would hold {held} grains of {asset_id}"
    if held:
        unit.assets[asset_id] = held


def _list_market(book: Book, fact: m.MarketListed) -> None:
    book.markets[fact.terms.market_id] = Market(fact.terms)


def _open_account(book: Book, fact: m.AccountOpened) -> None:
    account_id = fact.account.account_id
    book.accounts[account_id] = fact.account
    book.units[account_id] = Unit(account_id, account_id)


def _programme_set(book: Book, fact: m.ProgrammeSet) -> None:
    account = book.accounts[fact.account_id]
    book.accounts[fact.account_id] = replace(account, backstop_capacity_lots=fact.capacity_lots)
    backstop = book.backstops.setdefault(fact.account_id, Backstop(fact.programme))
    backstop.programme = fact.programme


def _open_unit(book: Book, fact: m.UnitOpened) -> None:
    book.units[fact.unit_id] = Unit(fact.unit_id, fact.account_id, fact.market_id, fact.side)


def _money_in(book: Book, fact: m.MoneyIn) -> None:
    for payment in fact.to_units:
        unit = book.units[payment.unit_id]
        unit.quote += payment.amount_quanta
        unit.deposits += payment.amount_quanta
        book.net_deposits_quanta += payment.amount_quanta
    for claim in fact.claims_repaid:
        book.claims[claim.unit_id] = book.claims.get(claim.unit_id, 0) - claim.amount_quanta
        if not book.claims[claim.unit_id]:
            del book.claims[claim.unit_id]
    book.pots[pot_of(FUND_POT, fact.pool_id)] += fact.to_fund_quanta
    book.residual_quanta -= fact.to_residual_quanta
    book.net_deposits_quanta += fact.to_fund_quanta + fact.to_residual_quanta


def _money_out(book: Book, fact: m.MoneyOut) -> None:
    assert fact.debited_quanta == fact.paid_quanta + fact.claim_quanta + fact.rounding_quanta
    unit = book.units[fact.unit_id]
    unit.quote -= fact.debited_quanta
    unit.deposits -= fact.debited_quanta
    book.net_deposits_quanta -= fact.paid_quanta
    book.residual_quanta -= fact.claim_quanta
    book.pots[ROUNDING_POT] += fact.rounding_quanta
    if fact.claim_quanta:
        book.claims[fact.unit_id] = book.claims.get(fact.unit_id, 0) + fact.claim_quanta


def _fund_withdrawn(book: Book, fact: m.FundWithdrawn) -> None:
    book.pots[pot_of(FUND_POT, fact.pool_id)] -= fact.amount_quanta
    book.net_deposits_quanta -= fact.amount_quanta


def _pool_set(book: Book, fact: m.PoolSet) -> None:
    pool_id = fact.terms.pool_id
    book.pools[pool_id] = FundPool(fact.terms)
    if fact.opened:
        book.pots.update({pot_of(kind, pool_id): 0 for kind in POOL_POTS})


def _market_regrouped(book: Book, fact: m.MarketRegrouped) -> None:
    book.markets[fact.market_id].pool_id = fact.to_pool_id


def _pool_moved(book: Book, fact: m.PoolMoved) -> None:
    book.pots[pot_of(FUND_POT, fact.from_pool_id)] -= fact.amount_quanta
    book.pots[pot_of(FUND_POT, fact.to_pool_id)] += fact.amount_quanta


def _pools_switched(book: Book, fact: m.PoolsSwitched) -> None:
    for switch in fact.switches:
        book.pools[switch.pool_id].paused = switch.paused


def _margin_moved(book: Book, fact: m.MarginMoved) -> None:
    for unit_id, amount in ((fact.from_unit_id, -fact.amount_quanta), (fact.to_unit_id, fact.amount_quanta)):
        book.units[unit_id].quote += amount
        book.units[unit_id].deposits += amount
    book.units[fact.from_unit_id].result_before += fact.profit_quanta
    book.units[fact.to_unit_id].result_before -= fact.profit_quanta


def _period_closed(book: Book, fact: m.PeriodClosed) -> None:
    for item in fact.units:
        book.units[item.unit_id].result_before = item.result_quanta


def _order_placed(book: Book, fact: m.OrderPlaced) -> None:
    book.orders_placed += 1
    book.orders[fact.order_id] = Order(
        fact.order_id, fact.unit_id, fact.market_id, fact.lots, fact.price_ticks, book.orders_placed, fact.leg_side
    )


def _marks_set(book: Book, fact: m.MarksSet) -> None:
    for mark in fact.marks:
        market = book.markets[mark.market_id]
        market.guard = mark.guard
        if not mark.guard:
            market.previous_mark_price_ticks = market.mark_price_ticks or mark.price_ticks
            market.mark_price_ticks = mark.price_ticks
            market.mark_time_ns = fact.time_ns
    for breaker in fact.breakers:
        market = book.markets[breaker.market_id]
        market.reference_price_ticks = breaker.reference_ticks
        market.reference_time_ns = breaker.reference_time_ns
        market.paused_until_ns = breaker.paused_until_ns


def _funding_accrued(book: Book, fact: m.FundingAccrued) -> None:
    market = book.markets[fact.market_id]
    market.funding_quanta += fact.per_lot_quanta
    market.funding_carry = fact.carry_after


def _leverage_set(book: Book, fact: m.LeverageSet) -> None:
    book.units[fact.unit_id].leverages[fact.market_id] = fact.leverage_ppb


def _requirements_announced(book: Book, fact: m.RequirementsAnnounced) -> None:
    market = book.markets[fact.market_id]
    announced = Announced(fact.factor_ppb, fact.open_interest_lots, fact.effective_ns)
    market.announced = (*market.announced_before(fact.effective_ns), announced)


def _requirements_changed(book: Book, fact: m.RequirementsChanged) -> None:
    market = book.markets[fact.market_id]
    market.factor_ppb, market.measured_lots = fact.factor_ppb, fact.measured_lots
    market.announced = market.announced[1:]


def _market_settled(book: Book, fact: m.MarketSettled) -> None:
    book.markets[fact.market_id].settled = True
    book.halts.pop(fact.market_id, None)


def _declared(book: Book, fact: m.BankruptcyDeclared) -> None:
    for item in fact.units:
        book.units[item.unit_id].bankrupt = True


def _ended(book: Book, fact: m.BankruptcyEnded) -> None:
    for item in fact.units:
        book.units[item.unit_id].bankrupt = False


def _taken_over(book: Book, fact: m.TakenOver) -> None:
    _count_for_groups(book, fact.fund_debts)
    for fill in fact.fills:
        if fill.part == "taker" and fill.unit_id in book.backstops:
            notional_quanta = abs(fill.lots * book.markets[fill.market_id].value_quanta)
            note_takeover(book.backstops[fill.unit_id], book.steps + 1, fact.time_ns, notional_quanta)


def _fund_paid(book: Book, fact: m.FundPaid) -> None:
    _count_for_groups(book, fact.debts)
    owed: dict[str, dict[str, int]] = {}
    for debt in (*fact.own_debts, *fact.debts):
        if not debt.leg_id:
            owed.setdefault(debt.unit_id, {})[debt.pool_id] = debt.debt_quanta - debt.paid_quanta
    _owe(book, owed)


def _owe(book: Book, owed: dict[str, dict[str, int]]) -> None:
    """Remember what flat units still owe, by the pool that stands for it; all of it paid leaves the weights."""
    for unit_id, pools in owed.items():
        left = {pool_id: quanta for pool_id, quanta in pools.items() if quanta}
        if left and not book.units[unit_id].legs:
            book.units[unit_id].debt_pools = left


def _count_for_groups(book: Book, debts: tuple[m.DebtPaid, ...]) -> None:
    paid = book.fund_paid_by_group
    for debt in debts:
        if debt.paid_quanta:
            paid[debt.owner_group] = paid.get(debt.owner_group, 0) + debt.paid_quanta


def _deleveraged(book: Book, fact: m.Deleveraged) -> None:
    for market_id in fact.reduce_only:
        book.markets[market_id].reduce_only = True
    for pool in fact.pools:
        place = leg_id_of(pool.market_id, pool.side)
        if place in book.envelopes:
            envelope = book.envelopes[place]
            book.envelopes[place] = replace(envelope, used_lots=envelope.used_lots + pool.closed_lots)
    owed: dict[str, dict[str, int]] = {}
    for unit_id, market_id, _, quanta in fact.freed:
        pools, pool_id = owed.setdefault(unit_id, {}), book.pool_of(market_id)
        pools[pool_id] = pools.get(pool_id, 0) + quanta
    _owe(book, owed)


def _socialised(book: Book, fact: m.Socialised) -> None:
    for haircut in fact.haircuts:
        for leg_id, part in haircut.legs:
            book.units[haircut.unit_id].legs[leg_id].haircut += part
        if haircut.claim_quanta:
            book.claims[haircut.unit_id] = book.claims.get(haircut.unit_id, 0) + haircut.claim_quanta
    for unit_id, part in fact.payments if fact.market_id else ():
        unit = book.units[unit_id]
        if part > 0 and not unit.legs:
            owed = max(0, part - unit.quote)
            unit.debt_pools = left_by_pool(unit.debt_pools, owed, part, book.pool_of(fact.market_id))


def _residual_named(book: Book, fact: m.ResidualNamed) -> None:
    book.residual_quanta += fact.named_quanta
    for residual in fact.residuals:
        if residual.named_quanta:
            book.units[residual.unit_id].bankrupt = False
    if fact.named_quanta:
        book.halted = True


def _step_ended(book: Book, fact: m.StepEnded) -> None:
    book.steps = fact.step
    book.waiting = fact.waiting


def _halted(book: Book, fact: m.Halted) -> None:
    book.halts[fact.scope] = fact.reason


def _resumed(book: Book, fact: m.Resumed) -> None:
    book.halts.pop(fact.scope, None)
    book.halted = book.halted and fact.scope != ""
    for market_id, market in book.markets.items():
        if fact.scope in ("", market_id):
            market.reduce_only = market_id in fact.reduce_only
    for market_id in fact.grace:
        book.markets[market_id].grace_until_ns = fact.grace_until_ns
        book.markets[market_id].grace_lost = ()


def _envelope_approved(book: Book, fact: m.EnvelopeApproved) -> None:
    envelope = Envelope(fact.most_lots, fact.most_notional_quanta, fact.expiry_ns, fact.rules_hash)
    book.envelopes[leg_id_of(fact.market_id, fact.side)] = envelope


def _envelope_ended(book: Book, fact: m.EnvelopeEnded) -> None:
    del book.envelopes[leg_id_of(fact.market_id, fact.side)]


def _auction_opened(book: Book, fact: m.AuctionOpened) -> None:
    book.auctions[fact.unit_id] = Auction(fact.time_ns, fact.until_ns)


def _auction_sold(book: Book, fact: m.AuctionSold) -> None:
    if fact.ended:
        del book.auctions[fact.unit_id]


def _auction_ended(book: Book, fact: m.AuctionEnded) -> None:
    if fact.why == "expired":
        book.auctions[fact.unit_id] = replace(book.auctions[fact.unit_id], expired=True)
    else:
        del book.auctions[fact.unit_id]


_WRITERS: dict[type[m.Fact], Callable[[Book, Any], None]] = {
    m.MarketListed: _list_market,
    m.AccountOpened: _open_account,
    m.ProgrammeSet: _programme_set,
    m.UnitOpened: _open_unit,
    m.AssetListed: _list_asset,
    m.AssetPricesSet: _asset_prices_set,
    m.AssetIn: _asset_in,
    m.AssetOut: _asset_out,
    m.Converted: _converted,
    m.CollateralSold: _collateral_sold,
    m.MoneyIn: _money_in,
    m.MoneyOut: _money_out,
    m.FundWithdrawn: _fund_withdrawn,
    m.PoolSet: _pool_set,
    m.MarketRegrouped: _market_regrouped,
    m.PoolMoved: _pool_moved,
    m.PoolsSwitched: _pools_switched,
    m.MarginMoved: _margin_moved,
    m.OrderPlaced: _order_placed,
    m.MarksSet: _marks_set,
    m.FundingAccrued: _funding_accrued,
    m.LeverageSet: _leverage_set,
    m.RequirementsAnnounced: _requirements_announced,
    m.RequirementsChanged: _requirements_changed,
    m.MarketSettled: _market_settled,
    m.PeriodClosed: _period_closed,
    m.BankruptcyDeclared: _declared,
    m.BankruptcyEnded: _ended,
    m.TakenOver: _taken_over,
    m.FundPaid: _fund_paid,
    m.Deleveraged: _deleveraged,
    m.Socialised: _socialised,
    m.ResidualNamed: _residual_named,
    m.StepEnded: _step_ended,
    m.Halted: _halted,
    m.Resumed: _resumed,
    m.EnvelopeApproved: _envelope_approved,
    m.EnvelopeEnded: _envelope_ended,
    m.AuctionOpened: _auction_opened,
    m.AuctionEnded: _auction_ended,
    m.AuctionSold: _auction_sold,
}
