"""What each tenth of the winners has and gives."""

from fractions import Fraction

import numpy as np

from deleverage.lab.compare.deciles import by_endowment, in_tenths
from tests.lab.compare.events import event, told, wave


def test_tenths_when_winners_are_not_a_multiple_of_ten_then_each_is_in_one_and_sums_are_exact() -> None:
    """Twelve winners, unsorted: tenths of one or two; beyond what 64 bits add up to."""
    gain = np.array([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1], np.int64)
    order = by_endowment(gain)
    assert in_tenths(gain, order) == ["0.01", "0.02", "0.03", "0.04", "0.11", "0.07", "0.08", "0.09", "0.1", "0.23"]
    huge = np.full(20, 2**62, np.int64)
    assert in_tenths(huge, by_endowment(huge)) == ["92233720368547758.08"] * 10


def test_tenths_when_there_are_fewer_than_ten_winners_then_there_are_none() -> None:
    """Nine."""
    assert in_tenths(np.ones(9, np.int64), np.arange(9)) is None


def test_document_when_policies_are_compared_then_tenths_add_up_to_what_is_taken() -> None:
    """Exact strings; pro-rata takes the same part of each tenth, to the unit; published rows have none."""
    found = told(event(claims=[(1, "prod", "budget", 400.25), (1, "prod", "overshoot", 0.0)]), "wealth-pro-rata")
    has = [Fraction(amount) for amount in found["waves"][0]["endowment_by_decile"]]
    assert sum(has) == 10_000
    for row in found["policies"]:
        (cell,) = row["waves"]
        if row["published"]:
            assert cell["taken_by_decile"] is None
            continue
        gives = [Fraction(amount) for amount in cell["taken_by_decile"]]
        assert sum(gives) == Fraction(cell["allocated"])
        assert all(
            abs(part - own * Fraction(40025, 10**6)) <= 2 * Fraction(1, 100)
            for part, own in zip(gives, has, strict=True)
        )


def test_document_when_a_wave_has_few_winners_then_its_tenths_are_null() -> None:
    """Nine fills, nine winners."""
    found = told(event(wave(fills=9)), "queue")
    assert found["waves"][0]["endowment_by_decile"] is None
    assert found["policies"][0]["waves"][0]["taken_by_decile"] is None
