"""One trial: machines, clients and chaos for a while; then everything is asked to end, and the journal is read."""

import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from deleverage.journal.local import open_journal
from tests.service.incidents.running import verified
from tests.service.machines.chaos import Chaos
from tests.service.machines.clients import Client, Marker
from tests.service.machines.ground import Ground
from tests.service.machines.reader import Reader

LAST_S = 90


class Ended(NamedTuple):
    """What a trial came to. ``wrong``: everything that may not be."""

    counts: dict[str, Any]
    wrong: list[str]


def tried(folder: Path, seed: int, seconds: float, clients: int = 6, plan: list[str] | None = None) -> Ended:
    """Try for so long, or until a plan is done."""
    ground = Ground(folder)
    try:
        return _tried(ground, seed, seconds, clients, plan)
    finally:
        ground.close()


def _tried(ground: Ground, seed: int, seconds: float, clients: int, plan: list[str] | None) -> Ended:
    ground.ready()
    ends, began = threading.Event(), time.monotonic()
    reader = Reader(ground.folder, ground.bus.url)
    crowd = [Client(number, seed, ground.fronts, ends) for number in range(clients)]
    told = threading.Event()
    marker, chaos = Marker(seed, ground.fronts, told), _chaos(ground, seed, ends, crowd, plan)
    for thread in (*crowd, marker, chaos, reader):
        thread.start()
    chaos.join(seconds)
    ends.set()
    chaos.join(LAST_S)
    for wire in ground.wires.values():
        wire.mend()
    until = time.monotonic() + LAST_S
    for client in crowd:
        client.join(max(0.0, until - time.monotonic()))
    took_s = time.monotonic() - began
    wrong = [f"{client.name} was never told" for client in crowd if client.is_alive()]
    wrong += [fault for client in crowd for fault in client.faults]
    wrong += [f"chaos: {chaos.fault!r}"] if chaos.fault else []
    told.set()  # not before: whoever takes over lets nothing through that is measured by a price
    marker.join(LAST_S)
    _wait_for_reader(reader, crowd)
    reader.end()
    ground.stop()
    return Ended(*_counted(ground, crowd, marker, chaos, reader, wrong, took_s))


def _chaos(ground: Ground, seed: int, ends: threading.Event, crowd: list[Client], plan: list[str] | None) -> Chaos:
    return Chaos(ground, seed, ends, lambda: sum(len(client.told) for client in crowd), plan)


def _wait_for_reader(reader: Reader, crowd: list[Client]) -> None:
    last = max((int(one["seq"]) for client in crowd for one in client.told.values()), default=0)
    until = time.monotonic() + 30
    while (not reader.heard or reader.heard[-1] < last) and time.monotonic() < until and reader.is_alive():
        time.sleep(0.1)


def _counted(
    ground: Ground,
    crowd: list[Client],
    marker: Marker,
    chaos: Chaos,
    reader: Reader,
    wrong: list[str],
    took_s: float,
) -> tuple[dict[str, Any], list[str]]:
    """Read the journal; return counts, and everything that may not be."""
    journal = open_journal(ground.journal)
    try:
        places: dict[str, list[int]] = {}
        for entry in journal.entries():
            places.setdefault(entry.key, []).append(entry.seq)
        last = journal.seq
    finally:
        journal.close()
    told = {f"demo:{key}": int(one["seq"]) for client in crowd for key, one in client.told.items()}
    wrong += [f"lost: {key}, told as {seq}" for key, seq in told.items() if key not in places]
    wrong += [f"twice: {key}, as {seqs}" for key, seqs in places.items() if len(seqs) > 1]
    wrong += [f"elsewhere: {key}, told as {seq}" for key, seq in told.items() if places.get(key, [seq]) != [seq]]
    wrong += [f"nobody was told: {key}" for key in places if key.startswith("demo:c") and key not in told]
    if reader.heard != list(range(1, len(reader.heard) + 1)) or reader.heard[-1:] < [max(told.values(), default=0)]:
        wrong.append(f"the feed heard {len(reader.heard)} of {last} commands, the last {reader.heard[-3:]}")
    wrong += [f"the reader: {reader.fault!r}"] if reader.fault else []
    try:
        verified(ground.journal)
    except AssertionError as error:
        wrong.append(f"verify: {error}")
    counts: Counter[str] = Counter()
    for client in crowd:
        counts.update(client.counts)
    takeovers = sum(one.said().count("working on") for one in ground.workers)
    return {
        "seconds": round(took_s, 1),
        "in the journal": last,
        **dict(sorted(counts.items())),
        "longest wait (s)": round(max(client.longest_s for client in crowd), 1),
        "marks": marker.marks,
        "takeovers": takeovers,
        "streams filled": sum(one.said().count("filled from block") for one in ground.workers),
        "healed blocks": reader.healed,
        **dict(sorted(chaos.counts.items())),
    }, wrong
