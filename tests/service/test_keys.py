"""The file of keys: all its faults at once, never a secret among them; and keys made for people."""

import os
from pathlib import Path

import pytest

from deleverage.cli import call
from deleverage.scenarios.faults import ScenarioError
from deleverage.service.key_files import NewKey, make, read_signer
from deleverage.service.keys_file import keys_of_text, read_keys
from deleverage.service.principals import Principal, Role
from deleverage.service.signing import ED25519, HMAC, text_of

CANARY = "c0ffee" * 12
PUBLIC = "ab" * 32

GOOD = f"""
[[keys]]
id = "ann-1"
person = "ann"
roles = ["viewer", "trader"]
accounts = ["a", "b c"]
algorithm = "ed25519"
public_key = "{PUBLIC}"
expires = "2027-01-31T00:00:00Z"
networks = ["10.0.0.0/8", "2001:db8::/32"]

[[keys]]
id = "orc"
person = "prices"
roles = ["oracle"]
algorithm = "hmac-sha256"
secret = "{CANARY}"
"""


def faults_of(text: str, folder: Path | None = None) -> list[str]:
    """Return what is wrong with a file of keys."""
    with pytest.raises(ScenarioError) as refused:
        keys_of_text(text, str(folder or "."))
    return [str(fault) for fault in refused.value.faults]


def test_keys_when_read_then_each_has_its_holder_and_its_bounds(tmp_path: Path) -> None:
    """Two keys, one of each algorithm."""
    path = tmp_path / "keys.toml"
    path.write_text(GOOD)
    path.chmod(0o600)
    ann, orc = read_keys(str(path)).values()
    both = frozenset({Role.VIEWER, Role.TRADER})
    assert Principal("ann-1", "ann", both, frozenset({"a", "b c"})) == ann.principal
    assert ann.expires_ns == 1_801_353_600 * 10**9
    assert [ann.comes_from(address) for address in ("10.1.1.1", "11.0.0.1", "2001:db8::1", "?")] == [
        True,
        False,
        True,
        False,
    ]
    assert (ann.algorithm, orc.algorithm) == (ED25519, HMAC)
    assert CANARY not in repr(orc)


def test_file_when_two_persons_differ_in_case_only_then_they_are_taken_for_a_slip() -> None:
    """One person with two names could propose as the one and approve as the other."""
    (fault,) = faults_of(GOOD.replace('"prices"', '"Ann"'))
    assert fault == "keys[1].person: is 'Ann', and another key is of 'ann': one person, who would be two"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o660, 0o777])
def test_file_when_others_may_use_it_then_it_is_refused_with_its_mode(tmp_path: Path, mode: int) -> None:
    """Of the file of keys, of a secret's own file, and of a holder's."""
    path = tmp_path / "keys.toml"
    path.write_text(GOOD)
    path.chmod(mode)
    for read in (read_keys, read_signer):
        with pytest.raises(ScenarioError, match=f"has mode 0{mode:o}"):
            read(str(path))
    table = GOOD.replace(f'secret = "{CANARY}"', 'secret_file = "keys.toml"')
    (fault,) = faults_of(table, tmp_path)
    assert fault.startswith("keys[1].secret_file: ")
    assert f"has mode 0{mode:o}" in fault


def test_file_when_it_is_wrong_then_all_faults_come_at_once_with_the_nearest_names() -> None:
    """Shape, algorithm, bounds and what does not go together."""
    wrong = """
        [[keys]]
        id = "ann:1"
        person = "ann"
        roles = ["vewer"]
        algorithm = "hmac-sha256"
        secert = "abcd"
        [[keys]]
        id = "bob"
        person = "bob"
        roles = ["trader"]
        algorithm = "ed25519"
        secret_file = "x"
        expires = "2027-02-31T00:00:00Z"
        networks = ["10.0.0.1/8"]
        [[keys]]
        id = "bob"
        person = "bob"
        roles = ["viewer"]
        accounts = ["a"]
        algorithm = "hmac"
        """
    found = "\n".join(faults_of(wrong))
    for part in (
        "keys[0].id: is 'ann:1'", "nearest is 'viewer'", "nearest is 'secret'", "nearest is 'hmac-sha256'",
        "keys[0].secret: or secret_file is needed", "keys[1].accounts: is missing", "keys[1].public_key: is missing",
        "keys[1].secret_file: does not go with ed25519", "keys[1].expires: is '2027-02-31T00:00:00Z'",
        "keys[1].networks[0]: is no network", "keys[2].accounts: has no effect", "keys[2].id: is 'bob', which another",
    ):  # fmt: skip
        assert part in found


