"""Debts that closed lots leave behind are asked of everybody, though their debtor still has lots elsewhere."""

from tests.parity.engines import Tally, run_world

NETTED_WITH_LOTS_LEFT = 3289
"""A world in which bankrupts net against each other, keep lots that nobody has approved to close, and the flat pay."""


def test_step_when_netted_bankrupts_keep_other_lots_then_everybody_is_asked_for_their_debt() -> None:
    """On a book of those concerned nobody would bear it, and the engine would name it as waiting."""
    found = run_world(NETTED_WITH_LOTS_LEFT, 100, Tally())
    assert found is None, str(found)
