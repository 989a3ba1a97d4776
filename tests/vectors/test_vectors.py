"""Golden vectors: they show the whole language, hang on nothing else, and are played again without a difference."""

import json
import os
import subprocess
import sys
from collections import Counter
from functools import cache
from typing import Any

import pytest

from deleverage.documents import BadDocument, canonical, encode
from deleverage.documents.codec import members_of
from deleverage.documents.differences import Divergence, difference
from deleverage.domain import on_rulebook as door
from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import decide
from deleverage.rulebook.messages import Code, Command, Deleveraged, Fact, Rejection
from deleverage.rulebook.rules import Rules
from deleverage.scenarios.draws import Draws
from deleverage.scenarios.loader import bundled_names
from deleverage.vectors.check import check
from deleverage.vectors.collection import Collection
from deleverage.vectors.coverage import Coverage
from deleverage.vectors.proposals import Proposals
from deleverage.vectors.recorder import Recorder, merge_patch
from deleverage.vectors.vector import Vector, read, text_of
from deleverage.vectors.worlds import worlds

DEFAULT_SEED, DEFAULT_COUNT = 1, 32


@cache
def default_set() -> tuple[Collection, dict[str, bytes]]:
    """Return the set that ``deleverage vectors`` writes without arguments."""
    collection = Collection(DEFAULT_SEED, DEFAULT_COUNT)
    return collection, dict(collection.texts())


@cache
def story() -> Vector:
    """Return a small vector: six longs, whose short goes bankrupt."""
    return read(default_set()[1]["six-longs.json"])


def damaged(keys: tuple[str | int, ...], value: Any) -> Vector:
    """Return the small vector with another value at a place of its document."""
    document = json.loads(text_of(story()))
    part = document
    for key in keys[:-1]:
        part = part[key]
    part[keys[-1]] = value
    return read(canonical(document).encode("ascii"))


