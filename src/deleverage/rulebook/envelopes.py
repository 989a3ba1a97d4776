"""Manual rounds: the row that an approved envelope keeps in the book."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stage 5 may close of the bankrupt lots of one market and side until a time, and what it has in this step."""

    most_lots: int
    most_notional_quanta: int
    expiry_ns: int
    rules_hash: str
    used_lots: int = 0
