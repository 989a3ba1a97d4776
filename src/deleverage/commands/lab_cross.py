"""``deleverage lab cross BOOK``: close lots of accounts that hold several coins, by every rule, and say the gap.

Exit codes: 0 done, 2 bad input, 3 a residual is left: nobody holds enough of what has to be closed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from deleverage.adapters.decimals import plain
from deleverage.adapters.position_book import PositionBook, market_id_of
from deleverage.adapters.tables import TableFault
from deleverage.commands.lab_cross_text import lines
from deleverage.commands.output import DONE, RESIDUAL_LEFT, head, print_json, progress, refuse, shown, write_csv
from deleverage.commands.queue_input import Lacking, read_book
from deleverage.lab.cross.book import LONG, SHORT
from deleverage.lab.cross.document import NOTHING, Scenarios, document
from deleverage.lab.cross.positions import study_of
from deleverage.lab.policies.policy import Unfit
from deleverage.rulebook.quantities import BadQuantity, parse_units
from deleverage.scenarios.faults import nearest

DRAWN = Scenarios()
"""What is drawn where nothing is said."""

MOST_SCENARIOS = 5_000
MOST_CELLS = 20_000_000
"""Units x scenarios: beyond it the columns of a programme would not fit a small machine."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed: lots to close, betas, and the scenarios."""

    reduce: Sequence[str] = field(default_factory=tuple)
    beta: Sequence[str] = field(default_factory=tuple)
    scenarios: int = DRAWN.count
    seed: int = DRAWN.seed
    factor: str = str(DRAWN.factor)
    own: str = str(DRAWN.own)


def cross(path: Path, asked: Asked, *, lacking: Lacking, out: Path | None, as_json: bool) -> int:
    """Print what each rule closes and leaves; write the lots to ``out``."""
    faults: list[object] = []
    drawn = _scenarios(asked, faults)
    supplied = lacking.supplied(faults)
    try:
        found = read_book(path, supplied)
    except TableFault as refusal:
        return refuse([*faults, *refusal.faults], as_json=as_json)
    wanted, betas = _wanted(asked.reduce, found, faults), _betas(asked.beta, found, faults)
    if len(found.book.units) * drawn.count > MOST_CELLS:
        told = f"{len(found.book.units):,} accounts x {drawn.count:,} are more than {MOST_CELLS:,}: draw fewer"
        faults.append(f"--scenarios: {told}")
    if faults:
        return refuse(faults, as_json=as_json)
    try:
        study = study_of(found, wanted, betas)
        if not any(study.required):
            told = "nobody is without equity in this book: say what has to be closed, --reduce COIN=SIZE"
            return refuse([told], as_json=as_json)
        with progress() as show:
            body = document(study, drawn, show)
    except Unfit as refusal:
        return refuse([f"{path}: {refusal}"], as_json=as_json)
    body = {"book": path.name, "shape": found.shape, **body, "notes": list(found.notes)}
    if out is not None and (fault := _write(out, body)):
        return refuse([fault], as_json=as_json)
    if as_json:
        print_json({**head("lab-cross"), **body})
    else:
        print("\n".join(map(shown, lines(body))))
    return RESIDUAL_LEFT if any(Fraction(leg["residual"]) for leg in body["legs"]) else DONE


def _scenarios(asked: Asked, faults: list[object]) -> Scenarios:
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


def _wanted(texts: Sequence[str], found: PositionBook, faults: list[object]) -> dict[tuple[str, int], int]:
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


def _betas(texts: Sequence[str], found: PositionBook, faults: list[object]) -> dict[str, Fraction]:
    """Return betas by coin."""
    betas: dict[str, Fraction] = {}
    for coin, number in _pairs("beta", texts, found, faults):
        if coin in betas:
            faults.append(f"--beta {coin} is there twice")
        elif abs(Fraction(number)) > 100:
            faults.append(f"--beta {coin} is {number[:40]}, allowed are -100 to 100")
        else:
            betas[coin] = Fraction(number)
    return betas


def _write(out: Path, body: dict[str, Any]) -> str:
    """Write a row a holding and a column a rule; return why it could not be written, or ""."""
    names = [rule["rule"] for rule in body["rules"] if rule["rule"] != NOTHING]
    held = ("unit", "coin", "side", "held")
    rows = ([*(row[name] for name in held), *(row["closed"][name] for name in names)] for row in body["reductions"])
    return write_csv(out, (*held, *names), rows, "reductions")
