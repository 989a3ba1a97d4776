"""Who is close to zero: the list from which nobody may be missing."""

import numpy as np

from deleverage.engine.engine import Engine
from deleverage.engine.kernels import calm
from deleverage.engine.kernels.records import CLOSE
from deleverage.rulebook.rules import Rules
from tests.engine.test_engine import ordinary


def test_listed_when_compared_with_whole_numbers_then_nobody_is_missing_and_hardly_anybody_too_many() -> None:
    """Equities at the border and one quantum beside it, up to 2^60: the bound that floats cannot tell apart."""
    random = np.random.default_rng(1)
    for parts in (20, 500, 5000):
        gross = random.integers(0, 1 << random.integers(1, 61, 2000))
        equity = gross // parts + random.integers(-1, 2, 2000)
        found = np.zeros(2000, np.int32)
        listed = set(found[: calm.listed(equity, gross, parts, found)].tolist())
        pairs = list(enumerate(zip(equity.tolist(), gross.tolist(), strict=True)))
        must = {at for at, (own, held) in pairs if held and own * parts <= held}
        may = {at for at, (own, held) in pairs if held and own * parts * 10**9 <= held * (10**9 + 1)}
        assert must <= listed <= may
        assert 100 < len(must) < 2000


def test_look_when_everybody_is_valued_then_sums_and_counts_are_those_of_plain_python() -> None:
    """Rows in any order; a unit without rows is never close, below zero it counts as poor."""
    random = np.random.default_rng(2)
    quote, owner = random.integers(-100, 1000, 50), random.integers(0, 45, 120).astype(np.uint32)
    lots, code = random.integers(-9, 10, 120), random.integers(0, 4, 120).astype(np.uint16)
    worth, value, parts = np.array([5, 7, -3, 40]), np.array([6, 7, -4, 41]), np.array([2, 20, 500])
    poor, counts, equity, gross = calm.look(quote, 50, lots, owner, code, 120, worth, value, parts)
    own, held = quote.tolist(), [0] * 50
    for unit, size, place in zip(owner.tolist(), lots.tolist(), code.tolist(), strict=True):
        own[unit] += size * int(worth[place])
        held[unit] += abs(size * int(value[place]))
    assert (own, held) == (equity.tolist(), gross.tolist())
    assert poor == sum(one < 0 for one in own)
    pairs = list(zip(own, held, strict=True))
    assert [sum(h > 0 and e * k <= h for e, h in pairs) for k in parts.tolist()] == counts.tolist()


def test_close_ones_when_looked_at_again_or_forked_then_flags_are_the_list() -> None:
    """Whoever has left the list has no flag, also in a fork, which looks for itself."""
    engine, most = Engine(Rules()), 0
    for at in range(0, 900, 300):
        engine.submit(ordinary(8, 900)[at : at + 300])
        for one in (engine, engine.fork()):
            one._is_nobody_poor()
            flagged = np.flatnonzero(one.columns.units["flags"][: one.columns.size] & CLOSE)
            assert sorted(one._close[: one._close_ones].tolist()) == flagged.tolist()
            most = max(most, len(flagged))
    assert most > 0
