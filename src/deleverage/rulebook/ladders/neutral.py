"""Who is in the neutral mode."""

from collections.abc import Iterator

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Book
from deleverage.rulebook.ladders.rungs import Ladder, next_fact, refuse
from deleverage.rulebook.messages import Code, Command, Fact
from deleverage.rulebook.rules import Rules


def _set_neutral_mode(book: Book, command: m.SetNeutralMode, rules: Rules) -> Iterator[Fact]:
    account_id = command.account_id
    refuse(account_id not in book.accounts, Code.UNKNOWN_ACCOUNT, "no such account", account_id)
    role = book.accounts[account_id].role
    refuse(role != "trader", Code.BAD_ROLE, "only a trader's account has a neutral mode", role, "trader")
    yield m.NeutralModeSet(**next_fact(book, command), account_id=account_id, on=command.on)


LADDERS: dict[type[Command], Ladder] = {
    m.SetNeutralMode: _set_neutral_mode,
}
