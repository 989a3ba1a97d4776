"""Contract keys of a scenario: which belong together, and what is said when they do not."""

from pathlib import Path

import pytest

from deleverage.scenarios.faults import ScenarioError
from deleverage.scenarios.loader import load

STORY = (Path(__file__).resolve().parents[2] / "src/deleverage/scenarios/inverse.toml").read_text(encoding="utf-8")


def faults_of(text: str, folder: Path) -> list[str]:
    """Return the faults with which a story is refused."""
    path = folder / "story.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as refusal:
        load(str(path))
    return [str(fault) for fault in refusal.value.faults]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("face     = 1000\n", "", "markets[0].face: is missing"),
        ("face     = 1000\n", 'face = 1000\ntick_value = "1"\n', "markets[0].tick_value: does not belong"),
        ("face     = 1000\n", "face = 0\n", "markets[0].face: "),
        ("face     = 1000\n", "face = nan\n", "markets[0].face: "),
        ('"inverse"\nface     = 1000\n', '"quanto"\n', "markets[0].tick_value: is missing"),
        ('contract = "inverse"', 'contract = "option"', "markets[0].contract: "),
        ("settle = { XBTUSD = 8000 }", "settle = { XBT = 8000 }", "path[1].settle.XBT: "),
        ("settle = { XBTUSD = 8000 }", "settle = { XBTUSD = 8000.3 }", "path[1].settle.XBTUSD: "),
    ],
    ids=["no face", "both", "no worth", "nan", "quanto", "unknown", "market", "off the tick"],
)
def test_contract_when_its_keys_do_not_fit_then_the_key_is_named(
    old: str, new: str, fault: str, tmp_path: Path
) -> None:
    """Each fault stands at its key."""
    assert STORY.count(old) == 1
    assert any(told.startswith(fault) for told in faults_of(STORY.replace(old, new), tmp_path))
