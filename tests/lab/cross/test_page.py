"""The page of accounts with several coins: its table is what the command prints, its example prints what is shown."""

import re
import subprocess
import sys

from tests.lab.cross.gaps import PAGE, measured, shown, table


def test_gaps_when_measured_then_they_are_those_of_the_page() -> None:
    """The whole table, on its own seeds."""
    assert shown() == table()


def test_gaps_when_there_is_no_common_factor_then_gross_leverage_is_nearer_and_else_the_factor_is() -> None:
    """What the page says of the table, on fewer books."""
    found = measured(books=3)
    for law in ("one factor", "factor and own moves"):
        assert found[law]["factor"][0] < 0.01 < found[law]["gross-leverage"][0] < found[law]["pro-rata"][0]
    assert found["own moves only"]["gross-leverage"][0] < found["own moves only"]["factor"][0]


def test_page_when_its_example_is_run_then_it_prints_what_is_shown() -> None:
    """As it stands there."""
    ((program, printed),) = re.findall(r"```python\n(.*?)```\n\n```\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == printed
