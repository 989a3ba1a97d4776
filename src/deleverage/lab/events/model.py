"""An event as a researcher has it: fills, states of accounts, reference marks, waves, and what others claim about them.

Every part may be missing: a table of waves without fills is an event, a log of fills without waves is one. Money is
binary64 USD here and nowhere below the lab; what a policy takes is whole units (``lab.policies.winners``).

Signs: ``side`` is the side of the position that was closed, +1 long, -1 short, 0 unknown; sizes are above 0. NaN stands
for a number that the source does not have. Times are epoch milliseconds UTC. Columns of one part have one length.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deleverage.adapters.tables import Source
from deleverage.lab.events.legs import wrong_leg

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Texts = NDArray[np.object_]


@dataclass(frozen=True)
class Fills:
    """Deleveraging fills, a cell each, in the order of the event: who was closed, against whom, at which price."""

    time_ms: Whole
    coin: Texts
    user: Texts  # the winner who was closed
    side: NDArray[np.int8]
    size: Floats  # in base units
    price: Floats  # USD
    mark: Floats  # USD, the reference that the source gives for this fill
    closed_profit: Floats  # USD, realised by the fill
    against: Texts  # the liquidated account, "" unknown
    key: Texts  # what makes the fill one of its kind (a trade id, say), "" unknown
    held: Floats | None = None  # size of the user's position before the fill, in base units

    def __len__(self) -> int:
        """Return how many fills there are."""
        return len(self.time_ms)

    def at(self, rows: NDArray[Any]) -> "Fills":
        """Return the fills at places, or where a mask is true, in that order; some perhaps more than once."""
        return Fills(**_chosen(self, rows))


@dataclass(frozen=True)
class States:
    """What a source says an account had, a cell a statement; ``fill`` is the place of the fill it was said with.

    A cell of ``positions`` holds all legs that the account had, none of them for an account without any, and None where
    the source does not list them. An account has at most one leg of a coin and side.
    """

    user: Texts
    fill: Whole  # place in ``Fills``, -1 where it goes with none
    stated_ms: Whole  # the moment that the statement is about
    equity: Floats
    profit: Floats  # open profit of the whole account
    notional: Floats
    is_loser: NDArray[np.bool_]
    positions: Texts | None = None  # of tuples of Position, or None

    def __post_init__(self) -> None:
        """Refuse positions that are none: of another length, empty, without a price, or twice on one side of a coin."""
        if self.positions is None:
            return
        if len(self.positions) != len(self):
            raise ValueError(f"{len(self.positions)} cells of positions for {len(self)} statements")
        for user, legs in zip(self.user, self.positions, strict=True):
            if wrong := wrong_leg(legs or ()):
                raise ValueError(f"{user}: {wrong}")

    def __len__(self) -> int:
        """Return how many statements there are."""
        return len(self.user)

    def at(self, rows: NDArray[Any]) -> "States":
        """Return the statements at places, or where a mask is true, in that order."""
        return States(**_chosen(self, rows))


def _chosen(part: Fills | States, rows: NDArray[Any]) -> dict[str, Any]:
    """Return the columns of a part at some of its rows; a column that is not there stays so."""
    columns = {name: getattr(part, name) for name in part.__dataclass_fields__}
    return {name: None if cells is None else cells[rows] for name, cells in columns.items()}


@dataclass(frozen=True)
class CoinGap:
    """One coin of one wave: how many units were closed, and how far from the mark."""

    coin: str
    gap_usd: float  # absolute
    quantity: float
    gap_per_unit_usd: float


@dataclass(frozen=True)
class Wave:
    """One wave as a source has it; a number it does not have is NaN.

    ``deficit_usd`` is the losers' negative equity, ``max_loss_usd`` the largest of one of them, ``needed_usd`` the sum
    of the gaps, ``taken_usd`` the haircut of production by horizon (ms). ``needed_at_usd`` and ``deficit_at_usd`` are
    what the table of each horizon repeats of the two: a total of a horizon is one of its own table.
    """

    number: int
    start_ms: int
    end_ms: int
    fills: int
    losers: int
    deficit_usd: float
    max_loss_usd: float
    needed_usd: float
    taken_usd: Mapping[int, float] = field(default_factory=dict)
    largest_taken_usd: Mapping[int, float] = field(default_factory=dict)
    winners_equity_usd: float = float("nan")
    winners_profit_usd: float = float("nan")
    coins: tuple[CoinGap, ...] = ()
    needed_at_usd: Mapping[int, float] = field(default_factory=dict)
    deficit_at_usd: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """A number that somebody published about one wave and one policy; NaN: the cell is empty."""

    wave: int
    policy: str
    name: str  # budget, overshoot, max_pct, ptsr, pmr, rd_nse, scale; needed, caps: of the same table
    value: float


@dataclass(frozen=True)
class Shock:
    """A cluster of fills of one coin, as the stylised queue of the source has it; money in USD."""

    coin: str
    number: int
    start_ms: int
    end_ms: int
    deficit_usd: float
    capacity_usd: float
    taken_usd: float


@dataclass(frozen=True)
class Reaction:
    """What one deleveraged account did afterwards, as the source counts it."""

    user: str
    fills: int
    share_60s: float  # of its fills with another fill within 60 s
    share_300s: float
    undone_60s: float  # mean fraction traded back


@dataclass(frozen=True)
class CoinTotal:
    """One coin over the whole event."""

    coin: str
    quantity: float
    price_usd: float  # average
    notional_usd: float
    fills: int


@dataclass(frozen=True)
class Repeat:
    """A row that a table holds a second time, the same in every cell; it is read once.

    ``total`` is the sum of the table's column ``column`` with each row once, ``usd`` what the row would add to it.
    """

    file: str
    line: int
    first_line: int
    column: str
    total: float
    usd: float


@dataclass(frozen=True)
class NoNumber:
    """A cell of a ratio that says infinity or nan in words; it is read as undefined."""

    file: str
    line: int
    column: str
    text: str
    claim: Claim  # as it is read


@dataclass(frozen=True)
class Event:
    """Everything that is known about one event, and where it comes from."""

    name: str
    waves: tuple[Wave, ...] = ()
    fills: Fills | None = None
    states: States | None = None
    marks: Mapping[str, float] = field(default_factory=dict)  # one reference price a coin, USD
    claims: tuple[Claim, ...] = ()
    shocks: tuple[Shock, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    coins: tuple[CoinTotal, ...] = ()
    sources: tuple[Source, ...] = ()
    notes: tuple[str, ...] = ()
    repeats: tuple[Repeat, ...] = ()
    no_numbers: tuple[NoNumber, ...] = ()
