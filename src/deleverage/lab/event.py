"""A real event moved through the waterfall: wave by wave, money that others measured, counterparties that we draw.

What is the event's and what is ours: the gaps and quantities per wave and coin come from the table; who stands against
them does not. The winners are synthetic (the seed is part of the result), their notional has the published shape, and
*who paid is not a fact about the event*. What is shown is that the law moves exactly the measured amounts, and what
happens to them under another price rule, with a fund, or against poorer counterparties.
"""

from dataclasses import dataclass
from itertools import pairwise

from deleverage.adapters.waves import Event
from deleverage.domain.player import Progress
from deleverage.lab.numbers import usd
from deleverage.lab.wave_step import (
    BANKRUPT_LEVERAGE,
    Opened,
    Short,
    WaveOutcome,
    Winner,
    opened_afresh,
    play_wave,
)
from deleverage.rulebook.quantities import PPB, div_floor
from deleverage.rulebook.rules import Rules
from deleverage.scenarios.draws import Draws
from deleverage.scenarios.population import LEVERAGES, Slot, account_ids, hand_out
from deleverage.scenarios.shape import MOST_ACCOUNTS, Shape, rank_sizes, shape

PUBLISHED_ACCOUNTS = 19_337
"""How many accounts were deleveraged in the event."""

_EQUITY_OVER_PROFIT = ((0, 1_500), (100, 2_283), (500, 4_413), (900, 14_958), (1_000, 30_000))
"""Published quantiles of winners' equity over open profit: 10 % 2.28, median 4.41, 90 % 14.96; per mille, ends ours."""

ASSUMPTIONS = (
    "Counterparties are synthetic, drawn from the seed; who paid is not a fact about the event.",
    "The table's gaps are absolute and carry no side: every bankrupt account is assumed long, every winner short.",
    "Each row is one bankrupt account whose equity at the reference mark is minus the row's gap x quantity.",
    "The reference mark of a coin is its average price over the whole event, the same in every wave.",
    "Winners hold exactly the lots that are closed, so the selection policy decides nothing here.",
    "Each wave is a clearing domain of its own; only the insurance fund goes from wave to wave.",
    f"Bankrupt accounts bought at {BANKRUPT_LEVERAGE}x; margin requirements are zero, only bankruptcy matters.",
    "Rows with a gap of zero are not constructed: such an account is not bankrupt.",
)


class EventFault(ValueError):
    """Options that do not fit the event; ``faults`` lists what is wrong."""

    def __init__(self, faults: list[str]) -> None:
        """Keep the faults."""
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What can be varied; the defaults move the event as it was measured."""

    seed: int = 20251010
    accounts: int = PUBLISHED_ACCOUNTS
    price_rule: str = "bankruptcy"
    fund_quanta: int = 0
    population_equity_ppb: int = PPB  # scale of every winner's equity


@dataclass(frozen=True, slots=True)
class EventResult:
    """The whole event: options, shape of the counterparties, waves in order, and what is left of the fund (quanta)."""

    event: Event
    options: Options
    rules_hash: str
    shape: Shape
    waves: tuple[WaveOutcome, ...]
    fund_left_quanta: int

    def total(self, name: str) -> int:
        """Return the sum over waves of one of their numbers."""
        return sum(getattr(wave, name) for wave in self.waves)

    @property
    def published_quanta(self) -> int | None:
        """Return the event's total as others print it, or None where a wave has no such figure."""
        published = [wave.published_quanta for wave in self.waves]
        return None if None in published else sum(quanta or 0 for quanta in published)


def play_event(
    event: Event,
    options: Options,
    progress: Progress = lambda what, done, total: None,
    opened: Opened = opened_afresh,
) -> EventResult:
    """Return the outcome of every wave, each in an empty domain of its own, which ``opened`` gives.

    Raises ConfigError for a price rule the law does not know, EventFault for accounts that do not fit the event.
    """
    rules = Rules.build({"price": options.price_rule})
    shorts, measured = counterparties(event, options)
    winners = draw_winners(options)
    outcomes = []
    fund_quanta = options.fund_quanta
    for played, wave in enumerate(event.waves):
        progress("waves", played, len(event.waves))
        outcome, fund_quanta = play_wave(
            wave,
            event.coins,
            shorts.get(wave.number, []),
            winners,
            rules,
            fund_quanta=fund_quanta,
            equity_ppb=options.population_equity_ppb,
            opened=opened,
        )
        outcomes.append(outcome)
    return EventResult(event, options, rules.hash(), measured, tuple(outcomes), fund_quanta)


def counterparties(event: Event, options: Options) -> tuple[dict[int, list[Short]], Shape]:
    """Return who is short how many lots in which wave, and the shape of their notional over the event."""
    places = [(wave.number, row) for wave in event.waves for row in wave.rows]
    slots = [Slot(row.coin, row.lots, event.coins[row.coin].mark_ticks) for _, row in places]
    total_quanta = sum(slot.lots * slot.value_quanta for slot in slots)
    least_quanta = 2 * max(slot.value_quanta for slot in slots) if options.accounts > 1 else 0
    _require_accounts(options.accounts, total_quanta, least_quanta)
    falling = rank_sizes(options.accounts, total_quanta, least_quanta)
    names = Draws(options.seed, "names").shuffled(account_ids(options.accounts, "winner-"))
    sizes = dict(zip(names, falling, strict=True))
    shorts: dict[int, list[Short]] = {}
    notional = dict.fromkeys(names, 0)
    for holding in hand_out(options.seed, sizes, slots, "short"):
        wave, row = places[holding.slot]
        shorts.setdefault(wave, []).append(Short(holding.account_id, row.coin, holding.lots))
        notional[holding.account_id] += holding.lots * slots[holding.slot].value_quanta
    return shorts, shape(notional.values())


def _require_accounts(accounts: int, total_quanta: int, least_quanta: int) -> None:
    """Raise EventFault where so many accounts are too many, for a laptop or for what the event has closed."""
    if accounts > MOST_ACCOUNTS:
        raise EventFault([f"--accounts is {accounts:,}, allowed are 1 to {MOST_ACCOUNTS:,}"])
    if accounts * least_quanta > total_quanta:
        most = max(1, div_floor(total_quanta, least_quanta))
        what = f"the event closed {usd(total_quanta)} USD of notional, two lots of its dearest coin are "
        needs = f"{usd(least_quanta)} USD"
        raise EventFault([f"--accounts is {accounts:,}, allowed are 1 to {most:,} here: {what}{needs}"])


def draw_winners(options: Options) -> dict[str, Winner]:
    """Return leverage and equity over profit of every counterparty."""
    draws = Draws(options.seed, "winners")
    return {
        account_id: Winner(LEVERAGES[draws.below(len(LEVERAGES))], equity_over_profit(draws.below(1_000)))
        for account_id in account_ids(options.accounts, "winner-")
    }


def equity_over_profit(per_mille: int) -> int:
    """Return equity over profit at a place of 0 to 999 per mille, on straight lines between the published quantiles."""
    for (start, low), (end, high) in pairwise(_EQUITY_OVER_PROFIT):
        if per_mille < end:
            return low + div_floor((high - low) * (per_mille - start), end - start)
    return _EQUITY_OVER_PROFIT[-1][1]
