"""A report is pages that need no network, answers a checklist line by line, and believes no label."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from deleverage.cli import call
from deleverage.lab.events.generator import generate
from deleverage.lab.report import by_policy
from deleverage.lab.report.charts import lorenz_curve
from deleverage.lab.report.gather import gather
from deleverage.lab.report.write import PAGES
from tests.cli.test_documents import check
from tests.lab.events import folders
from tests.lab.events.told import hyperliquid_json

np = pytest.importorskip("numpy")

PAGE_FILES = {file for file, _, _ in PAGES}
FILLS = (
    "time_ms,coin,user,side,size,price,mark,closed_profit,against,equity,against_equity",
    "1000,BTC,ann,short,1,100,101,5,zed,50,-10",
    "1000,BTC,bob,short,2,100,100.5,7,zed,70,-10",
    "9000,ETH,ann,long,3,10,9,2,zed,50,-10",
)


class Resources(HTMLParser):
    """Collects everything that a browser would fetch, or follow, from a page."""

    def __init__(self) -> None:
        """Start with nothing."""
        super().__init__()
        self.fetched: list[str] = []
        self.followed: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the addresses of one tag."""
        for name, value in attrs:
            if name in ("src", "srcset", "data", "poster", "action", "background") or (
                name == "href" and tag == "link"
            ):
                self.fetched.append(value or "")
            elif name == "href":
                self.followed.append(value or "")


def outside(text: str) -> list[str]:
    """Return whatever a page would fetch from elsewhere than its own folder."""
    page = Resources()
    page.feed(text)
    styles = [*re.findall(r"url\(([^)]*)\)", text), *re.findall(r"@import\s+(?:url\()?([^;)]+)", text)]
    addresses = [*page.fetched, *page.followed, *styles]
    return [address for address in addresses if re.match(r"\s*(?:[a-z]+:|//|/)", address.strip("'\""), re.IGNORECASE)]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A small event of wave tables."""
    return folders.small_event(tmp_path / "small")


def written(event: Path, out: Path, *options: str) -> dict[str, str]:
    """Return the pages of a report, by file, after having written it."""
    assert call(["lab", "report", str(event), "-o", str(out), *options]) == 0
    return {path.name: path.read_text("utf-8") for path in out.iterdir() if path.suffix in (".html", ".json")}


@pytest.mark.parametrize(
    "planted",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="//fonts.example/x.css">',
        "<style>@import url(http://x.example/y.css);</style>",
        '<a href="https://plot.example">made with</a>',
        '<img src="/abs.png">',
    ],
)
def test_outside_when_something_foreign_is_planted_then_it_is_seen(planted: str) -> None:
    """The check of the next tests is not blind."""
    assert outside(f"<p>{planted}</p>") != []


def test_report_when_written_then_all_pages_are_there_and_fetch_nothing_from_elsewhere(
    small: Path, tmp_path: Path
) -> None:
    """One folder: pages, one script that they share, and the document they show."""
    out = tmp_path / "new" / "report"
    pages = written(small, out, "--policies", "none")
    assert {path.name for path in out.iterdir()} == {*PAGE_FILES, "report.json", "plotly.min.js"}
    for file in PAGE_FILES:
        assert outside(pages[file]) == [], file
        assert "default-src 'none'" in pages[file]
        assert pages[file].count('src="plotly.min.js"') == 1
        assert "NaN" not in pages[file]
    linked = Resources()
    linked.feed(pages["index.html"])
    assert set(linked.followed) == PAGE_FILES


def test_report_when_written_then_waterfall_waves_policies_and_who_paid_are_drawn(small: Path, tmp_path: Path) -> None:
    """Each chart has its place, and the small event's numbers stand in them."""
    pages = written(small, tmp_path / "out", "--policies", "none")
    for file, charts in {
        "index.html": ("waterfall", "horizons"),
        "waves.html": ("waves",),
        "policies.html": ("cumulative",),
        "paid.html": ("lorenz", "bars-0", "bars-1"),
    }.items():
        for chart in charts:
            assert f'id="chart-{chart}"' in pages[file], (file, chart)
    assert "50.50 USD taken too much, 10.00 USD too little" in pages["index.html"]
    assert "Nothing was compared: no policies were asked for" in pages["policies.html"]


