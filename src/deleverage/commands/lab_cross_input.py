"""What people type beside a book of several coins: what to close, betas, and the scenarios."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from deleverage.adapters.decimals import plain
from deleverage.adapters.position_book import PositionBook, market_id_of
from deleverage.lab.cross.book import LONG, SHORT
from deleverage.lab.cross.document import Scenarios
from deleverage.rulebook.quantities import BadQuantity, parse_units
from deleverage.scenarios.faults import nearest

DRAWN = Scenarios()
"""What is drawn where nothing is said."""

MOST_SCENARIOS = 5_000
LARGEST_BETA = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed: lots to close, betas, and the scenarios."""

    reduce: Sequence[str] = field(default_factory=tuple)
    beta: Sequence[str] = field(default_factory=tuple)
    scenarios: int = DRAWN.count
    seed: int = DRAWN.seed
    factor: str = str(DRAWN.factor)
    own: str = str(DRAWN.own)


def scenarios_of(asked: Asked, faults: list[object]) -> Scenarios:
    """Return the scenarios to draw."""
    if not 1 <= asked.scenarios <= MOST_SCENARIOS:
        faults.append(f"--scenarios is {asked.scenarios}, allowed are 1 to {MOST_SCENARIOS:,}")
    scales = {}
    for name in ("factor", "own"):
        text = getattr(asked, name)
        number = plain(text)
        if number is None or not 0 <= Fraction(number) <= 1:
            faults.append(f"--{name} is {text[:40]!a}, it is a decimal from 0 to 1")
            number = "0"
        scales[name] = float(number)
    return Scenarios(asked.scenarios, asked.seed, **scales)


def _pairs(option: str, texts: Sequence[str], found: PositionBook, faults: list[object]) -> list[tuple[str, str]]:
    """Return COIN=NUMBER pairs of coins that are in the book."""
    known = set(found.shown.values())
    pairs = []
    for text in texts:
        coin, equals, number = text.rpartition("=")
        value = plain(number)
        if not (coin and equals) or value is None:
            faults.append(f"--{option} {text[:80]!a} is not COIN=NUMBER")
        elif coin not in known:
            faults.append(f"--{option}: no position is in {coin[:40]!a}, {nearest(coin, known)}")
        else:
            pairs.append((coin, value))
    return pairs


def wanted_of(texts: Sequence[str], found: PositionBook, faults: list[object]) -> dict[tuple[str, int], int]:
    """Return lots to close by coin and side: a size above 0 is of longs, below 0 of shorts."""
    wanted: dict[tuple[str, int], int] = {}
    for coin, number in _pairs("reduce", texts, found, faults):
        lot = found.book.markets[market_id_of(coin)].terms.lot
        try:
            lots = parse_units(number, lot)
        except BadQuantity as refusal:
            faults.append(f"--reduce {coin}: {refusal}; lots of this book are as fine as its sizes")
            continue
        key = (coin, LONG if lots > 0 else SHORT)
        if not lots:
            faults.append(f"--reduce {coin} is 0: longs above it, shorts below it")
        elif key in wanted:
            faults.append(f"--reduce {coin}: one side is there twice")
        else:
            wanted[key] = abs(lots)
    return wanted


def betas_of(texts: Sequence[str], found: PositionBook, faults: list[object]) -> dict[str, Fraction]:
    """Return betas by coin."""
    betas: dict[str, Fraction] = {}
    for coin, number in _pairs("beta", texts, found, faults):
        if coin in betas:
            faults.append(f"--beta {coin} is there twice")
        elif abs(Fraction(number)) > LARGEST_BETA:
            faults.append(f"--beta {coin} is {number[:40]}, allowed are -{LARGEST_BETA} to {LARGEST_BETA}")
        else:
            betas[coin] = Fraction(number)
    return betas
