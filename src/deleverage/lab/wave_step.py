"""One wave of an event as one step of the waterfall, in a clearing domain of its own.

What is constructed, coin by coin, and why it is exact:

* a **bankrupt** account, assumed long, that bought at twenty times leverage above the reference mark; its deposit is
  chosen so that its equity at the reference mark is minus the row's gap, to the quantum;
* **winners**, the synthetic counterparties, short as many lots as the bankrupts are long, so that everything is closed;
* a **street** account between them, which buys from the winners at their entry prices, sells to the bankrupt at its own
  and ends flat: it makes the two sides' entry prices independent of each other. It cannot be a candidate.

Then the mark falls to the reference and the step runs. Requirements are zero: nothing here depends on a margin table,
only on who is bankrupt. The domain checks the invariants after every fact, and in full after marks and stages.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from deleverage.adapters.waves import Coin, Wave, WaveRow
from deleverage.domain import Domain
from deleverage.rulebook import messages as m
from deleverage.rulebook.book import FUND_POT, Book, MarketTerms, Tier, market_of
from deleverage.rulebook.margin import equity
from deleverage.rulebook.quantities import PPB, div_ceil, div_floor
from deleverage.rulebook.rules import Rules

NS_PER_MS = 1_000_000
BANKRUPT_LEVERAGE = 20
"""At which a bankrupt account is assumed to have bought; only its deposit depends on it, no amount that moves."""


class Short(NamedTuple):
    """Lots of a coin that a winner is short in this wave."""

    account_id: str
    coin: str
    lots: int


class Winner(NamedTuple):
    """What is drawn about a counterparty: leverage before the gap, and equity over open profit in per mille."""

    leverage: int
    equity_over_profit_per_mille: int


@dataclass(frozen=True, slots=True)
class CoinOutcome:
    """What the step did in one coin; money in quanta of 10^-6 USD, all >= 0."""

    coin: str
    lots: int
    gap_quanta: int
    fund_quanta: int
    moved_quanta: int  # from winners, against the mark, summed from the fills
    unpaid_quanta: int  # of what was asked of winners: left without lots, for stage 6


Opened = Callable[[int, Rules], Domain]
"""Gives the empty domain in which a wave of a number is played, under these rules."""


def opened_afresh(wave: int, rules: Rules) -> Domain:
    """Return a domain that nobody remembers."""
    return Domain.open(rules)


@dataclass(frozen=True, slots=True)
class WaveOutcome:
    """What one wave moved: ``needed = fund + moved + to_stage_6`` and ``to_stage_6 = haircut + residual``, exactly."""

    wave: int
    start_ms: int
    end_ms: int
    needed_quanta: int
    fund_quanta: int
    moved_quanta: int
    to_stage_6_quanta: int
    haircut_quanta: int
    residual_quanta: int
    residual_lots: int
    published_quanta: int | None
    winners: int
    winners_equity_quanta: int
    closings: int
    facts: int
    digest: str
    coins: tuple[CoinOutcome, ...]


def play_wave(
    wave: Wave,
    coins: dict[str, Coin],
    shorts: list[Short],
    winners: dict[str, Winner],
    rules: Rules,
    *,
    fund_quanta: int,
    equity_ppb: int,
    opened: Opened,
) -> tuple[WaveOutcome, int]:
    """Return what the wave moved and what is left of the fund; ``equity_ppb`` scales every winner's equity."""
    rows = tuple(row for row in wave.rows if row.gap_quanta)
    setup = _Setup(wave, rows, coins, shorts, winners, equity_ppb)
    domain = opened(wave.number, rules)
    _submit(domain, setup.commands(fund_quanta))
    book = domain.book
    for row in rows:
        built = equity(book, book.units[bankrupt_id(row.coin)])
        assert built == -row.gap_quanta, f"{row.coin}: built with {built} instead of {-row.gap_quanta} quanta"
    facts = _submit(domain, [m.RunStep(time_ns=wave.end_ms * NS_PER_MS)])
    return _outcome(wave, rows, facts, book, setup.equities), book.pots[FUND_POT]


def bankrupt_id(coin: str) -> str:
    """Return the id of the account that a row is constructed as."""
    return f"bankrupt-{coin}"


def street_id(coin: str) -> str:
    """Return the id of the account between winners and the bankrupt; one per coin, flat before the step."""
    return f"street-{coin}"