@pytest.mark.parametrize("name", ["secret", "public_key", "secert", "algorithm_"])
@pytest.mark.parametrize(
    "value", [f'"{CANARY}g"', f'"{CANARY * 4}"', f'["{CANARY}"]', f'{{ a = "{CANARY}" }}', f'"{CANARY}']
)
def test_fault_when_a_key_is_mistyped_then_it_does_not_show_it(name: str, value: str) -> None:
    """Whoever pastes a secret into the wrong place does not find it in a log."""
    table = GOOD.replace(f'secret = "{CANARY}"', f"{name} = {value}")
    assert "c0ffee" not in "\n".join(faults_of(table))


def test_new_key_when_made_then_its_two_halves_fit_and_only_their_owners_read_them(tmp_path: Path) -> None:
    """For both algorithms; in the file of keys of ed25519 there is no secret."""
    keys = tmp_path / "keys.toml"
    for algorithm in (ED25519, HMAC):
        holder = tmp_path / f"{algorithm}.key"
        make(NewKey(f"k-{algorithm}", "ann", ["trader"], ["a\"'\x7f\u00e9"], algorithm), str(keys), str(holder))
        assert [os.stat(path).st_mode & 0o777 for path in (keys, holder)] == [0o600, 0o600]
        headers = list(read_signer(str(holder)).headers("GET", "/x", b"y").values())
        key = read_keys(str(keys))[f"k-{algorithm}"]
        assert key.principal.accounts == {"a\"'\x7f\u00e9"}
        assert key.verifier.is_signed(text_of("GET", "/x", headers[1], headers[2], b"y"), bytes.fromhex(headers[3]))
        secret = holder.read_text().split('secret = "')[1][:64]
        assert (secret in keys.read_text()) == (algorithm == HMAC)


def test_new_key_when_it_is_wrong_then_nothing_is_written(tmp_path: Path) -> None:
    """Neither of the two files; and no file is ever written over."""
    keys, holder = tmp_path / "keys.toml", tmp_path / "k.key"
    for new in (NewKey("a:b", "ann", ["viewer"]), NewKey("k", "ann", ["god"]), NewKey("k", "ann", ["trader"])):
        with pytest.raises(ScenarioError):
            make(new, str(keys), str(holder))
        assert list(tmp_path.iterdir()) == []
    make(NewKey("k", "ann", ["viewer"]), str(keys), str(holder))
    before = keys.read_bytes(), holder.read_bytes()
    for new in (NewKey("k", "ann", ["viewer"]), NewKey("k2", "ann", ["viewer"])):
        with pytest.raises(ScenarioError):
            make(new, str(keys), str(holder))
    assert before == (keys.read_bytes(), holder.read_bytes())


def test_commands_when_keys_are_made_listed_and_used_then_no_secret_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As people type it; only ``--show-secret`` shows one."""
    monkeypatch.chdir(tmp_path)
    assert call(["keys", "new", "ann-1", "--role", "viewer", "--person", "ann"]) == 0
    assert call(["keys", "new", "orc", "--role", "oracle", "--algorithm", "hmac-sha256"]) == 0
    assert call(["keys", "list"]) == 0
    assert call(["request", "GET", "http://127.0.0.1:1/v1/markets?x=1", "--key", "ann-1.key", "--headers"]) == 0
    assert call(["keys", "new", "orc", "--role", "oracel"]) == 2
    assert call(["request", "GET", "ftp://x", "--key", "ann-1.key"]) == 2
    assert call(["request", "GET", "http://127.0.0.1:1/v1/markets", "--key", "ann-1.key"]) == 2
    said = "".join(capsys.readouterr())
    for text in ("ann-1 of ann", "hmac-sha256", "deleverage-signature: ", "nearest is 'oracle'"):
        assert text in said
    secrets = [(tmp_path / name).read_text().split('secret = "')[1][:64] for name in ("ann-1.key", "orc.key")]
    assert not any(secret in said for secret in secrets)
    assert call(["keys", "new", "bob", "--role", "viewer", "--show-secret"]) == 0
    assert (tmp_path / "bob.key").read_text() in capsys.readouterr().out