def merged(target: Any, patch: Any) -> Any:
    """Return what RFC 7396 makes of a patch, in the words of its section 2."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def test_set_when_made_without_arguments_then_shows_all_of_the_language_but_what_no_document_can_hold() -> None:
    """Every command accepted, every kind of fact, every rejection code; what is missing has its reason."""
    collection, texts = default_set()
    missing = [(item.what, item.name) for item in collection.coverage.missing()]
    assert missing == [("rejection", "BAD_TYPE")], "give vectors/worlds.py a move, or name the reason in coverage.py"
    assert "no spelling" in collection.coverage.missing()[0].reason
    assert list(collection.coverage.counts["rejection"]) == [code.name for code in Code]
    names = [*bundled_names(), *(f"world-1-{number:04}" for number in range(1, DEFAULT_COUNT + 1))]
    assert list(texts) == [f"{name}.json" for name in names]


def test_coverage_when_a_fact_is_never_met_then_it_is_missing_with_a_reason() -> None:
    """One small story leaves most of the language out, and says so; counting is by what happened."""
    coverage = Coverage()
    coverage.add(story())
    missing = {(item.what, item.name): item.reason for item in coverage.missing()}
    assert missing["fact", "Socialised"] == "the draws of this seed and count did not meet it"
    assert ("fact", "Deleveraged") not in missing
    assert ("command", "Withdraw") in missing
    assert coverage.counts["fact"]["Deleveraged"] == 1


@pytest.mark.parametrize("name", [*bundled_names(), "world-1-0001", "world-1-0002", "world-1-0013", "world-1-0024"])
def test_vector_when_read_from_its_file_then_is_the_same_and_is_played_without_a_difference(name: str) -> None:
    """Bytes -> vector -> bytes, and the rulebook says the same once more."""
    content = default_set()[1][f"{name}.json"]
    vector = read(content)
    assert text_of(vector).encode("ascii") == content
    assert check(vector) is None
    assert content.count(b"\n") == 11 + len(vector.entries)  # nine keys, "entries", a line each, the end


@pytest.mark.parametrize("name", [*bundled_names(), "world-1-0003", "world-1-0017"])
def test_vector_when_its_patches_are_merged_then_they_give_every_state(name: str) -> None:
    """A port that carries the state document along has the whole state after each command; no state holds a null."""
    vector = read(default_set()[1][f"{name}.json"])
    recorder, state = Recorder(vector.rules), encode(Book, vector.state_at_start)
    changed = 0
    for entry in vector.entries:
        recorder.submit([entry.command])
        state = merged(state, entry.state_merge_patch)
        assert canonical(state) != ""
        assert difference(encode(Book, recorder.book), state) is None
        assert "null" not in canonical(state)
        changed += entry.state_merge_patch != {}
        assert (entry.state_merge_patch == {}) == (entry.facts is None)
    assert changed > 0


def test_merge_patch_when_a_key_is_new_gone_or_changed_below_then_the_patch_says_just_that() -> None:
    """The three cases of RFC 7396, and nothing for what stayed."""
    before = {"a": "1", "b": {"c": "2", "d": ["3"]}, "gone": {"e": "4"}}
    after = {"a": "1", "b": {"c": "5", "d": ["3", "4"]}, "new": {"f": True}}
    patch = merge_patch(before, after)
    assert patch == {"b": {"c": "5", "d": ["3", "4"]}, "new": {"f": True}, "gone": None}
    assert merged(before, patch) == after
    assert merge_patch(after, after) == {}


# -- divergences ------------------------------------------------------------------------------------------------------

STEP = 26
"""The entry of the small vector in which the step runs; its facts: declared, deleveraged, ended, step ended."""

STEP_PATCH = f"entries[{STEP}].state_merge_patch"


@pytest.mark.parametrize(
    ("keys", "value", "divergence"),
    [
        (("rules_hash",), "0" * 64, ("rules_hash", f'"{"0" * 64}"', f'"{Rules().hash()}"')),
        (("state_at_start", "seq"), "1", ("state_at_start.seq", '"1"', '"0"')),
        (("entries", STEP, "facts", 1, "fills", 0, "lots"), "19", ("facts[1].fills[0].lots", '"19"', '"20"')),
        (("entries", STEP, "facts", 1, "closings", 0, "score"), "6", ("facts[1].closings[0].score", '"6"', '"6.0"')),
        (("entries", STEP, "facts", 3, "waiting"), True, ("facts[3].waiting", "true", "false")),
        (("entries", STEP, "facts", 0, "kind"), "BankruptcyEnded", ("facts[0].kind", None, '"BankruptcyDeclared"')),
        (("entries", STEP, "state_merge_patch", "steps"), "0", ("state_merge_patch.steps", '"0"', '"1"')),
        (("entries", STEP, "state_merge_patch", "halted"), True, ("state_merge_patch.halted", "true", "nothing")),
        (("entries", STEP, "digest"), "x", ("digest", '"x"', None)),
        (("entries", STEP, "command", "time_ns"), "1", ("facts", None, "null")),
    ],
    ids=lambda part: ".".join(map(str, part)) if isinstance(part, tuple) else None,
)  # fmt: skip
def test_check_when_one_value_of_a_vector_is_altered_then_names_the_place_and_both_values(
    keys: tuple[str | int, ...], value: Any, divergence: tuple[str, str | None, str | None]
) -> None:
    """The first difference, with the rulebook's value beside the vector's."""
    found = check(damaged(keys, value))
    assert found is not None
    path, expected, got = divergence
    prefix = f"entries[{STEP}]." if keys[0] == "entries" else ""
    assert found.path == prefix + path
    assert expected is None or found.expected == expected
    assert got is None or found.found == got


def test_check_when_a_fact_is_missing_or_one_too_many_then_says_nothing_stands_there() -> None:
    """The list that ends first has nothing where the other has a fact."""
    facts = json.loads(text_of(story()))["entries"][STEP]["facts"]
    less, more = (
        damaged(("entries", STEP, "facts"), facts[:-1]),
        damaged(("entries", STEP, "facts"), [*facts, facts[-1]]),
    )
    found, other = check(less), check(more)
    assert found is not None
    assert other is not None
    assert (found.path, found.expected) == (f"entries[{STEP}].facts[3]", "nothing")
    assert (other.path, other.found) == (f"entries[{STEP}].facts[4]", "nothing")


def test_check_when_a_rejection_is_altered_then_names_code_or_number() -> None:
    """A refusal for another reason, or with another number, is a divergence."""
    (vector,) = worlds(1, 1, Counter())
    document = json.loads(text_of(vector))
    at = next(at for at, entry in enumerate(document["entries"]) if entry["rejection"])
    code = document["entries"][at]["rejection"]["code"]
    document["entries"][at]["rejection"]["code"] = "BAD_RATE" if code != "BAD_RATE" else "BAD_LOTS"
    found = check(read(canonical(document).encode("ascii")))
    assert found is not None
    assert (found.path, found.found) == (f"entries[{at}].rejection.code", f'"{code}"')


def test_check_when_the_rulebook_was_changed_then_the_vector_finds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted writer moves the time of a mark when it deleverages: no fact and no invariant tells, the state does."""

    def later(book: Book, fact: Fact) -> None:
        apply(book, fact)
        if isinstance(fact, Deleveraged):
            book.markets["XYZ"].mark_time_ns -= 1

    monkeypatch.setattr(door, "apply", later)
    found = check(story())
    assert found == Divergence(f"{STEP_PATCH}.markets.XYZ.mark_time_ns", "nothing", '"999999999"')


