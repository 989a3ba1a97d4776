"""Keys of scores, the scores themselves, and what they are made of: bit for bit those of the rulebook."""

from random import Random

import numpy as np
import pytest

from deleverage.engine.kernels.keys import NO_CANDIDATE, key_of, place_of, score_of
from deleverage.engine.kernels.products import scaled_float, wide_float
from deleverage.engine.kernels.scores import RANKING_OF, WHOLE, score_rows
from deleverage.rulebook.ranking import Candidate
from deleverage.rulebook.scores import FLOORED, RANKINGS, SCORES

LOW = (1 << 64) - 1


def test_key_when_scores_are_compared_then_it_orders_like_them() -> None:
    """Subnormal, negative and huge numbers, and both zeros, which are one key."""
    random = Random(1)
    scores = [0.0, -0.0, 5e-324, -5e-324, 1.0, -1.0, float("inf"), float("-inf")]
    scores += [random.uniform(-1, 1) * 10.0 ** random.randint(-300, 300) for _ in range(500)]
    scores.sort()
    keys = [key_of(score) for score in scores]
    assert sorted(keys) == keys
    assert len(set(scores)) == len(set(keys))
    assert key_of(0.0) == key_of(-0.0) == 0


def test_key_when_it_is_turned_back_then_the_text_is_that_of_the_score() -> None:
    """Facts carry the shortest text of the binary64 number."""
    random = Random(2)
    for score in (0.0, 0.1, -2.5e-9, 1e22, *(random.gauss(0, 1) for _ in range(200))):
        assert repr(score) == repr(float(score_of(key_of(score))))


@pytest.mark.parametrize("whole", [False, True])
def test_place_when_keys_fall_then_places_rise(whole: bool) -> None:
    """A place never contradicts a key, whether that is of a binary64 or a whole number; grades go before it."""
    random = Random(3)
    numbers = [random.randint(-(10**k), 10**k) for k in range(18) for _ in range(30)]
    keys = sorted((n if whole else int(key_of(n / 10**6)) for n in numbers), reverse=True)
    places = [place_of(np.int64(grade), key, whole) for grade in (4, 5) for key in keys]
    assert sorted(places) == places
    assert len(set(places)) > 500


def columns(random: Random, count: int) -> tuple[np.ndarray, ...]:
    """Return lots, values of a lot, cost, equity and sums of candidates, up to the bounds of the engine."""
    bits = [random.choice((4, 20, 53, 54)) for _ in range(count)]
    lots = [random.randint(1, 1 << random.randint(1, 24)) * random.choice((1, -1)) for _ in range(count)]
    value = [random.randint(1, 1 << 30) for _ in range(count)]
    cost = [
        random.choice((0, 1, x * y, x * y + 1, random.randint(-1, 1) << b))
        for x, y, b in zip(lots, value, bits, strict=True)
    ]
    equity = [random.choice((-1, 0, 1, random.randint(1, 1 << (b + 7)))) for b in bits]
    sums = []
    for b in bits:
        leg, rest = random.randint(0, 1 << random.randint(1, 112)), random.randint(0, 1 << random.randint(1, 120))
        unit = random.choice((0, leg + rest))
        row = (random.randint(-(1 << b), 1 << b), random.randint(1, 1 << b), leg >> 64, leg & LOW, unit >> 64)
        sums.append([_signed(word) for word in (*row, unit & LOW)])
    return tuple(np.array(column, np.int64) for column in (lots, value, cost, equity, sums))


def _signed(word: int) -> int:
    return word - (1 << 64) if word >= 1 << 63 else word


@pytest.mark.parametrize("ranking", [*SCORES, *FLOORED, "lexicographic"])
def test_scores_when_operands_exceed_the_binary64_then_they_are_the_rulebooks(ranking: str) -> None:
    """Text and grade of every candidate, equities of 0 and below and whole numbers beyond 2^53 among them."""
    if ranking not in RANKING_OF:
        assert ranking == "ethereal"
        return
    lots, value, cost, equity, sums = columns(Random(ranking), 800)
    count, floor = lots.size, 7
    keys, grades = np.empty(count, np.int64), np.empty(count, np.uint8)
    tiers = np.arange(count, dtype=np.int8) % 6
    code = np.arange(count, dtype=np.uint16)
    score_rows(RANKING_OF[ranking], floor, tiers, lots, code, value, cost, equity, sums, keys, grades)
    for row in range(count):
        held, worth = int(lots[row]), int(lots[row]) * int(value[row])
        unit_pnl, unit_value, *words = (int(word) for word in sums[row])
        leg, unit = ((words[at] << 64) | (words[at + 1] & LOW) for at in (0, 2))
        figures = abs(held), abs(worth), worth - int(cost[row]), max(1, abs(int(cost[row]))), int(equity[row])
        candidate = Candidate("a", int(tiers[row]), *figures, leg, unit_pnl, unit_value, unit)
        score = FLOORED[ranking](candidate, floor) if ranking in FLOORED else None
        if ranking in SCORES:
            score = SCORES[ranking](candidate)
        assert 2 * tiers[row] + (score is not None) == grades[row]
        if score is not None:
            key = int(keys[row])
            assert repr(score) == repr(key if RANKING_OF[ranking] in WHOLE else float(score_of(key)))


def test_rankings_when_listed_then_only_two_are_left_to_the_rulebook() -> None:
    """What a kernel cannot say is known by name."""
    assert {"ethereal", "rotation"} == set(RANKINGS) - set(RANKING_OF)


def test_scores_when_a_row_is_no_candidate_then_its_grade_says_so() -> None:
    """Free rows and tiers below 0, whatever the ranking is."""
    lots, one = np.array([0, 5, 5]), np.ones(3, np.int64)
    for ranking in (RANKING_OF["bitmex"], RANKING_OF["size"]):
        keys, grades = np.empty(3, np.int64), np.empty(3, np.uint8)
        tiers, code, sums = np.array([2, -1, 2], np.int8), np.zeros(3, np.uint16), np.empty((0, 6), np.int64)
        score_rows(ranking, 1, tiers, lots, code, one, one, one, sums, keys, grades)
        assert grades.tolist() == [NO_CANDIDATE, NO_CANDIDATE, 5]


def test_wide_float_when_half_way_then_it_rounds_to_even_once() -> None:
    """Numbers of up to 128 bits, those around a half among them."""
    random = Random(4)
    for _ in range(2_000):
        size = random.randint(1, 127)
        number = random.getrandbits(size)
        if size > 54:
            top = random.getrandbits(53) | 1 << 52
            number = (top << (size - 53)) + (1 << (size - 54)) + random.choice((-1, 0, 1))
        assert float(number) == wide_float(np.uint64(number >> 64), np.uint64(number & LOW))
    assert float((1 << 61) * 10**18) == scaled_float(1 << 61)
