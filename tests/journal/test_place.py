"""A text that names a journal: a file, or a domain in a database; an address is looked at before anybody connects."""

from pathlib import Path

import pytest

from deleverage.commands.output import redacted
from deleverage.journal.address import is_address, names_several, read_address, shown
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.place import FilePlace, ServerPlace, place_of, within

CANARY = "s3cr3t"


@pytest.mark.parametrize("text", ["j.db", "./a/j.db", "/var/a:b.db", "postgres.db", "post/gresql"])
def test_place_when_the_text_is_a_path_then_it_is_a_file(text: str) -> None:
    """What does not begin like an address is a file, whatever it is called."""
    place = place_of(text)
    assert isinstance(place, FilePlace)
    assert place.files == (str(Path(text)), f"{Path(text)}.anchor", f"{Path(text)}.key")


def test_place_when_the_text_is_an_address_then_domain_and_folder_are_ours_and_the_rest_is_the_servers() -> None:
    """The domain names the journal, the folder holds anchor and key; neither goes to the server."""
    text = "postgresql://app@db1:5433,db2/journals?sslmode=verify-full&domain=main&folder=/var/keys"
    place = place_of(text)
    assert isinstance(place, ServerPlace)
    assert place.address.url == "postgresql://app@db1:5433,db2/journals?sslmode=verify-full"
    assert (place.short, place.files) == ("main", ("/var/keys/main.anchor", "/var/keys/main.key"))
    assert place_of(place.name) == place
    assert place_of("postgres://h/j?domain=a.b:c").files == ("./a.b:c.anchor", "./a.b:c.key")


def test_place_when_several_journals_are_named_then_each_has_one_of_its_own(tmp_path: Path) -> None:
    """A folder has files, an address with a domain has domains behind it."""
    assert within(str(tmp_path), "wave-01").name == str(tmp_path / "wave-01.db")
    assert within("postgresql://h/j?domain=oct", "wave-01").name == "postgresql://h/j?domain=oct:wave-01"
    texts = (str(tmp_path), "postgresql://h/j", "postgresql://h/j?domain=a", "j.db", "postgresql://u:p@h/j")
    assert [names_several(text) for text in texts] == [True, True, False, False, False]


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://app:{CANARY}@h/j?domain=main",
        f"postgresql://:{CANARY}@h/j?domain=main",
        f"postgresql://app:{CANARY}@x@h/j?domain=main",
        f"postgresql://app:{CANARY}/x@h/j?domain=main",
        f"postgresql://app:1/{CANARY}@h/j?domain=main",
        f"postgresql://app:1?{CANARY}@h/j?domain=main",
        f"postgresql://app:1#{CANARY}@h/j?domain=main",
        f"postgresql://app:{CANARY} @h/j?domain=main",
        f"postgresql:/app:{CANARY}@h/j?domain=main",
        f"postgresql:app:{CANARY}@h/j",
        f"postgressql://app:{CANARY}@h/j?domain=main",
        f"mysql://app:{CANARY}@h/j?domain=main",
        f"POSTGRESQL://app:{CANARY}@h/j?domain=main",
        f"postgresql://app@h/j?domain=main&password={CANARY}",
        f"postgresql://app@h/j?domain=main&PassWord={CANARY}",
        f"postgresql://app@h/j?domain=main&sslpassword={CANARY}",
        f"postgresql://app@h/j?domain={CANARY}/",
        f"postgresql://app@h/j?domain=main&{CANARY}",
        f"postgresql://app@h/j?domain=main&{CANARY}=1",
        f"postgresql://app@h/j?domain=main&sslmode=&user={CANARY}",
        f"postgresql://app@h/j?domain=main&domain={CANARY}",
        f"postgresql://[{CANARY}/j?domain=main",
        f"postgresql://app@h:{CANARY}/j?domain=main",
    ],
)
def test_address_when_a_password_may_be_in_it_then_it_is_refused_and_nothing_of_it_is_told(text: str) -> None:
    """A command line is seen by every process, a message is kept in logs."""
    with pytest.raises(JournalFault) as refused:
        place_of(text)
    told = refused.value
    assert (told.why, CANARY in f"{told} {told!r} {shown(text)}") == (Why.UNLAWFUL, False)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("postgresql://h/j?domian=x", "nearest is domain"),
        ("postgresql://h/j?zzz=x", "known are domain, folder, host"),
        ("postgresql://h/j?host=a&host=b", "host is given twice"),
        ("postgresql://h/j?sslmode=&folder=&domain=a/", "sslmode is empty; folder is empty; a domain is 1 to"),
        ("postgresql://h/j?domain=a/b", "a domain is 1 to 64 letters"),
        ("postgresql://u:p@h/j", "~/.pgpass, PGPASSFILE or PGPASSWORD"),
        ("postgresql://h/j", "which domain? postgresql://USER@HOST:PORT/DATABASE?domain=NAME"),
        ("mysql://h/j", "an address that cannot be read: postgresql://"),
    ],
)
def test_address_when_it_is_wrong_then_the_refusal_says_what_helps(text: str, words: str) -> None:
    """All that is wrong at once, with the nearest name that there is."""
    with pytest.raises(JournalFault) as refused:
        place_of(text)
    assert words in refused.value.sentence


def test_address_when_it_names_no_domain_then_it_is_that_of_a_database() -> None:
    """Whoever makes tables or looks at all journals names none."""
    address = read_address("postgresql://[::1]:5432/my%20db?host=/run/x%20y")
    assert address == ("postgresql://[::1]:5432/my%20db?host=/run/x%20y", None, ".")
    assert (is_address("POSTGRES://h/j"), is_address("a/b.db")) == (True, False)


@pytest.mark.parametrize(
    "text",
    [
        f"no scenario 'postgresql://app:{CANARY}@h/j?domain=main'",
        f"Unused Tokens: ['postgres://app:{CANARY}/@x@h/j', 'postgresql://u@h/j?password={CANARY}&a=b'].",
        f"postgresql://u@h/j?sslpassword={CANARY}",
    ],
)
def test_message_when_an_address_was_typed_in_a_wrong_place_then_its_password_is_not_told_back(text: str) -> None:
    """A refusal quotes what it does not know; the password in it is left out."""
    assert (CANARY in redacted(text), "***" in redacted(text)) == (False, True)
    assert redacted("a:b@c, postgresql://u@h/j?domain=a") == "a:b@c, postgresql://u@h/j?domain=a"
