"""Price tables: a kernel that sets marks leaves what the law's own derivation would leave."""

from random import Random

import numpy as np
import pytest

from deleverage.engine.engine import Engine
from deleverage.engine.kernels.records import MARKET
from deleverage.rulebook import messages as m
from deleverage.rulebook.book import MarketTerms, Tier
from deleverage.rulebook.quantities import PPB
from deleverage.rulebook.rules import Rules

TABLES = ("worth", "held", "spare", "least", "most", "rate", "deduction", "factor", "exact_by_law")
NOT_DERIVED = ("moved", "most_lots", "calm_low", "calm_high", "calm_funding_low", "calm_funding_high")


def tiers_of(random: Random) -> tuple[Tier, ...]:
    """Return tiers that ascend, some with deductions that may be cut off, some with rates of 0 or of all."""
    start, tiers = 0, list[Tier]()
    for _ in range(random.choice((1, 1, 3, 8))):
        rates = sorted(random.choice((0, 1, 5_000_000, 333_333_333, PPB)) for _ in range(2))
        less = random.choice((0, 0, 7, start * rates[0] // PPB, 2 * start, 1 << 55))
        tiers.append(Tier(start, rates[0], rates[1], less, less if rates[0] == rates[1] else 0))
        start += random.choice((1, 1_000, 10**12, 1 << 50))
    return tuple(tiers)


def terms_of(name: str, random: Random) -> MarketTerms:
    """Return the terms of a market of any contract."""
    tiers = tiers_of(random)
    if random.random() < 0.3:
        face = random.choice((10**6, 10**15))
        return MarketTerms(name, 1, tiers, 10**6, 10**6, 10**9, contract="inverse", face_quanta_ticks=face)
    contract = random.choice(("linear", "quanto"))
    return MarketTerms(name, random.choice((1, 77, 10**6)), tiers, 10**6, 10**6, 10**9, contract=contract)


def derived_anew(engine: Engine) -> list[str]:
    """Return which numbers of which tables and markets differ from what ``refresh`` derives of the law's records."""
    anew = engine.prices.copy()
    for name in anew.names:
        anew.refresh(engine.desk.markets[name], False)
    differ = [name for name in TABLES if not np.array_equal(getattr(anew, name), getattr(engine.prices, name))]
    kept = [name for name in MARKET.names or () if name not in NOT_DERIVED]
    return differ + [name for name in kept if not np.array_equal(anew.markets[name], engine.prices.markets[name])]


@pytest.mark.parametrize("seed", range(12))
def test_kernels_when_they_have_set_marks_and_funding_then_the_tables_are_those_of_a_refresh(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linear, quanto and inverse markets, tiers, deductions; marks one by one and many at once, funding between."""
    random, engine, names = Random(seed), Engine(Rules()), [f"m{number}" for number in range(6)]
    listed = [terms_of(name, random) for name in names]
    answers = engine.submit([m.ListMarket(time_ns=1, terms=terms) for terms in listed])
    names = [terms.market_id for terms, answer in zip(listed, answers, strict=True) if isinstance(answer, tuple)]
    assert len(names) > 2
    engine.submit([m.SetMarks(time_ns=1, marks=tuple(m.MarkUpdate(name, 1_000) for name in names))])
    by_law: list[m.Command] = []

    def note(_: Engine, command: m.Command) -> tuple[m.Fact, ...]:
        by_law.append(command)
        return ()

    monkeypatch.setattr(Engine, "_by_law", note)
    for at in range(2, 30):
        some = random.sample(names, random.choice((1, 1, 2, len(names))))
        marks = tuple(m.MarkUpdate(name, random.choice((1_000, random.randrange(1, 10**6)))) for name in some)
        rate = random.choice((0, 1, -PPB, 12_345_678))
        engine.submit([
            m.SetMarks(time_ns=at, marks=marks), m.AccrueFunding(time_ns=at, market_id=some[0], rate_ppb=rate)
        ])  # fmt: skip
        assert derived_anew(engine) == []
    assert len(by_law) < 28
    assert engine.book.seq > 1 + len(names)


def test_tables_when_a_kernel_forgets_the_deduction_then_the_comparison_says_so() -> None:
    """Planted: one number of one table is another."""
    engine = Engine(Rules())
    tiers = (Tier(0, 1_000_000, 2_000_000), Tier(10**6, 2_000_000, 3_000_000, 1_000, 1_000))
    engine.submit([m.ListMarket(time_ns=1, terms=MarketTerms("a", 1, tiers, 10**6, 10**6, 10**9))])
    for price in (100, 200):
        engine.submit([m.SetMarks(time_ns=1, marks=(m.MarkUpdate("a", price),))])
    assert derived_anew(engine) == []
    engine.prices.spare[2] += 1
    assert derived_anew(engine) == ["spare"]
