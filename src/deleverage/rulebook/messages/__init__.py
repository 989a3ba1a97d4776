"""Commands in, facts out, rejections in order of precedence: the only language the law speaks.

Everything is frozen: a command is a wish, a fact is history, a rejection is an answer. Deliberately absent: encodings
(the journal owns bytes) and any decision.
"""

from deleverage.rulebook.messages.auction import *
from deleverage.rulebook.messages.calendar import *
from deleverage.rulebook.messages.collateral import *
from deleverage.rulebook.messages.commands import *
from deleverage.rulebook.messages.day import *
from deleverage.rulebook.messages.facts import *
from deleverage.rulebook.messages.liquidation import *
from deleverage.rulebook.messages.manual import *
from deleverage.rulebook.messages.neutral import *
from deleverage.rulebook.messages.orders import *
from deleverage.rulebook.messages.parts import *
from deleverage.rulebook.messages.pools import *
from deleverage.rulebook.messages.rejections import *
from deleverage.rulebook.messages.requirements import *
from deleverage.rulebook.messages.stopping import *