def _submit(domain: Domain, commands: Iterable[m.Command]) -> list[m.Fact]:
    """Return the facts that answer the commands; a refusal here is a bug of ours."""
    facts: list[m.Fact] = []
    for answer in domain.submit(commands):
        assert not isinstance(answer, m.Rejection), f"a wave's own command was refused: {answer}"
        facts += answer
    return facts


# -- construction -----------------------------------------------------------------------------------------------------


class _Setup:
    """The commands that build a wave's domain; everything in quanta of 10^-6 USD, one tick x one lot being one."""

    def __init__(
        self,
        wave: Wave,
        rows: tuple[WaveRow, ...],
        coins: dict[str, Coin],
        shorts: list[Short],
        winners: dict[str, Winner],
        equity_ppb: int,
    ) -> None:
        self.wave, self.rows, self.coins = wave, rows, coins
        self.legs: dict[str, list[Short]] = {}
        row_of = {row.coin: row for row in rows}
        for short in sorted(shorts):
            if short.coin in row_of:
                self.legs.setdefault(short.account_id, []).append(short)
        self.equities: dict[str, int] = {}
        self.premium_ticks: dict[tuple[str, str], int] = {}
        for account_id, legs in self.legs.items():
            notional = sum(leg.lots * coins[leg.coin].mark_ticks for leg in legs)
            # Solvent where the bankrupts' equity was zero, and richer by the gap since then: at 100 % no cap can bind.
            gained = sum(div_ceil(row_of[leg.coin].gap_quanta * leg.lots, row_of[leg.coin].lots) for leg in legs)
            natural = div_ceil(notional, winners[account_id].leverage) + gained
            self.equities[account_id] = div_floor(natural * equity_ppb, PPB)
            for leg in legs:
                self.premium_ticks[account_id, leg.coin] = div_floor(
                    coins[leg.coin].mark_ticks * self.equities[account_id] * 1000,
                    notional * winners[account_id].equity_over_profit_per_mille,
                )

    def commands(self, fund_quanta: int) -> Iterator[m.Command]:
        """Yield every command in order; what is bought and sold in between cancels out in the street accounts."""
        now = self.wave.start_ms * NS_PER_MS
        if fund_quanta:
            yield m.DepositToFund(time_ns=now, amount_quanta=fund_quanta)
        yield from self._markets(now)
        reference = tuple(m.MarkUpdate(row.coin, self.coins[row.coin].mark_ticks) for row in self.rows)
        if not reference:
            return
        yield m.SetMarks(time_ns=now, marks=reference)
        yield from self._winners(now)
        entry = tuple(m.MarkUpdate(row.coin, self._bankrupt_entry_ticks(row)) for row in self.rows)
        yield m.SetMarks(time_ns=now, marks=entry)
        yield from self._bankrupts(now)
        yield m.SetMarks(time_ns=now, marks=reference)

    def _bankrupt_entry_ticks(self, row: WaveRow) -> int:
        """Return the lowest price at which a deposit of one twentieth is lost, and the gap besides, at the mark."""
        lost = row.lots * self.coins[row.coin].mark_ticks + row.gap_quanta
        return div_ceil(BANKRUPT_LEVERAGE * lost, (BANKRUPT_LEVERAGE - 1) * row.lots)

    def _markets(self, now: int) -> Iterator[m.Command]:
        highest: dict[str, int] = {}
        premium: dict[str, int] = {}
        for (account_id, coin), ticks in self.premium_ticks.items():
            highest[coin] = max(highest.get(coin, 0), self.coins[coin].mark_ticks + ticks)
            lots = sum(leg.lots for leg in self.legs[account_id] if leg.coin == coin)
            premium[coin] = premium.get(coin, 0) + ticks * lots
        for row in self.rows:
            terms = MarketTerms(
                market_id=row.coin,
                quanta_per_tick_lot=1,
                tiers=(Tier(0, 0, 0),),
                max_lots=row.lots,
                max_price_ticks=max(highest[row.coin], self._bankrupt_entry_ticks(row)),
                max_open_interest_lots=row.lots,
                tick=self.coins[row.coin].tick,
                lot=self.coins[row.coin].lot,
            )
            yield m.ListMarket(time_ns=now, terms=terms)
            yield m.OpenAccount(time_ns=now, account_id=street_id(row.coin))
            yield m.Deposit(time_ns=now, unit_id=street_id(row.coin), amount_quanta=premium[row.coin] + 1)

    def _winners(self, now: int) -> Iterator[m.Command]:
        for account_id, legs in self.legs.items():
            yield m.OpenAccount(time_ns=now, account_id=account_id)
            profit = sum(leg.lots * self.premium_ticks[account_id, leg.coin] for leg in legs)
            if deposit := self.equities[account_id] - profit:
                yield m.Deposit(time_ns=now, unit_id=account_id, amount_quanta=deposit)
            for leg in legs:
                price = self.coins[leg.coin].mark_ticks + self.premium_ticks[account_id, leg.coin]
                yield _trade(now, leg.coin, street_id(leg.coin), account_id, leg.lots, price)

    def _bankrupts(self, now: int) -> Iterator[m.Command]:
        for row in self.rows:
            price = self._bankrupt_entry_ticks(row)
            deposit = row.lots * (price - self.coins[row.coin].mark_ticks) - row.gap_quanta
            yield m.OpenAccount(time_ns=now, account_id=bankrupt_id(row.coin))
            yield m.Deposit(time_ns=now, unit_id=bankrupt_id(row.coin), amount_quanta=deposit)
            yield _trade(now, row.coin, bankrupt_id(row.coin), street_id(row.coin), row.lots, price)


