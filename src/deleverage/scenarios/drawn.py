"""A ``[population]`` table as commands: accounts, deposits and trades drawn from a seed, on top of the written ones."""

from typing import Any, NamedTuple

from deleverage.rulebook.messages import Command, Deposit, OpenAccount, Trade
from deleverage.rulebook.quantities import PPB
from deleverage.scenarios.faults import Path
from deleverage.scenarios.names import Names
from deleverage.scenarios.plugs import RATE
from deleverage.scenarios.population import MarketShare, draw, most_accounts
from deleverage.scenarios.shape import MOST_ACCOUNTS


class Drawn(NamedTuple):
    """What a draw adds to a scenario: accounts with money, then trades at the opening marks; how many, which seed."""

    accounts: int
    seed: int
    money: tuple[Command, ...]
    trades: tuple[Command, ...]
    note: str


def draw_population(names: Names, table: dict[str, Any], accounts: int | None, seed: int | None) -> Drawn | None:
    """Return the drawn accounts, or None with the faults noted; ``accounts`` and ``seed`` replace the file's."""
    reader = names.reader
    accounts = table["accounts"] if accounts is None else accounts
    seed = table["seed"] if seed is None else seed
    if not 2 <= accounts <= MOST_ACCOUNTS:
        reader.fault(("population", "accounts"), f"is {accounts}, allowed are 2 to {MOST_ACCOUNTS:,}")
    if seed < 0:
        reader.fault(("population", "seed"), f"is {seed}, the minimum is 0")
    spread_ppb = reader.units(("population", "entry_spread"), table.get("entry_spread", "0.02"), RATE, 0)
    if spread_ppb >= PPB:
        reader.fault(("population", "entry_spread"), "is a share below 1: an entry price must stay above 0")
    shares = []
    for market_id, size in table["open_interest"].items():
        where: Path = ("population", "open_interest", market_id)
        terms = names.market(where, market_id)
        if terms is None:
            continue
        if terms.contract != "linear":
            reader.fault(where, f"is {terms.contract}: accounts are drawn for linear contracts only")
            continue
        shares.append(
            MarketShare(
                market_id=market_id,
                open_interest_lots=reader.units(where, size, terms.lot, 1),
                price_ticks=names.marks[market_id],
                quanta_per_tick_lot=terms.quanta_per_tick_lot,
                initial_rate_ppb=max((tier.initial_rate_ppb for tier in terms.tiers), default=0),
                entry_spread_ppb=spread_ppb,
            )
        )
    if not reader.is_sound("settlement", "markets", "population"):
        return None
    if (most := most_accounts(shares)) < accounts:
        sentence = f"is {accounts:,}, but the open interest is enough for {most:,} only"
        reader.fault(("population", "accounts"), f"{sentence}: everybody holds at least the value of two dearest lots")
        return None
    population = draw(seed, accounts, shares)
    for account_id in sorted(set(names.account_ids) & set(population.deposits)):
        reader.fault(("accounts", names.account_ids.index(account_id), "id"), f"{account_id!r} is drawn as well")
    money: list[Command] = []
    for account_id, amount in population.deposits.items():
        money.append(OpenAccount(time_ns=0, account_id=account_id))
        money.append(Deposit(time_ns=0, unit_id=account_id, amount_quanta=amount))
    trades = tuple(
        Trade(
            time_ns=0,
            market_id=trade.market_id,
            buyer_unit_id=trade.buyer_id,
            seller_unit_id=trade.seller_id,
            lots=trade.lots,
            price_ticks=trade.price_ticks,
        )
        for trade in population.trades
    )
    return Drawn(accounts, seed, tuple(money), trades, population.note)
