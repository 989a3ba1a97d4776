"""Two engines at one moment: what they did alike, and every difference with both values."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import zip_longest

from deleverage.rulebook.book import Book
from deleverage.shadow.acts import FREE, Act, Key, together

OURS_ONLY, THEIRS_ONLY, WHO, LOTS, PRICE, ORDER = "ours_only", "theirs_only", "who", "lots", "price", "order"
REFUSED, UNFOLLOWED = "refused", "unfollowed"
WHAT = {
    OURS_ONLY: "the law would have closed a leg that they left alone",
    THEIRS_ONLY: "they closed a leg that the law would have left alone",
    WHO: "somebody else was closed",
    LOTS: "the same leg, other lots",
    PRICE: "the same leg and lots, other money",
    ORDER: "the same legs in another order",
    REFUSED: "the law would have refused what they accepted",
    UNFOLLOWED: "the book cannot hold what they did",
}
"""What may differ."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What is still called the same; everything 0: only what is equal."""

    lots: int = 0
    ticks: int = 0  # per lot, of the price
    window_ns: int = 0  # how long behind a moment their closes are waited for
    any_order: bool = False


@dataclass(frozen=True, slots=True)
class Divergence:
    """One difference: where, of what kind, and what either engine says."""

    line: int
    time_ns: int
    kind: str
    what: str
    ours_told: tuple[tuple[str, str], ...]  # name and value; empty: nothing
    theirs_told: tuple[tuple[str, str], ...]

    @property
    def ours(self) -> dict[str, str]:
        """What the law says, by name."""
        return dict(self.ours_told)

    @property
    def theirs(self) -> dict[str, str]:
        """What they did, by name."""
        return dict(self.theirs_told)


@dataclass(slots=True)
class Compared:
    """A moment after it: acts alike, those of one engine only, those that differ, and all of that as divergences."""

    agreed: list[Act] = field(default_factory=list)
    ours_only: list[Act] = field(default_factory=list)
    theirs_only: list[Act] = field(default_factory=list)
    differing: list[tuple[str, Act, Act]] = field(default_factory=list)
    disordered: list[tuple[Act, Act]] = field(default_factory=list)
    exact: bool = True

    def divergences(self, line: int, time_ns: int) -> list[Divergence]:
        """Return the differences in order of their lines; what they did not do stands at the line of the moment."""
        pairs = [*self.differing, *((ORDER, ours, theirs) for ours, theirs in self.disordered)]
        found = [
            Divergence(theirs.line, time_ns, ours.kind, what, ours.told(), theirs.told())
            for what, ours, theirs in pairs
        ]
        for mine, other in _side_by_side(self.ours_only, self.theirs_only):
            what = WHO if mine and other else OURS_ONLY if mine else THEIRS_ONLY
            kind = mine.kind if mine else other.kind if other else ""
            values = mine.told() if mine else (), other.told() if other else ()
            found.append(Divergence(other.line if other else line, time_ns, kind, what, *values))
        return sorted(found, key=lambda one: one.line)


def compare(ours: Iterable[Act], theirs: Iterable[Act], book: Book, tolerance: Tolerance) -> Compared:
    """Compare what two engines did at one moment; who was not forced counts only for whether all is exactly equal."""
    all_ours, all_theirs = together(ours), together(theirs)
    found = Compared(exact=_plain(all_ours) == _plain(all_theirs))
    forced = {key: act for key, act in all_ours.items() if act.part != FREE}
    others = {key: act for key, act in all_theirs.items() if act.part != FREE}
    for key, act in others.items():
        mine = forced.get(key)
        if mine is None:
            found.theirs_only.append(act)
            continue
        what = _difference(mine, act, book, tolerance)
        if what:
            found.differing.append((what, mine, act))
        else:
            found.agreed.append(act)
    found.ours_only = [act for key, act in forced.items() if key not in others]
    if not tolerance.any_order:
        found.disordered = _disordered(forced, others)
    return found


def _plain(acts: dict[Key, Act]) -> list[tuple[Key, int, int]]:
    """Return what is compared to the last quantum, in order, whatever a part is called."""
    return [(key, act.lots, act.amount_quanta) for key, act in acts.items()]


def _difference(ours: Act, theirs: Act, book: Book, tolerance: Tolerance) -> str:
    """Return what differs, lots before price; empty: nothing beyond the tolerance."""
    if abs(ours.lots - theirs.lots) > tolerance.lots:
        return LOTS
    market = book.markets[ours.market_id]
    mark = market.mark_price_ticks
    per_lot = abs(market.terms.value_at(mark + tolerance.ticks) - market.terms.value_at(mark))
    apart = abs(ours.amount_quanta - theirs.amount_quanta)
    if ours.lots == theirs.lots:
        return PRICE if apart > per_lot * abs(ours.lots) else ""
    crossed = abs(ours.amount_quanta * theirs.lots - theirs.amount_quanta * ours.lots)
    return PRICE if crossed > per_lot * abs(ours.lots * theirs.lots) else ""


def _disordered(ours: dict[Key, Act], theirs: dict[Key, Act]) -> list[tuple[Act, Act]]:
    """Return, per queue - kind, market, direction -, the first place at which what both closed is in another order."""
    mine = [act for key, act in ours.items() if key in theirs]
    others = [act for key, act in theirs.items() if key in ours]
    found = []
    for queue in dict.fromkeys(_queue(act) for act in mine):
        pairs = zip((a for a in mine if _queue(a) == queue), (a for a in others if _queue(a) == queue), strict=True)
        found += [pair for pair in pairs if pair[0].key != pair[1].key][:1]
    return found


def _queue(act: Act) -> tuple[str, str, bool]:
    return act.kind, act.market_id, act.lots > 0


def _side_by_side(ours: list[Act], theirs: list[Act]) -> list[tuple[Act | None, Act | None]]:
    """Return who only one engine closed, opposite each other where they stand for each other."""

    def place(act: Act) -> tuple[str, str, str, bool]:
        return act.kind, act.market_id, act.part, act.lots > 0

    rows: list[tuple[Act | None, Act | None]] = []
    for where in dict.fromkeys(place(act) for act in (*theirs, *ours)):
        here = [act for act in ours if place(act) == where], [act for act in theirs if place(act) == where]
        rows += zip_longest(*here)
    return rows
