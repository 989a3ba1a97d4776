"""What ``deleverage serve`` is asked for and cannot do: a sentence and an exit code, never a trace."""

import socket
from pathlib import Path

import pytest

from deleverage.cli import call
from deleverage.journal.local import open_journal


def refused(capsys: pytest.CaptureFixture[str], path: Path, *options: str) -> list[str]:
    """Return why a service that was asked for so does not start."""
    code = call(["serve", "--insecure-demo", "--db", str(path), *options])
    told = capsys.readouterr().err
    assert code == 2, told
    return told.splitlines()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--port", "70000", "--sources", "0"), ["--port 70000", "--sources 0"]),
        (("--mark-age-s", "nan", "--step-every-s", "0"), ["--step-every-s 0.0", "--mark-age-s nan"]),
        (("--metrics-port", "0"), ["--metrics-port 0"]),
        (("--engine-deadline-s", "inf"), ["--engine-deadline-s inf"]),
        (("--rules", "nothing"), ["scenario 'nothing'"]),
    ],
)
def test_serve_when_a_number_is_none_that_it_works_with_then_all_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], expected: list[str]
) -> None:
    """No mark is younger than nothing, and a loop that waits for no time burns a core."""
    told = refused(capsys, tmp_path / "j.db", *options)
    assert [True] * len(told) == [
        line.startswith(f"bad input: {begin}") for line, begin in zip(told, expected, strict=True)
    ]
    assert not (tmp_path / "j.db").exists()


@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere.invalid"])
def test_serve_when_it_cannot_listen_then_it_says_so_and_lets_go_of_the_journal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], host: str
) -> None:
    """Somebody else is there, or the name is nobody's."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        (told,) = refused(capsys, tmp_path / "j.db", "--host", host, "--port", port)
    assert told.startswith(f"bad input: {host}:{port}: ")
    open_journal(tmp_path / "j.db").close()


def test_serve_when_rules_are_unknown_then_an_old_journal_is_not_touched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The name is looked up before the journal is opened."""
    refused(capsys, tmp_path / "j.db", "--host", "nowhere.invalid")
    before = (tmp_path / "j.db.anchor").read_bytes()
    (told,) = refused(capsys, tmp_path / "j.db", "--rules", "nothing")
    assert told.startswith("bad input: scenario 'nothing' is unknown")
    assert before == (tmp_path / "j.db.anchor").read_bytes()


def test_serve_when_the_table_of_levels_is_none_then_every_fault_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the journal is made."""
    (tmp_path / "levels.toml").write_text('[[level]]\nname = "calm"\nlag = 1\n', "utf-8")
    told = refused(capsys, tmp_path / "j.db", "--throttle", str(tmp_path / "levels.toml"))
    assert len(told) == 5
    assert not (tmp_path / "j.db").exists()


def test_serve_when_the_port_of_metrics_is_taken_then_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which of the two ports it is; the journal is let go of."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        (told,) = refused(capsys, tmp_path / "j.db", "--metrics-port", port)
    assert f"no metrics at 127.0.0.1:{port}: " in told
    open_journal(tmp_path / "j.db").close()
