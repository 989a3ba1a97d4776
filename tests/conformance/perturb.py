"""Rows around given ones: the same shape, other numbers, so that no result hangs on those that are printed."""

import re
from collections.abc import Iterator
from fractions import Fraction
from random import Random
from typing import Any

from tests.conformance.cases import Values
from tests.conformance.family import REFUSED, Answer, Family, play, same

COUNT = 50
TRIES = 2_000
STILL = frozenset({"account", "user", "rule", "condition", "contract", "min_vip", "symbols", "formula"})
"""What names something, or is the rule itself."""
WORDS = {
    "side": ("long", "short"),
    "margin_mode": ("PM", "CM", "IM"),
    "delta_mode": ("enabled", "disabled"),
    "coinDelta": ("<0.05", ">0.05"),
    "relative_diff": ("<0.05", ">0.05"),
}
"""Words that may stand for each other."""


def drawn(family: Family, given: list[Values], seed: int, count: int = COUNT) -> Iterator[Values]:
    """Yield rows around given ones that the family calls legal."""
    random = Random(f"{seed}:{family.name}")
    found = tries = 0
    while found < count:
        tries += 1
        if tries > TRIES:
            raise AssertionError(f"{family.name}: {found} of {count} rows are legal after {TRIES} draws of seed {seed}")
        around = random.choice(given)
        values = family.tidy({name: _near(name, value, family.still, random) for name, value in around.items()})
        if family.legal(values):
            found += 1
            yield values


def _near(name: str, value: Any, still: frozenset[str], random: Random) -> Any:
    """Return a value near another one: signs and most zeros stay, whatever names something stays."""
    if name in still | STILL:
        return value
    if isinstance(value, dict):
        return {key: _near(str(key), part, still, random) for key, part in value.items()}
    if isinstance(value, list):
        return [_near("", part, still, random) for part in value]
    if isinstance(value, bool):
        return value if random.random() < 0.7 else not value
    if isinstance(value, int | Fraction):
        return _number(value, random)
    if name in WORDS:
        return value if random.random() < 0.7 else random.choice(WORDS[name])
    if name == "setup":
        return re.sub(r"\d+", lambda match: str(_number(int(match[0]), random)), str(value))
    return value


def _number(value: int | Fraction, random: Random) -> int | Fraction:
    if not value:
        return random.randint(1, 10) if random.random() < 0.1 else value
    factor = Fraction(random.randint(50, 150), 100)
    if isinstance(value, Fraction):
        return value * factor
    near = round(abs(value) * factor) + random.randint(-1, 1)
    return max(1, near) if value > 0 else -max(1, near)


def faults(family: Family, values: Values) -> list[str]:
    """Return where a family differs from its oracle, and its preset from its formula, on a row."""
    answer = play(family, values)
    expected = _asked(family, values)
    wrong = [
        f"{name} is {answer.values.get(name)!r}, by the oracle {value!r}"
        for name, value in expected.items()
        if name not in answer.values or not same(value, answer.values[name])
    ]
    return wrong + _apart(answer)


def _asked(family: Family, values: Values) -> Values:
    try:
        return dict(family.oracle(values))
    except ValueError:
        return dict.fromkeys(family.answers, REFUSED)


def _apart(answer: Answer) -> list[str]:
    return [
        f"{name} is {answer.values[name]!r} by the preset, {value!r} by the formula"
        for name, value in answer.formula.items()
        if not same(value, answer.values[name])
    ]
