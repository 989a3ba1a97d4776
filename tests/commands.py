"""Plain dictionaries turned into the rulebook's commands and rules."""

from typing import Any

from deleverage.rulebook import messages
from deleverage.rulebook.book import MarketTerms, Tier
from deleverage.rulebook.rules import Rules


def to_command(given: dict[str, Any]) -> messages.Command:
    """Return the command that a dictionary describes; ``kind`` names its class."""
    fields = {name: value for name, value in given.items() if name != "kind"}
    if "terms" in fields:
        fields["terms"] = to_terms(fields["terms"])
    if "marks" in fields:
        fields["marks"] = tuple(messages.MarkUpdate(**mark) for mark in fields["marks"])
    command: messages.Command = getattr(messages, given["kind"])(**fields)
    return command


def to_terms(given: dict[str, Any]) -> MarketTerms:
    """Return the market terms that a dictionary describes."""
    return MarketTerms(**(given | {"tiers": tuple(Tier(**tier) for tier in given["tiers"])}))


def to_rules(given: dict[str, Any]) -> Rules:
    """Return the rules that a dictionary describes; the plug points are specs."""
    return Rules.build(given)
