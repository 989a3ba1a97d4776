"""Keys in files that only their owner may read, and signatures in one spelling."""

import stat
from pathlib import Path

import pytest

from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.files import SystemFiles
from deleverage.journal.making import write_key
from deleverage.journal.signing import SEED_BYTES, Signer, is_signed, read_key

SIGNER = Signer(bytes(range(SEED_BYTES)))


def test_key_when_it_is_made_then_it_reads_back_and_only_its_owner_may(tmp_path: Path) -> None:
    """The same public key, mode 0600."""
    path = str(tmp_path / "key")
    write_key(SystemFiles(), path, bytes(range(SEED_BYTES)))
    assert SIGNER.public_key == read_key(path).public_key
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610, 0o601, 0o777, 0o620, 0o602])
def test_key_when_others_may_do_anything_with_its_file_then_it_is_not_used(tmp_path: Path, mode: int) -> None:
    """Group or others, reading, writing or executing."""
    write_key(SystemFiles(), str(tmp_path / "key"), bytes(SEED_BYTES))
    (tmp_path / "key").chmod(mode)
    with pytest.raises(JournalFault) as caught:
        read_key(str(tmp_path / "key"))
    assert (Why.EXPOSED_KEY, oct(mode), "0o600") == (caught.value.why, caught.value.found, caught.value.expected)


@pytest.mark.parametrize("content", [b"", b"xyz", b"00" * 31, b"00" * 33, b"\xff" * 64, b"g" * 64])
def test_key_when_its_file_holds_none_then_it_is_a_bad_format(tmp_path: Path, content: bytes) -> None:
    """Too short, too long, no hexadecimal digits, no text."""
    (tmp_path / "key").write_bytes(content)
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(JournalFault) as caught:
        read_key(str(tmp_path / "key"))
    assert Why.BAD_FORMAT is caught.value.why
    assert content.decode("latin-1") not in str(caught.value) or len(content) < 10, "a key is never told"


def test_key_when_its_file_is_not_there_then_that_is_said(tmp_path: Path) -> None:
    """With its name."""
    with pytest.raises(JournalFault, match=r"NO_JOURNAL.*nowhere") as caught:
        read_key(str(tmp_path / "nowhere"))
    assert Why.NO_JOURNAL is caught.value.why


def test_signature_when_text_key_or_spelling_differ_then_it_is_none() -> None:
    """One text, one key, one spelling."""
    text, signature = b"a text", SIGNER.sign(b"a text")
    assert is_signed(SIGNER.public_key, text, signature)
    other = Signer(bytes(32)).public_key
    flipped = f"{int(signature[0], 16) ^ 1:x}{signature[1:]}"
    for key, said, signed in (
        (SIGNER.public_key, b"a texT", signature),
        (other, text, signature),
        (SIGNER.public_key, text, flipped),
        (SIGNER.public_key, text, signature.upper()),
        (SIGNER.public_key, text, f" {signature}"),
        (SIGNER.public_key, text, f"{signature[:64]} {signature[64:]}"),
        (SIGNER.public_key, text, signature[:-2]),
        (SIGNER.public_key, text, ""),
        ("no key", text, signature),
        ("", text, signature),
        ("00" * 31, text, signature),
    ):
        assert not is_signed(key, said, signed)
