"""Oracles: small second computations, written from the rule that a case states and from nothing of this package."""
