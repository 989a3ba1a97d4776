"""Sums over columns: each clause is broken on purpose, by the quantum or the lot, and found."""

from collections.abc import Callable

import pytest

from deleverage.engine.engine import Engine
from deleverage.rulebook import messages as m
from deleverage.rulebook.assets import AssetTerms
from deleverage.rulebook.book import MarketTerms, Tier
from deleverage.rulebook.invariants import InvariantBroken
from deleverage.rulebook.rules import Rules

TERMS = MarketTerms("m", 1, (Tier(0, 5_000_000, 10_000_000),), 10**6, 10**6, 10**9)


def traded() -> Engine:
    """Return an engine with two accounts that hold 10 lots against each other, one of them with collateral."""
    engine = Engine(Rules())
    asset = AssetTerms("coin", 10, 100_000_000, 50_000_000, 10**6, 10**6)
    commands: list[m.Command] = [
        m.ListMarket(time_ns=1, terms=TERMS),
        m.SetMarks(time_ns=1, marks=(m.MarkUpdate("m", 100),)),
        m.ListAsset(time_ns=1, terms=asset),
        m.SetAssetPrices(time_ns=1, prices=(m.AssetPriceUpdate("coin", 50),)),
        *(m.OpenAccount(time_ns=1, account_id=name) for name in ("al", "bo")),
        *(m.Deposit(time_ns=1, unit_id=name, amount_quanta=1000) for name in ("al", "bo")),
        m.DepositAsset(time_ns=1, unit_id="al", asset_id="coin", amount_grains=7),
        m.Trade(time_ns=1, market_id="m", buyer_unit_id="al", seller_unit_id="bo", lots=10, price_ticks=101),
    ]
    answers = engine.submit(commands)
    assert [answer for answer in answers if isinstance(answer, m.Rejection)] == []
    return engine


def test_check_when_nothing_is_planted_then_it_is_content() -> None:
    """Money, lots, ledgers, grains, and what columns repeat."""
    traded().check()


def money(engine: Engine) -> None:
    """Let a quantum come from nowhere, in record, column and ledger alike."""
    for name in ("quote", "deposits"):
        engine.columns.units[name][0] += 1
    engine.columns.quote[0] += 1


def pot(engine: Engine) -> None:
    """Owe a quantum to a pot."""
    engine.desk.pots["fund"] -= 1
    engine.desk.net_deposits_quanta -= 1


def ledger(engine: Engine) -> None:
    """Forget a quantum that was realised."""
    engine.columns.units["realised"][1] += 1


def lots(engine: Engine) -> None:
    """Make one leg a lot longer, with its cost."""
    engine.columns.lots[0] += 1
    engine.columns.memos["lots"][0] += 1


def interest(engine: Engine) -> None:
    """Count a lot too many."""
    engine.desk.markets["m"].open_interest_lots += 1


def column(engine: Engine) -> None:
    """Write a record without its column."""
    engine.columns.quote[0] += 1


def narrow(engine: Engine) -> None:
    """Leave a lot out of the narrow column."""
    engine.columns.narrow[0] -= 1


def chain(engine: Engine) -> None:
    """Lose a leg from its unit's chain."""
    engine.columns.units["legs"][1] = 0


def grains(engine: Engine) -> None:
    """Lose a grain."""
    engine.desk.assets["coin"].net_deposits_grains += 1


@pytest.mark.parametrize(
    ("plant", "invariant"),
    [
        (money, "INV-1"),
        (pot, "INV-5"),
        (ledger, "INV-3"),
        (lots, "INV-2"),
        (interest, "INV-2"),
        (column, "COLUMNS"),
        (narrow, "COLUMNS"),
        (chain, "COLUMNS"),
        (grains, "INV-1"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_check_when_one_number_is_wrong_then_it_names_the_invariant(
    plant: Callable[[Engine], None], invariant: str
) -> None:
    """The planted violations."""
    engine = traded()
    plant(engine)
    with pytest.raises(InvariantBroken) as broken:
        engine.check()
    assert invariant == broken.value.invariant
