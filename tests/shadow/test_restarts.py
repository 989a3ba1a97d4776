"""Killed at any moment and started again, a shadow says what an unbroken one says; and it writes nothing else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from deleverage.shadow.progress import BadProgress
from deleverage.shadow.source import SourceFault
from deleverage.shadow.wanted import INTERRUPTED
from tests.conftest import REPOSITORY
from tests.shadow.streams import Line, follow, is_close, planted, recorded


def _one_left_out(line: Line) -> None:
    return None


@pytest.fixture
def diverging() -> list[str]:
    """Return a cascade in which one close was left out."""
    lines, _ = planted("cascade", lambda line: is_close(line, "adl"), _one_left_out)
    return lines


def test_shadow_stopped_behind_every_line_then_the_report_is_the_unbroken_one(
    diverging: list[str], tmp_path: Path
) -> None:
    """Ended behind each line in turn and started again from the file that it left: the same tally, to the field."""
    whole = follow(tmp_path / "stream", diverging).tally
    assert whole.differences > 0
    progress = tmp_path / "progress"
    for _ in range(len(diverging)):
        seen: list[int] = []

        def stopped(seen: list[int] = seen) -> bool:
            seen.append(1)
            return len(seen) > 1

        found = follow(tmp_path / "stream", diverging, progress=progress, save_every=1, stopped=stopped)
        if found.ended != INTERRUPTED:
            break
    assert follow(tmp_path / "stream", diverging, progress=progress, save_every=1).tally == whole


def test_shadow_killed_again_and_again_then_the_report_is_the_unbroken_one(
    diverging: list[str], tmp_path: Path
) -> None:
    """A process that is killed while it saves behind every line leaves an old file or a new one, never half of one."""
    stream, progress = tmp_path / "stream", tmp_path / "progress"
    whole = follow(stream, diverging).tally
    stream.write_text("".join(f"{line}\n" for line in diverging), "ascii")
    killing = (
        "import os, sys; from pathlib import Path; from tests.shadow.streams import own_rules; "
        "from deleverage.shadow import progress, run; from deleverage.shadow.wanted import Wanted\n"
        "left = [int(sys.argv[3])]\n"
        "def fsync(number, really=os.fsync):\n"
        "    left[0] -= 1\n"
        "    os.kill(os.getpid(), 9) if left[0] == 0 else really(number)\n"
        "os.fsync = fsync\n"
        "run.Run(Wanted(source=sys.argv[1], shape='deleverage', rules_of=own_rules, progress=Path(sys.argv[2]),"
        " save_every=1)).follow()\n"
    )
    for after in (1, 20):
        command = [sys.executable, "-c", killing, str(stream), str(progress), str(after)]
        assert subprocess.run(command, cwd=REPOSITORY, check=False).returncode == -9
        if progress.exists():
            json.loads(progress.read_text("ascii"))
    assert follow(stream, diverging, progress=progress).tally == whole


def test_shadow_where_the_stream_has_grown_then_only_the_rest_is_read(tmp_path: Path) -> None:
    """What was followed is not executed again."""
    lines = recorded("six-longs")
    progress = tmp_path / "progress"
    follow(tmp_path / "stream", lines[:20], progress=progress)
    found = follow(tmp_path / "stream", lines, progress=progress)
    assert (found.resumed_at, found.tally.lines, found.tally.rows["adl"].agreed) == (20, len(lines), 3)


def test_shadow_where_the_stream_is_another_one_then_its_progress_is_refused(tmp_path: Path) -> None:
    """Progress belongs to the bytes that were followed, the options and the rules."""
    lines, progress = recorded("six-longs"), tmp_path / "progress"
    follow(tmp_path / "stream", lines[:20], progress=progress)
    for other, wanted in ((recorded("cascade"), {}), (lines, {"steps": "marks"}), (lines, {"rules_name": "bybit"})):
        with pytest.raises(BadProgress):
            follow(tmp_path / "stream", other, progress=progress, **wanted)
    with pytest.raises((BadProgress, SourceFault)):
        follow(tmp_path / "stream", lines[:10], progress=progress)
    progress.write_text("{}", "ascii")
    with pytest.raises(BadProgress, match="no progress file"):
        follow(tmp_path / "stream", lines, progress=progress)


def test_shadow_opens_nothing_for_writing_but_the_progress_file(diverging: list[str], tmp_path: Path) -> None:
    """Every file that the process opens, makes, renames or removes is watched, once its compiled kernels are loaded."""
    stream, progress = tmp_path / "stream", tmp_path / "progress"
    quiet = json.dumps({"command": {"kind": "ClosePeriod", "time_ns": str(10**18)}})  # ends the last moment
    stream.write_text("".join(f"{line}\n" for line in [*diverging, quiet]), "ascii")
    watching = (
        "import os, sys; from pathlib import Path; from deleverage.cli import call\n"
        "seen = []\n"
        "WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND\n"
        "def watch(event, details):\n"
        "    if event == 'open' and details[2] & WRITES: seen.append(str(details[0]))\n"
        "    if event in ('os.rename', 'os.remove', 'os.mkdir', 'os.rmdir', 'os.truncate', 'socket.connect'):\n"
        "        seen.append(str(details[1] if event == 'os.rename' else details[0]))\n"
        "call(sys.argv[1:4])\n"
        "sys.addaudithook(watch)\n"
        "code = call(sys.argv[1:])\n"
        "print(sorted({Path(name).name for name in seen if name != '/dev/null'}), code)\n"
    )
    for options, written in (([], []), (["--progress", str(progress)], ["progress", "progress.new"])):
        command = [sys.executable, "-c", watching, "shadow", "--source", str(stream), *options]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == f"{written} 4"
