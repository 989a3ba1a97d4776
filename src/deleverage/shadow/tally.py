"""What has come of following so far: agreement per kind of close, and everything that was not alike, counted."""

from dataclasses import dataclass, field

from deleverage.shadow.acts import Act
from deleverage.shadow.compare import LOTS, PRICE, Compared, Divergence
from deleverage.shadow.shape import CLOSES

MOST_KEPT = 20
"""Divergences, and lines that could not be read, that are kept whole; all of them are counted."""


@dataclass(slots=True)
class Row:
    """One kind of close; lots as magnitudes. ``standing``: what the law still would do and said before."""

    agreed: int = 0
    agreed_lots: int = 0
    ours_only: int = 0
    ours_only_lots: int = 0
    theirs_only: int = 0
    theirs_only_lots: int = 0
    other_lots: int = 0
    other_price: int = 0
    other_order: int = 0
    standing: int = 0


@dataclass(slots=True)
class Counted:
    """How often something was met, and the line of the first."""

    count: int = 0
    first_line: int = 0


@dataclass(slots=True)
class Tally:
    """The report as it grows; a restart goes on with it."""

    lines: int = 0
    commands: int = 0
    closes: int = 0
    moments: int = 0
    agreed_moments: int = 0
    late: int = 0  # lines whose time lies before what was told already
    differences: int = 0
    rows: dict[str, Row] = field(default_factory=lambda: {kind: Row() for kind in CLOSES})
    refused: dict[str, Counted] = field(default_factory=dict)
    unfollowed: dict[str, Counted] = field(default_factory=dict)
    bad: dict[str, Counted] = field(default_factory=dict)
    not_run: dict[str, Counted] = field(default_factory=dict)
    divergences: tuple[Divergence, ...] = ()
    unread: tuple[str, ...] = ()  # the first lines that could not be read, each with number, reason and sentence

    def note(self, divergence: Divergence) -> None:
        """Count a divergence, and keep it if it is among the first."""
        self.differences += 1
        if len(self.divergences) < MOST_KEPT:
            self.divergences += (divergence,)

    def skip(self, line: int, reason: str, sentence: str) -> None:
        """Count a line that could not be read, and keep why if it is among the first."""
        count(self.bad, reason, line)
        if len(self.unread) < MOST_KEPT:
            self.unread += (f"line {line}: {reason}: {sentence}",)

    def add(self, compared: Compared, *, alike: bool) -> None:
        """Count a moment that was compared."""
        self.moments += 1
        self.agreed_moments += alike
        for act in compared.agreed:
            row = self._row(act)
            row.agreed, row.agreed_lots = row.agreed + 1, row.agreed_lots + abs(act.lots)
        for act in compared.ours_only:
            row = self._row(act)
            row.ours_only, row.ours_only_lots = row.ours_only + 1, row.ours_only_lots + abs(act.lots)
        for act in compared.theirs_only:
            row = self._row(act)
            row.theirs_only, row.theirs_only_lots = row.theirs_only + 1, row.theirs_only_lots + abs(act.lots)
        for what, act, _ in compared.differing:
            row = self._row(act)
            row.other_lots, row.other_price = row.other_lots + (what == LOTS), row.other_price + (what == PRICE)
        for act, _ in compared.disordered:
            self._row(act).other_order += 1

    def still(self, act: Act) -> None:
        """Count something that the law would have done, and has said before."""
        self._row(act).standing += 1

    def _row(self, act: Act) -> Row:
        return self.rows[act.kind]


def count(counts: dict[str, Counted], name: str, line: int) -> None:
    """Count one more of a name."""
    counts.setdefault(name, Counted(0, line)).count += 1
