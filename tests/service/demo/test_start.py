"""How the demo is started: what is refused, what is made, what is kept."""

import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from deleverage.cli import call
from deleverage.commands.output import BAD_INPUT
from deleverage.commands.serve_demo import words
from deleverage.demo.keys import HOLDERS, make_keys
from deleverage.demo.story import first_trader, read_story
from deleverage.scenarios.faults import ScenarioError
from deleverage.service.keys_file import read_keys
from deleverage.service.principals import Role


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--keys", "keys.toml"], "leave out --keys"),
        (["--insecure-demo"], "leave out --insecure-demo"),
        (["--rules", "crash"], "leave out --rules"),
        (["--speed", "1000"], "--speed 1000"),
        (["--traders", "1"], "account"),
    ],
)
def test_demo_when_an_option_does_not_go_with_it_then_it_says_so_and_makes_nothing(
    options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The demo has rules and keys of its own; numbers have bounds."""
    assert call(["serve", "--demo", "--folder", str(tmp_path / "demo"), *options]) == BAD_INPUT
    assert said in capsys.readouterr().err
    assert not (tmp_path / "demo" / "journal.db").exists()


def test_serve_when_somebody_else_listens_then_it_says_so_and_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A port that is taken is bad input, and no defect."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert call(["serve", "--db", str(tmp_path / "j.db"), "--insecure-demo", "--port", port]) == BAD_INPUT
    assert f"127.0.0.1:{port}: Address already in use" in capsys.readouterr().err


def test_keys_when_a_folder_is_new_then_each_holder_has_a_private_file_and_what_it_needs(tmp_path: Path) -> None:
    """Keys are made once; nobody has more roles than one, and two persons list a market."""
    keys = make_keys(tmp_path, "trader-1")
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    known = read_keys(str(keys))
    assert {*(new.key_id for new in HOLDERS), "tom"} == set(known)
    assert {1} == {len(key.principal.roles) for key in known.values()}
    assert frozenset({"trader-1"}) == known["tom"].principal.accounts
    assert known["lister"].principal.person != known["second"].principal.person
    assert Role.ADMIN in known["lister"].principal.roles
    make_keys(tmp_path, "trader-1")
    assert made == {path.name: path.read_bytes() for path in tmp_path.iterdir()}


def test_story_when_a_folder_has_one_then_it_keeps_its_number_of_traders(tmp_path: Path) -> None:
    """Whoever starts it again gets the same traders, or is told that these are others."""
    assert first_trader(read_story(tmp_path, 50)) == "trader-01"
    assert first_trader(read_story(tmp_path, None)) == "trader-01"
    with pytest.raises(ScenarioError, match=r"the demo in .* has 50"):
        read_story(tmp_path, 60)


def test_words_when_it_starts_then_each_line_names_the_port_or_the_folder(tmp_path: Path) -> None:
    """What is printed can be pasted."""
    lines: list[Any] = words("http://127.0.0.1:8123", tmp_path, 77, "trader-01")
    asked = [line for line in lines if "deleverage request" in line]
    assert len(asked) >= 5
    assert all("http://127.0.0.1:8123/v1/" in line and tmp_path.name in line for line in asked)
