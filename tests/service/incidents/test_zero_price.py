"""Paradex, 19 January 2026: a migration set prices to zero, and about 200 users were liquidated within seconds."""

import time
from pathlib import Path

from deleverage.journal.local import open_journal
from deleverage.rulebook.messages import MarksSet, StepEnded
from deleverage.rulebook.rules import Rules
from tests.service.incidents.running import day, serving, verified, written

PPB = 10**9


def test_zero_price_when_a_feed_says_zero_or_nonsense_then_nobody_is_touched(tmp_path: Path) -> None:
    """Zero and its like are refused by the law, far-off prices guarded; no step forces anything; the feed goes on."""
    path = tmp_path / "j.db"
    written(path, day(time.time_ns()), Rules(mark_band_ppb=PPB // 20))
    with serving(path, "--step-every-s", "0.05") as service:
        service.mark(1_000)
        service.wait_for_steps(1)
        for price in ("0", "-1", "-1000", str(10**6 + 1), str(10**70)):
            (result,) = service.mark(price)["results"]
            assert (result["outcome"], result["rejection"]["code"]) == ("rejected", "BAD_PRICE"), price
        for price in ("00", "1e3", "1000.0", "NaN", "", "+1000", " 1000", "\uff11\uff10\uff10\uff10"):
            assert service.mark(price)["code"] == "BAD_BODY", price
        for price in ("1", "949", "1051", "500000"):
            (result,) = service.mark(price)["results"]
            assert result["facts"][0]["marks"][0]["guard"] == "out_of_band", price
        time.sleep(0.3)
        service.wait_for_steps(2)
        (result,) = service.mark(1_001)["results"]
        assert result["facts"][0]["marks"][0]["guard"] == ""
    journal = open_journal(path)
    answers = [entry.answer for entry in journal.entries(len(day(0)) + 1)]
    journal.close()
    facts = [fact for answer in answers if isinstance(answer, tuple) for fact in answer]
    assert {type(fact) for fact in facts} == {MarksSet, StepEnded}
    verified(path)
