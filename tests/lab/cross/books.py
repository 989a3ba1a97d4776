"""Small cross books: of rows written here, and of a seed."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from random import Random

from deleverage.lab.cross.book import LONG, SHORT, CrossBook, Leg, book_of

BETAS = (Fraction(-2), Fraction(-1, 2), Fraction(1), Fraction(1), Fraction(3, 2))


def legs_of(values: Sequence[int], betas: Sequence[Fraction | int] = ()) -> list[Leg]:
    """Return both sides of a coin per value of a lot."""
    return [
        Leg(f"C{at}", side, value, Fraction(betas[at]) if betas else Fraction(1))
        for at, value in enumerate(values)
        for side in (LONG, SHORT)
    ]


def book(
    values: Sequence[int], rows: Mapping[str, tuple[int, Sequence[int]]], betas: Sequence[Fraction | int] = ()
) -> CrossBook:
    """Return a book of rows ``id: (equity, signed lots by coin)``; all of them have equity."""
    held = [[lots for signed in row for lots in (max(0, signed), max(0, -signed))] for _, row in rows.values()]
    made, left_out = book_of(list(rows), [equity for equity, _ in rows.values()], legs_of(values, betas), held)
    assert left_out == ()
    return made


def drawn(seed: int, *, coins: int = 3, accounts: int = 8, most: int = 3_000) -> tuple[CrossBook, list[int]]:
    """Return a book of both sides, betas of both signs, and something to close of about half of the legs."""
    random = Random(seed)
    legs = legs_of([random.randint(1, 9) for _ in range(coins)], [random.choice(BETAS) for _ in range(coins)])
    held = [[random.choice((0, random.randint(1, most))) for _ in legs] for _ in range(accounts)]
    equity = [random.randint(most // 10, 3 * most) for _ in range(accounts)]
    made, _ = book_of([f"a{at}" for at in range(accounts)], equity, legs, held)
    sums = [int(total) for total in made.held.sum(axis=0)]
    return made, [random.randint(0, total) if random.random() < 0.6 else 0 for total in sums]
