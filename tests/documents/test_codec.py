"""The encoding of the law's records: there and back without a loss, and nothing but what it would write is read."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple

import pytest
from jsonschema import Draft202012Validator

from deleverage.documents import BadDocument, canonical, decode, encode, parse
from deleverage.documents.codec import form_of, members_of
from deleverage.documents.forms import Form
from deleverage.documents.published import COMMANDS, FACTS
from deleverage.rulebook import messages
from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import decide
from deleverage.rulebook.messages import (
    Code,
    Command,
    Deposit,
    Fact,
    MarkUpdate,
    Movement,
    Rejection,
    RunStep,
    SetMarks,
)
from deleverage.rulebook.pace import Rounds, TouchedUnits
from deleverage.rulebook.price import Blend, Capped
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.selection import POLICIES, ProRata, Queue
from deleverage.rulebook.trigger import FundCannotAccept, FundExhausted, PoolFactor
from tests.commands import to_command, to_rules
from tests.parity.compare import plain_book
from tests.worlds import world

SEEDS = range(5_000, 5_060)
MOST = 100  # commands of a world: every kind of message comes up within them
LONGEST_SAMPLE = 6_000
LARGEST_INTEGER = 10**256 - 1


def lived(seed: int) -> Iterator[tuple[Any, Any]]:
    """Yield every record of a random world with its declared type: rules, commands, answers, the book now and then."""
    rules, commands = world(seed)
    book, law = Book(), to_rules(rules)
    yield Rules, law
    plain: Any = next(commands)
    for at in range(MOST):
        command = to_command(plain)
        answer = decide(book, command, law)
        for fact in () if isinstance(answer, Rejection) else answer:
            apply(book, fact)
        plain = commands.send(plain_book(book))
        if isinstance(answer, Rejection) and answer.code is Code.BAD_TYPE:
            continue  # Such a command is no record: it has no document.
        yield Command, command
        yield from [(Rejection, answer)] if isinstance(answer, Rejection) else [(Fact, fact) for fact in answer]
        if at % 40 == 0:
            yield Book, book


@cache
def samples() -> dict[str, tuple[Any, Any]]:
    """Return one document of every kind of message, the longest of some length met in a few worlds, by name.

    A kind that these did not meet is looked for in a few more.
    """
    found: dict[str, tuple[Any, Any]] = {}
    for seed in range(SEEDS.start, SEEDS.start + 200):
        if seed >= SEEDS.start + 30 and found.keys() >= set(NAMES):
            break
        for kind, record in lived(seed):
            name, document = type(record).__name__, encode(kind, record)
            if name not in found or len(canonical(found[name][1])) < len(canonical(document)) < LONGEST_SAMPLE:
                found[name] = (kind, document)
    return found


NAMES = [*members_of(Command), *members_of(Fact), "Rejection", "Rules", "Book"]


class Leaf(NamedTuple):
    """A place in a document that holds no other places."""

    keys: tuple[str | int, ...]
    value: Any

    def path(self) -> str:
        """Return the place as a fault names it."""
        text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in self.keys)
        return text.removeprefix(".")


def leaves(document: Any, *keys: str | int) -> Iterator[Leaf]:
    """Yield every leaf of a document; of an array only the first item."""
    if isinstance(document, dict):
        for key, part in document.items():
            yield from leaves(part, *keys, key)
    elif isinstance(document, list) and document:
        yield from leaves(document[0], *keys, 0)
    elif not isinstance(document, list):
        yield Leaf(keys, document)


def changed(document: Any, keys: tuple[str | int, ...], value: Any) -> Any:
    """Return a copy of a document with another value at a place."""
    if not keys:
        return value
    copy = document.copy()
    copy[keys[0]] = changed(document[keys[0]], keys[1:], value)
    return copy


@cache
def validator(form: Form) -> Draft202012Validator:
    """Return the JSON Schema of a form, ready to judge."""
    known: dict[str, Any] = {}
    schema = form.schema(known)
    return Draft202012Validator({**schema, "$defs": known})


def accepts(kind: Any, document: Any) -> bool:
    """Return whether the JSON Schema of a kind accepts a document."""
    return validator(form_of(kind)).is_valid(document)


@pytest.mark.parametrize("start", range(SEEDS.start, SEEDS.stop, 20))
def test_records_when_random_worlds_live_then_each_comes_back_from_its_text_the_same(start: int) -> None:
    """Rules, commands, facts, rejections and whole books: equal as values, and equal again as texts."""
    count = 0
    for seed in range(start, start + 20):
        for kind, record in lived(seed):
            text = canonical(encode(kind, record))
            again = decode(kind, parse(text.encode("ascii")))
            assert again == record
            assert type(again) is type(record)
            assert canonical(encode(kind, again)) == text
            count += 1
    assert count > 1_000


def test_samples_when_collected_then_every_command_and_every_fact_is_among_them() -> None:
    """No kind of message was left untried."""
    assert {"Deposit", "RunStep", "Deleveraged", "StepEnded"} <= set(NAMES)
    assert [name for name in NAMES if name not in samples()] == []


@pytest.mark.parametrize("code", list(Code), ids=[code.name for code in Code])
def test_rejection_when_encoded_then_code_and_numbers_come_back(code: Code) -> None:
    """A text that looks like a number stays a text, a number stays a number."""
    for found, bound in ((5, -7), ("5", ""), ("al", LARGEST_INTEGER)):
        rejection = Rejection(code, "a sentence", found, bound)
        assert decode(Rejection, encode(Rejection, rejection)) == rejection
    assert encode(Rejection, Rejection(code, "s", "5", 5)) == {
        "code": code.name,
        "sentence": "s",
        "found": {"text": "5"},
        "bound": {"integer": "5"},
    }


def test_command_when_encoded_then_looks_like_this() -> None:
    """Kind first, keys as declared, integers as texts, one text per value."""
    command: Command = SetMarks(time_ns=2**60, marks=(MarkUpdate("BTC", 70), MarkUpdate("ETH", 5, 3)), confirmed=True)
    assert canonical(encode(Command, command)) == (
        '{"kind":"SetMarks","time_ns":"1152921504606846976","marks":[{"market_id":"BTC","price_ticks":"70",'
        '"sources":"1"},{"market_id":"ETH","price_ticks":"5","sources":"3"}],"confirmed":true}'
    )


@pytest.mark.parametrize("policy", [*POLICIES.values(), Queue("rotation", 2**70)], ids=str)
def test_rules_when_encoded_then_policy_and_hash_come_back(policy: Any) -> None:
    """Rules that went through a document are the same law."""
    rules = Rules(policy=policy, fund_event_cap_quanta=0, removed=("own_units",))
    assert decode(Rules, encode(Rules, rules)).hash() == rules.hash()


# -- hostile documents ------------------------------------------------------------------------------------------------

WRONG_ANYWHERE: tuple[Any, ...] = (5, 5.0, -1, [], {}, {"integer": "5"}, float("nan"))
WRONG_INTEGERS: tuple[Any, ...] = (
    *("", "-", "+1", "01", "-0", "-01", "1.0", "1e3", " 1", "1 ", "1_000", "0x1", "NaN", "Infinity", "true"),
    *("\u0661", "\uff11", "1\x00", "\u22121", "9" * 257, "-" + "9" * 257, "9" * 10_000, True),
)


@pytest.mark.parametrize("name", NAMES)
def test_document_when_a_leaf_is_of_another_form_then_is_refused_with_its_path(name: str) -> None:
    """Numbers, floats, arrays, objects for a leaf; signs, blanks, zeros, too many digits for an integer."""
    kind, document = samples()[name]
    form = form_of(kind)
    for leaf in leaves(document):
        integer = isinstance(leaf.value, str) and leaf.value.removeprefix("-").isdigit() and "text" not in leaf.keys
        refused = [*WRONG_ANYWHERE, *(WRONG_INTEGERS if integer and not leaf.path().endswith("_id") else ())]
        for wrong in refused:
            if integer and _is_text(kind, document, leaf):
                continue
            with pytest.raises(BadDocument) as caught:
                form.read(changed(document, leaf.keys, wrong))
            assert leaf.path().startswith(caught.value.path), (leaf, wrong)
            assert not accepts(kind, changed(document, leaf.keys, wrong)), (leaf, wrong)


def _is_text(kind: Any, document: Any, leaf: Leaf) -> bool:
    """Return whether a leaf of digits is declared as a text: an id such as "10", a score."""
    try:
        decode(kind, changed(document, leaf.keys, "x"))
    except BadDocument:
        return False
    return True


@pytest.mark.parametrize("name", NAMES)
def test_document_when_a_key_is_missing_or_unknown_then_is_refused_with_the_object_s_path(name: str) -> None:
    """Each key of each record is taken out, and one is put in; the schema agrees."""
    kind, document = samples()[name]
    records = {leaf.keys[:-1] for leaf in leaves(document)}
    tried = 0
    for keys in sorted(records, key=str):
        part: Any = document
        for key in keys:
            part = part[key]
        if not isinstance(part, dict) or _is_mapping(kind, document, keys):
            continue
        for less in list(part):
            rest = {key: value for key, value in part.items() if key != less}
            hostile = changed(document, keys, rest)
            with pytest.raises(BadDocument, match=r"missing|one of the keys") as caught:
                decode(kind, hostile)
            assert caught.value.path == Leaf(keys, None).path()
            assert not accepts(kind, hostile)
            tried += 1
        hostile = changed(document, keys, {**part, "more": "1"})
        with pytest.raises(BadDocument, match=r"unknown|one of the keys") as caught:
            decode(kind, hostile)
        assert caught.value.path == Leaf(keys, None).path()
        assert not accepts(kind, hostile)
    assert tried > 0


def _is_mapping(kind: Any, document: Any, keys: tuple[str | int, ...]) -> bool:
    """Return whether an object has free keys: a part of the book by id."""
    return kind is Book and len(keys) in (1, 3) and keys[0] != "markets"


@pytest.mark.parametrize("name", NAMES)
def test_document_when_it_is_lawful_then_the_schema_accepts_it(name: str) -> None:
    """What is read is what the schema describes."""
    kind, document = samples()[name]
    assert accepts(kind, document)


@pytest.mark.parametrize("document", [None, True, 5, 5.0, "RunStep", [], [1], {}], ids=str)
def test_document_when_it_is_no_object_of_the_family_then_is_refused(document: Any) -> None:
    """A family is an object with a kind."""
    with pytest.raises(BadDocument):
        decode(Command, document)


@pytest.mark.parametrize(
    "kind",
    ["Movement", "Conversion", "Fact", "Command", "Deposit", "MarketTerms", "__class__", "", None, 5, ["RunStep"]],
)
def test_fact_when_its_kind_is_no_leaf_of_facts_then_is_refused_at_the_kind(kind: Any) -> None:
    """A base class, a command, a record and what is no text name no fact."""
    with pytest.raises(BadDocument, match=r"one of .*MarketListed, ") as caught:
        decode(Fact, {"kind": kind, "seq": "1", "time_ns": "1"})
    assert caught.value.path == "kind"


def test_rules_when_plugs_hold_plugs_then_they_come_back_and_the_schema_ends() -> None:
    """Combinations lie within each other: the same value, the same hash, and a schema that refers to itself."""
    trigger = (FundExhausted(5) | PoolFactor(7)) & FundCannotAccept(9)
    rules = Rules(trigger=trigger, price=Capped(Blend(3), 4), pace=Rounds(2) | TouchedUnits(1))
    document = encode(Rules, rules)
    assert decode(Rules, document) == rules
    assert decode(Rules, document).hash() == rules.hash()
    inner = document["trigger"]["of"][0]
    assert inner["kind"] == "AnyOf"
    inner["of"].append({"kind": "Perhaps"})
    with pytest.raises(BadDocument, match="one of BankruptLots, Never") as caught:
        decode(Rules, document)
    assert caught.value.path == "trigger.of[0].of[2].kind"


def test_rules_when_a_switch_is_wrong_then_every_fault_of_the_preset_is_told() -> None:
    """The preset's own refusal is a fault of the document."""
    document = encode(Rules, Rules()) | {"rerank": "best", "min_sources": "-1"}
    with pytest.raises(BadDocument, match=r"min_sources is -1.*rerank is 'best'"):
        decode(Rules, document)
    policy = {"kind": "Queue", "ranking": "best", "seed": "0", "wallet_floor_quanta": "1"}
    with pytest.raises(BadDocument, match="ranking of queue is 'best'") as caught:
        decode(Rules, encode(Rules, Rules()) | {"policy": policy})
    assert caught.value.path == "policy"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'{"a":"1","a":"2"}', "the key 'a' stands twice"),
        (b'{"b":[{"a":"1","c":{},"a":"1"}]}', "the key 'a' stands twice"),
        (b'{"a":', "line 1, column 6: Expecting value"),
        (b"", "line 1, column 1: Expecting value"),
        (b"\xff\xfe", "byte 0 is not UTF-8"),
        (b"\xef\xbb\xbf{}", "Unexpected UTF-8 BOM"),
        (b'{"a":"\xc3\x28"}', "byte 6 is not UTF-8"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a":' * 200_000, "nested too deeply"),
        (b'{"a":' + b"9" * 5_000 + b"}", "too many digits"),
        (b"{} {}", "Extra data"),
        (b"{'a':1}", "Expecting property name"),
    ],
    ids=[
        "twice",
        "twice-below",
        "cut",
        "empty",
        "utf-16",
        "bom",
        "half",
        "arrays",
        "objects",
        "digits",
        "two",
        "quotes",
    ],
)
def test_parse_when_the_text_is_hostile_then_says_why(content: bytes, sentence: str) -> None:
    """No text ends in anything but a document or a fault."""
    with pytest.raises(BadDocument, match=sentence):
        parse(content)


