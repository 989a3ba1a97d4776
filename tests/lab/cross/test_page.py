"""The page of accounts with several coins: its table is what the command prints."""

from tests.lab.cross.gaps import measured, shown, table


def test_gaps_when_measured_then_they_are_those_of_the_page() -> None:
    """The whole table, on its own seeds."""
    assert shown() == table()


def test_gaps_when_there_is_no_common_factor_then_gross_leverage_is_nearer_and_else_the_factor_is() -> None:
    """What the page says of the table, on fewer books."""
    found = measured(books=3)
    for law in ("one factor", "factor and own moves"):
        assert found[law]["factor"][0] < 0.01 < found[law]["gross-leverage"][0] < found[law]["pro-rata"][0]
    assert found["own moves only"]["gross-leverage"][0] < found["own moves only"]["factor"][0]
