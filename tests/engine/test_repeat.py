"""The columns that repeat records: behind while kernels write, up to date for whoever asks."""

import numpy as np
import pytest

from deleverage.engine.columns import Columns
from deleverage.engine.day import events
from deleverage.engine.engine import Engine
from deleverage.rulebook import messages as m
from deleverage.rulebook.checks.view import InvariantBroken
from deleverage.rulebook.rules import Rules
from tests.engine.test_engine import NAMES, opening, ordinary


def day(count: int) -> tuple[Engine, list[m.Command]]:
    """Return an engine whose accounts are open, and an ordinary day without steps for it."""
    engine = Engine(Rules())
    engine.submit(opening(NAMES))
    return engine, [one for one in ordinary(11, count)[len(opening(NAMES)) :] if not isinstance(one, m.RunStep)]


@pytest.mark.parametrize("batch", [1, 3, 60])
def test_columns_when_kernels_have_written_then_who_asks_finds_what_records_say(batch: int) -> None:
    """After few events and after many; rows that became free have no lots, and are somebody else's later."""
    engine, commands = day(1_500)
    columns, behind, freed = engine.columns, [], 0
    log = events(columns, commands)
    for start in range(0, len(log), batch):
        engine.replay(log[start : start + batch])
        behind.append(columns.behind)
        rows, memos = columns.rows, columns.memos[: columns.rows]
        used = columns.lots[:rows] != 0
        freed = max(freed, columns.free_count)
        assert columns.behind == 0
        assert columns.quote[: columns.size].tolist() == columns.units["quote"][: columns.size].tolist()
        for name in ("lots", "cost", "code"):
            assert getattr(columns, name)[:rows][used].tolist() == memos[name][used].tolist()
        chains = {row: number for number in range(columns.size) for row in columns.chain(number)}
        assert dict(zip(np.flatnonzero(used).tolist(), columns.owner[:rows][used].tolist(), strict=True)) == chains
    assert freed > 0
    assert max(behind) > len(columns.touched) or batch < 60


def test_audit_when_nobody_repeats_what_kernels_wrote_then_it_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted violation: columns stay behind."""
    engine, commands = day(300)
    engine.check()
    monkeypatch.setattr(Columns, "catch_up", lambda columns: None)
    engine.replay(events(engine.columns, commands))
    with pytest.raises(InvariantBroken):
        engine.check()