def test_decode_when_a_free_part_is_nested_deeply_then_is_refused() -> None:
    """What the parser takes, the decoder may still refuse, in words."""
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(BadDocument, match="nested too deeply"):
        decode(object, deep)


def test_parse_when_a_hostile_object_has_many_keys_then_answers_at_once() -> None:
    """The last of 200,000 keys stands twice: found without comparing each with each."""
    keys = ",".join(f'"{number}":"1"' for number in range(200_000))
    with pytest.raises(BadDocument, match="the key '199999' stands twice"):
        parse(f'{{{keys},"199999":"1"}}'.encode("ascii"))


# -- what has no document ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        (Deposit(time_ns=0, unit_id="a", amount_quanta=1.0), "amount_quanta: an integer is expected, found 1.0"),  # type: ignore[arg-type]
        (Deposit(time_ns=0, unit_id="a", amount_quanta=True), "amount_quanta: an integer is expected, found True"),
        (Deposit(time_ns=0, unit_id=b"a", amount_quanta=1), "unit_id: a text is expected"),  # type: ignore[arg-type]
        (SetMarks(time_ns=0, marks=[]), "marks: a tuple is expected"),  # type: ignore[arg-type]
        (SetMarks(time_ns=0, marks=(("X", 1, 1),)), r"marks\[0\]: a MarkUpdate is expected"),  # type: ignore[arg-type]
        (RunStep(time_ns=LARGEST_INTEGER + 1), "time_ns: an integer of at most 256 digits is expected"),
        (RunStep(time_ns=-LARGEST_INTEGER - 1), "time_ns: an integer of at most 256 digits is expected"),
        (Command(time_ns=0), "a Command of the law is expected"),
        (None, "a Command of the law is expected"),
    ],
)
def test_encode_when_a_value_is_not_what_is_declared_then_is_refused_with_its_path(command: Any, fault: str) -> None:
    """Nothing is written that could not be read again."""
    with pytest.raises(BadDocument, match=f"^{fault}"):
        encode(Command, command)