def _trade(now: int, coin: str, buyer: str, seller: str, lots: int, price_ticks: int) -> m.Trade:
    return m.Trade(
        time_ns=now, market_id=coin, buyer_unit_id=buyer, seller_unit_id=seller, lots=lots, price_ticks=price_ticks
    )


# -- what the facts say -----------------------------------------------------------------------------------------------


def _outcome(
    wave: Wave, rows: tuple[WaveRow, ...], facts: list[m.Fact], book: Book, equities: dict[str, int]
) -> WaveOutcome:
    """Add up the facts: amounts of fills against value at the mark, fund payments, haircuts, residuals."""
    value = {market_id: market.value_quanta for market_id, market in book.markets.items()}
    moved = dict.fromkeys(value, 0)
    received = dict.fromkeys(value, 0)
    lots = dict.fromkeys(value, 0)
    fund = dict.fromkeys(value, 0)
    unpaid = dict.fromkeys(value, 0)
    haircut = residual = residual_lots = closings = 0
    for fact in facts:
        if isinstance(fact, m.Deleveraged):
            for fill in fact.fills:
                # Bought lots are worth their value at the mark; what was paid beyond that has changed hands.
                against_mark = fill.amount_quanta + fill.lots * value[fill.market_id]
                if fill.part == "candidate":
                    moved[fill.market_id] -= against_mark
                    lots[fill.market_id] += abs(fill.lots)
                    closings += 1
                else:
                    received[fill.market_id] += against_mark
            for pool in fact.pools:
                unpaid[pool.market_id] += pool.shortfall_quanta - pool.collected_quanta
        elif isinstance(fact, m.FundPaid):
            for debt in fact.debts:
                fund[market_of(debt.leg_id)] += debt.paid_quanta
        elif isinstance(fact, m.Socialised):
            haircut += sum(item.taken_quanta for item in fact.haircuts)
        elif isinstance(fact, m.ResidualNamed):
            residual += fact.named_quanta
            residual_lots += sum(abs(count) for item in fact.residuals for _, count in item.lots)
    assert moved == received, "what winners gave up is what bankrupts received"
    return WaveOutcome(
        wave=wave.number,
        start_ms=wave.start_ms,
        end_ms=wave.end_ms,
        needed_quanta=sum(row.gap_quanta for row in rows),
        fund_quanta=sum(fund.values()),
        moved_quanta=sum(moved.values()),
        to_stage_6_quanta=sum(unpaid.values()),
        haircut_quanta=haircut,
        residual_quanta=residual,
        residual_lots=residual_lots,
        published_quanta=wave.published_quanta,
        winners=len(equities),
        winners_equity_quanta=sum(equities.values()),
        closings=closings,
        facts=book.seq,
        digest=book.digest(),
        coins=tuple(
            CoinOutcome(row.coin, lots[row.coin], row.gap_quanta, fund[row.coin], moved[row.coin], unpaid[row.coin])
            for row in rows
        ),
    )
