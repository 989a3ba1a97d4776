"""Definitions, traps and undefined cases of what the lab measures."""
