"""The rulebook's book and facts in the model's plain form, and the first place where two plain things differ."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import astuple
from typing import Any

from deleverage.rulebook.book import Book
from deleverage.rulebook.messages import (
    AuctionEnded,
    AuctionOpened,
    CollateralSold,
    Deleveraged,
    EnvelopeEnded,
    Fact,
    FundPaid,
    MarginMoved,
    OrdersCancelled,
    PoolsSwitched,
    Reduced,
    RequirementsChanged,
    ResidualNamed,
    Socialised,
    StepEnded,
    TakenOver,
)

Plain = dict[str, Any]


UNDER_NO_RULES = (OrdersCancelled, MarginMoved, EnvelopeEnded, RequirementsChanged)
"""Kinds of facts in a step that other commands tell as well: they name no rules."""


def plain_book(book: Book) -> Plain:
    """Return a book in the form of ``Model.state()``."""
    return {
        "units": {
            unit.unit_id: {
                "account": unit.account_id,
                "isolated": unit.isolated_market_id,
                "side": unit.isolated_side,
                "quote": unit.quote,
                "bankrupt": unit.bankrupt,
                "deposits": unit.deposits,
                "realised": unit.realised,
                "transfers": unit.transfers,
                "result_before": unit.result_before,
                "debt_pools": dict(unit.debt_pools),
                "assets": dict(unit.assets),
                "carried": unit.carried,
                "legs": {
                    key: {
                        "lots": leg.lots,
                        "cost": leg.cost,
                        "entry_funding": leg.entry_funding,
                        "haircut": leg.haircut,
                    }
                    for key, leg in unit.legs.items()
                },
                "leverages": dict(unit.leverages),
            }
            for unit in book.units.values()
        },
        "accounts": {
            account.account_id: {
                "owner_group": account.owner_group,
                "role": account.role,
                "capacity": account.backstop_capacity_lots,
                "hedge": account.hedge,
                "neutral": account.neutral,
            }
            for account in book.accounts.values()
        },
        "backstops": {
            key: {
                "window_ns": backstop.programme.window_ns,
                "window_notional": backstop.programme.window_notional_quanta,
                "cool_down_ns": backstop.programme.cool_down_ns,
                "minimum_edge": backstop.programme.minimum_edge_ppb,
                "window_start": backstop.window_start_ns,
                "window_used": backstop.window_used_quanta,
                "last_step": backstop.last_step,
                "last_time": backstop.last_time_ns,
            }
            for key, backstop in book.backstops.items()
        },
        "markets": {
            key: {
                "mark": market.mark_price_ticks,
                "previous": market.previous_mark_price_ticks,
                "mark_time": market.mark_time_ns,
                "guard": market.guard,
                "funding": market.funding_quanta,
                "carry": market.funding_carry,
                "reduce_only": market.reduce_only,
                "grace_until": market.grace_until_ns,
                "grace_lost": list(market.grace_lost),
                "reference": market.reference_price_ticks,
                "reference_time": market.reference_time_ns,
                "paused_until": market.paused_until_ns,
                "settled": market.settled,
                "contract": market.terms.contract,
                "factor": market.factor_ppb,
                "measured": market.measured_lots,
                "announced": list(map(astuple, market.announced)),
                "pool": market.pool_id,
            }
            for key, market in book.markets.items()
        },
        "assets": {
            key: {
                "price": asset.price_quanta,
                "price_time": asset.price_time_ns,
                "guard": asset.guard,
                "net_deposits": asset.net_deposits_grains,
            }
            for key, asset in book.assets.items()
        },
        "orders": [
            {
                "id": order.order_id,
                "unit": order.unit_id,
                "market": order.market_id,
                "leg_side": order.leg_side,
                "lots": order.lots,
                "price": order.price_ticks,
            }
            for order in sorted(book.orders.values(), key=lambda order: order.sequence)
        ],
        "auctions": {
            key: {
                "start": auction.start_ns,
                "length": auction.length_ns,
                "oldest": auction.max_mark_age_ns,
                "offered": auction.offered_ns,
                "expired": auction.expired,
            }
            for key, auction in book.auctions.items()
        },
        "pots": dict(book.pots),
        "pools": {
            key: {
                "floor": pool.terms.floor_quanta,
                "samples": [[sample.slot, sample.cash_quanta] for sample in pool.samples],
                "paused": pool.paused,
            }
            for key, pool in book.pools.items()
        },
        "residual": book.residual_quanta,
        "net_deposits": book.net_deposits_quanta,
        "claims": {key: claim for key, claim in book.claims.items() if claim},
        "fund_paid_by_group": {key: paid for key, paid in book.fund_paid_by_group.items() if paid},
        "halted": book.halted,
        "halts": dict(book.halts),
        "envelopes": {place: astuple(envelope) for place, envelope in book.envelopes.items()},
        "waiting": book.waiting,
        "time_ns": book.time_ns,
        "steps": book.steps,
    }


def plain_step(facts: Iterable[Fact]) -> Plain:
    """Return what the facts of one step say, in the form of ``Model.last_step``."""
    names = ("converted", "switches", "reduced", "taken_over", "fund", "deleveraged", "socialised")
    seen: Plain = {name: [] for name in names}
    seen |= {"residuals": [], "ended": [], "auctions_opened": [], "auctions_ended": []}
    facts = tuple(facts)
    hashes = {getattr(fact, "rules_hash", "") for fact in facts if not isinstance(fact, UNDER_NO_RULES)}
    seen["rules_hashes"] = sorted(hashes)
    for fact in facts:
        if isinstance(fact, PoolsSwitched):
            seen["switches"] += [(switch.pool_id, switch.paused) for switch in fact.switches]
        elif isinstance(fact, CollateralSold):
            takers = tuple(sorted((fill.unit_id, fill.grains) for fill in fact.assets if fill.part != "seller"))
            seen["converted"].append((fact.asset_id, tuple(sorted(tuple(one) for one in fact.sellers)), takers))
        elif isinstance(fact, Reduced):
            seen["reduced"].append((fact.round, fact.market_id, fact.side, tuple(tuple(sale) for sale in fact.sales)))
        elif isinstance(fact, AuctionOpened):
            seen["auctions_opened"].append((fact.unit_id, fact.equity_quanta, fact.length_ns, fact.max_mark_age_ns))
        elif isinstance(fact, AuctionEnded):
            seen["auctions_ended"].append((fact.unit_id, fact.start_ns, fact.why))
        elif isinstance(fact, TakenOver):
            surplus = (fact.surplus_quanta, fact.edge_quanta)
            seen["taken_over"].append((fact.market_id, fact.side, fact.shortfall_quanta, *surplus))
        elif isinstance(fact, FundPaid):
            paid = sorted(
                (d.unit_id, d.leg_id, d.debt_quanta, d.paid_quanta, d.pool_id) for d in fact.debts if d.paid_quanta
            )
            seen["fund"].append((fact.entered_quanta, fact.own_unit_quanta, tuple(paid), fact.after_stage_5))
        elif isinstance(fact, Deleveraged):
            seen["deleveraged"].append(_plain_deleveraged(fact))
        elif isinstance(fact, Socialised):
            cuts = tuple(
                (cut.unit_id, cut.weight, cut.base_quanta, cut.taken_quanta, tuple(sorted(cut.legs)), cut.claim_quanta)
                for cut in sorted(fact.haircuts)
            )
            kind = fact.rule.partition("(")[0]
            seen["socialised"].append((kind, fact.market_id, fact.side, fact.debt_quanta, fact.base_quanta, cuts))
        elif isinstance(fact, ResidualNamed):
            seen["residuals"] += [tuple(residual) for residual in fact.residuals]
        elif isinstance(fact, EnvelopeEnded):
            seen["ended"].append((fact.market_id, fact.side, fact.why, fact.used_lots))
        elif isinstance(fact, StepEnded):
            seen |= {"rounds": fact.rounds, "stopped": fact.stopped, "guarded": sorted(_names(fact.guarded))}
            seen["unsold"] = [tuple(sale) for sale in fact.unsold]
            seen["passed"] = [tuple(passed) for passed in fact.passed]
            seen["spared"] = [tuple(item) for item in fact.spared]
            seen["throttles"] = [tuple(item) for item in fact.throttles]
    return seen


def _names(texts: Iterable[str]) -> list[str]:
    """Return ids without the reasons that follow them."""
    return [text.partition(": ")[0] for text in texts]


def _plain_deleveraged(fact: Deleveraged) -> Plain:
    money: dict[tuple[str, str], int] = defaultdict(int)
    closed: dict[tuple[str, str], int] = defaultdict(int)
    for closing in fact.closings:
        money[closing.unit_id, closing.market_id] += closing.money_quanta
        closed[closing.unit_id, closing.market_id] += closing.closed_lots
    pools = sorted((pool for pool in fact.pools if pool.lots), key=lambda pool: (pool.market_id, pool.side))
    freed = {(item.unit_id, item.market_id, item.side): item.amount_quanta for item in fact.freed}
    return {
        "round": fact.round,
        "pools": [(*pool[:-1], tuple(sorted(_names(pool.removed)))) for pool in pools],
        "money": {place: quanta for place, quanta in sorted(money.items()) if quanta},
        "closed": {place: lots for place, lots in sorted(closed.items()) if lots},
        "freed": freed,
    }


def model_step(seen: Plain) -> Plain:
    """Return the model's account of a step without what the facts do not tell."""
    told = dict(seen)
    told["deleveraged"] = [{k: v for k, v in one.items() if k != "capped"} for one in seen["deleveraged"]]
    return told


def difference(one: Any, other: Any, path: str = "") -> tuple[str, Any, Any] | None:
    """Return the path of the first difference between two plain things, with both values; None if they are equal."""
    if one == other:
        return None
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(set(one) | set(other), key=str):
            found = difference(one.get(key, "(none)"), other.get(key, "(none)"), f"{path}/{key}")
            if found:
                return found
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            found = difference(left, right, f"{path}/{number}")
            if found:
                return found
    return path, one, other
