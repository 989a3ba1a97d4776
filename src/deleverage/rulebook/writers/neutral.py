"""What the fact of the neutral mode writes."""

from dataclasses import replace

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Book
from deleverage.rulebook.writers import Writers


def _neutral_mode_set(book: Book, fact: m.NeutralModeSet) -> None:
    book.accounts[fact.account_id] = replace(book.accounts[fact.account_id], neutral=fact.on)


WRITERS: Writers = {
    m.NeutralModeSet: _neutral_mode_set,
}
