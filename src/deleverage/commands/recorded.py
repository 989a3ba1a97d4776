"""A run that is remembered: what ``--journal`` does before and behind it."""

from pathlib import Path

from deleverage.commands.output import say
from deleverage.documents import BadDocument
from deleverage.domain.recorded import RecordedDomain
from deleverage.domain.show import counted
from deleverage.journal import local
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.local import Money
from deleverage.rulebook.rules import Rules


def recorded(path: Path, name: str, rules: Rules, engine: str, money: Money) -> RecordedDomain:
    """Return an empty domain that writes to a new journal; JournalFault says why not."""
    try:
        return RecordedDomain(local.create(str(path), name, rules, money=money), engine)
    except BadDocument as error:
        sentence = f"the rules have a part that no journal can name, a policy from a file for example: {error}"
        raise JournalFault(Why.UNLAWFUL, sentence) from None


def close(domain: RecordedDomain, path: Path) -> None:
    """Sign the state at the end, let go of the file, and say what lies there."""
    journal = domain.journal
    domain.checkpoint()
    journal.close()
    numbers = {"command": journal.seq, "fact": journal.facts, "block": journal.mark.number}
    held = ", ".join(counted(number, noun) for noun, number in numbers.items())
    say(f"journal written to {path}: {held}; `deleverage verify {path}` executes it again")


class Folder:
    """A new folder of journals, one for each wave of an event: each is a clearing domain of its own."""

    def __init__(self, folder: Path, event: str, engine: str, money: Money) -> None:
        """Make the folder; EXISTS where there is something of its name."""
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            raise JournalFault(Why.EXISTS, str(folder)) from None
        except OSError as error:
            raise JournalFault(Why.FAILED, f"{error.strerror}") from None
        self._folder, self._event, self._engine, self._money = folder, event, engine, money
        self._open: list[tuple[RecordedDomain, Path]] = []

    def __call__(self, wave: int, rules: Rules) -> RecordedDomain:
        """Return the empty domain of a wave."""
        path = self._folder / f"wave-{wave:02}.db"
        domain = recorded(path, f"{self._event}:wave-{wave:02}", rules, self._engine, self._money)
        self._open.append((domain, path))
        return domain

    def close(self) -> None:
        """Sign and close every journal."""
        for domain, path in self._open:
            close(domain, path)
