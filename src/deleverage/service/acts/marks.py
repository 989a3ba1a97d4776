"""Prices handed in by a source."""

from typing import Annotated

import msgspec

from deleverage.service.acts.base import Act
from deleverage.service.principals import Principal
from deleverage.service.problems import Code, Problem
from deleverage.service.rounds.intake import MarksView
from deleverage.service.rounds.office import Office
from deleverage.service.rounds.sources import ASSET, MARKET, Said, Thing

MOST_PRICES = 1_000
MOST_NUMBER = 1 << 63
_WHOLE = r"^(0|-?[1-9][0-9]{0,79})\Z"
_ID = r"^[A-Za-z0-9_.:-]{1,64}\Z"

Whole = Annotated[str, msgspec.Meta(pattern=_WHOLE)]
Name = Annotated[str, msgspec.Meta(pattern=_ID)]


class Mark(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mark of a market."""

    market: Name
    price_ticks: Whole


class AssetPrice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An index price of an asset: the quanta that its ``price_grains`` grains are worth."""

    asset: Name
    price_quanta: Whole


class HandInMarks(Act, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Prices of one source at one time. Its sequence numbers ascend strictly."""

    sequence: Whole
    source_time_ns: Whole
    marks: list[Mark] = msgspec.field(default_factory=list)
    asset_prices: list[AssetPrice] = msgspec.field(default_factory=list)

    async def do(self, principal: Principal, office: Office) -> MarksView:
        """Take them in."""
        return await office.intake.take(principal, self._said(principal.key_id))

    def _said(self, key_id: str) -> Said:
        pairs: list[tuple[Thing, int]] = [((MARKET, one.market), int(one.price_ticks)) for one in self.marks]
        pairs += [((ASSET, one.asset), int(one.price_quanta)) for one in self.asset_prices]
        if not 1 <= len(pairs) <= MOST_PRICES:
            raise Problem(Code.BAD_BODY, "too few or too many prices", found=len(pairs), most=MOST_PRICES)
        if len(dict(pairs)) < len(pairs):
            raise Problem(Code.BAD_BODY, "a market or an asset is named twice")
        for name in ("sequence", "source_time_ns"):
            if not 0 <= int(getattr(self, name)) < MOST_NUMBER:
                raise Problem(Code.BAD_BODY, f"{name}: from 0 to 2^63 - 1", found=getattr(self, name))
        return Said(key_id, int(self.sequence), int(self.source_time_ns), dict(pairs))
