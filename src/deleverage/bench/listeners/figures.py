"""What came of a run: how late each message was, how far apart victims heard of one deleveraging, who was closed."""

from pathlib import Path
from typing import Any

import numpy as np

from deleverage.bench.listeners.crowd import FACTS, OWN, TAPE

Json = dict[str, Any]
NS_PER_MS = 1_000_000
DELAY_NS = 30_000_000_000


def figures(received: Any, ends: Any, durable: Any, from_ns: int) -> Json:
    """Return the figures of all messages behind a time; durable: rows of time and last command."""
    received = received[received["time_ns"] >= from_ns]
    found = np.searchsorted(durable[:, 1], received["seq"])
    known = found < len(durable)
    received, durable_ns = received[known], durable[found[known], 0]
    late_ns = received["time_ns"] - durable_ns
    fresh = received["seq"] > durable[0, 1]
    kinds = {"own": OWN, "facts": FACTS}
    document: Json = {
        name: _quantiles(late_ns[(received["kind"] == kind) & fresh & (durable_ns >= from_ns)])
        for name, kind in kinds.items()
    }
    live = (received["kind"] != TAPE) & (durable_ns >= from_ns)
    document["all"] = _quantiles(late_ns[live])
    tape = (received["kind"] == TAPE) & (durable_ns >= from_ns)
    due = np.searchsorted(durable[:, 0], durable_ns[tape] + DELAY_NS)  # the first command that is so much younger
    told = due < len(durable)
    late = received["time_ns"][tape][told] - durable[due[told], 0]
    document["tape, from when it was old enough"] = _quantiles(late)
    document |= _deleveragings(received)
    stalled, healthy = ends[ends[:, 1] == 1], ends[ends[:, 1] == 0]
    document["healthy"], document["healthy closed"] = len(healthy), int(np.count_nonzero(healthy[:, 2]))
    document["stalled"], document["stalled open"] = len(stalled), int(np.count_nonzero(stalled[:, 2] == 0))
    document["stalled, by code"] = {
        str(code): int(count) for code, count in zip(*np.unique(stalled[:, 2], return_counts=True), strict=True)
    }
    return document


def _quantiles(late_ns: Any) -> Json:
    if not len(late_ns):
        return {"messages": 0}
    p50, p99, most = (round(float(part) / NS_PER_MS, 1) for part in np.percentile(late_ns, (50, 99, 100)))
    return {"messages": len(late_ns), "p50_ms": p50, "p99_ms": p99, "max_ms": most}


def _deleveragings(received: Any) -> Json:
    """Return how far apart its victims heard of one, and in how many somebody who sees all heard before the last."""
    spreads, before = list[int](), 0
    for seq in np.unique(received["seq"][received["closes"] == 1]):
        of_it = received["seq"] == seq
        victims = received["time_ns"][of_it & (received["closes"] == 1)]
        others = received["time_ns"][of_it & (received["kind"] == FACTS)]
        if len(victims) > 1:
            spreads.append(int(victims.max() - victims.min()))
            before += bool(len(others)) and bool(others.min() < victims.max())
    return {
        "deleveragings": len(spreads),
        "spread of victims": _quantiles(np.array(spreads)),
        "others read before the last victim": before,
    }


def read(folder: Path, parts: int) -> tuple[Any, Any]:
    """Return what the processes of the crowd have noted."""
    received = np.concatenate([np.load(folder / f"received-{part}.npy") for part in range(parts)])
    ends = np.concatenate([np.load(folder / f"ends-{part}.npy") for part in range(parts)])
    return received, ends
