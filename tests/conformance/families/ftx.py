"""FTX: prices that a source states as expressions of symbols, played under the preset at many values of these."""

import ast
from fractions import Fraction
from random import Random

from deleverage.rulebook.messages import Deleveraged
from deleverage.venues.formulas import capacity
from tests.conformance.books import World, of
from tests.conformance.cases import Values
from tests.conformance.family import Answer, family

SAMPLES, SIZE = 12, 30
OPERATORS = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv"}

Sample = tuple[dict[str, Fraction], Fraction]


class Sampled:
    """Numbers found at values of named symbols, to be compared with a printed expression of them.

    Only what stands before a comma is the expression: what follows it are bounds in words. ``within`` is a tolerance
    relative to the spread of the symbols (a share in parts per 10^9 is not exactly two thirds).
    """

    def __init__(self, samples: list[Sample], within: Fraction = Fraction(0)) -> None:
        self.samples, self.within = samples, within

    def agrees(self, printed: object) -> bool:
        """Return whether the expression gives each number that was found, at its symbols' values."""
        tree = ast.parse(str(printed).split(",")[0], mode="eval").body
        return all(
            abs(value(tree, symbols) - found) <= self.within * (max(symbols.values()) - min(symbols.values()))
            for symbols, found in self.samples
        )


def value(tree: ast.expr, symbols: dict[str, Fraction]) -> Fraction:
    """Return the exact value of sums, products and quotients of whole numbers and symbols."""
    match tree:
        case ast.Constant(value=int(number)):
            return Fraction(number)
        case ast.Name(id=name):
            return symbols[name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            found = getattr(value(left, symbols), f"__{OPERATORS[type(op)]}__")(value(right, symbols))
            return Fraction(found)
    raise ValueError(f"{ast.unparse(tree)} is no expression of symbols")


def closed(values: Values) -> Answer:
    """Return the prices of both sides of a close, and the size that trickles before it, as expressions of symbols."""
    random = Random(values["symbols"])
    ours, theirs, sizes = [], [], []
    for _ in range(SAMPLES):
        zero, mark = sorted((random.randint(20, 90), random.randint(20, 90)), reverse=True)
        symbols = {"ZP": Fraction(zero), "MP": Fraction(mark)}
        liquidated, counterparty = _prices(zero, mark - 1)
        symbols["MP"] -= 1
        ours.append((symbols, liquidated))
        theirs.append((symbols, counterparty))
        assert abs(capacity.ftx_counterparty_price(symbols["ZP"], symbols["MP"]) - counterparty) < Fraction(1, 10**6)
        fractions = {"MF": Fraction(random.randint(0, 29), 1000), "ACMF": Fraction(3, 100), "position": Fraction(10**6)}
        found = capacity.ftx_closed_per_second(
            fractions["position"], fractions["MF"], fractions["ACMF"], Fraction(10**4)
        )
        sizes.append((fractions, found))
    within = Fraction(1, 10**9)
    return Answer(
        {
            "liquidated_close_price": Sampled(ours, within),
            "counterparty_close_price": Sampled(theirs, within),
            "auto_close_size_per_second": Sampled(sizes),
        },
        "ftx",
        f"at {SAMPLES} pairs of prices; the size is the formula's",
    )


def _prices(zero: int, mark: int) -> tuple[Fraction, Fraction]:
    """Play a long that is worth nothing at a zero price and is closed at a mark below it; return both sides' prices."""
    entry = 100
    world = World("ftx", Fraction(1), Fraction(1), 9)
    world.fund(10**6)
    world.market("m")
    world.account("al", (entry - zero) * SIZE)
    world.enter("al", "m", SIZE, entry)
    world.account("winner", 10**6)
    world.enter("winner", "m", -SIZE, entry)
    world.marks(m=mark)
    (fact,) = of(Deleveraged, world.step())
    (fill,) = [fill for fill in fact.fills if fill.unit_id == "winner"]
    return zero + world.cash("al") / SIZE, Fraction(abs(fill.amount_quanta), world.unit) / SIZE


FAMILIES = (
    family(
        "prices of symbols",
        "settlement",
        "symbols",
        "liquidated_close_price counterparty_close_price auto_close_size_per_second",
        closed,
        None,
        fixed=True,
    ),
)
