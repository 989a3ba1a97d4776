"""Power cuts under SQLite alone: what its settings keep.

    python -m tests.torture.power --cuts 2000 --survival tear
    python -m tests.torture.power --cuts 2000 --synchronous NORMAL      the setting that loses commits: is it seen?
    python -m tests.torture.power --cuts 20 --mounted                   SQLite's own file system on a mounted disk

This is the ground under the journal's own power cuts: it shows that the disk finds what it has to find.
"""

import argparse
import sys
import time
from dataclasses import replace

import apsw

from tests.torture.chance import seed_sqlite
from tests.torture.cuts import Loop, Tally
from tests.torture.disk import ORDINARY, Traits
from tests.torture.fuse_mount import WriterFailed, missing, sqlite_mounted
from tests.torture.lines import JOURNAL, NoLog, Setting, sqlite
from tests.torture.sectors import FORGET, KEEP, NOISE, TEAR, Survival
from tests.torture.vfs import POWERSAFE

SURVIVALS = {"forget": FORGET, "keep": KEEP, "tear": TEAR, "noise": NOISE}


def power_cuts(seed: int, cuts: int, setting: Setting, survival: Survival = FORGET, traits: Traits = ORDINARY) -> Tally:
    """Return what so many power cuts leave of the lines; SQLite's own random numbers follow the seed, too."""
    seed_sqlite(seed)
    return Loop(sqlite(setting), (apsw.Error, NoLog), survival, traits).run(seed, cuts)


def main(arguments: list[str]) -> int:
    """Print what was tried and what came of it; 1 where something was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cuts", type=int, default=2_000)
    parser.add_argument("--synchronous", choices=("OFF", "NORMAL", "FULL", "EXTRA"), default="FULL")
    parser.add_argument("--survival", choices=SURVIVALS, default="tear", help="what is left of unsynced sectors")
    parser.add_argument("--lies-about-sync", action="store_true", help="a sync does nothing")
    parser.add_argument("--keeps-log", action="store_true", help="the log is neither renewed nor emptied at the start")
    parser.add_argument("--padded", action="store_true", help="SQLite fills up the last sector of each commit")
    parser.add_argument("--mounted", action="store_true", help="in a process of its own, on a disk that Linux mounts")
    given = parser.parse_args(arguments)
    setting = Setting() if given.keeps_log else JOURNAL
    setting = replace(setting, synchronous=given.synchronous, device=0 if given.padded else POWERSAFE)
    setting = replace(setting, renews_log=setting.renews_log and not given.padded)
    traits = Traits(lies_about_sync=given.lies_about_sync)
    loop = Loop(sqlite(setting), (apsw.Error, NoLog), SURVIVALS[given.survival], traits)
    if given.mounted:
        if reason := missing():
            parser.error(reason)
        loop = replace(loop, start=sqlite_mounted(given.synchronous), errors=(WriterFailed,))
    seed_sqlite(given.seed)
    started = time.perf_counter()
    tally = loop.run(given.seed, given.cuts)
    seconds = time.perf_counter() - started
    print(f"{tally.cuts} power cuts, {tally.acknowledged} acknowledged, {tally.lost} lost, {len(tally.broken)} broken")
    print(f"{tally.cuts / seconds:.0f} cuts a second, SQLite {apsw.sqlitelibversion()}")
    for complaint in tally.broken[:3]:
        print(f"  {complaint}")
    return 1 if tally.lost or tally.broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
