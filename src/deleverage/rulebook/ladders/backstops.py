"""What a backstop publishes about its takeovers."""

from collections.abc import Iterator

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Book
from deleverage.rulebook.ladders.rungs import Ladder, next_fact, refuse
from deleverage.rulebook.messages import Code, Command, Fact
from deleverage.rulebook.programmes import Programme
from deleverage.rulebook.quantities import LARGEST, PPB
from deleverage.rulebook.rules import Rules


def _set_programme(book: Book, command: m.SetProgramme, rules: Rules) -> Iterator[Fact]:
    account_id = command.account_id
    refuse(account_id not in book.accounts, Code.UNKNOWN_ACCOUNT, "no such account", account_id)
    role = book.accounts[account_id].role
    refuse(role != "backstop", Code.BAD_ROLE, "only a backstop has a programme", role, "backstop")
    for name in ("capacity_lots", "window_ns", "window_notional_quanta", "cool_down_ns"):
        found = getattr(command, name)
        refuse(not 0 <= found <= LARGEST, Code.BAD_PROGRAMME, f"{name} lies from 0 to 10^40", found, LARGEST)
    edge = command.minimum_edge_ppb
    refuse(not -LARGEST <= edge <= PPB, Code.BAD_PROGRAMME, "an edge lies from -10^40 to 10^9 ppb", edge, PPB)
    length, most = command.window_ns, command.window_notional_quanta
    refuse((length == 0) != (most == 0), Code.BAD_PROGRAMME, "a window has a length and a notional", length, most)
    programme = Programme(length, most, command.cool_down_ns, edge)
    yield m.ProgrammeSet(
        **next_fact(book, command), account_id=account_id, capacity_lots=command.capacity_lots, programme=programme
    )


LADDERS: dict[type[Command], Ladder] = {
    m.SetProgramme: _set_programme,
}
