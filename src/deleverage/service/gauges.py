"""What stands now, in numbers: the table of gauges. ``watch`` fills them."""

from typing import NamedTuple


class Kind(NamedTuple):
    """A gauge: its name behind the prefix, and what it says."""

    name: str
    words: str


GAUGES = (
    Kind("up", "1 while commands are taken."),
    Kind("line_commands", "Commands that stand in line."),
    Kind("line_places", "Places in line."),
    Kind("loop_lag_seconds", "How late the event loop was at the last look."),
    Kind("journal_seq", "The number of the last command that was heard to be durable."),
    Kind("journal_epoch", "The epoch of this writer."),
    Kind("steps", "Steps of the waterfall in the book."),
    Kind("rounds_last_step", "Rounds that the last step ran."),
    Kind("gate_open", "1 while forced acts go through: fresh marks were heard."),
    Kind("halted", "1 while the whole domain is halted."),
    Kind("halted_markets", "Markets halted by an operator, the whole domain counted as one."),
    Kind("guarded_markets", "Markets whose mark the law does not act on."),
    Kind("oldest_mark_age_seconds", "Age of the oldest mark of a market with open interest."),
    Kind("stress_ratio", "Notional of unhealthy and bankrupt units over all open notional: the law's measure."),
    Kind("stress_measured", "1 where stress was measured at the last look; 0: it is that of the last step."),
    Kind("fund_cash_quanta", "Cash of all pools of the fund."),
    Kind("fund_fees_quanta", "Fees that enter the pools at the next step."),
    Kind("fund_surplus_quanta", "Surpluses that enter the pools at the next step."),
    Kind("fund_paused_pools", "Pools that have stopped paying for now."),
    Kind("residual_quanta", "Losses that were named and nobody has carried yet."),
    Kind("claims_quanta", "What is owed back to those who were cut."),
    Kind("auctions", "Units on offer."),
    Kind("units", "Units in the book."),
    Kind("markets", "Markets in the book."),
    Kind("throttle_level", "The level of the service's throttle; 0 is calm."),
    Kind("throttle_load_level", "The level that load alone has reached: it decides what is shed."),
    Kind("throttle_factor_ratio", "What is asked weighs so many times as much."),
    Kind("mass_reads", "Looks at who is next by keys that had looked too often."),
    Kind("stream_clients", "Connections that follow a stream."),
    Kind("proposals_open", "Proposals that may still be approved."),
)
