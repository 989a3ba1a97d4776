"""What people type beside a book of positions: what the file lacks, and the scale on which a place is shown."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deleverage.adapters.position_book import RATE
from deleverage.adapters.positions import PositionBook, positions_of, read_positions
from deleverage.adapters.shapes.catalogue import OWN
from deleverage.adapters.supplied import Supplied, pairs
from deleverage.commands.output import say
from deleverage.rulebook.places import Place
from deleverage.rulebook.quantities import PPB, BadQuantity, parse_units
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.scores import NEED_MAINTENANCE
from deleverage.scenarios.faults import Fault, nearest
from deleverage.venues.catalogue import venue as preset_of
from deleverage.venues.indicators import BY_ACCOUNT, INDICATORS, BadIndicator, Indicator, risk_by_account, risk_of

LIVE = "live:"
"""A book that is no file: ``live:binanceusdm`` is read from that exchange."""


@dataclass(frozen=True, slots=True)
class Lacking:
    """What a file lacks, as it was typed: each pair is NAME=NUMBER."""

    account: str | None = None
    settle: str | None = None
    equity: Sequence[str] = field(default_factory=tuple)
    mark: Sequence[str] = field(default_factory=tuple)
    maintenance: Sequence[str] = field(default_factory=tuple)
    contract_size: Sequence[str] = field(default_factory=tuple)

    def supplied(self, faults: list[object]) -> Supplied:
        """Return it as decimals, adding to ``faults`` what is none."""
        found: list[Fault] = []
        given = Supplied(
            self.account or "",
            self.settle or "",
            pairs("equity", self.equity, found, may_be=lambda _: True),
            pairs("mark", self.mark, found, may_be=_is_positive),
            pairs("maintenance", self.maintenance, found, may_be=_is_rate),
            pairs("contract-size", self.contract_size, found, may_be=_is_positive),
        )
        faults += found
        return given


def _is_positive(number: str) -> bool:
    return not number.startswith("-") and number != "0"


def _is_rate(number: str) -> bool:
    """Return whether a decimal is a share of at most 1 and nine places."""
    try:
        return 0 <= parse_units(number, RATE) <= PPB
    except BadQuantity:
        return False


def read_book(place: Path, supplied: Supplied) -> PositionBook:
    """Return a file's positions, or an exchange's, saying what was found; raise TableFault."""
    if str(place).startswith(LIVE):
        from deleverage.adapters.live import fetch_positions

        exchange = str(place).removeprefix(LIVE)
        found = positions_of(fetch_positions(exchange), supplied, name=str(place))
    else:
        found = read_positions(place, supplied)
    if found.shape != OWN:
        say(f"read as positions of {found.shape}")
    for note in found.notes:
        say(note)
    return found


def lacks_maintenance(positions: PositionBook, rules: Rules) -> list[str]:
    """Return a fault for each market whose maintenance is needed and not known.

    A unit's maintenance is that of all its markets, so those that are not asked for count as well.
    """
    ranking = getattr(rules.policy, "ranking", "")
    if ranking not in NEED_MAINTENANCE:
        return []
    words = f"ranking {ranking} compares with a maintenance margin, which not every position states"
    return [f"{words}: --maintenance {name}=RATE" for name in positions.without_maintenance]


@dataclass(frozen=True, slots=True)
class Shown:
    """The scale on which a place is shown, if any; ``ranks``: there are places, nobody shares what is asked."""

    indicator: Indicator | None = None
    direction: str = ""
    ranks: bool = True

    def risk_ppb(self, place: Place, count: int) -> int | None:
        """Return the normalised risk of a place among ``count``, as the scale counts; ``None`` without places."""
        if not self.ranks:
            return None
        by_account = self.indicator is not None and self.indicator.name in BY_ACCOUNT
        return risk_by_account(place, count) if by_account else risk_of(place)

    def value(self, place: Place, count: int) -> str | None:
        """Return what the venue would publish for a place; ``None`` without a scale."""
        return (
            None
            if self.indicator is None or not self.ranks
            else self.indicator.encode(self.risk_ppb(place, count), self.direction)
        )


def chosen_scale(name: str | None, venue: str | None, direction: str | None, faults: list[object]) -> Shown:
    """Return the scale that was named, or that of a venue; a venue's whose direction nobody knows is left out."""
    wanted = name if name is not None else preset_of(venue).indicator if venue is not None else ""
    if wanted == "":
        faults += ["--direction goes with --indicator or --venue"] if direction else []
        return Shown()
    indicator = INDICATORS.get(wanted)
    if indicator is None:
        faults.append(f"indicator {wanted!a} is unknown, {nearest(wanted, INDICATORS)}")
        return Shown()
    shown = Shown(indicator, direction or "")
    try:
        indicator.encode(0, shown.direction)
    except BadIndicator as refusal:
        if name is None and direction is None:
            say(f"no indicator is shown: {refusal}")
            return Shown()
        faults.append(f"--direction: {refusal}")
    return shown
