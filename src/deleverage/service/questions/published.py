"""What everybody may know, of the last tick of the grid: the fund, whether money may leave, and the reserve."""

import msgspec

from deleverage.rulebook.reserves import Holding, ReserveValue, ratio_floor, reserve_value_floor
from deleverage.service.questions.base import View
from deleverage.service.questions.funds import FundsView
from deleverage.service.questions.table import Table, TableQuestion


class PublishedFundsView(View, frozen=True, kw_only=True):
    """The fund as it was at the tick. ``withdrawals_open``: nobody was below zero, so free money might leave."""

    tick_ns: str
    withdrawals_open: bool
    fund: FundsView


class PublishedFundsQuestion(TableQuestion, frozen=True, kw_only=True):
    """What did the fund hold at the last tick?"""

    def read(self, table: Table) -> PublishedFundsView:
        """Return what was noted."""
        return PublishedFundsView(
            tick_ns=str(table.tick_ns), withdrawals_open=not table.standings.below_zero, fund=table.funds
        )


class HeldAsset(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An asset of the reserve, as ``rulebook.reserves.Holding`` has it."""

    asset_id: str
    amount_units: int
    price_quanta: int
    haircut_ppb: int = 0
    wrong_way_ppb: int = 0
    liquidation_ns: int = 0


class Held(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the venue says it really holds, which no journal knows: money in sum, and a fund's assets one by one.

    ``available_ns`` is how long there would be to sell them.
    """

    currency: str
    assets_quanta: int
    available_ns: int = 0
    holdings: tuple[HeldAsset, ...] = ()

    def value(self) -> ReserveValue:
        """Return what the assets can pay in a crash; ValueError where a number is negative, or a share above 1."""
        holdings = (Holding(**msgspec.structs.asdict(asset)) for asset in self.holdings)
        return reserve_value_floor(holdings, self.available_ns)


class AssetValueView(View, frozen=True, kw_only=True):
    """What an asset of the reserve can pay in time, after haircut and wrong way; 0 where it cannot be sold in time."""

    asset: str
    value_quanta: str
    too_slow: bool


class ReservesView(View, frozen=True, kw_only=True):
    """Assets over what customers could ask for (positive equities and claims), as of command ``seq``.

    The ratio is rounded down; null: nothing is owed, or the venue has not said what it holds.
    """

    tick_ns: str
    seq: str
    liabilities_quanta: str
    currency: str | None
    assets_quanta: str | None
    ratio_ppb: str | None
    reserve_face_quanta: str
    reserve_value_quanta: str
    reserve: list[AssetValueView]


class ReservesQuestion(TableQuestion, frozen=True, kw_only=True):
    """What is held against what is owed?"""

    held: Held | None = None

    def read(self, table: Table) -> ReservesView:
        """Return the ratio at the tick, and what the reserve is worth in a crash."""
        owed, held = table.standings.owed_quanta, self.held
        ratio = None if held is None else ratio_floor(held.currency, held.assets_quanta, owed, table.seq).ratio_ppb
        value = reserve_value_floor((), 0) if held is None else held.value()
        return ReservesView(
            tick_ns=str(table.tick_ns),
            seq=str(table.seq),
            liabilities_quanta=str(owed),
            currency=None if held is None else held.currency,
            assets_quanta=None if held is None else str(held.assets_quanta),
            ratio_ppb=None if ratio is None else str(ratio),
            reserve_face_quanta=str(value.face_quanta),
            reserve_value_quanta=str(value.value_quanta),
            reserve=[
                *(AssetValueView(asset=name, value_quanta=str(worth), too_slow=False) for name, worth in value.assets),
                *(AssetValueView(asset=name, value_quanta="0", too_slow=True) for name in value.too_slow),
            ],
        )
