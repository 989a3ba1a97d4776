"""A journal under somebody's own policy names the text of its file, and nothing stands on it without this file."""

from dataclasses import replace
from pathlib import Path

import pytest

from deleverage.adapters.policy_file import UserPolicy, load_policy
from deleverage.documents import BadDocument, decode, encode
from deleverage.domain.domain import Domain
from deleverage.domain.player import play
from deleverage.domain.recorded import RecordedDomain
from deleverage.domain.replaying import replay
from deleverage.domain.verification.verify import verify
from deleverage.journal import local
from deleverage.journal.block import read_block
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.own_policy import with_code, without_code
from deleverage.journal.past import read_head
from deleverage.rulebook.file_policy import FilePolicy
from deleverage.rulebook.messages import Deleveraged
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.selection import Policy, PolicyFault, Queue
from deleverage.scenarios.loader import load
from tests.conftest import REPOSITORY

EXAMPLE = REPOSITORY / "examples" / "my_policy.py"

MOODY = '''
from dataclasses import dataclass
from pathlib import Path

@dataclass(frozen=True)
class Moody:
    """Whether it answers hangs on a file beside it."""

    def allocate(self, request):
        assert not Path(__file__).with_name("mood").exists(), "not today"
        (first, *_) = sorted(one for one in request.candidates if one.lots >= request.need_lots)
        return [(first.unit_id, request.need_lots)]
'''


def recorded(folder: Path, policy: UserPolicy) -> str:
    """Write the journal of six longs under a policy and return its name."""
    path = str(folder / "j.db")
    scenario = load("six-longs", policy=policy)
    domain = RecordedDomain(local.create(path, "six-longs", scenario.rules))
    play(scenario, domain=domain)
    domain.checkpoint()
    domain.journal.close()
    return path


def test_rules_when_their_policy_is_named_then_they_are_the_same_rules() -> None:
    """Under the same hash; what is written is read again, and chooses nobody."""
    policy = load_policy(str(EXAMPLE))
    rules = Rules(policy=policy)
    named = without_code(rules)
    assert type(named.policy) is FilePolicy
    assert (named.hash(), named.policy.name) == (rules.hash(), policy.name)
    assert decode(Rules, encode(Rules, named)) == named
    assert without_code(Rules()) == Rules()
    with pytest.raises(BadDocument, match="a Policy of the law is expected"):
        encode(Rules, rules)
    with pytest.raises(PolicyFault, match=f"{policy.name} is a class of somebody's file"):
        named.policy.allocate(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("part", "value", "words"),
    [
        ("policy", "a\x1b[2J", "is no text of a class"),
        ("source_sha256", "A" * 64, "is no SHA-256"),
        ("source_sha256", "0" * 63, "is no SHA-256"),
        ("parameters", ["\x1b"], "is no text of a parameter"),
    ],
)
def test_document_when_a_named_policy_is_no_lawful_one_then_it_is_refused(part: str, value: str, words: str) -> None:
    """A head is somebody else's: what is printed of it has to be printable."""
    kind: type = Policy
    document = encode(kind, FilePolicy("Mine", (), "0" * 64))
    assert isinstance(document, dict)
    with pytest.raises(BadDocument, match=words):
        decode(kind, {**document, part: value})


def test_journal_when_a_policy_of_ones_own_decides_then_it_goes_on_with_its_file_only(
    tmp_path: Path,
) -> None:
    """It can be read without; the state behind it is that of a plain domain."""
    policy = load_policy(str(EXAMPLE))
    path = recorded(tmp_path, policy)
    journal = local.open_journal(path, policy=load_policy(str(EXAMPLE)))
    again = RecordedDomain(journal)
    plain = Domain.open(Rules(policy=policy))
    play(load("six-longs", policy=policy), domain=plain)
    assert again.digest() == plain.digest()
    closed = [fact.policy for one in journal.entries() for fact in one.facts or () if isinstance(fact, Deleveraged)]
    assert closed == [policy.name]
    journal.close()
    with pytest.raises(JournalFault, match="NO_POLICY: the file is another one"):
        local.open_journal(path, policy=replace(policy, source_sha256="0" * 64))
    bare = local.open_journal(path)
    assert bare.receipt(27).seq == 27
    with pytest.raises(JournalFault) as raised:
        RecordedDomain(bare)
    bare.close()
    assert (raised.value.why, raised.value.found) == (Why.NO_POLICY, "none")
    assert raised.value.expected.endswith(
        f"PoorestFirst(richest_first=False), SHA-256 of the text {policy.source_sha256}"
    )


@pytest.mark.parametrize("change", ["text", "class", "parameters", "law"])
def test_head_when_another_policy_is_brought_then_nothing_is_executed(tmp_path: Path, change: str) -> None:
    """A blank more in the text, another name, another parameter; and a file where the law's own policy decided."""
    policy = load_policy(str(EXAMPLE))
    head = local.head_of("d", Rules() if change == "law" else Rules(policy=policy), Domain.open(Rules()).book, "0" * 64)
    brought = {
        "text": replace(policy, source_sha256="0" * 64),
        "class": replace(policy, policy="RichestFirst"),
        "parameters": replace(policy, parameters=("richest_first=True",)),
        "law": policy,
    }[change]
    with pytest.raises(JournalFault) as raised:
        with_code(head, brought)
    assert raised.value.why is Why.NO_POLICY
    assert "" != raised.value.found != raised.value.expected != ""


def test_verify_when_the_policy_answers_otherwise_or_fails_now_then_its_command_is_told(tmp_path: Path) -> None:
    """The text is the one of then, and it hangs on more than the request: also where a domain is to stand on it."""
    (tmp_path / "moody.py").write_text(MOODY, encoding="utf-8")
    policy = load_policy(str(tmp_path / "moody.py"))
    path = recorded(tmp_path, policy)
    store = local.open_store(path)
    assert verify(store, None, policy=policy).passed
    (tmp_path / "mood").touch()
    deviation = verify(store, None, policy=policy).deviation
    assert deviation is not None
    assert (deviation.what, deviation.where) == ("answer", "behind command 26 of the stretch: the policy")
    assert deviation.found == "an answer"
    assert "AssertionError: not today" in deviation.expected
    head = with_code(read_head(store), policy)
    domain = Domain(head.state_at_start.copy(), head.rules)
    *before, last = [read_block(stored.content) for stored in store.blocks()]
    for block in before:
        replay(domain, block)
    with pytest.raises(JournalFault, match="OTHER_STATE: the policy fails now at command 27") as raised:
        replay(domain, last)
    assert "not today" in raised.value.found
    store.close()


def test_policy_when_a_subclass_of_the_laws_own_is_handed_in_then_it_has_no_name(tmp_path: Path) -> None:
    """Only a file can be named by its text."""

    class Mine(Queue):
        """A class of a program."""

    with pytest.raises(BadDocument):
        local.create(str(tmp_path / "j.db"), "d", replace(Rules(), policy=Mine()))
