"""The tables of 10 October 2025: what is wrong with them is raised without being told where to look."""

import json
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import jsonschema
import pytest

from deleverage.cli import call
from deleverage.commands.lab_audit import said
from deleverage.lab.audit.checks import audit
from deleverage.lab.audit.document import plain
from deleverage.lab.audit.finding import CODES, Finding
from deleverage.lab.events.load import load
from deleverage.lab.events.model import Event
from tests.cli.test_documents import check, schema_of

Captured = pytest.CaptureFixture[str]


@cache
def read(folder: Path) -> Event:
    """Return the event of a folder, read once."""
    return load(folder)


@pytest.fixture(scope="module")
def event(shared_dir: Path) -> Event:
    """Return the event as its tables have it."""
    return read(shared_dir / "data" / "oct10")


@pytest.fixture(scope="module")
def given(shared_dir: Path) -> list[dict[str, float]]:
    """Return the waves of the reference figures: number, D, B, H."""
    rows: list[dict[str, float]] = json.loads((shared_dir / "lab" / "given_reference.json").read_text())["per_wave"]
    return rows


def of(event: Event, code: str, words: str = "") -> list[Finding]:
    """Return the findings of a code whose sentence has some words."""
    return [finding for finding in audit(event, [code]).findings if words in finding.sentence]


def test_oct10_when_audited_then_one_deficit_repeats_and_carries_most_of_the_headline(
    event: Event, given: list[dict[str, float]]
) -> None:
    """87 % of the published deficit is one account's, counted nine times; counted once it is still most."""
    (finding,) = of(event, "repeated-deficit")
    published, surplus = sum(row["D"] for row in given), float(str(finding.evidence["surplus_usd"]))
    assert finding.consequence.before == pytest.approx(published)
    assert finding.consequence.after == pytest.approx(published - surplus)
    assert surplus > 0.85 * published
    (whale,) = of(event, "concentrated-deficit", "one account owes")
    assert whale.evidence["deficit_once_usd"] == pytest.approx(published - surplus)
    assert float(str(whale.evidence["share"])) > 0.8


def test_oct10_when_audited_then_budgets_above_deficits_are_those_of_the_reference(
    event: Event, given: list[dict[str, float]]
) -> None:
    """Four waves need more than is missing, and eight take more."""
    found = of(event, "budget-above-deficit", "needs")
    assert found[0].consequence.headline == "total_needed_usd"
    assert [finding.where["waves"] for finding in found] == [[row["wave"]] for row in given if row["B"] > row["D"]]
    (clusters,) = of(event, "budget-above-deficit", "clusters")
    assert clusters.consequence.before == pytest.approx(653_552_663.5147, abs=1e-3)
    (told,) = of(event, "budget-above-deficit", "took more")
    assert told.where["waves"] == [row["wave"] for row in given if row["H"] > row["D"]]


def test_oct10_when_audited_then_one_survivor_stands_in_waves_that_lie_apart(event: Event) -> None:
    """Three states of largest survivors serve ten waves."""
    (finding,) = of(event, "stale-state")
    survivors: list[dict[str, list[int]]] = plain(finding.evidence["survivors"])
    assert sorted(len(group["waves"]) for group in survivors) == [3, 3, 4]


def test_oct10_when_audited_then_late_waves_took_an_implausible_part_of_their_notional(event: Event) -> None:
    """At what the coins were sold for on average the three are above a quarter within a quarter of a minute."""
    found = of(event, "above-notional")
    assert len(found) == 3
    assert all(float(str(finding.evidence["ratio"])) > 0.4 for finding in found)
    assert all(finding.evidence["notional_at"] == "volume-weighted averages of coins" for finding in found)


def test_oct10_when_audited_then_waves_without_length_took_more_than_their_gaps(
    event: Event, given: list[dict[str, float]]
) -> None:
    """Two of the waves: their haircut and their budget know different marks."""
    found = [finding.where["waves"] for finding in of(event, "mark-mismatch", "lasts no time")]
    assert found == [[row["wave"]] for row in given if row["dur_ms"] == 0 and row["H"] > row["B"]]


