"""From where on something is a finding. Each limit has a reason that has nothing to do with any one event."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of all checks; the defaults are what false positives and detection are measured with."""

    same: float = 1e-9
    """Relative: two binary64 numbers this near are one number, printed or added up twice."""
    same_ratio: float = 1e-8
    """Relative: as ``same``, for a number that had to be solved for out of a ratio near 1."""
    telling_digits: int = 5
    """A number with fewer digits (zeros at its end not counted) is the same as another one by chance too often."""
    rounding: float = 1e-6
    """Relative: sums of rounded cells differ by this much from the sum that they are compared with."""
    recognised_again: float = 0.01
    """Relative: from here on deficits that are counted anew in each wave are no rounding."""
    one_account: float = 0.5
    """Of all deficits, or of all notional: above it the event is the story of one account."""
    few_losers: int = 4
    """With fewer losers one of them owes half by nature."""
    constant: int = 3
    """Without marks, an equity comes again so many times, to the last digit, before it is no chance."""
    stale_ms: int = 5_000
    """An older statement is one about the wave before: waves are told apart by gaps of this length."""
    implausible: float = 0.25
    """Of a wave's notional: more than that is taken in a minute only where marks move by as much."""
    quick_ms: int = 60_000
    """How long a wave and its horizon last at most for ``implausible`` to be one."""
    jump: float = 0.02
    """Relative: a mark moves by less within ``jump_ms`` unless it comes from somewhere else."""
    jump_ms: int = 1_000
    unit: float = 3.0
    """Factor: marks of one coin that differ by more are in different units."""
    far_from_mark: float = 0.5
    """Relative: nobody is closed that far from a mark that is his coin's."""
    average: float = 1e-3
    """Relative: an average price that misses its coin's notional by more is not weighted by volume."""
    mark_is_price: float = 0.99
    """Share of the fills: with as many at their mark, the mark is the fill itself."""
    enough_fills: int = 20
    """With fewer fills a share of them says little."""
    covered: float = 0.99
    """Share of fills or notional: with less in the tables, a total of the tables is not one of the event."""
    badly_covered: float = 0.9
    """Share: with less, the tables are about another event."""
    lot: float = 0.25
    """Relative: by so much whole lots may miss what an optimum over fractions reaches."""
    allocates: float = 0.9
    """Share of the waves: who meets the budget in as many was given it; who meets it in fewer only happens to."""
    alike: float = 0.25
    """Share of the fills: an exchange cuts few orders into equal pieces, so with as many alike rows come twice."""
