"""A scenario as the player takes it: commands of the law, and the few things a command cannot say.

All numbers are integers (ticks, lots, quanta, ppb, ns); the scales that print them stand in the market terms and in
``money``. Frozen: a story is told twice in the same words.
"""

from dataclasses import dataclass

from deleverage.rulebook.book import MarketTerms
from deleverage.rulebook.messages import Command
from deleverage.rulebook.quantities import Scale
from deleverage.rulebook.rules import Rules


@dataclass(frozen=True, slots=True)
class Depth:
    """A maker's quotes, anew each step: ``levels`` orders of ``lots`` either side of the mark, ``step_ticks`` apart."""

    unit_id: str
    market_id: str
    levels: int
    lots: int
    step_ticks: int


@dataclass(frozen=True, slots=True)
class Impact:
    """Each lot that liquidations sell into the book moves that market's next mark by ``per_lot_ppb`` of it, downward.

    Bought lots move it upward. At most ``reactions`` further marks follow one frame.
    """

    per_lot_ppb: tuple[tuple[str, int], ...]
    reactions: int


@dataclass(frozen=True, slots=True)
class Frame:
    """One instant of the path: commands (marks, funding, orders), then so many steps of the waterfall."""

    label: str
    time_ns: int
    commands: tuple[Command, ...]
    steps: int


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a setup command comes from: the key path that a refusal is reported at."""

    command: Command
    path: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story: rules, the opening (``setup``), and the path. ``money`` prints quanta of ``currency``.

    ``allow_underwater`` lets an account start below its initial margin at the opening marks.
    """

    name: str
    title: str
    lesson: str
    rules: Rules
    currency: str
    money: Scale
    markets: tuple[MarketTerms, ...]
    setup: tuple[Origin, ...]
    path: tuple[Frame, ...]
    depth: tuple[Depth, ...] = ()
    impact: Impact | None = None
    allow_underwater: bool = False
    drawn_accounts: int = 0
    seed: int | None = None
    note: str = ""  # what the draw says about itself
    venue: str = ""  # the preset whose rules are played, with the switches that were set
