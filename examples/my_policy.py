"""Close the candidates with the least equity first: a selection policy of one's own, about as short as one can be.

deleverage run six-longs --policy examples/my_policy.py:PoorestFirst
"""

from dataclasses import dataclass

from deleverage.rulebook.selection import Request


@dataclass(frozen=True)
class PoorestFirst:
    """Frozen; its fields are its parameters: whole numbers, texts, true or false, each with a default."""

    richest_first: bool = False

    def allocate(self, request: Request) -> list[tuple[str, int]]:
        """Return (unit, lots) pairs that sum to what is needed; tiers go first, ties by id."""
        turn = -1 if self.richest_first else 1
        left, allotments = request.need_lots, []
        for candidate in sorted(request.candidates, key=lambda c: (c.tier, turn * c.equity_quanta, c.unit_id)):
            if lots := min(left, candidate.lots):
                allotments.append((candidate.unit_id, lots))
                left -= lots
        return allotments
