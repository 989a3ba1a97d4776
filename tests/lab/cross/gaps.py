"""How far each rule is from the programme on drawn books: ``python -m tests.lab.cross.gaps`` prints it.

``--write`` puts the table into ``docs/lab/cross.md``, and a test compares it with what is there.
"""

import sys
from fractions import Fraction
from random import Random
from time import perf_counter

from deleverage.lab.cross.book import CrossBook, book_of
from deleverage.lab.cross.moves import gains, moves, shortfall
from deleverage.lab.cross.programme import solve
from deleverage.lab.cross.rules import RULES
from deleverage.lab.cross.terms import terms_of, whole_lots
from tests.conftest import REPOSITORY
from tests.lab.cross.books import legs_of

PAGE = REPOSITORY / "docs" / "lab" / "cross.md"
START = "<!-- python -m tests.lab.cross.gaps --write -->\n"
END = "<!-- end -->"
BETAS = (Fraction(1), Fraction(1), Fraction(3, 2), Fraction(2))
LAWS = (("one factor", 0.05, 0.0), ("factor and own moves", 0.05, 0.02), ("own moves only", 0.0, 0.05))
BOOKS, ACCOUNTS, SCENARIOS = 20, 300, 200


def crowd(seed: int, accounts: int) -> tuple[CrossBook, list[int]]:
    """Return a heavy-tailed book: 1 to 3 coins each, every third account nearly hedged, 2 to 30 x; a fifth to close."""
    random = Random(seed)
    legs = legs_of([100, 70, 40, 10], BETAS)
    held, equity = [], []
    for at in range(accounts):
        row = [0] * len(legs)
        worth = 10_000 * random.paretovariate(1.2)
        coins = random.sample(range(4), random.randint(2, 3) if at % 3 == 0 else random.randint(1, 2))
        side = random.randint(0, 1)
        for turn, coin in enumerate(coins):
            other = at % 3 == 0 and turn > 0
            part = worth / (len(coins) - 1) / float(BETAS[coin]) if other else worth
            row[2 * coin + (1 - side if other else side)] = max(1, int(part / legs[2 * coin].value_quanta))
        held.append(row)
        gross = sum(lots * leg.value_quanta for lots, leg in zip(row, legs, strict=True))
        equity.append(max(1, int(gross / random.uniform(2, 30))))
    made, _ = book_of([f"a{at:06}" for at in range(accounts)], equity, legs, held)
    totals = [int(total) for total in made.held.sum(axis=0)]
    return made, [total // 5 if at in (0, 3, 4) else 0 for at, total in enumerate(totals)]


def measured(books: int = BOOKS, accounts: int = ACCOUNTS) -> dict[str, dict[str, tuple[float, float]]]:
    """Return by law and rule the mean share above the bound, and above the programme's lots on other scenarios."""
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for law, factor, own in LAWS:
        sums = {name: [0.0, 0.0] for name in (*RULES, "programme")}
        for seed in range(books):
            made, required = crowd(seed, accounts)
            here, there = (
                gains(made, moves(made.legs, SCENARIOS, place, factor=factor, own=own))
                for place in (seed, 10_000 + seed)
            )
            lots = {name: rule(made, required).lots for name, rule in RULES.items()}
            terms = terms_of(made, required, here)
            best = solve(terms, terms.shares(lots["factor"]))
            lots["programme"] = whole_lots(terms, best.shares)
            aside = shortfall(made, lots["programme"], there)
            for name, closed in lots.items():
                sums[name][0] += (shortfall(made, closed, here) / best.bound - 1) / books
                sums[name][1] += (shortfall(made, closed, there) / aside - 1) / books
        found[law] = {name: (one, other) for name, (one, other) in sums.items()}
    return found


def table(books: int = BOOKS) -> str:
    """Return the table of the page."""
    found = measured(books)
    head = "| moves | " + " | ".join(f"`{name}`" for name in found[LAWS[0][0]]) + " |\n"
    lines = [head, "|---|" + "--:|" * len(found[LAWS[0][0]]) + "\n"]
    for law, row in found.items():
        cells = (f"{100 * here:.1f} % ({round(100 * there, 1) + 0.0:+.1f} %)" for here, there in row.values())
        lines.append(f"| {law} | " + " | ".join(cells) + " |\n")
    return "".join(lines)


def shown() -> str:
    """Return the table that stands on the page."""
    return PAGE.read_text("utf-8").partition(START)[2].partition(END)[0].strip() + "\n"


def main(arguments: list[str]) -> int:
    """Print the table and how long a large book takes, or write the table."""
    text = table()
    if arguments == ["--write"]:
        before, _, rest = PAGE.read_text("utf-8").partition(START)
        PAGE.write_text(f"{before}{START}\n{text}\n{END}{rest.partition(END)[2]}", "utf-8")
        return 0
    print(text)
    made, required = crowd(1, 10_000)
    terms = terms_of(made, required, gains(made, moves(made.legs, SCENARIOS, 1, factor=0.05, own=0.02)))
    for name, rule in RULES.items():
        began = perf_counter()
        start = rule(made, required).lots
        print(f"{name}: {perf_counter() - began:.2f} s for 10,000 accounts")
    began = perf_counter()
    best = solve(terms, terms.shares(start))
    print(f"programme: {perf_counter() - began:.2f} s, {best.pairs} open pairs, {best.status}, gap {best.gap:.3g}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
