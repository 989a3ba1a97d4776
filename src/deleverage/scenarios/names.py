"""What the parts of a scenario file may refer to."""

from dataclasses import dataclass, field

from deleverage.rulebook.assets import AssetTerms
from deleverage.rulebook.book import MarketTerms
from deleverage.rulebook.quantities import Scale, format_units
from deleverage.scenarios.faults import Path, Reader


@dataclass
class Names:
    """Everything that may be referred to: ids as written (also of broken parts), and what could be built of it."""

    reader: Reader
    money: Scale
    market_ids: list[str]
    account_ids: list[str]
    pool_ids: list[str]
    terms: dict[str, MarketTerms] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    assets: dict[str, AssetTerms] = field(default_factory=dict)
    hedgers: set[str] = field(default_factory=set)  # accounts in hedge mode

    def market(self, path: Path, market_id: str) -> MarketTerms | None:
        """Return the terms of a market; None if it is unknown (noted) or broken (noted where it stands)."""
        if not self.reader.known(path, market_id, self.market_ids, "market"):
            return None
        return self.terms.get(market_id)

    def account(self, path: Path, account_id: str) -> bool:
        """Return whether an account is known; an unknown one is noted."""
        return self.reader.known(path, account_id, self.account_ids, "account")

    def pool(self, path: Path, pool_id: str) -> bool:
        """Return whether a pool of the fund is known; an unknown one is noted."""
        return self.reader.known(path, pool_id, self.pool_ids, "pool")

    def size(self, path: Path, value: object, terms: MarketTerms, least: int | None = None) -> int:
        """Return a size in lots, signed unless there is a least one, within the market's bound."""
        lots = self.reader.units(path, value, terms.lot, least)
        if abs(lots) > terms.max_lots:
            self.reader.fault(
                path, f"is {value}, above the market's max_size {format_units(terms.max_lots, terms.lot)}"
            )
        return lots

    def price(self, path: Path, value: object, terms: MarketTerms) -> int:
        """Return a price in ticks, at least 1 and within the market's bound."""
        ticks = self.reader.units(path, value, terms.tick, 1)
        if ticks > terms.max_price_ticks:
            highest = format_units(terms.max_price_ticks, terms.tick)
            self.reader.fault(path, f"is {value}, above the market's max_price {highest}")
        elif (worth := abs(terms.value_at(ticks))) < terms.min_value_quanta:
            said, least = format_units(worth, self.money), format_units(terms.min_value_quanta, self.money)
            self.reader.fault(
                path, f"is {value}: a lot is worth {said} there, less than the market's min_value {least}"
            )
        return ticks
