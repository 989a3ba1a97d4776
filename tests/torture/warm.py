"""Imported once by the process from which children are forked: everything is loaded and compiled before they begin."""

from deleverage.domain import Domain
from deleverage.domain.engines import COLUMNS
from tests.torture import child
from tests.torture.script import RULES, command

_LIFE = Domain.open(RULES, COLUMNS)
_LIFE.submit(command(0, number) for number in range(1, 200))
WARM = child.__name__
