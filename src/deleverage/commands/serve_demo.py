"""``deleverage serve --demo``: a service with keys of its own, and a simulated venue beside it, in a folder."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from deleverage.commands.output import refuse, say
from deleverage.commands.serve import serve
from deleverage.demo.keys import make_keys
from deleverage.demo.story import first_trader, read_story
from deleverage.journal import local
from deleverage.journal.faults import JournalFault
from deleverage.journal.local import Money
from deleverage.scenarios.faults import ScenarioError

JOURNAL = "journal.db"
GRACE_S = 20


def serve_demo(
    folder: Path, db: str | None, *, traders: int | None, seed: int, speed: float, refused: Sequence[str], **others: Any
) -> int:
    """Serve, with the venue as a process of its own that knows nothing but the address and its keys; end both."""
    faults = [f"--demo has its own: leave out {option}" for option in refused]
    faults += [] if 0.1 <= speed <= 100 else [f"--speed {speed:g}: 0.1 to 100"]
    if faults:
        return refuse(faults, as_json=False)
    journal = db or str(folder / JOURNAL)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        story = read_story(folder, traders)
        trader = first_trader(story)
        keys = make_keys(folder, trader)
        if not Path(journal).exists():
            rules = replace(story.rules, manual=others["rounds"] == "manual")
            local.create(journal, story.name, rules, money=Money(story.currency, story.money)).close()
    except ScenarioError as refusal:
        return refuse(refusal.faults, as_json=False)
    except JournalFault as fault:
        return refuse([f"{journal}: {fault}"], as_json=False)
    except OSError as error:
        return refuse([f"{folder}: {error.strerror}"], as_json=False)
    numbers = ["--seed", str(seed), "--speed", str(speed)]
    processes: list[subprocess.Popen[bytes]] = []

    def up(url: str) -> None:
        processes.append(_venue(url, folder, numbers))
        for line in words(url, folder, processes[-1].pid, trader):
            say(line)

    try:
        return serve(journal, rules=None, insecure=False, keys=str(keys), up=up, **others)
    finally:
        for process in processes:
            _end(process)


def _venue(url: str, folder: Path, numbers: Sequence[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "deleverage.demo", "--url", url, "--folder", str(folder), *numbers]
    return subprocess.Popen(command)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Tell the venue to end, and wait for it."""
    process.terminate()
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def words(url: str, folder: Path, pid: int, trader: str) -> list[str]:
    """Return what there is to try."""
    place = os.path.relpath(folder)
    asked = f"deleverage request GET {url}/v1"
    return [
        "",
        "make it crash        type crash and press Enter, here; elsewhere:",
        f"                     touch {place}/crash      or: kill -USR1 {pid}",
        "end, and go on later Ctrl-C; the same command again",
        "",
        "ask without a key    curl -s " + url + "/v1/health",
        "                     curl -s " + url + "/v1/openapi/openapi.json",
        "the markets          " + f"{asked}/markets --key {place}/guest.key",
        "who is next          " + f"{asked}/queues/BTC-PERP/long --key {place}/ann.key",
        "the waterfall        " + f"{asked}/steps --key {place}/eve.key",
        "the fund             " + f"{asked}/funds/now --key {place}/eve.key",
        "a trader himself     " + f"{asked}/accounts/{trader}/buckets --key {place}/tom.key",
        "the same by curl     " + f"curl -s -H @<({asked}/markets --key {place}/guest.key --headers) {url}/v1/markets",
        "who looked           " + f"deleverage reads {place}/{JOURNAL}",
        "check it all again   " + f"deleverage verify {place}/{JOURNAL}   (when it has ended)",
        "",
    ]