def test_report_when_policies_are_asked_then_they_stand_beside_the_published_ones(small: Path, tmp_path: Path) -> None:
    """Sums one-sided, information and numeraire beside each, and the hash of the result."""
    pages = written(small, tmp_path / "out", "--policies", "queue,wealth-pro-rata")
    text = pages["policies.html"]
    assert "wealth-pro-rata" in text
    assert "profit-USD" in text
    found = json.loads(pages["report.json"])
    assert all(row["information"] in text for row in found["compare"]["policies"] if not row["published"])
    assert found["compare"]["result_hash"]["sha256"] in pages["sources.html"]


def test_paid_when_policies_are_asked_then_curves_and_tenths_stand_there_and_winners_are_called_what_they_are(
    small: Path, tmp_path: Path
) -> None:
    """Drawn winners are called synthetic in the title; without policies the page says that nobody was asked."""
    found = written(small, tmp_path / "out", "--policies", "queue,wealth-pro-rata")
    compared = json.loads(found["report.json"])["compare"]
    assert compared["synthetic"] is True
    assert re.search(r"<h2[^>]*>Lorenz curves by policy: wave \d+, [\d,]+ synthetic winners</h2>", found["paid.html"])
    assert 'id="chart-curves"' in found["paid.html"]
    assert "queue (Gini " in found["paid.html"]
    alone = written(small, tmp_path / "alone", "--policies", "none")
    assert "Nobody was asked: no policies were asked for" in alone["paid.html"]
    assert 'id="chart-curves"' not in alone["paid.html"]


def test_tenths_when_shown_then_rows_add_up_and_the_most_unequal_policy_is_first() -> None:
    """A document made by hand: the wave with the larger budget, the curves by Gini."""
    cell = {"wave": 2, "lorenz": [0.0, 1.0], "measures": {"gini_x": 0.2}, "taken_by_decile": ["1.00"] * 10}
    other = {**cell, "measures": {"gini_x": 0.9}, "taken_by_decile": [*["0.00"] * 9, "4.00"]}
    waves = [
        {"wave": 1, "budget": "9.00", "winners": 3, "endowment_by_decile": None},
        {"wave": 2, "budget": "10.00", "winners": 30, "endowment_by_decile": ["2.00"] * 10},
    ]
    idle = {**cell, "taken_by_decile": ["0.00"] * 10}
    rows = [{"policy": name, "waves": [one]} for name, one in (("even", cell), ("greedy", other), ("idle", idle))]
    document = {"waves": waves, "policies": rows, "synthetic": False, "winners": "w", "lorenz_at": [0, 1]}
    shown = by_policy.view(document)
    assert shown is not None
    assert shown["title"] == "Lorenz curves by policy: wave 2, 30 winners of the event"
    whose, hard = shown["deciles"]
    assert [row[0] for row in whose.rows] == ["what they have", "greedy", "even"]
    assert whose.rows[1][-2:] == ("0.00 %", "100.00 %")
    assert hard.rows == [("greedy", *["0.00"] * 9, "200.00"), ("even", *["50.00"] * 10)]
    waves[1]["winners"] = 29
    few = by_policy.view(document)
    assert few is not None
    assert (few["deciles"], few["few"]) == ([], "Tenths of 29 winners hold fewer than 3 accounts, and are left out")


