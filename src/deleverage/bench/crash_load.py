"""The demo in a crash: its peak, then twice that on top of another crash."""

import time
from collections import deque
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from threading import Thread
from time import time_ns

from deleverage.bench.loads import Load, paced
from deleverage.bench.served import Served
from deleverage.service.asking import Asker
from deleverage.service.key_files import read_signer

WARM_S, CRASH_S, BETWEEN_S = 20.0, 240.0, 30.0
TIMES, SIZE, CONNECTIONS = 2, 20, 4
EVERY_S = 0.25


def lines(folder: Path) -> Iterator[str]:
    """Yield what a crash asks of the service, and what happens when somebody asks twice that besides."""
    demo = folder / "demo"
    served = Served(folder / "demo.log", "--demo", "--folder", str(demo))
    asker = Asker(served.url, read_signer(str(demo / "guest.key")))
    try:
        _until(served, "trading", 120)
        yield f"the demo, {_peak(asker, WARM_S):,} commands/s at most on an ordinary day (in a second)"
        alone = _crash(served, demo, asker)
        yield f"  in a crash:                                      {alone:8,} commands/s at most"
        time.sleep(BETWEEN_S)
        signer, found = read_signer(str(demo / "looker.key")), list[Load]()
        streams = [cycle([_trade(at, turn) for turn in (0, 1)]) for at in range(CONNECTIONS)]
        ended = [False]

        def drive() -> None:
            number = 0
            while not ended[0]:
                name = f"drive-{time_ns():x}-{number}"
                found.append(paced(served.port, signer, streams, SIZE, TIMES * alone, 5.0, name))
                number += 1

        driver = Thread(target=drive)
        driver.start()
        both = _crash(served, demo, asker)
        ended[0] = True
        driver.join()
        times = sorted(ns for load in found for ns in load.times)
        full = sum(load.full for load in found)
        load = Load(sum(one.commands for one in found), sum(one.seconds for one in found), times)
        yield f"  in the next one, {TIMES} x {alone:,} asked besides, in batches of {SIZE}:"
        yield f"    all together                                   {both:8,} commands/s at most"
        yield f"    of those besides                               {load.per_second:8,} commands/s acknowledged"
        yield f"    the line was full, and they asked again        {full:8,} times"
        yield f"    from due to acknowledged, ms                   p50 {load.ms(50):.1f}, p99 {load.ms(99):.1f}"
        told = [line for line in served.lines if "ccounted" in line or "ACCOUNTED" in line]
        yield f"    {told[-1].partition('venue')[2].strip() if told else 'not counted'}"
    finally:
        asker.close()
        served.stop()


def mark(asker: Asker, ticks: dict[str, int]) -> None:
    """Hand a price in."""
    now = str(time_ns())
    marks = [{"market": name, "price_ticks": str(price)} for name, price in ticks.items()]
    asker.post("/v1/marks", {"sequence": now, "source_time_ns": now, "marks": marks})


def _trade(pair: int, turn: int) -> str:
    """Return a trade of two of the demo's traders, there or back: it changes nothing."""
    sides = [f"trader-{2 * pair + 1:04d}", f"trader-{2 * pair + 2:04d}"]
    buyer, seller = sides if turn == 0 else sides[::-1]
    return (
        f'{{"kind":"Trade","market_id":"BTC-PERP","buyer_unit_id":"{buyer}","seller_unit_id":"{seller}",'
        '"lots":"1","price_ticks":"600000","buyer_side":"","seller_side":""}'
    )


def _crash(served: Served, demo: Path, asker: Asker) -> int:
    """Ask for a crash, and return the most commands in a second until it is over."""
    before = sum("ccounted for" in line or "ACCOUNTED" in line for line in served.lines)
    (demo / "crash").touch()
    return _peak(asker, CRASH_S, lambda: sum("ccounted for" in x or "ACCOUNTED" in x for x in served.lines) > before)


def _peak(asker: Asker, most_s: float, is_over: object = None) -> int:
    """Return the most commands that were written in any second of a while."""
    seen: deque[tuple[float, int]] = deque()
    peak, ends = 0.0, time.monotonic() + most_s
    while time.monotonic() < ends and not (callable(is_over) and is_over()):
        seen.append((time.monotonic(), int(asker.get("/v1/markets")["seq"])))
        while seen[-1][0] - seen[0][0] > 1.0 + EVERY_S:
            seen.popleft()
        if (span := seen[-1][0] - seen[0][0]) >= 1.0:
            peak = max(peak, (seen[-1][1] - seen[0][1]) / span)
        time.sleep(EVERY_S)
    return int(peak)


def _until(served: Served, word: str, most_s: float) -> None:
    ends = time.monotonic() + most_s
    while not any(word in line for line in served.lines):
        if time.monotonic() > ends:
            raise RuntimeError("\n".join([f"no {word!r} in time", *served.lines[-20:]]))
        time.sleep(0.2)
