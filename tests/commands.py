"""Plain dictionaries turned into the rulebook's commands and rules."""

from typing import Any

from deleverage.rulebook import messages
from deleverage.rulebook.assets import AssetTerms
from deleverage.rulebook.book import MarketTerms, Tier
from deleverage.rulebook.pools import Drawdown, PoolTerms
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.schedule import Driver, Schedule


def to_command(given: dict[str, Any]) -> messages.Command:
    """Return the command that a dictionary describes; ``kind`` names its class."""
    fields = {name: value for name, value in given.items() if name != "kind"}
    if "terms" in fields:
        kinds = {"ListAsset": lambda terms: AssetTerms(**terms), "SetPool": to_pool_terms}
        fields["terms"] = kinds.get(given["kind"], to_terms)(fields["terms"])
    if "marks" in fields:
        fields["marks"] = tuple(messages.MarkUpdate(**mark) for mark in fields["marks"])
    if "prices" in fields:
        fields["prices"] = tuple(messages.AssetPriceUpdate(**price) for price in fields["prices"])
    command: messages.Command = getattr(messages, given["kind"])(**fields)
    return command


def to_terms(given: dict[str, Any]) -> MarketTerms:
    """Return the market terms that a dictionary describes."""
    schedule: dict[str, Any] = {
        name: Driver(*value) if isinstance(value, list) else value for name, value in given["schedule"].items()
    }
    tiers = tuple(Tier(**tier) for tier in given["tiers"])
    terms: dict[str, Any] = given | {"tiers": tiers, "schedule": Schedule(**schedule)}
    return MarketTerms(**terms)


def to_pool_terms(given: dict[str, Any]) -> PoolTerms:
    """Return the terms of a pool that a dictionary describes."""
    return PoolTerms(**(given | {"drawdown": Drawdown(**given["drawdown"])}))


def to_rules(given: dict[str, Any]) -> Rules:
    """Return the rules that a dictionary describes; the plug points are specs, and ``hash`` is what they come to."""
    return Rules.build({name: value for name, value in given.items() if name != "hash"})
