"""A run that is remembered: what ``--journal`` does before and behind it."""

from pathlib import Path
from shlex import quote

from deleverage.adapters.policy_file import UserPolicy
from deleverage.commands.output import say
from deleverage.domain.recorded import RecordedDomain
from deleverage.domain.show import counted
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.local import Money
from deleverage.journal.place import FilePlace, Place, within
from deleverage.rulebook.rules import Rules


def recorded(place: Place, name: str, rules: Rules, engine: str, money: Money) -> RecordedDomain:
    """Return an empty domain that writes to a new journal; JournalFault says why not."""
    return RecordedDomain(place.create(name, rules, money=money), engine)


def close(domain: RecordedDomain, place: Place) -> None:
    """Sign the state at the end, let go of the journal, and say what lies there."""
    journal = domain.journal
    domain.checkpoint()
    journal.close()
    numbers = {"command": journal.seq, "fact": journal.facts, "block": journal.mark.number}
    held = ", ".join(counted(number, noun) for noun, number in numbers.items())
    policy = journal.head.rules.policy
    own = f" --policy {policy.file}:{policy.policy}" if isinstance(policy, UserPolicy) else ""
    say(f"journal written to {place.name}: {held}; `deleverage verify {quote(place.name)}{own}` executes it again")


class Folder:
    """Journals in a new folder, or in a database, one for each wave of an event: each is a domain of its own."""

    def __init__(self, folder: str, event: str, engine: str, money: Money) -> None:
        """Make the folder; EXISTS where there is something of its name, UNLAWFUL where an address is no whole one."""
        if isinstance(within(folder, ""), FilePlace):
            _make(Path(folder))
        self._folder, self._event, self._engine, self._money = folder, event, engine, money
        self._open: list[tuple[RecordedDomain, Place]] = []

    def __call__(self, wave: int, rules: Rules) -> RecordedDomain:
        """Return the empty domain of a wave."""
        place = within(self._folder, f"wave-{wave:02}")
        domain = recorded(place, f"{self._event}:wave-{wave:02}", rules, self._engine, self._money)
        self._open.append((domain, place))
        return domain

    def close(self) -> None:
        """Sign and close every journal."""
        for domain, place in self._open:
            close(domain, place)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise JournalFault(Why.EXISTS, str(folder)) from None
    except OSError as error:
        raise JournalFault(Why.FAILED, f"{error.strerror}") from None
