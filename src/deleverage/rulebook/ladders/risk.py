"""Requirements: the leverage an owner chooses, and the factor a venue announces.

An announcement is a fact, and taking effect is another one: the first accepted command at or after its time begins with
it, whatever the command is. So a step of the waterfall runs under one set of requirements from its first round to its
last, and a replay needs no clock.
"""

from collections.abc import Iterator

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Book, copy_unit
from deleverage.rulebook.ladders.rungs import (
    Ladder,
    next_fact,
    refuse,
    require_initial,
    require_live,
    require_market,
    require_own_market,
    require_solvent,
    require_time,
    require_unit,
)
from deleverage.rulebook.leverage import least_initial_rate
from deleverage.rulebook.margin import initial_numerator
from deleverage.rulebook.messages import Code, Command, Fact
from deleverage.rulebook.quantities import LARGEST, MARGIN_SCALE, PPB, initial_rate_ceil, ratio_ceil
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.schedule import announced_before, factor_before_ppb
from deleverage.rulebook.stages.guards import asset_guards


def changes_due(book: Book, time_ns: int) -> Iterator[m.RequirementsChanged]:
    """Yield the announcements that take effect before a command of this time, by market and time; none in a halt."""
    seq = book.seq
    for market_id, market in sorted(book.markets.items()) if not book.halted else ():
        factor_ppb, measured_lots = market.factor_ppb, market.measured_lots
        for due in announced_before(market.announced, time_ns + 1):
            seq += 1
            yield m.RequirementsChanged(
                seq=seq,
                time_ns=time_ns,
                market_id=market_id,
                factor_before_ppb=factor_ppb,
                factor_ppb=due.factor_ppb,
                measured_before_lots=measured_lots,
                measured_lots=due.measured_lots,
            )
            factor_ppb, measured_lots = due.factor_ppb, due.measured_lots


def _announce(book: Book, command: m.AnnounceRequirements, rules: Rules) -> Iterator[Fact]:
    require_time(command.effective_ns)
    market = require_market(book, command.market_id)
    terms, volatility_ppb, concentration_ppb = market.terms, command.volatility_ppb, command.concentration_ppb
    within = 0 <= volatility_ppb <= LARGEST
    refuse(not within, Code.BAD_ESTIMATE, "a volatility lies from 0 to 10^40 ppb", volatility_ppb, LARGEST)
    within = 0 <= concentration_ppb <= PPB
    refuse(not within, Code.BAD_ESTIMATE, "a concentration is a share, 0 to 10^9 ppb", concentration_ppb, PPB)
    require_live(market)
    refuse(book.halted, Code.DOMAIN_HALTED, "requirements stand still in a halted domain")
    earliest = command.time_ns + terms.schedule.min_notice_ns
    short = command.effective_ns < earliest
    refuse(short, Code.NOTICE_TOO_SHORT, "requirements change only with notice", command.effective_ns, earliest)
    open_interest_ppb = ratio_ceil(market.open_interest_lots, terms.max_open_interest_lots)
    target_ppb = terms.schedule.target_ppb(volatility_ppb, open_interest_ppb, concentration_ppb)
    before_ppb = factor_before_ppb(market.factor_ppb, market.announced, command.effective_ns)
    yield m.RequirementsAnnounced(
        **next_fact(book, command),
        market_id=command.market_id,
        volatility_ppb=volatility_ppb,
        concentration_ppb=concentration_ppb,
        open_interest_lots=market.open_interest_lots,
        open_interest_ppb=open_interest_ppb,
        target_ppb=target_ppb,
        factor_before_ppb=before_ppb,
        factor_ppb=terms.schedule.stepped_ppb(before_ppb, target_ppb),
        effective_ns=command.effective_ns,
    )


def _set_leverage(book: Book, command: m.SetLeverage, rules: Rules) -> Iterator[Fact]:
    market, market_id, leverage_ppb = require_market(book, command.market_id), command.market_id, command.leverage_ppb
    unit = require_unit(book, command.unit_id)
    within = PPB <= leverage_ppb <= MARGIN_SCALE
    refuse(not within, Code.BAD_LEVERAGE, "a leverage lies from 1 to 10^9, in ppb", leverage_ppb, MARGIN_SCALE)
    require_live(market)
    require_own_market(unit, market_id)
    require_solvent(unit)
    asked_ppb, least_ppb = initial_rate_ceil(leverage_ppb), least_initial_rate(book, unit, market_id)
    sentence = "the leverage asks for less than the initial rate of the tier"
    refuse(asked_ppb < least_ppb, Code.LEVERAGE_ABOVE_MAXIMUM, sentence, asked_ppb, least_ppb)
    looked = copy_unit(unit)
    looked.leverages[market_id] = leverage_ppb
    if initial_numerator(book, looked) > initial_numerator(book, unit):
        require_initial(book, looked, asset_guards(book, rules, command.time_ns))
    yield m.LeverageSet(
        **next_fact(book, command),
        unit_id=unit.unit_id,
        market_id=market_id,
        leverage_before_ppb=unit.leverages.get(market_id, 0),
        leverage_ppb=leverage_ppb,
    )


LADDERS: dict[type[Command], Ladder] = {
    m.AnnounceRequirements: _announce,
    m.SetLeverage: _set_leverage,
}
