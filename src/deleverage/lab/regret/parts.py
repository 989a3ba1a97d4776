"""Where a policy's regret comes from: severity, allocation, estimation, and what no severity can say.

arXiv 2602.15182 (22) bounds the total by the first three. It speaks of severities between 0 and 1: where more is taken
or needed than the deficit is, the bound leaves that part out, and may fail.
"""

from math import isnan

import numpy as np

from deleverage.lab.events.model import Event
from deleverage.lab.metrics.against import Round
from deleverage.lab.metrics.regret import course, decomposition

_OF_COURSE = ("static_regret", "dynamic_regret")


def decomposed(event: Event, rows: list[Round], reference: dict[int, float]) -> dict[str, float] | None:
    """Return the parts of a policy's regret, and its regret against fixed and moving severities; USD.

    None where no wave has all of taken, needed and deficit. ``waves`` says how many have.
    """
    deficit = {wave.number: wave.deficit_usd for wave in event.waves}
    known = [row for row in rows if not isnan(row.taken + row.needed + deficit.get(row.wave, float("nan")))]
    if not known:
        return None
    taken, needed = (np.array([getattr(row, name) for row in known], np.float64) for name in ("taken", "needed"))
    lacked = np.array([deficit[row.wave] for row in known], np.float64)
    gaps = np.array([abs(row.largest_share - reference.get(row.wave, float("nan"))) for row in known], np.float64)
    measures = {one.name: one.value for one in course(taken, needed, lacked)}
    against = {name: float(measures[name] or 0.0) for name in _OF_COURSE}
    return {**decomposition(taken, needed, lacked, gaps), **against}
