"""Some hundred wrong requests: each is given its reason, and nothing is done."""

from collections import Counter as Tally
from pathlib import Path

from deleverage.service.problems import MEDIA_TYPE
from tests.service.corpus.asked import JSON, Case, ask
from tests.service.corpus.bodies import bodies
from tests.service.corpus.targets import targets
from tests.service.corpus.values import batch, deposit, values
from tests.service.whole import whole


def cases() -> list[Case]:
    """Return all."""
    return [*bodies(), *values(), *targets()]


def test_bad_request_when_sent_then_it_gets_its_reason_and_nothing_is_done(tmp_path: Path) -> None:
    """A typed reason with what was found, no 5xx; the state is the same, and only what the law refuses is written."""
    wrong: list[str] = []
    reasons: Tally[str] = Tally()
    with whole(tmp_path) as made:
        for case in cases():
            digest, seq = made.standing()
            answer = ask(made, case)
            reasons[answer.reason] += 1
            by_law = case.reason.startswith("rejected:")
            after = made.standing()
            if answer.reason != case.reason:
                wrong.append(f"{case.name[:90]}: expected {case.reason}, found {answer.reason}: {answer.body[:200]!r}")
            elif after != (digest, seq + by_law):
                wrong.append(f"{case.name[:90]}: something was done: {after}")
            elif not by_law and (answer.status >= 500 or answer.headers["content-type"] != MEDIA_TYPE):
                wrong.append(f"{case.name[:90]}: {answer.status} {answer.headers['content-type']}")
        assert made.runner.read_only is None
    assert wrong == [], "\n".join(wrong)
    assert len({case.name for case in cases()}) == len(cases()) >= 300
    assert set(reasons) >= {"BAD_BODY", "BAD_PARAMETER", "WRONG_MEDIA_TYPE", "TOO_LARGE", "rejected:BAD_ID"}


def test_corpus_when_a_request_is_right_then_it_would_be_noticed(tmp_path: Path) -> None:
    """Planted: a good deposit among them is no refusal, and it changes the state."""
    with whole(tmp_path) as made:
        before = made.standing()
        answer = ask(made, Case("good", "POST", "/v1/commands", "BAD_BODY", batch(deposit("5")), JSON, 3))
        assert (answer.status, answer.reason) == (200, "")
        assert before != made.standing()