def test_waves_page_when_no_source_says_what_was_taken_then_it_has_no_such_column(small: Path, tmp_path: Path) -> None:
    """Fills alone: no column of nothing but undefined; with production's table it is there."""
    fills = folders.write(tmp_path / "e" / "fills.csv", *FILLS)
    pages = written(fills, tmp_path / "fills", "--policies", "none")
    assert "What production took of each wave, this source does not say" in pages["waves.html"]
    assert "taken, profit-USD" not in pages["waves.html"]
    tables = written(small, tmp_path / "tables", "--policies", "none")
    assert "taken, profit-USD" in tables["waves.html"]
    assert "A fund before deleveraging" in tables["waves.html"]


def test_paid_when_legs_are_listed_then_broken_hedges_have_a_table_else_the_reason(tmp_path: Path, small: Path) -> None:
    """A generated event told as Hyperliquid tells its own, and tables of waves."""
    file = hyperliquid_json(generate(1).event, tmp_path / "generated.json")
    page = written(file, tmp_path / "legs", "--policies", "queue,contracts-pro-rata")["paid.html"]
    assert "Hedges that the event&#39;s own fills broke" in page
    page = written(small, tmp_path / "none", "--policies", "queue")["paid.html"]
    assert "Not answerable from this source: the source does not list what an account holds of each coin" in page


def test_report_when_labels_are_hostile_then_they_are_shown_and_not_obeyed(small: Path, tmp_path: Path) -> None:
    """A coin and a policy called like markup end as text, in tables and in charts."""
    evil = "<script>alert(1)</script>"
    path = small / f"sweep/gap_ms=5000/horizon_ms=0/{folders.GAPS}"
    path.write_text(path.read_text("utf-8").replace("BTC", evil), "utf-8")
    table = small / folders.POLICIES
    table.write_text(table.read_text("utf-8").replace("_fair", "_<img src=//x>"), "utf-8")
    pages = written(small, tmp_path / "out", "--policies", "none")
    for file in PAGE_FILES:
        assert evil not in pages[file]
        assert outside(pages[file]) == [], file
    assert "img src=//x" in pages["policies.html"]


def test_report_when_the_event_is_a_table_of_fills_then_the_sweep_and_accounts_are_shown(tmp_path: Path) -> None:
    """Who paid, account by account; what hangs on the gap; a loss that is counted twice is named."""
    event = folders.write(tmp_path / "e" / "fills.csv", *FILLS)
    pages = written(event, tmp_path / "out", "--policies", "none")
    assert "profit realised by being closed, by account".capitalize() in pages["paid.html"]
    assert "10,000" in pages["waves.html"]
    lines = json.loads(pages["report.json"])["checklist"]
    assert "1 accounts go below zero" in lines[2]["answer"]
    assert lines[5]["answered"]
    assert lines[11]["answered"] is False


def test_report_when_the_event_is_a_file_then_prints_of_other_events_below_its_folder_are_not_its_own(
    tmp_path: Path,
) -> None:
    """A file of totals beside the table is compared, one in a folder below is another event's."""
    event = folders.write(tmp_path / "fills.csv", *FILLS)
    folders.write(tmp_path / "other" / "bad_debt_loser_waves.json", '{"total_deficit_usd": 1.5}')
    printed = [
        row for row in gather(event, [], 1, {"program": "x"}, lambda *_: None).regret["figures"] if row["printed"]
    ]
    assert printed == []
    folders.write(tmp_path / "bad_debt_loser_waves.json", '{"total_deficit_usd": 2.5}')
    printed = [
        row for row in gather(event, [], 1, {"program": "x"}, lambda *_: None).regret["figures"] if row["printed"]
    ]
    assert [(row["figure"], row["printed"]) for row in printed] == [("deficit_usd", "2.5")]


def test_audit_page_when_one_code_has_many_findings_then_the_others_are_counted_in_page_and_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """45 waves that each need more than their account lacks: 40 are shown, the document has all."""
    rows = [f"{at}0000,BTC,ann,short,1,100,{101 + at},5,z{at},,50,-0.{at + 1}" for at in range(45)]
    event = folders.write(tmp_path / "e" / "fills.csv", FILLS[0].replace("against,", "against,key,"), *rows)
    pages = written(event, tmp_path / "out", "--policies", "none")
    assert pages["audit.html"].count("<h2") < 60
    assert "5 more budget-above-deficit" in pages["audit.html"]
    found = json.loads(pages["report.json"])["audit"]["findings"]
    assert sum(finding["code"] == "budget-above-deficit" for finding in found) == 45
    capsys.readouterr()
    assert call(["lab", "audit", str(event)]) == 0
    assert "and 5 more budget-above-deficit: --json has all" in capsys.readouterr().out