def test_check_when_the_rulebook_refuses_what_it_did_not_then_the_vector_finds_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A planted rulebook refuses the step: facts are expected, null is found."""

    def refusing(book: Book, command: Command, rules: Rules) -> Any:
        if type(command).__name__ == "RunStep":
            return Rejection(Code.DOMAIN_HALTED, "planted")
        return decide(book, command, rules)

    monkeypatch.setattr(door, "decide", refusing)
    found = check(story())
    assert found is not None
    assert (found.path, found.found) == (f"entries[{STEP}].facts", "null")


# -- what is no vector ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "value", "fault"),
    [
        (("schema_version",), 2, "schema_version: 1 is expected"),
        (("schema_version",), "1", "schema_version: 1 is expected"),
        (("schema_version",), True, "schema_version: 1 is expected"),
        (("kind",), "vectors", "kind: 'vector' is expected"),
        (("program",), 1, "program: 'deleverage"),
        (("more",), "1", "the key 'more' is unknown"),
        (("rules", "pace", "most"), 32, r"rules.pace.most: an integer as a text"),
        (("rules", "policy", "kind"), "Mine", r"rules.policy.kind: one of Queue, ProRata"),
        (("entries",), {}, "entries: an array"),
        (("entries", 0, "facts"), None, r"entries\[0\]: an entry has either facts or a rejection"),
        (("entries", 0, "command", "kind"), "Movement", r"entries\[0\].command.kind: one of .*ListMarket"),
        (("entries", 0, "state_merge_patch"), {"a": [1]}, r"entries\[0\].state_merge_patch.a\[0\]: an object, array"),
        (("entries", 0, "digest"), None, r"entries\[0\].digest: a text"),
        (
            ("entries", STEP, "facts", 1, "marks", 0),
            ["XYZ"],
            rf"entries\[{STEP}\].facts\[1\].marks\[0\]: an array of 2",
        ),
    ],
    ids=str,
)
def test_read_when_a_document_is_no_vector_then_says_where_and_why(keys: Any, value: Any, fault: str) -> None:
    """A file that is not exactly a vector is bad input, never a divergence."""
    with pytest.raises(BadDocument, match=f"^{fault}"):
        damaged(keys, value)


@pytest.mark.parametrize("key", ["schema_version", "kind", "program", "name", "rules", "entries", "digest_at_start"])
def test_read_when_a_key_is_missing_then_names_it(key: str) -> None:
    """Every key of the document is needed."""
    document = json.loads(text_of(story()))
    del document[key]
    with pytest.raises(BadDocument, match=f"^the key '{key}' is missing"):
        read(canonical(document).encode("ascii"))


@pytest.mark.parametrize("content", [b"[]", b"1", b"null", b'"vector"', b"", b"{}"], ids=repr)
def test_read_when_a_document_is_no_object_then_is_refused(content: bytes) -> None:
    """Any JSON that is no vector, and what is no JSON."""
    with pytest.raises(BadDocument):
        read(content)


# -- the draws --------------------------------------------------------------------------------------------------------


def test_worlds_when_made_in_other_processes_then_the_bytes_are_the_same() -> None:
    """Neither the seed of Python's hashes nor what ran before changes a byte."""
    script = (
        "import sys; from collections import Counter; from deleverage.vectors.worlds import worlds; "
        "from deleverage.vectors.vector import text_of; "
        "sys.stdout.write(''.join(map(text_of, worlds(5, 3, Counter()))))"
    )
    here = "".join(map(text_of, worlds(5, 3, Counter())))
    for seed in ("0", "12345"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
        )
        assert done.stdout == here


def test_worlds_when_more_are_asked_for_then_the_first_ones_stay() -> None:
    """A larger set is the smaller one and more; another seed gives other worlds."""
    few, more = list(worlds(3, 2, Counter())), list(worlds(3, 3, Counter()))
    assert more[:2] == few
    assert next(worlds(4, 1, Counter())).entries != few[0].entries


def test_worlds_when_a_set_is_made_then_each_is_long_and_the_first_is_the_common_law() -> None:
    """Ninety commands unless all its markets were settled before, under rules that differ."""
    made = list(worlds(2, 8, Counter()))
    assert made[0].rules == Rules()
    assert len({vector.rules_hash for vector in made}) >= 7
    assert sum(len(vector.entries) for vector in made) >= 8 * 45


def test_proposals_when_drawn_then_every_command_of_the_language_is_proposed() -> None:
    """Drawn from declared fields: what is added to the language is proposed without another word."""
    proposals = Proposals(Draws(1, "test"), Book(), Rules())
    kinds = {type(proposals.command(5)).__name__ for _ in range(2_000)}
    assert kinds == set(members_of(Command))


def test_recorder_when_a_command_is_refused_then_the_entry_has_no_facts_and_an_empty_patch() -> None:
    """The digest of a refused command is the one before it."""
    (vector,) = worlds(6, 1, Counter())
    refused = [at for at, entry in enumerate(vector.entries) if entry.rejection is not None]
    assert refused
    for at in refused:
        entry = vector.entries[at]
        assert (entry.facts, entry.state_merge_patch) == (None, {})
        assert at == 0 or entry.digest == vector.entries[at - 1].digest
