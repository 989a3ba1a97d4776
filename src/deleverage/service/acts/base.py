"""What every act is."""

import msgspec

from deleverage.service.principals import Principal
from deleverage.service.questions.base import View
from deleverage.service.rounds.office import Office


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that is asked of the service around rounds, and is no command of one person. Integers are texts."""

    async def do(self, principal: Principal, office: Office) -> View:
        """Do it for who asks; raises Problem."""
        raise NotImplementedError