def test_encode_when_an_integer_has_256_digits_then_it_comes_back() -> None:
    """The largest integer of a document, and its negative."""
    for number in (LARGEST_INTEGER, -LARGEST_INTEGER):
        assert decode(Command, encode(Command, RunStep(time_ns=number))) == RunStep(time_ns=number)


@dataclass(frozen=True, slots=True)
class Mine(ProRata):
    """A policy of a user's own."""


def test_encode_when_the_policy_is_not_in_the_catalogue_then_is_refused_by_name() -> None:
    """A user's policy has no document: no other program could rebuild it."""
    with pytest.raises(BadDocument, match=r"^policy: a Policy of the law is expected, found Mine\(\)"):
        encode(Rules, replace(Rules(), policy=Mine()))


class Ping(NamedTuple):
    """A new row."""

    word: str
    numbers: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinged(Movement):
    """A new fact."""

    pings: tuple[Ping, ...]
    most_lots: int | None


@pytest.mark.parametrize(("base", "listed"), [(Command, COMMANDS), (Fact, FACTS)])
def test_language_when_documents_list_it_then_the_order_is_the_published_one(base: type, listed: list[str]) -> None:
    """Wherever a class stands: schemas and recorded vectors go by this list, which names each once."""
    assert list(members_of(base)) == listed


def test_language_when_a_fact_is_added_then_it_has_a_document_without_another_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The encoding is driven by declared types alone, nested rows, pairs and options included."""
    monkeypatch.setattr(messages, "Pinged", Pinged, raising=False)
    form_of.cache_clear()
    try:
        fact = Pinged(seq=1, time_ns=2, pings=(Ping("a", (("X", 5),)),), most_lots=None)
        document = encode(Fact, fact)
        assert document["kind"] == "Pinged"
        assert document["pings"] == [{"word": "a", "numbers": [["X", "5"]]}]
        assert decode(Fact, document) == fact
        assert accepts(Fact, document)
        assert not accepts(Fact, {**document, "most_lots": "x"})
    finally:
        form_of.cache_clear()


@pytest.mark.parametrize("hint", [float, list[int], dict[int, str], set[str], complex], ids=str)
def test_form_when_no_form_fits_a_type_then_the_language_is_at_fault(hint: Any) -> None:
    """A float in a message is found when its form is asked for, not when a value comes by."""
    with pytest.raises(TypeError, match="has no form in a document"):
        form_of(hint)
