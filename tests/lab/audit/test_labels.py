"""What people call a headline, and the table of what headlines become."""

from pathlib import Path
from typing import Any

import pytest

from deleverage.lab.audit.checks import audit
from deleverage.lab.audit.document import MOST_SHOWN, document, for_people
from deleverage.lab.audit.finding import CODES
from deleverage.lab.audit.labels import ALL, label, table
from deleverage.lab.events.faults import plant
from deleverage.lab.events.load import load
from deleverage.lab.events.model import Event
from tests.lab.rates import FIRST, clean, tables_of


def finding(code: str, before: float | None, after: float | None, **where: Any) -> dict[str, Any]:
    """Return a finding of the headline x_usd."""
    consequence = {"headline": "x_usd", "before": before, "after": after}
    return {"code": code, "sentence": f"{code} it is", "where": where, "consequence": consequence}


def body(*findings: dict[str, Any]) -> dict[str, Any]:
    """Return a document with a row for each finding."""
    rows = [{"headline": "x_usd", "code": one["code"], **one["consequence"]} for one in findings]
    return {"findings": list(findings), "headlines": rows}


def unlabelled(event: Event) -> set[str]:
    """Return the headlines of an event that nobody named."""
    rows = document(event, audit(event))["headlines"]
    return {row["headline"] for row in rows if label(row["headline"]) == row["headline"]}


@pytest.mark.parametrize("code", CODES)
def test_label_when_a_fault_of_any_kind_is_planted_then_its_headline_has_words(code: str) -> None:
    """Accounts or tables alone: no machine name is left to people."""
    for seed in range(FIRST, FIRST + 3):
        planted = plant(clean(seed), code, "gross", seed)
        assert unlabelled(planted) | unlabelled(tables_of(planted)) == set()


def test_label_of_oct10_when_audited_then_every_headline_has_words(shared_dir: Path) -> None:
    """The real tables."""
    assert unlabelled(load(shared_dir / "data" / "oct10")) == set()


def test_label_when_a_key_is_planted_that_nobody_named_then_it_is_seen() -> None:
    """The checks above are not blind; parts of a key fill its words, whatever they are."""
    assert label("nobody_named_this_usd") == "nobody_named_this_usd"
    assert label("overshoot_at_500_ms_usd").startswith("taken above what was needed, 500 ms")
    assert label("quantity_of_{x}\n_usd") == "units of {x}\n_usd, all waves"


def test_table_when_findings_have_waves_of_their_own_then_a_last_row_is_without_all() -> None:
    """20 and 5 off 100, in different waves."""
    last = table(body(finding("a", 100, 80, waves=[1]), finding("b", 100, 95, waves=[2])))[-1]
    assert (last.code, last.without, last.before, last.then) == ("", ALL, 100, 75)


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (finding("b", 100, 95, waves=[1, 2]), "not additive, wave 1 in several of them"),
        (finding("b", 100, 95, table="coins"), "not additive, they may speak of the same rows"),
        (finding("b", 100, None, waves=[2]), "undefined"),
    ],
)
def test_table_when_findings_overlap_then_the_last_row_says_why_it_has_no_number(
    second: dict[str, Any], why: str
) -> None:
    """A sum of what hangs together is no answer."""
    last = table(body(finding("a", 100, 80, waves=[1]), second))[-1]
    assert (last.code, last.without, last.then) == ("", f"{ALL}: {why}", None)


def test_table_when_one_finding_starts_where_another_ends_or_is_alone_then_there_is_no_last_row() -> None:
    """The rows say it; of one finding its sentence stands there, of several how many and where."""
    rows = table(body(finding("a", 100, 80, waves=[1]), finding("b", 80, 10, waves=[1])))
    assert [(row.code, row.then) for row in rows] == [("a", 80), ("b", 10)]
    assert rows[0].without == "a it is"
    two = body(finding("a", 100, 80, waves=[1]))
    two["findings"].append(finding("a", 100, 90, waves=[3]))
    assert [row.without for row in table(two)] == ["2 findings in waves 1, 3"]


def test_for_people_when_a_code_has_many_findings_then_the_first_are_shown_and_the_others_counted() -> None:
    """Order stays; a code with few of them is whole."""
    many = [finding("a", 1, 0) for _ in range(MOST_SHOWN + 3)]
    first, more = for_people([*many[:2], finding("b", 1, 0), *many[2:]])
    assert [one["code"] for one in first] == ["a", "a", "b", *["a"] * (MOST_SHOWN - 2)]
    assert more == {"a": 3}


def test_table_when_a_headline_is_no_money_then_it_is_a_whole_number() -> None:
    """Fills are counted; USD stay what they are."""
    row = {"headline": "fills_in_the_event", "code": "coverage", "before": 31152.0, "after": 34983.0}
    (shown,) = table({"findings": [], "headlines": [row]})
    assert (f"{shown.before}", f"{shown.then}") == ("31152", "34983")
