"""What has a text and can stand in a journal. The law has numbers without end, documents do not."""

from deleverage.documents import BadDocument, encode
from deleverage.rulebook import messages
from deleverage.rulebook.messages import AccrueFunding, Command, Deposit, Trade, Withdraw

LAWFUL = frozenset(
    kind for kind in vars(messages).values() if isinstance(kind, type) and issubclass(kind, Command) and kind != Command
)
"""Every kind of command that the law knows; somebody's own kinds of these are none."""

ORDINARY = frozenset((Trade, Deposit, Withdraw, AccrueFunding))
"""Nearly all that comes: the law bounds whatever they say."""


def untold(command: Command) -> BadDocument | None:
    """Return why a command has no text; None: it has one, or the law will refuse it."""
    if type(command) in ORDINARY and type(command.time_ns) is int and command.time_ns >= 0:
        return None
    try:
        encode(Command, command)
    except BadDocument as error:
        return error
    return None