def test_oct10_when_audited_then_average_prices_are_not_volume_weighted(event: Event) -> None:
    """Most coins' average price times quantity misses their notional: the sum by 31 million USD."""
    (finding,) = of(event, "mark-mismatch", "volume-weighted")
    assert finding.consequence.after == pytest.approx(2_103_111_430.86)
    assert float(str(finding.consequence.before)) > 2_130_000_000


def test_oct10_when_audited_then_coverage_is_of_fills_and_of_units(event: Event) -> None:
    """31,152 of 34,983 fills; 39 fills more in the table of accounts."""
    (fills,) = of(event, "coverage", "fills")[:1]
    assert (fills.evidence["fills"], fills.evidence["of"]) == (31_152, 34_983)
    (usd,) = of(event, "coverage", "million USD")
    assert usd.evidence["of_usd"] == pytest.approx(2_103_111_430.86)
    assert usd.severity == "error"
    (others,) = of(event, "coverage", "accounts have")
    assert (others.severity, others.evidence["difference"]) == ("info", 39)


def test_oct10_when_audited_then_blank_and_impossible_ratios_are_told_apart(event: Event) -> None:
    """Empty for some policies, above 1, and cut off at 1."""
    sentences = [finding.sentence for finding in of(event, "undefined-metric")]
    for words in ("ptsr is empty", "pmr is empty", "rd_nse lies outside", "max_pct is exactly 1"):
        assert sum(words in sentence for sentence in sentences) == 1


def test_oct10_when_audited_then_the_optimiser_is_none(event: Event) -> None:
    """It was scaled in two waves, missed one budget, and a pro-rata is fairer nearly everywhere."""
    scaled, missed, beaten = of(event, "solver-fallback")
    assert (scaled.evidence["scale"], len(list(missed.where["waves"]))) == (64.0, 1)  # type: ignore[arg-type]
    assert int(str(beaten.evidence["waves_beaten"])) >= len(event.waves) - 1


def test_oct10_when_audited_then_clusters_count_more_than_accounts(event: Event) -> None:
    """The stylised queue has a deficit of its own."""
    (finding,) = of(event, "row-counted-twice")
    assert finding.consequence.before == pytest.approx(23_191_104.4848, abs=1e-3)


def renamed(event: Event, scale: float) -> Event:
    """Return the event with other names for coins, other numbers for waves, and money in another unit."""
    names = {row.coin: f"Ω{at}" for at, row in enumerate(event.coins)}
    numbers = {row.number: row.number + 40 for row in event.waves}
    name = {
        cell.coin: names.get(cell.coin, names.get(cell.coin.upper(), "?")) for row in event.waves for cell in row.coins
    }
    waves = tuple(
        replace(
            row,
            number=numbers[row.number],
            **{key: getattr(row, key) * scale for key in ("deficit_usd", "max_loss_usd", "needed_usd")},
            taken_usd={at: usd * scale for at, usd in row.taken_usd.items()},
            coins=tuple(
                replace(
                    cell,
                    coin=name[cell.coin],
                    gap_usd=cell.gap_usd * scale,
                    gap_per_unit_usd=cell.gap_per_unit_usd * scale,
                )
                for cell in row.coins
            ),
        )
        for row in event.waves
    )
    claims = tuple(
        replace(
            claim,
            wave=numbers[claim.wave],
            value=claim.value * (scale if claim.name in ("budget", "overshoot", "needed", "caps") else 1.0),
        )
        for claim in event.claims
    )
    return replace(
        event,
        waves=waves,
        claims=claims,
        shocks=tuple(
            replace(row, deficit_usd=row.deficit_usd * scale, taken_usd=row.taken_usd * scale) for row in event.shocks
        ),
        marks={name.get(coin, coin): usd * scale for coin, usd in event.marks.items()},
        coins=tuple(
            replace(row, coin=names[row.coin], price_usd=row.price_usd * scale, notional_usd=row.notional_usd * scale)
            for row in event.coins
        ),
    )


