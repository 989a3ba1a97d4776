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

    def price(self, path: Path, value: object, terms: MarketTerms) -> int:
        """Return a price in ticks, at least 1 and within the market's bound."""
        ticks = self.reader.units(path, value, terms.tick, 1)
        if ticks > terms.max_price_ticks:
            self.reader.fault(
                path, f"is above the market's max_price {format_units(terms.max_price_ticks, terms.tick)}"
            )
        return ticks
