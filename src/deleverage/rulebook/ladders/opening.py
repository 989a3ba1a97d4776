"""Markets, accounts and isolated units come into being."""

from collections.abc import Iterator
from itertools import pairwise

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import CONTRACTS, LONG, SHORT, Account, Book, Tier, leg_id_of
from deleverage.rulebook.ladders.rungs import (
    Ladder,
    next_fact,
    refuse,
    refuse_side,
    require_id,
    require_live,
    require_market,
)
from deleverage.rulebook.messages import Code, Command, Fact
from deleverage.rulebook.quantities import END_NS, LARGEST, PPB
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.schedule import Schedule


def _list_market(book: Book, command: m.ListMarket, rules: Rules) -> Iterator[Fact]:
    terms = command.terms
    require_id(terms.market_id)
    require_id(terms.underlying_id)
    refuse(terms.market_id in book.markets, Code.DUPLICATE_ID, "a market of this id exists", terms.market_id)
    contract = terms.contract
    refuse(contract not in CONTRACTS, Code.BAD_TERMS, f"known contracts are {', '.join(CONTRACTS)}", contract)
    multiplier = "face_quanta_ticks" if contract == "inverse" else "quanta_per_tick_lot"
    for name in (multiplier, "max_lots", "max_price_ticks", "max_open_interest_lots", "min_value_quanta"):
        size = getattr(terms, name)
        refuse(not 1 <= size <= LARGEST, Code.BAD_TERMS, f"{name} lies from 1 to 10^40", size, LARGEST)
    refuse(terms.expiry_ns < 0, Code.BAD_TERMS, "an expiry is 0 (perpetual) or a time", terms.expiry_ns, 0)
    refuse(terms.expiry_ns >= END_NS, Code.BAD_TERMS, "an expiry lies before 2^63 ns", terms.expiry_ns, END_NS)
    starts = [tier.from_notional_quanta for tier in terms.tiers]
    ascend = starts[:1] == [0] and all(one < other for one, other in pairwise(starts))
    refuse(not ascend, Code.BAD_TERMS, "tiers start at 0 and ascend", str(starts))
    for tier in terms.tiers:
        _require_tier(tier)
    _require_schedule(terms.schedule)
    yield m.MarketListed(**next_fact(book, command), terms=terms)


def _require_tier(tier: Tier) -> None:
    """Refuse a tier whose close-out, maintenance and initial requirement are not in this order at every notional.

    Rates in order keep amounts in order from the tier's start on, so it is enough to look there. A rate of 0 asks for
    nothing, whatever is deducted.
    """
    rates = (tier.close_out_rate_ppb, tier.maintenance_rate_ppb, tier.initial_rate_ppb)
    ordered = 0 <= rates[0] <= rates[1] <= rates[2] <= PPB
    sentence = "0 <= close-out <= maintenance <= initial rate <= 10^9 ppb"
    refuse(not ordered, Code.BAD_TERMS, sentence, str(rates), PPB)
    deductions = (tier.close_out_deduction_quanta, tier.maintenance_deduction_quanta, tier.initial_deduction_quanta)
    refuse(min(deductions) < 0, Code.BAD_TERMS, "a deduction is not negative", min(deductions), 0)
    start = tier.from_notional_quanta
    amounts = [start * rate_ppb - deduction * PPB for rate_ppb, deduction in zip(rates, deductions, strict=True)]
    crossed = any(rates[at] and amounts[at] > amounts[at + 1] for at in range(2))
    sentence = "close-out <= maintenance <= initial requirement where the tier starts"
    refuse(crossed, Code.BAD_TERMS, sentence, str(amounts))


def _require_schedule(schedule: Schedule) -> None:
    """Refuse a schedule whose bounds do not hold the published table, or with a number beyond every bound."""
    bounds = (schedule.floor_ppb, schedule.cap_ppb)
    held = 1 <= bounds[0] <= PPB <= bounds[1] <= LARGEST
    refuse(not held, Code.BAD_TERMS, "1 <= floor <= 10^9 <= cap <= 10^40 ppb", str(bounds), PPB)
    drivers = (schedule.volatility, schedule.open_interest, schedule.concentration, schedule.unit_share)
    numbers = [schedule.max_step_ppb, schedule.min_notice_ns]
    numbers += [number for driver in drivers for number in (driver.from_ppb, driver.slope_ppb)]
    within = 0 <= min(numbers) <= max(numbers) <= LARGEST
    refuse(not within, Code.BAD_TERMS, "the numbers of a schedule lie from 0 to 10^40", str(numbers), LARGEST)


def _open_account(book: Book, command: m.OpenAccount, rules: Rules) -> Iterator[Fact]:
    account_id, role, capacity = command.account_id, command.role, command.backstop_capacity_lots
    require_id(account_id)
    group = command.owner_group or account_id
    require_id(group)
    refuse(account_id in book.accounts, Code.DUPLICATE_ID, "an account of this id exists", account_id)
    second = role == "fund" and book.fund_unit() is not None
    refuse(second, Code.DUPLICATE_ID, "the domain has a fund already", account_id)
    known = ("trader", "fund", "backstop")
    refuse(role not in known, Code.BAD_ROLE, f"known roles are {', '.join(known)}", role)
    refuse(command.hedge and role != "trader", Code.BAD_ROLE, "only a trader's account has two sides per market", role)
    most = 0 if role != "backstop" else capacity
    refuse(not 0 <= capacity <= most, Code.BAD_ROLE, "only a backstop has a capacity, of 0 lots or more", capacity, 0)
    yield m.AccountOpened(**next_fact(book, command), account=Account(account_id, group, role, capacity, command.hedge))


def _open_isolated(book: Book, command: m.OpenIsolated, rules: Rules) -> Iterator[Fact]:
    account_id, market_id, side = command.account_id, command.market_id, command.side
    unit_id = f"{account_id}/{leg_id_of(market_id, side)}"
    refuse(unit_id in book.units, Code.DUPLICATE_ID, "the isolated unit exists", unit_id)
    require_market(book, market_id)
    refuse(account_id not in book.accounts, Code.UNKNOWN_ACCOUNT, "no such account", account_id)
    refuse_side(side, (LONG, SHORT) if book.accounts[account_id].hedge else ("",))
    require_live(book.markets[market_id])
    yield m.UnitOpened(
        **next_fact(book, command), unit_id=unit_id, account_id=account_id, market_id=market_id, side=side
    )


LADDERS: dict[type[Command], Ladder] = {
    m.ListMarket: _list_market,
    m.OpenAccount: _open_account,
    m.OpenIsolated: _open_isolated,
}
