"""Half of the largest gains first, and more only once everybody has given half: a policy of one's own for the lab.

deleverage lab compare EVENT --policies queue,wealth-pro-rata,examples/my_lab_policy.py
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class HalfEach:  # frozen; fields are parameters: whole numbers, texts, true or false, each with a default
    percent: int = 50

    def split(self, winners, budget):  # type: ignore[no-untyped-def]
        order, parts = np.argsort(-winners.gain, kind="stable"), np.zeros(len(winners), np.int64)
        for room in (winners.cap * self.percent // 100, winners.cap - winners.cap * self.percent // 100):
            before = np.cumsum(room[order]) - room[order]
            parts[order] += np.clip(budget - int(parts.sum()) - before, 0, room[order])
        return parts
