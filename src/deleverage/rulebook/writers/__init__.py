"""What the facts of a family write, a file each; ``apply`` calls them, and writes what the common law moves.

Like ``apply`` they have no opinions: assertions only.
"""

from collections.abc import Callable
from typing import Any

from deleverage.rulebook.book import Book
from deleverage.rulebook.messages import Fact

Writers = dict[type[Fact], Callable[[Book, Any], None]]
"""Kinds of facts, and what each writes beside the four lists of its movement."""