@pytest.mark.parametrize("scale", [1.0, 4096.0, 1 / 1024])
def test_oct10_when_names_numbers_and_unit_of_money_change_then_the_findings_are_the_same(
    event: Event, scale: float
) -> None:
    """Nothing hangs on a name, a wave's number or the size of the sums."""
    before, after = audit(event), audit(renamed(event, scale))
    kinds = [Counter((finding.code, finding.severity) for finding in made.findings) for made in (before, after)]
    assert kinds[0] == kinds[1]
    assert before.unmade == after.unmade


def test_oct10_when_the_repeated_loss_is_taken_out_then_the_finding_goes(event: Event) -> None:
    """The audit follows the rows: with each bankruptcy once, nothing repeats and B > D in more waves."""
    value = max(row.max_loss_usd for row in event.waves)
    first = min(row.number for row in event.waves if row.max_loss_usd == value)
    waves = tuple(
        replace(row, deficit_usd=row.deficit_usd - value, max_loss_usd=(row.deficit_usd - value) / 2)
        if row.max_loss_usd == value and row.number != first
        else row
        for row in event.waves
    )
    once = replace(event, waves=waves)
    assert of(once, "repeated-deficit") == []
    assert len(of(once, "budget-above-deficit", "needs")) > len(of(event, "budget-above-deficit", "needs"))


def test_command_when_asked_for_json_then_prints_a_document_of_its_schema(shared_dir: Path, capsys: Captured) -> None:
    """Exit code 0 with findings, and only the codes that were asked for."""
    folder = str(shared_dir / "data" / "oct10")
    assert call(["lab", "audit", folder, "--json"]) == 0
    document = check(capsys.readouterr().out, "lab-audit")
    assert {row["code"] for row in document["checks"]} == set(CODES)
    assert document["event"]["waves"] == 16
    assert call(["lab", "audit", folder, "--only", "coverage, stale-state", "--json"]) == 0
    document = check(capsys.readouterr().out, "lab-audit")
    assert {row["code"] for row in document["findings"]} == {"coverage", "stale-state"}


def test_command_when_people_read_then_says_headlines_and_what_was_not_looked_at(
    shared_dir: Path, capsys: Captured
) -> None:
    """Each finding with where, evidence and the headline without it."""
    assert call(["lab", "audit", str(shared_dir / "data" / "oct10")]) == 0
    out = capsys.readouterr().out
    assert "error: repeated-deficit:" in out
    assert "headlines, with and without" in out
    assert "not looked at: counterparty-concentration" in out


def test_command_when_codes_or_event_are_wrong_then_all_faults_are_told(tmp_path: Path, capsys: Captured) -> None:
    """Exit code 2, nothing on stdout, the nearest code named."""
    assert call(["lab", "audit", str(tmp_path / "none"), "--only", "repeated,coverages"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("bad input") == 3
    assert "nearest is 'coverage'" in told.err


def test_schema_when_a_finding_lacks_its_proof_then_refuses(shared_dir: Path, capsys: Captured) -> None:
    """A finding without evidence is none."""
    assert call(["lab", "audit", str(shared_dir / "data" / "oct10"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    document["findings"][0]["evidence"] = {}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema_of("lab-audit"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "undefined"),
        (1234567.891, "1,234,567.89"),
        (0.000123456789, "0.000123457"),
        (list(range(14)), "0 1 2 3 4 5 6 7 8 9 10 11 and 2 more"),
        ({"a": 1, "b": None}, "(a 1; b undefined)"),
        (1760130964831, "1760130964831"),
    ],
)
def test_said_when_a_value_is_shown_then_is_short(value: object, expected: str) -> None:
    """Numbers for people, moments as they are."""
    assert said(value) == expected
