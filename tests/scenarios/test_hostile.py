"""Hostile and careless scenario files: odd files, odd bytes, odd shapes, numbers beyond use - all answered in words."""

import os
from pathlib import Path

import pytest

from deleverage.scenarios import loader
from deleverage.scenarios.faults import ScenarioError
from deleverage.scenarios.loader import load, loads, text_of

STORY = text_of("two-traders")
POPULATION = "[population]\naccounts = 10\nseed = 1\nopen_interest = { XYZ = 500 }\n"


def faults_of(text: str) -> list[str]:
    """Return the faults of a scenario text."""
    with pytest.raises(ScenarioError) as refusal:
        loads(text)
    return [str(fault) for fault in refusal.value.faults]


def file_faults(path: str) -> list[str]:
    """Return the faults of a scenario file."""
    with pytest.raises(ScenarioError) as refusal:
        load(path)
    return [str(fault) for fault in refusal.value.faults]


@pytest.mark.parametrize("change", [("\n", "\r\n"), (" = ", "\t=\t"), ("name", "\ufeffname")])
def test_file_when_written_by_another_editor_then_it_is_the_same_story(tmp_path: Path, change: tuple[str, str]) -> None:
    """Windows line ends, tabs and a byte order mark change nothing."""
    story = tmp_path / "story.toml"
    text = STORY[STORY.index("name") :].replace(*change, 1 if "\ufeff" in change[1] else -1)
    story.write_bytes(text.encode("utf-8"))
    assert load(str(story)).setup == loads(STORY).setup


def test_file_when_it_never_ends_or_is_no_file_then_it_is_refused_at_once(tmp_path: Path) -> None:
    """A pipe without a writer, a device, a folder, names that no file system takes."""
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "zero.toml").symlink_to("/dev/zero")
    (tmp_path / "folder.toml").mkdir()
    assert "it is a pipe or a device" in file_faults(str(tmp_path / "pipe.toml"))[0]
    assert "it is a pipe or a device" in file_faults(str(tmp_path / "zero.toml"))[0]
    assert "Is a directory" in file_faults(str(tmp_path / "folder.toml"))[0]
    for name in ("a" * 5_000, "a" * 5_000 + ".toml", "\ud800.toml", "a\0b.toml", "a\0b", "", "..", "/dev/zero"):
        assert file_faults(name), ascii(name[:20])


def test_file_when_it_is_too_large_then_it_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound is said with both numbers."""
    story = tmp_path / "story.toml"
    story.write_text(STORY, encoding="utf-8")
    monkeypatch.setattr(loader, "LARGEST_FILE_BYTES", 100)
    assert f"has {len(STORY.encode()):,} bytes, at most 100 are read" in file_faults(str(story))[0]


@pytest.mark.parametrize(
    "text",
    [
        "[" + ".".join(["a"] * 2_000) + "]\nb = 1\n" + STORY,
        STORY + "\n[path." + ".".join(["a"] * 900) + "]\nb = 1\n",
        "a = " + "[" * 200 + "]" * 200 + "\n" + STORY,
    ],
)
def test_tables_when_they_lie_too_deep_then_they_are_refused_in_words(text: str) -> None:
    """Python's own recursion ends long before a hostile file does."""
    assert faults_of(text) == ["has tables within tables, deeper than 50"]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('label = "the', r'label = "\u001b[31mthe', 'path[0].label: is "\\x1b[31mthe'),
        ('label = "the', r'label = "\nthe', 'path[0].label: is "\\nthe'),
        ('title  = "', r'title  = "\u202e', "title: is '\\u202eTwo"),
        ('lesson = "', r'lesson = "\u0000', 'lesson: is "\\x00A gain'),
        ('id        = "bob"', r'id = "bob\n"', "accounts[1].id: is 'bob\\n', must be: 1 to 64 printable ASCII"),
        ('title  = "Two traders, and one cannot pay"', 'title = ""', "title: is empty"),
        ("= 120", "= 1979-05-27", "accounts[0].deposit: is a date or a time, must be a number"),
        ("= 120", "= " + "9" * 39, "accounts[0].deposit: is " + "9" * 39 + ", more than 10^30 units of 0.01"),
        (
            "[[path]]",
            "[rules]\nmax_mark_age_seconds = -1\n[[path]]",
            "rules.max_mark_age_seconds: is -1, the minimum is 0",
        ),
        ("[[path]]", "[rules]\nremoved = [1]\n[[path]]", "rules.removed[0]: is 1, must be a text"),
        (
            "marks = { XYZ = 85 }",
            'orders = [{account = "bob", market = "XYZ", size = 1, price = 999999999, levels = 3, step = 1}]',
            "path[0].orders[0].levels: reach above the market's max_price 1000000000",
        ),
        ("[[path]]", POPULATION + "entry_spread = 1\n[[path]]", "population.entry_spread: is a share below 1"),
        (
            "[[path]]",
            POPULATION.replace("500", "5").replace("10", "11") + "[[path]]",
            "population.accounts: is 11, but the open interest is enough for 5 only",
        ),
        ("[[path]]", POPULATION.replace("10", "200001") + "[[path]]", "population.accounts: is 200001, the maximum is"),
        ("[[path]]", POPULATION.replace("{ XYZ = 500 }", "{}") + "[[path]]", "population.open_interest: is empty"),
    ],
)
def test_value_when_it_is_odd_then_it_is_the_one_fault_and_names_its_place(old: str, new: str, fault: str) -> None:
    """Each is refused where it stands, once, without a fault that only follows from it."""
    assert old in STORY
    (found,) = faults_of(STORY.replace(old, new))
    assert found.startswith(fault)


def test_population_when_entries_are_spread_wide_then_no_price_is_clipped() -> None:
    """Almost the whole price as spread: all prices differ from the mark by at most that, none is moved up to 1."""
    text = STORY.replace("[[path]]", POPULATION + "entry_spread = 0.999999\n[[path]]").replace(
        "mark  = 100", "mark = 100"
    )
    prices = [getattr(origin.command, "price_ticks", 100) for origin in loads(text).setup]
    assert all(1 <= price <= 199 for price in prices)
    assert min(prices) < 50