def test_checklist_when_computed_then_there_are_14_lines_and_each_has_an_answer_or_a_reason(
    small: Path, tmp_path: Path
) -> None:
    """Tables, fills, and clusters alone: whatever the source lacks is a reason."""
    alone = folders.write(
        tmp_path / "alone" / folders.SHOCKS, *(small / folders.SHOCKS).read_text("utf-8").splitlines()
    )
    fills = folders.write(tmp_path / "e" / "fills.csv", *FILLS)
    for event in (small, alone.parent, fills):
        lines = gather(event, [], 1, {"program": "x"}, lambda *_: None).lines
        assert [line.number for line in lines] == list(range(1, 15))
        assert all(line.asks and line.answer for line in lines)
    assert not any(line.answered for line in lines if line.number in (11, 12, 13))


def test_checklist_of_oct10_when_computed_then_it_says_what_a_reader_must_know(shared_dir: Path) -> None:
    """The repeated loss, waves above their deficit, clipped shares, the figure that does not come out."""
    lines = gather(shared_dir / "data" / "oct10", [], 1, {"program": "x"}, lambda *_: None).lines
    answers = {line.number: line.answer for line in lines}
    assert "stands in 9 waves" in answers[3]
    assert "31,152 of 34,983" in answers[5]
    assert "waves 7, 9, 17, 28" in answers[9]
    assert "LICENSE.txt: MIT License" in answers[14]
    assert {line.number for line in lines if line.alarm} >= {2, 3, 4, 5, 6, 8, 9, 11, 14}


def test_document_when_printed_then_its_schema_accepts_it(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same document on stdout as in the folder; a refusal writes nothing."""
    out = tmp_path / "out"
    assert call(["lab", "report", str(small), "-o", str(out), "--policies", "queue", "--json"]) == 0
    printed = check(capsys.readouterr().out, "lab-report")
    assert printed == json.loads((out / "report.json").read_text("utf-8"))
    folders.replace(small / folders.POLICIES, "-10,0,0.5", "x,0,0.5")
    shutil.rmtree(out)
    assert call(["lab", "report", str(small), "-o", str(out), "--json"]) == 2
    check(capsys.readouterr().out, "refusal")
    assert not out.exists()


@pytest.mark.parametrize("options", [["--policies", "nope"], ["--policies", "queue,queue"]])
def test_report_when_policies_are_none_then_they_are_refused(
    small: Path, tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Names that are none, or there twice."""
    assert call(["lab", "report", str(small), "-o", str(tmp_path / "out"), *options]) == 2
    assert "bad input" in capsys.readouterr().err


def test_report_when_the_folder_is_a_file_or_cannot_be_made_then_it_is_refused(small: Path) -> None:
    """No traceback: a sentence and exit code 2."""
    assert call(["lab", "report", str(small), "-o", str(small / folders.SHOCKS), "--policies", "none"]) == 2
    assert call(["lab", "report", str(small), "-o", "/dev/null/x", "--policies", "none"]) == 2


def test_lorenz_curve_when_one_has_all_or_all_have_the_same_then_the_gini_is_known() -> None:
    """Population version: 1 - 1/n where one of n has everything."""
    x, y, gini = lorenz_curve(np.array([0.0, 0.0, 0.0, 8.0]))
    assert (x, y, gini) == ([0, 0.25, 0.5, 0.75, 1], [0, 0, 0, 0, 1], 0.75)
    assert lorenz_curve(np.array([2.0, 2.0]))[2] == 0.0
