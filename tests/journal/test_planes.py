"""Rows as planes of bytes: every table comes back, one table has one spelling, and what varies is all that is long."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from deleverage.journal.planes import grown, shrunk
from deleverage.journal.rows import NOBODY, ROW

HEAD_BYTES = 8 + ROW.itemsize
EDGES = (0, 1, -1, 127, -128, 2**31, -(2**31) - 1, 2**63 - 1, -(2**63))


def _table(count: int, **columns: Any) -> NDArray[Any]:
    table = np.zeros(count, ROW)
    for name, values in columns.items():
        table[name] = values
    return table


@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_table_when_it_is_any_bytes_then_it_comes_back(count: int, seed: int) -> None:
    """One, and rows that nobody would write."""
    table = np.frombuffer(np.random.default_rng(seed).bytes(count * ROW.itemsize), ROW)
    again, end = grown(b"before" + shrunk(table), 6, count)
    assert (table.tobytes(), 6 + len(shrunk(table))) == (again.tobytes(), end)


def test_numbers_when_they_are_at_the_edges_of_64_bits_then_they_come_back() -> None:
    """In all five numbers, and names from the first to nobody."""
    names = [0, 1, 255, 256, 2**31, NOBODY - 1, NOBODY, 7, 8]
    table = _table(len(EDGES), time_ns=EDGES, amount=EDGES, price_ticks=EDGES, first=EDGES, second=EDGES, one=names)
    assert table.tobytes() == grown(shrunk(table), 0, len(table))[0].tobytes()


def test_table_when_small_numbers_differ_in_sign_then_each_takes_one_byte() -> None:
    """Neither a sign nor nobody fills a word: rows that differ in them are as short as others."""
    table = _table(3, amount=(1, -1, 5), first=(-60, 60, 0), market=(NOBODY, 0, 1))
    assert HEAD_BYTES + 3 * len(table) == len(shrunk(table))


def test_table_when_all_rows_are_the_same_then_one_is_written() -> None:
    """However many they are."""
    table = _table(1_000, time_ns=1, amount=-7)
    assert len(shrunk(table)) == HEAD_BYTES


def test_table_when_a_plane_is_written_that_need_not_be_then_it_is_refused() -> None:
    """The same rows in another spelling: a bit for a byte that no row has of its own."""
    table = _table(2, time_ns=(1, 2))
    content = bytearray(shrunk(table))
    assert content[0] == 1
    content[0] = 3
    with pytest.raises(ValueError, match="plane"):
        grown(bytes(content) + bytes(2), 0, 2)


def test_table_when_the_first_row_is_not_that_of_the_planes_then_it_is_refused() -> None:
    """The same rows in another spelling: the first row's own byte would be read by nobody."""
    content = bytearray(shrunk(_table(2, time_ns=(1, 2))))
    content[8] ^= 64
    with pytest.raises(ValueError, match="first row"):
        grown(bytes(content), 0, 2)


@pytest.mark.parametrize("cut", range(1, HEAD_BYTES + 2))
def test_table_when_its_bytes_end_too_early_then_it_is_refused(cut: int) -> None:
    """Every place where it could be cut."""
    content = shrunk(_table(2, time_ns=(1, 2)))
    with pytest.raises(ValueError, match="buffer"):
        grown(content[:-cut], 0, 2)
