"""A user's wealth policy from a Python file, beside the published ones: ``./mine.py:Mine`` with ``split``.

``split(winners, budget)`` gives back a list or an array of whole units, one a winner in their order, or ``Shares``. It
is checked as a stranger's answer (``policy.ask``); what the code raises becomes one sentence. The code itself is not
sandboxed. What it prints goes to stderr.
"""

import contextlib
import sys
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from deleverage.adapters.policy_file import Loaded, load_class, told
from deleverage.lab.policies.policy import ONLINE, PROFIT, About, BadShares, Shares, total
from deleverage.lab.policies.winners import Units, Winners


@dataclass(frozen=True, slots=True)
class UserWealthPolicy:
    """Somebody else's rule as the lab sees it: what identifies it, what it says about itself, and a guarded call."""

    kind: str
    parameters: tuple[str, ...]
    about: About
    file: str = field(repr=False, compare=False)
    code: Any = field(repr=False, compare=False)

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return what the user's code gives back as shares; BadShares where it fails or gives something else."""
        try:
            with contextlib.redirect_stdout(sys.stderr):
                answer = self.code.split(replace(winners, extra=dict(winners.extra)), budget)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # somebody else's code: whatever it raises is told in one sentence
            raise BadShares(f"{self.kind} failed: {type(error).__name__}: {told(error)}") from None
        if type(answer) is Shares:
            parts = self._whole(answer.parts)
            return Shares(parts, budget - total(parts), answer.parameter, answer.meaning, answer.remainder_units)
        parts = self._whole(answer)
        return Shares(parts, budget - total(parts))

    def _whole(self, answer: object) -> Units:
        """Return the units of an answer: whole numbers in a list, a tuple or an array of one dimension."""
        if type(answer) is np.ndarray and answer.ndim == 1 and answer.dtype.kind in "iu":
            if answer.dtype == np.uint64 and bool((answer >> 63).any()):
                raise BadShares(f"{self.kind} gave parts beyond 2^63 units")
            return answer.astype(np.int64)
        if type(answer) is np.ndarray:
            raise BadShares(f"{self.kind} gave an array of {answer.dtype} in {answer.ndim} dimensions, units are whole")
        if not isinstance(answer, list | tuple):
            raise BadShares(f"{self.kind} gave a {type(answer).__name__}, not a list or an array of whole units")
        for at, part in enumerate(answer):
            if not isinstance(part, int | np.integer) or isinstance(part, bool) or not -(1 << 63) <= part < 1 << 63:
                what = f"{type(part).__name__} as part {at + 1}"
                raise BadShares(f"{self.kind} gave a {what}, units are whole numbers below 2^63")
        return np.array(answer, np.int64)


def load_user_policy(place: str) -> UserWealthPolicy:
    """Return the policy of ``file.py:Name``, or of ``file.py`` if it has exactly one. Raises PolicyFileFault.

    A class may say ``about`` itself; else it is taken to act on profit, by the wave at hand.
    """
    found = load_class(place, "split")
    return UserWealthPolicy(found.label, found.parameters, _about(found), found.file, found.code)


def _about(found: Loaded) -> About:
    own = getattr(type(found.code), "about", None)
    return own if type(own) is About else About(PROFIT, ONLINE, f"a file, SHA-256 {found.source_sha256}")
