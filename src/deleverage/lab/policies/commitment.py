"""Small games of followers, exact: who unwinds early may save both from a forced closing; who fills a deficit may wait.

What is printed of the first (arXiv 2512.01112, appendix on Stackelberg and Nash play): each of two holds one unit and
unwinds it or waits. Unwinding costs ``fee``. Where fewer units than ``threshold`` were unwound, both are deleveraged
and each bears ``penalty`` besides, whatever it did. Printed for fee < penalty and a threshold in (1, 2].

Ours is what the print leaves open: costs are all that counts, a tie leaves every best answer possible, and the leader
knows how the follower breaks it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

WAIT, UNWIND = 0, 1
Outcome = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Unwinding:
    """The game; a fee and a penalty >= 0."""

    fee: Fraction
    penalty: Fraction
    threshold: Fraction

    def __post_init__(self) -> None:
        """Refuse costs below 0."""
        if min(self.fee, self.penalty) < 0:
            raise ValueError(f"fee is {self.fee} and penalty {self.penalty}, both are 0 or more")

    def costs(self, outcome: Outcome) -> tuple[Fraction, Fraction]:
        """Return what each of the two bears: a row of the payoff table."""
        forced = self.penalty if sum(outcome) < self.threshold else Fraction(0)
        return self.fee * outcome[0] + forced, self.fee * outcome[1] + forced

    def total(self, outcome: Outcome) -> Fraction:
        """Return what both bear together."""
        return sum(self.costs(outcome), Fraction(0))


def simultaneous(game: Unwinding) -> list[Outcome]:
    """Return every pair of actions from which neither gains by changing its own: pure Nash equilibria."""

    def is_stable(first: int, second: int) -> bool:
        mine, its = game.costs((first, second))
        return mine <= game.costs((1 - first, second))[0] and its <= game.costs((first, 1 - second))[1]

    return [(first, second) for first, second in product((WAIT, UNWIND), repeat=2) if is_stable(first, second)]


def committed(game: Unwinding) -> list[Outcome]:
    """Return every outcome of subgame-perfect play where the first moves and the second sees it: by backward induction.

    More than one where a tie leaves a choice.
    """
    return sorted({outcome for answers in _answers(game) for outcome in _led(game, answers)})


def _answers(game: Unwinding) -> Iterator[tuple[int, int]]:
    """Yield each plan of the second: a best answer to waiting, and one to unwinding."""

    def best(first: int) -> list[int]:
        costs = [game.costs((first, second))[1] for second in (WAIT, UNWIND)]
        return [second for second in (WAIT, UNWIND) if costs[second] == min(costs)]

    yield from ((one, other) for one, other in product(best(WAIT), best(UNWIND)))


def _led(game: Unwinding, answers: tuple[int, int]) -> list[Outcome]:
    """Return what the first chooses against a plan, with the answer to it."""
    led = [(first, answers[first]) for first in (WAIT, UNWIND)]
    least = min(game.costs(outcome)[0] for outcome in led)
    return [outcome for outcome in led if game.costs(outcome)[0] == least]


def worth_of_commitment(game: Unwinding) -> tuple[Fraction, Fraction]:
    """Return by how much the worst, and the best, simultaneous outcome costs both more than the worst led one."""
    led = max(map(game.total, committed(game)))
    apart = [game.total(outcome) for outcome in simultaneous(game)]
    return max(apart) - led, min(apart) - led


def best_wait(severities: Sequence[Fraction], premiums: Sequence[Fraction], discount: Fraction) -> int | None:
    """Return after how many rounds a backstop fills the deficit: the first with the largest discounted surplus.

    The surplus is severity - premium. None where no round pays: then it never does. Where it is 0 or more and does not
    rise that is at once (arXiv 2512.01112 Lemma no-wait); a severity that has backed off below the premium is not
    filled.
    """
    surplus = [
        discount**wait * (severity - premium)
        for wait, (severity, premium) in enumerate(zip(severities, premiums, strict=True))
    ]
    most = max(surplus, default=Fraction(-1))
    return surplus.index(most) if most >= 0 else None
